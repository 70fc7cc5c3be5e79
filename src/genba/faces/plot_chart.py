"""How lines, bars and points are drawn: units on the axes, series told apart by more than colour."""

import math
from typing import Any

from genba.core.views import Axis, BarChart, LineChart, ScatterChart, Series
from genba.faces.legend import LEGEND_HEIGHT, legend
from genba.faces.phrases import say_words
from genba.faces.theme import Palette, figure
from genba.faces.words import number, say, say_unit, with_unit

Plot = LineChart | BarChart | ScatterChart
Option = dict[str, Any]

ZOOM_FROM = 200
SAMPLED_FROM = 2000
SYMBOLS = ("circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow")
DASHES: tuple[str | list[int], ...] = ("solid", "dashed", "dotted", [12, 4, 2, 4], [2, 6], [16, 6], [1, 2])
AXIS_NAME_HEIGHT = 4
ZOOM_HEIGHT = 36
PADDING = 0.03
"""Share of the range left free beyond points and marks."""
WHOLE, ROUNDING = 100.0, 1e-6
"""Per cent."""
TICKS = 5
SMALLEST_STEP = 1e-300
"""Between lines of an axis; less has no power of ten to be rounded to."""
LONGEST_POWER = 4
"""Powers of ten beyond this are labelled 1e-15: ECharts writes out every zero."""
CLOSE = 0.12
"""Marks nearer than this share of the axis would write over each other."""
WIDEST_BAR = 120
"""Pixels; a bar alone would fill the page."""
SYMBOLS_SHOWN_TO = 60
"""A line with more points than this shows its symbols on hover only."""


def plot_option(chart: Plot, key: str, language: str, colours: Palette, top: int) -> Option:
    """Give axes, legend, marks and series of a chart with two axes."""
    chart = _worded(chart, key.partition(".")[0], language)
    many = len(chart.series) > 1
    longest = max(len(series.x) for series in chart.series)
    zoomed = longest > ZOOM_FROM
    categories = _categories(chart)
    option: Option = {
        "grid": {
            "left": 4,
            "right": 16,
            "top": top + AXIS_NAME_HEIGHT + (LEGEND_HEIGHT if many else 0),
            "bottom": 8 + (ZOOM_HEIGHT if zoomed else 0),
            "outerBoundsMode": "same",
            "outerBoundsContain": "all",
        },
        "xAxis": _x_axis(chart, key, language, colours, categories),
        "yAxis": _y_axis(chart, key, language, colours),
        "series": [
            _series(chart, place, key, language, categories) | _layer(chart, place, colours)
            for place in range(len(chart.series))
        ],
        "dataZoom": _zoom(chart, colours) if zoomed else [],
        "tooltip": _tooltip(chart, colours),
    }
    if many:
        option["legend"] = legend(colours, top) | ({"itemWidth": 28} if isinstance(chart, LineChart) else {})
        option["aria"] = {"decal": {"show": isinstance(chart, BarChart) and not chart.stacked}}
    if chart.marks:
        option["series"][0]["markLine"] = _marks(chart, key, language, colours)
    return option


def _worded(chart: Plot, domain: str, language: str) -> Plot:
    """Give a chart whose categories and hover texts are in the reader's language."""
    if not chart.words:
        return chart

    def told(phrase: str) -> str:
        return say_words(language, domain, chart.words, phrase)

    series = tuple(
        one.model_copy(
            update={
                "x": tuple(told(x) if isinstance(x, str) else x for x in one.x),
                "text": tuple(map(told, one.text)),
            }
        )
        for one in chart.series
    )
    return chart.model_copy(update={"series": series})


def _categories(chart: Plot) -> list[str] | None:
    """Give the names along x in order of appearance, or None when x is a number line."""
    if chart.x.scale != "category" and not isinstance(chart, BarChart):
        return None
    names = dict.fromkeys(_name(x) for series in chart.series for x in series.x)
    return list(names)


def _name(x: float | str) -> str:
    return x if isinstance(x, str) else f"{x:g}"


def _x_axis(chart: Plot, key: str, language: str, colours: Palette, categories: list[str] | None) -> Option:
    label = _label(chart.x, f"{key}.x", language)
    axis = _axis(label, colours) | {"nameLocation": "middle", "nameGap": 28, "splitLine": {"show": False}}
    axis["axisLabel"]["hideOverlap"] = True
    if categories is not None:
        return axis | {"type": "category", "data": categories, "boundaryGap": isinstance(chart, BarChart)}
    ends = {"min": "dataMin", "max": "dataMax"} if isinstance(chart, LineChart) else {}
    return axis | {"type": "log" if chart.x.scale == "log" else "value", "scale": True} | ends


