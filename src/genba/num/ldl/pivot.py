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


@inlined
def _inverse(x: float, y: float, z: float) -> tuple[float, float, float, int]:
    """Give the inverse (xx, yx, yy) of the pivot [x, y; y, z] and the number of its negative eigenvalues."""
    ratio = x / y  # scaled, so that y * y cannot overflow
    other = z / y
    unit = ratio * other - 1.0
    det = y * unit
    return other / det, -1.0 / det, ratio / det, 1 if unit < 0 else 2 if x < 0 else 0


@kernel
def factor_block(a: Floats, pivots: Ints, factor: Floats, smallest: float) -> int:
    """Factorise P A P^T = L B L^T of a symmetric block, B of 1x1 and 2x2 pivots.

    All is written out, so that the block stays in registers: rows and columns of what is left are exchanged
    together with the rows of L, which take the place of what is eliminated.

    Arguments:
        a: the block by rows, shape (16,).
        pivots: receives the row of A at each place, shape (4,).
        factor: receives L and the inverse of B, shape (FACTOR,).
        smallest: a pivot whose size is not above this is no pivot.

    Returns:
        The number of negative eigenvalues; -1 when the block is singular or not finite.

    Source: Bunch and Parlett (1971), Direct methods for solving symmetric indefinite systems.
    """
    a00, a10, a11, a20, a21, a22 = a[0], a[4], a[5], a[8], a[9], a[10]
    a30, a31, a32, a33 = a[12], a[13], a[14], a[15]
    p0, p1, p2, p3 = 0, 1, 2, 3
    d0, d1, d2, d3 = 0.0, 0.0, 0.0, 0.0
    e0, e1, e2 = 0.0, 0.0, 0.0
    negative = 0

    on, at = abs(a00), 0
    if abs(a11) > on:
        on, at = abs(a11), 1
    if abs(a22) > on:
        on, at = abs(a22), 2
    if abs(a33) > on:
        on, at = abs(a33), 3
    off, pair = abs(a10), 1
    if abs(a20) > off:
        off, pair = abs(a20), 2
    if abs(a21) > off:
        off, pair = abs(a21), 6
    if abs(a30) > off:
        off, pair = abs(a30), 3
    if abs(a31) > off:
        off, pair = abs(a31), 7
    if abs(a32) > off:
        off, pair = abs(a32), 11
    if not (max(on, off) > smallest and max(on, off) < np.inf):
        return -1
    single = on >= ALPHA * off
    first = at if single else pair // 4  # what goes to place 0, and then to place 1
    second = 1 if single else pair % 4
    if first == 1:
        a00, a11, a20, a21, a30, a31 = a11, a00, a21, a20, a31, a30
        p0, p1 = p1, p0
    elif first == 2:
        a00, a22, a10, a21, a30, a32 = a22, a00, a21, a10, a32, a30
        p0, p2 = p2, p0
    elif first == 3:
        a00, a33, a10, a31, a20, a32 = a33, a00, a31, a10, a32, a20
        p0, p3 = p3, p0
    if second == 2:
        a11, a22, a10, a20, a31, a32 = a22, a11, a20, a10, a32, a31
        p1, p2 = p2, p1
    elif second == 3:
        a11, a33, a10, a30, a21, a32 = a33, a11, a30, a10, a32, a21
        p1, p3 = p3, p1
    if single:
        negative += a00 < 0
        d0 = 1.0 / a00
        l1, l2, l3 = a10 * d0, a20 * d0, a30 * d0
        a11 -= l1 * a10
        a21 -= l2 * a10
        a22 -= l2 * a20
        a31 -= l3 * a10
        a32 -= l3 * a20
        a33 -= l3 * a30
        a10, a20, a30 = l1, l2, l3
    else:
        d0, e0, d1, more = _inverse(a00, a10, a11)
        negative += more
        l2, l3 = a20 * d0 + a21 * e0, a30 * d0 + a31 * e0
        m2, m3 = a20 * e0 + a21 * d1, a30 * e0 + a31 * d1
        a22 -= l2 * a20 + m2 * a21
        a32 -= l3 * a20 + m3 * a21
        a33 -= l3 * a30 + m3 * a31
        a10, a20, a21, a30, a31 = 0.0, l2, m2, l3, m3

    place = 2
    if single:
        on, at = abs(a11), 1
        if abs(a22) > on:
            on, at = abs(a22), 2
        if abs(a33) > on:
            on, at = abs(a33), 3
        off, pair = abs(a21), 6
        if abs(a31) > off:
            off, pair = abs(a31), 7
        if abs(a32) > off:
            off, pair = abs(a32), 11
        if not (max(on, off) > smallest and max(on, off) < np.inf):
            return -1
        single = on >= ALPHA * off
        first = at if single else pair // 4
        second = 2 if single else pair % 4
        if first == 2:
            a11, a22, a10, a20, a31, a32 = a22, a11, a20, a10, a32, a31
            p1, p2 = p2, p1
        elif first == 3:
            a11, a33, a10, a30, a21, a32 = a33, a11, a30, a10, a32, a21
            p1, p3 = p3, p1
        if second == 3:
            a22, a33, a20, a30, a21, a31 = a33, a22, a30, a20, a31, a21
            p2, p3 = p3, p2
        if single:
            negative += a11 < 0
            d1 = 1.0 / a11
            l2, l3 = a21 * d1, a31 * d1
            a22 -= l2 * a21
            a32 -= l3 * a21
            a33 -= l3 * a31
            a21, a31 = l2, l3
        else:
            d1, e1, d2, more = _inverse(a11, a21, a22)
            negative += more
            l3, m3 = a31 * d1 + a32 * e1, a31 * e1 + a32 * d2
            a33 -= l3 * a31 + m3 * a32
            a21, a31, a32 = 0.0, l3, m3
            place = 3

    if place == 2:
        on, off = max(abs(a22), abs(a33)), abs(a32)
        if not (max(on, off) > smallest and max(on, off) < np.inf):
            return -1
        if on >= ALPHA * off:
            if abs(a33) > abs(a22):
                a22, a33, a20, a30, a21, a31 = a33, a22, a30, a20, a31, a21
                p2, p3 = p3, p2
            negative += a22 < 0
            d2 = 1.0 / a22
            low = a32 * d2
            a33 -= low * a32
            a32 = low
            place = 3
        else:
            d2, e2, d3, more = _inverse(a22, a32, a33)
            negative += more
            a32 = 0.0
    if place == 3:
        if not (abs(a33) > smallest and abs(a33) < np.inf):
            return -1
        negative += a33 < 0
        d3 = 1.0 / a33
    pivots[0], pivots[1], pivots[2], pivots[3] = p0, p1, p2, p3
    factor[0], factor[1], factor[2], factor[3], factor[4], factor[5] = a10, a20, a21, a30, a31, a32
    factor[6], factor[7], factor[8], factor[9] = d0, d1, d2, d3
    factor[10], factor[11], factor[12] = e0, e1, e2
    return negative
