"""A path from a first voltage to a solution, through the voltages at which parts of the mismatch are left.

Newton's method stalls where the norm of the mismatch has a minimum that is none of its zeros. A path has no
norm to lower: it keeps to F(x) = (1 - t) F(x0), from the first voltage at t = 0 to a solution at t = 1. From
1 p.u. everywhere, F(x0) is the load.
"""

from __future__ import annotations  # what annotates here is loaded only where a path is followed

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genba.core.context import heed
from genba.grid.kernels.admittance import Admittance
from genba.grid.kernels.jacobian import fill_blocks
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.newton_steps import Equations, voltages
from genba.num import sparse

FACTORISATIONS = 60
"""Of one path, which is then given up."""
FIRST, LARGEST, SMALLEST, GROWTH = 0.05, 0.5, 1e-3, 1.6
"""Lengths of a step, and how they grow: the largest change that it makes of an angle (rad), a magnitude, a
slack (p.u.) or t."""
CORRECTIONS, EASY, CONTRACTS = 6, 3, 0.7
"""Steps from a prediction back to the path, before it is tried with half the length; up to how many the next
is longer; and what share of the mismatch each may leave."""
NEAR = 1e-3
"""Mismatch at which a point counts as on the path, p.u."""
STEPS, WIDEST = 60, 0.2
"""Bounded Newton steps, and the most that one changes an angle (rad) or a magnitude (p.u.)."""
LOWEST = 0.05
"""Voltage below which a path is left, p.u."""


@dataclass(frozen=True, eq=False)
class Path:
    """What a path keeps to; its unknowns x are angles, magnitudes, the slack of islands, and t.

    Arguments:
        admittance: of the grid.
        equations: what is to be solved.
        vm, va: the first voltage, shape (n,) each.
        angle, magnitude: buses whose angle, or magnitude, is unknown.
        live: energised buses.
        shares: what each of them produces of each island's slack, shape (live, islands).
    """

    admittance: Admittance
    equations: Equations
    vm: Floats
    va: Floats
    angle: Ints
    magnitude: Ints
    live: Ints
    shares: Floats

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Give magnitudes and angles, shape (n,) each."""
        vm, va = self.vm.copy(), self.va.copy()
        va[self.angle] = x[: len(self.angle)]
        vm[self.magnitude] = x[len(self.angle) :][: len(self.magnitude)]
        return vm, va

    @property
    def first(self) -> Floats:
        """Give the unknowns at the first voltage."""
        rest = np.zeros(self.shares.shape[1] + 1)
        return np.concatenate([self.va[self.angle], self.vm[self.magnitude], rest])

    def plausible(self, x: Floats) -> bool:
        """Tell whether a path that has come to these unknowns is worth following."""
        magnitudes = x[len(self.angle) :][: len(self.magnitude)]
        return bool(np.isfinite(x).all() and (magnitudes >= LOWEST).all())

    def mismatch(self, x: Floats) -> Floats:
        """Give active mismatches of `live`, then reactive ones of `magnitude`, p.u., whatever t is."""
        v, e = voltages(*self.at(x)), self.equations
        off = v * (self.admittance.matrix(e.y) @ v).conj() - e.scheduled
        slack = x[len(self.angle) + len(self.magnitude) : -1]
        return np.concatenate([off.real[self.live] - self.shares @ slack, off.imag[self.magnitude]])

    @cached_property
    def start(self) -> Floats:
        """Give the mismatch at the first voltage."""
        return self.mismatch(self.first)

    @cached_property
    def _pattern(self) -> tuple[Bools, Ints, Ints, Ints]:
        """Which parts of the Jacobian's blocks are used, and the order, rows and starts of columns of all."""
        n, a, m = len(self.vm), len(self.angle), len(self.magnitude)
        active, reactive, turned, longer = (np.full(n, -1) for _ in range(4))
        active[self.live], reactive[self.magnitude] = np.arange(len(self.live)), len(self.live) + np.arange(m)
        turned[self.angle], longer[self.magnitude] = np.arange(a), a + np.arange(m)
        row, col = self.admittance.rows, self.admittance.cols
        rows = np.stack([active[row], active[row], reactive[row], reactive[row]], axis=1).ravel()
        cols = np.stack([turned[col], longer[col], turned[col], longer[col]], axis=1).ravel()
        used = (rows >= 0) & (cols >= 0)
        size = a + m + self.shares.shape[1] + 1
        giver, island = np.nonzero(self.shares)
        every = np.arange(size)
        rows = np.concatenate([rows[used], giver, every[:-1], np.full(size, size - 1)])
        cols = np.concatenate([cols[used], a + m + island, np.full(size - 1, size - 1), every])
        order = np.lexsort((rows, cols))
        return used, order, rows[order], np.searchsorted(cols[order], np.arange(size + 1))

    def factors(self, x: Floats, across: Floats) -> sparse.linalg.SuperLU | None:
        """Factorise the path's equations, differentiated, with `across` as the last; None when singular."""
        (used, order, rows, start), e, (vm, va) = self._pattern, self.equations, self.at(x)
        every, blocks = np.ones(len(vm)), np.empty((len(e.y), 4))
        re, im = vm * np.cos(va), vm * np.sin(va)
        fill_blocks(e.indptr, e.cols, e.diagonal, e.y, re, im, vm, every, every, blocks)
        shares = -self.shares[np.nonzero(self.shares)]
        values = np.concatenate([blocks.ravel()[used], shares, self.start, across])[order]
        try:
            return sparse.linalg.splu(sparse.csc_matrix((values, rows, start)))
        except RuntimeError:
            return None


