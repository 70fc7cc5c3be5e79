"""An independent power flow: Newton's method on complex voltages in rectangular coordinates.

The grid's kernels work in polar coordinates; nothing is shared with them. Changes of a voltage are told along
it and across it, so that a pivot is at hand on the diagonal; `halved` makes it longer by the one and turns it
by the other. Pinned buses (the reference, and what is de-energised) keep their rows as identities, so one
sparsity pattern serves every outage of a case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from genba.core.context import heed
from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats, Ints
from genba.grid.certify.twoport import TwoPorts
from genba.num import sparse

AS_GOOD = 12  # steps that new factors cost, with those they still leave: old ones serve while they need fewer
HOPELESS = 1e6  # p.u.: beyond this mismatch the iteration never came back
DIAGONAL = 0.01  # a pivot on the diagonal is taken from this share of its column's largest
HALVINGS = 6  # of a step, before it is given up
LARGEST_GAIN = 2.0  # by which a secant step may exceed the step of the kept factors


@dataclass(frozen=True)
class Pattern:
    """Where the admittance matrix and the Jacobian of a case have entries.

    Arguments:
        row, column: buses of each admittance entry, by row.
        start: first entry of each row, and how many there are.
        own: entry of each bus on the diagonal.
        entry: entry to which each shunt, then each branch's ff, ft, tf and tt belong.
        slot: place of each entry's four blocks in the compressed matrix.
        index, pointer: the compressed columns.
        place: where each equation, and the unknown beside it, stands: an order that keeps factors sparse.
    """

    row: Ints
    column: Ints
    start: Ints
    own: Ints
    entry: Ints
    slot: Ints
    index: Ints
    pointer: Ints
    place: Ints


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
    """Active, then reactive mismatches or errors of squared magnitudes; the references'; currents; size."""

    equations: Floats
    reference: Floats
    current: Complexes
    size: float

    @property
    def norm(self) -> float:
        """Give the Euclidean norm."""
        return float(np.hypot(np.linalg.norm(self.equations), np.linalg.norm(self.reference)))


def pattern(grid: Circuit) -> Pattern:
    """Give the pattern that serves a case and every outage of it."""
    buses = len(grid.island)
    every = np.arange(buses)
    row = np.concatenate([every, grid.start, grid.start, grid.end, grid.end])
    column = np.concatenate([every, grid.start, grid.end, grid.start, grid.end])
    unique, entry = np.unique(row * buses + column, return_inverse=True)
    row, column = np.divmod(unique, buses)
    rows = np.concatenate([row, row, row + buses, row + buses])
    columns = np.concatenate([column, column + buses, column, column + buses])
    values = np.where(rows == columns, 1e3, 1.0)
    dominant = sparse.csc_matrix((values, (rows, columns)), (2 * buses, 2 * buses))
    place = sparse.linalg.splu(dominant, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).perm_c
    keys = place[columns].astype(np.int64) * (2 * buses) + place[rows]
    order = np.argsort(keys)
    return Pattern(
        row,
        column,
        start=np.searchsorted(row, np.arange(buses + 1)),
        own=np.searchsorted(unique, every * (buses + 1)),
        entry=entry,
        slot=np.argsort(order),
        index=keys[order] % (2 * buses),
        pointer=np.searchsorted(keys[order], np.arange(2 * buses + 1) * (2 * buses)),
        place=place,
    )


def newton(
    shape: Pattern, ports: TwoPorts, task: Task, v: Complexes, *, tolerance: float, steps: int
) -> Solution:
    """Solve from `v`; factors are kept, and corrected by secants, while they are soon there at their pace.

    Source: Tinney and Hart, IEEE Trans. PAS-86 (1967); the rectangular form: Stott, Proc. IEEE 62 (1974);
    secants: Broyden's first method as in Kelley, Iterative methods for linear and nonlinear equations (1995),
    section 7.3.
    """
    y = _admittance(shape, ports)
    slack = np.zeros(int(task.island.max(initial=0)) + 1)
    tangent: _Tangent | None = None
    taken: list[Floats] = []
    wrong = _residual(y, task, v, slack)
    for step in range(steps):
        heed()
        if not wrong.size > tolerance or wrong.size > HOPELESS:  # not above, so that a NaN stops too
            return Solution(v, slack, wrong.size, step)
        if tangent is None:
            try:
                tangent, taken = _tangent(shape, y, task, v, wrong.current), []
            except RuntimeError:  # singular: there is no Newton step from here
                return Solution(v, slack, wrong.size, step)
        taken.append(_secant(tangent.step(wrong), taken))
        v, slack, before = v + tangent.change(taken[-1]), slack + taken[-1][2 * len(v) :], wrong.size
        wrong = _residual(y, task, v, slack)
        pace = wrong.size / before
        tangent = tangent if pace < 1 and wrong.size * pace**AS_GOOD < tolerance else None
    return Solution(v, slack, wrong.size, steps)


