"""Scales of rows and columns that give every row and column of a matrix the sum of magnitudes 1, nearly.

A solver that judges pivots by an absolute threshold, as PARDISO and cuDSS do, needs them.

Source: D. Ruiz, A scaling algorithm to equilibrate both rows and columns norms in matrices, RAL-TR-2001-034.
"""

from typing import Any

from genba.num.linsolvers.contract import SingularMatrix

SWEEPS = 6
"""Each halves the logarithm of what is left."""


def equilibrate(magnitudes: Any, ones: Any, *, symmetric: bool) -> tuple[Any, Any]:
    """Give the scales of rows and of columns, the same ones for a symmetric matrix.

    Only products and methods are used, so that a matrix on a device stays there.

    Arguments:
        magnitudes: a sparse matrix of absolute values, n x n.
        ones: where the scales begin, shape (n,).
        symmetric: whether rows and columns are the same.

    Raises:
        SingularMatrix: when a row or column holds only zeros.
    """
    rows, columns = ones, ones
    across = magnitudes if symmetric else magnitudes.T.tocsr()
    for _ in range(SWEEPS):
        sums, sums_across = rows * (magnitudes @ columns), columns * (across @ rows)
        if not (bool((sums > 0).all()) and bool((sums_across > 0).all())):
            raise SingularMatrix("a row or column holds only zeros")
        rows, columns = rows / sums**0.5, columns / sums_across**0.5
    return rows, columns
