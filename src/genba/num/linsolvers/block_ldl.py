"""The door to our own block LDL^T: fixed pattern, blocks of up to 4 unknowns, pivoting inside the blocks.

For symmetric matrices whose groups hold their own pivots, such as KKT matrices grouped by bus: every
multiplier beside variables that its constraint moves. Where a pivot block cancels although the matrix has an
inverse, there are no factors.
"""

from dataclasses import dataclass

import numpy as np

from genba.num.elimination import Fill, fill_of
from genba.num.ldl.blocks import SINGULAR, BlockLdl
from genba.num.ldl.pivot import ENTRIES, ORDER
from genba.num.linsolvers.contract import Floats, Inertia, Ints, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.expansion import Rows, listed, whole_rows
from genba.num.linsolvers.grouping import grouped
from genba.num.linsolvers.refinement import RefinedFactors, matrices_of
from genba.num.ordering import adjacency

SMALLEST = 1e-300
"""A pivot of this size or less is none."""


@dataclass(frozen=True)
class BlockLdlSolver:
    """LDL^T of blocks of order 4; unknowns beyond a group's are those of an identity."""

    name: str = "block_ldl"
    gives_inertia: bool = True

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take symmetric matrices; a batch one after another."""
        return symmetry == "symmetric"

    def analyze(self, pattern: Pattern) -> "BlockLdlAnalysis":
        """Group the unknowns, order the blocks and lay out their fill.

        Raises:
            ValueError: when a group has more than four unknowns.
        """
        block, part = grouped(pattern, ORDER)
        blocks = int(block.max(initial=-1)) + 1
        row, column = pattern.indices, np.repeat(np.arange(pattern.n), np.diff(pattern.indptr))
        fill = fill_of(blocks, *adjacency(blocks, block[row], block[column]))
        i, j = fill.position[block[row]], fill.position[block[column]]
        part_i, part_j = part[row], part[column]
        turned = i > j  # the strict upper triangle of blocks is kept
        i, j = np.where(turned, j, i), np.where(turned, i, j)
        part_i, part_j = np.where(turned, part_j, part_i), np.where(turned, part_i, part_j)
        keys = np.unique(j[i != j] * blocks + i[i != j])
        own = ENTRIES * (len(keys) + i)
        place = (
            np.where(i == j, own, ENTRIES * np.searchsorted(keys, j * blocks + i)) + ORDER * part_i + part_j
        )
        mirror = np.where(i == j, own + ORDER * part_j + part_i, place)
        return BlockLdlAnalysis(
            rows=whole_rows(pattern),
            fill=fill,
            entry_start=np.searchsorted(keys, np.arange(blocks + 1) * blocks).astype(np.int64),
            entry_rows=keys % max(blocks, 1),
            place=place,
            mirror=mirror,
            padding=_padding(fill, np.bincount(block, minlength=blocks), len(keys)),
            block=fill.position[block],
            part=part,
        )


def _padding(fill: Fill, count: Ints, entries: int) -> Ints:
    """Give the places of the ones on the diagonal beyond each group's unknowns."""
    free = np.arange(ORDER) >= count[fill.order][:, None]  # (blocks, ORDER)
    block, part = np.nonzero(free)
    return np.asarray(ENTRIES * (entries + block) + (ORDER + 1) * part)


@dataclass(frozen=True, eq=False)
class BlockLdlAnalysis:
    """A pattern of blocks.

    Arguments:
        rows: the pattern in whole rows.
        fill: order and fill of the blocks.
        entry_start, entry_rows: compressed columns of the blocks of the strict upper triangle.
        place: place in the blocks' values, those of the diagonal last, of each entry, shape (nnz,).
        mirror: place of its mirror image within a diagonal block, the same elsewhere.
        padding: places of the ones beside groups of less than four.
        block: position of each unknown's block, shape (n,).
        part: its place in the block, shape (n,).
    """

    rows: Rows
    fill: Fill
    entry_start: Ints
    entry_rows: Ints
    place: Ints
    mirror: Ints
    padding: Ints
    block: Ints
    part: Ints

    def factorize(self, values: Floats) -> RefinedFactors:
        """Factorize each matrix.

        Raises:
            SingularMatrix: when a pivot block has no inverse, or a value is not finite.
        """
        given = listed(values)
        factors = [_Factors.of(self, one) for one in given]

        def apply(right: Floats) -> Floats:
            return np.stack([one.solve(b) for one, b in zip(factors, right, strict=True)])

        inertia = tuple(one.inertia for one in factors)
        return RefinedFactors(matrices_of(self.rows, given), apply, inertia, np.ndim(values) == 2)


@dataclass(frozen=True, eq=False)
class _Factors:
    """Factors of one matrix."""

    analysis: BlockLdlAnalysis
    factors: BlockLdl
    inertia: Inertia

    @classmethod
    def of(cls, analysis: BlockLdlAnalysis, values: Floats) -> "_Factors":
        """Fill the blocks and factorize them."""
        entries = len(analysis.entry_rows)
        filled = np.zeros(ENTRIES * (entries + analysis.fill.n))
        filled[analysis.place] = values
        filled[analysis.mirror] = values
        filled[analysis.padding] = 1.0
        blocks = filled.reshape(-1, ENTRIES)
        factors = BlockLdl(analysis.fill, analysis.entry_start, analysis.entry_rows)
        negative = factors.factorize(blocks[:entries], blocks[entries:], smallest=SMALLEST)
        if negative == SINGULAR:
            raise SingularMatrix("block LDL^T: a pivot block has no inverse")
        return cls(analysis, factors, Inertia(len(analysis.part) - negative, negative, 0))

    def solve(self, right: Floats) -> Floats:
        """Solve right-hand sides, shape (k, n)."""
        analysis = self.analysis
        solution = np.empty_like(right)
        for number, one in enumerate(right):
            x = np.zeros((analysis.fill.n, ORDER))
            x[analysis.block, analysis.part] = one
            self.factors.solve(x)
            solution[number] = x[analysis.block, analysis.part]
        return solution


__all__ = ["BlockLdlAnalysis", "BlockLdlSolver"]
