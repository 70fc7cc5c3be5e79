"""The command itself: what it loads, what it refuses, and how it says so."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import genba
from genba.core.envelope import Envelope
from genba.core.errors import Cancelled, DeviceError, GenbaError, InputError, NotFound, missing_extra
from genba.core.findings import FindingKind, Severity
from genba.core.run import Fault, Run, State
from genba.faces.cli.faults import as_known, exit_code, report, wants_json
from genba.faces.cli.main import COMMANDS, HUNG_UP, build, main

HEAVY = (
    "alembic",
    "duckdb",
    "fastapi",
    "genba.factory.factory",
    "genba.factory.operations",
    "genba.grid.io",
    "genba.grid.kernels",
    "genba.grid.operations",
    "genba.grid.records",
    "genba.store",
    "highspy",
    "nicegui",
    "numpy",
    "openpyxl",
    "rich.markdown",
    "scipy",
    "sqlalchemy",
    "uvicorn",
)
HELP_MARK = 0.4
"""CPU-seconds of `genba --help` that are promised."""
SLOWER = 3.0
"""How much slower than the promise a busy machine may be before the test fails."""


def test_help_loads_nothing_heavy_and_costs_little() -> None:
    program = (
        "import sys, time, genba.faces.cli.main as m; code = m.main(['--help']); "
        f"print([n for n in {HEAVY} if n in sys.modules], code, time.process_time(), file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded, code, seconds = shown.stderr.strip().rsplit(" ", 2)
    assert (loaded, code) == ("[]", "0")
    assert float(seconds) < SLOWER * HELP_MARK
    assert "\x1b" not in shown.stdout
    for _, name, _, _ in COMMANDS:
        assert f" {name} " in shown.stdout
    assert "Power grid" in shown.stdout


def test_every_command_exists_and_its_help_is_its_docstring() -> None:
    app = build()
    for _, name, _, sentence in COMMANDS:
        assert app[name].help.splitlines()[0] == sentence, name


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == genba.__version__


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gird powerflow x", "did you mean"),
        ("grid pwoerflow x", "did you mean"),
        ("grid zzz", "there are: opf, dispatch, powerflow, contingency"),
        ("show", "--run requires an argument"),
        ("show x --sett 1", "--sett"),
        ("ps --limit many", '"many"'),
        ("rerun x --set-param novalue", "name=value"),
    ],
)
def test_a_wrong_command_line_is_one_clear_report(
    capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    assert main(line.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.startswith("error: ")
    assert "what is allowed: genba" in shown.err


def test_the_same_report_as_json_is_the_error_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grid", "powerflow", "--json"]) == 2
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == "genba.run/1"
    assert (envelope["status"], envelope["operation"]) == ("error", "grid.powerflow")
    assert envelope["error"]["code"] == "input"
    assert "--case" in envelope["error"]["message"]
    Envelope.model_validate(envelope)


def test_json_after_two_dashes_is_an_argument() -> None:
    assert wants_json(["note", "x", "--json"])
    assert not wants_json(["note", "x", "--", "--json"])


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (NotFound("no run x"), "not_found", 2),
        (missing_extra("openpyxl", "excel"), "missing_extra", 3),
        (KeyboardInterrupt(), "cancelled", 130),
        (PermissionError(13, "Permission denied", "/x"), "device", 5),
        (Cancelled("stopped"), "cancelled", 130),
    ],
)
def test_errors_become_envelope_and_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: str, exit_code: int
) -> None:
    assert report(error, ["ps", "--json"]) == exit_code
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_what_nobody_foresaw_is_logged_with_its_traceback(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert report(ZeroDivisionError("oops"), ["ps"]) == 1
    assert "ZeroDivisionError: oops" in capsys.readouterr().err
    assert caplog.records[0].exc_info


def test_findings_are_listed_with_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    kind = FindingKind("grid.x", Severity.ERROR, "{where} is wrong: set it to 1")
    error = InputError(
        "branch 3 is wrong", findings=[kind.at("branch 3 (line 7)"), kind.at("[red]bus[/red]")]
    )
    assert report(error, ["grid", "powerflow"]) == 2
    shown = capsys.readouterr().err
    assert "branch 3 (line 7): branch 3 (line 7) is wrong" in shown
    assert "[red]bus[/red]" in shown


def run_in(state: State, fault: Fault | None = None) -> Run:
    return Run.model_construct(state=state, error=fault)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_in(State.SUCCEEDED), 0),
        (run_in(State.ACCEPTED), 0),
        (run_in(State.REFUSED), 4),
        (run_in(State.CANCELLED), 130),
        (run_in(State.FAILED, Fault(code="input", message="")), 2),
        (run_in(State.FAILED, Fault(code="too_large", message="")), 2),
        (run_in(State.FAILED, Fault(code="device", message="")), 5),
        (run_in(State.FAILED, Fault(code="never heard of", message="")), 1),
        (run_in(State.FAILED), 1),
    ],
)
def test_a_run_ends_the_command_with_its_code(run: Run, expected: int) -> None:
    assert exit_code(run) == expected


def test_an_error_of_the_tree_stays_itself() -> None:
    error = DeviceError("full")
    assert as_known(error) is error
    assert as_known(OSError("no number")).code == GenbaError.code


class HungUp(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        return self.descriptor

    descriptor = -1


def test_a_reader_that_goes_away_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stream = HungUp()
    with (tmp_path / "stream").open("wb") as file:
        stream.descriptor = file.fileno()
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["operations", "--json"]) == HUNG_UP
        assert os.fstat(file.fileno()).st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116
    assert capsys.readouterr().err == ""
