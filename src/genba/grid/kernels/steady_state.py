"""The steady state of a grid: equations posed from what is in service, solved, and read back by unit."""

from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.admittance import Admittance
from genba.grid.kernels.headroom import headroom, shares
from genba.grid.kernels.islands import references
from genba.grid.kernels.jacobian import JacobianPlan, analysed
from genba.grid.kernels.network import PV, Bools, Floats, Ints, Network, Phasors, bus_sum
from genba.grid.kernels.newton import SMALLEST_STEP, WORK, Budget, Iterate, Solution, newton
from genba.grid.kernels.newton_steps import MORE, SINGULAR, SOLVED, Equations
from genba.grid.kernels.one_solution import Found, controls_in, in_service, outputs, pose, solution_of
from genba.grid.kernels.reactive_limits import shared, switched

ROUNDS = 40
JOINT_ROUNDS = 20
"""Solutions while reactive limits and the direction of the slack settle; the first switch buses jointly."""
NO_WEIGHTS = np.zeros(0)
"""Shares of the slack where the reference units alone produce it."""


@dataclass(frozen=True, eq=False)
class Model:
    """A grid, analysed once, and how it is to be solved."""

    network: Network
    admittance: Admittance
    plan: JacobianPlan
    distributed: bool
    """Whether all units produce the slack, or the reference unit alone."""
    reactive_limits: bool
    budget: Budget

    @property
    def settled(self) -> bool:
        """Tell whether one solution is all: no limits to hold, and no direction of the slack to find."""
        return not self.reactive_limits and not self.distributed


@dataclass(frozen=True, eq=False)
class Schedule:
    """What is in service, and what each unit is to produce before slack.

    Arguments:
        branch_on: branches in service, shape (m,).
        unit_on: units in service at energised buses, shape (g,).
        island: island of each bus, 0 when de-energised, shape (n,).
        p: active output of each unit, shape (g,), p.u.
    """

    branch_on: Bools
    unit_on: Bools
    island: Ints
    p: Floats

    def unit_group(self, network: Network) -> Ints:
        """Give the island of each unit, 0 for those that do not run, shape (g,)."""
        return np.where(self.unit_on, self.island[network.unit_bus], 0)


@dataclass(frozen=True, eq=False)
class State:
    """A solved state, or the last finite iterate of one that has none."""

    converged: bool
    iterations: int
    at: Iterate
    kind: Ints
    """PQ, PV or REFERENCE as solved, shape (n,)."""
    side: Ints
    """1 at buses held at their upper reactive limit, -1 at the lower, else 0, shape (n,)."""
    unit_p: Floats
    """Active output, slack included, shape (g,), p.u."""
    unit_q: Floats


def model_of(network: Network, *, distributed: bool, reactive_limits: bool, budget: Budget) -> Model:
    """Analyse a grid."""
    return Model(network, *analysed(network), distributed, reactive_limits, budget)


def schedule_of(network: Network) -> Schedule:
    """Give what the case has in service, with the case's outputs."""
    columns = network.from_bus, network.to_bus, network.branch_on, network.unit_bus, network.unit_on
    return Schedule(network.branch_on, network.unit_on, *in_service(network.n_bus, *columns, network.unit_s))


def solve(model: Model, schedule: Schedule, *, vm: Floats, va: Floats, side: Ints | None = None) -> State:
    """Solve the power flow from a first voltage, (n,) each.

    Buses whose units control their voltage start at the set point. Each island's slack takes the direction in
    which it turns out to flow, also where the direction that was expected, in which units have other
    headroom, leads to no solution. Reactive limits switch buses until none changes. Where that never ends,
    because a bus answers a limit with a rising voltage, there is no solution.
    """
    side = np.zeros(model.network.n_bus, np.int64) if side is None else side
    if model.settled:
        return _solved(model, schedule, side, NO_WEIGHTS, vm=vm, va=va)
    upwards = _upwards(model, schedule)
    state = _settled(model, schedule, side, upwards, vm=vm, va=va)
    if state.converged or not model.distributed:
        return state
    turned = _settled(model, schedule, side, ~upwards, vm=vm, va=va)
    return replace(turned, iterations=turned.iterations + state.iterations) if turned.converged else state


