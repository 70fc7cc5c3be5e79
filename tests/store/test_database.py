"""Opening a record: new, old, newer, damaged, read-only, full, and by two at once."""

import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from genba.core.errors import Conflict, DeviceError, NotFound
from genba.store.database import FILE, Database
from genba.store.schema import REVISION, metadata
from genba.store.upgrade import SCRIPTS, configuration, upgrade


def _pragma(database: Database, name: str) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_a_new_record_is_durable_and_keeps_references(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "new" / "home")
    try:
        assert _pragma(database, "journal_mode") == "wal"
        assert _pragma(database, "synchronous") == 2  # FULL
        assert _pragma(database, "foreign_keys") == 1
    finally:
        database.close()


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    Database.open(tmp_path / "home").close()
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_the_record_knows_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_migrations_lead_to_the_same_tables_as_a_new_record(tmp_path: Path) -> None:
    from alembic import command

    engine = create_engine(f"sqlite:///{tmp_path}/migrated.sqlite")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_an_older_record_is_refused_until_upgraded(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    _stamp(tmp_path, "0000")
    with pytest.raises(Conflict, match="genba db upgrade"):
        Database.open(tmp_path)


def test_a_newer_record_is_refused_and_not_touched(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    _stamp(tmp_path, "9999")
    with pytest.raises(Conflict, match="newer genba"):
        Database.open(tmp_path)
    with pytest.raises(Conflict):
        upgrade(tmp_path)


def test_an_upgrade_of_the_newest_does_nothing(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    assert upgrade(tmp_path) is None


def test_an_upgrade_without_a_record_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        upgrade(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database, " * 300])
def test_a_damaged_record_names_the_remedy(tmp_path: Path, content: bytes) -> None:
    Database.open(tmp_path).close()
    (tmp_path / FILE).write_bytes(content)
    for left in (f"{FILE}-wal", f"{FILE}-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    if not content:  # an empty file is what a crash before the first transaction leaves: a new record
        Database.open(tmp_path).close()
        return
    with pytest.raises(DeviceError, match="restore a backup"):
        Database.open(tmp_path)


def test_a_damaged_page_is_found_when_it_is_read(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    database.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DeviceError, match="restore a backup"):
        Database.open(tmp_path)


def test_two_processes_may_meet_at_a_new_home(tmp_path: Path) -> None:
    faults: list[Exception] = []

    def open_it() -> None:
        try:
            Database.open(tmp_path).close()
        except DeviceError as error:
            faults.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_read_only_home_is_reported_with_the_remedy(tmp_path: Path) -> None:
    home = _mounted(tmp_path, "size=4m")
    try:
        Database.open(home).close()
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        with pytest.raises(DeviceError, match="--home"):
            Database.open(home)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def test_a_full_disk_refuses_the_whole_transaction(tmp_path: Path) -> None:
    home = _mounted(tmp_path, "size=2m")
    database = Database.open(home)
    try:
        with pytest.raises(DeviceError, match="free some space"):
            _fill(database)
        with database.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM regions")).scalar_one() == 1
    finally:
        database.close()
        subprocess.run(["umount", "-l", str(home)], check=True)


def test_the_version_changes_when_another_connection_writes(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    try:
        before = database.version()
        assert database.version() == before
        with database.write() as connection:
            connection.execute(text("INSERT INTO regions VALUES ('jp', 'local')"))
        assert database.version() != before
    finally:
        database.close()


def test_a_snapshot_is_one_whole_file(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    database.snapshot(tmp_path / "copy.sqlite")
    database.close()
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as connection:
        assert connection.execute("SELECT name FROM regions").fetchall() == [("local",)]


def _fill(database: Database) -> None:
    with database.write() as connection:
        for number in range(64):
            row = {"name": f"r{number}", "engine": "x" * (1 << 16)}
            connection.execute(text("INSERT INTO regions VALUES (:name, :engine)"), row)


def _stamp(home: Path, revision: str) -> None:
    with closing(sqlite3.connect(home / FILE)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


def _mounted(tmp_path: Path, options: str) -> Path:
    home = tmp_path / "disk"
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs the right to mount one")
    return home
