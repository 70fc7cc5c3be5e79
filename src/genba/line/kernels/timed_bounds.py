"""Bounds on timed lines: stations they need, stations where a task may be, the shortest cycle."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints, members
from genba.line.kernels.dual_feasible import functions
from genba.line.kernels.precedence import closure, topological, transposed
from genba.line.kernels.timed_line import LEFT, RIGHT, Timed


@dataclass(frozen=True, eq=False)
class Work:
    """What must be done before and after each task, itself included.

    Arguments:
        before, after: sets of tasks, shape (n, n).
        chain_before, chain_after: time of the longest chain of tasks, shape (n,).
    """

    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    chain_before: Ints
    chain_after: Ints


def work_around(timed: Timed) -> Work:
    """Give the work around each task."""
    given, n = timed.given, timed.given.tasks
    heads = closure(n, given.start, given.end)
    order = topological(n, given.start, given.end)
    return Work(
        _sets(heads),
        _sets(transposed(heads)),
        _chains(timed.times, order, given.start, given.end),
        _chains(timed.times, order[::-1], given.end, given.start),
    )


def _sets(rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
    n, room = len(rows), np.empty(len(rows), np.int64)
    found = np.eye(n, dtype=bool)
    for task in range(n):
        found[task, room[: members(rows[task], room)]] = True
    return found


def _chains(times: Ints, order: Ints, start: Ints, end: Ints) -> Ints:
    found = times.copy()
    for task in order.tolist():
        follow = end[start == task]
        found[follow] = np.maximum(found[follow], found[task] + times[follow])
    return found


def stations_needed(timed: Timed, work: Work) -> int:
    """Give how many stations any line needs: by time on each side, by sizes, by what is around each task.

    Where a task does not fit into the cycle at all, that is one more than there may be.
    """
    if int((timed.times + timed.least_loss).max()) > timed.given.cycle:
        return timed.given.most + 1
    first, last = _ends(timed, work)
    best = int((first + last).max()) - 1
    # every task has one task before it at its place, for the next unit at least, so it loses the least loss
    for counted, whole in functions(timed.times + timed.least_loss, timed.given.cycle):
        best = max(best, int(_filled(timed, counted[None, :], whole)[0]))
    return best


def _ends(timed: Timed, work: Work) -> tuple[Ints, Ints]:
    """Give the first station where each task may be, from 1, and the last, from 1 at the end of the line."""
    cycle, counted = timed.given.cycle, timed.times + timed.least_loss
    first = np.maximum(_filled(timed, work.before * counted, cycle), -(-work.chain_before // cycle))
    last = np.maximum(_filled(timed, work.after * counted, cycle), -(-work.chain_after // cycle))
    return np.maximum(1, first), np.maximum(1, last)


def places_needed(timed: Timed) -> int:
    """Give how many places any line needs at least, by time and by sizes, each side for itself too."""
    best = 1
    for counted, whole in functions(timed.times + timed.least_loss, timed.given.cycle):
        parts = [timed.side == side for side in (LEFT, RIGHT)] if timed.side is not None else []
        alone = sum(-(-int(counted[part].sum()) // whole) for part in parts)
        best = max(best, alone, -(-int(counted.sum()) // whole))
    return best


def windows(timed: Timed, work: Work) -> list[range]:
    """Give the stations where each task may be, from 0."""
    first, last = _ends(timed, work)
    most = timed.given.most
    return [
        range(one - 1, most + 1 - other) for one, other in zip(first.tolist(), last.tolist(), strict=True)
    ]


def _filled(timed: Timed, counted: Ints, whole: int) -> Ints:
    """Give the stations that work fills: all of it, and that of each side alone; shape (rows,)."""
    need = -(-counted.sum(axis=1) // (whole * timed.sides))
    if timed.side is not None:
        for side in (LEFT, RIGHT):
            need = np.maximum(need, -(-counted[:, timed.side == side].sum(axis=1) // whole))
    return np.asarray(need, np.int64)


def shortest_cycle(timed: Timed, work: Work) -> int:
    """Give a cycle below which no line of so many stations exists, by bisection."""
    low, high = int((timed.times + timed.least_loss).max()), timed.given.cycle
    while low < high:
        middle = (low + high) // 2
        if stations_needed(replace(timed, given=replace(timed.given, cycle=middle)), work) > timed.given.most:
            low = middle + 1
        else:
            high = middle
    return low
