"""The equations of eight power flows side by side: mismatch, Jacobian, and how slack answers to a step."""

import math

from genba.grid.kernels.lane_numbers import cross, ratio
from genba.grid.kernels.lane_states import Grid, Task, Work
from genba.grid.kernels.network import Floats
from genba.num.jit import borrowing
from genba.num.lu.lanes import (
    LANES,
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


@borrowing
def evaluate(grid: Grid, task: Task, y: Floats, work: Work, which: int) -> None:
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


@borrowing
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


@borrowing
def fill(grid: Grid, task: Task, y: Floats, work: Work) -> None:
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


@borrowing
def felt(grid: Grid, y: Floats, work: Work, step: Floats, seen: Floats) -> None:
    """Give the change of active power that all buses of an island see along a step, by island and lane."""
    at = work.counts[2 * LANES]
    v, polar, moved = work.v[at], work.polar[at], work.turn
    for i in range(len(grid.diagonal)):
        place = grid.structure.position[i]
        size, turn = ratio(load(step, place, 1), load(polar, 1, i)), load(step, place, 0)
        store(moved, 0, i, cross(size, load(v, 0, i), turn, load(v, 1, i)))
        store(moved, 1, i, times(size, load(v, 1, i), turn, load(v, 0, i)))
    seen[:, :] = 0.0
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
            seen[grid.island[i], lane] += change[lane]
