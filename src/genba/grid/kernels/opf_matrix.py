"""The KKT matrix in blocks as any sparse solver takes it: scalar entries of one pattern."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.opf_program import OpfProgram, Plan
from genba.num.ldl.blocks import SINGULAR
from genba.num.linsolvers.contract import Analysis, Factors, LinearSolver, Pattern, SingularMatrix

ORDER = 4


@dataclass(frozen=True, eq=False)
class KktLayout:
    """Where the blocks' entries stand in a symmetric scalar pattern.

    Arguments:
        pattern: lower triangle, unknowns by bus in the order of elimination.
        place: place of each entry in the blocks' values, those of off-diagonal blocks first, shape (nnz,).
    """

    pattern: Pattern
    place: Ints

    def values(self, entries: Floats, diagonal: Floats) -> Floats:
        """Give a matrix's values in the pattern's order, shape (nnz,)."""
        return np.concatenate([entries.ravel(), diagonal.ravel()])[self.place]


def layout_of(plan: Plan) -> KktLayout:
    """Lay out the scalar pattern of a plan's blocks; entries that are always zero stay out."""
    n = plan.fill.n
    column_block = np.repeat(np.arange(n), np.diff(plan.entry_start))
    a, b = np.divmod(np.arange(ORDER * ORDER), ORDER)
    used = ~((a >= 2) & (b >= 2))  # balances of two buses do not meet
    # an entry (a, b) of the block (row, column) of the upper triangle is (b, a) of (column, row) below
    rows = (ORDER * column_block[:, None] + b[used]).ravel()
    columns = (ORDER * plan.entry_rows[:, None] + a[used]).ravel()
    places = (ORDER * ORDER * np.arange(len(plan.entry_rows))[:, None] + np.flatnonzero(used)).ravel()
    low = b <= a
    own = np.arange(n)[:, None]
    rows = np.concatenate([rows, (ORDER * own + a[low]).ravel()])
    columns = np.concatenate([columns, (ORDER * own + b[low]).ravel()])
    first = ORDER * ORDER * len(plan.entry_rows)
    places = np.concatenate([places, (first + ORDER * ORDER * own + np.flatnonzero(low)).ravel()])
    order = np.lexsort((rows, columns))
    indptr = np.searchsorted(columns[order], np.arange(ORDER * n + 1)).astype(np.int64)
    group = np.repeat(np.arange(n), ORDER)
    dual = np.arange(ORDER * n) % ORDER >= 2
    return KktLayout(Pattern(ORDER * n, indptr, rows[order], "symmetric", group, dual), places[order])


class DoorFactors:
    """Factors of the KKT matrix by a solver of the contract, in place of the own blocks.

    Arguments:
        plan: the blocks.
        solver: a method for symmetric matrices that gives inertia.
    """

    def __init__(self, plan: Plan, solver: LinearSolver) -> None:
        self._layout = layout_of(plan)
        self._analysis: Analysis = solver.analyze(self._layout.pattern)
        self._factors: Factors | None = None

    def factorize(self, entries: Floats, diagonal: Floats) -> int:
        """Factorise; give the number of negative eigenvalues, or `SINGULAR`."""
        try:
            self._factors = self._analysis.factorize(self._layout.values(entries, diagonal))
        except SingularMatrix:
            return SINGULAR
        inertia = self._factors.inertia
        return inertia[0].negative if inertia else SINGULAR

    def solve(self, x: Floats) -> None:
        """Solve in place, shape (n, 4)."""
        assert self._factors is not None
        x[:] = self._factors.solve(x.ravel()).reshape(x.shape)


def kkt_matrix(program: OpfProgram) -> tuple[Pattern, Floats]:
    """Give pattern and values of a program's last KKT matrix, for measurements of solvers."""
    layout = layout_of(program.plan)
    return layout.pattern, layout.values(*program.blocks)
