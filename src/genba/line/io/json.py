"""A line as JSON: the fields of the records, as they are named there."""

import json
from collections import Counter
from typing import Any

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.document import line_of
from genba.line.records.line import Line
from genba.num.text import decode

WANTED = "a line as JSON (UTF-8)"
BROKEN = FindingKind("line.json_broken", Severity.ERROR, "line {line}: {reason}; give {wanted}")
DEEP = FindingKind("line.json_deep", Severity.ERROR, "the file is nested too deeply; give {wanted}")
NO_OBJECT = FindingKind(
    "line.json_no_object", Severity.ERROR, "found {found} in place of an object; give {wanted}"
)
NAME_TWICE = FindingKind(
    "line.json_twice", Severity.ERROR, "the name {name} is there twice in one object; keep one"
)


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the line in a JSON file, none when nothing can be made of it; the tally receives every fault.

    Raises:
        TooLarge: when a list has more than 100,000 entries.
        InputError: when the content is no JSON object.
    """
    text, _ = decode(content, wanted=WANTED)
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        line = error.lineno
        raise input_error(BROKEN, f"line {line}", line=line, reason=error.msg, wanted=WANTED) from error
    except RecursionError as error:
        raise input_error(DEEP, "line 1", wanted=WANTED) from error
    if not isinstance(data, dict):
        raise input_error(NO_OBJECT, "line 1", found=type(data).__name__, wanted=WANTED)
    return line_of(data, tally, name=name)


def write(line: Line) -> str:
    """Give a line as JSON; fields at their default are left out."""
    return line.model_dump_json(exclude_defaults=True, indent=2) + "\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give an object, each of whose names must be there once: of two, one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise input_error(NAME_TWICE, twice[:60], name=repr(twice[:60]))
    return found
