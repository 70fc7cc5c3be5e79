"""What to show of a dispatch: cost and prices first, then who runs and which branches are full."""

import numpy as np
from numpy.typing import NDArray

from genba.core.views import Axis, BarChart, Chart, Headline, LineChart, Mark, Series, Views
from genba.grid.io.pglib import ATTRIBUTION
from genba.grid.records.dispatch import DispatchParams, DispatchResult

POINTS = 400  # more than a screen can tell apart
UNITS = 30
CLASSES = 10
CONGESTED = 1e-6  # $/MWh: a multiplier above this is no rounding
NOT_COVERED = (
    "A DC model has no losses, voltages or reactive power: check the dispatch with a power flow.",
    "Steady state of one moment: no ramps, start-ups, reserves or outages.",
)


def view_dispatch(params: DispatchParams, result: DispatchResult) -> Views:
    """Give the views of a dispatch; an infeasible one shows where demand is left over."""
    optimal = result.outcome == "optimal"
    charts: list[Chart] = [_prices(result)] if optimal else [_shortfalls(result)]
    charts += [_loadings(result), _outputs(result)]
    if optimal:
        charts.append(_merit_order(result))
    return Views(
        headlines=_headlines(result),
        charts=tuple(charts),
        attribution=ATTRIBUTION if params.case.catalogue else "",
        not_covered=NOT_COVERED,
    )


def _headlines(result: DispatchResult) -> tuple[Headline, ...]:
    flow = np.abs(result.branches["flow_price"]) > CONGESTED
    angle = np.abs(result.branches["angle_price"]) > CONGESTED
    first = (
        Headline(key="cost", label="Cost", value=result.cost, unit="$/h")
        if result.outcome == "optimal"
        else Headline(key="shortfall", label="Least imbalance", value=result.shortfall, unit="MW")
    )
    return (
        first,
        Headline(key="load", label="Load", value=result.load, unit="MW"),
        Headline(key="average_price", label="Average price", value=_average_price(result), unit="$/MWh"),
        Headline(key="congested", label="Congested branches", value=float((flow | angle).sum()), unit="1"),
    )


def _average_price(result: DispatchResult) -> float | None:
    """Give the price averaged over demand; None when there is neither."""
    price, demand = result.buses["price"], np.maximum(result.buses["demand"], 0.0)
    known = np.isfinite(price)
    if result.outcome != "optimal" or not demand[known].sum() > 0:
        return None
    return float(price[known] @ demand[known] / demand[known].sum())


def _prices(result: DispatchResult) -> LineChart:
    price = result.buses["price"]
    shown = np.flatnonzero(np.isfinite(price))
    shown = _decimated(shown[np.argsort(price[shown], kind="stable")])
    average = _average_price(result)
    return LineChart(
        key="price_profile",
        title="Nodal prices, lowest first",
        x=Axis(label="Buses", unit="%"),
        y=Axis(label="Price", unit="$/MWh"),
        series=(
            Series(
                name="Price",
                x=_percentiles(len(shown)),
                y=tuple(price[shown].tolist()),
                text=tuple(f"bus.{bus}" for bus in result.buses["bus"][shown].tolist()),
            ),
        ),
        marks=(Mark(label="Average", y=average),) if average is not None else (),
    )


def _percentiles(points: int) -> tuple[float, ...]:
    return tuple(np.linspace(0, 100, points).round(2).tolist()) if points > 1 else (0.0,) * points


def _decimated(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give evenly spread rows, both ends kept, no more than a chart can show."""
    if len(rows) <= POINTS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, POINTS).round().astype(np.int64)]


def _shortfalls(result: DispatchResult) -> BarChart:
    left = result.buses["shortfall"]
    rows = np.argsort(-np.abs(left), kind="stable")[:UNITS]
    rows = rows[np.abs(left[rows]) > CONGESTED]
    return BarChart(
        key="shortfall",
        title="Where the balance cannot be met",
        x=Axis(label="Bus", unit="1", scale="category"),
        y=Axis(label="Demand left over (surplus negative)", unit="MW"),
        series=(
            Series(
                name="Imbalance",
                x=tuple(str(bus) for bus in result.buses["bus"][rows].tolist()),
                y=tuple(left[rows].tolist()),
            ),
        ),
    )


def _loadings(result: DispatchResult) -> BarChart:
    loading = result.branches["loading"][result.branches["in_service"]]
    loading = loading[np.isfinite(loading)]
    width = 100 // CLASSES
    edges = np.append(np.arange(0, 100, width), [100 - CONGESTED, np.inf])
    counts = np.histogram(loading, edges)[0]
    names = [f"{low}-{low + width}" for low in range(0, 100, width)]
    return BarChart(
        key="loading",
        title="Branches by loading",
        x=Axis(label="Loading", unit="%", scale="category"),
        y=Axis(label="Branches", unit="1"),
        series=(Series(name="Branches", x=(*names, "at limit"), y=tuple(counts.astype(float).tolist())),),
    )


def _outputs(result: DispatchResult) -> BarChart:
    units = result.units.where(result.units["in_service"])
    largest = np.sort(np.argsort(-units["pmax"], kind="stable")[:UNITS])
    units = units.where(largest)
    names = tuple(f"gen.{unit}" for unit in units["unit"].tolist())
    left = np.maximum(units["pmax"] - units["p"], 0.0)
    return BarChart(
        key="outputs",
        title="Largest units: output and what is left",
        x=Axis(label="Unit", unit="1", scale="category"),
        y=Axis(label="Active power", unit="MW"),
        series=(
            Series(name="Output", x=names, y=_numbers(units["p"])),
            Series(name="Headroom", x=names, y=_numbers(left)),
        ),
    )


def _merit_order(result: DispatchResult) -> LineChart:
    """Show capacity by marginal cost at the dispatch; with congestion, dear units run before cheap ones."""
    units = result.units.where(result.units["in_service"] & (result.units["pmax"] > 0))
    order = np.argsort(units["marginal_cost"], kind="stable")
    units = units.where(order)
    reached = np.cumsum(units["pmax"])
    shown = _decimated(np.arange(len(units)))
    return LineChart(
        key="merit_order",
        title="Merit order",
        x=Axis(label="Capacity, cheapest first", unit="MW"),
        y=Axis(label="Marginal cost", unit="$/MWh"),
        series=(
            Series(
                name="Marginal cost",
                x=tuple(reached[shown].tolist()),
                y=_numbers(units["marginal_cost"][shown]),
                text=tuple(
                    f"gen.{unit}: {p:.1f} of {pmax:.1f} MW"
                    for unit, p, pmax in zip(
                        units["unit"][shown].tolist(), units["p"][shown], units["pmax"][shown], strict=True
                    )
                ),
            ),
        ),
        words=("# of # MW",),
    )


def _numbers(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(value if np.isfinite(value) else None for value in values.tolist())
