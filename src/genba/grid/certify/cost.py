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
        square, slope, constant: coefficients of `square p^2 + slope p + constant` ($/h, p in MW), by unit;
            square is NaN where the polynomial is of higher order; all are zero for piecewise units.
        corners: by unit row, corner outputs (MW) and costs ($/h).
    """

    square: Floats
    slope: Floats
    constant: Floats
    corners: dict[int, tuple[Floats, Floats]]

    def at(self, p: Floats) -> Floats:
        """Give each unit's cost at its output, $/h."""
        cost = (self.square * p + self.slope) * p + self.constant
        for unit, (x, y) in self.corners.items():
            cost[unit] = _on_line(x, y, p[unit])
        return cost

    def marginal(self, p: Floats) -> tuple[Floats, Floats]:
        """Give the cost of the last and of the next MWh of each unit, $/MWh."""
        below = above = 2 * self.square * p + self.slope
        below, above = below.copy(), above.copy()
        for unit, (x, y) in self.corners.items():
            slopes = np.diff(y) / np.diff(x)
            last = len(slopes) - 1
            below[unit] = slopes[np.clip(np.searchsorted(x, p[unit] - KINK_MW, "right") - 1, 0, last)]
            above[unit] = slopes[np.clip(np.searchsorted(x, p[unit] + KINK_MW, "right") - 1, 0, last)]
        return below, above

    def least(self, price: Floats, low: Floats, high: Floats) -> Floats:
        """Give the least of `cost - price * p` over each unit's limits: exact for every curve here, $/h."""
        curved = np.where(self.square == 0, np.nan, self.square)
        inside = np.clip((price - self.slope) / (2 * curved), low, high)
        candidates = [low, high, np.where(np.isnan(inside), low, inside)]
        lowest: Floats = np.min([self.at(p) - price * p for p in candidates], axis=0)
        for unit, (x, y) in self.corners.items():
            within = (x > low[unit]) & (x < high[unit])
            lowest[unit] = min(lowest[unit], *(y[within] - price[unit] * x[within]), np.inf)
        return lowest


def costs(case: Case) -> Costs:
    """Read the active-power cost of every unit."""
    units = len(case.gen)
    square, slope, constant = np.zeros((3, units))
    corners: dict[int, tuple[Floats, Floats]] = {}
    for unit in range(min(units, len(case.cost))):
        terms = int(case.cost["terms"][unit])
        if case.cost["model"][unit] == PIECEWISE:
            points = case.cost_data[unit, : 2 * terms].reshape(terms, 2)
            corners[unit] = points[:, 0], points[:, 1]
        else:
            lowest_first = np.concatenate([case.cost_data[unit, :terms][::-1], np.zeros(3)])
            constant[unit], slope[unit], square[unit] = lowest_first[:3]
            if lowest_first[3:].any():
                square[unit] = np.nan
    return Costs(square, slope, constant, corners)


def _on_line(x: Floats, y: Floats, p: float) -> float:
    """Give the cost on a polyline whose first and last pieces go on forever."""
    piece = int(np.clip(np.searchsorted(x, p, "right") - 1, 0, len(x) - 2))
    return float(y[piece] + (y[piece + 1] - y[piece]) / (x[piece + 1] - x[piece]) * (p - x[piece]))
