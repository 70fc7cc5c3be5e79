"""Writing files so that a crash leaves the old content or the new, never a part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genba.core.errors import DeviceError

REMEDIES = {
    "No space left on device": "free some space, then repeat",
    "Disk quota exceeded": "free some space, then repeat",
    "File too large": "this process may not write files of that size: raise its limit (ulimit -f)",
    "Read-only file system": "choose a home on a disk that can be written (--home or GENBA_HOME)",
    "Permission denied": "give this user write access, or choose another home (--home or GENBA_HOME)",
}


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turn an error of the operating system into a DeviceError that names the place and the remedy."""
    try:
        yield
    except OSError as error:
        text = error.strerror or str(error)
        remedy = REMEDIES.get(text, "look after this disk, then repeat")
        raise DeviceError(f"{where}: {text}; {remedy}", where=str(where)) from error


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content` and wait until both are on the disk."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    sync_directory(path.parent)
