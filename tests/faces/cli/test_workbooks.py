"""`genba workbook`: a balance as a file that a planner goes on with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from genba.line.io.balance_sheet import FIRST
from genba.line.operations.balance import balance


def cells(page: Any) -> list[tuple[Any, ...]]:
    """Give the tasks of a sheet, up to their starts: what comes after has words of its language."""
    return list(page.iter_rows(min_row=FIRST, max_col=8, values_only=True))


def test_a_recorded_balance_is_the_workbook_that_python_gives(
    genba: Callable[..., Any], tmp_path: Path
) -> None:
    home, path, ours = tmp_path / "home", tmp_path / "sheet.xlsx", tmp_path / "python.xlsx"
    asked = ("example:starter", "--cycle-time", 60, "--home", home, "--json")
    run = genba("line", "balance", *asked).json["run"]
    said = genba("workbook", run, "-o", path, "--language", "ja", "--json", "--home", home).json
    assert said == {"run": run, "file": str(path), "bytes": path.stat().st_size}
    given = {"line": "example:starter", "cycle_time": 60.0}
    ours.write_bytes(balance.workbook(balance.parse(given), balance(**given).result))
    recorded, called = (openpyxl.load_workbook(file).worksheets[0] for file in (path, ours))
    assert recorded.title == "ライン編成表"
    assert cells(recorded) == cells(called)


def test_a_run_without_a_workbook_says_so(genba: Callable[..., Any], tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "x.xlsx"
    run = genba("factory", "probe", "--home", home, "--json").json["run"]
    answer = genba("workbook", run, "-o", path, "--json", "--home", home)
    assert answer.code == 2
    assert "no workbook" in answer.json["error"]["message"]
    assert not path.exists()
