"""The primal-dual step: the KKT system without slacks and bounds' multipliers, with its inertia corrected."""

from dataclasses import dataclass

import numpy as np

from genba.num.ipm.program import Floats, Program, Weights
from genba.num.ipm.state import State
from genba.num.ipm.vectors import barrier_system, slack_steps, targets

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


def linearized(program: Program, state: State, gradient: Floats) -> Linear:
    """Factorise the KKT matrix at an iterate, with as little regularisation as gives it the right inertia."""
    n = state.n
    linear = Linear(np.empty_like(state.w), np.empty_like(state.w), np.empty_like(state.s), None)
    distances = (state.gl, state.gu, state.zl, state.zu)
    barrier_system(*distances, state.mu, gradient, linear.sigma, linear.r, linear.give)
    give_c = np.zeros(program.equalities)
    delta = 0.0
    while True:
        sigma = linear.sigma[:n] + delta if delta else linear.sigma[:n]
        right = program.factorize(Weights(1.0, state.yc, state.yd, sigma, give_c, linear.give))
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


def direction(program: Program, linear: Linear, c: Floats, rd: Floats, *, rough: bool = False) -> Direction:
    """Solve for the step that cancels the violations c and rd = d - s and the gradient of the Lagrangian.

    A rough one is not refined.
    """
    n, r, give = program.n, linear.r, linear.give
    right = np.empty(n), np.empty_like(c), np.empty_like(rd)
    targets(r, c, rd, give, *right)
    dx, dyc, dyd = program.solve(*right, rough=rough)
    dw = np.empty_like(r)
    dw[:n] = dx
    if slack_steps(r[n:], give, dyd, dw[n:]):
        change = np.empty_like(rd)
        program.changes(dx, np.empty_like(c), change)
        dw[n:] = np.where(np.isfinite(give), dw[n:], change + rd)
    return Direction(dw, dyc, dyd)
