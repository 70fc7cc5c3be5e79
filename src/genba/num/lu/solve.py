"""Solutions with block LU factors: one right-hand side, or eight side by side of one matrix or of eight.

Right-hand sides stand by position in the order of elimination (`Structure.order`), so that no solution pays
for a permutation. Arrays are taken out of their tuples before a loop: inside, each would be counted per row.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import borrowing, inlined
from genba.num.lu.factor import Factors
from genba.num.lu.lanes import less, less_times, load, scaled, store, times
from genba.num.lu.structure import Structure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def _forward_row(start: Ints, columns: Ints, lower: Floats, x: Floats, i: int) -> None:
    s, t = load(x, i, 0), load(x, i, 1)
    for p in range(start[i], start[i + 1]):
        k = columns[p]
        u, v = load(x, k, 0), load(x, k, 1)
        s = less(s, lower[p, 0], u, lower[p, 1], v)
        t = less(t, lower[p, 2], u, lower[p, 3], v)
    store(x, i, 0, s)
    store(x, i, 1, t)


@inlined
def _backward_row(start: Ints, columns: Ints, upper: Floats, inverses: Floats, x: Floats, i: int) -> None:
    s, t = load(x, i, 0), load(x, i, 1)
    for q in range(start[i], start[i + 1]):
        j = columns[q]
        u, v = load(x, j, 0), load(x, j, 1)
        s = less(s, upper[q, 0], u, upper[q, 1], v)
        t = less(t, upper[q, 2], u, upper[q, 3], v)
    store(x, i, 0, scaled(inverses[i, 0], s, inverses[i, 1], t))
    store(x, i, 1, scaled(inverses[i, 2], s, inverses[i, 3], t))


@borrowing
def solve(structure: Structure, factors: Factors, x: Floats) -> None:
    """Turn a right-hand side into the solution, shape (n, 2).

    Arguments:
        structure: pattern of the matrix.
        factors: of one matrix.
        x: right-hand side by position; becomes the solution.
    """
    lower, upper, inverses, _ = factors
    start, columns = structure.lower_start, structure.lower_columns
    n = len(structure.order)
    for i in range(n):
        s, t = x[i, 0], x[i, 1]
        for p in range(start[i], start[i + 1]):
            k = columns[p]
            s -= lower[p, 0] * x[k, 0] + lower[p, 1] * x[k, 1]
            t -= lower[p, 2] * x[k, 0] + lower[p, 3] * x[k, 1]
        x[i, 0], x[i, 1] = s, t
    start, columns = structure.upper_start, structure.upper_columns
    for i in range(n - 1, -1, -1):
        s, t = x[i, 0], x[i, 1]
        for q in range(start[i], start[i + 1]):
            j = columns[q]
            s -= upper[q, 0] * x[j, 0] + upper[q, 1] * x[j, 1]
            t -= upper[q, 2] * x[j, 0] + upper[q, 3] * x[j, 1]
        x[i, 0] = inverses[i, 0] * s + inverses[i, 1] * t
        x[i, 1] = inverses[i, 2] * s + inverses[i, 3] * t


@borrowing
def solve_transposed(structure: Structure, factors: Factors, x: Floats) -> None:
    """Turn a right-hand side into the solution with the transposed matrix; arguments as for `solve`."""
    lower, upper, inverses, _ = factors
    start, columns = structure.upper_start, structure.upper_columns
    n = len(structure.order)
    for i in range(n):
        s = inverses[i, 0] * x[i, 0] + inverses[i, 2] * x[i, 1]
        t = inverses[i, 1] * x[i, 0] + inverses[i, 3] * x[i, 1]
        x[i, 0], x[i, 1] = s, t
        for q in range(start[i], start[i + 1]):
            j = columns[q]
            x[j, 0] -= upper[q, 0] * s + upper[q, 2] * t
            x[j, 1] -= upper[q, 1] * s + upper[q, 3] * t
    start, columns = structure.lower_start, structure.lower_columns
    for i in range(n - 1, -1, -1):
        s, t = x[i, 0], x[i, 1]
        for p in range(start[i], start[i + 1]):
            k = columns[p]
            x[k, 0] -= lower[p, 0] * s + lower[p, 2] * t
            x[k, 1] -= lower[p, 1] * s + lower[p, 3] * t


@borrowing
def solve_lanes(structure: Structure, factors: Factors, x: Floats) -> None:
    """Solve eight right-hand sides with the factors of one matrix.

    Arguments:
        structure: pattern of the matrix.
        factors: of one matrix.
        x: right-hand sides by position, shape (n, 2, 8); becomes the solutions.
    """
    forward_lanes(structure, factors, x)
    backward_lanes(structure, factors, x)


@borrowing
def forward_lanes(structure: Structure, factors: Factors, x: Floats) -> None:
    """Apply the inverse of L to eight right-hand sides, shape (n, 2, 8)."""
    start, columns, lower = structure.lower_start, structure.lower_columns, factors.lower
    for i in range(len(structure.order)):
        _forward_row(start, columns, lower, x, i)


@borrowing
def backward_lanes(structure: Structure, factors: Factors, x: Floats) -> None:
    """Apply the inverse of U to eight right-hand sides, shape (n, 2, 8)."""
    start, columns = structure.upper_start, structure.upper_columns
    upper, inverses = factors.upper, factors.inverse
    for i in range(len(structure.order) - 1, -1, -1):
        _backward_row(start, columns, upper, inverses, x, i)


@borrowing
def forward_lanes_at(structure: Structure, factors: Factors, x: Floats, rows: Ints) -> None:
    """Apply the inverse of L to right-hand sides that are 0 but at `rows`.

    Arguments:
        structure: pattern of the matrix.
        factors: of one matrix.
        x: right-hand sides by position, shape (n, 2, 8).
        rows: positions, ascending, with all their ancestors in the elimination tree.
    """
    start, columns, lower = structure.lower_start, structure.lower_columns, factors.lower
    for i in rows:
        _forward_row(start, columns, lower, x, i)


@borrowing
def backward_lanes_at(structure: Structure, factors: Factors, x: Floats, rows: Ints) -> None:
    """Give the solution at `rows` only; arguments as for `forward_lanes_at`."""
    start, columns = structure.upper_start, structure.upper_columns
    upper, inverses = factors.upper, factors.inverse
    for place in range(len(rows) - 1, -1, -1):
        _backward_row(start, columns, upper, inverses, x, rows[place])


@borrowing
def solve_each_lane(structure: Structure, factors: Factors, x: Floats) -> None:
    """Solve eight right-hand sides, each with its own matrix.

    Arguments:
        structure: pattern of the matrices.
        factors: of eight matrices side by side.
        x: right-hand sides by position, shape (n, 2, 8); becomes the solutions.
    """
    lower, upper, inverses, _ = factors
    start, columns = structure.lower_start, structure.lower_columns
    n = len(structure.order)
    for i in range(n):
        s, t = load(x, i, 0), load(x, i, 1)
        for p in range(start[i], start[i + 1]):
            k = columns[p]
            u, v = load(x, k, 0), load(x, k, 1)
            s = less_times(s, load(lower, p, 0), u, load(lower, p, 1), v)
            t = less_times(t, load(lower, p, 2), u, load(lower, p, 3), v)
        store(x, i, 0, s)
        store(x, i, 1, t)
    start, columns = structure.upper_start, structure.upper_columns
    for i in range(n - 1, -1, -1):
        s, t = load(x, i, 0), load(x, i, 1)
        for q in range(start[i], start[i + 1]):
            j = columns[q]
            u, v = load(x, j, 0), load(x, j, 1)
            s = less_times(s, load(upper, q, 0), u, load(upper, q, 1), v)
            t = less_times(t, load(upper, q, 2), u, load(upper, q, 3), v)
        store(x, i, 0, times(load(inverses, i, 0), s, load(inverses, i, 1), t))
        store(x, i, 1, times(load(inverses, i, 2), s, load(inverses, i, 3), t))


__all__ = ["backward_lanes", "backward_lanes_at", "forward_lanes", "forward_lanes_at", "solve"]
__all__ += ["solve_each_lane", "solve_lanes", "solve_transposed"]
