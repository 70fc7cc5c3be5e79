"""What multipliers prove about every AC state of a grid: a least cost, or that there is no state at all.

The Lagrangian of balances and ratings, written pair by pair of neighbours in the squares w of the voltages
and the angle between them, is made smaller and smaller until only boxes are left. For a pair whose branches
weigh `v v' exp(j angle)` with the complex number a, the least over the angles allowed is `-s v v'`:
- where s >= 0, a product of voltages is at most `(t w + w' / t) / 2` for every t > 0;
- where s < 0, it is at least a plane through its values at the lower or at the upper limits.
"""

from dataclasses import dataclass

import numpy as np

from genba.grid.certify.circuit import Circuit, Complexes, Floats, Ints
from genba.grid.certify.cost import Costs
from genba.grid.certify.opf_limits import Asked
from genba.grid.certify.twoport import two_ports
from genba.grid.records.opf import OpfResult

ROUNDING = 1e-13  # of the sum of all terms' sizes: what summing them may lose


@dataclass(frozen=True)
class _Multipliers:
    """In $/h per p.u.: price of power at buses, and the pull of the ratings at both ends of branches."""

    price: Complexes
    at_from: Complexes
    at_to: Complexes
    vm: Floats


def proven(grid: Circuit, limits: Asked, result: OpfResult, curve: Costs | None) -> float:
    """Give the lower bound that `bound_buses` and `bound_branches` prove.

    Arguments:
        grid: the circuit.
        limits: what is held.
        result: with the multipliers.
        curve: costs in $/h; without, outputs are free and the bound is one of the total violation in p.u.

    Source: Boyd and Vandenberghe, Convex Optimization (2004), section 5.1, for weak duality; McCormick, Math.
    Programming 10 (1976), for the planes.
    """
    given = _multipliers(grid, limits, result, normed=curve is None)
    ends = np.stack([grid.start, grid.end])[:, grid.conducts]
    weight, pull = _weights(grid, given)
    pairs, total, low, high = _pairs(grid, limits, ends, pull)
    terms = [_demand(grid, given), -_kept(grid, limits, given)]
    terms.append(_bend(limits, pairs, _swing(total, low, high), given.vm, weight))
    terms.append(np.minimum(weight * limits.vmin**2, weight * limits.vmax**2)[grid.alive])
    terms.append(_outputs(grid, given.price, curve))
    joined = np.concatenate(terms)
    return float(joined.sum() - ROUNDING * np.abs(joined).sum())


def _multipliers(grid: Circuit, limits: Asked, result: OpfResult, *, normed: bool) -> _Multipliers:
    """Read the multipliers; for a bound of violations none may weigh more than 1."""
    buses, branches, base = result.bound_buses, result.bound_branches, grid.case.base_mva
    price = np.where(grid.alive, buses["price"] + 1j * buses["reactive_price"], 0.0) * base
    rated = grid.conducts & np.isfinite(limits.limit)
    at_from = np.where(rated, branches["from_p"] + 1j * branches["from_q"], 0.0) * base
    at_to = np.where(rated, branches["to_p"] + 1j * branches["to_q"], 0.0) * base
    size = 1.0
    if normed:
        parts = np.concatenate([np.abs(price.real), np.abs(price.imag), np.abs(at_from) + np.abs(at_to)])
        size = max(float(parts.max(initial=0.0)), np.finfo(float).tiny)
    at_buses, first, second = ((part / size).astype(np.complex128) for part in (price, at_from, at_to))
    return _Multipliers(at_buses, first, second, buses["vm"])


def _weights(grid: Circuit, given: _Multipliers) -> tuple[Floats, Complexes]:
    """Give what each bus's w weighs, and what each conducting branch's `v conj(v')` does."""
    ports = two_ports(grid)
    start, end = given.price[grid.start] + given.at_from, given.price[grid.end] + given.at_to
    weight = (given.price.conj() * ports.shunt.conj()).real
    np.add.at(weight, grid.start, (start.conj() * ports.ff.conj()).real)
    np.add.at(weight, grid.end, (end.conj() * ports.tt.conj()).real)
    # Re(conj(start) conj(ft) W + conj(end) conj(tf) conj(W)) = Re(pull W)
    pull = start.conj() * ports.ft.conj() + end * ports.tf
    return weight, pull[grid.conducts]


