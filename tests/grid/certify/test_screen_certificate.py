"""Certificates of screened contingency studies: what was not solved in full must say so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Certify = Callable[..., Any]


@pytest.fixture
def run(certified: Certify) -> Any:
    return certified("contingency", "case500_goc", generation="balanced", screen="linear", audit=8)


def test_our_screened_study_holds(run: Any) -> None:
    assert run.of(run.result).failed == ()
    assert run.result.screened == (run.result.outages["solved"] == "screened").sum()
    assert run.result.screened > run.result.screen_audited > 0
    assert set(run.result.violations["limit_kind"]) == {"rating", "vmin", "vmax"}


def test_a_moved_value_or_percentage_above_an_upper_limit_is_refused(run: Any) -> None:
    table = run.result.violations
    row = int(np.flatnonzero(table["limit_kind"] == "vmax")[0])
    percent = 100 * (table["value"][row] - table["limit"][row]) / table["limit"][row]
    assert table["percent"][row] == pytest.approx(percent)
    assert "violations_consistent" in run.moved("violations", "value", row, 1e-4)
    assert "violations_consistent" in run.moved("violations", "percent", row, -1e-2)


@pytest.mark.parametrize(
    "update",
    [
        {"screened": 1_000},
        {"screened": 0},
        {"screen_audited": 0},
        {"screen_audited": 1_000},
        {"screen_audited": -1, "screen_missed": -1},
        {"screen_missed": 1_000},
        {"screen_missed": -1},
    ],
)
def test_wrong_totals_of_the_screen_are_refused(run: Any, update: dict[str, int]) -> None:
    assert run.failed(**update) == {"screened"}


def test_a_screened_row_that_tells_what_only_a_solution_can_is_refused(run: Any) -> None:
    row = int(np.flatnonzero(run.result.outages["solved"] == "screened")[0])
    assert "screened" in run.with_cell("outages", "status", row, "diverged")
    assert "screened" in run.with_cell("outages", "violations", row, 1)
    assert run.with_cell("outages", "solved", row, "ac") == {"screened"}
    full = int(np.flatnonzero(run.result.outages["solved"] == "ac")[0])
    for other in (row, full):
        assert run.with_cell("outages", "solved", other, "guessed") == {"screened"}


def test_a_screened_study_that_nobody_asked_for_is_refused(run: Any) -> None:
    params = run.params.model_copy(update={"screen": "none"})
    failed = run.operation.certify(params, run.result, run.context).failed
    assert {claim.name for claim in failed} == {"screened"}
