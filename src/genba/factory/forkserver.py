"""The process that workers are forked from: imports are made once, no kernel is ever called.

Started as `python -P -m genba.factory.forkserver`. Reads one JSON object a line:
`{"lifeline": fd}` first, then `{"warm": [operations]}`, `{"spawn": {...}}`, `{"signal": key, "number": n}`;
writes `{"ready": pid}`, `{"started": key, "pid": pid}` and `{"ended": key, "status": code}`.
"""

import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from genba.factory import worker

MIB = 1 << 20
PROCESSES = 4096
IDLE_S = 0.5
PR_SET_PDEATHSIG = 1
COMMANDS, REPORTS, ERRORS = 0, 1, 2


class Forkserver:
    """Forks on request, reports every end, and leaves nobody behind."""

    def __init__(self) -> None:
        self._reports = os.dup(REPORTS)
        os.dup2(ERRORS, REPORTS)  # what an import prints must not be taken for a report
        self._lifeline = -1
        self._keys: dict[int, str] = {}
        self._rest = b""
        self._cold: list[str] = []
        self._warmed: set[str] = set()
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        """Work until the supervisor closes its end."""
        selector = selectors.DefaultSelector()
        selector.register(COMMANDS, selectors.EVENT_READ)
        selector.register(self._woken, selectors.EVENT_READ)
        self._report(ready=os.getpid())
        while True:
            ready = {key.fd for key, _ in selector.select(IDLE_S if self._cold else None)}
            if not ready:
                self._warm(self._cold.pop(0))  # imports wait while there is anything else to do
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if COMMANDS in ready:
                received = os.read(COMMANDS, 1 << 16)
                if not received:
                    return self._end()
                for command in self._lines(received):
                    self._obey(command)

    def _lines(self, received: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = (self._rest + received).split(b"\n")
        return (json.loads(line) for line in lines)

    def _obey(self, command: dict[str, Any]) -> None:
        if "lifeline" in command:
            self._lifeline = command["lifeline"]
        elif "warm" in command:
            self._cold.extend(command["warm"])
        elif "signal" in command:
            self._signal(command["signal"], command["number"])
        else:
            self._spawn(**command["spawn"])

    def _warm(self, operation: str) -> None:
        if operation not in self._warmed:
            self._warmed.add(operation)
            worker.preload([operation])
            gc.freeze()  # children then share these pages for good

    def _spawn(self, key: str, spec: str, operation: str, memory_mib: int) -> None:
        self._warm(operation)
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._report(ended=key, status=None, why=f"no process could be started: {error.strerror}")
            return
        if pid == 0:
            self._become_worker(Path(spec), parent, memory_mib)
        self._keys[pid] = key
        self._report(started=key, pid=pid)

    def _become_worker(self, spec: Path, parent: int, memory_mib: int) -> None:
        status = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _die_with(parent)
            for descriptor in (self._reports, self._woken, self._wake):
                os.close(descriptor)
            _redirect(spec.with_name("log.txt"))
            _limit(memory_mib)
            status = worker.work(spec, self._lifeline)
        finally:
            os._exit(status)  # never back into the loop of the forkserver

    def _signal(self, key: str, number: int) -> None:
        """Signal a worker's group; its number cannot mean another process before it is reaped here."""
        for pid, known in self._keys.items():
            if known == key:
                _kill(pid) if number == signal.SIGKILL else os.kill(pid, number)

    def _reap(self) -> None:
        while self._keys:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            self._bury(ended.si_pid)

    def _bury(self, pid: int) -> None:
        _kill(pid)  # what the worker itself started ends with it
        _, status = os.waitpid(pid, 0)
        key = self._keys.pop(pid, None)
        if key is not None:
            self._report(ended=key, status=os.waitstatus_to_exitcode(status))

    def _end(self) -> None:
        for pid in tuple(self._keys):
            _kill(pid)
            os.waitpid(pid, 0)

    def _report(self, **values: Any) -> None:
        try:
            os.write(self._reports, json.dumps(values).encode() + b"\n")
        except BrokenPipeError:
            self._end()  # the supervisor is gone
            os._exit(0)


def _kill(pid: int) -> None:
    """End a worker that is not reaped yet, with its group: it may be about to make one, or have ended."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is in the group: not yet, or no longer
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died before the request could take effect


def _redirect(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, COMMANDS)
    os.dup2(written, REPORTS)
    os.dup2(written, ERRORS)
    os.close(nothing)
    os.close(written)


def _limit(memory_mib: int) -> None:
    """Bound what this process may add: private memory, processes, and no core file."""
    _, most = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (_smaller(PROCESSES, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _private_bytes() + memory_mib * MIB
    resource.setrlimit(resource.RLIMIT_DATA, (_smaller(wanted, most), most))


def _smaller(wanted: int, most: int) -> int:
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def _private_bytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    Forkserver().serve()
