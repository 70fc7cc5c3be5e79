"""`line.sequence` on small lines: outcomes, proofs, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.operations.sequence import sequence

LINE = """
name = "two variants"
tasks = [
  {id = "a", time = 50, times = {long = 70}},
  {id = "b", time = 55, times = {long = 62}, after = ["a"]},
]
products = [{id = "short", share = 0.6}, {id = "long", share = 0.4}]
stations = [{id = "S1", tasks = ["a"]}, {id = "S2", tasks = ["b"]}]
demand = {cycle = 60}
"""


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "line.toml"
    path.write_text(LINE)
    return path


def run(line: Path, **more: Any) -> Any:
    return sequence(line=str(line), units=10, **more)


@pytest.mark.parametrize(
    ("goal", "window", "proof"),
    [("overload", 1.2, "capacity"), ("overload", 1.05, "search"), ("levelling", 1.2, "assignment")],
)
def test_an_order_is_optimal_with_its_proof(line: Path, goal: str, window: float, proof: str) -> None:
    outcome = run(line, goal=goal, window=window)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert (outcome.result.outcome, outcome.result.proof) == ("optimal", proof)
    assert outcome.result.mix["units"].tolist() == [6, 4]


def test_long_units_do_not_follow_each_other_where_time_is_short(line: Path) -> None:
    order = run(line, window=1.2).result.launches["product"].tolist()
    assert all(pair != ("long", "long") for pair in zip(order, order[1:], strict=False))


def test_a_longer_window_never_means_more_overload(line: Path) -> None:
    overloads = [run(line, window=window).result.overload for window in (1.0, 1.1, 1.2, 1.5, 2.0)]
    assert overloads == sorted(overloads, reverse=True)


def test_odd_units_go_to_the_largest_remainder(line: Path) -> None:
    assert sequence(line=str(line), units=3).result.mix["units"].tolist() == [2, 1]


def test_time_that_is_up_leaves_the_best_order_so_far(line: Path) -> None:
    ticks = iter(range(0, 10**15, 10**12))
    context = Context(path=sequence.path, clock=lambda: next(ticks))
    outcome = sequence(context, line=str(line), units=30, window=1.05)
    assert outcome.result.outcome == "feasible"
    assert outcome.certificate.holds


def test_a_cancelled_search_stops(line: Path) -> None:
    with pytest.raises(Cancelled):
        sequence(Context(path=sequence.path, cancelled=lambda: True), line=str(line), window=1.05)


def test_a_line_without_cycle_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(LINE.replace("demand = {cycle = 60}", ""))
    with pytest.raises(InputError, match="cycle_time"):
        sequence(line=str(path))
    assert sequence(line=str(path), cycle_time=60.0).certificate.holds


def test_a_line_without_stations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text('name = "x"\ntasks = [{id = "a", time = 5}]\ndemand = {cycle = 6}\n')
    with pytest.raises(InputError, match="no stations"):
        sequence(line=str(path))
