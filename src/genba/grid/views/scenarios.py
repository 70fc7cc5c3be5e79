"""What to show of scenarios: voltages, loadings and losses from one to the next, and what is loaded most."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from genba.core.views import Axis, BarChart, Chart, Headline, LineChart, Mark, Series
from genba.grid.records.powerflow import PowerflowResult
from genba.num.table import Table

POINTS = 1000
"""More points than a screen can tell apart; of several scenarios the worst is drawn."""
MOST_OFTEN = 20
SCENARIO = Axis(label="Scenario, in the order of the file", unit="1")
VOLTAGE = Axis(label="Voltage", unit="p.u.")

Floats = NDArray[np.float64]


def scenario_headlines(result: PowerflowResult) -> tuple[Headline, ...]:
    """Give what is read first of scenarios."""
    table = result.scenarios
    lowest, loading = table["lowest_voltage"], table["largest_loading"]
    return (
        _count("scenarios_violated", "Scenarios with violations", result.scenarios_violated),
        _count("scenarios_diverged", "Scenarios without a solution", result.scenarios_diverged),
        _count("scenarios_studied", "Scenarios studied", result.scenarios_studied),
        Headline(
            key="scenarios_lowest",
            label="Lowest voltage in any scenario",
            value=_extreme(lowest, np.nanmin),
            unit="p.u.",
        ),
        Headline(
            key="scenarios_loading",
            label="Highest loading in any scenario",
            value=_extreme(loading, np.nanmax),
            unit="%",
        ),
    )


def _count(key: str, label: str, value: int) -> Headline:
    return Headline(key=key, label=label, value=float(value), unit="1")


def _extreme(values: Floats, extreme: Callable[[Floats], np.float64]) -> float | None:
    return float(extreme(values)) if np.isfinite(values).any() else None


def scenario_charts(result: PowerflowResult, limits: tuple[Mark, ...]) -> tuple[Chart, ...]:
    """Draw scenarios; `limits` are the voltage limits that most buses have."""
    table = result.scenarios
    lowest = _series(table, "Lowest", "lowest_voltage", "bus", table["lowest_bus"], least=True)
    highest = _series(table, "Highest", "highest_voltage", "bus", table["highest_bus"], least=False)
    loading = _series(table, "Loading", "largest_loading", "branch", table["largest_branch"], least=False)
    return (
        LineChart(
            key="scenario_voltages",
            title="Lowest and highest voltage of each scenario",
            x=SCENARIO,
            y=VOLTAGE,
            series=(lowest, highest),
            marks=limits,
        ),
        LineChart(
            key="scenario_loadings",
            title="Largest loading of each scenario",
            x=SCENARIO,
            y=Axis(label="Loading", unit="%"),
            series=(loading,),
            marks=(Mark(label="rating", y=100.0),),
        ),
        LineChart(
            key="scenario_losses",
            title="Losses of each scenario",
            x=SCENARIO,
            y=Axis(label="Losses", unit="MW"),
            series=(_series(table, "Losses", "losses", "", None, least=False),),
        ),
        _most_loaded(table),
    )


def _series(
    table: Table, name: str, column: str, kind: str, element: NDArray[np.int64] | None, *, least: bool
) -> Series:
    """Give one column by scenario; a gap where there is no solution."""
    values = table[column]
    rows = _drawn(values, least=least)
    text = []
    for row in rows.tolist():
        where = "" if element is None or not element[row] else f", {kind}.{element[row]}"
        when = f" ({table['time'][row]})" if table["time"][row] else ""
        text.append(f"{table['scenario'][row]}{when}: {values[row]:.5g}{where}")
    heights = [value if np.isfinite(value) else None for value in values[rows].tolist()]
    return Series(name=name, x=tuple((rows + 1.0).tolist()), y=tuple(heights), text=tuple(text))


def _drawn(values: Floats, *, least: bool) -> NDArray[np.int64]:
    """Give the rows to draw: all, or of each stretch the lowest or the highest."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    worst = np.nan_to_num(values if least else -values, nan=np.inf)
    edges = np.linspace(0, len(values), POINTS + 1).astype(np.int64)
    return np.array([low + np.argmin(worst[low:high]) for low, high in zip(edges, edges[1:], strict=False)])


def _most_loaded(table: Table) -> BarChart:
    """Count how often each branch is the one that is loaded most."""
    branches, times = np.unique(table["largest_branch"][table["largest_branch"] > 0], return_counts=True)
    order = np.argsort(-times, kind="stable")[:MOST_OFTEN]
    names = tuple(f"branch.{branch}" for branch in branches[order].tolist())
    return BarChart(
        key="scenario_branches",
        title="Branches that are loaded most, by number of scenarios",
        x=Axis(label="Branch", unit="1", scale="category"),
        y=Axis(label="Scenarios", unit="1"),
        series=(Series(name="Scenarios", x=names, y=tuple(times[order].astype(float).tolist())),),
    )


__all__ = ["scenario_charts", "scenario_headlines"]
