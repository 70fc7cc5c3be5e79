"""The result of `line.balance`: outcome, measures, and the tables of tasks and stations."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints
from genba.line.kernels.precedence import topological
from genba.line.operations.balance_course import Course, plain_course
from genba.line.operations.balance_model import Found, Job
from genba.line.operations.balance_staff import PRICES
from genba.line.records.balance import ASSIGNMENTS, WORKPLACES, BalanceParams, BalanceResult
from genba.line.records.loads import balance as measure
from genba.line.records.pace import takt
from genba.line.records.whole import PER_SECOND, seconds
from genba.num.table import Table, table

Outcome = Literal["optimal", "feasible", "infeasible", "unsolved"]


@dataclass(frozen=True, eq=False)
class Built:
    """A line that was found, by station.

    Arguments:
        station: of each task from 0, shape (n,).
        out: whether each task is on the way out of a U, shape (n,).
        places: side by side, shape (stations,).
        resource: number of what works there; -1: it does not matter.
        work: of the product with the most of it, whole microseconds, shape (stations,).
        times: of each task, whole microseconds, shape (n,).
        course: when and at which side tasks are done.
    """

    station: Ints
    out: Ints
    places: Ints
    resource: Ints
    work: Ints
    times: Ints
    course: Course

    @property
    def loads(self) -> NDArray[np.float64]:
        """Give the work of each place, s."""
        return self.work / PER_SECOND / self.places

    @property
    def lost(self) -> NDArray[np.float64]:
        """Give the setups and walks of each place, s."""
        return np.bincount(self.station, self.course.lost, len(self.places)) / PER_SECOND / self.places


def result_of(
    job: Job, params: BalanceParams, found: Found, method: Literal["remember", "cpsat"]
) -> BalanceResult:
    """Give the result of a search."""
    cycle, built = seconds(found.cycle), _built(job, found)
    loads = np.zeros(0) if built is None else built.loads
    places = [] if built is None else built.places.tolist()
    work = [load * count for load, count in zip(loads.tolist(), places, strict=True)]
    measures = measure(work, cycle, places) if built else None
    cost = _cost(job, built)
    return BalanceResult(
        outcome=_outcome(found, params, len(places) if job.sided else sum(places), cost),
        stations=len(loads) or None,
        places=sum(places) or None,
        places_bound=None if found.course is None else found.course.places_bound,
        lower_bound=found.bound,
        cycle_time=cycle,
        cycle_bound=_in_seconds(found.cycle_bound),
        cost=None if cost is None else cost / PRICES,
        cost_bound=None if found.cost_bound is None else found.cost_bound / PRICES,
        takt=takt(job.line),
        proof=found.proof,
        method=method,
        explored=found.explored,
        efficiency=100 * measures.efficiency if measures else None,
        efficiency_bound=_share(job, found.product_bound),
        balance_delay=100 * measures.delay if measures else None,
        smoothness=measures.smoothness if measures else None,
        largest_load=measures.bottleneck if measures else None,
        load_bound=_in_seconds(found.load_bound),
        spread=_spread(job, built),
        spread_bound=_in_seconds(found.spread_bound),
        assignments=_assignments(job, built),
        workplaces=_workplaces(job, built, cycle),
    )


def _in_seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else seconds(microseconds)


def _share(job: Job, product: int | None) -> float | None:
    """Give all work in % of a product of stations and cycle."""
    return None if product is None else 100 * int(job.times.sum()) / product


def _built(job: Job, found: Found) -> Built | None:
    if found.station is None:
        return None
    station, count = found.station, int(found.station.max()) + 1
    resource = np.full(count, -1) if found.resource is None else found.resource
    times = job.products.max(axis=0)
    for at, one in enumerate(job.staff.values()):
        mine = resource[station] == at
        times = np.where(mine, one.times.max(axis=0), times)
    out = np.zeros_like(station) if found.out is None else found.out
    order = topological(len(job.times), job.start, job.end)
    return Built(
        station,
        out,
        np.ones(count, np.int64) if found.places is None else found.places,
        resource,
        job.loads(station, resource, count).max(axis=0),
        times,
        plain_course(station, out, times, order) if found.course is None else found.course,
    )


def _cost(job: Job, built: Built | None) -> int | None:
    """Give what staff costs in an hour, in parts of a unit of money; None where there is none."""
    if built is None or not job.staff:
        return None
    prices = [one.cost for one in job.staff.values()]
    pairs = zip(built.resource.tolist(), built.places.tolist(), strict=True)
    return int(sum(prices[at] * count for at, count in pairs if at >= 0))


def _spread(job: Job, built: Built | None) -> float | None:
    if built is None:
        return None
    work = np.array([np.bincount(built.station, row) for row in job.variants])
    return float((work.max(axis=0) - work.min(axis=0)).sum()) / PER_SECOND


def _outcome(found: Found, params: BalanceParams, places: int, cost: int | None) -> Outcome:
    if found.station is None:
        return "infeasible" if found.impossible else "unsolved"
    if params.objective == "cycle":
        return "optimal" if found.cycle == found.cycle_bound else "feasible"
    if params.objective == "cost":
        return "optimal" if cost == found.cost_bound else "feasible"
    if params.objective == "efficiency":
        return "optimal" if places * found.cycle == found.product_bound else "feasible"
    return "optimal" if params.objective == "stations" and places == found.bound else "feasible"


def _assignments(job: Job, built: Built | None) -> Table:
    """Give tasks along the line, at each place of a station in the order in which they are done."""
    rows = np.zeros(0, np.int64) if built is None else built.course.order(built.station)
    tasks = [job.line.tasks[row] for row in rows]
    legs = ("in", "out") if job.folded else ("", "")
    return table(
        ASSIGNMENTS,
        task=[task.id for task in tasks],
        name=[task.name for task in tasks],
        station=rows if built is None else built.station[rows] + 1,
        leg=[] if built is None else [legs[at] for at in built.out[rows].tolist()],
        side=[] if built is None else built.course.sides(rows),
        time=rows if built is None else built.times[rows] / PER_SECOND,
        start=rows if built is None else built.course.begin[rows] / PER_SECOND,
        lost=rows if built is None else built.course.lost[rows] / PER_SECOND,
        after=[" ".join(task.after) for task in tasks],
        value_class=[task.value_class for task in tasks],
    )


def _workplaces(job: Job, built: Built | None, cycle: float) -> Table:
    loads = np.zeros(0) if built is None else built.loads
    lost = np.zeros(0) if built is None else built.lost
    at = np.zeros(0, np.int64) if built is None else built.station
    scores = np.array([task.ergonomic for task in job.line.tasks])
    names = [*job.staff, ""]  # the last stands for -1: nobody in particular
    return table(
        WORKPLACES,
        station=np.arange(1, len(loads) + 1),
        tasks=np.bincount(at, minlength=len(loads)),
        places=np.zeros(0, np.int64) if built is None else built.places,
        resource=[] if built is None else [names[one] for one in built.resource.tolist()],
        load=loads,
        lost=lost,
        idle=cycle - loads - lost,
        use=100 * loads / cycle,
        ergonomic=np.bincount(at, scores[: len(at)], minlength=len(loads)),
    )