def path_of(admittance: Admittance, equations: Equations, vm: Floats, va: Floats) -> Path:
    """Give the path that begins at a voltage, (n,) each."""
    e = equations
    angle, magnitude, live = (np.flatnonzero(of) for of in (e.free_angle, e.free_magnitude, e.island))
    islands, number = np.unique(e.island[live], return_inverse=True)
    shares = np.zeros((len(live), len(islands)))
    shares[np.arange(len(live)), number] = e.share[live]
    return Path(admittance, e, vm, va, angle, magnitude, live, shares)


def solutions_along(path: Path) -> Iterator[tuple[Floats, Floats]]:
    """Yield magnitudes and angles, (n,) each, near which the path passes a solution.

    A step goes on along the secant of the last, and comes back to the path with one factorisation
    (continuation by pseudo-arclength), also where t goes back.

    Source: Keller (1977), Numerical solution of bifurcation and nonlinear eigenvalue problems; the path:
    Allgower and Georg (1990), Numerical continuation methods, section 1.3 (Newton homotopy).
    """
    x = path.first
    ahead, length = _tangent(path, x), FIRST
    for _ in range(FACTORISATIONS):
        heed()
        if ahead is None or length < SMALLEST:
            return
        found, steps = _corrected(path, x + length / np.abs(ahead).max() * ahead, ahead)
        if found is None:
            length /= 2
            continue
        if (x[-1] < 1.0) != (found[-1] < 1.0):
            yield path.at(x + (1.0 - x[-1]) / (found[-1] - x[-1]) * (found - x))
        ahead, x = (found - x) / np.linalg.norm(found - x), found
        length = min(LARGEST, GROWTH * length) if steps <= EASY else length


def bounded(path: Path) -> tuple[Floats, Floats] | None:
    """Give the voltage, (n,) each, near which Newton's steps end that may lift the mismatch; None for none.

    Every change of an angle or a magnitude is cut to `WIDEST`.
    """
    x, solved, volts = path.first, np.append(np.zeros(len(path.first) - 1), 1.0), len(path.first) - 1
    x[-1], volts = 1.0, volts - path.shares.shape[1]
    for _ in range(STEPS):
        heed()
        off = path.mismatch(x)
        if np.abs(off).max(initial=0.0) <= NEAR:
            return path.at(x)
        factors = path.factors(x, solved)
        if factors is None:
            return None
        change = factors.solve(np.append(off, 0.0))
        change[:volts] = np.clip(change[:volts], -WIDEST, WIDEST)
        x = x - change
        if not path.plausible(x):
            return None
    return None


def _tangent(path: Path, x: Floats) -> Floats | None:
    """Give the direction in which the path begins, of length 1; None where it has none."""
    upwards = np.append(np.zeros(len(x) - 1), 1.0)
    factors = path.factors(x, upwards) if np.isfinite(path.start).all() else None
    ahead = None if factors is None else factors.solve(upwards)
    return ahead / np.linalg.norm(ahead) if ahead is not None and np.isfinite(ahead).all() else None


def _corrected(path: Path, x: Floats, across: Floats) -> tuple[Floats | None, int]:
    """Go from a prediction to the path, in the plane across its direction; None when it is not found."""
    factors, left = None, np.inf
    for step in range(CORRECTIONS + 1):
        if not path.plausible(x):
            break
        off = path.mismatch(x) - (1.0 - x[-1]) * path.start
        before, left = left, np.abs(off).max(initial=0.0)
        if left <= NEAR:
            return x, step
        factors = factors if step else path.factors(x, across)
        if factors is None or not left < CONTRACTS * before:
            break
        x = x - factors.solve(np.append(off, 0.0))
    return None, CORRECTIONS


__all__ = ["Path", "bounded", "path_of", "solutions_along"]
