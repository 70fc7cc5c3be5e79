"""What people see of a run in the command's own process."""

from typing import Any

from genba.core.operation import Operation, Outcome
from genba.faces.cli.results import heads_of, verdict
from genba.faces.cli.telling import tell_lines
from genba.faces.cli.terminal import pairs, show
from genba.faces.words import number

FIRST_ROWS = 3


def show_outcome(
    operation: Operation[Any, Any], params: Any, outcome: Outcome[Any], *, seconds: float
) -> None:
    """Show headlines, certificate, time, findings and the heads of the tables."""
    rows: list[tuple[str, object]] = [
        ("operation", operation.name),
        ("outcome", outcome.result.outcome),
        *(
            (entry.label, number(entry.value, entry.unit))
            for entry in operation.headlines(params, outcome.result)
        ),
        ("certificate", verdict(outcome.certificate)),
        ("time", f"{seconds:.2f} s, certificate included"),
        *((finding.severity, f"{finding.where}: {finding.message}") for finding in outcome.findings),
    ]
    show(pairs(rows), *heads_of(outcome.result.model_dump(mode="json"), FIRST_ROWS))


__all__ = ["show_outcome", "tell_lines"]
