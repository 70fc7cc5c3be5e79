"""What the loss of a branch cuts off, for all branches at once: bridges, their smaller sides, cuts of two.

Source: Tarjan (1974), A note on finding the bridges of a graph; Pritchard and Thurimella (2011), Fast
computation of small cuts via cycle space sampling (labels whose equality shows a cut of two).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.network import Bools, Floats, Ints, Network, bus_sum
from genba.num.jit import kernel
from genba.num.ordering import adjacency

SEED = 20_031
"""Of the labels; equal ones by chance only send an outage the slow way."""


class Search(NamedTuple):
    """A depth-first search over the branches in service.

    Arguments:
        preorder: buses as they are met, shape (n,); what is below a bus follows it.
        place: where each bus stands in it, shape (n,).
        below: number of buses below each, itself included, shape (n,).
            parent: bus from which each is met, -1 at a root, shape (n,).
    """

    preorder: Ints
    place: Ints
    below: Ints
    parent: Ints


@dataclass(frozen=True, eq=False)
class Partings:
    """What each branch alone holds together, shape (m,) each.

    Arguments:
        preorder: buses as a depth-first search meets them, shape (n,).
        bridge: whether its loss cuts buses off.
        label: 0 for a bridge; equal to another branch's where the loss of both cuts buses off.
        first: first bus in `preorder` of what is cut off, or of what is not.
        end: one after the last.
        rest: whether all else of the island is cut off, and not these.
        keeps_from: whether the from end stays energised.
        cut_off: number of buses cut off.
        islanded: whether demand or a unit in service is among them.
        lost_load: active demand cut off, p.u.
        lost_generation: output cut off, p.u.
        loses_reference: whether a reference is cut off.
        loses_units: whether units are.
    """

    preorder: Ints
    bridge: Bools
    label: NDArray[np.uint64]
    first: Ints
    end: Ints
    rest: Bools
    keeps_from: Bools
    cut_off: Ints
    islanded: Bools
    lost_load: Floats
    lost_generation: Floats
    lost_need: Floats
    loses_reference: Bools
    loses_units: Bools


def partings(
    network: Network, *, branch_on: Bools, unit_on: Bools, island: Ints, p: Floats, reference: Bools
) -> Partings:
    """Give what the loss of each branch cuts off, by the rules of `islands.remaining`.

    Arguments:
        network: the grid.
        branch_on: branches in service, shape (m,).
        unit_on: units in service at energised buses, shape (g,).
        island: island of each bus, 0 when de-energised, shape (n,).
        p: output of each unit, shape (g,), p.u.
        reference: buses whose angle is given, shape (n,).
    """
    n, f, t = network.n_bus, network.from_bus, network.to_bus
    on = branch_on & (f != t)
    found, tree, label = _searched(network, on)
    order, place = found.preorder, found.place
    lower = np.where(place[f] > place[t], f, t)
    bridge = on & (label == 0) & (tree[lower] == np.arange(len(f))) & (island[f] > 0)
    first = np.where(bridge, place[lower], 0)
    end = np.where(bridge, first + found.below[lower], 0)
    amounts = np.stack(
        [
            np.bincount(network.unit_bus[unit_on], minlength=n).astype(np.float64),
            network.demand != 0,
            network.demand.real,
            bus_sum(network.unit_bus[unit_on], p[unit_on], n),
            network.demand.real + network.shunt.real,
            reference,
        ]
    )
    inside, whole = _below(amounts, order, first, end), _by_island(amounts, island)[:, island[f]]
    buses = np.bincount(island, minlength=int(island.max(initial=0)) + 1)[island[f]]
    size, powered = end - first, inside[0] > 0
    beyond_powered = whole[0] - inside[0] > 0
    earlier = _earliest(place, first, end, island, f)
    below_stays = powered & (~beyond_powered | (size > buses - size) | ((size == buses - size) & earlier))
    rest = bridge & below_stays
    units, demands, load, generation, need, references = np.where(
        bridge, np.where(rest, whole - inside, inside), 0.0
    )
    return Partings(
        preorder=order,
        bridge=bridge,
        label=label,
        first=first,
        end=end,
        rest=rest,
        keeps_from=(lower == f) == rest,
        cut_off=np.where(bridge, np.where(rest, buses - size, size), 0),
        islanded=(demands > 0) | (units > 0),
        lost_load=load,
        lost_generation=generation,
        lost_need=need,
        loses_reference=references > 0,
        loses_units=units > 0,
    )


def _below(amounts: Floats, order: Ints, first: Ints, end: Ints) -> Floats:
    """Give sums over ranges of the preorder, one row for each amount: shape (k, m)."""
    running = np.zeros((len(amounts), len(order) + 1))
    np.cumsum(amounts[:, order], axis=1, out=running[:, 1:])
    return np.asarray(running[:, end] - running[:, first])


def _by_island(amounts: Floats, island: Ints) -> Floats:
    """Give sums over islands, shape (k, islands + 1)."""
    count = int(island.max(initial=0)) + 1
    return np.stack([bus_sum(island, amount, count) for amount in amounts])


def _earliest(place: Ints, first: Ints, end: Ints, island: Ints, f: Ints) -> Bools:
    """Tell whether the first bus of the island lies below, which decides between parts of equal size."""
    start = np.zeros(int(island.max(initial=0)) + 1, np.int64)
    start[island[::-1]] = np.arange(len(island))[::-1]  # the last to be written is the first bus
    at = place[start[island[f]]]
    return np.asarray((at >= first) & (at < end))


def _searched(network: Network, on: Bools) -> tuple[Search, Ints, NDArray[np.uint64]]:
    """Search; give also the branch by which each bus is met, -1 at a root, and the branches' labels."""
    n, f, t = network.n_bus, network.from_bus, network.to_bus
    found = _search(n, *adjacency(n, f[on], t[on]))
    tree, label = np.full(n, -1), np.zeros(len(f), np.uint64)
    _cover(found, f, t, on, tree, label)
    return found, tree, label


