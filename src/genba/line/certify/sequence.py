"""Certificate of `line.sequence`: the order walked again, and its bound proven anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.certify.station_work import work_at
from genba.line.io.opening import read_line
from genba.line.records.line import Line
from genba.line.records.pace import planned_cycle
from genba.line.records.sequence import SequenceParams, SequenceResult

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MS = 1000
SECONDS = 1e-6  # times are whole milliseconds: what is left is rounding of doubles
UNITS2 = 1e-9  # relative; deviations are whole numbers over the square of the number of units
LARGEST = 40_000
"""States after one launch that the repeated search may hold; the search that is repeated holds fewer."""


@dataclass(frozen=True)
class Work:
    """What is to be ordered, read from the file again; times in whole ms.

    Arguments:
        names: products with a share.
        shares: of those, as the line gives them.
        stations: their ids.
        times: work per unit, shape (P, S).
        cycle, window: between launches; from arrival to the downstream border.
    """

    names: tuple[str, ...]
    shares: Floats
    stations: tuple[str, ...]
    times: Ints
    cycle: int
    window: int


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_sequence(params: SequenceParams, result: SequenceResult, ctx: Context) -> Certificate:
    """Certify an order of launches from the line and the reported order alone."""
    line, _ = read_line(ctx.path(params.line))
    if line is None:
        raise InputError("the line that was sequenced cannot be read again", where=str(params.line))
    work = _work(params, line)
    same = _rows(params, work, result)
    if not same.holds:  # nothing else can be asked of another order
        return Certificate(claims=(same,))
    order = np.array([work.names.index(name) for name in result.launches["product"]])
    return Certificate(
        claims=(
            same,
            *_walked(work, order, result),
            *_even(work, order, result),
            *_bounds(params, work, result),
        )
    )


def _work(params: SequenceParams, line: Line) -> Work:
    made = [product for product in line.products if product.share > 0]
    names = tuple(product.id for product in made) or (line.name,)
    shares = np.array([product.share for product in made] or [1.0])
    servers = np.array([station.servers for station in line.stations], np.float64)
    loads = np.array([[work_at(line, one, name) for one in line.stations] for name in names])
    cycle = (params.cycle_time if params.cycle_time is not None else planned_cycle(line)) or float("nan")
    return Work(
        names=names,
        shares=shares,
        stations=tuple(station.id for station in line.stations),
        times=np.rint(loads / servers * MS).astype(np.int64),
        cycle=round(cycle * MS),
        window=max(round(params.window * cycle * MS), round(cycle * MS)),
    )


def _rows(params: SequenceParams, work: Work, result: SequenceResult) -> Claim:
    """Claim that the order is one of the units that were asked for, at the stations of the line."""
    ideal = work.shares / work.shares.sum() * params.units
    counts = np.floor(ideal)
    for odd in sorted(range(len(ideal)), key=lambda row: counts[row] - ideal[row])[
        : params.units - int(counts.sum())
    ]:
        counts[odd] += 1
    launched = list(result.launches["product"])
    wrong = (
        tuple(result.mix["product"]) != work.names,
        not np.array_equal(result.mix["share"], work.shares),
        not np.array_equal(result.mix["units"], counts),
        [launched.count(name) for name in work.names] != counts.tolist(),
        not np.array_equal(result.launches["place"], np.arange(1, params.units + 1)),
        tuple(result.stations["station"]) != work.stations,
        abs(result.cycle_time * MS - work.cycle) > 0.5,
    )
    return equal(
        "units",
        float(sum(wrong)),
        expected=0.0,
        method="Products, shares, units by largest remainder, places, stations and cycle as in the file.",
    )


def _walked(work: Work, order: Ints, result: SequenceResult) -> tuple[Claim, ...]:
    """Walk every station through the order, one after the other."""
    over = np.zeros((len(order), len(work.stations)))
    furthest, total = np.zeros(len(work.stations)), np.zeros(len(work.stations))
    for station in range(len(work.stations)):
        drift = 0
        for place, product in enumerate(order):
            finish = drift + int(work.times[product, station])
            over[place, station] = max(0, finish - work.window) / MS
            furthest[station] = max(furthest[station], min(finish, work.window) / MS)
            total[station] += work.times[product, station] / MS
            drift = max(0, min(finish, work.window) - work.cycle)
    tables = (
        over.sum(axis=1) - result.launches["overload"],
        over.sum(axis=0) - result.stations["overload"],
        furthest - result.stations["drift"],
        total - result.stations["work"],
    )
    return (
        at_most(
            "overload",
            abs(float(over.sum()) - result.overload),
            bound=SECONDS,
            unit="s",
            method="Each station walked through the order: work beyond its border, summed.",
        ),
        at_most(
            "tables",
            max(float(np.abs(gap).max(initial=0.0)) for gap in tables),
            bound=SECONDS,
            unit="s",
            method="Overload by launch and station, work and drift by station against the same walk.",
        ),
    )


def _even(work: Work, order: Ints, result: SequenceResult) -> tuple[Claim, ...]:
    """Claim the deviation from an even mix, counted product by product."""
    total, gaps = len(order), np.zeros(len(order))
    for product in range(len(work.names)):
        is_it = order == product
        gaps += (np.cumsum(is_it) - np.arange(1, total + 1) * is_it.sum() / total) ** 2
    wrong = max(
        float(np.abs(gaps - result.launches["deviation"]).max()), abs(float(gaps.sum()) - result.deviation)
    )
    return (
        at_most(
            "deviation",
            wrong,
            bound=UNITS2 * max(1.0, float(gaps.sum())),
            unit="1",
            method="Squared distance from an even mix, counted at every place.",
        ),
    )


def _bounds(params: SequenceParams, work: Work, result: SequenceResult) -> tuple[Claim, ...]:
    counts = result.mix["units"]
    proof = {"levelling": ("assignment",), "overload": ("capacity", "search", "none")}[params.goal]
    fits = result.proof in proof and (result.outcome == "optimal") == (result.proof != "none")
    outcome = equal(
        "outcome", float(fits), expected=1.0, method="`optimal` with a proof of the goal, `feasible` without."
    )
    capacity = _capacity(work, counts, np.zeros(len(work.stations), np.int64))
    if params.goal == "levelling":
        return (outcome, *_levelled(counts, result), _least(capacity, result))
    gap = result.overload - result.overload_bound
    reached = at_most(
        "gap",
        gap if result.outcome == "optimal" else 0.0,
        bound=SECONDS,
        unit="s",
        method="An optimal order has the overload that is proven to be the least.",
    )
    none = equal("unused_bound", result.deviation_bound, expected=0.0, method="Not asked for.")
    if result.proof != "search":
        return (outcome, reached, none, _least(capacity, result))
    return (outcome, reached, none, _searched(work, counts, result))


def _least(capacity: int, result: SequenceResult) -> Claim:
    return at_most(
        "overload_bound",
        result.overload_bound - capacity / MS,
        bound=SECONDS,
        unit="s",
        method="Work of all units beyond the time of all cycles and one window, station by station.",
    )


def _capacity(work: Work, left: Ints, drift: Ints) -> int:
    """Give the overload that remains for what is left to launch, whatever the order, ms."""
    units = int(left.sum())
    if not units:
        return 0
    time = (units - 1) * work.cycle + work.window
    return int(np.maximum(left @ work.times + drift - time, 0).sum())


def _levelled(counts: Ints, result: SequenceResult) -> tuple[Claim, ...]:
    """Prove by weak duality: with any prices of places, each copy takes its cheapest place at best.

    The deviation is a constant plus, for the j-th copy of product i at place k, the sum over l >= k of
    2 j - 1 - 2 l d[i] / K.
    """
    total = int(counts.sum())
    place, price = np.arange(1, total + 1), result.launches["place_price"]
    bound = float(price.sum()) + sum(float(((place * count / total) ** 2).sum()) for count in counts)
    for count in counts.tolist():
        for copy in range(1, count + 1):
            later = (2 * copy - 1) - 2 * place * count / total
            bound += float((later[::-1].cumsum()[::-1] - price).min())
    slack = UNITS2 * max(1.0, abs(result.deviation), float((total * counts**2).sum()))
    return (
        at_most(
            "deviation_bound",
            result.deviation_bound - bound,
            bound=slack,
            unit="1",
            method="Weak duality: every copy of a product at its cheapest place under the reported prices.",
        ),
        at_most(
            "gap_deviation",
            result.deviation - result.deviation_bound,
            bound=slack,
            unit="1",
            method="An optimal order has the deviation that is proven to be the least.",
        ),
    )


def _searched(work: Work, counts: Ints, result: SequenceResult) -> Claim:
    return equal(
        "search",
        float(_cheaper(work, counts, round(result.overload_bound * MS))),
        expected=0.0,
        method="All orders searched again, launch by launch; a state is dropped only where another one of "
        "the same units is nowhere later and costs no more, or where the bound is reached.",
    )


def _cheaper(work: Work, counts: Ints, bound: int) -> float:
    """Give how many states end below a bound, ms; not a number where there are too many to tell."""
    used = np.zeros((1, len(counts)), np.int64)
    drift, cost = np.zeros((1, len(work.stations)), np.int64), np.zeros(1, np.int64)
    for _ in range(int(counts.sum())):
        used, drift, cost = _launched(work, counts, used, drift, cost)
        hope = [_capacity(work, counts - row, late) for row, late in zip(used, drift, strict=True)]
        alive = cost + np.array(hope, np.int64) < bound
        used, drift, cost = _best_of_each(used[alive], drift[alive], cost[alive])
        if len(cost) > LARGEST:
            return float("nan")
    return float(len(cost))


def _launched(work: Work, counts: Ints, used: Ints, drift: Ints, cost: Ints) -> tuple[Ints, Ints, Ints]:
    """Give every state with one unit more."""
    row, product = np.nonzero(used < counts)
    finish = drift[row] + work.times[product]
    more = used[row]
    more[np.arange(len(row)), product] += 1
    return (
        more,
        np.maximum(np.minimum(finish, work.window) - work.cycle, 0),
        cost[row] + np.maximum(finish - work.window, 0).sum(axis=1),
    )


def _best_of_each(used: Ints, drift: Ints, cost: Ints) -> tuple[Ints, Ints, Ints]:
    """Give the states that no other one of the same units is as good as."""
    kept: list[int] = []
    _, group = np.unique(used, axis=0, return_inverse=True)
    for mix in range(int(group.max(initial=-1)) + 1):
        rows = np.flatnonzero(group == mix)
        values = np.unique(np.column_stack([cost[rows], drift[rows]]), axis=0, return_index=True)
        rows = rows[values[1]]
        state = values[0]  # sorted by cost, all different
        chosen: list[int] = []
        for number in range(len(rows)):
            if not chosen or not (state[chosen] <= state[number]).all(axis=1).any():
                chosen.append(number)
        kept += rows[chosen].tolist()
    return used[kept], drift[kept], cost[kept]
