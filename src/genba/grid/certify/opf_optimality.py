"""First-order conditions of an AC optimal power flow from the reported prices, by own derivatives.

With all multipliers at hand the Lagrangian's slope along every variable is known: angles must have none,
voltages that of their own limit, and an output may only be pushed against a limit at which it stands. What is
missing to that is counted in $/h: what the cost could fall by, to first order, if everything went where it is
pushed.
"""

from dataclasses import dataclass

import numpy as np

from genba.core.certificate import Claim, at_least, at_most
from genba.grid.certify.circuit import Circuit, Complexes, Floats
from genba.grid.certify.cost import Costs
from genba.grid.certify.opf_limits import Asked
from genba.grid.certify.rows import finite_or_zero, worst
from genba.grid.certify.twoport import two_ports
from genba.grid.records.opf import KINK, OpfParams, OpfResult

STATIONARY = 1e-6
"""Residual over the sizes of the terms that should cancel; prices are known to that."""
GAIN = 1e-6
"""First-order gain left over, of the cost; per solver tolerance of 1e-8 and more where that is looser."""
STEEPEST = 1e-2
"""Share of the largest marginal cost that prices and gains are compared with where nothing costs that much: a
solver's residuals are small next to the steepest cost, also where units that cost nothing serve all."""
LEAST = 1e-2
"""What counts as large where nothing costs anything, $/h per p.u.: residuals are 1e-8 then."""
REACH = 1.0
"""How far a variable without a limit may be pushed when its gain is counted, p.u. or rad."""


@dataclass(frozen=True)
class _Slopes:
    """Slopes of the Lagrangian without voltage limits, $/h per radian and per p.u., and terms' sizes."""

    by_angle: Floats
    by_magnitude: Floats
    angle_size: Floats
    magnitude_size: Floats


def first_order(
    grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult, curve: Costs
) -> tuple[Claim, ...]:
    """Claim that no small step lowers the cost, or of an infeasible state the violations as weighed."""
    priced = result.outcome != "infeasible"
    base = grid.case.base_mva if priced else 1.0
    slopes = _slopes(grid, limits, result, base)
    alive, loose = grid.alive, max(1.0, params.tolerance / 1e-8)
    steep = steepness(grid, result, curve) if priced else 0.0
    floor = max(base * _level(grid, result), steep)
    own = np.where(alive, result.buses["voltage_price"] * base / grid.case.base_mva, 0.0)
    off_angle = np.abs(slopes.by_angle) / (slopes.angle_size + floor)
    off_magnitude = np.abs(slopes.by_magnitude - own) / (slopes.magnitude_size + floor)
    gain = _pushed(grid, limits, result, curve if priced else None, base)
    weighed = result.cost if priced else _violation(grid, result, base)
    size = max(1.0, finite_or_zero(abs(np.nan if weighed is None else weighed)), steep)
    claims = (
        at_most(
            "stationarity",
            worst(off_angle[alive], off_magnitude[alive]),
            bound=STATIONARY * loose,
            unit="1",
            method=(
                "Slope of the Lagrangian along every angle and voltage from the reported multipliers, by own "
                "derivatives, over the sum of its terms' sizes."
            ),
        ),
        at_most(
            "complementarity",
            gain,
            bound=GAIN * loose * size,
            unit="$/h" if priced else "p.u.",
            method=(
                "What could be gained to first order if every output, voltage, flow and angle went as far as "
                "its multiplier pushes it; multipliers of the wrong sign count in full."
            ),
        ),
    )
    if priced:
        return claims
    return (
        *claims,
        at_least(
            "violation_weighed",
            _violation(grid, result, base),
            bound=2 * GAIN * loose,
            unit="p.u.",
            method="Stated violations times their multipliers: what no small step lessens is above zero.",
        ),
    )


def _level(grid: Circuit, result: OpfResult) -> float:
    """Give the mean size of a price, $/MWh: what slopes of a bus without flows are compared with."""
    price = np.abs(result.buses["price"][grid.alive])
    return max(finite_or_zero(float(price.mean())) if len(price) else 0.0, 1e-9)


def steepness(grid: Circuit, result: OpfResult, curve: Costs) -> float:
    """Give what cost counts as large, $/h: a share of what 1 p.u. of the dearest unit that runs costs."""
    slope = np.abs(curve.marginal(result.units["p"])[1][grid.runs])
    return max(LEAST, STEEPEST * grid.case.base_mva * finite_or_zero(float(slope.max(initial=0.0))))


