"""Knowing a process again: by number, start and machine, so that a number given anew is not mistaken."""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

MARK = "GENBA_ATTEMPT"
"""Environment variable that every program a worker starts inherits; the worker is known by its file."""


def identity(pid: int) -> str | None:
    """Give `<pid>-<start>-<machine>` of a living process, or None."""
    started = _started(pid)
    return None if started is None else f"{pid}-{started}-{_machine()}"


def alive(known: str) -> bool | None:
    """Tell whether the process of an identity still lives; None when another machine would have to tell."""
    pid, _, rest = known.partition("-")
    started, _, machine = rest.partition("-")
    if not pid.isdigit():
        return False
    if machine != _machine():
        return None
    return _started(int(pid)) == started


def end_group(known: str) -> None:
    """Kill the process group that a worker leads, when it is still that worker."""
    if known and alive(known):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(int(known.partition("-")[0]), signal.SIGKILL)


def end_marked(mark: str) -> None:
    """Kill every program that inherited the mark of an attempt, whatever group it has gone to.

    A process forked without a program of its own shows no mark: it ends with the group of its worker.
    """
    for process in _marked(mark):
        with suppress(psutil.Error):
            process.kill()
            process.wait(timeout=5)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                yield process


def cpu_seconds(pid: int) -> float:
    """Give the processor time of a process, s; 0 when it has ended."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system)


def _started(pid: int) -> str | None:
    stat = Path(f"/proc/{pid}/stat")
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    except ProcessLookupError:
        return None
    return None if fields[0] in "ZX" else fields[19]  # ticks since boot: no clock can move them


def _started_elsewhere(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


@cache
def _machine() -> str:
    """Give eight letters for this boot and this process namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot, namespace = str(psutil.boot_time()), ""
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:8]
