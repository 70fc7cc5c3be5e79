"""Tables of the record, and the revision of their form."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

REVISION = "0001"
"""Newest migration in `migrations/versions`; a new store starts here."""

metadata = MetaData()
_json = JSON(none_as_null=True)


def _run_key() -> Column[str]:
    return Column("run", String, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


regions = Table(
    "regions",
    metadata,
    Column("name", String, primary_key=True),
    Column("engine", String, nullable=False),
)
runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("operation", String, nullable=False),
    Column("params", _json, nullable=False),
    Column("digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("spent", Integer, nullable=False),  # attempts that no longer count: those before the last retry
    Column("region", String, ForeignKey("regions.name"), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("limits", _json, nullable=False),
    Column("token", String),
    Column("parent", String),
    Column("shift", String),
    Column("step", String),
    Column("ephemeral", Boolean, nullable=False),
    Column("note", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("result", _json),
    Column("certificate", _json),
    Column("findings", _json, nullable=False),
    Column("error", _json),
    Column("seconds", Double),
    UniqueConstraint("token", name="runs_token"),
    Index("runs_by_state", "state", "id"),
    Index("runs_by_operation", "operation", "id"),
    Index("runs_by_shift", "shift", "id"),
    Index("runs_by_digest", "digest", "id"),
)
tags = Table(
    "tags",
    metadata,
    _run_key(),
    Column("tag", String, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("run", "tag", name="tags_once"),
    Index("tags_by_tag", "tag", "run"),
)
attempts = Table(
    "attempts",
    metadata,
    Column("run", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("region", String, nullable=False),
    Column("backend", String, nullable=False),
    Column("state", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("worker", String, nullable=False),
    Column("lease_until", BigInteger),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("versions", _json, nullable=False),
    Index("attempts_by_state", "state"),
)
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _run_key(),
    Column("attempt", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("before", String),
    Column("after", String, nullable=False),
    Column("reason", String, nullable=False),
    Index("events_by_run", "run", "seq"),
    sqlite_autoincrement=True,  # a number is never given twice, even after a deletion
)
artifacts = Table(
    "artifacts",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("name", String, nullable=False),  # what it was called when it first came
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", String, nullable=False),
    Column("created", BigInteger, nullable=False),
)
run_artifacts = Table(
    "run_artifacts",
    metadata,
    Column("run", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String, primary_key=True),  # input or output
    Column("key", String, primary_key=True),  # the field of an input, the name of an output
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("sha256", String, ForeignKey("artifacts.sha256"), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", String, nullable=False),
    Index("run_artifacts_by_sha256", "sha256"),
)
