"""How every study of a line opens it."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from genba.core.context import Context
from genba.core.errors import input_error
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.tally import Tally
from genba.line.checks.line import check
from genba.line.checks.tally import MORE
from genba.line.io import alb, csv, json, scholl, toml
from genba.line.records.line import SUFFIXES, Line, LineParams
from genba.num.text import read_bytes

Reader = Callable[..., Line | None]
NO_LINE = FindingKind("line.file_holds_none", Severity.ERROR, "{name} holds no line; give {wanted}")
NO_KIND = FindingKind("line.file_kind", Severity.ERROR, "{name} is no file that is read here; give {wanted}")


def _read_workbook(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Read a workbook; openpyxl is an extra that other files do without."""
    found: Line | None = import_module("genba.line.io.excel").read(content, tally, name=name)
    return found


READERS: dict[str, Reader] = {
    ".toml": toml.read,
    ".json": json.read,
    ".xlsx": _read_workbook,
    ".csv": csv.read,
    ".in2": scholl.read,
    ".alb": alb.read,
}
WANTED = f"a line as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
BEGINNINGS = (
    (rb"PK\x03\x04", ".xlsx"),
    (rb"\s*\{", ".json"),
    (rb"\s*<", ".alb"),
    (rb"\s*\d+\s*\n", ".in2"),
    (rb"(\s*#[^\n]*\n)*\s*(\[|[\w\"-]+\s*=)", ".toml"),
    (rb"[^\n]*[,;\t]", ".csv"),
)
"""How files of each kind begin; an uploaded file may have no suffix to tell it by."""
BEGINNING = 4096


def open_line(params: LineParams, ctx: Context) -> Line:
    """Read the line and check it; the findings of file and line are kept in the context.

    Raises:
        InputError: when the file cannot be read, or a finding forbids any study.
    """
    path = ctx.path(params.line)
    line, findings = read_line(path)
    ctx.check((*findings, *(check(line) if line is not None else ())))
    if line is None:  # a reader that gives nothing has said why, and the check above has raised
        raise input_error(NO_LINE, path.name, name=path.name, wanted=WANTED)
    return line


def read_line(path: Path) -> tuple[Line | None, tuple[Finding, ...]]:
    """Read a line without checking it; none where the findings say why it cannot be read.

    Raises:
        InputError: when the file is no file of a line.
    """
    content = read_bytes(path, wanted=WANTED)
    tally = Tally(MORE)
    line = READERS[_kind(path, content)](content, tally, name=path.stem)
    return line, tally.findings()


def _kind(path: Path, content: bytes) -> str:
    """Give the suffix that says how to read a file.

    Raises:
        InputError: when it is none of those that are read.
    """
    suffix = path.suffix.lower()
    if suffix in READERS:
        return suffix
    start = content.removeprefix(b"\xef\xbb\xbf")[:BEGINNING]
    found = next((kind for pattern, kind in BEGINNINGS if not suffix and re.match(pattern, start)), None)
    if found is None:
        raise input_error(NO_KIND, path.name, name=path.name, wanted=WANTED)
    return found
