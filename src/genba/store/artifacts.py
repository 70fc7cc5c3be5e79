"""Stored files, addressed by the SHA-256 of their content: written once, checked whenever they are read."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genba.core.errors import Conflict, DeviceError, NotFound, TooLarge
from genba.store.disk import explained, sync_directory, sync_file

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: its hash and its length in bytes."""

    sha256: str
    bytes: int


class ArtifactStore:
    """The folders `artifacts`, `incoming` and `quarantine` of a home, on one filesystem."""

    def __init__(self, home: Path) -> None:
        self.root = home / "artifacts"
        self._incoming = home / "incoming"
        self._quarantine = home / "quarantine"

    def path(self, sha256: str) -> Path:
        """Give where an artifact lies, whether or not it does."""
        return self.root / sha256[:2] / sha256

    def put(self, chunks: Iterable[bytes], *, largest: int | None = None) -> Stored:
        """Store a stream; nothing is left behind when it fails.

        Arguments:
            chunks: the content, in pieces.
            largest: bytes that are allowed.

        Raises:
            TooLarge: when the content is longer than `largest`.
            DeviceError: when the disk is full or cannot be written.
        """
        with explained(self.root):
            self._incoming.mkdir(exist_ok=True)
            fresh = self._incoming / secrets.token_hex(16)
            try:
                stored = _copy(chunks, fresh, largest)
                self._place(fresh, stored.sha256)
            finally:
                with suppress(OSError):
                    fresh.unlink()
        return stored

    def put_file(self, path: Path, *, largest: int | None = None) -> Stored:
        """Store a copy of a file; one that is here already and intact is only hashed.

        Raises:
            TooLarge: when the file is longer than `largest`.
            DeviceError: when the disk is full or cannot be written.
        """
        with explained(path), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if largest is not None and size > largest:
                raise TooLarge(f"{path}: found {size} bytes; at most {largest} are allowed", where=str(path))
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if self._intact(sha256):
            self._refresh(sha256)
            return Stored(sha256, size)
        return self.put(_chunks(path), largest=largest)

    def adopt(self, path: Path, expected: Stored) -> None:
        """Move a file of the same filesystem into the store.

        Raises:
            Conflict: when its content is not what was announced.
            DeviceError: when the disk fails.
        """
        with explained(path):
            if self._intact(expected.sha256):
                self._refresh(expected.sha256)
                return
            found = digest_of(path)
            if found != expected.sha256:
                raise Conflict(
                    f"{path}: its hash is {found[:12]}, announced was {expected.sha256[:12]}; run again",
                    where=str(path),
                )
            sync_file(path)
            self._place(path, expected.sha256)

    def checked(self, sha256: str) -> Path:
        """Give the path of an artifact whose content has just been checked.

        Raises:
            NotFound: when there is none.
            DeviceError: when it is damaged; it is put in quarantine, so that storing it again heals it.
        """
        path = self.path(sha256)
        if not path.is_file():
            raise NotFound(f"no artifact sha256:{sha256} is stored here", where=sha256)
        with explained(path):
            if digest_of(path) == sha256:
                return path
            self._set_aside(path)
        raise DeviceError(
            f"artifact sha256:{sha256[:12]}... is damaged and was put in quarantine; "
            "store the file or repeat the run that made it, or restore a backup",
            where=sha256,
        )

    def remove(self, sha256: str, *, older_than: float) -> None:
        """Delete an artifact that nothing refers to, unless it was stored after `older_than` (s UTC)."""
        path = self.path(sha256)
        with suppress(OSError):
            if path.stat().st_mtime < older_than:
                path.unlink()

    def sweep(self, *, older_than: float) -> None:
        """Delete what interrupted writers left behind before `older_than` (s UTC)."""
        for left in self._incoming.glob("*"):
            with suppress(OSError):
                if left.stat().st_mtime < older_than:
                    left.unlink()

    def _intact(self, sha256: str) -> bool:
        path = self.path(sha256)
        if not path.is_file():
            return False
        if digest_of(path) == sha256:
            return True
        self._set_aside(path)
        return False

    def _refresh(self, sha256: str) -> None:
        os.utime(self.path(sha256))  # `remove` spares what was stored lately

    def _place(self, fresh: Path, sha256: str) -> None:
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.chmod(0o444)
        fresh.replace(target)
        sync_directory(target.parent)
        sync_directory(self.root)

    def _set_aside(self, path: Path) -> None:
        self._quarantine.mkdir(exist_ok=True)
        path.replace(self._quarantine / f"{path.name}.{secrets.token_hex(4)}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _copy(chunks: Iterable[bytes], target: Path, largest: int | None) -> Stored:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if largest is not None and size > largest:
                raise TooLarge(f"found more than {largest} bytes; at most that many are allowed")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Stored(digest.hexdigest(), size)


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
