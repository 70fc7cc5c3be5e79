"""Block LDL^T with its memory: made once for a pattern, factorised and solved many times."""

from dataclasses import dataclass, field

import numpy as np

from genba.num.elimination import Fill, Ints
from genba.num.ldl.factor import Places, factorize, solve
from genba.num.ldl.pivot import ENTRIES, FACTOR, ORDER, Bytes, Floats

SINGULAR = -1
Pattern = tuple[Places, Places, Places, Places, Places, Places, Places]
"""Starts and rows of the entries; column_start, rows, row_start, row_columns and row_places of the fill."""


@dataclass(frozen=True, eq=False)
class BlockLdl:
    """Factors of matrices of one pattern of blocks; every factorisation replaces the one before.

    Arguments:
        fill: order and fill of the blocks.
        entry_start, entry_rows: compressed columns of the blocks of the strict upper triangle.
    """

    fill: Fill
    entry_start: Ints
    entry_rows: Ints
    lower: Floats = field(init=False)
    pattern: Pattern = field(init=False)
    pivots: Bytes = field(init=False)
    factors: Floats = field(init=False)
    strip: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Take the memory."""
        n, entries, fill = self.fill.n, len(self.fill.rows), self.fill
        pattern = (
            self.entry_start.astype(np.uint32),
            self.entry_rows.astype(np.uint32),
            fill.column_start.astype(np.uint32),
            fill.rows.astype(np.uint32),
            fill.row_start.astype(np.uint32),
            fill.row_columns.astype(np.uint32),
            fill.row_places.astype(np.uint32),
        )
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "lower", np.zeros((entries, ENTRIES)))
        object.__setattr__(self, "pivots", np.zeros((n, ORDER), np.uint8))
        object.__setattr__(self, "factors", np.zeros((n, FACTOR)))
        object.__setattr__(self, "strip", np.zeros((n, ENTRIES)))

    def factorize(self, entries: Floats, diagonal: Floats, *, smallest: float = 0.0) -> int:
        """Factorise a matrix.

        Arguments:
            entries: blocks of the strict upper triangle by rows, shape (blocks, 16).
            diagonal: diagonal blocks, shape (n, 16).
            smallest: a pivot of this size or less is none.

        Returns:
            The number of negative eigenvalues, or `SINGULAR`.
        """
        entry_start, entry_rows, column_start, rows, row_start, row_columns, row_places = self.pattern
        return int(
            factorize(
                entry_start,
                entry_rows,
                entries,
                diagonal,
                column_start,
                rows,
                row_start,
                row_columns,
                row_places,
                self.lower,
                self.pivots,
                self.factors,
                self.strip,
                smallest,
            )
        )

    def solve(self, x: Floats) -> None:
        """Solve in place, by blocks in the order of elimination, shape (n, 4)."""
        _, _, column_start, rows, *_ = self.pattern
        solve(column_start, rows, self.lower, self.pivots, self.factors, x)
