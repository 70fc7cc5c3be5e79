"""The door to LAPACK's LDL^T with 2x2 pivots over the whole matrix: small systems of any structure.

Source: J. R. Bunch, L. Kaufman, Some stable methods for calculating inertia and solving symmetric linear
systems, Math. Comp. 31 (1977); LAPACK's sytrf and sytrs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dsytrf, dsytrs
from scipy.sparse import csr_matrix

from genba.num.linsolvers.contract import Floats, Inertia, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.equilibration import equilibrate
from genba.num.linsolvers.expansion import Rows, listed, whole_rows
from genba.num.linsolvers.refinement import RefinedFactors, matrices_of

ZERO = float(np.finfo(float).eps)
"""A pivot of the scaled matrix below this much per row is zero."""


@dataclass(frozen=True)
class DenseLdlSolver:
    """Bunch-Kaufman pivots; n^2 memory and n^3 work, so for some hundred unknowns."""

    name: str = "dense_ldl"
    gives_inertia: bool = True

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take symmetric matrices; a batch one after another."""
        return symmetry == "symmetric"

    def analyze(self, pattern: Pattern) -> "DenseLdlAnalysis":
        """Write the pattern out in whole rows."""
        return DenseLdlAnalysis(whole_rows(pattern))


@dataclass(frozen=True, eq=False)
class DenseLdlAnalysis:
    """A pattern in whole rows."""

    rows: Rows

    def factorize(self, values: Floats) -> RefinedFactors:
        """Factorize each matrix.

        Raises:
            SingularMatrix: when a pivot is zero to working precision, or a value is not finite.
        """
        matrices = matrices_of(self.rows, listed(values))
        factors = [_Dense.of(matrix) for matrix in matrices]

        def apply(right: Floats) -> Floats:
            return np.stack([one.solve(b) for one, b in zip(factors, right, strict=True)])

        return RefinedFactors(matrices, apply, tuple(one.inertia for one in factors), np.ndim(values) == 2)


@dataclass(frozen=True, eq=False)
class _Dense:
    """Factors of one scaled matrix, as LAPACK packs them."""

    packed: Floats
    pivots: NDArray[np.int32]
    scale: Floats
    inertia: Inertia

    @classmethod
    def of(cls, matrix: csr_matrix) -> "_Dense":
        """Scale and factorize a matrix."""
        n = matrix.shape[0]
        scale, _ = equilibrate(abs(matrix), np.ones(n), symmetric=True)
        dense = np.asfortranarray(scale[:, None] * matrix.toarray() * scale)
        packed, pivots, failed = dsytrf(dense, lower=1, lwork=max(1, 64 * n))
        signs = _signs(packed, pivots)
        if failed or np.abs(signs).min() <= ZERO * n:
            raise SingularMatrix("LDL^T: a pivot is zero to working precision")
        positive = int((signs > 0).sum())
        return cls(packed, pivots, scale, Inertia(positive, n - positive, 0))

    def solve(self, right: Floats) -> Floats:
        """Apply the factors to right-hand sides in rows, shape (k, n)."""
        solution, _ = dsytrs(self.packed, self.pivots, (right * self.scale).T, lower=1)
        found: Floats = solution.T * self.scale
        return found


def _signs(packed: Floats, pivots: NDArray[np.int32]) -> Floats:
    """Give the eigenvalues of the pivots; two equal negative entries of `pivots` mark one of 2x2."""
    found, i = np.diag(packed).copy(), 0
    while i < len(pivots):
        if pivots[i] > 0:
            i += 1
            continue
        block = np.array([[packed[i, i], packed[i + 1, i]], [packed[i + 1, i], packed[i + 1, i + 1]]])
        found[i : i + 2] = np.linalg.eigvalsh(block)
        i += 2
    return found
