"""Charts: every kind becomes plain JSON that keeps units, escapes texts and shows every mark."""

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.core.views import (
    Axis,
    BarChart,
    Chart,
    Flow,
    GanttChart,
    LineChart,
    Link,
    Mark,
    NetworkChart,
    Node,
    SankeyChart,
    ScatterChart,
    Series,
    Span,
)
from genba.faces.charts import describe, is_empty, needs_room, render
from genba.faces.theme import DARK, LIGHT, Palette, column_figure, figure

BUSES = Axis(label="Bus", unit="1", scale="category")
VOLTAGE = Axis(label="Voltage", unit="p.u.")
LOADING = Axis(label="Loading", unit="%")
LIMIT = Mark(label="Upper limit", y=1.1)
FIRST = Series(name="vm", x=("1", "2", "3"), y=(1.0, None, 1.02))
SECOND = Series(name="vmax", x=("1", "3"), y=(1.05, 1.06))
PLOTS = [
    kind(key="k", title="Profile", x=BUSES, y=VOLTAGE, series=(FIRST, SECOND), marks=(LIMIT,))
    for kind in (LineChart, BarChart, ScatterChart)
]
NETWORK = NetworkChart(
    key="map",
    title="Network",
    nodes=(
        Node(id="1", x=0, y=0, value=1.0),
        Node(id="2", x=1, y=0, value=0.95, symbol="square"),
        Node(id="3", x=1, y=1, symbol="triangle"),
    ),
    links=(
        Link(source="1", target="2", value=12.0),
        Link(source="2", target="3", value=99.0, text="line 2"),
        Link(source="1", target="3"),
    ),
    node_value=VOLTAGE,
    link_value=LOADING,
    node_range=(0.9, 1.1),
    link_range=(0.0, 100.0),
)
STACKED = BarChart(
    key="yamazumi",
    title="Yamazumi",
    x=Axis(label="Station", unit="1", scale="category"),
    y=Axis(label="Time", unit="s"),
    series=(
        Series(name="adds value", x=("S1", "S2"), y=(20.0, 30.0)),
        Series(name="waste", x=("S1",), y=(5.0,)),
        Series(name="adds value", x=("S1",), y=(10.0,)),
    ),
    marks=(Mark(label="Takt", y=34.0),),
    stacked=True,
)
GANTT = GanttChart(
    key="gantt",
    title="Stations",
    x=Axis(label="Time", unit="s"),
    rows=("S1", "S2"),
    spans=(
        Span(row="S1", start=0.0, end=3.0, state="working"),
        Span(row="S2", start=3.0, end=5.5, state="working", text="part 1"),
        Span(row="S2", start=0.0, end=3.0, state="starved"),
    ),
)
SANKEY = SankeyChart(
    key="flow",
    title="Flow of parts",
    value=Axis(label="Parts", unit="1/h"),
    flows=(
        Flow(source="S1", target="S2", value=40.0),
        Flow(source="S2", target="good", value=38.0),
        Flow(source="S2", target="scrap {b}", value=2.0),
        Flow(source="S2", target="rework", value=0.0),
    ),
)
EVERY: list[Chart] = [*PLOTS, STACKED, NETWORK, GANTT, SANKEY]
NAMES = [*(chart.kind for chart in PLOTS), "stacked", "network", "gantt", "sankey"]
each = pytest.mark.parametrize("chart", EVERY, ids=NAMES)


def line(values: list[float | None], **more: Any) -> LineChart:
    numbers = Axis(label="Row", unit="1")
    series = Series(name="s", x=tuple(range(len(values))), y=tuple(values), **more)
    return LineChart(key="k", title="T", x=numbers, y=VOLTAGE, series=(series,))


@each
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_an_option_is_plain_json(chart: Chart, theme: Any, language: str) -> None:
    option = render(chart, "grid.powerflow", language=language, theme=theme)
    assert json.loads(json.dumps(option, allow_nan=False)) == option


@pytest.mark.parametrize("chart", PLOTS, ids=[chart.kind for chart in PLOTS])
def test_both_axes_say_their_unit(chart: Chart) -> None:
    option = render(chart)
    assert option["yAxis"]["name"] == "Voltage (p.u.)"
    assert option["xAxis"]["name"] == "Bus"


