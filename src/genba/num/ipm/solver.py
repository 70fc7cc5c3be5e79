"""The interior point itself: advance a state by some iterations."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.num.ipm.direction import direction, lagrangian, linearized
from genba.num.ipm.line_search import (
    Accepted,
    extend_filter,
    passes_filter,
    search,
)
from genba.num.ipm.options import Options
from genba.num.ipm.program import Floats, Program
from genba.num.ipm.restoration import PENALTY, Elastic, elastic_around, elastic_state
from genba.num.ipm.start import estimate_multipliers, start
from genba.num.ipm.state import Kept, State, Status
from genba.num.ipm.vectors import bound_steps, judged, log_barrier, move, violation

Ints = NDArray[np.int64]

PATIENCE = 10
"""Iterations within the tolerance after which the gap is left as it is."""
ENOUGH = 0.9
"""Share of its first violation at which a restoration may end (kappa_resto)."""
ENDLESS = 1e20
"""Size of a variable that shows that the objective has no least value."""


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
    algorithm for large-scale nonlinear programming, algorithm A, with monotone barrier updates.
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
    gradient = lagrangian(program, state)
    if np.isnan(state.theta_start):
        state.theta_start = state.theta
    _lower_barrier(state, gradient, options)
    if state.status != "solving":
        return
    linear = linearized(program, state, gradient)
    if linear.delta is None:
        _begin_restoration(solve)
        return
    along = direction(program, linear, state.c, state.d - state.s)
    dzl, dzu = np.empty_like(state.w), np.empty_like(state.w)
    tau = max(0.99, 1 - state.mu)
    primal, dual = bound_steps(state.gl, state.gu, state.zl, state.zu, along.dw, state.mu, tau, dzl, dzu)
    found = search(program, state, linear, along, primal, options)
    state.used = linear.delta
    if found is None:
        _begin_restoration(solve)
        return
    if found.along is not along:  # corrected: the multipliers of the bounds follow the corrected step
        _, dual = bound_steps(state.gl, state.gu, state.zl, state.zu, found.along.dw, state.mu, tau, dzl, dzu)
    if not found.descent:
        extend_filter(state, state.theta, state.phi)
    _take(solve, found, (dzl, dzu), dual)


def _take(solve: Solve, found: Accepted, bounds: tuple[Floats, Floats], dual: float) -> None:
    """Move to an accepted point."""
    state, trial = solve.state, found.trial
    state.w, state.gl, state.gu = trial.w, trial.gl, trial.gu
    state.f, state.c, state.d = trial.f, trial.c, trial.d
    state.theta, state.largest, state.logarithms = trial.theta, trial.largest, trial.logarithms
    state.yc = state.yc + found.step * found.along.dyc
    state.yd = state.yd + found.step * found.along.dyd
    move(state.gl, state.gu, state.zl, state.zu, *bounds, dual, state.mu)
    solve.program.linearize(state.gradient)
    state.step = found.step
    state.iterations += 1
    state.short = state.short + 1 if found.step < solve.options.hopeless else 0


def _lower_barrier(state: State, gradient: Floats, options: Options) -> None:
    """Judge the iterate, record it, and lower the barrier parameter as often as its problem is solved."""
    dual, most, least, state.gap, total, others, state.bounds = judged(
        gradient, state.gl, state.gu, state.zl, state.zu, state.yc, state.yd
    )
    rows = len(state.c) + len(state.d)
    mean = (total + others) / max(rows + state.bounds, 1)
    dual /= max(options.soft_limit, mean) / options.soft_limit
    scale = max(options.soft_limit, total / max(state.bounds, 1)) / options.soft_limit
    state.error = max(dual, state.largest, most / scale)
    _record(state, dual)
    state.status = _status(state, options)
    last = _least_barrier(state, options)
    while state.status == "solving" and state.mu > last:
        product = max(most - state.mu, state.mu - least) / scale
        if max(dual, state.largest, product) > options.mu_error * state.mu:
            break
        state.mu = max(last, min(options.mu_linear * state.mu, state.mu**options.mu_power))
        state.filter.clear()


def _least_barrier(state: State, options: Options) -> float:
    """Give the smallest barrier parameter worth solving for."""
    least = options.tolerance / (options.mu_error + 1.0)
    wanted = 0.5 * _allowed_gap(state, options) / max(state.bounds, 1)
    return max(min(least, wanted), 1e-6 * least)


def _allowed_gap(state: State, options: Options) -> float:
    """Give the gap of an optimum; an objective of 0 has one too."""
    if np.isinf(options.gap):
        return np.inf
    return max(options.gap * abs(state.f), options.tolerance)


def _status(state: State, options: Options) -> Status:
    if state.error <= options.tolerance:
        if state.gap <= _allowed_gap(state, options):
            return "optimal"
        state.kept = state.kept or Kept.of(state)
    if state.kept is not None and state.iterations - state.kept.iteration >= PATIENCE:
        return "acceptable"
    state.acceptable = state.acceptable + 1 if state.error <= options.acceptable else 0
    if state.acceptable >= options.acceptable_iterations:
        return "acceptable"
    if not np.isfinite(state.error):
        return "failed"
    if np.abs(state.x).max(initial=0.0) > ENDLESS:
        return "unbounded"
    if state.iterations >= options.max_iterations:
        return "limit"
    return "stalled" if state.short >= options.patience and options.hopeless else "solving"


def _record(state: State, dual: float) -> None:
    trace = state.trace
    trace.objective.append(state.f)
    trace.infeasibility.append(state.largest)
    trace.dual_infeasibility.append(dual)
    trace.barrier.append(state.mu)
    trace.step.append(state.step)
    trace.regularisation.append(state.used)
    trace.restoring.append(state.restoring)
    state.used = 0.0


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
    state.acceptable, state.short = 0, 0
    solve.restoration = None
