"""The equations of eight outages side by side: what leaves every bus beyond what is planned."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import CONTROLS, Branches, Change, Outages, change_of
from genba.grid.kernels.outage_mixing import Past, past_of
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import (
    LANES,
    Lane,
    aligned,
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


class Room(NamedTuple):
    """Where eight outages are at work, by position.

    Arguments:
        voltage: real and imaginary parts, shape (n, 2, 8), p.u.
        planned: power to be injected before slack, shape (n, 2, 8), p.u.
        share: part of the slack that a bus produces, shape (n, 1, 8).
        reactive: reactive power that leaves a bus beyond what is planned, equation or not, shape (n, 1, 8).
        step: right-hand side (what leaves a bus beyond what is planned, negative, 0 where it is free to),
            then the change of angle and logarithm of the voltage, shape (n, 2, 8).
        aside: right-hand sides along `rows`; 0 between two uses, shape (n, 2, 8).
        slack: of each lane, shape (1, 1, 8), p.u.
        mismatch: largest equation of each lane, shape (8,), p.u.
        borrowed: what was planned at the ends of lost branches, shape (8, 2, 2, 2).
        marked: whether a position is one of `rows`, shape (n,).
        rows: positions touched by the changes, and their ancestors, ascending, shape (n,).
        change: the changes of the lanes.
        past: what they know of their steps.
    """

    voltage: Floats
    planned: Floats
    share: Floats
    reactive: Floats
    step: Floats
    aside: Floats
    slack: Floats
    mismatch: Floats
    borrowed: Floats
    marked: NDArray[np.bool_]
    rows: Ints
    change: Change
    past: Past


@kernel
def room_of(point: Point) -> Room:
    """Give room for eight outages."""
    n = len(point.voltage)
    return Room(
        voltage=aligned(n, 2),
        planned=aligned(n, 2),
        share=aligned(n, 1),
        reactive=aligned(n, 1),
        step=aligned(n, 2),
        aside=aligned(n, 2),
        slack=np.zeros((1, 1, LANES)),
        mismatch=np.zeros(LANES),
        borrowed=np.zeros((LANES, 2, 2, 2)),
        marked=np.zeros(n, np.bool_),
        rows=np.zeros(n, np.int64),
        change=change_of(point),
        past=past_of(n),
    )


class Balance(NamedTuple):
    """What equations are made from and written to: arrays of a `Point` and a `Room`, as there.

    A kernel is given what it needs and no more: numba hands every array over as nine numbers, and compiles
    what does so.
    """

    start: Ints
    columns: Ints
    admittance: Floats
    free: Floats
    live: Floats
    references: Ints
    voltage: Floats
    planned: Floats
    share: Floats
    reactive: Floats
    step: Floats
    slack: Floats
    mismatch: Floats
    borrowed: Floats
    marked: NDArray[np.bool_]
    produced: Floats


@inlined
def balance_of(point: Point, room: Room, produced: Floats) -> Balance:
    """Give what `evaluate` needs; `produced` is what is planned in the base, shape (n, 2), p.u."""
    return Balance(
        point.start,
        point.columns,
        point.admittance,
        point.free,
        point.live,
        point.references,
        room.voltage,
        room.planned,
        room.share,
        room.reactive,
        room.step,
        room.slack,
        room.mismatch,
        room.borrowed,
        room.marked,
        produced,
    )


@borrowing
def evaluate(
    balance: Balance, branches: Branches, outages: Outages, numbers: Ints, shared: bool, plain: bool
) -> None:
    """Give the right-hand side of every lane's next step, and its mismatch.

    What the lost branches would carry counts as produced at their ends while all branches of the base are
    summed up: so one pass over the buses is enough. Where lanes are `plain`, they plan what the base does but
    at positions marked, and nobody asks for reactive outputs.
    """
    lost, keeps, voltage, planned = outages.branches, outages.keeps, balance.voltage, balance.planned
    lose(branches, lost, keeps, numbers, voltage, planned, balance.borrowed)
    if shared:
        _inject_shared(balance)
    elif plain:
        _inject_plain(balance)
    else:
        _inject(balance)
    give_back(branches.ends, lost, keeps, numbers, planned, balance.borrowed)
    _switch(outages.switched, numbers, shared, balance.reactive, balance.step, balance.mismatch)


@borrowing
def lose(
    branches: Branches, lost: Ints, keeps: Ints, numbers: Ints, v: Floats, planned: Floats, borrowed: Floats
) -> None:
    """Plan what the lost branches of each lane would carry at their energised ends; keep what was planned."""
    y, ends = branches.admittance, branches.ends
    for lane in range(LANES):
        for which in range(2):
            row, kept = lost[numbers[lane], which], keeps[numbers[lane], which]
            for end in range(2):
                if row < 0 or not kept & (end + 1):
                    continue
                i, j = ends[row, end], ends[row, 1 - end]
                a, b = (0, 2) if end == 0 else (6, 4)
                e, f, g, h = v[i, 0, lane], v[i, 1, lane], v[j, 0, lane], v[j, 1, lane]
                real = y[row, a] * e - y[row, a + 1] * f + y[row, b] * g - y[row, b + 1] * h
                imaginary = y[row, a] * f + y[row, a + 1] * e + y[row, b] * h + y[row, b + 1] * g
                for part in range(2):
                    borrowed[lane, which, end, part] = planned[i, part, lane]
                planned[i, 0, lane] += e * real + f * imaginary
                planned[i, 1, lane] += f * real - e * imaginary


@borrowing
def give_back(ends: Ints, lost: Ints, keeps: Ints, numbers: Ints, planned: Floats, borrowed: Floats) -> None:
    """Restore what is planned at the ends of lost branches, the last change first."""
    for lane in range(LANES):
        for which in range(1, -1, -1):
            row, kept = lost[numbers[lane], which], keeps[numbers[lane], which]
            for end in range(1, -1, -1):
                if row >= 0 and kept & (end + 1):
                    i = ends[row, end]
                    for part in range(2):
                        planned[i, part, lane] = borrowed[lane, which, end, part]


@borrowing
def _switch(
    switched: Ints, numbers: Ints, shared: bool, reactive: Floats, step: Floats, mismatch: Floats
) -> None:
    """Make the reactive balance of buses that are switched an equation, or none."""
    for lane in range(LANES):
        given = False
        for which in range(switched.shape[1]):
            bus, becomes = switched[numbers[lane], which, 0], switched[numbers[lane], which, 1]
            if bus >= 0 and becomes == CONTROLS:
                step[bus, 1, lane], given = 0.0, True
            elif bus >= 0:
                step[bus, 1, lane] = -reactive[bus, 0, lane]
                mismatch[lane] = worse(mismatch[lane], abs(reactive[bus, 0, lane]))
        if given:
            mismatch[lane] = _largest(step, lane, shared)


@borrowing
def _largest(step: Floats, lane: int, shared: bool) -> float:
    """Give the largest equation of a lane; with shared slack the reference misses what all others have."""
    largest, missing = 0.0, 0.0
    for i in range(len(step)):
        largest = worse(worse(largest, abs(step[i, 0, lane])), abs(step[i, 1, lane]))
        missing += step[i, 0, lane]
    return worse(largest, abs(missing)) if shared else largest


@inlined
def _leaving(balance: Balance, i: int) -> tuple[Lane, Lane]:
    """Give the power that leaves a bus by all branches of the base."""
    start, columns, y, v = balance.start, balance.columns, balance.admittance, balance.voltage
    real, imaginary = every(0.0), every(0.0)
    for place in range(start[i], start[i + 1]):
        j, g, b = columns[place], y[place, 0], y[place, 1]
        e, f = load(v, j, 0), load(v, j, 1)
        real = plus(real, g, e, -b, f)
        imaginary = plus(imaginary, g, f, b, e)
    e, f = load(v, i, 0), load(v, i, 1)
    return times(e, real, f, imaginary), difference(product(f, real), product(e, imaginary))


@inlined
def _beyond(balance: Balance, i: int) -> tuple[Lane, Lane]:
    """Give the power that leaves a bus by all branches of the base beyond what is planned."""
    p, q = _leaving(balance, i)
    return difference(p, load(balance.planned, i, 0)), difference(q, load(balance.planned, i, 1))


@inlined
def _ask(balance: Balance, i: int, p: Lane, q: Lane, largest: Lane) -> Lane:
    """Write the right-hand side of a bus from what leaves it too much; give the largest equation so far."""
    free, step = balance.free, balance.step
    asked_p, asked_q = multiple(-free[i, 0], p), multiple(-free[i, 1], q)
    store(step, i, 0, asked_p)
    store(step, i, 1, asked_q)
    return larger(larger(largest, asked_p), asked_q)


@borrowing
def _inject(balance: Balance) -> None:
    """Write what leaves every bus beyond what is planned, and each lane's largest equation."""
    free, reactive, mismatch = balance.free, balance.reactive, balance.mismatch
    largest = every(0.0)
    for i in range(len(free)):
        p, q = _beyond(balance, i)
        store(reactive, i, 0, q)
        largest = _ask(balance, i, p, q, largest)
    for lane in range(LANES):
        mismatch[lane] = largest[lane]


