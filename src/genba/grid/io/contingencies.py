"""Outages and monitored elements as a user names them: `branch.12`, `bus.7`, `storm=branch.12+gen.3`.

A file of contingencies is CSV with the columns `name` and `elements`, one contingency a row.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import input_error, too_large
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.tally import MORE
from genba.grid.io.csv_text import csv_text
from genba.grid.io.matrix import LONGEST_SHOWN
from genba.grid.records.case import Case
from genba.num.text import NO_CSV, read_bytes

ELEMENT = re.compile(r"(?P<table>branch|gen|bus)\.(?P<number>[0-9]{1,9})", re.ASCII)
ELEMENTS = re.compile(r"(branch|gen|bus)\.[0-9]+(\+(branch|gen)\.[0-9]+)*", re.ASCII)
"""What outages without a name of their own are called."""
NAMED = re.compile(r"\s*(?P<name>[^=\s][^=]{0,63}?)\s*=\s*(?P<elements>\S.*)", re.DOTALL)
LARGEST = 16 * 2**20
"""Bytes of a file; half a million contingencies."""
MOST = 200_000
"""Contingencies of a file."""
MOST_LOST = 1000
"""Elements of one of them."""
LONGEST_NAME = 64
HEADER = ["name", "elements"]
WANTED = "a CSV file (UTF-8) with the columns name and elements, such as storm,branch.12+gen.3"
DELIMITERS = ",;\t"

FILE_HEADER = FindingKind(
    "grid.contingency_header",
    Severity.ERROR,
    "Found the columns {found}; write name and elements, in this order.",
)
FILE_NONE = FindingKind(
    "grid.contingency_none", Severity.ERROR, "The file has no contingency; write a row for each."
)
FILE_WIDTH = FindingKind(
    "grid.contingency_width",
    Severity.ERROR,
    "Found {found} cells; write two, the name and elements such as branch.12+gen.3.",
)
FILE_NAME = FindingKind(
    "grid.contingency_name",
    Severity.ERROR,
    "Found the name {found}; write 1 to 64 printable characters that are not those of an element.",
)
FILE_TWICE = FindingKind(
    "grid.contingency_twice", Severity.ERROR, "Found the name {found} again; give each contingency its own."
)
FILE_ELEMENT = FindingKind(
    "grid.contingency_element", Severity.ERROR, "Found {found}; write branch.<number> or gen.<number>."
)
FILE_MISSING = FindingKind(
    "grid.contingency_missing", Severity.ERROR, "Found {found}, but the case has {table} 1 to {rows}."
)
FILE_MANY = FindingKind(
    "grid.contingency_many", Severity.ERROR, "Found {found} elements; at most {most} are lost at once."
)
FILE_LONG = FindingKind(
    "grid.contingency_rows", Severity.ERROR, "{path} has more than {most} contingencies; give fewer"
)

TWICE = FindingKind(
    "grid.named_twice",
    Severity.ERROR,
    "found two contingencies called {found}",
)
FORM = FindingKind(
    "grid.named_form",
    Severity.ERROR,
    "found {found}, need name=branch.12+gen.3",
)
TAKEN = FindingKind(
    "grid.named_taken",
    Severity.ERROR,
    "found the name {found}, which is that of an element; choose another",
)
ELEMENT_FORM = FindingKind(
    "grid.element_form",
    Severity.ERROR,
    "found {found}, need {one}.<number> or {other}.<number>",
)
NO_ELEMENT = FindingKind(
    "grid.no_element",
    Severity.ERROR,
    "{case} has no {table} {number}",
)


@dataclass(frozen=True, slots=True)
class Contingency:
    """Branches and units lost together, by row, under one name."""

    name: str
    branches: tuple[int, ...] = ()
    units: tuple[int, ...] = ()


def named(texts: Iterable[str], case: Case) -> tuple[Contingency, ...]:
    """Read named contingencies, `name=branch.12+gen.3`.

    Raises:
        InputError: when one has another form, names what the case does not have, or repeats a name.
    """
    found: dict[str, Contingency] = {}
    for text in texts:
        contingency = _named(text, case)
        if contingency.name in found:
            raise input_error(TWICE, "named", found=repr(contingency.name))
        found[contingency.name] = contingency
    return tuple(found.values())


def listed(
    path: Path, case: Case, *, taken: Collection[str] = ()
) -> tuple[tuple[Contingency, ...], tuple[Finding, ...]]:
    """Read a file of contingencies, and every fault of it.

    Arguments:
        path: where it lies.
        case: what its elements are looked up in.
        taken: names that others have.

    Raises:
        TooLarge: when it has more than 16 MiB or 200,000 contingencies.
        InputError: when it is no CSV file.
    """
    text = csv_text(read_bytes(path, largest=LARGEST, wanted=WANTED), wanted=WANTED)
    tally, names = Tally(MORE), set(taken)
    rows = _rows(text)
    where, header = next(rows, ("line 1", []))
    if [cell.lower() for cell in header] != HEADER:
        tally.add(FILE_HEADER, where, found=", ".join(header)[:LONGEST_SHOWN])
        return (), tally.findings()
    found: list[Contingency] = []
    for where, cells in rows:
        if len(cells) != len(HEADER):
            tally.add(FILE_WIDTH, where, found=len(cells))
            continue
        _check_name(cells[0], where, names, tally)
        found.append(_lost(cells[0], cells[1], where, case, tally))
        if len(found) > MOST:
            raise too_large(FILE_LONG, str(path), path=str(path), most=f"{MOST:,}")
    if not found and not tally.counts:
        tally.add(FILE_NONE, where)
    return tuple(found), tally.findings()


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield where each row that is not empty stands, and its cells."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    reader = csv.reader(text.split("\n"), delimiter=max(DELIMITERS, key=first.count), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield f"line {reader.line_num}", [cell.strip() for cell in row]
    except csv.Error as error:
        line = reader.line_num
        raise input_error(NO_CSV, f"line {line}", line=line, reason=str(error), wanted=WANTED) from error


def _check_name(name: str, where: str, names: set[str], tally: Tally) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or ELEMENTS.fullmatch(name):
        tally.add(FILE_NAME, where, found=name[:LONGEST_SHOWN])
    elif name in names:
        tally.add(FILE_TWICE, where, found=name)
    names.add(name)


def _lost(name: str, elements: str, where: str, case: Case, tally: Tally) -> Contingency:
    """Give the contingency of one row, without the elements that are told as faults."""
    lost: dict[str, set[int]] = {"branch": set(), "gen": set()}
    parts = elements.split("+", MOST_LOST + 1)
    if len(parts) > MOST_LOST:
        tally.add(FILE_MANY, where, found=elements.count("+") + 1, most=MOST_LOST)
        parts = []
    for part in parts:
        match = ELEMENT.fullmatch(part.strip())
        if match is None or match["table"] not in lost:
            tally.add(FILE_ELEMENT, where, found=part.strip()[:LONGEST_SHOWN])
            continue
        table, number = match["table"], int(match["number"])
        rows = len(getattr(case, table))
        if 1 <= number <= rows:
            lost[table].add(number - 1)
        else:
            tally.add(FILE_MISSING, where, found=match[0], table=table, rows=rows)
    return Contingency(name, tuple(sorted(lost["branch"])), tuple(sorted(lost["gen"])))


def singles(branch_on: NDArray[np.bool_], unit_on: NDArray[np.bool_]) -> tuple[Contingency, ...]:
    """Give the loss of each of these branches, then of each of these units, by row."""
    branches = [Contingency(f"branch.{row + 1}", (row,)) for row in np.flatnonzero(branch_on).tolist()]
    units = [Contingency(f"gen.{row + 1}", (), (row,)) for row in np.flatnonzero(unit_on).tolist()]
    return (*branches, *units)


def pairs(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[Contingency, ...]:
    """Give the loss of branches two by two, by row."""
    return tuple(
        Contingency(f"branch.{one + 1}+branch.{other + 1}", (one, other))
        for one, other in zip(first.tolist(), second.tolist(), strict=True)
    )


def monitored(names: Iterable[str], case: Case) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give which branches (m,) and buses (n,) are named; all of both when nothing is.

    Raises:
        InputError: when a name is not of the form `branch.12` or `bus.7`, or the case has no such element.
    """
    listed = [_element(name, case, allowed=("branch", "bus"), where="monitored") for name in names]
    branches = np.full(len(case.branch), not listed)
    buses = np.full(len(case.bus), not listed)
    for table, row in listed:
        (branches if table == "branch" else buses)[row] = True
    return branches, buses


