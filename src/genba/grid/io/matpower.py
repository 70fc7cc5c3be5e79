"""MATPOWER case files (`.m`, case format version 2): a table per section, what is unknown kept as it came.

Source: MATPOWER User's Manual 8.0, appendix B. `Inf` stays infinite in memory (in JSON it is null, as every
number that is not finite) and is written as `Inf`. Comments are not kept.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genba.core.columns import Columns
from genba.core.errors import InputError
from genba.core.findings import Finding, FindingKind, Severity, errors_in
from genba.grid.checks.tally import Tally
from genba.grid.io.matlab import COMPUTED, Assignment, Header, statements, without_block_comments
from genba.grid.io.matrix import COMMENT, CONTINUATION, NOT_A_NUMBER, NUMBER, Matrix, parse_matrix
from genba.grid.io.text import decode, read_bytes
from genba.grid.records.case import BRANCH, BUS, COST, UNIT, Case
from genba.num.table import Table, table

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
    "Found {found} columns in {section}, at least {needed} are needed.",
)
NOT_WHOLE = FindingKind(
    "grid.not_whole", Severity.ERROR, "Found {found} in column {column}; only whole numbers are allowed."
)
KEPT = FindingKind(
    "grid.section_kept",
    Severity.NOTE,
    "The section {section} is not interpreted; it is kept and written back as it came.",
)
REPEATED = FindingKind(
    "grid.section_repeated", Severity.WARNING, "The section {section} is given again; the last one counts."
)
NO_HEADER = FindingKind(
    "grid.no_header",
    Severity.WARNING,
    "The file does not begin with `function mpc = name`; MATPOWER needs it.",
)
ENCODING = FindingKind(
    "grid.encoding",
    Severity.NOTE,
    "The file is not UTF-8; its text was read as {encoding} and is written as UTF-8.",
)
TABLES = {columns.name: columns for columns in (BUS, UNIT, BRANCH, COST)}
REQUIRED = ("version", "baseMVA", "bus", "gen", "branch")
LARGEST_WHOLE = 2.0**53
LONGEST_NAME = 63
"""Characters of a MATLAB identifier."""
RESERVED = frozenset(
    ("break", "case", "catch", "classdef", "continue", "else", "elseif", "end", "for", "function", "global")
    + ("if", "otherwise", "parfor", "persistent", "return", "spmd", "switch", "try", "while")
)
SHOWN = 40


def read(path: Path) -> tuple[Case, tuple[Finding, ...]]:
    """Give the case in a file, and what is remarkable about the file itself.

    Raises:
        TooLarge: when the file has more than 256 MiB.
        InputError: when it cannot be read as a MATPOWER case; its findings name every fault and line.
    """
    text, encoding = decode(read_bytes(path))
    return parse(text, path.stem, encoding=encoding)


def parse(text: str, name: str = "case", *, encoding: str = "utf-8-sig") -> tuple[Case, tuple[Finding, ...]]:
    r"""Give the case in a text whose lines end in `\n`.

    Arguments:
        text: the file's content.
        name: the case's name when the text has no header.
        encoding: what the text was decoded from.

    Raises:
        InputError: with every fault found, when the text is no complete MATPOWER case.
    """
    sections = _Sections(identifier(name))
    tally = sections.tally
    if encoding != "utf-8-sig":
        tally.add(ENCODING, "line 1", encoding="Shift_JIS" if encoding == "cp932" else encoding)
    text = without_block_comments(text, tally)
    for statement in statements(text, tally, numeric=frozenset(TABLES)):
        _take(sections, statement)
    case = _assemble(sections)
    findings = tally.findings()
    wrong = errors_in(findings)
    if case is None or wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(
            f"{wrong[0].where}: {wrong[0].message}{more}", where=wrong[0].where, findings=findings
        )
    return case, findings


def identifier(name: str) -> str:
    """Give the valid MATLAB identifier nearest to a name."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not plain[:1].isalpha() or plain in RESERVED:
        plain = f"case_{plain}"
    return plain[:LONGEST_NAME]


@dataclass(slots=True)
class _Sections:
    """What a file has been found to say so far."""

    name: str
    variable: str | None = None
    tally: Tally = field(default_factory=Tally)
    seen: dict[str, int] = field(default_factory=dict)
    """Line of each field's value."""
    scalars: dict[str, str] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)


