"""The lock that makes one process the supervisor of a home; the system releases it when the process ends."""

import fcntl
import os
import time
from pathlib import Path

from genba.core.errors import Conflict
from genba.store.disk import explained

FILE = "supervisor.lock"
PATIENCE_S = 0.5  # a look by `holder` takes the lock for an instant
PAUSE_S = 0.02


class HomeLock:
    """Held from construction until `release`.

    Raises:
        Conflict: when another process holds it.
    """

    def __init__(self, home: Path) -> None:
        path = home / FILE
        with explained(path):
            self._file = path.open("a+")
        deadline = time.monotonic() + PATIENCE_S
        while not _locked(self._file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                self._file.close()
                raise Conflict(f"{home} is served by process {holder(home)}; stop it first", where=str(path))
            time.sleep(PAUSE_S)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another process serve the home."""
        self._file.close()


def holder(home: Path) -> str | None:
    """Give the process id of the supervisor that serves a home, or None."""
    try:
        with (home / FILE).open() as file:
            if _locked(file.fileno(), fcntl.LOCK_SH):
                return None
            return file.read().strip() or "unknown"
    except FileNotFoundError:
        return None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
