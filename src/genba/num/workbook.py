"""Excel workbooks, written row by row and read within limits; the only file that imports openpyxl."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from genba.core.errors import input_error, missing_extra, too_large
from genba.core.findings import FindingKind, Severity
from genba.num.text import DANGEROUS

try:
    from openpyxl import Workbook, load_workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.chart import BarChart, LineChart, Reference, Series
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.utils.exceptions import InvalidFileException
    from openpyxl.worksheet.datavalidation import DataValidation
except ImportError as error:
    raise missing_extra("openpyxl", "excel") from error

FONT, PLAIN_SIZE = "Calibri", 11
"""Of cells that look like no others; a font without a name falls back to one with serifs."""
LONGEST_TEXT = 32_767
LONGEST_SHEET_NAME = 31
EXACT_INTEGER = 2**53
"""Beyond it Excel rounds, so such a number is written as text."""
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MOST_UNPACKED = 128 * 2**20
"""Bytes of a workbook when unpacked; a small file can hold very many."""
MOST_PARTS = 1000
MOST_ROWS = 1_048_576
"""Rows of a sheet."""
MOST_COLUMNS = 128
DAMAGED = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    SyntaxError,
    NotImplementedError,
    RuntimeError,
)
"""What openpyxl and zipfile raise on files that were cut off or made up; XML errors are SyntaxErrors."""
MERGED = re.compile(rb"<mergeCell\s[^>]*ref=\"([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})\"")
LONGEST_MERGES = 8 * 2**20

UNREADABLE = FindingKind(
    "num.workbook_unreadable", Severity.ERROR, "the file is no readable workbook: {reason}; give {wanted}"
)
LARGE = FindingKind(
    "num.workbook_large",
    Severity.ERROR,
    "the workbook unpacks to {size} bytes in {parts} parts; at most {most} bytes in {most_parts} parts "
    "are read",
)
NO_WORKBOOK = FindingKind(
    "num.workbook_archive", Severity.ERROR, "the file is an archive and no workbook; give {wanted}"
)
MANY_ROWS = FindingKind(
    "num.workbook_rows", Severity.ERROR, "the sheet {sheet} has more than {most} rows; no more are read"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that the workbook computes, such as `=SUM(A1:A9)`."""

    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """A cell that looks unlike others.

    Arguments:
        value: what it holds.
        bold: heavy letters, for headings.
        italic: for units.
        fill: background as six hex digits, empty for none.
        format: how its number is shown, such as `0.0`.
        size: of the letters, points.
        centred: whether it stands in the middle of its cell.
    """

    value: Any
    bold: bool = False
    italic: bool = False
    fill: str = ""
    format: str = ""
    size: int = PLAIN_SIZE
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Highlight:
    """Cells that take another background while a condition holds.

    Arguments:
        cells: such as `B2:B9`.
        condition: formula for the first of them, such as `B2>$A$1`.
        fill: background as six hex digits.
    """

    cells: str
    condition: str
    fill: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Cells that take one of some values, none of which has a comma."""

    cells: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column of a sheet in a chart, named by the heading above its first row; colour as six hex digits."""

    column: int
    colour: str


@dataclass(frozen=True, slots=True)
class Stacks:
    """Bars that stand on each other, with lines across them.

    Arguments:
        title: above the chart.
        x, y: titles of the axes.
        at: cell of its upper left corner.
        size: width and height, cm.
        first, last: rows that are drawn.
        names: column of what each stack is called.
        bars: from the bottom up.
        lines: drawn dashed.
    """

    title: str
    x: str
    y: str
    at: str
    size: tuple[float, float]
    first: int
    last: int
    names: int
    bars: Sequence[Drawn]
    lines: Sequence[Drawn]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to write.

    Arguments:
        name: shown on its tab.
        rows: cells of each row: texts, numbers, truth values, `Formula`, or a `Look` around one of them.
        widths: of the first columns, in letters.
        frozen: rows at the top that stay in sight.
        highlights: conditions that show in the colour of cells.
        choices: cells with a list to choose from.
        charts: drawn by the program that opens the file.
        landscape: whether it is printed across, all columns on one page.
    """

    name: str
    rows: Iterable[Sequence[Any]]
    widths: Sequence[float] = ()
    frozen: int = 0
    highlights: Sequence[Highlight] = ()
    choices: Sequence[Choice] = ()
    charts: Sequence[Stacks] = ()
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A sheet that was read.

    Arguments:
        rows: number from 1 and cells of every row that is not empty.
        formulas: places, such as `B7`, of formulas whose value nobody computed.
        merged: ranges of cells that were merged, such as `B2:B5`; only the first cell of each has a value.
    """

    rows: tuple[tuple[int, tuple[Any, ...]], ...]
    formulas: tuple[str, ...]
    merged: tuple[str, ...]


