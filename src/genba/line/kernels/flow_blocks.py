"""Many blocks of parts in one call: to draw, to move on, to look, without going back to Python in between."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.calendar_failures import Chance
from genba.line.kernels.flow_line import Plan, State, advance, retrace
from genba.line.kernels.occupations import Wear, fill
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.watch import Seen, Window, watch
from genba.num.copies import copy_to
from genba.num.jit import kernel

Floats = NDArray[np.float64]


class Track(NamedTuple):
    """What several blocks in a row need and leave behind.

    Arguments:
        work: room for working times, a ring over parts, s, shape (stations, a power of two, LANES).
        down: room for repairs, s, same shape.
        entered: when units entered the line, a ring over parts, s, shape (ring, LANES).
        came: when the units of these blocks entered, s, shape (blocks x DRAWS, LANES); written.
        went: when as many left the last station, s, same shape; written.
        begins: the block that is looked at first, shape (1,); -1 before.
        behind: parts after which every station has been reached.
        until: time at which to return because another window begins, s.
    """

    work: Floats
    down: Floats
    entered: Floats
    came: Floats
    went: Floats
    begins: NDArray[np.int64]
    behind: int
    until: float


@kernel
def pass_blocks(
    plan: Plan, state: State, chance: Chance, wear: Wear, window: Window, seen: Seen, track: Track, block: int
) -> int:
    """Move on by as many blocks as there is room for, or until a window ends or begins; give how many.

    Arguments:
        plan: the line.
        state: where it stands; moved on.
        chance: what failures by the calendar depend on; moved on.
        wear: where machines stand between failures at work; moved on.
        window: what to look at.
        seen: what was seen in it; added to.
        track: room, and what is left behind.
        block: number of the first block.
    """
    room = len(track.came) // DRAWS
    for done in range(room):
        at = block + done
        fill(chance.draws, wear, chance.first, at, track.work, track.down)
        advance(plan, state, chance, at, track.work, track.down)
        retrace(plan, state, at, track.work, track.down)
        earliest, latest = reached(plan, state, at)
        if track.begins[0] < 0 and (latest >= window.start or at * DRAWS <= track.behind):
            track.begins[0] = at
            copy_to(seen.entered, track.entered)
        if track.begins[0] >= 0:
            watch(plan, state, window, seen, chance, at, track.down)
        _note(state, window, track, at, done * DRAWS)
        if earliest > window.end or latest >= track.until:
            return done + 1
    return room


@kernel
def reached(plan: Plan, state: State, block: int) -> tuple[float, float]:
    """Give the earliest and the latest time at which a station was last left, s; 0 before all have been."""
    ring, earliest, latest = state.left.shape[1] - 1, np.inf, 0.0
    for k in range(plan.servers.size):
        last = (block + 1) * DRAWS - plan.lag[k] - plan.servers[k]
        if last < 0:
            return 0.0, 0.0
        for lane in range(LANES):
            time = state.left[k, last & ring, lane]
            earliest, latest = min(earliest, time), max(latest, time)
    return earliest, latest


@kernel
def _note(state: State, window: Window, track: Track, block: int, row: int) -> None:
    """Keep when a block's units entered and left."""
    ring = state.left.shape[1] - 1
    for n in range(DRAWS):
        here = (block * DRAWS + n) & ring
        for lane in range(LANES):
            time = (
                state.left[window.entry, here, lane]
                if window.arrivals
                else state.started[window.entry, n, lane]
            )
            track.entered[here, lane] = time
            track.came[row + n, lane] = time
        for lane in range(LANES):
            track.went[row + n, lane] = state.left[window.exit, here, lane]


@kernel
def departures(plan: Plan, state: State, chance: Chance, times: Floats, left: Floats) -> None:
    """Write when parts leave every station, on times drawn before.

    Arguments:
        plan: the line; one server everywhere.
        state: an empty line; moved on.
        chance: what failures by the calendar depend on; moved on.
        times: how long parts hold stations, s, shape (blocks, stations, DRAWS, LANES).
        left: room for the departures, s, same shape.
    """
    none, ring = np.zeros(times.shape[1:]), state.left.shape[1] - 1
    for block in range(times.shape[0]):
        advance(plan, state, chance, block, times[block], none)
        for k in range(plan.servers.size):
            for n in range(DRAWS):
                here = (block * DRAWS + n) & ring
                for lane in range(LANES):
                    left[block, k, n, lane] = state.left[k, here, lane]


__all__ = ["Track", "departures", "pass_blocks", "reached"]
