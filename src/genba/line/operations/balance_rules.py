"""A balance with all that a line asks for, by CP-SAT, from a line and a bound without it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from genba.core.context import Context
from genba.line.kernels.assignment_goals import Goal, hold, places, terms
from genba.line.kernels.assignment_model import Assigning, Posed, at_most, equal_to, minimise
from genba.line.kernels.assignment_rules import pose
from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Proof
from genba.line.operations.balance_model import Found, Job, assigning
from genba.line.operations.balance_start import cheapest_staff, heads_within
from genba.line.records.balance import BalanceParams
from genba.num.solvers import cpsat

NANO = 1e9
SPARE = 3
"""Stations that rules are first granted above a line without them."""
FIRST_SHARE = 0.7
"""Of the time is for the first aim where work is spread evenly afterwards."""
ROUNDING = 1e-6
"""Of a bound that is a whole number in truth."""
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
    if first.impossible:
        return first
    now = ctx.clock()
    soon = now + int((until - now) * FIRST_SHARE) if params.smooth else until
    goal = GOALS[params.objective]
    tried = _best(job, first, params, ctx, soon)
    if tried.posed is None or tried.answer.status == "infeasible":
        proof = Found(None, first.bound, job.cycle, first.cycle_bound, "exhausted", tried.explored)
        return replace(proof, impossible=True)
    found = _bounds(job, first, goal, tried)
    if not tried.answer.values:
        return found
    values, bounds = tried.answer.values, dict[Goal, int]()
    if params.smooth:
        values, bounds = _smoothed(tried.posed, tried.given, goal, tried.answer, (ctx, until))
    if job.staff and goal != "cost":
        values = _cheapest(tried.posed, tried.given, values, (ctx, until))
    line = _line(job, tried, values, trim=goal != "cycle" and not params.smooth)
    line = replace(line, load_bound=bounds.get("cycle"), spread_bound=bounds.get("spread"))
    return _with_line(found, line)


def _best(job: Job, first: Found, params: BalanceParams, ctx: Context, until: int) -> Tried:
    """Try with more and more stations, until no more of them can be of use."""
    goal, top = GOALS[params.objective], job.stations or _top(job, params)
    guess = first.bound if first.station is None else int(first.station.max()) + 1
    most, start, explored = job.stations or min(top, guess + SPARE), first, first.explored
    while True:
        given = _given(job, first, params, most)
        posed = pose(given)
        if posed is not None:
            _aim(posed, given, goal, job.stations, start)
        answer = _solved(posed, ctx, until)
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


def _solved(posed: Posed | None, ctx: Context, until: int) -> cpsat.FlagAnswer:
    if posed is None:
        return cpsat.FlagAnswer("infeasible", None, None, (), 0)
    left = max(1.0, (until - ctx.clock()) / NANO)

    def watch(best: float | None, bound: float | None) -> None:
        ctx.progress(0.9, f"with rules: best {best}, at least {bound}")

    return cpsat.solve(posed.program, watch, limit_s=left, seed=ctx.seed, workers=max(1, ctx.threads))


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


def _smoothed(
    posed: Posed, given: Assigning, goal: Goal, answer: cpsat.FlagAnswer, run: tuple[Context, int]
) -> tuple[tuple[int, ...], dict[Goal, int]]:
    """Spread work evenly: the fullest place first, then differences among products; give what is proved."""
    values, bounds = answer.values, dict[Goal, int]()
    held: Goal = "places" if goal == "any" else goal
    chosen: dict[Goal, bool] = {"cycle": goal != "cycle", "spread": bool(posed.gaps)}
    for aim in [one for one, counts in chosen.items() if counts]:
        hold(posed, given, held, _value(posed, given, held, values))
        minimise(posed.program, terms(posed, given, aim))
        posed.program.hint = values
        then = _solved(posed, *run)
        values = then.values or values
        bounds[aim] = max(0, math.ceil((then.bound or 0) - ROUNDING))
        held = aim
    return values, bounds


def _value(posed: Posed, given: Assigning, goal: Goal, values: tuple[int, ...]) -> int:
    return sum(values[column] * factor for column, factor in terms(posed, given, goal))


def _cheapest(
    posed: Posed, given: Assigning, values: tuple[int, ...], run: tuple[Context, int]
) -> tuple[int, ...]:
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
    return _solved(posed, *run).values or values


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
