"""KKT systems of an AC optimal power flow whole: sources and limits are unknowns of their own; compiled.

The blocks of `opf_kkt` solve for buses alone; what is solved is refined on the whole system.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.copies import copy_to
from genba.num.ipm.reductions import sizes
from genba.num.jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Parts = tuple[Floats, Floats, Floats]
"""Something of the variables, of the balances and of the limits."""


@kernel
def begin(
    lines: Ints,
    source_bus: Ints,
    slope: Floats,
    scale: Floats,
    scale_d: Floats,
    stiff: Floats,
    spring: Floats,
    sigma: Floats,
    target: Parts,
    at: Parts,
    rest: Parts,
    right: Floats,
) -> float:
    """Start a solve: nothing solved, all left and condensed; give the size of what is left (see `_size`)."""
    for part in range(3):
        at[part][:] = 0.0
        copy_to(rest[part], target[part])
    for i in range(len(sigma)):
        if not sigma[i] < np.inf:
            rest[0][i] = 0.0
    condensed(lines, source_bus, slope, scale, scale_d, stiff, spring, rest, right)
    return _size(rest)


@kernel
def condensed(
    lines: Ints,
    source_bus: Ints,
    slope: Floats,
    scale: Floats,
    scale_d: Floats,
    stiff: Floats,
    spring: Floats,
    rest: Parts,
    right: Floats,
) -> None:
    """Write the right-hand side of the blocks for a right-hand side of the whole system, shape (n, 4)."""
    n, g = len(right), len(source_bus)
    rx, rc, rd = rest
    for i in range(n):
        b = right[i]
        b[0], b[1], b[2], b[3] = rx[i], rx[n + i], rc[i], rc[n + i]
    for k in range(g):
        i = source_bus[k]
        right[i, 2] += scale[i] * rx[2 * n + k] / spring[k]
        right[i, 3] += scale[n + i] * rx[2 * n + g + k] / spring[g + k]
    for e in range(len(lines)):
        one, two, three = lines[e, 3], lines[e, 4], lines[e, 5]
        if one < 0 and three < 0:
            continue
        j = slope[e]
        u, v, w = 0.0, 0.0, 0.0
        if one >= 0:
            first, second = scale_d[one] * stiff[one] * rd[one], scale_d[two] * stiff[two] * rd[two]
            u = j[12] * first + j[15] * second
            v = j[13] * first + j[16] * second
            w = j[14] * first + j[17] * second
        if three >= 0:
            u += scale_d[three] * stiff[three] * rd[three]
        f, t = np.uint64(lines[e, 0]), np.uint64(lines[e, 1])
        right[f, 0] += u
        right[t, 0] -= u
        right[f, 1] += v
        right[t, 1] += w


@kernel
def rough(
    lines: Ints,
    source_bus: Ints,
    slope: Floats,
    scale: Floats,
    scale_d: Floats,
    stiff: Floats,
    spring: Floats,
    target: Parts,
    right: Floats,
    at: Parts,
) -> None:
    """Write the solution of the whole system that the blocks' gives, and do not look at what it leaves."""
    at[0][:], at[1][:] = 0.0, 0.0
    _expanded(source_bus, scale, spring, target, right, at)
    dd, td = at[2], target[2]
    for e in range(len(lines)):
        f, t, j = np.uint64(lines[e, 0]), np.uint64(lines[e, 1]), slope[e]
        one, two, three = lines[e, 3], lines[e, 4], lines[e, 5]
        turn, near, far = right[f, 0] - right[t, 0], right[f, 1], right[t, 1]
        if one >= 0:
            dd[one] = stiff[one] * (scale_d[one] * (j[12] * turn + j[13] * near + j[14] * far) - td[one])
            dd[two] = stiff[two] * (scale_d[two] * (j[15] * turn + j[16] * near + j[17] * far) - td[two])
        if three >= 0:
            dd[three] = stiff[three] * (scale_d[three] * turn - td[three])


@kernel
def refined(
    vm: Floats,
    lines: Ints,
    source_bus: Ints,
    shunt: Floats,
    slope: Floats,
    curve: Floats,
    scale: Floats,
    scale_d: Floats,
    yc: Floats,
    sigma: Floats,
    give_c: Floats,
    give_d: Floats,
    stiff: Floats,
    spring: Floats,
    anchored: Ints,
    target: Parts,
    at: Parts,
    rest: Parts,
    right: Floats,
) -> float:
    """Add what the blocks' solution gives to the whole one, and write what it leaves of the target.

    Arguments:
        vm: magnitudes, shape (n,).
        lines, source_bus, shunt, slope, curve: of the grid, as `opf_kkt.assemble` takes and leaves them.
        scale, scale_d: factors of the balances and of the limits.
        yc: multipliers of the unscaled balances.
        sigma, give_c, give_d, stiff, spring, anchored: see `opf_kkt.assemble`.
        target: right-hand side of the whole system.
        at: its solution so far.
        rest: what was left before, becomes what is left now.
        right: solution of the blocks, shape (n, 4).

    Returns:
        The size of what is left (see `_size`).
    """
    _expanded(source_bus, scale, spring, rest, right, at)
    _residual(
        vm, lines, source_bus, shunt, slope, curve, scale, scale_d, yc,
        sigma, give_c, give_d, stiff, spring, anchored, target, at, rest, right,
    )  # fmt: skip
    return _size(rest)


