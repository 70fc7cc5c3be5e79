"""`line.buffers`: where places for waiting parts, and staff, bring most."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.operation import operation
from genba.line.certify.buffers import certify_buffers
from genba.line.io.opening import open_line
from genba.line.kernels.buffer_search import Search, spread
from genba.line.kernels.design_trials import Design, Trials
from genba.line.kernels.event_trials import EventFrame
from genba.line.kernels.output_analysis import mser
from genba.line.operations.buffers_check import check_task
from genba.line.operations.buffers_choice import FIRST, FRESH, best_of, fewest, frontier, selected
from genba.line.operations.buffers_report import Chosen, report
from genba.line.operations.buffers_task import HOUR, Task, task_of, work_of
from genba.line.records.buffers import BuffersParams, BuffersResult
from genba.line.views.buffers import view_buffers

Floats = NDArray[np.float64]
NS = 1e9
SEARCHED = range(4)
"""Groups of replications that the search looks at."""
SEARCHED_BY_EVENTS = range(1)
"""The same of the event engine, whose replications take some fifty times as long."""
SEARCHING = 0.7
"""Share of the time limit after which no better design is searched, so that those found are compared."""
LONGEST_WARM_UP = 20_000
FILLED, FILLED_BY_EVENTS = 10, 3
"""Least units of the warm-up over the parts that the line has room for."""


@operation("line.buffers", certify=certify_buffers, views=view_buffers, example="example:starter")
def buffers(params: BuffersParams, ctx: Context) -> BuffersResult:
    """Spread buffer places, and staff, over a line: most throughput, or fewest places for a throughput.

    Designs are simulated on common random numbers, by the exact recursion where it can express the line, else
    by the event engine. A pattern search moves places from where one fewer costs least to where one more
    brings most; its best designs are compared on fresh replications by a fully sequential selection (KN)
    until the best, or one within the indifference of it, is known as surely as asked for.

    Example:
        >>> import genba
        >>> found = genba.line.buffers(line="example:starter", places=4)
        >>> found.result.places, found.certificate.holds
        (4, True)

    Source: Kim and Nelson (2001); Gershwin and Schor (2000); Law (2015), section 11.2.
    """
    task = task_of(params, open_line(params, ctx), ctx.seed)
    check_task(task)
    began, limit = ctx.clock(), params.time_limit * NS
    trials = _trials(task, ctx)
    search = _search(task, trials, lambda: ctx.clock() > began + SEARCHING * limit)

    def late() -> bool:
        return ctx.clock() > began + limit

    if params.target is None:
        found, reached = selected(task, trials, best_of(task, search), late), True
    else:
        found, reached = fewest(task, trials, search, HOUR / params.target, late)
    searched = not search.late()
    others = frontier(task, search, found)
    ctx.progress(0.95, "reporting")
    fresh = list(trials.observe([task.today, *others], range(FRESH, FRESH + FIRST)))
    for design, observed in found.fewer:
        others, fresh = [design, *others], [fresh[0], observed, *fresh[1:]]
    return report(
        Chosen(
            params=params,
            flow=task.flow,
            open=task.frame.open,
            events=task.events,
            prices=task.prices,
            cost=task.cost,
            warm_up=trials.warm_up,
            tried=len(search.known),
            designs=found.designs,
            selection=found.selection,
            today=task.today,
            others=others,
            fresh=fresh,
            reached=reached,
            searched=searched,
            full=found.designs[0] == tuple(task.space.most.tolist()),
        )
    )


def _search(task: Task, trials: Trials, late: Callable[[], bool]) -> Search:
    """Give the search; events tell where to look from one replication, as they cannot try every place."""
    groups, frame = SEARCHED_BY_EVENTS if task.events else SEARCHED, task.frame

    def pressure(design: Design) -> Floats:
        assert isinstance(frame, EventFrame)
        return frame.pressure(design, 0, trials.warm_up + trials.units, trials.heed)

    return Search(
        task.space,
        lambda some: trials.observe(some, groups),
        late,
        pressure=pressure if task.events else None,
    )


def _trials(task: Task, ctx: Context) -> Trials:
    """Give how designs are tried, with a warm-up from a pilot by MSER-5, on the safe side."""
    totals = task.with_places(min(task.space.total(task.today, 0), task.most))
    totals = task.totals if task.params.target is None else totals
    start = task.start if task.for_money else spread(task.space, totals, task.weights)
    slowest = max(work_of(task.flow, k) / one.servers for k, one in enumerate(task.flow.stations))
    filled = (FILLED_BY_EVENTS if task.events else FILLED) * (len(task.flow.stations) + totals[0])
    until = slowest * max(task.params.units, 2 * filled)
    series = task.frame.pilot(start, until, lambda: ctx.progress(0.02, "looking for the warm-up"))
    cut = mser(np.diff(series.left.mean(axis=1)))
    warm_up = max(filled, 2 * (len(series.left) // 2 if cut is None else cut))
    return Trials(
        task.frame,
        min(warm_up, LONGEST_WARM_UP),
        task.params.units,
        threads=max(ctx.threads, 1),
        heed=lambda: ctx.progress(0.5, "trying designs"),
    )


__all__ = ["buffers"]
