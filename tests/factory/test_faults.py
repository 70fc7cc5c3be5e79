"""Disks that fill, homes that turn read-only, clocks that jump, requests that come twice."""

import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from genba.core.errors import Conflict, DeviceError, InputError, NotFound
from genba.core.run import TERMINAL, Limits, Run, State
from genba.factory import supervisor as supervisor_module
from genba.factory.attempt import AttemptDirectory, AttemptOutcome
from genba.factory.factory import Factory
from genba.factory.follow import execute, submit
from genba.factory.request import Request, RunQuery
from genba.factory.supervisor import Supervisor
from genba.store.database import Database

S = 10**9


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "disk"
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_a_full_disk_refuses_a_request_and_takes_it_when_there_is_room(
    small_home: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (8 << 20))
    with Factory.open(small_home) as factory:
        with pytest.raises(DeviceError, match="free some space"):
            factory.submit("factory.probe", {"file": str(large)})
        assert factory.runs().items == ()
        assert execute(factory, factory.submit("factory.probe", {}).id).state is State.SUCCEEDED


def test_a_disk_that_fills_up_meanwhile_loses_no_result(small_home: Path) -> None:
    with Factory.open(small_home) as factory:
        run = factory.submit("factory.probe", {"seconds": 0.3})
        supervisor = Supervisor(factory, only={run.id})
        while factory.run(run.id).state is not State.RUNNING:
            supervisor.step()
        ballast = small_home / "ballast"
        with pytest.raises(DeviceError, match="free some space"):
            _fill_until_refused(supervisor, factory, run.id, ballast)
        ballast.unlink()
        while factory.run(run.id).state not in TERMINAL:
            supervisor.step()
        supervisor.close()
        ends = [event for event in factory.events(run.id) if event.after in TERMINAL]
    assert len(ends) == 1