def test_both_scales_of_a_network_say_their_unit() -> None:
    texts = [scale["text"][1] for scale in render(NETWORK)["visualMap"]]
    assert [text.rsplit("  ")[0] for text in texts] == ["Loading (%)", "Voltage (p.u.)"]


def test_scales_colour_what_has_a_value_and_nothing_else() -> None:
    option = render(NETWORK)
    coloured = {place for scale in option["visualMap"] for place in scale["seriesIndex"]}
    for place, series in enumerate(option["series"]):
        width = 3 if series["type"] == "scatter" else None
        for item in series["data"]:
            known = len(item["value"]) == width if width else "value" in item
            assert known == (place in coloured)


def test_node_types_have_shapes_and_loading_has_widths() -> None:
    series = render(NETWORK)["series"]
    assert {entry["symbol"] for entry in series if entry["type"] == "scatter"} == {
        "circle",
        "rect",
        "triangle",
    }
    light, heavy = (
        next(entry["lineStyle"]["width"] for entry in series if entry["id"] == f"links-{third}-known")
        for third in (0, 2)
    )
    assert heavy > light


@pytest.mark.parametrize("chart", PLOTS, ids=[chart.kind for chart in PLOTS])
def test_a_gap_stays_a_gap(chart: Chart) -> None:
    assert render(chart)["series"][0]["data"][1] == [1, None]


@pytest.mark.parametrize("chart", PLOTS, ids=[chart.kind for chart in PLOTS])
def test_marks_are_labelled_and_lie_inside_the_axis(chart: Chart) -> None:
    option = render(chart)
    mark = option["series"][0]["markLine"]["data"][0]
    assert mark["yAxis"] == 1.1
    assert mark["label"]["formatter"] == "Upper limit  1.1000"
    assert option["yAxis"]["min"] <= 0.99
    assert option["yAxis"]["max"] >= 1.1


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3),
)
def test_a_marked_axis_holds_every_point_and_every_mark(values: list[float], marks: list[float]) -> None:
    chart = line(list(values)).model_copy(update={"marks": tuple(Mark(label="m", y=y) for y in marks)})
    axis = render(chart)["yAxis"]
    slack = 1e-9 * max(1.0, *(abs(value) for value in values + marks))
    assert axis["min"] <= min(values + marks) + slack
    assert axis["max"] >= max(values + marks) - slack


@pytest.mark.parametrize("value", [5e-324, 1e-310, -5e-324, 0.0])
def test_a_marked_axis_of_almost_nothing_has_two_ends(value: float) -> None:
    axis = render(line([0.0, value]).model_copy(update={"marks": (Mark(label="m", y=0.0),)}))["yAxis"]
    assert axis["min"] <= min(value, 0.0)
    assert axis["max"] > axis["min"]


def test_series_differ_by_symbol_and_dash_as_well_as_colour() -> None:
    first, second = render(PLOTS[0])["series"]
    assert first["symbol"] != second["symbol"]
    assert first["lineStyle"]["type"] != second["lineStyle"]["type"]


def test_bars_of_several_series_have_patterns() -> None:
    assert render(PLOTS[1])["aria"]["decal"]["show"]


def test_layers_of_one_name_share_a_colour_and_stand_on_each_other() -> None:
    first, second, third = render(STACKED)["series"]
    assert first["itemStyle"]["color"] == third["itemStyle"]["color"] != second["itemStyle"]["color"]
    assert first["name"] == third["name"]
    assert {first["stack"], second["stack"], third["stack"]} == {"all"}


def test_a_marked_stack_is_shown_whole() -> None:
    assert render(STACKED)["yAxis"]["max"] >= 20.0 + 5.0 + 10.0


def test_marks_that_are_close_do_not_write_over_each_other() -> None:
    marks = (Mark(label="Takt", y=34.0), Mark(label="Cycle", y=33.0), Mark(label="Half", y=17.0))
    data = render(STACKED.model_copy(update={"marks": marks}))["series"][0]["markLine"]["data"]
    assert [mark["label"]["position"] for mark in data] == [
        "insideEndTop",
        "insideEndBottom",
        "insideEndTop",
    ]


def test_spans_lie_in_their_row_and_say_when_they_are() -> None:
    working, starved = render(GANTT)["series"]
    assert (working["name"], starved["name"]) == ("working", "starved")
    assert working["data"][1]["coords"] == [[3.0, 1], [5.5, 1]]
    assert working["data"][1]["name"] == "part 1\n3.00 – 5.50 s"
    assert working["data"][0]["name"] == "S1: working\n0 – 3.00 s"


