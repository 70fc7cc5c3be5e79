"""The first form of the record."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "regions",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("engine", sa.String(), nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(), sa.ForeignKey("regions.name"), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("token", sa.String()),
        sa.Column("parent", sa.String()),
        sa.Column("shift", sa.String()),
        sa.Column("step", sa.String()),
        sa.Column("ephemeral", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("certificate", sa.JSON()),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("seconds", sa.Double()),
        sa.UniqueConstraint("token", name="runs_token"),
    )
    for column in ("state", "operation", "shift", "digest"):
        op.create_index(f"runs_by_{column}", "runs", [column, "id"])
    op.create_table(
        "tags",
        _run_key(),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.UniqueConstraint("run", "tag", name="tags_once"),
    )
    op.create_index("tags_by_tag", "tags", ["tag", "run"])
    _attempts_and_events()
    _artifacts()


def _attempts_and_events() -> None:
    op.create_table(
        "attempts",
        _run_key(primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("started", sa.BigInteger()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("versions", sa.JSON(), nullable=False),
    )
    op.create_index("attempts_by_state", "attempts", ["state"])
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        _run_key(),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String()),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_run", "events", ["run", "seq"])


def _artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "run_artifacts",
        _run_key(primary_key=True),
        sa.Column("role", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), sa.ForeignKey("artifacts.sha256"), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
    )
    op.create_index("run_artifacts_by_sha256", "run_artifacts", ["sha256"])


def _run_key(*, primary_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("runs.id", ondelete="CASCADE")
    return sa.Column("run", sa.String(), key, primary_key=primary_key, nullable=False)
