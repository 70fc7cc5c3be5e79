"""What a running operation may ask of its engine: files, progress, time, randomness, outputs."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from genba.core.errors import Cancelled, InputError
from genba.core.findings import Finding, errors_in
from genba.core.inputs import InputFile


class Checkpoint(Protocol):
    """Where an operation keeps what it needs to go on after an interruption."""

    def load(self) -> bytes | None:
        """Give what the last attempt saved, or None."""

    def save(self, state: bytes) -> None:
        """Keep `state` durably, replacing what was kept before."""


class Outputs(Protocol):
    """Where an operation writes files besides its result's tables."""

    def write(self, name: str, content: bytes, media_type: str) -> None:
        """Keep `content` as the output `name` of this run."""


class NoCheckpoint:
    """Keeps nothing: an operation called in process starts afresh."""

    def load(self) -> bytes | None:
        """Give None."""
        return None

    def save(self, state: bytes) -> None:
        """Forget `state`."""


class NoOutputs:
    """Keeps nothing: an operation called in process returns its result only."""

    def write(self, name: str, content: bytes, media_type: str) -> None:
        """Forget `content`."""


def local_path(file: InputFile) -> Path:
    """Give the path that an input file names, when no store is at hand."""
    if not file.is_local:
        raise InputError(
            f"found {file}, which names a stored file; in process only paths are read: use genba.submit",
            where=str(file),
        )
    return Path(file)


@dataclass(slots=True, kw_only=True)
class Context:
    """Built by the engine inside the worker, or in process by a Python call; never pickled."""

    backend: str = "cpu"
    threads: int = 1
    seed: int = 0
    clock: Callable[[], int] = time.time_ns
    """Nanoseconds UTC."""
    path: Callable[[InputFile], Path] = local_path
    """Gives the readable path of an input file."""
    report: Callable[[float, str], None] = lambda fraction, message: None
    """Receives progress; faces turn it into bars and an ETA."""
    cancelled: Callable[[], bool] = lambda: False
    """Whether the user asked to stop."""
    checkpoint: Checkpoint = field(default_factory=NoCheckpoint)
    artifacts: Outputs = field(default_factory=NoOutputs)
    findings: list[Finding] = field(default_factory=list)
    """What `check` has seen; part of the outcome."""
    told: tuple[float, str] = (0.0, "")
    """The newest progress."""
    span: tuple[float, float] = (0.0, 1.0)
    """Which part of the whole work the fractions of `progress` are of."""
    waits: int = 0
    """For how many things the work waits, one within the other."""

    def go_from(self, begin: float, end: float) -> None:
        """Let the fractions that follow be those of the part of the work from `begin` to `end`."""
        self.span = (begin, end)
        self.told = (begin, self.told[1])

    def progress(self, fraction: float, message: str) -> None:
        """Report the share of the work done (0 to 1); the place where a run notices that it is cancelled.

        What is told never falls: a second try of a part stands where the first one ended.

        Raises:
            Cancelled: when the user asked to stop.
        """
        if self.cancelled():
            raise Cancelled("cancelled on request")
        begin, end = self.span
        done = begin + (end - begin) * min(max(fraction, 0.0), 1.0)
        self.told = max(done, self.told[0]), message
        self.report(*self.told)

    def check(self, findings: Iterable[Finding]) -> None:
        """Keep `findings` for the outcome, and stop when one of them forbids the run.

        Raises:
            InputError: with every finding, when one has severity error.
        """
        self.findings.extend(findings)
        wrong = errors_in(tuple(self.findings))
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise InputError(f"{wrong[0].message}{more}", where=wrong[0].where, findings=self.findings)


_at_work: ContextVar[Context | None] = ContextVar("at_work", default=None)


@contextmanager
def at_work(context: Context) -> Iterator[None]:
    """Let `wait_for` find the context of the operation that runs meanwhile."""
    token, context.waits = _at_work.set(context), 0
    try:
        yield
    finally:
        _at_work.reset(token)


def working_for() -> Context | None:
    """Give the context of the operation at work, if any."""
    return _at_work.get()


def work_for(context: Context | None) -> None:
    """Let a thread work for an operation until it ends."""
    _at_work.set(context)


def heed() -> None:
    """Stop the operation at work, if any, when that is wished; for loops of seconds that tell no progress.

    Raises:
        Cancelled: when the user asked to stop.
    """
    context = _at_work.get()
    if context is not None and context.cancelled():
        raise Cancelled("cancelled on request")


def wait_for(what: str) -> None:
    """Tell beside the newest progress what the operation at work, if any, waits for until `go_on`.

    Raises:
        Cancelled: when the user asked to stop.
    """
    heed()
    context = _at_work.get()
    if context is None:
        return
    context.waits += 1
    fraction, message = context.told
    context.report(fraction, f"{message}: {what}" if message else what)


def go_on() -> None:
    """Tell the newest progress again, when nothing is waited for any more."""
    context = _at_work.get()
    if context is None:
        return
    context.waits -= 1
    if context.waits == 0:
        context.report(*context.told)
