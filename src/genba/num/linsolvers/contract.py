"""The contract of every sparse linear solver: analyze once, factorize values, solve right-hand sides."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import GenbaError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Symmetry = Literal["symmetric", "general"]


class SingularMatrix(GenbaError):
    """A matrix, or one of a batch, has no factors: a pivot is zero or not finite."""

    code = "singular"


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where a square matrix may be other than zero, in compressed sparse columns.

    Arguments:
        n: rows and columns.
        indptr: first entry of each column, shape (n + 1,).
        indices: row of each entry, ascending within a column, shape (nnz,).
        symmetry: `symmetric` holds the lower triangle with its whole diagonal; `general` holds everything.
        group: block of each unknown, shape (n,), which a block method pivots within; every unknown alone
            when None.
        dual: which unknowns are multipliers, whose diagonal is never positive, shape (n,). A method without
            2x2 pivots may lower it a little, so that every order of pivots will do, and leave that to the
            refinement.
    """

    n: int
    indptr: Ints
    indices: Ints
    symmetry: Symmetry
    group: Ints | None = None
    dual: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Inertia:
    """Signs of the eigenvalues of a symmetric matrix."""

    positive: int
    negative: int
    zero: int


class Factors(Protocol):
    """Factors of one matrix, or of a batch of one pattern.

    They may become wrong when the analysis that made them factorizes again: use them before.
    """

    @property
    def inertia(self) -> tuple[Inertia, ...] | None:
        """Signs of the eigenvalues of each matrix; None where the method does not tell."""

    def solve(self, right: Floats) -> Floats:
        """Solve; the residual of the original matrix is refined until, row by row, it no longer falls.

        Arguments:
            right: shape (n,) or (n, k); with a batch (batch, n) or (batch, n, k).

        Returns:
            The solution, of the same shape.
        """


class Analysis(Protocol):
    """A pattern made ready: ordering, fill, places."""

    def factorize(self, values: Floats) -> Factors:
        """Factorize matrices of the pattern.

        Arguments:
            values: entries in the pattern's order, shape (nnz,) or (batch, nnz).

        Raises:
            SingularMatrix: when a matrix has no factors, or an entry is not finite.
        """


class LinearSolver(Protocol):
    """A method, and what it can do."""

    @property
    def name(self) -> str:
        """The method's name."""

    @property
    def gives_inertia(self) -> bool:
        """Whether the factors of a symmetric matrix tell its inertia; those of a batch may not."""

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Tell whether the method takes such matrices."""

    def analyze(self, pattern: Pattern) -> Analysis:
        """Order the pattern and lay out its factors."""


__all__ = ["Analysis", "Factors", "Floats", "Inertia", "Ints", "LinearSolver", "Pattern", "SingularMatrix"]
__all__ += ["Symmetry"]
