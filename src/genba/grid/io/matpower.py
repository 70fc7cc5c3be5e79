"""MATPOWER case files (`.m`, case format version 2): a table per section, what is unknown kept as it came.

Source: MATPOWER User's Manual 8.0, appendix B. `Inf` stays infinite in memory (in JSON it is null, as every
number that is not finite) and is written as `Inf`. Comments are not kept. Nothing in a file is evaluated.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Columns
from genba.core.errors import InputError
from genba.core.findings import Finding, FindingKind, Severity, errors_in
from genba.core.tally import Tally
from genba.grid.checks.tally import MORE
from genba.grid.io.matrix import NOT_A_NUMBER, NUMBER
from genba.grid.io.sections import LONGEST_SHOWN, TABLES, Sections, collect, identifier
from genba.grid.records.case import COST, Case
from genba.num.table import Table, table
from genba.num.text import decode, read_bytes

MISSING = FindingKind(
    "grid.section_missing", Severity.ERROR, "The file has no {section}; a MATPOWER case (version 2) needs it."
)
VERSION = FindingKind(
    "grid.version",
    Severity.ERROR,
    "Found case format version {found}, only 2 is read; load the case in MATPOWER and savecase it.",
)
TOO_NARROW = FindingKind(
    "grid.columns_missing",
    Severity.ERROR,
    "Found {found} columns in {section}; the case format (version 2) has {needed} at least.",
)
NOT_WHOLE = FindingKind(
    "grid.not_whole", Severity.ERROR, "Found {found} in column {column}; only whole numbers are allowed."
)
ENCODING = FindingKind(
    "grid.encoding",
    Severity.NOTE,
    "The file is not UTF-8; its text was read as {encoding} and is written as UTF-8.",
)
ENCODING_NAMES = {"cp932": "Shift_JIS"}
TAB = "\t"
WANTED, WANTED_TEXT = "a MATPOWER .m file", "a MATPOWER .m file, not .mat"
REQUIRED = ("version", "baseMVA", "bus", "gen", "branch")
LARGEST_WHOLE = 2.0**53
"""Up to here every whole number is a float."""

Read = tuple[Case, tuple[Finding, ...]]
_last: dict[tuple[str, str, str], Read] = {}
"""What was read last: an operation and its certificate read the same, which takes most of checking."""


def undisturbed() -> None:
    """Ask nobody whether to stop."""


def read(path: Path, *, heed: Callable[[], None] = undisturbed) -> Read:
    """Give the case in a file, and what is remarkable about the file itself.

    Arguments:
        path: where it lies.
        heed: called between pieces of work; may raise to stop.

    Raises:
        TooLarge: when the file has more than 256 MiB.
        InputError: when it cannot be read as a MATPOWER case; its findings name every fault and line.
    """
    content = read_bytes(path, wanted=WANTED)
    heed()
    text, encoding = decode(content, wanted=WANTED_TEXT)
    key = text, path.stem, encoding
    found = _last.get(key)
    if found is None:
        found = _unchangeable(*parse(text, path.stem, encoding=encoding, heed=heed))
        _last.clear()
        _last[key] = found
    return found


def _unchangeable(case: Case, findings: tuple[Finding, ...]) -> Read:
    """Give a case that nobody can change for the next reader of the same text."""
    arrays = [array for one in (case.bus, case.gen, case.branch, case.cost) for array in one.arrays.values()]
    for array in (*arrays, case.cost_data, *case.extra_columns.values()):
        array.flags.writeable = False
    return case, findings


def parse(
    text: str, name: str = "case", *, encoding: str = "utf-8", heed: Callable[[], None] = undisturbed
) -> Read:
    r"""Give the case in a text whose lines end in `\n`, and what is remarkable about the text.

    Arguments:
        text: the file's content.
        name: the case's name when the text has no header.
        encoding: what the text was decoded from.
        heed: called between pieces of work; may raise to stop.

    Raises:
        InputError: with every fault found, when the text is no complete MATPOWER case.
    """
    tally = Tally(MORE)
    if encoding != "utf-8":
        tally.add(ENCODING, "line 1", encoding=ENCODING_NAMES.get(encoding, encoding))
    sections = collect(text, name, tally, heed)
    heed()
    case = _assemble(sections, tally)
    findings = tally.findings()
    wrong = errors_in(findings)
    if case is None or wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(
            f"{wrong[0].where}: {wrong[0].message}{more}", where=wrong[0].where, findings=findings
        )
    return case, findings


def write(case: Case) -> str:
    """Give a case as the text of a MATPOWER file; read again, it has the same numbers bit for bit."""
    parts = [
        f"function mpc = {identifier(case.name)}\n",
        f"mpc.version = '2';\nmpc.baseMVA = {_numbers([case.base_mva])[0]};\n",
        *_written(case.bus, case.extra_columns.get("bus")),
        *_written(case.gen, case.extra_columns.get("gen")),
        *_written(case.branch, case.extra_columns.get("branch")),
        *(_written(case.cost, case.cost_data) if len(case.cost) else ()),
    ]
    for name, value in case.extra_sections.items():
        end = "\n;\n" if "..." in value else ";\n"  # it may end in a continuation, which swallows its line
        parts.append(f"\nmpc.{name} = {value}{end}")
    return "".join(parts)


def _assemble(sections: Sections, tally: Tally) -> Case | None:
    """Give the case, or None when a part of it is missing, which is then among the findings."""
    for name in REQUIRED:
        if name not in sections.seen:
            tally.add(MISSING, f"mpc.{name}", section=f"mpc.{name}")
    base_mva = _base_mva(sections, tally)
    bus, gen, branch, cost = (_table(sections, columns, tally) for columns in TABLES.values())
    if base_mva is None or bus is None or gen is None or branch is None or cost is None:
        return None
    return Case(
        name=sections.name,
        base_mva=base_mva,
        bus=bus,
        gen=gen,
        branch=branch,
        cost=cost,
        cost_data=_beyond(sections, COST) if len(cost) else np.zeros((0, 0)),
        lines={name: matrix.lines for name, matrix in sections.matrices.items()},
        extra_columns={
            columns.name: beyond
            for columns in TABLES.values()
            if columns is not COST and (beyond := _beyond(sections, columns)).size
        },
        extra_sections=sections.extra,
    )


def _beyond(sections: Sections, columns: Columns) -> NDArray[np.float64]:
    """Give the columns of a section that its table does not name, shape (rows, more)."""
    return np.ascontiguousarray(sections.matrices[columns.name].values[:, len(columns.columns) :])


def _base_mva(sections: Sections, tally: Tally) -> float | None:
    """Give the power base, MVA; check the version on the way."""
    version = sections.scalars.get("version", "2").strip("'\"")
    if version != "2":
        where = f"version (line {sections.seen['version']})"
        tally.add(VERSION, where, found=version[:LONGEST_SHOWN])
    base = sections.scalars.get("baseMVA")
    if base is None or NUMBER.fullmatch(base):
        return None if base is None else float(base)
    where = f"baseMVA (line {sections.seen['baseMVA']})"
    tally.add(NOT_A_NUMBER, where, section="baseMVA", found=base[:LONGEST_SHOWN])
    return None


def _table(sections: Sections, columns: Columns, tally: Tally) -> Table | None:
    """Give one section as a table; an absent gencost and a matrix without rows are empty tables."""
    matrix = sections.matrices.get(columns.name)
    if matrix is None and columns is not COST:
        return None
    if matrix is None or not len(matrix.values):
        return table(columns, **{name: () for name in columns.names})
    found, needed = matrix.values.shape[1], len(columns.columns)
    if found < needed:
        where = f"{columns.name} (line {sections.seen[columns.name]})"
        tally.add(TOO_NARROW, where, section=columns.name, found=found, needed=needed)
        return None
    arrays = dict(zip(columns.names, matrix.values.T, strict=False))
    for column in columns.columns:
        if column.dtype == "int":
            values = arrays[column.name]
            whole = (values == np.floor(values)) & (np.abs(values) <= LARGEST_WHOLE)
            for row in np.flatnonzero(~whole):
                where = f"{columns.name} row {row + 1} (line {matrix.lines[row]})"
                tally.add(NOT_WHOLE, where, column=column.name, found=float(values[row]))
            arrays[column.name] = np.where(whole, values, 0.0)
    return table(columns, **arrays)


def _written(rows: Table, beyond: NDArray[np.float64] | None) -> Iterator[str]:
    """Yield a section's text."""
    name, names = rows.columns.name, rows.columns.names
    columns: list[Sequence[Any]] = [_numbers(rows[column].tolist()) for column in names]
    if beyond is not None:
        columns += [_numbers(values.tolist()) for values in beyond.T]
    yield f"\n%{TAB}{TAB.join(names)}\nmpc.{name} = [\n"
    yield from (f"{TAB}{TAB.join(row)};\n" for row in zip(*columns, strict=True))
    yield "];\n"


def _numbers(values: list[float] | list[int]) -> list[str]:
    """Give numbers as MATLAB reads them; repr is the shortest text that gives the same float again."""
    texts = list(map(repr, values))
    return [text.replace("inf", "Inf").replace("nan", "NaN") for text in texts]