def _slopes(grid: Circuit, limits: Asked, result: OpfResult, base: float) -> _Slopes:
    """Add up the slopes branch by branch: each end's power weighed by price and by its limit's multiplier."""
    ports, on = two_ports(grid), grid.conducts
    vm = np.where(grid.alive, result.buses["vm"], 1.0)
    va = np.radians(np.where(grid.alive, result.buses["va"], 0.0))
    price = np.where(grid.alive, result.buses["price"] + 1j * result.buses["reactive_price"], 0.0) * base
    v_from, v_to = vm[grid.start], vm[grid.end]
    turn = np.exp(1j * (va[grid.start] - va[grid.end]))
    mutual_from, mutual_to = (
        v_from * v_to * turn * ports.ft.conj(),
        v_from * v_to * turn.conj() * ports.tf.conj(),
    )
    self_from, self_to = v_from**2 * ports.ff.conj(), v_to**2 * ports.tt.conj()
    weight_from = price[grid.start] + _pull(
        self_from + mutual_from, result.branches["from_price"], limits, base
    )
    weight_to = price[grid.end] + _pull(self_to + mutual_to, result.branches["to_price"], limits, base)
    turned = (weight_from.conj() * 1j * mutual_from - weight_to.conj() * 1j * mutual_to).real
    own = result.branches["angle_price"] * base / grid.case.base_mva * 180 / np.pi
    turned = np.where(on, turned - own, 0.0)
    at_from = (
        weight_from.conj() * (2 * self_from + mutual_from) + weight_to.conj() * mutual_to
    ).real / v_from
    at_to = (weight_to.conj() * (2 * self_to + mutual_to) + weight_from.conj() * mutual_from).real / v_to
    size = np.abs(weight_from * mutual_from) + np.abs(weight_to * mutual_to)
    sizes = 2 * (np.abs(weight_from * self_from) + np.abs(weight_to * self_to)) + 2 * size
    shunt = 2 * vm * (price.conj() * ports.shunt.conj()).real
    return _Slopes(
        by_angle=_at_buses(grid, turned, -turned),
        by_magnitude=shunt + _at_buses(grid, at_from, at_to),
        angle_size=_at_buses(grid, size, size),
        magnitude_size=np.abs(shunt) + _at_buses(grid, sizes, sizes),
    )


def _pull(power: Complexes, price: Floats, limits: Asked, base: float) -> Complexes:
    """Give the weight of a flow limit: its shadow price along the power."""
    size = np.abs(power)
    along: Complexes = np.divide(power, size, out=np.zeros_like(power), where=size > 0)
    held = np.isfinite(limits.limit) & (price != 0)
    along *= np.where(held, price, 0.0) * base
    return along


def _at_buses(grid: Circuit, at_from: Floats, at_to: Floats) -> Floats:
    total, on = np.zeros(len(grid.island)), grid.conducts
    np.add.at(total, grid.start[on], at_from[on])
    np.add.at(total, grid.end[on], at_to[on])
    return total


def _pushed(grid: Circuit, limits: Asked, result: OpfResult, curve: Costs | None, base: float) -> float:
    """Sum what pushes could gain, $/h, or p.u. of violation when nothing costs anything."""
    gen, units, on, mva = grid.case.gen, result.units, grid.runs, grid.case.base_mva
    below, above = (np.zeros(len(on)),) * 2 if curve is None else curve.marginal(units["p"], KINK)
    paid, paid_reactive = (result.buses[name][grid.host] for name in ("price", "reactive_price"))
    buses, branches, scale = result.buses, result.branches, base / mva
    flows = [np.hypot(branches[f"p_{end}"], branches[f"q_{end}"]) for end in ("from", "to")]
    total = [
        _gain(below - paid, units["p"] - gen["pmin"], mva)[on] * scale,
        _gain(paid - above, gen["pmax"] - units["p"], mva)[on] * scale,
        _gain(-paid_reactive, units["q"] - gen["qmin"], mva)[on] * scale,
        _gain(paid_reactive, gen["qmax"] - units["q"], mva)[on] * scale,
        _gain(buses["voltage_price"], buses["vm"] - limits.vmin, 1.0)[grid.alive] * scale,
        _gain(-buses["voltage_price"], limits.vmax - buses["vm"], 1.0)[grid.alive] * scale,
        _gain(branches["angle_price"], branches["angle"] - limits.angmin, 180 / np.pi)[grid.conducts] * scale,
        _gain(-branches["angle_price"], limits.angmax - branches["angle"], 180 / np.pi)[grid.conducts]
        * scale,
    ]
    for price, flow in zip((branches["from_price"], branches["to_price"]), flows, strict=True):
        total.append(_gain(price, limits.limit - flow, mva)[grid.conducts] * scale)
        total.append(np.maximum(-price, 0.0)[grid.conducts] * mva * REACH * scale)
    return float(sum(part.sum() for part in total))


def _gain(push: Floats, room: Floats, unit: float) -> Floats:
    """Give push times room where it pushes; without a limit the room is `REACH`, beyond one it is none."""
    far = REACH * unit
    kept = np.where(np.isnan(room), far, np.clip(room, 0.0, far))
    return np.where(push > 0, push * kept, np.where(np.isnan(push), np.nan, 0.0))


def _violation(grid: Circuit, result: OpfResult, base: float) -> float:
    """Give the stated violations as their multipliers weigh them, p.u."""
    buses, branches, mva = result.buses, result.branches, grid.case.base_mva
    alive, on = grid.alive, grid.conducts
    balances = buses["price"] * buses["shortfall"] + buses["reactive_price"] * buses["reactive_shortfall"]
    flows = np.maximum(branches["from_price"], 0.0) + np.maximum(branches["to_price"], 0.0)
    angles = np.abs(branches["angle_price"]) * branches["over_angle"]
    total = balances[alive].sum() + (flows * branches["over"])[on].sum() + angles[on].sum()
    return float(total * base / mva)
