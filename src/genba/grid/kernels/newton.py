"""Newton's method for the AC power flow in polar coordinates, with step-length control."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.jacobian import JacobianPlan, factorise
from genba.grid.kernels.network import Floats, Phasors
from genba.grid.kernels.newton_steps import (
    MORE,
    SINGULAR,
    SOLVED,
    STEP,
    Equations,
    Working,
    advance,
    voltages,
    working_of,
)

SMALLEST_STEP = 1 / 64
"""Share of a Newton step below which the search for less mismatch is given up."""
WORK = 4_000_000
"""Blocks of the factors that one call of a kernel may make: about a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop, and when a factorisation is used again.

    Arguments:
        tolerance: largest mismatch accepted, p.u.
        factorisations: how many at most.
        reuse: factors are kept while a step leaves less than this share of the mismatch; 0 is Newton proper.
        lowest: voltage magnitude below which a bus has collapsed and nothing is a solution, p.u.
    """

    tolerance: float
    factorisations: int
    reuse: float = 0.0
    lowest: float = 0.1


@dataclass(frozen=True, eq=False)
class Iterate:
    """A voltage and what is wrong with it.

    Arguments:
        vm: magnitudes, shape (n,), p.u.
        va: angles, shape (n,), rad.
        excess: power that leaves a bus beyond what is scheduled, slack included, shape (n,), p.u.; 0 where
            de-energised.
        slack: power that each island's units add to the schedule, shape (islands + 1,), p.u.
        mismatch: largest absolute equation, p.u.
        norm: Euclidean norm of all equations.
    """

    vm: Floats
    va: Floats
    excess: Phasors
    slack: Floats
    mismatch: float
    norm: float

    @property
    def voltage(self) -> Phasors:
        """Give the complex voltages."""
        return voltages(self.vm, self.va)


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the iteration ended; when it did not converge, the last finite iterate."""

    at: Iterate
    converged: bool
    iterations: int


def newton(plan: JacobianPlan, equations: Equations, vm: Floats, va: Floats, budget: Budget) -> Solution:
    """Solve a power flow from a first voltage.

    A step is halved until the norm of the mismatch falls. With `budget.reuse` the factors serve for further
    steps as long as they contract (Shamanskii's method): same solution, cheaper steps.

    Source: Tinney and Hart (1967), Power flow solution by Newton's method; Kelley (1995), Iterative methods
    for linear and nonlinear equations, section 5.4.
    """
    working = working_of(equations, vm, va)
    most = max(1, WORK // (len(plan.structure.lower_columns) + len(vm)))
    limits = budget.tolerance, budget.factorisations, budget.reuse, SMALLEST_STEP
    while True:
        ended = advance(equations, working, *limits, most)
        if ended == SINGULAR and _pivoted(plan, working):
            continue
        if ended != MORE:
            break
    excess = np.empty(len(vm), np.complex128)
    excess.real, excess.imag = working.p, working.q
    at = Iterate(working.vm, working.va, excess, working.slack, *working.sizes.tolist())
    standing = bool(((at.vm >= budget.lowest) | (equations.island == 0)).all())
    return Solution(at, ended == SOLVED and standing, int(working.counts[0]))


def _pivoted(plan: JacobianPlan, working: Working) -> bool:
    """Leave the step of the filled Jacobian by factors that pivot over all of it; tell whether it has any."""
    factors = factorise(plan.matrix(working.blocks))
    if factors is None:
        return False
    for right in (working.step, working.answer):
        right[:] = factors.solve(right.ravel()).reshape(right.shape)
    working.counts[2] = STEP
    return True
