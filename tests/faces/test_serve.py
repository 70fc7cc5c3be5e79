"""The server as a process: it announces itself, streams, and ends when it should."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from genba.core.errors import DeviceError, InputError
from genba.core.run import TERMINAL
from genba.faces import serve
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor

START_S = 60.0
END_S = 3.0
SLOW_MACHINE_S = 5.0
"""Leeway for a process to be scheduled and collected, beyond what the server promises."""


class Served:
    """A server process with its address."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path) -> None:
        self.process = process
        self.home = home
        self.told = _announcement(process, home)
        self.address = self.told["address"]

    def ends(self) -> float:
        """Wait for the end; give how long it took, s."""
        begun = time.monotonic()
        self.process.wait(END_S + SLOW_MACHINE_S)
        return time.monotonic() - begun


def _announcement(process: subprocess.Popen[bytes], home: Path) -> dict[str, Any]:
    """Read the log until the server says that it listens."""
    assert process.stderr is not None
    said = b""
    while b"startup complete" not in said:
        ready, _, _ = select.select([process.stderr], [], [], START_S)
        piece = os.read(process.stderr.fileno(), 65_536) if ready else b""
        assert piece, f"the server did not start: {said.decode()}"
        said += piece
    told: dict[str, Any] = json.loads((home / "server.json").read_bytes())
    return told


@contextmanager
def _process(home: Path, *arguments: str, folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "genba.faces.serve", "--home", str(home), *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in filter(None, (process.stdin, process.stderr)):
            pipe.close()


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_a_run_is_followed_live_and_open_streams_do_not_hold_the_server(
    tmp_path: Path, free_port: int
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "http.py").write_text("raise SystemExit('a planted file was imported')")
    with _process(home, "--port", str(free_port), folder=elsewhere) as process, Factory.open(home) as factory:
        served = Served(process, home)
        assert served.told == {
            "pid": process.pid,
            "port": served.told["port"],
            "address": f"http://127.0.0.1:{served.told['port']}",
        }
        with httpx.Client(base_url=served.address, timeout=30) as client:
            _follow_one_run(client, factory)
            assert client.get("/v1/health", headers={"Host": "evil.example"}).status_code == 403
            waiting = factory.submit("factory.probe", {"seconds": 60})
            with client.stream("GET", f"/v1/runs/{waiting.id}/progress/stream") as open_stream:
                assert next(open_stream.iter_lines()) == "event: progress"
                assert process.stdin is not None
                process.stdin.close()  # what the death of the parent does
                assert served.ends() < END_S + SLOW_MACHINE_S
    assert process.returncode == 0
    assert not (home / "server.json").exists()


def _follow_one_run(client: httpx.Client, factory: Factory) -> None:
    """Submit over HTTP, work on it here, and see every event of its progress in order."""
    run_id = client.post("/v1/factory/probe", json={"seconds": 0.6}).json()["run"]
    supervisor = Supervisor(factory, only={run_id})
    names: list[str] = []
    try:
        with client.stream("GET", f"/v1/runs/{run_id}/progress/stream") as stream:
            lines = stream.iter_lines()
            names.append(next(lines))
            supervisor.run(until=lambda: factory.run(run_id).state in TERMINAL)
            names += [line for line in lines if line.startswith("event: ")]
    finally:
        supervisor.close()
    assert names[0] == "event: progress"
    assert names[-1] == "event: end"
    assert names.count("event: end") == 1
    ended = client.get(f"/v1/runs/{run_id}").json()
    assert (ended["status"], ended["certificate"]["holds"]) == ("succeeded", True)


def test_sigterm_ends_the_server_cleanly(tmp_path: Path, free_port: int) -> None:
    home = tmp_path / "home"
    with _process(home, "--port", str(free_port)) as process:
        served = Served(process, home)
        process.send_signal(signal.SIGTERM)
        assert served.ends() < END_S + SLOW_MACHINE_S
    assert process.returncode == 0
    assert not (home / "server.json").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_machines_are_kept_out(host: str) -> None:
    with pytest.raises(InputError, match="loopback"):
        serve.check_bind(host)
    with pytest.raises(InputError):
        serve.bind(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_may_be_bound(host: str) -> None:
    serve.check_bind(host)


def test_the_command_refuses_another_address_with_exit_code_2(tmp_path: Path) -> None:
    assert serve.main(["--home", str(tmp_path / "home"), "--host", "0.0.0.0"]) == 2
    assert not (tmp_path / "home").exists()


def test_a_taken_port_gives_the_next_free_one() -> None:
    with serve.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with serve.bind("127.0.0.1", port) as other:
            assert port < other.getsockname()[1] <= port + serve.MORE_PORTS


def test_no_free_port_is_an_error_that_says_what_to_do() -> None:
    with serve.bind("127.0.0.1", 65_535), pytest.raises(DeviceError, match="--port"):
        serve.bind("127.0.0.1", 65_535)
