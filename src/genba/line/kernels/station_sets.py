"""All loads that a station may have: sets of tasks within the cycle with whatever lies between them.

Such a set is found once, by adding tasks in an order that precedence allows: what lies between two of them
comes before the later one in that order.
"""

from typing import NamedTuple

import numpy as np

from genba.line.kernels.bits import ONE, ZERO, Ints, Words, drop, has, lowest, put
from genba.line.kernels.precedence import topological
from genba.line.kernels.salbp import Salbp
from genba.num.jit import inlined, kernel

DEEPEST = 64
"""Tasks of a load that are listed at most: longer ones are as many as cannot be listed anyway."""
LONGEST = 2_000
"""Tasks of a line whose loads are listed: pairs of tasks are looked at in one piece."""


class StationSets(NamedTuple):
    """Loads as rows of a sparse matrix: tasks of the k-th are `task[indptr[k] : indptr[k + 1]]`."""

    indptr: Ints
    task: Ints


def station_sets(problem: Salbp, most: int) -> StationSets | None:
    """Give every load, in the tasks' numbers of the problem; None when they or the tasks are too many."""
    n = len(problem.times)
    if n > LONGEST:
        return None
    start = np.repeat(np.arange(n), np.diff(problem.indptr))
    order = topological(n, start, problem.indices)
    indptr, task = np.zeros(most + 1, np.int64), np.zeros(most * 8, np.int64)
    room = np.zeros((DEEPEST + 1, len(problem.everything)), np.uint64)
    found = int(_listed(problem, order, indptr, task, room))
    return None if found < 0 else StationSets(indptr[: found + 1], task[: indptr[found]])


@kernel
def _fitting(problem: Salbp, order: Ints, fits: Words) -> None:
    """Write which later places of the order may share a load with each place, by time alone."""
    n = len(order)
    for one in range(n):
        for other in range(one + 1, n):
            a, b = order[one], order[other]
            time = problem.times[a] + problem.times[b]
            if time <= problem.cycle and has(problem.after[a], b):
                time += _between(problem, a, b, problem.cycle - time)
            if time <= problem.cycle:
                put(fits[one], other)


@kernel
def _between(problem: Salbp, one: int, other: int, enough: int) -> int:
    """Sum the times of tasks after one and before another; stop when the sum is more than `enough`."""
    time = 0
    for word in range(problem.after.shape[1]):
        left = problem.after[one, word] & problem.before[other, word]
        while left != ZERO and time <= enough:
            time += problem.times[64 * word + lowest(left)]
            left &= left - ONE
    return time


@kernel
def _listed(problem: Salbp, order: Ints, indptr: Ints, task: Ints, rest: Words) -> int:
    """List loads depth first; give their number, -1 when there is no room for them.

    Arguments:
        order: tasks as precedence allows.
        indptr, task: written.
        rest: room for the places that may still be added at each depth, shape (DEEPEST + 1, words).
    """
    n, words = problem.after.shape
    fits = np.zeros((n, words), np.uint64)
    _fitting(problem, order, fits)
    chosen = np.zeros(DEEPEST + 1, np.int64)
    room = np.zeros(DEEPEST + 1, np.int64)
    load, following = np.zeros(words, np.uint64), np.zeros((DEEPEST + 1, words), np.uint64)
    for place in range(n):
        put(rest[0], place)
    room[0] = problem.cycle
    count, depth = 0, 0
    while depth >= 0:
        place = _first_that_fits(problem, order, rest[depth], room[depth], load, following[depth])
        if place < 0:
            depth -= 1
            if depth >= 0:
                drop(load, order[chosen[depth]])
            continue
        if depth >= DEEPEST or count + 1 >= len(indptr) or indptr[count] + depth >= len(task):
            return -1
        one = order[place]
        chosen[depth] = place
        put(load, one)
        for word in range(words):
            rest[depth + 1, word] = rest[depth, word] & fits[place, word]
            following[depth + 1, word] = following[depth, word] | problem.after[one, word]
        room[depth + 1] = room[depth] - problem.times[one]
        depth += 1
        for at in range(depth):
            task[indptr[count] + at] = order[chosen[at]]
        indptr[count + 1] = indptr[count] + depth
        count += 1
    return count


@inlined
def _first_that_fits(
    problem: Salbp, order: Ints, rest: Words, room: int, load: Words, following: Words
) -> int:
    """Take the next place out of `rest` whose task fits with all that lies between; -1 at the end."""
    found = -1
    for word in range(len(rest)):
        while found < 0 and rest[word] != ZERO:
            place = 64 * word + lowest(rest[word])
            rest[word] &= rest[word] - ONE
            task = order[place]
            whole = problem.times[task] <= room
            for other in range(len(load)):
                if following[other] & problem.before[task, other] & ~load[other] != ZERO:
                    whole = False
            if whole:
                found = place
    return found
