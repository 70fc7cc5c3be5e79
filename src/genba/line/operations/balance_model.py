"""What `line.balance` is asked, in whole microseconds, and what a search of it finds."""

from dataclasses import dataclass, field, replace

import numpy as np

from genba.core.context import Context
from genba.core.errors import input_error
from genba.line.checks.asked import LONG_TASK, NO_CYCLE, NO_NUMBER, NO_STAFF, NO_TIMES
from genba.line.checks.pace import check_cycle
from genba.line.kernels.assignment_model import Assigning, Resource
from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Proof
from genba.line.operations.balance_course import Course
from genba.line.operations.balance_staff import staff_of
from genba.line.records.balance import BalanceParams
from genba.line.records.line import Line
from genba.line.records.pace import planned_cycle, time_of
from genba.line.records.whole import seconds, task_pairs, task_times, whole

SCORE = 1000
"""Ergonomic scores are compared to three decimals."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is asked, in whole microseconds.

    Arguments:
        line: as it was read.
        times: of each task, the longest that counts, shape (n,).
        start, end: the two tasks of each direct precedence, by place.
        cycle: cycle time; the largest possible when the shortest is asked for.
        stations: as asked; 0 when it is not given. Where stations may have several places, these count.
        products: times with each product that must keep the cycle, shape (products, n).
        variants: times of all products that are made, shape (variants, n).
        places: most places side by side at a station.
        staff: what can work at a station, by id; nothing where that does not matter.
    """

    line: Line
    times: Ints
    start: Ints
    end: Ints
    cycle: int
    stations: int
    products: Ints
    variants: Ints
    places: int = 1
    staff: dict[str, Resource] = field(default_factory=dict)

    @property
    def folded(self) -> bool:
        """Give whether the line is a U."""
        return self.line.shape == "u"

    @property
    def sided(self) -> bool:
        """Give whether both sides of the line are worked at."""
        return self.line.shape == "two-sided"

    @property
    def plain(self) -> bool:
        """Give whether precedence and one time for each task are all there is, rules apart."""
        alike = len(np.unique(self.products, axis=0)) == 1
        return alike and self.places == 1 and not self.folded and not self.staff

    def loads(self, station: Ints, resource: Ints, count: int) -> Ints:
        """Give the work at each of so many stations with each product, shape (products, stations)."""
        given = list(self.staff.values())
        times = self.products.copy()
        for task, at in enumerate(resource[station].tolist()):
            if at >= 0:
                times[:, task] = given[at].times[:, task]
        return np.array([np.bincount(station, row, count) for row in times]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Arguments:
        station: of each task from 0; None without a line.
        bound: proven least places for the job's cycle: stations, where each has one.
        cycle: of the line.
        cycle_bound: proven least cycle, where it was asked for.
        proof: what the bound rests on.
        impossible: whether it is proved that there is no line at all.
        explored: partial lines expanded.
        out: whether each task is on the way out of a U; None where none is.
        places: of each station; None: one each.
        resource: number of the resource of each station, -1 without; None where that does not matter.
        cost_bound: proven least cost, where it was asked for.
        product_bound: proven least product of stations and cycle, where efficiency was asked for.
        load_bound: proven least work of the fullest place, where work was spread evenly.
        spread_bound: proven least differences among products, where these were made small.
        course: when and at which side tasks are done, where that matters.
    """

    station: Ints | None
    bound: int
    cycle: int
    cycle_bound: int | None
    proof: Proof
    explored: int
    impossible: bool = False
    out: Ints | None = None
    places: Ints | None = None
    resource: Ints | None = None
    cost_bound: int | None = None
    product_bound: int | None = None
    load_bound: int | None = None
    spread_bound: int | None = None
    course: Course | None = None


def read_job(line: Line, params: BalanceParams, ctx: Context) -> Job:
    """Read what is asked.

    Raises:
        InputError: when cycle, stations or staff are missing, or a task is longer than the cycle.
    """
    products = _products(line, params)
    if not products.sum():
        raise input_error(NO_TIMES, "tasks")
    if params.stations is None and params.objective in ("cycle", "feasible"):
        raise input_error(NO_NUMBER, "stations", objective=params.objective)
    staff = staff_of(line, products) if params.staff or params.objective == "cost" else {}
    if not staff and (params.staff or params.objective == "cost"):
        raise input_error(NO_STAFF, "workers")
    times = products.max(axis=0)
    cycle = int(times.sum()) if params.objective == "cycle" else _cycle(line, params, int(times.sum()))
    start, end = np.array(task_pairs(line), np.int64).reshape(-1, 2).T
    made = [product.id for product in line.products if product.share > 0]
    variants = [[whole(time_of(task, product)) for task in line.tasks] for product in made] or [
        times.tolist()
    ]
    job = Job(
        line,
        times,
        start,
        end,
        cycle,
        params.stations or 0,
        products,
        np.array(variants, np.int64),
        params.places,
        staff,
    )
    if params.objective in ("stations", "cost", "efficiency"):
        _check_longest(job, params, ctx)
    return job


def _products(line: Line, params: BalanceParams) -> Ints:
    """Give the times that keep the cycle: one row, or one for each product that is made."""
    made = [product.id for product in line.products if product.share > 0]
    if params.mix != "each" or not made:
        return np.array([task_times(line, params.mix)], np.int64)
    return np.array([[whole(time_of(task, product)) for task in line.tasks] for product in made], np.int64)


def _check_longest(job: Job, params: BalanceParams, ctx: Context) -> None:
    room, longest = job.cycle * job.places, int(fastest(job).max())
    told = not job.staff and params.mix != "average"
    ctx.check(check_cycle(job.line, seconds(room)) if told else ())
    if longest > room:
        raise input_error(LONG_TASK, "cycle_time", time=str(seconds(longest)))


def fastest(job: Job) -> Ints:
    """Give the least time of each task with anybody who can do it, shape (products, n)."""
    return assigning(job, 1).fastest


def _cycle(line: Line, params: BalanceParams, work: int) -> int:
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    if given is None and params.objective == "efficiency" and params.stations_from is not None:
        return work  # the fewest stations are limit enough
    if given is None or given <= 0:
        raise input_error(NO_CYCLE, "cycle_time")
    return whole(given)


def binds(job: Job, params: BalanceParams) -> bool:
    """Give whether the line has rules besides precedence and time that are kept."""
    rules = job.line.rules
    ruled = rules.together or rules.apart or rules.fixed or rules.ergonomic_cap is not None
    return params.rules and bool(ruled)


def assigning(job: Job, most: int, *, rules: bool = True) -> Assigning:
    """Give the job for so many stations at most, with the rules of its line or without."""
    bare = Assigning(
        job.products,
        job.start,
        job.end,
        job.cycle,
        places=np.ones(most, np.int64),
        new=np.ones(most, np.int64),
        most=most,
        spare=(job.places - 1) * most,
        spare_each=job.places - 1,
        folded=job.folded,
        resources=tuple(job.staff.values()),
    )
    return _ruled(job.line, bare) if rules else bare


def _ruled(line: Line, bare: Assigning) -> Assigning:
    rules, tasks = line.rules, line.tasks
    place = {task.id: at for at, task in enumerate(tasks)}
    allowed: dict[int, frozenset[int]] = {}
    for one in rules.fixed:
        numbers = frozenset(number - 1 for number in one.stations)
        allowed[place[one.task]] = allowed.get(place[one.task], numbers) & numbers
    return replace(
        bare,
        together=tuple(tuple(place[one] for one in group) for group in rules.together),
        apart=tuple(tuple(place[one] for one in group) for group in rules.apart),
        allowed=allowed,
        scores=np.array([round(task.ergonomic * SCORE) for task in tasks], np.int64),
        cap=None if rules.ergonomic_cap is None else round(rules.ergonomic_cap * SCORE),
    )
