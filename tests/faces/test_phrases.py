"""Words of tables and charts: in the reader's language, with names and numbers as they are."""

import pytest

from genba.core.views import Axis, BarChart, Flow, SankeyChart, Series
from genba.faces.charts import render
from genba.faces.phrases import say_words
from genba.grid.records.contingency import REASONS


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("branch.12 (4-9) at 123.4 % of 1.2e+03 MVA", "branch.12（4-9）が 123.4 %（定格 1.2e+03 MVA）"),
        (
            "no solution was found; cuts off 3 MW load and -5 MW generation at 1 bus",
            "解が見つからない; 負荷 3 MW と発電 -5 MW を切り離す（1 母線）",
        ),
        ("secure", "secure"),
        ("somebody's words 7", "somebody's words 7"),
        ("", ""),
    ],
)
def test_a_column_of_words_is_read_in_japanese_and_names_stay(english: str, japanese: str) -> None:
    assert say_words("ja", "grid", REASONS, english) == japanese
    assert say_words("en", "grid", REASONS, english) == english


def test_categories_and_hover_texts_of_a_chart_are_read_in_japanese_and_names_stay() -> None:
    series = Series(name="n", x=("secure", "mine"), y=(1.0, 2.0), text=("a: secure", "secured"))
    chart = BarChart(
        key="k",
        title="Title",
        x=Axis(label="Status", unit="1", scale="category"),
        y=Axis(label="Outages", unit="1"),
        series=(series,),
        words=("secure",),
    )
    option = render(chart, "grid.contingency", language="ja")
    assert option["xAxis"]["data"] == ["健全", "mine"]
    assert [point["name"].split("\n")[0] for point in option["series"][0]["data"]] == ["a: 健全", "secured"]
    assert render(chart, "grid.contingency")["xAxis"]["data"] == ["secure", "mine"]


def test_nodes_of_a_flow_are_read_in_japanese_and_names_stay() -> None:
    chart = SankeyChart(
        key="k",
        title="Title",
        value=Axis(label="Tasks", unit="1"),
        flows=(Flow(source="S1: today", target="after", value=1.0),),
        words=("today",),
    )
    nodes = render(chart, "line.redesign", language="ja")["series"][0]["data"]
    assert [node["name"] for node in nodes] == ["S1: 現状", "after"]
