from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.grid.io.matpower import read
from genba.num.elimination import fill_of
from genba.num.low_degree import eliminate_low
from genba.num.ordering import adjacency, minimum_degree


def dense_fill(n: int, edges: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Eliminate node after node on a dense boolean matrix: the definition."""
    a = np.eye(n, dtype=bool)
    a[edges[:, 0], edges[:, 1]] = a[edges[:, 1], edges[:, 0]] = True
    a = a[np.ix_(order, order)]
    for k in range(n):
        below = np.flatnonzero(a[k + 1 :, k]) + k + 1
        a[np.ix_(below, below)] = True
    return np.tril(a, -1)


graphs = st.integers(1, 24).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60)
    )
)


@settings(deadline=None)  # the first call compiles
@given(graphs)
def test_the_fill_is_what_elimination_makes(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n, pairs = graph
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    fill = fill_of(n, *adjacency(n, edges[:, 0], edges[:, 1]))
    assert sorted(fill.order) == list(range(n))
    expected = dense_fill(n, edges, fill.order)
    found = np.zeros((n, n), bool)
    for column in range(n):
        found[fill.rows[fill.column_start[column] : fill.column_start[column + 1]], column] = True
    np.testing.assert_array_equal(found, expected)
    by_row = sp.csr_matrix((np.ones(len(fill.row_columns)), fill.row_columns, fill.row_start), shape=(n, n))
    np.testing.assert_array_equal(by_row.toarray() > 0, expected)
    np.testing.assert_array_equal(
        fill.rows[fill.row_places], np.repeat(np.arange(n), np.diff(fill.row_start))
    )


@settings(deadline=None)  # the first call compiles
@given(graphs)
def test_rows_list_descendants_before_ancestors(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n, pairs = graph
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    fill = fill_of(n, *adjacency(n, edges[:, 0], edges[:, 1]))
    for row in range(n):
        seen: set[int] = set()
        for column in fill.row_columns[fill.row_start[row] : fill.row_start[row + 1]].tolist():
            seen.add(column)
            assert fill.parent[column] == row or fill.parent[column] not in seen


def test_a_tree_is_eliminated_without_fill() -> None:
    ends = np.arange(1, 200)
    order = minimum_degree(200, *adjacency(200, ends, (ends - 1) // 2))
    edges = np.stack([ends, (ends - 1) // 2], axis=1)
    assert dense_fill(200, edges, order).sum() == 199


@pytest.mark.parametrize(("pairs", "goes_on"), [(10, False), (3000, True)])
def test_a_node_next_to_all_others_costs_no_square_of_them(pairs: int, goes_on: bool) -> None:
    """Pairs of neighbours around one hub: lists of neighbours end early, the quotient graph goes on."""
    first, n = 1 + 2 * np.arange(pairs), 2 * pairs + 1
    hub = np.zeros(pairs, np.int64)
    indptr, indices = adjacency(
        n, np.concatenate([hub, hub, first]), np.concatenate([first, first + 1, first + 1])
    )
    count, _, _ = eliminate_low(n, indptr, indices, np.empty(n, np.int64), np.zeros(n, np.int64))
    assert (count < n) == goes_on
    assert len(fill_of(n, indptr, indices).rows) == 3 * pairs  # no fill


@pytest.mark.parametrize("name", ["case118_ieee", "case1354_pegase", "case2742_goc"])
def test_fill_is_within_5_percent_of_amd(name: str, pglib: Path) -> None:
    qdldl = pytest.importorskip("qdldl", reason="qdldl is not installed: pip install 'genba[rivals]'")
    case, _ = read(pglib / f"pglib_opf_{name}.m")
    row = np.argsort(case.bus["bus"])
    ends = [row[np.searchsorted(case.bus["bus"][row], case.branch[end])] for end in ("from_bus", "to_bus")]
    n = len(case.bus)
    indptr, indices = adjacency(n, ends[0], ends[1])
    laplacian = sp.csc_matrix((-np.ones(len(indices)), indices, indptr), shape=(n, n))
    upper = sp.triu(laplacian + sp.diags(np.diff(indptr) + 1.0)).tocsc()
    lower, _, _ = qdldl.Solver(upper, upper=True).factors()
    assert len(fill_of(n, indptr, indices).rows) <= 1.05 * lower.nnz
