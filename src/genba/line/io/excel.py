"""A line as an Excel workbook: a sheet for each kind of thing, and formulas that follow what is typed.

Takt, planned cycle, station times and balance loss are live formulas. They are outputs: on reading they are
left out and computed anew. A workbook of one sheet without the template's names is read as a sheet of tasks.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.cells import value_in
from genba.line.io.columns import (
    BUFFERS,
    GROUPS,
    LINE,
    LINKS,
    PRODUCTS,
    RULES,
    SHIFTS,
    STATIONS,
    TASKS,
    WORKERS,
    Field,
)
from genba.line.io.csv import tasks_and_stations
from genba.line.io.document import MOST_ROWS, line_of
from genba.line.io.formulas import IGNORED, sheets
from genba.line.io.japanese import in_english, sheets_in_english, translated
from genba.line.io.rows import CELL, Rows, plain_heading, put, read_rows
from genba.line.io.rules import rules_of
from genba.line.records.line import Line
from genba.num import workbook
from genba.num.workbook import Read

WANTED = "a line as Excel workbook (.xlsx); `genba line template` writes an empty one"
SHEETS: Mapping[str, tuple[str, tuple[Field, ...]]] = {
    "products": ("products", PRODUCTS),
    "tasks": ("tasks", TASKS),
    "stations": ("stations", STATIONS),
    "resources": ("groups", GROUPS),
    "buffers": ("buffers", BUFFERS),
    "links": ("links", LINKS),
    "shifts": ("shifts", SHIFTS),
    "workers": ("workers", WORKERS),
    "rules": ("rules", RULES),
}
BREAK = re.compile(r"break (\d{1,2}) (start|end)")
SHEET_UNKNOWN = FindingKind(
    "line.sheet_unknown", Severity.WARNING, "The sheet {sheet} has no meaning here and is not read."
)
MERGED = FindingKind(
    "line.merged", Severity.WARNING, "The cells {cells} are merged; only the first of them has a value."
)
FORMULA = FindingKind(
    "line.formula",
    Severity.ERROR,
    "The formula in {cell} has no value yet; open the file in a spreadsheet program and save it.",
)
SETTING = FindingKind(
    "line.setting_unknown", Severity.WARNING, "{setting} has no meaning here and is not read."
)
NO_SHEET = FindingKind(
    "line.no_sheet_tasks", Severity.ERROR, "the workbook has no sheet Tasks; give {wanted}"
)


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the line in a workbook, none when nothing can be made of it; the tally receives every fault.

    Raises:
        TooLarge: when it unpacks to more than 128 MiB or a sheet has more than 100,000 rows.
        InputError: when the content is no workbook.
        MissingExtra: when openpyxl is not installed.
    """
    book = sheets_in_english({title.strip().lower(): page for title, page in _book(content).items()})
    if len(book) == 1 and not book.keys() & {"line", *SHEETS}:
        book = {"tasks": next(iter(book.values()))}
    if "tasks" not in book:
        raise input_error(NO_SHEET, "Tasks", wanted=WANTED)
    found = {sheet: _rows(sheet, page, tally) for sheet, page in book.items() if sheet in SHEETS}
    for sheet in book.keys() - {"line", *SHEETS}:
        tally.add(SHEET_UNKNOWN, sheet[:40], sheet=sheet[:40])
    data = _settings(book["line"], tally) if "line" in book else {}
    rows = {SHEETS[sheet][0]: each for sheet, each in found.items()}
    places = {section: each.places for section, each in rows.items()}
    return line_of(_nested(rows, data, tally), tally, name=name, places=places)


def write(line: Line, language: str = "en") -> bytes:
    """Give a line as a workbook with live formulas, with room for more tasks and stations.

    Arguments:
        line: what to write.
        language: `ja` for Japanese names of sheets, headings and settings.
    """
    target = io.BytesIO()
    workbook.write(map(translated, sheets(line)) if language == "ja" else sheets(line), target)
    return target.getvalue()


def _book(content: bytes) -> dict[str, Read]:
    return workbook.read(content, most_rows=MOST_ROWS + 1, wanted=WANTED)


def _nested(rows: Mapping[str, Rows], data: dict[str, Any], tally: Tally) -> dict[str, Any]:
    """Give the line as nested data."""
    others = {
        section: each.entries
        for section, each in rows.items()
        if section not in ("tasks", "stations", "rules")
    }
    for shift in others.get("shifts", ()):
        _gather_breaks(shift)
    stations = rows["stations"].entries if "stations" in rows else ()
    nested = {**data, **others, **tasks_and_stations(rows["tasks"], stations)}
    if "rules" in rows:
        nested["rules"] = {**nested.get("rules", {}), **rules_of(rows["rules"], tally)}
    return nested


def _rows(sheet: str, page: Read, tally: Tally) -> Rows:
    """Read one sheet, with its merged cells and its formulas that nobody computed."""
    fields, title = SHEETS[sheet][1], sheet.capitalize()
    (_, heading), *rest = page.rows or ((1, ()),)
    if sheet == "shifts":
        fields = (*fields, *_break_fields(heading))
    rows = ((f"{title} row {number}", cells) for number, cells in rest)
    found = read_rows(fields, heading, rows, tally, sheet=title, ignored=IGNORED)
    for cells in page.merged:
        tally.add(MERGED, title, cells=cells)
    for cell in page.formulas:
        if _column(cell) in found.columns:
            tally.add(FORMULA, title, cell=cell)
    return found


def _settings(page: Read, tally: Tally) -> dict[str, Any]:
    """Give the fields of the line itself, which stand below each other: name and value."""
    names = {name: column for column in LINE for name in (column.heading, column.path)}
    data: dict[str, Any] = {}
    for number, row in page.rows:
        label = in_english(plain_heading(str(row[0]))) if row[0] is not None else ""
        column, cell = names.get(label), row[1] if len(row) > 1 else None
        if column is None:
            if label and label not in IGNORED:
                tally.add(SETTING, f"Line row {number}", setting=label[:40])
            continue
        try:
            value = value_in(cell, column.kind)
        except ValueError as error:
            tally.add(CELL, f"Line row {number}", found=repr(cell)[:40], column=label, wanted=str(error))
            continue
        if value is not None:
            put(data, column.path, value)
    for cell in page.formulas:
        if cell.startswith("B") and _label(page, cell) in names:
            tally.add(FORMULA, "Line", cell=cell)
    return data


def _label(page: Read, cell: str) -> str:
    row = dict(page.rows).get(int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), (None,))
    return in_english(plain_heading(str(row[0]))) if row[0] is not None else ""


def _break_fields(heading: Sequence[Any]) -> Iterator[Field]:
    for cell in heading:
        found = BREAK.fullmatch(in_english(plain_heading(str(cell))))
        if found:
            yield Field(plain_heading(str(cell)), f"breaks by number.{found[1]}.{found[2]}", "clock")


def _gather_breaks(shift: dict[str, Any]) -> None:
    """Put the breaks that have columns of their own with those that were written as a text."""
    by_number = shift.pop("breaks by number", {})
    if by_number:
        shift["breaks"] = [
            *shift.get("breaks", ()),
            *(by_number[number] for number in sorted(by_number, key=int)),
        ]


def _column(cell: str) -> int:
    """Give the place, from 0, of the column that a cell such as `AB7` is in."""
    place = 0
    for letter in cell.rstrip("0123456789"):
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
