"""The templates that a planner fills in: a small invented line, as TOML and as Excel workbook."""

from importlib import import_module
from pathlib import Path

from genba.core.tally import Tally
from genba.line.checks.tally import MORE
from genba.line.io import toml

EXAMPLES = Path(__file__).parent.parent / "examples"
STARTER = {"en": EXAMPLES / "starter.toml", "ja": EXAMPLES / "ja" / "starter.toml"}


def content(suffix: str, language: str) -> bytes:
    """Give the template as a file of one kind.

    Arguments:
        suffix: `.xlsx` or `.toml`.
        language: of its texts, comments and headings, `en` or `ja`.

    Raises:
        MissingExtra: when the workbook is asked for and openpyxl is not installed.
    """
    written = STARTER[language].read_bytes()
    if suffix == ".toml":
        return written
    line = toml.read(written, Tally(MORE), name="line")
    workbook: bytes = import_module("genba.line.io.excel").write(line, language)
    return workbook
