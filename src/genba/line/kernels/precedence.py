"""Precedence among tasks: a topological order, all that comes before a task, the pairs that say it all."""

import numpy as np

from genba.line.kernels.bits import Ints, Words, has, put, words_for
from genba.num.jit import kernel


def topological(n: int, start: Ints, end: Ints) -> Ints:
    """Give an order in which every task follows its predecessors, shape (n,); shorter when there is a cycle.

    Arguments:
        n: number of tasks.
        start, end: the two tasks of each direct precedence, shape (pairs,).
    """
    indptr, indices = _rows(n, start, end)
    return np.asarray(_sorted(indptr, indices, np.bincount(end, minlength=n)))


def closure(n: int, start: Ints, end: Ints) -> Words:
    """Give all direct and indirect predecessors of each task as sets, shape (n, words)."""
    order = topological(n, start, end)
    indptr, indices = _rows(n, end, start)
    before = np.zeros((n, words_for(n)), np.uint64)
    _close(order, indptr, indices, before)
    return before


def reduced(start: Ints, end: Ints, before: Words) -> tuple[Ints, Ints]:
    """Give the direct precedences that do not follow from others, each once."""
    keys = np.unique(start * len(before) + end)
    start, end = keys // len(before), keys % len(before)
    needed = _needed(start, end, before)
    return start[needed], end[needed]


def transposed(before: Words) -> Words:
    """Give all successors of each task from all predecessors, or the other way round."""
    found = np.zeros_like(before)
    _transpose(before, found)
    return found


def successors(n: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Give the successors of each task as indptr and indices."""
    return _rows(n, start, end)


def _rows(n: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    order = np.argsort(start, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=n))])
    return indptr.astype(np.int64), np.ascontiguousarray(end[order], np.int64)


@kernel
def _sorted(indptr: Ints, indices: Ints, degree: Ints) -> Ints:
    """Take tasks without open predecessors first, the order of Kahn (1962); `degree` is used up."""
    order = np.empty(len(degree), np.int64)
    count = 0
    for task in range(len(degree)):
        if degree[task] == 0:
            order[count] = task
            count += 1
    place = 0
    while place < count:
        task = order[place]
        place += 1
        for other in indices[indptr[task] : indptr[task + 1]]:
            degree[other] -= 1
            if degree[other] == 0:
                order[count] = other
                count += 1
    return order[:count]


@kernel
def _close(order: Ints, indptr: Ints, indices: Ints, before: Words) -> None:
    for task in order:
        for other in indices[indptr[task] : indptr[task + 1]]:
            before[task] |= before[other]
            put(before[task], other)


@kernel
def _needed(start: Ints, end: Ints, before: Words) -> Ints:
    """Give the places of pairs whose start is before no other predecessor of their end."""
    found = np.empty(len(start), np.int64)
    count = 0
    for pair in range(len(start)):
        one, other = start[pair], end[pair]
        between = False
        for task in range(len(before)):
            if has(before[other], task) and has(before[task], one):
                between = True
                break
        if not between:
            found[count] = pair
            count += 1
    return found[:count]


@kernel
def _transpose(before: Words, found: Words) -> None:
    for task in range(len(before)):
        for other in range(len(before)):
            if has(before[task], other):
                put(found[other], task)
