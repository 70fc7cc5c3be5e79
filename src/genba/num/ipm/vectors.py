"""What the interior point does with its vectors: errors, barrier terms and steps to the bounds, in one pass each.

Points are w = (x, s) of n variables and the m_d slacks of the inequalities, with bounds `lo` and `hi` that may be
infinite and their multipliers `zl` and `zu`.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import kernel

Floats = NDArray[np.float64]

LIMIT = 1e10
"""Kappa_Sigma of Waechter and Biegler: how far z (w - bound) may be from mu, as a factor."""


@kernel
def push_inside(w: Floats, lo: Floats, hi: Floats, push: float) -> None:
    """Move a point inside its bounds, by `push` of their size but at most by `push` of their distance."""
    for i in range(len(w)):
        l, u = lo[i], hi[i]  # noqa: E741
        if l == u:
            w[i] = l
            continue
        below = push * max(1.0, abs(l))
        above = push * max(1.0, abs(u))
        if l > -np.inf and u < np.inf:
            below = min(below, push * (u - l))
            above = min(above, push * (u - l))
        if l > -np.inf:
            w[i] = max(w[i], l + below)
        if u < np.inf:
            w[i] = min(w[i], u - above)


@kernel
def errors(
    gradient: Floats, w: Floats, lo: Floats, hi: Floats, zl: Floats, zu: Floats, mu: float
) -> tuple[float, float, float, int]:
    """Give dual infeasibility, largest complementarity error, sum of multipliers and number of bounds.

    Arguments:
        gradient: gradient of the Lagrangian without bounds, shape (n,); variables with equal bounds are left out.
        w, lo, hi, zl, zu: as the module says.
        mu: barrier parameter that the products are compared with.
    """
    dual, product, total, count = 0.0, 0.0, 0.0, 0
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        dual = max(dual, abs(gradient[i] - zl[i] + zu[i]))
        if not np.isfinite(gradient[i]):
            dual = np.inf
        if lo[i] > -np.inf:
            product = max(product, abs((w[i] - lo[i]) * zl[i] - mu))
            total += zl[i]
            count += 1
        if hi[i] < np.inf:
            product = max(product, abs((hi[i] - w[i]) * zu[i] - mu))
            total += zu[i]
            count += 1
    return dual, product, total, count


@kernel
def complementarity(w: Floats, lo: Floats, hi: Floats, zl: Floats, zu: Floats, mu: float) -> float:
    """Give the largest difference of a product of multiplier and distance from `mu`."""
    product = 0.0
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf:
            product = max(product, abs((w[i] - lo[i]) * zl[i] - mu))
        if hi[i] < np.inf:
            product = max(product, abs((hi[i] - w[i]) * zu[i] - mu))
    return product


@kernel
def barrier_system(
    w: Floats,
    lo: Floats,
    hi: Floats,
    zl: Floats,
    zu: Floats,
    mu: float,
    gradient: Floats,
    sigma: Floats,
    r: Floats,
) -> None:
    """Write the diagonal that the bounds add to the Hessian, and the gradient of the barrier's Lagrangian.

    A variable with equal bounds gets an infinite diagonal and no gradient.
    """
    for i in range(len(w)):
        if lo[i] == hi[i]:
            sigma[i], r[i] = np.inf, 0.0
            continue
        s, g = 0.0, gradient[i]
        if lo[i] > -np.inf:
            inverse = 1.0 / (w[i] - lo[i])
            s += zl[i] * inverse
            g -= mu * inverse
        if hi[i] < np.inf:
            inverse = 1.0 / (hi[i] - w[i])
            s += zu[i] * inverse
            g += mu * inverse
        sigma[i], r[i] = s, g


@kernel
def bound_steps(
    w: Floats,
    lo: Floats,
    hi: Floats,
    zl: Floats,
    zu: Floats,
    dw: Floats,
    mu: float,
    tau: float,
    dzl: Floats,
    dzu: Floats,
) -> tuple[float, float]:
    """Write the steps of the bounds' multipliers; give the longest primal and dual steps inside the bounds."""
    primal, dual = 1.0, 1.0
    for i in range(len(w)):
        dzl[i], dzu[i] = 0.0, 0.0
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf:
            gap = w[i] - lo[i]
            d = (mu - zl[i] * dw[i]) / gap - zl[i]
            dzl[i] = d
            if dw[i] < 0:
                primal = min(primal, -tau * gap / dw[i])
            if d < 0:
                dual = min(dual, -tau * zl[i] / d)
        if hi[i] < np.inf:
            gap = hi[i] - w[i]
            d = (mu + zu[i] * dw[i]) / gap - zu[i]
            dzu[i] = d
            if dw[i] > 0:
                primal = min(primal, tau * gap / dw[i])
            if d < 0:
                dual = min(dual, -tau * zu[i] / d)
    return primal, dual


