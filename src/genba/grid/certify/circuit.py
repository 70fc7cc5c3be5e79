"""What a case connects: rows, islands and two-ports, assembled afresh for the certificates alone."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.grid.records.case import Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Circuit:
    """Which elements of a case are alive, by row.

    Arguments:
        start: row of the from bus of each branch.
        end: row of the to bus of each branch.
        host: row of the bus of each unit.
        island: number from 1 of each bus's island in order of its first bus; 0 when de-energised.
        conducts: whether each branch can carry power.
        runs: whether each unit runs.
    """

    case: Case
    start: Ints
    end: Ints
    host: Ints
    island: Ints
    conducts: Bools
    runs: Bools

    @property
    def alive(self) -> Bools:
        """Give whether each bus is energised."""
        return self.island > 0


def circuit(case: Case) -> Circuit:
    """Give the circuit of a case as its statuses stand."""
    start, end = (bus_rows(case, case.branch[name]) for name in ("from_bus", "to_bus"))
    host = bus_rows(case, case.gen["bus"])
    isolated = case.bus["type"] == 4
    closed = (case.branch["status"] > 0) & ~isolated[start] & ~isolated[end]
    runs = (case.gen["status"] > 0) & ~isolated[host]
    return _energised(Circuit(case, start, end, host, np.zeros(len(case.bus), np.int64), closed, runs))


def without(whole: Circuit, branches: Ints, units: Ints) -> Circuit:
    """Give the circuit after some branches and units, by row, are lost."""
    conducts, runs = whole.conducts.copy(), whole.runs.copy()
    conducts[branches] = False
    runs[units] = False
    return _energised(replace(whole, conducts=conducts, runs=runs))


def bus_rows(case: Case, numbers: NDArray[np.int64]) -> Ints:
    """Give the row of each bus number."""
    order = np.argsort(case.bus["bus"], kind="stable")
    rows: Ints = order[np.searchsorted(case.bus["bus"], numbers, sorter=order)]
    return rows


def _energised(bare: Circuit) -> Circuit:
    """Number the islands that hold a running unit, and switch off what hangs on the others."""
    root = _roots(len(bare.island), bare.start[bare.conducts], bare.end[bare.conducts])
    fed = np.zeros(len(root), bool)
    fed[root[bare.host[bare.runs]]] = True
    alive = fed[root]
    island = np.zeros(len(root), np.int64)
    island[alive] = np.unique(root[alive], return_inverse=True)[1] + 1
    return replace(bare, island=island, conducts=bare.conducts & alive[bare.start])


def _roots(buses: int, start: Ints, end: Ints) -> Ints:
    """Give the first bus of its connected part for every bus: union-find with path halving."""
    parent = list(range(buses))
    for one, other in zip(start.tolist(), end.tolist(), strict=True):
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        while parent[other] != other:
            parent[other] = other = parent[parent[other]]
        parent[max(one, other)] = min(one, other)
    for bus in range(buses):  # a parent is never behind its children, so one pass flattens
        parent[bus] = parent[parent[bus]]
    return np.array(parent, np.int64)
