"""The inverse of a dense 2x2 pivot block, by elimination with complete pivoting."""

from genba.num.jit import inlined

SMALLEST = 2.0**-46
"""A pivot below this share of its block row's largest entry is rounding error, and the matrix singular."""


@inlined
def inverse(a: float, b: float, c: float, d: float, scale: float) -> tuple[float, float, float, float, bool]:
    """Give the inverse of [[a, b], [c, d]] by rows, and whether it has one.

    Arguments:
        a: upper left entry.
        b: upper right entry.
        c: lower left entry.
        d: lower right entry.
        scale: largest entry of the block's row before elimination, against which pivots are judged.
    """
    by_rows = max(abs(c), abs(d)) > max(abs(a), abs(b))
    if by_rows:
        a, b, c, d = c, d, a, b
    by_columns = abs(b) > abs(a)
    if by_columns:
        a, b, c, d = b, a, d, c
    share = c / a
    second = d - share * b
    holds = abs(a) > SMALLEST * scale and abs(second) > SMALLEST * scale  # NaN does not
    # inverse of the block as it stands now; swapping back rows swaps columns of the inverse, and vice versa
    r, s = -share / second, 1.0 / second
    p, q = (1.0 - b * r) / a, -b * s / a
    if by_columns:
        p, q, r, s = r, s, p, q
    if by_rows:
        p, q, r, s = q, p, s, r
    return p, q, r, s, holds
