"""What only whole processes show: Ctrl-C, a killed shift, detached runs, the server's address."""

import json
import os
import signal
import urllib.request
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from genba.faces.cli.main import HUNG_UP
from genba.factory.shift import read_shift

PATIENCE = 60
"""Seconds after which a process that should have ended is taken for hung."""
SHIFT = """
title = "rehearsal"
[[step]]
name = "first"
operation = "factory.probe"
[[step]]
name = "second"
operation = "factory.probe"
params = { seconds = 1.5 }
after = ["first"]
[[step]]
name = "third"
operation = "factory.probe"
params = { ending = "refuse" }
[[step]]
name = "fourth"
operation = "factory.probe"
after = ["third"]
"""


def wait_for(stream: Any, part: str) -> str:
    """Read a stream up to the line that holds `part`."""
    for line in stream:
        if part in line:
            return str(line)
    raise AssertionError(f"{part!r} never came")


def test_ctrl_c_cancels_the_run(start: Callable[..., Any], genba: Callable[..., Any], tmp_path: Path) -> None:
    with start("factory", "probe", "--seconds", 300, "--home", tmp_path) as process:
        wait_for(process.stderr, "step ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "cancelled" in out
    assert "Traceback" not in err
    (run,) = genba("ps", "--json", "--home", tmp_path).json["items"]
    assert run["state"] == "cancelled"


def test_a_shift_that_was_killed_goes_on_without_repeating(
    start: Callable[..., Any], genba: Callable[..., Any], tmp_path: Path
) -> None:
    file, home = tmp_path / "shift.toml", tmp_path / "home"
    file.write_text(SHIFT)
    with start("shift", file, "--home", home) as process:
        wait_for(process.stderr, "second  running")
        process.kill()
        process.wait(PATIENCE)
    answer = genba("shift", file, "--json", "--home", home)
    steps = {step["name"]: step for step in answer.json["items"]}
    assert answer.code == 4
    assert not answer.json["succeeded"]
    assert steps["first"]["reused"]
    assert {name: step["state"] for name, step in steps.items()} == {
        "first": "succeeded",
        "second": "succeeded",
        "third": "refused",
        "fourth": "skipped",
    }
    assert steps["second"]["certificate"]["holds"]
    runs = genba("ps", "--json", "--home", home).json["items"]
    succeeded = [run["id"] for run in runs if run["state"] == "succeeded"]
    assert sorted(succeeded) == sorted([steps["first"]["run"], steps["second"]["run"]])


def test_a_detached_run_is_worked_on_by_up_and_its_log_can_be_followed(
    start: Callable[..., Any], genba: Callable[..., Any], tmp_path: Path
) -> None:
    run = genba("factory", "probe", "--seconds", 1, "--detach", "--json", "--home", tmp_path).json["run"]
    with start("up", "--no-server", "--drain", "--home", tmp_path) as up:
        followed = genba("logs", run, "-f", "--json", "--home", tmp_path)
        assert up.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in followed.out.splitlines()]
    assert followed.code == 0
    assert "certifying" in "".join(line["text"] for line in lines)
    assert [line["offset"] for line in lines] == sorted({line["offset"] for line in lines})
    assert genba("show", run, "--json", "--home", tmp_path).json["status"] == "succeeded"


def test_up_serves_until_ctrl_c_and_foreground_runs_are_worked_on_by_it(
    start: Callable[..., Any], genba: Callable[..., Any], tmp_path: Path
) -> None:
    pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'genba[server]'")
    with start("up", "--port", 0, "--json", "--home", tmp_path) as up:
        told = json.loads(up.stdout.readline())
        assert told["pid"] == up.pid
        with urllib.request.urlopen(f"{told['address']}/v1/health", timeout=PATIENCE) as answer:
            assert json.loads(answer.read())["supervisor"] == str(up.pid)
        assert genba("up", "--no-server", "--json", "--home", tmp_path).json["error"]["code"] == "conflict"
        assert genba("factory", "probe", "--json", "--home", tmp_path).json["status"] == "succeeded"
        server = json.loads((tmp_path / "server.json").read_text())["pid"]
        up.send_signal(signal.SIGINT)
        _, err = up.communicate(timeout=PATIENCE)
    assert up.returncode == 0, err
    assert "Traceback" not in err
    assert not Path(f"/proc/{server}").exists()
    assert not (tmp_path / "server.json").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.org"])
def test_other_machines_cannot_be_served(genba: Callable[..., Any], tmp_path: Path, host: str) -> None:
    pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'genba[server]'")
    answer = genba("up", "--host", host, "--json", "--home", tmp_path)
    assert answer.code == 2
    assert "loopback" in answer.json["error"]["message"]


def test_a_reader_that_goes_away_ends_the_command_quietly(start: Callable[..., Any], tmp_path: Path) -> None:
    with start("--help") as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == HUNG_UP
        assert process.stderr.read() == ""
        process.stdout = open(os.devnull)  # noqa: SIM115, PTH123  # so that it can be closed once more


def test_the_first_shift_of_the_package_is_the_one_of_the_examples(pglib: Path) -> None:
    built_in = files("genba.faces") / "first-shift.toml"
    example = Path(__file__).parents[3] / "examples" / "first-shift.toml"
    assert built_in.read_bytes() == example.read_bytes()
    steps = read_shift(example).steps
    assert [step.operation for step in steps] == [
        "grid.dispatch",
        "grid.powerflow",
        "grid.powerflow",
        "grid.opf",
        "grid.contingency",
        "line.balance",
        "line.simulate",
    ]
    assert {step.params.get("case") for step in steps[:5]} == {"pglib:case1354_pegase"}
    assert {step.params.get("line") for step in steps[5:]} == {"example:inverter"}
