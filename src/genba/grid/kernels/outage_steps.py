"""Newton steps of eight outages side by side, with the factors of the base and changes of low rank.

Source: Tinney and Hart (1967), Power flow solution by Newton's method; with constant factors: the "dishonest"
Newton of Stott (1974), Review of load-flow calculation methods.
"""

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_changes import Change, inverted
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.factor import Factors
from genba.num.lu.lanes import LANES, Lane, difference, every, load, multiple, product, store, times, total
from genba.num.lu.solve import backward_lanes, backward_lanes_at, forward_lanes, forward_lanes_at
from genba.num.lu.structure import Structure


@borrowing
def trace(parent: Ints, touched: Ints, at: Ints, marked: Bools, rows: Ints) -> int:
    """Collect the positions that the lanes' changes touch, and their ancestors; give how many."""
    marked[:] = False
    for lane in range(LANES):
        for s in range(touched[lane]):
            i = at[lane, s]
            while i >= 0 and not marked[i]:
                marked[i] = True
                i = parent[i]
    count = 0
    for i in range(len(marked)):
        if marked[i]:
            rows[count] = i
            count += 1
    return count


@borrowing
def _clear(aside: Floats, rows: Ints) -> None:
    """Leave zeros at `rows`: a forward solution along other rows reads them."""
    for i in rows:
        store(aside, i, 0, every(0.0))
        store(aside, i, 1, every(0.0))


@borrowing
def prepare_others(
    structure: Structure, factors: Factors, rows: Ints, most: int, aside: Floats, change: Change
) -> None:
    """Solve for the inner matrices of lanes whose buses are farther apart than a branch reaches.

    Arguments:
        structure: pattern of the base's factors.
        factors: of its Jacobian.
        rows: positions touched, and their ancestors.
        most: largest rank of such lanes.
        aside: room for right-hand sides, shape (n, 2, 8).
        change: the changes, laid out.
    """
    inner = change.matrix
    for k in range(most):
        _clear(aside, rows)
        for lane in range(LANES):
            if not change.plain[lane] and k < change.rank[lane]:
                for s in range(change.touched[lane]):
                    i = change.at[lane, s]
                    aside[i, 0, lane] += change.left[lane, s, 0, k]
                    aside[i, 1, lane] += change.left[lane, s, 1, k]
        forward_lanes_at(structure, factors, aside, rows)
        backward_lanes_at(structure, factors, aside, rows)
        for lane in range(LANES):
            if not change.plain[lane]:
                for row in range(change.rank[lane]):
                    inner[lane, row, k] = _gathered(change, aside, lane, row)
    _clear(aside, rows)
    for lane in range(LANES):
        if not change.plain[lane]:
            for k in range(change.rank[lane]):
                inner[lane, k, k] += 1.0
            change.holds[lane] = inverted(inner[lane], change.rank[lane], change.inner[lane])


@borrowing
def _gathered(change: Change, x: Floats, lane: int, row: int) -> float:
    """Give one component of Q^T x."""
    total = 0.0
    for s in range(change.touched[lane]):
        i = change.at[lane, s]
        total += change.right[lane, s, 0, row] * x[i, 0, lane] + change.right[lane, s, 1, row] * x[i, 1, lane]
    return total


@borrowing
def find_step(
    structure: Structure, factors: Factors, rows: Ints, sparse: bool, x: Floats, aside: Floats, change: Change
) -> None:
    """Turn the right-hand side of every lane into its step.

    The forward solution is set aside at `rows`, where the change of the right-hand side is then found and
    added; only the backward solution of the sum goes over all buses.

    Arguments:
        structure: pattern of the base's factors.
        factors: of its Jacobian.
        rows: positions touched, and their ancestors.
        sparse: whether the right-hand side is 0 but at `rows`.
        x: the right-hand side, then the step, shape (n, 2, 8).
        aside: room, 0 at all rows, shape (n, 2, 8).
        change: what the lanes change.
    """
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


@borrowing
def _compensate(change: Change, aside: Floats, rows: Ints) -> None:
    """Turn z at the rows touched into P c."""
    ends, whole = change.ends, change.whole
    for lane in range(LANES):
        i, j = change.at[lane, 0], change.at[lane, 1]
        ends[0, 0, lane], ends[0, 1, lane] = aside[i, 0, lane], aside[i, 1, lane]
        ends[0, 2, lane], ends[0, 3, lane] = aside[j, 0, lane], aside[j, 1, lane]
    one, two, three, four = load(ends, 0, 0), load(ends, 0, 1), load(ends, 0, 2), load(ends, 0, 3)
    for row in range(4):
        first = times(load(whole, row, 0), one, load(whole, row, 1), two)
        store(ends, 0, row, total(first, times(load(whole, row, 2), three, load(whole, row, 3), four)))
    for lane in range(LANES):
        if not change.plain[lane]:
            _inner_of(change, aside, lane)
    _clear(aside, rows)
    for lane in range(LANES):
        if change.plain[lane]:
            i, j = change.at[lane, 0], change.at[lane, 1]
            aside[i, 0, lane], aside[i, 1, lane] = ends[0, 0, lane], ends[0, 1, lane]
            aside[j, 0, lane], aside[j, 1, lane] = ends[0, 2, lane], ends[0, 3, lane]
        else:
            for s in range(change.touched[lane]):
                i = change.at[lane, s]
                for k in range(change.rank[lane]):
                    aside[i, 0, lane] += change.left[lane, s, 0, k] * change.share[1, lane, k]
                    aside[i, 1, lane] += change.left[lane, s, 1, k] * change.share[1, lane, k]


@borrowing
def _inner_of(change: Change, aside: Floats, lane: int) -> None:
    """Give c, with (I + Q^T J0^-1 P) c = Q^T z."""
    z, c = change.share[0, lane], change.share[1, lane]
    for row in range(change.rank[lane]):
        z[row] = _gathered(change, aside, lane, row)
    for row in range(change.rank[lane]):
        c[row] = 0.0
        for k in range(change.rank[lane]):
            c[row] += change.inner[lane, row, k] * z[k]


@borrowing
def move(v: Floats, x: Floats) -> None:
    """Turn and stretch the voltages by the step."""
    for i in range(len(v)):
        turn(v, i, load(x, i, 0), load(x, i, 1))


@inlined
def turn(v: Floats, i: int, a: Lane, u: Lane) -> None:
    """Turn a voltage by the angle a and stretch it by 1 + u.

    exp(ja) is (1 + jt) / (1 - jt) with t = tan(a / 2), here a / 2 + a^3 / 24: of size 1 exactly, and right to
    a^5 / 120.
    """
    half = product(a, total(every(0.5), multiple(1.0 / 24.0, product(a, a))))
    longer = total(every(1.0), u)
    cosine, sine = product(_cosine(half), longer), product(_sine(half), longer)
    e, f = load(v, i, 0), load(v, i, 1)
    store(v, i, 0, difference(product(e, cosine), product(f, sine)))
    store(v, i, 1, times(f, cosine, e, sine))


@kernel
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


@kernel
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


__all__ = ["find_step", "move", "prepare_others", "trace", "turn"]
