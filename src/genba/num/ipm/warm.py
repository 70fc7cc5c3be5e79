"""Warm starts: where a solve ended, in the program's own units, begins another of the same shape."""

from dataclasses import dataclass, replace

import numpy as np

from genba.num.ipm.options import Options
from genba.num.ipm.program import Floats, Program
from genba.num.ipm.solver import Solve, begin
from genba.num.ipm.state import State

NEAR = 1e-6
"""First barrier parameter, and how far the point is pushed off its bounds."""


@dataclass(frozen=True, slots=True, eq=False)
class Warm:
    """A point and its multipliers, unscaled.

    Arguments:
        x: variables, shape (n,).
        yc, yd: multipliers of c and d, shapes (equalities,) and (inequalities,).
        zl, zu: multipliers of the bounds of x and then of d, shape (n + inequalities,).
    """

    x: Floats
    yc: Floats
    yd: Floats
    zl: Floats
    zu: Floats


def warm_of(state: State) -> Warm:
    """Give the point at which a solve stands."""
    objective, _, _ = state.scale
    c, d, bound = _units(state)
    return Warm(
        x=state.x.copy(),
        yc=state.yc * c / objective,
        yd=state.yd * d / objective,
        zl=state.zl * bound / objective,
        zu=state.zu * bound / objective,
    )


def begin_warm(program: Program, warm: Warm, options: Options | None = None) -> Solve:
    """Give a solve that stands close to where another ended.

    Arguments:
        program: what is to be minimised; its data may differ from the other's, its shape may not.
        warm: where the other ended.
        options: settings; barrier and push are small when None is given.
    """
    solve = begin(program, warm.x, options or replace(Options(), mu_start=NEAR, push=NEAR))
    state = solve.state
    objective, _, _ = state.scale
    c, d, bound = _units(state)
    state.yc[:], state.yd[:] = warm.yc * objective / c, warm.yd * objective / d
    # No product may begin below the barrier, or its bound would be reached at once.
    for z, given, distance in ((state.zl, warm.zl, state.gl), (state.zu, warm.zu, state.gu)):
        bounded = np.isfinite(distance) & (distance > 0)
        z[bounded] = np.maximum(given[bounded] * objective / bound[bounded], state.mu / distance[bounded])
    return solve


def _units(state: State) -> tuple[Floats, Floats, Floats]:
    """Give the scales of c, of d, and of x with the slacks."""
    _, c, d = state.scale
    return c, d, np.concatenate([np.ones(state.n), d])
