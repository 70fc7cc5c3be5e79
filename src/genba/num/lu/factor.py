"""LU factors of a fixed pattern of 2x2 blocks, one matrix at a time or eight side by side."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import borrowing, inlined
from genba.num.lu.lanes import LANES, Lane, aligned, every, larger, less_times, load, store, times
from genba.num.lu.pivot import inverse
from genba.num.lu.structure import Structure

Floats = NDArray[np.float64]
HOLDS = -1
"""What a factorization gives when every pivot block has an inverse."""


class Factors(NamedTuple):
    """A = L U: L has identities on its diagonal, the diagonal blocks of U are kept inverted.

    Blocks stand by rows (four numbers); with lanes every array has a last axis of 8.

    Arguments:
        lower: blocks of the rows of L, shape (nnz, 4).
        upper: blocks of the rows of U right of the diagonal, shape (nnz, 4).
        inverse: inverses of the diagonal blocks of U, shape (n, 4).
        row: the row at work, shape (n, 4).
    """

    lower: Floats
    upper: Floats
    inverse: Floats
    row: Floats


def factors_of(structure: Structure, *, lanes: bool = False) -> Factors:
    """Give room for the factors of one matrix, or of eight side by side."""
    blocks, n = len(structure.lower_columns), structure.n
    return Factors(*(aligned(rows, 4) if lanes else np.zeros((rows, 4)) for rows in (blocks, blocks, n, n)))


@inlined
def _clear(w: Floats, j: int) -> None:
    w[j, 0], w[j, 1], w[j, 2], w[j, 3] = 0.0, 0.0, 0.0, 0.0


@inlined
def _store_block(x: Floats, row: int, a: Lane, b: Lane, c: Lane, d: Lane) -> None:
    store(x, row, 0, a)
    store(x, row, 1, b)
    store(x, row, 2, c)
    store(x, row, 3, d)


@borrowing
def factorize(structure: Structure, values: Floats, factors: Factors) -> int:
    """Factorize one matrix row by row, without pivoting between blocks.

    Arguments:
        structure: its pattern.
        values: blocks by rows in the order of the pattern given to `structure_of`, shape (entries, 4).
        factors: where the factors go.

    Returns:
        HOLDS, or the position of the first pivot block without an inverse; there is no use in factors then.

    Source: Golub and Van Loan, Matrix Computations, 4th ed., sections 3.2.9 (row-oriented LU) and 3.2.10
    (block LU).
    """
    lower, upper, inverses, w = factors
    lower_start, lower_columns = structure.lower_start, structure.lower_columns
    upper_start, upper_columns = structure.upper_start, structure.upper_columns
    entry_start, entry_columns = structure.entry_start, structure.entry_columns
    entry_places = structure.entry_places
    for i in range(len(structure.order)):
        for p in range(lower_start[i], lower_start[i + 1]):
            _clear(w, lower_columns[p])
        for q in range(upper_start[i], upper_start[i + 1]):
            _clear(w, upper_columns[q])
        scale = 0.0
        for p in range(entry_start[i], entry_start[i + 1]):  # here, as a call of its own costs as much
            place, j = entry_places[p], entry_columns[p]
            a, b, c, d = values[place, 0], values[place, 1], values[place, 2], values[place, 3]
            w[j, 0], w[j, 1], w[j, 2], w[j, 3] = a, b, c, d
            scale = max(scale, abs(a), abs(b), abs(c), abs(d))
        for p in range(lower_start[i], lower_start[i + 1]):
            k = lower_columns[p]
            a, b, c, d = w[k, 0], w[k, 1], w[k, 2], w[k, 3]
            e, f, g, h = inverses[k, 0], inverses[k, 1], inverses[k, 2], inverses[k, 3]
            a, b, c, d = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
            lower[p, 0], lower[p, 1], lower[p, 2], lower[p, 3] = a, b, c, d
            for q in range(upper_start[k], upper_start[k + 1]):
                j = upper_columns[q]
                e, f, g, h = upper[q, 0], upper[q, 1], upper[q, 2], upper[q, 3]
                w[j, 0] -= a * e + b * g
                w[j, 1] -= a * f + b * h
                w[j, 2] -= c * e + d * g
                w[j, 3] -= c * f + d * h
        for q in range(upper_start[i], upper_start[i + 1]):
            j = upper_columns[q]
            upper[q, 0], upper[q, 1], upper[q, 2], upper[q, 3] = w[j, 0], w[j, 1], w[j, 2], w[j, 3]
        a, b, c, d, holds = inverse(w[i, 0], w[i, 1], w[i, 2], w[i, 3], scale)
        if not holds:
            return i
        inverses[i, 0], inverses[i, 1], inverses[i, 2], inverses[i, 3] = a, b, c, d
    return HOLDS


@borrowing
def factorize_lanes(
    structure: Structure, values: Floats, factors: Factors, failed: NDArray[np.int64]
) -> None:
    """Factorize eight matrices side by side.

    Arguments:
        structure: their pattern.
        values: blocks by rows, shape (entries, 4, 8).
        factors: where the factors go.
        failed: becomes HOLDS or the first position without an inverse of each lane, shape (8,).
    """
    lower, upper, inverses, w = factors
    lower_start, lower_columns = structure.lower_start, structure.lower_columns
    upper_start, upper_columns = structure.upper_start, structure.upper_columns
    failed[:] = HOLDS
    for i in range(len(structure.order)):
        scale = _scatter_lanes(structure, values, i, w)
        for p in range(lower_start[i], lower_start[i + 1]):
            k = lower_columns[p]
            a, b, c, d = load(w, k, 0), load(w, k, 1), load(w, k, 2), load(w, k, 3)
            e, f, g, h = (
                load(inverses, k, 0),
                load(inverses, k, 1),
                load(inverses, k, 2),
                load(inverses, k, 3),
            )
            a, b, c, d = times(a, e, b, g), times(a, f, b, h), times(c, e, d, g), times(c, f, d, h)
            _store_block(lower, p, a, b, c, d)
            for q in range(upper_start[k], upper_start[k + 1]):
                j = upper_columns[q]
                e, f, g, h = load(upper, q, 0), load(upper, q, 1), load(upper, q, 2), load(upper, q, 3)
                store(w, j, 0, less_times(load(w, j, 0), a, e, b, g))
                store(w, j, 1, less_times(load(w, j, 1), a, f, b, h))
                store(w, j, 2, less_times(load(w, j, 2), c, e, d, g))
                store(w, j, 3, less_times(load(w, j, 3), c, f, d, h))
        for q in range(upper_start[i], upper_start[i + 1]):
            j = upper_columns[q]
            _store_block(upper, q, load(w, j, 0), load(w, j, 1), load(w, j, 2), load(w, j, 3))
        _invert_lanes(i, w, scale, inverses, failed)


@borrowing
def _scatter_lanes(structure: Structure, values: Floats, i: int, w: Floats) -> Lane:
    """Write a row of every matrix among zeros; give the largest entry of each."""
    lower_start, lower_columns = structure.lower_start, structure.lower_columns
    upper_start, upper_columns = structure.upper_start, structure.upper_columns
    entry_start, entry_places, entry_columns = (
        structure.entry_start,
        structure.entry_places,
        structure.entry_columns,
    )
    for p in range(lower_start[i], lower_start[i + 1]):
        k = lower_columns[p]
        _store_block(w, k, every(0.0), every(0.0), every(0.0), every(0.0))
    for q in range(upper_start[i], upper_start[i + 1]):
        j = upper_columns[q]
        _store_block(w, j, every(0.0), every(0.0), every(0.0), every(0.0))
    _store_block(w, i, every(0.0), every(0.0), every(0.0), every(0.0))
    scale = every(0.0)
    for p in range(entry_start[i], entry_start[i + 1]):
        j, place = entry_columns[p], entry_places[p]
        a, b, c, d = (
            load(values, place, 0),
            load(values, place, 1),
            load(values, place, 2),
            load(values, place, 3),
        )
        _store_block(w, j, a, b, c, d)
        scale = larger(larger(larger(larger(scale, a), b), c), d)
    return scale


@borrowing
def _invert_lanes(i: int, w: Floats, scale: Lane, inverses: Floats, failed: NDArray[np.int64]) -> None:
    """Invert a pivot block in every lane; a lane without an inverse goes on with an identity."""
    for lane in range(LANES):
        a, b, c, d, holds = inverse(w[i, 0, lane], w[i, 1, lane], w[i, 2, lane], w[i, 3, lane], scale[lane])
        if not holds:
            a, b, c, d = 1.0, 0.0, 0.0, 1.0
            if failed[lane] == HOLDS:
                failed[lane] = i
        inverses[i, 0, lane], inverses[i, 1, lane] = a, b
        inverses[i, 2, lane], inverses[i, 3, lane] = c, d


__all__ = ["HOLDS", "Factors", "factorize", "factorize_lanes", "factors_of"]
