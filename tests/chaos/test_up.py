"""kill -9 of the whole service, `genba up`: of its server, then of itself, while runs are under way."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from genba.core.run import TERMINAL, State
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor

PATIENCE_S = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def service(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    pytest.importorskip("uvicorn", reason="the server is not installed: pip install 'genba[server]'")
    pytest.importorskip("nicegui", reason="the server is not installed: pip install 'genba[server]'")
    start = "import sys; from genba.faces.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", start, "up", "--home", str(home), "--port", "18420"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GENBA_HOME": str(home)},
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait()


def test_killing_server_and_supervisor_costs_nothing(home: Path, service: subprocess.Popen[bytes]) -> None:
    _until(lambda: (home / "server.json").exists())
    server = psutil.Process(json.loads((home / "server.json").read_text())["pid"])
    with Factory.open(home) as factory:
        first = factory.submit("factory.probe", {"seconds": 0.5})
        server.kill()
        _until(lambda: factory.run(first.id).state in TERMINAL)
        second = factory.submit("factory.probe", {"seconds": 30.0})
        _until(lambda: bool(factory.run(second.id).fraction))
        processes = psutil.Process(service.pid).children(recursive=True)
        service.kill()
        service.wait()
        _until(lambda: not any(process.is_running() for process in processes))
        third = factory.submit("factory.probe", {})
        supervisor = Supervisor(factory)
        supervisor.run(until=lambda: factory.run(second.id).attempt == 2)
        factory.cancel(second.id)
        supervisor.drain()
        supervisor.close()
        states = [factory.run(run.id).state for run in (first, second, third)]
    assert states == [State.SUCCEEDED, State.CANCELLED, State.SUCCEEDED]


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
