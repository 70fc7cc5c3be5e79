"""Scenarios of a grid solved eight at a time from one base; none depends on its neighbours."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.jacobian import fill_blocks
from genba.grid.kernels.lane_states import (
    BASES,
    NO_FACTORS,
    RUNNING,
    SOLVED,
    STOPPED,
    Ended,
    First,
    Grid,
    Task,
    Work,
    work_of,
)
from genba.grid.kernels.network import PQ, PV, REFERENCE, Bools, Floats, Ints, Phasors
from genba.grid.kernels.newton import SMALLEST_STEP
from genba.grid.kernels.newton_lanes import advance, keep, standing
from genba.grid.kernels.reactive_limits import switch_lanes
from genba.grid.kernels.scenario_figures import figures_of
from genba.grid.kernels.scenario_groups import Group, group_of
from genba.grid.kernels.scenario_lanes import (
    Columns,
    Fixture,
    Posed,
    admittance_lanes,
    expect,
    ports_of,
    pose,
    posed_of,
)
from genba.grid.kernels.steady_state import (
    JOINT_ROUNDS,
    ROUNDS,
    Model,
    Schedule,
    State,
    controls_of,
)
from genba.num.lu.factor import HOLDS, factorize, factors_of
from genba.num.lu.lanes import LANES, aligned

WORK = 400_000
"""Blocks of factors in eight lanes that one call of a kernel may make: about a tenth of a second."""


@dataclass(frozen=True, eq=False)
class Start:
    """What scenarios of one topology have in common.

    Arguments:
        model: the grid, analysed.
        fixture: what no scenario changes.
        grid: its equations, with factors at the base.
        vm: magnitudes to start from, shape (n,), p.u.
        angles: angles to start from, rad, their cosines and sines, shape (3, n).
        side: reactive limits to start from, shape (n,).
        chord: whether the factors are those of the start.
        ports: two-ports of the base by parts, shape (m, 8).
        y: entries of Y of the base, shape (nnz, 2).
    """

    model: Model
    fixture: Fixture
    grid: Grid
    vm: Floats
    angles: Floats
    side: Ints
    chord: bool
    ports: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Shown:
    """Eight solved scenarios, by lane.

    Arguments:
        solved: whether each has a solution, shape (8,).
        steps: Newton steps of each, shape (8,).
        posed: as they were solved last.
        ended: their states.
        ports: two-ports of the branches, shape (m, 8) or (m, 8, 8).
        figures, places: see `scenario_figures`.
    """

    solved: Bools
    steps: Ints
    posed: Posed
    ended: Ended
    ports: Floats
    figures: Floats
    places: Ints


def start_of(model: Model, schedule: Schedule, state: State, fixture: Fixture) -> Start:
    """Make a state the start of scenarios; where it did not converge, its voltage serves all the same.

    Arguments:
        model: the grid.
        schedule: what is in service.
        state: where scenarios start.
        fixture: what no scenario changes.
    """
    plan = model.plan
    y = model.admittance.values(schedule.branch_on)
    free_angle, free_magnitude = _unknowns(fixture, state.side)
    blocks, voltage = np.empty((len(y), 4)), state.at.voltage
    parts = np.ascontiguousarray(voltage.real), np.ascontiguousarray(voltage.imag)
    fill_blocks(
        plan.indptr, plan.cols, plan.diagonal, y, *parts, state.at.vm, free_angle, free_magnitude, blocks
    )
    factors = factors_of(plan.structure)
    holds = factorize(plan.structure, blocks, factors) == HOLDS
    grid = Grid(
        structure=plan.structure,
        indptr=plan.indptr,
        cols=plan.cols,
        diagonal=plan.diagonal,
        island=schedule.island,
        free_angle=free_angle,
        distributed=model.distributed,
        factors=factors,
    )
    ports = _ports(model)
    va = state.at.va
    angles = np.stack([va, np.cos(va), np.sin(va)])
    return Start(model, fixture, grid, state.at.vm, angles, state.side, bool(holds), ports, _parts(y))


def fixture_of(model: Model, schedule: Schedule, limits: tuple[Floats, Floats], *, band: float) -> Fixture:
    """Give what no scenario of a topology changes.

    Arguments:
        model: the grid.
        schedule: what is in service.
        limits: smallest and largest voltage allowed at each bus, p.u.
        band: share of a limit by which rounding may pass it.
    """
    network, control = model.network, controls_of(model.network, schedule)
    return Fixture(
        base_mva=network.base_mva,
        island=schedule.island,
        kind=control.kind,
        unit_bus=network.unit_bus,
        unit_on=schedule.unit_on,
        reference_unit=control.reference_unit,
        vmin=limits[0],
        vmax=limits[1],
        from_bus=network.from_bus,
        to_bus=network.to_bus,
        flowing=schedule.branch_on & (schedule.island > 0)[network.from_bus],
        distributed=model.distributed,
        band=band,
    )


def shown_of(model: Model, fixture: Fixture, state: State, columns: Columns, row: int) -> Shown:
    """Show a state that was solved alone as eight equal lanes."""
    posed, rows = posed_of(fixture), np.full(LANES, row)
    vm = np.ones((1, len(state.side), LANES))
    posed.p[:], posed.side[:] = state.unit_p[:, None], state.side[:, None]
    pose(fixture, columns, rows, posed, vm)
    posed.weights[:] = 0.0  # the outputs hold the slack
    voltage, excess = state.at.voltage, state.at.excess
    ended = Ended(
        v=_lanes(voltage.real, voltage.imag),
        polar=_lanes(state.at.va, state.at.vm),
        excess=_lanes(excess.real, excess.imag),
        slack=np.zeros((len(fixture.reference_unit), LANES)),
    )
    ports = _ports(model)
    figures, places = figures_of(fixture, columns, rows, posed, ended.v, ended.slack, ports)
    solved, steps = np.full(LANES, state.converged), np.full(LANES, state.iterations)
    return Shown(solved, steps, posed, ended, ports, figures, places)


def _lanes(one: Floats, other: Floats) -> Floats:
    return np.repeat(np.stack([one, other])[:, :, None], LANES, axis=2)


def _ports(model: Model) -> Floats:
    """Give two-ports by parts, shape (m, 8); 0 for branches out of service, whose impedance may be 0."""
    return _parts(np.where(model.network.branch_on, model.admittance.two_port, 0.0).T)


def _unknowns(fixture: Fixture, side: Ints) -> tuple[Floats, Floats]:
    """Give 1 where an angle, and where a magnitude is unknown."""
    live = fixture.island > 0
    free = (fixture.kind == PQ) | (side != 0)
    return (live & (fixture.kind != REFERENCE)).astype(float), (live & free).astype(float)


def _parts(values: Phasors) -> Floats:
    """Give complex numbers as pairs in the last axis, shape (rows, 2 columns)."""
    numbers = np.ascontiguousarray(values).view(np.float64)
    return numbers.reshape(len(values), 2 * math.prod(values.shape[1:]))


@dataclass(frozen=True, eq=False)
class Room:
    """Memory that one thread uses for group after group; `kept` holds lanes that have ended.

    `vm` has shape (1, n, 8), as lanes are loaded.
    """

    work: Work
    posed: Posed
    group: Group
    vm: Floats
    kept: Ended


def room_of(start: Start) -> Room:
    """Give a thread's room."""
    n, islands = len(start.vm), len(start.fixture.reference_unit)
    kept = Ended(aligned(2, n), aligned(2, n), aligned(2, n), np.zeros((islands, LANES)))
    return Room(work_of(start.grid), posed_of(start.fixture), group_of(), aligned(1, n), kept)


