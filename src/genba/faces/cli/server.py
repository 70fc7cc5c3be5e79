"""The server as a child process of `genba up`: started, watched, started again, ended."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.5
"""Seconds before the server is started again after it ended; doubled each time."""
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds after which a server that ends counts as having been well."""
GRACE = 5.0
"""Seconds the server may take to end."""


def server_command(home: Path, *, host: str, port: int) -> tuple[str, ...]:
    """Give the command of the server; `-P` keeps the working directory out of its imports."""
    module = (sys.executable, "-P", "-m", "genba.faces.serve")
    return (*module, "--home", str(home), "--host", host, "--port", str(port))


@dataclass(slots=True)
class ServerChild:
    """One server process, and when to start the next.

    Arguments:
        command: how it is started.
        announcement: the file in which it says where it listens.
    """

    command: Sequence[str]
    announcement: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _next: float = field(default=0.0, init=False)
    _pause: float = field(default=FIRST_PAUSE, init=False)

    def tend(self, now: float) -> str | None:
        """Start the server when it is due; give a sentence when it has just ended."""
        if self._process is None:
            if now >= self._next:
                self._start(now)
            return None
        code = self._process.poll()
        if code is None:
            return None
        self._release()
        pause = FIRST_PAUSE if now - self._started > STEADY else self._pause
        self._next, self._pause = now + pause, min(2 * pause, LONGEST_PAUSE)
        return f"the server ended with code {code}; starting it again in {pause:g} s"

    def address(self) -> str | None:
        """Give where the running server listens, once it says so."""
        if self._process is None or not self.announcement.exists():
            return None
        told = json.loads(self.announcement.read_bytes())
        address: str = told["address"]
        return address if told["pid"] == self._process.pid else None

    def end(self) -> None:
        """End the server and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._release()

    def _start(self, now: float) -> None:
        # Its standard input is the lifeline: it closes however this process ends. An own session keeps a
        # Ctrl-C of the terminal away, so that this process ends it in order.
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self._started = now

    def _release(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