def _y_axis(chart: Plot, key: str, language: str, colours: Palette) -> Option:
    label = _label(chart.y, f"{key}.y", language)
    axis = _axis(label, colours) | {
        "nameLocation": "end",
        "nameGap": 12,
        "splitLine": {"lineStyle": {"color": colours.line, "opacity": 0.7}},
    }
    axis["nameTextStyle"]["align"] = "left"
    if chart.y.scale == "log":
        if _has_long_powers(chart):
            axis["axisLabel"]["formatter"] = "1e{value}"
            return axis | _exponents(chart)
        return axis | {"type": "log"} | _decades(chart)
    low, high = _extent(chart)
    return (
        axis
        | {"type": "value", "scale": not isinstance(chart, BarChart)}
        | ({"min": low, "max": high} if chart.marks else {"max": WHOLE} if _is_whole(chart) else {})
    )


def _is_whole(chart: Plot) -> bool:
    """Say whether bars or stacks of shares end at 100 %, but for rounding, which would add a step above."""
    heights = _heights(chart) if isinstance(chart, BarChart) and chart.y.unit == "%" else []
    return bool(heights) and math.isclose(max(heights), WHOLE, abs_tol=ROUNDING)


def _decades(chart: Plot) -> Option:
    """Give the powers of ten around all positive points, and how far apart lines are; nothing without any."""
    found = _powers(chart)
    return {"min": 10.0 ** found[0], "max": 10.0 ** found[1], "interval": found[2]} if found else {}


def _exponents(chart: Plot) -> Option:
    """Give an axis of exponents, which is drawn like a logarithmic one."""
    low, high, step = _powers(chart) or (0, 1, 1)
    ends = {"min": low, "max": high, "interval": step, "axisPointer": {"label": {"show": False}}}
    return {"type": "value"} | ends


def _has_long_powers(chart: Plot) -> bool:
    found = _powers(chart) if chart.y.scale == "log" and not isinstance(chart, BarChart) else None
    return found is not None and max(-found[0], found[1]) > LONGEST_POWER


def _powers(chart: Plot) -> tuple[int, int, int] | None:
    """Give the exponents at both ends of a logarithmic axis and their step; None without a positive point."""
    powers = [math.log10(y) for series in chart.series for y in series.y if y is not None and y > 0]
    if not powers:
        return None
    step = max(math.ceil((max(powers) - min(powers)) / TICKS), 1)
    low = math.floor(min(powers) / step) * step
    high = max(math.ceil(max(powers) / step) * step, low + step)
    return low, high, step


def _extent(chart: Plot) -> tuple[float, float]:
    """Give round ends of an axis that shows every point and every mark."""
    values = _heights(chart) + [mark.y for mark in chart.marks]
    values += [0.0] if isinstance(chart, BarChart) else []
    low, high = min(values), max(values)
    step = _round_step((high - low or abs(high) or 1.0) / TICKS)
    free = PADDING * (high - low) or step
    return (
        0.0 if low == 0 < high else math.floor((low - free) / step) * step,
        0.0 if high == 0 > low else math.ceil((high + free) / step) * step,
    )


def _heights(chart: Plot) -> list[float]:
    """Give where points lie; the ends of stacks where bars are stacked."""
    if not (isinstance(chart, BarChart) and chart.stacked):
        return [value for series in chart.series for value in series.y if value is not None]
    above: dict[str, float] = {}
    below: dict[str, float] = {}
    for series in chart.series:
        for x, y in zip(series.x, series.y, strict=True):
            pile = above if (y or 0.0) >= 0 else below
            pile[_name(x)] = pile.get(_name(x), 0.0) + (y or 0.0)
    return [*above.values(), *below.values()]


def _round_step(rough: float) -> float:
    rough = max(rough, SMALLEST_STEP)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough)


def _label(axis: Axis, key: str, language: str) -> str:
    return with_unit(say(language, key, axis.label), say_unit(language, axis.unit))


def _axis(label: str, colours: Palette) -> Option:
    return {
        "name": label,
        "nameTextStyle": {"color": colours.muted, "fontSize": 12},
        "axisLine": {"onZero": False, "lineStyle": {"color": colours.line}},
        "axisTick": {"lineStyle": {"color": colours.line}},
        "axisLabel": {"color": colours.muted, "fontSize": 12},
    }


def _series(chart: Plot, place: int, key: str, language: str, categories: list[str] | None) -> Option:
    series, alone = chart.series[place], len(chart.series) == 1
    labels = [_label(chart.x, f"{key}.x", language), _label(chart.y, f"{key}.y", language)]
    name = say(language, f"{key}.series.{series.name}", series.name)
    exponents = _has_long_powers(chart)
    told = 2 if exponents else 1
    option: Option = {
        "type": chart.kind,
        "name": with_unit(name, say_unit(language, chart.y.unit)) if alone else name,
        "data": _data(chart, series, categories, labels),
        "symbol": SYMBOLS[place % len(SYMBOLS)],
        "dimensions": [labels[0], "", labels[1]] if exponents else labels,
        "encode": {"x": 0, "y": 1, "tooltip": [0, told] if isinstance(chart, ScatterChart) else [told]},
    }
    if isinstance(chart, LineChart):
        option |= {
            "lineStyle": {"width": 1.8, "type": DASHES[place % len(DASHES)]},
            "showSymbol": len(series.x) <= SYMBOLS_SHOWN_TO or (_has_texts(chart) and not alone),
            "symbolSize": 6,
            "connectNulls": False,
        }
        if len(series.x) > SAMPLED_FROM:
            option |= {"sampling": "lttb", "progressive": SAMPLED_FROM}
    if isinstance(chart, ScatterChart):
        option |= {"symbolSize": 7 if len(series.x) <= SAMPLED_FROM else 4, "itemStyle": {"opacity": 0.8}}
        option |= {"progressive": SAMPLED_FROM}
    if isinstance(chart, BarChart):
        option |= {"barCategoryGap": "12%" if alone else "24%", "barMaxWidth": WIDEST_BAR}
    return option


