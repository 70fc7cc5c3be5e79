"""Ids: there, plain, unique within their kind, and known wherever they are named."""

import re
from collections.abc import Iterable, Iterator

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line

WRONG_ID = FindingKind(
    "line.id",
    Severity.ERROR,
    "The id {found} is empty, longer than 64 letters, or has a comma, semicolon, control character or outer "
    "space; choose another.",
)
REPEATED = FindingKind(
    "line.id_repeated", Severity.ERROR, "The id is there {count} times; each must be unique."
)
UNKNOWN_ID = FindingKind(
    "line.id_unknown", Severity.ERROR, "{field} names {found}, but there is no such {kind}."
)
NO_TASKS = FindingKind("line.no_tasks", Severity.ERROR, "The line has no tasks; there is nothing to plan.")
PLAIN = re.compile(r"(?! )[^,;、；，\x00-\x1f\x7f-\x9f\u2028\u2029]{1,64}(?<! )")
LONGEST_SHOWN = 40


def check_ids(line: Line, tally: Tally) -> None:
    """Report ids that are missing, strange, repeated, or named and not there."""
    if not line.tasks:
        tally.add(NO_TASKS, "line")
    kinds: dict[str, tuple[str, ...]] = {
        "product": tuple(product.id for product in line.products),
        "task": tuple(task.id for task in line.tasks),
        "station": tuple(station.id for station in line.stations),
        "group": tuple(group.id for group in line.groups),
        "buffer": tuple(buffer.id for buffer in line.buffers),
        "shift": tuple(shift.id for shift in line.shifts),
        "worker": tuple(worker.id for worker in line.workers),
    }
    for kind, ids in kinds.items():
        _check_kind(kind, ids, tally)
    known = {kind: frozenset(ids) for kind, ids in kinds.items()}
    for where, field, kind, found in _named(line):
        if found not in known[kind]:
            tally.add(UNKNOWN_ID, where, field=field, found=shown(found), kind=kind)


def shown(identity: str) -> str:
    """Give an id as messages show it: quoted, control characters visible, not endless."""
    return ascii(identity[:LONGEST_SHOWN]) if not identity.isprintable() else f"'{identity[:LONGEST_SHOWN]}'"


def _check_kind(kind: str, ids: Iterable[str], tally: Tally) -> None:
    counts: dict[str, int] = {}
    for at, identity in enumerate(ids, start=1):
        counts[identity] = counts.get(identity, 0) + 1
        if not PLAIN.fullmatch(identity):
            tally.add(WRONG_ID, f"{kind} number {at}", found=shown(identity))
    for identity, count in counts.items():
        if count > 1:
            tally.add(REPEATED, f"{kind} {identity[:LONGEST_SHOWN]}", count=count)


def _named(line: Line) -> Iterator[tuple[str, str, str, str]]:
    """Yield place, field, kind and id wherever one thing names another."""
    for task in line.tasks:
        yield from ((f"task {task.id}", "after", "task", found) for found in task.after)
        yield from ((f"task {task.id}", "times", "product", found) for found in task.times)
    yield from _named_by_stations(line)
    for group in line.groups:
        if group.breakdown is not None and group.breakdown.crew:
            yield f"group {group.id}", "breakdown.crew", "worker", group.breakdown.crew
    for buffer in line.buffers:
        yield f"buffer {buffer.id}", "before", "station", buffer.before
        if buffer.after:
            yield f"buffer {buffer.id}", "after", "station", buffer.after
    for at, link in enumerate(line.links, start=1):
        yield f"link {at}", "source", "station", link.source
        yield f"link {at}", "target", "station", link.target
        if link.group:
            yield f"link {at}", "group", "group", link.group
    yield from _named_by_rules(line)


def _named_by_stations(line: Line) -> Iterator[tuple[str, str, str, str]]:
    for station in line.stations:
        where = f"station {station.id}"
        for field, kind in (
            ("tasks", "task"),
            ("groups", "group"),
            ("workers", "worker"),
            ("after", "station"),
        ):
            yield from ((where, field, kind, found) for found in getattr(station, field) or ())
        if station.breakdown is not None and station.breakdown.crew:
            yield where, "breakdown.crew", "worker", station.breakdown.crew
        if station.rework is not None and station.rework.to:
            yield where, "rework.to", "station", station.rework.to


def _named_by_rules(line: Line) -> Iterator[tuple[str, str, str, str]]:
    rules = line.rules
    for name, sets in (("together", rules.together), ("apart", rules.apart)):
        for at, ids in enumerate(sets, start=1):
            yield from ((f"rule {name} {at}", name, "task", found) for found in ids)
    for at, fixed in enumerate(rules.fixed, start=1):
        yield f"rule fixed {at}", "task", "task", fixed.task
    for at, setup in enumerate(rules.setups, start=1):
        yield f"rule setup {at}", "task", "task", setup.task
        yield f"rule setup {at}", "then", "task", setup.then
