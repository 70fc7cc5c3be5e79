"""A production line: what it is called and which operations it offers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from genba.core.errors import NotFound
from genba.core.inputs import InputFile
from genba.core.operation import Operation


@dataclass(frozen=True, slots=True)
class Domain:
    """A production line, imported in an instant: its operations load when they are asked for.

    Arguments:
        name: folder under `genba`.
        title: one line for people.
        verbs: by the stem of its file in the `operations` folder, the first line of each operation's
            docstring, in the order a user meets them.
        catalogues: by scheme, the stem of the file in its `io` folder that offers `path(name)` and `names()`
            of the data that an installed package brings.
        templates: suffixes of the files that a user can fill in, the first by default; `io/template.py` gives
            `content(suffix, language)`.
        progress: what its runs tell of their progress, each number as #; faces show what is not here as it
            is told.
    """

    name: str
    title: str
    verbs: Mapping[str, str]
    catalogues: Mapping[str, str] = field(default_factory=dict)
    templates: tuple[str, ...] = ()
    progress: tuple[str, ...] = ()

    def operation(self, verb: str) -> Operation[Any, Any]:
        """Give one operation.

        Raises:
            NotFound: when the domain has no such operation; the message lists those it has.
        """
        if verb not in self.verbs:
            raise NotFound(
                f"{self.name} has no operation {verb!r}; it has: {', '.join(self.verbs)}", where=self.name
            )
        module = import_module(f"genba.{self.name}.operations.{verb}")
        found: Operation[Any, Any] = getattr(module, verb)
        return found

    def operations(self) -> Iterator[Operation[Any, Any]]:
        """Yield every operation."""
        return (self.operation(verb) for verb in self.verbs)

    def attribute(self, name: str) -> Operation[Any, Any]:
        """Serve as the package's `__getattr__`: `genba.grid.powerflow(case=...)`."""
        if name not in self.verbs:
            raise AttributeError(f"module 'genba.{self.name}' has no attribute {name!r}")
        return self.operation(name)

    def template(self, suffix: str, language: Literal["en", "ja"] = "en") -> bytes:
        """Give the file that a user fills in.

        Raises:
            NotFound: when there is none of that kind.
            MissingExtra: when the package that writes it is not installed.
        """
        if suffix not in self.templates:
            raise NotFound(f"{self.name} has no template {suffix!r}; it has: {', '.join(self.templates)}")
        content: bytes = import_module(f"genba.{self.name}.io.template").content(suffix, language)
        return content

    def catalogue_path(self, file: InputFile) -> Path:
        """Give the path of an entry of one of this domain's catalogues.

        Raises:
            NotFound: when there is no such catalogue or no such entry.
            MissingExtra: when the package that brings the data is not installed.
        """
        scheme, name = file.catalogue or ("", "")
        if scheme not in self.catalogues:
            raise NotFound(f"found {file}; {self.name} has the catalogues: {', '.join(self.catalogues)}")
        path: Path = import_module(f"genba.{self.name}.io.{self.catalogues[scheme]}").path(name)
        return path
