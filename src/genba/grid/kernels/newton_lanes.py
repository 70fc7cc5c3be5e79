"""Newton's method for eight power flows of one grid side by side, numbers in the last axis.

A lane first goes on with the factors of the base, which all lanes share, as long as every step contracts (the
chord method); then with factors of its own. No lane sees what another does.

Source: Tinney and Hart (1967), Power flow solution by Newton's method; Kelley (1995), Iterative methods for
linear and nonlinear equations, section 5.4.
"""

import math
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.lane_numbers import cross, least, ratio
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.num.jit import inlined, kernel
from genba.num.lu.factor import HOLDS, Factors, factorize_lanes, factors_of
from genba.num.lu.lanes import (
    LANES,
    Lane,
    difference,
    every,
    larger,
    load,
    multiple,
    plus,
    product,
    scaled,
    store,
    times,
    total,
)
from genba.num.lu.solve import solve_each_lane, solve_lanes
from genba.num.lu.structure import Structure

CONTRACTS = 0.3
"""A lane keeps the factors of the base while a step leaves less than this share of the norm."""
WIDEST = 4.0
"""Change of an angle beyond which a step is hopeless, rad; the polynomials of a turn hold to there."""
RUNNING, SOLVED, STOPPED = 0, 1, 2
"""What a lane is."""


class Grid(NamedTuple):
    """What all lanes share; n buses, nnz entries of Y.

    Arguments:
        structure: order of elimination and pattern of the Jacobian's factors.
        indptr: first entry of Y's rows, shape (n + 1,).
        cols: column of each entry, shape (nnz,).
        diagonal: entry of each bus on the diagonal, shape (n,).
        island: island of each bus, 0 when de-energised.
        free_angle: 1 where a bus's angle is unknown, else 0, shape (n,).
        distributed: whether more than the reference buses produce slack.
        factors: those of the base's Jacobian.
    """

    structure: Structure
    indptr: Ints
    cols: Ints
    diagonal: Ints
    island: Ints
    free_angle: Floats
    distributed: bool
    factors: Factors


class Task(NamedTuple):
    """What each lane is to solve.

    Arguments:
        y: entries of Y, real and imaginary, shape (nnz, 2), or (nnz, 2, 8) where they differ by lane.
        scheduled: power injected by units less demand, active and reactive, shape (2, n, 8), p.u.
        free_magnitude: 1 where a bus's magnitude is unknown, else 0, shape (1, n, 8).
        share: what part of its island's slack a bus produces, shape (1, n, 8).
    """

    y: Floats
    scheduled: Floats
    free_magnitude: Floats
    share: Floats


class Work(NamedTuple):
    """Where the lanes stand, and room. The first axis of some is 2: where they stand, and what is tried.

    Arguments:
        polar: angles and magnitudes, shape (2, 2, n, 8).
        v: real and imaginary voltages, shape (2, 2, n, 8).
        excess: power beyond what is scheduled, slack included, shape (2, 2, n, 8).
        slack: power that each island's units add, shape (2, islands + 1, 8).
        sizes: largest mismatch and norm, shape (2, 2, 8).
        status: RUNNING, SOLVED or STOPPED, shape (8,).
        chord: whether a lane still goes on with the factors of the base, shape (8,).
        counts: steps, shape (8,), then factorisations, shape (8,), then where they stand (0 or 1).
        length: share of a step that is tried, shape (8,).
        turn: changes of angle and magnitude that are tried, shape (2, n, 8).
        step: by position, shape (n, 2, 8).
        answer: step per unit of slack, by position, shape (n, 2, 8).
        felt: how slack answers to a step and to itself, shape (2, islands + 1, 8).
        blocks: the Jacobians, shape (nnz, 4, 8).
        factors: theirs.
        failed: position without an inverse, shape (8,).
    """

    polar: Floats
    v: Floats
    excess: Floats
    slack: Floats
    sizes: Floats
    status: Ints
    chord: Ints
    counts: Ints
    length: Floats
    turn: Floats
    step: Floats
    answer: Floats
    felt: Floats
    blocks: Floats
    factors: Factors
    failed: Ints


class First(NamedTuple):
    """Where the lanes begin.

    Arguments:
        vm: first magnitudes, shape (n, 8).
        angles: first angles, their cosines and sines, which all share, shape (3, n).
        status: RUNNING for lanes that take part, shape (8,).
        chord: 1 for lanes whose unknowns are those of the base's factors, shape (8,).
        again: whether to keep the angles where the lanes stand instead.
    """

    vm: Floats
    angles: Floats
    status: Ints
    chord: Ints
    again: bool


class Ended(NamedTuple):
    """States of lanes that have ended.

    Arguments:
        v: real and imaginary voltages, shape (2, n, 8).
        polar: angles and magnitudes, shape (2, n, 8).
        excess: power that leaves each bus beyond what is scheduled, slack included, shape (2, n, 8).
        slack: power that each island's units add, shape (islands + 1, 8).
    """

    v: Floats
    polar: Floats
    excess: Floats
    slack: Floats


def work_of(grid: Grid) -> Work:
    """Give room for eight lanes."""
    n, entries, islands = len(grid.diagonal), len(grid.cols), int(grid.island.max(initial=0)) + 1
    return Work(
        polar=np.empty((2, 2, n, LANES)),
        v=np.empty((2, 2, n, LANES)),
        excess=np.empty((2, 2, n, LANES)),
        slack=np.empty((2, islands, LANES)),
        sizes=np.empty((2, 2, LANES)),
        status=np.empty(LANES, np.int64),
        chord=np.empty(LANES, np.int64),
        counts=np.empty(2 * LANES + 1, np.int64),
        length=np.empty(LANES),
        turn=np.empty((2, n, LANES)),
        step=np.empty((n, 2, LANES)),
        answer=np.empty((n, 2, LANES)),
        felt=np.empty((2, islands, LANES)),
        blocks=np.empty((entries, 4, LANES)),
        factors=factors_of(grid.structure, lanes=True),
        failed=np.empty(LANES, np.int64),
    )


@kernel
def _begin(grid: Grid, task: Task, work: Work, first: First) -> None:
    """Start the lanes."""
    at, vm, angles = work.counts[2 * LANES] if first.again else 0, first.vm, first.angles
    work.counts[:] = 0
    for lane in range(LANES):
        work.status[lane], work.chord[lane] = first.status[lane], first.chord[lane]
    for i in range(len(vm)):
        if first.again:
            _stretch(work, vm, at, i)
        else:
            for lane in range(LANES):
                work.polar[0, 0, i, lane], work.polar[0, 1, i, lane] = angles[0, i], vm[i, lane]
                work.v[0, 0, i, lane] = vm[i, lane] * angles[1, i]
                work.v[0, 1, i, lane] = vm[i, lane] * angles[2, i]
    _evaluate(grid, task, task.y, work, 0)
    if grid.distributed:
        _write_answer(grid, task, work)
        solve_lanes(grid.structure, grid.factors, work.answer)


@kernel
def _stretch(work: Work, vm: Floats, at: int, i: int) -> None:
    """Give a bus new magnitudes at the angles where the lanes stand."""
    for lane in range(LANES):
        size = vm[i, lane] / work.polar[at, 1, i, lane]
        work.polar[0, 0, i, lane], work.polar[0, 1, i, lane] = work.polar[at, 0, i, lane], vm[i, lane]
        work.v[0, 0, i, lane] = size * work.v[at, 0, i, lane]
        work.v[0, 1, i, lane] = size * work.v[at, 1, i, lane]


@kernel
def advance(
    grid: Grid,
    task: Task,
    work: Work,
    first: First,
    afresh: bool,
    tolerance: float,
    factorisations: int,
    smallest_step: float,
    most: int,
) -> bool:
    """Go at most `most` steps on; tell whether a lane still runs.

    Arguments:
        grid: what all share.
        task: what each is to solve.
        work: where they stand.
        first: where they begin.
        afresh: whether they do now.
        tolerance: largest mismatch accepted.
        factorisations: how many steps with factors of its own a lane may take.
        smallest_step: share of a step below which the search for less mismatch is given up.
        most: steps.
    """
    if afresh:
        _begin(grid, task, work, first)
    for _ in range(most):
        running, chords = _judge(work, tolerance, factorisations)
        if running == 0:
            return False
        if chords > 0:
            _chord_step(grid, task, work)
        else:
            _own_step(grid, task, work, smallest_step)
    running, _ = _judge(work, tolerance, factorisations)
    return running > 0


@kernel
def keep(work: Work, lanes: Bools, v: Floats, polar: Floats, excess: Floats, slack: Floats) -> None:
    """Copy where some lanes stand."""
    at = work.counts[2 * LANES]
    for lane in range(LANES):
        if not lanes[lane]:
            continue
        for part in range(2):
            for i in range(polar.shape[1]):
                v[part, i, lane] = work.v[at, part, i, lane]
                polar[part, i, lane] = work.polar[at, part, i, lane]
                excess[part, i, lane] = work.excess[at, part, i, lane]
        for island in range(len(slack)):
            slack[island, lane] = work.slack[at, island, lane]


@kernel
def standing(polar: Floats, island: Ints, lowest: float) -> Bools:
    """Tell in which lanes no energised bus has collapsed, shape (8,)."""
    stands = every(math.inf)
    for i in range(len(island)):
        if island[i] > 0:
            stands = least(load(polar, 1, i), stands)
    found = np.empty(LANES, np.bool_)
    for lane in range(LANES):
        found[lane] = stands[lane] >= lowest
    return found


@kernel
def _judge(work: Work, tolerance: float, factorisations: int) -> tuple[int, int]:
    """End lanes that are solved or out of budget; count those that run, and those on the base's factors."""
    at, running, chords = work.counts[2 * LANES], 0, 0
    for lane in range(LANES):
        if work.status[lane] != RUNNING:
            continue
        if work.sizes[at, 0, lane] <= tolerance:
            work.status[lane] = SOLVED
        elif work.counts[LANES + lane] == factorisations or not math.isfinite(work.sizes[at, 1, lane]):
            work.status[lane] = STOPPED
        else:
            running += 1
            chords += work.chord[lane]
    return running, chords


@kernel
def _chord_step(grid: Grid, task: Task, work: Work) -> None:
    """Take a step with the factors of the base in every lane that uses them."""
    at = work.counts[2 * LANES]
    for lane in range(LANES):
        moves = work.status[lane] == RUNNING and work.chord[lane] == 1
        work.length[lane] = 1.0 if moves else 0.0
    _write_step(grid, task, work)
    solve_lanes(grid.structure, grid.factors, work.step)
    if grid.distributed:
        _with_slack(grid, task, work)
    _try(grid, task, work)
    taken = True
    for lane in range(LANES):
        if work.length[lane] == 0.0:
            continue
        work.counts[lane] += 1
        before, after = work.sizes[at, 1, lane], work.sizes[1 - at, 1, lane]
        if not after < CONTRACTS * before:
            work.chord[lane] = 0
        if not after < before:
            work.length[lane] = 0.0
            taken = False
    _take(work, taken)


@kernel
def _own_step(grid: Grid, task: Task, work: Work, smallest_step: float) -> None:
    """Take a step with a factorisation of its own in every lane that runs."""
    at = work.counts[2 * LANES]
    _fill(grid, task, task.y, work)
    factorize_lanes(grid.structure, work.blocks, work.factors, work.failed)
    for lane in range(LANES):
        if work.status[lane] == RUNNING and work.failed[lane] != HOLDS:
            work.status[lane] = STOPPED
        work.length[lane] = 1.0 if work.status[lane] == RUNNING else 0.0
    if grid.distributed:
        _write_answer(grid, task, work)
        solve_each_lane(grid.structure, work.factors, work.answer)
    _write_step(grid, task, work)
    solve_each_lane(grid.structure, work.factors, work.step)
    if grid.distributed:
        _with_slack(grid, task, work)
    for lane in range(LANES):
        if work.length[lane] > 0.0:
            work.counts[lane] += 1
            work.counts[LANES + lane] += 1
        else:
            work.step[:, :, lane] = 0.0  # what a lane without factors solved is no step
    _descend(grid, task, work, at, smallest_step)


