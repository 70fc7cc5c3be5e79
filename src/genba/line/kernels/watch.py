"""What is seen of a line within a window of time: how stations spend it, what waits, what comes and goes.

Each interval adds its clipped end less its clipped start. Stations' times are summed apart by starts, ends
and departures, each less the window's end, so that parts after the window add nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.calendar_failures import BEGUN, DONE, FREE, Chance, Outages
from genba.line.kernels.flow_line import Plan, State
from genba.line.kernels.occupations import CALENDAR
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
START, FINISH, LEAVE, REPAIRED, DOWN_IDLE, DOWN_BLOCKED = range(6)
"""Rows of `Seen.stations`."""
EXITS, LEAD, UNITS, AT_START, AT_END, ENTRIES = range(6)
"""Rows of `Seen.flow`."""


class Window(NamedTuple):
    """What to look at.

    Arguments:
        start: when it begins, s.
        end: when it ends, s.
        entry: station by whose starts units enter the line.
        arrivals: whether that station stands for arrivals, so that leaving it is entering.
        exit: station by which they leave it.
    """

    start: float
    end: float
    entry: int
    arrivals: bool
    exit: int


class Seen(NamedTuple):
    """Sums within the window.

    Arguments:
        entered: when units entered the line, a ring over parts, s, shape (ring, LANES).
        stations: clipped times of every station, s, shape (stations, 6, LANES).
        queued: clipped times at which parts got to each link's end, s, shape (links, LANES).
        flow: exits, their time in the line (s), unit-seconds, units at start and end, entries, (6, LANES).
    """

    entered: Floats
    stations: Floats
    queued: Floats
    flow: Floats


def nothing_seen(plan: Plan, state: State) -> Seen:
    """Give sums before anything has happened."""
    return Seen(
        entered=np.zeros(state.left.shape[1:]),
        stations=np.zeros((len(plan.servers), 6, LANES)),
        queued=np.zeros((len(plan.source), LANES)),
        flow=np.zeros((6, LANES)),
    )


@kernel
def watch(
    plan: Plan, state: State, window: Window, seen: Seen, chance: Chance, block: int, down: Floats
) -> None:
    """Add the block that `advance` has just passed to the sums.

    Arguments:
        plan: the line.
        state: where it stands.
        window: what to look at.
        seen: the sums; added to.
        chance: what failures by the calendar draw.
        block: number of the block.
        down: repairs on operating time, a ring over parts, s, shape (stations, a power of two, LANES).
    """
    for k in range(plan.servers.size):
        for row in range(DRAWS):
            n = block * DRAWS + row - plan.lag[k]
            if n >= 0:
                _station(plan, state, window, seen, k, n, row, down)
                for at in range(plan.before[k], plan.before[k + 1]):
                    _link(plan, state, window, seen, plan.feeds[at], n)
                if plan.clock[k] == CALENDAR:
                    _outages(state, window, seen, chance.outages, k, n, row)
    for row in range(DRAWS):
        _flow(plan, state, window, seen, block * DRAWS + row, row)


@inlined
def _station(
    plan: Plan, state: State, window: Window, seen: Seen, k: int, n: int, row: int, down: Floats
) -> None:
    started, finished, left, sums = state.started, state.finished, state.left, seen.stations
    low, high, held = window.start, window.end, n & (down.shape[1] - 1)
    j = n - plan.servers[k] + 1
    here = j & (left.shape[1] - 1)
    for lane in range(LANES):
        begun = min(max(started[k, row, lane], low), high)
        ended = min(max(finished[k, row, lane], low), high)
        sums[k, START, lane] += begun - high
        sums[k, FINISH, lane] += ended - high
        sums[k, REPAIRED, lane] += min(down[k, held, lane], ended - begun)
    if j >= 0:
        for lane in range(LANES):
            sums[k, LEAVE, lane] += min(max(left[k, here, lane], low), high) - high


@inlined
def _link(plan: Plan, state: State, window: Window, seen: Seen, link: int, n: int) -> None:
    left, queued, source = state.left, seen.queued, plan.source[link]
    low, high, travel, here = window.start, window.end, plan.travel[link], n & (state.left.shape[1] - 1)
    for lane in range(LANES):
        queued[link, lane] += min(max(left[source, here, lane] + travel, low), high) - high


@inlined
def _outages(state: State, window: Window, seen: Seen, outages: Outages, k: int, n: int, row: int) -> None:
    """Part the time of a station that fails by the calendar from the outages in it."""
    left, sums, passed, ring = state.left, seen.stations, outages.passed, state.left.shape[1] - 1
    low, high = window.start, window.end
    for lane in range(LANES):
        begun = min(max(state.started[k, row, lane], low), high)
        ended = min(max(state.finished[k, row, lane], low), high)
        free = min(max(left[k, (n - 1) & ring, lane], low), high)
        last = outages.before[k, lane] if row == 0 else passed[k, DONE, row - 1, lane]
        at_free, at_start = passed[k, FREE, row, lane], passed[k, BEGUN, row, lane]
        sums[k, REPAIRED, lane] += min(passed[k, DONE, row, lane] - at_start, ended - begun)
        sums[k, DOWN_IDLE, lane] += min(at_start - at_free, begun - free)
        sums[k, DOWN_BLOCKED, lane] += min(at_free - last, high - low if low < free < high else 0.0)
        if row == DRAWS - 1:
            outages.before[k, lane] = passed[k, DONE, row, lane]


@inlined
def _flow(plan: Plan, state: State, window: Window, seen: Seen, t: int, row: int) -> None:
    """Count what enters and leaves, and the time that units spend in the line."""
    left, entered, flow, ring = state.left, seen.entered, seen.flow, state.left.shape[1] - 1
    first, last = window.entry, window.exit
    n = t - plan.lag[first]
    here = n & ring
    for lane in range(LANES):
        entered[here, lane] = left[first, here, lane] if window.arrivals else state.started[first, row, lane]
    j = t - plan.lag[last] - plan.servers[last] + 1
    there, low, high = j & ring, window.start, window.end
    if j >= 0:
        for lane in range(LANES):
            x, e = left[last, there, lane], entered[there, lane]
            inside = low <= x < high
            flow[EXITS, lane] += 1.0 if inside else 0.0
            flow[LEAD, lane] += x - e if inside else 0.0
            flow[UNITS, lane] += min(max(x, low), high) - min(max(e, low), high)
            flow[AT_START, lane] += 1.0 if e < low <= x else 0.0
            flow[AT_END, lane] += 1.0 if e < high <= x else 0.0
            flow[ENTRIES, lane] += 1.0 if low <= e < high else 0.0


__all__ = [
    "AT_END",
    "AT_START",
    "DOWN_BLOCKED",
    "DOWN_IDLE",
    "ENTRIES",
    "EXITS",
    "FINISH",
    "LEAD",
    "LEAVE",
    "REPAIRED",
    "START",
    "UNITS",
    "Seen",
    "Window",
    "nothing_seen",
    "watch",
]
