"""Precedence that no order of work can keep: cycles, each named once."""

from collections import Counter

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line

CYCLE = FindingKind(
    "line.cycle", Severity.ERROR, "Each of these tasks must come before the next: {cycle}. Take one out."
)
REPEATED = FindingKind("line.after_repeated", Severity.WARNING, "{found} is named more than once as after.")
LONGEST_SHOWN = 12
"""Tasks of a cycle that a message names."""


def check_precedence(line: Line, tally: Tally) -> None:
    """Report cycles of precedence, one through every set of tasks that wait for each other."""
    after = {task.id: tuple(dict.fromkeys(task.after)) for task in line.tasks}
    for task in line.tasks:
        if len(after[task.id]) < len(task.after):
            tally.add(REPEATED, f"task {task.id}", found=Counter(task.after).most_common(1)[0][0])
    for cycle in cycles(after):
        tally.add(CYCLE, f"task {cycle[0]}", cycle=_worded(cycle))


def cycles(after: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """Give cycles that share no task, at least one if there is any; linear in tasks and precedences.

    Arguments:
        after: ids before each id; ids that are no key count for nothing.

    Source: Kahn (1962) peels off what can be ordered; from what is left a walk against the arrows returns.
    """
    left = _unordered(after)
    seen: dict[str, int] = {}  # which walk came here
    found = []
    for walk, start in enumerate(left):
        path, here = [], start
        while here not in seen:
            seen[here] = walk
            path.append(here)
            here = next(before for before in after[here] if before in left)
        if seen[here] == walk:
            found.append(path[path.index(here) :][::-1])
    return found


def _unordered(after: dict[str, tuple[str, ...]]) -> dict[str, None]:
    """Give the tasks that wait, directly or not, for a cycle."""
    waiting = {task: sum(before in after for before in needed) for task, needed in after.items()}
    followers: dict[str, list[str]] = {}
    for task, needed in after.items():
        for before in needed:
            followers.setdefault(before, []).append(task)
    free = [task for task, count in waiting.items() if count == 0]
    while free:
        for task in followers.get(free.pop(), ()):
            waiting[task] -= 1
            if waiting[task] == 0:
                free.append(task)
    return dict.fromkeys(task for task, count in waiting.items() if count > 0)


def _worded(cycle: list[str]) -> str:
    shown = cycle[:LONGEST_SHOWN]
    more = [f"({len(cycle) - len(shown)} more)"] if len(cycle) > len(shown) else []
    return " -> ".join((*shown, *more, cycle[0]))
