"""A grid case: tables of buses, units, branches and costs as MATPOWER names and orders them.

Units and signs are MATPOWER's (manual 8.0, appendix B): MW, Mvar, kV, degrees; load positive when consumed,
generation positive when injected; the tap is on the from side, ratio 0 means 1; shift positive for a delay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Column, Columns
from genba.core.inputs import Accepts, InputFile
from genba.core.records import Params
from genba.num.table import Table

ENDLESS_MW = 1e9
"""What a limit of active output counts as where it is infinite or larger, and the largest size of others of
powers, MW, Mvar or MVA."""
LARGEST_MW = 1e6
"""Largest demand, shunt and output that a study takes, MW or Mvar."""
LARGEST_VOLTAGE_PU = 100.0
"""Largest voltage that a study takes, p.u."""
LARGEST_IMPEDANCE_PU = 1e6
"""Largest resistance, reactance and charging susceptance of a branch that a study takes, p.u."""
LARGEST_ANGLE = 3600.0
"""Largest phase shift and angle of a voltage that a study takes: beyond ten turns, no turn was meant."""
BASES_MVA = (1e-3, 1e6)
"""Smallest and largest power base that a study takes, MVA."""
HIGHEST_PU = 2.0
"""What the largest voltage counts as where it is infinite, p.u.; a smallest one below 0 counts as 0."""

BUS = Columns(
    "bus",
    (
        Column("bus", "int", "1", "Bus number."),
        Column("type", "int", "1", "1 load (PQ), 2 voltage-controlled (PV), 3 reference, 4 isolated."),
        Column("pd", "float", "MW", "Active power demand."),
        Column("qd", "float", "Mvar", "Reactive power demand."),
        Column("gs", "float", "MW", "Shunt conductance: demand at 1 p.u. voltage."),
        Column("bs", "float", "Mvar", "Shunt susceptance: injection at 1 p.u. voltage."),
        Column("area", "int", "1", "Area number."),
        Column("vm", "float", "p.u.", "Voltage magnitude."),
        Column("va", "float", "°", "Voltage angle."),
        Column("base_kv", "float", "kV", "Nominal voltage."),
        Column("zone", "int", "1", "Loss zone."),
        Column("vmax", "float", "p.u.", "Largest voltage magnitude allowed."),
        Column("vmin", "float", "p.u.", "Smallest voltage magnitude allowed."),
    ),
)
UNIT = Columns(
    "gen",
    (
        Column("bus", "int", "1", "Bus number."),
        Column("pg", "float", "MW", "Active power output."),
        Column("qg", "float", "Mvar", "Reactive power output."),
        Column("qmax", "float", "Mvar", "Largest reactive output."),
        Column("qmin", "float", "Mvar", "Smallest reactive output."),
        Column("vg", "float", "p.u.", "Voltage set point."),
        Column("mbase", "float", "MVA", "Machine base."),
        Column("status", "int", "1", "In service when positive."),
        Column("pmax", "float", "MW", "Largest active output."),
        Column("pmin", "float", "MW", "Smallest active output."),
    ),
)
BRANCH = Columns(
    "branch",
    (
        Column("from_bus", "int", "1", "Bus at the from end, where the tap is."),
        Column("to_bus", "int", "1", "Bus at the to end."),
        Column("r", "float", "p.u.", "Series resistance."),
        Column("x", "float", "p.u.", "Series reactance."),
        Column("b", "float", "p.u.", "Total charging susceptance."),
        Column("rate_a", "float", "MVA", "Normal rating; 0 means none."),
        Column("rate_b", "float", "MVA", "Short-term rating; 0 means none."),
        Column("rate_c", "float", "MVA", "Emergency rating; 0 means none."),
        Column("ratio", "float", "1", "Off-nominal tap ratio; 0 means 1."),
        Column("shift", "float", "°", "Phase shift, positive for a delay."),
        Column("status", "int", "1", "In service when 1."),
        Column("angmin", "float", "°", "Smallest angle difference; no limit at -360 or when both are 0."),
        Column("angmax", "float", "°", "Largest angle difference; no limit at 360 or when both are 0."),
    ),
)
COST = Columns(
    "gencost",
    (
        Column("model", "int", "1", "1 piecewise linear, 2 polynomial."),
        Column("startup", "float", "$", "Start-up cost."),
        Column("shutdown", "float", "$", "Shut-down cost."),
        Column("terms", "int", "1", "Points of a piecewise cost, or coefficients of a polynomial."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One grid at one moment.

    Rows keep the file's order; a branch, unit or cost is known by its row number from 1, a bus by its number.
    """

    name: str
    base_mva: float
    """Power base, MVA."""
    bus: Table
    gen: Table
    branch: Table
    cost: Table
    """One row per unit (active), or two blocks of them (active, then reactive); empty when there is none."""
    cost_data: NDArray[np.float64]
    """Cost points or coefficients, highest order first, zero-padded; shape (rows of cost, width)."""
    lines: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Line number in the file of each row, by table name."""
    extra_columns: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Columns beyond those named above, by table name; shape (rows, more); written back as they came."""
    extra_sections: Mapping[str, str] = field(default_factory=dict)
    """Text of sections this package does not interpret, by name; written back as it came."""


class CaseParams(Params):
    """What every grid study starts from."""

    case: Annotated[InputFile, Accepts((".m",))]
    """Grid case in MATPOWER format."""
    set: tuple[str, ...] = ()
    """Changes made to the case first, `table.id.column=value`, such as `branch.12.status=0`."""
