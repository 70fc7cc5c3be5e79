"""The steady state of a grid: equations posed from what is in service, solved, and read back by unit."""

from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.admittance import Admittance, admittance_of
from genba.grid.kernels.headroom import headroom, shares
from genba.grid.kernels.islands import islands, references
from genba.grid.kernels.jacobian import JacobianPlan, plan_of
from genba.grid.kernels.network import PQ, PV, REFERENCE, Bools, Floats, Ints, Network, Phasors, bus_sum
from genba.grid.kernels.newton import Budget, Iterate, Solution, newton
from genba.grid.kernels.newton_steps import Equations
from genba.grid.kernels.reactive_limits import shared, switched
from genba.num.jit import kernel

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
    control = controls_of(model.network, schedule)
    free = np.zeros(model.network.n_bus, np.int64)
    going = _Going(free if side is None else side, _upwards(model, schedule), False)
    y = model.admittance.values(schedule.branch_on)
    iterations = 0
    for number in range(ROUNDS):
        weights = _unit_shares(model, schedule, control, going)
        equations, kind, start = _posed(model, schedule, control, going, weights=weights, y=y, vm=vm)
        solution = newton(model.plan, equations, start, va, model.budget)
        iterations += solution.iterations
        solution = replace(solution, iterations=iterations)
        vm, va = solution.at.vm, solution.at.va
        if not solution.converged:
            break
        after = _after(model, control, going, solution.at, single=number >= JOINT_ROUNDS)
        if after is going:
            return _state(model, schedule, control, going.side, kind, weights=weights, solution=solution)
        going = after
    solution = replace(solution, converged=False)
    return _state(model, schedule, control, going.side, kind, weights=weights, solution=solution)


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
    kind, setpoint, lowest, highest = _controls(
        network.bus_type, network.unit_bus, schedule.unit_on, *columns, bus
    )
    return Control(kind, setpoint, lowest, highest, reference_unit=unit)


@kernel
def _controls(
    bus_type: Ints, unit_bus: Ints, unit_on: Bools, vset: Floats, qmin: Floats, qmax: Floats, reference: Ints
) -> tuple[Ints, Floats, Floats, Floats]:
    """Give kind, set point (of the last unit), smallest and largest reactive output of every bus."""
    n = len(bus_type)
    kind, setpoint, lowest, highest = np.full(n, PQ), np.ones(n), np.zeros(n), np.zeros(n)
    for k in range(len(unit_bus)):
        bus = unit_bus[k]
        if unit_on[k]:
            setpoint[bus] = vset[k]
            lowest[bus] += qmin[k]
            highest[bus] += qmax[k]
            if bus_type[bus] != PQ:
                kind[bus] = PV
    for bus in reference:
        if bus >= 0:
            kind[bus] = REFERENCE
    return kind, setpoint, lowest, highest


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
    going: _Going,
    *,
    weights: Floats,
    y: Phasors,
    vm: Floats,
) -> tuple[Equations, Ints, Floats]:
    """Give what is to be solved, each bus's kind, and the first magnitudes."""
    network, plan = model.network, model.plan
    units = network.unit_bus, schedule.unit_on, schedule.p, network.unit_s, weights
    limits = control.kind, control.setpoint, control.lowest, control.highest
    scheduled, share, kind, free_angle, free_magnitude, start = _pose(
        *units, *limits, going.side, network.demand, schedule.island, vm
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


@kernel
def _pose(
    unit_bus: Ints,
    unit_on: Bools,
    p: Floats,
    s: Phasors,
    weights: Floats,
    controlled: Ints,
    setpoint: Floats,
    lowest: Floats,
    highest: Floats,
    side: Ints,
    demand: Phasors,
    island: Ints,
    vm: Floats,
) -> tuple[Phasors, Floats, Ints, Floats, Floats, Floats]:
    """Give scheduled power, share of slack, kind, unknowns (1 or 0) and first magnitude of every bus."""
    n = len(demand)
    scheduled, share, kind = np.zeros(n, np.complex128), np.zeros(n), np.empty(n, np.int64)
    free_angle, free_magnitude, start = np.zeros(n), np.zeros(n), np.empty(n)
    for k in range(len(unit_bus)):
        bus = unit_bus[k]
        if unit_on[k]:
            scheduled[bus] += complex(p[k], s[k].imag if controlled[bus] == PQ else 0.0)
        share[bus] += weights[k]
    for bus in range(n):
        kind[bus] = controlled[bus] if side[bus] == 0 else PQ
        start[bus] = vm[bus] if kind[bus] == PQ else setpoint[bus]
        if side[bus] != 0:
            held = highest[bus] if side[bus] > 0 else lowest[bus]
            scheduled[bus] = complex(scheduled[bus].real, held)
        if island[bus] > 0:
            scheduled[bus] -= demand[bus]
            free_angle[bus] = 1.0 if kind[bus] != REFERENCE else 0.0
            free_magnitude[bus] = 1.0 if kind[bus] == PQ else 0.0
        else:
            scheduled[bus] = 0.0
    return scheduled, share, kind, free_angle, free_magnitude, start


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
    if not turn and np.array_equal(side, going.side):
        return going
    return _Going(side, going.upwards ^ wrong if turn else going.upwards, going.turned or turn)


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
    p = _outputs(
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


@kernel
def _outputs(
    scheduled: Floats,
    unit_on: Bools,
    unit_bus: Ints,
    weights: Floats,
    slack: Floats,
    island: Ints,
    controlled: Ints,
    side: Ints,
    s: Phasors,
    qmin: Floats,
    qmax: Floats,
    q: Floats,
) -> Floats:
    """Give active outputs with slack, and write reactive ones over `q` where a unit does not control."""
    p = np.zeros_like(scheduled)
    for k in range(len(p)):
        bus = unit_bus[k]
        if not unit_on[k]:
            q[k] = 0.0
            continue
        p[k] = scheduled[k] + weights[k] * slack[island[bus]]
        if side[bus] != 0:
            q[k] = qmax[k] if side[bus] > 0 else qmin[k]
        elif controlled[bus] == PQ:
            q[k] = s[k].imag
    return p
