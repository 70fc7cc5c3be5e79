"""An independent power flow: Newton's method on complex voltages in rectangular coordinates.

The grid's kernels work in polar coordinates; nothing is shared with them. Pinned buses (the reference, and
what is de-energised) keep their rows as identities, so one sparsity pattern serves every outage of a case.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import SuperLU, splu

from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats, Ints
from genba.grid.certify.twoport import TwoPorts

KEEP_FACTORS = 0.1  # a step that leaves less than this of the mismatch shows that old factors serve
HOPELESS = 1e6  # p.u.: beyond this mismatch the iteration never came back


@dataclass(frozen=True)
class Pattern:
    """Where the Jacobian of a case has entries: buses twice, real parts first.

    Arguments:
        row, column: buses of each admittance entry: one per bus, then four per branch.
        slot: place of each of the entries' four blocks in the compressed matrix.
        index, pointer: the compressed columns; columns stand in `order`, which keeps factors sparse.
    """

    row: Ints
    column: Ints
    slot: Ints
    index: Ints
    pointer: Ints
    order: Ints


@dataclass(frozen=True)
class Task:
    """What to solve, per bus in per unit: power injections, and voltage magnitudes where they are held.

    Arguments:
        injection: power into each bus before any slack.
        held: buses that hold `magnitude`; their reactive injection is free.
        pinned: buses that keep their voltage; only with `share` must the active injection of one be met.
        share: share of its island's slack that each bus takes; None when the reference takes what is missing.
        island: number from 1 of each bus's island, 0 when de-energised.
    """

    injection: Complexes
    held: Bools
    magnitude: Floats
    pinned: Bools
    share: Floats | None
    island: Ints


@dataclass(frozen=True)
class Solution:
    """The last iterate, the slack of each island, the largest mismatch (all p.u.) and the steps taken."""

    v: Complexes
    slack: Floats
    mismatch: float
    steps: int


@dataclass(frozen=True)
class _Residual:
    """Active, then reactive mismatches or errors of squared magnitudes; the references' own; currents."""

    equations: Floats
    reference: Floats
    current: Complexes

    @property
    def size(self) -> float:
        return float(max(np.abs(self.equations).max(initial=0.0), np.abs(self.reference).max(initial=0.0)))


def pattern(grid: Circuit) -> Pattern:
    """Give the pattern that serves a case and every outage of it."""
    buses = len(grid.island)
    every = np.arange(buses)
    row = np.concatenate([every, grid.start, grid.start, grid.end, grid.end])
    column = np.concatenate([every, grid.start, grid.end, grid.start, grid.end])
    rows = np.concatenate([row, row, row + buses, row + buses])
    columns = np.concatenate([column, column + buses, column, column + buses])
    ones = csc_matrix((np.ones(len(rows)), (rows, columns)), (2 * buses, 2 * buses))
    dominant = csc_matrix((np.where(_row_of(ones) == _column_of(ones), 1e3, 1.0), ones.indices, ones.indptr))
    order = np.argsort(splu(dominant, permc_spec="COLAMD").perm_c)
    place = np.argsort(order)[columns]  # where each column has gone
    unique, slot = np.unique(place * (2 * buses) + rows, return_inverse=True)
    pointer = np.searchsorted(unique, np.arange(2 * buses + 1) * (2 * buses))
    return Pattern(row, column, slot, unique % (2 * buses), pointer, order)


def _row_of(matrix: csc_matrix) -> Ints:
    return np.asarray(matrix.indices)


def _column_of(matrix: csc_matrix) -> Ints:
    return np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))


