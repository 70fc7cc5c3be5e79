"""Places for the buses of a grid that has no coordinates: sparse stress, leaves around their neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genba.num import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIVOTS = 60
STEPS = 120
LEAF_DISTANCE = 0.6
"""Distance of a leaf from its neighbour, in lengths of a branch."""
GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


def layout(n_node: int, source: Ints, target: Ints) -> Floats:
    """Give a place for every node, shape (n, 2), in lengths of a link; wide rather than tall.

    Arguments:
        n_node: number of nodes.
        source: one end of each link, shape (m,).
        target: the other end.

    Source: Ortmann, Klimenta and Brandes (2016), A sparse stress model; Brandes and Pich (2006), Eigensolver
    methods for progressive multidimensional scaling of large data.
    """
    graph = _graph(n_node, source, target)
    _, part = sparse.csgraph.connected_components(graph, directed=False)
    members = [np.flatnonzero(part == number) for number in np.argsort(-np.bincount(part), kind="stable")]
    drawn = [_turned(_component(graph[nodes][:, nodes].tocsr())) for nodes in members if len(nodes) > 1]
    alone = [nodes for nodes in members if len(nodes) == 1]
    places = np.zeros((n_node, 2))
    for nodes, where in zip(members, _packed([*drawn, *(np.zeros((1, 2)) for _ in alone)]), strict=True):
        places[nodes] = where
    return places


def _graph(n_node: int, source: Ints, target: Ints) -> sparse.csr_matrix:
    ends = (np.concatenate([source, target]), np.concatenate([target, source]))
    graph = sparse.coo_matrix((np.ones(2 * len(source)), ends), shape=(n_node, n_node)).tocsr()
    graph.setdiag(0)
    graph.eliminate_zeros()
    graph.data[:] = 1.0
    return graph


def _component(graph: sparse.csr_matrix) -> Floats:
    """Lay out one connected graph: its body by stress, then its leaves around the body."""
    degree = np.diff(graph.indptr)
    body = np.flatnonzero(degree > 1)
    if len(body) < 2:  # a pair or a star
        body = np.array([int(np.argmax(degree))])
    places = np.full((len(degree), 2), np.nan)
    places[body] = _stress(graph[body][:, body].tocsr())
    _add_leaves(graph, places, body)
    return places


def _stress(graph: sparse.csr_matrix) -> Floats:
    """Minimise the stress of all pairs within two links and of all pairs with a pivot."""
    n = graph.shape[0]
    if n == 1:
        return np.zeros((1, 2))
    to_pivot, regions, pivots = _pivots(graph)
    places = _pivot_mds(to_pivot)
    angle = GOLDEN_ANGLE * np.arange(n)
    places += 0.1 * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # parts equal nodes that would coincide
    i, j, near = _neighbours(graph)
    weights = 1.0 / near**2
    with np.errstate(divide="ignore"):
        to_weights = np.where(to_pivot > 2, regions / np.maximum(to_pivot, 1) ** 2, 0.0)  # (n, k)
    total = to_weights.sum(axis=1) + np.bincount(i, weights=weights, minlength=n)
    for step in range(STEPS):
        pull = _pull(places[:, None, :] - places[None, pivots, :], to_pivot)
        move = np.einsum("nk,nkd->nd", to_weights, pull)
        local = _pull(places[i] - places[j], near) * weights[:, None]
        for axis in (0, 1):
            move[:, axis] += np.bincount(i, weights=local[:, axis], minlength=n)
        places = places + (0.5 + 0.4 * step / STEPS) * move / total[:, None]
    return places


def _pull(difference: Floats, wanted: Floats) -> Floats:
    """Give the move that brings a pair from its difference to the wanted distance."""
    distance = np.maximum(np.linalg.norm(difference, axis=-1), 1e-9)
    return np.asarray(difference * (wanted / distance - 1.0)[..., None])


def _pivots(graph: sparse.csr_matrix) -> tuple[Floats, Floats, Ints]:
    """Choose pivots far from each other; give distances (n, k), nodes nearest to each (k,) and the pivots."""
    n = graph.shape[0]
    chosen: list[int] = [int(np.argmax(np.diff(graph.indptr)))]
    columns = [_distances(graph, chosen[0])]
    nearest = columns[0].copy()
    while len(chosen) < min(PIVOTS, n) and nearest.max() > 0:
        chosen.append(int(np.argmax(nearest)))
        columns.append(_distances(graph, chosen[-1]))
        nearest = np.minimum(nearest, columns[-1])
    distances = np.stack(columns, axis=1)
    regions = np.bincount(np.argmin(distances, axis=1), minlength=len(chosen)).astype(float)
    return distances, regions, np.array(chosen)


def _distances(graph: sparse.csr_matrix, node: int) -> Floats:
    return np.asarray(sparse.csgraph.dijkstra(graph, unweighted=True, indices=node))


def _pivot_mds(distances: Floats) -> Floats:
    squared = distances**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()
    _, _, right = np.linalg.svd(centred, full_matrices=False)
    axes = right[: min(2, len(right))].T
    axes = axes * np.sign(
        axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    )  # one sign on any machine
    places = centred @ axes
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(len(places))])
    spread = np.sqrt((places**2).sum(axis=1).mean())
    return np.asarray(places * (np.sqrt((distances**2).mean()) / spread if spread > 0 else 1.0))


def _neighbours(graph: sparse.csr_matrix) -> tuple[Ints, Ints, Floats]:
    """Give all ordered pairs one or two links apart, and how far."""
    second = (graph @ graph).tocsr()
    second.setdiag(0)
    second.data[:] = np.where(second.data > 0, 1.0, 0.0)
    both = (second + 3.0 * graph).tocoo()  # 3 or 4: neighbours; 1: two links apart
    kept = both.data > 0
    i, j, value = both.row[kept].astype(np.int64), both.col[kept].astype(np.int64), both.data[kept]
    return i, j, np.where(value >= 3, 1.0, 2.0)


def _add_leaves(graph: sparse.csr_matrix, places: Floats, body: Ints) -> None:
    """Place the nodes of one link in the widest free angle around their neighbour."""
    inside = np.zeros(len(places), dtype=bool)
    inside[body] = True
    for node in body.tolist():
        around = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
        leaves, fixed = around[~inside[around]], around[inside[around]]
        if not len(leaves):
            continue
        difference = places[fixed] - places[node]
        start, width = _widest_gap(np.arctan2(difference[:, 1], difference[:, 0]))
        angle = start + width * np.arange(1, len(leaves) + 1) / (len(leaves) + 1)
        reach = LEAF_DISTANCE * max(1.0, np.sqrt(len(leaves) / 6.0))
        places[leaves] = places[node] + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _widest_gap(angles: Floats) -> tuple[float, float]:
    """Give where the widest gap between directions begins, and its width, rad."""
    if not len(angles):
        return 0.0, 2.0 * np.pi
    ordered = np.sort(angles)
    gaps = np.diff(np.append(ordered, ordered[0] + 2.0 * np.pi))
    widest = int(np.argmax(gaps))
    return float(ordered[widest]), float(gaps[widest])


def _turned(places: Floats) -> Floats:
    """Turn a drawing so that its longest extent lies across."""
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes * np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    return np.asarray(centred @ axes.T)


def _packed(drawings: list[Floats]) -> list[Floats]:
    """Put the first drawing down and the others in rows under it, none over another."""
    placed: list[Floats] = []
    right, top, row_height = 0.0, 0.0, 0.0
    width = max((np.ptp(drawing[:, 0]) for drawing in drawings), default=0.0)
    for drawing in drawings:
        low, size = drawing.min(axis=0), np.ptp(drawing, axis=0) + 1.0
        if right > 0 and right + size[0] > width + 1.0:
            right, top, row_height = 0.0, top - row_height, 0.0
        placed.append(drawing - low + np.array([right, top - size[1]]))
        right, row_height = right + size[0], max(row_height, size[1])
    return placed


__all__ = ["layout"]
