"""What `line.balance` is asked, in whole microseconds, and what a search of it finds."""

from dataclasses import dataclass

import numpy as np

from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.checks.pace import check_cycle
from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Proof
from genba.line.records.balance import BalanceParams
from genba.line.records.line import Line
from genba.line.records.pace import planned_cycle
from genba.line.records.whole import seconds, task_pairs, task_times, whole

SCORE = 1000
"""Ergonomic scores are compared to three decimals."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is asked, in whole microseconds.

    Arguments:
        line: as it was read.
        times: of each task, shape (n,).
        start, end: the two tasks of each direct precedence, by place.
        cycle: cycle time; the largest possible when the shortest is asked for.
        stations: as asked; 0 when it is not given.
    """

    line: Line
    times: Ints
    start: Ints
    end: Ints
    cycle: int
    stations: int


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Arguments:
        station: of each task from 0; None without a line.
        bound: proven least stations for the job's cycle.
        cycle: of the line.
        cycle_bound: proven least cycle, where it was asked for.
        proof: what the bound rests on.
        impossible: whether it is proved that there is no line at all.
        explored: partial lines expanded.
    """

    station: Ints | None
    bound: int
    cycle: int
    cycle_bound: int | None
    proof: Proof
    explored: int
    impossible: bool = False


def read_job(line: Line, params: BalanceParams, ctx: Context) -> Job:
    """Read what is asked.

    Raises:
        InputError: when cycle or stations are missing, or a task is longer than the cycle.
    """
    times = task_times(line, params.mix)
    if not sum(times):
        raise InputError("no task takes any time, so there is nothing to balance", where="tasks")
    if params.stations is None and params.objective != "stations":
        raise InputError(f"objective {params.objective} needs the number of stations", where="stations")
    cycle = sum(times) if params.objective == "cycle" else _cycle(line, params)
    if params.objective == "stations":
        ctx.check(check_cycle(line, seconds(cycle)) if params.mix == "longest" else ())
        if max(times) > cycle:
            raise InputError(f"a task takes {seconds(max(times))} s, more than the cycle", where="cycle_time")
    start, end = np.array(task_pairs(line), np.int64).reshape(-1, 2).T
    stations = params.stations or 0
    return Job(line, np.array(times, np.int64), start, end, cycle, stations)


def _cycle(line: Line, params: BalanceParams) -> int:
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    if given is None or given <= 0:
        raise InputError("neither a cycle time nor a demand with shifts is given", where="cycle_time")
    return whole(given)


def binds(job: Job, params: BalanceParams) -> bool:
    """Give whether the line has rules besides precedence and time that are kept."""
    rules = job.line.rules
    ruled = rules.together or rules.apart or rules.fixed or rules.ergonomic_cap is not None
    return params.rules and bool(ruled)


def assigning(job: Job, most: int) -> Assigning:
    """Give the job with its rules for so many stations at most."""
    rules, tasks = job.line.rules, job.line.tasks
    place = {task.id: at for at, task in enumerate(tasks)}
    return Assigning(
        job.times[None],
        job.start,
        job.end,
        job.cycle,
        places=np.ones(most, np.int64),
        new=np.ones(most, np.int64),
        most=most,
        together=tuple(tuple(place[one] for one in group) for group in rules.together),
        apart=tuple(tuple(place[one] for one in group) for group in rules.apart),
        allowed={place[one.task]: frozenset(number - 1 for number in one.stations) for one in rules.fixed},
        scores=np.array([round(task.ergonomic * SCORE) for task in tasks], np.int64),
        cap=None if rules.ergonomic_cap is None else round(rules.ergonomic_cap * SCORE),
    )
