"""The steps of Newton's method for the power flow: mismatch, tangent, slack, and the search along a step."""

import math
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.jacobian import fill_blocks
from genba.grid.kernels.network import Floats, Ints, Phasors
from genba.num.jit import borrowing, kernel
from genba.num.lu.factor import HOLDS, Factors, factorize
from genba.num.lu.solve import solve
from genba.num.lu.structure import Structure

SOLVED, STOPPED, SINGULAR, MORE = 0, 1, 2, 3
"""How a call of `advance` ends: within tolerance, without a descent, without factors, or with work left."""
NONE, FACTORS, STEP, UNMEASURED = 0, 1, 2, 3
"""What is at hand for the next step: nothing, factors, the solved right-hand sides themselves, or not even
the mismatch of the first voltage."""


class Equations(NamedTuple):
    """What does not change during an iteration; a named tuple, because kernels take it as one argument.

    Arguments:
        structure: order of elimination and pattern of the Jacobian's factors.
        indptr: first entry of Y's rows, shape (n + 1,).
        cols: column of each entry, shape (nnz,).
        diagonal: entry of each bus on the diagonal, shape (n,).
        y: entries of Y, shape (nnz,).
        scheduled: power injected by units less demand, shape (n,), p.u.
        island: island of each bus, 0 when de-energised.
        free_angle: 1 where a bus's angle is unknown, else 0, shape (n,).
        free_magnitude: the same for its magnitude.
        share: what part of its island's slack a bus produces, shape (n,).
        distributed: whether more than the reference buses produce slack.
    """

    structure: Structure
    indptr: Ints
    cols: Ints
    diagonal: Ints
    y: Phasors
    scheduled: Phasors
    island: Ints
    free_angle: Floats
    free_magnitude: Floats
    share: Floats
    distributed: bool


class Working(NamedTuple):
    """Where an iteration stands, and its room.

    Arguments:
        vm, va, re, im: voltages in polar and rectangular form, shape (n,).
        p, q: power that leaves a bus beyond what is scheduled, slack included, shape (n,).
        slack: power that each island's units add, shape (islands + 1,).
        sizes: largest mismatch and norm of all equations.
        counts: steps, factorisations, and what is at hand for the next step.
        tried: the same as vm, va, re, im, p, q at the end of a step, shape (6, n).
        tried_slack: and of slack.
        blocks: the Jacobian, shape (nnz, 4).
        factors: its factors.
        step: changes of angle and magnitude by position, shape (n, 2).
        answer: step per unit of every island's slack, shape (n, 2).
        gain: how an island's slack answers to itself, then room, shape (2, islands + 1).
    """

    vm: Floats
    va: Floats
    re: Floats
    im: Floats
    p: Floats
    q: Floats
    slack: Floats
    sizes: Floats
    counts: Ints
    tried: Floats
    tried_slack: Floats
    blocks: Floats
    factors: Factors
    step: Floats
    answer: Floats
    gain: Floats


@kernel
def voltages(vm: Floats, va: Floats) -> Phasors:
    """Give the complex voltages of magnitudes and angles, shape (n,)."""
    found = np.empty(len(vm), np.complex128)
    for bus in range(len(vm)):
        found[bus] = complex(vm[bus] * math.cos(va[bus]), vm[bus] * math.sin(va[bus]))
    return found


@kernel
def working_of(equations: Equations, vm: Floats, va: Floats) -> Working:
    """Give room for an iteration that begins at a voltage."""
    n, islands, structure = len(vm), 1, equations.structure
    for bus in range(n):
        islands = max(islands, equations.island[bus] + 1)
    blocks, counts = len(structure.lower_columns), np.zeros(3, np.int64)
    counts[2] = UNMEASURED
    return Working(
        vm=vm.copy(),
        va=va.copy(),
        re=np.empty(n),
        im=np.empty(n),
        p=np.empty(n),
        q=np.empty(n),
        slack=np.empty(islands),
        sizes=np.empty(2),
        counts=counts,
        tried=np.empty((6, n)),
        tried_slack=np.empty(islands),
        blocks=np.empty((len(equations.y), 4)),
        factors=Factors(np.empty((blocks, 4)), np.empty((blocks, 4)), np.empty((n, 4)), np.empty((n, 4))),
        step=np.empty((n, 2)),
        answer=np.empty((n, 2)),
        gain=np.zeros((2, islands)),
    )


