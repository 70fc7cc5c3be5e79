"""The supervisor's end of a forkserver: start it, ask it for workers, hear how they ended."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

KEPT = ("HOME", "LANG", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
KEPT_PREFIXES = ("CUDA_", "GENBA_", "LC_", "LD_LIBRARY_PATH", "NVIDIA_", "XDG_")
SINGLE_THREADED = (
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
END_S = 10.0
TAIL = 2000


class Forkserver:
    """One running forkserver; everything it forked ends when this is closed or its owner dies."""

    def __init__(self, home: Path) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        lifeline, self._lifeline = os.pipe()  # only this process holds the end that could write
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "genba.factory.forkserver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=home,
                env=_environment(home),
                pass_fds=(lifeline,),
                start_new_session=True,  # Ctrl-C in a terminal is for the foreground only
            )
        finally:
            os.close(lifeline)
        self._rest = b""
        self.alive = True
        self.was_ready = False
        self._send({"lifeline": lifeline})

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self._process.pid

    def warm(self, operations: tuple[str, ...]) -> None:
        """Have the imports of some operations made ahead."""
        self._send({"warm": operations})

    def spawn(self, key: str, spec: Path, *, operation: str, memory_mib: int) -> None:
        """Ask for a worker; `started` and `ended` will come back under `key`."""
        request = {"key": key, "spec": str(spec), "operation": operation, "memory_mib": memory_mib}
        self._send({"spawn": request})

    def signal(self, key: str, number: int) -> None:
        """Signal a worker; SIGKILL goes to its whole group."""
        self._send({"signal": key, "number": number})

    def kill(self) -> None:
        """End one that hangs; its workers end with it."""
        self._process.kill()
        self.alive = False

    def reports(self, timeout: float) -> list[dict[str, Any]]:
        """Give what it has said, waiting at most `timeout` s for the first word."""
        if not self.alive:
            time.sleep(timeout)  # nothing can come; the caller's pace is kept
            return []
        output = self._process.stdout
        assert output is not None  # PIPE was asked for
        ready, _, _ = select.select([output], [], [], timeout)
        if not ready:
            return []
        received = os.read(output.fileno(), 1 << 16)
        self.alive = bool(received)
        *lines, self._rest = (self._rest + received).split(b"\n")
        reports = [json.loads(line) for line in lines]
        self.was_ready = self.was_ready or any("ready" in report for report in reports)
        return reports

    def close(self) -> str:
        """End it and every worker, wait until they are gone, and give the last it wrote to its errors."""
        self.alive = False
        os.close(self._lifeline)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - TAIL))
        last = self._errors.read().decode(errors="replace").strip()
        self._errors.close()
        return last

    def _send(self, command: dict[str, Any]) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # PIPE was asked for
        try:
            pipe.write(json.dumps(command).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError:
            self.alive = False


def _environment(home: Path) -> dict[str, str]:
    """Give the environment of workers: nothing of Python's, one thread in every numerical library.

    Operations use several threads through blocks of their own; threads of a library would multiply with them.
    """
    kept = {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    return {**kept, **dict.fromkeys(SINGLE_THREADED, "1"), "GENBA_HOME": str(home)}
