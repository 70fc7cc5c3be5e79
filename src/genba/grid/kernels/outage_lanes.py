"""Eight outages as a group: what it reads and writes, and how it is set up from the base."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Branches, Outages, Surroundings, lay_out, prepare_plain
from genba.grid.kernels.outage_equations import Room, give_back, lose, room_of
from genba.grid.kernels.outage_errors import Early, early_of
from genba.grid.kernels.outage_inverse import Inverse
from genba.grid.kernels.outage_limits import Hits, Nearness, Watch, hits_of, nearness_of
from genba.grid.kernels.outage_mixing import forget, remember
from genba.grid.kernels.outage_steps import find_step, move, prepare_others, trace
from genba.grid.kernels.outage_switches import Guard, lay_switches
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import LANES, aligned, every, store

UNSOLVED, SOLVED, SCREENED, SWITCHED, TURNED = 0, 1, 2, 3, 4
"""What a lane ends as: SWITCHED has a solution, after which buses are to be held at a limit or given their
voltage back; TURNED, in addition, slack that flows the other way than it was shared."""
PICKED, CLEARED = 1, 2
"""What an outage is to the audit of the screen: one that is solved even where it is cleared, and has been."""
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


class Rules(NamedTuple):
    """How lanes are solved.

    Arguments:
        tolerance: largest mismatch accepted, p.u.
        steps: Newton steps at most.
        screens: whether a lane is left as soon as it is far from every limit.
        learns: whether errors are noted.
        lowest: voltage below which a lane is left to be solved by itself, p.u.
        shared: whether all units produce the slack, or the reference alone.
        guarded: whether reactive limits are to be kept.
        error: of apparent power, of voltage and of reactive output, per p.u. of mismatch, shape (3,).
    """

    tolerance: float
    steps: int
    screens: bool
    learns: bool
    lowest: float
    shared: bool
    guarded: bool
    error: Floats


class Work(NamedTuple):
    """Outages to be solved, and what became of them.

    Arguments:
        status: UNSOLVED, SOLVED, SCREENED, SWITCHED or TURNED of every outage, shape (k,).
        steps: Newton steps of every outage, shape (k,).
        error: largest error per p.u. of mismatch, as in `Rules`, of every outage, shape (k, 3).
        switched: what buses become after outages that end as SWITCHED or TURNED, as in `Outages`.
        audit: PICKED or CLEARED, else 0, shape (k,).
    """

    status: Ints
    steps: Ints
    error: Floats
    switched: Ints
    audit: Ints


class Grid(NamedTuple):
    """What all lanes read."""

    point: Point
    inverse: Inverse
    branches: Branches
    outages: Outages
    plans: Plans
    guard: Guard
    watch: Watch


class Group(NamedTuple):
    """Eight lanes.

    Arguments:
        numbers: outage in each, shape (8,).
        taken: steps taken, shape (8,).
        busy: whether the lane is in use, shape (8,).
        upwards: whether its slack is shared as units can produce more, shape (8,).
        odd: whether what is planned in it is not what the base plans, shape (8,).
        settled: whether the screen need not look any more, for it passes a limit or is cleared, shape (8,).
        room: voltages and equations.
    """

    numbers: Ints
    taken: Ints
    busy: Bools
    upwards: Bools
    odd: Bools
    settled: Bools
    room: Room


@kernel
def group_of(room: Room) -> Group:
    """Give eight lanes that nobody uses."""
    whole, no = np.zeros(LANES, np.int64), np.zeros(LANES, np.bool_)
    return Group(whole, whole.copy(), no, no.copy(), no.copy(), no.copy(), room)


class Desk(NamedTuple):
    """What one thread writes.

    Arguments:
        next: outages that are set up, and wait for a lane.
        group: outages that take steps.
        done: outages that have a solution, and wait for being judged.
        early: where outages were after their first steps.
        to: how near to a limit they come.
        hits: limits passed.
        place: first outage that is not set up yet, shape (1,).
    """

    next: Group
    group: Group
    done: Group
    early: Early
    to: Nearness
    hits: Hits
    place: Ints


@kernel
def desk_of(point: Point, branches: int, rows: int) -> Desk:
    """Give a desk at a base with so many branches, with room for so many limits passed."""
    n = len(point.live)
    room = room_of(point)
    solved = Room(  # of all else it uses nothing
        aligned(n, 2), room.planned, room.share, aligned(n, 1), room.step, room.aside, room.slack,
        np.zeros(LANES), room.borrowed, room.marked, room.rows, room.change, room.past
    )  # fmt: skip
    return Desk(
        next=group_of(room_of(point)),
        group=group_of(room),
        done=group_of(solved),
        early=early_of(n),
        to=nearness_of(n, branches),
        hits=hits_of(rows),
        place=np.zeros(1, np.int64),
    )


@inlined
def set_up(
    point: Point, inverse: Inverse, branches: Branches, outages: Outages, plans: Plans, guard: Guard,
    rules: Rules, first: int, end: int, group: Group
) -> None:  # fmt: skip
    """Put up to eight outages into the lanes of a group.

    Where only lost branches upset the base, all else is met and not looked at: the first step is taken at
    once.
    """
    room, change = group.room, group.room.change
    structure, factors = point.structure, point.factors
    sparse, odd = not rules.shared, False
    for lane in range(LANES):
        odd = odd or group.odd[lane]
        number = min(first + lane, end - 1)
        group.numbers[lane], group.busy[lane], group.taken[lane] = number, first + lane < end, 0
        group.upwards[lane], group.odd[lane], group.settled[lane] = outages.upwards[number], False, False
        sparse = sparse and outages.plan[number] == 0 and outages.switched[number, 0, 0] < 0
    around = Surroundings(point.start, point.columns, point.admittance, point.voltage, point.free)
    lay_out(around, branches, outages, group.numbers, change)
    lay_base(point.voltage, room.voltage)
    if odd:
        lay_base(plans.power[0], room.planned)
    if not sparse:
        _plan(plans, outages.plan, rules.shared, group.numbers, group.upwards, group.odd, room.planned,
              room.share)  # fmt: skip
        lay_switches(guard, outages.switched, group.numbers, group.odd, room.voltage, room.planned)
    forget(room.past)
    touched = trace(structure.parent, change.touched, change.at, room.marked, room.rows)
    rows = room.rows[:touched]
    most = prepare_plain(structure.upper_start, structure.upper_columns, inverse, change)
    if most > 0:
        prepare_others(structure, factors, rows, most, room.aside, change)
    for lane in range(LANES):
        group.busy[lane] = group.busy[lane] and change.holds[lane]
    if sparse:
        lose(branches, outages.branches, outages.keeps, group.numbers, room.voltage, room.planned,
             room.borrowed)  # fmt: skip
        _upset(point.free, plans.power, change.touched, change.at, room.planned, room.step)
        give_back(branches.ends, outages.branches, outages.keeps, group.numbers, room.planned, room.borrowed)
        find_step(structure, factors, rows, True, room.step, room.aside, change)
        remember(room.step, room.past)
        move(room.voltage, room.step)
        count_step(group.taken)
    _cut_off(plans.preorder, outages.dead, group.numbers, group.odd, room.voltage, room.planned)


@borrowing
def vacate(busy: Bools, odd: Bools, numbers: Ints) -> None:
    """Leave nothing of what was solved before."""
    for lane in range(LANES):
        busy[lane], odd[lane], numbers[lane] = False, False, 0


@borrowing
def count_step(taken: Ints) -> None:
    """Count a step in every lane."""
    for lane in range(LANES):
        taken[lane] += 1


@borrowing
def lay_base(base: Floats, lanes: Floats) -> None:
    """Start every lane from the base, shape (n, 2)."""
    for i in range(len(base)):
        store(lanes, i, 0, every(base[i, 0]))
        store(lanes, i, 1, every(base[i, 1]))


@borrowing
def _plan(
    plans: Plans,
    plan: Ints,
    shared: bool,
    numbers: Ints,
    upwards: Bools,
    odd: Bools,
    planned: Floats,
    share: Floats,
) -> None:
    """Write what lanes plan to produce otherwise than the base, and how they share the slack."""
    for lane in range(LANES):
        row = plan[numbers[lane]]
        if row > 0:
            odd[lane] = True
            for i in range(len(planned)):
                for part in range(2):
                    planned[i, part, lane] = plans.power[row, i, part]
        if shared:
            share_by(plans.share, row, upwards[lane], lane, share)


@borrowing
def share_by(shares: Floats, plan: int, upwards: bool, lane: int, share: Floats) -> None:
    """Share the slack of a lane as units can produce more, or less."""
    for i in range(len(share)):
        share[i, 0, lane] = shares[plan, int(upwards), i]


@borrowing
def _upset(free: Floats, power: Floats, touched: Ints, at: Ints, planned: Floats, step: Floats) -> None:
    """Give the right-hand side that follows from what the lost branches carried in the base."""
    for i in range(len(free)):
        store(step, i, 0, every(0.0))
        store(step, i, 1, every(0.0))
    for lane in range(LANES):
        for s in range(touched[lane]):
            i = at[lane, s]
            for part in range(2):
                step[i, part, lane] = free[i, part] * (planned[i, part, lane] - power[0, i, part])


@borrowing
def _cut_off(preorder: Ints, dead: Ints, numbers: Ints, odd: Bools, voltage: Floats, planned: Floats) -> None:
    """Leave no voltage, no demand and no output at buses that are cut off."""
    for lane in range(LANES):
        first, end, rest = dead[numbers[lane], 0], dead[numbers[lane], 1], dead[numbers[lane], 2]
        for place in range(0 if rest else first, len(preorder) if rest else end):
            if not rest or place < first or place >= end:
                i = preorder[place]
                odd[lane] = True
                for part in range(2):
                    voltage[i, part, lane], planned[i, part, lane] = 0.0, 0.0


__all__ = [
    "CLEARED",
    "HOPELESS",
    "PICKED",
    "SCREENED",
    "SOLVED",
    "SWITCHED",
    "TURNED",
    "UNSOLVED",
    "Desk",
    "Grid",
    "Group",
    "Plans",
    "Rules",
    "Work",
]
__all__ += ["count_step", "desk_of", "lay_base", "set_up", "share_by", "vacate"]
