"""Newton steps of eight outages side by side, with the factors of the base and changes of low rank.

Source: Tinney and Hart (1967), Power flow solution by Newton's method; with constant factors: the "dishonest"
Newton of Stott (1974), Review of load-flow calculation methods.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Branches, Change, Outages, change_of, inverted
from genba.num.jit import inlined, kernel
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
    store,
    times,
    total,
    worse,
)
from genba.num.lu.solve import backward_lanes, backward_lanes_at, forward_lanes, forward_lanes_at


class Room(NamedTuple):
    """Where eight outages are at work, by position.

    Arguments:
        voltage: real and imaginary parts, shape (n, 2, 8), p.u.
        planned: power to be injected before slack, shape (n, 2, 8), p.u.
        share: part of the slack that a bus produces, shape (n, 1, 8).
        excess: power that leaves a bus beyond that, 0 where it is free to, shape (n, 2, 8), p.u.
        reactive: reactive power that leaves a bus beyond what is planned, equation or not, shape (n, 1, 8).
        step: change of angle and logarithm of the voltage, shape (n, 2, 8).
        aside: right-hand sides along `rows`; 0 between two uses, shape (n, 2, 8).
        slack: of each lane, shape (1, 1, 8), p.u.
        mismatch: largest equation of each lane, shape (8,), p.u.
        active: 1 in lanes that still move, else 0, shape (1, 1, 8).
        marked: whether a position is one of `rows`, shape (n,).
        rows: positions touched by the changes, and their ancestors, ascending, shape (n,).
        change: the changes of the lanes.
    """

    voltage: Floats
    planned: Floats
    share: Floats
    excess: Floats
    reactive: Floats
    step: Floats
    aside: Floats
    slack: Floats
    mismatch: Floats
    active: Floats
    marked: NDArray[np.bool_]
    rows: Ints
    change: Change


def room_of(point: Point) -> Room:
    """Give room for eight outages."""
    n = len(point.voltage)
    return Room(
        voltage=np.zeros((n, 2, LANES)),
        planned=np.zeros((n, 2, LANES)),
        share=np.zeros((n, 1, LANES)),
        excess=np.zeros((n, 2, LANES)),
        reactive=np.zeros((n, 1, LANES)),
        step=np.zeros((n, 2, LANES)),
        aside=np.zeros((n, 2, LANES)),
        slack=np.zeros((1, 1, LANES)),
        mismatch=np.zeros(LANES),
        active=np.zeros((1, 1, LANES)),
        marked=np.zeros(n, np.bool_),
        rows=np.zeros(n, np.int64),
        change=change_of(point),
    )


@kernel
def inject(point: Point, room: Room) -> None:
    """Give what leaves every bus beyond what is planned, with all branches of the base."""
    start, columns, y = point.start, point.columns, point.admittance
    v, planned, excess = room.voltage, room.planned, room.excess
    for i in range(len(start) - 1):
        real, imaginary = every(0.0), every(0.0)
        for place in range(start[i], start[i + 1]):
            j, g, b = columns[place], y[place, 0], y[place, 1]
            e, f = load(v, j, 0), load(v, j, 1)
            real = plus(real, g, e, -b, f)
            imaginary = plus(imaginary, g, f, b, e)
        e, f = load(v, i, 0), load(v, i, 1)
        p, q = times(e, real, f, imaginary), difference(product(f, real), product(e, imaginary))
        store(excess, i, 0, difference(p, load(planned, i, 0)))
        store(excess, i, 1, difference(q, load(planned, i, 1)))


@kernel
def take_out(branches: Branches, outages: Outages, lane: int, number: int, room: Room) -> None:
    """Take the lost branches of a lane out of the excess at their energised ends."""
    v, excess, y, ends = room.voltage, room.excess, branches.admittance, branches.ends
    for which in range(2):
        row = outages.branches[number, which]
        if row < 0:
            continue
        for end in range(2):
            if outages.keeps[number, which] & (end + 1):
                i, j = ends[row, end], ends[row, 1 - end]
                a, b = (0, 2) if end == 0 else (6, 4)
                e, f, g, h = v[i, 0, lane], v[i, 1, lane], v[j, 0, lane], v[j, 1, lane]
                real = y[row, a] * e - y[row, a + 1] * f + y[row, b] * g - y[row, b + 1] * h
                imaginary = y[row, a] * f + y[row, a + 1] * e + y[row, b] * h + y[row, b + 1] * g
                excess[i, 0, lane] -= e * real + f * imaginary
                excess[i, 1, lane] -= f * real - e * imaginary


@kernel
def keep_reactive(room: Room) -> None:
    """Keep the reactive excess of all buses, which `settle` leaves only where it is an equation."""
    for i in range(len(room.reactive)):
        store(room.reactive, i, 0, load(room.excess, i, 1))


@kernel
def share_slack(point: Point, room: Room) -> None:
    """Let every island's units produce what is missing: the slack is what makes active power balance."""
    excess, share, live = room.excess, room.share, point.live
    missing = every(0.0)
    for i in range(len(live)):
        missing = total(missing, multiple(live[i], load(excess, i, 0)))
    store(room.slack, 0, 0, missing)
    for i in range(len(live)):
        store(excess, i, 0, difference(load(excess, i, 0), product(load(share, i, 0), missing)))


