"""`line.balance`: tasks to stations, the fewest or the shortest cycle, with a proof of how good that is."""

from collections.abc import Callable
from typing import TypeVar

from genba.core.context import Context
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.operation import operation
from genba.line.certify.balance import certify_balance
from genba.line.io.opening import open_line
from genba.line.kernels.salbp2 import Shortening, advance_cycle, begin_cycle
from genba.line.kernels.windows import Windowed, advance_windows, begin_windows
from genba.line.operations.balance_model import Found, Job, binds, read_job
from genba.line.operations.balance_report import result_of
from genba.line.operations.balance_rules import NANO, with_rules
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.line import Line
from genba.line.records.whole import common_unit, seconds
from genba.line.views.balance import view_balance

LEFT_OUT = FindingKind(
    "line.balance_left_out",
    Severity.WARNING,
    "{rules} are not kept by this balance; check them at the stations it gives.",
)
STEPS = 100_000
"""Of a search between two looks at the clock."""
S = TypeVar("S", Windowed, Shortening)


@operation(
    "line.balance",
    certify=certify_balance,
    views=view_balance,
    example="example:inverter --cycle-time 66",
    book="balance_sheet",
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
    job = read_job(line, params, ctx)
    until = ctx.clock() + int(params.time_limit * NANO)
    found = _shortest(job, ctx, until) if params.objective == "cycle" else _fewest(job, ctx, until)
    if not binds(job, params):
        return result_of(job, params, found, "remember")
    return result_of(job, params, with_rules(job, found, params, ctx, until), "cpsat")


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
