"""What the loss of a branch cuts off, for all branches at once: bridges, their smaller sides, cuts of two.

Source: Tarjan (1974), A note on finding the bridges of a graph; Pritchard and Thurimella (2011), Fast
computation of small cuts via cycle space sampling (labels whose equality shows a cut of two).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.network import Bools, Floats, Ints, Phasors
from genba.num.jit import kernel
from genba.num.ordering import adjacent

SEED = 20_031
"""Of the labels; equal ones by chance only send an outage the slow way."""
UNITS, DEMANDS, LOAD, OUTPUT, NEED, REFERENCES = range(6)
AMOUNTS = 6
"""What is summed over the buses that a branch holds together."""


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


class Partings(NamedTuple):
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
        lost_need: demand and what shunts take at 1 p.u. cut off, p.u.
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


@kernel
def partings(
    branches: tuple[Ints, Ints, Bools],
    units: tuple[Ints, Bools, Floats],
    buses: tuple[Ints, Phasors, Phasors, Bools],
) -> Partings:
    """Give what the loss of each branch cuts off, by the rules of `islands.remaining`.

    Arguments:
        branches: from and to bus, and whether in service, shape (m,) each.
        units: bus, whether in service at an energised bus, and output, shape (g,) each, p.u.
        buses: island (0 when de-energised), demand, shunt, and whether the angle is given, shape (n,) each.
    """
    (f, t, _), n = branches, len(buses[0])
    on = branches[2] & (f != t)
    indptr, near = adjacent(n, f[on], t[on])
    found = _search(n, indptr, near)
    tree, label = np.full(n, -1), np.zeros(len(f), np.uint64)
    _cover(found, f, t, on, tree, label)
    return _weigh(found, tree, label, (f, t, on), units, buses)


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
def _weigh(
    found: Search,
    tree: Ints,
    label: NDArray[np.uint64],
    branches: tuple[Ints, Ints, Bools],
    units: tuple[Ints, Bools, Floats],
    buses: tuple[Ints, Phasors, Phasors, Bools],
) -> Partings:
    """Give what bridges cut off, from sums over ranges of the preorder and over islands.

    Arguments:
        found: the search.
        tree: branch by which each bus is met, shape (n,).
        label: labels of the branches, shape (m,).
        branches: from and to bus, and whether searched, shape (m,) each.
        units: bus, whether in service, and output, shape (g,) each.
        buses: island, demand, shunt, and whether the angle is given, shape (n,) each.
    """
    (f, t, on), (island, _, _, _) = branches, buses
    place, m = found.place, len(f)
    running, whole, size, first_bus = _sums(found.preorder, units, buses)
    bridge, rest, keeps_from, islanded, no_reference, no_units = (
        np.zeros(m, np.bool_), np.zeros(m, np.bool_), np.zeros(m, np.bool_), np.zeros(m, np.bool_),
        np.zeros(m, np.bool_), np.zeros(m, np.bool_)
    )  # fmt: skip
    first, end, cut_off = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m, np.int64)
    load, generation, need = np.zeros(m), np.zeros(m), np.zeros(m)
    for row in range(m):
        lower, at = f[row] if place[f[row]] > place[t[row]] else t[row], island[f[row]]
        keeps_from[row] = lower != f[row]
        if not (on[row] and label[row] == 0 and tree[lower] == row and at > 0):
            continue
        below = found.below[lower]
        bridge[row], first[row], end[row] = True, place[lower], place[lower] + below
        inside, beyond = np.empty(len(whole[at])), np.empty(len(whole[at]))
        for part in range(len(inside)):
            inside[part] = running[end[row], part] - running[first[row], part]
            beyond[part] = whole[at, part] - inside[part]
        others = size[at] - below
        earlier = first[row] <= place[first_bus[at]] < end[row]
        rest[row] = inside[UNITS] > 0 and (
            beyond[UNITS] <= 0 or below > others or (below == others and earlier)
        )
        keeps_from[row] = (lower == f[row]) == rest[row]
        cut, cut_off[row] = (beyond, others) if rest[row] else (inside, below)
        islanded[row] = cut[DEMANDS] > 0 or cut[UNITS] > 0
        load[row], generation[row], need[row] = cut[LOAD], cut[OUTPUT], cut[NEED]
        no_reference[row], no_units[row] = cut[REFERENCES] > 0, cut[UNITS] > 0
    return Partings(
        found.preorder, bridge, label, first, end, rest, keeps_from, cut_off, islanded, load, generation,
        need, no_reference, no_units
    )  # fmt: skip


@kernel
def _sums(
    order: Ints, units: tuple[Ints, Bools, Floats], buses: tuple[Ints, Phasors, Phasors, Bools]
) -> tuple[Floats, Floats, Ints, Ints]:
    """Give amounts summed along the preorder and by island, buses of each island and its first bus."""
    (unit_bus, unit_on, p), (island, demand, shunt, reference) = units, buses
    n, islands = len(order), island.max() + 1 if len(island) else 1
    amounts = np.zeros((n, AMOUNTS))
    for unit in range(len(unit_bus)):
        if unit_on[unit]:
            amounts[unit_bus[unit], UNITS] += 1.0
            amounts[unit_bus[unit], OUTPUT] += p[unit]
    whole, size, first_bus = (
        np.zeros((islands, AMOUNTS)),
        np.zeros(islands, np.int64),
        np.zeros(islands, np.int64),
    )
    for bus in range(n - 1, -1, -1):
        first_bus[island[bus]] = bus
    for bus in range(n):
        amounts[bus, DEMANDS], amounts[bus, LOAD] = 1.0 if demand[bus] != 0 else 0.0, demand[bus].real
        amounts[bus, NEED] = demand[bus].real + shunt[bus].real
        amounts[bus, REFERENCES] = 1.0 if reference[bus] else 0.0
        size[island[bus]] += 1
        for part in range(AMOUNTS):
            whole[island[bus], part] += amounts[bus, part]
    running = np.zeros((n + 1, AMOUNTS))
    for k in range(n):
        for part in range(AMOUNTS):
            running[k + 1, part] = running[k, part] + amounts[order[k], part]
    return running, whole, size, first_bus


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
