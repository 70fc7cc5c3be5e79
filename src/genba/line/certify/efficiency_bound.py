"""The bound on the efficiency of a balance proved again, number of stations by number of stations."""

from collections.abc import Sequence

from genba.core.certificate import Claim, at_most
from genba.line.certify.balance_question import Asked
from genba.line.certify.enumeration import fewest_stations
from genba.line.certify.load_bound import stations_by_loads
from genba.line.certify.station_bound import stations_needed
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.whole import whole

LISTED = 20_000
"""Loads that are listed at most: the program is solved for many numbers of stations."""
METHOD = (
    "For every number of stations the longest cycle of a smaller product needs more of them: by computed "
    "bounds, weights over all loads, or dynamic programming over sets of tasks. Counted are the numbers for "
    "which that is not shown here, beside all that are allowed: for them the search is taken on trust."
)


def efficiency_claim(asked: Asked, params: BalanceParams, result: BalanceResult) -> Claim:
    """Prove again that no line within the limits is more efficient than the result says."""
    least, most = params.stations_from or 1, min(asked.most or len(asked.before), len(asked.before))
    return least_product(
        asked.products[0], asked.before, (least, most, asked.cycle), product_bound(asked, result)
    )


def product_bound(asked: Asked, result: BalanceResult) -> int:
    """Give the least product of stations and cycle that the stated bound stands for, whole microseconds."""
    return round(100 * sum(asked.products[0]) / (result.efficiency_bound or 100.0))


def met_efficiency(asked: Asked, result: BalanceResult) -> bool:
    """Give whether the line has the least product that any can have."""
    return (result.stations or 0) * whole(result.cycle_time) == product_bound(asked, result)


def stated_where_asked(params: BalanceParams, result: BalanceResult) -> bool:
    """Give whether the efficiency has a bound where a line was to have the greatest, and only there."""
    asked = params.objective == "efficiency" and result.stations is not None
    return asked == (result.efficiency_bound is not None)


def within_limits(asked: Asked, params: BalanceParams, result: BalanceResult) -> bool:
    """Give whether stations and cycle are allowed, and the bound on stations follows from the efficiency."""
    cycle, least = whole(result.cycle_time), params.stations_from or 1
    allowed = cycle <= asked.cycle and (result.stations or 0) >= least
    return allowed and result.lower_bound == max(least, -(-product_bound(asked, result) // cycle))


def least_product(
    times: Sequence[int], before: Sequence[frozenset[int]], limits: tuple[int, int, int], product: int
) -> Claim:
    """Show for every number of stations that no line of them has a smaller product with its cycle.

    Arguments:
        times: whole numbers, shape (n,).
        before: all direct and indirect predecessors of each task.
        limits: least and most stations, and the longest cycle.
        product: of stations and cycle, claimed to be the least.
    """
    least, most, longest = limits
    open_ones, searching = 0, True
    for stations in range(least, most + 1):
        cycle = min(longest, -(-product // stations) - 1)
        if cycle < max(times) or _computed(times, before, cycle, stations):
            continue
        found = fewest_stations(times, before, cycle) if searching else None
        searching = searching and found is not None  # sets that were too many once will be again
        if found is None:
            open_ones += 1
        elif found <= stations:
            return _claim(most, allowed=0)  # such a line exists
    return _claim(open_ones, allowed=most - least + 1)


def _claim(count: int, *, allowed: int) -> Claim:
    return at_most("efficiency_bound", count, bound=allowed, unit="1", method=METHOD)


def _computed(times: Sequence[int], before: Sequence[frozenset[int]], cycle: int, stations: int) -> bool:
    """Give whether more than so many stations are needed, without a search."""
    if -(-sum(times) // cycle) > stations or stations_needed(times, before, cycle) > stations:
        return True
    return stations_by_loads(times, before, cycle, most=LISTED) > stations
