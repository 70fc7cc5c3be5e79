"""Places for buses: apart, the same each time, and near their neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.grid.kernels.layout import layout


def ring(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), (np.arange(n) + 1) % n


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 15), data=st.data())
def test_any_graph_has_a_place_for_every_node(n: int, data: st.DataObject) -> None:
    ends = st.lists(st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, max(n - 1, 0))), max_size=25)
    links = np.array(data.draw(ends) if n else [], dtype=np.int64).reshape(-1, 2)
    places = layout(n, links[:, 0], links[:, 1])
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(6), axis=0)) == n


def test_a_ring_is_drawn_round() -> None:
    places = layout(40, *ring(40))
    radius = np.linalg.norm(places - places.mean(axis=0), axis=1)
    assert radius.std() / radius.mean() < 0.1


def test_the_same_grid_is_drawn_the_same() -> None:
    np.testing.assert_array_equal(layout(30, *ring(30)), layout(30, *ring(30)))


@pytest.mark.parametrize("size", [5, 12])
def test_a_mesh_keeps_neighbours_close_and_lies_across(size: int) -> None:
    """A grid of size x 2 size: links have about one length, and the long side is horizontal."""
    node = np.arange(2 * size * size).reshape(size, 2 * size)
    source = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    target = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    places = layout(node.size, source, target)
    length = np.linalg.norm(places[source] - places[target], axis=1)
    assert 0.5 < np.median(length) < 1.5
    assert np.ptp(places[:, 0]) > 1.3 * np.ptp(places[:, 1])
