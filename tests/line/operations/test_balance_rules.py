"""`line.balance` where more than precedence and time bind, against all lines of a few tasks."""

import time
from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.kernels.bits import Ints
from genba.line.operations.balance import balance
from genba.line.records.balance import BalanceResult

SPEC = util.spec_from_file_location("every_line", Path(__file__).with_name("every_line.py"))
assert SPEC is not None
assert SPEC.loader is not None
lines: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(lines)
CYCLE, Small, Staff = lines.CYCLE, lines.Small, lines.Staff
cost, every, loads, places, some, spread = (
    lines.cost,
    lines.every,
    lines.loads,
    lines.places,
    lines.some,
    lines.spread,
)


def solved(path: str, **given: Any) -> BalanceResult:
    """Balance a small line; the certificate must hold, and take nothing on trust."""
    outcome = balance(line=path, **{"cycle_time": CYCLE, **given})
    assert outcome.certificate.failed == ()
    trusted = [claim.name for claim in outcome.certificate.claims if "trusted" in claim.name]
    assert trusted == []
    return outcome.result


@pytest.mark.parametrize("seed", range(6))
def test_a_u_needs_no_more_stations_than_the_best_of_all(seed: int, tmp_path: Path) -> None:
    small = some(seed, folded=True)
    result = solved(small.write(tmp_path))
    longest = small.times.max(axis=0)[None]
    fits = [int(at.max()) + 1 for at in every(small) if loads(longest, at).max() <= CYCLE]
    assert (result.outcome, result.stations) == ("optimal", min(fits))
    assert set(result.assignments["leg"]) <= {"in", "out"}


@pytest.mark.parametrize("seed", range(4))
def test_the_shortest_cycle_of_a_u_is_that_of_all(seed: int, tmp_path: Path) -> None:
    small = some(seed, folded=True)
    result = solved(small.write(tmp_path), objective="cycle", stations=3)
    longest = small.times.max(axis=0)[None]
    assert result.outcome == "optimal"
    assert result.cycle_time == min(loads(longest, at).max() for at in every(small, 3))


@pytest.mark.parametrize("seed", range(6))
def test_places_side_by_side_are_the_fewest_of_all_lines(seed: int, tmp_path: Path) -> None:
    small = replace(some(seed), times=2 * some(seed).times)
    result = solved(small.write(tmp_path), places=2)
    longest = small.times.max(axis=0)[None]
    found = [count for at in every(small) if (count := places(longest, at, 2)) is not None]
    assert (result.outcome, result.places) == ("optimal", min(found))
    assert sum(result.workplaces["places"]) == result.places


@pytest.mark.parametrize("seed", range(6))
def test_a_line_that_keeps_the_cycle_with_each_product_is_the_best_of_all(seed: int, tmp_path: Path) -> None:
    small = some(seed)
    result = solved(small.write(tmp_path), mix="each")
    fits = [int(at.max()) + 1 for at in every(small) if loads(small.times, at).max() <= CYCLE]
    assert (result.outcome, result.stations) == ("optimal", min(fits))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("folded", [False, True])
def test_work_is_spread_as_evenly_as_it_can_be(seed: int, tmp_path: Path, *, folded: bool) -> None:
    small = some(seed, folded=folded)
    result = solved(small.write(tmp_path), mix="each", smooth=True)
    assert result.stations is not None
    measured = [
        (int(at.max()) + 1, int(loads(small.times, at).max()), spread(small.times, at)) for at in every(small)
    ]
    best = min(one for one in measured if one[1] <= CYCLE)
    assert (result.stations, result.largest_load, result.spread) == best
    assert (result.lower_bound, result.load_bound, result.spread_bound) == best


