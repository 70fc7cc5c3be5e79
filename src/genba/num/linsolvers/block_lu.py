"""The door to our own block LU: fixed pattern, 2x2 pivot blocks, no pivoting between them.

For matrices whose diagonal blocks stand for their rows, such as power-flow Jacobians grouped by bus. Where a
pivot block cancels although the matrix has an inverse, there are no factors.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from genba.num.linsolvers.contract import Floats, Ints, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.equilibration import equilibrate
from genba.num.linsolvers.expansion import Rows, listed, whole_rows
from genba.num.linsolvers.refinement import RefinedFactors, matrices_of
from genba.num.lu.factor import HOLDS, Factors, factorize, factors_of
from genba.num.lu.solve import solve
from genba.num.lu.structure import Structure, structure_of

LARGEST_GROUP = 2


@dataclass(frozen=True)
class BlockLuSolver:
    """LU of 2x2 blocks; an unknown that is alone in its group shares its block with an identity."""

    name: str = "block_lu"
    gives_inertia: bool = False

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take every matrix; a batch one after another."""
        return True

    def analyze(self, pattern: Pattern) -> "BlockLuAnalysis":
        """Group the unknowns, order the blocks and lay out their fill.

        Raises:
            ValueError: when a group has more than two unknowns.
        """
        rows = whole_rows(pattern)
        group = np.arange(pattern.n) if pattern.group is None else np.asarray(pattern.group, np.int64)
        block, part = _places(group)
        of = np.repeat(np.arange(pattern.n), np.diff(rows.indptr))
        blocks = int(block.max(initial=-1)) + 1
        i, j = block[of], block[rows.indices]
        every = np.arange(blocks)
        keys = np.unique(np.concatenate([i * blocks + j, j * blocks + i, every * (blocks + 1)]))
        structure = structure_of(blocks, np.searchsorted(keys, np.arange(blocks + 1) * blocks), keys % blocks)
        entry = 4 * np.searchsorted(keys, i * blocks + j) + 2 * part[of] + part[rows.indices]
        alone = np.flatnonzero(np.bincount(block, minlength=blocks) == 1)
        padding = 4 * np.searchsorted(keys, alone * (blocks + 1)) + 3
        return BlockLuAnalysis(rows, structure, len(keys), entry, padding, structure.position[block], part)


@dataclass(frozen=True, eq=False)
class BlockLuAnalysis:
    """A pattern of blocks.

    Arguments:
        rows: the pattern in whole rows.
        structure: order and fill of the blocks.
        blocks: number of blocks of the matrix.
        entry: place in the blocks' values of each whole entry, shape (whole,).
        padding: places of the ones beside unknowns that are alone.
        block: position of each unknown's block, shape (n,).
        part: its place in the block, shape (n,).
    """

    rows: Rows
    structure: Structure
    blocks: int
    entry: Ints
    padding: Ints
    block: Ints
    part: Ints

    def factorize(self, values: Floats) -> RefinedFactors:
        """Factorize each matrix.

        Raises:
            SingularMatrix: when a pivot block has no inverse, or a value is not finite.
        """
        matrices = matrices_of(self.rows, listed(values))
        # Pivots are judged by the largest entry of their row, which means something once columns are alike.
        scales = [equilibrate(abs(one), np.ones(self.rows.n), symmetric=False) for one in matrices]
        factors = [self._factors(one, *scale) for one, scale in zip(matrices, scales, strict=True)]

        def apply(right: Floats) -> Floats:
            return np.stack(
                [
                    self._solved(one, b * rows) * columns
                    for one, b, (rows, columns) in zip(factors, right, scales, strict=True)
                ]
            )

        return RefinedFactors(matrices, apply, None, np.ndim(values) == 2)

    def _factors(self, matrix: csr_matrix, rows: Floats, columns: Floats) -> Factors:
        filled = np.zeros(4 * self.blocks)
        filled[self.entry] = matrix.data * np.repeat(rows, np.diff(matrix.indptr)) * columns[matrix.indices]
        filled[self.padding] = 1.0
        factors = factors_of(self.structure)
        failed = factorize(self.structure, filled.reshape(-1, 4), factors)
        if failed != HOLDS:
            unknowns = np.flatnonzero(self.block == failed).tolist()
            raise SingularMatrix(f"block LU: the pivot block of unknowns {unknowns} has no inverse")
        return factors

    def _solved(self, factors: Factors, right: Floats) -> Floats:
        """Solve right-hand sides, shape (k, n)."""
        solution = np.empty_like(right)
        x = np.zeros((self.structure.n, 2))
        for number, one in enumerate(right):
            x[:] = 0.0
            x[self.block, self.part] = one
            solve(self.structure, factors, x)
            solution[number] = x[self.block, self.part]
        return solution


def _places(group: Ints) -> tuple[Ints, Ints]:
    """Give each unknown's block, numbered from 0, and its place in it."""
    _, block = np.unique(group, return_inverse=True)
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], block[order])
    part = np.empty(len(group), np.int64)
    part[order] = np.arange(len(group)) - first
    if part.max(initial=0) >= LARGEST_GROUP:
        largest = int(part.max()) + 1
        raise ValueError(f"found a group of {largest} unknowns, block LU takes at most {LARGEST_GROUP}")
    return block.astype(np.int64), part


__all__ = ["BlockLuAnalysis", "BlockLuSolver"]
