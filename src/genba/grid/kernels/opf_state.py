"""The state that an optimal power flow ends in: every row of the case, in engineering units."""

from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.admittance import branch_powers
from genba.grid.kernels.dc_opf import DcDispatch, DcNetwork
from genba.grid.kernels.loss_factors import delivery_factors
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors
from genba.grid.kernels.opf_model import AcSolution, OpfModel
from genba.grid.kernels.soc import SocSolution

PER_DEGREE = np.pi / 180


@dataclass(frozen=True, kw_only=True, eq=False)
class OpfState:
    """Units, buses and branches by row of the case; what is dead or not known is NaN, its power 0.

    Multipliers are in $/h per unit of their limit, or where nothing is feasible in MW of violation.

    Arguments:
        p, q: outputs, MW and Mvar, shape (units,).
        vm, va: voltages, p.u. and degrees, shape (buses,).
        price, reactive_price: of demand, $/MWh and $/Mvarh.
        energy, loss, congestion: parts of the price.
        voltage_price: of the voltage limits, negative at the upper side, $/h per p.u.
        shortfall, reactive_shortfall: demand left over, MW and Mvar.
        into_from, into_to: powers into the branches, MVA, shape (branches,).
        from_price, to_price: of the flow limits, $/MVAh.
        angle: differences, degrees.
        angle_price: of the angle limits, negative at the upper side, per degree.
        over, over_angle: beyond the limits, MVA and degrees.
    """

    p: Floats
    q: Floats
    vm: Floats
    va: Floats
    price: Floats
    reactive_price: Floats
    energy: Floats
    loss: Floats
    congestion: Floats
    voltage_price: Floats
    shortfall: Floats
    reactive_shortfall: Floats
    into_from: Phasors
    into_to: Phasors
    from_price: Floats
    to_price: Floats
    angle: Floats
    angle_price: Floats
    over: Floats
    over_angle: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Where live elements lie in a case, and how large it is."""

    bus: Ints
    branch: Ints
    unit: Ints
    buses: int
    branches: int
    units: int
    base: float

    def at_buses(self, values: Floats, dead: float = np.nan) -> Floats:
        """Spread values of the live buses over all."""
        return _spread(values, self.bus, self.buses, dead)

    def at_branches(self, values: Floats, dead: float = np.nan) -> Floats:
        """Spread values of the live branches over all."""
        return _spread(values, self.branch, self.branches, dead)

    def at_units(self, values: Floats) -> Floats:
        """Sum values of the sources by unit."""
        return np.asarray(np.bincount(self.unit, weights=values, minlength=self.units), dtype=np.float64)


def rows_of(model: OpfModel, *, buses: int, branches: int, units: int) -> Rows:
    """Give the rows of a model in a case of this size."""
    return Rows(
        bus=model.bus_rows,
        branch=model.branch_rows,
        unit=model.unit_rows,
        buses=buses,
        branches=branches,
        units=units,
        base=model.base_mva,
    )


def ac_state(model: OpfModel, rows: Rows, found: AcSolution) -> OpfState:
    """Give the state of an AC solution; the price is split where it is one."""
    voltage = found.vm * np.exp(1j * found.va)
    into_from, into_to = branch_powers(model.two_port, voltage, ends=(model.start, model.end))
    scale = _scale(model, priced=found.outcome != "infeasible")
    flow_from, flow_to = (
        np.abs(into_from),
        np.abs(into_to),
    )  # of |power| what that of its square is times 2 |power|
    state = _state(
        rows, p=found.p, q=found.q, vm=found.vm, price=found.price_p + 1j * found.price_q, scale=scale
    )
    state = replace(
        state,
        va=rows.at_buses(np.degrees(found.va)),
        voltage_price=rows.at_buses((found.low_vm - found.high_vm) * rows.base / scale),
        shortfall=rows.at_buses(found.short_p * rows.base, 0.0),
        reactive_shortfall=rows.at_buses(found.short_q * rows.base, 0.0),
        from_price=rows.at_branches(2 * flow_from * found.from_price / scale, 0.0),
        to_price=rows.at_branches(2 * flow_to * found.to_price / scale, 0.0),
        angle=rows.at_branches(np.degrees(found.va[model.start] - found.va[model.end])),
        angle_price=rows.at_branches(
            (found.low_angle - found.high_angle) * PER_DEGREE * rows.base / scale, 0.0
        ),
        over=rows.at_branches(np.maximum(found.over_from, found.over_to) * rows.base, 0.0),
        over_angle=rows.at_branches(np.degrees(found.over_angle), 0.0),
    )
    state = _flowing(state, rows, into_from, into_to)
    factors = delivery_factors(model, voltage) if found.outcome in ("optimal", "feasible") else None
    return state if factors is None else _split(state, model, rows, factors)


def soc_state(model: OpfModel, rows: Rows, found: SocSolution, *, elastic: bool) -> OpfState:
    """Give the point of a relaxation."""
    scale = _scale(model, priced=not elastic)
    proof = found.proof
    state = _state(rows, p=found.p, q=found.q, vm=found.vm, price=proof.price, scale=scale)
    state = replace(
        state,
        shortfall=rows.at_buses(found.short_p * rows.base, 0.0),
        reactive_shortfall=rows.at_buses(found.short_q * rows.base, 0.0),
        from_price=rows.at_branches(np.abs(proof.pull_from) / scale, 0.0),
        to_price=rows.at_branches(np.abs(proof.pull_to) / scale, 0.0),
        over=rows.at_branches(np.maximum(found.over_from, found.over_to) * rows.base, 0.0),
    )
    return _flowing(state, rows, found.into_from, found.into_to)


def dc_state(net: DcNetwork, model: OpfModel, rows: Rows, found: DcDispatch) -> OpfState:
    """Give the state of a DC dispatch, whose network has all buses of the case."""
    rows = replace(rows, unit=np.unique(rows.unit))  # a dispatch has one output for each unit
    live, scale = rows.bus, _scale(model, priced=found.possible)
    none = np.zeros(len(found.p))
    state = _state(
        rows, p=found.p, q=none, vm=np.ones(len(live)), price=_complex(found.price[live]), scale=scale
    )
    unknown = np.full(rows.buses, np.nan)
    state = replace(
        state,
        vm=unknown,
        q=np.full(rows.units, np.nan),
        va=rows.at_buses(np.degrees(found.theta[live])),
        reactive_price=unknown,
        voltage_price=unknown,
        shortfall=rows.at_buses(found.shortfall[live] * rows.base, 0.0),
        from_price=rows.at_branches(np.maximum(-found.flow_price, 0.0) / scale, 0.0),
        to_price=rows.at_branches(np.maximum(found.flow_price, 0.0) / scale, 0.0),
        angle=rows.at_branches(np.degrees(found.theta[net.start] - found.theta[net.end])),
        angle_price=rows.at_branches(found.angle_price * PER_DEGREE * rows.base / scale, 0.0),
    )
    state = _flowing(state, rows, _complex(found.flow), _complex(-found.flow))
    return _split(state, model, rows, np.ones(len(live))) if found.possible else state


def _scale(model: OpfModel, *, priced: bool) -> float:
    """Give what a multiplier per p.u. is divided by: $/h, or p.u. of violation, per MW."""
    return model.base_mva if priced else 1.0


def _state(rows: Rows, *, p: Floats, q: Floats, vm: Floats, price: Phasors, scale: float) -> OpfState:
    """Give a state with outputs, magnitudes and prices; the rest is zero, or not known."""
    unknown, still = np.full(rows.buses, np.nan), np.zeros(rows.branches)
    power = np.zeros(rows.branches, np.complex128)
    return OpfState(
        p=rows.at_units(p) * rows.base,
        q=rows.at_units(q) * rows.base,
        vm=rows.at_buses(vm),
        va=unknown,
        price=rows.at_buses(price.real / scale),
        reactive_price=rows.at_buses(price.imag / scale),
        energy=unknown,
        loss=unknown,
        congestion=unknown,
        voltage_price=unknown,
        shortfall=np.zeros(rows.buses),
        reactive_shortfall=np.zeros(rows.buses),
        into_from=power,
        into_to=power,
        from_price=still,
        to_price=still,
        angle=np.full(rows.branches, np.nan),
        angle_price=still,
        over=still,
        over_angle=still,
    )


def _flowing(state: OpfState, rows: Rows, into_from: Phasors, into_to: Phasors) -> OpfState:
    spread = []
    for power in (into_from, into_to):
        whole = np.full(rows.branches, np.nan + 1j * np.nan)
        whole[rows.branch] = power * rows.base
        spread.append(whole)
    return replace(state, into_from=spread[0], into_to=spread[1])


def _split(state: OpfState, model: OpfModel, rows: Rows, factors: Floats) -> OpfState:
    """Split the price at live buses into energy, loss and congestion."""
    price = state.price[rows.bus]
    energy = price[model.reference][model.island]
    loss = energy * (factors - 1.0)
    return replace(
        state,
        energy=rows.at_buses(energy),
        loss=rows.at_buses(loss),
        congestion=rows.at_buses(price - energy - loss),
    )


def _complex(values: Floats) -> Phasors:
    return values.astype(np.complex128)


def _spread(values: Floats, at: Ints, count: int, dead: float) -> Floats:
    spread = np.full(count, dead)
    spread[at] = values
    return spread


def mismatch_of(network: Network, state: OpfState, *, live: Bools) -> float:
    """Give the largest difference of what a live bus gets and gives, shortfalls counted, p.u."""
    active_only = bool(np.isnan(state.q).all())
    w = 1.0 if active_only else state.vm**2
    q = np.zeros(len(state.q)) if active_only else state.q
    left = (state.shortfall + 1j * state.reactive_shortfall) / network.base_mva - network.demand
    left = left - w * network.shunt.conj()
    for rows, power in ((network.from_bus, state.into_from), (network.to_bus, state.into_to)):
        np.add.at(left, rows, -np.nan_to_num(power) / network.base_mva)
    np.add.at(left, network.unit_bus, (state.p + 1j * q) / network.base_mva)
    off = np.abs(left.real) if active_only else np.maximum(np.abs(left.real), np.abs(left.imag))
    return float(off[live].max(initial=0.0))


def losses_of(network: Network, state: OpfState, *, live: Bools) -> float:
    """Give what branches and shunts take, MW."""
    w = np.where(np.isnan(state.vm), 1.0, state.vm**2)
    shunts = (w * network.shunt.real)[live].sum() * network.base_mva
    return float(np.nansum(state.into_from.real + state.into_to.real) + shunts)


def nowhere(rows: Rows) -> OpfState:
    """Give a state of which nothing is known."""
    none = np.zeros(0)
    empty = replace(rows, bus=none.astype(int), branch=none.astype(int), unit=none.astype(int))
    state = _state(empty, p=none, q=none, vm=none, price=_complex(none), scale=1.0)
    unknown = np.full(rows.branches, np.nan + 0j)
    outputs = np.full(rows.units, np.nan)
    return replace(state, p=outputs, q=outputs, into_from=unknown, into_to=unknown)
