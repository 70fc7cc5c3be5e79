"""`line.balance`: tasks to stations, the fewest or the shortest cycle, with a proof of how good that is."""

from genba.core.context import Context
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.operation import operation
from genba.line.certify.balance import certify_balance
from genba.line.io.opening import open_line
from genba.line.operations.balance_efficiency import most_efficient
from genba.line.operations.balance_model import binds, read_job
from genba.line.operations.balance_report import result_of
from genba.line.operations.balance_rules import with_rules
from genba.line.operations.balance_solve import NANO
from genba.line.operations.balance_start import begin_at
from genba.line.operations.balance_timed import balance_timed, is_timed
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.line import Line
from genba.line.views.balance import view_balance

LEFT_OUT = FindingKind(
    "line.balance_left_out",
    Severity.WARNING,
    "{rules} are not kept by this balance; check them at the stations it gives.",
)


@operation(
    "line.balance",
    certify=certify_balance,
    views=view_balance,
    example="example:inverter --cycle-time 66",
    book="balance_sheet",
)
def balance(params: BalanceParams, ctx: Context) -> BalanceResult:
    """Balance a line: give its tasks to stations, and prove how good that is.

    Branch, bound and remember for precedence and time alone, on long lines also windows of stations. CP-SAT,
    started from their line and bound, where more binds: tasks together, apart or fixed, ergonomic caps, the
    legs of a U, places side by side, every product, staff; with starts of tasks on two-sided lines and where
    setups or walking take time. Stopped early, the best line and bound are kept.

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
    timed = is_timed(line, params)
    ctx.check(_left_out(line, params, timed=timed))
    job = read_job(line, params, ctx)
    until = ctx.clock() + int(params.time_limit * NANO)
    if params.objective == "efficiency":
        return result_of(job, params, most_efficient(job, params, ctx, until), "remember")
    if timed:
        return result_of(job, params, balance_timed(job, params, ctx, until), "cpsat")
    alone = job.plain and not binds(job, params) and not params.smooth
    first = begin_at(job, ctx, until if alone else _half(ctx, until), cycle=params.objective == "cycle")
    if alone:
        return result_of(job, params, first, "remember")
    return result_of(job, params, with_rules(job, first, params, ctx, until), "cpsat")


def _half(ctx: Context, until: int) -> int:
    now = ctx.clock()
    return now + (until - now) // 2


def _left_out(line: Line, params: BalanceParams, *, timed: bool) -> tuple[Finding, ...]:
    """Name what the line has and no search of this balance keeps, with rules or without."""
    lost = timed and params.rules
    names = {
        "setup times": not lost and line.rules.setups,
        "walking times": not lost and line.rules.walks,
        "parallel places": any(station.servers > params.places for station in line.stations),
        "side lines": any(station.after is not None for station in line.stations),
    }
    missing = [name for name, given in names.items() if given]
    return (LEFT_OUT.at("rules", rules=", ".join(missing)),) if missing else ()
