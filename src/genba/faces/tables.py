"""Tables as files for people and programs: CSV, and pages of JSON. Excel has its own file."""

import csv
import io
import math
import re
from collections.abc import Iterator
from typing import Any

from genba.core.columns import Cell, Column
from genba.core.records import Record
from genba.num.table import Table
from genba.num.text import DANGEROUS

ROWS_AT_ONCE = 2000
LONGEST_NAME = 120
UTF8_BOM = b"\xef\xbb\xbf"


class TablePage(Record):
    """Some rows of a table, in order."""

    items: tuple[dict[str, Cell], ...]
    next: int | None
    """Offset of the next page; null when this was the last."""


def page(table: Table, *, offset: int, limit: int) -> TablePage:
    """Give rows `offset` to `offset + limit` as plain data; a missing number is null."""
    end = offset + limit
    return TablePage(items=tuple(table.rows(offset, end)), next=end if end < len(table) else None)


def csv_pieces(table: Table, *, bom: bool = False) -> Iterator[bytes]:
    """Yield a table as CSV (RFC 4180, UTF-8): first row names with units, `vm [p.u.]`.

    A missing number is an empty cell; a text that a spreadsheet would take for a formula begins with `'`.

    Arguments:
        table: what to write.
        bom: whether to begin with a byte order mark, without which Excel misreads UTF-8.
    """
    if bom:
        yield UTF8_BOM
    yield _lines([[harmless(heading(column)) for column in table.columns.columns]])
    for start in range(0, len(table), ROWS_AT_ONCE):
        yield _lines(list(zip(*columns_of(table, start, start + ROWS_AT_ONCE), strict=True)))


def heading(column: Column) -> str:
    """Give a column's name with its unit: `vm [p.u.]`; no unit when it is dimensionless."""
    return column.name if column.unit in ("", "1") else f"{column.name} [{column.unit}]"


def harmless(text: str) -> str:
    """Give a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def file_name(*parts: str, suffix: str) -> str:
    """Give a safe file name made of `parts`; what is neither an ASCII letter nor a digit becomes `-`."""
    plain = [re.sub(r"[^A-Za-z0-9_.]+", "-", part).strip("-.") for part in parts]
    return ("-".join(filter(None, plain)) or "table")[:LONGEST_NAME] + suffix


def columns_of(table: Table, start: int, stop: int) -> list[list[Any]]:
    """Give the cells of some rows, column by column, as a CSV file shows them."""
    return [_cells(column, table[column.name][start:stop].tolist()) for column in table.columns.columns]


def _cells(column: Column, values: list[Any]) -> list[Any]:
    if column.dtype == "float":
        return [value if math.isfinite(value) else None for value in values]
    if column.dtype == "bool":
        return ["true" if value else "false" for value in values]
    if column.dtype == "text":
        return [None if value is None else harmless(str(value)) for value in values]
    return values


def _lines(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
