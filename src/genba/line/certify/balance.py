"""Certificate of `line.balance`: the line keeps every rule, its numbers follow, its bound is recomputed."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from genba.core.certificate import Certificate, Claim, at_least, at_most, equal
from genba.core.context import Context
from genba.line.certify.enumeration import LARGEST, fewest_stations
from genba.line.certify.station_bound import stations_needed
from genba.line.io.opening import open_line
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.line import Line
from genba.line.records.pace import planned_cycle
from genba.line.records.whole import PER_SECOND, task_pairs, task_times, whole

ROUNDING_S = 1e-6
"""A microsecond: times are compared as whole ones."""
ROUNDING = 1e-6
"""Of shares in % and of scores."""


@dataclass(frozen=True)
class Stated:
    """The result beside the line it is about, by task in the order of the file.

    Arguments:
        line: read anew.
        times: whole microseconds.
        before: all direct and indirect predecessors.
        station: number of the station from 1; 0 for a task that the result leaves out.
        strangers: rows that name no task or one named before, or a station that is not in the line.
    """

    line: Line
    times: tuple[int, ...]
    before: tuple[frozenset[int], ...]
    station: tuple[int, ...]
    strangers: int

    def loads(self, stations: int) -> list[int]:
        """Give the load of every station, microseconds."""
        found = [0] * (stations + 1)
        for at, time in zip(self.station, self.times, strict=True):
            found[at if at <= stations else 0] += time
        return found[1:]


def certify_balance(params: BalanceParams, result: BalanceResult, ctx: Context) -> Certificate:
    """Check every task, precedence, time and rule, then the measures, then bound and outcome."""
    stated = _stated(params, result, ctx)
    with_line = result.stations is not None
    line = (*_line_claims(stated, params, result), *_measures(stated, result)) if with_line else ()
    return Certificate(
        claims=(*line, *_bound_claims(stated, params, result), _outcome(params, result, stated))
    )


def _stated(params: BalanceParams, result: BalanceResult, ctx: Context) -> Stated:
    line = open_line(params, Context(path=ctx.path))
    place = {task.id: at for at, task in enumerate(line.tasks)}
    station, strangers = [0] * len(place), 0
    for row in result.assignments.rows():
        at, number = place.get(str(row["task"])), int(row["station"] or 0)
        if at is None or station[at] or not 1 <= number <= (result.stations or 0):
            strangers += 1
        else:
            station[at] = number
    times = task_times(line, params.mix)
    return Stated(line, times, _closed(len(times), task_pairs(line)), tuple(station), strangers)


def _closed(n: int, pairs: tuple[tuple[int, int], ...]) -> tuple[frozenset[int], ...]:
    """Give all that is before each task; the line has been checked for cycles."""
    direct: list[list[int]] = [[] for _ in range(n)]
    for one, other in pairs:
        direct[other].append(one)
    found: dict[int, frozenset[int]] = {}
    waiting = list(range(n))
    while waiting:
        task = waiting[-1]
        missing = [one for one in direct[task] if one not in found]
        waiting += missing
        if not missing:
            found[waiting.pop()] = frozenset(direct[task]).union(*(found[one] for one in direct[task]))
    return tuple(found[task] for task in range(n))


def _line_claims(stated: Stated, params: BalanceParams, result: BalanceResult) -> list[Claim]:
    stations = result.stations or 0
    missing = sum(at == 0 for at in stated.station) + stated.strangers
    late = sum(stated.station[a] > stated.station[b] for a, b in task_pairs(stated.line))
    cycle = _asked_cycle(stated, params, result)
    claims = [
        equal(
            "every_task_once", missing, expected=0, method="Tasks left out, repeated or unknown are counted."
        ),
        equal(
            "precedence",
            late,
            expected=0,
            method="Tasks at a station before a predecessor's are counted.",
        ),
        at_most(
            "within_cycle",
            max(stated.loads(stations), default=0) / PER_SECOND,
            bound=cycle / PER_SECOND,
            unit="s",
            method="The largest sum of task times at a station is compared with the cycle time.",
        ),
    ]
    if params.rules:
        claims.append(
            equal(
                "rules",
                _broken(stated),
                expected=0,
                method="Broken rules are counted: together, apart, fixed stations, ergonomic cap.",
            )
        )
    return claims


def _asked_cycle(stated: Stated, params: BalanceParams, result: BalanceResult) -> int:
    """Give the cycle that loads must keep to: what was asked for, or what the result claims as shortest."""
    if params.objective == "cycle":
        return whole(result.cycle_time)
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(stated.line)
    return whole(given or 0.0)


def _broken(stated: Stated) -> int:
    """Count rules that the line breaks."""
    rules, tasks = stated.line.rules, stated.line.tasks
    at = {task.id: number for task, number in zip(tasks, stated.station, strict=True)}
    parted = sum(len({at[one] for one in group}) > 1 for group in rules.together)
    met = sum(at[a] == at[b] for group in rules.apart for a, b in combinations(group, 2))
    astray = sum(at[one.task] not in one.stations for one in rules.fixed)
    scores: dict[int, float] = {}
    for task in tasks:
        scores[at[task.id]] = scores.get(at[task.id], 0.0) + task.ergonomic
    cap = rules.ergonomic_cap
    strained = 0 if cap is None else sum(score > cap + ROUNDING for score in scores.values())
    return parted + met + astray + strained


def _measures(stated: Stated, result: BalanceResult) -> list[Claim]:
    """Recompute loads and measures; tables and numbers must agree."""
    stations = result.stations or 0
    loads = np.array(stated.loads(stations)) / PER_SECOND
    told = result.workplaces["load"]
    apart = float(np.abs(told - loads).max()) if len(told) == stations else np.inf
    total, fullest = float(loads.sum()), float(loads.max())
    efficiency = 100 * total / (stations * result.cycle_time)
    smoothness = float(np.sqrt(((fullest - loads) ** 2).sum()))
    pairs = (
        (result.efficiency, efficiency),
        (result.balance_delay, 100 - efficiency),
        (result.smoothness, smoothness),
        (result.largest_load, fullest),
    )
    worst = max(abs(found - true) if found is not None else np.inf for found, true in pairs)
    return [
        at_most("loads", apart, bound=ROUNDING_S, unit="s", method="Loads of all stations are summed again."),
        at_most(
            "measures",
            worst,
            bound=ROUNDING * max(1.0, smoothness),
            unit="1",
            method="Efficiency, balance delay, smoothness and the fullest station are computed again.",
        ),
    ]


def _bound_claims(stated: Stated, params: BalanceParams, result: BalanceResult) -> list[Claim]:
    """Recompute the bound: from times and precedence, or by an own search where that is not enough."""
    cycle, claimed = _claimed(stated, params, result)
    by_bound = stations_needed(stated.times, stated.before, cycle)
    if by_bound >= claimed and not _ruled_out(stated, params, result):
        method = "The bound is computed again: LB1 to LB3, dual feasible functions, work around each task."
        return [at_least("bound", by_bound, bound=claimed, unit="1", method=method)]
    if result.proof == "bound":
        method = "The result says that its bound is computed, and the computation does not give it."
        return [at_least("bound_missed", by_bound, bound=claimed, unit="1", method=method)]
    if result.method == "remember":
        found = fewest_stations(stated.times, stated.before, cycle)
        if found is not None:
            method = "The fewest stations are found again by dynamic programming over sets of tasks."
            return [at_least("optimum_again", found, bound=claimed, unit="1", method=method)]
    return [_relied(result, by_bound, claimed)]


def _claimed(stated: Stated, params: BalanceParams, result: BalanceResult) -> tuple[int, int]:
    """Give what is claimed to be impossible: any line of fewer stations at some cycle, microseconds."""
    if params.objective == "cycle" and result.cycle_bound is not None:
        return whole(result.cycle_bound) - 1, (params.stations or 0) + 1
    return _asked_cycle(stated, params, result), result.lower_bound


def _ruled_out(stated: Stated, params: BalanceParams, result: BalanceResult) -> bool:
    """Give whether the result says that rules, not times, make every line impossible."""
    limit = params.stations or len(stated.times)
    return result.outcome == "infeasible" and result.method == "cpsat" and result.lower_bound <= limit


def _relied(result: BalanceResult, by_bound: int, claimed: int) -> Claim:
    """Say what is taken on trust: that the search left nothing out."""
    search = "branch, bound and remember" if result.method == "remember" else "CP-SAT"
    return Claim(
        name="search_trusted_remember" if result.method == "remember" else "search_trusted_cpsat",
        value=float(claimed),
        bound=float(by_bound),
        unit="1",
        holds=claimed >= by_bound or result.outcome == "infeasible",
        method=f"Not checked again: that the search by {search} left nothing out. Computed bounds alone give "
        f"the lower number; more than {LARGEST} sets of tasks, or rules, forbid to search again here.",
    )


def _outcome(params: BalanceParams, result: BalanceResult, stated: Stated) -> Claim:
    """Check that the outcome follows from line and bound."""
    if result.stations is None:
        limit = params.stations or len(stated.times)
        proved = result.lower_bound > limit or result.method == "cpsat"
        right = result.outcome == "unsolved" or (result.outcome == "infeasible" and proved)
    elif params.objective == "cycle":
        met = result.cycle_bound is not None and whole(result.cycle_time) == whole(result.cycle_bound)
        right = result.outcome == ("optimal" if met else "feasible") and result.stations <= (
            params.stations or 0
        )
    elif params.objective == "feasible":
        right = result.outcome == "feasible" and result.stations <= (params.stations or 0)
    else:
        right = result.outcome == ("optimal" if result.stations == result.lower_bound else "feasible")
    return equal(
        "outcome",
        float(right),
        expected=1,
        method="Optimal only where line and bound meet, infeasible only with a proof.",
    )
