"""What the line's checks and readers say when there are too many findings of a kind."""

from genba.core.findings import FindingKind, Severity

MORE = FindingKind("line.more", Severity.NOTE, "{count} more findings of the kind {kind} are not listed.")
