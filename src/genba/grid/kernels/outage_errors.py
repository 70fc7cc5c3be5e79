"""How far off outages are after one Newton step and two: what the screen's margins are taken from."""

import numpy as np

from genba.grid.kernels.network import Bools, Floats
from genba.grid.kernels.outage_equations import Room, evaluate
from genba.grid.kernels.outage_lanes import Desk, Grid, Rules, Work, set_up
from genba.grid.kernels.outage_limits import mark, squared
from genba.grid.kernels.outage_steps import find_step, move
from genba.num.jit import inlined, kernel
from genba.num.lu.lanes import LANES, Lane, difference, every, larger, load, store, times

TELLING = 0.3
"""Share of a mismatch below which the next step is most of the error that came with it."""


@kernel
def measure_errors(grid: Grid, work: Work, rules: Rules, desk: Desk) -> None:
    """Take three steps, and note how far flows, voltages and reactive outputs were off after one and two.

    Arguments:
        grid: the outages.
        work: their errors per p.u. of mismatch are written.
        rules: how they are solved.
        desk: room.
    """
    point, inverse, branches, outages, plans, _, _ = grid
    group, room = desk.next, desk.next.room
    one, two = desk.group.room, desk.done.room  # nobody uses these lanes yet
    lost = desk.to.lost
    for first in range(0, len(work.status), LANES):
        touched = set_up(point, inverse, branches, outages, plans, rules, first, len(work.status), group)
        rows = room.rows[:touched]
        for step in range(group.taken[0], 4):
            evaluate(point, branches, outages, group.numbers, rules.shared, room)
            if step == 3:
                break
            if step > 0:
                early = one if step == 1 else two
                early.voltage[:], early.reactive[:], early.mismatch[:] = (
                    room.voltage,
                    room.reactive,
                    room.mismatch,
                )
            find_step(point.structure, point.factors, rows, False, room.step, room.aside, room.change)
            move(room.voltage, room.step)
        mark(outages.branches, group.numbers, True, lost)
        _compare(grid, rules, one, lost, desk, work)
        _compare(grid, rules, two, lost, desk, work)
        mark(outages.branches, group.numbers, False, lost)


@inlined
def _compare(grid: Grid, rules: Rules, then: Room, lost: Bools, desk: Desk, work: Work) -> None:
    """Note the largest errors of lanes, in p.u. of their mismatch, where they tell."""
    group = desk.next
    now, y = group.room, grid.branches.admittance
    flow, voltage, output = every(0.0), every(0.0), every(0.0)
    for row in grid.watch.branch:
        i, j = grid.branches.ends[row, 0], grid.branches.ends[row, 1]
        off = difference(_apparent(y, row, i, j, then.voltage), _apparent(y, row, i, j, now.voltage))
        store(desk.to.square, 0, 0, off)
        for lane in range(LANES if lost[row] else 0):
            if row in grid.outages.branches[group.numbers[lane]]:
                desk.to.square[0, 0, lane] = 0.0
        flow = larger(flow, load(desk.to.square, 0, 0))
    for i in range(len(now.voltage)):
        voltage = larger(voltage, difference(_size(then.voltage, i), _size(now.voltage, i)))
        if grid.guard.controls[i] != 0.0:
            output = larger(output, difference(load(then.reactive, i, 0), load(now.reactive, i, 0)))
    for lane in range(LANES):
        mismatch, number = then.mismatch[lane], group.numbers[lane]
        if group.busy[lane] and now.mismatch[lane] <= TELLING * mismatch and mismatch > rules.tolerance:
            error = work.error[number]
            error[0] = max(error[0], flow[lane] / mismatch)
            error[1] = max(error[1], voltage[lane] / mismatch)
            error[2] = max(error[2], output[lane] / mismatch)


@inlined
def _apparent(y: Floats, row: int, i: int, j: int, v: Floats) -> Lane:
    """Give the larger apparent power of both ends."""
    one, other = (load(v, i, 0), load(v, i, 1)), (load(v, j, 0), load(v, j, 1))
    return _root(larger(squared(y, row, 0, 2, one, other), squared(y, row, 6, 4, other, one)))


@inlined
def _size(v: Floats, i: int) -> Lane:
    """Give the magnitude of a voltage."""
    e, f = load(v, i, 0), load(v, i, 1)
    return _root(times(e, e, f, f))


@inlined
def _root(x: Lane) -> Lane:
    """Give the square root of x, lane by lane."""
    return (
        np.sqrt(x[0]),
        np.sqrt(x[1]),
        np.sqrt(x[2]),
        np.sqrt(x[3]),
        np.sqrt(x[4]),
        np.sqrt(x[5]),
        np.sqrt(x[6]),
        np.sqrt(x[7]),
    )


__all__ = ["measure_errors"]
