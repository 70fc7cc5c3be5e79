"""From the fields of a Params record to options: name, sentence, unit, choices, bounds and default."""

from collections.abc import Iterator, Mapping
from inspect import Parameter as Argument
from typing import Annotated, Any

from cyclopts import Group, Parameter

from genba.core.records import Params

FIELDS = Group("Params", sort_key=1)
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
Schema = Mapping[str, Any]


def arguments(params: type[Params]) -> list[Argument]:
    """Give one argument per field, as a signature takes them.

    Values stay texts here: the record itself validates them, so that every fault is reported in one pass and
    in the same words on every face.
    """
    schema = params.model_json_schema()
    required = set(schema.get("required", ()))
    made = [_argument(name, field, name in required) for name, field in schema["properties"].items()]
    return sorted(made, key=lambda argument: argument.kind)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the user said; a field left out keeps the record's default."""
    return {name: value for name, value in values.items() if value is not None}


def _argument(name: str, field: Schema, required: bool) -> Argument:
    positional = required and _is_file(field)
    option = Parameter(
        name=f"--{name.replace('_', '-')}",
        help=_help(field),
        metavar=_metavar(field),
        show_default=False if required else _default(field),
        allow_leading_hyphen=True,
        negative=None if _is(field, "boolean") else "",
        group=FIELDS,
    )
    return Argument(
        name,
        Argument.POSITIONAL_OR_KEYWORD if positional else Argument.KEYWORD_ONLY,
        default=Argument.empty if required else None,
        annotation=Annotated[_hint(field) if required else _hint(field) | None, option],
    )


def _hint(field: Schema) -> Any:
    if _is(field, "boolean"):
        return bool
    return tuple[str, ...] if _is(field, "array") else str


def _help(field: Schema) -> str:
    facts = ", ".join(_facts(field))
    return f"{field.get('description', '')}{f' [{facts}]' if facts else ''}"


def _facts(field: Schema) -> Iterator[str]:
    """Yield unit, choices and bounds of a field and of the alternatives it offers."""
    for part in _alternatives(field):
        if part.get("unit", "1") != "1":
            yield str(part["unit"])
        if choices := _choices(part):
            yield " | ".join(choices)
        if part.get("format") == "input-file":
            yield "a file" if part is field else "or a file"
        yield from (f"{sign} {part[key]:g}" for key, sign in BOUNDS.items() if key in part)
    if _is(field, "array"):
        yield "may be repeated"


def _metavar(field: Schema) -> str:
    parts = _alternatives(field)
    kinds = {"integer": "INT", "number": "FLOAT"}
    value = next((kinds[part["type"]] for part in parts if part.get("type") in kinds), "STR")
    if _is_file(field):
        value = "FILE"
    if any(_choices(part) for part in parts):
        value = f"CHOICE|{value}" if _is_file(field) else "CHOICE"
    return f"{value}..." if _is(field, "array") else value


def _default(field: Schema) -> str | bool:
    default = field.get("default")
    if default is None or default in ([], ""):
        return False
    if isinstance(default, bool):
        return "yes" if default else "no"
    if not isinstance(default, float):
        return str(default)
    unit = next((part["unit"] for part in _alternatives(field) if "unit" in part), "1")
    return f"{default:g}" if unit == "1" else f"{default:g} {unit}"


def _choices(part: Schema) -> tuple[str, ...]:
    return tuple(str(choice) for choice in part.get("enum", [part["const"]] if "const" in part else ()))


def _is(field: Schema, kind: str) -> bool:
    return any(part.get("type") == kind for part in _options(field))


def _is_file(field: Schema) -> bool:
    return any(part.get("format") == "input-file" for part in _alternatives(field))


def _options(field: Schema) -> tuple[Schema, ...]:
    return tuple(field.get("anyOf", (field,)))


def _alternatives(field: Schema) -> tuple[Schema, ...]:
    """Give what one value may be: the members of a union, or the items of a list."""
    return tuple(part.get("items", part) for part in _options(field))
