"""A balance with all that a line asks for, by CP-SAT, from a line and a bound without it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from genba.core.context import Context
from genba.line.kernels.assignment_goals import Goal, places, terms
from genba.line.kernels.assignment_model import Assigning, Posed, at_most, minimise
from genba.line.kernels.assignment_rules import pose
from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Proof
from genba.line.operations.balance_model import Found, Job, assigning, binds
from genba.line.operations.balance_smooth import cheapest, spread_evenly
from genba.line.operations.balance_solve import ROUNDING, solved
from genba.line.operations.balance_start import cheapest_staff, heads_within
from genba.line.records.balance import BalanceParams
from genba.num.solvers import cpsat

SPARE = 3
"""Stations that rules are first granted above a line without them."""
FIRST_SHARE = 0.7
"""Of the time is for the first aim where work is spread evenly afterwards."""
GOALS: dict[str, Goal] = {"stations": "places", "feasible": "any", "cycle": "cycle", "cost": "cost"}


@dataclass(frozen=True, eq=False)
class Tried:
    """What CP-SAT says for so many stations at most.

    Arguments:
        given: what was asked.
        posed: its program; None where a task has no station left.
        answer: what CP-SAT says.
        bound: proven of any line, of whatever number of stations.
        explored: branches of all tries.
    """

    given: Assigning
    posed: Posed | None
    answer: cpsat.FlagAnswer
    bound: int
    explored: int = 0


def with_rules(job: Job, first: Found, params: BalanceParams, ctx: Context, until: int) -> Found:
    """Search with rules, shape, places, products and staff; what is known without them comes first."""
    goal, known = GOALS[params.objective], _known(job, first, params)
    if first.impossible:
        return replace(first, station=None)
    if known is not None and not params.smooth and _reached(known, goal):
        return known
    now = ctx.clock()
    soon = now + int((until - now) * FIRST_SHARE) if params.smooth else until
    tried = _best(job, first, params, ctx, soon)
    if tried.posed is None or tried.answer.status == "infeasible":
        proof = Found(None, first.bound, job.cycle, first.cycle_bound, "exhausted", tried.explored)
        return replace(proof, impossible=True)
    found = _bounds(job, first, goal, tried)
    if not tried.answer.values:
        return found if known is None else _with_line(found, known)
    values, bounds = tried.answer.values, dict[Goal, int]()
    if params.smooth:
        values, bounds = spread_evenly(job, tried.posed, tried.given, goal, values, (ctx, until))
    if job.staff and goal != "cost":
        values = cheapest(tried.posed, tried.given, values, (ctx, until))
    line = _line(job, tried, values, trim=goal != "cycle" and not params.smooth)
    line = replace(line, load_bound=bounds.get("cycle"), spread_bound=bounds.get("spread"))
    return _with_line(found, line)


def _known(job: Job, first: Found, params: BalanceParams) -> Found | None:
    """Give the line to start from with its places, where it keeps all that is asked."""
    if first.station is None or first.impossible or job.staff or binds(job, params):
        return None
    count = int(first.station.max()) + 1
    loads = job.loads(first.station, np.full(count, -1), count).max(axis=0)
    cycle = first.cycle if params.objective == "cycle" else job.cycle
    deep = np.maximum(1, -(-loads // cycle))
    if deep.max() > job.places or (job.stations and deep.sum() > job.stations):
        return None
    out = np.zeros_like(first.station) if job.folded else None
    return replace(first, places=deep, out=out)


def _reached(known: Found, goal: Goal) -> bool:
    """Give whether a line is as good as what is proved."""
    if goal == "places":
        return known.places is not None and int(known.places.sum()) <= known.bound
    return goal == "any" or (goal == "cycle" and known.cycle == known.cycle_bound)


def _best(job: Job, first: Found, params: BalanceParams, ctx: Context, until: int) -> Tried:
    """Try with more and more stations, until no more of them can be of use."""
    goal, top = GOALS[params.objective], job.stations or _top(job, params)
    guess = first.bound if first.station is None else int(first.station.max()) + 1
    most, start, explored = job.stations or min(top, guess + SPARE), first, first.explored
    while True:
        given = _given(job, first, params, most)
        posed = pose(given, lambda: ctx.progress(0.5, "with rules: writing the program down"))
        if posed is not None:
            _aim(posed, given, goal, job.stations, start)
        answer = solved(posed, ctx, until)
        explored += answer.branches
        more = min(top, 2 * most if answer.status == "infeasible" else _worth(given, goal, answer, top))
        tried = Tried(given, posed, answer, _proved(first, given, goal, answer, more), explored)
        late = answer.status != "infeasible" and ctx.clock() >= until
        if more <= most or late or answer.status == "unclear":
            return tried
        most = more
        start = _line(job, tried, answer.values, trim=False) if answer.values else first


def _top(job: Job, params: BalanceParams) -> int:
    """Give a number of stations beyond which no line gains anything."""
    fixed = [number for one in job.line.rules.fixed for number in one.stations] if params.rules else []
    return len(job.times) + max(fixed, default=0)


def _given(job: Job, first: Found, params: BalanceParams, most: int) -> Assigning:
    given = assigning(job, most, rules=params.rules)
    cycle = params.objective == "cycle"
    least = 0 if cycle else min(first.bound, most)
    differ = params.smooth and len(np.unique(job.variants, axis=0)) > 1
    return replace(
        given,
        least=least,
        shortest=first.cycle_bound if cycle else 0 if params.smooth else None,
        cheapest=cheapest_staff(given, least) if params.objective == "cost" else 0,
        variants=job.variants if differ else None,
    )


def _aim(posed: Posed, given: Assigning, goal: Goal, stations: int, start: Found) -> None:
    """Say what is least, keep to the places asked for, and begin at a line."""
    minimise(posed.program, terms(posed, given, goal))
    if stations:
        at_most(posed.program, places(posed), stations)
    if start.station is None or int(start.station.max()) >= given.stations:
        return
    out = np.zeros_like(start.station) if start.out is None else start.out
    position = np.where(out, 2 * given.stations - 1 - start.station, start.station)
    loads = np.array([np.bincount(start.station, row) for row in given.times]).max(axis=0)
    deep = np.ceil(loads / given.cycle).astype(np.int64) - 1 if start.places is None else start.places - 1
    posed.start_from(position, np.maximum(0, deep), np.unique(start.station), start.cycle)


def _worth(given: Assigning, goal: Goal, answer: cpsat.FlagAnswer, top: int) -> int:
    """Give the most stations that a better line can have."""
    if goal not in ("places", "cost"):
        return given.most
    if answer.objective is None:
        return top
    if goal == "places":
        return round(answer.objective) - 1
    fixed = max((max(stations) for stations in given.allowed.values() if stations), default=0)
    return heads_within(given, round(answer.objective) - 1, given.tasks) + fixed  # so many may stand empty


def _proved(first: Found, given: Assigning, goal: Goal, answer: cpsat.FlagAnswer, worth: int) -> int:
    """Give what is proved of any line: with more stations than were tried, only what these alone cost."""
    known = first.cycle_bound or 0 if goal == "cycle" else given.cheapest if goal == "cost" else first.bound
    if answer.bound is None or not math.isfinite(answer.bound):
        return known
    bound = math.ceil(answer.bound - ROUNDING)
    if worth > given.most:
        more = given.most + 1
        bound = min(bound, more if goal == "places" else cheapest_staff(given, more))
    return max(known, bound)


def _bounds(job: Job, first: Found, goal: Goal, tried: Tried) -> Found:
    """Read the bounds; that of CP-SAT counts as a search exhausted only where it lifts the known one."""
    known = {"cycle": first.cycle_bound or 0, "cost": tried.given.cheapest}.get(goal, first.bound)
    proof: Proof = "exhausted" if tried.bound > known else "bound" if goal == "cost" else first.proof
    found = Found(None, first.bound, job.cycle, first.cycle_bound, proof, tried.explored)
    if goal == "cycle":
        return replace(found, cycle_bound=tried.bound)
    if goal == "cost":
        return replace(found, cost_bound=tried.bound)
    return replace(found, bound=tried.bound)


def _line(job: Job, tried: Tried, values: tuple[int, ...], *, trim: bool) -> Found:
    """Read a line without empty stations behind the fixed ones; `trim`: without idle places."""
    assert tried.posed is not None  # only a program gives values
    given, position = tried.given, tried.posed.positions(values)
    station = np.array([given.station(p) for p in position.tolist()], np.int64)
    fixed = max((max(stations) for stations in given.allowed.values() if stations), default=0)
    kept = np.unique(np.concatenate([station, np.arange(min(fixed, int(station.max())))]))
    station, count = np.searchsorted(kept, station), len(kept)
    deep = 1 + tried.posed.places_added(values)[kept]
    staffed = tried.posed.staffed(values)[kept]
    loads = job.loads(station, staffed, count).max(axis=0)
    if trim:
        deep = np.maximum(1, -(-loads // job.cycle))
    return Found(
        station,
        0,
        int((-(-loads // deep)).max()),
        None,
        "exhausted",
        0,
        out=(position >= given.stations).astype(np.int64) if given.folded else None,
        places=deep,
        resource=staffed if job.staff else None,
    )


def _with_line(found: Found, line: Found) -> Found:
    """Put a line into what is proved."""
    cycle = found.cycle if found.cycle_bound is None else line.cycle
    parts: dict[str, Ints | int | None] = {
        name: getattr(line, name)
        for name in ("station", "out", "places", "resource", "load_bound", "spread_bound")
    }
    return replace(found, cycle=cycle, **parts)  # type: ignore[arg-type]  # names and types are those of Found
