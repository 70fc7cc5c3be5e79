"""The result of `line.balance`: outcome, measures, and the tables of tasks and stations."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints
from genba.line.kernels.precedence import topological
from genba.line.operations.balance_model import Found, Job
from genba.line.records.balance import ASSIGNMENTS, WORKPLACES, BalanceParams, BalanceResult
from genba.line.records.loads import balance as measure
from genba.line.records.pace import takt
from genba.line.records.whole import PER_SECOND, seconds
from genba.num.table import Table, table


def result_of(
    job: Job, params: BalanceParams, found: Found, method: Literal["remember", "cpsat"]
) -> BalanceResult:
    """Give the result of a search."""
    cycle, pace = seconds(found.cycle), takt(job.line)
    loads = np.zeros(0) if found.station is None else np.bincount(found.station, job.times) / PER_SECOND
    measures = measure(loads.tolist(), cycle) if len(loads) else None
    return BalanceResult(
        outcome=_outcome(found, params, len(loads)),
        stations=len(loads) or None,
        lower_bound=found.bound,
        cycle_time=cycle,
        cycle_bound=None if found.cycle_bound is None else seconds(found.cycle_bound),
        takt=pace,
        proof=found.proof,
        method=method,
        explored=found.explored,
        efficiency=100 * measures.efficiency if measures else None,
        balance_delay=100 * measures.delay if measures else None,
        smoothness=measures.smoothness if measures else None,
        largest_load=measures.bottleneck if measures else None,
        assignments=_assignments(job, found.station),
        workplaces=_workplaces(job, found.station, loads, cycle),
    )


def _outcome(
    found: Found, params: BalanceParams, stations: int
) -> Literal["optimal", "feasible", "infeasible", "unsolved"]:
    if found.station is None:
        return "infeasible" if found.impossible else "unsolved"
    if params.objective == "cycle":
        return "optimal" if found.cycle == found.cycle_bound else "feasible"
    return "optimal" if params.objective == "stations" and stations == found.bound else "feasible"


def _assignments(job: Job, station: Ints | None) -> Table:
    """Give tasks along the line, within a station in an order that precedence allows."""
    order = topological(len(job.times), job.start, job.end)
    rows = order[:0] if station is None else order[np.argsort(station[order], kind="stable")]
    tasks = [job.line.tasks[row] for row in rows]
    place = np.zeros(0, np.int64) if station is None else station[rows]
    ends = np.cumsum(job.times[rows])
    first = np.searchsorted(place, place)  # place of the first task at the same station
    begins = ends - job.times[rows]
    return table(
        ASSIGNMENTS,
        task=[task.id for task in tasks],
        name=[task.name for task in tasks],
        station=place + 1,
        time=job.times[rows] / PER_SECOND,
        start=(begins - begins[first]) / PER_SECOND,
        after=[" ".join(task.after) for task in tasks],
        value_class=[task.value_class for task in tasks],
    )


def _workplaces(job: Job, station: Ints | None, loads: NDArray[np.float64], cycle: float) -> Table:
    scores = np.array([task.ergonomic for task in job.line.tasks])
    at = np.zeros(0, np.int64) if station is None else station
    return table(
        WORKPLACES,
        station=np.arange(1, len(loads) + 1),
        tasks=np.bincount(at, minlength=len(loads)),
        load=loads,
        idle=cycle - loads,
        use=100 * loads / cycle,
        ergonomic=np.bincount(at, scores[: len(at)], minlength=len(loads)),
    )