def solve_group(
    start: Start,
    columns: Columns,
    members: Ints,
    p: Floats,
    *,
    varied: bool,
    room: Room,
    heed: Callable[[], None],
) -> Shown:
    """Solve up to eight scenarios that have the start's topology.

    Arguments:
        start: what they share.
        columns: of the block they belong to.
        members: the scenarios, by row of the block, shape (k,).
        p: active output asked of each unit, shape (k, g), p.u.
        varied: whether taps, shifts or shunts differ from the start's.
        room: of this thread; what is given lies in it until the next call.
        heed: called between pieces of work; may raise to stop.
    """
    there, posed = len(members), room.posed
    rows = np.concatenate([members, np.repeat(members[-1:], LANES - there)])
    posed.p[:, :there], posed.p[:, there:] = p.T, p[-1:].T
    posed.side[:] = start.side[:, None]
    room.vm[:] = start.vm[:, None]
    if start.fixture.distributed:
        expect(start.fixture, columns, rows, posed)
    ports, y = _network(start, columns, rows) if varied else (start.ports, start.y)
    solved, steps, kept = _settled(start, columns, rows, there, y=y, room=room, heed=heed)
    figures, places = figures_of(start.fixture, columns, rows, posed, kept.v, kept.slack, ports)
    return Shown(solved, steps, posed, kept, ports, figures, places)


def _network(start: Start, columns: Columns, rows: Ints) -> tuple[Floats, Floats]:
    """Give two-ports and entries of Y of every lane."""
    network, plan = start.model.network, start.model.plan
    z = network.impedance
    ports = ports_of(
        np.ascontiguousarray(z.real), np.ascontiguousarray(z.imag), network.charging, columns, rows
    )
    y = admittance_lanes(start.fixture, columns, rows, ports, plan.places, plan.diagonal, len(plan.cols))
    return ports, y


