"""A sheet of numbers under named columns, from CSV or Parquet: every fault told with its line and column."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import input_error, too_large
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.io.csv_text import csv_text
from genba.grid.io.matrix import LONGEST_SHOWN, NUMBER
from genba.num import parquet
from genba.num.text import NO_CSV, read_bytes

MOST_CELLS = 40_000_000
"""Numbers that are read; a year by the hour of 2,300 loads, active and reactive."""
PARQUET = b"PAR1"
"""How a Parquet file begins; a stored artifact has no suffix to tell it by."""
DELIMITERS = ",;\t"
WANTED = "a CSV (UTF-8) or Parquet file with one row per scenario"
CELL = FindingKind(
    "grid.scenario_cell",
    Severity.ERROR,
    "Found `{found}` in column {column}; write a finite number with a decimal point, or leave it empty.",
)
WIDTH = FindingKind(
    "grid.scenario_width",
    Severity.ERROR,
    "Found {found} cells, and {expected} columns in the header; write one cell for each.",
)
MANY_CELLS = FindingKind(
    "grid.scenario_cells", Severity.ERROR, "found more than {most} numbers; give fewer scenarios or columns"
)
REPEATED = FindingKind(
    "grid.scenario_column_repeated", Severity.ERROR, "The column {column} is there twice; keep one."
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a file says.

    Arguments:
        names: columns of numbers.
        numbers: their cells, NaN where empty, shape (rows, columns).
        texts: columns of words by name, each with one text per row, empty where nothing is said.
        places: where each row stands in the file: `line 7`.
    """

    names: tuple[str, ...]
    numbers: Floats
    texts: dict[str, list[str]]
    places: Sequence[str]


def read_sheet(path: Path, tally: Tally, *, words: Sequence[str]) -> Sheet:
    """Read a file whose columns called `words` hold text and all others numbers.

    Raises:
        TooLarge: when the file has more than 256 MiB or 40 million numbers.
        InputError: when it is neither CSV nor Parquet.
    """
    content = read_bytes(path, wanted=WANTED)
    if content.startswith(PARQUET):
        return _from_parquet(path, tally, words)
    return _from_csv(csv_text(content, wanted=WANTED), tally, words)


def _from_csv(text: str, tally: Tally, words: Sequence[str]) -> Sheet:
    rows = _rows(text)
    header = [name.strip() for name in next((row for _, row in rows if row), [])]
    _tell_repeated(header, tally)
    wordy = [header.index(name) for name in words if name in header]
    plain = [place for place, name in enumerate(header) if name not in words]
    names = tuple(header[place] for place in plain)
    numbers: list[Floats] = []
    texts: dict[str, list[str]] = {header[place]: [] for place in wordy}
    lines: list[str] = []
    for line, row in rows:
        if not row:
            continue
        if len(row) != len(header):
            tally.add(WIDTH, f"line {line}", found=len(row), expected=len(header))
            continue
        if len(lines) * len(plain) > MOST_CELLS:
            raise too_large(MANY_CELLS, f"line {line}", most=f"{MOST_CELLS:,}")
        lines.append(f"line {line}")
        numbers.append(_numbers([row[place] for place in plain], names, lines[-1], tally))
        for place in wordy:
            texts[header[place]].append(row[place].strip())
    stacked = np.array(numbers) if numbers else np.zeros((0, len(names)))
    return Sheet(names, stacked, texts, lines)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of every row."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    reader = csv.reader(text.split("\n"), delimiter=max(DELIMITERS, key=first.count), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row if len(row) > 1 or any(cell.strip() for cell in row) else []
    except csv.Error as error:
        line = reader.line_num
        raise input_error(NO_CSV, f"line {line}", line=line, reason=str(error), wanted=WANTED) from error


def _tell_repeated(header: Sequence[str], tally: Tally) -> None:
    seen: set[str] = set()
    for name in header:
        if name in seen:
            tally.add(REPEATED, "header", column=name[:LONGEST_SHOWN])
        seen.add(name)


def _numbers(cells: Sequence[str], names: Sequence[str], where: str, tally: Tally) -> Floats:
    """Give the numbers of a row, NaN for empty cells."""
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:  # else float() would take what is no plain number
        try:
            values = np.array([float(cell or "nan") for cell in cells])
        except ValueError:
            return _told(cells, names, where, tally)
        if np.isfinite(values).sum() + cells.count("") == len(cells):
            return values
    return _told(cells, names, where, tally)


def _told(cells: Sequence[str], names: Sequence[str], where: str, tally: Tally) -> Floats:
    """Give the numbers of a row cell by cell, with a finding for each that is none."""
    values = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        written = cell.strip()
        if NUMBER.fullmatch(written) and np.isfinite(float(written)):
            values[place] = float(written)
        elif written:
            tally.add(CELL, where, found=written[:LONGEST_SHOWN], column=names[place][:LONGEST_SHOWN])
    return values


def _from_parquet(path: Path, tally: Tally, words: Sequence[str]) -> Sheet:
    columns = parquet.read_any(path, most_cells=MOST_CELLS)
    count = len(next(iter(columns.values()), ()))
    places = [f"row {row + 1}" for row in range(count)]
    names = tuple(name for name in columns if name not in words)
    numbers = np.full((count, len(names)), np.nan)
    for place, name in enumerate(names):
        numbers[:, place] = _number_column(columns[name], name, places, tally)
    return Sheet(names, numbers, {n: _words(c) for n, c in columns.items() if n in words}, places)


def _number_column(
    column: "np.ma.MaskedArray[tuple[int], np.dtype[np.object_]]",
    name: str,
    places: Sequence[str],
    tally: Tally,
) -> Floats:
    if column.dtype.kind != "f":
        cells = _words(column)
        one = (name,)
        return np.array(
            [_told([cell], one, where, tally)[0] for cell, where in zip(cells, places, strict=True)]
        )
    there = ~np.ma.getmaskarray(column)
    values = np.asarray(np.ma.filled(column, np.nan), dtype=np.float64)
    for row in np.flatnonzero(there & ~np.isfinite(values)).tolist():
        tally.add(CELL, places[row], found=str(values[row]), column=name[:LONGEST_SHOWN])
    return values


def _words(column: "np.ma.MaskedArray[tuple[int], np.dtype[np.object_]]") -> list[str]:
    missing = np.ma.getmaskarray(column).tolist()
    cells = np.ma.getdata(column).tolist()
    return ["" if gone else _plain(cell) for cell, gone in zip(cells, missing, strict=True)]


def _plain(cell: object) -> str:
    """Give a cell as text; a whole number that came as a float stays whole."""
    if cell is None:
        return ""
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


__all__ = ["MOST_CELLS", "WANTED", "Sheet", "read_sheet"]
