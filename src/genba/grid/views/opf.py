"""What to show of an optimal power flow: prices on a map, what binds, how it converged, what to relax."""

import numpy as np
from numpy.typing import NDArray

from genba.core.views import Axis, BarChart, Chart, Headline, LineChart, Series, Views
from genba.grid.io.pglib import ATTRIBUTION
from genba.grid.records.opf import LIMITS, UNMET, OpfParams, OpfResult
from genba.grid.views.network_map import network_map, shade_of
from genba.grid.views.powerflow import LOADING, loading_classes
from genba.num.table import Table

MOST = 20
"""Bars that a reader can tell apart."""
POINTS = 400
"""More points than a screen can tell apart."""
PRICE = Axis(label="Price", unit="$/MWh")
RELAXED = {
    "relax_active": ("Active power that cannot be balanced", ("demand", "surplus"), "MW"),
    "relax_reactive": (
        "Reactive power that cannot be balanced",
        ("reactive_demand", "reactive_surplus"),
        "Mvar",
    ),
    "relax_rating": ("Flows beyond their limits", ("rating",), "MVA"),
    "relax_angle": ("Angle differences beyond their limits", ("angmin", "angmax"), "°"),
}
"""Title, kinds and unit of each chart of what to relax."""
NOT_COVERED = (
    "Steady state of one moment: no ramps, start-ups, reserves, stability or protection.",
    "Outages: keep margins and study contingencies from this run.",
    "Taps, phase shifters and switched shunts stay where the case has them.",
)


def view_opf(params: OpfParams, result: OpfResult) -> Views:
    """Give the views of an optimal power flow; without one, what stands in its way."""
    return Views(
        headlines=headlines_opf(params, result),
        charts=tuple(_charts(result)),
        attribution=ATTRIBUTION if params.case.catalogue else "",
        not_covered=NOT_COVERED,
    )


def headlines_opf(params: OpfParams, result: OpfResult) -> tuple[Headline, ...]:
    """Give cost or shortfall, losses and loading."""
    loading = result.branches["loading"][np.isfinite(result.branches["loading"])]
    highest = float(loading.max()) if len(loading) and result.outcome != "unsolved" else None
    return (
        *_first(result),
        Headline(key="load", label="Load", value=result.load, unit="MW"),
        Headline(key="losses", label="Losses", value=result.losses, unit="MW"),
        Headline(key="highest_loading", label="Highest loading", value=highest, unit="%"),
    )


def _first(result: OpfResult) -> tuple[Headline, ...]:
    if result.outcome == "infeasible":
        return (
            Headline(key="shortfall", label="Demand left over", value=result.shortfall, unit="MW"),
            Headline(
                key="relaxations", label="Limits to relax", value=float(len(result.relaxations)), unit="1"
            ),
        )
    if result.outcome == "unsolved":
        return (
            Headline(key="mismatch", label="Largest mismatch", value=result.largest_mismatch, unit="p.u."),
        )
    return (
        Headline(key="cost", label="Cost", value=result.cost, unit="$/h"),
        Headline(
            key="average_price", label="Average price", value=_average_price(result.buses), unit="$/MWh"
        ),
        Headline(key="gap", label="Proven gap at most", value=result.gap, unit="%"),
        Headline(key="binding", label="Binding limits", value=float(len(result.binding)), unit="1"),
    )


def _average_price(buses: Table) -> float | None:
    """Give the price averaged over demand; None when there is neither."""
    price, demand = buses["price"], np.maximum(buses["pd"], 0.0)
    known = np.isfinite(price)
    total = float(demand[known].sum())
    return float(price[known] @ demand[known]) / total if total > 0 else None


