"""Outages solved eight side by side: a lane that is done takes the next outage at once.

What takes many arrays is compiled into one kernel, and given no more of them than it needs: numba's calls
with some hundred arrays cost microseconds, and seconds when they are compiled.
"""

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Outages, inherit
from genba.grid.kernels.outage_ends import finish, screen, seen_of
from genba.grid.kernels.outage_equations import balance_of, evaluate
from genba.grid.kernels.outage_errors import Early, hand_on, notice, unlearn
from genba.grid.kernels.outage_lanes import (
    HOPELESS,
    Desk,
    Grid,
    Group,
    Plans,
    Rules,
    Work,
    count_step,
    desk_of,
    lay_base,
    set_up,
    share_by,
    vacate,
)
from genba.grid.kernels.outage_limits import Hits, hand_over, hits_of
from genba.grid.kernels.outage_mixing import clear, move_on, remember, take_over, weigh
from genba.grid.kernels.outage_steps import find_step, move, trace
from genba.grid.kernels.outage_switches import KEPT, Guard, switches
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import LANES


@kernel
def solve_outages(grid: Grid, work: Work, rules: Rules, rows: int) -> Hits:
    """Solve outages; give the limits that they pass, for which there is room at first for so many rows."""
    desk = desk_of(grid.point, len(grid.branches.ends), rows)
    while not go_on(grid, work, rules, desk, len(work.status)):
        wider = hits_of(2 * len(desk.hits.outage) + 1)
        hand_over(desk.hits, wider)
        desk = Desk(desk.next, desk.group, desk.done, desk.early, desk.to, wider, desk.place)
    found = hits_of(desk.hits.used[0])
    hand_over(desk.hits, found)
    return found


@borrowing
def go_on(grid: Grid, work: Work, rules: Rules, desk: Desk, end: int) -> bool:
    """Solve outages from the place of the desk to the `end`, while there is room for what they pass.

    Returns:
        Whether all are done; if not, the next call goes on with more room.
    """
    point, inverse, branches, outages, plans, guard, watch = grid
    waiting, group, done, early, to, hits, place = desk
    if place[0] == 0:
        lay_base(point.voltage, group.room.voltage)
        lay_base(plans.power[0], group.room.planned)
        lay_base(plans.power[0], waiting.room.planned)
        vacate(waiting.busy, waiting.odd, waiting.numbers)
        vacate(group.busy, group.odd, group.numbers)
        vacate(done.busy, done.odd, done.numbers)
        group.room.past.off[:] = 0.0
    limits = len(watch.branch) + len(watch.low) + len(watch.high)
    while len(hits.outage) - hits.used[0] >= LANES * limits:
        while _fill(waiting, group, rules) and place[0] < end:
            set_up(point, inverse, branches, outages, plans, guard, rules, place[0], end, waiting)
            place[0] = min(place[0] + LANES, end)
            balance = balance_of(point, waiting.room, plans.power[0])
            plain = _plain(waiting.busy, waiting.odd, rules.guarded)
            evaluate(balance, branches, outages, waiting.numbers, rules.shared, plain)
            if rules.screens:
                screen(branches, outages, guard, watch, work, rules, seen_of(waiting), to)
        moving = _some(group.busy)
        if moving:
            room, change = group.room, group.room.change
            if rules.learns:
                notice(room.voltage, room.reactive, room.mismatch, group.taken, early)
            count = trace(point.structure.parent, change.touched, change.at, room.marked, room.rows)
            _advance(point, room.rows[:count], group)
            balance = balance_of(point, room, plans.power[0])
            plain = _plain(group.busy, group.odd, rules.guarded)
            evaluate(balance, branches, outages, group.numbers, rules.shared, plain)
            if rules.screens:
                screen(branches, outages, guard, watch, work, rules, seen_of(group), to)
        parked = LANES
        while parked == LANES:  # then more may be done than there was room for
            parked = _retire(outages, plans, guard, work, rules, group, done, early)
            if parked == LANES or (parked > 0 and not moving):
                finish(branches, outages, guard, watch, work, rules, done, early, to, hits)
        if not moving:
            return True
    return False


@borrowing
def _some(lanes: Bools) -> bool:
    found = False
    for lane in range(LANES):
        found = found or lanes[lane]
    return found


@borrowing
def _plain(busy: Bools, odd: Bools, guarded: bool) -> bool:
    """Tell whether all lanes plan what the base does, and nobody asks for reactive outputs."""
    plain = not guarded
    for lane in range(LANES):
        plain = plain and not (busy[lane] and odd[lane])
    return plain


@inlined
def _advance(point: Point, rows: Ints, group: Group) -> None:
    """Take a step in every lane, mixed with those before it where it pays; the right-hand side is known."""
    room = group.room
    find_step(point.structure, point.factors, rows, False, room.step, room.aside, room.change)
    if len(room.past.off) > 0:
        remember(room.step, room.past)
        weigh(room.mismatch, room.past)
        move_on(room.voltage, room.step, room.past)
    else:
        move(room.voltage, room.step)
    count_step(group.taken)


