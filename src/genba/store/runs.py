"""Changes of the record: every one is a transaction, allowed by the state machine, with its event."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from genba.core.certificate import Certificate
from genba.core.errors import Conflict, NotFound
from genba.core.findings import Finding
from genba.core.run import TERMINAL, TRANSITIONS, ArtifactRef, Fault, Limits, Run, State
from genba.store import schema
from genba.store.database import Database
from genba.store.rows import INPUT, OUTPUT, claims_of, runs_of

ATTEMPTS = 3
"""How often a run is tried before a loss of its worker or supervisor ends it."""
CANCELLED = "cancelled on request"
KEPT = (State.SUCCEEDED, State.REFUSED)
"""Ends that leave a result."""
TOO_LATE = "; the cancel came too late"
"""Follows the reason of a result that was there before the cancel had reached its worker."""
_CANCELLED = Fault(code="cancelled", message=CANCELLED).model_dump(mode="json")
STARTED = "the worker started"
NS = 1_000_000_000
WAITING = frozenset({State.ACCEPTED, State.LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended."""

    state: State
    reason: str
    result: dict[str, Any] | None = None
    certificate: Certificate | None = None
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[ArtifactRef, ...] = ()
    error: Fault | None = None
    seconds: float | None = None
    versions: dict[str, str] | None = None


