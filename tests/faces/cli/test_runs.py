"""Runs from the command line: made, shown, changed; one home and few runs serve all tests."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genba.core.envelope import Envelope

HOSTILE = "[red]note[/red] \x1b[31m\u202e"


@pytest.fixture(scope="module")
def probe(genba: Callable[..., Any], home: Path) -> Any:
    """Give the answer of a run that succeeds."""
    return genba("factory", "probe", "--seconds", 0.1, "--tag", "x", "--token", "t", "--json", "--home", home)


@pytest.fixture(scope="module")
def refused(genba: Callable[..., Any], home: Path) -> Any:
    """Give the answer of a run whose certificate does not hold."""
    return genba("factory", "probe", "--ending", "refuse", "--home", home)


@pytest.fixture
def at(genba: Callable[..., Any], home: Path, probe: Any, refused: Any) -> Callable[..., Any]:
    """Run a command in the shared home."""
    return lambda *tokens: genba(*tokens, "--home", home)


def the_id(refused: Any) -> str:
    return str(refused.out.split()[1])


def test_json_of_a_run_is_its_envelope_and_nothing_else(probe: Any) -> None:
    assert probe.code == 0
    assert probe.err == ""
    envelope = Envelope.model_validate(probe.json | {"certificate": None})
    assert envelope.status == "succeeded"
    assert probe.json["certificate"]["holds"]
    assert probe.json["result"]["outcome"] == "rehearsed"


def test_people_read_state_values_and_certificate_without_colour_when_piped(refused: Any) -> None:
    assert refused.code == 4
    assert "refused" in refused.out
    assert "does not hold: total 1, allowed 0" in refused.out
    assert "Steps waited" in refused.out
    assert "\x1b" not in refused.out + refused.err
    assert f"genba show {the_id(refused)}" in refused.err


def test_the_same_token_gives_the_same_run(genba: Callable[..., Any], home: Path, probe: Any) -> None:
    again = genba(
        "factory", "probe", "--seconds", 0.1, "--tag", "x", "--token", "t", "--json", "--home", home
    )
    assert again.json["run"] == probe.json["run"]
    other = genba("factory", "probe", "--seconds", 0.2, "--token", "t", "--json", "--home", home)
    assert other.code == 2
    assert other.json["error"]["code"] == "conflict"


def test_wrong_values_are_all_reported_at_once(at: Callable[..., Any]) -> None:
    people = at("factory", "probe", "--seconds", "many", "--ending", "[b]x")
    assert people.code == 2
    assert "seconds: " in people.err
    assert "'many'" in people.err
    assert "ending: Input should be 'succeed'" in people.err
    assert "'[b]x'" in people.err
    assert "genba factory probe --help" in people.err
    programs = at("factory", "probe", "--seconds", "many", "--ending", "x", "--json")
    assert programs.code == 2
    assert programs.json["operation"] == "factory.probe"
    assert "seconds" in programs.json["error"]["message"]
    assert "ending" in programs.json["error"]["message"]


def test_limits_and_seed_are_checked_too(at: Callable[..., Any]) -> None:
    assert at("factory", "probe", "--seed", "-1").code == 2
    assert at("factory", "probe", "--tag", "").code == 2


def test_ps_filters_and_pages(at: Callable[..., Any], probe: Any, refused: Any) -> None:
    everything = at("ps", "--json").json["items"]
    assert {probe.json["run"], the_id(refused)} <= {run["id"] for run in everything}
    assert [run["id"] for run in at("ps", "--tag", "x", "--json").json["items"]] == [probe.json["run"]]
    states = at("ps", "--state", "refused", "--state", "failed", "--json").json["items"]
    assert {run["state"] for run in states} <= {"refused", "failed"}
    first = at("ps", "--limit", 1, "--json").json
    second = at("ps", "--limit", 1, "--cursor", first["next"], "--json").json
    assert first["items"][0]["id"] == everything[0]["id"]
    assert second["items"][0]["id"] == everything[1]["id"]
    assert everything[0]["created"].endswith("Z")
    assert "result" not in everything[0]


def test_show_tells_everything_of_a_run(at: Callable[..., Any], probe: Any) -> None:
    shown = at("show", probe.json["run"][:20])
    assert shown.code == 0
    for part in ("certificate", "holds", "params", "versions", "events", "the worker started", "digest"):
        assert part in shown.out
    assert at("show", probe.json["run"], "--json").json == probe.json


def test_logs_are_objects_with_offsets(at: Callable[..., Any], probe: Any) -> None:
    plain = at("logs", probe.json["run"]).out
    assert "certifying" in plain
    lines = [json.loads(line) for line in at("logs", probe.json["run"], "--json").out.splitlines()]
    assert "".join(line["text"] for line in lines) == plain
    assert lines[0]["offset"] == 0


def test_notes_and_tags_are_kept_and_cannot_steer_the_terminal(at: Callable[..., Any], probe: Any) -> None:
    run = probe.json["run"]
    assert at("note", run, HOSTILE, "--json").json["note"] == HOSTILE
    assert at("tag", run, "x", "y", "--json").json["tags"] == ["x", "y"]
    shown = at("show", run).out
    assert r"[red]note[/red] \x1b[31m\u202e" in shown
    assert at("tag", run, "x").code == 0


def test_rerun_changes_params_and_compare_shows_what_differs(at: Callable[..., Any], probe: Any) -> None:
    rerun = at("rerun", probe.json["run"], "--set-param", "seconds=0.15", "--json")
    assert rerun.code == 0
    assert rerun.json["result"]["steps"] == 3
    assert at("ps", "--json").json["items"][0]["parent"] == probe.json["run"]
    comparison = at("compare", probe.json["run"], rerun.json["run"], "--json").json
    assert {"params.seconds", "result.steps"} <= {row["path"] for row in comparison["rows"]}
    assert "params.seconds" in at("compare", probe.json["run"], rerun.json["run"]).out


def test_retry_is_for_what_did_not_succeed(at: Callable[..., Any], probe: Any, refused: Any) -> None:
    again = at("retry", the_id(refused), "--json")
    assert (again.code, again.json["run"], again.json["status"]) == (4, the_id(refused), "refused")
    fault = at("retry", probe.json["run"], "--json").json["error"]
    assert fault["code"] == "conflict"
    assert "rerun" in fault["message"]


def test_cancel_ends_what_waits(at: Callable[..., Any]) -> None:
    waiting = at("factory", "probe", "--seconds", 30, "--detach")
    assert waiting.code == 0
    assert "genba up" in waiting.err
    run = the_id(waiting)
    assert at("cancel", run, "--json").json["state"] == "cancelled"
    assert at("cancel", run).code in (0, 2)
    assert at("show", run).code == 0


def test_what_is_not_there_is_said_so(at: Callable[..., Any], probe: Any) -> None:
    assert at("show", "zzz", "--json").json["error"]["code"] == "not_found"
    missing = at("table", probe.json["run"], "violations")
    assert missing.code == 2
    assert "violations" in missing.err


def test_a_report_and_a_backup_are_files(at: Callable[..., Any], probe: Any, tmp_path: Path, genba) -> None:  # type: ignore[no-untyped-def]
    page, kept = tmp_path / "r.html", tmp_path / "b.genba"
    assert at("report", probe.json["run"], "-o", page, "--json").json["bytes"] == page.stat().st_size
    assert probe.json["run"] in page.read_text(encoding="utf-8")
    assert at("backup", kept, "--json").code == 0
    assert at("backup", kept).code == 2, "an existing file is not replaced"
    other = tmp_path / "restored"
    assert genba("restore", kept, "--home", other).code == 0
    assert genba("show", probe.json["run"], "--json", "--home", other).json == probe.json
    assert genba("restore", kept, "--home", other).code == 2, "only an empty home is filled"


def test_a_file_that_cannot_be_written_is_a_device_error(at: Callable[..., Any], probe: Any) -> None:
    answer = at("report", probe.json["run"], "-o", "/proc/r.html", "--json")
    assert answer.code == 5
    assert answer.json["error"]["code"] == "device"
    assert at("report", probe.json["run"], "-o", "/nonexistent/r.html").code == 2


def test_doctor_tells_home_extras_and_seal(at: Callable[..., Any], home: Path) -> None:
    people = at("doctor", "--sealed")
    assert people.code == 0
    for part in (str(home), "python", "scipy", "disk free", "not running; start it: genba up", "sealed: "):
        assert part in people.out
    told = at("doctor", "--sealed", "--json").json
    assert told["remote"] == []
    assert told["health"]["writable"]
    assert {"package", "extra", "version", "install"} == set(told["extras"][0])


def test_doctor_does_not_faint_where_no_home_can_be(genba: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sick = genba("doctor", "--json", "--home", tmp_path / "file")
    assert sick.code != 0
    assert sick.json["problem"]
    assert sick.json["extras"]


def test_the_record_is_up_to_date(at: Callable[..., Any]) -> None:
    assert at("db", "upgrade", "--json").json["copy"] is None


def test_operations_are_listed_with_an_example(genba: Callable[..., Any]) -> None:
    items = genba("operations", "--json").json["items"]
    assert "grid.powerflow" in [entry["name"] for entry in items]
    assert all(entry["summary"].endswith(".") for entry in items)
    assert "factory.probe" in genba("operations").out
