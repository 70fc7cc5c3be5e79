"""Limits of eight outages side by side, and what those that pass one show."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.limits import RATING, VMIN
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_changes import Branches
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import (
    LANES,
    Lane,
    aligned,
    difference,
    every,
    load,
    plus,
    product,
    scaled,
    store,
    times,
)

LanePair = tuple[Lane, Lane]

TOGETHER = 16
"""Limits that are looked at together: where none of them is passed, none is looked at by itself."""


class Watch(NamedTuple):
    """What counts as a violation after an outage; limits are numbered as in `Limits`.

    Arguments:
        branch: branch row of each rating, of branches in service in the base, shape (r,).
        branch_limit: number of the limit, shape (r,).
        most: apparent power beyond which it counts, shape (r,), p.u.
        low: voltage below which it counts, 0 for none, as where nothing is energised, shape (n,), p.u.
        high: voltage above which it counts, infinite for none, shape (n,), p.u.
        low_limit: number of the lower limit of each position, shape (n,).
        high_limit: number of the upper limit.
        free: 1 where the voltage is not held, else 0, shape (n,).
        reach: of both ends of such a branch real and imaginary part of r, with which the apparent power there
            is y |v| |r v - w|, w the voltage of the other end; most / y; and 1 / y; shape (r, 2, 4).
    """

    branch: Ints
    branch_limit: Ints
    most: Floats
    low: Floats
    high: Floats
    low_limit: Ints
    high_limit: Ints
    free: Floats
    reach: Floats


class Hits(NamedTuple):
    """Limits passed, one row each.

    Arguments:
        outage: number of the outage, shape (room,).
        limit: number of the limit.
        value: what its element shows, p.u.
        used: rows in use, shape (1,).
    """

    outage: NDArray[np.int32]
    limit: NDArray[np.int32]
    value: Floats
    used: Ints


@kernel
def watch_of(
    limits: tuple[Ints, Ints, Floats, Floats],
    counting: tuple[float, float],
    position: Ints,
    free: Floats,
    admittance: Floats,
) -> Watch:
    """Give from where a limit counts as newly broken.

    Arguments:
        limits: kind, row and limit of k limits, and the excess of each in the base, %, NaN where its element
            is out of service; shape (k,) each.
        counting: share of a limit by which rounding may pass it, and growth of the excess from which a limit
            broken in the base counts, %.
        position: of each bus, shape (n,).
        free: as in `Point`, shape (n, 2).
        admittance: as in `Branches`, shape (m, 8).
    """
    (kind, row, limit, base), (band, worse_by) = limits, counting
    n, rated = len(position), 0
    branch, branch_limit, most = (
        np.empty(len(kind), np.int64),
        np.empty(len(kind), np.int64),
        np.empty(len(kind)),
    )
    low, high, held = np.zeros(n), np.full(n, np.inf), np.empty(n)
    low_limit, high_limit = np.full(n, -1), np.full(n, -1)
    for k in range(len(kind)):
        if math.isnan(base[k]):
            continue
        allowed = max(base[k] + worse_by, 100.0 * band) if base[k] > 100.0 * band else 100.0 * band
        border = limit[k] * (1.0 + (-allowed if kind[k] == VMIN else allowed) / 100.0)
        if kind[k] == VMIN:
            low[position[row[k]]], low_limit[position[row[k]]] = border, k
        elif kind[k] != RATING:
            high[position[row[k]]], high_limit[position[row[k]]] = border, k
        else:
            branch[rated], branch_limit[rated], most[rated] = row[k], k, border
            rated += 1
    for i in range(n):
        held[i] = free[i, 1]
    branch, most = branch[:rated], most[:rated]
    reach = reach_of(admittance, branch, most)
    return Watch(branch, branch_limit[:rated], most, low, high, low_limit, high_limit, held, reach)


@kernel
def reach_of(admittance: Floats, rows: Ints, most: Floats) -> Floats:
    """Give `Watch.reach` of some branches, whose apparent power counts beyond `most`, shape (r,).

    An end that nothing joins to the other has no such form: it counts as near, so that no look clears it.
    """
    reach = np.zeros((len(rows), 2, 4))
    for k in range(len(rows)):
        for end in range(2):
            own, other = (0, 2) if end == 0 else (6, 4)
            a, b = admittance[rows[k], own], admittance[rows[k], own + 1]
            c, d = admittance[rows[k], other], admittance[rows[k], other + 1]
            size = c * c + d * d
            if size > 0.0:
                reach[k, end, 0], reach[k, end, 1] = -(a * c + b * d) / size, -(b * c - a * d) / size
                reach[k, end, 2], reach[k, end, 3] = most[k] / math.sqrt(size), 1.0 / math.sqrt(size)
            else:
                reach[k, end, 2] = -1.0
    return reach


@kernel
def hits_of(rows: int) -> Hits:
    """Give room for violations."""
    return Hits(np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows), np.zeros(1, np.int64))


@kernel
def hand_over(hits: Hits, to: Hits) -> None:
    """Copy what is in use into other room, which has as much."""
    for k in range(hits.used[0]):
        to.outage[k], to.limit[k], to.value[k] = hits.outage[k], hits.limit[k], hits.value[k]
    to.used[0] = hits.used[0]


class Nearness(NamedTuple):
    """How close to a limit lanes may come, and which do.

    Arguments:
        margin: of apparent powers, and of voltages that are not held, in each lane, shape (1, 2, 8), p.u.
        wanted: lanes to be judged, shape (8,).
        near: lanes within their margin of a limit, or beyond it, shape (8,).
        beyond: lanes beyond a limit by more than their margin, shape (8,).
        over: how far, in squares, lanes are over the limits less their margin, and over those plus it: above
            0 where one is passed; shape (1, 2, 8).
        square: room for squares, shape (1, 1, 8).
        squares: of all voltages, shape (n, 1, 8), p.u.
        lowest: smallest square of a voltage that is not 0, shape (1, 1, 8), p.u.
        lost: whether some lane has lost a branch; all false between two uses, shape (m,).
    """

    margin: Floats
    wanted: Bools
    near: Bools
    beyond: Bools
    over: Floats
    square: Floats
    squares: Floats
    lowest: Floats
    lost: Bools


@kernel
def nearness_of(buses: int, branches: int) -> Nearness:
    """Give room for eight lanes of a grid with so many buses and branches, without margins."""
    return Nearness(
        margin=np.zeros((1, 2, LANES)),
        wanted=np.zeros(LANES, np.bool_),
        near=np.zeros(LANES, np.bool_),
        beyond=np.zeros(LANES, np.bool_),
        over=np.zeros((1, 2, LANES)),
        square=np.zeros((1, 1, LANES)),
        squares=aligned(buses, 1),
        lowest=np.zeros((1, 1, LANES)),
        lost=np.zeros(branches, np.bool_),
    )


@borrowing
def mark(branches: Ints, numbers: Ints, lost: bool, marks: Bools) -> None:
    """Mark the branches that eight outages take, or take the marks away."""
    for lane in range(LANES):
        for which in range(branches.shape[1]):
            row = branches[numbers[lane], which]
            if row >= 0:
                marks[row] = lost


@inlined
def squared(y: Floats, row: int, own: int, other: int, v: LanePair, w: LanePair) -> Lane:
    """Give the squared apparent power at an end of voltage v, that of the other end being w."""
    a, b, c, d = y[row, own], y[row, own + 1], y[row, other], y[row, other + 1]
    real = plus(scaled(a, v[0], -b, v[1]), c, w[0], -d, w[1])
    imaginary = plus(scaled(a, v[1], b, v[0]), c, w[1], d, w[0])
    return product(times(v[0], v[0], v[1], v[1]), times(real, real, imaginary, imaginary))


@inlined
def _flow(y: Floats, ends: Ints, row: int, v: Floats) -> Lane:
    """Give the larger squared apparent power of both ends of a branch."""
    i, j = ends[row, 0], ends[row, 1]
    one, other = (load(v, i, 0), load(v, i, 1)), (load(v, j, 0), load(v, j, 1))
    return higher(squared(y, row, 0, 2, one, other), squared(y, row, 6, 4, other, one))


@kernel
def higher(x: Lane, y: Lane) -> Lane:
    """Give the larger of x and y, y where x is none."""
    return (
        x[0] if x[0] > y[0] else y[0],
        x[1] if x[1] > y[1] else y[1],
        x[2] if x[2] > y[2] else y[2],
        x[3] if x[3] > y[3] else y[3],
        x[4] if x[4] > y[4] else y[4],
        x[5] if x[5] > y[5] else y[5],
        x[6] if x[6] > y[6] else y[6],
        x[7] if x[7] > y[7] else y[7],
    )


@kernel
def energised(square: Lane) -> Lane:
    """Give squared voltages, infinite where a bus has none."""
    return (
        square[0] if square[0] > 0.0 else np.inf,
        square[1] if square[1] > 0.0 else np.inf,
        square[2] if square[2] > 0.0 else np.inf,
        square[3] if square[3] > 0.0 else np.inf,
        square[4] if square[4] > 0.0 else np.inf,
        square[5] if square[5] > 0.0 else np.inf,
        square[6] if square[6] > 0.0 else np.inf,
        square[7] if square[7] > 0.0 else np.inf,
    )


@borrowing
def judge(
    branches: Branches, watch: Watch, lost: Ints, numbers: Ints, v: Floats, to: Nearness, hits: Hits
) -> None:
    """Find what passes a limit.

    Arguments:
        branches: two-ports.
        watch: the limits.
        lost: branches that each outage takes, shape (k, 2).
        numbers: outage of each lane, shape (8,).
        v: voltages of the lanes, 0 at buses that are cut off, shape (n, 2, 8).
        to: which lanes are wanted; how low voltages are is written.
        hits: where what passes is added, as far as there is room.
    """
    y, ends, count = branches.admittance, branches.ends, len(watch.branch)
    for first in range(0, count, TOGETHER):
        over = every(-1.0)
        for limit in range(first, min(first + TOGETHER, count)):
            square, most = _flow(y, ends, watch.branch[limit], v), watch.most[limit]
            over = higher(difference(square, every(most * most)), over)
        if not _some_above(over):
            continue
        for limit in range(first, min(first + TOGETHER, count)):
            square, most = _flow(y, ends, watch.branch[limit], v), watch.most[limit]
            if _some_above(difference(square, every(most * most))):
                store(to.square, 0, 0, square)
                _note(lost, numbers, watch.branch_limit[limit], watch.branch[limit], most * most, to, hits)
    lowest, n = every(np.inf), len(watch.low)
    for first in range(0, n, TOGETHER):
        over = every(-1.0)
        for i in range(first, min(first + TOGETHER, n)):
            e, f, low, high = load(v, i, 0), load(v, i, 1), watch.low[i], watch.high[i]
            square = times(e, e, f, f)
            standing = energised(square)
            lowest = smaller(lowest, standing)
            over = higher(difference(square, every(high * high)), over)
            over = higher(difference(every(low * low), standing), over)
        if not _some_above(over):
            continue
        for i in range(first, min(first + TOGETHER, n)):
            e, f, low, high = load(v, i, 0), load(v, i, 1), watch.low[i], watch.high[i]
            store(to.square, 0, 0, times(e, e, f, f))
            _note(lost, numbers, watch.high_limit[i], -1, high * high, to, hits)
            _note_low(numbers, watch.low_limit[i], low * low, to, hits)
    store(to.lowest, 0, 0, lowest)


@inlined
def _some_above(x: Lane) -> bool:
    """Tell whether a lane is above 0."""
    one, two = max(max(x[0], x[1]), max(x[2], x[3])), max(max(x[4], x[5]), max(x[6], x[7]))
    return max(one, two) > 0.0


@kernel
def smaller(x: Lane, y: Lane) -> Lane:
    """Give the smaller of x and y."""
    return (
        y[0] if y[0] < x[0] else x[0],
        y[1] if y[1] < x[1] else x[1],
        y[2] if y[2] < x[2] else x[2],
        y[3] if y[3] < x[3] else x[3],
        y[4] if y[4] < x[4] else x[4],
        y[5] if y[5] < x[5] else x[5],
        y[6] if y[6] < x[6] else x[6],
        y[7] if y[7] < x[7] else x[7],
    )


@borrowing
def _note(lost: Ints, numbers: Ints, limit: int, row: int, border: float, to: Nearness, hits: Hits) -> None:
    """Note the lanes whose square is above a border, but those that have lost the branch."""
    for lane in range(LANES):
        square = to.square[0, 0, lane]
        if not to.wanted[lane] or not square > border:
            continue
        one, two = lost[numbers[lane], 0], lost[numbers[lane], 1]
        if row < 0 or (row != one and row != two):
            _add(numbers[lane], limit, math.sqrt(square), hits)


@borrowing
def _note_low(numbers: Ints, limit: int, border: float, to: Nearness, hits: Hits) -> None:
    """Note the lanes whose square is below a border, but those without a voltage."""
    for lane in range(LANES):
        square = to.square[0, 0, lane]
        if to.wanted[lane] and 0.0 < square < border and limit >= 0:
            _add(numbers[lane], limit, math.sqrt(square), hits)


@borrowing
def _add(number: int, limit: int, value: float, hits: Hits) -> None:
    count = hits.used[0]
    if count < len(hits.outage):
        hits.outage[count], hits.limit[count], hits.value[count] = number, limit, value
        hits.used[0] += 1


__all__ = ["Hits", "Nearness", "Watch", "energised", "hand_over", "higher", "hits_of", "judge", "mark"]
__all__ += ["nearness_of", "reach_of", "smaller", "squared", "watch_of"]
