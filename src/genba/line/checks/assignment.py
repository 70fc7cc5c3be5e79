"""Today's assignment of tasks to stations: each once, and no task before what it needs."""

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.checks.flow import feeders_of
from genba.line.records.line import Line

TWICE = FindingKind(
    "line.assigned_twice", Severity.ERROR, "The task is done at {first} and at {second}; keep one."
)
UNASSIGNED = FindingKind(
    "line.unassigned", Severity.WARNING, "{count} tasks are done at no station, the first of them {first}."
)
TOO_EARLY = FindingKind(
    "line.too_early",
    Severity.WARNING,
    "The task is done at {station}, and {before}, which it needs, later: {later}.",
)


def check_assignment(line: Line, tally: Tally) -> None:
    """Report tasks at two stations, at none, or before a task that they need."""
    place: dict[str, tuple[str, int]] = {}
    for station in line.stations:
        for at, task_id in enumerate(station.tasks):
            first = place.setdefault(task_id, (station.id, at))
            if first != (station.id, at):
                tally.add(
                    TWICE, f"task {task_id}", first=f"station {first[0]}", second=f"station {station.id}"
                )
    if not place:
        return
    missing = [task.id for task in line.tasks if task.id not in place]
    if missing:
        tally.add(UNASSIGNED, "stations", count=len(missing), first=missing[0])
    _check_order(line, place, tally)


def _check_order(line: Line, place: dict[str, tuple[str, int]], tally: Tally) -> None:
    if line.shape == "u":
        return  # the legs of a U are not told apart here
    rank = _ranks(line)
    for task in line.tasks:
        for before in task.after:
            if task.id not in place or before not in place:
                continue
            (here, at), (there, earlier) = place[task.id], place[before]
            if rank[there] > rank[here] or (here == there and earlier > at):
                tally.add(
                    TOO_EARLY,
                    f"task {task.id}",
                    station=f"station {here}",
                    before=before,
                    later=f"station {there}",
                )


def _ranks(line: Line) -> dict[str, int]:
    """Give the number of stations on the longest way to each station, by id; a circle counts as reached."""
    feeders = feeders_of(line)
    rank: dict[str, int] = {}
    for station in line.stations:  # the order of the line: feeders stand before what they feed
        rank[station.id] = 1 + max((rank.get(feeder, 0) for feeder in feeders[station.id]), default=0)
    return rank
