"""The filter line search: a step is taken when it makes the violation or the barrier function smaller.

Source: Waechter and Biegler (2006), sections 2.3 and 2.4, whose names are in brackets.
"""

import math
from dataclasses import dataclass

import numpy as np

from genba.num.ipm.direction import Direction, Linear, direction
from genba.num.ipm.options import Options
from genba.num.ipm.predictor import Step
from genba.num.ipm.program import Floats, Program
from genba.num.ipm.state import State
from genba.num.ipm.vectors import longest, step_to, violation

MARGIN_THETA, MARGIN_PHI = 1e-5, 1e-8
"""By how much a step must improve (gamma_theta, gamma_phi)."""
ARMIJO = 1e-8
"""Share of the predicted descent that must be had (eta_phi)."""
SWITCH_THETA, SWITCH_PHI = 1.1, 2.3
"""Powers of the switching condition (s_theta, s_phi)."""
THETA_MOST, THETA_LEAST = 1e4, 1e-4
"""Violations, in units of the first, that are never taken, and below which descent counts."""
SHORTEST = 0.05
"""Safety factor of the least step (gamma_alpha)."""
ROUNDING = 10 * 2.220446049250313e-16
STEEPEST = 1e100
"""Violations and descents count no more than this: their powers must stay numbers."""
CORRECTION_GAIN = 0.99
"""A second-order correction must lessen the violation this much to be followed by another (kappa_soc)."""


@dataclass(slots=True, eq=False)
class Trial:
    """A point tried: its distances to the bounds, values, violation and barrier function."""

    w: Floats
    gl: Floats
    gu: Floats
    f: float
    c: Floats
    d: Floats
    theta: float
    largest: float
    logarithms: float
    phi: float


@dataclass(slots=True, eq=False)
class Accepted:
    """The point taken, along which direction and how far, and whether by descent alone."""

    trial: Trial
    along: Direction
    step: float
    descent: bool


def tried(program: Program, state: State, dw: Floats, step: float) -> Trial:
    """Evaluate the point at a step along dw."""
    n = state.n
    point = np.empty_like(dw), np.empty_like(dw), np.empty_like(dw)
    logarithms = step_to(state.w, state.gl, state.gu, dw, step, point)
    c, d = np.empty_like(state.c), np.empty_like(state.d)
    f = program.values(point[0][:n], c, d)
    theta, largest = violation(c, d, point[0][n:])
    return Trial(*point, f, c, d, theta, largest, logarithms, f - state.mu * logarithms)


def passes_filter(state: State, theta: float, phi: float) -> bool:
    """Tell whether no entry of the filter is at least as good in both."""
    if not (math.isfinite(theta) and math.isfinite(phi)) or theta > THETA_MOST * max(1.0, state.theta_start):
        return False
    slack = ROUNDING * abs(phi)
    for t, p in state.filter:  # noqa: SIM110  # all() of a generator takes twice as long
        if not (theta < t or phi < p + slack):
            return False
    return True


def extend_filter(state: State, theta: float, phi: float) -> None:
    """Forbid what is no better than this."""
    entry = ((1 - MARGIN_THETA) * theta, phi - MARGIN_PHI * theta)
    state.filter[:] = [one for one in state.filter if one[0] < entry[0] or one[1] < entry[1]]
    state.filter.append(entry)


def search(program: Program, state: State, whole: Step, options: Options) -> Accepted | None:
    """Give the first acceptable point along a step, with second-order corrections; None without."""
    theta, phi, along = state.theta, state.phi, whole.along
    judge = _Judge(state, min(theta, STEEPEST), phi, max(whole.descent, -STEEPEST))
    step, least = whole.primal, judge.least_step()
    first = True
    while step >= least:
        trial = tried(program, state, along.dw, step)
        kind = judge.accepts(trial, step)
        if kind:
            return Accepted(trial, along, step, kind == 2)
        if first and trial.theta >= theta:
            corrected = _corrected(program, state, whole.linear, judge, trial, step, options)
            if corrected is not None:
                return corrected
        first = False
        step *= 0.5
    return None


@dataclass(slots=True, eq=False)
class _Judge:
    """The tests that a point has to pass."""

    state: State
    theta: float
    phi: float
    slope: float

    @property
    def theta_least(self) -> float:
        return THETA_LEAST * max(1.0, self.state.theta_start)

    def least_step(self) -> float:
        """Give the step below which only a restoration leads on (alpha_min)."""
        bound = MARGIN_THETA
        if self.slope < 0:
            bound = min(bound, MARGIN_PHI * self.theta / -self.slope)
            if self.theta <= self.theta_least:
                bound = min(bound, self.theta**SWITCH_THETA / (-self.slope) ** SWITCH_PHI)
        return max(SHORTEST * bound, 1e-12)

    def accepts(self, trial: Trial, step: float) -> int:
        """Give 0 for no, 1 for an improvement that extends the filter, 2 for descent."""
        if not passes_filter(self.state, trial.theta, trial.phi):
            return 0
        slack = ROUNDING * abs(self.phi)
        switching = self.slope < 0 and step * (-self.slope) ** SWITCH_PHI > self.theta**SWITCH_THETA
        if switching and self.theta <= self.theta_least:
            return 2 if trial.phi - self.phi - slack <= ARMIJO * step * self.slope else 0
        better = trial.theta <= (1 - MARGIN_THETA) * self.theta
        lower = trial.phi - self.phi - slack <= -MARGIN_PHI * self.theta
        return 1 if better or lower else 0


def _corrected(
    program: Program, state: State, linear: Linear, judge: _Judge, trial: Trial, step: float, options: Options
) -> Accepted | None:
    """Try second-order corrections: steps that also cancel the violation which the first step leaves."""
    n = state.n
    c, rd, before = state.c, state.d - state.s, judge.theta
    scale = step
    for _ in range(options.corrections):
        c = scale * c + trial.c
        rd = scale * rd + (trial.d - trial.w[n:])
        if not (np.isfinite(c).all() and np.isfinite(rd).all()):
            return None
        along = direction(program, linear, c, rd)
        scale = longest(state.gl, state.gu, along.dw, max(0.99, 1 - state.mu))
        trial = tried(program, state, along.dw, scale)
        kind = judge.accepts(trial, step)
        if kind:
            return Accepted(trial, along, scale, kind == 2)
        if trial.theta > CORRECTION_GAIN * before:
            return None
        before = trial.theta
    return None
