"""What a cell of a sheet says: numbers, lists of ids, times of day and times that vary, read and written."""

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any, get_args

from genba.line.io.columns import Kind
from genba.line.records.spread import Kind as Spread

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
DECIMAL_COMMA = re.compile(r"[+-]?(\d+,\d{1,2}|0,\d+)")
"""What surely is no thousand: 12,5 is a number in much of the world, 1,234 is one or the other."""
SEPARATORS = re.compile(r"[,;、，；\n]")
CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?")
NOTHING = frozenset(("", "-", "–", "—"))
SPREADS = get_args(Spread)
LARGEST_WHOLE = 2**53
DAY = 86_400


def value_in(cell: Any, kind: Kind) -> Any:
    """Give what a cell holds, None when it is empty.

    Arguments:
        cell: a text, or what a workbook has there.
        kind: what the column holds.

    Raises:
        ValueError: when the cell holds something else; the message says what is wanted.
    """
    said = cell.strip() if isinstance(cell, str) else cell
    if said is None or said == "":
        return None
    return READERS[kind](said)


def text_of(cell: Any) -> str:
    """Give a cell as text; a whole number that came as a float stays whole."""
    if isinstance(cell, bool | dt.date | dt.time | dt.timedelta):
        raise ValueError("a text; format the cell as text")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < LARGEST_WHOLE:
        return str(int(cell))
    return str(cell).strip()


def number_of(cell: Any) -> float:
    """Give a finite number."""
    if isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    if isinstance(cell, str) and NUMBER.fullmatch(cell):
        cell = float(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        raise ValueError("a finite number with a decimal point")
    return float(cell)


def whole_of(cell: Any) -> int:
    """Give a whole number."""
    number = number_of(cell)
    if not number.is_integer() or abs(number) > LARGEST_WHOLE:
        raise ValueError("a whole number")
    return int(number)


def list_of(cell: Any) -> list[str]:
    """Give the ids in a cell, separated by commas or semicolons; a dash is no id."""
    parts = (part.strip() for part in SEPARATORS.split(text_of(cell)))
    return [part for part in parts if part not in NOTHING]


def clock_of(cell: Any) -> dt.time:
    """Give a time of day, from a text such as 08:30 or from a workbook's own time."""
    if isinstance(cell, dt.datetime):
        return cell.time()
    if isinstance(cell, dt.time):
        return cell
    if isinstance(cell, dt.timedelta):
        cell = cell.total_seconds() / DAY
    if isinstance(cell, float | int) and not isinstance(cell, bool) and 0 <= cell <= 1:
        seconds = round(cell * DAY) % DAY
        return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    found = CLOCK.fullmatch(cell) if isinstance(cell, str) else None
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (99, 0, 0)
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and minute + second > 0):
        raise ValueError("a time of day such as 08:30")
    return dt.time(hour % 24, minute, second)


def breaks_of(cell: Any) -> list[dict[str, dt.time]]:
    """Give the breaks in a text such as `10:00-10:10; 12:00-12:45`."""
    found = []
    for part in list_of(cell):
        start, dash, end = re.sub("[–—~〜～]", "-", part).partition("-")
        if not dash:
            raise ValueError("breaks such as 10:00-10:10; 12:00-12:45")
        found.append({"start": clock_of(start.strip()), "end": clock_of(end.strip())})
    return found


def spread_of(cell: Any) -> Any:
    """Give a time: a number, or a text such as `lognormal 60 cv 0.2` or `triangular 5 6 9`."""
    if not isinstance(cell, str) or NUMBER.fullmatch(cell):
        return number_of(cell)
    kind, *rest = cell.lower().replace("=", " ").split()
    if kind not in SPREADS:
        raise ValueError(f"a number, or one of {', '.join(SPREADS)} and its numbers")
    found: dict[str, Any] = {"kind": kind}
    if "cv" in rest:
        place = rest.index("cv")
        found["cv"] = number_of(" ".join(rest[place + 1 :]))
        rest = rest[:place]
    numbers = [number_of(part.strip(",;")) for part in rest]
    if kind == "empirical":
        return {**found, "values": numbers}
    names = ("low", "mode", "high") if kind == "triangular" else ("mean",)
    if len(numbers) > len(names):
        raise ValueError(f"{' '.join((kind, *names))} and no more numbers")
    return {**found, **dict(zip(names, numbers, strict=False))}


def written(value: Any, kind: Kind) -> Any:
    """Give the cell that reads back as `value`, None for nothing."""
    if value is None:
        return None
    if kind in ("list", "stations"):
        return "; ".join(map(str, value)) or ("-" if kind == "stations" else None)
    if kind == "clock":
        return _clock(value)
    if kind == "breaks":
        return "; ".join(f"{_clock(pause['start'])}-{_clock(pause['end'])}" for pause in value) or None
    return _spread(value) if kind == "spread" else value


def _clock(value: dt.time) -> str:
    return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"


def _spread(value: dict[str, Any]) -> Any:
    numbers = (*(value.get(name) for name in ("mean", "low", "mode", "high")), *value.get("values", ()))
    parts = [value["kind"], *(repr(number) for number in numbers if number is not None)]
    return " ".join((*parts, "cv", repr(value["cv"])) if value.get("cv") else parts)


READERS: dict[Kind, Callable[[Any], Any]] = {
    "text": text_of,
    "number": number_of,
    "whole": whole_of,
    "list": list_of,
    "stations": list_of,
    "spread": spread_of,
    "clock": clock_of,
    "breaks": breaks_of,
}
