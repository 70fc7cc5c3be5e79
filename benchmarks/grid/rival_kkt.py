"""KKT matrices as they come up in AC optimal power flows, for measurements of linear solvers."""

from dataclasses import dataclass, field

import numpy as np
from opf import model_of
from scipy.sparse import csc_matrix, tril

from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.ac_opf import solve_ac_opf
from genba.grid.kernels.network import Floats
from genba.num.linsolvers.block_ldl import BlockLdlSolver
from genba.num.linsolvers.contract import Analysis, Factors, LinearSolver, Pattern, Symmetry


@dataclass(frozen=True, eq=False)
class Kkt:
    """One KKT matrix, condensed to four unknowns a bus, and the first right-hand side it was solved for.

    Arguments:
        case: name of the case.
        number: of the factorization, from 1, and `of` how many the solve took.
        pattern, values: lower triangle; the groups are the buses: angle, voltage, two multipliers.
        right: shape (n,).
    """

    case: str
    number: int
    of: int
    pattern: Pattern
    values: Floats
    right: Floats

    @property
    def lower(self) -> csc_matrix:
        """Give the lower triangle."""
        n = self.pattern.n
        return csc_matrix((self.values, self.pattern.indices, self.pattern.indptr), (n, n))

    @property
    def whole(self) -> csc_matrix:
        """Give both triangles."""
        lower = self.lower
        return csc_matrix(lower + tril(lower, -1).T)


@dataclass(eq=False)
class Recorder:
    """A solver that keeps what it was given, and has another do the work."""

    inner: LinearSolver = field(default_factory=BlockLdlSolver)
    pattern: Pattern | None = None
    seen: list[tuple[Floats, Floats]] = field(default_factory=list)
    name: str = "recorder"
    gives_inertia: bool = True
    analysis: Analysis | None = None
    factors: Factors | None = None

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take what the other takes."""
        return self.inner.supports(batch=batch, symmetry=symmetry)

    def analyze(self, pattern: Pattern) -> "Recorder":
        """Note the pattern."""
        self.pattern, self.analysis, self.seen = pattern, self.inner.analyze(pattern), []
        return self

    def factorize(self, values: Floats) -> "Recorder":
        """Note the values."""
        assert self.analysis is not None
        self.seen.append((values, np.zeros(0)))
        self.factors = self.analysis.factorize(values)
        return self

    @property
    def inertia(self) -> object:
        """Give the other's inertia."""
        return self.factors.inertia if self.factors else None

    def solve(self, right: Floats) -> Floats:
        """Note the first right-hand side."""
        assert self.factors is not None
        if not len(self.seen[-1][1]):
            self.seen[-1] = (self.seen[-1][0], right.copy())
        return self.factors.solve(right)


def kkt_matrices(name: str, at: tuple[float, ...] = (0.5, 1.0)) -> list[Kkt]:
    """Solve a case and give the matrices after these shares of its factorizations; 1 is the last."""
    case, _ = read(pglib.path(name))
    recorder = Recorder()
    found = solve_ac_opf(model_of(case), solver=recorder)
    if found.outcome != "optimal":
        raise SystemExit(f"{name} ended as {found.outcome}")
    used = [number for number, (_, right) in enumerate(recorder.seen) if len(right)]
    assert recorder.pattern is not None
    chosen = [used[round(share * (len(used) - 1))] for share in at]
    return [
        Kkt(name, number + 1, len(recorder.seen), recorder.pattern, *recorder.seen[number])
        for number in chosen
    ]
