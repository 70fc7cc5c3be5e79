"""Tables as Excel workbooks, written row by row."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from genba.core.columns import Cell
from genba.core.errors import TooLarge, missing_extra
from genba.faces.tables import DANGEROUS, ROWS_AT_ONCE
from genba.num.table import Table

try:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
except ImportError as error:
    raise missing_extra("openpyxl", "excel") from error

MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
LONGEST_SHEET_NAME = 31
HEADER_ROWS = 2
NARROWEST = 9
WIDEST = 40
EXACT_INTEGER = 2**53
"""Beyond it Excel rounds, so such a number is written as text."""
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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
    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name(table.columns.name))
    sheet.freeze_panes = f"A{HEADER_ROWS + 1}"
    for position, column in enumerate(table.columns.columns, start=1):
        width = max(len(column.name), len(column.unit)) + 2
        sheet.column_dimensions[get_column_letter(position)].width = min(max(width, NARROWEST), WIDEST)
    sheet.append([_text(sheet, column.name, bold=True) for column in table.columns.columns])
    sheet.append([_text(sheet, column.unit, italic=True) for column in table.columns.columns])
    for row in _rows(table):
        sheet.append([_cell(sheet, value) for value in row])
    book.save(target)


def sheet_name(name: str) -> str:
    """Give a name that Excel accepts for a sheet."""
    return re.sub(r"[^\w .-]", " ", name)[:LONGEST_SHEET_NAME].strip(" '") or "table"


def _rows(table: Table) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(table), ROWS_AT_ONCE):
        columns = [table[name][start : start + ROWS_AT_ONCE].tolist() for name in table.columns.names]
        yield from zip(*columns, strict=True)


def _cell(sheet: Any, value: Cell) -> Any:
    """Give what `append` takes: a number as it is, a text as a cell that is surely a text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, int) and abs(value) > EXACT_INTEGER:
        return _text(sheet, str(value))
    return value


def _text(sheet: Any, text: str, *, bold: bool = False, italic: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, UNWRITABLE.sub("\ufffd", text)[:LONGEST_TEXT] or None)
    if text:
        cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
    if text.startswith(DANGEROUS):
        cell.quotePrefix = True  # and so does Excel, once a user edits the cell
    if bold or italic:
        cell.font = Font(bold=bold, italic=italic)
    return cell
