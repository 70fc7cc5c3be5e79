"""The door to PARDISO of Intel's oneMKL through pypardiso: LDL^T with inertia, LU; a batch one after another.

Source: O. Schenk, K. Gaertner, On fast factorization pivoting methods for sparse symmetric indefinite
systems, ETNA 23 (2006); the parameters (iparm) as Intel's reference numbers them.
"""

import weakref
from copy import copy
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy.sparse import csr_matrix

from genba.core.errors import DeviceError, missing_extra
from genba.num.linsolvers.contract import Floats, Inertia, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.equilibration import equilibrate
from genba.num.linsolvers.expansion import Rows, given_rows, listed, whole_rows
from genba.num.linsolvers.refinement import MADE_UP, RefinedFactors, matrices_of

try:
    from pypardiso import PyPardisoSolver
    from pypardiso.pardiso_wrapper import PyPardisoError
except ModuleNotFoundError as error:
    raise missing_extra("pypardiso", "pardiso") from error

ANALYZE, FACTORIZE, SOLVE = 11, 22, 33
TYPE = {"symmetric": -2, "general": 11}
ZERO_PIVOT = -4
PERTURBED, POSITIVE, NEGATIVE = 14, 22, 23
SETTINGS = {
    1: 1,  # what follows holds, not the defaults
    2: 2,  # nested dissection (METIS)
    8: 0,  # no refinement of its own: ours measures in the original matrix
    10: 15,  # a pivot under 1e-15 is replaced, and counted
    11: 1,  # scaling and
    13: 1,  # weighted matching: pivots are searched within supernodes only, so zero diagonals need both
    21: 1,  # Bunch-Kaufman pivots, 1x1 and 2x2
}


@dataclass(frozen=True)
class PardisoSolver:
    """Bunch-Kaufman LDL^T of symmetric matrices, LU of others."""

    name: str = "pardiso"
    gives_inertia: bool = True

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take every matrix; a batch one after another."""
        return True

    def analyze(self, pattern: Pattern) -> "PardisoAnalysis":
        """Lay the pattern out; PARDISO orders it with the first values, whose matching it needs."""
        return PardisoAnalysis(pattern, whole_rows(pattern), given_rows(pattern))


@dataclass(frozen=True, eq=False)
class PardisoAnalysis:
    """A pattern, and a handle for each matrix of a batch; the factors of one call live until the next."""

    pattern: Pattern
    rows: Rows
    given: Rows
    handles: list["_Handle"] = field(default_factory=list)

    def factorize(self, values: Floats) -> RefinedFactors:
        """Factorize each matrix.

        Raises:
            SingularMatrix: when a row is empty, a pivot is zero to working precision, or a value not finite.
        """
        listed_values = listed(values)
        matrices = matrices_of(self.rows, listed_values)
        while len(self.handles) < len(matrices):
            self.handles.append(_Handle(self.pattern, self.given))
        used = self.handles[: len(matrices)]
        inertia = tuple(
            handle.factorize(matrix, one)
            for handle, matrix, one in zip(used, matrices, listed_values, strict=True)
        )

        def apply(right: Floats) -> Floats:
            return np.stack([handle.solve(b) for handle, b in zip(used, right, strict=True)])

        told = inertia if self.pattern.symmetry == "symmetric" else None
        factors = RefinedFactors(matrices, apply, told, np.ndim(values) == 2)
        if any(handle.replaced for handle in used):
            left = factors.leftover(np.stack([handle.rows for handle in used]))
            if not left <= MADE_UP:
                raise SingularMatrix("PARDISO replaced pivots that are zero to working precision")
        return factors


class _Handle:
    """One PARDISO handle: the order of the pattern, and the factors of one matrix."""

    def __init__(self, pattern: Pattern, given: Rows) -> None:
        self._pardiso = _fresh(TYPE[pattern.symmetry])
        for number, value in SETTINGS.items():
            self._pardiso.set_iparm(number, value)
        shape = (pattern.n, pattern.n)
        self._matrix = csr_matrix((np.ones(len(given.indices)), given.indices, given.indptr), shape)
        self._given, self._symmetric = given, pattern.symmetry == "symmetric"
        self._row = np.repeat(np.arange(pattern.n), np.diff(given.indptr))
        self._scale = (np.ones(pattern.n), np.ones(pattern.n))
        self._analyzed = False

    def factorize(self, whole: csr_matrix, values: Floats) -> Inertia:
        """Factorize one matrix in the order that matched its first values, else in one that matches these."""
        n = whole.shape[0]
        rows, columns = self._scale = equilibrate(abs(whole), np.ones(n), symmetric=self._symmetric)
        self._matrix.data[:] = values[self._given.place] * rows[self._row] * columns[self._given.indices]
        for analyze in (not self._analyzed, True):
            if analyze:
                self._analyze(n)
            self._call(FACTORIZE, np.zeros(n))
            if not self._told(PERTURBED):
                break
        return Inertia(self._told(POSITIVE), self._told(NEGATIVE), 0)

    @property
    def replaced(self) -> bool:
        """Tell whether a pivot was too small and another put in its place."""
        return self._told(PERTURBED) > 0

    @property
    def rows(self) -> Floats:
        """Give the scales of the rows."""
        return self._scale[0]

    def _analyze(self, n: int) -> None:
        self._call(ANALYZE, np.zeros(n))
        if not self._analyzed:  # before that there is nothing to free, and at exit nothing that frees
            weakref.finalize(self, self._pardiso.free_memory, everything=True).atexit = False
        self._analyzed = True

    def _told(self, number: int) -> int:
        return int(self._pardiso.get_iparm(number))

    def solve(self, right: Floats) -> Floats:
        """Apply the factors to right-hand sides in rows, shape (k, n)."""
        rows, columns = self._scale
        solution: Floats = self._call(SOLVE, np.asfortranarray((right * rows).T)).T * columns
        return solution

    def _call(self, phase: int, right: Floats) -> Floats:
        self._pardiso.set_phase(phase)
        try:
            # Its public calls order the pattern anew with every matrix; this is the one under them.
            found: Floats = self._pardiso._call_pardiso(self._matrix, right)
        except PyPardisoError as error:
            if error.value == ZERO_PIVOT:
                raise SingularMatrix("PARDISO met a zero pivot") from error
            message = f"PARDISO ended with error {error.value}; Intel's oneMKL reference lists its meaning"
            raise DeviceError(message, where="pardiso") from error
        return found


@cache
def _library() -> PyPardisoSolver:
    """Give a solver that is never called; making one takes a second, in which it searches for oneMKL."""
    return PyPardisoSolver()


def _fresh(kind: int) -> PyPardisoSolver:
    solver = copy(_library())
    solver.pt, solver.iparm = np.zeros_like(solver.pt), np.zeros_like(solver.iparm)
    solver.set_matrix_type(kind)
    return solver
