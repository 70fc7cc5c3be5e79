"""Certificate of lines whose tasks have a start: places, waiting, what is lost between tasks and units."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, at_most, equal
from genba.line.certify.station_bound import shares
from genba.line.records.line import Line
from genba.line.records.whole import PER_SECOND, whole
from genba.num.table import Table

Lost = dict[tuple[int, int], int]
"""Microseconds lost when one task follows another, by their places in the line's list."""
REACH = {"left": ("left",), "right": ("right",), "either": ("left", "right")}
"""Sides from which a task can be done."""


@dataclass(frozen=True)
class Timetable:
    """What a result says of when and where tasks are done, by task in the order of the file.

    Arguments:
        times: whole microseconds.
        begin: start within the station; None for a task that the result leaves out.
        place: number of the station, and side; side is empty where the line has one.
        lost: before each task.
        order: the tasks that the result has, in its order.
    """

    times: tuple[int, ...]
    begin: tuple[int | None, ...]
    place: tuple[tuple[int, str], ...]
    lost: tuple[int, ...]
    order: tuple[int, ...]

    def turns(self) -> list[list[int]]:
        """Give the tasks of each place in the order of the result."""
        found: dict[tuple[int, str], list[int]] = {}
        for task in self.order:
            found.setdefault(self.place[task], []).append(task)
        return list(found.values())

    def losses(self, lost: Lost) -> list[int]:
        """Give what is lost before each task, as its neighbours have it."""
        found = [0] * len(self.times)
        for turn in self.turns():
            for one, then in zip((*turn[-1:], *turn[:-1]), turn, strict=True):
                found[then] = lost.get((one, then), 0)
        return found

    def starts(self, task: int) -> int:
        """Give the start of a task that the result has."""
        return self.begin[task] or 0

    def ends(self, task: int) -> int:
        """Give the end of a task that the result has."""
        return self.starts(task) + self.times[task]


def lost_between(line: Line) -> Lost:
    """Give what is lost between tasks: setups, and walks between their zones; of equal rules the longest."""
    number = {task.id: at for at, task in enumerate(line.tasks)}
    zones: dict[str, list[int]] = {}
    for at, task in enumerate(line.tasks):
        zones.setdefault(task.zone, []).append(at)
    setups: Lost = {}
    for setup in line.rules.setups:
        pair = (number[setup.task], number[setup.then])
        setups[pair] = max(setups.get(pair, 0), whole(setup.time))
    walks: Lost = {}
    for walk in line.rules.walks:
        for pair in product(zones.get(walk.zone, ()), zones.get(walk.then, ())):
            walks[pair] = max(walks.get(pair, 0), whole(walk.time))
    both = {pair: setups.get(pair, 0) + walks.get(pair, 0) for pair in {*setups, *walks}}
    return {pair: time for pair, time in both.items() if time}


def timetable(line: Line, times: tuple[int, ...], assignments: Table) -> Timetable:
    """Read a result's table of tasks: those of a place are in the order in which they are done."""
    number = {task.id: at for at, task in enumerate(line.tasks)}
    begin: list[int | None] = [None] * len(number)
    place, told, order = [(0, "")] * len(number), [0] * len(number), []
    for row in assignments.rows():
        task = number.get(str(row["task"]))
        if task is not None and begin[task] is None:
            begin[task], told[task] = whole(float(row["start"] or 0.0)), whole(float(row["lost"] or 0.0))
            place[task] = (int(row["station"] or 0), str(row["side"]))
            order.append(task)
    return Timetable(times, tuple(begin), tuple(place), tuple(told), tuple(order))


def schedule_claims(line: Line, told: Timetable, cycle: int, lost: Lost) -> list[Claim]:
    """Check sides, turns, waiting, and that the next unit can follow a cycle later."""
    first = min((begin for begin in told.begin if begin is not None), default=0)
    latest = max((told.ends(task) for turn in told.turns() for task in turn), default=0)
    return [
        equal(
            "sides",
            _astray(line, told),
            expected=0,
            method="Tasks at a side they cannot be done from are counted.",
        ),
        at_most(
            "ends_within_cycle",
            (latest if first >= 0 else cycle + 1) / PER_SECOND,
            bound=cycle / PER_SECOND,
            unit="s",
            method="The end of the latest task is compared with the cycle time; none starts before 0.",
        ),
        at_most(
            "in_turn",
            _overlap(told, lost) / PER_SECOND,
            bound=0,
            unit="s",
            method="The most by which a task starts too soon after the one before it at its place, setup and "
            "walking included.",
        ),
        at_most(
            "order_in_time",
            _too_soon(line, told) / PER_SECOND,
            bound=0,
            unit="s",
            method="The most by which a task starts before a predecessor at its station is finished.",
        ),
        at_most(
            "next_unit",
            max((_round(told, turn, lost) for turn in told.turns()), default=0) / PER_SECOND,
            bound=cycle / PER_SECOND,
            unit="s",
            method="The longest time from the first start at a place to when the next unit can start there, "
            "setup and walking included.",
        ),
    ]