def halved(
    shape: Pattern, ports: TwoPorts, task: Task, v: Complexes, *, tolerance: float, steps: int
) -> Solution:
    """Solve from `v` by changes of magnitudes and angles, each halved until the mismatch falls.

    This finds solutions that `newton` does not, and others where there are several. Buses start at the
    magnitude that they hold; the slack is always what balances an island.
    """
    y = _admittance(shape, ports)
    v = np.where(task.held & ~task.pinned, task.magnitude * np.exp(1j * np.angle(v)), v)
    slack, taken = _missing(y, task, v), 0
    wrong = _residual(y, task, v, slack)
    while taken < steps and tolerance < wrong.size <= HOPELESS:
        heed()
        try:
            step = _tangent(shape, y, task, v, wrong.current).step(wrong)
        except RuntimeError:  # singular: there is no Newton step from here
            break
        nearer = _nearer(y, task, v, step, wrong.norm)
        if nearer is None:
            break
        (v, slack, wrong), taken = nearer, taken + 1
    return Solution(v, slack, wrong.size, taken)


def _nearer(
    y: sparse.csr_matrix, task: Task, v: Complexes, step: Floats, norm: float
) -> tuple[Complexes, Floats, _Residual] | None:
    """Give where the longest part of a step leads that leaves less than this norm; None when none does."""
    for number in range(HALVINGS + 1):
        there = _bent(v, step * 0.5**number)
        slack = _missing(y, task, there)
        wrong = _residual(y, task, there, slack)
        if wrong.norm < norm:
            return there, slack, wrong
    return None


def _missing(y: sparse.csr_matrix, task: Task, v: Complexes) -> Floats:
    """Give what each island takes at a voltage beyond what is injected, p.u., by island from 1."""
    off = (v * (y @ v).conj() - task.injection).real
    return np.asarray(np.bincount(task.island, np.where(task.island > 0, off, 0.0)), np.float64)


def _bent(v: Complexes, step: Floats) -> Complexes:
    """Give voltages turned by what a step has across them, and longer by what it has along; NaN below 0."""
    size, buses = np.abs(v), len(v)
    longer = size + step[buses : 2 * buses]
    turned = np.angle(v) + step[:buses] / np.where(size > 0, size, 1.0)
    return np.where(size > 0, np.where(longer > 0, longer, np.nan) * np.exp(1j * turned), v)


def _admittance(shape: Pattern, ports: TwoPorts) -> sparse.csr_matrix:
    parts = np.concatenate([ports.shunt, ports.ff, ports.ft, ports.tf, ports.tt])
    count, buses = len(shape.row), len(shape.own)
    entries = np.bincount(shape.entry, parts.real, count) + 1j * np.bincount(shape.entry, parts.imag, count)
    return sparse.csr_matrix((entries, shape.column, shape.start), (buses, buses))


def _residual(y: sparse.csr_matrix, task: Task, v: Complexes, slack: Floats) -> _Residual:
    current = y @ v
    off = v * current.conj() - task.injection
    if task.share is not None:
        off = off - task.share * slack[task.island]
    power = np.where(task.pinned, 0.0, off)
    second = np.where(task.held & ~task.pinned, np.abs(v) ** 2 - task.magnitude**2, power.imag)
    reference = np.zeros(0)
    if task.share is not None:
        reference = np.where(task.pinned & (task.island > 0), off.real, 0.0)
    equations = np.concatenate([power.real, second])
    size = np.maximum(np.abs(equations).max(initial=0.0), np.abs(reference).max(initial=0.0))
    return _Residual(equations, reference, current, float(size))


