"""The bus admittance matrix with a fixed pattern, and branch flows."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors


@dataclass(frozen=True, eq=False)
class Admittance:
    """Y with the pattern of every branch and of the diagonal, whichever branches are in service.

    Arguments:
        two_port: rows yff, yft, ytf, ytt of every branch, shape (4, m).
        rows: row of each entry, shape (nnz,), sorted; with `cols` the pattern.
        cols: column of each entry.
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
        terms = np.where(branch_on, self.two_port, 0.0).ravel()
        places = self.places.ravel()
        real = np.bincount(places, weights=terms.real, minlength=len(self.rows))
        entries: Phasors = real + 1j * np.bincount(places, weights=terms.imag, minlength=len(self.rows))
        entries[self.diagonal] += self.shunt
        return entries

    def matrix(self, values: Phasors) -> csr_matrix:
        """Give Y (n, n) with these entries."""
        return csr_matrix((values, self.cols, self.indptr), shape=(self.n_bus, self.n_bus))


def admittance_of(network: Network) -> Admittance:
    """Analyse the pattern of a network once.

    Source: MATPOWER manual 8.0, equations 3.1 to 3.13; the ideal transformer is at the from end.
    """
    f, t, n = network.from_bus, network.to_bus, network.n_bus
    buses = np.arange(n)
    rows = np.concatenate([f, f, t, t, buses])
    cols = np.concatenate([f, t, f, t, buses])
    keys, places = np.unique(rows * n + cols, return_inverse=True)
    entry_rows, entry_cols = np.divmod(keys, n)
    m = len(f)
    return Admittance(
        two_port=two_ports(network),
        rows=entry_rows,
        cols=entry_cols,
        indptr=np.searchsorted(entry_rows, np.arange(n + 1)),
        places=places[: 4 * m].reshape(4, m),
        diagonal=places[4 * m :],
        shunt=network.shunt,
    )


def two_ports(network: Network) -> Phasors:
    """Give yff, yft, ytf, ytt of every branch as if in service, shape (4, m), p.u."""
    tap = network.tap
    series = 1.0 / network.impedance
    ytt = series + 0.5j * network.charging
    return np.stack([ytt / np.abs(tap) ** 2, -series / tap.conj(), -series / tap, ytt])


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
