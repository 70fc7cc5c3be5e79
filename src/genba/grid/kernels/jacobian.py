"""The power-flow Jacobian in polar coordinates: analysed once per grid, then only filled and factorised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genba.grid.kernels.admittance import Admittance, pattern_of, two_ports_of
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors
from genba.num import sparse
from genba.num.jit import borrowing, kernel
from genba.num.lu.structure import Structure, packed_of, unpacked

Analysis = tuple[Phasors, Ints, Ints, Ints, Ints, Ints, Ints]
"""Two-ports, packed structure, rows, columns, row starts, places and diagonal: what a plan is made of."""


@dataclass(frozen=True, eq=False)
class JacobianPlan:
    """Where every value of the Jacobian goes, for all n buses and both of their unknowns.

    The Jacobian has a block of 2x2 where Y has an entry: rows P and Q, columns angle and magnitude. A bus
    whose angle or magnitude is given keeps its row and column as those of the identity, so that one pattern
    serves every kind of bus and every outage.

    Arguments:
        packed: order of elimination and pattern of the factors, as one array.
        indptr: first entry of Y's rows, shape (n + 1,).
        cols: column of each entry, shape (nnz,).
        diagonal: entry of each bus on the diagonal, shape (n,).
        places: entry that each two-port term of a branch adds to, shape (4, m).
    """

    packed: Ints
    indptr: Ints
    cols: Ints
    diagonal: Ints
    places: Ints

    @cached_property
    def structure(self) -> Structure:
        """Give order of elimination and pattern of the factors."""
        return unpacked(self.packed)

    @property
    def position(self) -> Ints:
        """Give the place of each bus in the order of elimination, shape (n,)."""
        return self.structure.position

    def pack(self, active: Floats, reactive: Floats) -> Floats:
        """Interleave two bus vectors (n,) into one of the unknowns' order (2n,)."""
        packed = np.empty(2 * len(active))
        packed[2 * self.position] = active
        packed[2 * self.position + 1] = reactive
        return packed

    def unpack(self, packed: Floats) -> tuple[Floats, Floats]:
        """Undo `pack`."""
        return packed[2 * self.position], packed[2 * self.position + 1]

    @cached_property
    def _unknowns(self) -> tuple[Ints, Ints]:
        """Row and column of each part of each block, shape (4 nnz,) each."""
        rows = np.repeat(np.arange(len(self.diagonal)), np.diff(self.indptr))
        row, col = 2 * self.position[rows], 2 * self.position[self.cols]
        parts = np.stack([row, row, row + 1, row + 1], axis=1), np.stack([col, col + 1, col, col + 1], axis=1)
        return parts[0].ravel(), parts[1].ravel()

    def matrix(self, blocks: Floats) -> sparse.csc_matrix:
        """Give the matrix (2n, 2n) of blocks (nnz, 4), its rows and columns in the unknowns' order."""
        size = 2 * len(self.diagonal)
        return sparse.coo_matrix((blocks.ravel(), self._unknowns), shape=(size, size)).tocsc()


def plan_of(admittance: Admittance) -> JacobianPlan:
    """Order the buses and lay out the pattern."""
    y = admittance
    return JacobianPlan(_packed(y.indptr, y.cols), y.indptr, y.cols, y.diagonal, y.places)


def analysed(network: Network) -> tuple[Admittance, JacobianPlan]:
    """Give the admittance matrix of a network and its plan, both at once."""
    branches = network.from_bus, network.to_bus, network.impedance, network.charging, network.tap
    return records_of(network, pattern_and_order(network.n_bus, *branches))


def records_of(network: Network, analysis: Analysis) -> tuple[Admittance, JacobianPlan]:
    """Give what a kernel found of a network by name."""
    two_port, packed, rows, cols, indptr, places, diagonal = analysis
    admittance = Admittance(two_port, rows, cols, indptr, places, diagonal, network.shunt)
    return admittance, JacobianPlan(packed, indptr, cols, diagonal, places)


