"""A run in the command's own process: solved, certified, given; nothing is recorded."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from genba.core.context import Context
from genba.core.envelope import Envelope
from genba.core.operation import Operation, Outcome
from genba.core.run import State
from genba.faces.cli.document import document
from genba.faces.cli.options import RunOptions

REFUSED = 4


def run_here(
    operation: Operation[Any, Any], values: dict[str, Any], *, options: RunOptions, as_json: bool
) -> int:
    """Perform an operation and give the exit code; Ctrl-C ends it at its next report of progress."""
    if as_json:
        outcome, seconds = _performed(operation, values, options, _silent)
        document(_envelope(operation, outcome, seconds).model_dump(mode="json"))
    else:
        people = import_module("genba.faces.cli.outcome")  # programs wait for nothing that is drawn
        outcome, seconds = _performed(operation, values, options, people.tell_lines(operation.name))
        people.show_outcome(operation, operation.parse(values), outcome, seconds=seconds)
    return 0 if outcome.certificate.holds else REFUSED


def _performed(
    operation: Operation[Any, Any],
    values: dict[str, Any],
    options: RunOptions,
    report: Callable[[float, str], None],
) -> tuple[Outcome[Any], float]:
    """Give the outcome and the seconds that it took."""
    limits = options.limits
    context = Context(
        path=operation.path, seed=options.seed, threads=limits.threads, backend=limits.backend, report=report
    )
    begin = time.perf_counter()
    outcome = operation(context, **values)
    return outcome, time.perf_counter() - begin


def _silent(fraction: float, message: str) -> None:
    """Tell nobody how far an operation is."""


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
