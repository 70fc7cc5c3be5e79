"""The bus admittance matrix with a fixed pattern, and branch flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors
from genba.num import sparse
from genba.num.jit import kernel


@dataclass(frozen=True, eq=False)
class Admittance:
    """Y with the pattern of every branch and of the diagonal, whichever branches are in service.

    Arguments:
        two_port: rows yff, yft, ytf, ytt of every branch, shape (4, m).
        rows: row of each entry, shape (nnz,), sorted; with `cols` the pattern.
        cols: column of each entry, ascending within a row.
        indptr: first entry of each row, shape (n + 1,).
        places: entry that each two-port term adds to, shape (4, m).
        diagonal: entry of each bus on the diagonal, shape (n,).
        shunt: shunt admittance of each bus, shape (n,).
    """

    two_port: Phasors
    rows: Ints
    cols: Ints
    indptr: Ints
    places: Ints
    diagonal: Ints
    shunt: Phasors

    @property
    def n_bus(self) -> int:
        """Give the number of buses."""
        return len(self.diagonal)

    def values(self, branch_on: Bools) -> Phasors:
        """Give the entries (nnz,) of Y with only these branches in service."""
        return np.asarray(
            entries_of(self.two_port, branch_on, self.places, self.shunt, self.diagonal, len(self.rows))
        )

    def matrix(self, values: Phasors) -> sparse.csr_matrix:
        """Give Y (n, n) with these entries."""
        return sparse.csr_matrix((values, self.cols, self.indptr), shape=(self.n_bus, self.n_bus))


def admittance_of(network: Network) -> Admittance:
    """Analyse the pattern of a network once.

    Source: MATPOWER manual 8.0, equations 3.1 to 3.13; the ideal transformer is at the from end.
    """
    rows, cols, indptr, places, diagonal = pattern_of(network.n_bus, network.from_bus, network.to_bus)
    return Admittance(
        two_port=two_ports(network),
        rows=rows,
        cols=cols,
        indptr=indptr,
        places=places,
        diagonal=diagonal,
        shunt=network.shunt,
    )


def two_ports(network: Network) -> Phasors:
    """Give yff, yft, ytf, ytt of every branch as if in service, shape (4, m), p.u."""
    return np.asarray(two_ports_of(network.impedance, network.charging, network.tap))


@kernel
def two_ports_of(impedance: Phasors, charging: Floats, tap: Phasors) -> Phasors:
    """Give yff, yft, ytf, ytt of every branch, shape (4, m)."""
    terms = np.empty((4, len(tap)), np.complex128)
    for k in range(len(tap)):
        r, x = impedance[k].real, impedance[k].imag
        size = r * r + x * x
        series = complex(r / size, -x / size)  # not finite without an impedance: such a branch is off
        turns = tap[k].real * tap[k].real + tap[k].imag * tap[k].imag
        end = series + complex(0.0, 0.5 * charging[k])
        terms[0, k] = end / turns
        terms[1, k] = -series * tap[k] / turns  # 1 / conj(tap)
        terms[2, k] = -series * tap[k].conjugate() / turns
        terms[3, k] = end
    return terms


@kernel
def entries_of(
    two_port: Phasors, branch_on: Bools, places: Ints, shunt: Phasors, diagonal: Ints, size: int
) -> Phasors:
    """Give the entries of Y, shape (size,)."""
    entries = np.zeros(size, np.complex128)
    for term in range(4):
        for k in range(len(branch_on)):
            if branch_on[k]:
                entries[places[term, k]] += two_port[term, k]
    for bus in range(len(diagonal)):
        entries[diagonal[bus]] += shunt[bus]
    return entries


@kernel
def pattern_of(n: int, f: Ints, t: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Give rows, columns and row starts of Y's entries, the entry of each two-port term and of each bus."""
    start = np.zeros(n + 1, np.int64)
    for k in range(len(f)):
        start[f[k] + 1] += 1
        start[t[k] + 1] += 1
    for bus in range(n):
        start[bus + 1] += start[bus] + 1  # its own diagonal
    found = np.empty(start[n], np.int64)
    used = start[:n].copy()
    for bus in range(n):
        used[bus] = _kept(found, start[bus], used[bus], bus)
    for k in range(len(f)):
        used[f[k]] = _kept(found, start[f[k]], used[f[k]], t[k])
        used[t[k]] = _kept(found, start[t[k]], used[t[k]], f[k])
    indptr = np.zeros(n + 1, np.int64)
    for bus in range(n):
        indptr[bus + 1] = indptr[bus] + used[bus] - start[bus]
    rows, cols = np.empty(indptr[n], np.int64), np.empty(indptr[n], np.int64)
    diagonal = np.empty(n, np.int64)
    for bus in range(n):
        for place in range(indptr[bus + 1] - indptr[bus]):
            rows[indptr[bus] + place] = bus
            cols[indptr[bus] + place] = found[start[bus] + place]
        diagonal[bus] = _place(cols, indptr[bus], indptr[bus + 1], bus)
    places = np.empty((4, len(f)), np.int64)
    for k in range(len(f)):
        places[0, k], places[3, k] = diagonal[f[k]], diagonal[t[k]]
        places[1, k] = _place(cols, indptr[f[k]], indptr[f[k] + 1], t[k])
        places[2, k] = _place(cols, indptr[t[k]], indptr[t[k] + 1], f[k])
    return rows, cols, indptr, places, diagonal


@kernel
def _kept(found: Ints, first: int, end: int, column: int) -> int:
    """Put a column at its place among those of a row unless it is there; give the new end."""
    place = end
    while place > first and found[place - 1] >= column:
        place -= 1
    if place < end and found[place] == column:
        return end
    for later in range(end, place, -1):
        found[later] = found[later - 1]
    found[place] = column
    return end + 1


@kernel
def _place(cols: Ints, first: int, end: int, column: int) -> int:
    """Find a column that a row has."""
    while end - first > 1:
        middle = (first + end) // 2
        if cols[middle] <= column:
            first = middle
        else:
            end = middle
    return first


def branch_powers(two_port: Phasors, voltage: Phasors, *, ends: tuple[Ints, Ints]) -> tuple[Phasors, Phasors]:
    """Give the complex power into each branch at its from and to end, shape (m,) each, p.u.

    Arguments:
        two_port: rows yff, yft, ytf, ytt, shape (4, m).
        voltage: bus voltages, shape (n,).
        ends: bus rows at the from and to ends.
    """
    v_from, v_to = voltage[ends[0]], voltage[ends[1]]
    yff, yft, ytf, ytt = two_port
    into_from: Phasors = v_from * np.conj(yff * v_from + yft * v_to)
    into_to: Phasors = v_to * np.conj(ytf * v_from + ytt * v_to)
    return into_from, into_to


def apparent(into_from: Phasors, into_to: Phasors) -> Floats:
    """Give the larger apparent power of both ends, shape (m,)."""
    return np.maximum(np.abs(into_from), np.abs(into_to))