@kernel
def settle(point: Point, outages: Outages, numbers: Ints, shared: bool, room: Room) -> None:
    """Leave in the excess what the equations ask to vanish, and give each lane's largest mismatch."""
    excess, free = room.excess, point.free
    room.mismatch[:] = 0.0
    if shared:  # the reference's own balance is met only when all others are
        for i in point.references:
            for lane in range(LANES):
                room.mismatch[lane] = worse(room.mismatch[lane], abs(excess[i, 0, lane]))
    kept = np.zeros((LANES, 2))
    for lane in range(LANES):
        for which in range(2):
            bus = outages.released[numbers[lane], which]
            if bus >= 0:
                kept[lane, which] = excess[bus, 1, lane]
    largest = every(0.0)
    for i in range(len(free)):
        p, q = multiple(free[i, 0], load(excess, i, 0)), multiple(free[i, 1], load(excess, i, 1))
        store(excess, i, 0, p)
        store(excess, i, 1, q)
        largest = larger(larger(largest, p), q)
    for lane in range(LANES):
        room.mismatch[lane] = worse(room.mismatch[lane], largest[lane])
        for which in range(2):
            bus = outages.released[numbers[lane], which]
            if bus >= 0:
                excess[bus, 1, lane] = kept[lane, which]
                room.mismatch[lane] = worse(room.mismatch[lane], abs(kept[lane, which]))


@kernel
def trace(point: Point, room: Room) -> int:
    """Collect the positions that the lanes' changes touch, and their ancestors; give how many."""
    marked, change, parent = room.marked, room.change, point.structure.parent
    marked[:] = False
    for lane in range(LANES):
        for s in range(change.touched[lane]):
            i = change.at[lane, s]
            while i >= 0 and not marked[i]:
                marked[i] = True
                i = parent[i]
    count = 0
    for i in range(len(marked)):
        if marked[i]:
            room.rows[count] = i
            count += 1
    return count


@kernel
def _clear(aside: Floats, rows: Ints) -> None:
    """Leave zeros at `rows`: a forward solution along other rows reads them."""
    for i in rows:
        store(aside, i, 0, every(0.0))
        store(aside, i, 1, every(0.0))


@kernel
def prepare_changes(point: Point, rows: Ints, holds: NDArray[np.bool_], room: Room) -> None:
    """Give the inner matrices of all lanes; `holds` becomes false where a change leaves no inverse."""
    change, aside = room.change, room.aside
    inner = np.zeros((LANES, change.inner.shape[1], change.inner.shape[1]))
    for k in range(change.rank.max()):
        _clear(aside, rows)
        for lane in range(LANES):
            for s in range(change.touched[lane]):
                i = change.at[lane, s]
                aside[i, 0, lane] += change.left[lane, s, 0, k]
                aside[i, 1, lane] += change.left[lane, s, 1, k]
        forward_lanes_at(point.structure, point.factors, aside, rows)
        backward_lanes_at(point.structure, point.factors, aside, rows)
        for lane in range(LANES):
            for row in range(change.rank[lane]):
                inner[lane, row, k] = _gathered(change, aside, lane, row)
    _clear(aside, rows)
    for lane in range(LANES):
        for k in range(change.rank[lane]):
            inner[lane, k, k] += 1.0
        holds[lane] = inverted(inner[lane], change.rank[lane], change.inner[lane])


@kernel
def _gathered(change: Change, x: Floats, lane: int, row: int) -> float:
    """Give one component of Q^T x."""
    total = 0.0
    for s in range(change.touched[lane]):
        i = change.at[lane, s]
        total += change.right[lane, s, 0, row] * x[i, 0, lane] + change.right[lane, s, 1, row] * x[i, 1, lane]
    return total


