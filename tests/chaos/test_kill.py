"""kill -9 of one process at a drawn step: nothing acknowledged is lost or doubled, nobody is left behind."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psutil
import pytest

from genba.core.run import TERMINAL, State
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor
from genba.store.database import FILE

ACTORS = Path(__file__).with_name("actors.py")
SEEDS = int(os.environ.get("GENBA_CHAOS_SEEDS", "20"))
VICTIMS = ("foreground", "command", "supervisor", "forkserver", "worker", "server")
DRAWS = 20
"""How often a seed draws again when its victim had ended before it could be hit."""
PATIENCE_S = 60.0


class Stage:
    """One home, a supervisor process that is started again when it was killed, and foreground processes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.factory = Factory.open(home)
        self._supervisor: subprocess.Popen[str] | None = None
        self._server: subprocess.Popen[str] | None = None

    def supervisor(self) -> subprocess.Popen[str]:
        if self._supervisor is None or self._supervisor.poll() is not None:
            self.end_supervisor()
            self._supervisor = self._start("supervise", str(self.home))
        return self._supervisor

    def foreground(self, seconds: float, count: int) -> subprocess.Popen[str]:
        return self._start("foreground", str(self.home), str(seconds), str(count))

    def command(self, seconds: float) -> subprocess.Popen[str]:
        return self._run("-m", "genba", "factory", "probe", "--seconds", str(seconds))

    def server(self) -> subprocess.Popen[str]:
        if self._server is None or self._server.poll() is not None:
            self.end_server()
            told = self.home / "server.json"
            told.unlink(missing_ok=True)  # a killed server leaves it
            self._server = self._run("-m", "genba.faces.serve", "--home", str(self.home), "--port", "18520")
            deadline = time.monotonic() + PATIENCE_S
            while not told.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
        return self._server

    def end_server(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.communicate()
            self._server = None

    def end_supervisor(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
            self._supervisor.communicate()
            self._supervisor = None

    def close(self) -> None:
        self.end_supervisor()
        self.end_server()
        self.factory.close()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        started = self._run(str(ACTORS), *arguments)
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        return started

    def _run(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "GENBA_HOME": str(self.home)},
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("chaos"))
    yield stage
    stage.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_killed_process_costs_nothing(stage: Stage, seed: int) -> None:
    draw = random.Random(seed)
    victim = draw.choice(VICTIMS)
    if victim == "server":
        pytest.importorskip("uvicorn", reason="the server is not installed: pip install 'genba[server]'")
        pytest.importorskip("nicegui", reason="the server is not installed: pip install 'genba[server]'")
    for _ in range(DRAWS):
        runs, hit = _kill_once(stage, victim, draw)
        _see_through(stage, runs)
        _nothing_lost_and_nothing_doubled(stage, runs)
        if hit:
            return
    pytest.fail(f"no {victim} was hit in {DRAWS} draws")


def _kill_once(stage: Stage, victim: str, draw: random.Random) -> tuple[list[str], bool]:
    """Give the acknowledged runs, and whether the victim lived until it was killed."""
    seconds, count, events = draw.choice((0.0, 0.1, 0.25)), draw.randint(1, 3), draw.randint(0, 12)
    before = _last_event(stage.home)
    if victim == "foreground":
        stage.end_supervisor()
        return _kill_foreground(stage, stage.foreground(seconds, count), before + events)
    if victim == "command":
        stage.end_supervisor()
        newest = [run.id for run in stage.factory.runs().items]
        _, hit = _kill_foreground(stage, stage.command(seconds), before + min(events, 4))
        return [run.id for run in stage.factory.runs().items if run.id > max(newest, default="")], hit
    process = stage.supervisor()
    server = stage.server() if victim == "server" else None
    submit = partial(_submit, stage.home) if server else partial(_accept, stage.factory)
    runs = [submit(seconds) for _ in range(count)]
    _wait_for_event(stage, before + events, runs)
    if server is not None:
        hit = _end(psutil.Process(server.pid))
        stage.end_server()
    elif victim == "supervisor":
        hit = _end(psutil.Process(process.pid))
        stage.end_supervisor()
    else:
        hit = _kill(victim, process)
    stage.supervisor()
    return runs, hit


def test_at_the_end_the_store_is_whole_and_nobody_is_left(stage: Stage) -> None:
    stage.end_supervisor()
    stage.end_server()
    supervisor = Supervisor(stage.factory)
    supervisor.drain()
    supervisor.close()
    assert stage.factory.idle()
    with closing(sqlite3.connect(stage.home / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert list((stage.home / "incoming").glob("*")) == []
    deadline = time.monotonic() + PATIENCE_S
    while left := [process for process in _of_home(stage.home) if process.pid != os.getpid()]:
        assert time.monotonic() < deadline, left  # a forkserver may be in the middle of an import
        time.sleep(0.05)


def _kill_foreground(stage: Stage, process: subprocess.Popen[str], event: int) -> tuple[list[str], bool]:
    deadline = time.monotonic() + PATIENCE_S
    while _last_event(stage.home) < event and process.poll() is None and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    stage.supervisor()  # whoever comes next brings them to their end
    return said.split(), process.returncode == -signal.SIGKILL


def _kill(victim: str, supervisor: subprocess.Popen[str]) -> bool:
    forkservers = psutil.Process(supervisor.pid).children()
    targets = forkservers if victim == "forkserver" else [w for f in forkservers for w in f.children()]
    return bool(targets) and _end(targets[0])


def _end(process: psutil.Process) -> bool:
    """Kill a process; False when it had ended before."""
    try:
        lived = process.status() != psutil.STATUS_ZOMBIE
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return lived


def _accept(factory: Factory, seconds: float) -> str:
    return factory.submit("factory.probe", {"seconds": seconds}).id


def _submit(home: Path, seconds: float) -> str:
    """Have the server accept a run."""
    address = json.loads((home / "server.json").read_text())["address"]
    request = urllib.request.Request(
        f"{address}/v1/factory/probe",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        return str(json.load(response)["run"])


def _see_through(stage: Stage, runs: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not stage.factory.idle():
        assert time.monotonic() < deadline, [stage.factory.run(run) for run in runs]
        time.sleep(0.01)


def _nothing_lost_and_nothing_doubled(stage: Stage, runs: list[str]) -> None:
    for run_id in runs:
        run = stage.factory.run(run_id)
        assert run.state is State.SUCCEEDED, run.reason
        ends = [event for event in stage.factory.events(run_id) if event.after in TERMINAL]
        assert len(ends) == 1
        assert ends[0].attempt == run.attempt
        open_attempts = [attempt for attempt in stage.factory.attempts(run_id) if attempt.ended is None]
        assert open_attempts == []


def _wait_for_event(stage: Stage, event: int, runs: list[str]) -> None:
    """Wait until the history is that long, or nothing more will be added to it."""
    deadline = time.monotonic() + PATIENCE_S
    while _last_event(stage.home) < event and not stage.factory.idle(runs):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _last_event(home: Path) -> int:
    with closing(sqlite3.connect(home / FILE)) as connection:
        return int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def _of_home(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GENBA_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found
