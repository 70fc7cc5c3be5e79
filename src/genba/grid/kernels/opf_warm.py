"""The whole point of an optimal power flow, with all multipliers, from its voltages and prices.

They determine the rest: flows and so what the units of a bus gave together, which of them at what price, and
as the Lagrangian is stationary, the multipliers of the limits at which flows and angles stand.
"""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.admittance import branch_powers
from genba.grid.kernels.network import Bools, Floats, Ints, Phasors, bus_sum
from genba.grid.kernels.opf_model import OpfModel
from genba.grid.kernels.opf_program import OpfProgram, Plan
from genba.num.ipm.program import Weights
from genba.num.ipm.warm import Warm

STANDS = 1e-4
"""How near to its limit a squared flow (relative) or an angle (rad) must be to have a multiplier."""
EQUAL = 1e-4
"""Marginal costs this near to the price, relative, do not tell an output."""
FAR = 0.02
"""Share of the demand by which its sum may change: beyond, the old multipliers cost more than they save."""
HALVINGS = 60
WIDEST = 1e3
"""A range of outputs without an end counts as this wide, p.u."""
FIXED, FREE = 1e12, 1e-8
"""How much the multipliers of balances give way to the fit, which knows them, and those of limits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ended:
    """Where another optimal power flow ended, at the buses of a model; per unit, radians, shape (n,) each.

    Arguments:
        vm, va: voltages.
        demand: what was demanded then.
        price: multipliers of the active and, imaginary, of the reactive balance, $/h per p.u.
        vm_price: of the voltage limits, negative at the upper side, $/h per p.u.
    """

    vm: Floats
    va: Floats
    demand: Phasors
    price: Phasors
    vm_price: Floats


def is_near(model: OpfModel, ended: Ended) -> bool:
    """Tell whether demands are close enough to those of the other study to begin where it ended."""
    now, then = (float(demand.real.sum()) for demand in (model.demand, ended.demand))
    return abs(now - then) <= FAR * max(abs(then), abs(now))


def warm_of_ended(model: OpfModel, plan: Plan, ended: Ended) -> Warm:
    """Give the point and multipliers of a model's program where another ended."""
    order, n = plan.fill.order, len(ended.vm)
    program = OpfProgram(model, plan)
    p, q = _outputs(model, ended)
    x = np.concatenate([ended.va[order], ended.vm[order], p, q])
    yc = np.concatenate([ended.price.real[order], ended.price.imag[order]])
    c, d, slope = np.empty(program.equalities), np.empty(program.inequalities), np.empty(program.n)
    program.values(x, c, d)
    program.linearize(slope)
    pull = np.empty(program.n)
    program.transposed(yc, np.zeros(len(d)), pull)
    slope += pull
    slope[n : 2 * n] -= ended.vm_price[order]
    yd = _fitted(program, slope, d)
    push = np.concatenate([np.zeros(n), ended.vm_price[order], slope[2 * n :], -yd])
    return Warm(x=x, yc=yc, yd=yd, zl=np.maximum(push, 0.0), zu=np.maximum(-push, 0.0))


def _fitted(program: OpfProgram, slope: Floats, d: Floats) -> Floats:
    """Give multipliers of the limits at which d stands that cancel the slopes along voltages best."""
    n = program.buses
    stands: Bools = (d > program.high - STANDS) | (d < program.low + STANDS)
    still = np.zeros(len(d))
    weights = Weights(
        objective=0.0,
        yc=np.zeros(program.equalities),
        yd=still,
        sigma=np.concatenate([np.ones(2 * n), np.full(program.n - 2 * n, np.inf)]),
        give_c=np.full(program.equalities, FIXED),
        give_d=np.where(stands, FREE, np.inf),
    )
    if not stands.any() or program.factorize(weights) is None:
        return still
    right = np.concatenate([-slope[: 2 * n], np.zeros(program.n - 2 * n)])
    _, _, yd = program.solve(right, np.zeros(program.equalities), still)
    below = stands & np.isfinite(program.low) & (d < program.low + STANDS)
    return np.where(below, yd, np.maximum(yd, 0.0))


def _outputs(model: OpfModel, ended: Ended) -> tuple[Floats, Floats]:
    """Give what every source gave: together what left their bus, each as much as its price makes it."""
    n, at = len(ended.vm), model.source_bus
    voltage = ended.vm * np.exp(1j * ended.va)
    into_from, into_to = branch_powers(model.two_port, voltage, ends=(model.start, model.end))
    given = ended.demand + ended.vm**2 * model.shunt.conj()
    np.add.at(given, model.start, into_from)
    np.add.at(given, model.end, into_to)
    price = ended.price.real[at]
    low, high = _ends(model.p_min, model.p_max)
    p = _answers(model.cost, price, low, high)
    missing = (given.real - bus_sum(at, p, n))[at]
    room = np.where(missing > 0, high - p, p - low)
    near = np.abs(_marginal(model.cost, p) - price) <= EQUAL * np.maximum(np.abs(price), 1.0)
    p = np.clip(p + missing * _shares(np.where(near, room, EQUAL * room), at, n), low, high)
    low, high = _ends(model.q_min, model.q_max)
    missing = (given.imag - bus_sum(at, low, n))[at]
    return p, np.clip(low + missing * _shares(high - low, at, n), low, high)


def _ends(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Give a range with ends."""
    return np.maximum(low, -WIDEST), np.minimum(high, WIDEST)


def _shares(weight: Floats, at: Ints, n: int) -> Floats:
    """Give each source's part of its bus's weight, shape (g,)."""
    return np.asarray(weight / np.maximum(bus_sum(at, weight, n), 1e-300)[at])


def _answers(cost: Floats, price: Floats, low: Floats, high: Floats) -> Floats:
    """Give the outputs at which a convex cost's slope is the price, by halving the range."""
    low, high = low.copy(), high.copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        cheap = _marginal(cost, middle) < price
        low, high = np.where(cheap, middle, low), np.where(cheap, high, middle)
    return 0.5 * (low + high)


def _marginal(cost: Floats, p: Floats) -> Floats:
    """Give the slope of each cost, shape (g,)."""
    total = np.zeros(len(p))
    for power in range(cost.shape[1] - 1, 0, -1):  # Horner
        total = total * p + power * cost[:, power]
    return total
