"""A MATLAB matrix literal of plain numbers, read in bulk."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally

NOT_A_NUMBER = FindingKind(
    "grid.not_a_number",
    Severity.ERROR,
    "Found `{found}` in {section}; only plain numbers, Inf and NaN are read: write the value.",
)
ROW_WIDTH = FindingKind(
    "grid.row_width",
    Severity.ERROR,
    "Found {found} columns in a row of {section}, whose other rows have {expected}; mend the row.",
)
LONG_ROW = FindingKind(
    "grid.long_row",
    Severity.ERROR,
    "Found a row of {section} longer than {limit} characters; end each row with ; or a new line.",
)
CHUNK = 2**20
"""Characters turned into cells at a time, which bounds the memory that the cells take; no row is longer."""
COMMENT = re.compile(r"%[^\n]*+")
CONTINUATION = re.compile(r"\.\.\.[^\n]*+\n?")
JOINED = "\0"
"""Stands for a continued line's end; no text that was read holds a NUL."""
NUMBER = re.compile(
    r"[+-]?(?:(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Matrix:
    """Numbers, shape (rows, columns), and the line in the file where each row begins."""

    values: NDArray[np.float64]
    lines: NDArray[np.int64]


def parse_matrix(body: str, *, section: str, line: int, tally: Tally, heed: Callable[[], None]) -> Matrix:
    """Read what stands between `[` and `]`: cells parted by blanks or commas, rows by `;` or a new line.

    Arguments:
        body: the text between the brackets; may hold comments and continuations.
        section: the matrix's name, for findings.
        line: number of the body's first line.
        tally: receives what cannot be read; rows that do not fit are left out.
        heed: called between pieces of work; may raise to stop.
    """
    if "%" in body:
        body = COMMENT.sub("", body)
    if "..." in body:
        body = CONTINUATION.sub(JOINED, body)
    if "," in body:
        body = body.replace(",", " ")
    parts = []
    for part, at in _chunks(body, section, line, tally):
        heed()
        parts.append(_parse_chunk(part, section, at, tally))
    if not parts:
        return Matrix(np.zeros((0, 0)), np.zeros(0, np.int64))
    values, widths, lines = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return _rectangle(values, widths, lines, section=section, tally=tally)


def _chunks(body: str, section: str, line: int, tally: Tally) -> Iterator[tuple[str, int]]:
    """Yield parts of about a million characters that end with a row, and the line where each begins."""
    start = 0
    while start < len(body):
        stop = len(body)
        if stop - start > CHUNK:
            ends = (body.rfind("\n", start, start + CHUNK), body.rfind(";", start, start + CHUNK))
            stop = (ends[0] if ends[0] >= start else ends[1]) + 1
        if stop <= start:
            tally.add(LONG_ROW, f"{section} (line {line})", section=section, limit=CHUNK)
            return
        part = body[start:stop]
        yield part, line
        line += part.count("\n") + part.count(JOINED)
        start = stop


def _parse_chunk(
    part: str, section: str, line: int, tally: Tally
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the cells in order, the number of cells of each row, and each row's line."""
    rows: list[list[str]] = []
    lines: list[int] = []
    continued = JOINED in part
    for text in part.replace(";\n", "\n").split("\n"):
        plain = text.replace(JOINED, " ") if continued else text
        for row in plain.split(";") if ";" in plain else (plain,):
            if cells := row.split():
                rows.append(cells)
                lines.append(line)
        line += 1 + (text.count(JOINED) if continued else 0)
    widths = np.fromiter(map(len, rows), np.int64, len(rows))
    numbers = np.array(lines, np.int64)
    if part.isascii() and "_" not in part:  # float() takes digits of other scripts, and 1_000
        try:
            return np.fromiter(map(float, chain.from_iterable(rows)), float, widths.sum()), widths, numbers
        except ValueError:
            pass  # some cell is no number: look at each
    return _parse_cells(rows, section, lines, tally), widths, numbers


def _parse_cells(rows: list[list[str]], section: str, lines: list[int], tally: Tally) -> NDArray[np.float64]:
    """Give the cells that are numbers, and 0 for the others, which are reported."""
    cells = []
    for row, line in zip(rows, lines, strict=True):
        for cell in row:
            good = NUMBER.fullmatch(cell) is not None
            cells.append(float(cell) if good else 0.0)
            if not good:
                tally.add(
                    NOT_A_NUMBER, f"{section} (line {line})", section=section, found=cell[:LONGEST_SHOWN]
                )
    return np.array(cells)


def _rectangle(
    values: NDArray[np.float64],
    widths: NDArray[np.int64],
    lines: NDArray[np.int64],
    *,
    section: str,
    tally: Tally,
) -> Matrix:
    """Give the rows of the usual width; report the others."""
    if not len(widths):
        return Matrix(np.zeros((0, 0)), lines)
    found, counts = np.unique(widths, return_counts=True)
    expected = int(found[counts.argmax()])
    fits = widths == expected
    if not fits.all():
        for row in np.flatnonzero(~fits):
            tally.add(
                ROW_WIDTH,
                f"{section} row {row + 1} (line {lines[row]})",
                section=section,
                found=int(widths[row]),
                expected=expected,
            )
        values, lines = values[np.repeat(fits, widths)], lines[fits]
    return Matrix(values.reshape(-1, expected), lines)
