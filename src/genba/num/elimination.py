"""What eliminating a symmetric pattern fills in: elimination tree, rows and columns of L."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import kernel
from genba.num.ordering import minimum_degree

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fill:
    """The strictly lower triangle of the factor L, by columns and by rows.

    Arguments:
        order: node at each position, shape (n,).
        position: position of each node, shape (n,).
        parent: parent of each position in the elimination tree, -1 at a root, shape (n,).
        column_start: first entry of each column, shape (n + 1,).
        rows: row of each entry, ascending within a column, shape (nnz,).
        row_start: first entry of each row in `row_columns`, shape (n + 1,).
        row_columns: columns of each row, descendants before ancestors, shape (nnz,).
        row_places: entry in `rows` of each of them, shape (nnz,).
    """

    order: Ints
    position: Ints
    parent: Ints
    column_start: Ints
    rows: Ints
    row_start: Ints
    row_columns: Ints
    row_places: Ints

    @property
    def n(self) -> int:
        """Give the number of nodes."""
        return len(self.order)


def fill_of(n: int, indptr: Ints, indices: Ints) -> Fill:
    """Order a graph by minimum degree, then in postorder of its elimination tree, and lay out the fill.

    Arguments:
        n: number of nodes.
        indptr: first neighbour of each node, shape (n + 1,).
        indices: neighbours; both directions of every edge, without loops and repetitions.

    Source: Liu (1990), The role of elimination trees in sparse factorization.
    """
    return Fill(*filled(n, np.asarray(indptr, np.int64), np.asarray(indices, np.int64)))


def fill_in_order(n: int, indptr: Ints, indices: Ints, order: Ints) -> Fill:
    """Lay out the fill of an order, which is changed into a postorder of its elimination tree."""
    order = order[_postorder(_tree(n, indptr, indices, order, _inverse(order)))]
    position = _inverse(order)
    parent = _tree(n, indptr, indices, order, position)
    return Fill(order, position, parent, *_pattern(n, indptr, indices, order, position, parent))


@kernel
def filled(n: int, indptr: Ints, indices: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
    """Give the fields of `Fill`, for kernels."""
    order = minimum_degree(n, indptr, indices)
    order = order[_postorder(_tree(n, indptr, indices, order, _inverse(order)))]
    position = _inverse(order)
    parent = _tree(n, indptr, indices, order, position)
    columns, rows, row_start, row_columns, places = _pattern(n, indptr, indices, order, position, parent)
    return order, position, parent, columns, rows, row_start, row_columns, places


@kernel
def _inverse(order: Ints) -> Ints:
    position = np.empty_like(order)
    for place in range(len(order)):
        position[order[place]] = place
    return position


@kernel
def _tree(n: int, indptr: Ints, indices: Ints, order: Ints, position: Ints) -> Ints:
    """Give the elimination tree by path compression, shape (n,)."""
    parent = np.full(n, -1)
    ancestor = np.full(n, -1)
    for k in range(n):
        node = order[k]
        for place in range(indptr[node], indptr[node + 1]):
            i = position[indices[place]]
            while i != -1 and i < k:
                above = ancestor[i]
                ancestor[i] = k
                if above == -1:
                    parent[i] = k
                i = above
    return parent


@kernel
def _postorder(parent: Ints) -> Ints:
    """Give the nodes of a forest with all children before their parent, shape (n,)."""
    n = len(parent)
    child = np.full(n, -1)
    sibling = np.full(n, -1)
    for node in range(n - 1, -1, -1):
        if parent[node] >= 0:
            sibling[node] = child[parent[node]]
            child[parent[node]] = node
    order = np.empty(n, np.int64)
    stack = np.empty(n, np.int64)
    count = 0
    for root in range(n):
        if parent[root] >= 0:
            continue
        top = 0
        stack[0] = root
        while top >= 0:
            node = stack[top]
            below = child[node]
            if below >= 0:
                child[node] = sibling[below]
                top += 1
                stack[top] = below
            else:
                order[count] = node
                count += 1
                top -= 1
    return order


@kernel
def _pattern(
    n: int, indptr: Ints, indices: Ints, order: Ints, position: Ints, parent: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Give columns and rows of L: row k is what the paths from k's neighbours to k touch."""
    mark = np.full(n, -1)
    row_start = np.zeros(n + 1, np.int64)
    column_start = np.zeros(n + 1, np.int64)
    for k in range(n):
        mark[k] = k
        node = order[k]
        for place in range(indptr[node], indptr[node + 1]):
            i = position[indices[place]]
            while i < k and mark[i] != k:
                mark[i] = k
                row_start[k + 1] += 1
                column_start[i + 1] += 1
                i = parent[i]
    for k in range(n):
        row_start[k + 1] += row_start[k]
        column_start[k + 1] += column_start[k]
    rows = np.empty(column_start[n], np.int64)
    row_columns = np.empty(row_start[n], np.int64)
    row_places = np.empty(row_start[n], np.int64)
    used = column_start[:n].copy()
    path = np.empty(n, np.int64)
    mark[:] = -1
    for k in range(n):
        mark[k] = k
        node = order[k]
        top = row_start[k + 1]
        for place in range(indptr[node], indptr[node + 1]):
            i = position[indices[place]]
            long = 0
            while i < k and mark[i] != k:
                mark[i] = k
                path[long] = i
                long += 1
                i = parent[i]
            while long > 0:  # each path goes before those found earlier, from its lowest node up
                long -= 1
                top -= 1
                row_columns[top] = path[long]
        for place in range(row_start[k], row_start[k + 1]):
            i = row_columns[place]
            row_places[place] = used[i]
            rows[used[i]] = k
            used[i] += 1
    return column_start, rows, row_start, row_columns, row_places
