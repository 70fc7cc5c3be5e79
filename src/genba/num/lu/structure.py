"""The fixed pattern of a block LU: order, fill, and where every block of the matrix goes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.num.copies import copy_to
from genba.num.elimination import fill_of, filled
from genba.num.jit import inlined, kernel
from genba.num.ordering import adjacency

Ints = NDArray[np.int64]


class Structure(NamedTuple):
    """A structurally symmetric matrix of n by n blocks, in the order of its elimination.

    Rows of L hold what stands left of the diagonal, rows of U what stands right of it; the pattern of a row
    of U is that of the same column of L. A named tuple, because kernels take it as one argument.

    Arguments:
        order: block row at each position, shape (n,).
        position: position of each block row, shape (n,).
        parent: parent of each position in the elimination tree, -1 at a root, shape (n,).
        lower_start: first block of each row of L, shape (n + 1,).
        lower_columns: position of each block's column, descendants before ancestors, shape (nnz,).
        upper_start: first block of each row of U, shape (n + 1,).
        upper_columns: position of each block's column, ascending within a row, shape (nnz,).
        entry_start: first block of each row of the matrix, rows by position, shape (n + 1,).
        entry_columns: position of each block's column, shape (entries,).
        entry_places: block of the given values that stands there, shape (entries,).
    """

    order: Ints
    position: Ints
    parent: Ints
    lower_start: Ints
    lower_columns: Ints
    upper_start: Ints
    upper_columns: Ints
    entry_start: Ints
    entry_columns: Ints
    entry_places: Ints

    @property
    def n(self) -> int:
        """Give the number of block rows."""
        return len(self.order)


def structure_of(n: int, indptr: Ints, indices: Ints) -> Structure:
    """Order a pattern of blocks for little fill and lay out its factors.

    Arguments:
        n: block rows and columns.
        indptr: first block of each row, shape (n + 1,).
        indices: block column of each block, shape (entries,); every diagonal block is there,
            and (j, i) where (i, j) is.
    """
    rows = np.repeat(np.arange(n), np.diff(indptr))
    fill = fill_of(n, *adjacency(n, rows, np.asarray(indices, np.int64)))
    row, column = fill.position[rows], fill.position[indices]
    places = np.lexsort((column, row))
    return Structure(
        order=fill.order,
        position=fill.position,
        parent=fill.parent,
        lower_start=fill.row_start,
        lower_columns=fill.row_columns,
        upper_start=fill.column_start,
        upper_columns=fill.rows,
        entry_start=np.searchsorted(row[places], np.arange(n + 1)).astype(np.int64),
        entry_columns=column[places],
        entry_places=places,
    )


@inlined
def packed_of(n: int, start: Ints, near: Ints, indptr: Ints, cols: Ints) -> Ints:
    """Order a pattern and lay out its factors as one array, from which `unpacked` takes the arrays again.

    A kernel looks at the type of every array that Python gives it; ten arrays cost ten times as much as one.

    Arguments:
        n: block rows and columns.
        start: first neighbour of each row, shape (n + 1,).
        near: neighbours, which are the pattern's entries off the diagonal.
        indptr: first block of each row, shape (n + 1,).
        cols: block column of each block, shape (entries,).
    """
    order, position, parent, upper_start, upper, lower_start, lower, _ = filled(n, start, near)
    blocks, entries = len(lower), len(cols)
    packed = np.empty(3 + 3 * n + 3 * (n + 1) + 2 * blocks + 2 * entries, np.int64)
    packed[0], packed[1], packed[2] = n, blocks, entries
    structure = unpacked(packed)
    copy_to(structure.order, order)
    copy_to(structure.position, position)
    copy_to(structure.parent, parent)
    copy_to(structure.lower_start, lower_start)
    copy_to(structure.lower_columns, lower)
    copy_to(structure.upper_start, upper_start)
    copy_to(structure.upper_columns, upper)
    used = 0
    for i in range(n):
        structure.entry_start[i] = used
        for k in range(indptr[order[i]], indptr[order[i] + 1]):
            structure.entry_columns[used], structure.entry_places[used] = position[cols[k]], k
            used += 1
    structure.entry_start[n] = used
    return packed


@kernel
def unpacked(packed: Ints) -> Structure:
    """Give the structure that lies in one array: three sizes, then array after array."""
    n, blocks, entries = packed[0], packed[1], packed[2]
    starts, lists = 3 + 3 * n, 6 + 6 * n
    more = lists + 2 * blocks
    return Structure(
        order=packed[3 : 3 + n],
        position=packed[3 + n : 3 + 2 * n],
        parent=packed[3 + 2 * n : starts],
        lower_start=packed[starts : starts + n + 1],
        lower_columns=packed[lists : lists + blocks],
        upper_start=packed[starts + n + 1 : starts + 2 * n + 2],
        upper_columns=packed[lists + blocks : more],
        entry_start=packed[starts + 2 * n + 2 : lists],
        entry_columns=packed[more : more + entries],
        entry_places=packed[more + entries : more + 2 * entries],
    )
