"""Exceptions for programs, one tree; a message says where, what was found, what is allowed and what to do.

GenbaError
├── InputError      422, exit 2     params or an input file are wrong
│   └── TooLarge    413, exit 2     more than a limit allows
├── NotFound        404, exit 2     no such run, operation or artifact
├── Conflict        409, exit 2     the record says otherwise
├── MissingExtra    501, exit 3     an optional package is not installed
├── Refused         409, exit 4     a result exists and its certificate does not hold
├── DeviceError     503, exit 5     disk, memory, accelerator or time is exhausted
└── Cancelled       499, exit 130   the user asked to stop
"""

from collections.abc import Sequence
from typing import ClassVar

from genba.core.findings import Argument, Finding, FindingKind


class GenbaError(Exception):
    """Base of every error that genba raises on purpose; exit 1 and HTTP 500 when nothing narrower fits."""

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, where: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.findings = tuple(findings)


class InputError(GenbaError):
    """Params or an input file are wrong."""

    http_status = 422
    exit_code = 2
    code = "input"


class TooLarge(InputError):
    """An input is larger, deeper or longer than a stated limit."""

    http_status = 413
    code = "too_large"


class NotFound(GenbaError):
    """A named run, operation or artifact does not exist."""

    http_status = 404
    exit_code = 2
    code = "not_found"


class Conflict(GenbaError):
    """The record does not allow this change now."""

    http_status = 409
    exit_code = 2
    code = "conflict"


class MissingExtra(GenbaError):
    """An optional package is not installed."""

    http_status = 501
    exit_code = 3
    code = "missing_extra"


class Refused(GenbaError):
    """A result exists and its certificate does not hold."""

    http_status = 409
    exit_code = 4
    code = "refused"


class DeviceError(GenbaError):
    """Disk, memory, accelerator or time is exhausted."""

    http_status = 503
    exit_code = 5
    code = "device"


class Cancelled(GenbaError):
    """The user asked to stop."""

    http_status = 499
    exit_code = 130
    code = "cancelled"


def input_error(kind: FindingKind, where: str, /, **arguments: Argument) -> InputError:
    """Give the error of a single finding, which faces word in the reader's language."""
    finding = kind.at(where, **arguments)
    return InputError(finding.message, where=where, findings=(finding,))


def too_large(kind: FindingKind, where: str, /, **arguments: Argument) -> TooLarge:
    """Give the error of a single finding that an input passes a limit."""
    finding = kind.at(where, **arguments)
    return TooLarge(finding.message, where=where, findings=(finding,))


def missing_extra(package: str, extra: str) -> MissingExtra:
    """Give the error that names the exact command which installs `package`."""
    return MissingExtra(f"{package} is not installed; run: pip install 'genba[{extra}]'", where=package)
