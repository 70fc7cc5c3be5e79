"""What the interior point is given: a nonlinear program that evaluates itself and solves its KKT systems."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a KKT matrix is made of beside the Jacobians at the current point.

    The matrix is `[H + diag(sigma), Jc', Jd'; Jc, -diag(give_c), 0; Jd, 0, -diag(give_d)]` with the Hessian H
    of `objective f + yc c + yd d`.

    Arguments:
        objective: factor of the objective's Hessian.
        yc, yd: multipliers, shapes (equalities,) and (inequalities,).
        sigma: what is added to the diagonal, shape (n,); infinite for a variable that must not move.
        give_c: by how much an equality gives way to its multiplier, >= 0, shape (equalities,).
        give_d: the same of an inequality, > 0; infinite where it has no multiplier, shape (inequalities,).
    """

    objective: float
    yc: Floats
    yd: Floats
    sigma: Floats
    give_c: Floats
    give_d: Floats


class Program(Protocol):
    """Minimise f(x) subject to c(x) = 0, low <= d(x) <= high, lower <= x <= upper.

    `values` moves to a point; everything else speaks of the point of the last `values`, and `transposed`,
    `changes`, `factorize` and `solve` of that of the last `linearize`.
    """

    n: int
    equalities: int
    inequalities: int
    lower: Floats
    upper: Floats
    low: Floats
    high: Floats

    def scale(self, objective: float, c: Floats, d: Floats) -> None:
        """Multiply the objective and every constraint (and its bounds) by these factors from now on."""

    def values(self, x: Floats, c: Floats, d: Floats) -> float:
        """Give f at x, and write c and d; not finite where undefined."""

    def linearize(self, gradient: Floats) -> None:
        """Take the derivatives at the point of the last `values`; write the gradient of f, shape (n,)."""

    def row_sizes(self) -> tuple[Floats, Floats]:
        """Give the largest absolute derivative of each row of c and of d."""

    def transposed(self, yc: Floats, yd: Floats, out: Floats) -> None:
        """Write Jc' yc + Jd' yd, shape (n,)."""

    def changes(self, dx: Floats, dc: Floats, dd: Floats) -> None:
        """Write Jc dx and Jd dx."""

    def factorize(self, weights: Weights) -> bool | None:
        """Factorise the KKT matrix.

        Returns:
            Whether exactly as many eigenvalues are negative as there are rows with multipliers; None when it
            is singular.
        """

    def solve(
        self, rx: Floats, rc: Floats, rd: Floats, *, rough: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """Solve the last factorised KKT system for dx, dyc, dyd, refined on the full system if not rough."""
