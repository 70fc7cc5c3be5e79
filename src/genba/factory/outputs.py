"""What an attempt writes besides its outcome: outputs, tables and the checkpoint."""

import hashlib
import re
from pathlib import Path

from genba.core.errors import InputError
from genba.core.run import ArtifactRef
from genba.num import parquet
from genba.num.table import Table
from genba.store.disk import explained, sync_file, write_durably

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
PARQUET = "application/vnd.apache.parquet"


class OutputFolder:
    """The `outputs` folder of an attempt; what is in it is durable once `written` has been asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, ArtifactRef] = {}

    def write(self, name: str, content: bytes, media_type: str) -> None:
        """Keep `content` as the output `name`.

        Raises:
            InputError: when the name cannot be a file name, or was used before.
            DeviceError: when the disk is full.
        """
        path = self._fresh(name)
        with explained(path):
            path.write_bytes(content)
        self._add(name, path, media_type)

    def save_table(self, name: str, table: Table) -> str:
        """Keep a table as Parquet under the name of its columns; gives its SHA-256."""
        path = self._fresh(name)
        with explained(path):
            parquet.write(table, path)
        return self._add(name, path, PARQUET)

    def written(self) -> tuple[ArtifactRef, ...]:
        """Give all outputs, in the order they were made, once they are on the disk."""
        for name in self._written:
            path = self._folder / name
            with explained(path):
                sync_file(path)
        return tuple(self._written.values())

    def _fresh(self, name: str) -> Path:
        if not NAME.fullmatch(name) or name in self._written:
            raise InputError(f"output {name!r}: give a new name of letters, digits, _ . and -", where=name)
        with explained(self._folder):
            self._folder.mkdir(exist_ok=True)
        return self._folder / name

    def _add(self, name: str, path: Path, media_type: str) -> str:
        with explained(path), path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        self._written[name] = ArtifactRef(name=name, sha256=sha256, bytes=size, media_type=media_type)
        return sha256


class CheckpointFile:
    """A file that holds the newest complete checkpoint of a run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        """Give what was saved last, by this attempt or one before, or None."""
        with explained(self._path):
            return self._path.read_bytes() if self._path.exists() else None

    def save(self, state: bytes) -> None:
        """Keep `state` durably, replacing what was kept before."""
        with explained(self._path):
            write_durably(self._path, state)
