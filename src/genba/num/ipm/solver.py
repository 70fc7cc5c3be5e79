"""The interior point itself: advance a state by some iterations."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.num.ipm.barrier import hold_barrier, judge, record, set_barrier
from genba.num.ipm.direction import linearized
from genba.num.ipm.line_search import Accepted, extend_filter, passes_filter, search
from genba.num.ipm.options import Options
from genba.num.ipm.predictor import Step, corrected, stepped, straight
from genba.num.ipm.program import Floats, Program
from genba.num.ipm.restoration import PENALTY, Elastic, elastic_around, elastic_state
from genba.num.ipm.start import estimate_multipliers, start
from genba.num.ipm.state import State
from genba.num.ipm.vectors import log_barrier, move, violation

Ints = NDArray[np.int64]

ENOUGH = 0.9
"""Share of its first violation at which a restoration may end (kappa_resto)."""


@dataclass(slots=True, eq=False)
class Solve:
    """A program, the settings and where the solve stands; `restoration` while only the violation counts."""

    program: Program
    options: Options
    state: State
    restoration: "Restoration | None" = None


@dataclass(slots=True, eq=False)
class Restoration:
    """A restoration under way."""

    solve: Solve
    elastic: Elastic
    theta: float


def begin(program: Program, x: Floats, options: Options | None = None) -> Solve:
    """Give a solve that stands at its first iterate.

    Arguments:
        program: what is to be minimised.
        x: first point, shape (n,).
        options: settings.
    """
    chosen = options or Options()
    return Solve(program, chosen, start(program, x, chosen))


def advance(solve: Solve, iterations: int) -> State:
    """Go on for at most some iterations; the state says whether that was enough.

    Source: Waechter and Biegler (2006), On the implementation of an interior-point filter line-search
    algorithm for large-scale nonlinear programming, algorithm A; the barrier parameter as `barrier` says.
    """
    state = solve.state
    for _ in range(iterations):
        if state.status != "solving":
            break
        if solve.restoration is not None:
            _restore(solve)
        else:
            _iterate(solve)
    if state.kept is not None and state.status not in ("solving", "optimal"):
        state.kept.restore(state)
        state.status = "optimal"
    return state


def _iterate(solve: Solve) -> None:
    program, state, options = solve.program, solve.state, solve.options
    gradient = np.empty(len(state.w))
    program.transposed(state.yc, state.yd, gradient[: state.n])
    if math.isnan(state.theta_start):
        state.theta_start = state.theta
    errors = judge(state, gradient, options)
    if state.status == "solving":
        set_barrier(state, errors, options)
    record(state, errors)
    if state.status != "solving":
        return
    linear = linearized(program, state, gradient)
    if linear.delta is None:
        hold_barrier(state, options)
        _begin_restoration(solve)
        return
    step = corrected(program, state, linear) if state.predicting else straight(program, state, linear)
    state.trace.barrier[-1] = state.mu
    found = search(program, state, step, options)
    state.used = linear.delta
    if found is None:
        if not hold_barrier(state, options):
            _begin_restoration(solve)
        return
    if found.along is not step.along:  # by second order: the multipliers of the bounds follow that step
        step = stepped(state, found.along, step.linear, step.bend)
    if not found.descent:
        extend_filter(state, state.theta, state.phi)
    _take(solve, found, step)


def _take(solve: Solve, found: Accepted, step: Step) -> None:
    """Move to an accepted point."""
    state, trial = solve.state, found.trial
    state.w, state.gl, state.gu = trial.w, trial.gl, trial.gu
    state.f, state.c, state.d = trial.f, trial.c, trial.d
    state.theta, state.largest, state.logarithms = trial.theta, trial.largest, trial.logarithms
    rows, steps = (state.yc, state.yd), (found.along.dyc, found.along.dyd)
    bounds = state.gl, state.gu, state.zl, state.zu
    move(*bounds, step.dzl, step.dzu, step.dual, state.mu, rows, steps, found.step)
    solve.program.linearize(state.gradient)
    state.step = found.step
    state.iterations += 1
    state.short = state.short + 1 if found.step < solve.options.hopeless else 0


def _begin_restoration(solve: Solve) -> None:
    """Turn to the violation alone, unless there is none or this is a restoration already."""
    state, options = solve.state, solve.options
    if state.kept is not None:  # a smaller gap is not to be had
        state.status = "acceptable"
        return
    if state.restoring or state.largest <= options.tolerance:
        state.status = "acceptable" if state.error <= options.acceptable else "failed"
        return
    extend_filter(state, state.theta, state.phi)
    elastic = elastic_around(solve.program, state, near=np.sqrt(state.mu), penalty=PENALTY)
    inner = elastic_state(elastic, state, max(state.mu, state.largest))
    inner_options = replace(options, hopeless=0.0)
    nested = Solve(elastic, inner_options, inner)
    inner.trace = state.trace
    inner.iterations = state.iterations
    estimate_multipliers(elastic, inner, inner_options)
    solve.restoration = Restoration(nested, elastic, state.theta)


def _restore(solve: Solve) -> None:
    """Make one iteration of the restoration; end it when the violation has fallen and the filter allows."""
    restoration = solve.restoration
    assert restoration is not None
    state, inner = solve.state, advance(restoration.solve, 1)
    state.iterations = inner.iterations
    theta, largest, phi = _seen_from_outside(solve, inner)
    if theta <= ENOUGH * restoration.theta and passes_filter(state, theta, phi):
        _adopt(solve, inner)
        _leave(solve)
    elif inner.status != "solving":
        state.status = "limit" if inner.status == "limit" else "failed"
        if inner.status in ("optimal", "acceptable") and largest > solve.options.tolerance:
            state.status = "infeasible"
        _adopt(solve, inner)


def _seen_from_outside(solve: Solve, inner: State) -> tuple[float, float, float]:
    """Give sum and largest of the violation, and the barrier function, of a restoration's iterate."""
    state = solve.state
    c, d = np.empty_like(state.c), np.empty_like(state.d)
    f = solve.program.values(inner.x[: state.n], c, d)
    kept = _kept(state, inner)
    theta, largest = violation(c, d, inner.s)
    return theta, largest, f - state.mu * log_barrier(inner.gl[kept], inner.gu[kept])


def _kept(state: State, inner: State) -> Ints:
    """Give the places of the variables and slacks in an elastic point."""
    return np.concatenate([np.arange(state.n), np.arange(inner.n, len(inner.w))])


def _adopt(solve: Solve, inner: State) -> None:
    """Move to a point of the restoration."""
    state, kept = solve.state, _kept(solve.state, inner)
    state.w, state.gl, state.gu = inner.w[kept], inner.gl[kept], inner.gu[kept]
    state.zl, state.zu = inner.zl[kept], inner.zu[kept]
    state.f = solve.program.values(state.x, state.c, state.d)
    state.theta, state.largest = violation(state.c, state.d, state.s)
    state.logarithms = log_barrier(state.gl, state.gu)
    solve.program.linearize(state.gradient)


def _leave(solve: Solve) -> None:
    """Go back to the program itself."""
    state = solve.state
    if max(state.zl.max(initial=0.0), state.zu.max(initial=0.0)) > solve.options.largest_multiplier:
        free = state.lo < state.hi
        state.zl = np.where(free & np.isfinite(state.lo), 1.0, 0.0)
        state.zu = np.where(free & np.isfinite(state.hi), 1.0, 0.0)
    estimate_multipliers(solve.program, state, solve.options)
    state.acceptable, state.short, state.predicting = 0, 0, False
    solve.restoration = None
