"""A study from the command line, end to end: --set, a dispatch as input, tables as files."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CASE = "pglib:case14_ieee"
pytestmark = pytest.mark.usefixtures("pglib")


@pytest.fixture(scope="module")
def at(genba: Callable[..., Any], home: Path) -> Callable[..., Any]:
    """Run a command in a home that the tests of this file share."""
    return lambda *tokens: genba(*tokens, "--home", home)


@pytest.fixture(scope="module")
def plain(at: Callable[..., Any]) -> Any:
    return at("grid", "powerflow", CASE, "--json")


def test_set_changes_the_case_before_the_run(at: Callable[..., Any], plain: Any) -> None:
    changed = at("grid", "powerflow", CASE, "--set", "bus.3.pd=0", "--set", "branch.14.status=0", "--json")
    assert (plain.code, changed.code) == (0, 0)
    assert plain.json["result"]["load"] == pytest.approx(259.0)
    assert changed.json["result"]["load"] == pytest.approx(259.0 - 94.2)
    assert changed.json["certificate"]["holds"]


def test_a_change_that_does_not_fit_is_an_input_error(at: Callable[..., Any]) -> None:
    wrong = at("grid", "powerflow", CASE, "--set", "branch.99999.status=0", "--json")
    assert wrong.code == 2
    assert wrong.json["status"] == "failed"
    assert wrong.json["error"]["code"] == "input"
    assert "99999" in wrong.json["error"]["message"]


def test_a_dispatch_is_the_input_of_a_power_flow(at: Callable[..., Any]) -> None:
    dispatch = at("grid", "dispatch", CASE, "--json")
    assert dispatch.json["result"]["outcome"] == "optimal"
    flow = at("grid", "powerflow", CASE, "--generation", f"@{dispatch.json['run']}", "--json")
    assert flow.code == 0
    assert flow.json["result"]["outcome"] == "converged"


def test_a_file_that_is_not_there_and_an_unknown_catalogue_are_said(at: Callable[..., Any]) -> None:
    assert at("grid", "powerflow", "/nonexistent/[red]case.m", "--json").code == 2
    people = at("grid", "powerflow", "/nonexistent/[red]case.m")
    assert "/nonexistent/[red]case.m" in people.err
    assert at("grid", "powerflow", "pglib:no_such_case", "--json").json["error"]["code"] == "not_found"


def test_tables_become_files(at: Callable[..., Any], plain: Any, tmp_path: Path) -> None:
    run = plain.json["run"]
    rows = list(csv.reader(io.StringIO(at("table", run, "buses").out)))
    assert "vm [p.u.]" in rows[0]
    assert len(rows) == 1 + 14
    file = tmp_path / "buses.parquet"
    assert at("table", run, "buses", "--format", "parquet", "-o", file, "--json").json["bytes"] > 0
    assert file.read_bytes()[:4] == b"PAR1"


def test_people_see_values_with_units_and_the_first_rows(at: Callable[..., Any], plain: Any) -> None:
    shown = at("show", plain.json["run"]).out
    assert "259 MW" in shown or "259.00 MW" in shown
    assert "buses  14 rows" in shown
    assert "vm [p.u.]" in shown
    assert "\x1b" not in shown


def test_excel_needs_its_extra_only(at: Callable[..., Any], plain: Any, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="openpyxl is not installed: pip install 'genba[excel]'")
    file = tmp_path / "buses.xlsx"
    assert at("table", plain.json["run"], "buses", "--format", "xlsx", "-o", file).code == 0
    assert file.read_bytes()[:2] == b"PK"


def test_where_starts_led_is_a_table_like_others(at: Callable[..., Any], tmp_path: Path) -> None:
    run = at("grid", "opf", CASE, "--start", "best", "--json").json["run"]
    rows = list(csv.reader(io.StringIO(at("table", run, "opf_starts").out)))
    assert [row[0] for row in rows[1:]] == ["dc", "flat", "case"]
    assert "\nstarts\n" in at("show", run).out
    page = tmp_path / "best.html"
    assert at("report", run, "-o", page, "--language", "ja").code == 0
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in ("初期点ごとの結果", "費用の差", "採用", "直流法", "フラット"))