def write(sheets: Iterable[Sheet], target: Path | IO[bytes]) -> None:
    """Write a workbook; a text never becomes a formula.

    Arguments:
        sheets: in the order of their tabs.
        target: a path, replaced when it exists, or an open file.
    """
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        if sheet.frozen:
            page.freeze_panes = f"A{sheet.frozen + 1}"
        for position, width in enumerate(sheet.widths, start=1):
            page.column_dimensions[get_column_letter(position)].width = width
        _live(page, sheet)
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
    book.save(target)


def read(content: bytes, *, most_rows: int, wanted: str) -> dict[str, Read]:
    """Give the sheets of a workbook of unknown origin by name.

    Arguments:
        content: the file.
        most_rows: rows that are read of each sheet.
        wanted: what a message asks for instead.

    Raises:
        TooLarge: when it unpacks to more than 128 MiB, or a sheet has more rows.
        InputError: when it is no workbook, or a damaged one.
    """
    try:
        merged = _parts(content, wanted)
        values = _rows(content, most_rows, computed=True)
        formulas = _rows(content, most_rows, computed=False)
    except (*DAMAGED, InvalidFileException) as error:
        raise input_error(UNREADABLE, "file", reason=str(error)[:200], wanted=wanted) from error
    return {
        name: Read(tuple(rows), tuple(_uncomputed(rows, formulas[name])), merged.get(place, ()))
        for place, (name, rows) in enumerate(values.items(), start=1)
    }


def column_letter(position: int) -> str:
    """Give the letters of a column, counted from 1."""
    letters: str = get_column_letter(position)
    return letters


def sheet_name(name: str) -> str:
    """Give a name that Excel accepts for a sheet."""
    return re.sub(r"[^\w .-]", " ", name)[:LONGEST_SHEET_NAME].strip(" '") or "table"


