"""Why a run changed its state, in the reader's language; the engine's reasons are English sentences."""

from genba.core.run import Run, State
from genba.faces.console.layout import Visit
from genba.faces.findings import say_fault

REASONS = (
    ("console.reason.waiting", "waiting for a slot"),
    ("console.reason.placed", "a slot is free"),
    ("console.reason.handed", "handed to the local engine"),
    ("console.reason.started", "the worker started"),
    ("console.reason.holds", "the certificate holds"),
    ("console.reason.late", "the certificate holds; the cancel came too late"),
    ("console.reason.cancelled", "cancelled on request"),
    ("console.reason.retry", "retry requested"),
    ("console.reason.stopped", "the supervisor was stopped"),
    ("console.reason.killed", "the worker was killed from outside or for want of memory"),
)
"""The reasons that the engine always words alike."""
KEYS = {english: key for key, english in REASONS}


def reason_text(visit: Visit, reason: str) -> str:
    """Give a reason; one that names a particular fault stays as the engine wrote it."""
    return visit.say(KEYS[reason], reason) if reason in KEYS else reason


def ending_text(visit: Visit, run: Run) -> str:
    """Give why a run ended without success."""
    if run.state is State.REFUSED:
        return visit.say("console.run.refused", "The result must not be used: its certificate does not hold.")
    said = say_fault(visit.language, run)
    return said or reason_text(visit, run.error.message if run.error else run.reason)


def happening_text(visit: Visit, run: Run, reason: str) -> str:
    """Give why a run changed its state at some time; its end is worded as `ending_text` does."""
    ends = run.error is not None and reason in (run.reason, run.error.message)
    return (say_fault(visit.language, run) if ends else "") or reason_text(visit, reason)
