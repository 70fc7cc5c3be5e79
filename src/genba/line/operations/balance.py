"""`line.balance`: tasks to stations, the fewest or the shortest cycle, with a proof of how good that is."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.errors import InputError
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.operation import operation
from genba.line.certify.balance import certify_balance
from genba.line.checks.pace import check_cycle
from genba.line.io.opening import open_line
from genba.line.kernels.bits import Ints
from genba.line.kernels.precedence import topological
from genba.line.kernels.salbp1 import Proof
from genba.line.kernels.salbp2 import Shortening, advance_cycle, begin_cycle
from genba.line.kernels.side_constraints import Posed, Ruled, pose_cycle, pose_stations
from genba.line.kernels.windows import Windowed, advance_windows, begin_windows
from genba.line.records.balance import ASSIGNMENTS, WORKPLACES, BalanceParams, BalanceResult
from genba.line.records.line import Line
from genba.line.records.loads import balance as measure
from genba.line.records.pace import planned_cycle, takt
from genba.line.records.whole import PER_SECOND, common_unit, seconds, task_pairs, task_times, whole
from genba.line.views.balance import view_balance
from genba.num.solvers import cpsat
from genba.num.table import Table, table

LEFT_OUT = FindingKind(
    "line.balance_left_out",
    Severity.WARNING,
    "{rules} are not kept by this balance; check them at the stations it gives.",
)
STEPS = 100_000
"""Of a search between two looks at the clock."""
SCORE = 1000
"""Ergonomic scores are compared to three decimals."""
NANO = 1e9
SPARE = 3
"""Stations that rules are first granted above a line without them."""
S = TypeVar("S", Windowed, Shortening)


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


@operation(
    "line.balance", certify=certify_balance, views=view_balance, example="example:inverter --cycle-time 66"
)
def balance(params: BalanceParams, ctx: Context) -> BalanceResult:
    """Balance a line: give its tasks to stations, and prove how good that is.

    Branch, bound and remember for precedence and time alone, on long lines also windows of stations; CP-SAT,
    started from their line and bound, where rules bind. Stopped early, the best line and bound are kept.

    Example:
        >>> import genba
        >>> result = genba.line.balance(line="example:starter", cycle_time=60).result
        >>> result.outcome
        'optimal'

    Source: Sewell and Jacobson (2012), A branch, bound, and remember algorithm for the simple assembly line
    balancing problem; Morrison, Sewell and Jacobson (2014), An application of the branch, bound, and remember
    algorithm to a new simple assembly line balancing dataset.
    """
    line = open_line(params, ctx)
    ctx.check(_left_out(line))
    job = _job(line, params, ctx)
    until = ctx.clock() + int(params.time_limit * NANO)
    found = _shortest(job, ctx, until) if params.objective == "cycle" else _fewest(job, ctx, until)
    ruled = _ruled(job) if params.rules else None
    if ruled is None:
        return _result(job, params, found, "remember")
    return _result(job, params, _with_rules(job, ruled, found, params, ctx, until), "cpsat")


def _job(line: Line, params: BalanceParams, ctx: Context) -> Job:
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


def _until_ended(
    state: S, go_on: Callable[[S, int], S], say: Callable[[S], str], ctx: Context, until: int
) -> S:
    """Search until the end or the time limit; between pieces the user may cancel."""
    began = ctx.clock()
    while not state.ended and ctx.clock() < until:
        spent = (ctx.clock() - began) / max(1, until - began)
        ctx.progress(min(0.9, spent), say(state))
        state = go_on(state, STEPS)
    return state


def _fewest(job: Job, ctx: Context, until: int) -> Found:
    """Search for the fewest stations, or for as few as are asked about."""
    if job.times.max() > job.cycle:
        return Found(None, len(job.times) + 1, job.cycle, None, "bound", 0, impossible=True)
    goal = job.stations
    state = begin_windows(job.times, job.start, job.end, job.cycle, goal=goal)
    state = _until_ended(
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


def _shortest(job: Job, ctx: Context, until: int) -> Found:
    """Search for the shortest cycle of so many stations."""
    unit = common_unit(tuple(job.times.tolist()))
    state = _until_ended(
        begin_cycle(job.times // unit, job.start, job.end, job.stations),
        advance_cycle,
        lambda at: f"best cycle {seconds(at.cycle * unit)} s, at least {seconds(at.bound * unit)} s",
        ctx,
        until,
    )
    proof = state.proof
    return Found(state.station, job.stations, state.cycle * unit, state.bound * unit, proof, state.expanded)


def _ruled(job: Job) -> Ruled | None:
    """Give the rules that CP-SAT keeps; None when the line has none of them."""
    rules, tasks = job.line.rules, job.line.tasks
    place = {task.id: at for at, task in enumerate(tasks)}
    if not (rules.together or rules.apart or rules.fixed or rules.ergonomic_cap is not None):
        return None
    return Ruled(
        job.times,
        job.start,
        job.end,
        together=tuple(tuple(place[one] for one in group) for group in rules.together),
        apart=tuple(
            (place[one], place[other]) for group in rules.apart for one, other in combinations(group, 2)
        ),
        fixed={place[one.task]: tuple(number - 1 for number in one.stations) for one in rules.fixed},
        scores=np.array([round(task.ergonomic * SCORE) for task in tasks], np.int64),
        cap=None if rules.ergonomic_cap is None else round(rules.ergonomic_cap * SCORE),
    )


def _left_out(line: Line) -> tuple[Finding, ...]:
    """Name what the line has and no search of this balance keeps, with rules or without."""
    names = {
        "setup times": line.rules.setups,
        "walking times": line.rules.walks,
        "U shape": line.shape == "u",
        "sides": line.shape == "two-sided",
        "parallel places": any(station.servers > 1 for station in line.stations),
        "side lines": any(station.after is not None for station in line.stations),
    }
    missing = [name for name, given in names.items() if given]
    return (LEFT_OUT.at("rules", rules=", ".join(missing)),) if missing else ()


def _with_rules(
    job: Job, ruled: Ruled, free: Found, params: BalanceParams, ctx: Context, until: int
) -> Found:
    """Search again with rules; the line without them gives the first bound."""
    if free.station is None:
        return free
    most = job.stations or int(free.station.max()) + 1 + SPARE
    while True:
        posed, least = _pose(job, ruled, free, params, most)
        answer = _solved(posed, ctx, until)
        final = bool(job.stations) or most >= len(job.times)
        if answer.status != "infeasible" or final:
            return _found(job, free, posed, answer, least)
        most = min(len(job.times), 2 * most)


def _pose(job: Job, ruled: Ruled, free: Found, params: BalanceParams, most: int) -> tuple[Posed | None, int]:
    """Give the program for at most so many stations, and the bound that is known."""
    if params.objective == "cycle":
        low = free.cycle_bound or 0
        return pose_cycle(ruled, most, low, int(job.times.sum())), low
    least = min(free.bound, most)
    return pose_stations(ruled, job.cycle, least, most), least


def _solved(posed: Posed | None, ctx: Context, until: int) -> cpsat.FlagAnswer:
    if posed is None:
        return cpsat.FlagAnswer("infeasible", None, None, (), 0)
    left = max(1.0, (until - ctx.clock()) / NANO)

    def watch(best: float | None, bound: float | None) -> None:
        ctx.progress(0.9, f"with rules: best {best}, at least {bound}")

    return cpsat.solve(posed.program, watch, limit_s=left, seed=ctx.seed, workers=max(1, ctx.threads))


def _found(job: Job, free: Found, posed: Posed | None, answer: cpsat.FlagAnswer, least: int) -> Found:
    """Read what CP-SAT says; its bound counts as a search exhausted only where it lifts the known one."""
    explored = free.explored + answer.branches
    if posed is None or answer.status == "infeasible":
        return Found(None, free.bound, job.cycle, free.cycle_bound, "exhausted", explored, impossible=True)
    bound = max(least, round(np.ceil((answer.bound or 0) - 1e-6)))
    station = posed.stations(answer.values) if answer.values else None
    proof: Proof = "exhausted" if bound > least else free.proof
    if free.cycle_bound is None:
        return Found(station, bound, job.cycle, None, proof, explored)
    load = job.cycle if station is None else int(np.bincount(station, job.times).max())
    return Found(station, job.stations, load, bound, proof, explored)


def _result(
    job: Job, params: BalanceParams, found: Found, method: Literal["remember", "cpsat"]
) -> BalanceResult:
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
