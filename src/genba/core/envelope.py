"""The one JSON object in which every face gives a run, or the error that prevented it."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from genba.core.certificate import Certificate
from genba.core.errors import GenbaError
from genba.core.findings import Finding
from genba.core.records import Record
from genba.core.run import ArtifactRef, Fault, Run, State


class Envelope(Record):
    """`genba.run/1`: a run as `--json`, REST and Python give it."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_: Literal["genba.run/1"] = Field(default="genba.run/1", alias="schema")
    run: str | None
    operation: str | None
    status: State | Literal["error"]
    reason: str
    certificate: Certificate | None
    result: dict[str, Any] | None
    findings: tuple[Finding, ...]
    artifacts: tuple[ArtifactRef, ...]
    error: Fault | None
    seconds: float | None
    """Wall time, certificate included, s."""


def envelope_of(run: Run) -> Envelope:
    """Give the envelope of a run."""
    return Envelope(
        run=run.id,
        operation=run.operation,
        status=run.state,
        reason=run.reason,
        certificate=run.certificate,
        result=run.result,
        findings=run.findings,
        artifacts=run.artifacts,
        error=run.error,
        seconds=run.seconds,
    )


def fault_of(error: GenbaError) -> Fault:
    """Give an exception as data."""
    return Fault(code=error.code, message=error.message, where=error.where)


def envelope_of_error(error: GenbaError, operation: str | None = None) -> Envelope:
    """Give the envelope of a request that never became a run."""
    return Envelope(
        run=None,
        operation=operation,
        status="error",
        reason=error.message,
        certificate=None,
        result=None,
        findings=error.findings,
        artifacts=(),
        error=fault_of(error),
        seconds=None,
    )
