"""Faults of buses."""

import numpy as np

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.places import mark, summarise
from genba.grid.records.case import Case

ISOLATED = 4
NO_BUSES = FindingKind("grid.no_buses", Severity.ERROR, "The case has no bus.")
BUS_NUMBER = FindingKind("grid.bus_number", Severity.ERROR, "Bus numbers must be positive; found {bus}.")
DUPLICATE_BUS = FindingKind(
    "grid.duplicate_bus", Severity.ERROR, "Bus {bus} is given more than once; give every bus its own number."
)
BUS_TYPE = FindingKind(
    "grid.bus_type",
    Severity.ERROR,
    "Type {type} is unknown; it is 1 (PQ), 2 (PV), 3 (reference) or 4 (isolated).",
)
VOLTAGE_LIMITS = FindingKind(
    "grid.voltage_limits", Severity.ERROR, "vmin {vmin} is above vmax {vmax}; no voltage lies between."
)
VOLTAGE = FindingKind(
    "grid.voltage",
    Severity.WARNING,
    "vm is {vm}; a study that starts from the case's own voltages needs vm > 0.",
)
UPPER_VOLTAGE = FindingKind(
    "grid.upper_voltage", Severity.ERROR, "vmax is {vmax}; a bus in service needs vmax > 0."
)
BASE_KV = FindingKind(
    "grid.base_kv",
    Severity.NOTE,
    "{count} buses have no positive base_kv; filters by nominal voltage miss them.",
)
ISOLATED_LOAD = FindingKind(
    "grid.isolated_load",
    Severity.WARNING,
    "The bus is isolated (type 4) yet has a load of {pd} MW and {qd} Mvar, which is not served.",
)


def check_buses(case: Case, tally: Tally) -> None:
    """Report wrong numbers, types, voltages and limits, and loads at isolated buses."""
    bus = case.bus
    if not len(bus):
        tally.add(NO_BUSES, "bus")
        return
    isolated = bus["type"] == ISOLATED
    _, first, counts = np.unique(bus["bus"], return_index=True, return_counts=True)
    again = np.ones(len(bus), np.bool_)
    again[first] = False
    mark(tally, BUS_NUMBER, case, "bus", bus["bus"] <= 0, "bus")
    if (counts > 1).any():
        mark(tally, DUPLICATE_BUS, case, "bus", again, "bus")
    mark(tally, BUS_TYPE, case, "bus", (bus["type"] < 1) | (bus["type"] > ISOLATED), "type")
    mark(tally, VOLTAGE_LIMITS, case, "bus", (bus["vmin"] > bus["vmax"]) & ~isolated, "vmin", "vmax")
    mark(tally, UPPER_VOLTAGE, case, "bus", (bus["vmax"] <= 0) & ~isolated, "vmax")
    mark(tally, VOLTAGE, case, "bus", (bus["vm"] <= 0) & ~isolated, "vm")
    mark(tally, ISOLATED_LOAD, case, "bus", isolated & ((bus["pd"] != 0) | (bus["qd"] != 0)), "pd", "qd")
    summarise(tally, BASE_KV, case, "bus", bus["base_kv"] <= 0)