@borrowing
def advance(
    equations: Equations,
    working: Working,
    tolerance: float,
    factorisations: int,
    reuse: float,
    smallest: float,
    most: int,
) -> int:
    """Go at most `most` steps on.

    Arguments:
        equations: what is solved.
        working: where it stands.
        tolerance: largest mismatch accepted.
        factorisations: how many at most in all.
        reuse: factors are kept while a step leaves less than this share of the mismatch.
        smallest: share of a step below which the search for less mismatch is given up.
        most: steps.

    Returns:
        SOLVED, STOPPED or MORE; SINGULAR with the right-hand sides in `step` and `answer`.
    """
    counts, sizes = working.counts, working.sizes
    if counts[2] == UNMEASURED:
        _measure(equations, working)
        counts[2] = NONE
    for _ in range(most):
        if sizes[0] <= tolerance:
            return SOLVED
        if not math.isfinite(sizes[0]):
            return STOPPED
        fresh = counts[2] != FACTORS
        if counts[2] == NONE:
            if counts[1] == factorisations:
                return STOPPED
            counts[1] += 1
            if not _tangent(equations, working):
                _right_hand_sides(equations, working)
                return SINGULAR
            counts[2] = FACTORS
            if equations.distributed:
                _answer(equations, working)
        if counts[2] == FACTORS:
            _step(equations, working)
        if equations.distributed:
            _with_slack(equations, working)
        norm = _descended(equations, working, smallest if fresh else 1.0)
        counts[0] += 1
        if norm < 0.0 and fresh:
            return STOPPED
        if norm < 0.0 or norm > reuse * sizes[1] or counts[2] == STEP:
            counts[2] = NONE
        if norm >= 0.0:
            _accept(working, norm)
    return SOLVED if sizes[0] <= tolerance else MORE


@borrowing
def _measure(equations: Equations, working: Working) -> None:
    """Give the mismatch at the first voltage."""
    w = working
    mismatch, norm = _mismatch(equations, w.vm, w.va, w.re, w.im, w.p, w.q, w.slack)
    w.sizes[0], w.sizes[1] = mismatch, norm


@borrowing
def _mismatch(
    equations: Equations,
    vm: Floats,
    va: Floats,
    re: Floats,
    im: Floats,
    p: Floats,
    q: Floats,
    slack: Floats,
) -> tuple[float, float]:
    """Give the largest equation and the norm of all; the slack is what makes each island's power balance."""
    e = equations
    slack[:] = 0.0
    for i in range(len(vm)):
        re[i], im[i] = vm[i] * math.cos(va[i]), vm[i] * math.sin(va[i])
    for i in range(len(vm)):
        p[i], q[i] = 0.0, 0.0
        island = e.island[i]
        if island == 0:
            continue
        current_re, current_im = 0.0, 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j, y_re, y_im = e.cols[k], e.y[k].real, e.y[k].imag
            current_re += y_re * re[j] - y_im * im[j]
            current_im += y_re * im[j] + y_im * re[j]
        p[i] = re[i] * current_re + im[i] * current_im - e.scheduled[i].real
        q[i] = im[i] * current_re - re[i] * current_im - e.scheduled[i].imag
        slack[island] += p[i] if e.distributed else e.share[i] * p[i]
    largest, squares = 0.0, 0.0
    for i in range(len(vm)):
        p[i] -= e.share[i] * slack[e.island[i]]
        reactive = q[i] * e.free_magnitude[i]
        squares += p[i] * p[i] + reactive * reactive
        wrong = max(abs(p[i]), abs(reactive))
        if not wrong <= largest:  # a NaN stays
            largest = wrong
    return largest, math.sqrt(squares)


@borrowing
def _tangent(equations: Equations, working: Working) -> bool:
    """Fill and factorize the Jacobian; tell whether every block had an inverse."""
    e, w = equations, working
    fill_blocks(e.indptr, e.cols, e.diagonal, e.y, w.re, w.im, w.vm, e.free_angle, e.free_magnitude, w.blocks)
    return bool(factorize(e.structure, w.blocks, w.factors) == HOLDS)


@borrowing
def _right_hand_sides(equations: Equations, working: Working) -> None:
    """Write what a step has to cancel, and what one unit of every island's slack does, by position."""
    e, w = equations, working
    for i in range(len(w.vm)):
        place = e.structure.position[i]
        w.step[place, 0], w.step[place, 1] = -w.p[i] * e.free_angle[i], -w.q[i] * e.free_magnitude[i]
        w.answer[place, 0], w.answer[place, 1] = e.share[i] * e.free_angle[i], 0.0


