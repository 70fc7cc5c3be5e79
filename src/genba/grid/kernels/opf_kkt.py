"""The KKT matrix of an AC optimal power flow in blocks by bus (angle, magnitude, two balances); compiled.

Sources and limits are eliminated: a source from its bus's balances, a limit into the Hessian of its branch.
What is solved is refined on the whole system, with sources and limits as unknowns of their own.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Parts = tuple[Floats, Floats, Floats]
"""Something of the variables, of the balances and of the limits."""

DUAL = 1e-10
"""What is taken off the diagonal of the balances, so that a bus that nothing holds keeps its pivots."""
SOFT = 1e-9
"""What a limit gives way in the factors; refinement undoes it. Limits of 1e14 would drown the Hessian."""
CURVES = 6
"""Entries of a branch's Hessian by (theta, V_f, V_t): tt, tf, tb, ff, fb, bb."""


@kernel
def weigh(
    sigma: Floats,
    give_d: Floats,
    yc: Floats,
    yd: Floats,
    scale: tuple[float, Floats, Floats],
    curvature: Floats,
    spring: Floats,
    stiff: Floats,
    plain: tuple[Floats, Floats],
) -> bool:
    """Write what the KKT matrix needs of its weights; tell whether every output has a positive diagonal.

    Arguments:
        sigma: what is added to the Hessian's diagonal, shape (2n + 2g,).
        give_d: what the scaled limits give way.
        yc, yd: multipliers of the scaled rows.
        scale: factors of the cost (times its weight), of the balances and of the limits.
        curvature: second derivatives of the costs, shape (g,).
        spring: receives the Hessian's diagonal of every output, shape (2g,).
        stiff: receives 1 / what each unscaled limit gives way, 0 without a limit.
        plain: receive the multipliers of the unscaled rows.
    """
    g = len(curvature)
    first = len(sigma) - 2 * g
    positive = True
    for k in range(2 * g):
        spring[k] = sigma[first + k] + (scale[0] * curvature[k] if k < g else 0.0)
        positive = positive and spring[k] > 0
    for i in range(len(give_d)):
        stiff[i] = scale[2][i] * scale[2][i] / (give_d[i] + SOFT)
        plain[1][i] = yd[i] * scale[2][i]
    for i in range(len(yc)):
        plain[0][i] = yc[i] * scale[1][i]
    return positive


@inlined
def _curved(
    y: Floats,
    o: Floats,
    j: Floats,
    v: tuple[float, float],
    pull: tuple[float, float, float, float, float, float],
) -> tuple[float, float, float, float, float, float]:
    """Give the Hessian of one branch by (theta, V_f, V_t): tt, tf, tb, ff, fb, bb.

    Arguments:
        y, o, j: ports, waves and slopes of the branch.
        v: its two voltages.
        pull: multipliers of P_f, Q_f, P_t, Q_t, and twice those of the measured squares at both ends.
    """
    pf, qf, pt, qt, first, second = pull
    pf += first * o[4]
    qf += first * o[5]
    pt += second * o[6]
    qt += second * o[7]
    along = pf * o[0] + qf * o[1] + pt * o[2] + qt * o[3]
    across = -pf * o[1] + qf * o[0] + pt * o[3] - qt * o[2]
    return (
        first * (j[0] * j[0] + j[3] * j[3]) + second * (j[6] * j[6] + j[9] * j[9]) - v[0] * v[1] * along,
        first * (j[0] * j[1] + j[3] * j[4]) + second * (j[6] * j[7] + j[9] * j[10]) + v[1] * across,
        first * (j[0] * j[2] + j[3] * j[5]) + second * (j[6] * j[8] + j[9] * j[11]) + v[0] * across,
        first * (j[1] * j[1] + j[4] * j[4])
        + second * (j[7] * j[7] + j[10] * j[10])
        + 2 * (pf * y[0] - qf * y[1]),
        first * (j[1] * j[2] + j[4] * j[5]) + second * (j[7] * j[8] + j[10] * j[11]) + along,
        first * (j[2] * j[2] + j[5] * j[5])
        + second * (j[8] * j[8] + j[11] * j[11])
        + 2 * (pt * y[6] - qt * y[7]),
    )


