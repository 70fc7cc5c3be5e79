"""What to show of a power flow: losses and extremes, voltages, loadings and the map."""

import numpy as np
from numpy.typing import NDArray

from genba.core.views import Axis, BarChart, Headline, LineChart, Mark, Series, Views
from genba.grid.io.pglib import ATTRIBUTION
from genba.grid.records.powerflow import PowerflowParams, PowerflowResult
from genba.grid.views.network_map import network_map
from genba.grid.views.scenarios import scenario_charts, scenario_headlines
from genba.num.table import Table

POINTS = 2000
"""More points than a screen can tell apart."""
CLASS_WIDTH = 10
HIGHEST_CLASS = 120
"""Loadings above this share one class, %."""
NOT_COVERED = (
    "Steady state of one moment: no short circuit, no stability, no protection.",
    "Taps, phase shifters and switched shunts stay where the case has them.",
)
LOADING = Axis(label="Loading", unit="%")


def view_powerflow(params: PowerflowParams, result: PowerflowResult) -> Views:
    """Give the views of a power flow; a diverged one shows its last iterate and says so."""
    converged = result.outcome == "converged"
    profile = voltage_profile(result.buses, converged=converged)
    title = "Network" if converged else "Network: the last iterate, which solves nothing"
    chart = network_map(
        result.buses,
        result.branches,
        result.branches["loading"],
        key="network" if converged else "network_diverged",
        title=title,
        axis=LOADING,
    )
    base = (chart, profile, loading_classes(result.branches)) if converged else (profile, chart)
    studied = len(result.scenarios) > 0
    return Views(
        headlines=headlines_powerflow(params, result),
        charts=(*(scenario_charts(result, profile.marks) if studied else ()), *base),
        attribution=ATTRIBUTION if params.case.catalogue else "",
        not_covered=NOT_COVERED,
    )


def headlines_powerflow(params: PowerflowParams, result: PowerflowResult) -> tuple[Headline, ...]:
    """Give losses and extremes, behind those of the scenarios where there are any."""
    converged = result.outcome == "converged"
    lowest = _extreme(result.buses["vm"], least=True) if converged else None
    highest = _extreme(result.branches["loading"], least=False)
    return (
        *(scenario_headlines(result) if len(result.scenarios) else ()),
        Headline(key="losses", label="Losses", value=result.losses, unit="MW"),
        Headline(key="load", label="Load", value=result.load, unit="MW"),
        Headline(key="lowest_voltage", label="Lowest voltage", value=lowest, unit="p.u."),
        Headline(key="highest_loading", label="Highest loading", value=highest, unit="%"),
        Headline(key="mismatch", label="Largest mismatch", value=result.largest_mismatch, unit="p.u."),
    )


def _extreme(values: NDArray[np.float64], *, least: bool) -> float | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return float(known.min() if least else known.max())


def voltage_profile(buses: Table, *, converged: bool) -> LineChart:
    """Draw every bus's voltage, lowest first, with the limits that most buses have."""
    live = buses.where(np.flatnonzero(np.isfinite(buses["vm"])))
    order = np.argsort(live["vm"], kind="stable")
    chosen = np.unique(np.linspace(0, max(len(order) - 1, 0), min(len(order), POINTS)).astype(int))
    rows = order[chosen] if len(order) else order
    text = tuple(
        f"bus.{bus}: {vm:.4f} p.u." for bus, vm in zip(live["bus"][rows], live["vm"][rows], strict=True)
    )
    return LineChart(
        key="voltage_profile" if converged else "last_iterate",
        title="Voltage profile" if converged else "Voltages of the last iterate, which solves nothing",
        x=Axis(label="Buses, lowest voltage first", unit="1"),
        y=Axis(label="Voltage", unit="p.u."),
        series=(
            Series(
                name="Voltage",
                x=tuple((chosen + 1.0).tolist()) if len(order) else (),
                y=tuple(live["vm"][rows].tolist()),
                text=text,
            ),
        ),
        marks=tuple(
            Mark(label=name, y=value)
            for name in ("vmin", "vmax")
            if (value := _most_common(live[name])) is not None
        ),
    )


def _most_common(values: NDArray[np.float64]) -> float | None:
    found, count = np.unique(values[np.isfinite(values)], return_counts=True)
    return float(found[np.argmax(count)]) if len(found) else None


def loading_classes(branches: Table) -> BarChart:
    """Count branches by loading."""
    loading = branches["loading"][np.isfinite(branches["loading"])]
    edges = np.arange(0, HIGHEST_CLASS + CLASS_WIDTH, CLASS_WIDTH)
    classes = np.minimum(loading // CLASS_WIDTH, len(edges) - 1).astype(int)
    count = np.bincount(classes, minlength=len(edges)).astype(float)
    names = [f"{low}-{low + CLASS_WIDTH}" for low in edges[:-1].tolist()] + [f"> {HIGHEST_CLASS}"]
    return BarChart(
        key="loading",
        title="Branches by loading",
        x=Axis(label="Loading", unit="%", scale="category"),
        y=Axis(label="Branches", unit="1"),
        series=(Series(name="Branches", x=tuple(names), y=tuple(count.tolist())),),
    )
