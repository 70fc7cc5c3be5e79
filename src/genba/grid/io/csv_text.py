"""The text of a CSV file; a workbook, an archive or other binary data is refused with one sentence."""

import re

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.num.text import decode

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and any other zip archive begin, and the older .xls."""
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
"""What no program writes in the names of columns."""

WORKBOOK = FindingKind(
    "grid.file_workbook",
    Severity.ERROR,
    "the file is an Excel workbook or a zip archive; save its sheet as CSV and give {wanted}",
)
CONTROL_CHARACTER = FindingKind(
    "grid.file_control",
    Severity.ERROR,
    "line 1: found a control character, so this is no text file; give {wanted}",
)


def csv_text(content: bytes, *, wanted: str) -> str:
    r"""Give the text, lines ending in `\n`.

    Arguments:
        content: what the file holds.
        wanted: what a message asks for instead.

    Raises:
        InputError: when the content is empty, a workbook or no text.
    """
    if content.startswith(WORKBOOKS):
        raise input_error(WORKBOOK, "file", wanted=wanted)
    text, _ = decode(content, wanted=wanted)
    if CONTROL.search(text.partition("\n")[0]):
        raise input_error(CONTROL_CHARACTER, "line 1", wanted=wanted)
    return text


__all__ = ["csv_text"]
