"""The searches of `line.balance` by branch, bound and remember, in pieces between which it can be stopped."""

from collections.abc import Callable
from typing import TypeVar

from genba.core.context import Context
from genba.line.kernels.salbp2 import Shortening, advance_cycle, begin_cycle
from genba.line.kernels.salbpe import Widening
from genba.line.kernels.windows import Windowed, advance_windows, begin_windows
from genba.line.operations.balance_model import Found, Job
from genba.line.records.whole import common_unit, seconds

STEPS = 100_000
"""Of a search between two looks at the clock."""
S = TypeVar("S", Windowed, Shortening, Widening)


def fewest(job: Job, ctx: Context, until: int) -> Found:
    """Search for the fewest stations of one place each, or for as few as are asked about."""
    if job.times.max() > job.cycle:
        return Found(None, len(job.times) + 1, job.cycle, None, "bound", 0, impossible=True)
    goal = job.stations
    state = begin_windows(job.times, job.start, job.end, job.cycle, goal=goal)
    state = until_ended(
        state,
        advance_windows,
        lambda at: f"best {at.stations} stations, at least {at.bound}, {at.expanded} partial lines",
        ctx,
        until,
    )
    reached = not goal or state.stations <= goal
    return Found(
        state.station if reached else None,
        state.bound,
        job.cycle,
        None,
        state.rests_on,
        state.expanded,
        impossible=bool(goal) and state.bound > goal,
    )


def shortest(job: Job, ctx: Context, until: int) -> Found:
    """Search for the shortest cycle of so many stations of one place each."""
    unit = common_unit(tuple(job.times.tolist()))
    state = until_ended(
        begin_cycle(job.times // unit, job.start, job.end, job.stations),
        advance_cycle,
        lambda at: f"best cycle {seconds(at.cycle * unit)} s, at least {seconds(at.bound * unit)} s",
        ctx,
        until,
    )
    proof = state.proof
    return Found(state.station, job.stations, state.cycle * unit, state.bound * unit, proof, state.expanded)


def until_ended(
    state: S, go_on: Callable[[S, int], S], say: Callable[[S], str], ctx: Context, until: int
) -> S:
    """Search until the end or the time limit; between pieces the user may cancel."""
    began = ctx.clock()
    while not state.ended and ctx.clock() < until:
        spent = (ctx.clock() - began) / max(1, until - began)
        ctx.progress(min(0.9, spent), say(state))
        state = go_on(state, STEPS)
    return state
