"""How far an iterate is from optimal, whether that ends the solve, and the next barrier parameter."""

import math
from dataclasses import dataclass

from genba.num.ipm.options import Options
from genba.num.ipm.program import Floats
from genba.num.ipm.state import Kept, State, Status
from genba.num.ipm.vectors import judged

PATIENCE = 10
"""Iterations within the tolerance after which the gap is left as it is."""
ENDLESS = 1e20
"""Size of a variable at which the objective falls without end."""
LATE = 5
"""Iterations within the acceptable error after which the barrier is only lowered step by step."""
HOLD = 0.8
"""Share of the mean product at which the barrier is held when it was predicted in vain."""
WINDOW, FALL = 7, 0.9999
"""A barrier that is predicted must bring the error below this share of the worst of the last few."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far an iterate is from optimal.

    Arguments:
        dual: scaled dual infeasibility.
        most, least: largest and smallest product of a multiplier and its distance.
        scale: what products are divided by.
    """

    dual: float
    most: float
    least: float
    scale: float


def judge(state: State, gradient: Floats, options: Options) -> Errors:
    """Judge an iterate: record it, and set its error and whether it ends the solve.

    Arguments:
        state: the iterate.
        gradient: `Jc' yc + Jd' yd` in the first n places, shape (n + inequalities,); becomes the gradient of
            the Lagrangian without bounds.
        options: settings.
    """
    dual, most, least, state.gap, total, others, state.bounds, size = judged(
        state.gradient, state.w, state.gl, state.gu, state.zl, state.zu, state.yc, state.yd, gradient
    )
    rows = len(state.c) + len(state.d)
    mean = (total + others) / max(rows + state.bounds, 1)
    dual /= max(options.soft_limit, mean) / options.soft_limit
    scale = max(options.soft_limit, total / max(state.bounds, 1)) / options.soft_limit
    state.error = max(dual, state.largest, most / scale)
    state.status = _status(state, size, options)
    return Errors(dual, most, least, scale)


def set_barrier(state: State, errors: Errors, options: Options) -> None:
    """Set the barrier parameter of the next step.

    While that brings the error down, it is left to the predictor, which is to aim at the smallest one; else
    it is held near the mean product of multipliers and distances, and lowered when its problem is solved,
    which lets it be predicted again.

    Source: Nocedal, Waechter and Waltz (2009), Adaptive barrier update strategies for nonlinear interior
    methods, section 3; Waechter and Biegler (2006), equation 7, while it is held.
    """
    last = _least_barrier(state, options)
    mean = state.gap / max(state.bounds, 1)
    if state.predicting and _in_vain(state):
        _hold(state, max(last, HOLD * mean))
    elif state.predicting:
        state.errors.append(state.error)
        state.mu = last
        state.filter.clear()
        return
    moved = state.iterations > state.held
    if _lowered(state, errors, options, last) and state.acceptable < LATE and moved:
        state.predicting = options.predict and not state.restoring
        state.errors.clear()


def hold_barrier(state: State, options: Options) -> bool:
    """Stop predicting the barrier until a step was taken; tell whether that changed anything."""
    if not state.predicting:
        return False
    state.held = state.iterations
    _hold(state, max(_least_barrier(state, options), HOLD * state.gap / max(state.bounds, 1)))
    return True


def _hold(state: State, mu: float) -> None:
    state.predicting = False
    state.mu = mu
    state.filter.clear()


def _in_vain(state: State) -> bool:
    worst = max(state.errors[-WINDOW:], default=math.inf)
    return state.acceptable >= LATE or (len(state.errors) >= WINDOW and state.error > FALL * worst)


def _lowered(state: State, errors: Errors, options: Options, last: float) -> bool:
    """Lower the barrier as often as its problem is solved; tell whether it was."""
    before = state.mu
    while state.mu > last:
        product = max(errors.most - state.mu, state.mu - errors.least) / errors.scale
        if max(errors.dual, state.largest, product) > options.mu_error * state.mu:
            break
        state.mu = max(last, min(options.mu_linear * state.mu, state.mu**options.mu_power))
        state.filter.clear()
    return state.mu < before


def _least_barrier(state: State, options: Options) -> float:
    """Give the smallest barrier parameter worth solving for."""
    least = options.tolerance / (options.mu_error + 1.0)
    wanted = 0.5 * _allowed_gap(state, options) / max(state.bounds, 1)
    return max(min(least, wanted), 1e-6 * least)


def _allowed_gap(state: State, options: Options) -> float:
    """Give the gap of an optimum; an objective of 0 has one too."""
    if options.gap == math.inf:
        return math.inf
    return max(options.gap * abs(state.f), options.tolerance)


def _status(state: State, size: float, options: Options) -> Status:
    if state.error <= options.tolerance:
        if state.gap <= _allowed_gap(state, options):
            return "optimal"
        state.kept = state.kept or Kept.of(state)
    if state.kept is not None and state.iterations - state.kept.iteration >= PATIENCE:
        return "acceptable"
    state.acceptable = state.acceptable + 1 if state.error <= options.acceptable else 0
    if state.acceptable >= options.acceptable_iterations:
        return "acceptable"
    if not math.isfinite(state.error):
        return "failed"
    if size > ENDLESS:
        return "unbounded"
    if state.iterations >= options.max_iterations:
        return "limit"
    return "stalled" if state.short >= options.patience and options.hopeless else "solving"


def record(state: State, errors: Errors) -> None:
    """Add the iterate to the trace."""
    trace = state.trace
    trace.objective.append(state.f)
    trace.infeasibility.append(state.largest)
    trace.dual_infeasibility.append(errors.dual)
    trace.barrier.append(state.mu)
    trace.step.append(state.step)
    trace.regularisation.append(state.used)
    trace.restoring.append(state.restoring)
    state.used = 0.0
