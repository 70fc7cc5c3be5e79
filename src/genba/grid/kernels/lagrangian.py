"""A lower bound of every AC dispatch from multipliers, whichever solver they come from.

The Lagrangian of balances and ratings is minimised over boxes: outputs, `w = |v|^2` and, for each pair of
neighbours, the angle between them. With `A` the coefficient of a pair's `W = v v' exp(j angle)`, the least of
`Re(conj(A) W)` over the angles allowed is `-s v v'`. Where `s >= 0`, `v v' <= (t w + w' / t) / 2` for any
t > 0; where s < 0, `v v'` is at least either plane of `Neighbours.planes`. What is left is linear in w.

Source: weak duality; Boyd and Vandenberghe, Convex Optimization (2004), section 5.1.
"""

from dataclasses import dataclass, replace

import numpy as np

from genba.grid.kernels.neighbours import Neighbours, neighbours_of
from genba.grid.kernels.network import Floats, Ints, Phasors
from genba.grid.kernels.opf_model import OpfModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Proof:
    """Multipliers of balances and ratings; any values prove a bound.

    Arguments:
        price: of active power + j of reactive power, shape (n,), $/h per p.u. of demand.
        pull_from, pull_to: u + jv adds `u P + v Q - |u + jv| rating`, never positive within the rating, at
            either end; zero where there is no rating, shape (m,).
        vm: magnitudes whose ratios are the t, shape (n,); any positive ones.
    """

    price: Phasors
    pull_from: Phasors
    pull_to: Phasors
    vm: Floats


def lower_bound(model: OpfModel, proof: Proof, *, costs: bool = True) -> float:
    """Give the bound in $/h; with costs left out, in units of the multipliers: above 0, nothing is feasible.

    Arguments:
        model: the grid; costs of the second order, convex.
        proof: multipliers.
        costs: whether outputs cost anything.

    Returns:
        Minus infinity when an output without limit would be paid for.
    """
    pairs = neighbours_of(model)
    at_from, at_to = proof.price[model.start] + proof.pull_from, proof.price[model.end] + proof.pull_to
    yff, yft, ytf, ytt = model.two_port
    weight = (proof.price * model.shunt).real
    np.add.at(weight, model.start, (at_from * yff).real)
    np.add.at(weight, model.end, (at_to * ytt).real)
    along = at_from * yft + (at_to * ytf).conj()
    total = np.zeros(pairs.count, complex)
    np.add.at(total, pairs.of_branch, np.where(pairs.sign > 0, along, along.conj()))
    constant = _give_pairs(pairs, _most(pairs, total), proof.vm, weight)
    voltage = np.minimum(weight * model.vm_min**2, weight * model.vm_max**2)
    rated = np.isfinite(model.rating)
    kept = (np.abs(proof.pull_from) + np.abs(proof.pull_to))[rated] @ model.rating[rated]
    demand = (proof.price.conj() * model.demand).real
    return float(demand.sum() + voltage.sum() + constant - kept + _outputs(model, proof.price, costs))


def trimmed(model: OpfModel, proof: Proof) -> Proof:
    """Give the multipliers without those that an output without limit would be paid by for ever.

    Where a reactive limit is infinite, a solver's price is zero but for rounding.
    """
    up, down = np.zeros((2, len(proof.price)), bool)
    up[model.source_bus[np.isinf(model.q_max)]] = True
    down[model.source_bus[np.isinf(model.q_min)]] = True
    paid = proof.price.imag
    free = (up & (paid > 0)) | (down & (paid < 0))
    return replace(proof, price=proof.price.real + 1j * np.where(free, 0.0, paid))


def _most(pairs: Neighbours, along: Phasors) -> Floats:
    """Give the most of `-Re(conj(A) exp(j angle))` over the angles that each pair allows, shape (k,)."""
    best = np.angle(-along)
    width = pairs.high - pairs.low
    with np.errstate(invalid="ignore"):
        inside = (width >= 2 * np.pi) | (np.mod(best - pairs.low, 2 * np.pi) <= width)
        ends = [-(along.conj() * np.exp(1j * np.where(np.isfinite(e), e, 0.0))).real for e in _ends(pairs)]
    return np.where(inside, np.abs(along), np.maximum(*ends))


def _ends(pairs: Neighbours) -> tuple[Floats, Floats]:
    return pairs.low, pairs.high


def _give_pairs(pairs: Neighbours, most: Floats, vm: Floats, weight: Floats) -> float:
    """Take the pairs' terms into the weights of w, in place; give their constants."""
    pays, earns = np.flatnonzero(most >= 0), np.flatnonzero(most < 0)
    ratio = vm[pairs.end[pays]] / vm[pairs.start[pays]]
    np.add.at(weight, pairs.start[pays], -most[pays] * ratio / 2)
    np.add.at(weight, pairs.end[pays], -most[pays] / ratio / 2)
    at_start, at_end, constant = _highest(pairs, earns, vm)
    np.add.at(weight, pairs.start[earns], -most[earns] * at_start)
    np.add.at(weight, pairs.end[earns], -most[earns] * at_end)
    return float(-most[earns] @ constant)


def _highest(pairs: Neighbours, some: Ints, vm: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the plane that is higher at the given voltages."""
    w, v = vm[pairs.start[some]] ** 2, vm[pairs.end[some]] ** 2
    one, other = pairs.planes(some)
    higher = one[0] * w + one[1] * v + one[2] >= other[0] * w + other[1] * v + other[2]
    first, second, third = (np.where(higher, a, b) for a, b in zip(one, other, strict=True))
    return first, second, third


def _outputs(model: OpfModel, price: Phasors, costs: bool) -> float:
    """Give the least of cost less payment over the limits of every output."""
    paid = price[model.source_bus]
    slope = model.cost[:, 1] * costs - paid.real
    square = model.cost[:, 2] * costs
    best = np.where(slope > 0, model.p_min, np.where(slope < 0, model.p_max, 0.0))
    curved = square > 0
    inside = np.divide(-slope, 2 * square, out=np.zeros_like(slope), where=curved)
    p = np.where(curved, np.clip(inside, model.p_min, model.p_max), best)
    q = np.where(paid.imag > 0, model.q_max, np.where(paid.imag < 0, model.q_min, 0.0))
    active = np.where(slope == 0, 0.0, slope * p) + square * p**2
    reactive = np.where(paid.imag == 0, 0.0, -paid.imag * q)
    return float((active + reactive).sum()) + model.cost_constant * costs
