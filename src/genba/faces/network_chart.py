"""How a network is drawn: links below, nodes above, one colour scale with its unit for each."""

from collections.abc import Sequence
from typing import Any

from genba.core.views import Axis, Link, NetworkChart, Node, Symbol
from genba.faces.legend import LEGEND_HEIGHT, legend
from genba.faces.theme import Palette, figure
from genba.faces.words import number, say, with_unit

Option = dict[str, Any]

SHAPES: dict[Symbol, tuple[str, float]] = {
    "circle": ("circle", 1.0),
    "square": ("rect", 1.1),
    "triangle": ("triangle", 1.5),
}
"""ECharts symbol, and its size for equal weight to the eye."""
NODE_SIZES = ((60, 14.0), (300, 9.0), (2000, 6.0))
SMALLEST_NODE = 4.0
WIDTHS = (1.0, 1.8, 3.2)
"""Line widths of the lower, middle and upper third: loading is told by more than colour."""
DIVERGING_UNITS = frozenset({"p.u."})
"""Quantities whose normal value lies in the middle of their range."""
SCALE_HEIGHT = 28
MARGIN = 0.02
"""Share of the extent left free around the outermost nodes."""


def network_option(chart: NetworkChart, key: str, language: str, colours: Palette, top: int) -> Option:
    """Give axes, scales, legend and series of a network chart."""
    links, nodes = _link_series(chart, colours), _node_series(chart, key, language, colours)
    series = links + nodes
    scales = [
        _scale(chart.link_value, chart.link_range, f"{key}.links", language, colours),
        _scale(chart.node_value, chart.node_range, f"{key}.nodes", language, colours),
    ]
    for place, (scale, group) in enumerate(zip(scales, (links, nodes), strict=True)):
        coloured = [series.index(entry) for entry in group if entry["id"].endswith("known")]
        scale.update(seriesIndex=coloured, show=bool(coloured), bottom=(1 - place) * SCALE_HEIGHT)
    return {
        "grid": {
            "left": 12,
            "right": 12,
            "top": top + (LEGEND_HEIGHT if chart.symbols else 0),
            "bottom": 2 * SCALE_HEIGHT + 8,
        },
        "legend": legend(colours, top)
        | {
            "show": bool(chart.symbols),
            "data": [entry["name"] for entry in nodes if entry["name"]],
            "selectedMode": False,
        },
        "xAxis": _hidden([node.x for node in chart.nodes]),
        "yAxis": _hidden([node.y for node in chart.nodes]),
        "dataZoom": [_zoom("xAxisIndex"), _zoom("yAxisIndex")],
        "visualMap": scales,
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "series": series,
    }


def _hidden(places: list[float]) -> Option:
    low, high = min(places), max(places)
    free = MARGIN * (high - low) or 1.0
    return {"type": "value", "show": False, "min": _short(low - free), "max": _short(high + free)}


def _zoom(axis: str) -> Option:
    """Zoom with ctrl and the wheel, so that a page still scrolls over the chart."""
    return {
        "type": "inside",
        axis: 0,
        "filterMode": "none",
        "zoomOnMouseWheel": "ctrl",
        "moveOnMouseWheel": False,
        "preventDefaultMouseMove": False,
    }


def _scale(axis: Axis, limits: tuple[float, float], key: str, language: str, colours: Palette) -> Option:
    low, high = limits
    label = with_unit(say(language, key, axis.label), axis.unit)
    return {
        "type": "continuous",
        "min": low,
        "max": high if high > low else low + 1.0,
        "orient": "horizontal",
        "left": 8,
        "itemWidth": 10,
        "itemHeight": 120,
        "text": [figure(high, axis.unit), f"{label}  {figure(low, axis.unit)}"],
        "textStyle": {"color": colours.muted, "fontSize": 12},
        "inRange": {"color": list(colours.diverging if axis.unit in DIVERGING_UNITS else colours.sequential)},
        "hoverLink": False,
    }


def _link_series(chart: NetworkChart, colours: Palette) -> list[Option]:
    places = {node.id: [_short(node.x), _short(node.y)] for node in chart.nodes}
    names = ("links-unvalued", *(f"links-{third}-known" for third in range(len(WIDTHS))))
    groups: dict[str, list[Option]] = {name: [] for name in names}
    for link in chart.links:
        groups[_link_group(link, chart.link_range)].append(_link(link, places, chart.link_value))
    widths = (WIDTHS[0], *WIDTHS)
    return [
        {
            "id": name,
            "type": "lines",
            "coordinateSystem": "cartesian2d",
            "clip": True,
            "data": data,
            "lineStyle": {"width": width, "opacity": 0.9, "color": colours.missing}
            | ({"type": "dashed"} if name == "links-unvalued" else {}),
            "emphasis": {"lineStyle": {"width": width + 2}},
            "z": 2 + place,
        }
        for place, ((name, data), width) in enumerate(zip(groups.items(), widths, strict=True))
        if data
    ]


def _link_group(link: Link, limits: tuple[float, float]) -> str:
    if link.value is None:
        return "links-unvalued"
    low, high = limits
    share = (link.value - low) / (high - low) if high > low else 0.0
    return f"links-{min(max(int(share * len(WIDTHS)), 0), len(WIDTHS) - 1)}-known"


def _link(link: Link, places: dict[str, list[float]], axis: Axis) -> Option:
    text = link.text or f"{link.source} – {link.target}: {number(link.value, axis.unit)}"
    item: Option = {"name": text, "coords": [places[link.source], places[link.target]]}
    return item if link.value is None else item | {"value": _short(link.value)}


def _node_series(chart: NetworkChart, key: str, language: str, colours: Palette) -> list[Option]:
    size = next((size for most, size in NODE_SIZES if len(chart.nodes) <= most), SMALLEST_NODE)
    series = []
    for shape, (symbol, factor) in SHAPES.items():
        for known in (True, False):
            nodes = [n for n in chart.nodes if n.symbol == shape and (n.value is not None) is known]
            if not nodes:
                continue
            series.append(
                {
                    "id": f"nodes-{shape}-{'known' if known else 'unvalued'}",
                    "name": say(language, f"{key}.symbol.{shape}", chart.symbols.get(shape, "")),
                    "type": "scatter",
                    "symbol": symbol,
                    "symbolSize": size * factor,
                    "data": [_node(node, chart.node_value) for node in nodes],
                    "itemStyle": {"color": colours.missing, "borderColor": colours.paper, "borderWidth": 0.5},
                    "emphasis": {"scale": 1.6},
                    "z": 6,
                }
            )
    return series


def _node(node: Node, axis: Axis) -> Option:
    text = node.text or f"{node.id}: {number(node.value, axis.unit)}"
    value: Sequence[float] = (_short(node.x), _short(node.y))
    return {"name": text, "value": list(value) if node.value is None else [*value, _short(node.value)]}


def _short(value: float) -> float:
    """Keep five digits: enough for a picture, and half the bytes."""
    return float(f"{value:.5g}")
