"""Rules that contradict each other, or that nothing can keep."""

from collections.abc import Iterator

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line

TOGETHER_APART = FindingKind(
    "line.together_apart", Severity.ERROR, "Tasks {first} and {second} must be together and must be apart."
)
FIXED_RANGE = FindingKind(
    "line.fixed_range",
    Severity.ERROR,
    "Task {task} is fixed to station {found}; there are stations 1 to {last}.",
)
FIXED_NOWHERE = FindingKind(
    "line.fixed_nowhere",
    Severity.ERROR,
    "No station is left for task {task} when all rules on it and on its companions are kept.",
)
FIXED_ORDER = FindingKind(
    "line.fixed_order",
    Severity.ERROR,
    "Task {first} is fixed at station {at} or later, task {second} must follow it and is fixed at {until} or "
    "earlier.",
)
ABOVE_CAP = FindingKind(
    "line.above_cap", Severity.ERROR, "The ergonomic scores add to {found}; the cap of a station is {cap}."
)
NO_ZONE = FindingKind(
    "line.zone_unknown", Severity.WARNING, "No task is in zone {found}, so the walk counts nowhere."
)
NO_RULE = FindingKind("line.rule_empty", Severity.NOTE, "It names fewer than two tasks and asks for nothing.")


def check_rules(line: Line, tally: Tally) -> None:
    """Report rules that contradict each other or the number of stations."""
    for name, sets in (("together", line.rules.together), ("apart", line.rules.apart)):
        for at, ids in enumerate(sets, start=1):
            if len(set(ids)) < 2:
                tally.add(NO_RULE, f"rule {name} {at}")
    _check_zones(line, tally)
    leader = _leaders(line.rules.together)
    _check_apart(line, leader, tally)
    allowed = _check_fixed(line, leader, tally)
    _check_order(line, leader, allowed, tally)
    _check_cap(line, leader, tally)


def _check_zones(line: Line, tally: Tally) -> None:
    known = {task.zone for task in line.tasks}
    for at, walk in enumerate(line.rules.walks, start=1):
        for found in sorted({walk.zone, walk.then} - known):
            tally.add(NO_ZONE, f"rule walk {at}", found=found)


def _leaders(sets: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    """Give one task that stands for all that must be with it, by task (disjoint sets, path halving)."""
    leader: dict[str, str] = {}

    def of(task: str) -> str:
        leader.setdefault(task, task)
        while leader[task] != task:
            leader[task] = leader[leader[task]]
            task = leader[task]
        return task

    for ids in sets:
        for task in ids[1:]:
            leader[of(task)] = of(ids[0])
    return {task: of(task) for task in leader}


def _check_apart(line: Line, leader: dict[str, str], tally: Tally) -> None:
    for at, ids in enumerate(line.rules.apart, start=1):
        seen: dict[str, str] = {}
        for task in dict.fromkeys(ids):
            first = seen.setdefault(leader.get(task, task), task)
            if first != task:
                tally.add(TOGETHER_APART, f"rule apart {at}", first=first, second=task)


def _check_fixed(line: Line, leader: dict[str, str], tally: Tally) -> dict[str, frozenset[int]]:
    """Report numbers of stations that are not there; give the stations left for each set of companions."""
    last = len(line.stations) or max(len(line.tasks), 1)
    allowed: dict[str, frozenset[int]] = {}
    for at, fixed in enumerate(line.rules.fixed, start=1):
        for number in fixed.stations:
            if not 1 <= number <= last:
                tally.add(FIXED_RANGE, f"rule fixed {at}", task=fixed.task, found=number, last=last)
        whole = leader.get(fixed.task, fixed.task)
        before = allowed.get(whole)
        allowed[whole] = frozenset(fixed.stations) if before is None else before & frozenset(fixed.stations)
        if not allowed[whole] and (before is None or before):
            tally.add(FIXED_NOWHERE, f"rule fixed {at}", task=fixed.task)
    return {task: stations for task, stations in allowed.items() if stations}


def _check_order(
    line: Line, leader: dict[str, str], allowed: dict[str, frozenset[int]], tally: Tally
) -> None:
    if line.shape == "u":
        return  # a U takes tasks from both ends, so its order along the line is free
    for first, second in _ordered(line):
        here, there = allowed.get(leader.get(first, first)), allowed.get(leader.get(second, second))
        if here and there and min(here) > max(there):
            tally.add(
                FIXED_ORDER, f"task {second}", first=first, at=min(here), second=second, until=max(there)
            )


def _ordered(line: Line) -> Iterator[tuple[str, str]]:
    return ((before, task.id) for task in line.tasks for before in task.after)


def _check_cap(line: Line, leader: dict[str, str], tally: Tally) -> None:
    cap = line.rules.ergonomic_cap
    if cap is None:
        return
    sums: dict[str, float] = {}
    for task in line.tasks:
        whole = leader.get(task.id, task.id)
        sums[whole] = sums.get(whole, 0.0) + task.ergonomic
    for task_id, found in sums.items():
        if found > cap:
            tally.add(ABOVE_CAP, f"task {task_id}", found=found, cap=cap)
