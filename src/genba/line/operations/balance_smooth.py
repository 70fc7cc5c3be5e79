"""What is made better once the first aim is met: work spread evenly, and staff that costs no more."""

import math
from dataclasses import replace

import numpy as np

from genba.core.context import Context
from genba.line.kernels.assignment_goals import Goal, hold, places, terms
from genba.line.kernels.assignment_model import Assigning, Posed, at_most, equal_to, minimise
from genba.line.operations.balance_model import Job
from genba.line.operations.balance_solve import NANO, ROUNDING, solved
from genba.line.operations.balance_start import begin_at

KERNEL_S = 10
"""Most seconds for the shortest cycle without rules, which bounds the fullest place."""
Values = tuple[int, ...]
Run = tuple[Context, int]


def spread_evenly(
    job: Job, posed: Posed, given: Assigning, goal: Goal, values: Values, run: Run
) -> tuple[Values, dict[Goal, int]]:
    """Make the fullest place less full, then differences among products less; give what is proved.

    Arguments:
        job: what is asked.
        posed, given: the program and what it is about.
        goal: what was least first, and stays as it is.
        values: of a line.
        run: where to report, and when to stop.
    """
    bounds: dict[Goal, int] = {}
    held: Goal = "places" if goal == "any" else goal
    for aim in _aims(posed, goal):
        count = _value(places(posed), values)
        hold(posed, given, held, _value(terms(posed, given, held), values))
        minimise(posed.program, terms(posed, given, aim))
        posed.program.hint = values
        low = _known(job, posed, given, values, count, run) if aim == "cycle" and held == "places" else 0
        then = solved(posed, *run)
        values = then.values or values
        bounds[aim] = max(low, math.ceil((then.bound or 0) - ROUNDING))
        held = aim
    return values, bounds


def _aims(posed: Posed, goal: Goal) -> list[Goal]:
    aims: dict[Goal, bool] = {"cycle": goal != "cycle", "spread": bool(posed.gaps)}
    return [aim for aim, counts in aims.items() if counts]


def _known(job: Job, posed: Posed, given: Assigning, values: Values, count: int, run: Run) -> int:
    """Bound the fullest of so many places by a search without rules, and begin at its line where it holds."""
    ctx, until = run
    now = ctx.clock()
    soon = now + min((until - now) // 2, int(KERNEL_S * NANO))
    found = begin_at(replace(job, stations=count), ctx, soon, cycle=True)
    low = found.cycle_bound or 0
    if posed.pace is None:
        return 0
    at_most(posed.program, [(posed.pace, -1)], -low)
    ruled = given.together or given.apart or given.allowed or given.cap is not None or given.resources
    better = found.station is not None and found.cycle < values[posed.pace]
    if found.station is not None and better and not ruled and job.places == 1:
        used = np.flatnonzero([values[flag] for flag in posed.used])
        posed.start_from(found.station, np.zeros(0, np.int64), used, found.cycle)
    return low


def _value(sums: list[tuple[int, int]], values: Values) -> int:
    return sum(values[column] * factor for column, factor in sums)


def cheapest(posed: Posed, given: Assigning, values: Values, run: Run) -> Values:
    """Give each station of a line the resource that makes all of them cheapest."""
    for row in posed.at:
        for flag in row.values():
            equal_to(posed.program, [(flag, 1)], values[flag])
    for column in (*posed.used, *posed.added):
        equal_to(posed.program, [(column, 1)], values[column])
    if posed.pace is not None:
        at_most(posed.program, [(posed.pace, 1)], values[posed.pace])
    minimise(posed.program, terms(posed, given, "cost"))
    posed.program.hint = values
    return solved(posed, *run).values or values