def newton(
    shape: Pattern, ports: TwoPorts, task: Task, v: Complexes, *, tolerance: float, steps: int
) -> Solution:
    """Solve from `v`; factors are kept while they still shrink the mismatch tenfold a step.

    Source: Tinney and Hart, IEEE Trans. PAS-86 (1967); the rectangular form: Stott, Proc. IEEE 62 (1974).
    """
    entries = np.concatenate([ports.shunt, ports.ff, ports.ft, ports.tf, ports.tt])
    slack = np.zeros(int(task.island.max(initial=0)) + 1)
    factors: SuperLU | None = None
    wrong = _residual(shape, entries, task, v, slack)
    for step in range(steps):
        if not wrong.size > tolerance or wrong.size > HOPELESS:  # not above, so that a NaN stops too
            return Solution(v, slack, wrong.size, step)
        if factors is None:
            try:
                factors = splu(_jacobian(shape, entries, task, v, wrong.current), permc_spec="NATURAL")
            except RuntimeError:  # singular: there is no Newton step from here
                return Solution(v, slack, wrong.size, step)
        change, more = _step(factors, shape, entries, task, v, wrong)
        v, slack, before = v + change, slack + more, wrong.size
        wrong = _residual(shape, entries, task, v, slack)
        factors = factors if wrong.size < KEEP_FACTORS * before else None
    return Solution(v, slack, wrong.size, steps)


def _residual(shape: Pattern, entries: Complexes, task: Task, v: Complexes, slack: Floats) -> _Residual:
    current = _current(shape, entries, v)
    off = v * current.conj() - task.injection
    if task.share is not None:
        off = off - task.share * slack[task.island]
    power = np.where(task.pinned, 0.0, off)
    second = np.where(task.held & ~task.pinned, np.abs(v) ** 2 - task.magnitude**2, power.imag)
    shared = task.share is not None
    reference = np.where(task.pinned & (task.island > 0) & shared, off.real, 0.0)
    return _Residual(np.concatenate([power.real, second]), reference, current)


def _current(shape: Pattern, entries: Complexes, v: Complexes) -> Complexes:
    current = np.zeros(len(v), complex)
    np.add.at(current, shape.row, entries * v[shape.column])
    return current


def _step(
    factors: SuperLU, shape: Pattern, entries: Complexes, task: Task, v: Complexes, wrong: _Residual
) -> tuple[Complexes, Floats]:
    """Give the change of voltages and, by island, of the slack; the latter from the references' equations."""
    change = -_solved(factors, shape, wrong.equations)
    more = np.zeros(int(task.island.max(initial=0)) + 1)
    if task.share is None:
        return change, more
    column = np.concatenate([np.where(task.pinned, 0.0, task.share), np.zeros(len(v))])
    moved = _solved(factors, shape, column)  # voltages by slack

    def felt(dv: Complexes) -> Floats:
        """Give the change of the active power that each bus takes when voltages change."""
        return np.asarray((dv * wrong.current.conj() + v * _current(shape, entries, dv).conj()).real)

    at = np.flatnonzero(task.pinned & (task.island > 0))
    left, gain = (wrong.reference + felt(change))[at], (task.share - felt(moved))[at]
    more[task.island[at]] = left / gain
    return change + moved * more[task.island], more


def _solved(factors: SuperLU, shape: Pattern, right: Floats) -> Complexes:
    """Give the complex voltages that solve the Jacobian for a right-hand side."""
    parts = np.empty(len(right))
    parts[shape.order] = factors.solve(right)
    half = len(right) // 2
    return np.asarray(parts[:half] + 1j * parts[half:])


def _jacobian(shape: Pattern, entries: Complexes, task: Task, v: Complexes, current: Complexes) -> csc_matrix:
    """Give the mismatch by real, then imaginary voltage parts, differentiated; columns in the kept order."""
    buses = len(v)
    product = v[shape.row] * entries.conj()
    on_diagonal = np.zeros(len(product), complex)
    on_diagonal[:buses] = current.conj()
    by_real, by_imaginary = on_diagonal + product, 1j * (on_diagonal - product)
    first = [by_real.real, by_imaginary.real]
    second = [by_real.imag, by_imaginary.imag]
    free, held = ~task.pinned, task.held & ~task.pinned
    blocks = [np.where(free[shape.row], block, 0.0) for block in first]
    blocks += [np.where((free & ~held)[shape.row], block, 0.0) for block in second]
    blocks[0][:buses] += task.pinned
    blocks[2][:buses] += np.where(held, 2 * v.real, 0.0)
    blocks[3][:buses] += np.where(held, 2 * v.imag, 0.0) + task.pinned
    data = np.bincount(shape.slot, np.concatenate(blocks), minlength=len(shape.index))
    return csc_matrix((data, shape.index, shape.pointer), (2 * buses, 2 * buses))
