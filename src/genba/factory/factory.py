"""The factory as programs see it: every face, and Python, asks only this."""

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import __version__ as sqlalchemy_version

from genba.core.columns import Columns, TableRef
from genba.core.errors import Conflict, NotFound
from genba.core.home import home as home_directory
from genba.core.operation import Operation, Say
from genba.core.records import Params, Result
from genba.core.run import ACTIVE, TERMINAL, ArtifactRef, Attempt, Event, InputRef, Run, State
from genba.core.ulid import ulid
from genba.core.views import Headline, Views
from genba.factory import registry
from genba.factory.answers import Comparison, Difference, Health, LogChunk, Page
from genba.factory.attempt import AttemptDirectory
from genba.factory.comparing import compare
from genba.factory.intake import Intake, Taken, safe_name, same_content
from genba.factory.lock import holder
from genba.factory.progress import newest
from genba.factory.publishing import ending_of, read_outcome
from genba.factory.recovery import Standing, end_processes, standing
from genba.factory.request import NEWEST, PLAIN, Request, RunQuery
from genba.factory.worker import versions
from genba.num import parquet
from genba.num.table import Table, TableOf
from genba.store.artifacts import ArtifactStore
from genba.store.database import Database
from genba.store.disk import explained
from genba.store.queries import Held, Queries
from genba.store.runs import Runs
from genba.store.schema import REVISION

NS = 1_000_000_000
EPHEMERAL_S = 3600
INCOMING_S = 86_400

__all__ = [
    "Comparison",
    "Difference",
    "Factory",
    "Health",
    "LogChunk",
    "Page",
    "Request",
    "RunQuery",
]


