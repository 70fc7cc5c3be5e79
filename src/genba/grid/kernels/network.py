"""A grid as arrays: internal bus rows, per unit on the case's base, radians."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.num.table import Table

PQ, PV, REFERENCE, ISOLATED = 1, 2, 3, 4
"""MATPOWER's bus types."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Phasors = NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """What every grid kernel reads; n buses, g units, m branches.

    Powers are in per unit of `base_mva`, angles in radians; buses are rows of the case's bus table.
    """

    base_mva: float
    bus_type: Ints
    demand: Phasors
    """Power demanded, shape (n,)."""
    shunt: Phasors
    """Shunt admittance G + jB, shape (n,)."""
    vm: Floats
    va: Floats
    unit_bus: Ints
    """Bus row of each unit, shape (g,)."""
    unit_s: Phasors
    """Scheduled output p + jq, shape (g,)."""
    unit_vset: Floats
    unit_pmin: Floats
    unit_pmax: Floats
    unit_qmin: Floats
    unit_qmax: Floats
    unit_on: Bools
    """In service, at a bus that is not isolated."""
    from_bus: Ints
    """Bus row at the from end, shape (m,)."""
    to_bus: Ints
    impedance: Phasors
    """Series impedance r + jx."""
    charging: Floats
    tap: Phasors
    """Complex tap ratio at the from end: ratio * exp(j shift)."""
    branch_on: Bools
    """In service, between buses that are not isolated."""

    @property
    def n_bus(self) -> int:
        """Give the number of buses."""
        return len(self.bus_type)


def network_of(base_mva: float, bus: Table, gen: Table, branch: Table) -> Network:
    """Convert a case's tables.

    Arguments:
        base_mva: power base, MVA.
        bus: buses, in MATPOWER's columns and units.
        gen: units, likewise.
        branch: branches, likewise.

    Returns:
        The network in per unit and radians.

    Raises:
        InputError: when a unit or branch names a bus that is not there.
    """
    row = _BusRows(bus["bus"])
    unit_bus, from_bus, to_bus = row.of(gen["bus"]), row.of(branch["from_bus"]), row.of(branch["to_bus"])
    live = bus["type"] != ISOLATED
    ratio = np.where(branch["ratio"] == 0, 1.0, branch["ratio"])
    return (
        Network(  # arrays of its own: kernels would be compiled once more for a table's, which are read-only
            base_mva=base_mva,
            bus_type=bus["type"].copy(),
            demand=phasors(bus["pd"], bus["qd"]) / base_mva,
            shunt=phasors(bus["gs"], bus["bs"]) / base_mva,
            vm=bus["vm"].copy(),
            va=np.radians(bus["va"]),
            unit_bus=unit_bus,
            unit_s=phasors(gen["pg"], gen["qg"]) / base_mva,
            unit_vset=gen["vg"].copy(),
            unit_pmin=gen["pmin"] / base_mva,
            unit_pmax=gen["pmax"] / base_mva,
            unit_qmin=gen["qmin"] / base_mva,
            unit_qmax=gen["qmax"] / base_mva,
            unit_on=(gen["status"] > 0) & live[unit_bus],
            from_bus=from_bus,
            to_bus=to_bus,
            impedance=phasors(branch["r"], branch["x"]),
            charging=branch["b"].copy(),
            tap=ratio * np.exp(1j * np.radians(branch["shift"])),
            branch_on=(branch["status"] > 0) & live[from_bus] & live[to_bus],
        )
    )


def bus_sum(rows: Ints, values: Floats, size: int) -> Floats:
    """Sum values by row (of buses, or of islands): (k,) -> (size,)."""
    return np.asarray(np.bincount(rows, weights=values, minlength=size), dtype=np.float64)


class _BusRows:
    """Finds the row of a bus number."""

    def __init__(self, numbers: Ints) -> None:
        self.order = np.argsort(numbers, kind="stable")
        self.numbers = numbers[self.order]

    def of(self, wanted: Ints) -> Ints:
        place = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        unknown = np.flatnonzero(self.numbers[place] != wanted)
        if len(unknown):
            raise InputError(f"found bus {wanted[unknown[0]]}, which the case does not have", where="bus")
        return self.order[place]


def phasors(real: Floats, imaginary: Floats) -> Phasors:
    """Give complex numbers by their parts."""
    return real + 1j * imaginary


__all__ = ["ISOLATED", "PQ", "PV", "REFERENCE", "Bools", "Floats", "Ints", "Network", "Phasors", "bus_sum"]
__all__ += ["network_of", "phasors"]
