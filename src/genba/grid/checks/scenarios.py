"""Faults of what scenarios switch in or set: told of a case in service, so of each scenario's case too."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import Finding
from genba.core.tally import Tally
from genba.grid.checks.branches import BRANCH_FAULTS
from genba.grid.checks.faults import RowFault
from genba.grid.checks.places import place, rows_of
from genba.grid.checks.tally import MORE
from genba.grid.checks.units import UNIT_FAULTS
from genba.grid.io.scenarios import Scenarios
from genba.grid.records.case import Case

FAULTS = {"gen": UNIT_FAULTS, "branch": BRANCH_FAULTS}
UNUSED = frozenset(("pg", "qg", "shift"))
"""Columns that a scenario may change and that no fault looks at."""
CELLS = 4_000_000
"""Cells of a column that are looked at together."""


def check_scenarios(case: Case, scenarios: Scenarios) -> tuple[Finding, ...]:
    """Give the faults of units and branches that scenarios set or bring into service.

    A fault of a row is told once, of the first scenario that has it.

    Arguments:
        case: the case without scenarios, which has no fault.
        scenarios: what changes.
    """
    tally = Tally(MORE)
    for table, faults in FAULTS.items():
        groups = [g for g in scenarios.groups if g.table == table and g.column not in UNUSED]
        if groups:
            touched = np.unique(np.concatenate([group.rows for group in groups]))
            _check_table(case, replace(scenarios, groups=tuple(groups)), table, faults, touched, tally)
    return tally.findings()


def _check_table(
    case: Case,
    scenarios: Scenarios,
    table: str,
    faults: tuple[RowFault, ...],
    touched: NDArray[np.int64],
    tally: Tally,
) -> None:
    """Report faults of the rows of a table that scenarios touch."""
    base, told = rows_of(case, table), np.zeros((len(faults), len(touched)), np.bool_)
    size = max(CELLS // len(base), 1)
    for first in range(0, len(scenarios), size):
        at = np.arange(first, min(first + size, len(scenarios)))
        rows = {name: np.broadcast_to(base[name][touched], (len(at), len(touched))) for name in base.arrays}
        changed = scenarios.columns(case, at)
        rows |= {column: values[:, touched] for (_, column), values in changed.items()}
        on = rows["status"] > 0  # (scenarios, touched)
        for number, fault in enumerate(faults):
            wrong = fault.wrong(rows) & (on | fault.always) & ~told[number]
            for column in np.flatnonzero(wrong.any(axis=0)).tolist():
                row = int(wrong[:, column].argmax())
                where = f"scenario {scenarios.names[first + row]}: {place(case, table, int(touched[column]))}"
                found = {name: rows[name][row, column].item() for name in fault.shown}
                tally.add(fault.kind, where, **found, **fault.more)
            told[number] |= wrong.any(axis=0)
