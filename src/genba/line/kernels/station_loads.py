"""All loads of one station that are worth trying: maximal, not dominated after Jackson, within the idle time.

Tasks are taken or skipped along a list of available tasks, to whose end those that become available are put.
Skipping a task limits the idle time of the finished load: a skipped task must not fit any more, nor replace a
task of the load that it dominates. A branch ends when what may still come cannot keep to the limit.

Source: Hoffmann (1963) for the enumeration; Jackson (1956), Scholl and Klein (1997) for the two rules.
"""

from typing import NamedTuple

import numpy as np

from genba.line.kernels.bits import ONE, ZERO, Ints, Words, lowest
from genba.line.kernels.salbp import Salbp
from genba.num.jit import inlined, kernel

LOAD, SPENT, PAUSED = 1, 0, 2
DEPTH, LOADS = 0, 1


class Loads(NamedTuple):
    """Where an enumeration stands; level d holds the choice of the d-th task of the load.

    Arguments:
        at: [level, loads found so far].
        degree: open direct predecessors of each task outside the load, -1 when done or in the load.
        listed: tasks that are or were available, in the order of the list, shape (n,).
        reach: positional weights of the list summed up to each place, shape (n + 1,).
        place: place in the list at which each level stands, shape (n + 1,).
        length: length of the list at each level.
        room: time left at each level.
        limit: idle time that the finished load may have, at each level.
        skipped: available tasks passed over, at each level, shape (n + 1, words).
        load: tasks of the load, shape (words,).
    """

    at: Ints
    degree: Ints
    listed: Ints
    reach: Ints
    place: Ints
    length: Ints
    room: Ints
    limit: Ints
    skipped: Words
    load: Words


def loads_of(n: int, words: int) -> Loads:
    """Give room for the enumeration of loads of n tasks."""
    count = n + 2
    row = np.zeros((7, count), np.int64)
    skipped = np.zeros((count, words), np.uint64)
    return Loads(
        np.zeros(2, np.int64),
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        skipped,
        skipped[0].copy(),
    )


@kernel
def begin_loads(problem: Salbp, done: Words, slack: int, loads: Loads) -> None:
    """Start the enumeration after the tasks of `done`; `slack` is the most idle time that a load may have."""
    n = len(problem.times)
    for task in range(n):
        loads.degree[task] = 0
    for task in range(n):
        if (done[task >> 6] >> np.uint64(task & 63)) & ONE != ZERO:
            loads.degree[task] = -1
        else:
            for place in range(problem.indptr[task], problem.indptr[task + 1]):
                loads.degree[problem.indices[place]] += 1
    count = 0
    for task in range(n):
        if loads.degree[task] == 0:
            loads.listed[count] = task
            loads.reach[count + 1] = loads.reach[count] + problem.weight[task]
            count += 1
    loads.at[DEPTH], loads.at[LOADS] = 0, 0
    loads.place[0], loads.length[0] = 0, count
    loads.room[0], loads.limit[0] = problem.cycle, min(slack, problem.cycle)
    loads.skipped[0, :] = ZERO
    loads.load[:] = ZERO


@kernel
def next_load(problem: Salbp, loads: Loads, budget: Ints) -> int:
    """Go on to the next load: LOAD with the tasks in `loads.load`, SPENT, or PAUSED without budget.

    Arguments:
        budget: steps left, shape (1,); counted down.
    """
    level = loads.at[DEPTH]
    while True:
        if budget[0] <= 0:
            loads.at[DEPTH] = level
            return PAUSED
        budget[0] -= 1
        length, room = loads.length[level], loads.room[level]
        if room - (loads.reach[length] - loads.reach[loads.place[level]]) <= loads.limit[level]:
            task = _next_that_fits(problem, loads, level)
            if task >= 0:
                limit = _limit_with(problem, loads, level, task)
                if limit < 0:
                    _skip(problem, loads, level, task)
                else:
                    _take(problem, loads, level, task, limit)
                    level += 1
                continue
            if level > 0 and room <= loads.limit[level] and not _dominated(problem, loads, length, room):
                loads.limit[level] = -1  # the next call leaves this level
                loads.at[DEPTH] = level
                loads.at[LOADS] += 1
                return LOAD
        if level == 0:
            return SPENT
        level -= 1
        task = loads.listed[loads.place[level]]
        _release(problem, loads, task)
        _skip(problem, loads, level, task)
        if problem.packed and level == 0:
            loads.limit[0] = -1  # the longest task left has opened the station


