"""`line.redesign` on small lines: the fewest moves, identity of stations, outcomes, and what it refuses."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.operations.redesign import redesign

LINE = """
name = "six tasks"
tasks = [
  {id = "a", time = 4, move_cost = 10},
  {id = "b", time = 3, times = {long = 5}, after = ["a"], move_cost = 1},
  {id = "c", time = 5, after = ["a"], move_cost = 7, skill = "wiring"},
  {id = "d", time = 2, after = ["b"], move_cost = 2},
  {id = "e", time = 4, after = ["c", "d"], move_cost = 3},
  {id = "f", time = 3, after = ["e"], move_cost = 1},
]
products = [{id = "short", share = 0.6}, {id = "long", share = 0.4}]
workers = [{id = "w", skills = ["wiring"]}, {id = "v"}]
stations = [
  {id = "S1", tasks = ["a", "b"], workers = ["w"]},
  {id = "S2", tasks = ["c"], workers = ["w"]},
  {id = "S3", tasks = ["d", "e"], workers = ["v"]},
  {id = "S4", tasks = ["f"], workers = ["v"]},
]
"""
TIMES = {"short": (4, 3, 5, 2, 4, 3), "long": (4, 5, 5, 2, 4, 3)}
AFTER = {1: (0,), 2: (0,), 3: (1,), 4: (2, 3), 5: (4,)}
TODAY = (0, 0, 1, 2, 2, 3)
COSTS = (10, 1, 7, 2, 3, 1)


def write(folder: Path, text: str = LINE) -> str:
    path = folder / "line.toml"
    path.write_text(text)
    return str(path)


def least(
    cycle: int, most: int, prices: tuple[int, ...], *, wiring: tuple[int, ...], stations: int = 4
) -> int | None:
    """Give the least change of all assignments to so many of four stations."""
    found = []
    for at in product(range(stations), repeat=6):
        late = any(at[one] > at[task] for task, before in AFTER.items() for one in before)
        loads = [sum(t[k] for k in range(6) if at[k] == s) for t in TIMES.values() for s in range(stations)]
        if not late and max(loads) <= cycle and len(set(at)) <= most and at[2] in wiring:
            found.append(sum(p for p, new, old in zip(prices, at, TODAY, strict=True) if new != old))
    return min(found, default=None)


@pytest.mark.parametrize("cycle", [8, 9, 10, 12, 15])
@pytest.mark.parametrize("goal", ["moves", "cost"])
def test_the_frontier_is_that_of_all_assignments(tmp_path: Path, cycle: int, goal: str) -> None:
    outcome = redesign(line=write(tmp_path), cycle_time=cycle, goal=goal, most_stations=4)
    assert outcome.certificate.holds, outcome.certificate.failed
    prices = COSTS if goal == "cost" else (1,) * 6
    for row in outcome.result.frontier.rows():
        best = least(cycle, int(row["most"]), prices, wiring=(0, 1))
        assert (None if row["outcome"] == "infeasible" else row[goal]) == best
    assert outcome.result.outcome in ("optimal", "infeasible")


def test_people_who_move_along_allow_more(tmp_path: Path) -> None:
    line = write(tmp_path)
    kept = redesign(line=line, cycle_time=9, most_stations=4).result
    free = redesign(line=line, cycle_time=9, most_stations=4, staffing="free").result
    for row, other in zip(kept.frontier.rows(), free.frontier.rows(), strict=False):
        assert other["moves"] == least(9, int(other["most"]), (1,) * 6, wiring=(0, 1, 2, 3))
        assert row["outcome"] == "infeasible" or other["moves"] <= row["moves"]


def test_a_line_that_keeps_the_cycle_moves_nothing(tmp_path: Path) -> None:
    result = redesign(line=write(tmp_path), cycle_time=9, most_stations=4).result
    assert result.frontier["moves"][0] == 0
    assert result.sites["state"][:4].tolist() == ["kept"] * 4


def test_a_shorter_cycle_opens_a_station_between_those_of_today(tmp_path: Path) -> None:
    outcome = redesign(line=write(tmp_path), cycle_time=5, opening_cost=100)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.frontier["opened"].max() >= 1
    assert any(str(name).startswith("new ") for name in outcome.result.sites["station"])


def test_a_place_beside_another_makes_room(tmp_path: Path) -> None:
    line = write(tmp_path)
    tight = redesign(line=line, cycle_time=5, most_stations=4).result
    outcome = redesign(line=line, cycle_time=5, most_stations=4, extra_places=2, place_cost=50)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert (tight.outcome, outcome.result.outcome) == ("infeasible", "optimal")
    assert outcome.result.frontier["places"][0] >= 1


def test_a_limit_of_cost_is_kept_and_costs_moves(tmp_path: Path) -> None:
    outcome = redesign(line=write(tmp_path), cycle_time=10, most_stations=3, cost_limit=2, goal="cost")
    assert outcome.certificate.holds, outcome.certificate.failed
    assert all(cost <= 2 for cost in outcome.result.frontier["cost"][outcome.result.frontier["stations"] > 0])


def test_products_that_are_no_longer_made_need_no_time(tmp_path: Path) -> None:
    line = write(tmp_path)
    assert (
        redesign(line=line, cycle_time=7, most_stations=4, made=("short",)).result.frontier["moves"][0] == 0
    )
    assert redesign(line=line, cycle_time=7, most_stations=4).result.frontier["moves"][0] != 0


RULES = {
    "together": 'together = [["b", "c"]]',
    "apart": 'apart = [["a", "b", "d"]]',
    "fixed": 'fixed = [{task = "d", stations = [2]}]',
    "cap": "ergonomic_cap = 3.0",
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("shape", ["straight", "u"])
def test_every_rule_is_kept(tmp_path: Path, rule: str, shape: str) -> None:
    text = LINE.replace("time = ", "ergonomic = 1.0, time = ") + f"\n[rules]\n{rule}\n"
    text = text.replace('name = "six tasks"', f'name = "six tasks"\nshape = "{shape}"')
    outcome = redesign(line=write(tmp_path, text), cycle_time=12, most_stations=4)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.frontier["moves"].max() > 0


def test_a_u_needs_no_more_moves_than_a_straight_line(tmp_path: Path) -> None:
    straight = redesign(line=write(tmp_path), cycle_time=10, most_stations=4, staffing="free").result
    text = LINE.replace('name = "six tasks"', 'name = "six tasks"\nshape = "u"')
    folded = redesign(line=write(tmp_path, text), cycle_time=10, most_stations=4, staffing="free")
    assert folded.certificate.holds, folded.certificate.failed
    pairs = zip(straight.frontier.rows(), folded.result.frontier.rows(), strict=False)
    assert all(u["moves"] <= s["moves"] for s, u in pairs if s["moves"] >= 0)
    assert folded.result.fewest_stations <= straight.fewest_stations


def test_a_task_without_a_station_today_is_placed_and_not_counted(tmp_path: Path) -> None:
    text = LINE.replace('{id = "S4", tasks = ["f"], workers = ["v"]},', '{id = "S4", workers = ["v"]},')
    outcome = redesign(line=write(tmp_path, text), cycle_time=9, most_stations=4)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.frontier["moves"][0] == 0


def test_the_result_is_the_same_again(tmp_path: Path) -> None:
    line = write(tmp_path)
    first, second = (redesign(line=line, cycle_time=10).result for _ in range(2))
    assert first.placements.rows() == second.placements.rows()


def test_the_invented_inverter_line_has_a_frontier() -> None:
    outcome = redesign(line="example:inverter", cycle_time=70, most_stations=20, work_limit=1)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert len(outcome.result.frontier) > 2
    assert outcome.result.fewest_stations < 20


def test_a_cancelled_search_stops(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        redesign(Context(path=redesign.path, cancelled=lambda: True), line=write(tmp_path), cycle_time=10)


@pytest.mark.parametrize(
    ("text", "params", "message"),
    [
        ('name = "x"\ntasks = [{id = "a", time = 5}]', {"cycle_time": 6}, "nothing to redesign"),
        (LINE, {}, "neither a cycle time"),
        (LINE, {"cycle_time": 3}, "places in a cycle"),
        (LINE, {"cycle_time": 9, "made": ("wide",)}, "no product wide"),
        (
            LINE.replace("]\nworkers", ', {id = "old", share = 0.0}]\nworkers'),
            {"cycle_time": 9, "made": ("old",), "mix": "average"},
            "no share",
        ),
        ('shape = "two-sided"' + LINE, {"cycle_time": 9}, "two sides"),
    ],
)
def test_what_cannot_be_redesigned_is_refused(
    tmp_path: Path, text: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        redesign(line=write(tmp_path, text), **params)


def test_the_average_unit_needs_less_than_the_worst(tmp_path: Path) -> None:
    """Task b takes 3.8 s on average and 5 s at worst; station S1 must keep 8 s with a, which takes 4 s."""
    line = write(tmp_path)
    average = redesign(line=line, cycle_time=8, most_stations=4, mix="average")
    assert average.certificate.holds, average.certificate.failed
    assert average.result.frontier["moves"][0] == 0
    assert redesign(line=line, cycle_time=8, most_stations=4).result.frontier["moves"][0] != 0
