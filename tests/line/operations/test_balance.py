"""`line.balance`: results that its certificate holds, and mutants that it does not."""

from pathlib import Path
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.operations.balance import balance

INVERTER = "example:inverter"


def claims(given: dict[str, Any], **changes: Any) -> list[str]:
    """Give the claims that fail once a result is changed."""
    context = Context(path=balance.path)
    params = balance.parse(given)
    result = balance.function(params, context)
    changed = result.model_copy(update=changes)
    return [claim.name for claim in balance.certify(params, changed, context).failed]


@pytest.mark.parametrize(
    "given",
    [
        {"cycle_time": 66},
        {"cycle_time": 66, "rules": False},
        {"cycle_time": 80, "rules": False, "mix": "average"},
        {"objective": "cycle", "stations": 12, "rules": False},
        {"objective": "feasible", "stations": 30},
        {"objective": "feasible", "stations": 5},
    ],
)
def test_every_question_gets_an_answer_that_certifies(given: dict[str, Any]) -> None:
    outcome = balance(line=INVERTER, **given)
    assert outcome.certificate.holds
    wanted = {30: "feasible", 5: "infeasible"}.get(given.get("stations", 0), "optimal")
    assert outcome.result.outcome == wanted


def test_rules_never_need_fewer_stations() -> None:
    free = balance(line=INVERTER, cycle_time=66, rules=False).result
    ruled = balance(line=INVERTER, cycle_time=66).result
    assert free.stations is not None
    assert ruled.stations is not None
    assert free.stations <= ruled.stations


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"lower_bound": 19}, "outcome"),
        ({"lower_bound": 17}, "outcome"),
        ({"outcome": "feasible"}, "outcome"),
        ({"efficiency": 99.0}, "measures"),
        ({"smoothness": 0.0}, "measures"),
        ({"efficiency_bound": 100.0}, "outcome"),
        ({"stations": 17}, "every_task_once"),
    ],
)
def test_a_changed_number_fails_its_claim(changes: dict[str, Any], claim: str) -> None:
    assert claim in claims({"line": INVERTER, "cycle_time": 66}, **changes)


def test_a_task_before_its_predecessor_fails() -> None:
    given = {"line": INVERTER, "cycle_time": 66, "rules": False}
    result = balance(**given).result
    station = result.assignments["station"].copy()
    station[-1] = 1
    assert {"precedence", "loads"} <= set(
        claims(given, assignments=result.assignments.replace(station=station))
    )


def test_a_bound_improved_to_look_optimal_fails() -> None:
    given = {"line": INVERTER, "cycle_time": 66, "rules": False}
    result = balance(**given).result
    assert result.stations is not None
    assert claims(given, lower_bound=result.stations + 1, proof="bound", outcome="feasible")


def test_a_task_longer_than_the_cycle_is_refused() -> None:
    with pytest.raises(InputError, match="longer than the cycle"):
        balance(line=INVERTER, cycle_time=10)


def test_the_shortest_cycle_needs_a_number_of_stations() -> None:
    with pytest.raises(InputError, match="needs the number of stations"):
        balance(line=INVERTER, objective="cycle")


def test_a_cancelled_balance_stops() -> None:
    with pytest.raises(Cancelled):
        balance(Context(path=balance.path, cancelled=lambda: True), line=INVERTER)


SETUP = 'setups = [{ task = "a", then = "b", time = 1 }]'
WALK = 'walks = [{ zone = "front", then = "front", time = 1 }]'
SMALL = """
name = "small"
{shape}
[rules]
{rule}
[[tasks]]
id = "a"
time = 3
zone = "front"
[[tasks]]
id = "b"
time = 4
after = ["a"]
[[stations]]
id = "one"
tasks = ["a", "b"]
servers = {servers}
"""


