"""Collects findings, so that a file with a million faults of one kind gives a report a person can read."""

import math
from dataclasses import dataclass, field

from genba.core.findings import Argument, Finding, FindingKind, Severity

MOST_OF_A_KIND = 100


@dataclass(slots=True)
class Tally:
    """Findings in the order they were seen, at most 100 of a kind, and how many there were of each.

    Arguments:
        more: the domain's kind for a summary, with placeholders `count` and `kind`.
    """

    more: FindingKind
    kept: list[Finding] = field(default_factory=list)
    counts: dict[FindingKind, int] = field(default_factory=dict)

    def add(self, kind: FindingKind, where: str, /, **arguments: Argument) -> None:
        """Keep one finding, or only count it when there are enough of its kind."""
        if self.has_room(kind):
            self.kept.append(kind.at(where, **{name: _plain(value) for name, value in arguments.items()}))
        self.count(kind)

    def count(self, kind: FindingKind, found: int = 1) -> None:
        """Count findings that need no place of their own."""
        self.counts[kind] = self.counts.get(kind, 0) + found

    def has_room(self, kind: FindingKind) -> bool:
        """Whether one more finding of this kind would be listed."""
        return self.counts.get(kind, 0) < MOST_OF_A_KIND

    def findings(self) -> tuple[Finding, ...]:
        """Give what was kept, errors first, and a summary of each kind that overflowed."""
        overflowed = [
            FindingKind(self.more.code, kind.severity, self.more.template).at(
                kind.code, count=found - MOST_OF_A_KIND, kind=kind.code
            )
            for kind, found in self.counts.items()
            if found > MOST_OF_A_KIND
        ]
        return tuple(sorted((*self.kept, *overflowed), key=lambda finding: _ORDER[finding.severity]))


_ORDER = {severity: place for place, severity in enumerate(Severity)}


def _plain(value: Argument) -> Argument:
    """Give a value that a record accepts: not-a-number and infinities become words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
