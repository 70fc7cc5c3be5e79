"""The inverses of eight dense 2x2 pivot blocks side by side, as `pivot` gives that of one."""

from genba.num.jit import inlined, kernel
from genba.num.lu.lanes import Lane, every, product


@kernel
def most(x: Lane, y: Lane) -> Lane:
    """Give the larger of x and the absolute value of y, x where y is not a number, lane by lane."""
    return (
        abs(y[0]) if abs(y[0]) > x[0] else x[0],
        abs(y[1]) if abs(y[1]) > x[1] else x[1],
        abs(y[2]) if abs(y[2]) > x[2] else x[2],
        abs(y[3]) if abs(y[3]) > x[3] else x[3],
        abs(y[4]) if abs(y[4]) > x[4] else x[4],
        abs(y[5]) if abs(y[5]) > x[5] else x[5],
        abs(y[6]) if abs(y[6]) > x[6] else x[6],
        abs(y[7]) if abs(y[7]) > x[7] else x[7],
    )


@kernel
def _chosen(x: Lane, y: Lane, one: Lane, other: Lane) -> Lane:
    """Give one where x is larger than y, and the other elsewhere, lane by lane."""
    return (
        one[0] if x[0] > y[0] else other[0],
        one[1] if x[1] > y[1] else other[1],
        one[2] if x[2] > y[2] else other[2],
        one[3] if x[3] > y[3] else other[3],
        one[4] if x[4] > y[4] else other[4],
        one[5] if x[5] > y[5] else other[5],
        one[6] if x[6] > y[6] else other[6],
        one[7] if x[7] > y[7] else other[7],
    )


@kernel
def _reciprocal(x: Lane) -> Lane:
    """Give 1 / x, lane by lane."""
    return (
        1.0 / x[0],
        1.0 / x[1],
        1.0 / x[2],
        1.0 / x[3],
        1.0 / x[4],
        1.0 / x[5],
        1.0 / x[6],
        1.0 / x[7],
    )


@kernel
def _less(s: Lane, x: Lane, y: Lane) -> Lane:
    """Give s - x y, lane by lane."""
    return (
        s[0] - x[0] * y[0],
        s[1] - x[1] * y[1],
        s[2] - x[2] * y[2],
        s[3] - x[3] * y[3],
        s[4] - x[4] * y[4],
        s[5] - x[5] * y[5],
        s[6] - x[6] * y[6],
        s[7] - x[7] * y[7],
    )


@inlined
def inverse_lanes(a: Lane, b: Lane, c: Lane, d: Lane) -> tuple[Lane, Lane, Lane, Lane, Lane, Lane]:
    """Give the inverse of [[a, b], [c, d]] by rows, and the sizes of both pivots, by which it has one or not.

    A pivot that is not a number has size 0. All lanes take the same way: what one would swap, all choose.
    """
    none, one = every(0.0), every(1.0)
    upper, lower = most(most(none, a), b), most(most(none, c), d)
    a, b, c, d = (
        _chosen(lower, upper, c, a),
        _chosen(lower, upper, d, b),
        _chosen(lower, upper, a, c),
        _chosen(lower, upper, b, d),
    )
    left, right = most(none, a), most(none, b)
    a, b, c, d = (
        _chosen(right, left, b, a),
        _chosen(right, left, a, b),
        _chosen(right, left, d, c),
        _chosen(right, left, c, d),
    )
    by_a = _reciprocal(a)
    share = product(c, by_a)
    second = _less(d, share, b)
    s = _reciprocal(second)
    r = _less(none, share, s)
    p, q = product(_less(one, b, r), by_a), product(_less(none, b, s), by_a)
    # swapping back rows swaps columns of the inverse, and vice versa
    p, q, r, s = (
        _chosen(right, left, r, p),
        _chosen(right, left, s, q),
        _chosen(right, left, p, r),
        _chosen(right, left, q, s),
    )
    p, q, r, s = (
        _chosen(lower, upper, q, p),
        _chosen(lower, upper, p, q),
        _chosen(lower, upper, s, r),
        _chosen(lower, upper, r, s),
    )
    return p, q, r, s, most(none, a), most(none, second)


__all__ = ["inverse_lanes", "most"]
