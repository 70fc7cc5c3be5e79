"""One worker as its supervisor sees it."""

import signal
import time
from pathlib import Path

from genba.core.run import Fault, Run, State
from genba.factory import processes
from genba.factory.attempt import AttemptDirectory
from genba.factory.forks import Forkserver
from genba.store.runs import Ending

GRACE_S = 5.0
LASTS_S = 0.03
STALE_S = 60.0
START_S = 120.0
"""How long a forkserver may take to start a worker, imports included."""


class Child:
    """A worker from request to end; times are monotonic, so that no clock can end it."""

    def __init__(self, run: Run, directory: AttemptDirectory) -> None:
        self.run = run
        self.directory = directory
        self.worker = ""
        """Identity of the process, once it is known."""
        self.recorded = False
        """Whether the record says that it runs."""
        self.status: int | None = None
        """Exit status, negative for a signal."""
        self.lost = ""
        """Why nothing more is to be expected of it."""
        self.stop: Ending | None = None
        """How the run ends when the worker leaves no result: it was asked to stop."""
        self._pid: int | None = None
        self._began = 0.0
        self._start_end = time.monotonic() + START_S
        self._wall_end = float("inf")
        self._kill_at: float | None = None
        self._beat = (0.0, time.monotonic(), 0.0)  # time of the file, when it was new, CPU time then

    @property
    def is_over(self) -> bool:
        """Whether the worker has ended, or must be given up."""
        return self.status is not None or bool(self.lost)

    @property
    def is_unrecorded(self) -> bool:
        """Whether the record has yet to say that it runs; the shortest runs are recorded with their end."""
        lasts = time.monotonic() - self._began > LASTS_S
        return bool(self.worker) and lasts and not self.recorded and not self.is_over

    def started(self, pid: int) -> None:
        """Take note of the process; its wall time counts from here."""
        self._pid = pid
        self._began = time.monotonic()
        self.worker = processes.identity(pid) or f"{pid}--"  # it may have ended already
        self._wall_end = time.monotonic() + self.run.limits.wall_s
        self._beat = (0.0, time.monotonic(), 0.0)

    def watch(self, forkserver: Forkserver | None) -> None:
        """Enforce the wall limit and the heartbeat, and bring a stop about: first asked for, then forced."""
        if self.is_over:
            return
        now = time.monotonic()
        if self._pid is None:
            self._watch_start(now, forkserver)
            return
        if self.stop is None and now > self._wall_end:
            self.stop = _limit(f"wall limit of {self.run.limits.wall_s} s reached; allow more and retry")
        if self.stop is None and self._is_stale(now):
            self.lost = f"the worker gave no sign of life for {STALE_S:.0f} s"
            self.kill(forkserver)
        if self.stop is not None and self._kill_at is None:
            self._kill_at = now + GRACE_S
            self._signal(forkserver, signal.SIGTERM)
        elif self._kill_at is not None and now > self._kill_at:
            self.kill(forkserver)

    def _watch_start(self, now: float, forkserver: Forkserver | None) -> None:
        """Give up a worker that is not there yet: asked to stop, or held up in a forkserver that hangs."""
        if self.stop is not None:
            self.lost = "it was asked to stop before its worker was started"
            self.kill(forkserver)  # comes after the request to start it, which may still be obeyed
        elif now > self._start_end:
            self.lost = f"no worker was started within {START_S:g} s"
            if forkserver is not None:
                forkserver.kill()

    def kill(self, forkserver: Forkserver | None) -> None:
        """End the worker and everything it started."""
        self._signal(forkserver, signal.SIGKILL)

    def _signal(self, forkserver: Forkserver | None, number: int) -> None:
        if forkserver is not None:
            forkserver.signal(self.directory.key, number)

    def _is_stale(self, now: float) -> bool:
        """Tell whether it neither beats nor computes: a long call that silences the beat still computes."""
        seen, since, used = self._beat
        beat = _modified(self.directory.heartbeat)
        if beat != seen:
            self._beat = (beat, now, used)
            return False
        if now - since < STALE_S:
            return False
        used_now = processes.cpu_seconds(self._pid or 0)
        self._beat = (seen, now, used_now)
        return used_now <= used


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _limit(reason: str) -> Ending:
    return Ending(state=State.FAILED, reason=reason, error=Fault(code="device", message=reason))