def _secant(step: Floats, taken: list[Floats]) -> Floats:
    """Correct a step of kept factors by what those taken since have shown of the slope."""
    for before, after in zip(taken[:-1], taken[1:], strict=True):
        step = step + (before @ step) / (before @ before) * after
    if not taken:
        return step
    shared = float((taken[-1] @ step) / (taken[-1] @ taken[-1]))
    return step / max(1 - shared, 1 / LARGEST_GAIN)


@dataclass(frozen=True)
class _Tangent:
    """Factors of the equations at one voltage; a step stands across, then along each voltage, then slack.

    Arguments:
        factors, place: of the Jacobian, and where its equations and unknowns stand.
        along: direction of each voltage, 1 where there is none.
        v, y: the voltage and the admittances.
        current: into each bus at that voltage.
        task: what is solved.
        moved: change of every voltage by its island's slack; empty without shares.
    """

    factors: sparse.linalg.SuperLU
    place: Ints
    along: Complexes
    v: Complexes
    y: sparse.csr_matrix
    current: Complexes
    task: Task
    moved: Floats

    def step(self, wrong: _Residual) -> Floats:
        """Give the step that makes the equations good, to first order."""
        task, change = self.task, -self.solved(wrong.equations)
        more = np.zeros(int(task.island.max(initial=0)) + 1)
        if task.share is None:
            return np.concatenate([change, more])
        at = np.flatnonzero(task.pinned & (task.island > 0))
        left = (wrong.reference + self.felt(change))[at]
        more[task.island[at]] = left / (task.share - self.felt(self.moved))[at]
        return np.concatenate([change + self.moved * np.tile(more[task.island], 2), more])

    def change(self, step: Floats) -> Complexes:
        """Give the change of the voltages."""
        buses = len(self.along)
        return self.along * (step[buses : 2 * buses] + 1j * step[:buses])

    def felt(self, step: Floats) -> Floats:
        """Give the change of the active power that each bus takes."""
        dv = self.change(step)
        return np.asarray((dv * self.current.conj() + self.v * (self.y @ dv).conj()).real)

    def solved(self, right: Floats) -> Floats:
        ordered = np.empty(len(right))
        ordered[self.place] = right
        return np.asarray(self.factors.solve(ordered)[self.place])


def _tangent(shape: Pattern, y: sparse.csr_matrix, task: Task, v: Complexes, current: Complexes) -> _Tangent:
    size = np.abs(v)
    along = np.where(size > 0, v / np.where(size > 0, size, 1.0), 1.0)
    factors = sparse.linalg.splu(
        _jacobian(shape, y, task, v, along, current),
        permc_spec="NATURAL",
        diag_pivot_thresh=DIAGONAL,
        relax=1,
        panel_size=1,
        options={"SymmetricMode": True},
    )
    bare = _Tangent(factors, shape.place, along, v, y, current, task, np.zeros(0))
    if task.share is None:
        return bare
    share = np.concatenate([np.where(task.pinned, 0.0, task.share), np.zeros(len(v))])
    return replace(bare, moved=bare.solved(share))


def _jacobian(
    shape: Pattern, y: sparse.csr_matrix, task: Task, v: Complexes, along: Complexes, current: Complexes
) -> sparse.csc_matrix:
    """Give the mismatch differentiated by what changes across, then along each voltage, in the kept order."""
    buses, row, own = len(v), shape.row, shape.own
    sent = v[row] * (y.data * along[shape.column]).conj()
    by_along, by_across = sent.copy(), -1j * sent
    by_along[own] += current.conj() * along
    by_across[own] += 1j * current.conj() * along
    free, held = ~task.pinned, task.held & ~task.pinned
    active, reactive = free[row], (free & ~held)[row]
    blocks = np.stack(
        [by_across.real * active, by_along.real * active, by_across.imag * reactive, by_along.imag * reactive]
    )
    blocks[0, own] += task.pinned
    blocks[3, own] += np.where(held, 2 * np.abs(v), 0.0) + task.pinned
    data = np.empty(blocks.size)
    data[shape.slot] = blocks.ravel()
    return sparse.csc_matrix((data, shape.index, shape.pointer), (2 * buses, 2 * buses))
