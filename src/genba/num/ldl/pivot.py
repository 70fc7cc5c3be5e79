"""Small symmetric blocks of order 4, factorised with complete pivoting."""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDER = 4
"""Unknowns of a block."""
ENTRIES = ORDER * ORDER
FACTOR = 16
"""Numbers kept of a factored block: l10 l20 l21 l30 l31 l32, inverse pivots d0..d3 and e0..e2, padding."""
ALPHA = 0.6403882032022076
"""(1 + sqrt(17)) / 8, Bunch and Parlett's share of the largest entry that a 1x1 pivot must have."""


@kernel
def factor_block(a: Floats, work: Floats, pivots: Ints, factor: Floats, smallest: float) -> int:
    """Factorise P A P^T = L B L^T of a symmetric block, B of 1x1 and 2x2 pivots.

    Arguments:
        a: the block by rows, shape (16,).
        work: scratch, shape (16,).
        pivots: receives the row of A at each place, shape (4,).
        factor: receives L and the inverse of B, shape (FACTOR,).
        smallest: a pivot whose size is not above this is no pivot.

    Returns:
        The number of negative eigenvalues; -1 when the block is singular or not finite.

    Source: Bunch and Parlett (1971), Direct methods for solving symmetric indefinite systems.
    """
    for q in range(16):
        work[q] = a[q]
    for q in range(FACTOR):
        factor[q] = 0.0
    for q in range(4):
        pivots[q] = q
    negative = 0
    k = 0
    while k < 4:
        on, at = -1.0, k
        off, row, col = -1.0, k, k
        for i in range(k, 4):
            size = abs(work[i * 5])
            if size > on:
                on, at = size, i
            for j in range(k, i):
                size = abs(work[i * 4 + j])
                if size > off:
                    off, row, col = size, i, j
        if not (max(on, off) > smallest and max(on, off) < np.inf):
            return -1
        if on >= ALPHA * off:
            _exchange(work, pivots, factor, k, at)
            d = work[k * 5]
            if d < 0:
                negative += 1
            inverse = 1.0 / d
            factor[6 + k] = inverse
            for i in range(k + 1, 4):
                low = work[i * 4 + k] * inverse
                factor[_place(i, k)] = low
                for j in range(k + 1, i + 1):
                    work[i * 4 + j] -= low * work[j * 4 + k]
                    work[j * 4 + i] = work[i * 4 + j]
            k += 1
        else:
            _exchange(work, pivots, factor, k, col)
            _exchange(work, pivots, factor, k + 1, row if row != k else col)
            x, y, z = work[k * 5], work[(k + 1) * 4 + k], work[(k + 1) * 5]
            ratio = x / y  # scaled, so that y * y cannot overflow
            other = z / y
            det = y * (ratio * other - 1.0)
            dx, dy, dz = other / det, -1.0 / det, ratio / det
            if ratio * other - 1.0 < 0:
                negative += 1
            elif x < 0:
                negative += 2
            factor[6 + k], factor[7 + k], factor[10 + k] = dx, dz, dy
            for i in range(k + 2, 4):
                first, second = work[i * 4 + k], work[i * 4 + k + 1]
                factor[_place(i, k)] = first * dx + second * dy
                factor[_place(i, k + 1)] = first * dy + second * dz
            for i in range(k + 2, 4):
                for j in range(k + 2, i + 1):
                    work[i * 4 + j] -= (
                        factor[_place(i, k)] * work[j * 4 + k]
                        + factor[_place(i, k + 1)] * work[j * 4 + k + 1]
                    )
                    work[j * 4 + i] = work[i * 4 + j]
            k += 2
    return negative


@inlined
def _place(i: int, j: int) -> int:
    """Give the place of L's entry (i, j), j < i."""
    return i * (i - 1) // 2 + j


@kernel
def _exchange(work: Floats, pivots: Ints, factor: Floats, i: int, j: int) -> None:
    """Exchange rows and columns i and j of what is left, and the rows of L made so far."""
    if i == j:
        return
    for q in range(4):
        work[i * 4 + q], work[j * 4 + q] = work[j * 4 + q], work[i * 4 + q]
    for q in range(4):
        work[q * 4 + i], work[q * 4 + j] = work[q * 4 + j], work[q * 4 + i]
    pivots[i], pivots[j] = pivots[j], pivots[i]
    for q in range(min(i, j)):
        one, other = i * (i - 1) // 2 + q, j * (j - 1) // 2 + q
        factor[one], factor[other] = factor[other], factor[one]
