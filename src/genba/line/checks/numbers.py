"""Numbers that no line can have: not finite, negative, shares beyond 1, counts below what is possible."""

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line
from genba.line.records.spread import Part

NOT_FINITE = FindingKind(
    "line.not_finite", Severity.ERROR, "{field} is {found}; a study needs a number there that is finite."
)
NEGATIVE = FindingKind("line.negative", Severity.ERROR, "{field} is {found}; it must not be negative.")
TOO_SMALL = FindingKind("line.too_small", Severity.ERROR, "{field} is {found}; it must be at least {least}.")
NOT_POSITIVE = FindingKind("line.not_positive", Severity.ERROR, "{field} is {found}; it must be above 0.")
SHARE = FindingKind("line.share", Severity.ERROR, "{field} is {found}; a share lies between 0 and 1.")
SHARES = FindingKind(
    "line.shares", Severity.ERROR, "The shares of all products add to {found}; they must add to 1."
)
LEAST = {"servers": 1, "count": 1, "capacity": 0, "contents": 0}
SIGNED = frozenset(("priority",))
AT_MOST_1 = frozenset(("scrap", "rework.share", "share", "allowance"))
POSITIVE = frozenset(("speed", "allowance", "per_day", "cycle", "width", "depth"))
SLACK = 1e-6
"""By which shares written with a few digits may miss 1."""


def check_numbers(line: Line, tally: Tally) -> None:
    """Report every number that is impossible wherever it stands, by field."""
    for where, part in _parts(line):
        for field, value in _numbers(part):
            _check_number(where, field, value, tally)
    total = math.fsum(product.share for product in line.products)
    if line.products and math.isfinite(total) and abs(total - 1) > SLACK:
        tally.add(SHARES, "products", found=total)


def _parts(line: Line) -> Iterator[tuple[str, Part]]:
    """Yield every record of the line that has a name of its own, with that name."""
    lists: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("product", line.products),
        ("task", line.tasks),
        ("station", line.stations),
        ("group", line.groups),
        ("buffer", line.buffers),
        ("worker", line.workers),
    )
    yield from chain.from_iterable(((f"{kind} {part.id}", part) for part in parts) for kind, parts in lists)
    yield from ((f"link {link.source} to {link.target}", link) for link in line.links)
    yield "demand", line.demand
    yield "rules", line.rules
    if line.floor is not None:
        yield "floor", line.floor
    if line.arrivals is not None:
        yield "arrivals", line.arrivals


def _numbers(part: Part, prefix: str = "") -> Iterator[tuple[str, float | int]]:
    """Yield the path and the value of every number in a record and the records within it."""
    for name, value in part.__dict__.items():
        if isinstance(value, float | int):
            yield prefix + name, value
        elif isinstance(value, Part):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, dict):
            yield from ((f"{prefix}{name}.{key}", entry) for key, entry in value.items())
        elif isinstance(value, tuple):
            for at, entry in enumerate(value, start=1):
                if isinstance(entry, Part):
                    yield from _numbers(entry, f"{prefix}{name}.{at}.")
                elif isinstance(entry, float):
                    yield f"{prefix}{name}.{at}", entry


def _check_number(where: str, field: str, value: float | int, tally: Tally) -> None:
    last = field.rpartition(".")[2]
    if not math.isfinite(value):
        tally.add(NOT_FINITE, where, field=field, found=value)
    elif last in LEAST and value < LEAST[last]:
        tally.add(TOO_SMALL, where, field=field, found=value, least=LEAST[last])
    elif value < 0 and last not in SIGNED:
        tally.add(NEGATIVE, where, field=field, found=value)
    elif field in POSITIVE and value <= 0:
        tally.add(NOT_POSITIVE, where, field=field, found=value)
    elif field in AT_MOST_1 and value > 1:
        tally.add(SHARE, where, field=field, found=value)
