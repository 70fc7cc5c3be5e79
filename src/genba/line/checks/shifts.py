"""Shifts that overlap and breaks that lie outside them."""

from itertools import pairwise

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line, Shift
from genba.line.records.pace import DAY, length, of_day, pauses, span, working

OUTSIDE = FindingKind(
    "line.break_outside", Severity.ERROR, "The break {start} to {end} is not within the shift."
)
BREAKS_OVERLAP = FindingKind(
    "line.breaks_overlap", Severity.WARNING, "Its breaks overlap; the common time is taken off once."
)
OVERLAP = FindingKind(
    "line.shifts_overlap",
    Severity.ERROR,
    "It overlaps with the shift {other}; the common time would count twice.",
)
NO_WORK = FindingKind("line.shift_without_work", Severity.WARNING, "Its breaks leave no working time.")


def check_shifts(line: Line, tally: Tally) -> None:
    """Report breaks outside their shift, what overlaps, and shifts without work."""
    for shift in line.shifts:
        _check_breaks(shift, tally)
    spans = sorted((*span(shift), shift.id) for shift in line.shifts)
    for (_, end, other), (start, _, shift_id) in pairwise(spans):
        if start < end:
            tally.add(OVERLAP, f"shift {shift_id}", other=other)
    if len(spans) > 1 and spans[-1][1] > spans[0][0] + DAY:  # the last one reaches into the next morning
        tally.add(OVERLAP, f"shift {spans[-1][2]}", other=spans[0][2])


def _check_breaks(shift: Shift, tally: Tally) -> None:
    first, last = span(shift)
    for pause in shift.breaks:
        start = first + (of_day(pause.start) - first) % DAY
        if start >= last or start + length(pause.start, pause.end) > last:
            tally.add(OUTSIDE, f"shift {shift.id}", start=f"{pause.start:%H:%M}", end=f"{pause.end:%H:%M}")
    if any(next_start < end for (_, end), (next_start, _) in pairwise(pauses(shift))):
        tally.add(BREAKS_OVERLAP, f"shift {shift.id}")
    if working(shift) <= 0:
        tally.add(NO_WORK, f"shift {shift.id}")
