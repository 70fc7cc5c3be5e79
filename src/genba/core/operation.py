"""The contract: a typed function `(Params, Context) -> Result` whose results are certified by other code."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc, signature
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from genba.core.certificate import Certificate
from genba.core.context import Context, at_work, local_path
from genba.core.errors import InputError, NotFound
from genba.core.faults import field_of, worded
from genba.core.findings import Finding
from genba.core.inputs import InputFile
from genba.core.records import Params, Result
from genba.core.views import Headline, Views

Say = Callable[[str, str], str]
"""Gives a text in the reader's language: `(key, english)`."""
P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)
PROPOSED = 0.8
"""Share of the progress that is the proposal's; the rest is its certificate's."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What a call gives: the result, the certificate about it, and the findings about its inputs."""

    result: R
    certificate: Certificate
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Operation(Generic[P, R]):
    """A named capability; every face is derived from this record.

    Arguments:
        name: `domain.verb`, such as `grid.powerflow`.
        params: the record a user fills in.
        result: the record that comes back.
        function: the method itself.
        certify: `(params, result, context) -> Certificate`; shares no kernel with `function`.
        views: `(params, result) -> Views`.
        headlines: `(params, result)` -> the headlines of its views, without drawing what nobody looks at.
        example: arguments of a call that runs on the data of an extra, as the command line takes them.
        book: stem of the file in the domain's `io` folder that turns a result into a workbook by its
            `content(params, result, say)`; empty where none does.
    """

    name: str
    params: type[P]
    result: type[R]
    function: Callable[[P, Context], R]
    certify: Callable[[P, R, Context], Certificate]
    views: Callable[[P, R], Views]
    headlines: Callable[[P, R], tuple[Headline, ...]]
    example: str
    book: str = ""

    @property
    def domain(self) -> str:
        """Give the production line: `grid`."""
        return self.name.split(".")[0]

    @property
    def verb(self) -> str:
        """Give the name within the domain: `powerflow`."""
        return self.name.split(".")[1]

    @property
    def description(self) -> str:
        """Give the whole docstring."""
        return getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """Give the first line of the docstring."""
        return self.description.partition("\n")[0]

    def perform(self, params: P, context: Context) -> Outcome[R]:
        """Propose, then certify: what the engine does with every run."""
        with at_work(context):
            context.go_from(0.0, PROPOSED)
            result = self.function(params, context)
            context.go_from(PROPOSED, 1.0)
            context.progress(0.0, "certifying")
            certificate = self.certify(params, result, context)
        return Outcome(result, certificate, tuple(context.findings))

    def __call__(self, context: Context | None = None, /, **params: Any) -> Outcome[R]:
        """Run in this process and certify; leaves no Run.

        Raises:
            InputError: when the params or an input file are wrong.
        """
        return self.perform(self.parse(params), context or Context(path=self.path))

    def workbook(self, params: P, result: R, say: Say = lambda key, english: english) -> bytes:
        """Give a result as a workbook that a planner works on with.

        Raises:
            NotFound: when this operation has none.
            MissingExtra: when the package that writes it is not installed.
        """
        if not self.book:
            raise NotFound(f"{self.name} has no workbook; its tables can be had as Excel files")
        content: bytes = import_module(f"genba.{self.domain}.io.{self.book}").content(params, result, say)
        return content

    def path(self, file: InputFile) -> Path:
        """Give the path of a catalogue entry of this domain, or of a local file."""
        if file.catalogue is None:
            return local_path(file)
        path: Path = import_module(f"genba.{self.domain}").DOMAIN.catalogue_path(file)
        return path

    def parse(self, params: dict[str, Any], *, local_files: bool = True) -> P:
        """Give validated Params.

        Raises:
            InputError: naming every wrong field.
        """
        try:
            return self.params.model_validate(params, context={"local_files": local_files})
        except ValidationError as error:
            raise InputError(explain(error), where=field_of(error.errors()[0]["loc"])) from error


def operation(
    name: str,
    *,
    certify: Callable[[P, R, Context], Certificate],
    views: Callable[[P, R], Views],
    headlines: Callable[[P, R], tuple[Headline, ...]] | None = None,
    example: str,
    book: str = "",
) -> Callable[[Callable[[P, Context], R]], Operation[P, R]]:
    """Declare the decorated function `(params, ctx) -> result` as an operation.

    `headlines` is worth declaring where drawing takes long; else they are taken from the views.
    """

    def declare(function: Callable[[P, Context], R]) -> Operation[P, R]:
        hints = signature(function, eval_str=True)
        params = next(iter(hints.parameters.values())).annotation
        return Operation(
            name=name,
            params=params,
            result=hints.return_annotation,
            function=function,
            certify=certify,
            views=views,
            headlines=headlines or _headlines_of(views),
            example=example,
            book=book,
        )

    return declare


def _headlines_of(views: Callable[[P, R], Views]) -> Callable[[P, R], tuple[Headline, ...]]:
    def headlines(params: P, result: R) -> tuple[Headline, ...]:
        return views(params, result).headlines

    return headlines


def explain(error: ValidationError) -> str:
    """Word every fault that pydantic found: where, what is allowed, what was found."""
    return "; ".join(worded(error.errors(include_url=False)))
