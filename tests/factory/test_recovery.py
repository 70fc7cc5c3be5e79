"""Who still holds an attempt; clocks that jump, machines that change, pids that are given anew."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genba.core.ulid import ulid
from genba.factory import processes
from genba.factory.attempt import AttemptDirectory
from genba.factory.intake import safe_name
from genba.factory.recovery import Standing, end_processes, standing
from genba.store.queries import Held

S = 10**9
HERE = processes.identity(os.getpid())


def _held(owner: str, lease_until: int | None = None) -> Held:
    return Held(run="R", attempt=1, owner=owner, worker="", lease_until=lease_until)


@pytest.mark.parametrize("now", [0, 10**18, 2**62])
def test_a_living_supervisor_holds_its_attempt_whatever_the_clock_says(now: int) -> None:
    assert standing(_held(f"{HERE}.1", lease_until=1), now) is Standing.HELD


def test_a_dead_supervisor_holds_nothing_whatever_its_lease_says() -> None:
    ended = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    owner = f"{processes.identity(ended.pid)}.1"
    assert standing(_held(owner), 0) is Standing.HELD
    ended.communicate(b"\n")
    assert standing(_held(owner, lease_until=10 * S), 0) is Standing.ABANDONED


def test_a_pid_given_anew_is_another_process() -> None:
    pid, started, machine = HERE.split("-")
    assert processes.alive(f"{pid}-{int(started) + 1}-{machine}") is False


@pytest.mark.parametrize(
    ("lease_until", "expected"),
    [
        (None, Standing.ABANDONED),
        (99 * S, Standing.ABANDONED),
        (101 * S, Standing.HELD),
        (10_000 * S, Standing.ABANDONED),  # no lease is that long: a clock was set back
    ],
)
def test_on_another_machine_the_lease_decides(lease_until: int | None, expected: Standing) -> None:
    assert standing(_held("1-1-elsewher.1", lease_until), 100 * S) is expected


def test_an_attempt_without_owner_is_abandoned() -> None:
    assert standing(_held("", lease_until=10 * S), 0) is Standing.ABANDONED


def test_a_process_that_left_the_group_is_found_by_its_mark(tmp_path: Path) -> None:
    marked = subprocess.Popen(
        [sys.executable, "-S", "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, processes.MARK: "R-a1"},
        start_new_session=True,
    )
    marked.stdout.readline()
    end_processes(AttemptDirectory(tmp_path, "R", 2), "")
    assert marked.poll() is None
    end_processes(AttemptDirectory(tmp_path, "R", 1), "")
    assert marked.wait(10) is not None
    marked.stdin.close()
    marked.stdout.close()


def test_a_worker_that_the_record_does_not_know_is_found_by_its_file(tmp_path: Path) -> None:
    directory = AttemptDirectory(tmp_path, "R", 1)
    directory.path.mkdir(parents=True)
    worker = subprocess.Popen(
        [sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    directory.worker.write_text("")  # it may be about to be written
    end_processes(directory, "")
    assert worker.poll() is None
    directory.worker.write_text(processes.identity(worker.pid))
    end_processes(directory, "")
    assert worker.wait(10) == -signal.SIGKILL
    worker.stdin.close()


def test_ids_sort_by_time_within_a_millisecond() -> None:
    ids = [ulid(10**18 + step, entropy) for step, entropy in ((0, 2**60 - 1), (1, 0), (10**6, 0), (10**9, 5))]
    assert ids == sorted(ids)
    assert all(len(found) == 26 for found in ids)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("case.m", "case.m"),
        ("../../etc/passwd", "passwd"),
        ("C:\\cases\\case.m", "case.m"),
        ("現場.m", "現場.m"),
        ("a\nb\x1b[31m.m", "ab[31m.m"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_hostile_name_becomes_a_plain_one(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_name("長" * 300 + ".m").endswith(".m")
    assert len(safe_name("長" * 300 + ".m").encode()) <= 120
