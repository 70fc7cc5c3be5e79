"""Lines in which it matters when a task starts: two sides of a station, times lost between tasks.

A station has one place, or one on each side of the line; what is done at its places is done to one unit at
the same time, within one cycle. Between neighbours at a place time may be lost, and from the last task of a
unit to the first one of the next, which comes a cycle later.

Source: Bartholdi (1993), Balancing two-sided assembly lines: a case study; Andres, Miralles and Pastor
(2008), Balancing and scheduling tasks in assembly lines with sequence-dependent setup times.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints

LEFT, RIGHT, EITHER = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Timed:
    """An assignment whose tasks have a start.

    Arguments:
        given: tasks, precedence, cycle, stations and rules; scores are capped at each place.
        side: LEFT, RIGHT or EITHER of each task, shape (n,); None: the line has one side.
        losses: time lost when one task is followed by another at its place, or by itself for the next unit
            where it is alone, shape (n, n); None: no time.
    """

    given: Assigning
    side: Ints | None = None
    losses: Ints | None = None

    @property
    def times(self) -> Ints:
        """Give the time of each task, the longest of any product, shape (n,)."""
        return np.asarray(self.given.times.max(axis=0), np.int64)

    @property
    def sides(self) -> int:
        """Give the places of a station."""
        return 1 if self.side is None else 2

    @property
    def least_loss(self) -> Ints:
        """Give the least time lost before each task, shape (n,)."""
        nothing = np.zeros(self.given.tasks, np.int64)
        return nothing if self.losses is None else np.asarray(self.losses.min(axis=0), np.int64)

    def loss(self, task: int, then: int) -> int:
        """Give the time lost between two tasks."""
        return 0 if self.losses is None else int(self.losses[task, then])

    def reach(self, task: int) -> tuple[int, ...]:
        """Give the sides from which a task can be done."""
        if self.side is None:
            return (0,)
        return (LEFT, RIGHT) if self.side[task] == EITHER else (int(self.side[task]),)


@dataclass(frozen=True, eq=False)
class Scheduled:
    """Where and when tasks are done.

    Arguments:
        place: of each task: its station times the places of one, plus its side, shape (n,).
        begin: when it starts within the cycle, shape (n,).
        rank: what comes earlier at a place has the smaller one, shape (n,).
    """

    place: Ints
    begin: Ints
    rank: Ints

    def turns(self) -> list[list[int]]:
        """Give the tasks of each place as they follow one another."""
        found: list[list[int]] = [[] for _ in range(int(self.place.max()) + 1)]
        for task in np.argsort(self.rank, kind="stable").tolist():
            found[self.place[task]].append(task)
        return found


def settled(timed: Timed, found: Scheduled) -> Scheduled:
    """Give the same line with every start as early as turns and predecessors allow.

    With two sides and losses both, starts stay as they are: an early first task can be too early for the time
    that is lost before the next unit.
    """
    if timed.losses is not None and timed.sides > 1:
        return found
    begin, times, station = np.zeros_like(found.begin), timed.times, found.place // timed.sides
    same = station[timed.given.start] == station[timed.given.end]
    rows = [
        (a, b, int(times[a])) for a, b in zip(timed.given.start[same], timed.given.end[same], strict=True)
    ]
    for turn in found.turns():
        rows += [(a, b, int(times[a]) + timed.loss(a, b)) for a, b in pairwise(turn)]
    moved = True
    while moved:
        moved = False
        for one, other, gap in rows:
            if begin[one] + gap > begin[other]:
                begin[other] = begin[one] + gap
                moved = True
    return replace(found, begin=begin)
