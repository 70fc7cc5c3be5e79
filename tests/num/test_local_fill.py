"""Orders by least mean local fill: what is chosen is least by definition, and less is filled in."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.num.elimination import fill_of
from genba.num.local_fill import FEW, less_fill, mean_fill_order, updates_of
from genba.num.ordering import adjacency

graphs = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=150)
    )
)


def grid(side: int) -> tuple[int, np.ndarray, np.ndarray]:
    """Give a square grid with both diagonals in every cell."""
    at = np.arange(side * side).reshape(side, side)
    pairs = [
        (at[:, 1:], at[:, :-1]),
        (at[1:], at[:-1]),
        (at[1:, 1:], at[:-1, :-1]),
        (at[1:, :-1], at[:-1, 1:]),
    ]
    one, other = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    return side * side, one, other


@settings(deadline=None)  # the first call compiles
@given(graphs)
def test_every_choice_adds_the_fewest_edges_for_each_neighbour(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    n, pairs = graph
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    edges = adjacency(n, ends[:, 0], ends[:, 1])
    fill = fill_of(n, *edges)
    order = mean_fill_order(*edges, fill)
    assert sorted(order) == list(range(n))
    joined = np.zeros((n, n), bool)
    joined[ends[:, 0], ends[:, 1]] = joined[ends[:, 1], ends[:, 0]] = True
    np.fill_diagonal(joined, False)

    def mean(node: int) -> float:
        near = np.flatnonzero(joined[node])
        missing = (~joined[np.ix_(near, near)]).sum() - len(near)
        return float(missing / 2 / (len(near) + 1))

    chosen = False
    for k, node in enumerate(order):
        chosen = chosen or joined[node].sum() > FEW
        if chosen:
            assert mean(node) <= min(mean(other) for other in order[k:])
        near = np.flatnonzero(joined[node])
        joined[np.ix_(near, near)] = True
        np.fill_diagonal(joined, False)
        joined[node], joined[:, node] = False, False


def test_a_grid_is_factorised_with_fewer_updates() -> None:
    n, one, other = grid(40)
    edges = adjacency(n, one, other)
    first = fill_of(n, *edges)
    assert updates_of(less_fill(n, *edges, first, dense=0.0)) < 0.95 * updates_of(first)


def test_a_sparse_fill_is_left_as_it_is() -> None:
    edges = adjacency(50, np.arange(49), np.arange(1, 50))
    fill = fill_of(50, *edges)
    assert less_fill(50, *edges, fill, dense=25.0) is fill


def test_updates_are_counted_by_columns() -> None:
    n = 6  # complete: columns of 5, 4, ... 0 blocks
    one, other = np.triu_indices(n, 1)
    assert updates_of(fill_of(n, *adjacency(n, one, other))) == 15 + 10 + 6 + 3 + 1
