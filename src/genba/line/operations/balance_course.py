"""When and at which side the tasks of a balanced line are done, in whole microseconds."""

from dataclasses import dataclass

import numpy as np

from genba.line.kernels.bits import Ints

SIDES = ("left", "right")


@dataclass(frozen=True, eq=False)
class Course:
    """The course of a cycle at every station, by task.

    Arguments:
        side: left 0 or right 1; 0 where the line has one side, shape (n,).
        begin: start within the station, shape (n,).
        rank: what is earlier at a place has the smaller one, shape (n,).
        lost: before each task; before the first one of a place, since the last one of the unit before, shape
            (n,).
        sided: whether the line has two sides.
        places_bound: proven least places for so many stations; None: not asked for.
    """

    side: Ints
    begin: Ints
    rank: Ints
    lost: Ints
    sided: bool = False
    places_bound: int | None = None

    def order(self, station: Ints) -> Ints:
        """Give tasks along the line, at each place as they follow one another."""
        return np.lexsort((self.rank, self.side, station))

    def sides(self, rows: Ints) -> list[str]:
        """Give the names of the sides of tasks; empty where the line has one."""
        return [SIDES[one] if self.sided else "" for one in self.side[rows].tolist()]


def plain_course(station: Ints, out: Ints, times: Ints, order: Ints) -> Course:
    """Give the course where the tasks of a station follow one another in an order, without gaps.

    Arguments:
        station: of each task, shape (n,).
        out: whether it is on the way out of a U, after those on the way in, shape (n,).
        times: of each task, shape (n,).
        order: in which every task follows its predecessors, shape (n,).
    """
    rows = order[np.lexsort((out[order], station[order]))]
    ends = np.cumsum(times[rows])
    begins = ends - times[rows]
    begin, rank = np.zeros_like(times), np.zeros_like(times)
    begin[rows] = begins - begins[np.searchsorted(station[rows], station[rows])]  # less the first one's
    rank[rows] = np.arange(len(rows))
    return Course(np.zeros_like(times), begin, rank, np.zeros_like(times))
