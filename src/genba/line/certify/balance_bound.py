"""The bounds of a balance proved again: computed, or by an own search, else what is taken on trust."""

from genba.core.certificate import Claim, at_least
from genba.line.certify.balance_question import MONEY, Asked
from genba.line.certify.efficiency_bound import efficiency_claim
from genba.line.certify.enumeration import LARGEST, fewest_stations
from genba.line.certify.line_search import Limits, line_within
from genba.line.certify.load_bound import stations_by_loads
from genba.line.certify.station_bound import stations_needed
from genba.line.certify.timed_claims import fewest_timed
from genba.line.certify.timed_line import timed_stations_needed
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.whole import PER_SECOND, whole

COMPUTED = (
    "The bound is computed again: LB1 to LB3, dual feasible functions, weights over all loads, work around "
    "each task."
)


def places_needed(asked: Asked, cycle: int) -> int:
    """Give how many places any line needs, without a search and whatever the rules.

    A U is bound as bins without precedence; a line that keeps the cycle with every product as with the worst
    one; staff as where everybody is fastest; places side by side share all work.
    """
    rows = asked.fastest
    if asked.timed:
        return timed_stations_needed(asked.line, rows[0], asked.before, cycle, asked.lost)
    if asked.places > 1:
        longest = max(max(row) for row in rows)
        lost = longest > asked.places * cycle
        return len(asked.before) + 1 if lost else max(1, *(-(-sum(row) // cycle) for row in rows))
    before = tuple(frozenset[int]() for _ in asked.before) if asked.folded else asked.before
    return max(stations_needed(row, before, cycle) for row in rows if any(row))


def bound_claims(asked: Asked, params: BalanceParams, result: BalanceResult) -> list[Claim]:
    """Recompute the bound on stations or the cycle, then those on cost, load and differences."""
    efficient = params.objective == "efficiency" and result.stations is not None
    claims = [efficiency_claim(asked, params, result) if efficient else _main(asked, params, result)]
    if result.cost_bound is not None:
        claims.append(_cost(asked, result, result.cost_bound))
    if result.load_bound is not None:
        claims.append(_load(asked, params, result, result.load_bound))
    if result.spread_bound is not None:
        claims.append(_spread(asked, params, result, result.spread_bound))
    return claims


def _main(asked: Asked, params: BalanceParams, result: BalanceResult) -> Claim:
    cycle, claimed = _claimed(asked, params, result)
    too_long = max(map(max, asked.fastest)) > asked.places * cycle  # then no number of stations is enough
    by_bound = claimed if too_long else places_needed(asked, cycle)
    if by_bound < claimed and asked.plain:
        by_bound = max(by_bound, stations_by_loads(asked.products[0], asked.before, cycle))
    ruled_out = _ruled_out(params, result, len(asked.before) + asked.last_fixed)
    if by_bound >= claimed and not ruled_out:
        return at_least("bound", by_bound, bound=claimed, unit="1", method=COMPUTED)
    if result.proof == "bound" and params.objective != "cost":
        method = "The result says that its bound is computed, and the computation does not give it."
        return at_least("bound_missed", by_bound, bound=claimed, unit="1", method=method)
    found = None if ruled_out else _again(asked, cycle)
    if found is not None and (found >= claimed or result.method == "remember"):
        method = "The fewest stations are found again by dynamic programming over sets of tasks."
        return at_least("optimum_again", found, bound=claimed, unit="1", method=method)
    most = asked.most if ruled_out else claimed - 1
    limits = Limits(most, asked.cycle if ruled_out else cycle)
    within = None if asked.timed else line_within(asked, limits)
    if within is None:
        return _relied(result, by_bound, claimed)
    method = "Every assignment of the small line is tried again, with all its rules; none is below the bound."
    value = 0 if within else claimed
    return at_least("assignments_again", value, bound=claimed, unit="1", method=method)


def _claimed(asked: Asked, params: BalanceParams, result: BalanceResult) -> tuple[int, int]:
    """Give what is claimed to be impossible: any line of fewer places at some cycle, microseconds."""
    if params.objective == "cycle" and result.cycle_bound is not None:
        return max(1, whole(result.cycle_bound) - 1), (params.stations or 0) + 1
    return asked.cycle, result.lower_bound


def _again(asked: Asked, cycle: int) -> int | None:
    """Give the most stations that any product alone needs without rules; None where sets are too many."""
    if asked.timed:
        return fewest_timed(asked, cycle)
    if asked.places > 1 or asked.folded:
        return None
    found = [fewest_stations(row, asked.before, cycle) for row in asked.fastest]
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _ruled_out(params: BalanceParams, result: BalanceResult, top: int) -> bool:
    """Give whether the result says that rules, not times, make every line impossible."""
    limit = params.stations or top
    return result.outcome == "infeasible" and result.method == "cpsat" and result.lower_bound <= limit


def _relied(result: BalanceResult, by_bound: int, claimed: int) -> Claim:
    """Say what is taken on trust: that the search left nothing out."""
    search = "branch, bound and remember" if result.method == "remember" else "CP-SAT, or without rules,"
    return Claim(
        name="search_trusted_remember" if result.method == "remember" else "search_trusted_cpsat",
        value=float(claimed),
        bound=float(by_bound),
        unit="1",
        holds=claimed >= by_bound or result.outcome == "infeasible",
        method=f"Not checked again: that the search by {search} left nothing out. Computed bounds alone give "
        f"the lower number; more than {LARGEST} sets of tasks, or rules, forbid to search again here.",
    )


def _cost(asked: Asked, result: BalanceResult, claimed: float) -> Claim:
    """Check that no staff costs less: by the cheapest for each task and the cheapest in all, or a search."""
    simple = staff_cost(asked, result.lower_bound) / MONEY
    if simple >= claimed:
        method = "Staff costs at least each task at its cheapest, and as many of the cheapest as are needed."
        return at_least("cost_bound", simple, bound=claimed, unit="currency/h", method=method)
    within = line_within(asked, Limits(asked.most, asked.cycle, cost=round(claimed * MONEY) - 1))
    return _searched("cost", within, claimed, "currency/h", simple)


def staff_cost(asked: Asked, least: int) -> int:
    """Give what staff costs at least, in parts of a unit of money: so many places, and every task done."""
    cheapest = sorted(hand.cost for hand in asked.hands for _ in range(min(hand.count, least)))[:least]
    shares = [
        sum(
            min((hand.cost * hand.work(row)[task] for hand in asked.hands if task in hand.able), default=0)
            for task in range(len(row))
        )
        for row in asked.products
    ]
    return max(sum(cheapest), *(-(-share // asked.cycle) for share in shares))


def _held(asked: Asked, params: BalanceParams, result: BalanceResult) -> tuple[int | None, int | None]:
    """Give places and cost that a line as good as the result's may have."""
    if params.objective == "cost":
        return asked.most, round((result.cost or 0.0) * MONEY)
    return asked.most if params.objective == "cycle" else result.places, None


def _load(asked: Asked, params: BalanceParams, result: BalanceResult, claimed: float) -> Claim:
    places, cost = _held(asked, params, result)
    work = max(sum(row) for row in asked.fastest)
    simple = -(-work // places) / PER_SECOND if places else 0.0
    if simple >= claimed:
        method = "All work is divided by all places."
        return at_least("load_bound", simple, bound=claimed, unit="s", method=method)
    within = (
        line_within(asked, Limits(places, whole(claimed) - 1, cost=cost)) if whole(claimed) > 1 else False
    )
    return _searched("load", within, claimed, "s", simple)


def _spread(asked: Asked, params: BalanceParams, result: BalanceResult, claimed: float) -> Claim:
    places, cost = _held(asked, params, result)
    totals = [sum(row) for row in asked.variants]
    simple = (max(totals) - min(totals)) / PER_SECOND
    if simple >= claimed:
        method = "Stations differ by no less than all work of the products does."
        return at_least("spread_bound", simple, bound=claimed, unit="s", method=method)
    load = _rounded_up(result.largest_load or 0.0)
    within = line_within(asked, Limits(places, load, cost=cost, spread=whole(claimed) - 1))
    return _searched("spread", within, claimed, "s", simple)


def _rounded_up(seconds: float) -> int:
    """Give whole microseconds that hold a load: over several places it need not be whole."""
    near = whole(seconds)
    return near if abs(near - seconds * PER_SECOND) < 1e-3 else near + (near < seconds * PER_SECOND)


def _searched(name: str, within: bool | None, claimed: float, unit: str, simple: float) -> Claim:
    if within is None:
        return Claim(
            name=f"{name}_trusted",
            value=claimed,
            bound=simple,
            unit=unit,
            holds=claimed >= simple,
            method="Not checked again: that the search by CP-SAT left nothing out. The bound computed here "
            "is the lower number; the line has too many assignments to try all of them.",
        )
    method = "Every assignment of the small line is tried again, with all its rules; none is below the bound."
    return at_least(f"{name}_again", 0.0 if within else claimed, bound=claimed, unit=unit, method=method)