def _settled(
    start: Start,
    columns: Columns,
    rows: Ints,
    there: int,
    *,
    y: Floats,
    room: Room,
    heed: Callable[[], None],
) -> tuple[Bools, Ints, Ended]:
    """Solve until reactive limits and the direction of the slack settle, as `steady_state.solve` does."""
    grid, posed, work, budget = start.grid, room.posed, room.work, start.model.budget
    most = most_steps(start)
    limits = budget.tolerance, budget.factorisations, SMALLEST_STEP, most, most
    going, solved, turned = np.arange(LANES) < there, np.zeros(LANES, bool), np.zeros(LANES, bool)
    steps = np.zeros(LANES, np.int64)
    for number in range(ROUNDS):
        chord = _same_unknowns(start, posed)
        task, first = pose_lanes(start, columns, rows, going, chord, y=y, room=room, again=number > 0)
        more = advance(grid, task, work, first, True, *limits)
        while more:
            heed()
            more = advance(grid, task, work, first, False, *limits)
        at = int(work.counts[-1])
        steps += np.where(going, work.counts[:LANES], 0)
        going &= solved_lanes(start, room)
        single = np.full(LANES, number >= JOINT_ROUNDS)
        ended = going & ~change(start, posed, work, at, going, turned, single=single)
        solved |= ended
        going &= ~ended
        if number == 0 and not going.any():  # nothing has to be kept for another round
            return solved, steps, Ended(work.v[at], work.polar[at], work.excess[at], work.slack[at])
        keep(work, ended, *room.kept)
        if not going.any():
            break
        room.vm[:] = work.polar[at, 1]
    return solved, steps, room.kept


def pose_lanes(
    start: Start,
    columns: Columns,
    rows: Ints,
    going: Bools,
    chord: Ints,
    *,
    y: Floats,
    room: Room,
    again: bool,
) -> tuple[Task, First]:
    """Give what lanes are to solve with the reactive limits and the shares of slack that they have.

    Arguments:
        start: what all share.
        columns: of the block they belong to.
        rows: the lanes, by row of the block, shape (8,).
        going: lanes that take part, shape (8,).
        chord: those that begin with the factors of the base, as in `First`.
        y: entries of Y, as in `Task`.
        room: of this thread, with outputs, sides, and first magnitudes.
        again: whether lanes keep the angles where they stand.
    """
    posed = room.posed
    pose(start.fixture, columns, rows, posed, room.vm)
    task = Task(y, posed.scheduled, posed.free_magnitude, posed.share)
    return task, First(room.vm, start.angles, np.where(going, RUNNING, STOPPED), chord, again)


def solved_lanes(start: Start, room: Room) -> Bools:
    """Tell which lanes have a solution in which no bus has collapsed, shape (8,)."""
    work = room.work
    standing(work.polar[work.counts[-1]], start.fixture.island, start.model.budget.lowest, room.group.stands)
    return np.asarray((work.status == SOLVED) & room.group.stands)


def most_steps(start: Start) -> int:
    """Give how many steps of eight lanes a call of a kernel may take."""
    return max(1, WORK // (len(start.grid.structure.lower_columns) + len(start.vm)))


def _same_unknowns(start: Start, posed: Posed) -> Ints:
    """Tell in which lanes the factors of the base are those of the unknowns."""
    factors = BASES if start.chord else NO_FACTORS
    if not start.model.reactive_limits:
        return np.full(LANES, factors)
    same: Bools = (posed.side == start.side[:, None]).all(axis=0)
    return np.where(same, factors, NO_FACTORS)


def change(
    start: Start, posed: Posed, work: Work, at: int, going: Bools, turned: Bools, *, single: Bools
) -> Bools:
    """Write what the next round has to change; tell in which lanes it is anything.

    Arguments:
        start: what all share.
        posed: as lanes were solved; sides and directions are written.
        work: their solutions.
        at: the buffer where these stand.
        going: lanes that have one, shape (8,).
        turned: whether the slack of each has been turned since a bus was switched; is written.
        single: lanes in which only the most urgent bus is switched, shape (8,).
    """
    changed = np.zeros(LANES, bool)
    if start.model.reactive_limits:
        controls, (q, vm) = start.fixture.kind == PV, (work.excess[at, 1], work.polar[at, 1])
        limits = posed.lowest, posed.highest, posed.setpoint
        switch_lanes(posed.side, going, controls, q, vm, *limits, single, changed)
    if start.fixture.distributed:
        slack = work.slack[at]
        wrong = np.where(posed.upwards, slack < 0, slack > 0)
        wrong[0] = False
        turn = going & ~turned & wrong.any(axis=0)
        posed.upwards[:] ^= wrong & turn
        turned[:] = ~changed & (turned | turn)  # with other sides it may turn again
        changed |= turn
    return changed
