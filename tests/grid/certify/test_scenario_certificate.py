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


# --- what a row says of itself, whether or not it is solved again ---

UNSOLVED = 5  # the row without a solution


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [
        ("generation", 1, np.nan),
        ("losses", 1, np.nan),
        ("lowest_voltage", 1, np.nan),
        ("highest_voltage", 1, np.nan),
        ("lowest_voltage", 1, 1.5),  # above the highest
        ("largest_loading", UNSOLVED, 50.0),
        ("generation", UNSOLVED, 0.0),
        ("highest_voltage", UNSOLVED, 1.0),
        *((name, UNSOLVED, 1) for name in ("lowest_bus", "highest_bus", "largest_branch", "limited")),
        *((name, UNSOLVED, 1) for name in ("voltage_violations", "overloads")),
        ("lowest_bus", 1, 5),  # no such bus
        ("highest_bus", 1, 5),
        ("lowest_bus", 1, 0),
        ("largest_branch", 1, 0),
        ("largest_branch", 1, 11),  # there are ten
        ("largest_branch", 1, -1),
        ("largest_loading", 1, np.nan),
        ("status", 1, "violated"),
        ("status", 1, ""),
    ],
)
def test_a_row_that_contradicts_itself_is_no_account(
    run: Any, column: str, row: int, value: float | str
) -> None:
    assert "scenarios_accounted" in run.with_cell("scenarios", column, row, value)


def test_overloads_are_those_that_the_largest_loading_tells_of(certified: Certify, file: str) -> None:
    run = certified("powerflow", scenarios=file, set=("branch.1.rate_a=85",))
    rows = run.result.scenarios
    over, within = (np.flatnonzero(mask)[0] for mask in (rows["overloads"] > 0, rows["largest_loading"] < 99))
    none = run.result.model_copy(
        update={
            "scenarios": rows.replace(overloads=np.where(np.arange(7) == over, 0, rows["overloads"])),
            "scenarios_violated": run.result.scenarios_violated - int(rows["voltage_violations"][over] == 0),
        }
    )
    assert "scenarios_accounted" in {claim.name for claim in run.of(none).failed}
    violated = run.result.scenarios_violated + int(rows["voltage_violations"][within] == 0)
    more = rows.replace(overloads=np.where(np.arange(7) == within, 1, rows["overloads"]))
    assert "scenarios_accounted" in run.failed(scenarios=more, scenarios_violated=violated)


def test_a_sum_moved_by_ten_tolerances_is_refused(run: Any) -> None:
    for by in (1e-4, -1e-4):  # MW; two ways of summing may differ by 1e-5
        for column in ("load", "unserved"):
            assert "scenarios_demand" in run.moved("scenarios", column, 2, by)
        for column in ("load", "generation", "losses"):
            assert "scenarios_accounted" in run.moved("scenarios", column, 2, by)


@pytest.mark.parametrize("by", [1.0, -1.0])
def test_a_solution_moved_by_ten_tolerances_is_refused(run: Any, by: float) -> None:
    for column, tolerance in (
        ("lowest_voltage", 1e-6),
        ("highest_voltage", 1e-6),
        ("largest_loading", 1.2e-3),
    ):
        failed = run.moved("scenarios", column, 2, 10 * by * tolerance)
        assert "scenarios_solved_again" in failed, column
    moved = run.result.scenarios
    for column in ("losses", "generation"):
        values = moved[column].copy()
        values[1] += 0.015 * by
        moved = moved.replace(**{column: values})
    assert run.failed(scenarios=moved) == {"scenarios_solved_again"}
    for place, name in enumerate(KEPT):
        tolerance = {"vm": 2e-6, "va": 1.1e-4}.get(name.rpartition(".")[2], 1.2e-3)
        failed = run.moved("recorded", "value", 2 * len(KEPT) + place, 10 * by * tolerance)
        assert failed == {"scenarios_recorded"}, name


def test_the_extremes_are_solved_again_and_of_the_others_only_a_sample(
    certified: Certify, tmp_path: Path
) -> None:
    """Loads fall row by row, but for the largest and the smallest, which stand among the others."""
    scales = [0.9 - 0.005 * row for row in range(30)]
    scales[11], scales[17] = 1.1, 0.3
    path = tmp_path / "many.csv"
    path.write_text("scenario,scale.load\n" + "".join(f"s{n},{x:.4f}\n" for n, x in enumerate(scales)))
    run = certified("powerflow", scenarios=str(path), audit=4)
    rows = run.result.scenarios
    assert (rows["status"] == "converged").all()

    def seen(row: int) -> bool:
        moved = rows
        for column in ("losses", "generation"):
            values = moved[column].copy()
            values[row] += 0.02
            moved = moved.replace(**{column: values})
        failed: set[str] = run.failed(scenarios=moved)
        assert failed <= {"scenarios_solved_again"}
        return bool(failed)

    extremes = {int(np.argmin(rows["lowest_voltage"])), int(np.argmax(rows["highest_voltage"]))}
    extremes |= {int(np.argmax(rows["largest_loading"])), int(np.argmax(rows["losses"]))}
    found = {row for row in range(30) if seen(row)}
    assert extremes <= found
    assert len(found - extremes) <= 4
    assert len(found) >= 4


def test_demand_that_switching_cuts_off_is_unserved(certified: Certify, tmp_path: Path) -> None:
    path = tmp_path / "switched.csv"
    path.write_text("scenario,branch.7.status,gen.5.status\nline,0,\nunit,,0\nnone,1,1\n")
    run = certified("powerflow", scenarios=str(path), audit=4)
    assert run.result.scenarios["unserved"].tolist() == [10.0 + 25.0, 10.0 + 35.0, 10.0]
    assert run.of(run.result).failed == ()
    for row in range(3):
        assert "scenarios_demand" in run.moved("scenarios", "unserved", row, -25.0)
