"""Numeric factorisation: up-looking LDL^T of a symmetric matrix of dense blocks of order 4."""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel
from genba.num.ldl.pivot import ENTRIES, Bytes, Floats, by_determinant, by_size, kept

Places = NDArray[np.uint32]
"""Unsigned, so that an index needs no look whether it counts from the end."""
ZEROS = (0.0,) * ENTRIES


@inlined
def _solve_rows(y: Floats, x: Floats, pivots: Bytes, f: Floats) -> None:
    """Give x = D^-1 y for a factored block D and the four columns of y (4 x 4 by rows)."""
    p0, p1, p2, p3 = 4 * pivots[0], 4 * pivots[1], 4 * pivots[2], 4 * pivots[3]
    z = (
        _solve_column(f, y[p0], y[p1], y[p2], y[p3]),
        _solve_column(f, y[p0 + 1], y[p1 + 1], y[p2 + 1], y[p3 + 1]),
        _solve_column(f, y[p0 + 2], y[p1 + 2], y[p2 + 2], y[p3 + 2]),
        _solve_column(f, y[p0 + 3], y[p1 + 3], y[p2 + 3], y[p3 + 3]),
    )
    x[p0], x[p0 + 1], x[p0 + 2], x[p0 + 3] = z[0][0], z[1][0], z[2][0], z[3][0]
    x[p1], x[p1 + 1], x[p1 + 2], x[p1 + 3] = z[0][1], z[1][1], z[2][1], z[3][1]
    x[p2], x[p2 + 1], x[p2 + 2], x[p2 + 3] = z[0][2], z[1][2], z[2][2], z[3][2]
    x[p3], x[p3 + 1], x[p3 + 2], x[p3 + 3] = z[0][3], z[1][3], z[2][3], z[3][3]


@inlined
def _solve_column(f: Floats, t0: float, y1: float, y2: float, y3: float) -> tuple[float, float, float, float]:
    """Solve with the factors of a block for one permuted column."""
    t1 = y1 - f[0] * t0
    t2 = y2 - f[1] * t0 - f[2] * t1
    t3 = y3 - f[3] * t0 - f[4] * t1 - f[5] * t2
    z3 = f[12] * t2 + f[9] * t3
    z2 = f[11] * t1 + f[8] * t2 + f[12] * t3 - f[5] * z3
    z1 = f[10] * t0 + f[7] * t1 + f[11] * t2 - f[2] * z2 - f[4] * z3
    z0 = f[6] * t0 + f[10] * t1 - f[0] * z1 - f[1] * z2 - f[3] * z3
    return z0, z1, z2, z3


@inlined
def _subtract_row(z: Floats, a: int, l: Floats, y: tuple[float, ...]) -> None:  # noqa: E741  # the literature's letter
    """Do row `a` of z -= l^T y on blocks by rows; all loads come before the stores, so that it vectorises."""
    l0, l1, l2, l3 = l[a], l[4 + a], l[8 + a], l[12 + a]
    s0 = z[4 * a] - l0 * y[0] - l1 * y[4] - l2 * y[8] - l3 * y[12]
    s1 = z[4 * a + 1] - l0 * y[1] - l1 * y[5] - l2 * y[9] - l3 * y[13]
    s2 = z[4 * a + 2] - l0 * y[2] - l1 * y[6] - l2 * y[10] - l3 * y[14]
    s3 = z[4 * a + 3] - l0 * y[3] - l1 * y[7] - l2 * y[11] - l3 * y[15]
    z[4 * a], z[4 * a + 1], z[4 * a + 2], z[4 * a + 3] = s0, s1, s2, s3


@inlined
def _subtract_product(z: Floats, l: Floats, y: tuple[float, ...]) -> None:  # noqa: E741
    """Do z -= l^T y on blocks by rows."""
    _subtract_row(z, 0, l, y)
    _subtract_row(z, 1, l, y)
    _subtract_row(z, 2, l, y)
    _subtract_row(z, 3, l, y)


