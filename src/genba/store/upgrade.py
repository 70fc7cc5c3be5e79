"""Bringing an older record to the form this genba needs, after a copy of it was kept."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config

from genba.core.errors import Conflict, NotFound
from genba.store.database import FILE, Database, engine_of, revision_of
from genba.store.disk import explained, sync_file
from genba.store.schema import REVISION

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(home: Path) -> Path | None:
    """Upgrade the record of a home; gives the copy that was kept, or None when nothing was to be done.

    Raises:
        NotFound: when there is no record.
        Conflict: when a newer genba made it.
        DeviceError: when the disk is full; the record is then as it was.
    """
    path = home / FILE
    if not path.is_file():
        raise NotFound(f"no record at {path}; a new home needs no upgrade", where=str(path))
    database = Database(path, engine_of(path))
    try:
        with database.read() as connection:
            found = revision_of(connection)
        if found == REVISION:
            return None
        if found is None or found > REVISION:
            raise Conflict(f"{path} has revision {found}, this genba knows {REVISION}", where=str(path))
        copy = home / f"record-{found}-{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite"
        database.snapshot(copy)
        with explained(copy):
            sync_file(copy)
        with database.write() as connection:
            command.upgrade(configuration(connection), "head")
    finally:
        database.close()
    return copy


def configuration(connection: object) -> Config:
    """Give alembic's settings for one open transaction."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
