"""What to show of a contingency study: the worst outages and why, what they do, and where."""

import numpy as np

from genba.core.views import Axis, BarChart, Chart, Headline, NetworkChart, Series, Views
from genba.grid.io.pglib import ATTRIBUTION
from genba.grid.records.contingency import REASONS, STATUSES, ContingencyParams, ContingencyResult
from genba.grid.views.network_map import network_map
from genba.grid.views.powerflow import voltage_profile
from genba.num.table import Table

WORST = 20
NOT_COVERED = (
    "Steady state after each outage: no short circuit, no stability, no protection, no operator's response.",
    "Taps, phase shifters and switched shunts stay where the case has them.",
    "Outages other than those listed, such as of busbars or common towers, unless they are named.",
)


def view_contingency(params: ContingencyParams, result: ContingencyResult) -> Views:
    """Give the views of a contingency study; without a base, its last iterate."""
    return Views(
        headlines=headlines_contingency(params, result),
        charts=_charts(result),
        attribution=ATTRIBUTION if params.case.catalogue else "",
        not_covered=NOT_COVERED,
    )


def headlines_contingency(params: ContingencyParams, result: ContingencyResult) -> tuple[Headline, ...]:
    """Give how many outages are secure, and the worst."""
    loadings = result.violations["percent"][result.violations["limit_kind"] == "rating"]
    worst = float(loadings.max()) if len(loadings) else None
    return (
        Headline(key="violated", label="Outages with violations", value=float(result.violated), unit="1"),
        Headline(key="studied", label="Outages studied", value=float(result.studied), unit="1"),
        Headline(key="islanded", label="Cutting off load or units", value=float(result.islanded), unit="1"),
        Headline(key="diverged", label="Without a solution", value=float(result.diverged), unit="1"),
        Headline(key="worst_loading", label="Highest overload after an outage", value=worst, unit="%"),
    )


def _charts(result: ContingencyResult) -> tuple[Chart, ...]:
    if result.outcome == "base_diverged":
        return (voltage_profile(result.buses, converged=False),)
    charts: list[Chart] = [_statuses(result.outages), _map(result)]
    over = result.outages.where(np.isfinite(result.outages["worst"]))
    if len(over):
        charts.insert(0, _ranking(over))
    cut = result.outages.where(result.outages["lost_load"] > 0)
    if len(cut):
        charts.append(_cut_off(cut))
    return tuple(charts)


def _ranking(outages: Table) -> BarChart:
    """Show the largest excesses, with the reason as hover text."""
    worst = outages.where(np.argsort(-outages["worst"], kind="stable")[:WORST])
    return _bars(
        worst,
        "worst",
        name="Excess",
        key="ranking",
        title="Worst outages by excess over a limit",
        y=Axis(label="Excess over the limit", unit="%"),
    )


def _cut_off(outages: Table) -> BarChart:
    most = outages.where(np.argsort(-outages["lost_load"], kind="stable")[:WORST])
    return _bars(
        most,
        "lost_load",
        name="Load",
        key="cut_off",
        title="Outages that cut off most load",
        y=Axis(label="Load cut off", unit="MW"),
    )


def _bars(outages: Table, column: str, *, name: str, key: str, title: str, y: Axis) -> BarChart:
    series = Series(
        name=name,
        x=tuple(outages["outage"].tolist()),
        y=tuple(outages[column].tolist()),
        text=tuple(f"{outage}: {why}" for outage, why in zip(outages["outage"], outages["why"], strict=True)),
    )
    x = Axis(label="Outage", unit="1", scale="category")
    return BarChart(key=key, title=title, x=x, y=y, series=(series,), words=REASONS)


def _statuses(outages: Table) -> BarChart:
    count = tuple(float((outages["status"] == status).sum()) for status in STATUSES)
    return BarChart(
        key="statuses",
        title="What the outages do",
        x=Axis(label="Status", unit="1", scale="category"),
        y=Axis(label="Outages", unit="1"),
        series=(Series(name="Outages", x=STATUSES, y=count),),
        words=STATUSES,
    )


def _map(result: ContingencyResult) -> NetworkChart:
    """Draw the base, and of each branch how many outages overload it."""
    counts = np.zeros(len(result.branches))
    overloads = result.violations["element"][result.violations["limit_kind"] == "rating"]
    names, times = np.unique(overloads.astype(str), return_counts=True)
    counts[[int(name.removeprefix("branch.")) - 1 for name in names.tolist()]] = times
    return network_map(
        result.buses,
        result.branches,
        counts,
        key="network",
        title="Outages that overload each branch",
        axis=Axis(label="Outages that overload it", unit="1"),
    )
