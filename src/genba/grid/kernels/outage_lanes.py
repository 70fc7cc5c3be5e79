"""Outages solved eight side by side: groups of lanes go through Newton's steps until all are done."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Branches, Outages, lay_out
from genba.grid.kernels.outage_limits import Hits, Nearness, Watch, judge
from genba.grid.kernels.outage_steps import (
    Room,
    find_step,
    inject,
    keep_reactive,
    move,
    prepare_changes,
    settle,
    share_slack,
    take_out,
    trace,
)
from genba.num.jit import kernel
from genba.num.lu.lanes import LANES, every, store

UNSOLVED, SOLVED, SCREENED = 0, 1, 2
"""What a lane ends as."""
FEW_LANES = 2
"""Lanes for which a group does not go on beyond its few steps: they are better put together with others."""
HOPELESS = 1e6
"""Mismatch from which an iteration never comes back, p.u."""


class Plans(NamedTuple):
    """What is produced after outages; row 0 is what is produced in the base.

    Arguments:
        power: planned injection by position, shape (rows, n, 2), p.u.
        share: part of the slack that a bus produces, downwards and upwards, shape (rows, 2, n).
        preorder: positions as a depth-first search meets them, shape (n,).
    """

    power: Floats
    share: Floats
    preorder: Ints


class Guard(NamedTuple):
    """Reactive limits of the buses whose units control their voltage.

    Arguments:
        controls: 1 at such buses, else 0, shape (n,).
        side: at which limit a bus is held: 1 upper, -1 lower, else 0, shape (n,).
        lowest: smallest reactive output of its units, shape (n,), p.u.
        highest: largest.
        setpoint: voltage that a held bus would get back, shape (n,), p.u.
        kept: position of the bus of which an outage takes a unit and not the last, -1 for none, shape (k,).
        left: reactive limits of the units left there, shape (k, 2), p.u.
        slack: how far limits and set points may be passed, shape (2,), p.u.
    """

    controls: Floats
    side: Floats
    lowest: Floats
    highest: Floats
    setpoint: Floats
    kept: Ints
    left: Floats
    slack: Floats


class Rules(NamedTuple):
    """How lanes are solved.

    Arguments:
        tolerance: largest mismatch accepted, p.u.
        steps: Newton steps at most.
        few: steps after which a group ends when most of its lanes are done.
        lowest: voltage below which a bus has collapsed, p.u.
        shared: whether all units produce the slack, or the reference alone.
        guarded: whether reactive limits are to be kept.
        screened: whether lanes are left when all limits are farther than the step so far can err.
        error: of apparent power, of voltage and of reactive output, per p.u. of mismatch, shape (3,).
    """

    tolerance: float
    steps: int
    few: int
    lowest: float
    shared: bool
    guarded: bool
    screened: bool
    error: Floats


class Work(NamedTuple):
    """Outages to be solved, and what became of them.

    Arguments:
        numbers: outages to be solved, shape (w,).
        status: UNSOLVED, SOLVED or SCREENED of every outage, shape (k,).
        steps: Newton steps of every outage, shape (k,).
        error: largest error per p.u. of mismatch, as in `Rules`, of every outage, shape (k, 3).
    """

    numbers: Ints
    status: Ints
    steps: Ints
    error: Floats


class Grid(NamedTuple):
    """What all lanes read."""

    point: Point
    branches: Branches
    outages: Outages
    plans: Plans
    guard: Guard
    watch: Watch


class Desk(NamedTuple):
    """What one thread writes; `unkept` takes no hits."""

    room: Room
    to: Nearness
    hits: Hits
    unkept: Hits


@kernel
def solve_outages(grid: Grid, work: Work, rules: Rules, desk: Desk, first: int, end: int) -> int:
    """Solve outages from the `first` of the work on, eight at a time, while there is room for violations.

    Returns:
        The place of the first outage that is still to be solved: `end`, or earlier.
    """
    limits = len(grid.watch.branch) + len(grid.watch.low) + len(grid.watch.high)
    numbers = np.zeros(LANES, np.int64)
    while first < end and len(desk.hits.outage) - desk.hits.used[0] >= LANES * limits:
        count = min(LANES, end - first)
        for lane in range(LANES):
            numbers[lane] = work.numbers[first + min(lane, count - 1)]
        _solve_group(grid, work, rules, desk, numbers, count)
        first += count
    return first


@kernel
def _solve_group(grid: Grid, work: Work, rules: Rules, desk: Desk, numbers: Ints, count: int) -> None:
    """Take eight outages through Newton's steps, and judge those that have a solution."""
    room, to = desk.room, desk.to
    upwards, moving = grid.outages.upwards[numbers], np.ones(LANES, np.bool_)
    rows = set_up_group(grid, numbers, rules.shared, moving, room)
    moving[count:] = False
    solved = np.zeros(LANES, np.bool_)
    first = _first_step(grid, numbers, rules, moving, rows, room)
    cut_off(grid, numbers, room)
    for step in range(first, rules.steps + 1):
        evaluate(grid, numbers, rules, room)
        for lane in range(LANES):
            if moving[lane]:
                moving[lane] = _goes_on(grid, rules, numbers[lane], lane, upwards, room)
                if not moving[lane] and room.mismatch[lane] <= rules.tolerance:
                    solved[lane] = True
                    work.steps[numbers[lane]] = step
        if rules.screened and step > 0 and moving.any():
            _screen(grid, work, rules, desk, numbers, moving)
            work.steps[numbers[moving]] = step
        left = moving.sum()
        if step == rules.steps or left == 0 or (step >= rules.few and left <= FEW_LANES):
            break
        for lane in range(LANES):
            room.active[0, 0, lane] = 1.0 if moving[lane] else 0.0
        find_step(grid.point, rows, False, room)
        move(room)
    to.wanted[:] = solved
    _finish(grid, work, rules, desk, numbers)


