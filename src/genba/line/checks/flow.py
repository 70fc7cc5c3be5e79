"""The way of parts: stations that feed each other, buffers, links, and stations that take no time."""

from collections import Counter

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.checks.precedence import cycles
from genba.line.records.line import Line, Station
from genba.line.records.loads import station_loads

CIRCLE = FindingKind("line.flow_cycle", Severity.ERROR, "Parts would go round for ever: {cycle}.")
FED_TWICE = FindingKind(
    "line.feeds_two", Severity.ERROR, "It feeds {targets}; a station hands its parts to one other."
)
NO_WORK_TIME = FindingKind(
    "line.zero_station", Severity.ERROR, "The station takes no time; a station needs a time above 0."
)
EMPTY = FindingKind("line.empty_station", Severity.WARNING, "The station has neither tasks nor a time.")
OVERFULL = FindingKind(
    "line.overfull", Severity.ERROR, "{contents} parts wait at the start in {capacity} places."
)
TWO_BUFFERS = FindingKind("line.buffer_repeated", Severity.ERROR, "Buffer {other} lies at the same place.")
NOT_FED = FindingKind(
    "line.not_fed",
    Severity.ERROR,
    "Parts do not come from {source} to {target} directly; correct the link or buffer.",
)
LINK_TIME = FindingKind(
    "line.link_time",
    Severity.ERROR,
    "It has neither a time nor a resource group with a travel speed; the way would take no time.",
)
NO_AGV = FindingKind("line.link_group", Severity.ERROR, "An AGV carries it; name the resource group of AGVs.")
TWO_LINKS = FindingKind("line.link_repeated", Severity.ERROR, "There is more than one link on this way.")


def check_flow(line: Line, tally: Tally) -> None:
    """Report stations in a circle or without time, and buffers and links that cannot be."""
    feeders = feeders_of(line)
    for cycle in cycles(feeders):
        tally.add(CIRCLE, f"station {cycle[0]}", cycle=" -> ".join((*cycle[:12], cycle[0])))
    fed: dict[str, list[str]] = {}
    for target, sources in feeders.items():
        for source in sources:
            fed.setdefault(source, []).append(target)
    for source, targets in fed.items():
        if len(targets) > 1:
            tally.add(FED_TWICE, f"station {source}", targets=", ".join(targets[:12]))
    for station, load in zip(line.stations, station_loads(line), strict=True):
        _check_time(station, load, tally)
    _check_buffers(line, feeders, tally)
    _check_links(line, feeders, tally)


def feeders_of(line: Line) -> dict[str, tuple[str, ...]]:
    """Give the ids of the stations that feed each station, by its id."""
    found: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    for station in line.stations:
        found[station.id] = previous if station.after is None else tuple(dict.fromkeys(station.after))
        previous = (station.id,)
    return found


def _check_time(station: Station, load: float, tally: Tally) -> None:
    work = station.work
    if not station.tasks and work is None:
        tally.add(EMPTY, f"station {station.id}")
        return
    spread = work is not None and work.kind in ("triangular", "empirical")
    longest = max((*(work.values if work else ()), (work.high if work else None) or 0.0), default=0.0)
    if (longest if spread else load) == 0:
        tally.add(NO_WORK_TIME, f"station {station.id}")


def _check_buffers(line: Line, feeders: dict[str, tuple[str, ...]], tally: Tally) -> None:
    seen: dict[tuple[str, str], str] = {}
    for buffer in line.buffers:
        where = f"buffer {buffer.id}"
        other = seen.setdefault((buffer.before, buffer.after), buffer.id)
        if other != buffer.id:
            tally.add(TWO_BUFFERS, where, other=other)
        if buffer.capacity is not None and buffer.contents > buffer.capacity:
            tally.add(OVERFULL, where, contents=buffer.contents, capacity=buffer.capacity)
        _check_way(where, buffer.after, buffer.before, feeders, tally)


def _check_links(line: Line, feeders: dict[str, tuple[str, ...]], tally: Tally) -> None:
    speeds = {group.id: group.travel for group in line.groups}
    ways = Counter((link.source, link.target) for link in line.links)
    for link in line.links:
        where = f"link {link.source} to {link.target}"
        if link.time is None and not speeds.get(link.group, 0.0):
            tally.add(LINK_TIME, where)
        if link.by == "agv" and not link.group:
            tally.add(NO_AGV, where)
        _check_way(where, link.source, link.target, feeders, tally)
    for (source, target), count in ways.items():
        if count > 1:
            tally.add(TWO_LINKS, f"link {source} to {target}")


def _check_way(
    where: str, source: str, target: str, feeders: dict[str, tuple[str, ...]], tally: Tally
) -> None:
    known = source in feeders and target in feeders  # what is not known has been told already
    if known and source not in feeders[target]:
        tally.add(NOT_FED, where, source=source, target=target)
