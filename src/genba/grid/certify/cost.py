"""What units cost, read anew from a case's cost table for the certificates alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.grid.records.case import Case

Floats = NDArray[np.float64]
PIECEWISE = 1
KINK_MW = 1e-4  # an output this close to a kink may be priced by either side


@dataclass(frozen=True)
class Costs:
    """Cost curves of units: polynomial coefficients, or the corners of piecewise-linear curves.

    Arguments:
        coefficients: of polynomials in p (MW), lowest order first, $/h, shape (units, k), k >= 3; zero for
            piecewise units.
        corners: by unit row, corner outputs (MW) and costs ($/h).
    """

    coefficients: Floats
    corners: dict[int, tuple[Floats, Floats]]

    def at(self, p: Floats) -> Floats:
        """Give each unit's cost at its output, $/h."""
        cost = _horner(self.coefficients, p)
        for unit, (x, y) in self.corners.items():
            cost[unit] = _on_line(x, y, p[unit])
        return cost

    def marginal(self, p: Floats, kink: float = KINK_MW) -> tuple[Floats, Floats]:
        """Give the cost of the last and of the next MWh of each unit, $/MWh; they differ near corners."""
        orders = np.arange(1, self.coefficients.shape[1])
        below = _horner(self.coefficients[:, 1:] * orders, p)
        above = below.copy()
        for unit, (x, y) in self.corners.items():
            slopes = np.diff(y) / np.diff(x)
            last = len(slopes) - 1
            below[unit] = slopes[np.clip(np.searchsorted(x, p[unit] - kink, "right") - 1, 0, last)]
            above[unit] = slopes[np.clip(np.searchsorted(x, p[unit] + kink, "right") - 1, 0, last)]
        return below, above

    def least(self, price: Floats, low: Floats, high: Floats) -> Floats:
        """Give the least of `cost - price * p` over each unit's limits, $/h; NaN above the second order."""
        _, slope, square = self.coefficients.T[:3]
        curved = np.where((square == 0) | self.coefficients[:, 3:].any(axis=1), np.nan, square)
        inside = np.clip((price - slope) / (2 * curved), low, high)
        candidates = [low, high, np.where(np.isnan(inside), low, inside)]
        lowest: Floats = np.min([self.at(p) - price * p for p in candidates], axis=0)
        lowest[self.coefficients[:, 3:].any(axis=1)] = np.nan
        for unit, (x, y) in self.corners.items():
            within = (x > low[unit]) & (x < high[unit])
            lowest[unit] = min(lowest[unit], *(y[within] - price[unit] * x[within]), np.inf)
        return lowest


def costs(case: Case) -> Costs:
    """Read the active-power cost of every unit."""
    units = len(case.gen)
    coefficients = np.zeros((units, max(3, case.cost_data.shape[1])))
    corners: dict[int, tuple[Floats, Floats]] = {}
    for unit in range(min(units, len(case.cost))):
        terms = int(case.cost["terms"][unit])
        if case.cost["model"][unit] == PIECEWISE:
            points = case.cost_data[unit, : 2 * terms].reshape(terms, 2)
            corners[unit] = points[:, 0], points[:, 1]
        else:
            coefficients[unit, :terms] = case.cost_data[unit, :terms][::-1]
    return Costs(coefficients, corners)


def _horner(coefficients: Floats, p: Floats) -> Floats:
    total = np.zeros(len(p))
    for column in coefficients.T[::-1]:
        total = total * p + column
    return total


def _on_line(x: Floats, y: Floats, p: float) -> float:
    """Give the cost on a polyline whose first and last pieces go on forever."""
    piece = int(np.clip(np.searchsorted(x, p, "right") - 1, 0, len(x) - 2))
    return float(y[piece] + (y[piece + 1] - y[piece]) / (x[piece + 1] - x[piece]) * (p - x[piece]))
