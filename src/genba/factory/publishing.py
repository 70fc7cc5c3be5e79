"""From what a worker left behind to how its run ends."""

import signal

from pydantic import ValidationError

from genba.core.certificate import Certificate, Claim
from genba.core.errors import Conflict
from genba.core.run import Fault, State
from genba.factory.attempt import AttemptDirectory, AttemptOutcome
from genba.store.artifacts import ArtifactStore, Stored
from genba.store.disk import explained
from genba.store.runs import Ending

SHOWN = 3


def read_outcome(directory: AttemptDirectory) -> AttemptOutcome | None:
    """Give the outcome of an attempt, or None when it was not left or is not readable."""
    if not directory.outcome.exists():
        return None
    try:
        with explained(directory.outcome):
            return AttemptOutcome.model_validate_json(directory.outcome.read_bytes())
    except ValidationError:
        return None


def ending_of(outcome: AttemptOutcome, directory: AttemptDirectory, store: ArtifactStore) -> Ending:
    """Move the outputs into the store, and give the ending that the outcome deserves."""
    if outcome.error is not None or outcome.claims is None:
        error = outcome.error or Fault(code="error", message="the worker left neither result nor error")
        return _ending(outcome, State.FAILED, error.message, error=error)
    try:
        for output in outcome.outputs:
            store.adopt(directory.outputs / output.name, Stored(output.sha256, output.bytes))
    except Conflict as conflict:
        error = Fault(code="device", message=conflict.message, where=conflict.where)
        return _ending(outcome, State.FAILED, error.message, error=error)
    certificate = Certificate(claims=outcome.claims)
    if certificate.holds:
        return _ending(outcome, State.SUCCEEDED, "the certificate holds", certificate=certificate)
    return _ending(outcome, State.REFUSED, refusal(certificate), certificate=certificate)


def refusal(certificate: Certificate) -> str:
    """Word why a certificate does not hold."""
    if not certificate.claims:
        return "the certificate makes no claim"
    shown = "; ".join(_failed(claim) for claim in certificate.failed[:SHOWN])
    more = len(certificate.failed) - SHOWN
    return f"the certificate does not hold: {shown}" + (f" and {more} more" if more > 0 else "")


def crash(status: int) -> str:
    """Word how a worker ended that left no outcome."""
    if status < 0:
        return f"the worker crashed with {signal.Signals(-status).name}; its log may say more"
    return f"the worker ended with status {status} before it was done; its log may say more"


def _failed(claim: Claim) -> str:
    found = "nothing" if claim.value is None else f"{claim.value:.6g}"
    allowed = "" if claim.bound is None else f", allowed {claim.bound:.6g}"
    unit = "" if claim.unit == "1" else f" {claim.unit}"
    return f"{claim.name} (found {found}{allowed}{unit})"


def _ending(
    outcome: AttemptOutcome,
    state: State,
    reason: str,
    *,
    certificate: Certificate | None = None,
    error: Fault | None = None,
) -> Ending:
    return Ending(
        state=state,
        reason=reason,
        result=outcome.result,
        certificate=certificate,
        findings=outcome.findings,
        artifacts=() if error else outcome.outputs,
        error=error,
        seconds=outcome.seconds,
        versions=outcome.versions,
    )
