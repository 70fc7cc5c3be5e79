"""A home in one file: the record as of one moment, every artifact it names, and the logs."""

import json
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from typing import IO

from genba import __version__
from genba.core.errors import Conflict, InputError
from genba.core.records import Record
from genba.store.artifacts import ArtifactStore, digest_of
from genba.store.database import FILE, Database
from genba.store.disk import explained, sync_directory, sync_file
from genba.store.schema import REVISION

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 28
MEMBER = re.compile(
    r"record\.sqlite|artifacts/[0-9a-f]{2}/[0-9a-f]{64}|runs/[0-9A-Z]{26}/a[1-9][0-9]{0,5}/log\.txt"
)
FAST = 1  # tables and artifacts are compressed already


class Manifest(Record):
    """First member of a backup: what follows, so that anything else is refused."""

    genba: str
    revision: str
    created: int
    """Nanoseconds UTC."""
    files: dict[str, tuple[str, int]]
    """SHA-256 and bytes by name."""


def backup(home: Path, file: Path) -> None:
    """Keep a home in one file, while others go on working in it.

    Raises:
        Conflict: when `file` exists.
        DeviceError: when an artifact is damaged or the disk is full; then no file is left.
    """
    if file.exists():
        raise Conflict(f"{file} exists; give a new name", where=str(file))
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with explained(file):
        try:
            with fresh.open("xb") as target:
                _write(home, target, fresh.with_suffix(".sqlite"))
                target.flush()
                os.fsync(target.fileno())
            os.link(fresh, file)  # unlike a rename it never replaces what came meanwhile
            sync_directory(file.absolute().parent)
        except FileExistsError as error:
            raise Conflict(f"{file} exists; give a new name", where=str(file)) from error
        finally:
            with suppress(OSError):
                fresh.unlink()


def restore(file: Path, home: Path) -> None:
    """Bring a backup back as a home; nothing is there until all of it is.

    Runs that were under way when the backup was made will be tried again.

    Raises:
        Conflict: when `home` exists and is not empty, or another version of genba made the backup.
        InputError: when the file is no backup, is damaged, or holds anything that does not belong there.
    """
    if not file.is_file():
        raise InputError(f"{file}: found no file here; give the path of a backup", where=str(file))
    if home.exists() and any(home.iterdir()):
        raise Conflict(f"{home} is not empty; restore into a new directory (--home)", where=str(home))
    fresh = home.with_name(f".{home.name}.{secrets.token_hex(4)}")
    with explained(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh.mkdir(mode=0o700)
        try:
            _extract(file, fresh)
            _check_record(fresh / FILE, file)
            if home.exists():
                home.rmdir()
            fresh.rename(home)
            sync_directory(home.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _write(home: Path, target: IO[bytes], snapshot: Path) -> None:
    database = Database.open(home)
    try:
        database.snapshot(snapshot)
        files = dict(_files(home, snapshot))
        manifest = Manifest(
            genba=__version__,
            revision=REVISION,
            created=time.time_ns(),
            files={name: (digest_of(path), path.stat().st_size) for name, path in files.items()},
        )
        with tarfile.open(fileobj=target, mode="w:gz", compresslevel=FAST) as archive:
            content = manifest.model_dump_json().encode()
            _add(archive, MANIFEST, BytesIO(content), len(content))
            for name, path in files.items():
                with path.open("rb") as source:
                    _add(archive, name, source, manifest.files[name][1])
    finally:
        database.close()
        with suppress(OSError):
            snapshot.unlink()


def _files(home: Path, snapshot: Path) -> Iterator[tuple[str, Path]]:
    yield FILE, snapshot
    store = ArtifactStore(home)
    with closing(sqlite3.connect(snapshot)) as connection:
        named = connection.execute("SELECT sha256 FROM artifacts ORDER BY sha256").fetchall()
        ended = connection.execute("SELECT run, number FROM attempts WHERE ended IS NOT NULL").fetchall()
    for (sha256,) in named:
        yield f"artifacts/{sha256[:2]}/{sha256}", store.checked(sha256)
    for run, number in ended:
        log = home / "runs" / run / f"a{number}" / "log.txt"
        if log.is_file():
            yield f"runs/{run}/a{number}/log.txt", log


def _add(archive: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    archive.addfile(member, source)


def _extract(file: Path, target: Path) -> None:
    try:
        with tarfile.open(file, mode="r:gz") as archive:
            manifest = _manifest(archive, file)
            left = dict(manifest.files)
            while member := archive.next():  # iteration would begin with the manifest again
                _take(archive, member, left, target)
    except (tarfile.TarError, EOFError, ValueError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{file} is no whole backup: {error}", where=str(file)) from error
    if left:
        raise InputError(f"{file} is no whole backup: {len(left)} files are missing", where=str(file))


def _manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise InputError(f"{file} is no backup of genba: it does not begin with {MANIFEST}", where=str(file))
    source = archive.extractfile(first)
    manifest = Manifest.model_validate(json.loads(source.read() if source else b"{}"))
    if manifest.revision != REVISION:
        raise Conflict(
            f"{file} has revision {manifest.revision}, this genba needs {REVISION}: restore it with "
            f"genba {manifest.genba}, then upgrade",
            where=str(file),
        )
    return manifest


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, left: dict[str, tuple[str, int]], target: Path
) -> None:
    """Extract one member, when it is exactly what the manifest announced under a name that may be."""
    announced = left.pop(member.name, None)
    if announced is None or not member.isreg() or not MEMBER.fullmatch(member.name):
        raise InputError(f"the backup holds {member.name[:200]!r}, which does not belong there")
    sha256, size = announced
    if member.size != size:
        raise InputError(f"{member.name}: found {member.size} bytes, announced were {size}")
    path = target / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    with path.open("xb") as copy:
        if source is not None:
            shutil.copyfileobj(source, copy)
    named = member.name.rpartition("/")[2] if member.name.startswith("artifacts/") else sha256
    if not digest_of(path) == sha256 == named:
        raise InputError(f"{member.name} is damaged: its content has another hash than announced")
    sync_file(path)


def _check_record(path: Path, file: Path) -> None:
    """Look whether the record is whole, and let go of attempts whose supervisor is elsewhere."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            connection.execute("UPDATE attempts SET owner = '', worker = '' WHERE ended IS NULL")
            connection.commit()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise InputError(f"the record in {file} is damaged: {found}", where=str(file))
