"""A sheet of tasks as CSV: a row each, columns by name, as people's spreadsheets have them.

Headings are tolerant: `predecessors` or 先行作業 mean `after`, `time [TMU]` names the unit. Ids in a cell are
separated by semicolons or commas. A column `station` says where each task is done today.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.columns import TASKS, Field
from genba.line.io.document import line_of
from genba.line.io.rows import Rows, cells_of, read_rows
from genba.line.records.line import Line
from genba.num.text import DANGEROUS, NO_CSV, decode

WANTED = "a CSV file with one row per task"
DELIMITERS = ",;\t"
ENCODING = FindingKind(
    "line.encoding", Severity.NOTE, "The file is not UTF-8; its text was read as {encoding}."
)
WIDTH = FindingKind(
    "line.row_width", Severity.ERROR, "Found {found} cells under {expected} headings; write one for each."
)


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the tasks in a CSV file as a line; the tally receives every fault.

    Raises:
        TooLarge: when there are more than 100,000 rows.
        InputError: when the content is no CSV.
    """
    text, encoding = decode(content, wanted=WANTED)
    if encoding != "utf-8":
        tally.add(ENCODING, "file", encoding="Shift_JIS" if encoding == "cp932" else encoding)
    delimiter = max(DELIMITERS, key=text.lstrip("\n").partition("\n")[0].count)
    rows = _rows(text, delimiter, tally)
    _, heading = next(rows)
    return line_of(tasks_and_stations(read_rows(TASKS, heading, rows, tally)), tally, name=name)


def write(line: Line) -> str:
    """Give the tasks of a line as CSV; what is no property of a task is left out."""
    products = tuple(dict.fromkeys(product for task in line.tasks for product in task.times))
    fields = task_fields(products)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_harmless(column.heading) for column in fields])
    for entry in task_entries(line):
        writer.writerow([_harmless(cell) for cell in cells_of(fields, entry)])
    return target.getvalue()


def task_fields(products: Sequence[str]) -> tuple[Field, ...]:
    """Give the columns of tasks with one more for the times of each product."""
    times = (Field(f"time {product}", f"times.{product}", "number", "s") for product in products)
    return (*TASKS[:3], *times, *TASKS[3:])


def task_entries(line: Line) -> Iterator[dict[str, Any]]:
    """Yield each task as a row has it: with its station and its place among the tasks there."""
    place = {
        task: {"station": station.id, "order": at}
        for station in line.stations
        for at, task in enumerate(station.tasks, start=1)
    }
    for task in line.tasks:
        yield {**task.model_dump(exclude_defaults=True), **place.get(task.id, {})}


def tasks_and_stations(rows: Rows, stations: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Give tasks, and the stations that their rows name, as nested data.

    Arguments:
        rows: entries of tasks, with `station` and `order` in them.
        stations: entries of stations that are known already; others follow as they appear.
    """
    tasks, named = [], []
    for entry in rows.entries:
        station, order = entry.pop("station", None), entry.pop("order", 0)
        tasks.append(entry)
        if station is not None:
            named.append((order, str(station), entry.get("id", "")))
    known = {str(entry.get("id", "")) for entry in stations}
    others = dict.fromkeys(station for _, station, _ in named if station not in known)
    done: dict[str, list[str]] = {}
    for _, station, task in sorted(named, key=lambda each: each[0]):
        done.setdefault(station, []).append(task)
    entries = [*stations, *({"id": station} for station in others)]
    data = {"tasks": tasks, "stations": [{**e, "tasks": done.get(str(e.get("id")), [])} for e in entries]}
    return data if rows.time_unit is None else {**data, "time_unit": rows.time_unit}


def _rows(text: str, delimiter: str, tally: Tally) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of every row, the heading first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    width = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            where = f"line {reader.line_num}"
            width = width or len(row)
            if len(row) > width:
                tally.add(WIDTH, where, found=len(row), expected=width)
            yield where, [_plain(cell) for cell in row]
    except csv.Error as error:
        line = reader.line_num
        raise input_error(NO_CSV, f"line {line}", line=line, reason=str(error), wanted=WANTED) from error


def _plain(cell: str) -> str:
    said = cell.strip()
    return said[1:] if said.startswith("'") and said[1:].startswith(DANGEROUS) else said


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell
