"""Newton's method for eight power flows of one grid side by side, numbers in the last axis.

A lane first goes on with the factors of the base, which all lanes share, as long as every step contracts (the
chord method); then with factors of its own, which it keeps by the same rule. New ones are made when no lane
goes on with those that it has, so that no lane sees what another does.

Source: Tinney and Hart (1967), Power flow solution by Newton's method; Kelley (1995), Iterative methods for
linear and nonlinear equations, section 5.4.
"""

import math

from genba.grid.kernels.lane_equations import evaluate, felt, fill
from genba.grid.kernels.lane_numbers import least
from genba.grid.kernels.lane_states import NO_FACTORS, OWN, RUNNING, SOLVED, STOPPED, First, Grid, Task, Work
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.num.jit import borrowing, inlined
from genba.num.lu.factor import HOLDS, factorize_lanes
from genba.num.lu.lanes import (
    LANES,
    Lane,
    every,
    larger,
    load,
    multiple,
    product,
    store,
    total,
)
from genba.num.lu.solve import solve_each_lane, solve_lanes

CONTRACTS = 0.3
"""A lane keeps the factors that it has while a step leaves less than this share of the norm."""
WIDEST = 4.0
"""Change of an angle beyond which a step is hopeless, rad; the polynomials of a turn hold to there."""


@borrowing
def _begin(grid: Grid, task: Task, work: Work, first: First) -> None:
    """Start the lanes."""
    at, vm, angles = work.counts[2 * LANES] if first.again else 0, first.vm, first.angles
    work.counts[:] = 0
    for lane in range(LANES):
        work.status[lane], work.chord[lane] = first.status[lane], first.chord[lane]
    for i in range(vm.shape[1]):
        if first.again:
            _stretch(work, vm, at, i)
        else:
            size = load(vm, 0, i)
            store(work.polar[0], 0, i, every(angles[0, i]))
            store(work.polar[0], 1, i, size)
            store(work.v[0], 0, i, multiple(angles[1, i], size))
            store(work.v[0], 1, i, multiple(angles[2, i], size))
    evaluate(grid, task, task.y, work, 0)
    if grid.distributed:
        _write_answer(grid, task, work)
        solve_lanes(grid.structure, grid.factors, work.answer)


@borrowing
def _stretch(work: Work, vm: Floats, at: int, i: int) -> None:
    """Give a bus new magnitudes at the angles where the lanes stand."""
    for lane in range(LANES):
        size = vm[0, i, lane] / work.polar[at, 1, i, lane]
        work.polar[0, 0, i, lane], work.polar[0, 1, i, lane] = work.polar[at, 0, i, lane], vm[0, i, lane]
        work.v[0, 0, i, lane] = size * work.v[at, 0, i, lane]
        work.v[0, 1, i, lane] = size * work.v[at, 1, i, lane]


@borrowing
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
    fresh: int,
) -> bool:
    """Go at most `most` steps on, `fresh` of them with new factors; tell whether a lane still runs.

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
        fresh: steps with new factors. What a lane does does not depend on the others even where such a limit
            parts its steps into calls that each begin afresh, if lanes have no factors when they begin.
    """
    if afresh:
        _begin(grid, task, work, first)
    for _ in range(most):
        running, kept = _judge(work, tolerance, factorisations)
        if not running:
            return False
        if kept == NO_FACTORS:
            if fresh == 0:
                return True
            fresh -= 1
            _own_step(grid, task, work, smallest_step)
        else:
            _chord_step(grid, task, work, kept == OWN)
    running, _ = _judge(work, tolerance, factorisations)
    return running


@borrowing
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


@borrowing
def standing(polar: Floats, island: Ints, lowest: float, found: Bools) -> None:
    """Write in which lanes no energised bus has collapsed, shape (8,)."""
    stands = every(math.inf)
    for i in range(len(island)):
        if island[i] > 0:
            stands = least(load(polar, 1, i), stands)
    for lane in range(LANES):
        found[lane] = stands[lane] >= lowest


@borrowing
def _judge(work: Work, tolerance: float, factorisations: int) -> tuple[bool, int]:
    """End lanes that are solved or out of budget; tell whether any runs, and which factors are in use."""
    at, running, kept = work.counts[2 * LANES], False, NO_FACTORS
    for lane in range(LANES):
        if work.status[lane] != RUNNING:
            continue
        spent = work.counts[LANES + lane] == factorisations and work.chord[lane] == NO_FACTORS
        if work.sizes[at, 0, lane] <= tolerance:
            work.status[lane] = SOLVED
        elif spent or not math.isfinite(work.sizes[at, 1, lane]):
            work.status[lane] = STOPPED
        else:
            running, kept = True, max(kept, work.chord[lane])
    return running, kept


@borrowing
def _chord_step(grid: Grid, task: Task, work: Work, own: bool) -> None:
    """Take a step in every lane that goes on with the factors it has: all their own, or all the base's."""
    at = work.counts[2 * LANES]
    for lane in range(LANES):
        moves = work.status[lane] == RUNNING and work.chord[lane] != NO_FACTORS
        work.length[lane] = 1.0 if moves else 0.0
    _write_step(grid, task, work)
    if own:
        solve_each_lane(grid.structure, work.factors, work.step)
    else:
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
            work.chord[lane] = NO_FACTORS
        if not after < before:
            work.length[lane] = 0.0
            taken = False
    _take(work, taken)


@borrowing
def _own_step(grid: Grid, task: Task, work: Work, smallest_step: float) -> None:
    """Take a step with a factorisation of its own in every lane that runs."""
    at = work.counts[2 * LANES]
    fill(grid, task, task.y, work)
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
    for lane in range(LANES):
        contracts = work.sizes[1 - at, 1, lane] < CONTRACTS * work.sizes[at, 1, lane]
        work.chord[lane] = OWN if work.status[lane] == RUNNING and contracts else NO_FACTORS


@borrowing
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


@borrowing
def _take(work: Work, all_lanes: bool) -> None:
    """Move to what was tried; lanes of length 0 stay where they were."""
    at = work.counts[2 * LANES]
    if not all_lanes:
        for lane in range(LANES):
            if work.length[lane] == 0.0:
                _copy(work, at, 1 - at, lane)
    work.counts[2 * LANES] = 1 - at


@borrowing
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


@borrowing
def _write_step(grid: Grid, task: Task, work: Work) -> None:
    """Write what the step of each moving lane has to cancel, by position."""
    at = work.counts[2 * LANES]
    excess, moves = work.excess[at], _moving(work.length)
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        store(work.step, place, 0, multiple(-grid.free_angle[i], product(moves, load(excess, 0, i))))
        free = product(moves, load(task.free_magnitude, 0, i))
        store(work.step, place, 1, multiple(-1.0, product(free, load(excess, 1, i))))


@borrowing
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


@borrowing
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
    polar, v = work.flat.polar, work.flat.v
    _turned(polar[at, 1], work.flat.turn[0], polar[1 - at, 1], v[at, 0], v[at, 1], v[1 - at, 0], v[1 - at, 1])
    evaluate(grid, task, task.y, work, 1 - at)
    for lane in range(LANES):
        if not (widest[lane] <= WIDEST and lowest[lane] > 0.0):  # a NaN is neither
            work.sizes[1 - at, 1, lane] = math.inf


@borrowing
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


@borrowing
def _with_slack(grid: Grid, task: Task, work: Work) -> None:
    """Let each island's slack answer to the step (Sherman and Morrison's formula)."""
    felt(grid, task.y, work, work.step, work.felt[0])
    felt(grid, task.y, work, work.answer, work.felt[1])
    for i in range(len(grid.diagonal)):
        island, place = grid.island[i], grid.structure.position[i]
        if island == 0:
            continue
        for lane in range(LANES):
            extra = work.felt[0, island, lane] / (1.0 - work.felt[1, island, lane])
            work.step[place, 0, lane] += work.answer[place, 0, lane] * extra
            work.step[place, 1, lane] += work.answer[place, 1, lane] * extra
