"""Questions to the record; nothing here changes it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, func, select

from genba.core.errors import Conflict, NotFound
from genba.core.run import ACTIVE, ArtifactRef, Attempt, Event, Run, State
from genba.store import schema
from genba.store.database import Database
from genba.store.rows import attempt_of, event_of, runs_of
from genba.store.runs import WAITING

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An attempt that some supervisor holds."""

    run: str
    attempt: int
    owner: str
    worker: str
    lease_until: int | None

    @property
    def key(self) -> str:
        """Give the name of the attempt on its engine."""
        return f"{self.run}-a{self.attempt}"


class Queries:
    """The record, read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, prefix: str) -> Run:
        """Give the run whose id starts with `prefix`.

        Raises:
            NotFound: when there is none.
            Conflict: when there are several.
        """
        asked = prefix.upper()
        if not asked.isalnum():
            raise NotFound(f"no run {prefix!r}: a run id is letters and digits", where=prefix)
        within = and_(schema.runs.c.id >= asked, schema.runs.c.id < f"{asked}~")
        with self._database.read() as connection:
            rows = connection.execute(select(schema.runs).where(within).limit(SHOWN + 1)).all()
            if not rows:
                raise NotFound(f"no run {prefix} is recorded here", where=prefix)
            if len(rows) > 1:
                some = ", ".join(row.id for row in rows[:SHOWN])
                raise Conflict(f"{prefix} means several runs ({some}...); give more letters", where=prefix)
            return runs_of(connection, list(rows))[0]

    def page(self, wanted: Any, *, before: str | None, limit: int) -> tuple[Run, ...]:
        """Give at most `limit` runs older than the id `before`, newest first.

        Arguments:
            wanted: has `states`, `operation`, `tag` and `shift`; an empty or None one filters nothing.
            before: id of the last run of the page before.
            limit: rows to give.
        """
        query = select(schema.runs).order_by(schema.runs.c.id.desc()).limit(limit)
        if wanted.states:
            query = query.where(schema.runs.c.state.in_(wanted.states))
        if wanted.operation is not None:
            query = query.where(schema.runs.c.operation == wanted.operation)
        if wanted.shift is not None:
            query = query.where(schema.runs.c.shift == wanted.shift)
        if wanted.tag is not None:
            tagged = select(schema.tags.c.run).where(schema.tags.c.tag == wanted.tag)
            query = query.where(schema.runs.c.id.in_(tagged))
        if before is not None:
            query = query.where(schema.runs.c.id < before)
        with self._database.read() as connection:
            return runs_of(connection, list(connection.execute(query).all()))

    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """Give every attempt of a run, oldest first."""
        rows = self._all(
            select(schema.attempts).where(schema.attempts.c.run == run_id).order_by(schema.attempts.c.number)
        )
        return tuple(attempt_of(row) for row in rows)

    def events(self, run_id: str) -> tuple[Event, ...]:
        """Give the history of a run, oldest first."""
        rows = self._all(
            select(schema.events).where(schema.events.c.run == run_id).order_by(schema.events.c.seq)
        )
        return tuple(event_of(row) for row in rows)

    def same_work(self, digest: str, seed: int) -> Run | None:
        """Give the newest run of this digest and seed that succeeded or is under way."""
        useful = (*ACTIVE, State.SUCCEEDED)
        query = (
            select(schema.runs)
            .where(schema.runs.c.digest == digest, schema.runs.c.seed == seed)
            .where(schema.runs.c.state.in_(useful), schema.runs.c.ephemeral.is_(False))
            .order_by((schema.runs.c.state == State.SUCCEEDED).desc(), schema.runs.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            found = runs_of(connection, list(connection.execute(query).all()))
        return found[0] if found else None

    def held(self, only: Collection[str] | None) -> tuple[Held, ...]:
        """Give the attempts that are under way."""
        c = schema.attempts.c
        query = select(c.run, c.number, c.owner, c.worker, c.lease_until).where(
            c.state.in_((State.SUBMITTED, State.RUNNING))
        )
        if only is not None:
            query = query.where(c.run.in_(only))
        return tuple(
            Held(
                run=row.run,
                attempt=row.number,
                owner=row.owner,
                worker=row.worker,
                lease_until=row.lease_until,
            )
            for row in self._all(query)
        )

    def waiting(self, only: Collection[str] | None, *, limit: int) -> tuple[str, ...]:
        """Give the runs that wait for a slot, oldest first."""
        query = select(schema.runs.c.id).where(schema.runs.c.state.in_(WAITING))
        if only is not None:
            query = query.where(schema.runs.c.id.in_(only))
        return tuple(row.id for row in self._all(query.order_by(schema.runs.c.id).limit(limit)))

    def active(self, only: Collection[str] | None) -> tuple[str, ...]:
        """Give the runs that have not ended."""
        query = select(schema.runs.c.id).where(schema.runs.c.state.in_(ACTIVE))
        if only is not None:
            query = query.where(schema.runs.c.id.in_(only))
        return tuple(row.id for row in self._all(query))

    def to_cancel(self, run_ids: Collection[str]) -> tuple[str, ...]:
        """Give those of some runs that a user wants to end."""
        query = select(schema.runs.c.id).where(
            schema.runs.c.id.in_(run_ids), schema.runs.c.cancel_requested.is_(True)
        )
        return tuple(row.id for row in self._all(query))

    def expired(self, before: int) -> tuple[str, ...]:
        """Give the ephemeral runs that ended before a moment (ns UTC)."""
        query = select(schema.runs.c.id).where(
            schema.runs.c.ephemeral.is_(True),
            schema.runs.c.state.not_in(ACTIVE),
            schema.runs.c.updated < before,
        )
        return tuple(row.id for row in self._all(query))

    def counts(self) -> dict[str, int]:
        """Give the number of runs in each state that has any."""
        query = select(schema.runs.c.state, func.count().label("count")).group_by(schema.runs.c.state)
        return {row.state: row._mapping["count"] for row in self._all(query)}

    def artifact(self, sha256: str) -> ArtifactRef | None:
        """Give what is known of a stored file."""
        rows = self._all(select(schema.artifacts).where(schema.artifacts.c.sha256 == sha256))
        return (
            ArtifactRef(name=rows[0].name, sha256=sha256, bytes=rows[0].bytes, media_type=rows[0].media_type)
            if rows
            else None
        )

    def _all(self, query: Any) -> list[Row[Any]]:
        with self._database.read() as connection:
            return list(connection.execute(query).all())
