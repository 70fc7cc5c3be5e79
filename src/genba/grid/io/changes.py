"""Changes to a case before a study: `table.id.column=value`, or `*=` to multiply what is there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Dtype
from genba.core.errors import InputError, input_error
from genba.core.findings import Argument, FindingKind, Severity
from genba.grid.io.matrix import NUMBER
from genba.grid.records.case import Case
from genba.num.table import Table

CHANGE = re.compile(
    r"\s*+(?P<table>\w++)\.(?P<id>\w++|\*)\.(?P<column>\w++)\s*+(?P<sign>\*?=)\s*+(?P<value>\S++)\s*+",
    re.ASCII,
)
TABLES = ("bus", "gen", "branch")
LARGEST_WHOLE = 2**53
FORM = FindingKind(
    "grid.change_form",
    Severity.ERROR,
    "found the change {change}; write table.id.column=value, such as branch.12.status=0, bus.*.pd*=1.1 or "
    "gen.3.pmax=250; table is bus, gen or branch; id is a bus number, a row from 1, or * for all rows",
)
TABLE = FindingKind(
    "grid.change_table",
    Severity.ERROR,
    "change {change}: there is no table {table}; allowed: {allowed}",
)
COLUMN = FindingKind(
    "grid.change_column",
    Severity.ERROR,
    "change {change}: {table} has no column {column}; allowed: {allowed}",
)
NEAR = FindingKind(
    "grid.change_near",
    Severity.ERROR,
    "change {change}: {table} has no column {column}; allowed: {allowed}; did you mean {near}?",
)
NO_NUMBER = FindingKind(
    "grid.change_number",
    Severity.ERROR,
    "change {change}: {found} is no number",
)
WHOLE = FindingKind(
    "grid.change_whole",
    Severity.ERROR,
    "change {change}: {column} takes whole numbers only",
)
BUS = FindingKind(
    "grid.change_bus",
    Severity.ERROR,
    "change {change}: {found} is no bus number",
)
ROW = FindingKind(
    "grid.change_row",
    Severity.ERROR,
    "change {change}: {found} is no row",
)
NO_BUS = FindingKind(
    "grid.change_no_bus",
    Severity.ERROR,
    "change {change}: bus has no bus number {number}",
)
NO_ROW = FindingKind(
    "grid.change_no_row",
    Severity.ERROR,
    "change {change}: {table} has no row {number} (it has {rows})",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change, its words checked but not yet its table."""

    text: str
    table: str
    id: str
    column: str
    multiplies: bool
    value: str


def apply(case: Case, changes: Iterable[str]) -> Case:
    """Give the case with changes made in order; a later one sees what an earlier one did.

    Arguments:
        case: stays as it is.
        changes: `table.id.column=value` sets, `table.id.column*=value` multiplies; `*` as id means every row.

    Raises:
        InputError: when a change is not of this form, or names no table, row, column or number that exists.
    """
    for text in changes:
        change = _parse(text)
        before: Table = getattr(case, change.table)
        column = _column(change, before)
        after = before.replace(**{change.column: _changed(change, before, column)})
        case = _with_table(case, change.table, after)
    return case


def _with_table(case: Case, name: str, table: Table) -> Case:
    if name == "bus":
        return replace(case, bus=table)
    return replace(case, gen=table) if name == "gen" else replace(case, branch=table)


def _parse(text: str) -> Change:
    match = CHANGE.fullmatch(text)
    if match is None:
        raise _wrong(FORM, text)
    if match["table"] not in TABLES:
        raise _wrong(TABLE, text, table=repr(match["table"]), allowed=", ".join(TABLES))
    return Change(text, match["table"], match["id"], match["column"], match["sign"] == "*=", match["value"])


def _column(change: Change, table: Table) -> Dtype:
    """Give the type of the column that a change names."""
    allowed = {column.name: column.dtype for column in table.columns.columns}
    if change.table == "bus":
        del allowed["bus"]  # the number is what rows are known by
    if change.column not in allowed:
        told = {"table": change.table, "column": repr(change.column), "allowed": ", ".join(allowed)}
        for near in get_close_matches(change.column, allowed, n=1):
            raise _wrong(NEAR, change.text, near=near, **told)
        raise _wrong(COLUMN, change.text, **told)
    return allowed[change.column]


def _changed(change: Change, table: Table, dtype: Dtype) -> NDArray[np.float64] | NDArray[np.int64]:
    """Give the whole column after a change."""
    if NUMBER.fullmatch(change.value) is None or np.isnan(value := float(change.value)):
        raise _wrong(NO_NUMBER, change.text, found=repr(change.value))
    rows = _rows(change, table)
    values = table[change.column].copy()
    new = values[rows] * value if change.multiplies else np.full(len(values[rows]), value)
    if dtype == "int" and not np.all((new == np.floor(new)) & (np.abs(new) <= LARGEST_WHOLE)):
        raise _wrong(WHOLE, change.text, column=change.column)
    values[rows] = new
    return values


def _rows(change: Change, table: Table) -> NDArray[np.bool_]:
    """Give a mask of the rows that a change names."""
    if change.id == "*":
        return np.ones(len(table), np.bool_)
    if not change.id.isdecimal() or len(change.id) > 18:
        raise _wrong(BUS if change.table == "bus" else ROW, change.text, found=repr(change.id))
    number = int(change.id)
    known: NDArray[np.int64] = table["bus"] if change.table == "bus" else np.arange(1, len(table) + 1)
    mask: NDArray[np.bool_] = known == number
    if not mask.any():
        if change.table == "bus":
            raise _wrong(NO_BUS, change.text, number=number)
        raise _wrong(NO_ROW, change.text, table=change.table, number=number, rows=len(table))
    return mask


def _wrong(kind: FindingKind, text: str, **arguments: Argument) -> InputError:
    return input_error(kind, "set", change=repr(text[:200]), **arguments)
