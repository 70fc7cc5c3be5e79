"""Outages solved eight side by side with factors of their own: where limits switch more than few buses.

From a point whose units all stand at their reactive limits, as an optimum without reactive margins leaves
them, an outage switches 50 to 200 buses: more than low-rank changes of the base's factors can take. Each
outage here is what a scenario is, eight of which are solved together, but that it has an admittance of its
own; it is posed from the base, solved, and switched in rounds by the rules of `steady_state.solve`. A lane
whose outage has settled takes the next one.

Buses that are cut off stay in the equations: they keep their branches, lose demand, shunts and output, and so
take the voltage of the bus at which they hung, where no power flows to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.lane_states import NO_FACTORS, SOLVED, STOPPED
from genba.grid.kernels.network import PV, Bools, Floats, Ints
from genba.grid.kernels.newton import SMALLEST_STEP
from genba.grid.kernels.newton_lanes import advance
from genba.grid.kernels.outage_limits import Hits, Nearness, hits_of, judge, nearness_of
from genba.grid.kernels.outage_losses import NONE, Losses
from genba.grid.kernels.outage_plan import Ground, picked_up
from genba.grid.kernels.scenario_lanes import Columns, expect
from genba.grid.kernels.scenarios import (
    Room,
    Start,
    change,
    fixture_of,
    pose_lanes,
    room_of,
    solved_lanes,
    start_of,
)
from genba.grid.kernels.steady_state import JOINT_ROUNDS, ROUNDS
from genba.num.lu.lanes import LANES, aligned

KEPT = 3
"""Steps between two factorisations, at most: a lane that needs more keeps others waiting."""
FREE = -1
"""Outage of a lane that has none."""


@dataclass(frozen=True, eq=False)
class Basis:
    """What all outages share.

    Arguments:
        ground: the base.
        losses: what each outage takes.
        start: the base as scenarios start from it, in p.u.
        columns: what the base has, shape (1, rows) each.
        alone: diagonal of Y of buses at which nothing is but branches that carry nothing, shape (n, 2).
    """

    ground: Ground
    losses: Losses
    start: Start
    columns: Columns
    alone: Floats


@dataclass(frozen=True, eq=False)
class Desk:
    """What one thread writes; the last axis are lanes, but for columns, where they are the first.

    Arguments:
        room: of eight power flows.
        columns: of the outages in the lanes, as `Basis`.
        y: entries of Y, shape (nnz, 2, 8).
        touched: entries in which each lane's Y is not the base's.
        odd: whether a lane's columns are not the base's, shape (8,).
        number: outage in each lane, FREE for none, shape (8,).
        rounds: solutions it has taken, shape (8,).
        spent: factorisations of the solution at work, shape (8,).
        steps: Newton steps, shape (8,).
        turned: whether its slack has proved to flow the other way than expected, shape (8,).
        done: outages that wait for being judged, shape (8,).
        voltage: theirs by position, 0 at buses that are cut off, shape (n, 2, 8), p.u.
        to, hits: see `outage_limits`.
    """

    room: Room
    columns: Columns
    y: Floats
    touched: list[Ints]
    odd: Bools
    number: Ints
    rounds: Ints
    spent: Ints
    steps: Ints
    turned: Bools
    done: Ints
    voltage: Floats
    to: Nearness
    hits: Hits


@dataclass(frozen=True, eq=False)
class Found:
    """What outages gave: those that have a solution, steps of each, and the limits that they pass."""

    solved: Ints
    steps: Ints
    hits: list[tuple[NDArray[np.int32], NDArray[np.int32], Floats]]


def basis_of(ground: Ground, losses: Losses) -> Basis:
    """Make a solved base the start of outages; arguments as in `Basis`."""
    model, network = ground.model, ground.model.network
    everywhere = np.zeros(network.n_bus), np.full(network.n_bus, np.inf)
    fixture = fixture_of(model, ground.schedule, everywhere, band=0.0)._replace(base_mva=1.0)
    start = start_of(model, ground.schedule, ground.state, fixture)
    unused = np.zeros(1)
    columns = Columns(
        pd=network.demand.real,
        qd=network.demand.imag,
        gs=network.shunt.real,
        bs=network.shunt.imag,
        pg=unused,
        qg=network.unit_s.imag,
        vg=network.unit_vset,
        qmax=network.unit_qmax,
        qmin=network.unit_qmin,
        pmax=network.unit_pmax,
        pmin=network.unit_pmin,
        ratio=unused,
        shift=unused,
        rate_a=unused,
    )
    columns = Columns(*(np.ascontiguousarray(column)[None] for column in columns))
    alone = start.y[model.plan.diagonal] - np.add.reduceat(start.y, model.plan.indptr[:-1])
    return Basis(ground, losses, start, columns, alone)


def desk_of(basis: Basis) -> Desk:
    """Give room for one thread; all lanes stand at the base."""
    start, limits = basis.start, basis.ground.known.watch
    room, rows = room_of(start), len(limits.branch) + len(limits.low) + len(limits.high)
    for lane in range(LANES):
        _stand_at_base(start, room, 0, lane)
    room.work.counts[:] = 0
    y = aligned(len(start.y), 2)
    y[:] = start.y[:, :, None]
    room.posed.p[:] = basis.ground.schedule.p[:, None]
    whole = np.zeros(LANES, np.int64)
    return Desk(
        room=room,
        columns=Columns(*(np.repeat(column, LANES, axis=0) for column in basis.columns)),
        y=y,
        touched=[np.zeros(0, np.int64)] * LANES,
        odd=np.zeros(LANES, bool),
        number=np.full(LANES, FREE),
        rounds=whole,
        spent=whole.copy(),
        steps=whole.copy(),
        turned=np.zeros(LANES, bool),
        done=whole.copy(),
        voltage=np.ones((len(start.vm), 2, LANES)),
        to=nearness_of(len(start.vm), len(basis.ground.known.branches.ends)),
        hits=hits_of(LANES * rows),
    )


def solve_outages(basis: Basis, numbers: Ints, desk: Desk) -> Found:
    """Solve some outages and judge them; what one gives does not depend on the others.

    Arguments:
        basis: what all share.
        numbers: the outages, of those that lanes can take.
        desk: of this thread.
    """
    solved: list[int] = []
    steps: list[int] = []
    hits: list[tuple[NDArray[np.int32], NDArray[np.int32], Floats]] = []
    waiting, parked = iter(numbers.tolist()), 0
    while _fill(basis, desk, waiting):
        for lane in _settle(basis, desk):
            solved.append(int(desk.number[lane]))
            steps.append(int(desk.steps[lane]))
            _park(basis, desk, lane, parked)
            desk.number[lane], parked = FREE, parked + 1
            if parked == LANES:
                hits.append(_judged(basis, desk, parked))
                parked = 0
    if parked:
        hits.append(_judged(basis, desk, parked))
    return Found(np.array(solved, np.int64), np.array(steps, np.int64), hits)


def _fill(basis: Basis, desk: Desk, waiting: Iterator[int]) -> bool:
    """Give free lanes the outages that wait; tell whether any lane has one."""
    room, at = desk.room, int(desk.room.work.counts[2 * LANES])
    room.vm[:] = room.work.polar[at, 1]
    before = room.posed.upwards.copy()
    for lane in np.flatnonzero(desk.number == FREE).tolist():
        number = next(waiting, FREE)
        if number == FREE:
            break
        desk.number[lane], desk.turned[lane] = number, False
        desk.rounds[lane], desk.spent[lane], desk.steps[lane] = 0, 0, 0
        _stand_at_base(basis.start, room, at, lane)
        _lay(basis, desk, lane, number)
    if basis.start.fixture.distributed:
        expect(basis.start.fixture, desk.columns, np.arange(LANES), room.posed)
        on = desk.rounds + desk.spent > 0
        room.posed.upwards[:, on] = before[:, on]
    return bool((desk.number != FREE).any())


def _stand_at_base(start: Start, room: Room, at: int, lane: int) -> None:
    """Let a lane begin with the voltage and the reactive limits of the base."""
    angle, cosine, sine = start.angles
    work = room.work
    work.polar[at, 0, :, lane], work.polar[at, 1, :, lane] = angle, start.vm
    work.v[at, 0, :, lane], work.v[at, 1, :, lane] = start.vm * cosine, start.vm * sine
    room.vm[0, :, lane], room.posed.side[:, lane] = start.vm, start.side


def _lay(basis: Basis, desk: Desk, lane: int, number: int) -> None:
    """Write what an outage changes into a lane: entries of Y, and what is demanded and produced."""
    ground, losses, start = basis.ground, basis.losses, basis.start
    _restore(basis, desk, lane)
    cut_off = np.zeros(0, np.int64)
    for row in losses.branches[number].tolist():
        if row == NONE:
            continue
        ends = slice(0, 4)
        if ground.parts.bridge[row]:
            cut_off = _cut_off(ground, row)
            ends = slice(0, 2) if ground.parts.keeps_from[row] else slice(2, 4)
        places = ground.model.plan.places[ends, row]
        desk.y[places, :, lane] -= start.ports[row].reshape(4, 2)[ends]
        desk.touched[lane] = np.append(desk.touched[lane], places)
    if len(cut_off):
        diagonal = ground.model.plan.diagonal[cut_off]
        desk.y[diagonal, :, lane] = basis.alone[cut_off]
        desk.touched[lane] = np.append(desk.touched[lane], diagonal)
    unit = int(losses.units[number])
    desk.room.posed.p[:, lane] = ground.schedule.p
    if unit != NONE or len(cut_off):
        _release(basis, desk, lane, unit, cut_off)


def _restore(basis: Basis, desk: Desk, lane: int) -> None:
    """Take back what the outage before has changed in a lane."""
    touched = desk.touched[lane]
    desk.y[touched, :, lane], desk.touched[lane] = basis.start.y[touched], touched[:0]
    if desk.odd[lane]:
        for own, base in zip(desk.columns, basis.columns, strict=True):
            own[lane] = base[0]
    desk.odd[lane] = False


def _cut_off(ground: Ground, row: int) -> Ints:
    """Give the buses that the loss of a bridge cuts off."""
    parts, island = ground.parts, ground.schedule.island
    within = parts.preorder[parts.first[row] : parts.end[row]]
    if not parts.rest[row]:
        return within
    others = island == island[ground.model.network.from_bus[row]]
    others[within] = False
    return np.flatnonzero(others)


def _release(basis: Basis, desk: Desk, lane: int, unit: int, cut_off: Ints) -> None:
    """Take away a unit, and what is at buses that are cut off; a bus without units holds no voltage.

    A bus whose units are gone is one that is held at a limit of 0 and has a set point out of reach.
    """
    network, schedule = basis.ground.model.network, basis.ground.schedule
    columns, posed, bus = desk.columns, desk.room.posed, network.unit_bus
    for column in (columns.pd, columns.qd, columns.gs, columns.bs):
        column[lane, cut_off] = 0.0
    dead = np.zeros(network.n_bus, bool)
    dead[cut_off] = True
    gone = dead[bus]
    if unit != NONE:
        gone[unit] = True
        dead[bus[unit]] |= int((bus[schedule.unit_on] == bus[unit]).sum()) == 1
    for column in (columns.qg, columns.qmax, columns.qmin, columns.pmax, columns.pmin):
        column[lane, gone] = 0.0
    columns.vg[lane, dead[bus]] = np.inf
    posed.side[dead & (basis.start.fixture.kind == PV), lane] = 1
    posed.p[gone, lane] = 0.0
    if unit != NONE:
        p = posed.p[:, lane][None]
        posed.p[:, lane] = picked_up(basis.ground, p, np.array([unit]))[0]
    desk.odd[lane] = True


def _settle(basis: Basis, desk: Desk) -> list[int]:
    """Solve all lanes once, and switch buses; give the lanes that have settled, and free those that fail."""
    start, room, work, budget = basis.start, desk.room, desk.room.work, basis.start.model.budget
    going, chord = desk.number != FREE, np.full(LANES, NO_FACTORS)
    task, first = pose_lanes(
        start, desk.columns, np.arange(LANES), going, chord, y=desk.y, room=room, again=True
    )
    limits = budget.tolerance, budget.factorisations, SMALLEST_STEP, KEPT, 1
    advance(start.grid, task, work, first, True, *limits)
    desk.steps[going] += work.counts[:LANES][going]
    solved = going & solved_lanes(start, room)
    at, single = int(work.counts[2 * LANES]), desk.rounds >= JOINT_ROUNDS
    settled = solved & ~change(start, room.posed, work, at, solved, desk.turned, single=single)
    desk.rounds[solved] += 1
    desk.spent[:] = np.where(solved, 0, desk.spent + 1)
    fails = (desk.spent == budget.factorisations) | (work.status == STOPPED) | (desk.rounds == ROUNDS)
    fails |= (work.status == SOLVED) & ~solved
    desk.number[fails & ~settled] = FREE
    return np.flatnonzero(settled).tolist()


def _park(basis: Basis, desk: Desk, lane: int, place: int) -> None:
    """Lay the solution of a lane among those that wait for being judged."""
    number, work = int(desk.number[lane]), desk.room.work
    at, ground = int(work.counts[2 * LANES]), basis.ground
    order, row = ground.point.structure.order, int(basis.losses.branches[number, 0])
    for part in range(2):
        desk.voltage[:, part, place] = work.v[at, part, order, lane]
    if row != NONE and ground.parts.bridge[row]:
        desk.voltage[ground.position[_cut_off(ground, row)], :, place] = 0.0
    desk.done[place] = number


def _judged(basis: Basis, desk: Desk, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """Give outage, limit and value of what solutions pass."""
    desk.to.wanted[:], desk.hits.used[0] = np.arange(LANES) < count, 0
    known, lost = basis.ground.known, basis.losses.branches
    judge(known.branches, known.watch, lost, desk.done, desk.voltage, desk.to, desk.hits)
    rows = int(desk.hits.used[0])
    return desk.hits.outage[:rows].copy(), desk.hits.limit[:rows].copy(), desk.hits.value[:rows].copy()


__all__ = ["Basis", "Desk", "Found", "basis_of", "desk_of", "solve_outages"]