@kernel
def _first_step(grid: Grid, numbers: Ints, rules: Rules, moving: Bools, rows: Ints, room: Room) -> int:
    """Take the first step where only lost branches upset the base: all else is met, and not looked at.

    Returns:
        How many steps were taken: 1, or 0 where other injections changed.
    """
    for lane in range(LANES):
        if grid.outages.plan[numbers[lane]] > 0 or rules.shared:
            return 0
        room.active[0, 0, lane] = 1.0 if moving[lane] else 0.0
    free, excess, change = grid.point.free, room.excess, room.change
    for i in range(len(free)):
        store(excess, i, 0, every(0.0))
        store(excess, i, 1, every(0.0))
    for lane in range(LANES):
        take_out(grid.branches, grid.outages, lane, numbers[lane], room)
        for s in range(change.touched[lane]):
            i = change.at[lane, s]
            excess[i, 0, lane] *= free[i, 0]
            excess[i, 1, lane] *= free[i, 1]
    find_step(grid.point, rows, True, room)
    move(room)
    return 1


@kernel
def set_up_group(grid: Grid, numbers: Ints, shared: bool, holds: Bools, room: Room) -> Ints:
    """Put eight outages into the lanes; give the positions that they touch, with their ancestors."""
    voltage, plans = grid.point.voltage, grid.plans
    for i in range(len(voltage)):
        for part in range(2):
            store(room.voltage, i, part, every(voltage[i, part]))
            store(room.planned, i, part, every(plans.power[0, i, part]))
    for lane in range(LANES):
        number = numbers[lane]
        lay_out(grid.point, grid.branches, grid.outages, number, lane, room.change)
        plan = grid.outages.plan[number]
        if plan > 0:
            for i in range(len(voltage)):
                for part in range(2):
                    room.planned[i, part, lane] = plans.power[plan, i, part]
        if shared:
            _share(plans, plan, grid.outages.upwards[number], lane, room)
    rows = room.rows[: trace(grid.point, room)]
    prepare_changes(grid.point, rows, holds, room)
    return rows


@kernel
def cut_off(grid: Grid, numbers: Ints, room: Room) -> None:
    """Leave no voltage, no demand and no output at buses that are cut off."""
    preorder = grid.plans.preorder
    for lane in range(LANES):
        first, end, rest = grid.outages.dead[numbers[lane]]
        for place in range(0 if rest else first, len(preorder) if rest else end):
            if not rest or place < first or place >= end:
                i = preorder[place]
                for part in range(2):
                    room.voltage[i, part, lane], room.planned[i, part, lane] = 0.0, 0.0


@kernel
def _goes_on(grid: Grid, rules: Rules, number: int, lane: int, upwards: Bools, room: Room) -> bool:
    """Tell whether a lane needs another step; turn the direction of its slack when that proves wrong."""
    if room.mismatch[lane] > rules.tolerance:
        return bool(room.mismatch[lane] < HOPELESS)
    slack, first = room.slack[0, 0, lane], grid.outages.upwards[number]
    wrong = slack < 0.0 if upwards[lane] else slack > 0.0
    if not rules.shared or not wrong or upwards[lane] != first:
        return False
    upwards[lane] = not first
    _share(grid.plans, grid.outages.plan[number], upwards[lane], lane, room)
    return True


