"""The door to SuperLU, which scipy brings: pivoted LU of any matrix, no inertia; the other doors' oracle.

Source: J. W. Demmel et al., A supernodal approach to sparse partial pivoting, SIAM J. Matrix Anal. Appl. 20
(1999).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import SuperLU, splu

from genba.num.linsolvers.contract import Floats, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.expansion import Rows, listed, whole_rows
from genba.num.linsolvers.refinement import RefinedFactors, matrices_of


@dataclass(frozen=True)
class SuperLuSolver:
    """Pivoted LU, ordered by columns anew at every factorization."""

    name: str = "superlu"
    gives_inertia: bool = False

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take every matrix; a batch one after another."""
        return True

    def analyze(self, pattern: Pattern) -> "SuperLuAnalysis":
        """Write the pattern out in whole rows."""
        return SuperLuAnalysis(whole_rows(pattern))


@dataclass(frozen=True, eq=False)
class SuperLuAnalysis:
    """A pattern in whole rows."""

    rows: Rows

    def factorize(self, values: Floats) -> RefinedFactors:
        """Factorize each matrix.

        Raises:
            SingularMatrix: when a column has no pivot, or a value is not finite.
        """
        matrices = matrices_of(self.rows, listed(values))
        factors = [_factors(csc_matrix(matrix)) for matrix in matrices]

        def apply(right: Floats) -> Floats:
            return np.stack([one.solve(b.T).T for one, b in zip(factors, right, strict=True)])

        return RefinedFactors(matrices, apply, None, np.ndim(values) == 2)


def _factors(matrix: csc_matrix) -> SuperLU:
    try:
        return splu(matrix)
    except RuntimeError as error:  # scipy's word for an exactly zero pivot
        raise SingularMatrix(f"SuperLU: {error}") from error
