"""Rows under headings as entries of a line's lists, and back; every fault told with its row and column."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genba.core.errors import too_large
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.cells import value_in, written
from genba.line.io.columns import TASKS, Field
from genba.line.io.document import MOST_ROWS, SECONDS, STAND_INS
from genba.line.io.japanese import in_english

CELL = FindingKind("line.cell", Severity.ERROR, "Found {found} in column {column}; write {wanted}.")
COLUMN_UNKNOWN = FindingKind(
    "line.column_unknown", Severity.WARNING, "The column {column} has no meaning here and is not read."
)
COLUMN_REPEATED = FindingKind(
    "line.column_repeated", Severity.ERROR, "The column {column} is there twice; keep one."
)
COLUMN_MISSING = FindingKind("line.column_missing", Severity.ERROR, "There is no column {column}; add it.")
HEADING = re.compile(r"(?P<name>.*?)\s*[\[(（](?P<unit>[^\])）]*)[\])）]\s*")
BY_PRODUCT = re.compile(r"(?:time|時間)\s*[: ：]\s*(?P<product>\S.*)", re.IGNORECASE)
LONGEST_SHOWN = 40
MANY_ROWS = FindingKind("line.many_rows", Severity.ERROR, "found more than {most} rows; no more are read")


@dataclass(slots=True)
class Rows:
    """Entries of a list, where each stands in the file, and the unit that the heading of times names."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    time_unit: str | None = None
    columns: frozenset[int] = frozenset()
    """Places of the columns that have a meaning, from 0."""


def read_rows(
    fields: Sequence[Field],
    heading: Sequence[Any],
    rows: Iterable[tuple[str, Sequence[Any]]],
    tally: Tally,
    *,
    sheet: str = "header",
    ignored: Sequence[str] = (),
) -> Rows:
    """Give an entry for each row that is not empty.

    Arguments:
        fields: the columns that have a meaning.
        heading: cells of the first row.
        rows: place and cells of each of the others.
        tally: receives every fault.
        sheet: where a fault of the heading lies.
        ignored: headings, plain, that are known to have no meaning.

    Raises:
        TooLarge: when there are more than 100,000 rows.
    """
    found = Rows()
    columns = _columns(fields, heading, found, tally, sheet=sheet, ignored=ignored)
    found.columns = frozenset(columns)
    for needed in ("id", "time") if TASKS[0] in fields else ("id",):
        here = {column.path for column in columns.values()}
        if any(column.path == needed for column in fields) and needed not in here:
            tally.add(COLUMN_MISSING, sheet, column=needed)
    for place, cells in rows:
        given = {at: cell for at, cell in enumerate(cells) if at in columns and not _is_empty(cell)}
        if not given:
            continue
        if len(found.entries) >= MOST_ROWS:
            raise too_large(MANY_ROWS, place, most=f"{MOST_ROWS:,}")
        found.entries.append(_entry(columns, given, place, tally))
        found.places.append(place)
    return found


def cells_of(fields: Sequence[Field], entry: Mapping[str, Any]) -> list[Any]:
    """Give the cells that read back as an entry."""
    return [written(_at(entry, column.path), column.kind) for column in fields]


def put(entry: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where a path with dots leads."""
    *above, last = path.split(".", 1) if path.startswith("times.") else path.split(".")
    for step in above:
        entry = entry.setdefault(step, {})
    entry[last] = value


def plain_heading(text: str) -> str:
    """Give a heading as it is compared: small letters, single spaces, without unit."""
    found = HEADING.fullmatch(text)
    return re.sub(r"[\s_]+", " ", found["name"] if found else text).strip().lower()


def _columns(
    fields: Sequence[Field],
    heading: Sequence[Any],
    found: Rows,
    tally: Tally,
    *,
    sheet: str,
    ignored: Sequence[str],
) -> dict[int, Field]:
    """Give the field of each column that has a meaning, by place."""
    names = {name: column for column in fields for name in (column.heading, column.path, *column.also)}
    columns: dict[int, Field] = {}
    for at, cell in enumerate(heading):
        text = str(cell).strip() if cell is not None else ""
        plain = plain_heading(text)
        column = (
            names.get(plain)
            or names.get(in_english(plain))
            or (_by_product(text) if TASKS[0] in fields else None)
        )
        if column is None:
            if text and in_english(plain) not in ignored:
                tally.add(COLUMN_UNKNOWN, sheet, column=text[:LONGEST_SHOWN])
            continue
        if any(column.path == other.path for other in columns.values()):
            tally.add(COLUMN_REPEATED, sheet, column=text[:LONGEST_SHOWN])
        columns[at] = column
        unit = HEADING.fullmatch(text)
        if column.path == "time" and unit and unit["unit"].strip().lower() in map(str.lower, SECONDS):
            found.time_unit = unit["unit"].strip()
    return columns


def _by_product(text: str) -> Field | None:
    unit = HEADING.fullmatch(text)
    found = BY_PRODUCT.fullmatch(unit["name"] if unit else text)
    return Field(text, f"times.{found['product'].strip()}", "number") if found else None


def _entry(
    columns: Mapping[int, Field], given: Mapping[int, Any], place: str, tally: Tally
) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for at, column in columns.items():
        try:
            value = value_in(given.get(at), column.kind)
        except ValueError as error:
            shown = repr(given[at])[:LONGEST_SHOWN]
            tally.add(CELL, place, found=shown, column=column.heading[:LONGEST_SHOWN], wanted=str(error))
            value = STAND_INS.get(column.path)
        if value is not None:
            put(entry, column.path, value)
    return entry


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _at(entry: Mapping[str, Any], path: str) -> Any:
    value: Any = entry
    for step in path.split(".", 1) if path.startswith("times.") else path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
