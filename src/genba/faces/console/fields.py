"""The questions of a form, read from the JSON schema of an operation's Params."""

from dataclasses import dataclass
from typing import Any, Literal

from genba.core.records import Params

FEW = 6
"""A form with at most this many fields folds none of them away."""
YES = ("true", "yes", "on", "1")
"""What an address says to turn a switch on."""

Kind = Literal["number", "choice", "switch", "file", "list", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question: what it is called, what it takes, and what it is when left alone."""

    name: str
    sentence: str
    kind: Kind
    unit: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    bounds: tuple[str, str]
    """Smallest and largest value as HTML's `min` and `max`; empty where there is none."""
    range: str
    """The same for people, exact about open ends: `> 0, ≤ 0.01`."""
    whole: bool
    """Whether the number is an integer."""
    suffixes: tuple[str, ...]
    """What an upload's name ends with; empty when the field takes no upload."""
    output: str | None
    """The output of an earlier run that fits."""


def fields_of(params: type[Params]) -> tuple[Field, ...]:
    """Give the fields of a Params record in the order of its declaration."""
    schema = params.model_json_schema()
    required = frozenset(schema.get("required", ()))
    return tuple(_field(name, entry, name in required) for name, entry in schema["properties"].items())


def folded(fields: tuple[Field, ...]) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Split fields into those that everybody decides, and those that most people leave alone."""
    if len(fields) <= FEW:
        return fields, ()
    first = tuple(field for field in fields if field.required or field.kind in ("choice", "file", "switch"))
    return first, tuple(field for field in fields if field not in first)


def fitting(field: Field, value: Any) -> Any:
    """Give an answer as the question's control takes it; the default where it can be none.

    Arguments:
        field: the question.
        value: a param of an earlier run, or a text of an address.
    """
    if field.kind == "choice":
        return value if value in field.choices else field.default
    if field.kind == "switch" and isinstance(value, str):
        return value.lower() in YES
    if field.kind == "list" and isinstance(value, str):
        return [value]
    return value


def _field(name: str, entry: dict[str, Any], required: bool) -> Field:
    parts = [entry, *(part for part in entry.get("anyOf", ()) if part.get("type") != "null")]
    merged = {key: value for part in reversed(parts) for key, value in part.items()}
    choices = next((part["enum"] for part in parts if "enum" in part), ())
    accepts: dict[str, Any] = next((part["accepts"] for part in parts if "accepts" in part), {})
    number = merged.get("type") in ("number", "integer")
    return Field(
        name=name,
        sentence=entry.get("description", ""),
        kind=_kind(parts, merged),
        unit=merged.get("unit", ""),
        required=required,
        default=entry.get("default"),
        choices=tuple(str(choice) for choice in choices),
        bounds=_bounds(merged) if number else ("", ""),
        range=_range(merged) if number else "",
        whole=merged.get("type") == "integer",
        suffixes=tuple(accepts.get("suffixes", ())),
        output=accepts.get("output"),
    )


def _kind(parts: list[dict[str, Any]], merged: dict[str, Any]) -> Kind:
    if any(part.get("format") == "input-file" for part in parts):
        return "file"
    if any("enum" in part for part in parts):
        return "choice"
    by_type: dict[str, Kind] = {"boolean": "switch", "integer": "number", "number": "number", "array": "list"}
    return by_type.get(merged.get("type", ""), "text")


def _bounds(entry: dict[str, Any]) -> tuple[str, str]:
    least = entry.get("minimum", entry.get("exclusiveMinimum", ""))
    most = entry.get("maximum", entry.get("exclusiveMaximum", ""))
    return str(least), str(most)


def _range(entry: dict[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return ", ".join(f"{sign} {entry[key]:g}" for key, sign in signs.items() if key in entry)
