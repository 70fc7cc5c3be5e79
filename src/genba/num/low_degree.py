"""Elimination of nodes of low degree, neighbours written out: what most nodes of a grid are.

A list of neighbours costs less than a quotient graph while degrees are small: of a transmission grid seven to
nine nodes in ten go that way.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.copies import copy_to
from genba.num.jit import kernel

Ints = NDArray[np.int64]

LOW = 4
"""Largest degree of a node that is eliminated here. Of 2, 3 and 4 the fastest, measured on ten grids of up to
30,000 buses; with every degree, factors of the larger ones take up to a fifth more block updates, because
only a quotient graph knows external degrees."""
SPARE = 4
"""Room for more neighbours behind each list."""
EFFORT = 20
"""Visits of neighbours for each node and edge, after which the rest is left: a node that is next to all the
others would be visited again and again."""
BEGIN, LENGTH, ROOM, DEGREE, AFTER, BEFORE = range(6)
"""What is known of a node: where its neighbours lie in the pool, how many, and room for how many; its degree,
and the nodes after and before it in the list of that degree (-1: none)."""


@kernel
def eliminate_low(n: int, indptr: Ints, indices: Ints, order: Ints, gone: Ints) -> tuple[int, Ints, Ints]:
    """Eliminate nodes of low degree, the lowest first.

    Arguments:
        n: number of nodes.
        indptr: first neighbour of each node, shape (n + 1,).
        indices: neighbours; both directions of every edge, without loops and repetitions.
        order: where eliminated nodes go, shape (n,).
        gone: becomes 1 for them, from 0, shape (n,).

    Returns:
        How many are eliminated; what is known of every node, shape (n, 6); and the pool of neighbours, in
        which those that are gone do not count.
    """
    nodes, first, pool, end = _listed(n, indptr, indices)
    marks, near = np.full(n, -1), np.empty(LOW, np.int64)
    count, lowest, visits, most = 0, 0, 0, EFFORT * (n + len(indices))
    while count < n and visits <= most:
        while first[lowest] < 0:
            lowest += 1
        if lowest > LOW:
            break
        pivot = first[lowest]
        _leave(nodes, first, pivot)
        order[count], gone[pivot] = pivot, 1
        count += 1
        found = 0
        for place in range(nodes[pivot, BEGIN], nodes[pivot, BEGIN] + nodes[pivot, LENGTH]):
            if gone[pool[place]] == 0:
                near[found] = pool[place]
                found += 1
        for place in range(found):
            one = near[place]
            _leave(nodes, first, one)
            if found == 1:
                nodes[one, DEGREE] -= 1
            else:
                visits += nodes[one, LENGTH] + found
                if nodes[one, LENGTH] + found > nodes[one, ROOM]:
                    pool, end = _moved(nodes, pool, end, one)
                begin = nodes[one, BEGIN]
                write = begin
                marks[one] = one
                for at in range(
                    begin, begin + nodes[one, LENGTH]
                ):  # here, as a call of its own costs as much
                    other = pool[at]
                    if gone[other] == 0:
                        marks[other] = one
                        pool[write] = other
                        write += 1
                for at in range(found):
                    other = near[at]
                    if marks[other] != one:
                        pool[write] = other
                        write += 1
                nodes[one, LENGTH], nodes[one, DEGREE] = write - begin, write - begin
            _enter(nodes, first, one)
            lowest = min(lowest, nodes[one, DEGREE])
    return count, nodes, pool


@kernel
def _listed(n: int, indptr: Ints, indices: Ints) -> tuple[Ints, Ints, Ints, int]:
    """Give what is known of every node, the first node of each degree, the pool and its end."""
    nodes, first = np.empty((n, 6), np.int64), np.full(n + 1, -1)
    pool, end = np.empty(2 * (len(indices) + SPARE * n), np.int64), 0
    for node in range(n - 1, -1, -1):
        length = indptr[node + 1] - indptr[node]
        nodes[node, BEGIN], nodes[node, LENGTH], nodes[node, ROOM] = end, length, length + SPARE
        nodes[node, DEGREE] = length
        for place in range(length):
            pool[end + place] = indices[indptr[node] + place]
        end += length + SPARE
        _enter(nodes, first, node)
    return nodes, first, pool, end


@kernel
def _leave(nodes: Ints, first: Ints, node: int) -> None:
    """Take a node out of the list of its degree."""
    after, before = nodes[node, AFTER], nodes[node, BEFORE]
    if after >= 0:
        nodes[after, BEFORE] = before
    if before >= 0:
        nodes[before, AFTER] = after
    else:
        first[nodes[node, DEGREE]] = after


@kernel
def _enter(nodes: Ints, first: Ints, node: int) -> None:
    """Put a node at the front of the list of its degree."""
    after = first[nodes[node, DEGREE]]
    nodes[node, AFTER], nodes[node, BEFORE] = after, -1
    if after >= 0:
        nodes[after, BEFORE] = node
    first[nodes[node, DEGREE]] = node


@kernel
def _moved(nodes: Ints, pool: Ints, end: int, node: int) -> tuple[Ints, int]:
    """Move a node's list to the end of the pool, where it has more room; give the pool and its end."""
    begin, length = nodes[node, BEGIN], nodes[node, LENGTH]
    room = 2 * (length + LOW) + SPARE
    if end + room > len(pool):
        larger = np.empty(2 * (end + room), np.int64)
        copy_to(larger, pool[:end])
        pool = larger
    for place in range(length):
        pool[end + place] = pool[begin + place]
    nodes[node, BEGIN], nodes[node, ROOM] = end, room
    return pool, end + room


__all__ = ["BEGIN", "LENGTH", "eliminate_low"]
