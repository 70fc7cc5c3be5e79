"""Tasks at stations under every rule of a line, as a program of flags for CP-SAT.

A station has one position on the way of a unit, or two where the line is a U: on the way in and on the way
out. A task has a flag for each position of its window; what is done by a position must have its predecessors
done by then. Windows come from the work before and after a task, as in SALBP, counted in stations that can be
open: stations may be closed, and places for new ones may lie anywhere between.
"""

from dataclasses import dataclass, field

import numpy as np

from genba.line.kernels.bits import Ints, members
from genba.line.kernels.precedence import closure, reduced, transposed
from genba.num.solvers.cpsat import FlagProgram, Row

LARGE = 1 << 50
"""No limit on one side."""
Terms = list[tuple[int, int]]


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
        least: stations that are open in any case, the first ones; for lines of which all are new.
        shortest: no cycle is shorter; None: the cycle is given, and not asked for.
        spare: places that may be added to stations.
        folded: whether the line is a U.
        together: sets of tasks at one station.
        apart: sets of tasks of which no two are at one station.
        allowed: stations where a task may be; all where it is left out.
        scores: ergonomic scores, whole numbers, shape (n,).
        cap: largest sum of scores at a station; None: any.
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
    folded: bool = False
    together: tuple[tuple[int, ...], ...] = ()
    apart: tuple[tuple[int, ...], ...] = ()
    allowed: dict[int, frozenset[int]] = field(default_factory=dict)
    scores: Ints | None = None
    cap: int | None = None

    @property
    def tasks(self) -> int:
        """Give the number of tasks."""
        return int(self.times.shape[1])

    @property
    def stations(self) -> int:
        """Give the number of stations, those that are not there yet included."""
        return len(self.places)

    def station(self, position: int) -> int:
        """Give the station of a position; on the way out of a U stations come in reverse."""
        return position if position < self.stations else 2 * self.stations - 1 - position


@dataclass(frozen=True, eq=False)
class Posed:
    """A program with what its columns mean.

    Arguments:
        program: what CP-SAT solves.
        at: flag of each task at each position of its window.
        used: flag of each station: open.
        added: number of places added to each station; nothing where none may be.
        pace: the cycle; None where it is given.
    """

    program: FlagProgram
    at: tuple[dict[int, int], ...]
    used: tuple[int, ...]
    added: tuple[int, ...]
    pace: int | None = None

    def positions(self, values: tuple[int, ...]) -> Ints:
        """Give the position of each task from the values of a solution."""
        return np.array([next(p for p, flag in row.items() if values[flag]) for row in self.at], np.int64)

    def places_added(self, values: tuple[int, ...]) -> Ints:
        """Give the places added to each station."""
        return np.array([values[column] for column in self.added] or [0] * len(self.used), np.int64)

    def start_from(self, positions: Ints, added: Ints, stations: Ints, cycle: int = 0) -> None:
        """Begin the search at a solution, or near one: positions of tasks, their stations, the cycle."""
        hint = [0] * len(self.program.ranges)
        for row, position in zip(self.at, positions.tolist(), strict=True):
            if position in row:
                hint[row[position]] = 1
        for station in stations.tolist():
            hint[self.used[station]] = 1
        for column, count in zip(self.added, added.tolist(), strict=False):
            hint[column] = count
        if self.pace is not None:
            hint[self.pace] = cycle
        self.program.hint = tuple(hint)


def pose(given: Assigning) -> Posed | None:
    """Ask for any assignment; None when a task has no position left."""
    seen = windows(given)
    if any(not window for window in seen):
        return None
    program = FlagProgram()
    at = tuple({p: program.column(0, 1) for p in window} for window in seen)
    used = tuple(program.column(int(s < given.least), 1) for s in range(given.stations))
    added = tuple(program.column(0, given.spare) for _ in range(given.stations if given.spare else 0))
    pace = None if given.shortest is None else program.column(given.shortest, given.cycle)
    posed = Posed(program, at, used, added, pace)
    program.one_of += [tuple(row.values()) for row in at]
    at_most(program, [(flag, 1) for flag in used], given.most)
    at_most(program, [(column, 1) for column in added], given.spare)
    _precede(posed, given)
    _load(posed, given)
    _group(posed, given)
    _fill_in_order(posed, given)
    return posed


def windows(given: Assigning) -> list[tuple[int, ...]]:
    """Give the positions at which each task may be."""
    straight = _straight(given) if not given.folded else [range(2 * given.stations)] * given.tasks
    everywhere = frozenset(range(given.stations))
    return [
        tuple(p for p in window if given.station(p) in given.allowed.get(task, everywhere))
        for task, window in enumerate(straight)
    ]


