"""What the interior point does with its vectors, in one pass each: errors, barrier terms, steps to bounds.

A point w = (x, s) holds the n variables and the slacks of the inequalities. Its distances `gl` and `gu` to
the lower and upper bounds are vectors of their own, moved by the same steps: the difference of a variable of
size 1 and its bound has an error of 1e-16, which near a bound of multiplier z is one of z^2 1e-16 / mu in the
dual residual. A distance is infinite where there is no bound; both are 0 where a variable cannot move.

Lower and upper bounds have sums of their own, because the additions of one have to wait for each other, and
the larger of two is written as a choice, which `max` is not: that looks for what is no number.
"""

import numpy as np
from numpy.typing import NDArray

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


@inlined
def sizes(a: Floats, b: Floats, share: float) -> tuple[float, float]:
    """Give the sum and the largest of |a - share b|, four at a time."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    m0, m1, m2, m3 = 0.0, 0.0, 0.0, 0.0
    for q in range(len(a) // 4):
        i = 4 * q
        d0, d1 = abs(a[i] - share * b[i]), abs(a[i + 1] - share * b[i + 1])
        d2, d3 = abs(a[i + 2] - share * b[i + 2]), abs(a[i + 3] - share * b[i + 3])
        s0, s1, s2, s3 = s0 + d0, s1 + d1, s2 + d2, s3 + d3
        m0, m1 = (d0 if d0 > m0 else m0), (d1 if d1 > m1 else m1)
        m2, m3 = (d2 if d2 > m2 else m2), (d3 if d3 > m3 else m3)
    for i in range(len(a) // 4 * 4, len(a)):
        d0 = abs(a[i] - share * b[i])
        s0 += d0
        m0 = d0 if d0 > m0 else m0
    return (s0 + s1) + (s2 + s3), max(max(m0, m1), max(m2, m3))


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
    dual, count = 0.0, 0
    most, least, gap, total = 0.0, np.inf, 0.0, 0.0
    most_above, least_above, gap_above, total_above = 0.0, np.inf, 0.0, 0.0
    n, size = len(slope), 0.0
    for i in range(n):
        gradient[i] += slope[i]
        size = abs(w[i]) if abs(w[i]) > size else size
    for i in range(len(yd)):
        gradient[n + i] = -yd[i]
    for i in range(len(gl)):
        if gl[i] == 0 and gu[i] == 0:
            continue
        error = abs(gradient[i] - zl[i] + zu[i])
        if not error <= dual:
            dual = error if error < np.inf else np.inf
        if gl[i] < np.inf:
            product = gl[i] * zl[i]
            most = product if product > most else most
            least = product if product < least else least
            gap += product
            total += zl[i]
            count += 1
        if gu[i] < np.inf:
            product = gu[i] * zu[i]
            most_above = product if product > most_above else most_above
            least_above = product if product < least_above else least_above
            gap_above += product
            total_above += zu[i]
            count += 1
    most, least = max(most, most_above), min(least, least_above)
    gap += gap_above
    total += total_above
    others = sizes(yc, yc, 0.0)[0] + sizes(yd, yd, 0.0)[0]
    return dual, most, least, gap, total, others, count, size


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


@kernel
def bound_steps(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    dw: Floats,
    mu: float,
    tau: float,
    slope: Floats,
    dzl: Floats,
    dzu: Floats,
) -> tuple[float, float, float]:
    """Write the steps of the bounds' multipliers; give the longest primal and dual steps inside them.

    The third number is the derivative of `f - mu log_barrier` along dw; `slope` is that of f, shape (n,).
    """
    toward, down = tau, tau  # the largest share of a distance, or of a multiplier, that a full step takes
    toward_above, down_above = tau, tau
    along, along_above = 0.0, 0.0
    for i in range(len(slope)):
        along += slope[i] * dw[i]
    for i in range(len(gl)):
        dzl[i], dzu[i] = 0.0, 0.0
        if gl[i] == 0 and gu[i] == 0:
            continue
        if gl[i] < np.inf:
            inverse = 1.0 / gl[i]
            share = dw[i] * inverse
            along -= mu * share
            d = mu * inverse - zl[i] * share - zl[i]
            dzl[i] = d
            toward = -share if -share > toward else toward
            if -d > down * zl[i]:  # a product, as a quotient takes longer
                down = -d / zl[i]
        if gu[i] < np.inf:
            inverse = 1.0 / gu[i]
            share = dw[i] * inverse
            along_above += mu * share
            d = mu * inverse + zu[i] * share - zu[i]
            dzu[i] = d
            toward_above = share if share > toward_above else toward_above
            if -d > down_above * zu[i]:
                down_above = -d / zu[i]
    return tau / max(toward, toward_above), tau / max(down, down_above), along + along_above


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
    total, below, above = 0.0, 1.0, 1.0
    for i in range(len(w)):
        if gl[i] == 0 and gu[i] == 0:
            out[0][i], out[1][i], out[2][i] = w[i], 0.0, 0.0
            continue
        move = step * dw[i]
        low, high = gl[i] + move, gu[i] - move
        out[0][i], out[1][i], out[2][i] = w[i] + move, low, high
        if not (low > 0 and high > 0):
            total = -np.inf
        if low < np.inf:
            below *= low
        if high < np.inf:
            above *= high
        if below < 1e-100 or below > 1e100 or above < 1e-100 or above > 1e100:  # one logarithm for many
            total += np.log(below) + np.log(above)
            below, above = 1.0, 1.0
    return float(total + np.log(below) + np.log(above))


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
