"""Which buses are energised, in which island, and which branches hold an island together."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, depth_first_order

from genba.grid.kernels.network import REFERENCE, Bools, Ints, Network


def islands(network: Network) -> Ints:
    """Give each bus its island (n,), numbered from 1 by first bus row; 0 where no unit energises it."""
    part = _parts(network, network.branch_on)
    powered = np.zeros(part.max(initial=-1) + 1, dtype=bool)
    powered[part[network.unit_bus[network.unit_on]]] = True
    _, first = np.unique(part, return_index=True)
    number = np.zeros_like(first)
    order = np.argsort(first, kind="stable")
    order = order[powered[order]]
    number[order] = np.arange(1, len(order) + 1)
    return number[part]


def remaining(network: Network, before: Ints, branch_on: Bools, *, unit_on: Bools) -> Ints:
    """Give the islands that an outage leaves: of each split island the largest part that has a unit.

    Arguments:
        network: the grid.
        before: islands before the outage, shape (n,); 0 stays 0.
        branch_on: branches in service after it.
        unit_on: units in service after it.

    Returns:
        Island numbers as before; 0 where a bus is cut off. Shape (n,).
    """
    part = _parts(network, branch_on)
    count = part.max(initial=-1) + 1
    size = np.bincount(part[before > 0], minlength=count)
    powered = np.zeros(count, dtype=bool)
    powered[part[network.unit_bus[unit_on & (before[network.unit_bus] > 0)]]] = True
    _, first = np.unique(part, return_index=True)
    island = before[first]
    kept = np.zeros(count, dtype=bool)
    order = np.lexsort((first, -size, island))
    order = order[powered[order] & (island[order] > 0)]
    _, best = np.unique(island[order], return_index=True)
    kept[order[best]] = True
    return np.where(kept[part], before, 0)


def references(network: Network, island: Ints, unit_on: Bools) -> tuple[Ints, Ints]:
    """Give reference bus and its first unit of every island, shape (islands + 1,) each; -1 for none.

    The first bus of type 3 that has a unit, else the bus of the unit with the largest pmax.
    """
    count = int(island.max(initial=0)) + 1
    unit_island = np.where(unit_on, island[network.unit_bus], 0)
    typed = network.bus_type[network.unit_bus] == REFERENCE
    # last key first: island, then typed, then largest pmax, then the first row; typed ones go by bus row
    size = np.where(typed, -network.unit_bus.astype(float), network.unit_pmax)
    order = np.lexsort((np.arange(len(typed)), -size, ~typed, unit_island))
    bus = np.full(count, -1)
    found, first = np.unique(unit_island[order], return_index=True)
    bus[found] = network.unit_bus[order[first]]
    bus[0] = -1
    unit = np.full(count, -1)
    at_reference = np.flatnonzero(unit_on & np.isin(network.unit_bus, bus[1:]))[::-1]
    unit[unit_island[at_reference]] = at_reference  # the first row is written last
    unit[0] = -1
    return bus, unit


def bridges(network: Network) -> Bools:
    """Tell of each branch in service whether it alone joins two parts, shape (m,).

    A tree edge of a depth-first search is a bridge when no other branch leads from its subtree upwards.

    Source: Tarjan (1974), A note on finding the bridges of a graph.
    """
    f, t, on = network.from_bus, network.to_bus, network.branch_on & (network.from_bus != network.to_bus)
    order, parent = _depth_first(network, on)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    lower, upper = np.where(place[f] > place[t], f, t), np.where(place[f] > place[t], t, f)
    tree = on & (parent[lower] == upper)
    _, first = np.unique(np.where(tree, lower, -1), return_index=True)
    is_tree = np.zeros(len(f), dtype=bool)
    is_tree[first] = True
    is_tree &= tree  # of parallel branches one is the tree edge, the others lead back
    back = on & ~is_tree
    cover = np.bincount(lower[back], minlength=len(order)) - np.bincount(upper[back], minlength=len(order))
    total = cover.tolist()
    above = parent.tolist()
    for bus in order[::-1].tolist():
        if above[bus] >= 0:
            total[above[bus]] += total[bus]
    return np.asarray(is_tree & (np.array(total, dtype=np.int64)[lower] == 0))


def _parts(network: Network, branch_on: Bools) -> Ints:
    graph = _graph(network, branch_on)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _graph(network: Network, branch_on: Bools) -> csr_matrix:
    f, t = network.from_bus[branch_on], network.to_bus[branch_on]
    size = (network.n_bus, network.n_bus)
    return coo_matrix((np.ones(len(f)), (f, t)), shape=size).tocsr()


def _depth_first(network: Network, branch_on: Bools) -> tuple[Ints, Ints]:
    """Give all buses in depth-first order and each bus's parent (-1 at a root)."""
    graph = _graph(network, branch_on)
    graph = (graph + graph.T).tocsr()
    part = connected_components(graph, directed=False)[1]
    parent = np.full(network.n_bus, -1, dtype=np.int64)
    orders = []
    for root in np.unique(part, return_index=True)[1]:
        order, before = depth_first_order(graph, root, directed=True)
        parent[order] = before[order]
        parent[root] = -1
        orders.append(order)
    return np.concatenate(orders).astype(np.int64), parent
