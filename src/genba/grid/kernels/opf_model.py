"""The AC optimal power flow of what is alive of a grid: what a solver is given and what it gives."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from genba.grid.kernels.admittance import two_ports
from genba.grid.kernels.islands import references
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors
from genba.grid.kernels.sources import Sources, filled

AcOutcome = Literal["optimal", "feasible", "infeasible", "unsolved"]


@dataclass(frozen=True, kw_only=True, eq=False)
class OpfLimits:
    """What bounds the state of a whole case, by row; infinite where there is no limit.

    Arguments:
        vm_min, vm_max: voltage magnitudes, shape (buses,), p.u.
        rating: apparent power at either end, shape (branches,), p.u.
        angle_min, angle_max: angle of the from bus less that of the to bus, shape (branches,), rad.
    """

    vm_min: Floats
    vm_max: Floats
    rating: Floats
    angle_min: Floats
    angle_max: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class OpfModel:
    """Minimise the cost of sources under balances and limits; n buses, g sources, m branches, all energised.

    Per unit of `base_mva` and radians. At every bus the sources give the demand, `|v|^2 conj(shunt)` and the
    powers into the branches. `|power|^2 <= rating^2` at both ends of a branch.

    Arguments:
        base_mva: power base, MVA.
        bus_rows: row in the case of each bus, shape (n,).
        unit_rows: row in the case of each source's unit, shape (g,); a unit with a piecewise-linear cost has
            one source for each piece, and its output is their sum.
        branch_rows: row in the case of each branch, shape (m,).
        island: island of each bus, from 0, shape (n,).
        reference: one bus of each island; its angle stays `va`, shape (islands,).
        demand: power demanded, shape (n,).
        shunt: shunt admittance, shape (n,).
        vm_min, vm_max: limits of the voltage magnitude, shape (n,).
        source_bus: bus of each source, shape (g,).
        p_min, p_max, q_min, q_max: limits of the outputs, possibly infinite, shape (g,).
        cost: polynomials in p, lowest order first, $/h, shape (g, k), k >= 3; order 0 is zero.
        cost_constant: what does not depend on any p, $/h.
        start, end: bus at the from and at the to end, shape (m,).
        two_port: rows yff, yft, ytf, ytt, shape (4, m).
        rating: infinite where there is none, shape (m,).
        angle_min, angle_max: limits of `va[start] - va[end]`, infinite where there are none, shape (m,).
        vm, va: a voltage that may serve as start, shape (n,).
        p, q: outputs that may serve as start, shape (g,).
    """

    base_mva: float
    bus_rows: Ints
    unit_rows: Ints
    branch_rows: Ints
    island: Ints
    reference: Ints
    demand: Phasors
    shunt: Phasors
    vm_min: Floats
    vm_max: Floats
    source_bus: Ints
    p_min: Floats
    p_max: Floats
    q_min: Floats
    q_max: Floats
    cost: Floats
    cost_constant: float
    start: Ints
    end: Ints
    two_port: Phasors
    rating: Floats
    angle_min: Floats
    angle_max: Floats
    vm: Floats
    va: Floats
    p: Floats
    q: Floats

    def cost_at(self, p: Floats) -> float:
        """Give the cost of outputs (g,), $/h."""
        total = np.zeros(len(p))
        for column in self.cost.T[::-1]:  # Horner
            total = total * p + column
        return float(total.sum()) + self.cost_constant


@dataclass(frozen=True)
class Standing:
    """Where an iteration stands; what a solver tells while it works.

    Arguments:
        iteration: from 0.
        objective: cost at the iterate, $/h.
        infeasibility: largest violation of a balance or limit, p.u.
        dual_infeasibility: largest scaled residual of the stationarity.
        barrier: barrier parameter.
        phase: what is being done: `solving`, or `restoring` while only the violation is reduced.
    """

    iteration: int
    objective: float
    infeasibility: float
    dual_infeasibility: float
    barrier: float
    phase: Literal["solving", "restoring"] = "solving"


@dataclass(frozen=True, eq=False)
class IterationTrace:
    """Every iterate of a solve, shape (iterations + 1,) each.

    Arguments:
        objective: cost, $/h.
        infeasibility: largest violation of a balance or limit, p.u.
        dual_infeasibility: largest scaled residual of the stationarity.
        barrier: barrier parameter.
        step: share of the primal step taken.
        regularisation: what was added to the Hessian's diagonal.
        restoring: whether only the violation was being reduced.
    """

    objective: Floats
    infeasibility: Floats
    dual_infeasibility: Floats
    barrier: Floats
    step: Floats
    regularisation: Floats
    restoring: Bools


@dataclass(frozen=True, slots=True)
class StartEnd:
    """Where one of several starts led.

    Arguments:
        start: its name.
        outcome: as of a solution.
        iterations: iterations made from there, those of a diagnosis included.
        cost: cost at the point, $/h; nan where it does not meet everything.
        kept: whether its point is the solution's.
    """

    start: str
    outcome: AcOutcome
    iterations: int
    cost: float
    kept: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class AcSolution:
    """A point of an `OpfModel`, its multipliers and what it leaves unmet; per unit, radians, $/h.

    No multiplier of a limit is below 0. The Lagrangian is `cost + sum price (demand + taken - given)
    - sum low (x - x_min) + sum high (x - x_max) + sum flow_price (|power|^2 - rating^2)`; it is stationary
    where the outcome is `optimal`. When `infeasible` it has no cost: no small step lessens the violations
    as the multipliers weigh them, those of balances and limits that are violated having the violation's sign.

    Arguments:
        outcome: `optimal` locally; `feasible` meets everything but was not finished; `infeasible` is a local
            least of the total slack, above 0; `unsolved` states nothing.
        objective: cost at the point, $/h.
        iterations: iterations made, restoration included.
        vm, va: voltages, shape (n,).
        p, q: outputs, shape (g,).
        price_p, price_q: multipliers of the balances: cost of one more p.u. of demand, shape (n,).
        low_vm, high_vm: multipliers of the voltage limits, shape (n,).
        low_p, high_p, low_q, high_q: multipliers of the output limits, shape (g,).
        from_price, to_price: multipliers of the squared flow limits, per p.u.^2, shape (m,).
        low_angle, high_angle: multipliers of the angle limits, per rad, shape (m,).
        short_p, short_q: demand left over (surplus negative), shape (n,); 0 unless infeasible.
        over_from, over_to: apparent power beyond the rating, shape (m,); 0 unless infeasible.
        over_angle: angle difference beyond its limits, never negative, shape (m,).
        trace: every iterate.
        ends: where each start led, where all were tried.
    """

    outcome: AcOutcome
    objective: float
    iterations: int
    vm: Floats
    va: Floats
    p: Floats
    q: Floats
    price_p: Floats
    price_q: Floats
    low_vm: Floats
    high_vm: Floats
    low_p: Floats
    high_p: Floats
    low_q: Floats
    high_q: Floats
    from_price: Floats
    to_price: Floats
    low_angle: Floats
    high_angle: Floats
    short_p: Floats
    short_q: Floats
    over_from: Floats
    over_to: Floats
    over_angle: Floats
    trace: IterationTrace
    ends: tuple[StartEnd, ...]


def opf_model(network: Network, costs: Sources, limits: OpfLimits, *, island: Ints) -> OpfModel:
    """Give the model of what is alive.

    Arguments:
        network: the grid, n buses, g units, m branches.
        costs: the sources of its running units, from `sources_of`.
        limits: of the whole case.
        island: island of each bus from 1, 0 when de-energised, shape (n,).
    """
    bus = np.flatnonzero(island > 0)
    place = np.full(network.n_bus, -1)
    place[bus] = np.arange(len(bus))
    branch = np.flatnonzero(network.branch_on & (island[network.from_bus] > 0))
    chosen, _ = references(network, island, network.unit_on)
    return OpfModel(
        base_mva=network.base_mva,
        bus_rows=bus,
        unit_rows=costs.unit,
        branch_rows=branch,
        island=island[bus] - 1,
        reference=place[chosen[1:]],
        demand=network.demand[bus],
        shunt=network.shunt[bus],
        vm_min=limits.vm_min[bus],
        vm_max=limits.vm_max[bus],
        source_bus=place[network.unit_bus[costs.unit]],
        p_min=costs.p_min,
        p_max=costs.p_max,
        q_min=costs.q_min,
        q_max=costs.q_max,
        cost=costs.cost,
        cost_constant=costs.constant,
        start=place[network.from_bus[branch]],
        end=place[network.to_bus[branch]],
        two_port=two_ports(network)[:, branch],
        rating=limits.rating[branch],
        angle_min=limits.angle_min[branch],
        angle_max=limits.angle_max[branch],
        vm=np.where(network.vm[bus] > 0, network.vm[bus], 1.0),
        va=network.va[bus],
        p=costs.p,
        q=costs.q,
    )


def starting_at(model: OpfModel, *, vm: Floats, va: Floats, p: Floats, q: Floats) -> OpfModel:
    """Give the model with another point to start from; all by row of the case, p.u. and rad.

    Arguments:
        model: n buses, g sources.
        vm: voltage magnitude of every bus of the case.
        va: its angle.
        p: active output of every unit of the case; where a unit has several sources, spread over them.
        q: reactive output.
    """
    first = np.ones(len(model.unit_rows), bool)
    first[1:] = np.diff(model.unit_rows) != 0
    return replace(
        model,
        vm=vm[model.bus_rows],
        va=va[model.bus_rows],
        p=filled(p[model.unit_rows], model.p_max, first),
        q=np.where(first, q[model.unit_rows], 0.0),
    )
