"""Places and staff for money: against all designs of a small line, each a Markov chain."""

from importlib import util
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.operations.buffers import buffers

SPEC = util.spec_from_file_location("markov_lines", Path(__file__).parents[1] / "kernels" / "markov_lines.py")
assert SPEC
assert SPEC.loader
markov: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(markov)

LINE = """
name = "three machines"
currency = "JPY"
tasks = [{id = "a", time = 1}]
groups = [{id = "press", kind = "robot", investment = 9000, cost = 2}]
workers = [{id = "fitter", cost = 3, count = 9}, {id = "helper", cost = 1, count = 9}]
stations = [
  {id = "S1", work = {kind = "exponential", mean = 1.0}, groups = ["press"], workers = ["fitter", "helper"]},
  {id = "S2", work = {kind = "exponential", mean = 1.25}, workers = ["fitter"]},
  {id = "S3", work = {kind = "exponential", mean = 1.0}},
]
buffers = [
  {id = "B2", before = "S2", capacity = 1, place_cost = 200},
  {id = "B3", before = "S3", capacity = 0, place_cost = 300},
]
"""
RATES = (1.0, 0.8, 1.0)
TODAY, PRICES = (1, 0), (200, 300)
INDIFFERENCE = 0.005
FAST = {"units": 500, "replications": 640, "indifference": 100 * INDIFFERENCE}


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "line.toml"
    path.write_text(LINE)
    return path


def run(line: Path, **more: Any) -> Any:
    outcome = buffers(Context(path=buffers.path, seed=1), line=str(line), **{**FAST, **more})
    assert outcome.certificate.holds, outcome.certificate.failed
    return outcome.result


def cost(places: tuple[int, int]) -> int:
    return sum(price * max(n - now, 0) for price, n, now in zip(PRICES, places, TODAY, strict=True))


def exact(most: int = 12) -> dict[tuple[int, int], float]:
    """Give the units per hour of every design with up to so many places on each way."""
    return {(a, b): 3600 * markov.throughput(RATES, (a, b)) for a, b in product(range(most + 1), repeat=2)}


@pytest.mark.parametrize("engine", ["recursion", "events"])
@pytest.mark.parametrize("budget", [0, 500, 1300])
def test_a_budget_buys_what_brings_most(line: Path, engine: str, budget: int) -> None:
    result = run(line, budget=budget, engine=engine)
    known = exact()
    best = max(rate for design, rate in known.items() if cost(design) <= budget)
    found = tuple(result.buffers["after"].tolist())
    assert result.outcome == "selected"
    assert known[found] >= best * (1 - INDIFFERENCE)
    assert result.cost == cost(found) <= budget
    assert result.buffers["price"].tolist() == list(PRICES)
    assert sum(found) == result.places


def test_a_target_is_reached_at_the_least_cost(line: Path) -> None:
    """The target lies midway between what the cheapest design makes and what less money can."""
    known = exact()
    least = 1000
    best = max(rate for design, rate in known.items() if cost(design) <= least)
    below = max(rate for design, rate in known.items() if cost(design) <= least - 200)
    assert best > 1.008 * below
    result = run(line, target=(best + below) / 2, least="cost", units=2000)
    assert (result.outcome, result.cost) == ("selected", least)
    assert any(
        role == "frontier" and spent < least and rate < result.throughput
        for role, spent, rate in zip(
            *(result.designs[name] for name in ("role", "cost", "throughput")), strict=True
        )
    )


def test_a_target_that_today_reaches_costs_nothing(line: Path) -> None:
    result = run(line, target=0.97 * exact()[TODAY], least="cost")
    assert (result.outcome, result.cost) == ("selected", 0)


def test_a_budget_keeps_within_the_places_there_are(line: Path) -> None:
    result = run(line, budget=2000, places=3)
    assert result.places <= 3


def test_staff_is_bought_where_it_brings_more_than_places(line: Path) -> None:
    """By hand: one more place of S2 takes a fitter, 3 x 2000; of S1 a press and a helper; of S3 nobody."""
    result = run(line, budget=6500, staffing="parallel", per_buffer=4)
    assert result.staff["price"].tolist() == [9000 + 2 * 2000 + 1 * 2000, 3 * 2000, 0.0]
    assert result.staff["after"].tolist()[1] == 2
    assert 6000 <= result.cost <= 6500
    teams = run(line, budget=100, staffing="team", per_buffer=2, wage_hours=10)
    assert teams.staff["price"].tolist() == [10.0, 30.0, 0.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": 100, "target": 2000.0}, "least cost; ask for it"),
        ({"least": "cost"}, "no target"),
        ({"budget": 100, "places": 0}, "fewer than today's 1"),
        ({"budget": -1}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(line: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(line, **given)


def test_money_needs_prices(line: Path) -> None:
    line.write_text(LINE.replace(", place_cost = 200", "").replace(", place_cost = 300", ""))
    with pytest.raises(InputError, match="nothing has a price"):
        run(line, budget=100)


def test_a_negative_price_is_refused_with_its_place(line: Path) -> None:
    line.write_text(LINE.replace("place_cost = 200", "place_cost = -2"))
    with pytest.raises(InputError) as caught:
        run(line, budget=100)
    assert any("place_cost" in finding.message for finding in caught.value.findings)