@kernel
def _share(plans: Plans, plan: int, upwards: bool, lane: int, room: Room) -> None:
    """Share the slack of a lane as units can produce more, or less."""
    for i in range(plans.share.shape[2]):
        room.share[i, 0, lane] = plans.share[plan, int(upwards), i]


@kernel
def evaluate(grid: Grid, numbers: Ints, rules: Rules, room: Room) -> None:
    """Give the excess of every bus that has an equation, and the mismatch of every lane."""
    inject(grid.point, room)
    for lane in range(LANES):
        take_out(grid.branches, grid.outages, lane, numbers[lane], room)
    if rules.guarded:
        keep_reactive(room)
    if rules.shared:
        share_slack(grid.point, room)
    settle(grid.point, grid.outages, numbers, rules.shared, room)


@kernel
def _screen(grid: Grid, work: Work, rules: Rules, desk: Desk, numbers: Ints, moving: Bools) -> None:
    """Leave the lanes whose limits are all farther away than their mismatch can move anything.

    Lanes that release a voltage go on: there the margin of a held voltage would have to become another.
    """
    room, to = desk.room, desk.to
    for lane in range(LANES):
        to.wanted[lane] = moving[lane] and grid.outages.released[numbers[lane], 0] < 0
        to.near[lane] = False
        for part in range(2):
            to.margin[0, part, lane] = rules.error[part] * room.mismatch[lane]
    judge(grid.branches, grid.watch, grid.outages, numbers, room.voltage, to, desk.unkept)
    for lane in range(LANES):
        if not to.wanted[lane] or to.near[lane] or not _stands(grid.point, 2.0 * rules.lowest, lane, room):
            continue
        margin = rules.error[2] * room.mismatch[lane]
        if not rules.guarded or _keeps_reactive_limits(grid, numbers[lane], lane, margin, room):
            moving[lane] = False
            work.status[numbers[lane]] = SCREENED


@kernel
def _finish(grid: Grid, work: Work, rules: Rules, desk: Desk, numbers: Ints) -> None:
    """Judge what has a solution: standing voltages, reactive limits, and the limits that are watched."""
    room, to = desk.room, desk.to
    for lane in range(LANES):
        to.wanted[lane] = (
            to.wanted[lane]
            and _stands(grid.point, rules.lowest, lane, room)
            and (not rules.guarded or _keeps_reactive_limits(grid, numbers[lane], lane, 0.0, room))
        )
    to.margin[:] = 0.0
    judge(grid.branches, grid.watch, grid.outages, numbers, room.voltage, to, desk.hits)
    for lane in range(LANES):
        if to.wanted[lane]:
            work.status[numbers[lane]] = SOLVED


@kernel
def _stands(point: Point, lowest: float, lane: int, room: Room) -> bool:
    """Tell whether no energised bus has collapsed."""
    for i in range(len(point.live)):
        e, f = room.voltage[i, 0, lane], room.voltage[i, 1, lane]
        if point.live[i] > 0.0 and 0.0 < e * e + f * f < lowest * lowest:
            return False
    return True


@kernel
def _keeps_reactive_limits(grid: Grid, number: int, lane: int, margin: float, room: Room) -> bool:
    """Tell whether no bus would be switched, by the rules of `reactive_limits.switched`, nor nearly."""
    guard, outages, voltage = grid.guard, grid.outages, room.voltage
    beyond, above = guard.slack[0] - margin, guard.slack[1] - margin
    for i in range(len(guard.controls)):
        if guard.controls[i] == 0.0 or voltage[i, 0, lane] == 0.0 or i == outages.released[number, 0]:
            continue
        e, f = voltage[i, 0, lane], voltage[i, 1, lane]
        low, high = guard.lowest[i], guard.highest[i]
        if i == guard.kept[number]:
            low, high = guard.left[number, 0], guard.left[number, 1]
        q = room.reactive[i, 0, lane]
        if guard.side[i] == 0.0 and not (q - high <= beyond and low - q <= beyond):
            return False
        if guard.side[i] != 0.0 and guard.side[i] * (np.sqrt(e * e + f * f) - guard.setpoint[i]) > above:
            return False
    return True


__all__ = ["SCREENED", "SOLVED", "UNSOLVED", "Desk", "Grid", "Guard", "Plans", "Rules", "Work", "cut_off"]
__all__ += ["evaluate", "set_up_group", "solve_outages"]