def _pairs(
    grid: Circuit, limits: Asked, ends: Ints, pull: Complexes
) -> tuple[Ints, Complexes, Floats, Floats]:
    """Sum over parallel branches: buses (2, k), weight of `v conj(v')` and the angles allowed, radians."""
    turned = ends[0] > ends[1]
    pairs, which = np.unique(np.sort(ends, axis=0), axis=1, return_inverse=True)
    which = which.ravel()
    total = np.zeros(pairs.shape[1], complex)
    np.add.at(total, which, np.where(turned, pull.conj(), pull))
    least, most = (np.radians(column[grid.conducts]) for column in (limits.angmin, limits.angmax))
    least, most = np.where(turned, -most, least), np.where(turned, -least, most)
    low, high = np.full(len(total), -np.inf), np.full(len(total), np.inf)
    np.fmax.at(low, which, least)
    np.fmin.at(high, which, most)
    return pairs, total, low, high


def _swing(total: Complexes, low: Floats, high: Floats) -> Floats:
    """Give s: the most of `-Re(a exp(j angle))` between two angles, at an end or at the peak between."""
    peak = np.pi - np.angle(total)
    turns = np.ceil((np.where(np.isfinite(low), low, -np.pi) - peak) / (2 * np.pi))
    reached = peak + 2 * np.pi * turns <= np.where(np.isfinite(high), high, np.pi) + 1e-15
    free = np.isinf(low) | np.isinf(high)
    at_ends = [-(total * np.exp(1j * np.where(np.isfinite(end), end, 0.0))).real for end in (low, high)]
    return np.where(reached | free, np.abs(total), np.maximum(*at_ends))


def _bend(limits: Asked, pairs: Ints, swing: Floats, vm: Floats, weight: Floats) -> Floats:
    """Make products of voltages linear in w: adds to `weight` in place, gives what is left of each pair."""
    first, second = pairs
    ratio = vm[second] / vm[first]
    low, high = limits.vmin[pairs], limits.vmax[pairs]
    planes = []
    for corner in (low, high):
        slope = corner[::-1] / (low + high)
        planes.append((*slope, (slope * low * high).sum(axis=0) - corner.prod(axis=0)))
    heights = [a * vm[first] ** 2 + b * vm[second] ** 2 + c for a, b, c in planes]
    below = [np.where(heights[0] >= heights[1], one, other) for one, other in zip(*planes, strict=True)]
    costly = swing >= 0
    at_first = np.where(costly, ratio / 2, below[0])
    at_second = np.where(costly, 1 / ratio / 2, below[1])
    np.add.at(weight, first, -swing * at_first)
    np.add.at(weight, second, -swing * at_second)
    return np.where(costly, 0.0, -swing * below[2])


def _demand(grid: Circuit, given: _Multipliers) -> Floats:
    bus = grid.case.bus
    power = (bus["pd"] + 1j * bus["qd"]) / grid.case.base_mva
    return (given.price.conj() * power).real[grid.alive]


def _kept(grid: Circuit, limits: Asked, given: _Multipliers) -> Floats:
    size = np.abs(given.at_from) + np.abs(given.at_to)
    return size * np.nan_to_num(limits.limit) / grid.case.base_mva


def _outputs(grid: Circuit, price: Complexes, curve: Costs | None) -> Floats:
    """Give the least of cost less payment of every running unit, $/h or p.u."""
    gen, base = grid.case.gen, grid.case.base_mva
    paid = price[grid.host] / base
    if curve is None:
        active = np.minimum(_times(-paid.real, gen["pmin"]), _times(-paid.real, gen["pmax"]))
    else:
        active = curve.least(paid.real, gen["pmin"], gen["pmax"])
    reactive = np.minimum(_times(-paid.imag, gen["qmin"]), _times(-paid.imag, gen["qmax"]))
    return (active + reactive)[grid.runs]


def _times(price: Floats, limit: Floats) -> Floats:
    return np.where(price == 0, 0.0, price * limit)  # a limit that is infinite costs nothing then