@kernel
def find_step(point: Point, rows: Ints, sparse: bool, room: Room) -> None:
    """Solve for the step of every active lane.

    The forward solution is set aside at `rows`, where the change of the right-hand side is then found and
    added; only the backward solution of the sum goes over all buses.

    Arguments:
        point: the base.
        rows: positions touched, and their ancestors.
        sparse: whether the excess is 0 but at `rows`.
        room: the lanes; its step is written.
    """
    structure, factors, x, aside, change = point.structure, point.factors, room.step, room.aside, room.change
    against = multiple(-1.0, load(room.active, 0, 0))
    for i in range(len(x)):
        store(x, i, 0, product(against, load(room.excess, i, 0)))
        store(x, i, 1, product(against, load(room.excess, i, 1)))
    if sparse:
        forward_lanes_at(structure, factors, x, rows)
    else:
        forward_lanes(structure, factors, x)
    for i in rows:
        store(aside, i, 0, load(x, i, 0))
        store(aside, i, 1, load(x, i, 1))
    backward_lanes_at(structure, factors, aside, rows)
    _compensate(change, aside, rows)
    forward_lanes_at(structure, factors, aside, rows)
    for i in rows:
        store(x, i, 0, difference(load(x, i, 0), load(aside, i, 0)))
        store(x, i, 1, difference(load(x, i, 1), load(aside, i, 1)))
    _clear(aside, rows)
    backward_lanes(structure, factors, x)


@kernel
def _compensate(change: Change, aside: Floats, rows: Ints) -> None:
    """Turn z at the rows touched into P c."""
    part = np.zeros(change.inner.shape[1])
    c = np.zeros((LANES, change.inner.shape[1]))
    for lane in range(LANES):
        rank = change.rank[lane]
        for row in range(rank):
            part[row] = _gathered(change, aside, lane, row)
        for row in range(rank):
            for k in range(rank):
                c[lane, row] += change.inner[lane, row, k] * part[k]
    _clear(aside, rows)
    for lane in range(LANES):
        for s in range(change.touched[lane]):
            i = change.at[lane, s]
            for k in range(change.rank[lane]):
                aside[i, 0, lane] += change.left[lane, s, 0, k] * c[lane, k]
                aside[i, 1, lane] += change.left[lane, s, 1, k] * c[lane, k]


@kernel
def move(room: Room) -> None:
    """Turn and stretch the voltages by the step.

    exp(ja) is (1 + jt) / (1 - jt) with t = tan(a / 2), here a / 2 + a^3 / 24: of size 1 exactly, and right to
    a^5 / 120.
    """
    v, x = room.voltage, room.step
    for i in range(len(v)):
        a = load(x, i, 0)
        half = product(a, total(every(0.5), multiple(1.0 / 24.0, product(a, a))))
        longer = total(every(1.0), load(x, i, 1))
        cosine, sine = product(_cosine(half), longer), product(_sine(half), longer)
        e, f = load(v, i, 0), load(v, i, 1)
        store(v, i, 0, difference(product(e, cosine), product(f, sine)))
        store(v, i, 1, times(f, cosine, e, sine))


@inlined
def _cosine(t: Lane) -> Lane:
    """Give the cosines of the angles whose halves have the tangents t."""
    return (
        (1.0 - t[0] * t[0]) / (1.0 + t[0] * t[0]),
        (1.0 - t[1] * t[1]) / (1.0 + t[1] * t[1]),
        (1.0 - t[2] * t[2]) / (1.0 + t[2] * t[2]),
        (1.0 - t[3] * t[3]) / (1.0 + t[3] * t[3]),
        (1.0 - t[4] * t[4]) / (1.0 + t[4] * t[4]),
        (1.0 - t[5] * t[5]) / (1.0 + t[5] * t[5]),
        (1.0 - t[6] * t[6]) / (1.0 + t[6] * t[6]),
        (1.0 - t[7] * t[7]) / (1.0 + t[7] * t[7]),
    )


@inlined
def _sine(t: Lane) -> Lane:
    """Give the sines of the angles whose halves have the tangents t."""
    return (
        2.0 * t[0] / (1.0 + t[0] * t[0]),
        2.0 * t[1] / (1.0 + t[1] * t[1]),
        2.0 * t[2] / (1.0 + t[2] * t[2]),
        2.0 * t[3] / (1.0 + t[3] * t[3]),
        2.0 * t[4] / (1.0 + t[4] * t[4]),
        2.0 * t[5] / (1.0 + t[5] * t[5]),
        2.0 * t[6] / (1.0 + t[6] * t[6]),
        2.0 * t[7] / (1.0 + t[7] * t[7]),
    )
