"""The elastic program: the least violation of constraints, near a point; restoration and diagnosis alike."""

import numpy as np

from genba.num.ipm.program import Floats, Program, Weights
from genba.num.ipm.state import State
from genba.num.ipm.vectors import log_barrier, violation

PENALTY = 1e3
"""Weight of the violation against the distance from where the restoration began (rho)."""


class Elastic:
    """Minimise penalty (p + n) + 1/2 (x - centre)' diag(near) (x - centre) with c(x) - p + n = 0, d likewise.

    It is a `Program` of the variables (x, pc, nc, pd, nd); its KKT systems are those of the program inside
    with constraints that give way to their multipliers.

    Arguments:
        program: the program inside.
        bounds: relaxed bounds of x and d, `(lower, upper, low, high)`.
        centre: where x is drawn to, shape (n,).
        near: strength of that, shape (n,).
        penalty_c, penalty_d: weight of each row's violation.

    Source: Waechter and Biegler (2006), section 3.3.
    """

    def __init__(
        self,
        program: Program,
        bounds: tuple[Floats, Floats, Floats, Floats],
        *,
        centre: Floats,
        near: Floats,
        penalty_c: Floats,
        penalty_d: Floats,
    ) -> None:
        self.inner = program
        mc, md = program.equalities, program.inequalities
        self.n = program.n + 2 * (mc + md)
        self.equalities, self.inequalities = mc, md
        self.lower = np.concatenate([bounds[0], np.zeros(2 * (mc + md))])
        self.upper = np.concatenate([bounds[1], np.full(2 * (mc + md), np.inf)])
        self.low, self.high = bounds[2], bounds[3]
        self.centre, self.near = centre, near
        self.penalty = np.concatenate([penalty_c, penalty_c, penalty_d, penalty_d])
        self._x = centre
        self._diagonal = np.zeros(self.n)
        ends = np.cumsum([program.n, mc, mc, md, md])
        self._parts = [slice(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]

    def parts(self, vector: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Give the views x, pc, nc, pd and nd of a vector (n,)."""
        pc, nc, pd, nd = (vector[part] for part in self._parts)
        return vector[: self.inner.n], pc, nc, pd, nd

    def scale(self, objective: float, c: Floats, d: Floats) -> None:
        """Take no scaling of its own: that of the program inside stays."""

    def values(self, x: Floats, c: Floats, d: Floats) -> float:
        """Give the weighted violation and distance, and write c and d less what gives way."""
        inside, pc, nc, pd, nd = self.parts(x)
        self.inner.values(inside, c, d)
        c += nc - pc
        d += nd - pd
        self._x = inside.copy()
        away = inside - self.centre
        return float(self.penalty @ x[self.inner.n :] + 0.5 * (self.near * away) @ away)

    def linearize(self, gradient: Floats) -> None:
        """Write the gradient."""
        self.inner.linearize(gradient[: self.inner.n])
        gradient[: self.inner.n] = self.near * (self._x - self.centre)
        gradient[self.inner.n :] = self.penalty

    def row_sizes(self) -> tuple[Floats, Floats]:
        """Give the sizes of the rows inside; those that give way count 1."""
        c, d = self.inner.row_sizes()
        return np.maximum(c, 1.0), np.maximum(d, 1.0)

    def transposed(self, yc: Floats, yd: Floats, out: Floats) -> None:
        """Write the product with the transposed Jacobian."""
        inside, pc, nc, pd, nd = self.parts(out)
        self.inner.transposed(yc, yd, inside)
        pc[:], nc[:], pd[:], nd[:] = -yc, yc, -yd, yd

    def changes(self, dx: Floats, dc: Floats, dd: Floats) -> None:
        """Write the product with the Jacobian."""
        inside, pc, nc, pd, nd = self.parts(dx)
        self.inner.changes(inside, dc, dd)
        dc += nc - pc
        dd += nd - pd

    def factorize(self, weights: Weights) -> bool | None:
        """Factorise the system inside, with elastics eliminated."""
        self._diagonal = weights.sigma
        _, pc, nc, pd, nd = self.parts(weights.sigma)
        near = self.near * weights.objective
        return self.inner.factorize(
            Weights(
                objective=0.0,
                yc=weights.yc,
                yd=weights.yd,
                sigma=weights.sigma[: self.inner.n] + near,
                give_c=weights.give_c + 1.0 / pc + 1.0 / nc,
                give_d=weights.give_d + 1.0 / pd + 1.0 / nd,
            )
        )

    def solve(
        self, rx: Floats, rc: Floats, rd: Floats, *, rough: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """Solve the system inside, then for the elastics."""
        _, spc, snc, spd, snd = self.parts(self._diagonal)
        inside, rpc, rnc, rpd, rnd = self.parts(rx)
        yielding = rc + rpc / spc - rnc / snc, rd + rpd / spd - rnd / snd
        dx, dyc, dyd = self.inner.solve(inside, *yielding, rough=rough)
        out = np.concatenate([dx, (rpc + dyc) / spc, (rnc - dyc) / snc, (rpd + dyd) / spd, (rnd - dyd) / snd])
        return out, dyc, dyd


def elastic_around(program: Program, state: State, near: float, penalty: float) -> Elastic:
    """Give the elastic program that stays near an iterate.

    Arguments:
        program: the program inside.
        state: the iterate; its relaxed bounds are kept.
        near: strength of staying (zeta), per square of the variable's size or 1.
        penalty: weight of the violation (rho), the same for all scaled rows.
    """
    n = state.n
    size = np.minimum(1.0, 1.0 / np.maximum(np.abs(state.x), 1e-300))
    return Elastic(
        program,
        (state.lo[:n], state.hi[:n], state.lo[n:], state.hi[n:]),
        centre=state.x.copy(),
        near=near * size**2,
        penalty_c=np.full(program.equalities, penalty),
        penalty_d=np.full(program.inequalities, penalty),
    )


def elastic_state(elastic: Elastic, state: State, mu: float) -> State:
    """Give a first iterate of an elastic program: elastics that minimise its barrier function there."""
    n = state.n
    c, d = np.empty_like(state.c), np.empty_like(state.d)
    elastic.inner.values(state.x, c, d)
    rows = len(c)
    pc, nc = _split(c, mu, elastic.penalty[:rows])
    pd, nd = _split(d - state.s, mu, elastic.penalty[2 * rows : 2 * rows + len(d)])
    elastics = np.concatenate([pc, nc, pd, nd])
    x = np.concatenate([state.x, elastics])
    f = elastic.values(x, c, d)
    gradient = np.empty(elastic.n)
    elastic.linearize(gradient)
    lo = np.concatenate([elastic.lower, state.lo[n:]])
    hi = np.concatenate([elastic.upper, state.hi[n:]])
    largest = float(elastic.penalty.max(initial=1.0))
    free = np.full(len(elastics), np.inf)
    gl = np.concatenate([state.gl[:n], elastics, state.gl[n:]])
    gu = np.concatenate([state.gu[:n], free, state.gu[n:]])
    theta, most = violation(c, d, state.s)
    return State(
        w=np.concatenate([x, state.s]),
        lo=lo,
        hi=hi,
        gl=gl,
        gu=gu,
        yc=np.zeros_like(c),
        yd=np.zeros_like(d),
        zl=np.concatenate(
            [np.minimum(state.zl[:n], largest), mu / elastics, np.minimum(state.zl[n:], largest)]
        ),
        zu=np.concatenate(
            [np.minimum(state.zu[:n], largest), np.zeros(len(elastics)), np.minimum(state.zu[n:], largest)]
        ),
        mu=mu,
        f=f,
        c=c,
        d=d,
        gradient=gradient,
        theta=theta,
        largest=most,
        logarithms=log_barrier(gl, gu),
        scale=(1.0, np.ones_like(c), np.ones_like(d)),
        restoring=True,
    )


def _split(value: Floats, mu: float, penalty: Floats) -> tuple[Floats, Floats]:
    """Give p and n with p - n = value that minimise penalty (p + n) - mu (log p + log n)."""
    half = (mu - penalty * value) / (2.0 * penalty)
    # The root is taken in the form that does not cancel, and p follows from n or n from p.
    root = np.sqrt(half**2 + mu * value / (2.0 * penalty))
    n = np.where(
        half >= 0, half + root, -(mu * value / (2.0 * penalty)) / np.where(half < 0, half - root, 1.0)
    )
    least = 1e-20
    return np.maximum(value + n, least), np.maximum(n, least)
