"""A run in the command's own process: solved, certified, shown; nothing is recorded."""

import time
from typing import Any

from genba.core.context import Context
from genba.core.envelope import Envelope
from genba.core.operation import Operation, Outcome
from genba.core.run import State
from genba.faces.cli.following import silent, tell_lines
from genba.faces.cli.options import RunOptions
from genba.faces.cli.rendering import heads_of, verdict
from genba.faces.cli.terminal import document, pairs, show
from genba.faces.words import number

FIRST_ROWS = 3
REFUSED = 4


def run_here(
    operation: Operation[Any, Any], values: dict[str, Any], *, options: RunOptions, as_json: bool
) -> int:
    """Perform an operation and give the exit code; Ctrl-C ends it at its next report of progress."""
    report = silent if as_json else tell_lines(operation.name)
    context = Context(path=operation.path, seed=options.seed, threads=options.threads, report=report)
    begin = time.perf_counter()
    outcome = operation(context, **values)
    seconds = time.perf_counter() - begin
    if as_json:
        document(_envelope(operation, outcome, seconds).model_dump(mode="json"))
    else:
        _show(operation, operation.parse(values), outcome, seconds)
    return 0 if outcome.certificate.holds else REFUSED


def _envelope(operation: Operation[Any, Any], outcome: Outcome[Any], seconds: float) -> Envelope:
    holds = outcome.certificate.holds
    return Envelope(
        run=None,
        operation=operation.name,
        status=State.SUCCEEDED if holds else State.REFUSED,
        reason="the certificate holds" if holds else "the certificate does not hold",
        certificate=outcome.certificate,
        result=outcome.result.model_dump(mode="json"),
        findings=outcome.findings,
        artifacts=(),
        error=None,
        seconds=seconds,
    )


def _show(operation: Operation[Any, Any], params: Any, outcome: Outcome[Any], seconds: float) -> None:
    views = operation.views(params, outcome.result)
    rows: list[tuple[str, object]] = [
        ("operation", operation.name),
        ("outcome", outcome.result.outcome),
        *((entry.label, number(entry.value, entry.unit)) for entry in views.headlines),
        ("certificate", verdict(outcome.certificate)),
        ("time", f"{seconds:.2f} s, certificate included"),
        *((finding.severity, f"{finding.where}: {finding.message}") for finding in outcome.findings),
    ]
    show(pairs(rows), *heads_of(outcome.result.model_dump(mode="json"), FIRST_ROWS))
