"""One request and its tries: the state machine, the record of a run, and what an engine hands a worker."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from genba.core.certificate import Certificate
from genba.core.findings import Finding
from genba.core.records import Record


class State(StrEnum):
    """Where a run stands."""

    ACCEPTED = "accepted"
    PLACED = "placed"
    SUBMITTED = "submitted"
    RUNNING = "running"
    LOST = "lost"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


BACKEND = r"^(cpu|cuda:\d{1,3})$"
TERMINAL = frozenset({State.SUCCEEDED, State.REFUSED, State.FAILED, State.CANCELLED})
ACTIVE = frozenset(State) - TERMINAL

TRANSITIONS: dict[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.PLACED, State.FAILED, State.CANCELLED}),
    State.PLACED: frozenset({State.SUBMITTED, State.FAILED, State.CANCELLED}),
    State.SUBMITTED: frozenset({State.RUNNING, State.LOST, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.REFUSED, State.LOST, State.FAILED, State.CANCELLED}),
    State.LOST: frozenset({State.PLACED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.REFUSED: frozenset({State.ACCEPTED}),
    State.FAILED: frozenset({State.ACCEPTED}),
    State.CANCELLED: frozenset({State.ACCEPTED}),
}


class Limits(Record):
    """What one attempt may use, and where; more ends the run as `failed` with the reason."""

    memory_mib: Annotated[int, Field(ge=16, le=2**24)] = 8192
    """Private memory of the worker, MiB."""
    wall_s: Annotated[int, Field(ge=1, le=30 * 86_400)] = 3600
    """Wall time, s."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads of the numerical libraries and of the operation."""
    backend: Annotated[str, Field(pattern=BACKEND)] = "cpu"
    """Where arrays live: `cpu` or a GPU such as `cuda:0`; an operation without use for one ignores it."""


class InputRef(Record):
    """One input file of a run: the field that names it, what it was called, and its content."""

    field: str
    name: str
    sha256: str
    bytes: int


class ArtifactRef(Record):
    """One output file of a run."""

    name: str
    sha256: str
    bytes: int
    media_type: str


class Fault(Record):
    """Why there is no result: an error of the tree of `core.errors`, as data."""

    code: str
    message: str
    where: str = ""


class Event(Record):
    """One entry of a run's history."""

    seq: int
    run: str
    attempt: int
    at: int
    """Nanoseconds UTC."""
    before: State | None
    after: State
    reason: str


class Attempt(Record):
    """One try of a run."""

    run: str
    number: int
    """Fencing number: only the newest attempt may publish."""
    region: str
    backend: str
    state: State
    owner: str
    """The supervisor that holds it: `<pid>-<start time>`."""
    lease_until: int | None
    """Nanoseconds UTC after which the attempt counts as lost."""
    started: int | None
    """Nanoseconds UTC."""
    ended: int | None
    """Nanoseconds UTC."""
    versions: dict[str, str]


class Run(Record):
    """One request, its standing and, once there is one, its result."""

    id: str
    """ULID: sorts by time."""
    operation: str
    params: dict[str, Any]
    digest: str
    state: State
    reason: str
    attempt: int
    """Number of the newest attempt; 0 before the first."""
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
    created: int
    """Nanoseconds UTC."""
    updated: int
    """Nanoseconds UTC."""
    cancel_requested: bool
    fraction: float | None
    """Share of the work done, 0 to 1."""
    message: str
    """The newest progress message."""
    result: dict[str, Any] | None
    certificate: Certificate | None
    findings: tuple[Finding, ...]
    artifacts: tuple[ArtifactRef, ...]
    error: Fault | None
    seconds: float | None
    """Wall time of the newest attempt, certificate included, s."""


class RunSpec(Record):
    """What an engine hands a worker, as one JSON file in the attempt's directory."""

    run: str
    attempt: int
    operation: str
    params: dict[str, Any]
    files: dict[str, str]
    """Readable path of each input, by the text that the params name it with."""
    limits: Limits
    seed: int
    backend: str
