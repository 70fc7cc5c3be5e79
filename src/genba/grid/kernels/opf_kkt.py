"""The KKT matrix of an AC optimal power flow in blocks by bus (angle, magnitude, two balances); compiled.

Sources and limits are eliminated: a source from its bus's balances, a limit into the Hessian of its branch.
`opf_whole` puts them back.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DUAL = 1e-10
"""What is taken off the diagonal of the balances, so that a bus that nothing holds keeps its pivots."""
SOFT = 1e-9
"""What a limit gives way in the factors; refinement undoes it. Limits of 1e14 would drown the Hessian."""
CURVES = 6
"""Entries of a branch's Hessian by (theta, V_f, V_t): tt, tf, tb, ff, fb, bb."""


@kernel
def _weigh(
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
        spring: receives the Hessian's diagonal of every output, barrier included, infinite when fixed, shape
            (2g,).
        stiff: receives 1 / what each scaled limit gives way, 0 without a limit.
        plain: receive the multipliers of the unscaled rows.
    """
    g = len(curvature)
    first = len(sigma) - 2 * g
    positive = True
    for k in range(2 * g):
        spring[k] = sigma[first + k] + (scale[0] * curvature[k] if k < g else 0.0)
        positive = positive and spring[k] > 0
    for i in range(len(give_d)):
        stiff[i] = 1.0 / (give_d[i] + SOFT)
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


@inlined
def _put(b: Floats, block: tuple[float, ...], more: bool) -> None:
    """Write a block, or add it to what parallel branches have written."""
    if more:
        for a in range(16):
            b[a] += block[a]
    else:
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = block[:8]
        b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15] = block[8:]


@kernel
def assemble(
    vm: Floats,
    lines: Ints,
    source_bus: Ints,
    shunt: Floats,
    ports: Floats,
    waves: Floats,
    slope: Floats,
    scales: tuple[float, Floats, Floats],
    curvature: Floats,
    yc_scaled: Floats,
    yd_scaled: Floats,
    sigma: Floats,
    give_c: Floats,
    give_d: Floats,
    anchored: Ints,
    plain: tuple[Floats, Floats],
    stiff: Floats,
    spring: Floats,
    curve: Floats,
    entries: Floats,
    diagonal: Floats,
) -> bool:
    """Write the blocks of the KKT matrix; none, and False, where an output's diagonal is not positive.

    Arguments:
        vm: magnitudes, shape (n,).
        lines: see `opf_flows.constraints`; the third number is the block of each branch. Branches of one
            block are neighbours; the from bus is its earlier one where the number is >= 0, its later one
            where it is -1 - block.
        source_bus: bus of each source, shape (g,).
        shunt: conductance, then susceptance, shape (2n,).
        ports, waves, slope: of the branches.
        scales: factors of the cost (times its weight), of the balances and of the limits.
        curvature: second derivatives of the costs, shape (g,).
        yc_scaled, yd_scaled: multipliers of the scaled rows.
        sigma: what is added to the Hessian's diagonal, infinite for what must not move, shape (2n + 2g,).
        give_c: what the scaled balances give way, shape (2n,).
        give_d: what the scaled limits give way.
        anchored: buses whose angle is held, one of each island.
        plain, stiff, spring: receive what `_weigh` writes.
        curve: receives the branches' Hessians, shape (m, CURVES).
        entries: receives blocks of the strict upper triangle, shape (blocks, 16).
        diagonal: receives diagonal blocks, shape (n, 16).
    """
    n, g = len(vm), len(source_bus)
    if not _weigh(sigma, give_d, yc_scaled, yd_scaled, scales, curvature, spring, stiff, plain):
        return False
    yc, yd = plain
    scale, limit = scales[1], scales[2]
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
    m, last = np.uint64(n), -1
    for e in range(len(lines)):
        f, t, place = (
            np.uint64(lines[e, 0]),
            np.uint64(lines[e, 1]),
            lines[e, 2],
        )  # unsigned: never from the end
        rated, angled = lines[e, 3], lines[e, 5]
        y, j, h = ports[e], slope[e], curve[e]
        first, second, one, two = 0.0, 0.0, 0.0, 0.0
        if rated >= 0:
            first, second = 2 * y[9] * yd[rated], 2 * y[9] * yd[lines[e, 4]]
            near, far = limit[rated], limit[lines[e, 4]]
            one, two = near * near * stiff[rated], far * far * stiff[lines[e, 4]]
        pull = (yc[f], yc[m + f], yc[t], yc[m + t], first, second)
        htt, htf, htb, hff, hfb, hbb = _curved(y, waves[e], j, (vm[f], vm[t]), pull)
        h[0], h[1], h[2], h[3], h[4], h[5] = htt, htf, htb, hff, hfb, hbb
        if rated >= 0:
            htt += one * j[12] * j[12] + two * j[15] * j[15]
            htf += one * j[12] * j[13] + two * j[15] * j[16]
            htb += one * j[12] * j[14] + two * j[15] * j[17]
            hff += one * j[13] * j[13] + two * j[16] * j[16]
            hfb += one * j[13] * j[14] + two * j[16] * j[17]
            hbb += one * j[14] * j[14] + two * j[17] * j[17]
        if angled >= 0:
            htt += limit[angled] * limit[angled] * stiff[angled]
        pf, qf, pt, qt = scale[f], scale[m + f], scale[t], scale[m + t]
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
        tp, tq, fp, fq = pt * j[6], qt * j[9], -pf * j[0], -qf * j[3]
        bp, bq, ap, aq = pt * j[7], qt * j[10], pf * j[2], qf * j[5]
        if place >= 0:
            block = (-htt, htb, tp, tq, -htf, hfb, bp, bq, fp, ap, 0.0, 0.0, fq, aq, 0.0, 0.0)
        else:
            place = -1 - place
            block = (-htt, -htf, fp, fq, htb, hfb, ap, aq, tp, bp, 0.0, 0.0, tq, bq, 0.0, 0.0)
        _put(entries[place], block, place == last)
        last = place
    for i in range(n):
        b = diagonal[i]
        b[4], b[8], b[9], b[12], b[13] = b[1], b[2], b[6], b[3], b[7]
    return True


__all__ = ["CURVES", "DUAL", "SOFT", "assemble"]