@kernel
def assemble(
    vm: Floats,
    start: Ints,
    end: Ints,
    entry: Ints,
    source_bus: Ints,
    shunt: Floats,
    ports: Floats,
    waves: Floats,
    slope: Floats,
    row: Ints,
    room: Floats,
    scale: Floats,
    plain: tuple[Floats, Floats],
    sigma: Floats,
    give_c: Floats,
    stiff: Floats,
    spring: Floats,
    anchored: Ints,
    curve: Floats,
    entries: Floats,
    diagonal: Floats,
) -> None:
    """Write the blocks of the KKT matrix.

    Arguments:
        vm: magnitudes, shape (n,).
        start, end, entry: buses of each branch and its block; branches of one block are neighbours, and
            `start` is the earlier bus of a block where `entry` is >= 0, the later where it is -1 - block.
        source_bus: bus of each source, shape (g,).
        shunt: conductance, then susceptance, shape (2n,).
        ports, waves, slope: of the branches.
        row, room: place in d of each limit; square of the rating and one over its measure.
        scale: factors of the balances, shape (2n,).
        plain: multipliers of the unscaled balances and limits.
        sigma: what is added to the Hessian's diagonal, infinite for what must not move, shape (2n + 2g,).
        give_c: what the scaled balances give way, shape (2n,).
        stiff: 1 / what each unscaled limit gives way, 0 without a limit, shape (rows of d,).
        spring: diagonal of the Hessian of each output, barrier included, infinite when fixed, shape (2g,).
        anchored: buses whose angle is held, one of each island.
        curve: receives the branches' Hessians, shape (m, CURVES).
        entries: receives blocks of the strict upper triangle, shape (blocks, 16).
        diagonal: receives diagonal blocks, shape (n, 16).
    """
    n, g = len(vm), len(source_bus)
    yc, yd = plain
    for i in range(n):
        b = diagonal[i]
        for q in range(16):
            b[q] = 0.0
        b[0] = sigma[i]
        b[5] = sigma[n + i] + 2 * (shunt[i] * yc[i] - shunt[n + i] * yc[n + i])
        b[6] = 2 * vm[i] * shunt[i] * scale[i]
        b[7] = -2 * vm[i] * shunt[n + i] * scale[n + i]
        b[10] = -give_c[i] - DUAL
        b[15] = -give_c[n + i] - DUAL
    for k in range(len(anchored)):
        diagonal[anchored[k], 0] += 1.0
    for k in range(g):
        i = source_bus[k]
        diagonal[i, 10] -= scale[i] * scale[i] / spring[k]
        diagonal[i, 15] -= scale[n + i] * scale[n + i] / spring[g + k]
    for q in range(entries.shape[0]):
        for a in range(16):
            entries[q, a] = 0.0
    for e in range(len(start)):
        f, t, j, h = start[e], end[e], slope[e], curve[e]
        first, second = 0.0, 0.0
        if row[e, 0] >= 0:
            first, second = 2 * room[e, 1] * yd[row[e, 0]], 2 * room[e, 1] * yd[row[e, 1]]
        pull = (yc[f], yc[n + f], yc[t], yc[n + t], first, second)
        htt, htf, htb, hff, hfb, hbb = _curved(ports[e], waves[e], j, (vm[f], vm[t]), pull)
        h[0], h[1], h[2], h[3], h[4], h[5] = htt, htf, htb, hff, hfb, hbb
        if row[e, 0] >= 0:
            one, two = stiff[row[e, 0]], stiff[row[e, 1]]
            htt += one * j[12] * j[12] + two * j[15] * j[15]
            htf += one * j[12] * j[13] + two * j[15] * j[16]
            htb += one * j[12] * j[14] + two * j[15] * j[17]
            hff += one * j[13] * j[13] + two * j[16] * j[16]
            hfb += one * j[13] * j[14] + two * j[16] * j[17]
            hbb += one * j[14] * j[14] + two * j[17] * j[17]
        if row[e, 2] >= 0:
            htt += stiff[row[e, 2]]
        pf, qf, pt, qt = scale[f], scale[n + f], scale[t], scale[n + t]
        b = diagonal[f]
        b[0] += htt
        b[1] += htf
        b[2] += pf * j[0]
        b[3] += qf * j[3]
        b[5] += hff
        b[6] += pf * j[1]
        b[7] += qf * j[4]
        b = diagonal[t]
        b[0] += htt
        b[1] -= htb
        b[2] -= pt * j[6]
        b[3] -= qt * j[9]
        b[5] += hbb
        b[6] += pt * j[8]
        b[7] += qt * j[11]
        if f == t:
            continue
        if entry[e] >= 0:
            b = entries[entry[e]]
            b[0] -= htt
            b[1] += htb
            b[2] += pt * j[6]
            b[3] += qt * j[9]
            b[4] -= htf
            b[5] += hfb
            b[6] += pt * j[7]
            b[7] += qt * j[10]
            b[8] -= pf * j[0]
            b[9] += pf * j[2]
            b[12] -= qf * j[3]
            b[13] += qf * j[5]
        else:
            b = entries[-1 - entry[e]]
            b[0] -= htt
            b[4] += htb
            b[8] += pt * j[6]
            b[12] += qt * j[9]
            b[1] -= htf
            b[5] += hfb
            b[9] += pt * j[7]
            b[13] += qt * j[10]
            b[2] -= pf * j[0]
            b[6] += pf * j[2]
            b[3] -= qf * j[3]
            b[7] += qf * j[5]
    for i in range(n):
        b = diagonal[i]
        b[4], b[8], b[9], b[12], b[13] = b[1], b[2], b[6], b[3], b[7]