@inlined
def _next_that_fits(problem: Salbp, loads: Loads, level: int) -> int:
    """Move on to the next task of the list that fits, -1 at its end."""
    place, length, room = loads.place[level], loads.length[level], loads.room[level]
    while place < length and problem.times[loads.listed[place]] > room:
        place += 1
    loads.place[level] = place
    task = -1
    if place < length:
        task = int(loads.listed[place])
    return task


@inlined
def _limit_with(problem: Salbp, loads: Loads, level: int, task: int) -> int:
    """Give the limit of idle time once a task is in the load: no skipped task may replace it."""
    limit = loads.limit[level]
    for word in range(loads.skipped.shape[1]):
        left = loads.skipped[level, word] & problem.dominated[task, word]
        while left != ZERO:
            other = 64 * word + lowest(left)
            left &= left - ONE
            limit = min(limit, problem.times[other] - problem.times[task] - 1)
    return int(limit)


@inlined
def _take(problem: Salbp, loads: Loads, level: int, task: int, limit: int) -> None:
    """Put a task into the load and open the next level."""
    loads.degree[task] = -1
    loads.load[task >> 6] |= ONE << np.uint64(task & 63)
    length = loads.length[level]
    for place in range(problem.indptr[task], problem.indptr[task + 1]):
        other = problem.indices[place]
        loads.degree[other] -= 1
        if loads.degree[other] == 0:
            loads.listed[length] = other
            loads.reach[length + 1] = loads.reach[length] + problem.weight[other]
            length += 1
    down = level + 1
    loads.place[down], loads.length[down] = loads.place[level] + 1, length
    loads.room[down] = loads.room[level] - problem.times[task]
    loads.limit[down] = limit
    for word in range(loads.skipped.shape[1]):
        loads.skipped[down, word] = loads.skipped[level, word]


@inlined
def _release(problem: Salbp, loads: Loads, task: int) -> None:
    """Take a task out of the load again."""
    loads.degree[task] = 0
    loads.load[task >> 6] &= ~(ONE << np.uint64(task & 63))
    for place in range(problem.indptr[task], problem.indptr[task + 1]):
        loads.degree[problem.indices[place]] += 1


@inlined
def _skip(problem: Salbp, loads: Loads, level: int, task: int) -> None:
    """Pass over an available task: it must neither fit the finished load nor replace one of its tasks."""
    limit = min(loads.limit[level], problem.times[task] - 1)
    for word in range(loads.skipped.shape[1]):
        left = loads.load[word] & problem.dominates[task, word]
        while left != ZERO:
            other = 64 * word + lowest(left)
            left &= left - ONE
            limit = min(limit, problem.times[task] - problem.times[other] - 1)
    loads.limit[level] = limit
    loads.skipped[level, task >> 6] |= ONE << np.uint64(task & 63)
    loads.place[level] += 1


@inlined
def _dominated(problem: Salbp, loads: Loads, length: int, room: int) -> bool:
    """Give whether an available task may replace one of the load within the room left."""
    found = False
    for place in range(length):
        task = loads.listed[place]
        if loads.degree[task] == 0:
            for word in range(loads.skipped.shape[1]):
                left = loads.load[word] & problem.dominates[task, word]
                while left != ZERO:
                    other = 64 * word + lowest(left)
                    left &= left - ONE
                    if problem.times[task] - problem.times[other] <= room:
                        found = True
    return found
