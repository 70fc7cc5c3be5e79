"""Certificates of scenarios: ours hold by every rule, and every class of mutant is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.inputs import InputFile
from genba.num.table import table

Certify = Callable[..., Any]
FILE = """scenario,time,scale.load,bus.3.pd,gen.2.pg,branch.3.ratio,branch.6.status,gen.3.status
base,,,,,,,
low,1,0.7,,30,,,
high,2,1.2,120,80,0.97,,
out,3,,,,,0,
unit,4,0.9,,,,,0
never,5,40,,,,,
tap,6,1.1,,,1.03,,
"""
KEPT = ("bus.3.vm", "bus.4.va", "branch.1.loading", "branch.2.p_from", "gen.1.p", "gen.2.q", "gen.3.q")
CLAIMS = {
    *("scenarios_listed", "scenarios_accounted", "scenarios_demand"),
    *("scenarios_solved_again", "scenarios_recorded", "scenarios_without_solution"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("scenarios") / "s.csv"
    path.write_text(FILE)
    return str(path)


@pytest.fixture
def run(certified: Certify, file: str) -> Any:
    return certified("powerflow", scenarios=file, record=KEPT)


def test_the_mutants_below_start_from_every_kind_of_row(run: Any) -> None:
    statuses = run.result.scenarios["status"]
    assert statuses.tolist() == ["converged"] * 5 + ["diverged", "converged"]
    assert run.result.scenarios["overloads"].max() > 0


@pytest.mark.parametrize("generation", ["case", "balanced"])
@pytest.mark.parametrize("slack", ["single", "distributed"])
@pytest.mark.parametrize("reactive_limits", [False, True])
def test_our_scenarios_hold(
    certified: Certify, file: str, generation: str, slack: str, reactive_limits: bool
) -> None:
    rules = {"generation": generation, "slack": slack, "reactive_limits": reactive_limits}
    run = certified("powerflow", scenarios=file, record=KEPT, **rules)
    certificate = run.of(run.result)
    assert certificate.failed == ()
    assert {claim.name for claim in certificate.claims} >= CLAIMS


def test_scenarios_of_a_base_without_solution_hold(certified: Certify, file: str) -> None:
    run = certified("powerflow", scenarios=file, set=("bus.3.qd=1000",))
    assert run.result.outcome == "diverged"
    assert run.of(run.result).failed == ()


@pytest.mark.parametrize(
    ("column", "by"),
    [
        ("losses", 0.02),
        ("generation", 0.02),
        ("lowest_voltage", 1e-5),
        ("highest_voltage", -1e-5),
        ("largest_loading", 0.02),
        ("load", 0.01),
        ("unserved", 0.01),
        ("largest_branch", 1),
        ("lowest_bus", 1),
        ("highest_bus", 1),
        ("voltage_violations", 1),
        ("overloads", 1),
        ("limited", 1),
    ],
)
@pytest.mark.parametrize("row", [0, 2, 3, 6])
def test_a_moved_number_is_refused(run: Any, column: str, by: float, row: int) -> None:
    assert run.moved("scenarios", column, row, by)


def test_losses_and_generation_moved_together_are_refused(run: Any) -> None:
    moved = run.result.scenarios
    for column in ("losses", "generation"):
        values = moved[column].copy()
        values[1] += 0.05
        moved = moved.replace(**{column: values})
    assert run.failed(scenarios=moved) == {"scenarios_solved_again"}


@pytest.mark.parametrize("place", range(len(KEPT)))
@pytest.mark.parametrize("row", [0, 4])
def test_a_moved_recorded_value_is_refused(run: Any, place: int, row: int) -> None:
    by = 1e-5 if KEPT[place].endswith("vm") else 0.02
    assert run.moved("recorded", "value", row * len(KEPT) + place, by) == {"scenarios_recorded"}


def test_a_missing_recorded_value_is_refused(run: Any) -> None:
    assert run.with_cell("recorded", "value", 0, np.nan) == {"scenarios_recorded"}


def test_a_number_where_there_is_no_solution_is_refused(run: Any) -> None:
    assert run.with_cell("scenarios", "losses", 5, 1.0) == {"scenarios_accounted"}
    assert run.with_cell("recorded", "value", 5 * len(KEPT), 1.0) == {"scenarios_accounted"}


def test_rows_that_change_places_are_refused(run: Any) -> None:
    assert run.swapped("scenarios", 1, 2) == {"scenarios_listed"}
    names = run.result.scenarios["scenario"]
    swapped = run.result.scenarios.where(np.array([0, 2, 1, 3, 4, 5, 6])).replace(
        scenario=names, time=run.result.scenarios["time"]
    )
    assert run.failed(scenarios=swapped) >= {"scenarios_demand", "scenarios_solved_again"}


def test_a_dropped_or_added_row_is_refused(run: Any) -> None:
    rows = run.result.scenarios
    assert "scenarios_listed" in run.failed(scenarios=rows.where(np.arange(6)))
    assert "scenarios_listed" in run.failed(scenarios=rows.where(np.array([0, 0, 1, 2, 3, 4, 5, 6])))


def test_a_wrong_status_is_refused(run: Any) -> None:
    assert run.with_cell("scenarios", "status", 0, "diverged") >= {"scenarios_accounted"}
    assert run.with_cell("scenarios", "status", 5, "converged") >= {"scenarios_accounted"}
    assert run.with_cell("scenarios", "status", 0, "fine") >= {"scenarios_accounted"}


def test_a_solution_denied_in_every_cell_is_found(run: Any) -> None:
    arrays = {name: column.copy() for name, column in run.result.scenarios.arrays.items()}
    for name, column in arrays.items():
        if name == "status":
            column[1] = "diverged"
        elif column.dtype == np.float64 and name not in ("load", "unserved"):
            column[1] = np.nan
        elif column.dtype == np.int64:
            column[1] = 0
    values = run.result.recorded["value"].copy()
    values[len(KEPT) : 2 * len(KEPT)] = np.nan
    denied = run.failed(
        scenarios=table(run.result.scenarios.columns, **arrays),
        recorded=run.result.recorded.replace(value=values),
        scenarios_diverged=2,
        scenarios_violated=run.result.scenarios_violated - 1,
    )
    assert "scenarios_without_solution" in denied


@pytest.mark.parametrize("name", ["scenarios_studied", "scenarios_diverged", "scenarios_violated"])
def test_a_wrong_count_is_refused(run: Any, name: str) -> None:
    assert run.failed(**{name: getattr(run.result, name) + 1}) == {"scenarios_accounted"}


def test_another_files_result_is_refused(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "s.csv"
    other.write_text(FILE.replace("0.7", "0.71"))
    params = run.params.model_copy(update={"scenarios": InputFile(str(other))})
    certificate = run.operation.certify(params, run.result, run.context)
    assert {claim.name for claim in certificate.failed} >= {"scenarios_demand", "scenarios_solved_again"}


def test_scenarios_nobody_asked_for_are_refused(run: Any) -> None:
    params = run.params.model_copy(update={"scenarios": None, "record": ()})
    certificate = run.operation.certify(params, run.result, run.context)
    assert {claim.name for claim in certificate.failed} == {"scenarios_listed"}