@kernel
def _descend(grid: Grid, task: Task, work: Work, at: int, smallest_step: float) -> None:
    """Try the step, halving it in each lane until its norm falls; a lane where it never does stops."""
    while True:
        _try(grid, task, work)
        again = False
        for lane in range(LANES):
            if work.length[lane] == 0.0 or work.sizes[1 - at, 1, lane] < work.sizes[at, 1, lane]:
                continue
            work.length[lane] /= 2.0
            again = True
            if work.length[lane] < smallest_step:
                work.length[lane] = 0.0
                work.status[lane] = STOPPED
                work.step[:, :, lane] = 0.0
        if not again:
            break
    _take(work, True)


@kernel
def _take(work: Work, all_lanes: bool) -> None:
    """Move to what was tried; lanes of length 0 stay where they were."""
    at = work.counts[2 * LANES]
    if not all_lanes:
        for lane in range(LANES):
            if work.length[lane] == 0.0:
                _copy(work, at, 1 - at, lane)
    work.counts[2 * LANES] = 1 - at


@kernel
def _copy(work: Work, source: int, target: int, lane: int) -> None:
    """Copy what a buffer holds of a lane to the other."""
    for part in range(2):
        for i in range(work.polar.shape[2]):
            work.polar[target, part, i, lane] = work.polar[source, part, i, lane]
            work.v[target, part, i, lane] = work.v[source, part, i, lane]
            work.excess[target, part, i, lane] = work.excess[source, part, i, lane]
        work.sizes[target, part, lane] = work.sizes[source, part, lane]
    for island in range(work.slack.shape[1]):
        work.slack[target, island, lane] = work.slack[source, island, lane]


@kernel
def _write_step(grid: Grid, task: Task, work: Work) -> None:
    """Write what the step of each moving lane has to cancel, by position."""
    at = work.counts[2 * LANES]
    excess, moves = work.excess[at], _moving(work.length)
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        store(work.step, place, 0, multiple(-grid.free_angle[i], product(moves, load(excess, 0, i))))
        free = product(moves, load(task.free_magnitude, 0, i))
        store(work.step, place, 1, multiple(-1.0, product(free, load(excess, 1, i))))


@kernel
def _write_answer(grid: Grid, task: Task, work: Work) -> None:
    """Write what one unit of every island's slack does, by position."""
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        store(work.answer, place, 0, multiple(grid.free_angle[i], load(task.share, 0, i)))
        store(work.answer, place, 1, every(0.0))


@inlined
def _lengths(length: Floats) -> Lane:
    """Give the lengths as lanes."""
    return (
        length[0],
        length[1],
        length[2],
        length[3],
        length[4],
        length[5],
        length[6],
        length[7],
    )


@inlined
def _moving(length: Floats) -> Lane:
    """Give 1 for each lane that moves, else 0."""
    return (
        1.0 if length[0] > 0.0 else 0.0,
        1.0 if length[1] > 0.0 else 0.0,
        1.0 if length[2] > 0.0 else 0.0,
        1.0 if length[3] > 0.0 else 0.0,
        1.0 if length[4] > 0.0 else 0.0,
        1.0 if length[5] > 0.0 else 0.0,
        1.0 if length[6] > 0.0 else 0.0,
        1.0 if length[7] > 0.0 else 0.0,
    )


@kernel
def _try(grid: Grid, task: Task, work: Work) -> None:
    """Go each lane's length along its step (0 in lanes of length 0), and measure what is wrong there."""
    at, length = work.counts[2 * LANES], _lengths(work.length)
    before, after = work.polar[at], work.polar[1 - at]
    widest, lowest = every(0.0), every(math.inf)
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        angle = product(length, load(work.step, place, 0))
        size = product(length, load(work.step, place, 1))
        moved_angle, moved_size = total(load(before, 0, i), angle), total(load(before, 1, i), size)
        store(work.turn, 0, i, angle)
        store(after, 0, i, moved_angle)
        store(after, 1, i, moved_size)
        widest = larger(widest, angle)
        lowest = least(lowest, moved_size)
    _turned(
        before[1].ravel(),
        work.turn[0].ravel(),
        after[1].ravel(),
        work.v[at, 0].ravel(),
        work.v[at, 1].ravel(),
        work.v[1 - at, 0].ravel(),
        work.v[1 - at, 1].ravel(),
    )
    _evaluate(grid, task, task.y, work, 1 - at)
    for lane in range(LANES):
        if not (widest[lane] <= WIDEST and lowest[lane] > 0.0):  # a NaN is neither
            work.sizes[1 - at, 1, lane] = math.inf


