"""Orders of symmetric patterns by least mean local fill: slower than minimum degree, and less fill."""

import numpy as np
from numpy.typing import NDArray

from genba.num.elimination import Fill, fill_in_order
from genba.num.jit import inlined, kernel

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

FEW = 3
"""Nodes of no more neighbours are left in the order they have; what they fill in is nothing to choose."""


def less_fill(n: int, indptr: Ints, indices: Ints, fill: Fill, *, dense: float) -> Fill:
    """Give a fill of fewer updates where those of a fill are many; else the fill itself.

    Arguments:
        n: number of nodes.
        indptr, indices: neighbours; both directions of every edge, without loops and repetitions.
        fill: that of another order.
        dense: updates per node from which another order is looked for.
    """
    before = updates_of(fill)
    if before < dense * n:
        return fill
    other = fill_in_order(n, indptr, indices, mean_fill_order(indptr, indices, fill))
    return other if updates_of(other) < before else fill


def updates_of(fill: Fill) -> int:
    """Give how many times a block takes something off another in a factorisation."""
    count = np.diff(fill.column_start)
    return int((count * (count + 1)).sum()) // 2


def mean_fill_order(indptr: Ints, indices: Ints, fill: Fill) -> Ints:
    """Give an order that begins as a fill's does, shape (n,).

    What is left once all nodes of few neighbours are eliminated is ordered anew: the node goes first whose
    elimination adds the fewest edges for each of its neighbours.

    Source: Rothberg and Eisenstat (1998), Node selection strategies for bottom-up sparse matrix ordering.
    """
    order, rows = fill.order, (fill.column_start, fill.rows)
    place, count = _core(fill.column_start, fill.parent)
    edges = _edges(indptr, indices, order, place, count, *rows)
    kept, core = order[place < 0], order[place >= 0]
    return np.concatenate([kept, core[_eliminated(edges, count)]])


@kernel
def _core(column_start: Ints, parent: Ints) -> tuple[Ints, int]:
    """Number the positions that are left after those of few neighbours; -1 for the latter."""
    n = len(parent)
    place = np.full(n, -1)
    kept = np.zeros(n, np.bool_)  # whether a descendant is left
    count = 0
    for k in range(n):
        if kept[k] or column_start[k + 1] - column_start[k] > FEW:
            place[k] = count
            count += 1
            if parent[k] >= 0:
                kept[parent[k]] = True
    return place, count


@inlined
def _join(edges: Words, one: int, other: int) -> None:
    edges[one, other // 64] |= np.uint64(1) << np.uint64(other % 64)
    edges[other, one // 64] |= np.uint64(1) << np.uint64(one % 64)


@kernel
def _edges(
    indptr: Ints, indices: Ints, order: Ints, place: Ints, count: int, column_start: Ints, rows: Ints
) -> Words:
    """Give the graph of the core as bits, shape (count, words): its own edges, and those filled in so far."""
    edges = np.zeros((count, count // 64 + 1), np.uint64)
    place_of = np.empty_like(place)
    for k in range(len(order)):
        place_of[order[k]] = place[k]
    for k in range(len(order)):
        one = place[k]
        if one >= 0:
            for at in range(indptr[order[k]], indptr[order[k] + 1]):
                other = place_of[indices[at]]
                if other >= 0:
                    _join(edges, one, other)
            continue
        for at in range(column_start[k], column_start[k + 1]):
            for before in range(column_start[k], at):
                if place[rows[at]] >= 0 and place[rows[before]] >= 0:
                    _join(edges, place[rows[at]], place[rows[before]])
    return edges


@inlined
def _ones(word: np.uint64) -> int:
    """Count the bits that are set."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int(np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56)))


@kernel
def _shared(edges: Words, one: int, other: int) -> int:
    """Count the neighbours that two nodes have in common."""
    total = 0
    for q in range(edges.shape[1]):
        total += _ones(edges[one, q] & edges[other, q])
    return total


@kernel
def _members(edges: Words, node: int, found: Ints) -> int:
    """Write the neighbours of a node; give their number."""
    count = 0
    for q in range(edges.shape[1]):
        word = edges[node, q]
        while word:
            lowest = word & (~word + np.uint64(1))
            found[count] = 64 * q + _ones(lowest - np.uint64(1))
            count += 1
            word ^= lowest
    return count


@kernel
def _connect(edges: Words, one: int, other: int, degree: Ints, missing: Ints) -> None:
    """Add an edge: neighbours of both lack one edge less, its ends lack those to what only the other has."""
    common = 0
    for q in range(edges.shape[1]):
        word = edges[one, q] & edges[other, q]
        while word:
            lowest = word & (~word + np.uint64(1))
            missing[64 * q + _ones(lowest - np.uint64(1))] -= 1
            common += 1
            word ^= lowest
    missing[one] += degree[one] - common
    missing[other] += degree[other] - common
    degree[one] += 1
    degree[other] += 1
    _join(edges, one, other)


@kernel
def _eliminated(edges: Words, n: int) -> Ints:
    """Eliminate all nodes of a graph, which is used up, by least mean local fill; give their order."""
    degree = np.zeros(n, np.int64)
    missing = np.zeros(n, np.int64)  # edges between a node's neighbours that are not there
    near = np.empty(n, np.int64)
    alive = np.arange(n)
    order = np.empty(n, np.int64)
    for node in range(n):
        degree[node] = _members(edges, node, near)
        twice = 0
        for at in range(degree[node]):
            twice += _shared(edges, node, near[at])
        missing[node] = (degree[node] * (degree[node] - 1) - twice) // 2
    for k in range(n):
        best, least = 0, np.inf
        for at in range(n - k):
            mean = missing[alive[at]] / (degree[alive[at]] + 1.0)
            if mean < least:
                best, least = at, mean
        node = alive[best]
        alive[best] = alive[n - k - 1]
        order[k] = node
        count = _members(edges, node, near)
        for at in range(count):
            one = near[at]
            missing[one] -= degree[one] - 1 - _shared(edges, node, one)
            degree[one] -= 1
            edges[one, node // 64] &= ~(np.uint64(1) << np.uint64(node % 64))
        for at in range(count):
            for before in range(at):
                one, other = near[at], near[before]
                if not (edges[one, other // 64] >> np.uint64(other % 64)) & np.uint64(1):
                    _connect(edges, one, other, degree, missing)
    return order