def manned(seed: int, tasks: int = 5, *, folded: bool = False) -> Any:
    """Give a line with three kinds of staff, of which the first can do everything."""
    rng, small = np.random.default_rng(seed), some(seed, tasks, folded=folded)
    some_tasks = [frozenset(np.flatnonzero(rng.random(tasks) < 0.6).tolist()) for _ in range(2)]
    dear = Staff(frozenset(range(tasks)), 1.0, 38, 9)
    fast, cheap = Staff(some_tasks[0], 1.25, int(rng.integers(8, 40)), 1), Staff(some_tasks[1], 1.0, 11, 2)
    return replace(small, staff=(dear, fast, cheap), times=4 * ((small.times + 1) // 2 // 2 + 1) // 2)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("folded", [False, True])
def test_the_cheapest_staff_is_that_of_all_lines(seed: int, tmp_path: Path, *, folded: bool) -> None:
    small = manned(seed, 4 if folded else 5, folded=folded)
    result = solved(small.write(tmp_path), mix="each", objective="cost")
    found = [paid for at in every(small, small.tasks) if (paid := cost(small, at)) is not None]
    assert (result.outcome, result.cost, result.cost_bound) == ("optimal", min(found), min(found))


@pytest.mark.parametrize("seed", range(6))
def test_staff_makes_a_line_longer_where_nobody_can_do_all(seed: int, tmp_path: Path) -> None:
    small = manned(seed)
    result = solved(small.write(tmp_path), mix="each", staff=True)
    manning = [(int(at.max()) + 1, paid) for at in every(small) if (paid := cost(small, at)) is not None]
    assert (result.outcome, result.stations) == ("optimal", min(manning)[0])
    assert result.cost is not None
    assert result.cost >= min(manning)[1]


@pytest.mark.parametrize("seed", range(4))
def test_rules_bind_in_a_u_with_places_and_products(seed: int, tmp_path: Path) -> None:
    small = some(seed, folded=True)
    rules = {"together": [["t0", "t3"]], "apart": [["t1", "t2"]], "ergonomic_cap": 4.0}
    result = solved(small.write(tmp_path, **rules), mix="each", places=2)

    def keeps(at: Ints) -> bool:
        scores = np.bincount(at, np.arange(small.tasks) % 3)
        return bool(at[0] == at[3] and at[1] != at[2] and scores.max() <= 4)

    found = [count for at in every(small) if keeps(at) and (count := places(small.times, at, 2)) is not None]
    assert result.outcome == ("optimal" if found else "infeasible")
    assert result.places == min(found, default=None)


def test_a_task_longer_than_the_cycle_fits_where_places_allow(tmp_path: Path) -> None:
    small = Small(np.array([[15, 4], [15, 4]]), ())
    path = small.write(tmp_path)
    with pytest.raises(InputError, match="longer than the cycle"):
        balance(line=path, cycle_time=CYCLE)
    result = solved(path, places=2)
    assert (result.stations, result.places) == (1, 2)


def test_a_task_that_nobody_can_do_has_no_line(tmp_path: Path) -> None:
    small = replace(some(1), staff=(Staff(frozenset({0, 1, 2, 3}), 1.0, 5, 9),))
    lonely = Small(small.times, small.pairs, staff=(*small.staff, Staff(frozenset({4}), 1.0, 1, 1)))
    assert solved(lonely.write(tmp_path), mix="each", staff=True).outcome == "optimal"
    text = Path(lonely.write(tmp_path)).read_text().replace('"kind":"robot","capabilities":["c4"]', "X")
    path = tmp_path / "none.json"
    path.write_text(text.replace("X", '"kind":"jig","capabilities":["c4"]'))
    assert solved(str(path), mix="each", staff=True).outcome == "infeasible"


def test_a_line_without_people_or_robots_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither workers nor groups"):
        balance(line=some(1).write(tmp_path), cycle_time=CYCLE, objective="cost")


def test_the_inverter_line_gets_its_cheapest_staff() -> None:
    outcome = balance(line="example:inverter", cycle_time=66, objective="cost")
    assert outcome.certificate.holds
    assert outcome.result.cost is not None
    assert outcome.result.cost_bound is not None
    assert outcome.result.cost <= 700
    assert outcome.result.cost_bound >= 450
    assert {"dispensing-cell", "press-cell", "camera", "tester"} <= set(outcome.result.workplaces["resource"])


@pytest.mark.parametrize("objective", ["stations", "feasible", "cost"])
def test_too_few_stations_are_told_to_be_impossible(objective: str, tmp_path: Path) -> None:
    small = replace(some(2, folded=True), staff=(Staff(frozenset(range(5)), 1.0, 5, 9),))
    result = solved(small.write(tmp_path), objective=objective, mix="each", stations=1)
    assert (result.outcome, result.stations) == ("infeasible", None)


@pytest.mark.parametrize("folded", [False, True])
def test_more_stations_than_tasks_have_the_longest_task_as_their_cycle(
    tmp_path: Path, *, folded: bool
) -> None:
    small = some(3, folded=folded)
    result = solved(small.write(tmp_path), objective="cycle", mix="each", stations=9)
    assert (result.outcome, result.cycle_time) == ("optimal", small.times.max())


@pytest.mark.parametrize("work", [0.3, 1.0, 2.0])
def test_a_long_line_with_rules_stops_within_a_second(work: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    small = Small(rng.integers(200, 500, (2, 500)), tuple((a, a + 7) for a in range(493)), folded=True)
    path = small.write(tmp_path, ergonomic_cap=12.0)
    due = time.process_time() + work
    context = Context(path=balance.path, cancelled=lambda: time.process_time() >= due)
    with pytest.raises(Cancelled):
        balance(context, line=path, cycle_time=1000, mix="each", time_limit=600.0)
    assert time.process_time() - due < 1.0