@kernel
def _turned(
    before: Floats, turn: Floats, after: Floats, re: Floats, im: Floats, new_re: Floats, new_im: Floats
) -> None:
    """Turn and stretch voltages; the turn by polynomials of an eighth of it, doubled three times."""
    for f in range(len(turn)):
        x = 0.125 * turn[f]
        h = x * x
        s = x * (1 - h / 6 * (1 - h / 20 * (1 - h / 42 * (1 - h / 72 * (1 - h / 110 * (1 - h / 156))))))
        c = 1 - h / 2 * (1 - h / 12 * (1 - h / 30 * (1 - h / 56 * (1 - h / 90 * (1 - h / 132)))))
        s, c = 2 * s * c, 1 - 2 * s * s
        s, c = 2 * s * c, 1 - 2 * s * s
        s, c = 2 * s * c, 1 - 2 * s * s
        size = after[f] / before[f]
        new_re[f] = size * (c * re[f] - s * im[f])
        new_im[f] = size * (s * re[f] + c * im[f])


@kernel
def _evaluate(grid: Grid, task: Task, y: Floats, work: Work, which: int) -> None:
    """Give excess, slack, largest mismatch and norm of the voltages in a buffer."""
    v, excess, slack = work.v[which], work.excess[which], work.slack[which]
    slack[:, :] = 0.0
    for i in range(len(grid.diagonal)):
        island = grid.island[i]
        if island == 0:
            store(excess, 0, i, every(0.0))
            store(excess, 1, i, every(0.0))
            continue
        current_re, current_im = every(0.0), every(0.0)
        for k in range(grid.indptr[i], grid.indptr[i + 1]):
            re, im = load(v, 0, grid.cols[k]), load(v, 1, grid.cols[k])
            if y.ndim == 2:
                current_re = plus(current_re, y[k, 0], re, -y[k, 1], im)
                current_im = plus(current_im, y[k, 0], im, y[k, 1], re)
            else:
                y_re, y_im = load(y, k, 0), load(y, k, 1)
                current_re = total(current_re, cross(y_re, re, y_im, im))
                current_im = total(current_im, times(y_re, im, y_im, re))
        re, im = load(v, 0, i), load(v, 1, i)
        p = difference(times(re, current_re, im, current_im), load(task.scheduled, 0, i))
        q = difference(cross(im, current_re, re, current_im), load(task.scheduled, 1, i))
        store(excess, 0, i, p)
        store(excess, 1, i, q)
        felt = p if grid.distributed else product(p, load(task.share, 0, i))
        for lane in range(LANES):
            slack[island, lane] += felt[lane]
    _sum_up(grid, task, work, which)


@kernel
def _sum_up(grid: Grid, task: Task, work: Work, which: int) -> None:
    """Take the slack off the excess, and give its largest entry and its norm."""
    excess, slack = work.excess[which], work.slack[which : which + 1]
    squares, worst = every(0.0), every(0.0)
    for i in range(len(grid.diagonal)):
        taken = product(load(task.share, 0, i), load(slack, 0, grid.island[i]))
        p = difference(load(excess, 0, i), taken)
        store(excess, 0, i, p)
        q = product(load(excess, 1, i), load(task.free_magnitude, 0, i))
        squares = total(squares, times(p, p, q, q))
        worst = larger(larger(worst, p), q)
    for lane in range(LANES):
        work.sizes[which, 0, lane] = worst[lane]
        work.sizes[which, 1, lane] = math.sqrt(squares[lane])


