"""One replication event by event: what every server does, and what waits in every queue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, numbers
from genba.line.kernels.event_line import advance
from genba.line.kernels.event_observe import Lane
from genba.line.kernels.event_plan import EventPlan
from genba.line.kernels.event_template import grow, template_of
from genba.line.kernels.event_world import EMPTY, FULL, HORIZON, RUNNING
from genba.line.kernels.side_by_side import Heed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LONGEST = 40_000
"""Events after which the rest is not told: a picture shows far fewer."""
HEEDED = 1000
"""Events between two looks at whether to stop: some 20 ms."""


@dataclass(frozen=True, eq=False)
class Course:
    """What stands from each event until the next; a row per event.

    Arguments:
        times: when, s, the beginning first and the end last, shape (rows,).
        states: what every server does, by the numbers of `event_world`, shape (rows, servers).
        units: number of its part at the station, from 1; 0 where it has none, same shape.
        waiting: parts in every queue, shape (rows, queues).
        station: of each server, shape (servers,).
    """

    times: Floats
    states: Ints
    units: Ints
    waiting: Ints
    station: Ints


def course(plan: EventPlan, replication: int, start: float, end: float, heed: Heed) -> Course:
    """Tell what happens between two times, s, in one replication."""
    lane = Lane(template_of(plan), replication)
    lane.go(start, heed)
    seen = _Seen(lane.m)
    seen.note(lane.m, start)
    m = lane.m
    numbers(m)[at.HORIZON_TIME] = end
    m[at.STATUS] = RUNNING if m[at.STATUS] == HORIZON else m[at.STATUS]
    for event in range(LONGEST):
        status = advance(m, numbers(m), 1)
        if status == FULL:
            m = grow(m)
            continue
        seen.note(m, float(numbers(m)[at.NOW]))
        if status != RUNNING:
            break
        if event % HEEDED == 0:
            heed()
    return seen.course()


class _Seen:
    """Rows so far, and which part each server has."""

    def __init__(self, m: Cells) -> None:
        self.servers = np.arange(m[at.SERVERS], m[at.SERVERS_END], at.SERVER)
        self.queues = np.arange(m[at.QUEUES], m[at.QUEUES_END], at.QUEUE)
        self.stations = np.arange(m[at.STATIONS], m[at.STATIONS_END], at.STATION)
        self.station = m[m[self.servers + at.SERVER_STATION] + at.STATION_NUMBER]
        self.parts = np.full(len(self.servers), -1)
        self.units = np.zeros(len(self.servers), np.int64)
        self.started = m[self.stations + at.STATION_STARTED] - m[self.stations + at.STATION_BUSY]
        self.rows: list[tuple[float, Ints, Ints, Ints]] = []

    def note(self, m: Cells, now: float) -> None:
        """Add what stands after an event; of several at one time the last."""
        self._number(m)
        row = (now, m[self.servers + at.SERVER_STATE], self.units.copy(), m[self.queues + at.QUEUE_WAITING])
        if self.rows and self.rows[-1][0] == now:
            self.rows.pop()
        self.rows.append(row)

    def _number(self, m: Cells) -> None:
        """Give numbers to the parts that servers have taken since the last event."""
        started = m[self.stations + at.STATION_STARTED]
        held = np.where(m[self.servers + at.SERVER_PHASE] == EMPTY, -1, m[self.servers + at.SERVER_PART])
        self.units[held < 0] = 0
        for k in np.flatnonzero(started != self.started).tolist():
            mine = np.flatnonzero((self.station == k) & (held >= 0))
            new = mine[self.parts[mine] != held[mine]] if len(mine) > 1 else mine
            self.units[new] = started[k] - np.arange(len(new))[::-1]
        self.started, self.parts = started, held

    def course(self) -> Course:
        """Give all rows."""
        times, states, units, waiting = (list(column) for column in zip(*self.rows, strict=True))
        return Course(np.array(times), np.array(states), np.array(units), np.array(waiting), self.station)


__all__ = ["Course", "course"]
