"""Programs of functions and sparse derivatives; any linear solver that tells inertia solves their steps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from genba.num.ipm.program import Floats, Weights
from genba.num.linsolvers.contract import Factors, LinearSolver, Pattern, SingularMatrix

Ints = NDArray[np.int64]
Places = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True, eq=False)
class Functions:
    """Minimise f(x) subject to c(x) = 0, low <= d(x) <= high, lower <= x <= upper.

    Derivatives are values at fixed places; those of the same place add up.

    Arguments:
        lower, upper: bounds of x, shape (n,).
        low, high: bounds of d, shape (inequalities,).
        equalities: number of rows of c.
        jacobian: rows, those of c before those of d, and columns of the first derivatives.
        hessian: rows and columns of the second derivatives, in the lower triangle.
        values: gives f and (c, d) at x.
        slopes: gives the gradient of f and the first derivatives at x.
        curves: gives the second derivatives of `objective f + y (c, d)` at x, from x, objective and y.
    """

    lower: Floats
    upper: Floats
    low: Floats
    high: Floats
    equalities: int
    jacobian: Places
    hessian: Places
    values: Callable[[Floats], tuple[float, Floats]]
    slopes: Callable[[Floats], tuple[Floats, Floats]]
    curves: Callable[[Floats, float, Floats], Floats]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the parts of a KKT matrix of the unknowns (x, yc, yd) go.

    Arguments:
        pattern: its lower triangle.
        rows, columns: of each part, the second derivatives before the first and the diagonal.
        place: entry of the pattern that each part adds to.
    """

    pattern: Pattern
    rows: Ints
    columns: Ints
    place: Ints


def layout_of(functions: Functions) -> Layout:
    """Lay out the KKT matrix of a program."""
    n = len(functions.lower)
    size = n + functions.equalities + len(functions.low)
    every = np.arange(size)
    rows = np.concatenate([functions.hessian[0], functions.jacobian[0] + n, every])
    columns = np.concatenate([functions.hessian[1], functions.jacobian[1], every])
    keys, place = np.unique(columns * size + rows, return_inverse=True)
    indptr = np.searchsorted(keys, np.arange(size + 1) * size)
    pattern = Pattern(size, indptr, keys % size, "symmetric")
    return Layout(pattern, rows, columns, place)


class SparseProgram:
    """A `Program` of functions; what must stay out of a KKT system keeps an empty row there."""

    def __init__(self, functions: Functions, solver: LinearSolver) -> None:
        if not solver.gives_inertia:
            raise ValueError(f"{solver.name} gives no inertia; the interior point needs a solver that does")
        self._functions = functions
        self.n, self.equalities, self.inequalities = (
            len(functions.lower),
            functions.equalities,
            len(functions.low),
        )
        self.lower, self.upper = functions.lower, functions.upper
        rows = self.equalities + self.inequalities
        self._objective, self._row_scale = 1.0, np.ones(rows)
        self._x = self._at = np.zeros(self.n)
        self._slopes = np.zeros(len(functions.jacobian[0]))
        self._kept = np.ones(self.n + rows, bool)
        self._layout = layout_of(functions)
        self._analysis = solver.analyze(self._layout.pattern)
        self._factors: Factors | None = None

    @property
    def low(self) -> Floats:
        """Give the scaled lower bounds of d."""
        return self._functions.low * self._row_scale[self.equalities :]

    @property
    def high(self) -> Floats:
        """Give the scaled upper bounds of d."""
        return self._functions.high * self._row_scale[self.equalities :]

    def scale(self, objective: float, c: Floats, d: Floats) -> None:
        """Multiply the objective and every constraint (and its bounds) by these factors from now on."""
        self._objective, self._row_scale = objective, np.concatenate([c, d])

    def values(self, x: Floats, c: Floats, d: Floats) -> float:
        """Give f at x, and write c and d; not finite where undefined."""
        self._x = np.array(x)
        with np.errstate(all="ignore"):  # a point outside the functions' domain is a trial that fails
            objective, rows = self._functions.values(self._x)
        rows = rows * self._row_scale
        c[:], d[:] = rows[: self.equalities], rows[self.equalities :]
        return float(objective) * self._objective

    def linearize(self, gradient: Floats) -> None:
        """Take the derivatives at the point of the last `values`; write the gradient of f."""
        self._at = self._x
        slope, entries = self._functions.slopes(self._at)
        gradient[:] = slope * self._objective
        self._slopes = entries * self._row_scale[self._functions.jacobian[0]]
        self.__dict__.pop("_jacobian", None)

    @cached_property
    def _jacobian(self) -> csr_matrix:
        shape = (self.equalities + self.inequalities, self.n)
        return csr_matrix((self._slopes, self._functions.jacobian), shape)

    def row_sizes(self) -> tuple[Floats, Floats]:
        """Give the largest absolute derivative of each row of c and of d."""
        sizes = np.zeros(self.equalities + self.inequalities)
        matrix = self._jacobian.tocoo()
        np.maximum.at(sizes, matrix.row, np.abs(matrix.data))
        return sizes[: self.equalities], sizes[self.equalities :]

    def transposed(self, yc: Floats, yd: Floats, out: Floats) -> None:
        """Write Jc' yc + Jd' yd."""
        out[:] = np.concatenate([yc, yd]) @ self._jacobian

    def changes(self, dx: Floats, dc: Floats, dd: Floats) -> None:
        """Write Jc dx and Jd dx."""
        change = self._jacobian @ dx
        dc[:], dd[:] = change[: self.equalities], change[self.equalities :]

    def factorize(self, weights: Weights) -> bool | None:
        """Factorise the KKT matrix; see `Program`."""
        y = np.concatenate([weights.yc, weights.yd]) * self._row_scale
        curves = self._functions.curves(self._at, weights.objective * self._objective, y)
        diagonal = np.concatenate([weights.sigma, -weights.give_c, -weights.give_d])
        self._kept = np.isfinite(diagonal)
        layout, rows = self._layout, self.equalities + self.inequalities
        entries = np.concatenate([curves, self._slopes, np.where(self._kept, diagonal, 0.0)])
        entries[~(self._kept[layout.rows] & self._kept[layout.columns])] = 0.0
        alone = np.concatenate([np.ones(self.n), -np.ones(rows)])
        entries[-len(diagonal) :] += np.where(self._kept, 0.0, alone)
        try:
            self._factors = self._analysis.factorize(self._summed(entries))
        except SingularMatrix:
            return None
        told = self._factors.inertia
        return told is not None and (told[0].positive, told[0].negative) == (self.n, rows)

    def _summed(self, entries: Floats) -> Floats:
        values = np.zeros(len(self._layout.pattern.indices))
        np.add.at(values, self._layout.place, entries)
        return values

    def solve(
        self, rx: Floats, rc: Floats, rd: Floats, *, rough: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """Solve the last factorised KKT system for dx, dyc and dyd; never roughly."""
        assert self._factors is not None
        found = self._factors.solve(np.where(self._kept, np.concatenate([rx, rc, rd]), 0.0))
        first, second = self.n, self.n + self.equalities
        return found[:first], found[first:second], found[second:]
