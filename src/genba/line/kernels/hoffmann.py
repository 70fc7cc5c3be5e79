"""The modified Hoffmann heuristic: station after station the load that is worth most.

Source: Hoffmann (1963), Assembly line balancing with a precedence matrix; Sewell and Jacobson (2012) for the
worth of a load.
"""

from typing import NamedTuple

import numpy as np

from genba.line.kernels.bits import ONE, ZERO, Ints, Words, lowest
from genba.line.kernels.salbp import Salbp
from genba.line.kernels.station_loads import LOAD, LOADS, PAUSED, SPENT, Loads, begin_loads, next_load
from genba.num.copies import copy_to
from genba.num.jit import kernel

FOLLOWERS = (0.0, 0.005, 0.01, 0.015, 0.02)
"""What one unit of positional weight is worth, in units of time."""
SUCCESSORS = (0.0, 0.005, 0.01, 0.015, 0.02)
"""What one direct successor is worth, in thousandths of the cycle time."""
TASKS = (0.0, 0.01, 0.02, 0.03)
"""What one task costs, in thousandths of the cycle time."""
SPENT_STEPS = 100_000
"""Steps of the enumeration per station, whatever the loads found."""


class Worth(NamedTuple):
    """How a load is valued: time + `followers` x positional weight + `successors` x number - `task` each."""

    followers: float
    successors: float
    task: float


def worths(cycle: int) -> list[Worth]:
    """Give the valuations that are tried, scaled to the cycle time."""
    unit = cycle / 1000
    return [Worth(a, b * unit, c * unit) for a in FOLLOWERS for b in SUCCESSORS for c in TASKS]


@kernel
def hoffmann(problem: Salbp, loads: Loads, worth: Worth, at_most: int, most_loads: int, station: Ints) -> int:
    """Fill stations one by one; give their number, or `at_most` + 1 as soon as more are needed.

    Arguments:
        loads: room for the enumeration.
        at_most: stations allowed.
        most_loads: loads tried per station.
        station: station of each task from 0, shape (n,); written.
    """
    words = len(problem.everything)
    done, best = np.zeros(words, np.uint64), np.zeros(words, np.uint64)
    budget = np.zeros(1, np.int64)
    left, stations = problem.total, 0
    while left > 0:
        if stations + -(-left // problem.cycle) > at_most:
            return at_most + 1
        most = -np.inf
        begin_loads(problem, done, problem.cycle, loads)
        budget[0] = SPENT_STEPS
        word = LOAD
        while word != SPENT and loads.at[LOADS] < most_loads:
            word = next_load(problem, loads, budget)
            if word == LOAD:
                value = _value(problem, loads.load, worth)
                if value > most:
                    most = value
                    copy_to(best, loads.load)
            elif word == PAUSED and most > -np.inf:
                word = SPENT
            elif word == PAUSED:  # there is always a load that nothing dominates
                budget[0] = SPENT_STEPS
        for word in range(words):
            done[word] |= best[word]
            rest = best[word]
            while rest != ZERO:
                task = 64 * word + lowest(rest)
                rest &= rest - ONE
                station[task] = stations
                left -= problem.times[task]
        stations += 1
    return stations


@kernel
def _value(problem: Salbp, load: Words, worth: Worth) -> float:
    value = 0.0
    for word in range(len(load)):
        rest = load[word]
        while rest != ZERO:
            task = 64 * word + lowest(rest)
            rest &= rest - ONE
            followers = problem.indptr[task + 1] - problem.indptr[task]
            value += problem.times[task] + worth.followers * problem.weight[task]
            value += worth.successors * followers - worth.task
    return value
