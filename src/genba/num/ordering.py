"""Fill-reducing orders of symmetric patterns: approximate minimum degree on a quotient graph."""

import numpy as np
from numpy.typing import NDArray

from genba.num.copies import copy_to
from genba.num.jit import kernel
from genba.num.low_degree import BEGIN, LENGTH, eliminate_low

Ints = NDArray[np.int64]


@kernel
def minimum_degree(n: int, indptr: Ints, indices: Ints) -> Ints:
    """Give an order of elimination that keeps fill low, shape (n,): order[k] is eliminated as the k-th.

    Nodes of low degree go first, by lists of neighbours; the rest on a quotient graph.

    Arguments:
        n: number of nodes.
        indptr: first neighbour of each node, shape (n + 1,).
        indices: neighbours; both directions of every edge, without loops and repetitions.

    Source: Amestoy, Davis and Duff (1996), An approximate minimum degree ordering algorithm.
    """
    order, gone = np.empty(n, np.int64), np.zeros(n, np.int64)
    count, known, pool = eliminate_low(n, indptr, indices, order, gone)
    left, size = n - count, 0
    if left == 0:
        return order
    place, nodes = gone, np.empty(left, np.int64)  # what is left gets places of its own, what is gone -1
    found = 0
    for node in range(n):
        if gone[node] == 1:
            place[node] = -1
            continue
        place[node], nodes[found] = found, node
        found += 1
        size += known[node, LENGTH]
    start, room = np.zeros(left + 1, np.int64), np.empty(2 * size + 8 * left + 64, np.int64)
    used = 0
    for k in range(left):
        begin = known[nodes[k], BEGIN]
        for at in range(begin, begin + known[nodes[k], LENGTH]):
            other = place[pool[at]]
            if other >= 0:
                room[used] = other
                used += 1
        start[k + 1] = used
    rest = _eliminate(left, start, room, used)
    for k in range(left):
        order[count + k] = nodes[rest[k]]
    return order