def test_flows_of_nothing_are_left_out_and_no_text_becomes_a_template() -> None:
    series = render(SANKEY)["series"][0]
    assert [node["name"] for node in series["data"]] == ["S1", "S2", "good", "scrap {b}"]
    assert all("tooltip" not in link for link in series["links"])
    assert series["name"] == "Parts (1/h)"


def test_flows_that_close_a_circle_are_refused() -> None:
    back = Flow(source="S2", target="S1", value=1.0)
    with pytest.raises(ValueError, match=r"circle: S\d > S\d > S\d"):
        SankeyChart(key="k", title="T", value=VOLTAGE, flows=(*SANKEY.flows, back))


def test_every_chart_describes_itself_to_those_who_cannot_see_it() -> None:
    for chart in EVERY:
        aria = render(chart)["aria"]
        assert aria["enabled"]
        assert aria["label"]["description"] == describe(chart)
        assert chart.title in describe(chart)


def test_more_than_200_points_can_be_zoomed_and_fewer_need_no_slider() -> None:
    assert [z["type"] for z in render(line([1.0] * 201))["dataZoom"]] == ["inside", "slider"]
    assert render(line([1.0] * 200))["dataZoom"] == []


def test_long_lines_are_sampled_for_drawing() -> None:
    assert render(line([1.0] * 3000))["series"][0]["sampling"] == "lttb"


@pytest.mark.parametrize(
    "chart",
    [
        line([]),
        line([None, None]),
        NETWORK.model_copy(update={"nodes": (), "links": ()}),
        GANTT.model_copy(update={"spans": ()}),
        SANKEY.model_copy(update={"flows": ()}),
    ],
    ids=["no points", "gaps only", "no nodes", "no spans", "no flows"],
)
def test_nothing_to_draw_is_said_in_words(chart: Chart) -> None:
    assert is_empty(chart)
    assert render(chart)["graphic"][0]["style"]["text"] == "No data"
    assert render(chart, language="ja")["graphic"][0]["style"]["text"] == "データなし"


def test_a_hover_text_says_what_a_point_is_and_its_value_once() -> None:
    option = render(line([1.0, 2.0], text=("bus 1", "bus 2: 2.0000 p.u.")))
    names = [item["name"] for item in option["series"][0]["data"]]
    assert names == ["bus 1\nVoltage (p.u.): 1.0000 p.u.", "bus 2: 2.0000 p.u."]
    assert option["tooltip"] | {"trigger": "axis", "formatter": "{b0}"} == option["tooltip"]


def test_points_without_a_text_beside_points_with_one_are_described_too() -> None:
    mixed = PLOTS[2].model_copy(
        update={"series": (FIRST.model_copy(update={"text": ("a", "b", "c")}), SECOND)}
    )
    option = render(mixed)
    assert option["tooltip"]["formatter"] == "{b}"
    assert option["series"][1]["data"][0]["name"] == "Bus: 1\nVoltage (p.u.): 1.0500 p.u."


def test_a_mark_cannot_smuggle_in_a_template() -> None:
    hostile = line([1.0]).model_copy(update={"marks": (Mark(label="{a}<b>", y=1.0),)})
    assert "{" not in render(hostile)["series"][0]["markLine"]["data"][0]["label"]["formatter"]


def test_only_positive_values_stand_on_a_logarithmic_axis() -> None:
    chart = line([0.0, -1.0, 10.0]).model_copy(update={"y": Axis(label="r", unit="1", scale="log")})
    assert [point[1] for point in render(chart)["series"][0]["data"]] == [None, None, 10.0]


@pytest.mark.parametrize("values", [[40.0, 1e-11], [1e5, 3e-18], [2.0, 5.0], [10.0], [1.0, 1000.0]])
def test_a_logarithmic_axis_has_a_few_lines_at_equal_powers_of_ten(values: list[float]) -> None:
    chart = line(values).model_copy(update={"y": Axis(label="r", unit="1", scale="log")})
    axis = render(chart)["yAxis"]
    logarithmic = axis["type"] == "log"
    low, high = (math.log10(axis[end]) if logarithmic else axis[end] for end in ("min", "max"))
    assert low <= math.log10(min(values)) <= math.log10(max(values)) <= high
    lines = (high - low) / axis["interval"]
    assert lines == pytest.approx(round(lines))
    assert 1 <= round(lines) <= 7