@kernel
def residual(
    vm: Floats,
    start: Ints,
    end: Ints,
    source_bus: Ints,
    shunt: Floats,
    slope: Floats,
    curve: Floats,
    row: Ints,
    scale: Floats,
    scale_d: Floats,
    yc: Floats,
    sigma: Floats,
    give_c: Floats,
    give_d: Floats,
    spring: Floats,
    anchored: Ints,
    target: Parts,
    at: Parts,
    rest: Parts,
) -> float:
    """Write target - K (dx, dyc, dyd) for the whole, scaled system; rows of what must not move are 0.

    Gives the size of what is left (see `_size`).
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
    for e in range(len(start)):
        f, t, j, h = start[e], end[e], slope[e], curve[e]
        a, b, c = dx[f] - dx[t], dx[n + f], dx[n + t]
        spf, sqf, spt, sqt = scale[f], scale[n + f], scale[t], scale[n + t]
        pf, qf, pt, qt = spf * dc[f], sqf * dc[n + f], spt * dc[t], sqt * dc[n + t]
        u = h[0] * a + h[1] * b + h[2] * c + j[0] * pf + j[3] * qf + j[6] * pt + j[9] * qt
        v = h[1] * a + h[3] * b + h[4] * c + j[1] * pf + j[4] * qf + j[7] * pt + j[10] * qt
        w = h[2] * a + h[4] * b + h[5] * c + j[2] * pf + j[5] * qf + j[8] * pt + j[11] * qt
        if row[e, 0] >= 0:
            one, two = row[e, 0], row[e, 1]
            first, second = scale_d[one] * dd[one], scale_d[two] * dd[two]
            u += j[12] * first + j[15] * second
            v += j[13] * first + j[16] * second
            w += j[14] * first + j[17] * second
            rd[one], rd[two] = 0.0, 0.0
            if give_d[one] < np.inf:
                rd[one] = td[one] - scale_d[one] * (j[12] * a + j[13] * b + j[14] * c) + give_d[one] * dd[one]
            if give_d[two] < np.inf:
                rd[two] = td[two] - scale_d[two] * (j[15] * a + j[16] * b + j[17] * c) + give_d[two] * dd[two]
        if row[e, 2] >= 0:
            one = row[e, 2]
            u += scale_d[one] * dd[one]
            rd[one] = 0.0
            if give_d[one] < np.inf:
                rd[one] = td[one] - scale_d[one] * a + give_d[one] * dd[one]
        rx[f] -= u
        rx[t] += u
        rx[n + f] -= v
        rx[n + t] -= w
        rc[f] -= spf * (j[0] * a + j[1] * b + j[2] * c)
        rc[n + f] -= sqf * (j[3] * a + j[4] * b + j[5] * c)
        rc[t] -= spt * (j[6] * a + j[7] * b + j[8] * c)
        rc[n + t] -= sqt * (j[9] * a + j[10] * b + j[11] * c)
    return _size(rest)


@kernel
def condensed(
    vm: Floats,
    start: Ints,
    end: Ints,
    source_bus: Ints,
    slope: Floats,
    row: Ints,
    scale: Floats,
    scale_d: Floats,
    stiff: Floats,
    spring: Floats,
    rest: Parts,
    right: Floats,
) -> None:
    """Write the right-hand side of the blocks for a right-hand side of the whole system, shape (n, 4)."""
    n, g = len(vm), len(source_bus)
    rx, rc, rd = rest
    for i in range(n):
        b = right[i]
        b[0], b[1], b[2], b[3] = rx[i], rx[n + i], rc[i], rc[n + i]
    for k in range(g):
        i = source_bus[k]
        right[i, 2] += scale[i] * rx[2 * n + k] / spring[k]
        right[i, 3] += scale[n + i] * rx[2 * n + g + k] / spring[g + k]
    for e in range(len(start)):
        one, two, three = row[e, 0], row[e, 1], row[e, 2]
        if one < 0 and three < 0:
            continue
        j = slope[e]
        u, v, w = 0.0, 0.0, 0.0
        if one >= 0:
            first, second = stiff[one] * rd[one] / scale_d[one], stiff[two] * rd[two] / scale_d[two]
            u = j[12] * first + j[15] * second
            v = j[13] * first + j[16] * second
            w = j[14] * first + j[17] * second
        if three >= 0:
            u += stiff[three] * rd[three] / scale_d[three]
        right[start[e], 0] += u
        right[end[e], 0] -= u
        right[start[e], 1] += v
        right[end[e], 1] += w


@kernel
def expanded(
    vm: Floats,
    start: Ints,
    end: Ints,
    source_bus: Ints,
    slope: Floats,
    row: Ints,
    scale: Floats,
    scale_d: Floats,
    stiff: Floats,
    spring: Floats,
    rest: Parts,
    right: Floats,
    at: Parts,
) -> None:
    """Add the solution of the blocks, and what follows from it for sources and limits, to the whole one."""
    n, g = len(vm), len(source_bus)
    rx, _, rd = rest
    dx, dc, dd = at
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
    for e in range(len(start)):
        one, two, three = row[e, 0], row[e, 1], row[e, 2]
        if one < 0 and three < 0:
            continue
        f, t, j = start[e], end[e], slope[e]
        a, b, c = right[f, 0] - right[t, 0], right[f, 1], right[t, 1]
        if one >= 0:
            dd[one] += (
                stiff[one] * (j[12] * a + j[13] * b + j[14] * c - rd[one] / scale_d[one]) / scale_d[one]
            )
            dd[two] += (
                stiff[two] * (j[15] * a + j[16] * b + j[17] * c - rd[two] / scale_d[two]) / scale_d[two]
            )
        if three >= 0:
            dd[three] += stiff[three] * (a - rd[three] / scale_d[three]) / scale_d[three]


@kernel
def begin(target: Parts, sigma: Floats, at: Parts, rest: Parts) -> float:
    """Start a solve: nothing solved, everything left; give the size of what is left (see `_size`)."""
    for part in range(3):
        at[part][:] = 0.0
        rest[part][:] = target[part]
    for i in range(len(sigma)):
        if not sigma[i] < np.inf:
            rest[0][i] = 0.0
    return _size(rest)


@kernel
def _size(rest: Parts) -> float:
    """Give the largest absolute entry of the first two parts; infinite when any is no number."""
    rx, rc, rd = rest
    largest = 0.0
    for i in range(len(rx)):
        largest = max(largest, abs(rx[i])) if np.isfinite(rx[i]) else np.inf
    for i in range(len(rc)):
        largest = max(largest, abs(rc[i])) if np.isfinite(rc[i]) else np.inf
    for i in range(len(rd)):
        if not np.isfinite(rd[i]):
            return np.inf
    return largest


__all__ = ["CURVES", "DUAL", "SOFT", "assemble", "begin", "condensed", "expanded", "residual", "weigh"]
