"""Times that vary: each kind of distribution has the numbers it needs."""

import math
from collections.abc import Iterator

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line
from genba.line.records.spread import Time

NO_MEAN = FindingKind("line.no_mean", Severity.ERROR, "{field} is {kind} and has no mean; write one.")
NO_CV = FindingKind(
    "line.no_cv", Severity.ERROR, "{field} is {kind} with a cv of {found}; it needs a cv above 0."
)
NO_VALUES = FindingKind(
    "line.no_values", Severity.ERROR, "{field} is empirical and has no values; write some."
)
TRIANGLE = FindingKind(
    "line.triangle", Severity.ERROR, "{field} is triangular; it needs low <= mode <= high and low < high."
)
UNUSED = FindingKind("line.spread_unused", Severity.WARNING, "{field} is {kind} and does not use {unused}.")
NEVER = FindingKind("line.no_time_between", Severity.ERROR, "{field} has the mean 0; it must be above 0.")
USED = {
    "deterministic": ("mean",),
    "exponential": ("mean",),
    "triangular": ("low", "mode", "high"),
    "empirical": ("values",),
}
TWO_NUMBERS = ("mean", "cv")
"""What a normal, lognormal, gamma or weibull time uses."""


def check_spreads(line: Line, tally: Tally) -> None:
    """Report distributions that lack a number, or have one that they do not use."""
    for where, field, spread in spreads(line):
        _check_spread(where, field, spread, tally)
        if field in ("breakdown.mtbf", "arrivals") and spread.mean == 0:
            tally.add(NEVER, where, field=field)


def spreads(line: Line) -> Iterator[tuple[str, str, Time]]:
    """Yield place, field and value of every time that may vary."""
    for kind, parts in (("station", line.stations), ("group", line.groups)):
        for part in parts:
            where = f"{kind} {part.id}"
            if part.breakdown is not None:
                yield where, "breakdown.mtbf", part.breakdown.mtbf
                yield where, "breakdown.mttr", part.breakdown.mttr
    for station in line.stations:
        if station.work is not None:
            yield f"station {station.id}", "work", station.work
        if station.rework is not None and station.rework.work is not None:
            yield f"station {station.id}", "rework.work", station.rework.work
    if line.arrivals is not None:
        yield "line", "arrivals", line.arrivals


def _check_spread(where: str, field: str, spread: Time, tally: Tally) -> None:
    kind, used = spread.kind, USED.get(spread.kind, TWO_NUMBERS)
    if "mean" in used and spread.mean is None and field not in ("work", "rework.work"):
        tally.add(NO_MEAN, where, field=field, kind=kind)
    if "cv" in used and spread.cv == 0:
        tally.add(NO_CV, where, field=field, kind=kind, found=spread.cv)
    if kind == "empirical" and not spread.values:
        tally.add(NO_VALUES, where, field=field)
    if kind == "triangular" and not _is_triangle(spread):
        tally.add(TRIANGLE, where, field=field)
    unused = [name for name in ("mean", "cv", "low", "mode", "high", "values") if name not in used]
    told = [name for name in unused if getattr(spread, name)]
    if told:
        tally.add(UNUSED, where, field=field, kind=kind, unused=", ".join(told))


def _is_triangle(spread: Time) -> bool:
    low, mode, high = spread.low, spread.mode, spread.high
    if low is None or mode is None or high is None:
        return False
    return (low <= mode <= high and low < high) or any(math.isnan(x) for x in (low, mode, high))
