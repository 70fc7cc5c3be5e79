"""Whether a result's rows are the case's rows: the first thing every certificate asks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, equal
from genba.grid.certify.circuit import Circuit
from genba.num.table import Table

Expected = Mapping[str, NDArray[Any]]


def identity(*pairs: tuple[Table, Expected]) -> Claim:
    """Claim that in each table the expected columns stand exactly as the case has them."""
    return equal(
        "identity",
        sum(differing(table, expected) for table, expected in pairs),
        expected=0,
        method="Identifiers, statuses and limits of every row compared with the case, cell by cell.",
    )


def branch_rows(grid: Circuit) -> Expected:
    """Give what stands in the rows of a table of branches."""
    branch = grid.case.branch
    return {
        "branch": np.arange(1, len(branch) + 1),
        "from_bus": branch["from_bus"],
        "to_bus": branch["to_bus"],
        "in_service": grid.conducts,
        "rating": np.where(branch["rate_a"] > 0, branch["rate_a"], np.nan),
    }


def differing(table: Table, expected: Expected) -> int:
    """Count the cells that differ from the expected columns; two missing numbers are equal."""
    return sum(_unlike(table[name], column) for name, column in expected.items())


def worst(*parts: NDArray[np.float64]) -> float:
    """Give the largest entry of all parts, 0 when there is none, NaN when one is NaN."""
    return max((float(part.max()) for part in parts if part.size), key=_nan_first, default=0.0)


def excess(value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """Give the most by which a value leaves its limits; NaN when one is NaN."""
    return max(worst(value - high, low - value), 0.0, key=_nan_first)


def finite_or_zero(value: float) -> float:
    """Give `value`, or 0 where it is no number: a bound must always be one."""
    return value if np.isfinite(value) else 0.0


def _nan_first(value: float) -> float:
    return np.inf if np.isnan(value) else value


def _unlike(found: NDArray[Any], expected: NDArray[Any]) -> int:
    if found.shape != expected.shape:
        return max(len(found), len(expected), 1)
    same = found == expected
    if found.dtype.kind == "f":
        same |= np.isnan(found) & np.isnan(expected)
    return int((~same).sum())


def gaps(found: NDArray[np.float64], expected: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Give the differences where a number is expected, and a 1 for each number where none is."""
    there = np.isfinite(expected)
    return np.abs(found - expected)[there], np.isfinite(found[~there]).astype(float)
