"""A simple assembly line balancing problem as the kernels read it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints, Words, put, words_for
from genba.line.kernels.dual_feasible import FUNCTIONS, bound_values
from genba.line.kernels.precedence import closure, reduced, successors, topological, transposed
from genba.num.jit import kernel


class Salbp(NamedTuple):
    """Tasks in the kernels' own numbering, long ones first; times and cycle are whole numbers of one unit.

    Arguments:
        cycle: time that a station has for each piece.
        total: time of all tasks.
        times: shape (n,), within 1..cycle.
        indptr, indices: direct successors of each task, without those that follow from others.
        degree: number of such direct predecessors.
        after, before: all successors and all predecessors as sets, shape (n, words).
        dominates: tasks that each task may replace in a station without loss (Jackson), shape (n, words).
        dominated: the same the other way round.
        followed: tasks that have a successor, shape (words,).
        everything: all tasks, shape (words,).
        weight: positional weight, time of a task and all its successors.
        values: dual feasible functions of each task, shape (n, FUNCTIONS).
        wholes: their denominators.
        tail: least number of stations that a task and all its successors need.
        late: late[r]: tasks that need more than r stations from their own on, shape (n + 2, words).
        task: the number of each task for the caller.
        packed: whether stations may be put in any order, so that the longest task left opens each of them.
    """

    cycle: int
    total: int
    times: Ints
    indptr: Ints
    indices: Ints
    degree: Ints
    after: Words
    before: Words
    dominates: Words
    dominated: Words
    followed: Words
    everything: Words
    weight: Ints
    values: Ints
    wholes: Ints
    tail: Ints
    late: Words
    task: Ints
    packed: bool


def salbp_of(times: Ints, start: Ints, end: Ints, cycle: int, *, backward: bool = False) -> Salbp:
    """Give the problem for the kernels, read from its end where asked.

    Arguments:
        times: whole numbers within 1..cycle, shape (n,).
        start, end: the two tasks of each direct precedence; no cycle among them.
        cycle: the cycle time in the same unit.
    """
    n = len(times)
    if backward:
        start, end = end, start
    before = closure(n, start, end)
    start, end = reduced(start, end, before)
    weight = _weights(times, transposed(before))
    rank = np.empty(n, np.int64)
    task = np.lexsort((np.argsort(topological(n, start, end)), -weight, -times))
    rank[task] = np.arange(n)
    return _numbered(times[task], rank[start], rank[end], cycle, task)


def _numbered(times: Ints, start: Ints, end: Ints, cycle: int, task: Ints) -> Salbp:
    n = len(times)
    before = closure(n, start, end)
    after = transposed(before)
    indptr, indices = successors(n, start, end)
    values, wholes = bound_values(times, cycle)
    tail = tails(after, values, wholes)
    dominates = _dominance(times, after, before)
    return Salbp(
        cycle=cycle,
        total=int(times.sum()),
        times=times,
        indptr=indptr,
        indices=indices,
        degree=np.bincount(end, minlength=n).astype(np.int64),
        after=after,
        before=before,
        dominates=dominates,
        dominated=transposed(dominates),
        followed=sets_of(np.diff(indptr) > 0),
        everything=sets_of(np.ones(n, bool)),
        weight=_weights(times, after),
        values=values,
        wholes=wholes,
        tail=tail,
        late=sets_of(tail > np.arange(n + 2)[:, None]),
        task=task,
        packed=not len(start),
    )


def stations_at_least(values: Ints, wholes: Ints) -> int:
    """Give the best bound on the stations of some tasks, from their values, shape (n, FUNCTIONS)."""
    return int(np.max(-(-values.sum(axis=0) // wholes)))


def sets_of(chosen: NDArray[np.bool_]) -> Words:
    """Give sets from flags along the last axis."""
    room = [(0, 0)] * (chosen.ndim - 1) + [(0, 64 * words_for(chosen.shape[-1]) - chosen.shape[-1])]
    flags = np.packbits(np.pad(chosen, room), axis=-1, bitorder="little")
    return np.ascontiguousarray(flags).view(np.uint64)


@kernel
def _weights(times: Ints, after: Words) -> Ints:
    found = times.copy()
    for task in range(len(times)):
        for other in range(len(times)):
            if _within(after, task, other):
                found[task] += times[other]
    return found


@kernel
def _within(sets: Words, row: int, task: int) -> bool:
    found: bool = (sets[row, task >> 6] >> np.uint64(task & 63)) & np.uint64(1) != np.uint64(0)
    return found


@kernel
def tails(after: Words, values: Ints, wholes: Ints) -> Ints:
    """Give the least number of stations that each task and all its successors need."""
    n = len(after)
    found = np.zeros(n, np.int64)
    for task in range(n):
        total = values[task].copy()
        for other in range(n):
            if _within(after, task, other):
                total += values[other]
        for place in range(FUNCTIONS):
            found[task] = max(found[task], -(-total[place] // wholes[place]))
    return found


@kernel
def _dominance(times: Ints, after: Words, before: Words) -> Words:
    """Give the pairs (i, j): unrelated, i takes no less time than j, all that follows j follows i.

    Of two tasks that are alike the first dominates.
    """
    n, words = after.shape
    found = np.zeros((n, words), np.uint64)
    for one in range(n):
        for other in range(n):
            if one == other or times[one] < times[other]:
                continue
            if _within(after, one, other) or _within(before, one, other):
                continue
            more, less = False, False
            for place in range(words):
                less = less or (after[other, place] & ~after[one, place]) != np.uint64(0)
                more = more or (after[one, place] & ~after[other, place]) != np.uint64(0)
            if not less and (more or times[one] > times[other] or one < other):
                put(found[one], other)
    return found
