"""`line.balance` on two sides and with setups: results that certify, all lines of small ones, and mutants."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.operations.balance import balance

LINES = Path(__file__).parents[1]
SIDES, SETUPS = str(LINES / "two_sides.toml"), str(LINES / "setups.toml")


def failed(given: dict[str, Any], **changes: Any) -> set[str]:
    """Give the claims that fail once columns of tasks or numbers of a result are changed."""
    context = Context(path=balance.path)
    params = balance.parse(given)
    result = balance.function(params, context)
    columns = {name: changes.pop(name) for name in list(changes) if name in result.assignments.arrays}
    tasks = result.assignments.replace(
        **{name: change(result.assignments[name].copy()) for name, change in columns.items()}
    )
    changed = result.model_copy(update={**changes, "assignments": tasks})
    return {claim.name for claim in balance.certify(params, changed, context).failed}


@pytest.mark.parametrize(
    ("given", "outcome", "stations"),
    [
        ({"line": SIDES, "cycle_time": 5}, "optimal", 3),
        ({"line": SIDES, "cycle_time": 5, "rules": False}, "optimal", 3),
        ({"line": SIDES, "objective": "cycle", "stations": 2}, "optimal", 2),
        ({"line": SIDES, "objective": "feasible", "cycle_time": 7, "stations": 3}, "feasible", None),
        ({"line": SIDES, "objective": "feasible", "cycle_time": 7, "stations": 1}, "infeasible", None),
        ({"line": SETUPS, "cycle_time": 11}, "optimal", 3),
        ({"line": SETUPS, "objective": "cycle", "stations": 3}, "optimal", 3),
        ({"line": SETUPS, "cycle_time": 11, "rules": False}, "optimal", 3),
    ],
)
def test_every_question_gets_an_answer_that_certifies(
    given: dict[str, Any], outcome: str, stations: int | None
) -> None:
    found = balance(**given)
    assert found.certificate.holds, [claim.name for claim in found.certificate.failed]
    assert found.result.outcome == outcome
    assert stations is None or found.result.stations == stations
    relied = [claim.name for claim in found.certificate.claims if "trusted" in claim.name]
    assert relied == []  # small enough to be proved again


def shifted(column: Any) -> Any:
    return np.maximum(0.0, column - 0.5)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"side": lambda side: np.where(side == "left", "right", "left")}, "sides"),
        ({"start": shifted}, "in_turn"),
        ({"start": lambda start: start * 0}, "order_in_time"),
        ({"start": lambda start: start + 0.5}, "ends_within_cycle"),
        ({"start": lambda start: start - 5}, "ends_within_cycle"),
        ({"station": lambda station: station[::-1]}, "precedence"),
        ({"station": lambda station: np.minimum(station, 2)}, "places_worked"),
        ({"lower_bound": 2}, "outcome"),
        ({"lower_bound": 4, "outcome": "feasible"}, "bound_missed"),
        ({"places": 5}, "places"),
        ({"places_bound": 7}, "places_trusted"),
    ],
)
def test_a_changed_course_on_two_sides_fails_its_claim(changes: dict[str, Any], claim: str) -> None:
    assert claim in failed({"line": SIDES, "cycle_time": 5}, **changes)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"start": shifted}, "in_turn"),
        ({"start": lambda start: np.arange(len(start)) * 0.0}, "in_turn"),
        ({"cycle_time": 9.0, "cycle_bound": 9.0}, "next_unit"),
        ({"side": lambda side: np.array(["left"] * len(side))}, "sides"),
    ],
)
def test_a_changed_course_with_setups_fails_its_claim(changes: dict[str, Any], claim: str) -> None:
    assert claim in failed({"line": SETUPS, "objective": "cycle", "stations": 3}, **changes)


def test_setups_and_walks_add_up_around_the_cycle() -> None:
    result = balance(line=SETUPS, objective="cycle", stations=1).result
    lost = float(result.workplaces["lost"][0])
    assert lost > 0
    assert result.cycle_time == pytest.approx(23 + lost)
    assert result.workplaces["idle"][0] == pytest.approx(0)


def test_waiting_for_the_other_side_shows_in_the_starts() -> None:
    rows = {str(row["task"]): row for row in balance(line=SIDES, cycle_time=5).result.assignments.rows()}
    for row in rows.values():
        for before in str(row["after"]).split():
            if rows[before]["station"] == row["station"]:
                begin, time, then = (rows[before]["start"], rows[before]["time"], row["start"])
                assert float(str(begin)) + float(str(time)) <= float(str(then)) + 1e-9


def test_a_setup_that_no_task_escapes_is_proved_impossible(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(
        'name = "stuck"\n[rules]\nsetups = [{ task = "a", then = "a", time = 9 }, { task = "b", then = "a", '
        'time = 9 }]\n[[tasks]]\nid = "a"\ntime = 3\n[[tasks]]\nid = "b"\ntime = 3\n',
        encoding="utf-8",
    )
    found = balance(line=str(path), cycle_time=10)
    assert (found.result.outcome, found.certificate.holds) == ("infeasible", True)


@pytest.mark.parametrize(
    "more", [{"places": 2}, {"staff": True}, {"smooth": True}, {"mix": "each"}, {"objective": "cost"}]
)
def test_what_cannot_be_planned_together_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="not planned together with two sides"):
        balance(line=SIDES, cycle_time=5, **more)


def test_a_side_on_a_straight_line_means_nothing(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(
        Path(SIDES).read_text(encoding="utf-8").replace('shape = "two-sided"\n', ""), encoding="utf-8"
    )
    found = balance(line=str(path), cycle_time=5)
    assert set(found.result.assignments["side"]) == {""}
    assert found.result.stations is not None
    assert found.result.stations >= 5


@pytest.mark.parametrize("given", [{"cycle_time": 5}, {"objective": "cycle", "stations": 2}])
def test_a_cancelled_balance_stops(given: dict[str, Any]) -> None:
    with pytest.raises(Cancelled):
        balance(Context(path=balance.path, cancelled=lambda: True), line=SIDES, **given)


def test_a_balance_stopped_at_once_is_honest() -> None:
    found = balance(line=SIDES, cycle_time=13, time_limit=1e-6)
    assert found.certificate.holds
    assert found.result.stations is not None
    assert found.result.outcome == (
        "optimal" if found.result.stations == found.result.lower_bound else "feasible"
    )
