"""How a Gantt chart is drawn: rows from top to bottom, a thick line per span, a colour per state."""

from typing import Any

from genba.core.views import GanttChart, Span
from genba.faces.legend import LEGEND_HEIGHT, legend
from genba.faces.theme import Palette, figure
from genba.faces.words import say, with_unit

Option = dict[str, Any]

THICKNESS = ((8, 18.0), (16, 12.0), (30, 7.0))
"""Width of a span in pixels, by the most rows."""
THINNEST = 4.0
ZOOM_HEIGHT = 36


def gantt_option(chart: GanttChart, key: str, language: str, colours: Palette, top: int) -> Option:
    """Give axes, legend and series of a Gantt chart."""
    states = list(dict.fromkeys(span.state for span in chart.spans))
    label = with_unit(say(language, f"{key}.x", chart.x.label), chart.x.unit)
    return {
        "grid": {
            "left": 4,
            "right": 16,
            "top": top + LEGEND_HEIGHT,
            "bottom": 8 + ZOOM_HEIGHT,
            "outerBoundsMode": "same",
            "outerBoundsContain": "all",
        },
        "legend": legend(colours, top) | {"icon": "rect"},
        "xAxis": _time_axis(chart, label, colours),
        "yAxis": _row_axis(chart, colours),
        "dataZoom": _zoom(colours),
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "series": [
            _state(chart, state, place, say(language, f"{key}.state.{state}", state), colours)
            for place, state in enumerate(states)
        ],
    }


def _time_axis(chart: GanttChart, label: str, colours: Palette) -> Option:
    return {
        "type": "value",
        "name": label,
        "nameLocation": "middle",
        "nameGap": 28,
        "min": min(span.start for span in chart.spans),
        "max": max(span.end for span in chart.spans),
        "nameTextStyle": {"color": colours.muted, "fontSize": 12},
        "axisLine": {"show": True, "lineStyle": {"color": colours.line}},
        "axisLabel": {"color": colours.muted, "fontSize": 12, "hideOverlap": True, "showMaxLabel": False},
        "splitLine": {"lineStyle": {"color": colours.line, "opacity": 0.7}},
    }


def _row_axis(chart: GanttChart, colours: Palette) -> Option:
    return {
        "type": "category",
        "data": list(chart.rows),
        "inverse": True,
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": colours.line}},
        "axisLabel": {"color": colours.ink, "fontSize": 12},
    }


def _zoom(colours: Palette) -> list[Option]:
    inside = {"type": "inside", "zoomOnMouseWheel": "ctrl", "moveOnMouseWheel": False}
    slider = {"type": "slider", "bottom": 8, "height": 20, "brushSelect": False}
    coloured = {"borderColor": colours.line, "textStyle": {"color": colours.muted}}
    return [
        inside | {"preventDefaultMouseMove": False, "filterMode": "none"},
        slider | coloured | {"filterMode": "none"},
    ]


def _state(chart: GanttChart, state: str, place: int, name: str, colours: Palette) -> Option:
    width = next((width for most, width in THICKNESS if len(chart.rows) <= most), THINNEST)
    colour = colours.series[place % len(colours.series)]
    row = {name: number for number, name in enumerate(chart.rows)}
    return {
        "type": "lines",
        "name": name,
        "coordinateSystem": "cartesian2d",
        "clip": True,
        "itemStyle": {"color": colour},
        "lineStyle": {"color": colour, "width": width, "opacity": 1.0, "cap": "butt"},
        "emphasis": {"lineStyle": {"width": width + 2}},
        "data": [
            _bar(span, row[span.row], name, chart.x.unit) for span in chart.spans if span.state == state
        ],
    }


def _bar(span: Span, row: int, state: str, unit: str) -> Option:
    when = f"{figure(span.start, unit)} – {figure(span.end, unit)} {unit}"
    return {
        "name": "\n".join(part for part in (span.text or f"{span.row}: {state}", when) if part),
        "coords": [[_short(span.start), row], [_short(span.end), row]],
    }


def _short(value: float) -> float:
    """Keep nine digits: spans that touch must still touch far into a long run."""
    return float(f"{value:.9g}")
