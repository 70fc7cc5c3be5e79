"""What to show of places: throughput against their number, before and after, and the finalists."""

import numpy as np

from genba.core.views import Axis, BarChart, Headline, LineChart, Mark, ScatterChart, Series, Views
from genba.line.records.buffers import BuffersParams, BuffersResult

SHOWN = 120
"""Ways that a picture can show."""
NOT_COVERED = (
    "Floor that places take, and what places that are given up would bring.",
    "Designs that the search did not come by; what is proven is the choice among the finalists.",
    "Designs of lines of events are not simulated again by another program.",
)


def view_buffers(params: BuffersParams, result: BuffersResult) -> Views:
    """Give the views of a choice of places."""
    return Views(
        headlines=_headlines(result),
        charts=(
            _frontier(params, result),
            *((_costs(params, result),) if _priced(result) else ()),
            _places(result),
            _finalists(result),
        ),
        not_covered=NOT_COVERED,
    )


def _headlines(result: BuffersResult) -> tuple[Headline, ...]:
    return (
        Headline(key="throughput", label="Throughput", value=result.throughput, unit="1/h"),
        Headline(key="before", label="Throughput today", value=result.throughput_before, unit="1/h"),
        Headline(key="places", label="Places", value=float(result.places), unit="1"),
        *(
            (Headline(key="cost", label="Cost", value=result.cost, unit="currency"),)
            if _priced(result)
            else ()
        ),
        Headline(
            key="probability", label="Probability of correct selection", value=result.probability, unit="1"
        ),
    )


def _priced(result: BuffersResult) -> bool:
    return bool(result.buffers["price"].any() or result.staff["price"].any())


def _frontier(params: BuffersParams, result: BuffersResult) -> LineChart:
    return LineChart(
        key="frontier",
        title="Throughput against places",
        x=Axis(label="Places", unit="1"),
        y=Axis(label="Throughput", unit="1/h"),
        series=_against("places", result),
        marks=() if params.target is None else (Mark(label="Target", y=params.target),),
    )


def _costs(params: BuffersParams, result: BuffersResult) -> LineChart:
    return LineChart(
        key="costs",
        title="Throughput against cost",
        x=Axis(label="Cost", unit="currency"),
        y=Axis(label="Throughput", unit="1/h"),
        series=_against("cost", result),
        marks=() if params.target is None else (Mark(label="Target", y=params.target),),
    )


def _against(column: str, result: BuffersResult) -> tuple[Series, ...]:
    """Give the throughput of the selected design and of others, with its interval, over a column."""
    best = result.designs.where(np.isin(result.designs["role"], ("selected", "frontier")))
    best = best.where(np.argsort(best[column], kind="stable"))
    over = tuple(best[column].tolist())
    ends = {"Throughput": 0, "Lower end of the interval": -1, "Upper end of the interval": 1}
    return tuple(
        Series(name=name, x=over, y=tuple((best["throughput"] + side * best["half_width"]).tolist()))
        for name, side in ends.items()
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
        words=("# +- # per hour",),
    )
