"""The door to Clarabel: conic programs with a convex quadratic objective; call and status only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import Cancelled, missing_extra
from genba.num import sparse

try:
    import clarabel
except ModuleNotFoundError as error:
    raise missing_extra("clarabel", "grid") from error

Floats = NDArray[np.float64]
ConicStatus = Literal["optimal", "infeasible", "stopped", "unclear"]


@dataclass(frozen=True)
class ConicStanding:
    """Where the iteration stands: its number, the objective, scaled residuals and the duality measure."""

    iteration: int
    objective: float
    primal: float
    dual: float
    barrier: float
    step: float


Watch = Callable[[ConicStanding], bool]
"""Hears every iteration; True asks the solver to stop, and what it raises as `Cancelled` goes on."""


@dataclass(frozen=True)
class ConicProgram:
    """Minimise `x square x / 2 + linear x` where `bound - matrix x` lies in a product of cones.

    Arguments:
        square: upper triangle, shape (n, n).
        linear: shape (n,).
        matrix: shape (rows, n); rows of equations first, then of inequalities, then cone after cone.
        bound: shape (rows,).
        equations: rows that are zero.
        inequalities: rows that are not negative.
        cones: sizes of second-order cones: the first entry is not below the norm of the others.
    """

    square: sparse.csc_matrix
    linear: Floats
    matrix: sparse.csc_matrix
    bound: Floats
    equations: int
    inequalities: int
    cones: tuple[int, ...]


@dataclass(frozen=True)
class ConicAnswer:
    """What Clarabel says.

    Arguments:
        status: `optimal`, to reduced accuracy where the solver gets no further; `infeasible` with a ray in
            `dual`; `stopped` by the watcher or the limit of iterations; `unclear` when it cannot go on.
        objective: of the last point.
        x: last point.
        dual: multipliers of the rows, in the dual cone.
        iterations: made.
    """

    status: ConicStatus
    objective: float
    x: Floats
    dual: Floats
    iterations: int


STATUSES: dict[Any, ConicStatus] = {
    clarabel.SolverStatus.Solved: "optimal",
    clarabel.SolverStatus.AlmostSolved: "optimal",
    clarabel.SolverStatus.PrimalInfeasible: "infeasible",
    clarabel.SolverStatus.AlmostPrimalInfeasible: "infeasible",
    clarabel.SolverStatus.MaxIterations: "stopped",
    clarabel.SolverStatus.CallbackTerminated: "stopped",
}


def solve(
    program: ConicProgram, watch: Watch, *, max_iterations: int = 200, tolerance: float = 1e-8
) -> ConicAnswer:
    """Solve on one thread.

    Raises:
        Cancelled: when `watch` raised it.
    """
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.max_iter = max_iterations
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    cones = [clarabel.ZeroConeT(program.equations), clarabel.NonnegativeConeT(program.inequalities)]
    cones += [clarabel.SecondOrderConeT(size) for size in program.cones]
    solver = clarabel.DefaultSolver(
        program.square, program.linear, program.matrix, program.bound, cones, settings
    )
    raised: list[Cancelled] = []
    solver.set_termination_callback(lambda info: _heard(info, watch, raised))
    found = solver.solve()
    if raised:
        raise raised[0]
    status = STATUSES.get(found.status, "unclear")
    return ConicAnswer(status, found.obj_val, np.array(found.x), np.array(found.z), found.iterations)


def _heard(info: Any, watch: Watch, raised: list[Cancelled]) -> bool:
    standing = ConicStanding(
        info.iterations, info.cost_primal, info.res_primal, info.res_dual, info.mu, info.step_length
    )
    try:
        return watch(standing)
    except Cancelled as error:  # it must not unwind through Rust
        raised.append(error)
        return True
