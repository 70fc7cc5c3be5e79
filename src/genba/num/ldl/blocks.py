"""Block LDL^T with its memory: made once for a pattern, factorised and solved many times."""

from dataclasses import dataclass, field

import numpy as np

from genba.num.elimination import Fill
from genba.num.ldl.factor import Floats, Ints, factorize, solve
from genba.num.ldl.pivot import ENTRIES, FACTOR, ORDER

SINGULAR = -1


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
    pivots: Ints = field(init=False)
    factors: Floats = field(init=False)
    strip: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Take the memory."""
        n, entries = self.fill.n, len(self.fill.rows)
        object.__setattr__(self, "lower", np.zeros((entries, ENTRIES)))
        object.__setattr__(self, "pivots", np.zeros((n, ORDER), np.int64))
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
        fill = self.fill
        return int(
            factorize(
                self.entry_start,
                self.entry_rows,
                entries,
                diagonal,
                fill.column_start,
                fill.rows,
                fill.row_start,
                fill.row_columns,
                fill.row_places,
                self.lower,
                self.pivots,
                self.factors,
                self.strip,
                smallest,
                0,
                fill.n,
            )
        )

    def solve(self, x: Floats) -> None:
        """Solve in place, by blocks in the order of elimination, shape (n, 4)."""
        solve(self.fill.column_start, self.fill.rows, self.lower, self.pivots, self.factors, x)