def _astray(line: Line, told: Timetable) -> int:
    """Count tasks at a side from which they cannot be done."""
    sided = line.shape == "two-sided"
    return sum(
        side not in (REACH[task.side] if sided else ("",))
        for task, (_, side), begin in zip(line.tasks, told.place, told.begin, strict=True)
        if begin is not None
    )


def _overlap(told: Timetable, lost: Lost) -> int:
    pairs = (pair for turn in told.turns() for pair in pairwise(turn))
    return max((told.ends(a) + lost.get((a, b), 0) - told.starts(b) for a, b in pairs), default=0)


def _too_soon(line: Line, told: Timetable) -> int:
    number = {task.id: at for at, task in enumerate(line.tasks)}
    pairs = ((number[before], number[task.id]) for task in line.tasks for before in task.after)
    same = ((a, b) for a, b in pairs if told.place[a][0] == told.place[b][0])
    return max((told.ends(a) - told.starts(b) for a, b in same), default=0)


def _round(told: Timetable, turn: list[int], lost: Lost) -> int:
    return told.ends(turn[-1]) + lost.get((turn[-1], turn[0]), 0) - told.starts(turn[0])


def timed_stations_needed(
    line: Line, times: Sequence[int], before: Sequence[frozenset[int]], cycle: int, lost: Lost
) -> int:
    """Give how many stations any such line needs at least: by time, sizes, chains.

    Each task counts with the least that is lost before it: at its place some task is always the one before,
    of the same unit or of the last. Where no line exists, that is more than a line can use.
    """
    n, sided = len(times), line.shape == "two-sided"
    counted = _with_least_loss(times, lost)
    if max(counted) > cycle:
        return n + 1 + max((number for one in line.rules.fixed for number in one.stations), default=0)
    sets = np.eye(n, dtype=bool)  # (n, n): what is before a task, itself included
    for task, heads in enumerate(before):
        sets[task, list(heads)] = True
    ahead, behind = _chain(times, before), _chain(times, _turned(before))
    first, last = -(-ahead // cycle), -(-behind // cycle)
    parts = [(np.ones(n, bool), 1 + sided)]
    if sided:
        parts += [(np.array([task.side == side for task in line.tasks]), 1) for side in ("left", "right")]
    work = np.array(counted, np.int64)
    for part, places in parts:
        room = places * cycle
        first = np.maximum(first, -(-(sets @ (work * part)) // room))
        last = np.maximum(last, -(-(sets.T @ (work * part)) // room))
    best = int((first + last).max()) - 1
    for share, full in shares(work, cycle):
        best = max(best, *(-(-int(share[part].sum()) // (places * full)) for part, places in parts))
    return best


def _with_least_loss(times: Sequence[int], lost: Lost) -> list[int]:
    """Give times with the least that is lost before each task, whichever task is the one before."""
    n = range(len(times))
    return [times[then] + (min(lost.get((one, then), 0) for one in n) if lost else 0) for then in n]


def _turned(before: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    return [frozenset(b for b, heads in enumerate(before) if a in heads) for a in range(len(before))]


def _chain(times: Sequence[int], before: Sequence[frozenset[int]]) -> NDArray[np.int64]:
    """Give the time of the longest chain that ends with each task; with fewer before it, one comes first."""
    found = [0] * len(times)
    for task in sorted(range(len(times)), key=lambda one: len(before[one])):
        found[task] = times[task] + max((found[one] for one in before[task]), default=0)
    return np.array(found, np.int64)


def timed_places_needed(line: Line, times: Sequence[int], cycle: int, lost: Lost) -> int:
    """Give how many places any line needs at least, each side for itself too."""
    best, counted = 1, _with_least_loss(times, lost)
    sides = [np.array([task.side == side for task in line.tasks]) for side in ("left", "right")]
    for share, full in shares(np.array(counted, np.int64), cycle):
        best = max(
            best, -(-int(share.sum()) // full), sum(-(-int(share[side].sum()) // full) for side in sides)
        )
    return best
