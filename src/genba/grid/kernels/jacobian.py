"""The power-flow Jacobian in polar coordinates: analysed once per grid, then only filled and factorised."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import SuperLU, splu

from genba.grid.kernels.admittance import Admittance
from genba.grid.kernels.network import Bools, Floats, Ints, Phasors

PIVOT_THRESHOLD = 0.01
"""A diagonal pivot stays unless it is below this share of its column's largest: fill-in is as ordered."""


@dataclass(frozen=True, eq=False)
class JacobianPlan:
    """Where every value of the Jacobian goes, for all n buses and both of their unknowns.

    Rows are P and Q, columns angle and magnitude, interleaved by bus in a fill-reducing order. A bus whose
    angle or magnitude is given keeps its row and column as those of the identity, so that one pattern serves
    every kind of bus and every outage.

    Arguments:
        position: place of each bus in the order, shape (n,).
        rows: bus row of each admittance entry, shape (nnz,).
        cols: bus column of each admittance entry.
        diagonal: entry of each bus on the diagonal, shape (n,).
        indices: row indices of the compressed columns.
        indptr: first entry of each compressed column.
        scatter: place in the compressed columns of dP/da, dP/dm, dQ/da, dQ/dm, shape (4, nnz).
    """

    position: Ints
    rows: Ints
    cols: Ints
    diagonal: Ints
    indices: Ints
    indptr: Ints
    scatter: Ints

    def pack(self, active: Floats, reactive: Floats) -> Floats:
        """Interleave two bus vectors (n,) into one of the unknowns' order (2n,)."""
        packed = np.empty(2 * len(active))
        packed[2 * self.position] = active
        packed[2 * self.position + 1] = reactive
        return packed

    def unpack(self, packed: Floats) -> tuple[Floats, Floats]:
        """Undo `pack`."""
        return packed[2 * self.position], packed[2 * self.position + 1]


def plan_of(admittance: Admittance) -> JacobianPlan:
    """Order the buses and lay out the pattern."""
    n = admittance.n_bus
    position = np.empty(n, dtype=np.int64)
    position[_minimum_degree(admittance)] = np.arange(n)
    row, col = 2 * position[admittance.rows], 2 * position[admittance.cols]
    rows = np.concatenate([row, row, row + 1, row + 1])
    cols = np.concatenate([col, col + 1, col, col + 1])
    numbered = coo_matrix((np.arange(1.0, len(rows) + 1), (rows, cols)), shape=(2 * n, 2 * n)).tocsc()
    numbered.sort_indices()
    scatter = np.empty(len(rows), dtype=np.int64)
    scatter[numbered.data.astype(np.int64) - 1] = np.arange(len(rows))
    return JacobianPlan(
        position=position,
        rows=admittance.rows,
        cols=admittance.cols,
        diagonal=admittance.diagonal,
        indices=numbered.indices.astype(np.intc),
        indptr=numbered.indptr.astype(np.intc),
        scatter=scatter.reshape(4, -1),
    )


def jacobian(
    plan: JacobianPlan, entries: Phasors, voltage: Phasors, *, free_angle: Bools, free_magnitude: Bools
) -> csc_matrix:
    """Fill the Jacobian of P and Q at a voltage.

    Arguments:
        plan: the layout.
        entries: entries of Y, shape (nnz,).
        voltage: bus voltages, shape (n,).
        free_angle: whether a bus's angle is unknown, and its P an equation, shape (n,).
        free_magnitude: the same for magnitude and Q.

    Source: Zimmerman (2010), AC power flows and their derivatives, MATPOWER technical note 2.
    """
    rows, cols, diagonal = plan.rows, plan.cols, plan.diagonal
    terms = voltage[rows] * np.conj(entries * voltage[cols])  # S_ij: what bus i sends because of bus j
    power = np.add.reduceat(terms, _starts(rows, len(diagonal)))
    by_angle = -1j * terms
    by_angle[diagonal] += 1j * power
    by_magnitude = terms / np.abs(voltage)[cols]
    by_magnitude[diagonal] += power / np.abs(voltage)
    data = np.empty(plan.scatter.size)
    values = _masked(by_angle, by_magnitude, free_angle[rows], free_magnitude[rows])
    angle, magnitude = free_angle[cols], free_magnitude[cols]
    for value, column, place in zip(values, (angle, magnitude, angle, magnitude), plan.scatter, strict=True):
        data[place] = value * column
    data[plan.scatter[0, diagonal]] += ~free_angle
    data[plan.scatter[3, diagonal]] += ~free_magnitude
    size = 2 * len(diagonal)
    return csc_matrix((data, plan.indices, plan.indptr), shape=(size, size))


def factorise(matrix: csc_matrix) -> SuperLU | None:
    """Give the LU factors in the plan's order, or None when the matrix is singular."""
    try:
        # narrow panels and no relaxed supernodes: the columns of a power grid are short (measured: 1.4 times)
        return splu(
            matrix,
            permc_spec="NATURAL",
            diag_pivot_thresh=PIVOT_THRESHOLD,
            panel_size=1,
            relax=1,
            options={"SymmetricMode": True, "Equil": False},
        )
    except RuntimeError:
        return None


def _starts(rows: Ints, n_bus: int) -> Ints:
    return np.searchsorted(rows, np.arange(n_bus))


def _masked(
    by_angle: Phasors, by_magnitude: Phasors, active: Bools, reactive: Bools
) -> tuple[Floats, Floats, Floats, Floats]:
    return (
        by_angle.real * active,
        by_magnitude.real * active,
        by_angle.imag * reactive,
        by_magnitude.imag * reactive,
    )


def _minimum_degree(admittance: Admittance) -> Ints:
    """Give an order of buses with little fill-in: SuperLU's minimum degree on the graph of the grid."""
    n = admittance.n_bus
    off = admittance.rows != admittance.cols
    degree = np.bincount(admittance.rows[off], minlength=n) + 1.0
    data = np.where(off, -1.0, degree[admittance.rows])  # diagonally dominant: no pivot leaves the diagonal
    graph = csc_matrix((data, admittance.cols, admittance.indptr), shape=(n, n))
    ordered = splu(graph, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.argsort(ordered.perm_c)
