"""What to show of an order of launches: overload first, then the mix as it runs in and the stations."""

import numpy as np

from genba.core.views import Axis, BarChart, GanttChart, Headline, LineChart, Series, Span, Views
from genba.line.records.sequence import SequenceParams, SequenceResult

SHOWN = 120
"""Launches and stations that a picture can show."""
NOT_COVERED = (
    "Workers walk back in no time and helpers finish what does not fit; no breakdowns, no buffers.",
    "Times are those of the line file: no spread, no learning.",
)


def view_sequence(params: SequenceParams, result: SequenceResult) -> Views:
    """Give the views of an order."""
    return Views(
        headlines=_headlines(result),
        charts=(_order(result), _evenness(result), _stations(result)),
        not_covered=NOT_COVERED,
    )


def _headlines(result: SequenceResult) -> tuple[Headline, ...]:
    return (
        Headline(key="overload", label="Work overload", value=result.overload, unit="s"),
        Headline(key="overload_bound", label="Least overload proven", value=result.overload_bound, unit="s"),
        Headline(key="deviation", label="Distance from an even mix", value=result.deviation, unit="1"),
        Headline(key="units", label="Launches", value=float(len(result.launches)), unit="1"),
    )


def _order(result: SequenceResult) -> GanttChart:
    shown = result.launches.rows(0, SHOWN)
    return GanttChart(
        key="order",
        title="Order of launches",
        x=Axis(label="Time of launch", unit="s"),
        rows=tuple(result.mix["product"].tolist()),
        spans=tuple(
            Span(
                row=str(row["product"]),
                start=place * result.cycle_time,
                end=(place + 1) * result.cycle_time,
                state="launched" if not row["overload"] else "with overload",
                text=f"{row['place']}: {row['product']}, {row['overload']:.1f} s",
            )
            for place, row in enumerate(shown)
        ),
    )


def _evenness(result: SequenceResult) -> LineChart:
    order, places = result.launches["product"][:SHOWN], np.arange(1, min(len(result.launches), SHOWN) + 1)
    total = len(result.launches)
    return LineChart(
        key="evenness",
        title="Launched against an even mix",
        x=Axis(label="Launches", unit="1"),
        y=Axis(label="Units ahead (behind: negative)", unit="1"),
        series=tuple(
            Series(
                name=str(product),
                proper=True,
                x=tuple(places.tolist()),
                y=tuple((np.cumsum(order == product) - places * units / total).round(6).tolist()),
            )
            for product, units in zip(result.mix["product"], result.mix["units"], strict=True)
        ),
    )


def _stations(result: SequenceResult) -> BarChart:
    worst = np.sort(np.argsort(-result.stations["overload"], kind="stable")[:SHOWN])
    stations = result.stations.where(worst)
    return BarChart(
        key="stations",
        title="Overload by station",
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Work overload", unit="s"),
        series=(
            Series(
                name="Work overload",
                x=tuple(stations["station"].tolist()),
                y=tuple(stations["overload"].tolist()),
            ),
        ),
    )
