"""A system of numbers on the pattern of a block LU: one unknown where the blocks have two."""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import kernel
from genba.num.lu.pivot import SMALLEST
from genba.num.lu.structure import Structure

Floats = NDArray[np.float64]


@kernel
def solve_scalars(structure: Structure, values: Floats, x: Floats) -> bool:
    """Solve one system, without pivoting; tell whether every pivot has an inverse.

    Arguments:
        structure: pattern of the matrix.
        values: entries in the order of the pattern given to `structure_of`, shape (entries,).
        x: right-hand side by row of the pattern; becomes the solution by position, shape (n,).

    Source: Golub and Van Loan, Matrix Computations, 4th ed., section 3.2.9 (row-oriented LU).
    """
    order, lower_start, lower_columns = structure.order, structure.lower_start, structure.lower_columns
    upper_start, upper_columns = structure.upper_start, structure.upper_columns
    entry_start, entry_columns = structure.entry_start, structure.entry_columns
    entry_places, n = structure.entry_places, len(structure.order)
    upper, inverse = np.empty(len(upper_columns)), np.empty(n)
    row, solved = np.zeros(n), np.empty(n)  # a row is 0 again when it has been eliminated
    for i in range(n):
        scale, right = 0.0, x[order[i]]
        for p in range(entry_start[i], entry_start[i + 1]):
            value = values[entry_places[p]]
            row[entry_columns[p]] = value
            scale = max(scale, abs(value))
        for p in range(lower_start[i], lower_start[i + 1]):
            k = lower_columns[p]
            share = row[k] * inverse[k]
            row[k] = 0.0
            right -= share * solved[k]
            for q in range(upper_start[k], upper_start[k + 1]):
                row[upper_columns[q]] -= share * upper[q]
        for q in range(upper_start[i], upper_start[i + 1]):
            upper[q] = row[upper_columns[q]]
            row[upper_columns[q]] = 0.0
        if not abs(row[i]) > SMALLEST * scale:  # NaN is not
            return False
        inverse[i], solved[i] = 1.0 / row[i], right
        row[i] = 0.0
    for i in range(n - 1, -1, -1):
        right = solved[i]
        for q in range(upper_start[i], upper_start[i + 1]):
            right -= upper[q] * x[upper_columns[q]]
        x[i] = right * inverse[i]
    return True


__all__ = ["solve_scalars"]
