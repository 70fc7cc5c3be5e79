"""Iterative refinement: correct a solution by its residual in the original matrix while that falls.

Source: M. Arioli, J. W. Demmel, I. S. Duff, Solving sparse linear systems with sparse backward error, SIAM J.
Matrix Anal. Appl. 10 (1989).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from genba.num.linsolvers.contract import Floats, Inertia
from genba.num.linsolvers.expansion import Rows, stacked, unstacked

Stacked = Callable[[Floats], Floats]
STEPS = 8
"""Corrections at most."""
FALL = 0.5
"""A correction that leaves more of the error than this is the last one."""
ENOUGH = float(np.finfo(float).eps)
"""A backward error that rounding makes."""
TINY = float(np.finfo(float).tiny)
MADE_UP = 1e-8
"""What a trial solve may leave of its right-hand side when refinement makes up for replaced pivots."""


def refine(right: Floats, solve: Stacked, multiply: Stacked, weigh: Stacked) -> Floats:
    """Give the solutions whose backward error no correction lowers any more.

    That error is the largest residual relative to what its row adds up, so a large row hides no small one.
    Only operators, methods and functions that numpy hands on are used, so arrays on a device stay there.

    Arguments:
        right: right-hand sides, shape (matrices, k, n).
        solve: applies the factors.
        multiply: multiplies by the original matrices.
        weigh: multiplies by their absolute values.
    """

    def judged(x: Floats) -> tuple[Floats, Floats]:
        residual = right - multiply(x)
        sums = np.maximum(weigh(abs(x)) + abs(right), TINY)
        return residual, (abs(residual) / sums).max(axis=-1)  # (matrices, k, n), (matrices, k)

    x = solve(right)
    residual, error = judged(x)
    falling = error > ENOUGH
    for _ in range(STEPS):
        if not falling.any():
            break
        trial = x + solve(residual)
        left, new = judged(trial)
        better = falling & (new < error)
        falling = better & (new < FALL * error) & (new > ENOUGH)
        x = np.where(better[..., None], trial, x)
        residual = np.where(better[..., None], left, residual)
        error = np.where(better, new, error)
    return x


def leftover(rows: Floats, wave: Floats, solve: Stacked, multiply: Stacked) -> float:
    """Give the residual of a trial solve in which every scaled equation weighs the same.

    Arguments:
        rows: scales of the rows, shape (matrices, n).
        wave: scaled right-hand side, shape (n,); `sin(1), sin(2), ...` is in no range but a regular matrix's.
        solve: solves with refinement, (matrices, k, n) to the same.
        multiply: multiplies by the original matrices.
    """
    right = (wave / rows)[:, None]
    residual = (right - multiply(solve(right))) * rows[:, None]
    return float(abs(residual).max())


@dataclass(frozen=True, eq=False)
class RefinedFactors:
    """Factors in memory whose solutions are refined.

    Arguments:
        matrices: the original matrices, whole.
        apply: applies their factors, (matrices, k, n) to the same.
        inertia: signs of the eigenvalues, where known.
        batch: whether the matrices came with a batch axis.
    """

    matrices: tuple[csr_matrix, ...]
    apply: Stacked
    inertia: tuple[Inertia, ...] | None
    batch: bool

    def solve(self, right: Floats) -> Floats:
        """Solve and refine; shapes as in the contract."""
        given = np.ascontiguousarray(stacked(np.asarray(right, float), batch=self.batch))
        return unstacked(self._refined(given), right, batch=self.batch)

    def leftover(self, rows: Floats) -> float:
        """Give what refinement leaves of a trial solve, see `leftover`; rows of shape (matrices, n)."""
        wave = np.sin(np.arange(1.0, rows.shape[1] + 1))
        return leftover(rows, wave, self._refined, self._multiply)

    def _refined(self, right: Floats) -> Floats:
        return refine(right, self.apply, self._multiply, self._weigh)

    def _multiply(self, x: Floats) -> Floats:
        return np.stack([(matrix @ one.T).T for matrix, one in zip(self.matrices, x, strict=True)])

    def _weigh(self, x: Floats) -> Floats:
        return np.stack([(abs(matrix) @ one.T).T for matrix, one in zip(self.matrices, x, strict=True)])


def matrices_of(rows: Rows, values: Floats) -> tuple[csr_matrix, ...]:
    """Give the original matrices, whole, of values with their batch axis."""
    shape = (rows.n, rows.n)
    return tuple(csr_matrix((one[rows.place], rows.indices, rows.indptr), shape) for one in values)
