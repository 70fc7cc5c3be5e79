"""Limits of eight outages side by side: which lanes come near one, and what those that pass one show."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.limits import RATING, VMIN, Limits
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Branches
from genba.num.jit import borrowing, inlined
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
)

LanePair = tuple[Lane, Lane]


class Watch(NamedTuple):
    """What counts as a violation after an outage; limits are numbered as in `Limits`.

    Arguments:
        branch: branch row of each rating, shape (r,).
        most: apparent power beyond which it counts, shape (r,), p.u.
        low: voltage below which it counts, 0 for none, shape (n,), p.u.
        high: voltage above which it counts, infinite for none, shape (n,), p.u.
        low_limit: number of the lower limit of each position, shape (n,).
        high_limit: number of the upper limit.
        free: 1 where the voltage is not held, else 0, shape (n,).
    """

    branch: Ints
    most: Floats
    low: Floats
    high: Floats
    low_limit: Ints
    high_limit: Ints
    free: Floats


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


def watch_of(limits: Limits, base: Floats, point: Point, *, band: float, worse_by: float) -> Watch:
    """Give from where a limit counts as newly broken.

    Arguments:
        limits: k limits.
        base: excess of each in the base, shape (k,), %.
        point: the base by position.
        band: share of a limit by which rounding may pass it.
        worse_by: growth of the excess from which a limit broken in the base counts, %.
    """
    n, position = len(point.live), point.structure.position
    with np.errstate(invalid="ignore"):
        allowed = np.where(base > 100.0 * band, np.maximum(base + worse_by, 100.0 * band), 100.0 * band)
    below = limits.kind == VMIN
    border = limits.limit * (1.0 + np.where(below, -1.0, 1.0) * allowed / 100.0)
    number = np.arange(len(limits.kind))
    rating, above = limits.kind == RATING, (limits.kind != RATING) & ~below
    low, high = np.zeros(n), np.full(n, np.inf)
    low_limit, high_limit = np.full(n, -1), np.full(n, -1)
    low[position[limits.row[below]]], low_limit[position[limits.row[below]]] = border[below], number[below]
    high[position[limits.row[above]]], high_limit[position[limits.row[above]]] = border[above], number[above]
    return Watch(
        limits.row[rating], border[rating], low, high, low_limit, high_limit, point.free[:, 1].copy()
    )


def hits_of(rows: int) -> Hits:
    """Give room for violations."""
    return Hits(np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows), np.zeros(1, np.int64))


class Nearness(NamedTuple):
    """How close to a limit lanes may come, and which do.

    Arguments:
        margin: of apparent powers, and of voltages that are not held, in each lane, shape (1, 2, 8), p.u.
        wanted: lanes to be judged, shape (8,).
        near: lanes within their margin of a limit, or beyond it, shape (8,).
        square: room for a square and its border, shape (1, 2, 8).
        lowest: smallest square of a voltage that is not 0, shape (1, 1, 8), p.u.
    """

    margin: Floats
    wanted: Bools
    near: Bools
    square: Floats
    lowest: Floats


def nearness_of() -> Nearness:
    """Give room for eight lanes, without margins."""
    return Nearness(
        margin=np.zeros((1, 2, LANES)),
        wanted=np.zeros(LANES, bool),
        near=np.zeros(LANES, bool),
        square=np.zeros((1, 2, LANES)),
        lowest=np.zeros((1, 1, LANES)),
    )


@inlined
def squared(y: Floats, row: int, own: int, other: int, v: LanePair, w: LanePair) -> Lane:
    """Give the squared apparent power at an end of voltage v, that of the other end being w."""
    a, b, c, d = y[row, own], y[row, own + 1], y[row, other], y[row, other + 1]
    real = plus(scaled(a, v[0], -b, v[1]), c, w[0], -d, w[1])
    imaginary = plus(scaled(a, v[1], b, v[0]), c, w[1], d, w[0])
    return product(times(v[0], v[0], v[1], v[1]), times(real, real, imaginary, imaginary))


@inlined
def _border(limit: float, margin: Lane) -> Lane:
    """Give the squares of a limit less the margin of each lane."""
    kept = difference(every(limit), margin)
    return product(kept, kept)


@inlined
def _some_above(x: Lane, y: Lane) -> bool:
    return (
        x[0] > y[0]
        or x[1] > y[1]
        or x[2] > y[2]
        or x[3] > y[3]
        or x[4] > y[4]
        or x[5] > y[5]
        or x[6] > y[6]
        or x[7] > y[7]
    )


@borrowing
def judge(
    branches: Branches, watch: Watch, lost: Ints, numbers: Ints, v: Floats, to: Nearness, hits: Hits
) -> None:
    """Find what passes a limit, or comes within a margin of one.

    Arguments:
        branches: two-ports.
        watch: the limits.
        lost: branches that each outage takes, shape (k, 2).
        numbers: outage of each lane, shape (8,).
        v: voltages of the lanes, 0 at buses that are cut off, shape (n, 2, 8).
        to: which lanes are wanted, and how near; lanes that are near are marked.
        hits: where what passes is added, as far as there is room.
    """
    y, ends, flow_margin = branches.admittance, branches.ends, load(to.margin, 0, 0)
    for limit in range(len(watch.branch)):
        row = watch.branch[limit]
        i, j = ends[row, 0], ends[row, 1]
        one, other = (load(v, i, 0), load(v, i, 1)), (load(v, j, 0), load(v, j, 1))
        square = larger(squared(y, row, 0, 2, one, other), squared(y, row, 6, 4, other, one))
        border = _border(watch.most[limit], flow_margin)
        if _some_above(square, border):
            store(to.square, 0, 0, square)
            store(to.square, 0, 1, border)
            _note(lost, numbers, limit, row, to, hits)
    voltage_margin, lowest = load(to.margin, 0, 1), every(np.inf)
    for i in range(len(watch.low)):
        e, f = load(v, i, 0), load(v, i, 1)
        square = times(e, e, f, f)
        lowest = _smaller(lowest, square)
        moved = multiple(watch.free[i], voltage_margin)
        high = _border(watch.high[i], moved)
        if _some_above(square, high):
            store(to.square, 0, 0, square)
            store(to.square, 0, 1, high)
            _note(lost, numbers, watch.high_limit[i], -1, to, hits)
        low = _border(watch.low[i], multiple(-1.0, moved))
        if _some_above(low, square):
            store(to.square, 0, 1, square)
            store(to.square, 0, 0, low)
            _note_low(numbers, watch.low_limit[i], to, hits)
    store(to.lowest, 0, 0, lowest)


@inlined
def _smaller(x: Lane, y: Lane) -> Lane:
    """Give the smaller of x and y, x where y is 0: a bus that is cut off has no voltage."""
    return (
        y[0] if 0.0 < y[0] < x[0] else x[0],
        y[1] if 0.0 < y[1] < x[1] else x[1],
        y[2] if 0.0 < y[2] < x[2] else x[2],
        y[3] if 0.0 < y[3] < x[3] else x[3],
        y[4] if 0.0 < y[4] < x[4] else x[4],
        y[5] if 0.0 < y[5] < x[5] else x[5],
        y[6] if 0.0 < y[6] < x[6] else x[6],
        y[7] if 0.0 < y[7] < x[7] else x[7],
    )


@borrowing
def _note(lost: Ints, numbers: Ints, limit: int, row: int, to: Nearness, hits: Hits) -> None:
    """Note the lanes whose square is above its border, but those that have lost the branch."""
    for lane in range(LANES):
        square = to.square[0, 0, lane]
        if not to.wanted[lane] or not square > to.square[0, 1, lane]:
            continue
        one, two = lost[numbers[lane], 0], lost[numbers[lane], 1]
        if row < 0 or (row != one and row != two):
            _add(numbers[lane], limit, np.sqrt(square), hits)
            to.near[lane] = True


@borrowing
def _note_low(numbers: Ints, limit: int, to: Nearness, hits: Hits) -> None:
    """Note the lanes whose square is below its border, but those without a voltage: square second."""
    for lane in range(LANES):
        square = to.square[0, 1, lane]
        if to.wanted[lane] and 0.0 < square < to.square[0, 0, lane] and limit >= 0:
            _add(numbers[lane], limit, np.sqrt(square), hits)
            to.near[lane] = True


@borrowing
def _add(number: int, limit: int, value: float, hits: Hits) -> None:
    count = hits.used[0]
    if count < len(hits.outage):
        hits.outage[count], hits.limit[count], hits.value[count] = number, limit, value
        hits.used[0] += 1


__all__ = ["Hits", "Nearness", "Watch", "hits_of", "judge", "nearness_of", "squared", "watch_of"]