def _take(sections: _Sections, statement: Header | Assignment) -> None:
    """Note one statement of the file."""
    if isinstance(statement, Header):
        if sections.variable is not None:
            sections.tally.add(COMPUTED, f"line {statement.line}", found=f"function {statement.name}")
            return
        sections.name, sections.variable = identifier(statement.name), statement.variable
        return
    if sections.variable is None:
        sections.variable = statement.variable
        sections.tally.add(NO_HEADER, f"line {statement.line}")
    name, where = statement.field, f"line {statement.line}"
    root = name.partition(".")[0]
    if statement.variable != sections.variable or not statement.value or (root != name and root in KNOWN):
        found = f"{statement.variable}.{name} = {statement.value}"
        sections.tally.add(COMPUTED, where, found=found[:SHOWN])
        return
    if name in sections.seen:
        sections.tally.add(REPEATED, f"{name} (line {statement.line})", section=name)
    sections.seen[name] = statement.line
    if name in TABLES:
        _take_matrix(sections, statement)
    elif name in KNOWN:
        sections.scalars[name] = CONTINUATION.sub(" ", COMMENT.sub("", statement.value)).strip()
    else:
        sections.extra[name] = statement.value
        sections.tally.add(KEPT, f"{name} (line {statement.line})", section=name)


KNOWN = frozenset((*TABLES, "version", "baseMVA"))


def _take_matrix(sections: _Sections, statement: Assignment) -> None:
    value = statement.value
    if not (value.startswith("[") and value.endswith("]")):
        sections.tally.add(
            COMPUTED, f"line {statement.line}", found=f"{statement.field} = {value[:SHOWN]} ... {value[-9:]}"
        )
        return
    sections.matrices[statement.field] = parse_matrix(
        value[1:-1], section=statement.field, line=statement.line, tally=sections.tally
    )


def _assemble(sections: _Sections) -> Case | None:
    """Give the case, or None when a part of it is missing, which is then among the findings."""
    for name in REQUIRED:
        if name not in sections.seen:
            sections.tally.add(MISSING, f"mpc.{name}", section=f"mpc.{name}")
    base_mva = _base_mva(sections)
    tables = {name: _table(sections, columns) for name, columns in TABLES.items()}
    bus, gen, branch, cost = tables.values()
    if base_mva is None or bus is None or gen is None or branch is None or cost is None:
        return None
    found = sections.matrices
    width = len(COST.columns)
    return Case(
        name=sections.name,
        base_mva=base_mva,
        bus=bus,
        gen=gen,
        branch=branch,
        cost=cost,
        cost_data=np.ascontiguousarray(found["gencost"].values[:, width:]) if len(cost) else np.zeros((0, 0)),
        lines={name: matrix.lines for name, matrix in found.items()},
        extra_columns={
            name: np.ascontiguousarray(matrix.values[:, len(TABLES[name].columns) :])
            for name, matrix in found.items()
            if name != "gencost" and matrix.values.shape[1] > len(TABLES[name].columns)
        },
        extra_sections=sections.extra,
    )


def _base_mva(sections: _Sections) -> float | None:
    """Give the power base, MVA; check the version on the way."""
    version = sections.scalars.get("version", "2").strip("'\"")
    if version != "2":
        sections.tally.add(VERSION, f"version (line {sections.seen['version']})", found=version[:SHOWN])
    base = sections.scalars.get("baseMVA")
    if base is None:
        return None
    if NUMBER.fullmatch(base) is None:
        where = f"baseMVA (line {sections.seen['baseMVA']})"
        sections.tally.add(NOT_A_NUMBER, where, section="baseMVA", found=base[:SHOWN])
        return None
    return float(base)


def _table(sections: _Sections, columns: Columns) -> Table | None:
    """Give one section as a table; an absent gencost and a matrix without rows are empty tables."""
    matrix = sections.matrices.get(columns.name)
    if matrix is None and columns is not COST:
        return None
    if matrix is None or not len(matrix.values):
        return table(columns, **{name: () for name in columns.names})
    rows, found = matrix.values.shape
    needed = len(columns.columns)
    if found < needed:
        where = f"{columns.name} (line {sections.seen[columns.name]})"
        sections.tally.add(TOO_NARROW, where, section=columns.name, found=found, needed=needed)
        return None
    arrays = dict(zip(columns.names, matrix.values.T, strict=False))
    for column in columns.columns:
        if column.dtype == "int":
            values = arrays[column.name]
            whole = (values == np.floor(values)) & (np.abs(values) <= LARGEST_WHOLE)
            for row in np.flatnonzero(~whole):
                where = f"{columns.name} row {row + 1} (line {matrix.lines[row]})"
                sections.tally.add(NOT_WHOLE, where, column=column.name, found=float(values[row]))
            arrays[column.name] = np.where(whole, values, 0.0)
    return table(columns, **arrays)