def _layer(chart: Plot, place: int, colours: Palette) -> Option:
    """Give what makes a series a layer of a stack: layers of one name look alike, thin lines part them."""
    if not (isinstance(chart, BarChart) and chart.stacked):
        return {}
    names = list(dict.fromkeys(series.name for series in chart.series))
    colour = colours.series[names.index(chart.series[place].name) % len(colours.series)]
    return {"stack": "all", "itemStyle": {"color": colour, "borderColor": colours.paper, "borderWidth": 1}}


def _has_texts(chart: Plot) -> bool:
    return any(series.text for series in chart.series)


def _data(chart: Plot, series: Series, categories: list[str] | None, labels: list[str]) -> list[Any]:
    index = {name: place for place, name in enumerate(categories or ())}
    texts = series.text or ("",) * len(series.x)
    named, log, exponents = _has_texts(chart), chart.y.scale == "log", _has_long_powers(chart)
    points: list[Any] = []
    for x, y, text in zip(series.x, series.y, texts, strict=True):
        place = index[_name(x)] if categories is not None else _short(x)
        there = None if y is None or (log and y <= 0) else y
        value = [place, None if there is None else _short(there)]
        if exponents:  # drawn at its exponent, told as itself
            value.insert(1, None if there is None else _short(math.log10(there)))
        points.append({"name": _hover(chart, x, y, text, labels), "value": value} if named else value)
    return points


def _hover(chart: Plot, x: float | str, y: float | None, text: str, labels: list[str]) -> str:
    """Give the view's text of a point, with whatever of x and y it does not say itself."""
    across, value = f"{labels[0]}: {_name(x)}", number(y, chart.y.unit)
    lines = [text] if text else [across]
    if text and isinstance(chart, ScatterChart):
        lines.append(across)
    return "\n".join(lines if value in text else [*lines, f"{labels[1]}: {value}"])


def _short(value: float | str) -> float | str:
    """Keep seven digits: more than a picture shows, and fewer bytes."""
    return value if isinstance(value, str) else float(f"{value:.7g}")


def _tooltip(chart: Plot, colours: Palette) -> Option:
    """Show a point's own text where the view gave one, else the values at one x."""
    if _has_texts(chart):
        alone = isinstance(chart, LineChart) and len(chart.series) == 1
        return {"trigger": "axis", "formatter": "{b0}"} if alone else {"trigger": "item", "formatter": "{b}"}
    if isinstance(chart, ScatterChart):
        return {"trigger": "item"}
    label = {"color": colours.paper, "backgroundColor": colours.muted}
    pointer = {"type": "shadow"} if isinstance(chart, BarChart) else {"type": "cross", "label": label}
    return {"trigger": "axis", "axisPointer": pointer}


def _zoom(chart: Plot, colours: Palette) -> list[Option]:
    inside = {
        "type": "inside",
        "zoomOnMouseWheel": "ctrl",
        "moveOnMouseWheel": False,
        "preventDefaultMouseMove": False,
    }
    slider = {
        "type": "slider",
        "bottom": 8,
        "height": 20,
        "borderColor": colours.line,
        "textStyle": {"color": colours.muted},
        "brushSelect": False,
        "filterMode": "none" if isinstance(chart, LineChart) else "filter",
    }
    return [inside, slider]


def _marks(chart: Plot, key: str, language: str, colours: Palette) -> Option:
    """Draw each mark as a dashed line with its label and value above it, or below it under a close one."""
    low, high = _extent(chart)
    highest = max(mark.y for mark in chart.marks)
    data = [
        {
            "yAxis": math.log10(mark.y) if _has_long_powers(chart) and mark.y > 0 else mark.y,
            "label": {
                "formatter": _literal(
                    f"{say(language, f'{key}.mark.{mark.label}', mark.label)}  {figure(mark.y, chart.y.unit)}"
                ),
                "position": "insideEndBottom"
                if 0 < highest - mark.y < CLOSE * (high - low)
                else "insideEndTop",
            },
        }
        for mark in chart.marks
    ]
    return {
        "symbol": "none",
        "silent": True,
        "data": data,
        "lineStyle": {"color": colours.bad, "type": [6, 4], "width": 1.2},
        "label": {
            "color": colours.bad,
            "backgroundColor": colours.paper,
            "padding": [1, 4],
            "fontSize": 12,
        },
    }


def _literal(text: str) -> str:
    """Take the braces out of a text that stands where ECharts expects a template."""
    return text.replace("{", "(").replace("}", ")")
