"""Patterns and values in the shapes that solvers of other makers want: rows, stacked right-hand sides."""

from dataclasses import dataclass

import numpy as np

from genba.num.linsolvers.contract import Floats, Ints, Pattern, SingularMatrix


@dataclass(frozen=True, eq=False)
class Rows:
    """A pattern in compressed sparse rows.

    Arguments:
        n: rows and columns.
        indptr: first entry of each row, shape (n + 1,).
        indices: column of each entry, ascending within a row, shape (entries,).
        place: entry of the pattern that each entry repeats, shape (entries,).
    """

    n: int
    indptr: Ints
    indices: Ints
    place: Ints


def whole_rows(pattern: Pattern) -> Rows:
    """Give a pattern's entries row by row; those off a symmetric pattern's diagonal appear twice."""
    columns = np.repeat(np.arange(pattern.n), np.diff(pattern.indptr))
    rows, place = pattern.indices, np.arange(len(pattern.indices))
    if pattern.symmetry == "symmetric":
        below = np.flatnonzero(rows != columns)
        rows, columns = np.concatenate([rows, columns[below]]), np.concatenate([columns, rows[below]])
        place = np.concatenate([place, below])
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=pattern.n))])
    return Rows(pattern.n, indptr, columns[order], place[order])


def given_rows(pattern: Pattern) -> Rows:
    """Give the rows that a solver of symmetric matrices reads: the upper triangle; of others, everything."""
    if pattern.symmetry == "general":
        return whole_rows(pattern)
    # The columns of the lower triangle are the rows of the upper one.
    return Rows(pattern.n, pattern.indptr, pattern.indices, np.arange(len(pattern.indices)))


def listed(values: Floats) -> Floats:
    """Give values with their batch axis, shape (matrices, nnz).

    Raises:
        SingularMatrix: when a value is not finite.
    """
    rows = np.ascontiguousarray(np.atleast_2d(values), float)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise SingularMatrix(f"matrix {wrong[0]} has an entry that is not finite")
    return rows


def stacked(right: Floats, *, batch: bool) -> Floats:
    """Give right-hand sides with three axes, shape (matrices, right-hand sides, n).

    Arguments:
        right: shape (n,) or (n, k); with a batch (batch, n) or (batch, n, k).
        batch: whether the first axis is the batch.
    """
    whole = right if batch else right[None]
    return (whole[..., None] if whole.ndim == 2 else whole).swapaxes(1, 2)


def unstacked(solution: Floats, right: Floats, *, batch: bool) -> Floats:
    """Give stacked solutions the shape of the right-hand sides that they answer."""
    whole = solution.swapaxes(1, 2)
    return (whole if batch else whole[0]).reshape(right.shape)
