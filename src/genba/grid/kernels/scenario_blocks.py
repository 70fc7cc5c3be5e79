"""A block of scenarios: eight at a time where the topology is the base's, one at a time where it is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.admittance import two_ports
from genba.grid.kernels.balance import First, first_voltage, scheduled
from genba.grid.kernels.lane_states import Ended
from genba.grid.kernels.network import ISOLATED, REFERENCE, Bools, Floats, Ints, Network, phasors
from genba.grid.kernels.newton import SMALLEST_STEP
from genba.grid.kernels.restarts import solve_or_restart
from genba.grid.kernels.scenario_figures import FIGURES, PLACES
from genba.grid.kernels.scenario_groups import Base, Noted, solve_groups
from genba.grid.kernels.scenario_lanes import Columns, Fixture
from genba.grid.kernels.scenario_values import Asked, values_of
from genba.grid.kernels.scenarios import (
    Room,
    Shown,
    Start,
    fixture_of,
    most_steps,
    shown_of,
    solve_group,
    start_of,
)
from genba.grid.kernels.steady_state import Model, Schedule, State, solve
from genba.num.lu.lanes import LANES

STATUSES = (("gen", "status"), ("branch", "status"))
NETWORK = (("bus", "gs"), ("bus", "bs"), ("branch", "ratio"), ("branch", "shift"))
"""Columns that change the admittance matrix."""
TABLES = dict(zip(Columns._fields, ["bus"] * 4 + ["gen"] * 7 + ["branch"] * 3, strict=True))
"""Table of each column."""

Changed = Mapping[tuple[str, str], Floats]
"""Columns of a case, by table and name, shape (scenarios, rows of the table) each."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What all blocks share.

    Arguments:
        model: the grid, analysed.
        start: where scenarios of the base's topology start.
        base: the base's state; None when it has none.
        case: the case's own columns, shape (1, rows) each, statuses included.
        asked: values to keep of every scenario.
        balanced: whether each scenario's imbalance is spread over headroom first.
        first: the first voltage of a state without a neighbour.
        own_reference: whether no scenario can change which bus is a reference but by its topology.
        heed: called between pieces of work; may raise to stop.
    """

    model: Model
    start: Start
    base: State | None
    case: Changed
    asked: Asked
    balanced: bool
    first: First
    own_reference: bool
    heed: Callable[[], None]


@dataclass(frozen=True, eq=False)
class Answers:
    """What scenarios show, by row: see `scenario_figures` for figures and places."""

    solved: Bools
    steps: Ints
    figures: Floats
    places: Ints
    values: Floats

    @staticmethod
    def empty(count: int, values: int) -> "Answers":
        """Give room for some scenarios, none of them solved."""
        return Answers(
            solved=np.zeros(count, np.bool_),
            steps=np.zeros(count, np.int64),
            figures=np.full((count, FIGURES), np.nan),
            places=np.full((count, PLACES), -1),
            values=np.full((count, values), np.nan),
        )

    def put(self, rows: Ints, other: "Answers") -> None:
        """Write the answers of a block at its rows."""
        for mine, theirs in (
            (self.solved, other.solved),
            (self.steps, other.steps),
            (self.figures, other.figures),
            (self.places, other.places),
            (self.values, other.values),
        ):
            mine[rows] = theirs


def batch_of(
    model: Model,
    schedule: Schedule,
    state: State,
    *,
    case: Changed,
    asked: Asked,
    balanced: bool,
    first: First,
    band: float,
    heed: Callable[[], None],
) -> Batch:
    """Make a solved base, or one that has no solution, the start of scenarios; arguments as in `Batch`."""
    limits = case["bus", "vmin"][0], case["bus", "vmax"][0]
    fixture = fixture_of(model, schedule, limits, band=band)
    base = state if state.converged else None
    if base is None:
        vm, va = first_voltage(model, schedule, first)
        state = replace(state, at=replace(state.at, vm=vm, va=va), side=np.zeros_like(state.side))
    reference = fixture.kind == REFERENCE
    own = bool((model.network.bus_type[reference] == REFERENCE).all())
    start = start_of(model, schedule, state, fixture)
    return Batch(model, start, base, case, asked, balanced, first, own, heed)


def solve_block(batch: Batch, changed: Changed, count: int, room: Room) -> Answers:
    """Solve a block of scenarios.

    Arguments:
        batch: what they share.
        changed: the columns that change, shape (count, rows) each.
        count: number of scenarios.
        room: of this thread.
    """
    answers = Answers.empty(count, batch.asked.count)
    columns = Columns(*(_column(batch, changed, (TABLES[name], name)) for name in Columns._fields))
    alone = _alone(batch, changed, count)
    together = np.flatnonzero(~alone)
    varied = any(name in changed for name in NETWORK)
    p = _outputs(batch, columns, changed, together)
    if varied or not batch.model.settled:
        _solve_settling(batch, columns, together, p, varied=varied, room=room, answers=answers)
    else:
        _solve_settled(batch, columns, together, p, room=room, answers=answers)
    for row in np.flatnonzero(~answers.solved).tolist():
        batch.heed()
        _solve_alone(batch, columns, changed, row, near=bool(alone[row]), answers=answers)
    return answers


def _solve_settling(
    batch: Batch, columns: Columns, members: Ints, p: Floats, *, varied: bool, room: Room, answers: Answers
) -> None:
    """Solve scenarios group by group, each until limits and slack have settled."""
    for first in range(0, len(members), LANES):
        batch.heed()
        group, asked = members[first : first + LANES], p[first : first + LANES]
        shown = solve_group(batch.start, columns, group, asked, varied=varied, room=room, heed=batch.heed)
        _note(batch, batch.start.fixture, columns, group, shown, answers)


def _solve_settled(
    batch: Batch, columns: Columns, members: Ints, p: Floats, *, room: Room, answers: Answers
) -> None:
    """Solve scenarios in which nothing has to settle: as many groups in a call as it has time for."""
    start, groups = batch.start, -(-len(members) // LANES)
    base = Base(start.vm, start.angles, start.side, start.chord, start.ports, start.y)
    noted = Noted(answers.solved, answers.steps, answers.figures, answers.places)
    grid, fixture, budget = start.grid, start.fixture, start.model.budget
    limits = budget.tolerance, budget.factorisations, SMALLEST_STEP, budget.lowest, most_steps(start)
    group, afresh, recorded = 0, True, batch.asked.count > 0
    while group < groups:
        batch.heed()
        before, last = group, groups
        if recorded:
            last = group + 1  # what is recorded lies in the room until the next group
        group, afresh = solve_groups(
            grid, fixture, columns, base, members, p, group, last, afresh,
            room.work, room.posed, room.group, room.vm, noted, *limits
        )  # fmt: skip
        if recorded and group > before:
            _note_values(batch, columns, members[LANES * before : LANES * group], room, answers)


def _note_values(batch: Batch, columns: Columns, members: Ints, room: Room, answers: Answers) -> None:
    """Write the values asked for of the group that was solved last."""
    work, at, start = room.work, int(room.work.counts[-1]), batch.start
    ended = Ended(work.v[at], work.polar[at], work.excess[at], work.slack[at])
    state = room.posed, ended, start.ports
    values = values_of(batch.asked, start.fixture, columns, members, state)
    solved = np.flatnonzero(answers.solved[members])
    answers.values[members[solved]] = values[:, solved].T


def _column(batch: Batch, changed: Changed, name: tuple[str, str]) -> Floats:
    return changed.get(name, batch.case[name])


def _alone(batch: Batch, changed: Changed, count: int) -> Bools:
    """Tell which scenarios may have another topology or other references than the base, shape (count,)."""
    alone = np.zeros(count, np.bool_)
    for name in STATUSES:
        if name in changed:
            alone |= ((changed[name] > 0) != (batch.case[name] > 0)).any(axis=1)
    if not batch.own_reference and ("gen", "pmax") in changed:
        alone |= (changed["gen", "pmax"] != batch.case["gen", "pmax"]).any(axis=1)
    return alone


def _outputs(batch: Batch, columns: Columns, changed: Changed, rows: Ints) -> Floats:
    """Give the active output asked of each unit of some scenarios, shape (k, g), p.u."""
    fixture = batch.start.fixture
    if not batch.balanced:
        p = columns.pg[rows] if len(columns.pg) > 1 else np.repeat(columns.pg, len(rows), axis=0)
        return np.where(fixture.unit_on, p / fixture.base_mva, 0.0)
    found = [
        scheduled(batch.model, _network(batch, columns, changed, row), balance=True).p
        for row in rows.tolist()
    ]
    return np.array(found).reshape(len(rows), len(fixture.unit_bus))


def _network(batch: Batch, columns: Columns, changed: Changed, row: int) -> Network:
    """Give the network of one scenario."""
    one = Columns(*(column[row if len(column) > 1 else 0] for column in columns))
    network, base = batch.model.network, batch.model.network.base_mva
    unit, branch = (_column(batch, changed, name) for name in STATUSES)
    unit, branch = unit[row if len(unit) > 1 else 0] > 0, branch[row if len(branch) > 1 else 0] > 0
    live = network.bus_type != ISOLATED
    ratio = np.where(one.ratio == 0, 1.0, one.ratio)
    return replace(
        network,
        demand=phasors(one.pd, one.qd) / base,
        shunt=phasors(one.gs, one.bs) / base,
        unit_s=phasors(one.pg, one.qg) / base,
        unit_vset=one.vg,
        unit_pmin=one.pmin / base,
        unit_pmax=one.pmax / base,
        unit_qmin=one.qmin / base,
        unit_qmax=one.qmax / base,
        unit_on=unit & live[network.unit_bus],
        tap=ratio * np.exp(1j * np.radians(one.shift)),
        branch_on=branch & live[network.from_bus] & live[network.to_bus],
    )


def _note(
    batch: Batch, fixture: Fixture, columns: Columns, members: Ints, shown: Shown, answers: Answers
) -> None:
    """Write what the lanes of a group show at their scenarios' rows."""
    there = len(members)
    answers.steps[members] += shown.steps[:there]
    solved = np.flatnonzero(shown.solved[:there])
    rows = members[solved]
    answers.solved[rows] = True
    answers.figures[rows], answers.places[rows] = shown.figures[:, solved].T, shown.places[:, solved].T
    if batch.asked.count:
        state = shown.posed, shown.ended, shown.ports
        values = values_of(batch.asked, fixture, columns, members, state)
        answers.values[rows] = values[:, solved].T