def _named(text: str, case: Case) -> Contingency:
    match = NAMED.fullmatch(text)
    if match is None:
        raise input_error(FORM, "named", found=repr(text[:80]))
    name = match["name"]
    if ELEMENTS.fullmatch(name):
        raise input_error(TAKEN, "named", found=repr(name))
    elements = [
        _element(part, case, allowed=("branch", "gen"), where="named")
        for part in match["elements"].split("+")
    ]
    branches = tuple(sorted({row for table, row in elements if table == "branch"}))
    return Contingency(name, branches, tuple(sorted({row for table, row in elements if table == "gen"})))


def _element(name: str, case: Case, *, allowed: tuple[str, str], where: str) -> tuple[str, int]:
    """Give table and row of an element; a bus goes by its number, a branch or unit by its row from 1."""
    match = ELEMENT.fullmatch(name.strip())
    if match is None or match["table"] not in allowed:
        raise input_error(ELEMENT_FORM, where, found=repr(name[:80]), one=allowed[0], other=allowed[1])
    table, number = match["table"], int(match["number"])
    rows = len(getattr(case, table))
    found = (
        np.flatnonzero(case.bus["bus"] == number) if table == "bus" else np.arange(rows)[number - 1 : number]
    )
    if number < 1 or len(found) == 0:
        raise input_error(NO_ELEMENT, where, case=case.name, table=table, number=number)
    return table, int(found[0])
