"""Programs from plain functions, their derivatives by complex steps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from genba.num.ipm.sparse_system import Functions, SparseProgram
from genba.num.linsolvers.dense_ldl import DenseLdlSolver

STEP = 1e-30
"""Imaginary step; no difference is taken, so none cancels."""
CENTRAL = 1e-5
"""Real step of second derivatives: its error is about 1e-10."""


def slope_of(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Give the Jacobian of a function that works on complex numbers, shape (rows, n)."""
    columns = [np.imag(np.atleast_1d(function(x + 1j * STEP * unit))) / STEP for unit in np.eye(len(x))]
    return np.stack(columns, axis=1)


def dense_places(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)


def program(
    f: Callable[[Any], Any],
    n: int,
    *,
    c: Callable[[Any], Sequence[Any]] = lambda x: [],
    d: Callable[[Any], Sequence[Any]] = lambda x: [],
    lower: float | Sequence[float] = -np.inf,
    upper: float | Sequence[float] = np.inf,
    low: float = 0.0,
    high: float = np.inf,
) -> SparseProgram:
    """Give the program: minimise f(x), c(x) = 0, low <= d(x) <= high, lower <= x <= upper."""
    probe = np.full(n, 0.5)
    equalities, inequalities = len(c(probe)), len(d(probe))

    def rows(x: Any) -> Any:
        return np.array([*c(x), *d(x)]) if equalities + inequalities else np.zeros(0)

    def gradient(x: np.ndarray, objective: float, y: np.ndarray) -> np.ndarray:
        return slope_of(lambda z: objective * f(z) + (y @ rows(z) if len(y) else 0.0), x)[0]

    def curves(x: np.ndarray, objective: float, y: np.ndarray) -> np.ndarray:
        sizes = CENTRAL * np.maximum(1.0, np.abs(x))
        found = np.stack(
            [
                (gradient(x + h * unit, objective, y) - gradient(x - h * unit, objective, y)) / (2 * h)
                for h, unit in zip(sizes, np.eye(n), strict=True)
            ]
        )
        return (0.5 * (found + found.T))[np.tril_indices(n)]

    functions = Functions(
        lower=np.full(n, lower) if np.isscalar(lower) else np.array(lower, float),
        upper=np.full(n, upper) if np.isscalar(upper) else np.array(upper, float),
        low=np.full(inequalities, low),
        high=np.full(inequalities, high),
        equalities=equalities,
        jacobian=dense_places(equalities + inequalities, n),
        hessian=np.tril_indices(n),
        values=lambda x: (float(np.real(f(x))), np.asarray(rows(x), float)),
        slopes=lambda x: (
            slope_of(f, x)[0],
            slope_of(rows, x).ravel() if equalities + inequalities else np.zeros(0),
        ),
        curves=curves,
    )
    return SparseProgram(functions, DenseLdlSolver())


@pytest.fixture
def program_of() -> Callable[..., SparseProgram]:
    return program