def test_long_powers_of_ten_are_labelled_short_and_points_are_told_as_they_are() -> None:
    logarithmic = {"y": Axis(label="r", unit="1", scale="log")}
    option = render(line([40.0, None, 1e-11]).model_copy(update=logarithmic))
    assert (option["yAxis"]["type"], option["yAxis"]["axisLabel"]["formatter"]) == ("value", "1e{value}")
    series = option["series"][0]
    assert series["data"][0][1:] == [pytest.approx(math.log10(40.0)), 40.0]
    assert series["data"][1][1:] == [None, None]
    assert series["data"][2][1:] == [-11.0, 1e-11]
    assert series["dimensions"][series["encode"]["tooltip"][0]] == "r"
    short = render(line([40.0, 1.0]).model_copy(update=logarithmic))["yAxis"]
    assert short["type"] == "log"
    assert "formatter" not in short["axisLabel"]


def test_constant_values_still_have_an_axis() -> None:
    chart = line([5.0, 5.0]).model_copy(update={"marks": (Mark(label="m", y=5.0),)})
    axis = render(chart)["yAxis"]
    assert axis["min"] <= 5.0 < axis["max"] or axis["min"] < 5.0 <= axis["max"]


def test_themes_share_every_point() -> None:
    for chart in EVERY:
        light, dark = render(chart), render(chart, theme="dark")
        assert light["textStyle"] != dark["textStyle"]
        assert [s["data"] for s in light["series"]] == [s["data"] for s in dark["series"]]


def luminance(colour: str) -> float:
    """Give the relative luminance. Source: WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read_on_paper_and_on_surfaces(colours: Palette) -> None:
    for text in (colours.ink, colours.muted, colours.accent, colours.good, colours.warning, colours.bad):
        assert contrast(text, colours.paper) >= 4.5
        assert contrast(text, colours.surface) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_sequential_scale_reads_in_greyscale(colours: Palette) -> None:
    shades = [luminance(colour) for colour in colours.sequential]
    assert shades == sorted(shades, reverse=colours is LIGHT)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (73059.7, "MW", "73,059.70"),
        (1.03421, "p.u.", "1.0342"),
        (3.1e-12, "p.u.", "3.1×10⁻¹²"),
        (95.25, "%", "95.2"),
        (0.0, "MW", "0"),
        (12, "1", "12"),
        (1991.0, "1", "1,991"),
        (0.123456, "1", "0.1235"),
        (None, "MW", "–"),
        (float("nan"), "MW", "–"),
        (2.5e12, "1", "2.5×10¹²"),
    ],
)
def test_figures_have_the_digits_that_their_unit_deserves(value: float | None, unit: str, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(2.6e-12, "MW", "0.00"), (-1e-9, "%", "0.0"), (1.0, "p.u.", "1.0000"), (0.123456, "1", "0.1235")],
)
def test_figures_of_a_column_align(value: float, unit: str, text: str) -> None:
    assert column_figure(value, unit) == text


def shares(*values: float) -> BarChart:
    axis = Axis(label="Station", unit="1", scale="category")
    series = tuple(Series(name=f"state {at}", x=("S1",), y=(value,)) for at, value in enumerate(values))
    return BarChart(
        key="states", title="T", x=axis, y=Axis(label="Share", unit="%"), series=series, stacked=True
    )


def test_stacks_of_shares_end_at_100_percent_whatever_the_rounding() -> None:
    assert render(shares(60.0, 40.00000000000001))["yAxis"]["max"] == 100
    assert "max" not in render(shares(60.0, 30.0))["yAxis"]
    assert "max" not in render(shares(60.0, 41.0))["yAxis"]


def test_charts_with_many_rows_or_nodes_take_the_whole_width() -> None:
    assert needs_room(NETWORK)
    assert not needs_room(GANTT)
    assert not needs_room(SANKEY)
    rows = tuple(f"S{at}" for at in range(20))
    assert needs_room(GANTT.model_copy(update={"rows": rows}))
    flows = tuple(Flow(source=one, target=other, value=1.0) for one, other in pairwise(rows))
    assert needs_room(SANKEY.model_copy(update={"flows": flows}))
    assert not any(needs_room(chart) for chart in PLOTS)
