"""Failures that come by the calendar, whether a machine works or not."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.occupations import CALENDAR, Draws, Wear, next_failure, next_repair
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
FREE, BEGUN, DONE = range(3)
"""Second index of `Outages.passed`."""


class Outages(NamedTuple):
    """The outage that each machine is in or comes to next; s.

    Arguments:
        start: when it begins, shape (stations, LANES).
        end: when the machine runs again, same shape.
        lost: outages before it, together, same shape.
        before: outages until the last part of the block before was finished, same shape.
        passed: outages until the part before had left, until work began and until it was finished, for every
            part of a block, shape (stations, 3, DRAWS, LANES).
    """

    start: Floats
    end: Floats
    lost: Floats
    before: Floats
    passed: Floats


class Chance(NamedTuple):
    """What failures depend on, for a group of replications.

    Arguments:
        draws: what the stations draw.
        wear: where they stand between failures.
        outages: those that come by the calendar.
        first: number of the first replication.
    """

    draws: Draws
    wear: Wear
    outages: Outages
    first: int


def new_outages(stations: int) -> Outages:
    """Give the room for a group of replications; `begin_outages` fills it."""
    start, end, lost, before = np.zeros((4, stations, LANES))
    return Outages(start, end, lost, before, np.zeros((stations, 3, DRAWS, LANES)))


@kernel
def begin_outages(chance: Chance) -> None:
    """Draw the first outage of every machine that fails by the calendar; `begin` comes before."""
    draws, wear, outages = chance.draws, chance.wear, chance.outages
    for k in range(draws.stream.size):
        if draws.clock[k] == CALENDAR:
            for lane in range(LANES):
                outages.start[k, lane] = wear.left[k, lane]
                outages.end[k, lane] = wear.left[k, lane] + next_repair(draws, wear, chance.first, k, lane)


@inlined
def lost_until(chance: Chance, k: int, lane: int, now: float) -> float:
    """Give how long a machine has been down until `now`, s; times of a lane never go back."""
    draws, wear, outages = chance.draws, chance.wear, chance.outages
    while outages.end[k, lane] <= now:
        outages.lost[k, lane] += outages.end[k, lane] - outages.start[k, lane]
        failure = outages.end[k, lane] + next_failure(draws, wear, chance.first, k, lane)
        outages.start[k, lane] = failure
        outages.end[k, lane] = failure + next_repair(draws, wear, chance.first, k, lane)
    return float(outages.lost[k, lane] + max(now - outages.start[k, lane], 0.0))


@inlined
def finish(chance: Chance, k: int, row: int, lane: int, free: float, now: float, work: float) -> float:
    """Give when work is done, outages waited for, s.

    Arguments:
        chance: what failures depend on; moved on.
        k: the machine.
        row: the part's row in the block.
        lane: the replication's lane.
        free: when the part before had left, s.
        now: when this one is there, s.
        work: how long it takes, s.
    """
    outages = chance.outages
    outages.passed[k, FREE, row, lane] = lost_until(chance, k, lane, free)
    outages.passed[k, BEGUN, row, lane] = lost_until(chance, k, lane, now)
    if now > outages.start[k, lane]:
        now = outages.end[k, lane]
        lost_until(chance, k, lane, now)
    while now + work > outages.start[k, lane]:
        work -= outages.start[k, lane] - now
        now = outages.end[k, lane]
        lost_until(chance, k, lane, now)
    outages.passed[k, DONE, row, lane] = lost_until(chance, k, lane, now + work)
    return now + work


__all__ = [
    "BEGUN",
    "DONE",
    "FREE",
    "Chance",
    "Outages",
    "begin_outages",
    "finish",
    "lost_until",
    "new_outages",
]
