"""Replications of the event engine, seen in windows of time as the recursion's are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import genba.line.kernels.event_cells as at
from genba.core.errors import InputError
from genba.line.kernels.event_cells import Cells, numbers
from genba.line.kernels.event_line import advance, close_books, open_line
from genba.line.kernels.event_plan import EventPlan
from genba.line.kernels.event_run import ENDINGS
from genba.line.kernels.event_template import grow, start, template_of
from genba.line.kernels.event_world import (
    DOWN,
    DRAINED,
    FULL,
    HORIZON,
    OFF,
    RUNNING,
    SETTING,
    STANDBY,
    STARVED,
    STUCK,
    WAITING,
    WORKING,
)
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.replications import Observed, Series, joined

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BUDGET = 50_000
"""Events between two looks at whether to stop: some 20 ms."""
REMEDY = {
    "deadlock": "parts wait for each other's places for ever: widen the buffers where they go round",
    "endless": "parts go round in no time: give a station of the loop a time",
    "draws spent": "the times drawn before are used up: draw more",
}


@dataclass(frozen=True, eq=False)
class _Sums:
    """What has been counted up to a time."""

    units: float
    inside: int
    entered: int
    scrapped: int
    merged: int
    states: Floats  # (stations, STATES), s
    waited: Floats  # (queues,), s


class Lane:
    """One replication on its way, and the units that have left it."""

    def __init__(self, template: Cells, replication: int) -> None:
        """Begin with an empty line at time 0."""
        self.m = start(template, replication, exits=BUDGET)
        open_line(self.m, numbers(self.m))
        self.left: list[Floats] = []
        self.entered: list[Floats] = []
        self.seen = 0

    def go(self, until: float, heed: Callable[[], None]) -> None:
        """Run until a time, s.

        Raises:
            InputError: when the line comes to a stand or goes round in no time.
        """
        numbers(self.m)[at.HORIZON_TIME] = until
        if self.m[at.STATUS] == HORIZON:
            self.m[at.STATUS] = RUNNING
        while True:
            status = advance(self.m, numbers(self.m), BUDGET)
            self._drain()
            heed()
            if status == FULL:
                self.m = grow(self.m)
            elif status == DRAINED:
                numbers(self.m)[at.NOW] = until
                return
            elif status == HORIZON:
                return
            elif status != RUNNING:
                raise stopped(self.m, ENDINGS[status])

    def sums(self) -> _Sums:
        """Give what has been counted so far."""
        m, x = self.m, numbers(self.m)
        close_books(m, x)
        servers = np.arange(m[at.SERVERS], m[at.SERVERS_END], at.SERVER)
        queues = np.arange(m[at.QUEUES], m[at.QUEUES_END], at.QUEUE)
        station = m[m[servers + at.SERVER_STATION] + at.STATION_NUMBER]
        states = np.zeros((int(m[at.STATION_COUNT]), at.STATES))
        np.add.at(states, station, x[servers[:, None] + at.SERVER_TIMES + np.arange(at.STATES)])
        return _Sums(
            units=float(x[at.AREA]),
            inside=int(m[at.UNITS]),
            entered=int(m[at.UNITS_ENTERED]),
            scrapped=int(m[at.UNITS_SCRAPPED]),
            merged=int(m[at.UNITS_MERGED]),
            states=states,
            waited=x[queues + at.QUEUE_AREA],
        )

    def _drain(self) -> None:
        """Take the units that have left since the last time."""
        m, x = self.m, numbers(self.m)
        rows = m[at.EXIT_ROWS] + np.arange(self.seen, m[at.EXITS]) % m[at.EXIT_ROOM] * at.EXIT
        self.left.append(x[rows + at.EXIT_TIME])
        self.entered.append(x[rows + at.EXIT_ENTRY])
        self.seen = int(m[at.EXITS])


def stopped(m: Cells, ending: str) -> InputError:
    """Give what to raise when a line comes to a stand."""
    now = float(numbers(m)[at.NOW])
    return InputError(f"the simulation ended at {now:.6g} s: {REMEDY[ending]}", where="line")


def observe_events(
    plan: EventPlan,
    first: int,
    spans: Sequence[tuple[float, float]],
    *,
    links: Sequence[int],
    heed: Callable[[], None] = lambda: None,
) -> tuple[list[Observed], Series]:
    """Simulate LANES replications and look at them in one window or several.

    Arguments:
        plan: the line.
        first: number of the first replication.
        spans: the windows, in order, s.
        links: the queue at the end of each link.
        heed: called now and then; may raise to stop.

    Returns:
        What was seen in each window, and the units that left, in the order in which they did.
    """
    template = template_of(plan)
    lanes = [Lane(template, first + lane) for lane in range(LANES)]
    rows = [_watched(lane, spans, np.asarray(links, np.int64), heed) for lane in lanes]
    return [joined(windows) for windows in zip(*rows, strict=True)], _series(lanes)


def _watched(
    lane: Lane, spans: Sequence[tuple[float, float]], links: Ints, heed: Callable[[], None]
) -> list[Observed]:
    """Run one replication through all windows."""
    counted = []
    for begin, end in spans:
        lane.go(begin, heed)
        before = lane.sums()
        lane.go(end, heed)
        counted.append((begin, end, before, lane.sums()))
    left, entered = np.concatenate(lane.left), np.concatenate(lane.entered)
    return [_seen(*one, left, entered, links) for one in counted]


def _seen(
    begin: float, end: float, before: _Sums, after: _Sums, left: Floats, entered: Floats, links: Ints
) -> Observed:
    """Give one replication's window; a setup counts as work."""
    within = (left > begin) & (left <= end)
    states = after.states - before.states
    return Observed(
        exits=_one(within.sum()),
        lead=_one((left - entered)[within].sum()),
        units=_one(after.units - before.units),
        at_start=_one(before.inside),
        at_end=_one(after.inside),
        entries=_one(after.entered - before.entered),
        scrapped=_one(after.scrapped - before.scrapped),
        merged=_one(after.merged - before.merged),
        working=(states[:, WORKING] + states[:, SETTING])[None],
        down=states[None, :, DOWN],
        blocked=states[None, :, STUCK],
        waiting=states[None, :, WAITING],
        starved=(states[:, STARVED] + states[:, STANDBY])[None],
        off=states[None, :, OFF],
        queued=(after.waited - before.waited)[links][None],
    )


def _one(number: float) -> Floats:
    return np.array([number], np.float64)


def _series(lanes: Sequence[Lane]) -> Series:
    """Give as many units as have left in every replication."""
    left = [np.concatenate(lane.left) for lane in lanes]
    entered = [np.concatenate(lane.entered) for lane in lanes]
    count = min(len(one) for one in left)
    return Series(
        np.stack([one[:count] for one in entered], axis=1), np.stack([one[:count] for one in left], axis=1)
    )


__all__ = ["BUDGET", "REMEDY", "Lane", "observe_events", "stopped"]
