"""What pydantic found wrong with a record, as one sentence per field."""

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

PLAINLY = {
    "tuple_type": "Input should be a list",
    "model_attributes_type": "Input should be an object with a value for each field",
}
"""What pydantic says in words of Python, by its name of the fault."""


def worded(faults: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Give `field: what is allowed; found ...` for each wrong field.

    Arguments:
        faults: the `errors()` of a ValidationError; the alternatives of a union become one sentence.
    """
    by_field: dict[str, list[Mapping[str, Any]]] = {}
    for fault in faults:
        by_field.setdefault(field_of(fault["loc"]), []).append(fault)
    return tuple(_sentence(field, alternatives) for field, alternatives in by_field.items())


def field_of(path: Iterable[str | int]) -> str:
    """Give `branch.12` for `("branch", 12)`, without the names that pydantic gives a union's alternatives."""
    parts: list[str] = []
    for part in map(str, path):
        if "[" in part:
            break
        parts.append(part)
    return ".".join(parts) or "params"


def _sentence(field: str, faults: list[Mapping[str, Any]]) -> str:
    told = (PLAINLY.get(fault["type"], str(fault["msg"])) for fault in faults)
    allowed = ", or ".join(dict.fromkeys(told))
    found = "" if faults[0]["type"] == "missing" else f"; found {reprlib.repr(faults[0].get('input'))}"
    return f"{field}: {allowed}{found}"
