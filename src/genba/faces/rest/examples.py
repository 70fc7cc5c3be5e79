"""The body that does what an operation's example does on the command line."""

import shlex
from collections.abc import Iterator
from typing import Any

from genba.core.operation import Operation

OPTION = "--"


def example_body(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Give the params of an operation's example: `pglib:case14_ieee --start dc` names `case` and `start`."""
    values: dict[str, Any] = {}
    for name, text in _pairs(operation, shlex.split(operation.example)):
        values[name] = (*values.get(name, ()), text) if _takes_many(operation, name) else text
    body: dict[str, Any] = operation.parse(values).model_dump(mode="json", exclude_unset=True)
    return body


def _pairs(operation: Operation[Any, Any], words: list[str]) -> Iterator[tuple[str, str]]:
    fields = operation.params.model_fields
    positions = iter(fields)
    while words:
        word = words.pop(0)
        if not word.startswith(OPTION):
            yield next(positions), word
            continue
        name, has_value, value = word.removeprefix(OPTION).replace("-", "_", word.count("-")).partition("=")
        if has_value:
            yield name, value
        elif fields[name].annotation is bool:
            yield name, "true"
        else:
            yield name, words.pop(0)


def _takes_many(operation: Operation[Any, Any], name: str) -> bool:
    return str(operation.params.model_fields[name].annotation).startswith("tuple")