@inlined
def _fill(waiting: Group, group: Group, rules: Rules) -> bool:
    """Give free lanes the outages that wait; tell whether a lane stays free."""
    there = 0
    for lane in range(LANES):
        if group.busy[lane]:
            continue
        while there < LANES and not waiting.busy[there]:
            there += 1
        if there == LANES:
            return True
        _enter(waiting, there, group, lane, rules)
    return False


@inlined
def _enter(waiting: Group, there: int, group: Group, lane: int, rules: Rules) -> None:
    """Move an outage that waits into a lane."""
    old, new = waiting.room, group.room
    group.numbers[lane], group.taken[lane] = waiting.numbers[there], waiting.taken[there]
    group.upwards[lane], group.busy[lane] = waiting.upwards[there], True
    group.settled[lane], new.mismatch[lane] = waiting.settled[there], old.mismatch[there]
    waiting.busy[there] = False
    _copy(old.voltage, there, new.voltage, lane)
    _copy(old.step, there, new.step, lane)
    if group.odd[lane] or waiting.odd[there]:
        _copy(old.planned, there, new.planned, lane)
    group.odd[lane] = waiting.odd[there]
    if rules.shared:
        _copy_first(old.share, there, new.share, lane)
    if rules.learns and rules.guarded:
        _copy_first(old.reactive, there, new.reactive, lane)
    inherit(old.change, there, new.change, lane)
    take_over(old.past, there, new.past, lane)


@inlined
def _retire(
    outages: Outages, plans: Plans, guard: Guard, work: Work, rules: Rules, group: Group, done: Group,
    early: Early
) -> int:  # fmt: skip
    """Free lanes that are done; what they have solved waits for being judged. Give how many wait."""
    mismatch, change, parked = group.room.mismatch, group.room.change, 0
    for lane in range(LANES):
        parked += done.busy[lane]
        if not group.busy[lane]:  # nothing is compensated
            change.plain[lane], change.touched[lane], change.rank[lane] = False, 0, 0
    for lane in range(LANES):
        number = group.numbers[lane]
        if not group.busy[lane] or parked == LANES:
            continue
        if rules.tolerance < mismatch[lane] < HOPELESS and group.taken[lane] < rules.steps:
            continue
        if rules.shared and _turns(outages, plans, guard, work, rules, group, lane):
            unlearn(early, lane)
            continue
        group.busy[lane], work.steps[number] = False, group.taken[lane]
        change.plain[lane], change.touched[lane], change.rank[lane] = False, 0, 0  # nothing is compensated
        if mismatch[lane] <= rules.tolerance:
            done.numbers[parked], done.busy[parked] = number, True
            done.upwards[parked] = group.upwards[lane]
            _copy(group.room.voltage, lane, done.room.voltage, parked)
            if rules.guarded:
                _copy_first(group.room.reactive, lane, done.room.reactive, parked)
            if rules.learns:
                hand_on(early, lane, parked)
            parked += 1
        else:
            clear(group.room.past, lane)
    return parked


@inlined
def _turns(
    outages: Outages, plans: Plans, guard: Guard, work: Work, rules: Rules, group: Group, lane: int
) -> bool:
    """Turn the direction of a lane's slack where that proves wrong, once; tell whether the lane goes on.

    It does not where buses are to be switched as well: both are done in the next round.
    """
    room, number = group.room, group.numbers[lane]
    slack, first = room.slack[0, 0, lane], outages.upwards[number]
    wrong = slack < 0.0 if group.upwards[lane] else slack > 0.0
    turns = (
        wrong
        and group.upwards[lane] == first
        and group.taken[lane] < rules.steps
        and room.mismatch[lane] <= rules.tolerance
    )
    if turns:
        group.upwards[lane] = not first
    if turns and rules.guarded:
        found = switches(guard, outages.switched, number, lane, room.voltage, room.reactive, work.switched)
        turns = found == KEPT
    if turns:
        room.mismatch[lane] = 2.0 * rules.tolerance  # what was met is met no longer
        room.past.held[lane] = -1  # the step to come follows from the direction that was wrong
        share_by(plans.share, outages.plan[number], not first, lane, room.share)
    return bool(turns)


@borrowing
def _copy(old: Floats, there: int, new: Floats, lane: int) -> None:
    """Copy one lane, shape (n, 2, 8)."""
    for i in range(len(old)):
        new[i, 0, lane], new[i, 1, lane] = old[i, 0, there], old[i, 1, there]


@borrowing
def _copy_first(old: Floats, there: int, new: Floats, lane: int) -> None:
    """Copy one lane, shape (n, 1, 8)."""
    for i in range(len(old)):
        new[i, 0, lane] = old[i, 0, there]


__all__ = ["go_on", "solve_outages"]
