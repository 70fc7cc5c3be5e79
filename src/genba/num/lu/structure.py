"""The fixed pattern of a block LU: order, fill, and where every block of the matrix goes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.num.elimination import fill_of
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