@kernel
def _search(n: int, indptr: Ints, near: Ints) -> Search:
    """Search depth first from every bus not met yet."""
    preorder, place = np.empty(n, np.int64), np.full(n, -1)
    below, parent = np.ones(n, np.int64), np.full(n, -1)
    path, progress = np.empty(n, np.int64), indptr[:n].copy()
    count = 0
    for root in range(n):
        if place[root] >= 0:
            continue
        path[0], top = root, 0
        place[root], preorder[count] = count, root
        count += 1
        while top >= 0:
            bus = path[top]
            if progress[bus] == indptr[bus + 1]:
                top -= 1
                if top >= 0:
                    below[path[top]] += below[bus]
                continue
            other = near[progress[bus]]
            progress[bus] += 1
            if place[other] < 0:
                place[other], preorder[count], parent[other] = count, other, bus
                count += 1
                top += 1
                path[top] = other
    return Search(preorder, place, below, parent)


@kernel
def _cover(found: Search, f: Ints, t: Ints, on: Bools, tree: Ints, label: NDArray[np.uint64]) -> None:
    """Label each tree branch by all others that lead past it: the exclusive or of their labels.

    Arguments:
        found: the search.
        f: from bus of each branch, shape (m,).
        t: its to bus.
        on: branches searched, shape (m,).
        tree: becomes the branch by which each bus is met, shape (n,); -1 at a root, as it is given.
        label: becomes the labels, shape (m,); given as zeros.
    """
    preorder, place, parent = found.preorder, found.place, found.parent
    carried = np.zeros(len(preorder), np.uint64)
    for row in range(len(label)):
        if not on[row]:
            continue
        lower, upper = (f[row], t[row]) if place[f[row]] > place[t[row]] else (t[row], f[row])
        if parent[lower] == upper and tree[lower] < 0:  # of parallel branches the first is the tree's
            tree[lower] = row
        else:
            label[row] = _mixed(row)
            carried[lower] ^= label[row]
            carried[upper] ^= label[row]
    for k in range(len(preorder) - 1, -1, -1):
        bus = preorder[k]
        if parent[bus] >= 0:
            label[tree[bus]] = carried[bus]
            carried[parent[bus]] ^= carried[bus]


@kernel
def _mixed(row: int) -> np.uint64:
    """Give 64 bits that look random.

    Source: Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (SplitMix64).
    """
    z = np.uint64(SEED + row) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


__all__ = ["Partings", "partings"]
