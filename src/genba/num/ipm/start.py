"""From a first point to a first iterate: inside the bounds, scaled, with first multipliers."""

import numpy as np

from genba.num.ipm.options import Options
from genba.num.ipm.program import Floats, Program, Weights
from genba.num.ipm.state import State
from genba.num.ipm.vectors import distances, log_barrier, push_inside, violation

LEAST_SCALE = 1e-8
LARGEST_SIZE = 50.0
"""Bounds are relaxed by no more than this times the share, so that large ones are met to 1e-6 as well."""


def start(program: Program, x: Floats, options: Options) -> State:
    """Give the first iterate.

    Arguments:
        program: the nonlinear program; its scaling is set here.
        x: first point, shape (n,); it need not satisfy anything.
        options: settings.

    Source: Waechter and Biegler (2006), On the implementation of an interior-point filter line-search
    algorithm, sections 3.5 to 3.8.
    """
    lo, hi = relaxed(program.lower, program.upper, options.relax)
    x = np.array(x, dtype=np.float64)
    push_inside(x, lo, hi, options.push)
    c, d = np.empty(program.equalities), np.empty(program.inequalities)
    gradient = np.empty(program.n)
    scale = _scaled(program, x, options)
    f = program.values(x, c, d)
    program.linearize(gradient)
    slack_lo, slack_hi = relaxed(program.low, program.high, options.relax * scale[2])
    s = d.copy()
    push_inside(s, slack_lo, slack_hi, options.push)
    lo, hi = np.concatenate([lo, slack_lo]), np.concatenate([hi, slack_hi])
    w = np.concatenate([x, s])
    gl, gu = np.empty_like(w), np.empty_like(w)
    distances(w, lo, hi, gl, gu)
    free = lo < hi
    theta, largest = violation(c, d, s)
    state = State(
        w=w,
        lo=lo,
        hi=hi,
        gl=gl,
        gu=gu,
        yc=np.zeros(program.equalities),
        yd=np.zeros(program.inequalities),
        zl=np.where(free & np.isfinite(lo), 1.0, 0.0),
        zu=np.where(free & np.isfinite(hi), 1.0, 0.0),
        mu=options.mu_start,
        f=f,
        c=c,
        d=d,
        gradient=gradient,
        theta=theta,
        largest=largest,
        logarithms=log_barrier(gl, gu),
        scale=scale,
        predicting=options.predict,
    )
    if options.estimate:
        estimate_multipliers(program, state, options)
    return state


def relaxed(low: Floats, high: Floats, share: float | Floats) -> tuple[Floats, Floats]:
    """Give bounds moved outwards by a share of their size; equal ones stay."""
    by = np.where(low < high, share, 0.0)
    below, above = (np.minimum(np.maximum(np.abs(bound), 1.0), LARGEST_SIZE) for bound in (low, high))
    return low - by * below, high + by * above


def _scaled(program: Program, x: Floats, options: Options) -> tuple[float, Floats, Floats]:
    """Scale objective and rows so that no derivative at x is larger than wanted; give the factors."""
    c, d = np.empty(program.equalities), np.empty(program.inequalities)
    gradient = np.empty(program.n)
    program.values(x, c, d)
    program.linearize(gradient)
    free = program.lower < program.upper
    steepest = float(np.abs(gradient[free]).max(initial=0.0))
    objective = max(min(1.0, options.objective_gradient / max(steepest, 1e-300)), LEAST_SCALE)
    rows = [
        np.minimum(np.maximum(options.largest_gradient / np.maximum(size, 1e-300), LEAST_SCALE), 1.0)
        for size in program.row_sizes()
    ]
    program.scale(objective, rows[0], rows[1])
    return objective, rows[0], rows[1]


def estimate_multipliers(program: Program, state: State, options: Options) -> None:
    """Set yc and yd by least squares on the dual residual; to zero when they would be too large.

    Source: Waechter and Biegler (2006), section 3.6.
    """
    n, free = program.n, state.lo < state.hi
    pull = state.zu - state.zl
    right = np.where(free[:n], -(state.gradient + pull[:n]), 0.0)
    weights = Weights(
        objective=0.0,
        yc=np.zeros(program.equalities),
        yd=np.zeros(program.inequalities),
        sigma=np.where(free[:n], 1.0, np.inf),
        give_c=np.zeros(program.equalities),
        give_d=np.where(np.isfinite(state.lo[n:]) | np.isfinite(state.hi[n:]), 1.0, np.inf),
    )
    state.yc[:], state.yd[:] = 0.0, 0.0
    if program.factorize(weights) is None:
        return
    _, yc, yd = program.solve(right, np.zeros(program.equalities), -pull[n:])
    largest = max(np.abs(yc).max(initial=0.0), np.abs(yd).max(initial=0.0))
    if largest <= options.largest_multiplier:
        state.yc[:], state.yd[:] = yc, yd