def jacobian(
    plan: JacobianPlan, entries: Phasors, voltage: Phasors, *, free_angle: Bools, free_magnitude: Bools
) -> sparse.csc_matrix:
    """Fill the Jacobian of P and Q at a voltage.

    Arguments:
        plan: the layout.
        entries: entries of Y, shape (nnz,).
        voltage: bus voltages, shape (n,).
        free_angle: whether a bus's angle is unknown, and its P an equation, shape (n,).
        free_magnitude: the same for magnitude and Q.
    """
    blocks = np.empty((len(entries), 4))
    free = free_angle.astype(float), free_magnitude.astype(float)
    fill_blocks(
        plan.indptr, plan.cols, plan.diagonal, entries, *_parts(voltage), np.abs(voltage), *free, blocks
    )
    return plan.matrix(blocks)


def factorise(matrix: sparse.csc_matrix) -> sparse.linalg.SuperLU | None:
    """Give LU factors with pivoting over the whole matrix, or None when it is singular.

    For the rare matrix whose blocks have no inverse in the plan's order, such as that of a bus whose series
    capacitor cancels its lines.
    """
    try:
        return sparse.linalg.splu(matrix, permc_spec="NATURAL", options={"Equil": False})
    except RuntimeError:
        return None


@borrowing
def fill_blocks(
    indptr: Ints,
    cols: Ints,
    diagonal: Ints,
    y: Phasors,
    re: Floats,
    im: Floats,
    vm: Floats,
    free_angle: Floats,
    free_magnitude: Floats,
    blocks: Floats,
) -> None:
    """Write dP/da, dP/dm, dQ/da and dQ/dm of every entry of Y at the voltage re + j im, shape (nnz, 4).

    `free_angle` and `free_magnitude` are 1 where an unknown is free, else 0, shape (n,) each.

    Source: Zimmerman (2010), AC power flows and their derivatives, MATPOWER technical note 2.
    """
    for i in range(len(diagonal)):
        p, q = 0.0, 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = cols[k]
            current_re = y[k].real * re[j] - y[k].imag * im[j]
            current_im = y[k].real * im[j] + y[k].imag * re[j]
            s_re = re[i] * current_re + im[i] * current_im  # what bus i sends because of bus j
            s_im = im[i] * current_re - re[i] * current_im
            p += s_re
            q += s_im
            a, m = free_angle[i], free_magnitude[i]
            by_magnitude = free_magnitude[j] / vm[j]
            blocks[k, 0] = s_im * a * free_angle[j]
            blocks[k, 1] = s_re * a * by_magnitude
            blocks[k, 2] = -s_re * m * free_angle[j]
            blocks[k, 3] = s_im * m * by_magnitude
        k, a, m = diagonal[i], free_angle[i], free_magnitude[i]
        blocks[k, 0] += (1.0 - a) - q * a
        blocks[k, 1] += p * a * m / vm[i]
        blocks[k, 2] += p * a * m
        blocks[k, 3] += (1.0 - m) + q * m / vm[i]


@kernel
def pattern_and_order(
    n: int, f: Ints, t: Ints, impedance: Phasors, charging: Floats, tap: Phasors
) -> Analysis:
    """Give two-ports, packed structure, and the pattern of Y as `admittance.pattern_of` does."""
    rows, cols, indptr, places, diagonal = pattern_of(n, f, t)
    terms = two_ports_of(impedance, charging, tap)
    return terms, _packed(indptr, cols), rows, cols, indptr, places, diagonal


@kernel
def _packed(indptr: Ints, cols: Ints) -> Ints:
    """Lay out the factors of a pattern, whose graph is its entries off the diagonal."""
    n = len(indptr) - 1
    start, found = np.zeros(n + 1, np.int64), np.empty(len(cols) - n, np.int64)
    used = 0
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            if cols[k] != i:
                found[used] = cols[k]
                used += 1
        start[i + 1] = used
    return packed_of(n, start, found, indptr, cols)


def _parts(voltage: Phasors) -> tuple[Floats, Floats]:
    return np.ascontiguousarray(voltage.real), np.ascontiguousarray(voltage.imag)
