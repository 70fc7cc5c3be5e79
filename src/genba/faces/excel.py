"""Tables as Excel workbooks, written row by row."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from genba.core.errors import TooLarge
from genba.faces.tables import ROWS_AT_ONCE
from genba.num import workbook
from genba.num.table import Table
from genba.num.workbook import MOST_ROWS, Look, Sheet, sheet_name

HEADER_ROWS = 2
NARROWEST = 9
WIDEST = 40


def write(table: Table, target: Path | IO[bytes]) -> None:
    """Write a table as an Excel file: names, units, then typed rows; no cell is a formula.

    Arguments:
        table: what to write; a missing number becomes an empty cell.
        target: a path, replaced when it exists, or an open file.

    Raises:
        TooLarge: when the table has more rows than a sheet holds.
    """
    if len(table) > MOST_ROWS - HEADER_ROWS:
        raise TooLarge(
            f"{table.columns.name} has {len(table)} rows; an Excel sheet holds {MOST_ROWS - HEADER_ROWS}: "
            "export CSV or Parquet"
        )
    columns = table.columns.columns
    widths = [max(len(column.name), len(column.unit)) + 2 for column in columns]
    sheet = Sheet(
        name=sheet_name(table.columns.name),
        rows=_rows(table),
        widths=[min(max(width, NARROWEST), WIDEST) for width in widths],
        frozen=HEADER_ROWS,
    )
    workbook.write([sheet], target)


def _rows(table: Table) -> Iterator[list[Any]]:
    columns = table.columns.columns
    yield [Look(column.name, bold=True) for column in columns]
    yield [Look(column.unit, italic=True) for column in columns]
    for start in range(0, len(table), ROWS_AT_ONCE):
        values = [table[name][start : start + ROWS_AT_ONCE].tolist() for name in table.columns.names]
        for row in zip(*values, strict=True):
            yield [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row]


__all__ = ["HEADER_ROWS", "MOST_ROWS", "sheet_name", "write"]
