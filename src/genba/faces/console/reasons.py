"""Why a run changed its state, in the reader's language; the engine's reasons are English sentences."""

from genba.core.run import Run, State
from genba.faces.console.layout import Visit

ENGLISH = {
    "waiting": "waiting for a slot",
    "placed": "a slot is free",
    "handed": "handed to the local engine",
    "started": "the worker started",
    "holds": "the certificate holds",
    "cancelled": "cancelled on request",
    "retry": "retry requested",
    "stopped": "the supervisor was stopped",
    "killed": "the worker was killed from outside or for want of memory",
}
"""The reasons that the engine always words alike."""
KEYS = {english: key for key, english in ENGLISH.items()}


def reason_text(visit: Visit, reason: str) -> str:
    """Give a reason; one that names a particular fault stays as the engine wrote it."""
    return visit.say(f"console.reason.{KEYS[reason]}", reason) if reason in KEYS else reason


def ending_text(visit: Visit, run: Run) -> str:
    """Give why a run ended without success."""
    if run.state is State.REFUSED:
        return visit.say("console.run.refused", "The result must not be used: its certificate does not hold.")
    return reason_text(visit, run.error.message if run.error else run.reason)
