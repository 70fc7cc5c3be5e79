"""Units as sources with polynomial costs: a piecewise-linear cost becomes one source for each piece."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network

PIECEWISE = 1
FLAT = 1e-9  # relative; slopes that fall by less are equal but for rounding
LEAST_TERMS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class CostRows:
    """A cost table's rows, one for each unit of the case; no rows where nothing costs anything.

    Arguments:
        model: 1 piecewise linear, 2 polynomial, shape (units,).
        terms: points or coefficients, shape (units,).
        data: points or coefficients, highest order first, in MW and $/h, shape (units, width).
    """

    model: Ints
    terms: Ints
    data: Floats

    def at(self, p: Floats) -> Floats:
        """Give each unit's cost at its output (MW), $/h; a curve's first and last piece go on forever."""
        cost = _polynomial(self, p, derivative=False)
        for unit in np.flatnonzero(self.model == PIECEWISE).tolist():
            x, y, slope = _pieces(self, unit)
            piece = _piece_at(x, p[unit])
            cost[unit] = y[piece] + slope[piece] * (p[unit] - x[piece])
        return cost

    def marginal(self, p: Floats, *, kink: float) -> tuple[Floats, Floats]:
        """Give the cost of each unit's last and next MWh; they differ within `kink` of a corner."""
        below = _polynomial(self, p, derivative=True)
        above = below.copy()
        for unit in np.flatnonzero(self.model == PIECEWISE).tolist():
            x, _, slope = _pieces(self, unit)
            below[unit] = slope[_piece_at(x, p[unit] - kink)]
            above[unit] = slope[_piece_at(x, p[unit] + kink)]
        return below, above


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """What injects power, by unit row and within a unit cheapest first; per unit and $/h, g sources.

    Arguments:
        unit: row of the unit in the case, shape (g,).
        p_min, p_max, q_min, q_max: limits; of a unit's sources only the first gives reactive power.
        cost: polynomial in p, lowest order first, shape (g, k), k >= 3; order 0 is zero.
        constant: sum of all costs' order 0, $/h.
        p, q: the case's own outputs.
        refused: rows of units whose piecewise-linear cost is not convex.
    """

    unit: Ints
    p_min: Floats
    p_max: Floats
    q_min: Floats
    q_max: Floats
    cost: Floats
    constant: float
    p: Floats
    q: Floats
    refused: Ints


def sources_of(network: Network, costs: CostRows) -> Sources:
    """Give the sources of the units in service.

    A unit between `pmin` and `pmax` with corners at b1 < b2 ... gives `p = p0 + p1 + ...`, where p0 lies
    between `pmin` and b1 and pk between 0 and the length of its piece; slopes that rise fill them in order.
    """
    running = np.flatnonzero(network.unit_on)
    bent = running[costs.model[running] == PIECEWISE] if len(costs.model) else running[:0]
    pieces = {unit: _pieces_as_sources(network, costs, unit) for unit in bent.tolist()}
    counts = np.ones(len(running), np.int64)
    counts[np.isin(running, bent)] = [len(low) for low, _, _ in pieces.values()]
    unit, first = np.repeat(running, counts), np.zeros(int(counts.sum()), bool)
    first[np.cumsum(counts) - counts] = True
    low, high = network.unit_pmin[unit], network.unit_pmax[unit]
    cost = _coefficients(costs, network.base_mva, network.unit_on)[unit]
    for row, (lower, upper, part) in pieces.items():
        low[unit == row], high[unit == row] = lower, upper
        cost[unit == row, : part.shape[1]] = part
    constant = float(cost[:, 0].sum())
    cost[:, 0] = 0.0
    return Sources(
        unit=unit,
        p_min=low,
        p_max=high,
        q_min=np.where(first, network.unit_qmin[unit], 0.0),
        q_max=np.where(first, network.unit_qmax[unit], 0.0),
        cost=cost,
        constant=constant,
        p=filled(network.unit_s.real[unit], high, first),
        q=np.where(first, network.unit_s.imag[unit], 0.0),
        refused=np.array([row for row in bent.tolist() if _falls(costs, row)], np.int64),
    )


def filled(p: Floats, high: Floats, first: Bools) -> Floats:
    """Give each source its part of its unit's output: sources are filled one after the other.

    Arguments:
        p: output of the unit of each source, shape (g,).
        high: largest output of each source.
        first: whether it is its unit's first.
    """
    share = p.copy()
    for source in np.flatnonzero(~first).tolist():
        share[source] = max(share[source - 1] - high[source - 1], 0.0)
        share[source - 1] = min(share[source - 1], high[source - 1])
    return share


def _coefficients(costs: CostRows, base: float, running: Bools) -> Floats:
    """Give every unit's polynomial over per-unit output, lowest order first; zero where it has none."""
    if not len(costs.model):
        return np.zeros((len(running), LEAST_TERMS))
    curved = running & (costs.model != PIECEWISE)
    width = max(LEAST_TERMS, int(costs.terms[curved].max(initial=0)))
    order = np.arange(width)
    column = costs.terms[:, None] - 1 - order  # (units, width)
    used = curved[:, None] & (column >= 0)
    data = np.take_along_axis(costs.data, np.clip(column, 0, costs.data.shape[1] - 1), axis=1)
    return np.where(used, data * base**order, 0.0)


def _pieces_as_sources(network: Network, costs: CostRows, unit: int) -> tuple[Floats, Floats, Floats]:
    """Give lower limits, upper limits and cost coefficients of the pieces that a unit can reach."""
    low, high = network.unit_pmin[unit], network.unit_pmax[unit]
    x, y, slope = _pieces(costs, unit)
    x, slope = x / network.base_mva, slope * network.base_mva
    inside = np.flatnonzero((x[1:-1] > low) & (x[1:-1] < high)) + 1
    used = np.append(inside - 1, inside[-1] if len(inside) else _piece_at(x, low))
    ends = np.concatenate([[low], x[inside], [high]])
    lower, upper = np.zeros(len(used)), np.diff(ends)
    lower[0], upper[0] = low, ends[1]
    cost = np.zeros((len(used), LEAST_TERMS))
    cost[:, 1] = slope[used]
    cost[0, 0] = y[used[0]] - slope[used[0]] * x[used[0]]
    return lower, upper, cost


def _polynomial(costs: CostRows, p: Floats, *, derivative: bool) -> Floats:
    """Give polynomials at outputs, or their derivatives; 0 for units that have none."""
    total = np.zeros(len(p))
    for column in range(int(costs.terms.max(initial=0))):
        power = costs.terms - 1 - column
        used = (costs.model != PIECEWISE) & (power >= int(derivative))
        exponent = np.where(used, power - derivative, 0)
        factor = np.where(used, power, 0) if derivative else used.astype(float)
        total[: len(power)] += factor * costs.data[:, column] * p[: len(power)] ** exponent
    return total


def _pieces(costs: CostRows, unit: int) -> tuple[Floats, Floats, Floats]:
    """Give the corners of a piecewise cost, MW and $/h, and the slope after each but the last."""
    points = costs.data[unit, : 2 * costs.terms[unit]].reshape(-1, 2)
    x, y = points.T
    return x, y, np.diff(y) / np.diff(x)


def _piece_at(x: Floats, p: float) -> int:
    return int(np.clip(np.searchsorted(x, p, "right") - 1, 0, len(x) - 2))


def _falls(costs: CostRows, unit: int) -> bool:
    slope = _pieces(costs, unit)[2]
    return bool((np.diff(slope) < -FLAT * np.abs(slope[1:])).any())