def test_a_result_that_cannot_be_published_holds_up_no_other_run(
    factory: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    stuck = factory.submit("factory.probe", {"file": str(tmp_path / "file")})
    supervisor = Supervisor(factory, slots=3)
    monkeypatch.setattr(supervisor_module, "RENEW_S", 0.0)
    with monkeypatch.context() as full:
        full.setattr(factory.artifacts, "adopt", _refuse)
        _step_until(supervisor, lambda: AttemptDirectory(factory.home, stuck.id, 1).outcome.exists())
        long = factory.submit("factory.probe", {"seconds": 60.0}, Request(limits=Limits(wall_s=1)))
        cancelled = factory.submit("factory.probe", {"seconds": 60.0})
        _step_until(supervisor, lambda: bool(factory.run(cancelled.id).fraction))
        leases = {held.run: held.lease_until for held in factory.queries.held(None)}
        factory.cancel(cancelled.id)
        _step_until(supervisor, lambda: factory.run(cancelled.id).state is State.CANCELLED)
        _step_until(supervisor, lambda: factory.run(long.id).state is State.FAILED)
        held = factory.queries.held((stuck.id,))[0]
        assert held.lease_until > leases[stuck.id]
        with pytest.raises(DeviceError, match="full"):
            supervisor.step()
    _step_until(supervisor, lambda: factory.run(stuck.id).state is State.SUCCEEDED)
    supervisor.close()
    assert "wall limit" in factory.run(long.id).reason


def _refuse(*asked: object) -> None:
    raise DeviceError("the disk is full")


def _step_until(supervisor: Supervisor, reached: Callable[[], bool]) -> None:
    while not reached():
        with suppress(DeviceError):
            supervisor.step()


def _fill_until_refused(supervisor: Supervisor, factory: Factory, run_id: str, ballast: Path) -> None:
    """Step with a full disk; the disk is filled to the last byte first."""
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    while factory.run(run_id).state not in TERMINAL:
        supervisor.step()


def test_clocks_that_jump_end_nothing(tmp_path: Path) -> None:
    now = time.time_ns()
    jumps = itertools.cycle([0, 3600 * S, -3600 * S, 10 * 365 * 86_400 * S, -now])
    home = tmp_path / "home"
    with Factory(home, Database.open(home), clock=lambda: now + next(jumps)) as factory:
        run = factory.submit("factory.probe", {"seconds": 0.5})
        supervisor = Supervisor(factory, only={run.id})
        while factory.run(run.id).state is not State.RUNNING:
            supervisor.step()
        other = Supervisor(factory)  # takes over whatever seems abandoned
        while factory.run(run.id).state not in TERMINAL:
            supervisor.step(0.05)
            other.step(0.05)
        other.close()
        supervisor.close()
        assert factory.run(run.id).state is State.SUCCEEDED
        assert factory.run(run.id).attempt == 1


def test_the_same_token_gives_the_same_run_from_many_threads(factory: Factory) -> None:
    found: list[str] = []

    def ask() -> None:
        found.append(factory.submit("factory.probe", {}, Request(token="t")).id)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    with pytest.raises(Conflict, match="token"):
        factory.submit("factory.probe", {"seconds": 1.0}, Request(token="t"))


def test_wrong_requests_leave_nothing(factory: Factory, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"factory\.probe"):
        factory.submit("factory.nothing", {})
    with pytest.raises(InputError, match="seconds"):
        factory.submit("factory.probe", {"seconds": -1})
    with pytest.raises(InputError, match="no regular file"):
        factory.submit("factory.probe", {"file": str(tmp_path)})
    with pytest.raises(NotFound, match="upload"):
        factory.submit("factory.probe", {"file": "sha256:" + "0" * 64})
    with pytest.raises(NotFound):
        factory.submit("factory.probe", {"file": "@NOSUCHRUN/echo"})
    with pytest.raises(NotFound, match="catalogue"):
        factory.submit("factory.probe", {"file": "nowhere:thing"})
    assert factory.runs().items == ()


@pytest.mark.parametrize("asked", ["", "%", "a'b", "../x", "Ω", "0" * 30])
def test_a_hostile_run_id_is_not_found(factory: Factory, asked: str) -> None:
    with pytest.raises(NotFound):
        factory.run(asked)


def test_pages_lead_through_all_runs(factory: Factory) -> None:
    made = [factory.submit("factory.probe", {}).id for _ in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = factory.runs(RunQuery(limit=2, cursor=cursor))
        seen += [run.id for run in page.items]
        cursor = page.next
    assert seen == made[::-1]
    assert cursor is None


def test_a_foreground_run_follows_the_supervisor_that_serves_the_home(factory: Factory) -> None:
    ready, stop = threading.Event(), threading.Event()
    owners: list[str] = []

    def serve() -> None:
        with Factory.open(factory.home) as own:
            supervisor = Supervisor(own)
            owners.append(supervisor.owner)
            ready.set()
            supervisor.run(until=stop.is_set)
            supervisor.close()

    server = threading.Thread(target=serve)
    server.start()
    ready.wait()
    try:
        run = factory.submit("factory.probe", {"seconds": 0.1})
        seen: list[State] = []
        ended = execute(factory, run.id, lambda found: seen.append(found.state))
    finally:
        stop.set()
        server.join()
    assert ended.state is State.SUCCEEDED
    assert seen[0] is State.ACCEPTED
    assert seen[-1] is State.SUCCEEDED
    assert owners == [factory.attempts(run.id)[0].owner]


def test_submit_from_python_waits_for_the_end(tmp_path: Path) -> None:
    run = submit("factory.probe", home=tmp_path / "home", seconds=0.05)
    assert run.state is State.SUCCEEDED
    assert submit("factory.probe", home=tmp_path / "home", wait=False).state is State.ACCEPTED


def test_a_cancel_after_the_supervisor_died_ends_the_run(factory: Factory) -> None:
    run = _abandoned(factory)
    assert factory.cancel(run.id).state is State.CANCELLED


def test_a_cancel_after_the_supervisor_died_keeps_a_result_that_was_left(factory: Factory) -> None:
    run = _abandoned(factory)
    directory = AttemptDirectory(factory.home, run.id, 1)
    directory.path.mkdir(parents=True)
    left = AttemptOutcome(run=run.id, attempt=1, result={"outcome": "rehearsed"}, claims=())
    directory.outcome.write_text(left.model_dump_json())
    ended = factory.cancel(run.id)
    assert (ended.state, ended.result) == (State.REFUSED, {"outcome": "rehearsed"})
    assert ended.reason == "the certificate makes no claim; the cancel came too late"


def test_a_cancel_that_meets_a_faster_supervisor_is_no_conflict(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _abandoned(factory)
    lose = factory.record.lose

    def late(run_id: str, attempt: int, reason: str) -> State:
        lose(run_id, attempt, "the other was here first")
        return lose(run_id, attempt, reason)

    monkeypatch.setattr(factory.record, "lose", late)
    assert factory.cancel(run.id).state is State.CANCELLED


def _abandoned(factory: Factory) -> Run:
    """Give a run whose supervisor has ended."""
    run = factory.submit("factory.probe", {})
    factory.record.claim("999999999-1-gone.1", (run.id,), lease_ns=S)
    factory.record.take_over(run.id, 1, before="999999999-1-gone.1", after="", lease_ns=S)
    return run
