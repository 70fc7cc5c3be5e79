"""Branches as complex two-ports: currents and powers at both ends, for the certificates alone."""

from dataclasses import dataclass

import numpy as np

from genba.grid.certify.circuit import Circuit, Complexes


@dataclass(frozen=True)
class TwoPorts:
    """Admittances in per unit; `i_from = ff v_from + ft v_to`, `i_to = tf v_from + tt v_to`.

    A branch that does not conduct has zero admittances; `shunt` is zero at de-energised buses.
    """

    ff: Complexes
    ft: Complexes
    tf: Complexes
    tt: Complexes
    shunt: Complexes


def two_ports(grid: Circuit) -> TwoPorts:
    """Give the two-port of every branch and the shunt of every bus.

    Source: MATPOWER User's Manual 8.0, equation 3.2 (ideal transformer at the from end of a pi circuit).
    """
    branch, bus, on = grid.case.branch, grid.case.bus, grid.conducts
    impedance = np.where(on, branch["r"] + 1j * branch["x"], 1.0)
    series = np.where(on, 1 / impedance, 0.0)
    with_charging = np.where(on, series + 0.5j * branch["b"], 0.0)
    magnitude = np.where(branch["ratio"] == 0, 1.0, branch["ratio"])
    turns = magnitude * np.exp(1j * np.radians(branch["shift"]))
    shunt: Complexes = (bus["gs"] + 1j * bus["bs"]) * grid.alive / grid.case.base_mva
    return TwoPorts(
        ff=with_charging / magnitude**2,
        ft=-series / turns.conj(),
        tf=-series / turns,
        tt=with_charging,
        shunt=shunt,
    )


def flows(grid: Circuit, ports: TwoPorts, v: Complexes) -> tuple[Complexes, Complexes]:
    """Give the power into every branch at its from and at its to end, MVA."""
    v_from, v_to = v[grid.start], v[grid.end]
    s_from = v_from * np.conj(ports.ff * v_from + ports.ft * v_to)
    s_to = v_to * np.conj(ports.tf * v_from + ports.tt * v_to)
    return grid.case.base_mva * s_from, grid.case.base_mva * s_to


def withdrawals(grid: Circuit, ports: TwoPorts, v: Complexes) -> Complexes:
    """Give the power that branches and shunts take from every bus, MVA."""
    s_from, s_to = flows(grid, ports, v)
    taken: Complexes = grid.case.base_mva * np.abs(v) ** 2 * ports.shunt.conj()
    np.add.at(taken, grid.start, s_from)
    np.add.at(taken, grid.end, s_to)
    return taken
