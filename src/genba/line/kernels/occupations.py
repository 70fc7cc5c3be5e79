"""How long parts hold their stations: work drawn by address, and repairs where a machine fails at work.

A machine that fails on operating time knows nothing of the rest of the line: its operating time until the
next failure is used up by work alone. Part by part, with `left` until failure m: while work is left over,
the repair m holds the part, and failure draw m + 1 gives the next `left`. Failure draw 0 gives the first.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.random_blocks import DRAWS, FAILURE, LANES, REPAIR, WORK, draw_block, draw_lanes
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROWS = 16
"""Parts after which lanes are looked at for failures: rare enough to stay cheap, often enough to redo few."""
NEVER, OPERATING, CALENDAR = range(3)
"""Clocks on which a machine fails."""


class Draws(NamedTuple):
    """What the stations of a line draw.

    Arguments:
        key: Philox's key of the seed, shape (2,).
        stream: number of each station's stream, shape (stations,).
        work: row of `laws` of each station's work, shape (stations,).
        clock: whether and on which clock it fails, shape (stations,).
        failure: row of the time until a failure, shape (stations,).
        repair: row of the repair, shape (stations,).
        laws: rows of `Laws`, shape (laws, ROW).
        table: their table.
        factor: what work is multiplied by, part after part in a cycle, shape (stations, parts of the cycle);
            none where every factor is 1.
    """

    key: NDArray[np.uint64]
    stream: Ints
    work: Ints
    clock: Ints
    failure: Ints
    repair: Ints
    laws: Floats
    table: Floats
    factor: Floats


class Wear(NamedTuple):
    """Where LANES replications of every station stand between failures.

    Arguments:
        left: operating time until the next failure, s, shape (stations, LANES).
        failures: how many there were, shape (stations, LANES).
        between: the current block of failure draws, s, shape (stations, LANES, DRAWS).
        repairs: the current block of repair draws, s, shape (stations, LANES, DRAWS).
    """

    left: Floats
    failures: Ints
    between: Floats
    repairs: Floats


def new_wear(stations: int) -> Wear:
    """Give the room for a group of replications; `begin` fills it."""
    return Wear(
        np.full((stations, LANES), np.inf),
        np.zeros((stations, LANES), np.int64),
        np.zeros((stations, LANES, DRAWS)),
        np.zeros((stations, LANES, DRAWS)),
    )


@kernel
def begin(draws: Draws, wear: Wear, first: int) -> None:
    """Draw the first failure of every station of the replications from `first` on."""
    for k in range(draws.stream.size):
        for lane in range(LANES):
            if draws.clock[k] != NEVER:
                failure_draws(draws, wear, first, k, lane, 0)
                repair_draws(draws, wear, first, k, lane, 0)
                wear.left[k, lane] = wear.between[k, lane, 0]


@kernel
def failure_draws(draws: Draws, wear: Wear, first: int, k: int, lane: int, block: int) -> None:
    """Draw a block of times until a failure of one station in one lane."""
    row = draws.laws[draws.failure[k]]
    out = wear.between[k, lane]
    draw_block(out, draws.key, first + lane, draws.stream[k], FAILURE, block, row, draws.table)


@kernel
def repair_draws(draws: Draws, wear: Wear, first: int, k: int, lane: int, block: int) -> None:
    """Draw a block of repairs of one station in one lane."""
    row = draws.laws[draws.repair[k]]
    out = wear.repairs[k, lane]
    draw_block(out, draws.key, first + lane, draws.stream[k], REPAIR, block, row, draws.table)


@inlined
def next_repair(draws: Draws, wear: Wear, first: int, k: int, lane: int) -> float:
    """Give the repair of the failure at hand, s."""
    failure = wear.failures[k, lane]
    if failure % DRAWS == 0 and failure > 0:
        repair_draws(draws, wear, first, k, lane, failure // DRAWS)
    return float(wear.repairs[k, lane, failure % DRAWS])


@inlined
def next_failure(draws: Draws, wear: Wear, first: int, k: int, lane: int) -> float:
    """Give the time until the next failure, s, and count the one at hand."""
    failure = wear.failures[k, lane] + 1
    wear.failures[k, lane] = failure
    if failure % DRAWS == 0:
        failure_draws(draws, wear, first, k, lane, failure // DRAWS)
    return float(wear.between[k, lane, failure % DRAWS])


@inlined
def held(draws: Draws, wear: Wear, first: int, k: int, lane: int, work: float) -> float:
    """Give the repairs during one part's work, s; the wear moves on."""
    left, down = wear.left[k, lane], 0.0
    while left - work < 0.0:
        work -= left
        down += next_repair(draws, wear, first, k, lane)
        left = next_failure(draws, wear, first, k, lane)
    wear.left[k, lane] = left - work
    return down


@kernel
def fill(draws: Draws, wear: Wear, first: int, block: int, work: Floats, down: Floats) -> None:
    """Write a block of the work and repairs of every station into rings over parts.

    Arguments:
        draws: what the stations draw.
        wear: where the replications stand; moved on.
        first: number of the first replication.
        block: number of the block.
        work: working time of every part, s, shape (stations, a multiple of DRAWS, LANES).
        down: repairs while it was worked on, s, same shape.
    """
    at = (block * DRAWS) % work.shape[1]
    for k in range(draws.stream.size):
        law, out = draws.laws[draws.work[k]], work[k, at : at + DRAWS]
        draw_lanes(out, draws.key, first, draws.stream[k], WORK, block, law, draws.table)
        if draws.factor.shape[1] > 0:
            for n in range(DRAWS):
                out[n] *= draws.factor[k, (block * DRAWS + n) % draws.factor.shape[1]]
        if draws.clock[k] == OPERATING:
            interrupt(draws, wear, first, k, at, work, down)


@kernel
def interrupt(draws: Draws, wear: Wear, first: int, k: int, at: int, work: Floats, down: Floats) -> None:
    """Write the repairs that interrupt DRAWS parts of one station, from row `at` of the rings on."""
    end = np.empty(LANES)
    for start in range(at, at + DRAWS, ROWS):
        for lane in range(LANES):
            end[lane] = wear.left[k, lane]
        for n in range(start, start + ROWS):
            for lane in range(LANES):
                end[lane] -= work[k, n, lane]
            for lane in range(LANES):
                down[k, n, lane] = 0.0
        for lane in range(LANES):
            if end[lane] < 0.0:
                for n in range(start, start + ROWS):
                    if wear.left[k, lane] < work[k, n, lane]:
                        down[k, n, lane] = held(draws, wear, first, k, lane, work[k, n, lane])
                    else:
                        wear.left[k, lane] -= work[k, n, lane]
            else:
                wear.left[k, lane] = end[lane]


__all__ = [
    "CALENDAR",
    "NEVER",
    "OPERATING",
    "Draws",
    "Wear",
    "begin",
    "fill",
    "held",
    "new_wear",
    "next_failure",
    "next_repair",
]
