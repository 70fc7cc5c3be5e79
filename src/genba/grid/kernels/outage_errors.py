"""How far off outages were after one Newton step and two: what the screen's margins are taken from."""

import math
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_changes import Branches
from genba.grid.kernels.outage_limits import Nearness, mark, squared
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import LANES, Lane, aligned, difference, every, larger, load, store, times

STAGES = 2
"""Steps after which a lane is remembered."""
PARTS = 3 * STAGES
"""Numbers of a bus that are remembered."""


class Early(NamedTuple):
    """Where lanes were after their first steps: eight that take steps, then eight that have a solution.

    Arguments:
        state: of every stage real and imaginary part of the voltage, and the reactive power that leaves a bus
            beyond what is planned; shape (n, 12, 8), p.u.
        mismatch: of every stage, 0 for none; shape (4, 8), p.u.
    """

    state: Floats
    mismatch: Floats


@kernel
def early_of(n: int) -> Early:
    """Give room for a grid of n buses."""
    return Early(aligned(n, 2 * PARTS), np.zeros((2 * STAGES, LANES)))


@borrowing
def notice(v: Floats, reactive: Floats, mismatch: Floats, taken: Ints, early: Early) -> None:
    """Remember the lanes that have taken one step, or two."""
    state, kept = early
    for lane in range(LANES):
        stage = taken[lane] - 1
        if stage >= STAGES:
            continue
        for later in range(max(stage, 0), STAGES):
            kept[later, lane] = 0.0
        if stage >= 0:
            kept[stage, lane] = mismatch[lane]
            for i in range(len(v)):
                state[i, 3 * stage, lane], state[i, 3 * stage + 1, lane] = v[i, 0, lane], v[i, 1, lane]
                state[i, 3 * stage + 2, lane] = reactive[i, 0, lane]


@borrowing
def unlearn(early: Early, lane: int) -> None:
    """Leave nothing to learn from a lane that goes on to the solution of other equations."""
    for stage in range(STAGES):
        early.mismatch[stage, lane] = 0.0


@borrowing
def hand_on(early: Early, lane: int, parked: int) -> None:
    """Copy what is remembered of a lane to where those with a solution stand."""
    state, kept = early
    for stage in range(STAGES):
        kept[STAGES + stage, parked] = kept[stage, lane]
    for i in range(len(state)):
        for part in range(PARTS):
            state[i, PARTS + part, parked] = state[i, part, lane]


@borrowing
def learn(
    branches: Branches,
    watched: Ints,
    controls: Floats,
    lost: Ints,
    numbers: Ints,
    busy: Bools,
    v: Floats,
    reactive: Floats,
    early: Early,
    tolerance: float,
    to: Nearness,
    error: Floats,
) -> None:
    """Note how far flows, voltages and reactive outputs were off, per p.u. of the mismatch there was.

    Arguments:
        branches: two-ports.
        watched: branches with a rating, shape (r,).
        controls: 1 at buses whose units control their voltage within limits, else 0, shape (n,).
        lost: branches that each outage takes, shape (k, 2).
        numbers: outage of each lane, shape (8,).
        busy: lanes that have a solution, shape (8,).
        v: it, shape (n, 2, 8), p.u.
        reactive: as in `Room`, shape (n, 1, 8), p.u.
        early: where the lanes were before.
        tolerance: mismatch of a solution, p.u.
        to: room.
        error: largest errors of every outage, of apparent power, voltage and reactive output, shape (k, 3).
    """
    mark(lost, numbers, True, to.lost)
    for stage in range(STAGES, 2 * STAGES):
        flow, voltage, output = every(0.0), every(0.0), every(0.0)
        part = 3 * stage
        for row in watched:
            then = _apparent(branches.admittance, branches.ends, row, early.state, part)
            off = difference(then, _apparent(branches.admittance, branches.ends, row, v, 0))
            if to.lost[row]:
                store(to.square, 0, 0, off)
                for lane in range(LANES):
                    if row == lost[numbers[lane], 0] or row == lost[numbers[lane], 1]:
                        to.square[0, 0, lane] = 0.0
                off = load(to.square, 0, 0)
            flow = larger(flow, off)
        for i in range(len(v)):
            voltage = larger(voltage, difference(_size(early.state, i, part), _size(v, i, 0)))
            if controls[i] != 0.0:
                output = larger(output, difference(load(early.state, i, part + 2), load(reactive, i, 0)))
        for lane in range(LANES):
            mismatch, found = early.mismatch[stage, lane], error[numbers[lane]]
            if busy[lane] and mismatch > tolerance:
                found[0] = max(found[0], flow[lane] / mismatch)
                found[1] = max(found[1], voltage[lane] / mismatch)
                found[2] = max(found[2], output[lane] / mismatch)
    mark(lost, numbers, False, to.lost)


@inlined
def _apparent(y: Floats, ends: Ints, row: int, v: Floats, part: int) -> Lane:
    """Give the larger apparent power of both ends."""
    i, j = ends[row, 0], ends[row, 1]
    one, other = (load(v, i, part), load(v, i, part + 1)), (load(v, j, part), load(v, j, part + 1))
    return _root(larger(squared(y, row, 0, 2, one, other), squared(y, row, 6, 4, other, one)))


@inlined
def _size(v: Floats, i: int, part: int) -> Lane:
    """Give the magnitude of a voltage."""
    e, f = load(v, i, part), load(v, i, part + 1)
    return _root(times(e, e, f, f))


@kernel
def _root(x: Lane) -> Lane:
    """Give the square root of x, lane by lane."""
    return (
        math.sqrt(x[0]),
        math.sqrt(x[1]),
        math.sqrt(x[2]),
        math.sqrt(x[3]),
        math.sqrt(x[4]),
        math.sqrt(x[5]),
        math.sqrt(x[6]),
        math.sqrt(x[7]),
    )


__all__ = ["Early", "early_of", "hand_on", "learn", "notice", "unlearn"]
