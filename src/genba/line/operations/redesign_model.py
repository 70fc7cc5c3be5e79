"""A line and what is asked of it, as tasks, stations and rules for the assignment model."""

from dataclasses import dataclass

import numpy as np

from genba.core.errors import InputError, TooLarge, input_error
from genba.line.checks.asked import LONG_FOR_PLACES, NO_CYCLE, NO_LINE, NO_PRODUCT
from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints
from genba.line.kernels.fewest_moves import Moving
from genba.line.records.line import Line, Station, Task
from genba.line.records.pace import average, planned_cycle, time_of
from genba.line.records.redesign import RedesignParams
from genba.line.records.whole import seconds, task_pairs, whole

SCORE = 1000
"""Ergonomic scores are compared to three decimals."""
CENTS = 100
LARGEST = 100_000
"""Tasks times stations that are put into one model."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is asked.

    Arguments:
        line: as it was read.
        params: as given.
        times: whole microseconds by product that counts, shape (products, n).
        cycle: whole microseconds.
    """

    line: Line
    params: RedesignParams
    times: Ints
    cycle: int

    @property
    def today(self) -> int:
        """Give the number of stations of today, with work or without."""
        return len(self.line.stations)

    @property
    def floor(self) -> int:
        """Give the fewest stations that time alone allows, the ones with most places first."""
        capacity = sorted((station.servers for station in self.line.stations), reverse=True)
        need = -(-int(self.times.sum(axis=1).max()) // self.cycle) - self.params.extra_places
        count = 0
        while need > 0:
            need -= capacity[count] if count < len(capacity) else 1
            count += 1
        return max(1, count)


@dataclass(frozen=True)
class Layout:
    """Places along the line: today's stations by number from 0, None where a new one may come."""

    slots: tuple[int | None, ...]

    @property
    def new(self) -> Ints:
        """Give 1 for each place where a station may come, else 0."""
        return np.array([slot is None for slot in self.slots], np.int64)

    def of(self, number: int) -> int:
        """Give the place of one of today's stations."""
        return self.slots.index(number)


def read_job(line: Line, params: RedesignParams) -> Job:
    """Read what is asked.

    Raises:
        InputError: when today's assignment or the cycle is missing, or a task cannot keep it.
    """
    if not any(station.tasks for station in line.stations):
        raise input_error(NO_LINE, "stations")
    if line.shape == "two-sided":
        raise InputError("two sides of a line cannot be planned here; give the line as straight or u")
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    if given is None or given <= 0:
        raise input_error(NO_CYCLE, "cycle_time")
    job = Job(line, params, _times(line, params), whole(given))
    most = max(station.servers for station in line.stations) + params.extra_places
    longest = int(job.times.max())
    if longest > job.cycle * most:
        raise input_error(
            LONG_FOR_PLACES, "cycle_time", time=str(seconds(longest)), places=most, cycle=str(given)
        )
    return job


def _times(line: Line, params: RedesignParams) -> Ints:
    known = {product.id for product in line.products}
    strange = [one for one in params.made if one not in known]
    if strange:
        raise input_error(NO_PRODUCT, "made", product=strange[0], products=", ".join(sorted(known)))
    made = params.made or tuple(product.id for product in line.products if product.share > 0)
    if params.mix == "average" or not made:
        chosen = line.model_copy(
            update={"products": tuple(product for product in line.products if product.id in made)}
        )
        share = sum(product.share for product in chosen.products)
        if chosen.products and share <= 0:
            raise InputError("the products that are made have no share, so no average", where="made")
        scale = 1 / share if share > 0 else 1.0
        return np.array(
            [[whole(average(task, chosen) * (scale if task.times else 1.0)) for task in line.tasks]]
        )
    return np.array([[whole(time_of(task, product)) for task in line.tasks] for product in made], np.int64)


def layout(job: Job, most: int) -> Layout:
    """Give today's stations, with places for new ones in every gap where more are allowed."""
    extra: list[int | None] = [None] * max(0, most - job.today)
    slots = list(extra)
    for number in range(job.today):
        slots += [number, *extra]
    return Layout(tuple(slots))


def assigning(job: Job, most: int, places: Layout) -> Assigning:
    """Give the rules for so many stations at most.

    Raises:
        TooLarge: when tasks times stations are too many for one model.
    """
    line = job.line
    if len(line.tasks) * len(places.slots) > LARGEST:
        raise TooLarge(
            f"{len(line.tasks)} tasks at {len(places.slots)} places are more than {LARGEST} pairs; "
            "redesign a part of the line",
            where="tasks",
        )
    at = {task.id: place for place, task in enumerate(line.tasks)}
    start, end = np.array(task_pairs(line), np.int64).reshape(-1, 2).T
    cap = line.rules.ergonomic_cap
    servers = [1 if slot is None else line.stations[slot].servers for slot in places.slots]
    return Assigning(
        times=job.times,
        start=start,
        end=end,
        cycle=job.cycle,
        places=np.array(servers, np.int64),
        new=places.new,
        most=most,
        spare=job.params.extra_places,
        folded=line.shape == "u",
        together=tuple(tuple(at[one] for one in group) for group in line.rules.together),
        apart=tuple(tuple(at[one] for one in group) for group in line.rules.apart),
        allowed=_allowed(job, places),
        scores=np.array([round(task.ergonomic * SCORE) for task in line.tasks], np.int64),
        cap=None if cap is None else round(cap * SCORE),
    )


def _allowed(job: Job, places: Layout) -> dict[int, frozenset[int]]:
    """Give the places where a task may be, where that is not everywhere."""
    line, found = job.line, {}
    fixed: dict[str, frozenset[int]] = {}
    for rule in line.rules.fixed:
        numbers = frozenset(number - 1 for number in rule.stations)
        fixed[rule.task] = fixed.get(rule.task, numbers) & numbers
    for at, task in enumerate(line.tasks):
        numbers = fixed.get(task.id, frozenset(range(job.today)))
        if job.params.staffing == "today":
            numbers = frozenset(s for s in numbers if able(line, line.stations[s], task))
        slots = {place for place, slot in enumerate(places.slots) if slot in numbers}
        if task.id not in fixed:
            slots |= {place for place, slot in enumerate(places.slots) if slot is None}
        if len(slots) < len(places.slots):
            found[at] = frozenset(slots)
    return found


def able(line: Line, station: Station, task: Task) -> bool:
    """Give whether a task can be done at a station as it is staffed and equipped today."""
    if task.id in station.tasks:
        return True
    people = [worker for worker in line.workers if worker.id in station.workers]
    if task.skill and task.by != "robot" and people and not any(task.skill in one.skills for one in people):
        return False
    groups = [group for group in line.groups if group.id in station.groups]
    if not any(one.groups for one in line.stations):
        return True  # nothing is said about where groups stand
    robots = [group for group in groups if group.kind == "robot"]
    if task.by == "robot" and not robots:
        return False
    usable = robots if task.by == "robot" else groups
    return not task.capability or any(task.capability in group.capabilities for group in usable)


def moving(job: Job, places: Layout) -> Moving:
    """Give what is there today and what changes cost, in hundredths."""
    params = job.params
    now = {task: number for number, station in enumerate(job.line.stations) for task in station.tasks}
    today = [places.of(now[task.id]) if task.id in now else -1 for task in job.line.tasks]
    return Moving(
        today=np.array(today, np.int64),
        move=np.array([round(task.move_cost * CENTS) for task in job.line.tasks], np.int64),
        opening=round(params.opening_cost * CENTS),
        place=round(params.place_cost * CENTS),
        limit=None if params.cost_limit is None else round(params.cost_limit * CENTS),
        by_cost=params.goal == "cost",
    )
