"""Tasks at stations under every rule of a line: what is given, and what the columns of its program mean.

A station has one position on the way of a unit, or two where the line is a U: on the way in and on the way
out. A task has a flag for each position of its window; what is done by a position must have its predecessors
done by then.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from genba.line.kernels.bits import Ints
from genba.num.solvers.cpsat import FlagProgram, Row

LARGE = 1 << 50
"""No limit on one side."""
Terms = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Resource:
    """What can work at a station: people who have been trained alike, or equal machines.

    Arguments:
        able: tasks that it can do.
        times: what they take it, as those of the line, shape (products, n).
        cost: of one, whole number.
        count: how many there are.
    """

    able: frozenset[int]
    times: Ints
    cost: int
    count: int


@dataclass(frozen=True, eq=False)
class Assigning:
    """Tasks, stations and rules; tasks and stations by their places in lists from 0.

    Arguments:
        times: whole numbers by product, shape (products, n); a station keeps the cycle with each of them.
        start, end: the two tasks of each direct precedence.
        cycle: of a station with one place; the longest where the shortest is asked for.
        places: equal places side by side at each station, shape (stations,).
        new: stations that are not there yet, shape (stations,).
        most: stations that may be open.
        least: places of open stations that any line has, for the search to know.
        shortest: no cycle is shorter; None: the cycle is given, and not asked for.
        spare: places that may be added to stations.
        spare_each: places that may be added to one station; None: all of them.
        folded: whether the line is a U.
        together: sets of tasks at one station.
        apart: sets of tasks of which no two are at one station.
        allowed: stations where a task may be; all where it is left out.
        scores: ergonomic scores, whole numbers, shape (n,).
        cap: largest sum of scores at a station; None: any.
        resources: of which each station with tasks has one, at each of its places; nothing: anybody will do.
        cheapest: no staff costs less, for the search to know.
        variants: times by product whose differences at a station count, shape (variants, n); None: no matter.
    """

    times: Ints
    start: Ints
    end: Ints
    cycle: int
    places: Ints
    new: Ints
    most: int
    least: int = 0
    shortest: int | None = None
    spare: int = 0
    spare_each: int | None = None
    folded: bool = False
    together: tuple[tuple[int, ...], ...] = ()
    apart: tuple[tuple[int, ...], ...] = ()
    allowed: dict[int, frozenset[int]] = field(default_factory=dict)
    scores: Ints | None = None
    cap: int | None = None
    resources: tuple[Resource, ...] = ()
    cheapest: int = 0
    variants: Ints | None = None

    @property
    def tasks(self) -> int:
        """Give the number of tasks."""
        return int(self.times.shape[1])

    @property
    def stations(self) -> int:
        """Give the number of stations, those that are not there yet included."""
        return len(self.places)

    @property
    def deeper(self) -> int:
        """Give how many places may be added to one station."""
        return self.spare if self.spare_each is None else min(self.spare, self.spare_each)

    @property
    def fastest(self) -> Ints:
        """Give the least time of each task with any resource that can do it, shape (products, n)."""
        found = np.full_like(self.times, LARGE) if self.resources else self.times
        for one in self.resources:
            able = sorted(one.able)
            found[:, able] = np.minimum(found[:, able], one.times[:, able])
        return np.where(found == LARGE, self.times, found)

    def station(self, position: int) -> int:
        """Give the station of a position; on the way out of a U stations come in reverse."""
        return position if position < self.stations else 2 * self.stations - 1 - position

    def anew(self, most: int) -> "Assigning":
        """Give the same for so many stations at most, none of which is there yet, of one place each."""
        ones = np.ones(most, np.int64)
        spare = most * (self.spare_each or 0)
        return replace(self, places=ones, new=ones, most=most, spare=spare)


@dataclass(frozen=True, eq=False)
class Posed:
    """A program with what its columns mean.

    Arguments:
        program: what CP-SAT solves.
        at: flag of each task at each position of its window.
        used: flag of each station: open.
        added: number of places added to each station; nothing where none may be.
        pace: the cycle; None where it is given.
        depth: flag of each number of added places, from 0, of each station; nothing where it does not matter.
        staff: flag of each resource at each station.
        heads: number of each resource at each station.
        gaps: largest and least work of any product at each station; nothing where it does not matter.
    """

    program: FlagProgram
    at: tuple[dict[int, int], ...]
    used: tuple[int, ...]
    added: tuple[int, ...]
    pace: int | None = None
    depth: tuple[tuple[int, ...], ...] = ()
    staff: tuple[tuple[int, ...], ...] = ()
    heads: tuple[tuple[int, ...], ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()

    def positions(self, values: tuple[int, ...]) -> Ints:
        """Give the position of each task from the values of a solution."""
        return np.array([next(p for p, flag in row.items() if values[flag]) for row in self.at], np.int64)

    def places_added(self, values: tuple[int, ...]) -> Ints:
        """Give the places added to each station."""
        return np.array([values[column] for column in self.added] or [0] * len(self.used), np.int64)

    def staffed(self, values: tuple[int, ...]) -> Ints:
        """Give the resource at each station, -1 where there is none."""
        chosen = [[at for at, flag in enumerate(row) if values[flag]] for row in self.staff]
        return np.array([row[0] if row else -1 for row in chosen] or [-1] * len(self.used), np.int64)

    def start_from(self, positions: Ints, added: Ints, stations: Ints, cycle: int = 0) -> None:
        """Begin the search at a solution, or near one: positions of tasks, their stations, the cycle."""
        hint: list[int | None] = [None] * len(self.program.ranges)
        for row, position in zip(self.at, positions.tolist(), strict=True):
            for place, flag in row.items():
                hint[flag] = int(place == position)
        for station, flag in enumerate(self.used):
            hint[flag] = int(station in stations)
        for column, count in zip(self.added, added.tolist(), strict=False):
            hint[column] = count
        if self.pace is not None:
            hint[self.pace] = cycle
        self.program.hint = tuple(hint)


def here(posed: Posed, given: Assigning, task: int, station: int) -> list[int]:
    """Give the flags of a task at a station: one, two in a U, or none."""
    row = posed.at[task]
    return [row[p] for p in (station, 2 * given.stations - 1 - station) if p in row]


def at_most(program: FlagProgram, terms: Terms, high: int, when: tuple[int, ...] = ()) -> None:
    """Ask that a sum of factors times columns is at most `high`, where all flags of `when` are 1."""
    if terms:
        program.rows.append(_row(terms, -LARGE, high, when))


def equal_to(program: FlagProgram, terms: Terms, value: int) -> None:
    """Ask that a sum of factors times columns has a value."""
    if terms:
        program.rows.append(_row(terms, value, value))


def minimise(program: FlagProgram, terms: Terms) -> None:
    """Ask for the least sum of factors times columns."""
    program.cost = (tuple(column for column, _ in terms), tuple(factor for _, factor in terms))


def _row(terms: Terms, low: int, high: int, when: tuple[int, ...] = ()) -> Row:
    return Row(tuple(column for column, _ in terms), tuple(factor for _, factor in terms), low, high, when)
