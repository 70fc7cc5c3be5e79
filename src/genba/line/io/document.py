"""A line as plain nested data, whatever file it came from: validated, in seconds, every fault told.

Where a value cannot be read it is reported and a harmless one stands in for it, so that the checks can go on
and tell the rest of the faults in the same pass; the report forbids any study.
"""

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from genba.core.errors import too_large
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line

FIELD = FindingKind("line.field", Severity.ERROR, "{field}: {fault}; found {found}.")
MISSING = FindingKind("line.field_missing", Severity.ERROR, "{field} is missing; write it.")
UNKNOWN = FindingKind(
    "line.field_unknown", Severity.ERROR, "There is no field {field} here; correct its name or delete it."
)
TIME_UNIT = FindingKind(
    "line.time_unit", Severity.ERROR, "Found the time unit {found}; write one of {allowed}."
)
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "TMU": 0.036, "DM": 0.6}
"""Seconds in each unit that a file may give the times of tasks, setups and walks in."""
MOST_ROWS = 100_000
"""Tasks, stations and so on that are read of each kind."""
ELEMENTS = {
    "products": "product",
    "tasks": "task",
    "stations": "station",
    "groups": "group",
    "buffers": "buffer",
    "links": "link",
    "shifts": "shift",
    "workers": "worker",
}
"""What a single entry of each list is called."""
STAND_INS: Mapping[str, Any] = {"time": 1.0, "width": 1.0, "depth": 1.0, "name": "?"}
"""What stands in for a field that is needed and could not be read."""
DEEPEST = 12

Path = tuple[str | int, ...]
MANY = FindingKind("line.many_entries", Severity.ERROR, "found {found} {section}; at most {most} are read")


def line_of(
    data: Mapping[str, Any],
    tally: Tally,
    *,
    name: str,
    places: Mapping[str, Sequence[str]] | None = None,
) -> Line | None:
    """Give the line that nested data describe; none when nothing can be made of them.

    Arguments:
        data: fields as the records have them, and `time_unit` beside them.
        tally: receives every fault.
        name: the line's name where the data give none.
        places: where each entry of a list stands in the file: `row 7`.

    Raises:
        TooLarge: when a list has more than 100,000 entries.
    """
    given = {"name": name, **data}
    _limit(given)
    factor = _factor(given.pop("time_unit", "s"), tally)
    try:
        return in_seconds(Line.model_validate(given), factor)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    for fault in faults:
        _tell(fault, given, tally, places or {})
    return None if _too_deep(given) else _rest(given, faults)


def _rest(data: dict[str, Any], faults: Sequence[Mapping[str, Any]]) -> Line | None:
    """Give the line without what is wrong in it: first the values, then the entries that need them."""
    given = data
    for mend in (_without_values, _without_entries):
        given = mend(given, faults)
        try:
            return Line.model_validate(given)
        except ValidationError as error:
            faults = error.errors(include_url=False)
    return None


def in_seconds(line: Line, factor: float) -> Line:
    """Give the line with the times of tasks, setups and walks multiplied by `factor`."""
    if factor == 1.0:
        return line
    rules = line.rules
    return line.model_copy(
        update={
            "tasks": tuple(
                task.model_copy(
                    update={
                        "time": task.time * factor,
                        "times": {product: time * factor for product, time in task.times.items()},
                    }
                )
                for task in line.tasks
            ),
            "rules": rules.model_copy(
                update={
                    "setups": tuple(s.model_copy(update={"time": s.time * factor}) for s in rules.setups),
                    "walks": tuple(w.model_copy(update={"time": w.time * factor}) for w in rules.walks),
                }
            ),
        }
    )


def _limit(data: Mapping[str, Any]) -> None:
    for section, rows in data.items():
        if isinstance(rows, list | tuple) and len(rows) > MOST_ROWS:
            told = {"found": f"{len(rows):,}", "most": f"{MOST_ROWS:,}"}
            raise too_large(MANY, section, section=section, **told)


def _factor(unit: Any, tally: Tally) -> float:
    by_name = {known.lower(): seconds for known, seconds in SECONDS.items()}
    seconds = by_name.get(unit.strip().lower()) if isinstance(unit, str) else None
    if seconds is None:
        tally.add(TIME_UNIT, "time_unit", found=reprlib.repr(unit), allowed=", ".join(SECONDS))
    return seconds or 1.0


def _tell(
    fault: Mapping[str, Any], data: Mapping[str, Any], tally: Tally, places: Mapping[str, Sequence[str]]
) -> None:
    path = _within(fault["loc"], data)
    where, field = _named(path, data, places)
    if fault["type"] == "missing":
        tally.add(MISSING, where, field=field)
    elif fault["type"] == "extra_forbidden":
        tally.add(UNKNOWN, where, field=field)
    else:
        tally.add(FIELD, where, field=field, fault=str(fault["msg"]), found=reprlib.repr(fault.get("input")))


def _named(path: Path, data: Mapping[str, Any], places: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Give the place of a fault as a planner names it, and the field within it."""
    if len(path) < 2 or path[0] not in ELEMENTS or not isinstance(path[1], int):
        return ".".join(map(str, path)) or "line", str(path[-1]) if path else "line"
    section, row, rest = str(path[0]), path[1], path[2:]
    entry = data[section][row]
    identity = entry.get("id") if isinstance(entry, dict) else None
    what = f"{ELEMENTS[section]} {reprlib.repr(identity).strip(chr(39)) if identity else row + 1}"
    known = places.get(section, ())
    where = f"{what} ({known[row]})" if row < len(known) else what
    return where, ".".join(map(str, rest)) or "entry"


def _within(location: Path, data: Any) -> Path:
    """Give the part of a fault's location that exists in the data, one step beyond at most."""
    path: list[str | int] = []
    for step in location:
        path.append(step)
        here = isinstance(data, dict) and step in data
        here = here or (isinstance(data, list | tuple) and isinstance(step, int) and step < len(data))
        if not here:
            break
        data = data[step]
    return tuple(path)


def _without_values(data: dict[str, Any], faults: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the data with something harmless, or nothing, in place of each wrong value."""
    mended: dict[str, Any] = _copied(data)
    for fault in faults:
        *above, last = _within(fault["loc"], mended) or ("name",)
        holder: Any = mended
        for step in above:
            holder = holder[step]
        if isinstance(holder, list):
            holder[int(last)] = "?"
        elif last in STAND_INS and fault["type"] != "extra_forbidden":
            holder[last] = STAND_INS[str(last)]
        elif isinstance(holder, dict):
            holder.pop(last, None)
    return mended


def _without_entries(data: dict[str, Any], faults: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the data without the entries of lists, or the fields of the line, in which something is wrong."""
    wrong = {tuple(fault["loc"][:2]) for fault in faults}
    sections = {section for section, *_ in wrong}
    lists = {section for section in sections if section in ELEMENTS and isinstance(data.get(section), list)}
    rest = {name: value for name, value in data.items() if name not in sections - lists}
    for section in lists:
        rest[section] = [row for at, row in enumerate(data[section]) if (section, at) not in wrong]
    return rest


def _too_deep(data: Any) -> bool:
    """Whether data are nested deeper than those of any line."""
    level = [data]
    for _ in range(DEEPEST):
        level = [
            child
            for holder in level
            if isinstance(holder, dict | list)
            for child in (holder.values() if isinstance(holder, dict) else holder)
        ]
    return bool(level)


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list | tuple) else data
