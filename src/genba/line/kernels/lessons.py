"""What a search learns on the way: weights that end some of its open partial lines, and often most of them.

A partial line is open because no function that the search carries forbids to finish it. The strongest weights
for just the tasks that it has left are one more such function, valid for every other partial line too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints
from genba.line.kernels.branch_remember import CURRENT, TARGET, Search
from genba.line.kernels.dual_feasible import CARRIED, FUNCTIONS
from genba.line.kernels.load_weights import Weights, knapsack_weights, listed_weights
from genba.line.kernels.memory import NONE, OPEN, Memory
from genba.line.kernels.salbp import Salbp, sets_of, tails
from genba.line.kernels.station_sets import StationSets, station_sets

SETS_PER_TASK = 100
"""Loads of a line are listed up to so many for each task."""
MOST_SETS = 100_000
"""Loads of a line that are listed at most."""
SETS_OF_LESSONS = 10_000
"""Loads that lessons use at most: a program is solved for each function."""
SAMPLE = 256
"""Open partial lines that are looked at in one lesson."""
FAILURES = 3
"""Partial lines without such weights after which a lesson ends."""
LONGEST = 64
"""Turns between lessons at most; they double while nothing is learned."""


@dataclass(eq=False)
class Learner:
    """What a search has learned.

    Arguments:
        sets: every load, in the problem's numbers; None where they are too many.
        learned: functions so far; the oldest makes room.
        turn: turns since the last lesson.
        pause: turns between lessons.
    """

    sets: StationSets | None
    learned: int = 0
    turn: int = 0
    pause: int = 1

    def learn(self, problem: Salbp, memory: Memory, search: Search) -> None:
        """Look for weights that end open partial lines, unless that was in vain of late."""
        self.turn += 1
        if self.turn < self.pause:
            return
        before = self.learned
        self._lesson(problem, memory, search)
        self.turn, self.pause = 0, 1 if self.learned > before else min(LONGEST, 2 * self.pause)

    def _lesson(self, problem: Salbp, memory: Memory, search: Search) -> None:
        state = self._open(memory)
        left = ~_flags(memory.done[state], len(problem.times))  # (states, n)
        rest = int(search.at[TARGET]) - memory.stations[state].astype(np.int64)
        alive = np.all(left @ problem.values <= rest[:, None] * problem.wholes, axis=1)
        failures = 0
        while alive.any() and failures < FAILURES:
            one = int(np.argmax(alive))
            alive[one] = False
            weights = strongest(problem, self.sets, left[one], int(rest[one]))
            if weights is None or weights.stations(left[one]) <= rest[one]:
                failures += 1
                continue
            self._carry(weights, problem, memory, search)
            alive &= left @ weights.values <= rest * weights.whole

    def _open(self, memory: Memory) -> Ints:
        """Give some open states in a random order that depends on what was found alone."""
        state = np.flatnonzero(memory.status[: memory.states[0]] == OPEN)
        rng = np.random.default_rng(int(memory.states[0]))
        return rng.choice(state, min(SAMPLE, len(state)), replace=False)

    def _carry(self, weights: Weights, problem: Salbp, memory: Memory, search: Search) -> None:
        """Put a function in the place of the oldest that was learned."""
        place = CARRIED + self.learned % (FUNCTIONS - CARRIED)
        self.learned += 1
        problem.values[:, place], problem.wholes[place] = weights.values, weights.whole
        current = int(search.at[CURRENT])
        if current != NONE:
            left = ~_flags(memory.done[current : current + 1], len(problem.times))[0]
            search.totals[place] = weights.values[left].sum()


def strongest(
    problem: Salbp, sets: StationSets | None, asked: NDArray[np.bool_], beyond: int
) -> Weights | None:
    """Give weights, in the problem's numbers, that show more than `beyond` stations for some tasks.

    None where there are none, or where the program has no answer.
    """
    if sets is None:
        return knapsack_weights(problem.times, problem.cycle, asked, beyond)
    return listed_weights(sets, asked)


def learner_of(problem: Salbp) -> Learner:
    """Give a learner that knows all loads where they are few."""
    return Learner(station_sets(problem, min(SETS_OF_LESSONS, SETS_PER_TASK * len(problem.times))))


def weighed(ways: tuple[Salbp, Salbp], bound: int) -> tuple[tuple[Salbp, Salbp], int]:
    """Give both ways with the strongest weights of all tasks among their functions, and the bound then."""
    forward, backward = ways
    n = len(forward.times)
    sets, every = station_sets(forward, min(MOST_SETS, SETS_PER_TASK * n)), np.ones(n, bool)
    weights = strongest(forward, sets, every, bound)
    while weights is not None:
        given = np.empty_like(weights.values)
        given[forward.task] = weights.values
        forward = _with(forward, weights)
        backward = _with(backward, Weights(given[backward.task], weights.whole))
        found = max(weights.stations(every), int(forward.tail.max()), int(backward.tail.max()))
        again = sets is None and found > bound
        bound = max(bound, found)
        weights = strongest(forward, sets, every, bound) if again else None
    return (forward, backward), bound


def _with(problem: Salbp, weights: Weights) -> Salbp:
    """Give the problem with weights in the last place of the functions that stay."""
    values, wholes = problem.values.copy(), problem.wholes.copy()
    values[:, CARRIED - 1], wholes[CARRIED - 1] = weights.values, weights.whole
    tail = np.maximum(problem.tail, tails(problem.after, values, wholes))
    late = sets_of(tail > np.arange(len(tail) + 2)[:, None])
    return problem._replace(values=values, wholes=wholes, tail=tail, late=late)


def _flags(rows: NDArray[np.uint64], n: int) -> NDArray[np.bool_]:
    """Give sets as flags, shape (rows, n)."""
    bits = np.unpackbits(np.ascontiguousarray(rows).view(np.uint8), axis=1, bitorder="little")
    return bits[:, :n].astype(bool)