@pytest.mark.parametrize("rules", [True, False])
@pytest.mark.parametrize(
    ("told", "given"),
    [
        ("setup times", {"rule": SETUP, "shape": 'shape = "u"'}),
        ("walking times", {"rule": WALK, "shape": 'shape = "u"'}),
        ("parallel places", {"servers": "2"}),
        ("", {"shape": 'shape = "two-sided"'}),
        ("", {}),
    ],
)
def test_what_is_not_kept_is_told(tmp_path: Path, told: str, given: dict[str, str], *, rules: bool) -> None:
    path = tmp_path / "line.toml"
    path.write_text(SMALL.format(**({"shape": "", "rule": "", "servers": "1"} | given)), encoding="utf-8")
    outcome = balance(line=str(path), cycle_time=7, rules=rules)
    warned = [one.message for one in outcome.findings if one.code == "line.balance_left_out"]
    assert [message.startswith(f"{told} are not kept") for message in warned] == [True] * bool(told)


@pytest.mark.parametrize(
    ("more", "kept"),
    [({}, True), ({"rules": False}, False), ({"smooth": True}, False), ({"mix": "each"}, False)],
)
def test_setups_are_kept_or_told(tmp_path: Path, more: dict[str, Any], *, kept: bool) -> None:
    path = tmp_path / "line.toml"
    path.write_text(SMALL.format(shape="", rule=SETUP, servers="1"), encoding="utf-8")
    outcome = balance(line=str(path), cycle_time=7.5, **more)
    told = [one.message for one in outcome.findings if one.code == "line.balance_left_out"]
    assert outcome.certificate.holds
    assert bool(told) != kept
    assert outcome.result.stations == (2 if kept else 1)


def test_the_most_efficient_line_is_no_worse_than_any_shortest_cycle() -> None:
    given = {"line": INVERTER, "objective": "efficiency", "rules": False}
    best = balance(**given, cycle_time=120).result
    assert best.outcome == "optimal"
    assert best.efficiency == pytest.approx(best.efficiency_bound)
    for stations in (10, 12):
        one = balance(line=INVERTER, objective="cycle", stations=stations, rules=False).result
        assert (one.efficiency or 0) <= (best.efficiency or 0) + 1e-9
    narrow = balance(**given, cycle_time=120, stations_from=12, stations=13).result
    assert narrow.stations in (12, 13)
    assert (narrow.efficiency or 0) <= (best.efficiency or 0) + 1e-9


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"efficiency_bound": 97.0}, "outcome"),
        ({"efficiency_bound": 98.0}, "outcome"),
        ({"efficiency_bound": 97.0, "outcome": "feasible"}, "efficiency_bound"),
        ({"lower_bound": 9}, "outcome"),
        ({"cycle_time": 108.0}, "measures"),
        ({"cycle_time": 121.0}, "outcome"),
        ({"efficiency_bound": None}, "outcome"),
    ],
)
def test_a_changed_efficiency_fails_its_claim(changes: dict[str, Any], claim: str) -> None:
    given = {"line": INVERTER, "objective": "efficiency", "cycle_time": 120, "rules": False}
    assert claim in claims(given, **changes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "counts precedence and one time"),
        ({"rules": False, "mix": "each"}, "counts precedence and one time"),
        ({"rules": False, "stations": 5, "stations_from": 6}, "at least 6 stations"),
        ({"rules": False, "stations_from": 64}, "at least 64 stations"),
    ],
)
def test_what_efficiency_cannot_count_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        balance(line=INVERTER, objective="efficiency", **given)


def test_what_only_a_search_proves_is_proved_again_by_sets_of_tasks() -> None:
    outcome = balance(line=str(Path(__file__).parents[1] / "crossed_tasks.toml"), cycle_time=9)
    assert (outcome.result.stations, outcome.result.outcome) == (3, "optimal")
    assert outcome.result.proof == "exhausted"
    assert "optimum_again" in [claim.name for claim in outcome.certificate.claims if claim.holds]


def test_limits_that_no_line_keeps_are_proved_impossible() -> None:
    outcome = balance(line=INVERTER, objective="efficiency", cycle_time=120, stations=8, rules=False)
    assert outcome.certificate.holds
    assert outcome.result.outcome == "infeasible"
