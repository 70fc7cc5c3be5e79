"""A run as an item of a list: what REST and the command line give of it beside its envelope."""

from typing import Any

from genba.core.records import Record
from genba.core.run import ArtifactRef, Fault, InputRef, Limits, Run, State
from genba.faces.moments import rfc3339


class RunItem(Record):
    """One run in a list: everything but its result, certificate and findings."""

    id: str
    operation: str
    params: dict[str, Any]
    digest: str
    state: State
    reason: str
    holds: bool | None
    """Whether the certificate holds; null before there is one."""
    fraction: float | None
    """Share of the work done, 0 to 1."""
    message: str
    attempt: int
    region: str
    seed: int
    limits: Limits
    token: str | None
    parent: str | None
    shift: str | None
    step: str | None
    ephemeral: bool
    tags: tuple[str, ...]
    note: str
    inputs: tuple[InputRef, ...]
    artifacts: tuple[ArtifactRef, ...]
    error: Fault | None
    seconds: float | None
    """Wall time of the newest attempt, certificate included, s."""
    cancel_requested: bool
    created: str
    updated: str


def run_item(run: Run) -> RunItem:
    """Give the short form of a run."""
    left_out = {"result", "certificate", "findings", "created", "updated"}
    return RunItem(
        **run.model_dump(exclude=left_out),
        holds=run.certificate.holds if run.certificate else None,
        created=rfc3339(run.created),
        updated=rfc3339(run.updated),
    )
