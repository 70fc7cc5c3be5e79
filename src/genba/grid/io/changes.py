"""Changes to a case before a study: `table.id.column=value`, or `*=` to multiply what is there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Dtype
from genba.core.errors import InputError
from genba.grid.io.matrix import NUMBER
from genba.grid.records.case import Case
from genba.num.table import Table

CHANGE = re.compile(
    r"\s*+(?P<table>\w++)\.(?P<id>\w++|\*)\.(?P<column>\w++)\s*+(?P<sign>\*?=)\s*+(?P<value>\S++)\s*+",
    re.ASCII,
)
TABLES = ("bus", "gen", "branch")
FORM = (
    "write table.id.column=value, such as branch.12.status=0, bus.*.pd*=1.1 or gen.3.pmax=250; "
    "table is bus, gen or branch; id is a bus number, a row from 1, or * for all rows"
)
LARGEST_WHOLE = 2**53


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
        raise InputError(f"found the change {text[:200]!r}; {FORM}", where="set")
    if match["table"] not in TABLES:
        raise _wrong(text, f"there is no table {match['table']!r}; allowed: {', '.join(TABLES)}")
    return Change(text, match["table"], match["id"], match["column"], match["sign"] == "*=", match["value"])


def _column(change: Change, table: Table) -> Dtype:
    """Give the type of the column that a change names."""
    allowed = {column.name: column.dtype for column in table.columns.columns}
    if change.table == "bus":
        del allowed["bus"]  # the number is what rows are known by
    if change.column not in allowed:
        near = get_close_matches(change.column, allowed, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _wrong(
            change.text,
            f"{change.table} has no column {change.column!r}; allowed: {', '.join(allowed)}{hint}",
        )
    return allowed[change.column]


def _changed(change: Change, table: Table, dtype: Dtype) -> NDArray[np.float64] | NDArray[np.int64]:
    """Give the whole column after a change."""
    if NUMBER.fullmatch(change.value) is None or np.isnan(value := float(change.value)):
        raise _wrong(change.text, f"{change.value!r} is no number")
    rows = _rows(change, table)
    values = table[change.column].copy()
    new = values[rows] * value if change.multiplies else np.full(len(values[rows]), value)
    if dtype == "int" and not np.all((new == np.floor(new)) & (np.abs(new) <= LARGEST_WHOLE)):
        raise _wrong(change.text, f"{change.column} takes whole numbers only")
    values[rows] = new
    return values


def _rows(change: Change, table: Table) -> NDArray[np.bool_]:
    """Give a mask of the rows that a change names."""
    if change.id == "*":
        return np.ones(len(table), np.bool_)
    if not change.id.isdecimal() or len(change.id) > 18:
        raise _wrong(change.text, f"{change.id!r} is no {_known_by(change.table)}")
    number = int(change.id)
    known: NDArray[np.int64] = table["bus"] if change.table == "bus" else np.arange(1, len(table) + 1)
    mask: NDArray[np.bool_] = known == number
    if not mask.any():
        held = "" if change.table == "bus" else f" (it has {len(table)})"
        raise _wrong(change.text, f"{change.table} has no {_known_by(change.table)} {number}{held}")
    return mask


def _known_by(table: str) -> str:
    return "bus number" if table == "bus" else "row"


def _wrong(text: str, reason: str) -> InputError:
    return InputError(f"change {text[:200]!r}: {reason}", where="set")
