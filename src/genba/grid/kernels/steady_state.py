"""The steady state of a grid: equations posed from what is in service, solved, and read back by unit."""

from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.admittance import Admittance, admittance_of
from genba.grid.kernels.headroom import headroom, shares
from genba.grid.kernels.islands import islands, references
from genba.grid.kernels.jacobian import JacobianPlan, plan_of
from genba.grid.kernels.network import PQ, PV, REFERENCE, Bools, Floats, Ints, Network, bus_sum
from genba.grid.kernels.newton import Budget, Iterate, Problem, Solution, newton
from genba.grid.kernels.reactive_limits import bus_limits, shared, switched

ROUNDS = 40
JOINT_ROUNDS = 20
"""Solutions while reactive limits and the direction of the slack settle; the first switch buses jointly."""


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
    admittance = admittance_of(network)
    return Model(network, admittance, plan_of(admittance), distributed, reactive_limits, budget)


def schedule_of(network: Network) -> Schedule:
    """Give what the case has in service, with the case's outputs."""
    island = islands(network)
    p = np.where(network.unit_on, network.unit_s.real, 0.0)
    return Schedule(network.branch_on, network.unit_on, island, p)


def solve(model: Model, schedule: Schedule, *, vm: Floats, va: Floats, side: Ints | None = None) -> State:
    """Solve the power flow from a first voltage, (n,) each.

    Buses whose units control their voltage start at the set point. Each island's slack takes the direction in
    which it turns out to flow; reactive limits switch buses until none changes. Where that never ends,
    because a bus answers a limit with a rising voltage, there is no solution.
    """
    network = model.network
    control = _control(network, schedule)
    free = np.zeros(network.n_bus, np.int64)
    going = _Going(free if side is None else side, _need(network, schedule) >= 0, False)
    iterations = 0
    for number in range(ROUNDS):
        problem = _posed(model, schedule, control, going)
        start = np.where(problem.kind == PQ, vm, control.setpoint)
        solution = newton(problem, start, va, model.budget)
        iterations += solution.iterations
        solution = replace(solution, iterations=iterations)
        vm, va = solution.at.vm, solution.at.va
        if not solution.converged:
            break
        after = _after(model, control, going, solution.at, single=number >= JOINT_ROUNDS)
        if after is going:
            return _state(model, schedule, control, going, solution=solution)
        going = after
    return _state(model, schedule, control, going, solution=replace(solution, converged=False))


@dataclass(frozen=True, eq=False)
class _Control:
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


def _control(network: Network, schedule: Schedule) -> _Control:
    setpoint = np.ones(network.n_bus)
    setpoint[network.unit_bus[schedule.unit_on]] = network.unit_vset[
        schedule.unit_on
    ]  # the last unit decides
    bus, unit = references(network, schedule.island, schedule.unit_on)
    kind = _kinds(network, schedule, bus[bus >= 0])
    return _Control(kind, setpoint, *bus_limits(network, schedule.unit_on), reference_unit=unit)


def _kinds(network: Network, schedule: Schedule, reference: Ints) -> Ints:
    kind = np.full(network.n_bus, PQ)
    controlled = network.unit_bus[schedule.unit_on]
    kind[controlled[network.bus_type[controlled] != PQ]] = PV
    kind[reference] = REFERENCE
    return kind


def _need(network: Network, schedule: Schedule) -> Floats:
    """Give demand less scheduled output of each island, losses left out, shape (islands + 1,), p.u."""
    size = int(schedule.island.max(initial=0)) + 1
    demand = network.demand.real + network.shunt.real
    served = bus_sum(schedule.island, demand, size)
    return served - bus_sum(schedule.unit_group(network), schedule.p, size)


def _unit_shares(model: Model, schedule: Schedule, control: _Control, going: _Going) -> Floats:
    """Give what part of its island's slack each unit produces, shape (g,)."""
    network, group = model.network, schedule.unit_group(model.network)
    room = np.zeros_like(schedule.p)
    if model.distributed:
        room = headroom(network, schedule.p, upwards=going.upwards[group])
    return shares(room, group, fallback=control.reference_unit)


def _posed(model: Model, schedule: Schedule, control: _Control, going: _Going) -> Problem:
    network, n = model.network, model.network.n_bus
    kind = np.where(going.side != 0, PQ, control.kind)
    live = schedule.island > 0
    fixed_q = np.where(control.kind[network.unit_bus] == PQ, network.unit_s.imag, 0.0)
    p = bus_sum(network.unit_bus, np.where(schedule.unit_on, schedule.p, 0.0), n)
    q = bus_sum(network.unit_bus, np.where(schedule.unit_on, fixed_q, 0.0), n)
    q = np.where(going.side > 0, control.highest, np.where(going.side < 0, control.lowest, q))
    entries = model.admittance.values(schedule.branch_on)
    share = bus_sum(network.unit_bus, _unit_shares(model, schedule, control, going), n)
    return Problem(
        plan=model.plan,
        entries=entries,
        scheduled=np.where(live, p + 1j * q - network.demand, 0.0),
        island=schedule.island,
        kind=kind,
        share=share,
        distributed=model.distributed,
    )


def _after(model: Model, control: _Control, going: _Going, at: Iterate, *, single: bool) -> _Going:
    """Give what the next solution has to change; the same object when nothing."""
    side = going.side
    if model.reactive_limits:
        limits = (control.lowest, control.highest, control.setpoint)
        controls = control.kind == PV
        side = switched(side, controls=controls, q=at.excess.imag, vm=at.vm, limits=limits, single=single)
    wrong = np.where(going.upwards, at.slack < 0, at.slack > 0)
    turn = model.distributed and not going.turned and bool(wrong[1:].any())
    if not turn and np.array_equal(side, going.side):
        return going
    return _Going(side, going.upwards ^ wrong if turn else going.upwards, going.turned or turn)


def _state(
    model: Model, schedule: Schedule, control: _Control, going: _Going, *, solution: Solution
) -> State:
    network, at, side = model.network, solution.at, going.side
    share = _unit_shares(model, schedule, control, going)
    p = np.where(schedule.unit_on, schedule.p + share * at.slack[schedule.island[network.unit_bus]], 0.0)
    q = shared(network, at.excess.imag, unit_on=schedule.unit_on)
    unit_side = side[network.unit_bus]
    q = np.where(control.kind[network.unit_bus] == PQ, network.unit_s.imag, q)
    q = np.where(unit_side > 0, network.unit_qmax, np.where(unit_side < 0, network.unit_qmin, q))
    return State(
        converged=solution.converged,
        iterations=solution.iterations,
        at=at,
        kind=np.where(side != 0, PQ, control.kind),
        side=side,
        unit_p=p,
        unit_q=np.where(schedule.unit_on, q, 0.0),
    )
