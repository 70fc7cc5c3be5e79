"""How the interior point is to work; the names in brackets are those of Waechter and Biegler (2006)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of the interior point.

    Arguments:
        tolerance: scaled error at which a point is optimal (epsilon_tol).
        gap: share of the objective by which it may still exceed the least one, as the products of multipliers
            and distances estimate it, but not below `tolerance`; infinite asks for nothing beyond that.
        acceptable: error that is good enough when it does not improve for `acceptable_iterations`.
        max_iterations: iterations at most, those of the restoration included.
        estimate: whether the constraints' first multipliers are estimated by least squares; else they are 0.
        mu_start: first barrier parameter (mu_0).
        predict: whether a predictor sets mu and bends every step while that brings the error down; else mu is
            lowered only when its problem is solved.
        mu_linear, mu_power: mu becomes min(mu_linear mu, mu ** mu_power) (kappa_mu, theta_mu).
        mu_error: error, in units of mu, at which mu is lowered (kappa_epsilon).
        push: how far a start is moved from its bounds (kappa_1, kappa_2).
        relax: by which share bounds are relaxed, so that a feasible set has an interior.
        largest_gradient: objective and constraints are scaled until no derivative at the start is larger.
        objective_gradient: the same for the objective.
        largest_multiplier: least-squares multipliers beyond this are dropped.
        soft_limit: error scaling begins beyond this mean multiplier (s_max).
        corrections: second-order corrections per step at most (p_max).
        hopeless: a step below this, `patience` times in a row, gives up (`stalled`); 0 never does.
        patience: see `hopeless`.
    """

    tolerance: float = 1e-8
    gap: float = math.inf
    acceptable: float = 1e-6
    acceptable_iterations: int = 15
    max_iterations: int = 500
    estimate: bool = True
    mu_start: float = 0.1
    predict: bool = False
    mu_linear: float = 0.2
    mu_power: float = 1.5
    mu_error: float = 10.0
    push: float = 1e-2
    relax: float = 1e-8
    largest_gradient: float = 100.0
    objective_gradient: float = 100.0
    largest_multiplier: float = 1e3
    soft_limit: float = 100.0
    corrections: int = 4
    hopeless: float = 0.0
    patience: int = 10
