"""Where a finding lies: the element as a planner names it, and its line in the file."""

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind
from genba.core.tally import MOST_OF_A_KIND, Tally
from genba.grid.records.case import Case
from genba.num.table import Table


def rows_of(case: Case, table: str) -> Table:
    """Give a table by the name that the file has for it."""
    tables: dict[str, Table] = {
        found.columns.name: found for found in (case.bus, case.gen, case.branch, case.cost)
    }
    return tables[table]


def place(case: Case, table: str, row: int) -> str:
    """Give `branch 12 (line 340)`; a bus goes by its number, everything else by its row from 1."""
    element = int(case.bus["bus"][row]) if table == "bus" else row + 1
    lines = case.lines.get(table)
    line = f" (line {lines[row]})" if lines is not None and row < len(lines) else ""
    return f"{table} {element}{line}"


def mark(
    tally: Tally,
    kind: FindingKind,
    case: Case,
    table: str,
    mask: NDArray[np.bool_],
    *columns: str,
    **more: float,
) -> None:
    """Report every row that a mask selects; its columns and `more` become the message's arguments."""
    rows = np.flatnonzero(mask)
    data = rows_of(case, table)
    for row in rows[:MOST_OF_A_KIND].tolist():
        found = {name: data[name][row].item() for name in columns}
        tally.add(kind, place(case, table, row), **found, **more)
    tally.count(kind, max(len(rows) - MOST_OF_A_KIND, 0))


def summarise(
    tally: Tally, kind: FindingKind, case: Case, table: str, mask: NDArray[np.bool_], **more: float
) -> None:
    """Report once how many rows a mask selects, at the first of them; `more` are the message's arguments."""
    if mask.any():
        tally.add(kind, place(case, table, int(mask.argmax())), count=int(mask.sum()), **more)


def bus_rows(case: Case, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the row in the bus table of each bus number, the first if it is there twice; -1 if it is not."""
    known = case.bus["bus"]
    if not len(known):
        return np.full(len(numbers), -1)
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], numbers), len(known) - 1)
    rows = order[at]
    return np.where(known[rows] == numbers, rows, -1)
