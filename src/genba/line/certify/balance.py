"""Certificate of `line.balance`: the line keeps every rule, its numbers follow, its bound is recomputed."""

import numpy as np

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.line.certify.balance_bound import bound_claims
from genba.line.certify.balance_question import MONEY, Asked, Stated, asked_of, stated_in
from genba.line.certify.balance_rows import rows_claim
from genba.line.certify.efficiency_bound import met_efficiency, stated_where_asked, within_limits
from genba.line.certify.line_search import broken, spread_of
from genba.line.certify.timed_claims import course_claims, places_bound, sides_told
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.whole import PER_SECOND, whole

ROUNDING_S = 1e-6
"""A microsecond: times are compared as whole ones."""
ROUNDING = 1e-6
"""Of shares in % and of money."""


def certify_balance(params: BalanceParams, result: BalanceResult, ctx: Context) -> Certificate:
    """Check every task, precedence, time and rule, then the measures, then bound and outcome."""
    asked = asked_of(params, ctx)
    claims: list[Claim] = []
    if result.stations is not None:
        stated = stated_in(asked, result)
        claims += _line_claims(asked, stated, params, result)
        claims.append(rows_claim(asked, stated, result))
        claims += _staff_claims(asked, stated, result) if asked.hands else []
        claims += _measures(asked, stated, result)
        claims += course_claims(asked, stated, result, cycle=_cycle(asked, params, result))
        claims += places_bound(asked, result)
    return Certificate(
        claims=(*claims, *bound_claims(asked, params, result), _outcome(asked, params, result))
    )


def _line_claims(asked: Asked, stated: Stated, params: BalanceParams, result: BalanceResult) -> list[Claim]:
    position, missing = stated.positions(), sum(at == 0 for at in stated.station) + stated.strangers
    cycle = _cycle(asked, params, result)
    wrong = sum(not 1 <= count <= asked.deepest for count in stated.places)
    wrong += sum(stated.places) != result.places
    claims = [
        equal(
            "every_task_once", missing, expected=0, method="Tasks left out, repeated or unknown are counted."
        ),
        equal(
            "precedence",
            sum(position[a] > position[b] for a, b in asked.pairs),
            expected=0,
            method="Tasks at a station before a predecessor's are counted; a U is walked in and out.",
        ),
        equal(
            "places",
            wrong,
            expected=0,
            method="Stations with more places than are allowed are counted, and a sum that differs.",
        ),
        at_most(
            "within_cycle",
            max(_place_loads(asked, stated), default=0) / PER_SECOND,
            bound=cycle / PER_SECOND,
            unit="s",
            method="The largest sum of task times at a station, over its places, is compared with the cycle.",
        ),
    ]
    if params.rules:
        claims.append(
            equal(
                "rules",
                broken(asked, stated.station, sides_told(asked, result)),
                expected=0,
                method="Broken rules are counted: together, apart, fixed stations, ergonomic cap.",
            )
        )
    return claims


def _cycle(asked: Asked, params: BalanceParams, result: BalanceResult) -> int:
    """Give the cycle that the line must keep, microseconds."""
    return whole(result.cycle_time) if params.objective in ("cycle", "efficiency") else asked.cycle


def _place_loads(asked: Asked, stated: Stated) -> list[float]:
    """Give the work of each place with the product that has most of it, microseconds."""
    work = stated.work(asked)
    return [max(row) / max(1, count) for row, count in zip(work, stated.places, strict=True)]


def _staff_claims(asked: Asked, stated: Stated, result: BalanceResult) -> list[Claim]:
    """Recount who works where, and what that costs."""
    wrong, taken, cost = 0, [0] * len(asked.hands), 0
    for number, (hand, count) in enumerate(zip(stated.hand, stated.places, strict=True), start=1):
        tasks = stated.tasks(number)
        wrong += hand == -2 or (bool(tasks) and hand == -1)
        if hand >= 0:
            wrong += not asked.hands[hand].able.issuperset(tasks)
            taken[hand] += count
            cost += count * asked.hands[hand].cost
    wrong += sum(count > hand.count for count, hand in zip(taken, asked.hands, strict=True))
    told = np.inf if result.cost is None else abs(result.cost - cost / MONEY)
    return [
        equal(
            "staff",
            wrong,
            expected=0,
            method="Stations whose worker or group cannot do one of their tasks are counted, and kinds of "
            "which more are used than there are.",
        ),
        at_most(
            "cost", told, bound=ROUNDING, unit="currency/h", method="The cost of all places is summed again."
        ),
    ]


def _measures(asked: Asked, stated: Stated, result: BalanceResult) -> list[Claim]:
    """Recompute loads and measures; tables and numbers must agree."""
    loads = np.array(_place_loads(asked, stated)) / PER_SECOND
    places = np.array(stated.places)
    told = result.workplaces["load"]
    apart = float(np.abs(told - loads).max()) if len(told) == len(loads) > 0 else np.inf
    fullest = float(loads.max(initial=0.0))
    efficiency = 100 * float(loads @ places) / max(1e-9, float(places.sum()) * result.cycle_time)
    smoothness = float(np.sqrt(places @ (fullest - loads) ** 2))
    at = dict(enumerate(stated.station))
    pairs = (
        (result.efficiency, efficiency),
        (result.balance_delay, 100 - efficiency),
        (result.smoothness, smoothness),
        (result.largest_load, fullest),
        (result.spread, spread_of(asked, at) / PER_SECOND),
    )
    worst = max(abs(found - true) if found is not None else np.inf for found, true in pairs)
    return [
        at_most("loads", apart, bound=ROUNDING_S, unit="s", method="Loads of all stations are summed again."),
        at_most(
            "measures",
            worst,
            bound=ROUNDING * max(1.0, smoothness),
            unit="1",
            method="Efficiency, balance delay, smoothness, the fullest place and the differences among "
            "products are computed again.",
        ),
    ]


def _outcome(asked: Asked, params: BalanceParams, result: BalanceResult) -> Claim:
    """Check that the outcome follows from line and bound."""
    counted = result.stations if asked.sided else result.places
    few = asked.most is None or (counted or 0) <= asked.most
    if result.stations is None:
        limit = params.stations or len(asked.before) + asked.last_fixed
        proved = result.lower_bound > limit or result.method == "cpsat"
        right = result.outcome == "unsolved" or (result.outcome == "infeasible" and proved)
    elif params.objective == "feasible":
        right = result.outcome == "feasible" and few
    else:
        met = {
            "stations": counted == result.lower_bound,
            "cycle": _same(result.cycle_time, result.cycle_bound),
            "cost": _same(result.cost, result.cost_bound),
            "efficiency": met_efficiency(asked, result),
        }[params.objective]
        few = few and (params.objective != "efficiency" or within_limits(asked, params, result))
        right = result.outcome == ("optimal" if met else "feasible") and few
    return equal(
        "outcome",
        float(right and stated_where_asked(params, result)),
        expected=1,
        method="Optimal only where line and bound meet, infeasible only with a proof.",
    )


def _same(found: float | None, bound: float | None) -> bool:
    """Give whether two amounts are the same to a millionth: both stand for whole numbers."""
    return found is not None and bound is not None and whole(found) == whole(bound)