def adjacency(n: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Give indptr and indices of an undirected graph from the two ends of its edges, loops left out."""
    return adjacent(n, np.asarray(start, np.int64), np.asarray(end, np.int64))


@kernel
def adjacent(n: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Give what `adjacency` does, to kernels.

    The ends of edges are sorted into the rows of their nodes, and then every row is written once, ascending.
    """
    begin = np.zeros(n + 2, np.int64)
    for e in range(len(start)):
        if start[e] != end[e]:
            begin[start[e] + 2] += 1
            begin[end[e] + 2] += 1
    for node in range(n):
        begin[node + 2] += begin[node + 1]
    given = np.empty(begin[n + 1], np.int64)
    for e in range(len(start)):  # afterwards row i is begin[i] to begin[i + 1]
        one, other = start[e], end[e]
        if one != other:
            given[begin[one + 1]] = other
            begin[one + 1] += 1
            given[begin[other + 1]] = one
            begin[other + 1] += 1
    indptr = np.zeros(n + 1, np.int64)
    indices = np.empty(len(given), np.int64)
    seen = np.full(n, -1)  # transposing twice sorts: neighbours come in ascending order of their own row
    count = np.zeros(n, np.int64)
    for node in range(n):
        for place in range(begin[node], begin[node + 1]):
            other = given[place]
            if seen[other] != node:
                seen[other] = node
                count[other] += 1
    for node in range(n):
        indptr[node + 1] = indptr[node] + count[node]
        count[node] = indptr[node]
    seen[:] = -1
    for node in range(n):
        for place in range(begin[node], begin[node + 1]):
            other = given[place]
            if seen[other] != node:
                seen[other] = node
                indices[count[other]] = node
                count[other] += 1
    return indptr, indices[: indptr[n]]


@kernel
def _take_out(node: int, degree: Ints, head: Ints, following: Ints, before: Ints) -> None:
    """Take a variable out of the list of its degree."""
    if following[node] >= 0:
        before[following[node]] = before[node]
    if before[node] >= 0:
        following[before[node]] = following[node]
    else:
        head[degree[node]] = following[node]


@kernel
def _put_in(node: int, degree: Ints, head: Ints, following: Ints, before: Ints) -> None:
    """Put a variable at the front of the list of its degree."""
    first = head[degree[node]]
    following[node], before[node] = first, -1
    if first >= 0:
        before[first] = node
    head[degree[node]] = node


@kernel
def _gather(
    pivot: int, begin: Ints, elements: Ints, length: Ints, weight: Ints, room: Ints, end: int, kind: Ints
) -> tuple[int, int]:
    """Write the variables next to `pivot`, directly or through its elements, at `end`; absorb the elements.

    Weights of what is written are negated, which marks it. Gives the new end and the weight written.
    """
    first, total = end, 0
    for place in range(begin[pivot], begin[pivot] + length[pivot]):
        one = room[place]
        if place < begin[pivot] + elements[pivot]:  # an element: all its live variables
            for inner in range(begin[one], begin[one] + length[one]):
                other = room[inner]
                if weight[other] > 0 and other != pivot:
                    total += weight[other]
                    weight[other] = -weight[other]
                    room[end] = other
                    end += 1
            kind[one] = 2
        elif weight[one] > 0:
            total += weight[one]
            weight[one] = -weight[one]
            room[end] = one
            end += 1
    begin[pivot], length[pivot], elements[pivot] = first, end - first, 0
    return end, total


@kernel
def _outside(
    first: int,
    end: int,
    begin: Ints,
    elements: Ints,
    weight: Ints,
    room: Ints,
    kind: Ints,
    size: Ints,
    rest: Ints,
) -> None:
    """Give for each element next to the new one how much of it lies outside (in `rest`, else -1)."""
    for place in range(first, end):
        one = room[place]
        for inner in range(begin[one], begin[one] + elements[one]):
            element = room[inner]
            if kind[element] == 1:
                if rest[element] < 0:
                    rest[element] = size[element]
                rest[element] += weight[one]  # negative while marked


@kernel
def _prune(
    one: int,
    pivot: int,
    begin: Ints,
    elements: Ints,
    length: Ints,
    weight: Ints,
    room: Ints,
    kind: Ints,
    rest: Ints,
) -> tuple[int, int]:
    """Rewrite the lists of a variable next to the new element; give its outer degree and a hash."""
    outer = 0
    key = pivot
    start = begin[one]
    write = start
    for place in range(start, start + elements[one]):
        element = room[place]
        if kind[element] != 1:
            continue
        if rest[element] == 0:  # all of it is inside the new element
            kind[element] = 2
            continue
        room[write] = element
        write += 1
        outer += rest[element]
        key += element
    kept = write - start
    plain = 0
    for place in range(start + elements[one], start + length[one]):
        other = room[place]
        if weight[other] > 0:
            room[write] = other
            write += 1
            plain += 1
            outer += weight[other]
            key += other
    # The new element joins the elements; the place of the first plain neighbour moves to the end.
    if plain:
        room[write] = room[start + kept]
    room[start + kept] = pivot
    elements[one] = kept + 1
    length[one] = kept + 1 + plain
    return outer, key


@kernel
def _same(
    one: int, other: int, begin: Ints, length: Ints, elements: Ints, room: Ints, mark: Ints, tag: int
) -> bool:
    """Tell whether two variables have the same neighbours; those of `one` carry `tag`."""
    if length[one] != length[other] or elements[one] != elements[other]:
        return False
    for place in range(begin[other], begin[other] + length[other]):  # noqa: SIM110  # numba has no all()
        if mark[room[place]] != tag:
            return False
    return True


@kernel
def _eliminate(n: int, indptr: Ints, room: Ints, used: int) -> Ints:
    begin = indptr[:n].copy()
    length = indptr[1:] - indptr[:n]
    elements = np.zeros(n, np.int64)
    weight = np.ones(n, np.int64)  # how many nodes a variable stands for; 0 when it is merged or eliminated
    kind = np.zeros(n, np.int64)  # 0 variable, 1 element, 2 absorbed
    size = np.zeros(n, np.int64)
    rest = np.full(n, -1)
    degree = length.copy()
    head = np.full(n + 1, -1)
    following = np.full(n, -1)
    before = np.full(n, -1)
    mark = np.full(n, -1)
    bucket = np.full(n, -1)
    in_bucket = np.full(n, -1)
    keys = np.zeros(n, np.int64)
    last = np.arange(n)  # members of a merged variable form a chain
    chain = np.full(n, -1)
    order = np.empty(n, np.int64)
    for node in range(n - 1, -1, -1):
        _put_in(node, degree, head, following, before)
    count, smallest, tag, end = 0, 0, 0, used
    while count < n:
        while head[smallest] < 0:
            smallest += 1
        pivot = head[smallest]
        _take_out(pivot, degree, head, following, before)
        weight[pivot] = 0
        node = pivot
        while node >= 0:
            order[count] = node
            count += 1
            node = chain[node]
        bound = length[pivot]
        for place in range(begin[pivot], begin[pivot] + elements[pivot]):
            bound += length[room[place]]
        if end + bound > len(room):
            larger = np.empty(2 * len(room) + bound, np.int64)
            copy_to(larger, room[:end])
            room = larger
        first = end
        end, total = _gather(pivot, begin, elements, length, weight, room, end, kind)
        kind[pivot] = 1
        _outside(first, end, begin, elements, weight, room, kind, size, rest)
        for place in range(first, end):
            one = room[place]
            _take_out(one, degree, head, following, before)
            outer, key = _prune(one, pivot, begin, elements, length, weight, room, kind, rest)
            if outer == 0:  # nothing outside the new element: eliminated with the pivot
                total += weight[one]
                weight[one] = 0
                node = one
                while node >= 0:
                    order[count] = node
                    count += 1
                    node = chain[node]
                continue
            degree[one] = min(degree[one], outer)  # the part inside the new element is added below
            keys[one] = key % n
            in_bucket[one] = bucket[keys[one]]
            bucket[keys[one]] = one
        for place in range(first, end):  # merge variables with equal neighbours
            one = room[place]
            if weight[one] == 0 or bucket[keys[one]] < 0:
                continue
            current = bucket[keys[one]]
            bucket[keys[one]] = -1
            while current >= 0:
                if weight[current] != 0:
                    tag += 1
                    for inner in range(begin[current], begin[current] + length[current]):
                        mark[room[inner]] = tag
                    other = in_bucket[current]
                    while other >= 0:
                        if weight[other] != 0 and _same(
                            current, other, begin, length, elements, room, mark, tag
                        ):
                            weight[current] += weight[other]
                            weight[other] = 0
                            chain[last[current]] = other
                            last[current] = last[other]
                            kind[other] = 2
                        other = in_bucket[other]
                current = in_bucket[current]
        write = first
        for place in range(first, end):
            one = room[place]
            if weight[one] == 0:
                continue
            weight[one] = -weight[one]
            room[write] = one
            write += 1
            degree[one] = max(0, min(n - count - weight[one], degree[one] + total - weight[one]))
            smallest = min(smallest, degree[one])
            _put_in(one, degree, head, following, before)
        for place in range(first, write):
            one = room[place]
            for inner in range(begin[one], begin[one] + elements[one]):
                rest[room[inner]] = -1
        end = write
        length[pivot] = write - first
        size[pivot] = total
        if length[pivot] == 0:
            kind[pivot] = 2
        smallest = max(0, min(smallest, n))
    return order
