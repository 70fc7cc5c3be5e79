"""What a MATPOWER file says, section by section, before any of it becomes a case."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.io.matlab import COMPUTED, Assignment, Header, statements, without_block_comments
from genba.grid.io.matrix import COMMENT, CONTINUATION, Matrix, parse_matrix
from genba.grid.records.case import BRANCH, BUS, COST, UNIT

KEPT = FindingKind(
    "grid.section_kept",
    Severity.NOTE,
    "The section {section} is not interpreted; it is kept and written back as it came.",
)
NOT_MODELLED = FindingKind(
    "grid.not_modelled",
    Severity.WARNING,
    "No study here models the equipment of the section {section}; it is kept and written back as it came.",
)
EQUIPMENT = frozenset(
    ("dcline", "dcbus", "dcconv", "dcbranch", "busdc", "convdc", "branchdc", "storage", "ne_branch")
)
"""Sections of MATPOWER and its extensions that stand for power flows, so that ignoring them is no detail."""
REPEATED = FindingKind(
    "grid.section_repeated", Severity.WARNING, "The section {section} is given again; the last one counts."
)
NO_HEADER = FindingKind(
    "grid.no_header",
    Severity.WARNING,
    "The file does not begin with `function mpc = name`, which MATPOWER needs.",
)
TABLES = {columns.name: columns for columns in (BUS, UNIT, BRANCH, COST)}
SCALARS = frozenset(("version", "baseMVA"))
LONGEST_NAME = 63
"""Characters of a MATLAB identifier."""
RESERVED = frozenset(
    ("break", "case", "catch", "classdef", "continue", "else", "elseif", "end", "for", "function", "global")
    + ("if", "otherwise", "parfor", "persistent", "return", "spmd", "switch", "try", "while")
)
LONGEST_SHOWN = 40


@dataclass(slots=True)
class Sections:
    """What a file has been found to say."""

    name: str
    variable: str | None = None
    seen: dict[str, int] = field(default_factory=dict)
    """Line of each field's value, even of one that cannot be read."""
    scalars: dict[str, str] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    """Text of the fields that nothing here interprets."""


def collect(text: str, name: str, tally: Tally, heed: Callable[[], None]) -> Sections:
    r"""Give what a text says whose lines end in `\n`; faults go to the tally.

    Arguments:
        text: the file's content.
        name: the case's name when there is no header.
        tally: receives what cannot be read, and what is not interpreted.
        heed: called between pieces of work; may raise to stop.
    """
    sections = Sections(identifier(name))
    plain = without_block_comments(text, tally)
    for statement in statements(plain, tally, numeric=frozenset(TABLES)):
        if isinstance(statement, Header):
            _take_header(sections, statement, tally)
        else:
            _take(sections, statement, tally, heed)
    return sections


def identifier(name: str) -> str:
    """Give the valid MATLAB identifier nearest to a name."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not plain[:1].isalpha() or plain in RESERVED:
        plain = f"case_{plain}"
    return plain[:LONGEST_NAME]


def _take_header(sections: Sections, header: Header, tally: Tally) -> None:
    if sections.variable is not None:
        tally.add(COMPUTED, f"line {header.line}", found=f"function {header.name}"[:LONGEST_SHOWN])
        return
    sections.name, sections.variable = identifier(header.name), header.variable


def _take(sections: Sections, statement: Assignment, tally: Tally, heed: Callable[[], None]) -> None:
    """Note what one field is set to."""
    name = statement.field
    if sections.variable is None:
        sections.variable = statement.variable
        tally.add(NO_HEADER, f"line {statement.line}")
    if statement.variable != sections.variable:
        _refuse(statement, tally)
        return
    if name in sections.seen:
        tally.add(REPEATED, f"{name} (line {statement.line})", section=name)
    sections.seen[name] = statement.line
    value = statement.value
    if value is None:  # reported where its end was looked for
        return
    root = name.partition(".")[0]
    inside_known = root != name and (root in TABLES or root in SCALARS)
    is_matrix = value.startswith("[") and value.endswith("]")
    if not value or inside_known or (name in TABLES and not is_matrix):
        _refuse(statement, tally)
    elif name in TABLES:
        sections.matrices[name] = parse_matrix(
            value[1:-1], section=name, line=statement.line, tally=tally, heed=heed
        )
    elif name in SCALARS:
        sections.scalars[name] = CONTINUATION.sub(" ", COMMENT.sub("", value)).strip()
    else:
        sections.extra[name] = value
        kind = NOT_MODELLED if name in EQUIPMENT else KEPT
        tally.add(kind, f"{name} (line {statement.line})", section=name)


def _refuse(statement: Assignment, tally: Tally) -> None:
    value = statement.value or ""
    shown = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]} ... {value[-8:]}"
    found = f"{statement.variable}.{statement.field} = {shown}"
    tally.add(COMPUTED, f"{statement.field} (line {statement.line})", found=found)
