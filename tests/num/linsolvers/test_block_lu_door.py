"""What the block LU asks of a pattern beyond the contract, and what it refuses."""

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from genba.num.linsolvers.block_lu import BlockLuSolver
from genba.num.linsolvers.contract import Pattern, SingularMatrix

ROUNDING = 1e-12


def test_the_door_solves_groups_of_one_and_two() -> None:
    rng = np.random.default_rng(11)
    n = 41
    dense = np.where(rng.random((n, n)) < 0.1, rng.normal(size=(n, n)), 0.0) + np.diag(5 + rng.random(n))
    matrix = csc_matrix(dense)
    group = np.sort(rng.permutation(np.arange(n) // 2))
    pattern = Pattern(n, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), "general", group)
    factors = BlockLuSolver().analyze(pattern).factorize(matrix.data)
    right = rng.normal(size=(n, 3))
    assert np.abs(dense @ factors.solve(right) - right).max() < ROUNDING


def test_the_door_names_the_unknowns_without_a_pivot() -> None:
    matrix = csc_matrix(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [2.0, 0.0, 4.0]]))
    pattern = Pattern(3, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), "general")
    with pytest.raises(SingularMatrix, match=r"unknowns \[[02]\]"):
        BlockLuSolver().analyze(pattern).factorize(matrix.data)


def test_the_door_refuses_large_groups() -> None:
    matrix = csc_matrix(np.eye(3))
    pattern = Pattern(
        3, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), "general", np.zeros(3, np.int64)
    )
    with pytest.raises(ValueError, match="at most 2"):
        BlockLuSolver().analyze(pattern)
