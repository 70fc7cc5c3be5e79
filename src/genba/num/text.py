"""A text file of unknown origin: read whole, within a limit, or refused with one clear sentence."""

import codecs
import os
import stat
from pathlib import Path

from genba.core.errors import TooLarge, input_error, too_large
from genba.core.findings import FindingKind, Severity

LARGEST = 256 * 2**20
"""Bytes; the largest public power grid, 78,484 buses, has 27 million."""
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""First characters with which a spreadsheet takes a text for a formula."""
UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
ENCODINGS = ("utf-8-sig", "cp932", "latin-1")
"""Tried in this order; cp932 is Windows' Shift_JIS, and latin-1 accepts whatever is left."""

NOT_REGULAR = FindingKind(
    "num.file_not_regular", Severity.ERROR, "{path} is not a regular file; give {wanted}"
)
UNREADABLE = FindingKind("num.file_unreadable", Severity.ERROR, "{path} cannot be read: {reason}")
LARGE = FindingKind(
    "num.file_large", Severity.ERROR, "{path} has {size} bytes; at most {largest} are read; give {wanted}"
)
EMPTY = FindingKind("num.file_empty", Severity.ERROR, "the file is empty; give {wanted}")
WIDE = FindingKind("num.file_wide", Severity.ERROR, "the file is UTF-16 or UTF-32; save it as UTF-8")
BINARY = FindingKind(
    "num.file_binary", Severity.ERROR, "line {line}: found a NUL byte, so this is no text file; give {wanted}"
)
NO_CSV = FindingKind("num.file_no_csv", Severity.ERROR, "line {line} is no CSV: {reason}; give {wanted}")


def read_bytes(path: Path, *, wanted: str, largest: int = LARGEST) -> bytes:
    """Give the content of a regular file.

    Arguments:
        path: where it lies.
        wanted: what a message asks for instead.
        largest: bytes that are read at most.

    Raises:
        TooLarge: before anything is read, when the file is larger than `largest` bytes.
        InputError: when there is no such file or it cannot be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe or a device could wait, or never end
            raise input_error(NOT_REGULAR, str(path), path=str(path), wanted=wanted)
        if found.st_size > largest:
            raise _too_large(path, found.st_size, largest, wanted)
        with path.open("rb") as file:
            content = file.read(largest + 1)
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise input_error(UNREADABLE, str(path), path=str(path), reason=str(reason)) from error
    if len(content) > largest:  # it grew since it was measured
        raise _too_large(path, size, largest, wanted)
    return content


def decode(content: bytes, *, wanted: str) -> tuple[str, str]:
    r"""Give the text, lines ending in `\n`, and the encoding it was found to have.

    Arguments:
        content: what the file holds.
        wanted: what a message asks for instead.

    Raises:
        InputError: when the content is empty or no text.
    """
    if not content or content.isspace():
        raise input_error(EMPTY, "line 1", wanted=wanted)
    if content.startswith(UTF_16_OR_32):
        raise input_error(WIDE, "line 1")
    zero = content.find(b"\0")
    if zero >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise input_error(BINARY, f"line {line}", line=line, wanted=wanted)
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return lines, encoding.removesuffix("-sig")


def _too_large(path: Path, size: int, largest: int, wanted: str) -> TooLarge:
    return too_large(LARGE, str(path), path=str(path), size=size, largest=largest, wanted=wanted)
