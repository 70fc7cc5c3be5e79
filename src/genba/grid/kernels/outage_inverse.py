"""Blocks of the inverse of a base's Jacobian where its factors have blocks: what a lost branch needs of it.

Source: Takahashi, Fagan and Chen (1973), Formation of a sparse bus impedance matrix and its application to
short circuit study; Erisman and Tinney (1975), On computing certain elements of the inverse of a sparse
matrix.
"""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.num.jit import inlined, kernel


class Inverse(NamedTuple):
    """Z = J^-1 where L + U has blocks, each by rows.

    Arguments:
        diagonal: Z_ii, shape (n, 4).
        right: Z_ij for every block (i, j) of U, shape (nnz, 4).
        below: Z_ji for the same blocks.
    """

    diagonal: Floats
    right: Floats
    below: Floats


@kernel
def inverse_of(point: Point) -> Inverse:
    """Give the blocks of the inverse on the pattern of a base's factors."""
    structure, factors = point.structure, point.factors
    start, columns = structure.upper_start, structure.upper_columns
    mirrored = _places_of_columns(structure.lower_start, structure.lower_columns, start)
    return _invert(start, columns, factors.lower, factors.upper, factors.inverse, mirrored)


@kernel
def _places_of_columns(start: Ints, columns: Ints, upper_start: Ints) -> Ints:
    """Give where in the rows of L the block stands that mirrors each block of U, shape (nnz,)."""
    mirrored, seen = np.empty(len(columns), np.int64), upper_start.copy()
    for k in range(len(start) - 1):  # ascending, as rows of U are
        for p in range(start[k], start[k + 1]):
            mirrored[seen[columns[p]]] = p
            seen[columns[p]] += 1
    return mirrored


@kernel
def _invert(
    start: Ints, columns: Ints, lower: Floats, upper: Floats, inverses: Floats, mirrored: Ints
) -> Inverse:
    """Find the blocks from the last position to the first: each needs only later ones.

    With the rows of U divided by their diagonal D, over k > i: Z_ij = -sum U_ik Z_kj, Z_ji = -sum Z_jk L_ki,
    Z_ii = D_i^-1 - sum U_ik Z_ki.
    """
    blocks, n = len(columns), len(inverses)
    found = Inverse(np.zeros((n, 4)), np.zeros((blocks, 4)), np.zeros((blocks, 4)))
    share = np.empty((4,))
    for i in range(len(start) - 2, -1, -1):
        first, end = start[i], start[i + 1]
        for part in range(4):
            found.diagonal[i, part] = inverses[i, part]
        for a in range(first, end):
            k = columns[a]
            _multiply(inverses[i], upper[a], share)
            for b in range(first, end):
                j = columns[b]
                if k == j:
                    _take(share, found.diagonal[k], found.right[b])
                    _take(found.diagonal[j], lower[mirrored[a]], found.below[b])
                elif k < j:
                    place = place_of(start, columns, k, j)
                    _take(share, found.right[place], found.right[b])
                    _take(found.below[place], lower[mirrored[a]], found.below[b])
                else:
                    place = place_of(start, columns, j, k)
                    _take(share, found.below[place], found.right[b])
                    _take(found.right[place], lower[mirrored[a]], found.below[b])
        for a in range(first, end):
            _multiply(inverses[i], upper[a], share)
            _take(share, found.below[a], found.diagonal[i])
    return found


@kernel
def place_of(start: Ints, columns: Ints, i: int, j: int) -> int:
    """Give where row i of U has its block of column j > i; -1 where it has none."""
    low, high = start[i], start[i + 1]
    while low < high:
        middle = (low + high) // 2
        if columns[middle] < j:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < start[i + 1] and columns[low] == j else -1


@inlined
def _multiply(a: Floats, b: Floats, into: Floats) -> None:
    """Write the product of two blocks."""
    into[0], into[1] = a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3]
    into[2], into[3] = a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]


@inlined
def _take(a: Floats, b: Floats, into: Floats) -> None:
    """Take the product of two blocks off a third."""
    into[0] -= a[0] * b[0] + a[1] * b[2]
    into[1] -= a[0] * b[1] + a[1] * b[3]
    into[2] -= a[2] * b[0] + a[3] * b[2]
    into[3] -= a[2] * b[1] + a[3] * b[3]


__all__ = ["Inverse", "inverse_of", "place_of"]
