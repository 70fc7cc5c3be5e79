"""Balances, flow limits and their first derivatives at a point of an AC optimal power flow; compiled.

With theta = va[f] - va[t] and w = V_f V_t, the power into a branch at its from end is
P_f = g_ff V_f^2 + w A_Pf, Q_f = -b_ff V_f^2 + w A_Qf, and at its to end P_t = g_tt V_t^2 + w A_Pt,
Q_t = -b_tt V_t^2 + w A_Qt, where A_Pf = g_ft cos + b_ft sin, A_Qf = g_ft sin - b_ft cos,
A_Pt = g_tf cos - b_tf sin and A_Qt = -g_tf sin - b_tf cos of theta. The derivatives by theta are
dA_Pf = -A_Qf, dA_Qf = A_Pf, dA_Pt = A_Qt and dA_Qt = -A_Pt, so four numbers per branch carry everything.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.copies import copy_to
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WAVES = 8
"""Numbers kept of a branch: A_Pf, A_Qf, A_Pt, A_Qt, P_f, Q_f, P_t, Q_t."""
SLOPES = 18
"""Derivatives by (theta, V_f, V_t) of P_f, Q_f, P_t, Q_t, the from and the to limit."""
SMALL = 0.7853981633974483
"""Angle up to which the polynomials of cosine and sine hold, pi / 4."""
LINES, PORTS = 6, 10
"""Numbers given of a branch (see `flows`, `constraints` and `opf_kkt.assemble`)."""


@inlined
def _cosine_and_sine(x: float) -> tuple[float, float]:
    """Give both at once, as accurate as the library's but in line where the angle is small, as most are.

    Source: Sun Microsystems (1993), Freely distributable math library, k_cos.c and k_sin.c.
    """
    z = x * x
    low = 2.48015872894767294178e-05 + z * (-2.75573143513906633035e-07 + z * (
        2.08757232129817482790e-09 - z * 1.13596475577881948265e-11))  # fmt: skip
    low = 4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * low)
    odd = -1.98412698298579493134e-04 + z * (2.75573137070700676789e-06 + z * (
        -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))  # fmt: skip
    odd = -1.66666666666666324348e-01 + z * (8.33333333332248946124e-03 + z * odd)
    half = 0.5 * z
    near = 1.0 - half
    if abs(x) < SMALL:
        return near + ((1.0 - near) - half + z * z * low), x + x * z * odd
    return np.cos(x), np.sin(x)


@kernel
def flows(va: Floats, vm: Floats, lines: Ints, ports: Floats, waves: Floats) -> None:
    """Write A and the powers of every branch.

    Arguments:
        va, vm: angles and magnitudes, shape (n,).
        lines: first two numbers: buses at the from and at the to end of each branch, shape (m, LINES).
        ports: first eight numbers: g_ff, b_ff, g_ft, b_ft, g_tf, b_tf, g_tt, b_tt, shape (m, PORTS).
        waves: receives A and the powers, shape (m, WAVES).
    """
    for e in range(len(lines)):
        f, t = np.uint64(lines[e, 0]), np.uint64(lines[e, 1])  # unsigned: none counts from the end
        theta = va[f] - va[t]
        u, v = _cosine_and_sine(theta)
        y = ports[e]
        gff, bff, gft, bft, gtf, btf, gtt, btt = y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]
        vf, vt = vm[f], vm[t]
        w = vf * vt
        apf, aqf = gft * u + bft * v, gft * v - bft * u
        apt, aqt = gtf * u - btf * v, -gtf * v - btf * u
        o = waves[e]
        o[0], o[1], o[2], o[3] = apf, aqf, apt, aqt
        o[4], o[5] = gff * vf * vf + w * apf, -bff * vf * vf + w * aqf
        o[6], o[7] = gtt * vt * vt + w * apt, -btt * vt * vt + w * aqt


@kernel
def constraints(
    x: Floats,
    lines: Ints,
    ports: Floats,
    source_bus: Ints,
    demand: Floats,
    shunt: Floats,
    waves: Floats,
    scale_c: Floats,
    scale_d: Floats,
    c: Floats,
    d: Floats,
) -> None:
    """Write scaled balances (power taken less power given) and scaled limits.

    Arguments:
        x: va, vm, p and q in one, shape (2n + 2g,).
        lines: as in `flows`; from the fourth number on the place in d of each branch's from, to and angle
            limit, -1 without.
        ports: as in `flows`; in the last two numbers the square of the rating and one over what it is
            measured in.
        source_bus: bus of each source, shape (g,).
        demand: active, then reactive, shape (2n,).
        shunt: conductance, then susceptance, shape (2n,).
        waves: from `flows`.
        scale_c, scale_d: factors of the rows.
        c: receives active, then reactive balances, shape (2n,).
        d: receives (P^2 + Q^2 - rating^2) / measure, and angle differences.
    """
    n, g = len(demand) // 2, len(source_bus)
    for i in range(n):
        square = x[n + i] * x[n + i]
        c[i] = demand[i] + shunt[i] * square
        c[n + i] = demand[n + i] - shunt[n + i] * square
    for k in range(g):
        c[source_bus[k]] -= x[2 * n + k]
        c[n + source_bus[k]] -= x[2 * n + g + k]
    m = np.uint64(n)
    for e in range(len(lines)):
        f, t, o = np.uint64(lines[e, 0]), np.uint64(lines[e, 1]), waves[e]
        one, two, three = lines[e, 3], lines[e, 4], lines[e, 5]
        c[f] += o[4]
        c[m + f] += o[5]
        c[t] += o[6]
        c[m + t] += o[7]
        if one >= 0:
            d[one] = scale_d[one] * (o[4] * o[4] + o[5] * o[5] - ports[e, 8]) * ports[e, 9]
            d[two] = scale_d[two] * (o[6] * o[6] + o[7] * o[7] - ports[e, 8]) * ports[e, 9]
        if three >= 0:
            d[three] = scale_d[three] * (x[f] - x[t])
    for i in range(2 * n):
        c[i] *= scale_c[i]


@kernel
def evaluate(
    x: Floats,
    lines: Ints,
    ports: Floats,
    source_bus: Ints,
    demand: Floats,
    shunt: Floats,
    cost: Floats,
    scale: tuple[float, Floats, Floats],
    waves: Floats,
    kept: Floats,
    c: Floats,
    d: Floats,
) -> float:
    """Write everything that `flows` and `constraints` do; give the scaled cost. `kept` receives x."""
    n, g = len(demand) // 2, len(source_bus)
    copy_to(kept, x)
    flows(x[:n], x[n : 2 * n], lines, ports, waves)
    constraints(x, lines, ports, source_bus, demand, shunt, waves, scale[1], scale[2], c, d)
    total = 0.0
    for k in range(g):
        value = 0.0
        for degree in range(cost.shape[1] - 1, -1, -1):
            value = value * x[2 * n + k] + cost[k, degree]
        total += value
    return scale[0] * total


@kernel
def slopes(
    x: Floats,
    lines: Ints,
    ports: Floats,
    waves: Floats,
    cost: Floats,
    scale: float,
    out: Floats,
    curvature: Floats,
    gradient: Floats,
) -> None:
    """Write the first derivatives at x.

    Arguments:
        x, lines, ports, waves: as in `flows` and `constraints`.
        cost: polynomials of the costs, lowest order first, shape (g, k).
        scale: factor of the cost.
        out: receives the derivatives of every branch's powers and flow limits, unscaled, shape (m, SLOPES).
        curvature: receives the second derivatives of the costs, unscaled, shape (g,).
        gradient: receives the gradient of the scaled cost, shape (2n + 2g,).
    """
    g = len(curvature)
    n = len(x) // 2 - g
    vm = x[n : 2 * n]
    gradient[:] = 0.0
    for k in range(g):
        value, first, second = 0.0, 0.0, 0.0
        for degree in range(cost.shape[1] - 1, -1, -1):
            second = second * x[2 * n + k] + 2 * first
            first = first * x[2 * n + k] + value
            value = value * x[2 * n + k] + cost[k, degree]
        gradient[2 * n + k], curvature[k] = scale * first, second
    for e in range(len(lines)):
        vf, vt = vm[np.uint64(lines[e, 0])], vm[np.uint64(lines[e, 1])]
        w = vf * vt
        y, o, j = ports[e], waves[e], out[e]
        apf, aqf, apt, aqt = o[0], o[1], o[2], o[3]
        j[0], j[1], j[2] = -w * aqf, 2 * y[0] * vf + vt * apf, vf * apf
        j[3], j[4], j[5] = w * apf, -2 * y[1] * vf + vt * aqf, vf * aqf
        j[6], j[7], j[8] = w * aqt, vt * apt, 2 * y[6] * vt + vf * apt
        j[9], j[10], j[11] = -w * apt, vt * aqt, -2 * y[7] * vt + vf * aqt
        if lines[e, 3] >= 0:
            pf, qf, pt, qt = (
                2 * ports[e, 9] * o[4],
                2 * ports[e, 9] * o[5],
                2 * ports[e, 9] * o[6],
                2 * ports[e, 9] * o[7],
            )
            for a in range(3):
                j[12 + a] = pf * j[a] + qf * j[3 + a]
                j[15 + a] = pt * j[6 + a] + qt * j[9 + a]
        else:
            for a in range(12, 18):
                j[a] = 0.0


@kernel
def row_sizes(
    vm: Floats,
    lines: Ints,
    shunt: Floats,
    source_bus: Ints,
    slope: Floats,
    c: Floats,
    d: Floats,
) -> None:
    """Write the largest absolute derivative of each row, unscaled; of a bus, that of a branch alone."""
    n = len(vm)
    for i in range(n):
        c[i], c[n + i] = abs(2 * shunt[i] * vm[i]), abs(2 * shunt[n + i] * vm[i])
    for k in range(len(source_bus)):
        c[source_bus[k]] = max(c[source_bus[k]], 1.0)
        c[n + source_bus[k]] = max(c[n + source_bus[k]], 1.0)
    for e in range(len(lines)):
        f, t, j = lines[e, 0], lines[e, 1], slope[e]
        for a in range(3):
            c[f] = max(c[f], abs(j[a]))
            c[n + f] = max(c[n + f], abs(j[3 + a]))
            c[t] = max(c[t], abs(j[6 + a]))
            c[n + t] = max(c[n + t], abs(j[9 + a]))
        if lines[e, 3] >= 0:
            d[lines[e, 3]] = max(abs(j[12]), abs(j[13]), abs(j[14]))
            d[lines[e, 4]] = max(abs(j[15]), abs(j[16]), abs(j[17]))
        if lines[e, 5] >= 0:
            d[lines[e, 5]] = 1.0


@kernel
def transposed(
    vm: Floats,
    lines: Ints,
    source_bus: Ints,
    shunt: Floats,
    slope: Floats,
    scale_c: Floats,
    scale_d: Floats,
    yc: Floats,
    yd: Floats,
    out: Floats,
) -> None:
    """Write Jc' yc + Jd' yd for multipliers of scaled rows, shape (2n + 2g,)."""
    n, g = len(vm), len(source_bus)
    yc, yd = yc * scale_c, yd * scale_d
    for i in range(n):
        out[i] = 0.0
        out[n + i] = 2 * vm[i] * (shunt[i] * yc[i] - shunt[n + i] * yc[n + i])
    for k in range(g):
        out[2 * n + k] = -yc[source_bus[k]]
        out[2 * n + g + k] = -yc[n + source_bus[k]]
    m = np.uint64(n)
    for e in range(len(lines)):
        f, t, j = np.uint64(lines[e, 0]), np.uint64(lines[e, 1]), slope[e]
        one, two, three = lines[e, 3], lines[e, 4], lines[e, 5]
        pf, qf, pt, qt = yc[f], yc[m + f], yc[t], yc[m + t]
        first, second, angle = 0.0, 0.0, 0.0
        if one >= 0:
            first, second = yd[one], yd[two]
        if three >= 0:
            angle = yd[three]
        u = j[0] * pf + j[3] * qf + j[6] * pt + j[9] * qt + j[12] * first + j[15] * second + angle
        out[f] += u
        out[t] -= u
        out[m + f] += j[1] * pf + j[4] * qf + j[7] * pt + j[10] * qt + j[13] * first + j[16] * second
        out[m + t] += j[2] * pf + j[5] * qf + j[8] * pt + j[11] * qt + j[14] * first + j[17] * second


@kernel
def changes(
    vm: Floats,
    lines: Ints,
    source_bus: Ints,
    shunt: Floats,
    slope: Floats,
    dx: Floats,
    dc: Floats,
    dd: Floats,
) -> None:
    """Write Jc dx and Jd dx, unscaled."""
    n, g = len(vm), len(source_bus)
    for i in range(n):
        dc[i] = 2 * vm[i] * shunt[i] * dx[n + i]
        dc[n + i] = -2 * vm[i] * shunt[n + i] * dx[n + i]
    for k in range(g):
        dc[source_bus[k]] -= dx[2 * n + k]
        dc[n + source_bus[k]] -= dx[2 * n + g + k]
    for e in range(len(lines)):
        f, t, j = lines[e, 0], lines[e, 1], slope[e]
        a, b, c = dx[f] - dx[t], dx[n + f], dx[n + t]
        dc[f] += j[0] * a + j[1] * b + j[2] * c
        dc[n + f] += j[3] * a + j[4] * b + j[5] * c
        dc[t] += j[6] * a + j[7] * b + j[8] * c
        dc[n + t] += j[9] * a + j[10] * b + j[11] * c
        if lines[e, 3] >= 0:
            dd[lines[e, 3]] = j[12] * a + j[13] * b + j[14] * c
            dd[lines[e, 4]] = j[15] * a + j[16] * b + j[17] * c
        if lines[e, 5] >= 0:
            dd[lines[e, 5]] = a