@borrowing
def _inject_plain(balance: Balance) -> None:
    """The same where lanes are plain; `reactive` is left as it is.

    What all of them plan is read once: four sevenths of the lanes' numbers go through the cache.
    """
    free, mismatch = balance.free, balance.mismatch
    marked, planned, produced = balance.marked, balance.planned, balance.produced
    largest = every(0.0)
    for i in range(len(free)):
        p, q = _leaving(balance, i)
        if marked[i]:
            p, q = difference(p, load(planned, i, 0)), difference(q, load(planned, i, 1))
        else:
            p, q = difference(p, every(produced[i, 0])), difference(q, every(produced[i, 1]))
        largest = _ask(balance, i, p, q, largest)
    for lane in range(LANES):
        mismatch[lane] = largest[lane]


@borrowing
def _inject_shared(balance: Balance) -> None:
    """The same where every island's units produce what is missing: slack makes active power balance."""
    free, live, share = balance.free, balance.live, balance.share
    reactive, step, mismatch = balance.reactive, balance.step, balance.mismatch
    missing, largest = every(0.0), every(0.0)
    for i in range(len(free)):
        p, q = _beyond(balance, i)
        store(reactive, i, 0, q)
        store(step, i, 0, p)
        missing = total(missing, multiple(live[i], p))
    store(balance.slack, 0, 0, missing)
    for i in balance.references:  # whose own balance is met only when all others are
        largest = larger(largest, difference(load(step, i, 0), product(load(share, i, 0), missing)))
    for i in range(len(free)):
        p = difference(load(step, i, 0), product(load(share, i, 0), missing))
        largest = _ask(balance, i, p, load(reactive, i, 0), largest)
    for lane in range(LANES):
        mismatch[lane] = largest[lane]


__all__ = ["Balance", "Room", "balance_of", "evaluate", "give_back", "lose", "room_of"]
