"""What to show of places: throughput against their number, before and after, and the finalists."""

import numpy as np

from genba.core.views import Axis, BarChart, Headline, LineChart, Mark, ScatterChart, Series, Views
from genba.line.records.buffers import BuffersParams, BuffersResult

SHOWN = 120
"""Ways that a picture can show."""
NOT_COVERED = (
    "Price of places and floor that they take.",
    "Designs that the search did not come by; what is proven is the choice among the finalists.",
)


def view_buffers(params: BuffersParams, result: BuffersResult) -> Views:
    """Give the views of a choice of places."""
    return Views(
        headlines=_headlines(result),
        charts=(_frontier(params, result), _places(result), _finalists(result)),
        not_covered=NOT_COVERED,
    )


def _headlines(result: BuffersResult) -> tuple[Headline, ...]:
    return (
        Headline(key="throughput", label="Throughput", value=result.throughput, unit="1/h"),
        Headline(key="before", label="Throughput today", value=result.throughput_before, unit="1/h"),
        Headline(key="places", label="Places", value=float(result.places), unit="1"),
        Headline(
            key="probability", label="Probability of correct selection", value=result.probability, unit="1"
        ),
    )


def _frontier(params: BuffersParams, result: BuffersResult) -> LineChart:
    best = result.designs.where(np.isin(result.designs["role"], ("selected", "frontier")))
    best = best.where(np.argsort(best["places"], kind="stable"))
    places = tuple(best["places"].tolist())
    ends = {"Throughput": 0, "Lower end of the interval": -1, "Upper end of the interval": 1}
    return LineChart(
        key="frontier",
        title="Throughput against places",
        x=Axis(label="Places", unit="1"),
        y=Axis(label="Throughput", unit="1/h"),
        series=tuple(
            Series(name=name, x=places, y=tuple((best["throughput"] + side * best["half_width"]).tolist()))
            for name, side in ends.items()
        ),
        marks=() if params.target is None else (Mark(label="Target", y=params.target),),
    )


def _places(result: BuffersResult) -> BarChart:
    shown = result.buffers.where(np.arange(min(SHOWN, len(result.buffers))))
    ways = tuple(
        f"{source} > {target}" for source, target in zip(shown["source"], shown["target"], strict=True)
    )
    return BarChart(
        key="places",
        title="Places today and after",
        x=Axis(label="Way", unit="1", scale="category"),
        y=Axis(label="Places", unit="1"),
        series=(
            Series(name="Today", x=ways, y=tuple(shown["before"].tolist())),
            Series(name="After", x=ways, y=tuple(shown["after"].tolist())),
        ),
    )


def _finalists(result: BuffersResult) -> ScatterChart:
    finalists = result.designs.where(np.isin(result.designs["role"], ("selected", "finalist")))
    names = tuple(finalists["design"].tolist())
    rate, width = finalists["throughput"], finalists["half_width"]
    text = tuple(f"{a:.6g} +- {b:.2g} per hour" for a, b in zip(rate, width, strict=True))
    ends = {
        "Throughput": rate,
        "Lower end of the interval": rate - width,
        "Upper end of the interval": rate + width,
    }
    return ScatterChart(
        key="finalists",
        title="Finalists with their intervals",
        x=Axis(label="Design", unit="1"),
        y=Axis(label="Throughput", unit="1/h"),
        series=tuple(
            Series(name=name, x=names, y=tuple(values.tolist()), text=text) for name, values in ends.items()
        ),
    )
