"""Faults of cost functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.places import mark
from genba.grid.records.case import Case

NO_COSTS = FindingKind(
    "grid.no_costs", Severity.NOTE, "The case has no gencost, so every dispatch costs the same."
)
COST_ROWS = FindingKind(
    "grid.cost_rows",
    Severity.ERROR,
    "Found {found} rows of costs for {units} units; give one row per unit, or two blocks of them.",
)
COST_MODEL = FindingKind(
    "grid.cost_model",
    Severity.ERROR,
    "Cost model {model} is unknown; it is 1 (piecewise linear) or 2 (polynomial).",
)
COST_TERMS = FindingKind(
    "grid.cost_terms",
    Severity.ERROR,
    "The row has {terms} cost terms; a polynomial needs 1, a piecewise cost 2, and all must be in the row.",
)
COST_NOT_FINITE = FindingKind(
    "grid.cost_not_finite", Severity.ERROR, "A cost coefficient or point is not a finite number."
)
COST_TOO_LARGE = FindingKind(
    "grid.cost_too_large",
    Severity.ERROR,
    "A cost coefficient or point is beyond {most}, of either sign; look at the numbers and their units.",
)
COST_ORDER = FindingKind(
    "grid.cost_order",
    Severity.ERROR,
    "The points of the piecewise cost are not in ascending order of output.",
)
COST_NOT_CONVEX = FindingKind(
    "grid.cost_not_convex",
    Severity.WARNING,
    "The cost is not convex between pmin and pmax, so a cheapest dispatch may be missed.",
)
PIECEWISE, POLYNOMIAL = 1, 2
SAMPLES = 17
"""Outputs at which a polynomial's curvature is looked at; exact up to degree 3, where it is linear."""
LARGEST_COST = 1e9
"""Largest coefficient, output or cost of a point; dispatches of case14 fail from 1e12 on."""
ROUNDING = 1e-9
"""Relative; slopes that differ less are equal."""


@dataclass(frozen=True, slots=True)
class _Costs:
    """Cost functions that can be looked at as a whole."""

    terms: NDArray[np.int64]
    """(n_cost,)"""
    data: NDArray[np.float64]
    """(n_cost, width)"""
    low: NDArray[np.float64]
    """Smallest output, (n_cost,)"""
    high: NDArray[np.float64]
    """Largest output, (n_cost,)"""

    def where(self, mask: NDArray[np.bool_]) -> "_Costs":
        return _Costs(self.terms[mask], self.data[mask], self.low[mask], self.high[mask])


def check_costs(case: Case, tally: Tally) -> None:
    """Report a wrong number of rows, unknown models, wrong terms, unordered points and lacking convexity."""
    cost, units = case.cost, len(case.gen)
    if not len(cost):
        tally.add(NO_COSTS, "gencost")
        return
    if len(cost) not in (units, 2 * units):
        tally.add(COST_ROWS, "gencost", found=len(cost), units=units)
    model, terms = cost["model"], cost["terms"]
    width = case.cost_data.shape[1]
    piecewise, polynomial = model == PIECEWISE, model == POLYNOMIAL
    short = (piecewise & (terms < 2)) | (polynomial & (terms < 1))
    unfit = (piecewise | polynomial) & (short | (np.where(piecewise, 2 * terms, terms) > width))
    used = np.arange(width) < np.where(piecewise, 2 * terms, terms)[:, None]  # (n_cost, width)
    unfinite = (used & ~np.isfinite(case.cost_data)).any(axis=1) & ~unfit
    mark(tally, COST_MODEL, case, "gencost", ~piecewise & ~polynomial, "model")
    mark(tally, COST_TERMS, case, "gencost", unfit, "terms")
    large = (used & np.isfinite(case.cost_data) & (np.abs(case.cost_data) > LARGEST_COST)).any(
        axis=1
    ) & ~unfit
    mark(tally, COST_NOT_FINITE, case, "gencost", unfinite)
    mark(tally, COST_TOO_LARGE, case, "gencost", large, most=LARGEST_COST)
    if len(cost) in (units, 2 * units):
        _check_shapes(case, tally, ~unfit & ~unfinite & np.resize(case.gen["status"] > 0, len(cost)))


def _check_shapes(case: Case, tally: Tally, sound: NDArray[np.bool_]) -> None:
    """Report unordered and not convex costs among the sound rows of units in service."""
    gen, model = case.gen, case.cost["model"]
    reactive = len(case.cost) > len(gen)
    low = np.concatenate([gen["pmin"], gen["qmin"]]) if reactive else gen["pmin"]
    high = np.concatenate([gen["pmax"], gen["qmax"]]) if reactive else gen["pmax"]
    costs = _Costs(case.cost["terms"], case.cost_data, low, high)
    unordered, bent = np.zeros_like(sound), np.zeros_like(sound)
    points, curves = sound & (model == PIECEWISE), sound & (model == POLYNOMIAL)
    unordered[points], bent[points] = _bends(costs.where(points))
    bent[curves] = _curvature(costs.where(curves)) < 0
    mark(tally, COST_ORDER, case, "gencost", unordered)
    mark(tally, COST_NOT_CONVEX, case, "gencost", bent & ~unordered)


def _bends(costs: _Costs) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give which piecewise costs are unordered, and which have a slope that falls."""
    x, y = costs.data[:, 0::2], costs.data[:, 1::2]
    x = x[:, : y.shape[1]]
    dx, dy = np.diff(x, axis=1), np.diff(y, axis=1)  # (n_cost, points - 1)
    inside = np.arange(dx.shape[1]) < costs.terms[:, None] - 1
    slope = dy / dx
    fall = np.diff(slope, axis=1) < -ROUNDING * np.abs(slope[:, :-1])
    unordered: NDArray[np.bool_] = np.any(inside & ~(dx > 0), axis=1)
    bent: NDArray[np.bool_] = np.any(inside[:, 1:] & fall, axis=1)
    return unordered, bent


def _curvature(costs: _Costs) -> NDArray[np.float64]:
    """Give the least second derivative of each polynomial between its limits; 0 when they are infinite."""
    share = np.linspace(0, 1, SAMPLES)
    p = costs.low[:, None] + (costs.high - costs.low)[:, None] * share  # (n_cost, samples)
    p = np.where(np.isfinite(p), p, 0.0)
    total = np.zeros_like(p)
    for column in range(int(costs.terms.max(initial=0))):
        power = costs.terms - 1 - column  # (n_cost,)
        weight = np.where(power >= 2, costs.data[:, column] * power * (power - 1), 0.0)
        total += weight[:, None] * p ** np.maximum(power - 2, 0)[:, None]
    least: NDArray[np.float64] = total.min(axis=1, initial=0.0)
    return least
