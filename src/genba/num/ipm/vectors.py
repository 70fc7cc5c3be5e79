"""What the interior point does with its vectors, in one pass each: errors, barrier terms, steps to bounds.

A point w = (x, s) holds the n variables and the slacks of the inequalities. Its distances `gl` and `gu` to
the lower and upper bounds are vectors of their own, moved by the same steps: the difference of a variable of
size 1 and its bound has an error of 1e-16, which near a bound of multiplier z is one of z^2 1e-16 / mu in the
dual residual. A distance is infinite where there is no bound; both are 0 where a variable cannot move.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.ipm.reductions import BLOCK, largest, sizes, total
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]

LIMIT = 1e10
"""How far z times its distance may be from mu, as a factor (kappa_Sigma)."""


@kernel
def push_inside(w: Floats, lo: Floats, hi: Floats, push: float) -> None:
    """Move a point inside its bounds, by `push` of their size but at most by `push` of their distance."""
    for i in range(len(w)):
        low, high = lo[i], hi[i]
        if low == high:
            w[i] = low
            continue
        below = push * max(1.0, abs(low))
        above = push * max(1.0, abs(high))
        if low > -np.inf and high < np.inf:
            below = min(below, push * (high - low))
            above = min(above, push * (high - low))
        if low > -np.inf:
            w[i] = max(w[i], low + below)
        if high < np.inf:
            w[i] = min(w[i], high - above)


@kernel
def distances(w: Floats, lo: Floats, hi: Floats, gl: Floats, gu: Floats) -> None:
    """Write the distances to the bounds."""
    for i in range(len(w)):
        gl[i], gu[i] = w[i] - lo[i], hi[i] - w[i]
        if lo[i] == hi[i]:
            gl[i], gu[i] = 0.0, 0.0


@kernel
def judged(
    slope: Floats,
    w: Floats,
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    yc: Floats,
    yd: Floats,
    gradient: Floats,
) -> tuple[float, float, float, float, float, float, int, float]:
    """Complete the gradient of the Lagrangian without bounds, and give how far a point is from optimal.

    Arguments:
        slope: gradient of f, shape (n,).
        w: the point, of which the first n are variables.
        gl, gu: distances.
        zl, zu: multipliers of the bounds.
        yc, yd: multipliers of the constraints.
        gradient: `Jc' yc + Jd' yd` in the first n places, becomes the gradient of the Lagrangian; variables
            that cannot move are left out of what is given.

    Returns:
        Dual infeasibility; largest, smallest and sum of the products of multipliers and distances; sums of
        the bounds' and of the constraints' multipliers; number of bounds; size of the variables.
    """
    n = len(slope)
    for i in range(n):
        gradient[i] += slope[i]
    for i in range(len(yd)):
        gradient[n + i] = -yd[i]
    dual, most, least, gap, multipliers, count = 0.0, 0.0, np.inf, 0.0, 0.0, 0.0
    block = np.empty((6, BLOCK))
    for b in range((len(gl) + BLOCK - 1) // BLOCK):
        at, to = b * BLOCK, min(b * BLOCK + BLOCK, len(gl))
        part = block[:, : to - at]
        _errors(gl[at:to], gu[at:to], zl[at:to], zu[at:to], gradient[at:to], part)
        dual, most = largest(part[0], dual), largest(part[1], most)
        least = min(least, -largest(part[2], -np.inf))
        gap, multipliers, count = gap + total(part[3]), multipliers + total(part[4]), count + total(part[5])
    others = sizes(yc, yc, 0.0)[0] + sizes(yd, yd, 0.0)[0]
    size = sizes(w[:n], w[:n], 0.0)[1]
    return dual, most, least, gap, multipliers, others, int(count), size


@inlined
def _errors(gl: Floats, gu: Floats, zl: Floats, zu: Floats, gradient: Floats, out: Floats) -> None:
    """Write what is reduced to how far a point is from optimal.

    The dual error, infinite when it is no number; the larger product; minus the smaller one; sums of both
    products and of both multipliers; number of bounds.
    """
    for k in range(len(gl)):
        low, high, lower, upper = gl[k], gu[k], zl[k], zu[k]
        error = abs(gradient[k] - lower + upper)
        error = error if error < np.inf else np.inf
        below, above = (low > 0) & (low < np.inf), (high > 0) & (high < np.inf)
        p, q = (low * lower if below else 0.0), (high * upper if above else 0.0)
        s, t = (p if below else np.inf), (q if above else np.inf)
        out[0, k] = error if (low > 0) | (high > 0) else 0.0
        out[1, k] = p if p > q else q
        out[2, k] = -s if s < t else -t
        out[3, k], out[4, k] = p + q, lower + upper
        out[5, k] = (1.0 if below else 0.0) + (1.0 if above else 0.0)


@kernel
def barrier_system(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    mu: float,
    gradient: Floats,
    sigma: Floats,
    r: Floats,
    give: Floats,
) -> None:
    """Write the diagonal that the bounds add to the Hessian, and the gradient of the barrier's Lagrangian.

    A variable that cannot move gets an infinite diagonal and no gradient. `give` receives 1 / sigma of the
    slacks, which are the last variables.
    """
    for i in range(len(gl)):
        if gl[i] == 0 and gu[i] == 0:
            sigma[i], r[i] = np.inf, 0.0
            continue
        low, high = 1.0 / gl[i], 1.0 / gu[i]
        sigma[i] = zl[i] * low + zu[i] * high
        r[i] = gradient[i] - mu * low + mu * high
    first = len(gl) - len(give)
    for i in range(len(give)):
        give[i] = 1.0 / sigma[first + i]


@inlined
def near(distance: float) -> float:
    """Give 1 over the distance to a bound: 0 without a bound or without room."""
    return 1.0 / distance if distance > 0 else 0.0


@inlined
def missed(nearness: float, z: float, dw: float, mu: float, most: float) -> float:
    """Give the product of a step toward mu of a distance and of its multiplier, clipped to +-most.

    By that much the linear step misses mu. `dw` is the step of the distance, from which the other follows.
    """
    product = dw * (mu * nearness - z * (dw * nearness) - z)
    product = most if product > most else product
    return -most if product < -most else product


@kernel
def bound_steps(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    dw: Floats,
    bend: tuple[Floats, float, float, float],
    mu: float,
    tau: float,
    slope: Floats,
    dzl: Floats,
    dzu: Floats,
) -> tuple[float, float, float]:
    """Write the steps of the bounds' multipliers; give the longest primal and dual steps inside them.

    Multipliers are 0 where there is no bound. The third number is the derivative of `f - mu log_barrier`
    along dw; `slope` is that of f, shape (n,). `bend` says by what products are to stay below mu, as
    `predictor.Bend` does.
    """
    toward, down, along, shares = tau, tau, 0.0, 0.0  # the largest part of a distance that a full step takes
    for i in range(len(slope)):
        along += slope[i] * dw[i]
    block = np.empty((3, BLOCK))
    for b in range((len(gl) + BLOCK - 1) // BLOCK):
        at, to = b * BLOCK, min(b * BLOCK + BLOCK, len(gl))
        z, first, part = (zl[at:to], zu[at:to]), bend[0][at:to], block[:, : to - at]
        _steps(gl[at:to], gu[at:to], z, dw[at:to], first, (mu, *bend[1:]), dzl[at:to], dzu[at:to], part)
        toward, down = largest(part[0], toward), largest(part[1], down)
        shares += total(part[2])
    return tau / toward, tau / down, along - mu * shares


@inlined
def _steps(
    gl: Floats,
    gu: Floats,
    z: tuple[Floats, Floats],
    dw: Floats,
    first: Floats,
    aims: tuple[float, float, float, float],
    dzl: Floats,
    dzu: Floats,
    out: Floats,
) -> None:
    """Write the steps of multipliers, and the largest parts of distances and multipliers that they take.

    Beside them stands the sum of what the distances grow by.
    """
    mu, before, most, share = aims
    for k in range(len(gl)):
        below, above, lower, upper = near(gl[k]), near(gu[k]), z[0][k], z[1][k]
        x, y = dw[k] * below, -dw[k] * above
        d = (mu - share * missed(below, lower, first[k], before, most)) * below - lower * x - lower
        e = (mu - share * missed(above, upper, -first[k], before, most)) * above - upper * y - upper
        dzl[k], dzu[k] = d, e
        p, q = (-d / lower if lower > 0 else 0.0), (-e / upper if upper > 0 else 0.0)
        out[0, k] = -x if x < y else -y
        out[1, k] = p if p > q else q
        out[2, k] = x + y


@kernel
def longest(gl: Floats, gu: Floats, dw: Floats, tau: float) -> float:
    """Give the longest primal step inside the bounds, at most 1."""
    primal = 1.0
    for i in range(len(gl)):
        if gl[i] == 0 and gu[i] == 0:
            continue
        if dw[i] < 0:
            primal = min(primal, -tau * gl[i] / dw[i])
        if dw[i] > 0:
            primal = min(primal, tau * gu[i] / dw[i])
    return primal


@kernel
def step_to(
    w: Floats, gl: Floats, gu: Floats, dw: Floats, step: float, out: tuple[Floats, Floats, Floats]
) -> float:
    """Write a point along a step and its distances; give the sum of their logarithms, -infinity outside."""
    logarithms, below, above = 0.0, 1.0, 1.0
    block = np.empty((2, BLOCK))
    for b in range((len(w) + BLOCK - 1) // BLOCK):
        at, to = b * BLOCK, min(b * BLOCK + BLOCK, len(w))
        part, moved = block[:, : to - at], (out[0][at:to], out[1][at:to], out[2][at:to])
        _moved(w[at:to], gl[at:to], gu[at:to], dw[at:to], step, moved, part)
        count = (to - at) // 4 * 4
        for i in range(0, count, 4):
            below *= (part[0, i] * part[0, i + 1]) * (part[0, i + 2] * part[0, i + 3])
            above *= (part[1, i] * part[1, i + 1]) * (part[1, i + 2] * part[1, i + 3])
            if below < 1e-100 or below > 1e100 or above < 1e-100 or above > 1e100:  # one logarithm for many
                logarithms += np.log(below) + np.log(above)
                below, above = 1.0, 1.0
        for i in range(count, to - at):
            logarithms += np.log(part[0, i] * part[1, i])
    return float(logarithms + np.log(below) + np.log(above))


@inlined
def _moved(
    w: Floats,
    gl: Floats,
    gu: Floats,
    dw: Floats,
    step: float,
    moved: tuple[Floats, Floats, Floats],
    out: Floats,
) -> None:
    """Write a point along a step and its distances, and what they contribute as factors: 0 outside."""
    for k in range(len(w)):
        move = step * dw[k]
        low, high = gl[k] + move, gu[k] - move
        free = (gl[k] > 0) | (gu[k] > 0)
        moved[0][k] = w[k] + move if free else w[k]
        moved[1][k], moved[2][k] = (low if free else 0.0), (high if free else 0.0)
        one, two = (low if low > 0 else 0.0), (high if high > 0 else 0.0)
        out[0, k] = one if free & (low < np.inf) else 1.0
        out[1, k] = two if free & (high < np.inf) else 1.0


@kernel
def log_barrier(gl: Floats, gu: Floats) -> float:
    """Give the sum of the logarithms of all distances to bounds."""
    total, factor = 0.0, 1.0
    for i in range(len(gl)):
        if gl[i] == 0 and gu[i] == 0:
            continue
        if gl[i] < np.inf:
            factor *= gl[i]
        if gu[i] < np.inf:
            factor *= gu[i]
        if factor < 1e-100 or factor > 1e100:
            total += np.log(factor)
            factor = 1.0
    return float(total + np.log(factor))


@kernel
def move(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    dzl: Floats,
    dzu: Floats,
    step: float,
    mu: float,
    rows: tuple[Floats, Floats],
    steps: tuple[Floats, Floats],
    share: float,
) -> None:
    """Move the bounds' multipliers, and keep each within a factor `LIMIT` of mu over its distance.

    The constraints' multipliers `rows` move by their own share of their steps.
    """
    for part in range(2):
        for i in range(len(rows[part])):
            rows[part][i] += share * steps[part][i]
    for i in range(len(gl)):
        if gl[i] == 0 and gu[i] == 0:
            continue
        if gl[i] < np.inf:
            centre = mu / gl[i]
            zl[i] = min(max(zl[i] + step * dzl[i], centre / LIMIT), centre * LIMIT)
        if gu[i] < np.inf:
            centre = mu / gu[i]
            zu[i] = min(max(zu[i] + step * dzu[i], centre / LIMIT), centre * LIMIT)


@kernel
def violation(c: Floats, d: Floats, s: Floats) -> tuple[float, float]:
    """Give the sum and the largest of |c| and |d - s|; infinite when something is no number."""
    total, largest = sizes(c, c, 0.0)
    more, other = sizes(d, s, 1.0)
    total += more
    largest = max(largest, other)
    if not np.isfinite(total):
        return np.inf, np.inf
    return total, largest


@kernel
def targets(r: Floats, c: Floats, rd: Floats, give: Floats, rx: Floats, rc: Floats, right: Floats) -> None:
    """Write the right-hand side of the KKT system in which the slacks are eliminated.

    Arguments:
        r: gradient of the barrier's Lagrangian by variables and slacks.
        c: equalities.
        rd: d - s.
        give: 1 / sigma of the slacks, infinite where a slack is free.
        rx, rc, right: receive the targets of the three rows; 0 for a free slack's.
    """
    n = len(rx)
    for i in range(n):
        rx[i] = -r[i]
    for i in range(len(rc)):
        rc[i] = -c[i]
    for i in range(len(rd)):
        right[i] = -rd[i] - r[n + i] * give[i] if give[i] < np.inf else 0.0


@kernel
def slack_steps(r: Floats, give: Floats, dyd: Floats, ds: Floats) -> int:
    """Write the steps of the slacks that have bounds; give how many others there are.

    A slack follows from its multiplier: where it is stiff, a rounding error of d would be many times its
    distance. The multiplier of a free slack does not move.
    """
    free = 0
    for i in range(len(r)):
        if give[i] < np.inf:
            ds[i] = (dyd[i] - r[i]) * give[i]
        else:
            dyd[i] = 0.0
            free += 1
    return free
