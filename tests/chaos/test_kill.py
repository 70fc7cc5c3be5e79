"""kill -9 of one process at a drawn step: nothing acknowledged is lost or doubled, nobody is left behind."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from genba.core.run import TERMINAL, State
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor
from genba.store.database import FILE

ACTORS = Path(__file__).with_name("actors.py")
SEEDS = int(os.environ.get("GENBA_CHAOS_SEEDS", "20"))
VICTIMS = ("foreground", "supervisor", "forkserver", "worker")
PATIENCE_S = 60.0


class Stage:
    """One home, a supervisor process that is started again when it was killed, and foreground processes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.factory = Factory.open(home)
        self._supervisor: subprocess.Popen[str] | None = None

    def supervisor(self) -> subprocess.Popen[str]:
        if self._supervisor is None or self._supervisor.poll() is not None:
            self.end_supervisor()
            self._supervisor = self._start("supervise", str(self.home))
        return self._supervisor

    def foreground(self, seconds: float, count: int) -> subprocess.Popen[str]:
        return self._start("foreground", str(self.home), str(seconds), str(count))

    def end_supervisor(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
            self._supervisor.communicate()
            self._supervisor = None

    def close(self) -> None:
        self.end_supervisor()
        self.factory.close()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [sys.executable, "-P", str(ACTORS), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GENBA_HOME": str(self.home)},
            start_new_session=True,
        )
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        return started


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("chaos"))
    yield stage
    stage.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_killed_process_costs_nothing(stage: Stage, seed: int) -> None:
    draw = random.Random(seed)
    victim = draw.choice(VICTIMS)
    seconds, count, events = draw.choice((0.0, 0.1, 0.25)), draw.randint(1, 3), draw.randint(0, 12)
    before = _last_event(stage.home)
    if victim == "foreground":
        stage.end_supervisor()
        runs = _kill_foreground(stage, seconds, count, before + events)
    else:
        process = stage.supervisor()
        runs = [stage.factory.submit("factory.probe", {"seconds": seconds}).id for _ in range(count)]
        _wait_for_event(stage, before + events, runs)
        if victim == "supervisor":
            stage.end_supervisor()
        else:
            _kill(victim, process)
        stage.supervisor()
    _see_through(stage, runs)
    _nothing_lost_and_nothing_doubled(stage, runs)


def test_at_the_end_the_store_is_whole_and_nobody_is_left(stage: Stage) -> None:
    stage.end_supervisor()
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


def _kill_foreground(stage: Stage, seconds: float, count: int, event: int) -> list[str]:
    process = stage.foreground(seconds, count)
    deadline = time.monotonic() + PATIENCE_S
    while _last_event(stage.home) < event and process.poll() is None and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    stage.supervisor()  # whoever comes next brings them to their end
    return said.split()


def _kill(victim: str, supervisor: subprocess.Popen[str]) -> None:
    forkservers = psutil.Process(supervisor.pid).children()
    targets = forkservers if victim == "forkserver" else [w for f in forkservers for w in f.children()]
    for target in targets[:1]:  # a worker may have ended before it could be hit: then nothing is killed
        target.kill()


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