@kernel
def _expanded(source_bus: Ints, scale: Floats, spring: Floats, rest: Parts, right: Floats, at: Parts) -> None:
    """Add the solution of the blocks, and what follows from it for sources, to the whole one."""
    n, g = len(right), len(source_bus)
    rx, (dx, dc, _) = rest[0], at
    for i in range(n):
        b = right[i]
        dx[i] += b[0]
        dx[n + i] += b[1]
        dc[i] += b[2]
        dc[n + i] += b[3]
    for k in range(g):
        i = source_bus[k]
        dx[2 * n + k] += (rx[2 * n + k] + scale[i] * right[i, 2]) / spring[k]
        dx[2 * n + g + k] += (rx[2 * n + g + k] + scale[n + i] * right[i, 3]) / spring[g + k]


@kernel
def _residual(
    vm: Floats,
    lines: Ints,
    source_bus: Ints,
    shunt: Floats,
    slope: Floats,
    curve: Floats,
    scale: Floats,
    scale_d: Floats,
    yc: Floats,
    sigma: Floats,
    give_c: Floats,
    give_d: Floats,
    stiff: Floats,
    spring: Floats,
    anchored: Ints,
    target: Parts,
    at: Parts,
    rest: Parts,
    right: Floats,
) -> None:
    """Add what follows from the solution of the blocks for limits, and write target - K (dx, dyc, dyd).

    This is for the whole, scaled system; rows of what must not move are 0.
    """
    n, g = len(vm), len(source_bus)
    tx, tc, td = target
    dx, dc, dd = at
    rx, rc, rd = rest
    for i in range(n):
        rx[i] = tx[i] - sigma[i] * dx[i]
        pull = 2 * (shunt[i] * yc[i] - shunt[n + i] * yc[n + i]) + sigma[n + i]
        bend = 2 * vm[i] * (shunt[i] * scale[i] * dc[i] - shunt[n + i] * scale[n + i] * dc[n + i])
        rx[n + i] = tx[n + i] - pull * dx[n + i] - bend
        move = 2 * vm[i] * dx[n + i]
        rc[i] = tc[i] - scale[i] * shunt[i] * move + give_c[i] * dc[i]
        rc[n + i] = tc[n + i] + scale[n + i] * shunt[n + i] * move + give_c[n + i] * dc[n + i]
    for k in range(len(anchored)):
        rx[anchored[k]] -= dx[anchored[k]]
    for k in range(g):
        i = source_bus[k]
        for part in range(2):
            at_x, at_c = 2 * n + part * g + k, part * n + i
            rc[at_c] += scale[at_c] * dx[at_x]
            if spring[part * g + k] < np.inf:
                rx[at_x] = tx[at_x] - spring[part * g + k] * dx[at_x] + scale[at_c] * dc[at_c]
            else:
                rx[at_x] = 0.0
    m = np.uint64(n)
    for e in range(len(lines)):
        f, t, j, h = np.uint64(lines[e, 0]), np.uint64(lines[e, 1]), slope[e], curve[e]
        one, two, three = lines[e, 3], lines[e, 4], lines[e, 5]
        a, b, c = dx[f] - dx[t], dx[m + f], dx[m + t]
        spf, sqf, spt, sqt = scale[f], scale[m + f], scale[t], scale[m + t]
        pf, qf, pt, qt = spf * dc[f], sqf * dc[m + f], spt * dc[t], sqt * dc[m + t]
        u = h[0] * a + h[1] * b + h[2] * c + j[0] * pf + j[3] * qf + j[6] * pt + j[9] * qt
        v = h[1] * a + h[3] * b + h[4] * c + j[1] * pf + j[4] * qf + j[7] * pt + j[10] * qt
        w = h[2] * a + h[4] * b + h[5] * c + j[2] * pf + j[5] * qf + j[8] * pt + j[11] * qt
        turn, near, far = right[f, 0] - right[t, 0], right[f, 1], right[t, 1]
        if one >= 0:
            dd[one] += stiff[one] * (scale_d[one] * (j[12] * turn + j[13] * near + j[14] * far) - rd[one])
            dd[two] += stiff[two] * (scale_d[two] * (j[15] * turn + j[16] * near + j[17] * far) - rd[two])
            first, second = scale_d[one] * dd[one], scale_d[two] * dd[two]
            u += j[12] * first + j[15] * second
            v += j[13] * first + j[16] * second
            w += j[14] * first + j[17] * second
            rd[one], rd[two] = 0.0, 0.0
            if give_d[one] < np.inf:
                rd[one] = td[one] - scale_d[one] * (j[12] * a + j[13] * b + j[14] * c) + give_d[one] * dd[one]
            if give_d[two] < np.inf:
                rd[two] = td[two] - scale_d[two] * (j[15] * a + j[16] * b + j[17] * c) + give_d[two] * dd[two]
        if three >= 0:
            dd[three] += stiff[three] * (scale_d[three] * turn - rd[three])
            u += scale_d[three] * dd[three]
            rd[three] = 0.0
            if give_d[three] < np.inf:
                rd[three] = td[three] - scale_d[three] * a + give_d[three] * dd[three]
        rx[f] -= u
        rx[t] += u
        rx[m + f] -= v
        rx[m + t] -= w
        rc[f] -= spf * (j[0] * a + j[1] * b + j[2] * c)
        rc[m + f] -= sqf * (j[3] * a + j[4] * b + j[5] * c)
        rc[t] -= spt * (j[6] * a + j[7] * b + j[8] * c)
        rc[m + t] -= sqt * (j[9] * a + j[10] * b + j[11] * c)


@kernel
def _size(rest: Parts) -> float:
    """Give the largest absolute entry of the first two parts; infinite when any is no number."""
    total, largest = sizes(rest[0], rest[0], 0.0)
    more, other = sizes(rest[1], rest[1], 0.0)
    last, _ = sizes(rest[2], rest[2], 0.0)
    return max(largest, other) if total + more + last < np.inf else np.inf


__all__ = ["Parts", "begin", "condensed", "refined", "rough"]
