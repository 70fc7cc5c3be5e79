"""Block LDL^T: it solves what dense algebra solves, and what is singular leaves no trace."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.num.elimination import fill_of
from genba.num.ldl.blocks import SINGULAR, BlockLdl
from genba.num.ordering import adjacency

ACCURATE = 1e-10
"""Of the solution: rounding of a well-conditioned system."""
graphs = st.integers(1, 16).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60)
    )
)


def posed(
    n: int, pairs: list[tuple[int, int]], seed: int
) -> tuple[BlockLdl, np.ndarray, np.ndarray, np.ndarray]:
    """Give factors of a random quasi-definite matrix of these blocks, its blocks, and itself, dense."""
    rng = np.random.default_rng(seed)
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    fill = fill_of(n, *adjacency(n, ends[:, 0], ends[:, 1]))
    i, j = fill.position[ends[:, 0]], fill.position[ends[:, 1]]
    keys = np.unique(np.maximum(i, j)[i != j] * n + np.minimum(i, j)[i != j])
    columns, rows = np.divmod(keys, n)
    entries = rng.standard_normal((len(keys), 16))
    diagonal = np.zeros((n, 16))
    dense = np.zeros((4 * n, 4 * n))
    for k in range(len(keys)):
        at, to = 4 * rows[k], 4 * columns[k]
        dense[at : at + 4, to : to + 4] = entries[k].reshape(4, 4)
        dense[to : to + 4, at : at + 4] = entries[k].reshape(4, 4).T
    weight = np.abs(dense).sum(axis=1) + 1
    for k in range(n):
        own = rng.standard_normal((4, 4))
        own += own.T + np.diag(weight[4 * k : 4 * k + 4] + 8) @ np.diag([1, 1, -1, -1])
        diagonal[k] = own.ravel()
        dense[4 * k : 4 * k + 4, 4 * k : 4 * k + 4] = own
    starts = np.searchsorted(columns, np.arange(n + 1)).astype(np.int64)
    return BlockLdl(fill, starts, rows.astype(np.int64)), entries, diagonal, dense


@settings(deadline=None)  # the first call compiles
@given(graphs, st.integers(0, 9))
def test_it_solves_like_dense_algebra(graph: tuple[int, list[tuple[int, int]]], seed: int) -> None:
    factors, entries, diagonal, dense = posed(*graph, seed)
    assert factors.factorize(entries, diagonal) == (np.linalg.eigvalsh(dense) < 0).sum()
    right = np.random.default_rng(seed).standard_normal(len(dense))
    x = right.reshape(-1, 4).copy()
    factors.solve(x)
    np.testing.assert_allclose(x.ravel(), np.linalg.solve(dense, right), atol=ACCURATE)


@pytest.mark.parametrize("row", range(8))
def test_what_is_singular_leaves_the_memory_clean(row: int) -> None:
    one, other = np.triu_indices(8, 1)
    factors, entries, diagonal, _ = posed(8, list(zip(one.tolist(), other.tolist(), strict=True)), 0)
    right = np.random.default_rng(0).standard_normal((8, 4))
    factors.factorize(entries, diagonal)
    before = right.copy()
    factors.solve(before)
    broken = diagonal.copy()
    broken[row] = np.nan
    assert factors.factorize(entries, broken) == SINGULAR
    factors.factorize(entries, diagonal)
    after = right.copy()
    factors.solve(after)
    np.testing.assert_array_equal(after, before)