@inlined
def _loaded(y: Floats) -> tuple[float, ...]:
    """Give the 16 entries of a block, to be kept in registers over a loop that writes to its neighbours."""
    return (
        y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7],
        y[8], y[9], y[10], y[11], y[12], y[13], y[14], y[15],
    )  # fmt: skip


@inlined
def _store(z: Floats, y: tuple[float, ...]) -> None:
    """Write the 16 entries of a block."""
    z[0], z[1], z[2], z[3] = y[0], y[1], y[2], y[3]
    z[4], z[5], z[6], z[7] = y[4], y[5], y[6], y[7]
    z[8], z[9], z[10], z[11] = y[8], y[9], y[10], y[11]
    z[12], z[13], z[14], z[15] = y[12], y[13], y[14], y[15]


@inlined
def _symmetrize(d: Floats) -> None:
    """Take the mean of a block and its transpose."""
    d[4] = d[1] = 0.5 * (d[4] + d[1])
    d[8] = d[2] = 0.5 * (d[8] + d[2])
    d[9] = d[6] = 0.5 * (d[9] + d[6])
    d[12] = d[3] = 0.5 * (d[12] + d[3])
    d[13] = d[7] = 0.5 * (d[13] + d[7])
    d[14] = d[11] = 0.5 * (d[14] + d[11])


@kernel
def factorize(
    entry_start: Places,
    entry_rows: Places,
    entries: Floats,
    diagonal: Floats,
    column_start: Places,
    rows: Places,
    row_start: Places,
    row_columns: Places,
    row_places: Places,
    lower: Floats,
    pivots: Bytes,
    factors: Floats,
    strip: Floats,
    smallest: float,
) -> int:
    """Factorise a matrix: one row of blocks after the other, each from all its descendants.

    Arguments:
        entry_start, entry_rows: compressed columns of the strict upper triangle, n columns of blocks.
        entries: its blocks by rows, shape (m, 16).
        diagonal: diagonal blocks, shape (n, 16).
        column_start, rows, row_start, row_columns, row_places: the fill (see `elimination.Fill`).
        lower: receives the blocks of L^T, shape (nnz, 16).
        pivots: receives the pivots of the diagonal blocks, shape (n, 4).
        factors: receives their factors, shape (n, FACTOR).
        strip: scratch that is zero before and after, shape (n, 16).
        smallest: see `by_determinant`.

    Returns:
        The number of negative eigenvalues; -1 when a block is singular.

    Source: Davis (2006), Direct Methods for Sparse Linear Systems, section 4.8 (up-looking), by blocks.
    """
    negative = 0
    n = len(entry_start) - 1
    d = np.empty(ENTRIES)
    for k in range(n):
        _store(d, _loaded(diagonal[k]))
        for place in range(entry_start[k], entry_start[k + 1]):
            _store(strip[entry_rows[place]], _loaded(entries[place]))
        for step in range(row_start[k], row_start[k + 1]):
            i, at = row_columns[step], row_places[step]
            y, x = strip[i], lower[at]
            held = _loaded(y)
            for place in range(column_start[i], at):
                _subtract_product(strip[rows[place]], lower[place], held)
            _solve_rows(y, x, pivots[i], factors[i])
            _subtract_product(d, x, held)
            _store(y, ZEROS)
        _symmetrize(d)
        stable, block = by_determinant(d, smallest)
        if not stable:
            block = by_size(d[0], d[4], d[5], d[8], d[9], d[10], d[12], d[13], d[14], d[15], smallest)
        found = kept(block, pivots[k], factors[k])
        if found < 0:
            strip[:] = 0.0
            return -1
        negative += found
    return negative