@borrowing
def _step(equations: Equations, working: Working) -> None:
    """Solve for the changes that cancel the linearised mismatch with the slack left alone."""
    e, w = equations, working
    for i in range(len(w.vm)):
        place = e.structure.position[i]
        w.step[place, 0], w.step[place, 1] = -w.p[i] * e.free_angle[i], -w.q[i] * e.free_magnitude[i]
    solve(e.structure, w.factors, w.step)


@borrowing
def _answer(equations: Equations, working: Working) -> None:
    """Solve for the step that one unit of every island's slack makes."""
    e, w = equations, working
    for i in range(len(w.vm)):
        place = e.structure.position[i]
        w.answer[place, 0], w.answer[place, 1] = e.share[i] * e.free_angle[i], 0.0
    solve(e.structure, w.factors, w.answer)


@borrowing
def _with_slack(equations: Equations, working: Working) -> None:
    """Let the slack answer to the step.

    The slack s of an island follows from the voltages, so the Jacobian is J - a l^T with shares a and l^T the
    change of s; Sherman and Morrison's formula adds that to the factors of J, island by island.
    """
    e, w = equations, working
    felt, gain = w.gain[0], w.gain[1]
    _felt(equations, working, w.step, felt)
    _felt(equations, working, w.answer, gain)
    for i in range(len(w.vm)):
        island, place = e.island[i], e.structure.position[i]
        if island > 0:
            extra = felt[island] / (1.0 - gain[island])
            w.step[place, 0] += w.answer[place, 0] * extra
            w.step[place, 1] += w.answer[place, 1] * extra


@borrowing
def _felt(equations: Equations, working: Working, step: Floats, felt: Floats) -> None:
    """Give the change of active power that all buses of an island see along a step, by island."""
    e, w = equations, working
    felt[:] = 0.0
    for i in range(len(w.vm)):
        island = e.island[i]
        if island == 0:
            continue
        moved_re, moved_im = _moved(equations, working, step, i)
        current_re, current_im, other_re, other_im = 0.0, 0.0, 0.0, 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j, y_re, y_im = e.cols[k], e.y[k].real, e.y[k].imag
            current_re += y_re * w.re[j] - y_im * w.im[j]
            current_im += y_re * w.im[j] + y_im * w.re[j]
            by_re, by_im = _moved(equations, working, step, j)
            other_re += y_re * by_re - y_im * by_im
            other_im += y_re * by_im + y_im * by_re
        felt[island] += (
            moved_re * current_re + moved_im * current_im + w.re[i] * other_re + w.im[i] * other_im
        )


@borrowing
def _moved(equations: Equations, working: Working, step: Floats, bus: int) -> tuple[float, float]:
    """Give the change of a bus's voltage along a step."""
    w, place = working, equations.structure.position[bus]
    size = step[place, 1] / w.vm[bus]
    return size * w.re[bus] - step[place, 0] * w.im[bus], size * w.im[bus] + step[place, 0] * w.re[bus]


@borrowing
def _descended(equations: Equations, working: Working, smallest: float) -> float:
    """Try a step, halving it until the norm falls; give the norm found, -1 when it never does."""
    e, w = equations, working
    vm, va = w.tried[0], w.tried[1]
    length = 1.0
    while length >= smallest:
        plausible = True
        for i in range(len(w.vm)):
            place = e.structure.position[i]
            va[i] = w.va[i] + length * w.step[place, 0]
            vm[i] = w.vm[i] + length * w.step[place, 1]
            plausible &= vm[i] > 0.0 and math.isfinite(va[i]) and math.isfinite(vm[i])
        if plausible:
            mismatch, norm = _mismatch(
                e, vm, va, w.tried[2], w.tried[3], w.tried[4], w.tried[5], w.tried_slack
            )
            if norm < w.sizes[1]:
                w.sizes[0] = mismatch
                return norm
        length /= 2.0
    return -1.0


@borrowing
def _accept(working: Working, norm: float) -> None:
    """Move to where the step ends; its mismatch is already known."""
    w = working
    for i in range(len(w.vm)):
        w.vm[i], w.va[i], w.re[i], w.im[i] = w.tried[0, i], w.tried[1, i], w.tried[2, i], w.tried[3, i]
        w.p[i], w.q[i] = w.tried[4, i], w.tried[5, i]
    for island in range(len(w.slack)):
        w.slack[island] = w.tried_slack[island]
    w.sizes[1] = norm