@kernel
def _fill(grid: Grid, task: Task, y: Floats, work: Work) -> None:
    """Write the Jacobian of every lane as blocks."""
    at, blocks = work.counts[2 * LANES], work.blocks
    v, polar, free = work.v[at], work.polar[at], task.free_magnitude
    for i in range(len(grid.diagonal)):
        re, im, m, a = load(v, 0, i), load(v, 1, i), load(free, 0, i), grid.free_angle[i]
        p, q = every(0.0), every(0.0)
        for k in range(grid.indptr[i], grid.indptr[i + 1]):
            j = grid.cols[k]
            other_re, other_im = load(v, 0, j), load(v, 1, j)
            if y.ndim == 2:
                current_re = scaled(y[k, 0], other_re, -y[k, 1], other_im)
                current_im = scaled(y[k, 0], other_im, y[k, 1], other_re)
            else:
                current_re = cross(load(y, k, 0), other_re, load(y, k, 1), other_im)
                current_im = times(load(y, k, 0), other_im, load(y, k, 1), other_re)
            s_re = times(re, current_re, im, current_im)
            s_im = cross(im, current_re, re, current_im)
            p, q = total(p, s_re), total(q, s_im)
            by_angle, by_magnitude = grid.free_angle[j], ratio(load(free, 0, j), load(polar, 1, j))
            store(blocks, k, 0, multiple(a * by_angle, s_im))
            store(blocks, k, 1, multiple(a, product(s_re, by_magnitude)))
            store(blocks, k, 2, multiple(-by_angle, product(m, s_re)))
            store(blocks, k, 3, product(m, product(s_im, by_magnitude)))
        k, size = grid.diagonal[i], ratio(m, load(polar, 1, i))
        one = every(1.0)
        store(blocks, k, 0, total(load(blocks, k, 0), scaled(1.0 - a, one, -a, q)))
        store(blocks, k, 1, total(load(blocks, k, 1), multiple(a, product(p, size))))
        store(blocks, k, 2, total(load(blocks, k, 2), multiple(a, product(p, m))))
        store(blocks, k, 3, total(load(blocks, k, 3), total(difference(one, m), product(q, size))))


@kernel
def _with_slack(grid: Grid, task: Task, work: Work) -> None:
    """Let each island's slack answer to the step (Sherman and Morrison's formula)."""
    _felt(grid, task.y, work, work.step, work.felt[0])
    _felt(grid, task.y, work, work.answer, work.felt[1])
    for i in range(len(grid.diagonal)):
        island, place = grid.island[i], grid.structure.position[i]
        if island == 0:
            continue
        for lane in range(LANES):
            extra = work.felt[0, island, lane] / (1.0 - work.felt[1, island, lane])
            work.step[place, 0, lane] += work.answer[place, 0, lane] * extra
            work.step[place, 1, lane] += work.answer[place, 1, lane] * extra


@kernel
def _felt(grid: Grid, y: Floats, work: Work, step: Floats, felt: Floats) -> None:
    """Give the change of active power that all buses of an island see along a step, by island and lane."""
    at = work.counts[2 * LANES]
    v, polar, moved = work.v[at], work.polar[at], work.turn
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        size, turn = ratio(load(step, place, 1), load(polar, 1, i)), load(step, place, 0)
        store(moved, 0, i, cross(size, load(v, 0, i), turn, load(v, 1, i)))
        store(moved, 1, i, times(size, load(v, 1, i), turn, load(v, 0, i)))
    felt[:, :] = 0.0
    for i in range(len(grid.diagonal)):
        if grid.island[i] == 0:
            continue
        current_re, current_im, other_re, other_im = every(0.0), every(0.0), every(0.0), every(0.0)
        for k in range(grid.indptr[i], grid.indptr[i + 1]):
            j = grid.cols[k]
            if y.ndim == 2:
                y_re, y_im = every(y[k, 0]), every(y[k, 1])
            else:
                y_re, y_im = load(y, k, 0), load(y, k, 1)
            current_re = total(current_re, cross(y_re, load(v, 0, j), y_im, load(v, 1, j)))
            current_im = total(current_im, times(y_re, load(v, 1, j), y_im, load(v, 0, j)))
            other_re = total(other_re, cross(y_re, load(moved, 0, j), y_im, load(moved, 1, j)))
            other_im = total(other_im, times(y_re, load(moved, 1, j), y_im, load(moved, 0, j)))
        own = times(load(moved, 0, i), current_re, load(moved, 1, i), current_im)
        change = total(own, times(load(v, 0, i), other_re, load(v, 1, i), other_im))
        for lane in range(LANES):
            felt[grid.island[i], lane] += change[lane]
