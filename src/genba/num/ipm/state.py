"""Where an interior-point solve stands: passed into every advance and given back."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Status = Literal["solving", "optimal", "acceptable", "infeasible", "unbounded", "stalled", "limit", "failed"]
"""`infeasible`: a local least of the violation, above 0; `unbounded`: the variables grow without end;
`failed`: no step and no restoration led on."""


@dataclass(slots=True)
class Trace:
    """What each iterate was, one number per iteration."""

    objective: list[float] = field(default_factory=list)
    infeasibility: list[float] = field(default_factory=list)
    dual_infeasibility: list[float] = field(default_factory=list)
    barrier: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    regularisation: list[float] = field(default_factory=list)
    restoring: list[bool] = field(default_factory=list)


ITERATE = (
    *("w", "gl", "gu", "yc", "yd", "zl", "zu", "mu", "f", "c", "d", "gradient"),
    *("theta", "largest", "logarithms", "error", "gap"),
)
"""The parts of a state that speak of its iterate."""


@dataclass(slots=True, eq=False)
class Kept:
    """An iterate set aside: its parts by name, and when that was."""

    parts: dict[str, Any]
    iteration: int

    @classmethod
    def of(cls, state: "State") -> "Kept":
        """Copy the iterate of a state."""
        return cls({name: np.copy(getattr(state, name))[()] for name in ITERATE}, state.iterations)

    def restore(self, state: "State") -> None:
        """Put the iterate back."""
        for name, value in self.parts.items():
            setattr(state, name, value)


@dataclass(slots=True, eq=False)
class State:
    """An iterate with its multipliers, the filter and the settings that carry over to the next iteration.

    Arguments:
        w: variables and slacks (x, s), shape (n + inequalities,).
        lo, hi: their bounds, relaxed.
        gl, gu: distances to them (see `vectors`).
        yc, yd: multipliers of c and of d - s.
        zl, zu: multipliers of the bounds.
        mu: barrier parameter.
        f, c, d: values at the iterate, scaled.
        gradient: gradient of f there, shape (n,).
        theta, largest: sum and largest of the violations of c and d - s.
        logarithms: sum of the logarithms of the distances.
        scale: factors of the objective, of c and of d.
        filter: pairs of violation and barrier value that a new iterate must beat one of.
        theta_start: violation at the start.
        delta: regularisation of the last iteration that needed one.
        status: `solving` until it ends.
        iterations: made so far.
        acceptable: iterations in a row within the acceptable error.
        short: iterations in a row with a hopeless step.
        step: share of the last step taken.
        used: regularisation of the last step.
        restoring: whether the iterate is one of a restoration, which cares for the violation alone.
        error: scaled error of the iterate.
        gap: sum of the products of multipliers and distances.
        bounds: number of bounds.
        predicting: whether a predictor sets the barrier parameter.
        errors: errors of the iterates while it does.
        held: iteration at which it last stopped because no step was found.
        kept: the first iterate within the tolerance, while the gap is still too large.
        trace: all iterates.
    """

    w: Floats
    lo: Floats
    hi: Floats
    gl: Floats
    gu: Floats
    yc: Floats
    yd: Floats
    zl: Floats
    zu: Floats
    mu: float
    f: float
    c: Floats
    d: Floats
    gradient: Floats
    theta: float
    largest: float
    logarithms: float
    scale: tuple[float, Floats, Floats]
    filter: list[tuple[float, float]] = field(default_factory=list)
    theta_start: float = np.nan
    delta: float = 0.0
    status: Status = "solving"
    iterations: int = 0
    acceptable: int = 0
    short: int = 0
    step: float = 0.0
    used: float = 0.0
    restoring: bool = False
    error: float = np.inf
    gap: float = np.inf
    bounds: int = 0
    predicting: bool = False
    errors: list[float] = field(default_factory=list)
    held: int = -1
    kept: "Kept | None" = None
    trace: Trace = field(default_factory=Trace)

    @property
    def n(self) -> int:
        """Give the number of variables."""
        return len(self.gradient)

    @property
    def phi(self) -> float:
        """Give the barrier function."""
        return self.f - self.mu * self.logarithms

    @property
    def x(self) -> Floats:
        """Give the variables, shape (n,); a view."""
        return self.w[: self.n]

    @property
    def s(self) -> Floats:
        """Give the slacks, shape (inequalities,); a view."""
        return self.w[self.n :]
