"""What REST answers besides envelopes: short forms of records, with times as RFC 3339."""

from typing import Any

from pydantic import Field

from genba.core.records import Record
from genba.core.run import Attempt, Event, State
from genba.faces.items import RunItem
from genba.faces.moments import rfc3339
from genba.factory.request import Tag


class OperationItem(Record):
    """One operation in a list."""

    name: str
    domain: str
    verb: str
    summary: str
    example: str
    """Arguments of a call on the command line."""


class OperationDescription(OperationItem):
    """One operation with the schemas of what it takes and gives."""

    description: str
    params: dict[str, Any]
    """JSON schema."""
    result: dict[str, Any]
    """JSON schema."""


class OperationList(Record):
    """Every operation."""

    items: tuple[OperationItem, ...]
    next: None = None


class RunList(Record):
    """Some runs, newest first."""

    items: tuple[RunItem, ...]
    next: str | None
    """Cursor of the next page; null when this was the last."""


class EventItem(Record):
    """One entry of a run's history."""

    seq: int
    attempt: int
    at: str
    before: State | None
    after: State
    reason: str


class EventList(Record):
    """The history of a run, oldest first."""

    items: tuple[EventItem, ...]
    next: None = None


class AttemptItem(Record):
    """One try of a run."""

    number: int
    region: str
    backend: str
    state: State
    owner: str
    started: str | None
    ended: str | None
    versions: dict[str, str]


class AttemptList(Record):
    """The tries of a run, first to last."""

    items: tuple[AttemptItem, ...]
    next: None = None


class Uploaded(Record):
    """A stored file, and the text that names it among params."""

    name: str
    sha256: str
    bytes: int
    file: str
    """`sha256:...`: what a field of Params takes."""


class Changes(Record):
    """Which params of a run to change before it is run again as a new run."""

    changes: dict[str, Any] = Field(min_length=1, max_length=100)


class Annotation(Record):
    """What a person says about a run; what is left out stays as it is."""

    tags: tuple[Tag, ...] | None = Field(None, max_length=50)
    note: str | None = Field(None, max_length=10_000)


def event_item(event: Event) -> EventItem:
    """Give the short form of an event."""
    return EventItem(
        seq=event.seq,
        attempt=event.attempt,
        at=rfc3339(event.at),
        before=event.before,
        after=event.after,
        reason=event.reason,
    )


def attempt_item(attempt: Attempt) -> AttemptItem:
    """Give the short form of an attempt."""
    return AttemptItem(
        number=attempt.number,
        region=attempt.region,
        backend=attempt.backend,
        state=attempt.state,
        owner=attempt.owner,
        started=_time(attempt.started),
        ended=_time(attempt.ended),
        versions=attempt.versions,
    )


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
