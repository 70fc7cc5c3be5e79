"""What to show of a simulation: what the line makes, where time goes, what waits, how sure it is."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genba.core.views import (
    Axis,
    BarChart,
    Chart,
    Flow,
    GanttChart,
    Headline,
    LineChart,
    Mark,
    SankeyChart,
    Series,
    Span,
    Views,
)
from genba.line.records.simulate import SimulateParams, SimulateResult

Floats = NDArray[np.float64]
POINTS = 400
MOST_BUFFERS = 8
"""More lines than these cannot be told apart."""
SPANS = 600
STATES = (
    ("working", "Working"),
    ("down", "Down"),
    ("blocked", "Blocked"),
    ("waiting", "Waiting for a worker"),
    ("starved", "Starved"),
    ("off", "Off"),
)
NAMED = {
    "occupied": "Occupied",
    "working": "Working",
    "down": "Down",
    "blocked": "Blocked",
    "waiting": "Waiting for a worker",
    "off": "Off",
    "changeover": "Changeover",
}
"""In the order of the legend."""
NOT_COVERED = (
    "Breaks and the hours outside shifts, unless they are asked for.",
    "What happens before the warm-up ends; gains by differences are not simulated again by another program.",
)


def view_simulate(params: SimulateParams, result: SimulateResult) -> Views:
    """Give the views of a simulation."""
    charts: list[Chart] = [_states(result), _bottlenecks(result), _convergence(result)]
    if len(result.levels):
        charts.append(_levels(result))
    if len(result.spans):
        charts.append(_gantt(result))
    if len(result.buffers):
        charts.append(_flow(result))
    return Views(headlines=_headlines(result), charts=tuple(charts), not_covered=NOT_COVERED)


def _headlines(result: SimulateResult) -> tuple[Headline, ...]:
    return (
        Headline(key="throughput", label="Throughput", value=result.throughput, unit="1/h"),
        Headline(
            key="throughput_half_width", label="Half-width", value=result.throughput_half_width, unit="1/h"
        ),
        Headline(key="lead_time", label="Lead time", value=result.lead_time, unit="s"),
        Headline(key="units_in_line", label="Units in the line", value=result.units, unit="1"),
        Headline(key="oee", label="OEE of the bottleneck", value=result.oee, unit="%"),
        Headline(key="energy_per_unit", label="Energy per unit", value=result.energy, unit="kWh"),
    )


def _names(result: SimulateResult) -> tuple[str, ...]:
    return tuple(result.stations["station"].tolist())


def _states(result: SimulateResult) -> BarChart:
    names = _names(result)
    return BarChart(
        key="station_states",
        title="What stations spend their time on",
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Share of time", unit="%"),
        series=tuple(
            Series(name=label, x=names, y=tuple(result.stations[state].tolist()))
            for state, label in STATES
            if state != "off" or result.stations["off"].any()
        ),
        stacked=True,
    )


def _bottlenecks(result: SimulateResult) -> BarChart:
    """Show how throughput answers to each station; without gains how busy each is."""
    stations, names = result.stations, _names(result)
    used = Series(name="Working or down", x=names, y=tuple((stations["working"] + stations["down"]).tolist()))
    answers: tuple[Series, ...] = ()
    if result.gains != "none":
        gain = 100 * (stations["gain"] + np.nan_to_num(stations["repair_gain"]))
        answers = (Series(name="Answer of throughput", x=names, y=tuple(gain.tolist())),)
    return BarChart(
        key="bottlenecks",
        title="Bottlenecks: how throughput answers, beside use",
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Share", unit="%"),
        series=(*answers, used),
    )


def _convergence(result: SimulateResult) -> LineChart:
    made = result.runs["throughput"]
    count = np.arange(1, len(made) + 1)
    mean = np.cumsum(made) / count
    shown = _decimated(count - 1)
    at_work = 1 - float(result.stations["off"].mean()) / 100  # takt is a time of work
    marks = (Mark(label="Needed by takt", y=3600 / result.takt * at_work),) if result.takt else ()
    return LineChart(
        key="throughput_convergence",
        title="Throughput over replications",
        x=Axis(label="Replications", unit="1"),
        y=Axis(label="Throughput", unit="1/h"),
        series=(
            Series(name="Mean so far", x=tuple(count[shown].tolist()), y=tuple(mean[shown].tolist())),
            Series(name="Replication", x=tuple(count[shown].tolist()), y=tuple(made[shown].tolist())),
        ),
        marks=marks,
    )


def _decimated(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) <= POINTS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, POINTS).round().astype(np.int64)]


def _levels(result: SimulateResult) -> LineChart:
    """Show the fullest buffers over the beginning of the window, as steps, in the order of the line."""
    levels, buffers = result.levels, result.buffers
    ways = list(zip(buffers["source"].tolist(), buffers["target"].tolist(), strict=True))
    fullest = np.argsort(-buffers["parts"], kind="stable")[:MOST_BUFFERS]
    ways = [ways[at] for at in sorted(fullest.tolist())]
    series = []
    for source, target in ways:
        rows = np.flatnonzero((levels["source"] == source) & (levels["target"] == target))
        times, parts = _stepped(levels["time"][rows], levels["parts"][rows])
        name = f"{source} > {target}" if source else target
        series.append(Series(name=name, x=times, y=parts, proper=True))
    return LineChart(
        key="buffer_levels",
        title="Parts that wait, first replication",
        x=Axis(label="Time", unit="s"),
        y=Axis(label="Parts", unit="1"),
        series=tuple(series),
    )


def _stepped(times: Floats, parts: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the corners of a staircase; a long one is cut, so that no step is drawn askew."""
    times, parts = times[: POINTS // 2], parts[: POINTS // 2]
    corners = [(float(times[0]), float(parts[0]))] if len(times) else []
    for (_, before), (at, after) in pairwise(zip(times.tolist(), parts.tolist(), strict=True)):
        corners += [(at, before), (at, after)]
    return tuple(x for x, _ in corners), tuple(y for _, y in corners)


def _gantt(result: SimulateResult) -> GanttChart:
    spans = result.spans
    first = np.argsort(spans["start"], kind="stable")[:SPANS]
    states = list(NAMED)
    order = sorted(first.tolist(), key=lambda at: (states.index(str(spans["state"][at])), at))
    return GanttChart(
        key="station_gantt",
        title="Stations, first replication",
        x=Axis(label="Time", unit="s"),
        rows=_names(result),
        spans=tuple(
            Span(
                row=str(spans["station"][at]),
                start=float(spans["start"][at]),
                end=float(spans["end"][at]),
                state=NAMED[str(spans["state"][at])],
                text=f"part {spans['unit'][at]}" if spans["unit"][at] else "",
            )
            for at in order
        ),
    )


def _flow(result: SimulateResult) -> SankeyChart:
    """Show units per hour from station to station; what is scrapped leaves no trace here."""
    ways = zip(result.buffers["source"].tolist(), result.buffers["target"].tolist(), strict=True)
    flows = [Flow(source=s or "Outside", target=t, value=result.throughput) for s, t in ways]
    fed, feeding = {flow.target for flow in flows}, {flow.source for flow in flows}
    flows += [Flow(source=name, target="Finished", value=result.throughput) for name in sorted(fed - feeding)]
    return SankeyChart(
        key="material_flow",
        title="Flow of units",
        value=Axis(label="Units", unit="1/h"),
        flows=tuple(flows),
        words=("Outside", "Finished"),
    )
