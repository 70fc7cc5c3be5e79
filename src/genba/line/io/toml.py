"""A line as TOML: the fields of the records, as they are named there, and `time_unit`."""

import datetime as dt
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.document import line_of
from genba.line.records.line import Line
from genba.num.text import decode

WANTED = "a line as TOML (UTF-8)"
BARE = re.compile(r"[A-Za-z0-9_-]+")
WIDEST = 100
"""Columns up to which a list stays on one line."""
BROKEN = FindingKind("line.toml_broken", Severity.ERROR, "{reason}; give {wanted}")
UNREADABLE = FindingKind(
    "line.toml_unreadable", Severity.ERROR, "the file cannot be read: {reason}; give {wanted}"
)


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the line in a TOML file, none when nothing can be made of it; the tally receives every fault.

    Raises:
        TooLarge: when a list has more than 100,000 entries.
        InputError: when the content is no TOML.
    """
    text, _ = decode(content, wanted=WANTED)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = {"reason": str(error), "wanted": WANTED}
        raise input_error(BROKEN, _line_in(str(error)), **told) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or endless brackets
        raise input_error(UNREADABLE, "line 1", reason=str(error), wanted=WANTED) from error
    return line_of(data, tally, name=name)


def write(line: Line) -> str:
    """Give a line as TOML; fields at their default are left out."""
    data = line.model_dump(exclude_defaults=True)
    parts = [f"{_key(name)} = {_value(value)}" for name, value in data.items() if not _is_section(value)]
    for name, value in data.items():
        if isinstance(value, Mapping):
            parts += [f"\n[{_key(name)}]", *_fields(value)]
        elif _is_section(value):
            for entry in value:
                parts += [f"\n[[{_key(name)}]]", *_fields(entry)]
    return "\n".join(parts) + "\n"


def _is_section(value: Any) -> bool:
    rows = isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)
    return rows or isinstance(value, Mapping)


def _fields(entry: Mapping[str, Any]) -> Iterable[str]:
    return (f"{_key(name)} = {_value(value)}" for name, value in entry.items())


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)  # TOML writes nan and inf as Python does
    if isinstance(value, dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_fields(value))} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return _list([_value(entry) for entry in value])
    return str(value)


def _list(entries: list[str]) -> str:
    short = f"[{', '.join(entries)}]"
    return short if len(short) <= WIDEST else "[\n" + "".join(f"    {entry},\n" for entry in entries) + "]"


def _text(text: str) -> str:
    """Give a basic string; JSON escapes what TOML wants escaped, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line_in(message: str) -> str:
    found = re.search(r"line \d+", message)
    return found[0] if found else "line 1"
