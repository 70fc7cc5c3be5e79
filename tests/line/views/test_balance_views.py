"""The Yamazumi: tasks in the order of work, coloured by value class where there is more than one."""

from collections import defaultdict
from pathlib import Path

import pytest

from genba.core.views import BarChart, Views
from genba.line.operations.balance import balance
from genba.line.records.balance import BalanceResult
from genba.line.views.balance import CLASSES, view_balance

ALIKE = str(Path(__file__).parents[1] / "three_machines.toml")


def shown(line: str, cycle: float, *, rules: bool = False) -> tuple[BalanceResult, Views]:
    given = {"line": line, "cycle_time": cycle, "rules": rules}
    result = balance(**given).result
    return result, view_balance(balance.parse(given), result)


def yamazumi(views: Views) -> BarChart:
    chart = next(chart for chart in views.charts if chart.key == "yamazumi")
    assert isinstance(chart, BarChart)
    return chart


def test_every_task_stands_in_the_stack_of_its_station_in_the_colour_of_its_class() -> None:
    result, views = shown("example:inverter", 66)
    stacks: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for series in yamazumi(views).series:
        for at, text, time in zip(series.x, series.text, series.y, strict=True):
            if time is not None:
                stacks[str(at)].append((series.name, text, time))
    told: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for row in result.assignments.rows():
        name = CLASSES[str(row["value_class"])]
        told[str(row["station"])].append((name, f"{row['task']} {row['name']}", float(row["time"] or 0)))
    assert stacks == told


def test_classes_have_one_entry_each_in_the_legend_always_in_one_order() -> None:
    _, views = shown("example:inverter", 66)
    assert list(dict.fromkeys(series.name for series in yamazumi(views).series)) == list(CLASSES.values())


def test_setup_and_walking_stand_on_top_of_the_work() -> None:
    result, views = shown("example:inverter", 75, rules=True)
    heights: dict[str, float] = defaultdict(float)
    for series in yamazumi(views).series:
        for at, time in zip(series.x, series.y, strict=True):
            heights[str(at)] += time or 0.0
    places = result.workplaces
    assert sum(places["lost"]) > 0
    assert list(heights.values()) == pytest.approx((places["load"] + places["lost"]).tolist())
    assert yamazumi(views).series[-1].name == "Setup and walking"


def test_a_line_that_nobody_classified_is_of_one_colour_without_a_claim() -> None:
    _, views = shown(ALIKE, 1.0)
    assert {series.name for series in yamazumi(views).series} == {"Tasks"}


@pytest.mark.parametrize(("line", "marks"), [("example:inverter", 2), (ALIKE, 1)])
def test_the_cycle_is_marked_and_the_takt_where_it_is_known(line: str, marks: int) -> None:
    result, views = shown(line, 66.0)
    levels = [result.cycle_time, result.takt]
    assert [mark.y for mark in yamazumi(views).marks] == levels[:marks]