def _straight(given: Assigning) -> list[range]:
    """Give windows from the work that must be done before and after a task."""
    n, most = given.tasks, given.most
    before = closure(n, given.start, given.end)
    room = np.empty(n, np.int64)
    full = given.cycle * int(given.places.max() + given.spare)
    openable = _openable(given.new, most)  # (stations,) that may be open up to each
    behind = _openable(given.new[::-1], most)[::-1]
    found = []
    for task, (heads, tails) in enumerate(zip(before, transposed(before), strict=True)):
        head = given.times[:, [task, *room[: members(heads, room)]]].sum(axis=1).max()
        tail = given.times[:, [task, *room[: members(tails, room)]]].sum(axis=1).max()
        first, last = max(1, -(-int(head) // full)), max(1, -(-int(tail) // full))
        if first + last - 1 > most:
            found.append(range(0))
            continue
        places = np.flatnonzero((openable >= first) & (behind >= last))
        found.append(range(int(places[0]), int(places[-1]) + 1) if len(places) else range(0))
    return found


def _openable(new: Ints, most: int) -> Ints:
    """Give how many stations can be open up to each; of new ones no more than all that are asked for."""
    today = np.cumsum(1 - new)
    return np.asarray(np.minimum(today + np.minimum(np.cumsum(new), most), most))


def _precede(posed: Posed, given: Assigning) -> None:
    """Ask that what is done by a position has all its direct predecessors done by then."""
    before = closure(given.tasks, given.start, given.end)
    start, end = reduced(given.start, given.end, before)
    for one, other in zip(start.tolist(), end.tolist(), strict=True):
        earlier, later = posed.at[one], posed.at[other]
        for p in sorted(later):
            sooner = [(flag, -1) for position, flag in earlier.items() if position <= p]
            if len(sooner) < len(earlier):
                done = [(flag, 1) for position, flag in later.items() if position <= p]
                at_most(posed.program, [*done, *sooner], 0)


def here(posed: Posed, given: Assigning, task: int, station: int) -> list[int]:
    """Give the flags of a task at a station: one, two in a U, or none."""
    return [flag for position, flag in posed.at[task].items() if given.station(position) == station]


def _load(posed: Posed, given: Assigning) -> None:
    """Ask for the cycle with every product, for the cap on scores, and for open stations."""
    products = np.unique(given.times, axis=0)
    for station, used in enumerate(posed.used):
        flags = [(flag, task) for task in range(given.tasks) for flag in here(posed, given, task, station)]
        open_places = [(used, -given.cycle * int(given.places[station]))]
        if posed.added:
            open_places.append((posed.added[station], -given.cycle))
            at_most(posed.program, [(posed.added[station], 1), (used, -given.spare)], 0)
        for times in products.tolist():
            load = [(f, times[t]) for f, t in flags if times[t]]
            at_most(posed.program, [*load, *open_places], 0)
            if posed.pace is not None:
                at_most(posed.program, [*load, (posed.pace, -1)], 0)
        for flag, _ in flags:
            at_most(posed.program, [(flag, 1), (used, -1)], 0)
        if given.cap is not None and given.scores is not None:
            scores = given.scores.tolist()
            at_most(posed.program, [(f, scores[t]) for f, t in flags if scores[t]], given.cap)


def _group(posed: Posed, given: Assigning) -> None:
    """Keep tasks together and apart."""
    for station in range(given.stations):
        for group in given.together:
            lead = [(flag, 1) for flag in here(posed, given, group[0], station)]
            for task in group[1:]:
                both = [*lead, *((flag, -1) for flag in here(posed, given, task, station))]
                if both:
                    posed.program.rows.append(_row(both, 0, 0))
        for group in given.apart:
            at_most(
                posed.program,
                [(flag, 1) for task in set(group) for flag in here(posed, given, task, station)],
                1,
            )


def _fill_in_order(posed: Posed, given: Assigning) -> None:
    """Open new stations that stand side by side in their order, since they are all alike."""
    for station in range(1, given.stations):
        if given.new[station] and given.new[station - 1]:
            at_most(posed.program, [(posed.used[station], 1), (posed.used[station - 1], -1)], 0)


def at_most(program: FlagProgram, terms: Terms, high: int) -> None:
    """Ask that a sum of factors times columns is at most `high`."""
    if terms:
        program.rows.append(_row(terms, -LARGE, high))


def minimise(program: FlagProgram, terms: Terms) -> None:
    """Ask for the least sum of factors times columns."""
    program.cost = (tuple(column for column, _ in terms), tuple(factor for _, factor in terms))


def _row(terms: Terms, low: int, high: int) -> Row:
    return Row(tuple(column for column, _ in terms), tuple(factor for _, factor in terms), low, high)