def posed(model: Model, schedule: Schedule, *, vm: Floats) -> tuple[Equations, Floats]:
    """Give what `solve` solves first, no reactive limit held, and its first magnitudes (n,)."""
    control, side = controls_of(model.network, schedule), np.zeros(model.network.n_bus, np.int64)
    weights = _unit_shares(model, schedule, control, _Going(side, _upwards(model, schedule), False))
    y = model.admittance.values(schedule.branch_on)
    equations, _, start = _posed(model, schedule, control, side, weights=weights, y=y, vm=vm)
    return equations, start


def _settled(
    model: Model, schedule: Schedule, side: Ints, upwards: Bools, *, vm: Floats, va: Floats
) -> State:
    """Solve in rounds from these sides and directions of the slack, until neither changes."""
    control = controls_of(model.network, schedule)
    going = _Going(side, upwards, False)
    iterations = 0
    for number in range(ROUNDS):
        weights = _unit_shares(model, schedule, control, going)
        state = _solved(model, schedule, going.side, weights, vm=vm, va=va)
        iterations += state.iterations
        state = replace(state, iterations=iterations)
        vm, va = state.at.vm, state.at.va
        if not state.converged:
            return state
        after = _after(model, control, going, state.at, single=number >= JOINT_ROUNDS)
        if after is going:
            return state
        going = after
    return replace(state, converged=False, side=going.side)


def _solved(
    model: Model, schedule: Schedule, side: Ints, weights: Floats, *, vm: Floats, va: Floats
) -> State:
    """Solve with reactive limits and shares of slack as they stand."""
    grid, plan, y, budget = model.network, model.plan, model.admittance, model.budget
    limits = budget.tolerance, budget.factorisations, budget.reuse, SMALLEST_STEP, WORK, budget.lowest
    found = solution_of(
        plan.packed, plan.indptr, plan.cols, plan.diagonal, plan.places, y.two_port, y.shunt,
        grid.bus_type, grid.demand, grid.unit_bus, grid.unit_s, grid.unit_vset, grid.unit_pmax,
        grid.unit_qmin, grid.unit_qmax, schedule.branch_on, schedule.unit_on, schedule.island, schedule.p,
        side, weights, vm, va, model.distributed, *limits
    )  # fmt: skip
    state = state_of(found, side)
    return continued(model, schedule, side, weights, found) if state is None else state


def state_of(found: Found, side: Ints) -> State | None:
    """Give the state that `one_solution` found with these sides.

    None when it has to go on in pieces, where a call can be stopped, or with factors that pivot.
    """
    ended, steps, _, mismatch, norm, vm, va, excess, slack, kind, p, q = found
    if ended in (MORE, SINGULAR):
        return None
    at = Iterate(vm, va, excess, slack, mismatch, norm)
    return State(ended == SOLVED, steps, at, kind, side, p, q)


def continued(model: Model, schedule: Schedule, side: Ints, weights: Floats, found: Found) -> State:
    """Go on from where a first call of `one_solution` ended; arguments as they were."""
    network, plan = model.network, model.plan
    control = controls_of(network, schedule)
    if not len(weights):
        weights = _unit_shares(model, schedule, control, _Going(side, np.ones(1, np.bool_), False))
    y = model.admittance.values(schedule.branch_on)
    _, steps, spent, _, _, vm, va, *_ = found
    equations, kind, vm = _posed(model, schedule, control, side, weights=weights, y=y, vm=vm)
    budget = replace(model.budget, factorisations=model.budget.factorisations - spent)
    solution = newton(plan, equations, vm, va, budget)
    solution = replace(solution, iterations=solution.iterations + steps)
    return _state(model, schedule, control, side, kind, weights=weights, solution=solution)


@dataclass(frozen=True, eq=False)
class Control:
    """What the units do: each bus's kind before limits, set point and reactive limits, shape (n,) each."""

    kind: Ints
    setpoint: Floats
    lowest: Floats
    highest: Floats
    reference_unit: Ints
    """First unit at each island's reference bus, -1 for none, shape (islands + 1,)."""


@dataclass(frozen=True, eq=False)
class _Going:
    """What may change from one solution to the next."""

    side: Ints
    """1 at buses held at their upper reactive limit, -1 at the lower, else 0, shape (n,)."""
    upwards: Bools
    """Direction of each island's slack, shape (islands + 1,)."""
    turned: bool


