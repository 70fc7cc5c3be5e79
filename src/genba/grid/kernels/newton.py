"""Newton's method for the AC power flow in polar coordinates, with step-length control."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import SuperLU

from genba.grid.kernels.jacobian import JacobianPlan, factorise, jacobian
from genba.grid.kernels.network import PQ, REFERENCE, Bools, Floats, Ints, Phasors, bus_sum

SMALLEST_STEP = 1 / 64
"""Share of a Newton step below which the search for less mismatch is given up."""


@dataclass(frozen=True, eq=False)
class Problem:
    """One set of power-flow equations for n buses.

    Arguments:
        plan: layout of the Jacobian.
        entries: entries of Y, shape (nnz,).
        matrix: the same as a matrix (n, n).
        scheduled: power injected by units less demand, shape (n,), p.u.
        island: island of each bus, 0 when de-energised.
        kind: PQ, PV or REFERENCE, shape (n,); without meaning at de-energised buses.
        share: what part of its island's slack a bus produces, shape (n,).
        distributed: whether more than the reference buses produce slack.
    """

    plan: JacobianPlan
    entries: Phasors
    matrix: csr_matrix
    scheduled: Phasors
    island: Ints
    kind: Ints
    share: Floats
    distributed: bool

    @cached_property
    def free_angle(self) -> Bools:
        """Whether a bus's angle is unknown."""
        return np.asarray((self.island > 0) & (self.kind != REFERENCE))

    @cached_property
    def free_magnitude(self) -> Bools:
        """Whether a bus's voltage magnitude is unknown."""
        return np.asarray((self.island > 0) & (self.kind == PQ))


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
        excess: power that leaves a bus beyond what is scheduled, slack included, shape (n,), p.u.
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
        return np.asarray(self.vm * np.exp(1j * self.va))


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the iteration ended; when it did not converge, the last finite iterate."""

    at: Iterate
    converged: bool
    iterations: int


def newton(problem: Problem, vm: Floats, va: Floats, budget: Budget) -> Solution:
    """Solve a power flow from a first voltage.

    A step is halved until the norm of the mismatch falls. With `budget.reuse` the factors serve for further
    steps as long as they contract (Shamanskii's method): same solution, cheaper steps.

    Source: Tinney and Hart (1967), Power flow solution by Newton's method; Kelley (1995), Iterative methods
    for linear and nonlinear equations, section 5.4.
    """
    at = evaluate(problem, vm, va)
    tangent: _Tangent | None = None
    steps = factorisations = 0
    while at.mismatch > budget.tolerance:
        fresh = tangent is None
        if tangent is None:
            if factorisations == budget.factorisations:
                break
            tangent = _tangent(problem, at)
            factorisations += 1
        if tangent is None:
            break
        after = _descended(problem, at, tangent.step(problem, at), smallest=SMALLEST_STEP if fresh else 1.0)
        steps += 1
        if after is None and fresh:
            break
        if after is None or after.norm > budget.reuse * at.norm:
            tangent = None
        at = after or at
    standing = bool((at.vm[problem.island > 0] >= budget.lowest).all())
    return Solution(at, standing and at.mismatch <= budget.tolerance, steps)


def evaluate(problem: Problem, vm: Floats, va: Floats) -> Iterate:
    """Give the mismatch at a voltage; the slack is what makes each island's active power balance."""
    voltage = vm * np.exp(1j * va)
    excess = voltage * np.conj(problem.matrix @ voltage) - problem.scheduled
    slack = _collected(problem, excess.real)
    excess = excess - problem.share * slack[problem.island]
    active = np.where(problem.island > 0, excess.real, 0.0)
    reactive = np.where(problem.free_magnitude, excess.imag, 0.0)
    mismatch = float(max(np.abs(active).max(initial=0.0), np.abs(reactive).max(initial=0.0)))
    return Iterate(
        vm, va, excess, slack, mismatch, float(np.hypot(np.linalg.norm(active), np.linalg.norm(reactive)))
    )


@dataclass(frozen=True, eq=False)
class _Tangent:
    """Factors of the Jacobian at an iterate, and how the slack answers to a step."""

    factors: SuperLU
    voltage: Phasors
    current: Phasors
    answer: tuple[Floats, Floats] | None
    """Step per unit of every island's slack; None when only the reference buses produce it."""
    gain: Floats

    def step(self, problem: Problem, at: Iterate) -> tuple[Floats, Floats]:
        """Give changes of magnitude and angle that cancel the linearised mismatch.

        The slack s of an island follows from the voltages, so the Jacobian is J - a l^T with shares a and l^T
        the change of s; Sherman and Morrison's formula adds that to the factors of J, island by island.
        """
        angle, magnitude = self.plain(problem, -at.excess)
        if self.answer is None:
            return magnitude, angle
        extra = _collected(problem, self.power_change(problem, angle, magnitude)) / (1.0 - self.gain)
        return (
            magnitude + self.answer[1] * extra[problem.island],
            angle + self.answer[0] * extra[problem.island],
        )

    def plain(self, problem: Problem, right: Phasors) -> tuple[Floats, Floats]:
        """Solve with the factors alone; rows of given unknowns are 0."""
        active = np.where(problem.free_angle, right.real, 0.0)
        reactive = np.where(problem.free_magnitude, right.imag, 0.0)
        return problem.plan.unpack(self.factors.solve(problem.plan.pack(active, reactive)))

    def power_change(self, problem: Problem, angle: Floats, magnitude: Floats) -> Floats:
        """Give the change of active power at each bus along a step, shape (n,)."""
        moved = self.voltage * (1j * angle + magnitude / np.abs(self.voltage))
        change = moved * np.conj(self.current) + self.voltage * np.conj(problem.matrix @ moved)
        return np.asarray(change.real)


def _tangent(problem: Problem, at: Iterate) -> _Tangent | None:
    voltage = at.voltage
    factors = factorise(
        jacobian(
            problem.plan,
            problem.entries,
            voltage,
            free_angle=problem.free_angle,
            free_magnitude=problem.free_magnitude,
        )
    )
    if factors is None:
        return None
    bare = _Tangent(factors, voltage, problem.matrix @ voltage, None, np.zeros_like(at.slack))
    if not problem.distributed:
        return bare
    answer = bare.plain(problem, problem.share.astype(np.complex128))
    gain = _collected(problem, bare.power_change(problem, *answer))
    return _Tangent(factors, voltage, bare.current, answer, gain)


def _collected(problem: Problem, active: Floats) -> Floats:
    """Give by island what its slack has to cover: everything, or what the reference bus sees."""
    counted = active if problem.distributed else problem.share * active
    return bus_sum(problem.island, counted, int(problem.island.max(initial=0)) + 1)


def _descended(
    problem: Problem, at: Iterate, step: tuple[Floats, Floats], *, smallest: float
) -> Iterate | None:
    """Give the first iterate of less mismatch along a step, halving it; None when there is none."""
    magnitude, angle = step
    length = 1.0
    while length >= smallest:
        vm = at.vm + length * magnitude
        if np.isfinite(magnitude).all() and np.isfinite(angle).all() and (vm > 0).all():
            after = evaluate(problem, vm, at.va + length * angle)
            if after.norm < at.norm:
                return after
        length /= 2
    return None
