"""Progress and heartbeat of a worker as files: written inside it, read by everybody else."""

import json
import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from genba.factory.attempt import AttemptDirectory

HEARTBEAT_S = 1.0
REPORT_S = 0.1
TAIL = 4096

logger = logging.getLogger(__name__)


class ProgressFile:
    """Writes at most ten reports a second; the newest always arrives within a heartbeat."""

    def __init__(self, directory: AttemptDirectory) -> None:
        self._directory = directory
        self._writing = threading.Lock()
        self._pending: tuple[float, str] | None = None
        self._logged: deque[str] = deque(maxlen=2)
        self._due = 0.0
        directory.heartbeat.touch()

    def report(self, fraction: float, message: str) -> None:
        """Take one report, and write it when the last is a tenth of a second old."""
        self._pending = (fraction, message)
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Write the newest report; a full disk costs the report, not the run."""
        with self._writing, suppress(OSError):
            pending, self._pending = self._pending, None
            if pending is None:
                return
            fraction, message = pending
            self._due = time.monotonic() + REPORT_S
            line = {"at": time.time_ns(), "fraction": fraction, "message": message}
            with self._directory.progress.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            if message not in self._logged:  # work that waits for kernels goes to and fro between two
                self._logged.append(message)
                logger.info("%3.0f %% %s", 100 * fraction, message)

    def beat(self) -> None:
        """Show for ever that this process lives, and bring late reports out."""
        while True:
            time.sleep(HEARTBEAT_S)
            with suppress(OSError):
                os.utime(self._directory.heartbeat)
            self.flush()


def newest(path: Path) -> tuple[float | None, str]:
    """Give fraction and message of the last whole line of a progress file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None, ""
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):  # the last line may be half written
            report = json.loads(line)
            return float(report["fraction"]), str(report["message"])
    return None, ""
