"""How near eight outages side by side come to a limit: what the screen looks at after every step.

A loop over all limits stays vectorised only where no lane goes its own way, and nothing else happens in the
same kernel: voltages, flows, and flows of branches that some lane has lost are a kernel each.
"""

import numpy as np

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.outage_changes import Branches
from genba.grid.kernels.outage_limits import Nearness, Watch, energised, higher, mark, smaller
from genba.num.jit import borrowing, inlined
from genba.num.lu.lanes import (
    LANES,
    Lane,
    difference,
    every,
    less,
    load,
    multiple,
    product,
    store,
    times,
    total,
)


@borrowing
def approach(branches: Branches, watch: Watch, lost: Ints, numbers: Ints, v: Floats, to: Nearness) -> None:
    """Tell which lanes come within their margin of a limit, which pass one by more, and how low voltages are.

    All lanes take the same way: this is done as often as steps are taken.

    Arguments:
        branches: two-ports.
        watch: the limits.
        lost: branches that each outage takes, shape (k, 2).
        numbers: outage of each lane, shape (8,).
        v: voltages of the lanes, 0 at buses that are cut off, shape (n, 2, 8).
        to: margins; what is found.
    """
    store(to.over, 0, 0, every(-1.0))
    store(to.over, 0, 1, every(-1.0))
    _approach_voltages(watch.low, watch.high, watch.free, v, to)
    mark(lost, numbers, True, to.lost)
    _approach_flows(branches.ends, watch.branch, watch.reach, v, to)
    for limit in range(len(watch.branch)):
        row = watch.branch[limit]
        if to.lost[row]:
            _approach_lost(branches.ends[row], lost, numbers, row, watch.reach[limit : limit + 1], v, to)
    mark(lost, numbers, False, to.lost)
    for lane in range(LANES):
        to.near[lane], to.beyond[lane] = not to.over[0, 0, lane] <= 0.0, to.over[0, 1, lane] > 0.0


@borrowing
def _approach_voltages(lowest: Floats, highest: Floats, free: Floats, v: Floats, to: Nearness) -> None:
    """Compare the voltages with their limits."""
    near, beyond = load(to.over, 0, 0), load(to.over, 0, 1)
    margin, none, standing = load(to.margin, 0, 1), every(0.0), every(np.inf)
    for i in range(len(lowest)):
        e, f = load(v, i, 0), load(v, i, 1)
        square, moved = times(e, e, f, f), multiple(free[i], margin)
        store(to.squares, i, 0, square)
        low, most = energised(square), every(highest[i])
        standing = smaller(standing, low)
        inner, outer = higher(difference(most, moved), none), total(most, moved)
        near = higher(difference(square, product(inner, inner)), near)
        beyond = higher(difference(square, product(outer, outer)), beyond)
        if lowest[i] > 0.0:
            least = every(lowest[i])
            inner, outer = total(least, moved), higher(difference(least, moved), none)
            near = higher(difference(product(inner, inner), low), near)
            beyond = higher(difference(product(outer, outer), low), beyond)
    store(to.lowest, 0, 0, standing)
    store(to.over, 0, 0, near)
    store(to.over, 0, 1, beyond)


@borrowing
def _approach_flows(ends: Ints, rows: Ints, reach: Floats, v: Floats, to: Nearness) -> None:
    """Compare apparent powers with their limits, but of branches that a lane has lost."""
    near, beyond = load(to.over, 0, 0), load(to.over, 0, 1)
    margin, none = load(to.margin, 0, 0), every(0.0)
    for limit in range(len(rows)):
        row = rows[limit]
        if to.lost[row]:
            continue
        for end in range(2):
            square = _reached(reach, limit, end, ends[row], v, to.squares)
            most, moved = every(reach[limit, end, 2]), multiple(reach[limit, end, 3], margin)
            inner, outer = higher(difference(most, moved), none), total(most, moved)
            near = higher(difference(square, product(inner, inner)), near)
            beyond = higher(difference(square, product(outer, outer)), beyond)
    store(to.over, 0, 0, near)
    store(to.over, 0, 1, beyond)


@borrowing
def _approach_lost(
    ends: Ints, lost: Ints, numbers: Ints, row: int, reach: Floats, v: Floats, to: Nearness
) -> None:
    """Compare a branch that some lanes have lost: of the others."""
    for end in range(2):
        store(to.square, 0, 0, _reached(reach, 0, end, ends, v, to.squares))
        for lane in range(LANES):
            if row != lost[numbers[lane], 0] and row != lost[numbers[lane], 1]:
                square, most = to.square[0, 0, lane], reach[0, end, 2]
                moved = reach[0, end, 3] * to.margin[0, 0, lane]
                to.over[0, 0, lane] = max(to.over[0, 0, lane], square - max(most - moved, 0.0) ** 2)
                to.over[0, 1, lane] = max(to.over[0, 1, lane], square - (most + moved) ** 2)


@inlined
def _reached(reach: Floats, limit: int, end: int, ends: Ints, v: Floats, squares: Floats) -> Lane:
    """Give the squared apparent power at an end of a branch, less the factor y of `Watch.reach`."""
    i, j, a, b = ends[end], ends[1 - end], reach[limit, end, 0], reach[limit, end, 1]
    e, f = load(v, i, 0), load(v, i, 1)
    real, imaginary = less(load(v, j, 0), a, e, -b, f), less(load(v, j, 1), a, f, b, e)
    return product(load(squares, i, 0), times(real, real, imaginary, imaginary))


__all__ = ["approach"]