def _solve_alone(
    batch: Batch, columns: Columns, changed: Changed, row: int, *, near: bool, answers: Answers
) -> None:
    """Solve one scenario: from the base's state when `near`, then from its own first voltage."""
    network = _network(batch, columns, changed, row)
    admittance = replace(batch.model.admittance, two_port=two_ports(network), shunt=network.shunt)
    model = replace(batch.model, network=network, admittance=admittance)
    schedule = scheduled(model, network, balance=batch.balanced)
    limits = batch.start.fixture.vmin, batch.start.fixture.vmax
    fixture = fixture_of(model, schedule, limits, band=batch.start.fixture.band)
    steps = 0
    if near and batch.base is not None:
        state = solve(model, schedule, vm=batch.base.at.vm, va=batch.base.at.va)
        steps += state.iterations
    if not (near and batch.base is not None and state.converged):
        vm, va = first_voltage(model, schedule, batch.first)
        state = solve_or_restart(model, schedule, vm=vm, va=va)
        steps += state.iterations
    state = replace(state, iterations=steps)
    members = np.array([row])
    _note(batch, fixture, columns, members, shown_of(model, fixture, state, columns, row), answers)
    if not state.converged:  # load is known all the same
        answers.figures[row, 1:3] = shown_of(model, fixture, state, columns, row).figures[1:3, 0]
