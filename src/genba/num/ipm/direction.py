"""The primal-dual step: the KKT system without slacks and bounds' multipliers, with its inertia corrected."""

from dataclasses import dataclass

import numpy as np

from genba.num.ipm.program import Floats, Program, Weights
from genba.num.ipm.state import State
from genba.num.ipm.vectors import barrier_system, slack_steps, slack_targets

DELTA_FIRST, DELTA_LEAST, DELTA_MOST = 1e-4, 1e-20, 1e20
GROWTH_FIRST, GROWTH, DECAY = 100.0, 8.0, 1.0 / 3.0
"""Waechter and Biegler (2006), algorithm IC: first, least and largest correction, and how it changes."""


@dataclass(slots=True, eq=False)
class Linear:
    """The barrier problem linearised at an iterate.

    Arguments:
        r: gradient of the barrier's Lagrangian, shape (n + inequalities,).
        sigma: diagonal that the bounds add, same shape.
        give: 1 / sigma of the slacks, infinite where a slack is free.
        delta: regularisation in the factors; None when there are none.
    """

    r: Floats
    sigma: Floats
    give: Floats
    delta: float | None


@dataclass(slots=True, eq=False)
class Direction:
    """A step of variables and slacks, and of the multipliers of the constraints."""

    dw: Floats
    dyc: Floats
    dyd: Floats


def lagrangian(program: Program, state: State) -> Floats:
    """Give the gradient of the Lagrangian without bounds, shape (n + inequalities,)."""
    gradient = np.empty(len(state.w))
    program.transposed(state.yc, state.yd, gradient[: state.n])
    gradient[: state.n] += state.gradient
    gradient[state.n :] = -state.yd
    return gradient


def linearized(program: Program, state: State, gradient: Floats) -> Linear:
    """Factorise the KKT matrix at an iterate, with as little regularisation as gives it the right inertia."""
    n = state.n
    r, sigma = np.empty_like(state.w), np.empty_like(state.w)
    barrier_system(state.gl, state.gu, state.zl, state.zu, state.mu, gradient, sigma, r)
    with np.errstate(divide="ignore"):
        linear = Linear(r, sigma, 1.0 / sigma[n:], None)
    give_c = np.zeros(program.equalities)
    delta = 0.0
    while True:
        right = program.factorize(Weights(1.0, state.yc, state.yd, sigma[:n] + delta, give_c, linear.give))
        if right:
            break
        if right is None and not give_c.any():
            give_c[:] = 1e-8 * state.mu**0.25
        delta = _larger(delta, state.delta)
        if delta > DELTA_MOST:
            return linear
    if delta > 0:
        state.delta = delta
    linear.delta = delta
    return linear


def _larger(delta: float, last: float) -> float:
    """Give the next regularisation to try, after `delta` was not enough."""
    if delta == 0:
        return DELTA_FIRST if last == 0 else max(DELTA_LEAST, last * DECAY)
    return delta * (GROWTH_FIRST if last == 0 else GROWTH)


def direction(program: Program, linear: Linear, c: Floats, rd: Floats) -> Direction:
    """Solve for the step that cancels the violations c and rd = d - s and the gradient of the Lagrangian."""
    n, r = program.n, linear.r
    right, change = np.empty_like(linear.give), np.empty_like(linear.give)
    slack_targets(r[n:], rd, linear.give, right)
    dx, dyc, dyd = program.solve(-r[:n], -c, right)
    dw = np.empty_like(r)
    dw[:n] = dx
    program.changes(dx, np.empty(program.equalities), change)
    slack_steps(r[n:], rd, linear.give, change, dyd, dw[n:])
    return Direction(dw, dyc, dyd)
