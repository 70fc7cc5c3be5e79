"""Which buses are energised, in which island, and which branches hold an island together."""

from __future__ import annotations

import numpy as np

from genba.grid.kernels.network import REFERENCE, Bools, Floats, Ints, Network
from genba.num import sparse
from genba.num.jit import kernel


def islands(network: Network) -> Ints:
    """Give each bus its island (n,), numbered from 1 by first bus row; 0 where no unit energises it."""
    n, on = network.n_bus, network.branch_on
    return np.asarray(numbered(n, network.from_bus, network.to_bus, on, network.unit_bus, network.unit_on))


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
    bus, unit = references_of(
        island, network.bus_type, network.unit_bus, np.asarray(unit_on), network.unit_pmax
    )
    return np.asarray(bus), np.asarray(unit)


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


@kernel
def numbered(n: int, f: Ints, t: Ints, branch_on: Bools, unit_bus: Ints, unit_on: Bools) -> Ints:
    """Join the ends of every branch in a forest whose roots are first buses, then number what has a unit."""
    parent = np.arange(n)
    for k in range(len(f)):
        if branch_on[k]:
            one, other = _root(parent, f[k]), _root(parent, t[k])
            parent[max(one, other)] = min(one, other)
    number = np.zeros(n, np.int64)
    for k in range(len(unit_bus)):
        if unit_on[k]:
            number[_root(parent, unit_bus[k])] = 1
    count = 0
    for bus in range(n):
        root = _root(parent, bus)
        if root == bus and number[bus]:
            count += 1
            number[bus] = count
        else:
            number[bus] = number[root]
    return number


@kernel
def _root(parent: Ints, bus: int) -> int:
    while parent[bus] != bus:
        parent[bus] = parent[parent[bus]]
        bus = parent[bus]
    return bus


@kernel
def references_of(
    island: Ints, bus_type: Ints, unit_bus: Ints, unit_on: Bools, pmax: Floats
) -> tuple[Ints, Ints]:
    """Give the reference bus of every island and its first unit, -1 for none, shape (islands + 1,) each."""
    count = 1
    for bus in range(len(island)):
        count = max(count, island[bus] + 1)
    chosen, unit, largest = np.full(count, -1), np.full(count, -1), np.full(count, -1)
    for k in range(len(unit_bus)):
        bus, number = unit_bus[k], island[unit_bus[k]]
        if not unit_on[k] or number == 0:
            continue
        if largest[number] < 0 or pmax[k] > pmax[largest[number]]:
            largest[number] = k
        if bus_type[bus] == REFERENCE and (chosen[number] < 0 or bus < chosen[number]):
            chosen[number] = bus
    for number in range(1, count):
        if chosen[number] < 0 and largest[number] >= 0:
            chosen[number] = unit_bus[largest[number]]
    for k in range(len(unit_bus) - 1, -1, -1):  # the first row is written last
        number = island[unit_bus[k]]
        if unit_on[k] and number > 0 and chosen[number] == unit_bus[k]:
            unit[number] = k
    return chosen, unit


def _parts(network: Network, branch_on: Bools) -> Ints:
    graph = _graph(network, branch_on)
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)


def _graph(network: Network, branch_on: Bools) -> sparse.csr_matrix:
    f, t = network.from_bus[branch_on], network.to_bus[branch_on]
    size = (network.n_bus, network.n_bus)
    return sparse.coo_matrix((np.ones(len(f)), (f, t)), shape=size).tocsr()


def _depth_first(network: Network, branch_on: Bools) -> tuple[Ints, Ints]:
    """Give all buses in depth-first order and each bus's parent (-1 at a root)."""
    graph = _graph(network, branch_on)
    graph = (graph + graph.T).tocsr()
    part = sparse.csgraph.connected_components(graph, directed=False)[1]
    parent = np.full(network.n_bus, -1, dtype=np.int64)
    orders = []
    for root in np.unique(part, return_index=True)[1]:
        order, before = sparse.csgraph.depth_first_order(graph, root, directed=True)
        parent[order] = before[order]
        parent[root] = -1
        orders.append(order)
    return np.concatenate(orders).astype(np.int64), parent
