"""How far off outages are after one Newton step and two: what the screen's margins are taken from."""

import numpy as np

from genba.grid.kernels.network import Floats
from genba.grid.kernels.outage_changes import Branches
from genba.grid.kernels.outage_lanes import Desk, Grid, Rules, Work, cut_off, evaluate, set_up_group
from genba.grid.kernels.outage_steps import Room, find_step, move
from genba.num.jit import inlined, kernel
from genba.num.lu.lanes import LANES

TELLING = 1e-3
"""Share of a mismatch below which what is left does not blur the error that came with it."""


@kernel
def measure_errors(grid: Grid, work: Work, rules: Rules, desk: Desk) -> None:
    """Solve outages and note how far flows, voltages and reactive outputs were off after one step and two.

    Arguments:
        grid: the outages.
        work: a multiple of eight of them; their errors per p.u. of mismatch are written.
        rules: how they are solved.
        desk: room.
    """
    room = desk.room
    early = np.zeros((2, *room.voltage.shape))
    output, mismatch = np.zeros((2, *room.reactive.shape)), np.zeros((2, LANES))
    for first in range(0, len(work.numbers) - LANES + 1, LANES):
        numbers, holds = work.numbers[first : first + LANES], np.ones(LANES, np.bool_)
        rows = set_up_group(grid, numbers, rules.shared, holds, room)
        cut_off(grid, numbers, room)
        room.active[:] = 1.0
        for step in range(rules.steps):
            evaluate(grid, numbers, rules, room)
            if room.mismatch.max() <= rules.tolerance:
                break
            if 1 <= step <= 2:
                early[step - 1], output[step - 1], mismatch[step - 1] = (
                    room.voltage,
                    room.reactive,
                    room.mismatch,
                )
            find_step(grid.point, rows, False, room)
            move(room)
        evaluate(grid, numbers, rules, room)
        for lane in range(LANES):
            number = numbers[lane]
            for step in range(2):
                if holds[lane] and room.mismatch[lane] <= rules.tolerance < TELLING * mismatch[step, lane]:
                    _compare(grid, number, lane, early[step], output[step], mismatch[step, lane], work, room)


@kernel
def _compare(
    grid: Grid,
    number: int,
    lane: int,
    early: Floats,
    output: Floats,
    mismatch: float,
    work: Work,
    room: Room,
) -> None:
    """Note the largest errors of a lane, in p.u. of its mismatch."""
    voltage, lost, error = room.voltage, grid.outages.branches[number], work.error[number]
    for row in grid.watch.branch:
        if row != lost[0] and row != lost[1]:
            off = abs(
                _apparent(grid.branches, row, early, lane) - _apparent(grid.branches, row, voltage, lane)
            )
            error[0] = max(error[0], off / mismatch)
    for i in range(len(voltage)):
        off = abs(
            _size(early[i, 0, lane], early[i, 1, lane]) - _size(voltage[i, 0, lane], voltage[i, 1, lane])
        )
        error[1] = max(error[1], off / mismatch)
        if grid.guard.controls[i] != 0.0:
            error[2] = max(error[2], abs(output[i, 0, lane] - room.reactive[i, 0, lane]) / mismatch)


@kernel
def _apparent(branches: Branches, row: int, v: Floats, lane: int) -> float:
    """Give the larger apparent power of both ends."""
    i, j, y = branches.ends[row, 0], branches.ends[row, 1], branches.admittance[row]
    e, f, g, h = v[i, 0, lane], v[i, 1, lane], v[j, 0, lane], v[j, 1, lane]
    real = y[0] * e - y[1] * f + y[2] * g - y[3] * h
    imaginary = y[0] * f + y[1] * e + y[2] * h + y[3] * g
    at_from = _size(e, f) * _size(real, imaginary)
    real = y[6] * g - y[7] * h + y[4] * e - y[5] * f
    imaginary = y[6] * h + y[7] * g + y[4] * f + y[5] * e
    return max(at_from, _size(g, h) * _size(real, imaginary))


@inlined
def _size(real: float, imaginary: float) -> float:
    return float(np.sqrt(real * real + imaginary * imaginary))


__all__ = ["measure_errors"]
