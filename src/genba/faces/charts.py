"""The one renderer: a chart as plain data becomes an ECharts option, which is plain JSON too.

No option holds a function. Texts from data reach ECharts only as names, values and its own string templates,
all of which it escapes.
"""

from typing import Any

from genba.core.views import BarChart, Chart, GanttChart, LineChart, NetworkChart, SankeyChart, ScatterChart
from genba.faces.gantt_chart import gantt_option
from genba.faces.network_chart import network_option
from genba.faces.plot_chart import plot_option
from genba.faces.sankey_chart import sankey_option
from genba.faces.theme import FONT, Palette, Theme, figure, palette
from genba.faces.words import say, say_unit, with_unit

Option = dict[str, Any]

TITLE_HEIGHT = 28
FEW_NODES, FEW_ROWS = 10, 12
"""Nodes of a Sankey chart and rows of a Gantt chart that half a page has room for."""


def render(
    chart: Chart, operation: str = "", *, language: str = "en", theme: Theme = "light", title: bool = True
) -> Option:
    """Give the ECharts option of a chart.

    Arguments:
        chart: what the view gave.
        operation: name of the operation it belongs to, where its translations are found.
        language: of titles, axes and marks.
        theme: whose colours.
        title: whether the chart shows its title; False where the page does.
    """
    key, colours = f"{operation}.chart.{chart.key}", palette(theme)
    top = 8 + (TITLE_HEIGHT if title else 0)
    frame = _frame(chart_title(chart, operation, language=language), colours, title)
    frame["aria"]["label"]["description"] = describe(chart, operation, language=language)
    if is_empty(chart):
        return frame | _nothing(language, colours)
    return _merged(frame, _body(chart, key, language, colours, top))


def _body(chart: Chart, key: str, language: str, colours: Palette, top: int) -> Option:
    match chart:
        case NetworkChart():
            return network_option(chart, key, language, colours, top)
        case GanttChart():
            return gantt_option(chart, key, language, colours, top)
        case SankeyChart():
            return sankey_option(chart, key, language, colours, top)
        case _:
            return plot_option(chart, key, language, colours, top)


def chart_title(chart: Chart, operation: str, *, language: str) -> str:
    """Give a chart's title in the reader's language."""
    return say(language, f"{operation}.chart.{chart.key}.title", chart.title)


def is_empty(chart: Chart) -> bool:
    """Say whether a chart has nothing to draw."""
    match chart:
        case NetworkChart():
            return not chart.nodes
        case GanttChart():
            return not chart.spans
        case SankeyChart():
            return not any(flow.value > 0 for flow in chart.flows)
        case _:
            return all(value is None for series in chart.series for value in series.y)


def needs_room(chart: Chart) -> bool:
    """Say whether a chart is only readable across the whole page."""
    match chart:
        case NetworkChart():
            return True
        case GanttChart():
            return len(chart.rows) > FEW_ROWS
        case SankeyChart():
            return len({name for flow in chart.flows for name in (flow.source, flow.target)}) > FEW_NODES
        case _:
            return False


def describe(chart: Chart, operation: str = "", *, language: str = "en") -> str:
    """Give one sentence about a chart for those who cannot see it."""
    title = chart_title(chart, operation, language=language)
    if is_empty(chart):
        return say(language, "faces.chart.describe.empty", "{title}: no data.", title=title)
    match chart:
        case NetworkChart():
            return say(
                language,
                "faces.chart.describe.network",
                "{title}: a network of {nodes} nodes and {links} links.",
                title=title,
                nodes=f"{len(chart.nodes):,}",
                links=f"{len(chart.links):,}",
            )
        case GanttChart():
            return say(
                language,
                "faces.chart.describe.gantt",
                "{title}: {spans} spans in {rows} rows.",
                title=title,
                spans=f"{len(chart.spans):,}",
                rows=f"{len(chart.rows):,}",
            )
        case SankeyChart():
            return say(
                language,
                "faces.chart.describe.sankey",
                "{title}: {flows} flows.",
                title=title,
                flows=f"{len(chart.flows):,}",
            )
        case _:
            return _describe_plot(chart, operation, title, language)


def _describe_plot(
    chart: LineChart | BarChart | ScatterChart, operation: str, title: str, language: str
) -> str:
    values = [value for series in chart.series for value in series.y if value is not None]
    y = say(language, f"{operation}.chart.{chart.key}.y", chart.y.label)
    return say(
        language,
        "faces.chart.describe.plot",
        "{title}: {y} from {low} to {high} over {points} points in {series} series.",
        title=title,
        y=with_unit(y, say_unit(language, chart.y.unit)),
        low=figure(min(values), chart.y.unit),
        high=figure(max(values), chart.y.unit),
        points=f"{len(values):,}",
        series=len(chart.series),
    )


def _frame(title: str, colours: Palette, shown: bool) -> Option:
    return {
        "backgroundColor": "transparent",
        "textStyle": {"fontFamily": FONT, "color": colours.ink},
        "color": list(colours.series),
        "animation": False,
        "title": {
            "text": title,
            "show": shown,
            "left": 0,
            "top": 0,
            "textStyle": {"color": colours.ink, "fontSize": 15, "fontWeight": 600, "fontFamily": FONT},
        },
        "aria": {"enabled": True, "label": {"enabled": True}},
        "tooltip": {
            "confine": True,
            "backgroundColor": colours.surface,
            "borderColor": colours.line,
            "textStyle": {"color": colours.ink, "fontSize": 12, "fontFamily": FONT},
            "extraCssText": "white-space: pre-line; max-width: 320px; font-variant-numeric: tabular-nums",
        },
    }


def _nothing(language: str, colours: Palette) -> Option:
    text = say(language, "faces.chart.empty", "No data")
    style = {"text": text, "fill": colours.muted, "fontSize": 14, "fontFamily": FONT}
    return {"graphic": [{"type": "text", "left": "center", "top": "middle", "style": style}], "series": []}


def _merged(frame: Option, body: Option) -> Option:
    """Lay `body` over `frame`, one level into the parts that both have."""
    return frame | {
        name: {**frame[name], **part} if isinstance(part, dict) and name in frame else part
        for name, part in body.items()
    }
