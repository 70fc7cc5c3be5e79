"""A first timed line, station by station: what can start soonest, with much work behind it, goes first.

Source: the greedy rule of Bartholdi (1993) with the ranked positional weights of Helgeson and Birnie (1961),
made anew with weights that chance shakes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.timed_bounds import Work
from genba.line.kernels.timed_line import Scheduled, Timed

STEPS, TRIES = 12, 5
"""Cycles that are tried for the shortest one, and lines for each."""


@dataclass
class _Place:
    """What is done so far at one place of the station that is being filled."""

    tasks: list[int] = field(default_factory=list)
    ready: int = 0
    begun: int = 0
    score: int = 0


def attempts(timed: Timed, work: Work, seed: int = 0) -> Iterator[Scheduled | None]:
    """Yield lines without end, the first by the plain rule; None where an attempt breaks a rule."""
    rng = np.random.default_rng(seed)
    weight = (work.after @ timed.times).astype(np.float64)
    yield _Filling(timed, work, weight).line()
    while True:
        yield _Filling(timed, work, weight * rng.uniform(0.3, 1.0, len(weight))).line()


def quick_lines(timed: Timed, work: Work, low: int, seed: int = 0) -> Iterator[tuple[Scheduled | None, int]]:
    """Yield the line of the shortest cycle so far, from `low` on, and its cycle, after every attempt.

    Cycles are bisected; the last line need not have the shortest one.
    """
    best, high = None, timed.given.cycle
    middle = high
    for _ in range(STEPS):
        asked = replace(timed, given=replace(timed.given, cycle=middle))
        for found in islice(attempts(asked, work, seed), TRIES):
            if found is not None:
                best, high = found, _cycle(timed, found)
            yield best, high
            if found is not None:
                break
        else:
            low = middle + 1
        middle = (low + high) // 2
        if best is None or middle >= high:
            break


def _cycle(timed: Timed, found: Scheduled) -> int:
    """Give the cycle that a line needs."""
    end = found.begin + timed.times
    turns = [turn for turn in found.turns() if turn]
    rounds = [end[turn[-1]] + timed.loss(turn[-1], turn[0]) - found.begin[turn[0]] for turn in turns]
    return max(int(end.max()), int(max(rounds)))


class _Filling:
    """Fills one station after the other."""

    def __init__(self, timed: Timed, work: Work, weight: NDArray[np.float64]) -> None:
        self.timed, self.work, self.weight = timed, work, weight
        self.times = timed.times
        n = timed.given.tasks
        self.place, self.begin, self.rank = np.full(n, -1, np.int64), np.zeros(n, np.int64), 0 * self.times
        self.missing = work.before.sum(axis=1) - 1
        self.free = set(np.flatnonzero(self.missing == 0).tolist())
        self.ends: dict[int, int] = {}  # of the tasks at the station that is being filled

    def line(self) -> Scheduled | None:
        """Give the line; None where a rule is broken or a station stays empty."""
        for station in range(self.timed.given.most):
            self._fill(station)
            if not self.free:
                break
        left = (self.place < 0).any()
        parted = any(
            len({int(self.place[task]) // self.timed.sides for task in group}) > 1
            for group in self.timed.given.together
        )
        return None if left or parted else Scheduled(self.place, self.begin, self.rank)

    def _fill(self, station: int) -> None:
        places = [_Place() for _ in range(self.timed.sides)]
        self.ends.clear()
        while True:
            fitting = [
                (begin, -self.weight[task], task, side)
                for task in self.free
                if self._allowed(task, station)
                for side in self.timed.reach(task)
                if (begin := self._begin(task, places[side])) is not None
            ]
            if not fitting:
                return
            begin, _, task, side = min(fitting)
            self._put(task, station * self.timed.sides + side, begin, places[side])

    def _allowed(self, task: int, station: int) -> bool:
        given = self.timed.given
        here = [other for group in given.apart if task in group for other in group if other != task]
        return station in given.allowed.get(task, {station}) and all(
            self.place[other] // self.timed.sides != station or self.place[other] < 0 for other in here
        )

    def _begin(self, task: int, at: _Place) -> int | None:
        """Give when a task can start at a place; None where the cycle or the cap would not be kept."""
        timed, cycle, time = self.timed, self.timed.given.cycle, int(self.times[task])
        begin = max((end for other, end in self.ends.items() if self.work.before[task, other]), default=0)
        first, begun = task, begin
        if at.tasks:
            begin = max(begin, at.ready + timed.loss(at.tasks[-1], task))
            first, begun = at.tasks[0], at.begun
        late = begin + time > cycle or begin + time + timed.loss(task, first) > begun + cycle
        return None if late or self._strained(task, at) else begin

    def _strained(self, task: int, at: _Place) -> bool:
        cap, scores = self.timed.given.cap, self.timed.given.scores
        return cap is not None and scores is not None and at.score + int(scores[task]) > cap

    def _put(self, task: int, place: int, begin: int, at: _Place) -> None:
        at.begun = at.begun if at.tasks else begin
        at.tasks.append(task)
        at.ready = self.ends[task] = begin + int(self.times[task])
        at.score += 0 if self.timed.given.scores is None else int(self.timed.given.scores[task])
        self.place[task], self.begin[task] = place, begin
        self.rank[task] = self.rank.max() + 1
        self.free.remove(task)
        self.missing[self.work.after[task]] -= 1
        freed = self.work.after[task] & (self.missing == 0) & (self.place < 0)
        self.free |= set(np.flatnonzero(freed).tolist())
