"""Line balancing with rules besides precedence and time, as a program of flags for CP-SAT.

A task has a flag for each station of its window and one for having been done by then; precedence binds the
latter. Windows come from the work before and after a task, as in SALBP.
"""

from dataclasses import dataclass, field

import numpy as np

from genba.line.kernels.bits import Ints, members
from genba.line.kernels.precedence import closure, reduced, transposed
from genba.num.solvers.cpsat import FlagProgram, Row

LARGE = 1 << 50
"""No limit from below."""


@dataclass(frozen=True, eq=False)
class Ruled:
    """Tasks with rules, by their places in the list of tasks.

    Arguments:
        times: whole numbers, shape (n,).
        start, end: the two tasks of each direct precedence.
        together: sets of tasks at one station.
        apart: pairs of tasks not at one station.
        fixed: stations from 0 that a task may be at, by task.
        scores: ergonomic scores, whole numbers, shape (n,).
        cap: largest sum of scores at a station; None: any.
    """

    times: Ints
    start: Ints
    end: Ints
    together: tuple[tuple[int, ...], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    fixed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    scores: Ints | None = None
    cap: int | None = None


@dataclass(frozen=True, eq=False)
class Posed:
    """The program, with the flags of each task by station, and the columns of the objective.

    Arguments:
        program: what CP-SAT solves.
        here: flag of each task at each station of its window.
    """

    program: FlagProgram
    here: tuple[dict[int, int], ...]

    def stations(self, values: tuple[int, ...]) -> Ints:
        """Give the station of each task from the values of a solution."""
        return np.array([next(s for s, flag in row.items() if values[flag]) for row in self.here], np.int64)


def pose_stations(ruled: Ruled, cycle: int, least: int, most: int) -> Posed | None:
    """Ask for the fewest of `least` to `most` stations; None when a task has no station left."""
    windows = _windows(ruled, cycle, most)
    if windows is None:
        return None
    program = FlagProgram()
    used = [program.column(1 if s < least else 0, 1) for s in range(most)]
    posed = _placed(program, ruled, windows)
    for s in range(most):
        flags = [(row[s], int(ruled.times[task])) for task, row in enumerate(posed.here) if s in row]
        _at_most(program, [*flags, (used[s], -cycle)], 0)
        if s:
            _at_most(program, [(used[s], 1), (used[s - 1], -1)], 0)
        for flag, _ in flags if s >= least else ():
            _at_most(program, [(flag, 1), (used[s], -1)], 0)
    program.cost = (tuple(used), (1,) * most)
    return posed


def pose_cycle(ruled: Ruled, stations: int, low: int, high: int) -> Posed | None:
    """Ask for the shortest cycle within `low` to `high` of a line of so many stations."""
    windows = _windows(ruled, high, stations)
    if windows is None:
        return None
    program = FlagProgram()
    cycle = program.column(low, high)
    posed = _placed(program, ruled, windows)
    for s in range(stations):
        flags = [(row[s], int(ruled.times[task])) for task, row in enumerate(posed.here) if s in row]
        _at_most(program, [*flags, (cycle, -1)], 0)
    program.cost = ((cycle,), (1,))
    return posed


def _windows(ruled: Ruled, cycle: int, most: int) -> list[tuple[int, ...]] | None:
    """Give the stations from 0 at which each task may be; None when one has none."""
    n = len(ruled.times)
    before = closure(n, ruled.start, ruled.end)
    room = np.empty(n, np.int64)
    found = []
    for task, (heads, tails) in enumerate(zip(before, transposed(before), strict=True)):
        head = int(ruled.times[room[: members(heads, room)]].sum() + ruled.times[task])
        tail = int(ruled.times[room[: members(tails, room)]].sum() + ruled.times[task])
        window = range(max(1, -(-head // cycle)) - 1, most + 1 - max(1, -(-tail // cycle)))
        found.append(tuple(s for s in window if s in ruled.fixed.get(task, window)))
    return None if any(not window for window in found) else found


def _placed(program: FlagProgram, ruled: Ruled, windows: list[tuple[int, ...]]) -> Posed:
    here = tuple({s: program.column(0, 1) for s in window} for window in windows)
    program.one_of += [tuple(row.values()) for row in here]
    _precede(program, ruled, here)
    stations = sorted({s for window in windows for s in window})
    for group in ruled.together:
        for task in group[1:]:
            for s in stations:
                pair = [(here[group[0]].get(s), 1), (here[task].get(s), -1)]
                _equal(program, [(flag, factor) for flag, factor in pair if flag is not None])
    for one, other in ruled.apart:
        for s in here[one].keys() & here[other].keys():
            _at_most(program, [(here[one][s], 1), (here[other][s], 1)], 1)
    if ruled.cap is not None and ruled.scores is not None:
        for s in stations:
            scores = [(row[s], int(ruled.scores[task])) for task, row in enumerate(here) if s in row]
            _at_most(program, scores, ruled.cap)
    return Posed(program, here)


def _precede(program: FlagProgram, ruled: Ruled, here: tuple[dict[int, int], ...]) -> None:
    """Ask that what is done by a station has all its direct predecessors done by then."""
    before = closure(len(ruled.times), ruled.start, ruled.end)
    start, end = reduced(ruled.start, ruled.end, before)
    for one, other in zip(start.tolist(), end.tolist(), strict=True):
        for s in sorted(set(here[one]) | set(here[other])):
            sooner = [(flag, -1) for place, flag in here[one].items() if place <= s]
            later = [(flag, 1) for place, flag in here[other].items() if place <= s]
            if later and len(sooner) < len(here[one]):
                _at_most(program, [*later, *sooner], 0)


def _at_most(program: FlagProgram, terms: list[tuple[int, int]], high: int) -> None:
    if terms:
        program.rows.append(Row(tuple(c for c, _ in terms), tuple(f for _, f in terms), -LARGE, high))


def _equal(program: FlagProgram, terms: list[tuple[int, int]]) -> None:
    if terms:
        program.rows.append(Row(tuple(c for c, _ in terms), tuple(f for _, f in terms), 0, 0))