class Runs:
    """The one writer's view of the record."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def accept(self, new: Run) -> Run:
        """Record a request; the same token with the same digest and seed gives the run it gave before.

        Raises:
            Conflict: when the token was used for another request.
        """
        with self._database.write() as connection:
            known = _by_token(connection, new.token)
            if known is not None:
                return _same_request(runs_of(connection, [known])[0], new)
            self._insert(connection, new)
            _note(connection, new.id, 0, at=new.created, before=None, after=new.state, reason=new.reason)
        return new

    def claim(self, owner: str, run_ids: Collection[str], *, lease_ns: int) -> tuple[Run, ...]:
        """Take those of some runs that still wait: placed and submitted in one transaction."""
        taken = []
        with self._database.write() as connection:
            for run_id in run_ids:
                row = _row(connection, run_id)
                if State(row.state) not in WAITING:
                    continue  # another supervisor was faster
                self._move(connection, row, State.PLACED, "a slot is free", attempt=row.attempt + 1)
                placed = _row(connection, run_id)
                self._add_attempt(connection, placed, owner, lease_ns)
                self._move(connection, placed, State.SUBMITTED, "handed to the local engine")
                taken.append(_row(connection, run_id))
            return runs_of(connection, taken)

    def start(self, run_id: str, attempt: int, worker: str) -> None:
        """Record the worker of an attempt and that it runs."""
        with self._database.write() as connection:
            row = _under_way(connection, run_id, attempt)
            self._move(connection, row, State.RUNNING, STARTED)
            _set_attempt(connection, run_id, attempt, worker=worker, started=self._clock())

    def renew(self, owner: str, *, lease_ns: int) -> None:
        """Prolong the leases of everything that `owner` holds."""
        until = self._clock() + lease_ns
        held = and_(schema.attempts.c.owner == owner, schema.attempts.c.ended.is_(None))
        with self._database.write() as connection:
            connection.execute(update(schema.attempts).where(held).values(lease_until=until))

    def take_over(self, run_id: str, attempt: int, *, before: str, after: str, lease_ns: int) -> bool:
        """Change the owner of an attempt; False when another supervisor was faster."""
        where = and_(
            schema.attempts.c.run == run_id,
            schema.attempts.c.number == attempt,
            schema.attempts.c.owner == before,
            schema.attempts.c.ended.is_(None),
        )
        values = {"owner": after, "lease_until": self._clock() + lease_ns}
        with self._database.write() as connection:
            changed = connection.execute(update(schema.attempts).where(where).values(values))
            return changed.rowcount == 1

    def finish(self, run_id: str, attempt: int, ending: Ending) -> None:
        """Publish how the newest attempt ended.

        Raises:
            Conflict: when a newer attempt exists or the run has ended: nothing is published twice.
        """
        with self._database.write() as connection:
            row = _under_way(connection, run_id, attempt)
            values: dict[str, Any] = {"versions": ending.versions or {}}
            if State(row.state) is State.SUBMITTED and ending.state in KEPT:
                self._move(connection, row, State.RUNNING, STARTED)  # it ended before that was written down
                row = _row(connection, run_id)
                values["started"] = self._clock() - int((ending.seconds or 0.0) * NS)
            _set_attempt(connection, run_id, attempt, **values)
            late = TOO_LATE if row.cancel_requested and ending.state in KEPT else ""
            self._move(connection, row, ending.state, ending.reason + late, **_outcome(ending))
            self._attach(connection, run_id, ending.artifacts)

    def lose(self, run_id: str, attempt: int, reason: str, *, counts: bool = True) -> State:
        """Record that an attempt's worker or supervisor is gone; the run waits again, or ends as failed."""
        with self._database.write() as connection:
            row = _under_way(connection, run_id, attempt)
            if row.cancel_requested:
                return self._move(connection, row, State.CANCELLED, CANCELLED, error=_CANCELLED)
            if not counts:
                self._move(connection, row, State.LOST, reason, spent=row.spent + 1)
                return State.LOST
            self._move(connection, row, State.LOST, reason)
            if attempt - row.spent < ATTEMPTS:
                return State.LOST
            spent = f"{reason}; {ATTEMPTS} attempts are spent"
            fault = Fault(code="device", message=spent).model_dump(mode="json")
            return self._move(connection, _row(connection, run_id), State.FAILED, spent, error=fault)

    def cancel(self, run_id: str) -> None:
        """End a run that waits; ask the supervisor of one that is under way to end it.

        Raises:
            Conflict: when the run has ended otherwise.
        """
        with self._database.write() as connection:
            row = _row(connection, run_id)
            state = State(row.state)
            if state is State.CANCELLED:
                return
            if state in TERMINAL:
                raise Conflict(f"run {run_id} has {state} already; there is nothing to cancel", where=run_id)
            if state is State.LOST:  # the machine leads from lost to cancelled by way of placed
                self._move(connection, row, State.PLACED, CANCELLED)
                row = _row(connection, run_id)
            if State(row.state) in (State.ACCEPTED, State.PLACED):
                values = {"cancel_requested": True, "error": _CANCELLED}
                self._move(connection, row, State.CANCELLED, CANCELLED, **values)
            else:
                _set_run(connection, run_id, cancel_requested=True, updated=self._clock())

    def retry(self, run_id: str) -> None:
        """Accept a run again that ended without success; its attempts count from one anew.

        Raises:
            Conflict: when it has not ended, or succeeded.
        """
        with self._database.write() as connection:
            row = _row(connection, run_id)
            if State.ACCEPTED not in TRANSITIONS[State(row.state)]:
                remedy = "only what is refused, failed or cancelled can be retried; rerun makes a new run"
                raise Conflict(f"run {run_id} is {row.state}; {remedy}", where=run_id)
            self._move(connection, row, State.ACCEPTED, "retry requested", spent=row.attempt, **_BLANK)
            outputs = schema.run_artifacts.c.role == OUTPUT
            connection.execute(
                delete(schema.run_artifacts).where(schema.run_artifacts.c.run == run_id, outputs)
            )

    def annotate(self, run_id: str, *, tags: tuple[str, ...] | None, note: str | None) -> None:
        """Replace tags, note or both."""
        with self._database.write() as connection:
            _row(connection, run_id)
            if tags is not None:
                connection.execute(delete(schema.tags).where(schema.tags.c.run == run_id))
                _tag(connection, run_id, tags)
            if note is not None:
                _set_run(connection, run_id, note=note)

    def forget(self, run_id: str) -> tuple[str, ...]:
        """Delete an ended run; give the artifacts that nothing refers to any more."""
        files = schema.run_artifacts.c
        with self._database.write() as connection:
            row = _row(connection, run_id)
            if State(row.state) not in TERMINAL:
                raise Conflict(f"run {run_id} is {row.state}: cancel it first", where=run_id)
            mine = set(connection.execute(select(files.sha256).where(files.run == run_id)).scalars())
            connection.execute(delete(schema.runs).where(schema.runs.c.id == run_id))
            shared = set(connection.execute(select(files.sha256).where(files.sha256.in_(mine))).scalars())
            free = tuple(sorted(mine - shared))
            connection.execute(delete(schema.artifacts).where(schema.artifacts.c.sha256.in_(free)))
        return free

    def register(self, sha256: str, *, name: str, size: int, media_type: str) -> None:
        """Record a stored file that no run refers to yet."""
        with self._database.write() as connection:
            _register(connection, sha256, name, size=size, media_type=media_type, at=self._clock())

    def _move(self, connection: Connection, row: Row[Any], after: State, reason: str, **values: Any) -> State:
        """Change state by compare-and-swap on (state, attempt) and write the event beside it."""
        before, now = State(row.state), self._clock()
        if after not in TRANSITIONS[before]:
            raise Conflict(f"run {row.id} is {before}; it cannot become {after}", where=row.id)
        unchanged = {"was_id": row.id, "was_state": row.state, "was_attempt": row.attempt}
        changed = {"state": after, "reason": reason, "updated": now, **values}
        swapped = connection.execute(_SWAP, {**unchanged, **changed}).first()
        if swapped is None:
            raise Conflict(f"run {row.id} changed meanwhile; look at it and repeat", where=row.id)
        if after in TERMINAL or after is State.LOST:
            _set_attempt(connection, row.id, swapped.attempt, state=after, ended=now, lease_until=None)
        elif after is not State.PLACED and after is not State.ACCEPTED:
            _set_attempt(connection, row.id, swapped.attempt, state=after)
        _note(connection, row.id, swapped.attempt, at=now, before=before, after=after, reason=reason)
        return after

    def _add_attempt(self, connection: Connection, row: Row[Any], owner: str, lease_ns: int) -> None:
        connection.execute(
            insert(schema.attempts).values(
                run=row.id,
                number=row.attempt,
                region=row.region,
                backend=Limits.model_validate(row.limits).backend,
                state=row.state,
                owner=owner,
                worker="",
                lease_until=self._clock() + lease_ns,
                versions={},
            )
        )

    def _insert(self, connection: Connection, new: Run) -> None:
        values = new.model_dump(mode="json", include=set(schema.runs.c.keys()) - {"certificate"})
        connection.execute(insert(schema.runs).values(**values, spent=0))
        _tag(connection, new.id, new.tags)
        for position, file in enumerate(new.inputs):
            media_type = "application/octet-stream"
            _register(
                connection, file.sha256, file.name, size=file.bytes, media_type=media_type, at=new.created
            )
            connection.execute(
                insert(schema.run_artifacts).values(
                    run=new.id,
                    role=INPUT,
                    key=file.field,
                    position=position,
                    name=file.name,
                    sha256=file.sha256,
                    bytes=file.bytes,
                    media_type=media_type,
                )
            )

    def _attach(self, connection: Connection, run_id: str, outputs: tuple[ArtifactRef, ...]) -> None:
        for position, file in enumerate(outputs):
            values = file.model_dump()
            _register(
                connection,
                file.sha256,
                file.name,
                size=file.bytes,
                media_type=file.media_type,
                at=self._clock(),
            )
            connection.execute(
                insert(schema.run_artifacts).values(
                    run=run_id, role=OUTPUT, key=file.name, position=position, **values
                )
            )