@kernel
def solve(
    column_start: Places, rows: Places, lower: Floats, pivots: Bytes, factors: Floats, x: Floats
) -> None:
    """Solve with the factors in place.

    Arguments:
        column_start, rows, lower, pivots, factors: as `factorize` left them.
        x: right-hand side by blocks in the order of elimination, becomes the solution, shape (n, 4).
    """
    n = len(column_start) - 1
    for i in range(n):
        x0, x1, x2, x3 = x[i, 0], x[i, 1], x[i, 2], x[i, 3]
        for place in range(column_start[i], column_start[i + 1]):
            l = lower[place]  # noqa: E741
            z = x[rows[place]]
            z0 = z[0] - l[0] * x0 - l[4] * x1 - l[8] * x2 - l[12] * x3
            z1 = z[1] - l[1] * x0 - l[5] * x1 - l[9] * x2 - l[13] * x3
            z2 = z[2] - l[2] * x0 - l[6] * x1 - l[10] * x2 - l[14] * x3
            z3 = z[3] - l[3] * x0 - l[7] * x1 - l[11] * x2 - l[15] * x3
            z[0], z[1], z[2], z[3] = z0, z1, z2, z3
    for i in range(n - 1, -1, -1):
        f = factors[i]
        p0, p1, p2, p3 = pivots[i, 0], pivots[i, 1], pivots[i, 2], pivots[i, 3]
        z0, z1, z2, z3 = _solve_column(f, x[i, p0], x[i, p1], x[i, p2], x[i, p3])
        x[i, p0], x[i, p1], x[i, p2], x[i, p3] = z0, z1, z2, z3
        x0, x1, x2, x3 = x[i, 0], x[i, 1], x[i, 2], x[i, 3]
        for place in range(column_start[i], column_start[i + 1]):
            l = lower[place]  # noqa: E741
            z = x[rows[place]]
            z0, z1, z2, z3 = z[0], z[1], z[2], z[3]
            x0 -= l[0] * z0 + l[1] * z1 + l[2] * z2 + l[3] * z3
            x1 -= l[4] * z0 + l[5] * z1 + l[6] * z2 + l[7] * z3
            x2 -= l[8] * z0 + l[9] * z1 + l[10] * z2 + l[11] * z3
            x3 -= l[12] * z0 + l[13] * z1 + l[14] * z2 + l[15] * z3
        x[i, 0], x[i, 1], x[i, 2], x[i, 3] = x0, x1, x2, x3


@kernel
def product(
    entry_start: Places, entry_rows: Places, entries: Floats, diagonal: Floats, x: Floats, y: Floats
) -> None:
    """Give y = A x for the matrix of blocks; x and y of shape (n, 4)."""
    n = len(entry_start) - 1
    for k in range(n):
        d = diagonal[k]
        x0, x1, x2, x3 = x[k, 0], x[k, 1], x[k, 2], x[k, 3]
        y0 = d[0] * x0 + d[1] * x1 + d[2] * x2 + d[3] * x3
        y1 = d[4] * x0 + d[5] * x1 + d[6] * x2 + d[7] * x3
        y2 = d[8] * x0 + d[9] * x1 + d[10] * x2 + d[11] * x3
        y3 = d[12] * x0 + d[13] * x1 + d[14] * x2 + d[15] * x3
        for place in range(entry_start[k], entry_start[k + 1]):
            i = entry_rows[place]
            a = entries[place]
            z0, z1, z2, z3 = x[i, 0], x[i, 1], x[i, 2], x[i, 3]
            y0 += a[0] * z0 + a[4] * z1 + a[8] * z2 + a[12] * z3
            y1 += a[1] * z0 + a[5] * z1 + a[9] * z2 + a[13] * z3
            y2 += a[2] * z0 + a[6] * z1 + a[10] * z2 + a[14] * z3
            y3 += a[3] * z0 + a[7] * z1 + a[11] * z2 + a[15] * z3
            y[i, 0] += a[0] * x0 + a[1] * x1 + a[2] * x2 + a[3] * x3
            y[i, 1] += a[4] * x0 + a[5] * x1 + a[6] * x2 + a[7] * x3
            y[i, 2] += a[8] * x0 + a[9] * x1 + a[10] * x2 + a[11] * x3
            y[i, 3] += a[12] * x0 + a[13] * x1 + a[14] * x2 + a[15] * x3
        y[k, 0], y[k, 1], y[k, 2], y[k, 3] = y0, y1, y2, y3
