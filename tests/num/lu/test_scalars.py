"""Systems of one unknown per row on the pattern of a block LU."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve

from genba.num.lu.scalars import solve_scalars
from genba.num.lu.structure import packed_of, structure_of, unpacked

ROUNDING = 1e-9
"""Largest error of a solution of size 1 with a diagonal that outweighs its row."""


def pattern_of(seed: int, n: int, edges: int) -> csr_matrix:
    """Give a matrix of a symmetric pattern whose diagonal outweighs its rows."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, n, (2, edges))
    rows, cols = np.concatenate([one, other, np.arange(n)]), np.concatenate([other, one, np.arange(n)])
    keys = np.unique(rows * n + cols)
    values = rng.uniform(-1, 1, len(keys)) + np.where(keys // n == keys % n, 2.0 * n, 0.0)
    return csr_matrix((values, (keys // n, keys % n)), shape=(n, n))


@settings(deadline=None, max_examples=40)  # the first call compiles
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 120))
def test_solutions_are_those_of_superlu(seed: int, n: int, edges: int) -> None:
    matrix = pattern_of(seed, n, edges)
    structure = structure_of(n, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))
    right = np.random.default_rng(seed).normal(size=n)
    x = right.copy()
    assert solve_scalars(structure, matrix.data, x)
    expected = np.atleast_1d(spsolve(matrix.tocsc(), right))
    assert np.abs(x[structure.position] - expected).max() <= ROUNDING * np.abs(expected).max()


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_matrix_without_an_inverse_is_told(value: float) -> None:
    matrix = pattern_of(1, 20, 30)
    structure = structure_of(20, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))
    matrix.data[matrix.indptr[7] : matrix.indptr[8]] = value
    assert not solve_scalars(structure, matrix.data, np.ones(20))


def test_a_packed_structure_is_the_structure() -> None:
    matrix = pattern_of(2, 30, 50)
    indptr, cols = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    rows = np.repeat(np.arange(30), np.diff(indptr))
    off = rows != cols
    start = np.searchsorted(rows[off], np.arange(31))
    found = unpacked(packed_of(30, start, cols[off], indptr, cols))
    expected = structure_of(30, indptr, cols)
    for name in ("order", "position", "parent", "lower_start", "lower_columns", "upper_start", "entry_start"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    for row in range(30):  # within a row entries may come in any order
        some = slice(found.entry_start[row], found.entry_start[row + 1])
        assert set(found.entry_columns[some]) == set(expected.entry_columns[some])
        assert (cols[found.entry_places[some]] == found.order[found.entry_columns[some]]).all()