def _parts(content: bytes, wanted: str) -> dict[int, tuple[str, ...]]:
    """Refuse what unpacks to too much; give the merged ranges of each sheet by its place."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        size = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS or size > MOST_UNPACKED:
            told = {"size": f"{size:,}", "parts": str(len(parts))}
            raise too_large(LARGE, "file", most=f"{MOST_UNPACKED:,}", most_parts=MOST_PARTS, **told)
        if "[Content_Types].xml" not in archive.namelist():
            raise input_error(NO_WORKBOOK, "file", wanted=wanted)
        return {place: _merged(archive, name) for place, name in _sheet_files(archive)}


def _sheet_files(archive: zipfile.ZipFile) -> Iterator[tuple[int, str]]:
    for name in archive.namelist():
        found = re.fullmatch(r"xl/worksheets/sheet(\d{1,4})\.xml", name)
        if found:
            yield int(found[1]), name


def _merged(archive: zipfile.ZipFile, name: str) -> tuple[str, ...]:
    """Give the merged ranges of a sheet, which stand near the end of its file."""
    with archive.open(name) as file:
        tail = b""
        while piece := file.read(LONGEST_MERGES):
            tail = tail[-LONGEST_MERGES:] + piece
    return tuple(found.decode() for found in MERGED.findall(tail))


def _rows(content: bytes, most_rows: int, *, computed: bool) -> dict[str, list[tuple[int, tuple[Any, ...]]]]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=computed, keep_links=False)
    try:
        return {sheet.title: _rows_of(sheet, most_rows) for sheet in book.worksheets}
    finally:
        book.close()


def _rows_of(sheet: Any, most_rows: int) -> list[tuple[int, tuple[Any, ...]]]:
    sheet.reset_dimensions()  # what a file says of its own size need not be true
    found = []
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), start=1):
        if any(value is not None for value in row):
            found.append((number, tuple(row)))
        if number > most_rows:
            raise too_large(MANY_ROWS, sheet.title, sheet=sheet.title, most=f"{most_rows:,}")
    return found


def _uncomputed(
    values: Sequence[tuple[int, tuple[Any, ...]]], formulas: Sequence[tuple[int, tuple[Any, ...]]]
) -> Iterator[str]:
    known = dict(values)
    for number, row in formulas:
        computed = known.get(number, ())
        for at, cell in enumerate(row):
            missing = at >= len(computed) or computed[at] is None
            if missing and isinstance(cell, str) and cell.startswith("="):
                yield f"{get_column_letter(at + 1)}{number}"


def _live(page: Any, sheet: Sheet) -> None:
    """Give a page what the program that opens it keeps up to date."""
    for shown in sheet.highlights:
        fill = PatternFill("solid", start_color=shown.fill, end_color=shown.fill)
        page.conditional_formatting.add(shown.cells, FormulaRule([shown.condition], fill=fill))
    for choice in sheet.choices:
        offered = DataValidation("list", formula1=f'"{",".join(choice.values)}"', allow_blank=True)
        offered.add(choice.cells)
        page.data_validations.append(offered)
    for chart in sheet.charts:
        page.add_chart(_chart(page, chart), chart.at)
    if sheet.landscape:
        page.page_setup.orientation = "landscape"
        page.sheet_properties.pageSetUpPr.fitToPage = True
        page.page_setup.fitToHeight = 0


def _chart(page: Any, chart: Stacks) -> Any:
    bars, lines = BarChart(), LineChart()
    bars.grouping, bars.overlap, bars.gapWidth = "stacked", 100, 40
    bars.title, bars.x_axis.title, bars.y_axis.title = chart.title, chart.x, chart.y
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.y_axis.scaling.min, bars.y_axis.number_format = 0, "0"
    bars.width, bars.height = chart.size
    bars.legend.position = "b"
    for drawn in chart.bars:
        series = _series(page, drawn, chart)
        series.graphicalProperties.solidFill = drawn.colour
        bars.series.append(series)
    for drawn in chart.lines:
        series = _series(page, drawn, chart)
        series.marker.symbol, series.smooth = "none", False
        series.graphicalProperties.line.solidFill = drawn.colour
        series.graphicalProperties.line.dashStyle = "dash"
        lines.series.append(series)
    names = Reference(page, min_col=chart.names, min_row=chart.first, max_row=chart.last)
    bars.set_categories(names)
    lines.set_categories(names)
    bars += lines
    return bars


def _series(page: Any, drawn: Drawn, chart: Stacks) -> Any:
    cells = Reference(page, min_col=drawn.column, min_row=chart.first - 1, max_row=chart.last)
    return Series(cells, title_from_data=True)


def _cell(page: Any, value: Any) -> Any:
    """Give what `append` takes: a number as it is, a text as a cell that is surely a text."""
    look = value if isinstance(value, Look) else Look(value)
    plain = look.value
    if isinstance(plain, Formula):
        cell = WriteOnlyCell(page, plain.text)
    elif isinstance(plain, str):
        cell = _text(page, plain)
    elif isinstance(plain, int) and not isinstance(plain, bool) and abs(plain) > EXACT_INTEGER:
        cell = _text(page, str(plain))
    elif look is not value:
        return plain
    else:
        cell = WriteOnlyCell(page, plain)
    return _dressed(cell, look)


def _text(page: Any, text: str) -> Any:
    cell = WriteOnlyCell(page, UNWRITABLE.sub("\ufffd", text)[:LONGEST_TEXT] or None)
    if text:
        cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
    if text.startswith(DANGEROUS):
        cell.quotePrefix = True  # and so does Excel, once a user edits the cell
    return cell


def _dressed(cell: Any, look: Look) -> Any:
    if look.bold or look.italic or look.size != PLAIN_SIZE:
        cell.font = Font(name=FONT, size=look.size, bold=look.bold, italic=look.italic)
    if look.fill:
        cell.fill = PatternFill("solid", start_color=look.fill)
    if look.format:
        cell.number_format = look.format
    if look.centred:
        cell.alignment = Alignment(horizontal="center")
    return cell
