"""Where a balance with rules starts: a line without them, and a bound that rules can only lift."""

from dataclasses import replace

import numpy as np

from genba.core.context import Context
from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints
from genba.line.operations.balance_model import Found, Job, fastest
from genba.line.operations.balance_search import fewest, shortest

NONE = np.zeros(0, np.int64)


def search_of(job: Job, ctx: Context, until: int, *, cycle: bool) -> Found:
    """Search without rules for the fewest stations, or for the shortest cycle."""
    return shortest(job, ctx, until) if cycle else fewest(job, ctx, until)


def begin_at(job: Job, ctx: Context, until: int, *, cycle: bool) -> Found:
    """Give a straight line of one place each where there is one, and what is proved of any line.

    A U is at least as long as bins without precedence, a line that keeps the cycle with each product as one
    for any of them, one with staff as one where everybody is fastest; places side by side share all work.
    """
    if job.plain:
        return search_of(job, ctx, until, cycle=cycle)
    now = ctx.clock()
    bound = _bound(job, ctx, now + (until - now) // 2, cycle=cycle)
    line = _line(job, ctx, until, cycle=cycle)
    load = 0 if line is None else int(np.bincount(line, job.times).max())
    return replace(bound, station=line, cycle=max(load, 1) if cycle else job.cycle)


def _line(job: Job, ctx: Context, until: int, *, cycle: bool) -> Ints | None:
    """Give a straight line; with places side by side each station may have as many as there can be."""
    room = job.cycle * (1 if job.times.max() <= job.cycle else job.places)
    return search_of(
        replace(job, cycle=room, stations=job.stations if cycle else 0), ctx, until, cycle=cycle
    ).station


def _bound(job: Job, ctx: Context, until: int, *, cycle: bool) -> Found:
    times = np.unique(fastest(job), axis=0)
    times = times[times.sum(axis=1) > 0]
    if job.places > 1:
        return _shared(job, times.sum(axis=1).max(), times.max(), cycle=cycle)
    found: list[Found] = []
    for row in times:
        one = replace(job, times=row)
        one = replace(one, start=NONE, end=NONE) if job.folded else one
        left = max(0, until - ctx.clock()) // (len(times) - len(found))
        found.append(search_of(one, ctx, ctx.clock() + left, cycle=cycle))
    best = max(found, key=lambda one: (one.impossible, one.bound, one.cycle_bound or 0))
    return replace(best, explored=sum(one.explored for one in found))


def _shared(job: Job, work: int, longest: int, *, cycle: bool) -> Found:
    """Bound a line whose stations have several places: all work over all places, and the longest task."""
    if cycle:
        low = max(-(-int(work) // job.stations), -(-int(longest) // job.places))
        return Found(None, job.stations, job.cycle, low, "bound", 0)
    least = max(1, -(-int(work) // job.cycle))
    lost = bool(job.stations) and least > job.stations or longest > job.cycle * job.places
    return Found(None, least, job.cycle, None, "bound", 0, impossible=lost)


def cheapest_staff(given: Assigning, least: int) -> int:
    """Give what staff costs at least: each task at its cheapest, and so many of the cheapest.

    Arguments:
        given: tasks and resources.
        least: places that any line has.
    """
    prices = np.full(given.times.shape, np.inf)
    for one in given.resources:
        able = sorted(one.able)
        prices[:, able] = np.minimum(prices[:, able], one.cost * one.times[:, able])
    if not np.isfinite(prices).all():
        return 0  # a task that nobody can do, which the program tells
    shares = max(-(-int(row.sum()) // given.cycle) for row in prices)
    heads = sorted(cost for one in given.resources for cost in [one.cost] * min(one.count, least))
    return max(shares, sum(heads[:least]))


def heads_within(given: Assigning, cost: int, most: int) -> int:
    """Give how many resources can be had for a cost, up to so many."""
    heads = sorted(price for one in given.resources for price in [one.cost] * min(one.count, most))
    return int((np.cumsum(heads) <= cost).sum())
