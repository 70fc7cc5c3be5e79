"""The SQLite file of a home: how it is opened, and how a transaction begins and fails."""

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError

from genba.core.errors import Conflict, DeviceError, GenbaError
from genba.store.disk import explained
from genba.store.schema import REVISION, metadata, regions

FILE = "record.sqlite"
BUSY_S = 15.0
_WRITING = "genba_writing"
_REMEDIES = (
    ("full", "the disk is full: free some space, then repeat"),
    ("readonly", "give this user write access, or choose another home (--home or GENBA_HOME)"),
    ("unable to open", "give this user write access, or choose another home (--home or GENBA_HOME)"),
    ("malformed", "the file is damaged: restore a backup with `genba restore FILE` into a new home"),
    ("not a database", "the file is damaged: restore a backup with `genba restore FILE` into a new home"),
    ("locked", f"another process held it for {BUSY_S:.0f} s: repeat"),
)


class Database:
    """A home's record; safe to use from several threads and processes."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._writing = threading.Lock()  # SQLite's own wait between writers sleeps; this one wakes at once
        self._watch: sqlite3.Connection | None = None

    @classmethod
    def open(cls, home: Path) -> "Database":
        """Open the record of `home`, creating directory and tables when there are none.

        Raises:
            DeviceError: when the home cannot be written or the file is damaged.
            Conflict: when another version of genba made the record.
        """
        with explained(home):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = cls(home / FILE, engine_of(home / FILE))
        try:
            database._prepare()
        except GenbaError:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Release every connection."""
        self._engine.dispose()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the record throughout."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes become durable together at the end, or not at all."""
        with self._writing, self._explained(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    def version(self) -> int:
        """Give a number that differs once any connection has written; it costs microseconds.

        Only one thread may ask.
        """
        if self._watch is None:
            self._watch = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        with self._explained_sqlite():
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def snapshot(self, target: Path) -> None:
        """Copy the record as it stands into a new file, while others go on writing."""
        with self._explained_sqlite():
            source, copy = sqlite3.connect(self.path), sqlite3.connect(target)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
            finally:
                copy.close()
                source.close()

    def _prepare(self) -> None:
        with explained(self.path), self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two processes may meet at a new home
            with self._explained_sqlite(), closing(sqlite3.connect(self.path, timeout=BUSY_S)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # refused inside a transaction
            with self.read() as reading:
                found = revision_of(reading)
            if found is None:
                with self.write() as writing:
                    _create(writing)
        if found not in (None, REVISION):
            raise Conflict(_other_version(self.path, str(found)), where=str(self.path))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._device_error(str(error.orig)) from error

    @contextmanager
    def _explained_sqlite(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._device_error(str(error)) from error

    def _device_error(self, found: str) -> DeviceError:
        remedy = next((remedy for word, remedy in _REMEDIES if word in found), "look after this disk")
        return DeviceError(f"{self.path}: {found}; {remedy}", where=str(self.path))


def engine_of(path: Path) -> Engine:
    """Give an engine whose writing transactions start with BEGIN IMMEDIATE and end on the disk."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_S, "check_same_thread": False},
        json_serializer=_json,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def revision_of(connection: Connection) -> str | None:
    """Give the migration that the tables stand at, or None when there are no tables."""
    tables = connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")).all()
    if not tables:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(regions).values(name="local", engine="local"))
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})


def _other_version(path: Path, found: str) -> str:
    if found > REVISION:
        return f"{path} has revision {found}, made by a newer genba; this one knows {REVISION}: update genba"
    return f"{path} has revision {found}, this genba needs {REVISION}: run `genba db upgrade`"


def _configure(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions on its own
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
