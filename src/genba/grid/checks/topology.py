"""Faults of the grid as a whole: islands, references and supply."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.buses import ISOLATED
from genba.grid.checks.places import bus_rows, place, summarise
from genba.grid.records.case import Case

NO_UNITS = FindingKind(
    "grid.no_units", Severity.ERROR, "No unit is in service, so nothing supplies the grid."
)
NO_REFERENCE = FindingKind(
    "grid.no_reference",
    Severity.ERROR,
    "No bus is a reference; set the type of one with a unit to 3.",
)
ISLAND_WITHOUT_REFERENCE = FindingKind(
    "grid.island_without_reference",
    Severity.WARNING,
    "The island of {buses} buses around it has units in service but no reference bus (type 3).",
)
SEVERAL_REFERENCES = FindingKind(
    "grid.several_references",
    Severity.WARNING,
    "The island around it has {references} reference buses; their angles are all held.",
)
REFERENCE_WITHOUT_UNIT = FindingKind(
    "grid.reference_without_unit",
    Severity.WARNING,
    "The reference bus has no unit in service to cover losses.",
)
VOLTAGE_BUS_WITHOUT_UNIT = FindingKind(
    "grid.voltage_bus_without_unit",
    Severity.NOTE,
    "{count} voltage-controlled buses (type 2) have no unit in service and hold no voltage.",
)
ISLANDS = FindingKind(
    "grid.islands", Severity.NOTE, "The grid has {islands} islands, {supplied} of them with units in service."
)
UNSUPPLIED_LOAD = FindingKind(
    "grid.unsupplied_load",
    Severity.WARNING,
    "The island of {buses} buses around it has no unit in service; its load of {load} MW is not served.",
)
UNSUPPLIED = FindingKind(
    "grid.unsupplied", Severity.NOTE, "{count} buses without load are in islands without a unit in service."
)
BRANCH_TO_ISOLATED = FindingKind(
    "grid.branch_to_isolated",
    Severity.NOTE,
    "{count} branches in service end at an isolated bus (type 4) and carry nothing.",
)
PV, REFERENCE = 2, 3


@dataclass(frozen=True, slots=True)
class Islands:
    """Which island every bus is in, and what each island has; all by row of the bus table or by island."""

    of_bus: NDArray[np.int64]
    """-1 for an isolated bus."""
    count: int
    units: NDArray[np.int64]
    """Units in service at each bus."""

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a value of each bus over its island."""
        inside = self.of_bus >= 0
        total = np.bincount(self.of_bus[inside], weights=values[inside], minlength=self.count)
        return total.astype(np.float64)


def check_topology(case: Case, tally: Tally) -> None:
    """Report what is not supplied, and islands with no reference bus or several."""
    if not len(case.bus):
        return
    islands = find_islands(case, tally)
    supplied = islands.total(islands.units.astype(float)) > 0
    if not supplied.any():
        tally.add(NO_UNITS, "gen")
    if islands.count > 1:
        tally.add(ISLANDS, "bus", islands=islands.count, supplied=int(supplied.sum()))
    _check_references(case, tally, islands, supplied)
    _check_supply(case, tally, islands, supplied)


def find_islands(case: Case, tally: Tally) -> Islands:
    """Give the islands that branches in service form; report those that end at an isolated bus."""
    n = len(case.bus)
    alive = case.bus["type"] != ISOLATED
    start, end = bus_rows(case, case.branch["from_bus"]), bus_rows(case, case.branch["to_bus"])
    on = (case.branch["status"] == 1) & (start >= 0) & (end >= 0)
    joins = on & alive[start] & alive[end]
    summarise(tally, BRANCH_TO_ISOLATED, case, "branch", on & ~joins)
    label = joined(n, start[joins], end[joins])
    numbers, of_bus = np.unique(label[alive], return_inverse=True)
    island = np.full(n, -1)
    island[alive] = of_bus
    at = bus_rows(case, case.gen["bus"])
    running = at[(case.gen["status"] > 0) & (at >= 0)]
    return Islands(island, len(numbers), np.bincount(running, minlength=n) * alive)


def joined(n: int, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label n nodes so that those that edges join, directly or not, have the same label: the lowest of them.

    Labels point to lower nodes. In every round the lower label of an edge hooks the other, then all follow
    theirs to the end; what is joined halves, so that a few rounds are enough. scipy has the same, and takes
    0.15 s to import.

    Source: Shiloach and Vishkin, An O(log n) parallel connectivity algorithm, J. Algorithms 3 (1982).
    """
    label = np.arange(n)
    while (apart := label[start] != label[end]).any():
        start, end = start[apart], end[apart]
        one, other = label[start], label[end]
        np.minimum.at(label, np.maximum(one, other), np.minimum(one, other))
        while (label[label] != label).any():
            label = label[label]
    return label


def _check_references(case: Case, tally: Tally, islands: Islands, supplied: NDArray[np.bool_]) -> None:
    types = case.bus["type"]
    reference = types == REFERENCE
    references = islands.total(reference.astype(float))
    summarise(tally, VOLTAGE_BUS_WITHOUT_UNIT, case, "bus", (types == PV) & (islands.units == 0))
    if not reference.any():
        tally.add(NO_REFERENCE, "bus")
        return
    for row in np.flatnonzero(reference & (islands.units == 0)).tolist():
        tally.add(REFERENCE_WITHOUT_UNIT, place(case, "bus", row))
    first = _first_rows(islands)
    sizes = islands.total(np.ones(len(types)))
    for island in np.flatnonzero(supplied & (references == 0)).tolist():
        where = place(case, "bus", first[island])
        tally.add(ISLAND_WITHOUT_REFERENCE, where, buses=int(sizes[island]))
    for island in np.flatnonzero(references > 1).tolist():
        where = place(case, "bus", first[island])
        tally.add(SEVERAL_REFERENCES, where, references=int(references[island]))


def _check_supply(case: Case, tally: Tally, islands: Islands, supplied: NDArray[np.bool_]) -> None:
    loads = islands.total(np.nan_to_num(case.bus["pd"]))
    loaded = islands.total(((case.bus["pd"] != 0) | (case.bus["qd"] != 0)).astype(float)) > 0
    sizes, first = islands.total(np.ones(len(case.bus))), _first_rows(islands)
    for island in np.flatnonzero(~supplied & loaded).tolist():
        where = place(case, "bus", first[island])
        tally.add(UNSUPPLIED_LOAD, where, buses=int(sizes[island]), load=round(float(loads[island]), 6))
    idle = np.append(~supplied & ~loaded, np.False_)  # the last entry answers for isolated buses, island -1
    summarise(tally, UNSUPPLIED, case, "bus", idle[islands.of_bus])


def _first_rows(islands: Islands) -> list[int]:
    """Give the first row of the bus table in each island."""
    _, first = np.unique(islands.of_bus, return_index=True)
    rows: list[int] = first.tolist()
    return rows[len(rows) - islands.count :]  # the rows before them are of isolated buses
