"""Faults of units: generators, condensers and dispatchable loads."""

import numpy as np

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.buses import ISOLATED
from genba.grid.checks.faults import RowFault, mark_faults
from genba.grid.checks.places import bus_rows, mark
from genba.grid.records.case import Case

UNIT_BUS = FindingKind(
    "grid.unit_bus", Severity.ERROR, "The unit stands at bus {bus}, which is not in the bus table."
)
UNIT_STATUS = FindingKind(
    "grid.unit_status", Severity.WARNING, "The status is {status}; a unit is in service when it is positive."
)
ACTIVE_LIMITS = FindingKind(
    "grid.active_limits", Severity.ERROR, "pmin {pmin} MW is above pmax {pmax} MW; no output lies between."
)
REACTIVE_LIMITS = FindingKind(
    "grid.reactive_limits",
    Severity.ERROR,
    "qmin {qmin} Mvar is above qmax {qmax} Mvar; no output lies between.",
)
LIMITS_OFF = FindingKind(
    "grid.limits_off",
    Severity.NOTE,
    "Its limits are crossed; the unit is out of service, so nothing uses them.",
)
SET_POINT = FindingKind(
    "grid.set_point", Severity.ERROR, "The voltage set point vg is {vg}; a unit in service needs vg > 0."
)
SET_POINTS_DIFFER = FindingKind(
    "grid.set_points_differ",
    Severity.WARNING,
    "vg is {vg}, while an earlier unit at bus {bus} has another set point; one voltage can be held.",
)
ISOLATED_UNIT = FindingKind(
    "grid.isolated_unit", Severity.WARNING, "The unit is in service at bus {bus}, which is isolated (type 4)."
)

UNIT_FAULTS = (
    RowFault(ACTIVE_LIMITS, lambda gen: gen["pmin"] > gen["pmax"], ("pmin", "pmax")),
    RowFault(REACTIVE_LIMITS, lambda gen: gen["qmin"] > gen["qmax"], ("qmin", "qmax")),
    RowFault(SET_POINT, lambda gen: gen["vg"] <= 0, ("vg",)),
)


def check_units(case: Case, tally: Tally) -> None:
    """Report wrong buses, status, limits and voltage set points."""
    gen = case.gen
    on = gen["status"] > 0
    rows = bus_rows(case, gen["bus"])
    crossed = (gen["pmin"] > gen["pmax"]) | (gen["qmin"] > gen["qmax"])
    mark(tally, UNIT_BUS, case, "gen", rows < 0, "bus")
    mark(tally, UNIT_STATUS, case, "gen", (gen["status"] != 0) & (gen["status"] != 1), "status")
    mark_faults(tally, UNIT_FAULTS, case, "gen", on)
    mark(tally, LIMITS_OFF, case, "gen", crossed & ~on)
    if len(case.bus):
        isolated = (rows >= 0) & (case.bus["type"][rows] == ISOLATED)
        mark(tally, ISOLATED_UNIT, case, "gen", isolated & on, "bus")
    running = np.flatnonzero(on)
    if len(running):
        _, first, which = np.unique(gen["bus"][running], return_index=True, return_inverse=True)
        differs = np.zeros(len(gen), np.bool_)
        differs[running] = gen["vg"][running] != gen["vg"][running[first[which]]]
        mark(tally, SET_POINTS_DIFFER, case, "gen", differs, "vg", "bus")
