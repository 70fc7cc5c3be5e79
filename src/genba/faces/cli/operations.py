"""One command per operation, made from its Params alone."""

import re
from collections.abc import Callable
from importlib import import_module
from inspect import Parameter as Argument
from inspect import Signature
from typing import Any

from cyclopts import App

from genba.core.operation import Operation
from genba.faces.cli.document import document
from genba.faces.cli.fields import arguments, given
from genba.faces.cli.options import HERE, PLAIN, Access, RunOptions
from genba.factory import registry

AFTER_PROSE = re.compile(r"^(?:[A-Z][A-Za-z ]+:$|>>> )", re.MULTILINE)
"""Where a docstring turns from sentences to sections or to an example in Python."""

TEMPLATE = "Write a file to be filled in."


def __getattr__(name: str) -> App:
    """Give the commands of a domain (`grid`) or one of them (`grid.powerflow`), as lazy paths name them."""
    if name in registry.DOMAINS:
        return domain_app(name)
    if "." in name:
        return operation_app(registry.operation(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def domain_app(name: str) -> App:
    """Give a domain's commands; each loads its operation when it is asked for."""
    domain = registry.domain(name)
    app = App(name=name, help=domain.title)
    for order, (verb, summary) in enumerate(domain.verbs.items()):
        app.command(f"{__name__}:{name}.{verb}", name=verb, help=summary, sort_key=order)
    if domain.templates:
        app.command(
            f"genba.faces.cli.templates:{name}", name="template", help=TEMPLATE, sort_key=len(domain.verbs)
        )
    return app


def operation_app(operation: Operation[Any, Any]) -> App:
    """Give the command of one operation."""
    return App(
        name=operation.verb,
        default_command=command(operation),
        help=AFTER_PROSE.split(operation.description)[0].strip(),
        help_epilogue=f"Example: genba {operation.domain} {operation.verb} {operation.example}",
    )


def command(operation: Operation[Any, Any]) -> Callable[..., int]:
    """Give the function behind a command, with the signature that its options are read from."""
    shared = [
        Argument("_options", Argument.KEYWORD_ONLY, default=PLAIN, annotation=RunOptions),
        Argument("_access", Argument.KEYWORD_ONLY, default=HERE, annotation=Access),
    ]
    signature = Signature([*arguments(operation.params), *shared])

    def call(*positional: Any, **named: Any) -> int:
        values = signature.bind(*positional, **named).arguments
        options, access = values.pop("_options", PLAIN), values.pop("_access", HERE)
        return _request(operation, given(values), options=options, access=access)

    call.__signature__ = signature  # type: ignore[attr-defined]  # the documented way to declare one
    # Beside the signature cyclopts reads annotations by name; those of `call` itself are of no field.
    call.__annotations__ = {entry.name: entry.annotation for entry in signature.parameters.values()}
    call.__name__ = operation.verb
    return call


def listing(*, access: Access = HERE) -> int:
    """List every operation."""
    operations = tuple(registry.operations())
    if access.json:
        items = [
            {"name": entry.name, "summary": entry.summary, "example": entry.example} for entry in operations
        ]
        document({"items": items, "next": None})
    else:
        terminal = import_module("genba.faces.cli.terminal")  # for people alone
        rows = ((entry.name, entry.summary) for entry in operations)
        terminal.show(terminal.table(("operation", "what it does"), rows))
    return 0


def _request(
    operation: Operation[Any, Any], values: dict[str, Any], *, options: RunOptions, access: Access
) -> int:
    # Each way is loaded alone: a run in this process needs neither the record nor what follows a run.
    if options.in_process:
        here = import_module("genba.faces.cli.in_process")
        return int(here.run_here(operation, values, options=options, as_json=access.json))
    recorded = import_module("genba.faces.cli.recorded")
    return int(recorded.run_recorded(operation.name, values, options=options, access=access))