def controls_of(network: Network, schedule: Schedule) -> Control:
    """Give what the units in service hold before any reactive limit."""
    bus, unit = references(network, schedule.island, schedule.unit_on)
    columns = network.unit_vset, network.unit_qmin, network.unit_qmax
    kind, setpoint, lowest, highest = controls_in(
        network.bus_type, network.unit_bus, schedule.unit_on, *columns, bus
    )
    return Control(kind, setpoint, lowest, highest, reference_unit=unit)


def _upwards(model: Model, schedule: Schedule) -> Bools:
    """Give the direction in which each island's slack is expected, shape (islands + 1,)."""
    if not model.distributed:  # nobody asks
        return np.ones(int(schedule.island.max(initial=0)) + 1, np.bool_)
    return np.asarray(_need(model.network, schedule) >= 0)


def _need(network: Network, schedule: Schedule) -> Floats:
    """Give demand less scheduled output of each island, losses left out, shape (islands + 1,), p.u."""
    size = int(schedule.island.max(initial=0)) + 1
    demand = network.demand.real + network.shunt.real
    served = bus_sum(schedule.island, demand, size)
    return served - bus_sum(schedule.unit_group(network), schedule.p, size)


def _unit_shares(model: Model, schedule: Schedule, control: Control, going: _Going) -> Floats:
    """Give what part of its island's slack each unit produces, shape (g,)."""
    network = model.network
    if not model.distributed:
        share = np.zeros_like(schedule.p)
        share[control.reference_unit[control.reference_unit >= 0]] = 1.0
        return share
    group = schedule.unit_group(network)
    room = headroom(network, schedule.p, upwards=going.upwards[group])
    return shares(room, group, fallback=control.reference_unit)


def _posed(
    model: Model,
    schedule: Schedule,
    control: Control,
    side: Ints,
    *,
    weights: Floats,
    y: Phasors,
    vm: Floats,
) -> tuple[Equations, Ints, Floats]:
    """Give what is to be solved, each bus's kind, and the first magnitudes."""
    network, plan = model.network, model.plan
    units = network.unit_bus, schedule.unit_on, schedule.p, network.unit_s, weights
    limits = control.kind, control.setpoint, control.lowest, control.highest
    scheduled, share, kind, free_angle, free_magnitude, start = pose(
        *units, *limits, side, network.demand, schedule.island, vm
    )
    equations = Equations(
        structure=plan.structure,
        indptr=plan.indptr,
        cols=plan.cols,
        diagonal=plan.diagonal,
        y=y,
        scheduled=scheduled,
        island=schedule.island,
        free_angle=free_angle,
        free_magnitude=free_magnitude,
        share=share,
        distributed=model.distributed,
    )
    return equations, kind, start


def _after(model: Model, control: Control, going: _Going, at: Iterate, *, single: bool) -> _Going:
    """Give what the next solution has to change; the same object when nothing."""
    if not model.reactive_limits and not model.distributed:
        return going
    side = going.side
    if model.reactive_limits:
        limits = (control.lowest, control.highest, control.setpoint)
        controls = control.kind == PV
        side = switched(side, controls=controls, q=at.excess.imag, vm=at.vm, limits=limits, single=single)
    wrong = np.where(going.upwards, at.slack < 0, at.slack > 0)
    turn = model.distributed and not going.turned and bool(wrong[1:].any())
    same = np.array_equal(side, going.side)
    if not turn and same:
        return going
    # of the same equations the need has one sign; other sides have other losses, and may turn it again
    return _Going(side, going.upwards ^ wrong if turn else going.upwards, same and (going.turned or turn))


def _state(
    model: Model,
    schedule: Schedule,
    control: Control,
    side: Ints,
    kind: Ints,
    *,
    weights: Floats,
    solution: Solution,
) -> State:
    network, at = model.network, solution.at
    q = shared(network, at.excess.imag, unit_on=schedule.unit_on)
    limits = network.unit_qmin, network.unit_qmax
    p = outputs(
        schedule.p, schedule.unit_on, network.unit_bus, weights, at.slack, schedule.island,
        control.kind, side, network.unit_s, *limits, q
    )  # fmt: skip
    return State(
        converged=solution.converged,
        iterations=solution.iterations,
        at=at,
        kind=kind,
        side=side,
        unit_p=p,
        unit_q=q,
    )