class Factory:
    """One home, open: safe to use from several threads, and beside other processes."""

    def __init__(self, home: Path, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self.home = home
        self.database = database
        self.clock = clock
        self.artifacts = ArtifactStore(home)
        self.queries = Queries(database)
        self.record = Runs(database, clock)
        self._intake = Intake(self.queries, self.artifacts)

    @classmethod
    def open(cls, home: Path | str | None = None) -> "Factory":
        """Open a home, creating it when it is new.

        Raises:
            DeviceError: when it cannot be written or is damaged.
            Conflict: when another version of genba made it.
        """
        path = home_directory(home)
        return cls(path, Database.open(path))

    def close(self) -> None:
        """Release files and connections."""
        self.database.close()

    def __enter__(self) -> "Factory":
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()

    # requests

    def submit(self, operation: str, params: Mapping[str, Any], request: Request = PLAIN) -> Run:
        """Accept one run: durable when this returns, whether or not anybody works on it yet.

        Raises:
            NotFound: when there is no such operation, or a file or run that the params name.
            InputError: when params are wrong.
            Conflict: when the token was used for other params.
        """
        return self.accept(operation, self.take(operation, params, request), request)

    def take(self, operation: str, params: Mapping[str, Any], request: Request = PLAIN) -> Taken:
        """Check a request and store its files, without making a run."""
        return self._intake.take(registry.operation(operation), params, local_files=request.local_files)

    def accept(self, operation: str, taken: Taken, request: Request) -> Run:
        """Make the run of a request that has been taken in."""
        now = self.clock()
        return self.record.accept(
            Run(
                id=ulid(now, secrets.randbits(60)),
                operation=operation,
                params=taken.params,
                digest=taken.digest,
                state=State.ACCEPTED,
                reason="waiting for a slot",
                attempt=0,
                region="local",
                inputs=taken.inputs,
                created=now,
                updated=now,
                cancel_requested=False,
                fraction=None,
                message="",
                result=None,
                certificate=None,
                findings=(),
                artifacts=(),
                error=None,
                seconds=None,
                **request.model_dump(exclude={"local_files"}),
            )
        )

    def cancel(self, run_id: str) -> Run:
        """End a run; one that works ends at its next report, or is killed after a grace of five seconds.

        Raises:
            Conflict: when it has ended otherwise.
        """
        run = self.queries.run(run_id)
        self.record.cancel(run.id)
        for held in self.queries.held((run.id,)):
            if standing(held, self.clock()) is Standing.ABANDONED:  # nobody would hear the request
                self._end_abandoned(held)
        return self.run(run.id)

    def _end_abandoned(self, held: Held) -> None:
        """End an attempt as a supervisor would that takes it over: a result that was left is kept."""
        directory = AttemptDirectory(self.home, held.run, held.attempt)
        end_processes(directory, held.worker)
        outcome = read_outcome(directory)
        with suppress(
            Conflict
        ):  # a supervisor was faster: the request is recorded, and it has seen it or will
            if outcome is not None and outcome.result is not None:
                ending = ending_of(outcome, directory, self.artifacts)
                self.record.finish(held.run, held.attempt, ending)
            else:
                self.record.lose(held.run, held.attempt, "cancelled after its supervisor had ended")

    def retry(self, run_id: str) -> Run:
        """Accept a run again that ended without success, under the same id.

        Raises:
            Conflict: when it has not ended, or succeeded.
        """
        run = self.queries.run(run_id)
        self.record.retry(run.id)
        return self.run(run.id)

    def rerun(self, run_id: str, changes: Mapping[str, Any], request: Request = PLAIN) -> Run:
        """Make a new run with some params changed; its other input files are the very same content."""
        run = self.queries.run(run_id)
        params = {**same_content(run), **changes}
        values = {"seed": run.seed, "limits": run.limits, **request.model_dump(exclude_unset=True)}
        return self.submit(run.operation, params, Request(**{**values, "parent": run.id}))

    def annotate(self, run_id: str, *, tags: Iterable[str] | None = None, note: str | None = None) -> Run:
        """Replace the tags, the note or both of a run."""
        run = self.queries.run(run_id)
        given: dict[str, Any] = {"tags": None if tags is None else tuple(tags), "note": note}
        checked = Request(**{name: value for name, value in given.items() if value is not None})
        self.record.annotate(
            run.id,
            tags=None if tags is None else checked.tags,
            note=None if note is None else checked.note,
        )
        return self.run(run.id)

    # answers

    def run(self, run_id: str) -> Run:
        """Give a run by its id or the beginning of it.

        Raises:
            NotFound: when there is none.
            Conflict: when there are several.
        """
        return self._with_progress(self.queries.run(run_id))

    def runs(self, query: RunQuery = NEWEST) -> Page[Run]:
        """Give a page of runs, newest first."""
        found = self.queries.page(query, before=query.cursor, limit=query.limit + 1)
        items = tuple(self._with_progress(run) for run in found[: query.limit])
        more = len(found) > query.limit
        return Page[Run](items=items, next=items[-1].id if more else None)

    def reported(self, run: Run) -> int:
        """Give when a run last changed its state or told its progress, ns UTC."""
        return max(run.updated, AttemptDirectory(self.home, run.id, run.attempt).told_at())

    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """Give every attempt of a run, oldest first."""
        return self.queries.attempts(self.queries.run(run_id).id)

    def events(self, run_id: str) -> tuple[Event, ...]:
        """Give the history of a run, oldest first."""
        return self.queries.events(self.queries.run(run_id).id)

    def result(self, run_id: str) -> Result:
        """Give the typed result of a run, its tables loaded.

        Raises:
            NotFound: when the run has no result, or a table is not stored here.
            DeviceError: when a table is damaged.
        """
        run = self.queries.run(run_id)
        return self._result(run)

    def views(self, run_id: str) -> Views:
        """Give what to show of a run's result."""
        operation, params, result = self._shown(run_id)
        return operation.views(params, result)

    def headlines(self, run_id: str) -> tuple[Headline, ...]:
        """Give what is read first of a run's result; nothing is drawn for it."""
        operation, params, result = self._shown(run_id)
        return operation.headlines(params, result)

    def workbook(self, run_id: str, say: Say) -> bytes:
        """Give a run's result as a workbook, in the language that `say` gives.

        Raises:
            NotFound: when the run has no result or its operation no workbook.
            MissingExtra: when the package that writes it is not installed.
        """
        operation, params, result = self._shown(run_id)
        return operation.workbook(params, result, say)

    def table(self, run_id: str, name: str) -> Table:
        """Give one table of a run's result by the name of its columns; no other is read."""
        run = self.queries.run(run_id)
        for columns, stored in _tables(run):
            if columns.name == name:
                return self._load(columns, TableRef.model_validate(stored))
        offered = ", ".join(columns.name for columns, _ in _tables(run)) or "none"
        raise NotFound(f"run {run.id} has no table {name!r}; it has: {offered}", where=run.id)

    def output(self, run_id: str, name: str) -> tuple[ArtifactRef, Path]:
        """Give one output file of a run, checked."""
        run = self.queries.run(run_id)
        for output in run.artifacts:
            if output.name == name:
                return output, self.artifacts.checked(output.sha256)
        offered = ", ".join(output.name for output in run.artifacts) or "none"
        raise NotFound(f"run {run.id} has no output {name!r}; it has: {offered}", where=run.id)

    def log(self, run_id: str, offset: int = 0, limit: int = 65_536) -> LogChunk:
        """Give part of the newest attempt's log, from a byte offset on."""
        run = self.queries.run(run_id)
        path = AttemptDirectory(self.home, run.id, run.attempt).log
        content, size = b"", 0
        if path.exists():
            with explained(path), path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(min(offset, size))
                content = _whole_letters(file.read(limit))
        after = min(offset, size) + len(content)
        ended = run.state in TERMINAL and after >= size
        return LogChunk(text=content.decode(errors="replace"), next=after, ended=ended, attempt=run.attempt)

    def compare(self, left: str, right: str) -> Comparison:
        """Put two runs side by side."""
        first, second = self.queries.run(left), self.queries.run(right)
        return compare(first, self.queries.attempts(first.id), second, self.queries.attempts(second.id))

    def health(self) -> Health:
        """Tell how this home stands."""
        libraries = {
            "sqlalchemy": sqlalchemy_version,
            "sqlite": sqlite3.sqlite_version,
            "schema": REVISION,
        }
        return Health(
            home=str(self.home),
            supervisor=holder(self.home),
            runs=self.queries.counts(),
            disk_free=shutil.disk_usage(self.home).free,
            writable=os.access(self.home, os.W_OK | os.X_OK),
            versions={**versions(), **libraries},
        )

    def idle(self, only: Iterable[str] | None = None) -> bool:
        """Tell whether no run (of some, or of all) is active."""
        return not self.queries.active(None if only is None else tuple(only))

    def served(self) -> bool:
        """Tell whether a supervisor serves the whole home."""
        return holder(self.home) is not None

    # files

    def upload(self, name: str, chunks: Iterable[bytes], *, largest: int) -> InputRef:
        """Store a file that a user sends; params then name it `sha256:...`.

        Raises:
            TooLarge: when it is longer than `largest` bytes; nothing is kept.
        """
        stored = self.artifacts.put(chunks, largest=largest)
        self.record.register(
            stored.sha256, name=safe_name(name), size=stored.bytes, media_type="application/octet-stream"
        )
        return InputRef(field="", name=safe_name(name), sha256=stored.sha256, bytes=stored.bytes)

    def artifact(self, sha256: str) -> Path:
        """Give the path of a stored file whose content has just been checked.

        Raises:
            NotFound: when there is none.
            DeviceError: when it is damaged.
        """
        digest = sha256.removeprefix("sha256:")
        if self.queries.artifact(digest) is None:
            raise NotFound(f"no artifact sha256:{digest[:64]} is stored here", where=digest[:64])
        return self.artifacts.checked(digest)

    def tidy(self) -> None:
        """Delete ephemeral runs an hour after their end, and what interrupted writers left behind."""
        now = self.clock()
        hour_ago = now // NS - EPHEMERAL_S
        for run_id in self.queries.expired(hour_ago * NS):
            for sha256 in self.record.forget(run_id):
                self.artifacts.remove(sha256, older_than=hour_ago)
            shutil.rmtree(self.home / "runs" / run_id, ignore_errors=True)
        self.artifacts.sweep(older_than=now // NS - INCOMING_S)

    def _with_progress(self, run: Run) -> Run:
        if run.state in (State.SUCCEEDED, State.REFUSED):
            return run.model_copy(update={"fraction": 1.0})
        if run.attempt == 0 or run.state not in ACTIVE:
            return run
        fraction, message = newest(AttemptDirectory(self.home, run.id, run.attempt).progress)
        return run.model_copy(update={"fraction": fraction, "message": message})

    def _shown(self, run_id: str) -> tuple[Operation[Any, Any], Params, Result]:
        """Give what views are made by, and of."""
        run = self.queries.run(run_id)
        operation = registry.operation(run.operation)
        return operation, operation.params.model_validate(run.params), self._result(run)

    def _result(self, run: Run) -> Result:
        if run.result is None:
            raise NotFound(f"run {run.id} is {run.state} and has no result", where=run.id)
        record: type[Result] = registry.operation(run.operation).result
        return record.model_validate(run.result, context={"load_table": self._load})

    def _load(self, columns: Columns, ref: TableRef) -> Table:
        if ref.artifact is None:
            raise NotFound(f"the table {columns.name} was not stored")
        return parquet.read(columns, self.artifacts.checked(ref.artifact))


def _tables(run: Run) -> list[tuple[Columns, Any]]:
    fields = registry.operation(run.operation).result.model_fields
    return [
        (mark.columns, run.result[name])
        for name, field in fields.items()
        for mark in field.metadata
        if isinstance(mark, TableOf) and run.result is not None
    ]


def _whole_letters(content: bytes) -> bytes:
    """Cut a letter that was only partly read off the end, so that it comes whole with the next chunk."""
    for length in range(1, min(4, len(content)) + 1):
        byte = content[-length]
        if byte >= 0xC0:
            whole = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content if whole <= length or length == len(content) else content[:-length]
        if byte < 0x80:
            break
    return content