def _charts(result: OpfResult) -> list[Chart]:
    convergence: list[Chart] = [_convergence(result.trace)] if len(result.trace) else []
    if result.outcome == "unsolved":
        return convergence
    if result.outcome == "infeasible":
        loadings = network_map(
            result.buses,
            result.branches,
            result.branches["loading"],
            key="shortfalls",
            title="Where demand is left over",
            axis=LOADING,
            shade=shade_of(result.buses["shortfall"], Axis(label="Demand left over", unit="MW")),
        )
        return [*_relaxations(result.relaxations), loadings, *convergence]
    prices = network_map(
        result.buses,
        result.branches,
        result.branches["loading"],
        key="prices",
        title="Prices and loadings",
        axis=LOADING,
        shade=shade_of(result.buses["price"], PRICE),
    )
    binding: list[Chart] = [_binding(result.binding)] if len(result.binding) else []
    return [prices, _price_parts(result.buses), *binding, loading_classes(result.branches), *convergence]


def _convergence(trace: Table) -> LineChart:
    """Draw what a solver brings to zero, each on the same logarithmic scale."""
    x = tuple(trace["iteration"].astype(float).tolist())
    columns = (
        ("Violation", "infeasibility"),
        ("Residual", "dual_infeasibility"),
        ("Barrier", "barrier"),
    )
    return LineChart(
        key="convergence",
        title="Convergence",
        x=Axis(label="Iteration", unit="1"),
        y=Axis(label="Size", unit="1", scale="log"),
        series=tuple(Series(name=name, x=x, y=_positive(trace[column])) for name, column in columns),
    )


def _positive(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(value if np.isfinite(value) and value > 0 else None for value in values.tolist())


def _price_parts(buses: Table) -> LineChart:
    """Draw prices from low to high, and the parts that make them."""
    known = np.flatnonzero(np.isfinite(buses["price"]))
    order = known[np.argsort(buses["price"][known], kind="stable")]
    if len(order) > POINTS:
        order = order[np.linspace(0, len(order) - 1, POINTS).round().astype(np.int64)]
    x = tuple(np.linspace(0, 100, len(order)).round(2).tolist())
    text = tuple(f"bus.{bus}" for bus in buses["bus"][order].tolist())
    columns = (("Price", "price"), ("Energy", "energy"), ("Losses", "loss"), ("Congestion", "congestion"))
    return LineChart(
        key="price_parts",
        title="Nodal prices, lowest first, and their parts",
        x=Axis(label="Buses", unit="%"),
        y=PRICE,
        series=tuple(
            Series(
                name=name,
                x=x,
                y=tuple(v if np.isfinite(v) else None for v in buses[column][order].tolist()),
                text=text,
            )
            for name, column in columns
            if np.isfinite(buses[column][order]).any()
        ),
    )


def _binding(binding: Table) -> BarChart:
    """Show which limits are worth most."""
    rows = binding.where(np.arange(min(MOST, len(binding)))).rows()
    return BarChart(
        key="binding",
        title="Limits whose relaxation saves most",
        x=Axis(label="Limit", unit="1", scale="category"),
        y=Axis(label="Saved by relaxing it by 1 %", unit="$/h"),
        series=(
            Series(
                name="Saving",
                x=tuple(f"{row['element']}: {row['limit_kind']}" for row in rows),
                y=tuple(row["gain"] for row in rows),
                text=tuple(
                    f"{row['element']}: {row['limit_kind']}: {row['value']:.4g} of {row['limit']:.4g}; "
                    f"shadow price {row['price']:.4g}"
                    for row in rows
                ),
            ),
        ),
        words=(*LIMITS, "# of #", "shadow price #"),
    )


def _relaxations(relaxations: Table) -> list[Chart]:
    """Show what to relax, one chart for each unit."""
    charts: list[Chart] = []
    for key, (title, kinds, unit) in RELAXED.items():
        some = relaxations.where(np.isin(relaxations["limit_kind"].astype(str), kinds))
        rows = some.where(np.arange(min(MOST, len(some)))).rows()
        if rows:
            charts.append(
                BarChart(
                    key=key,
                    title=title,
                    x=Axis(label="Element", unit="1", scale="category"),
                    y=Axis(label="To relax by", unit=unit),
                    series=(
                        Series(
                            name="Relaxation",
                            x=tuple(f"{row['element']}: {row['limit_kind']}" for row in rows),
                            y=tuple(row["amount"] for row in rows),
                        ),
                    ),
                    words=UNMET,
                )
            )
    return charts
