"""Small symmetric blocks of order 4, factorised with pivoting."""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Found = tuple[
    int, int, float, float, float, float, float, float, float, float, float, float, float, float, float
]
"""Of a block: how many eigenvalues are negative, -1 when it is singular or not finite; the row of A at each
place, two bits each; l10 l20 l21 l30 l31 l32; the inverse pivots d0 to d3, and e0 to e2 beside them."""

ORDER = 4
"""Unknowns of a block."""
ENTRIES = ORDER * ORDER
FACTOR = 16
"""Numbers kept of a factored block: l10 l20 l21 l30 l31 l32, inverse pivots d0..d3 and e0..e2, padding."""
STEEP = 3.0
"""Size of a multiplier beyond which complete pivoting is turned to; it bounds the growth of what is left."""
NONE = (-1, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""What is found of a singular block."""
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
def by_size(
    a00: float,
    a10: float,
    a11: float,
    a20: float,
    a21: float,
    a22: float,
    a30: float,
    a31: float,
    a32: float,
    a33: float,
    smallest: float,
) -> Found:
    """Factorise a block given by its lower triangle as `by_determinant` does, by complete pivoting.

    All is written out, so that the block stays in registers: rows and columns of what is left are exchanged
    together with the rows of L, which take the place of what is eliminated.

    Returns:
        The number of negative eigenvalues, -1 when the block is singular or not finite; the row of A at each
        place, two bits each; l10 l20 l21 l30 l31 l32, d0 to d3, and e0 to e2.

    Source: Bunch and Parlett (1971), Direct methods for solving symmetric indefinite systems.
    """
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
        return NONE
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
            return NONE
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
            return NONE
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
            return NONE
        negative += a33 < 0
        d3 = 1.0 / a33
    chosen = (p0 << 6) | (p1 << 4) | (p2 << 2) | p3
    return negative, chosen, a10, a20, a21, a30, a31, a32, d0, d1, d2, d3, e0, e1, e2


@inlined
def _pair(x: float, y: float, z: float) -> tuple[float, float, float, float, int]:
    """Factorise [x, y; y, z] with abs(x) >= abs(z), as two pivots or as one of order 2.

    Returns:
        The multiplier, the inverse (xx, yx, yy) of the pivots, and the number of negative eigenvalues.
    """
    single = abs(x) >= ALPHA * abs(y)
    inverse = 1.0 / (x if single else y)
    ratio = (y if single else x) * inverse
    unit = z * inverse * ratio - 1.0  # a determinant scaled, so that y * y cannot overflow
    last = 1.0 / (z - ratio * y if single else y * unit)
    apart = (1 if x < 0 else 0) + (1 if last < 0 else 0)
    together = 1 if unit < 0 else 2 if x < 0 else 0
    return (
        ratio if single else 0.0,
        inverse if single else z * inverse * last,
        0.0 if single else -last,
        last if single else ratio * last,
        apart if single else together,
    )


@inlined
def _larger(best: float, pair: int, minor: float, other: int) -> tuple[float, int]:
    """Give the larger of two sizes, and what it belongs to."""
    size = abs(minor)
    return (size if size > best else best), (other if size > best else pair)


@inlined
def by_determinant(a: Floats, smallest: float) -> tuple[bool, Found]:
    """Factorise P A P^T = L B L^T of a symmetric block, B of 1x1 and 2x2 pivots.

    The two unknowns whose determinant is largest go first, then the other two. There is hardly a branch that
    depends on the values, so that the processor goes on with the next rows meanwhile: a block by itself takes
    a quarter of the time of complete pivoting, a factorisation a tenth less.

    Arguments:
        a: the block by rows, shape (16,).
        smallest: a pivot whose size is not above this is no pivot.

    Returns:
        Whether this is stable and every pivot one, and what was found; else `by_size` decides.
    """
    a00, a10, a11, a20, a21, a22 = a[0], a[4], a[5], a[8], a[9], a[10]
    a30, a31, a32, a33 = a[12], a[13], a[14], a[15]
    best, order = abs(a00 * a22 - a20 * a20), 0x2031  # the row at each place, four bits each
    best, order = _larger(best, order, a11 * a33 - a31 * a31, 0x3120)
    best, order = _larger(best, order, a00 * a11 - a10 * a10, 0x1032)
    best, order = _larger(best, order, a00 * a33 - a30 * a30, 0x3021)
    best, order = _larger(best, order, a11 * a22 - a21 * a21, 0x2130)
    best, order = _larger(best, order, a22 * a33 - a32 * a32, 0x3210)
    p0, p1, p2, p3 = (order >> 12) & 3, (order >> 8) & 3, (order >> 4) & 3, order & 3
    turned = abs(a[5 * p0]) < abs(a[5 * p1])
    p0, p1 = (p1, p0) if turned else (p0, p1)
    l10, d0, e0, d1, first = _pair(a[5 * p0], a[4 * p0 + p1], a[5 * p1])
    b20, b21, b22 = a[4 * p2 + p0], a[4 * p2 + p1], a[5 * p2]
    b30, b31, b32, b33 = a[4 * p3 + p0], a[4 * p3 + p1], a[4 * p3 + p2], a[5 * p3]
    b21 -= l10 * b20
    b31 -= l10 * b30
    l20, l21 = b20 * d0 + b21 * e0, b20 * e0 + b21 * d1
    l30, l31 = b30 * d0 + b31 * e0, b30 * e0 + b31 * d1
    b22 -= l20 * b20 + l21 * b21
    b32 -= l30 * b20 + l31 * b21
    b33 -= l30 * b30 + l31 * b31
    turned = abs(b22) < abs(b33)
    p2, p3 = (p3, p2) if turned else (p2, p3)
    b22, b33 = (b33, b22) if turned else (b22, b33)
    l20, l30 = (l30, l20) if turned else (l20, l30)
    l21, l31 = (l31, l21) if turned else (l21, l31)
    l32, d2, e2, d3, second = _pair(b22, b32, b33)
    found, chosen = first + second, (p0 << 6) | (p1 << 4) | (p2 << 2) | p3
    steepest = max(max(abs(l20), abs(l21)), max(abs(l30), abs(l31)))
    widest = max(max(abs(d0), abs(d1)), max(abs(d2), abs(d3)))
    total = abs(a00) + abs(a11) + abs(a22) + abs(a33) + abs(d0) + abs(d1) + abs(d2) + abs(d3)
    total += abs(a10) + abs(a20) + abs(a21) + abs(a30) + abs(a31) + abs(a32)  # finite when all of them are
    stable = total < np.inf and steepest <= STEEP and widest * smallest < 1.0
    return stable, (found, chosen, l10, l20, l21, l30, l31, l32, d0, d1, d2, d3, e0, 0.0, e2)


@inlined
def kept(found: Found, pivots: Bytes, f: Floats) -> int:
    """Write what was found of a block."""
    _, chosen, l10, l20, l21, l30, l31, l32, d0, d1, d2, d3, e0, e1, e2 = found
    pivots[0], pivots[1] = chosen >> 6, (chosen >> 4) & 3
    pivots[2], pivots[3] = (chosen >> 2) & 3, chosen & 3
    f[0], f[1], f[2], f[3], f[4], f[5] = l10, l20, l21, l30, l31, l32
    f[6], f[7], f[8], f[9], f[10], f[11], f[12] = d0, d1, d2, d3, e0, e1, e2
    return found[0]