@kernel
def longest(w: Floats, lo: Floats, hi: Floats, dw: Floats, tau: float) -> float:
    """Give the longest primal step inside the bounds, at most 1."""
    primal = 1.0
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if dw[i] < 0 and lo[i] > -np.inf:
            primal = min(primal, -tau * (w[i] - lo[i]) / dw[i])
        if dw[i] > 0 and hi[i] < np.inf:
            primal = min(primal, tau * (hi[i] - w[i]) / dw[i])
    return primal


@kernel
def log_barrier(w: Floats, lo: Floats, hi: Floats) -> float:
    """Give the sum of the logarithms of all distances to bounds; minus infinity outside."""
    total, factor = 0.0, 1.0
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf:
            gap = w[i] - lo[i]
            if not gap > 0:
                return -np.inf
            factor *= gap
        if hi[i] < np.inf:
            gap = hi[i] - w[i]
            if not gap > 0:
                return -np.inf
            factor *= gap
        if factor < 1e-100 or factor > 1e100:  # one logarithm for many distances
            total += np.log(factor)
            factor = 1.0
    return total + np.log(factor)


@kernel
def barrier_slope(w: Floats, lo: Floats, hi: Floats, dw: Floats) -> float:
    """Give the derivative of `log_barrier` along dw."""
    slope = 0.0
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf:
            slope += dw[i] / (w[i] - lo[i])
        if hi[i] < np.inf:
            slope -= dw[i] / (hi[i] - w[i])
    return slope


@kernel
def move(
    w: Floats,
    lo: Floats,
    hi: Floats,
    zl: Floats,
    zu: Floats,
    dzl: Floats,
    dzu: Floats,
    step: float,
    mu: float,
) -> None:
    """Move the bounds' multipliers, and keep each within a factor `LIMIT` of mu over its distance."""
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf:
            centre = mu / (w[i] - lo[i])
            zl[i] = min(max(zl[i] + step * dzl[i], centre / LIMIT), centre * LIMIT)
        if hi[i] < np.inf:
            centre = mu / (hi[i] - w[i])
            zu[i] = min(max(zu[i] + step * dzu[i], centre / LIMIT), centre * LIMIT)


@kernel
def widen(w: Floats, lo: Floats, hi: Floats, mu: float) -> None:
    """Move bounds that a point has all but reached away from it, by rounding only.

    Source: Waechter and Biegler (2006), section 3.5.
    """
    least = 2.220446049250313e-16 * mu
    for i in range(len(w)):
        if lo[i] == hi[i]:
            continue
        if lo[i] > -np.inf and w[i] - lo[i] < least:
            lo[i] -= 1.8e-12 * max(1.0, abs(lo[i]))
        if hi[i] < np.inf and hi[i] - w[i] < least:
            hi[i] += 1.8e-12 * max(1.0, abs(hi[i]))


@kernel
def violation(c: Floats, d: Floats, s: Floats) -> tuple[float, float]:
    """Give the sum and the largest of |c| and |d - s|; infinite when something is no number."""
    total, largest = 0.0, 0.0
    for i in range(len(c)):
        size = abs(c[i])
        total += size
        largest = max(largest, size)
    for i in range(len(d)):
        size = abs(d[i] - s[i])
        total += size
        largest = max(largest, size)
    if not np.isfinite(total):
        return np.inf, np.inf
    return total, largest


@kernel
def slack_terms(sigma: Floats, r: Floats, rd: Floats, shift: float, give: Floats, right: Floats) -> None:
    """Eliminate the slacks: write 1 / (sigma + shift) and the right-hand side of the inequalities.

    Arguments:
        sigma, r: of the slacks, from `barrier_system`.
        rd: d - s.
        shift: regularisation of the slacks.
        give: receives 1 / (sigma + shift); infinite where a slack is free, shape (m_d,).
        right: receives the target of `Jd dx - give dyd`.
    """
    for i in range(len(sigma)):
        stiff = sigma[i] + shift
        if stiff > 0:
            inverse = 1.0 / stiff
            give[i] = inverse
            right[i] = -rd[i] - r[i] * inverse
        else:
            give[i] = np.inf
            right[i] = 0.0


__all__ = [
    "barrier_slope",
    "barrier_system",
    "bound_steps",
    "complementarity",
    "errors",
    "log_barrier",
    "longest",
]
__all__ += ["move", "push_inside", "slack_terms", "violation", "widen"]
