"""Validation as data: every fault of an input in one pass, worded at the face in the reader's language."""

from dataclasses import dataclass
from enum import StrEnum

from genba.core.records import Record

Argument = str | int | float | None


class Severity(StrEnum):
    """How much a finding matters; an operation refuses to run on an `error`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Record):
    """One fault or remark about an input."""

    code: str
    """Stable name such as `grid.zero_impedance`; the key of its translations."""
    severity: Severity
    where: str
    """The element and, where known, the line: `branch 12 (line 340)`."""
    arguments: dict[str, Argument] = {}
    """What the message's placeholders stand for."""
    message: str
    """The English sentence: what was found, what is allowed, what to do."""


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of finding that a check can report.

    Arguments:
        code: stable name, prefixed with the domain.
        severity: `error`, `warning` or `note`.
        template: English sentence with `{placeholders}`.
    """

    code: str
    severity: Severity
    template: str

    def at(self, where: str, /, **arguments: Argument) -> Finding:
        """Give the finding of this kind at one place."""
        message = self.template.format(where=where, **arguments)
        return Finding(
            code=self.code, severity=self.severity, where=where, arguments=arguments, message=message
        )


def errors_in(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Give the findings that forbid a run."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
