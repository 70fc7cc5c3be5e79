"""The beginning of the window part by part, as rows of two tables: what stations do, and what waits."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Columns
from genba.line.kernels.event_course import Course
from genba.line.kernels.event_world import DOWN, OFF, SETTING, STUCK, WAITING, WORKING
from genba.line.kernels.replications import Story
from genba.line.operations.simulate_model import Flow
from genba.line.records.simulate import LEVELS, SPANS
from genba.num.table import Table, table

Floats = NDArray[np.float64]
Way = tuple[str, str, int | None]
"""Source, target and places of a link; the source is empty for arrivals."""
Shown = tuple[float, float]
"""Beginning and end of what is shown, s."""
NAMES = {
    WORKING: "working",
    SETTING: "changeover",
    DOWN: "down",
    STUCK: "blocked",
    WAITING: "waiting",
    OFF: "off",
}
"""States of the event engine that are shown; a station without a part shows nothing."""
SpanRow = tuple[str, int, str, float, float]
LevelRow = tuple[str, str, float, float]


def ways_of(flow: Flow) -> list[Way]:
    """Give source, target and places of every link, arrivals first."""
    ids = flow.ids
    ways: list[Way] = [(ids[link.source], ids[link.target], link.places) for link in flow.links]
    entry = next(k for k in range(len(ids)) if k not in {link.target for link in flow.links})
    return [("", ids[entry], None), *ways] if flow.arrivals is not None else ways


def tables_of(
    flow: Flow, told: Story | Course | None, queues: list[int], shown: Shown
) -> tuple[Table, Table]:
    """Give the tables of spans and of levels, times after the beginning of what is shown.

    Arguments:
        flow: the line.
        told: what the recursion or the event engine tells; none: nothing.
        queues: the event engine's queue at the end of each way.
        shown: beginning and end, s.
    """
    spans: list[SpanRow] = []
    levels: list[LevelRow] = []
    if isinstance(told, Story):
        spans, levels = list(_spans(flow, told, shown)), list(_levels(flow, told, shown))
    elif told is not None:
        spans = list(_course_spans(flow, told, shown[0]))
        levels = list(_course_levels(flow, told, queues, shown[0]))
    return _table(SPANS, spans), _table(LEVELS, levels)


def _spans(flow: Flow, told: Story, shown: Shown) -> Iterator[SpanRow]:
    """Yield the parts that are worked on within the time that is shown."""
    start, end = shown
    for k, name in enumerate(flow.ids):
        at = k + (flow.arrivals is not None)
        began, finished = told.started[at], told.finished[at]
        left = told.left[at] if flow.stations[k].servers == 1 else finished
        for n in np.flatnonzero((left > start) & (began < end)).tolist():
            times = [float(time - start) for time in (began[n], finished[n], left[n])]
            yield name, n + 1, "occupied", times[0], times[1]
            if times[2] > times[1]:
                yield name, n + 1, "blocked", times[1], times[2]


def _levels(flow: Flow, told: Story, shown: Shown) -> Iterator[LevelRow]:
    """Yield how many parts wait on every link after each change."""
    shift = int(flow.arrivals is not None)
    links = [(link.source + shift, link.target + shift, link.travel) for link in flow.links]
    if shift:
        links = [(0, flow.ids.index(ways_of(flow)[0][1]) + 1, 0.0), *links]
    for (source, target, travel), way in zip(links, ways_of(flow), strict=True):
        for time, parts in _steps(told, source, target, travel, shown):
            yield way[1], way[0], time, parts


def _steps(told: Story, source: int, target: int, travel: float, shown: Shown) -> list[tuple[float, float]]:
    """Give times after the start and the parts that wait from then on, changes at one time together."""
    start, end = shown
    come, gone = told.left[source] + travel, told.started[target]
    times = np.concatenate([come, gone])
    change = np.concatenate([np.ones(len(come)), -np.ones(len(gone))])
    order = np.argsort(times, kind="stable")
    times, level = times[order], np.cumsum(change[order])
    final = np.append(times[1:] != times[:-1], True)
    times, level = times[final], level[final]
    before = level[times <= start]
    inside = (times > start) & (times <= end)
    first = float(before[-1]) if len(before) else 0.0
    return [(0.0, first), *zip((times[inside] - start).tolist(), level[inside].tolist(), strict=True)]


def _course_spans(flow: Flow, told: Course, start: float) -> Iterator[SpanRow]:
    """Yield what every server does, from one change of its state or part to the next."""
    for server, station in enumerate(told.station.tolist()):
        states, units = told.states[:, server], told.units[:, server]
        changed = np.append(True, (np.diff(states) != 0) | (np.diff(units) != 0))
        begins = np.flatnonzero(changed)
        ends = np.append(begins[1:], len(states) - 1)
        for row, last in zip(begins.tolist(), ends.tolist(), strict=True):
            state = NAMES.get(int(states[row]))
            if state is not None and told.times[last] > told.times[row]:
                times = told.times[[row, last]] - start
                yield flow.ids[station], int(units[row]), state, float(times[0]), float(times[1])


def _course_levels(flow: Flow, told: Course, queues: list[int], start: float) -> Iterator[LevelRow]:
    """Yield how many parts wait in the queue of every way after each change."""
    for way, queue in zip(ways_of(flow), queues, strict=True):
        parts = told.waiting[:, queue]
        for row in np.flatnonzero(np.append(True, np.diff(parts) != 0)).tolist():
            yield way[1], way[0], float(told.times[row] - start), float(parts[row])


def _table(columns: Columns, rows: list[Any]) -> Table:
    held = list(zip(*rows, strict=True)) if rows else [()] * len(columns.names)
    arrays = {
        column.name: np.array(cells, object if column.dtype == "text" else None)
        for column, cells in zip(columns.columns, held, strict=True)
    }
    return table(columns, **arrays)


__all__ = ["Way", "tables_of", "ways_of"]