_c = schema.runs.c
_a = schema.attempts.c
# Statements of every change, built once: building them takes longer than SQLite takes to run them.
_ROW = select(schema.runs).where(_c.id == bindparam("was_id"))
_SWAP = (
    update(schema.runs)
    .where(
        _c.id == bindparam("was_id"),
        _c.state == bindparam("was_state"),
        _c.attempt == bindparam("was_attempt"),
    )
    .returning(_c.attempt)
)
_SET_OPEN_ATTEMPT = update(schema.attempts).where(
    _a.run == bindparam("of_run"), _a.number == bindparam("of_number"), _a.ended.is_(None)
)
_NOTE = insert(schema.events)

_BLANK: dict[str, Any] = {
    "cancel_requested": False,
    "result": None,
    "certificate": None,
    "findings": [],
    "error": None,
    "seconds": None,
}


def _outcome(ending: Ending) -> dict[str, Any]:
    return {
        "result": ending.result,
        "certificate": claims_of(ending.certificate),
        "findings": [finding.model_dump(mode="json") for finding in ending.findings],
        "error": ending.error and ending.error.model_dump(mode="json"),
        "seconds": ending.seconds,
    }


def _row(connection: Connection, run_id: str) -> Row[Any]:
    row = connection.execute(_ROW, {"was_id": run_id}).first()
    if row is None:
        raise NotFound(f"no run {run_id} is recorded here", where=run_id)
    return row


def _under_way(connection: Connection, run_id: str, attempt: int) -> Row[Any]:
    """Give the row of a run whose newest attempt, the one that may speak, is `attempt` and has not ended."""
    row = _row(connection, run_id)
    if State(row.state) not in (State.SUBMITTED, State.RUNNING):
        raise Conflict(f"run {run_id} is {row.state}; no attempt is under way", where=run_id)
    if row.attempt != attempt:
        raise Conflict(
            f"attempt {attempt} of run {run_id} was replaced by attempt {row.attempt}; it may not publish",
            where=run_id,
        )
    return row


def _by_token(connection: Connection, token: str | None) -> Row[Any] | None:
    if token is None:
        return None
    return connection.execute(select(schema.runs).where(schema.runs.c.token == token)).first()


def _same_request(known: Run, new: Run) -> Run:
    if (known.digest, known.seed) == (new.digest, new.seed):
        return known
    raise Conflict(
        f"token {new.token!r} was used for run {known.id} with other params; give a new token",
        where=known.id,
    )


def _set_run(connection: Connection, run_id: str, **values: Any) -> None:
    connection.execute(update(schema.runs).where(schema.runs.c.id == run_id).values(values))


def _set_attempt(connection: Connection, run_id: str, number: int, **values: Any) -> None:
    """Change an attempt, unless it is history."""
    connection.execute(_SET_OPEN_ATTEMPT, {"of_run": run_id, "of_number": number, **values})


def _note(connection: Connection, run_id: str, attempt: int, **values: Any) -> None:
    connection.execute(_NOTE, {"run": run_id, "attempt": attempt, **values})


def _tag(connection: Connection, run_id: str, tags: tuple[str, ...]) -> None:
    for position, tag in enumerate(dict.fromkeys(tags)):
        connection.execute(insert(schema.tags).values(run=run_id, tag=tag, position=position))


def _register(connection: Connection, sha256: str, name: str, *, size: int, media_type: str, at: int) -> None:
    row = {"sha256": sha256, "name": name, "bytes": size, "media_type": media_type, "created": at}
    connection.execute(upsert(schema.artifacts).values(row).on_conflict_do_nothing())
