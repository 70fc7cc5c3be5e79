"""What places and staff cost, priced anew from the line: for the certificate of `line.buffers`."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, at_most
from genba.line.records.buffers import BuffersParams, BuffersResult
from genba.line.records.line import Line

Floats = NDArray[np.float64]
Key = tuple[str, str]
"""Source and target of a way; for staff the source is empty and the target is the station."""
ROUNDING = 1e-9  # relative; the same sums in another order


def for_money(params: BuffersParams) -> bool:
    """Tell whether prices decided, and not the number of places."""
    return params.budget is not None or params.least == "cost"


def price_of(line: Line, params: BuffersParams, key: Key) -> float:
    """Give the price of one more place on a way, or of one more of a station's staff."""
    source, target = key
    if source:
        prices = {buffer.after: buffer.place_cost for buffer in line.buffers if buffer.before == target}
        return prices.get(source, prices.get("", 0.0))
    station = next(one for one in line.stations if one.id == target)
    wages = [one.cost * params.wage_hours for one in line.workers if one.id in station.workers]
    groups = {one.id: one.investment + one.cost * params.wage_hours for one in line.groups}
    people = {one.id for one in line.groups if one.kind == "human"}
    here = [groups[name] for name in groups if name in station.groups]
    if params.staffing == "parallel":
        return min(wages, default=0.0) + sum(here)
    if wages:
        return min(wages)
    return min((groups[name] for name in station.groups if name in people), default=0.0)


def certify_costs(
    line: Line, params: BuffersParams, result: BuffersResult, designs: list[Mapping[Key, int]]
) -> Claim:
    """Claim that every design costs what it has beyond today's, and none that was compared more than allowed.

    Arguments:
        line: as read from its file again.
        params: as asked for.
        result: what is certified.
        designs: the numbers of every design, in the order of the result.
    """
    today = designs[result.designs["role"].tolist().index("before")]
    prices = {key: price_of(line, params, key) for key in today}
    costs = [sum(prices[key] * max(one[key] - today[key], 0) for key in one) for one in designs]
    scale = max(*costs, 1.0)
    gaps = [abs(cost - stated) / scale for cost, stated in zip(costs, result.designs["cost"], strict=True)]
    gaps.append(abs(costs[0] - result.cost) / scale)
    gaps += [_unlike(prices, result) / scale]
    compared = np.flatnonzero(np.isin(result.designs["role"], ("selected", "finalist"))).tolist()
    if params.budget is not None:
        gaps += [(costs[row] - params.budget) / scale for row in compared]
    if for_money(params):
        free = [key for key in today if prices[key] == 0]
        gaps += [float(designs[row][key] > today[key]) for row in compared for key in free]
    return at_most(
        "costs",
        float(np.max(gaps)),
        bound=ROUNDING,
        unit="1",
        method="Prices of the file times what designs have beyond today's; none compared above the budget or "
        "with more of what has no price; relative.",
    )


def _unlike(prices: Mapping[Key, float], result: BuffersResult) -> float:
    """Give by how much prices of the tables differ from those of the file, at most."""
    ways = zip(*(result.buffers[name] for name in ("source", "target", "price")), strict=True)
    gaps = [abs(prices[source, target] - price) for source, target, price in ways]
    staff = zip(result.staff["station"], result.staff["price"], strict=True)
    gaps += [abs(prices.get(("", station), 0.0) - price) for station, price in staff]
    return float(np.max(gaps))


__all__ = ["certify_costs", "for_money", "price_of"]
