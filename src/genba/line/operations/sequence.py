"""`line.sequence`: in which order to launch the units of several products."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.errors import input_error
from genba.core.operation import operation
from genba.line.certify.sequence import certify_sequence
from genba.line.checks.asked import NO_PLAN, NO_STATIONS
from genba.line.io.opening import open_line
from genba.line.kernels.product_rates import even_order
from genba.line.kernels.work_overload import (
    Launching,
    capacity_bound,
    first_layer,
    most_promising,
    next_layer,
    overload,
    traced,
)
from genba.line.records.line import Line, Product
from genba.line.records.loads import station_loads
from genba.line.records.pace import planned_cycle
from genba.line.records.sequence import (
    LAUNCHES,
    MIX,
    SEQUENCED_STATIONS,
    SequenceParams,
    SequenceResult,
)
from genba.line.views.sequence import view_sequence
from genba.num.table import Table, table

Ints = NDArray[np.int64]
Proof = Literal["capacity", "search", "assignment", "none"]

PER_SECOND = 1000
"""Times are whole milliseconds inside."""
WIDTHS = (64, 512, 4096)
"""States kept after each launch, search by search; one that never has to drop any has seen all orders."""
NS = 1e9


@dataclass(frozen=True)
class Found:
    """An order and what is proven about it; the bound is in milliseconds of overload."""

    order: Ints
    bound: int
    proof: Proof


@operation("line.sequence", certify=certify_sequence, views=view_sequence, example="example:inverter")
def sequence(params: SequenceParams, ctx: Context) -> SequenceResult:
    """Order the launches of several products: least work overload, or the most even mix.

    Overload: dynamic programming over mixes with dominance, wider and wider until no state was dropped
    (optimal) or the time is up. Levelling: an exact assignment whose multipliers are its proof. A
    station with several places takes its units in turn, so its times count over its places.

    Example:
        >>> import genba
        >>> genba.line.sequence(line="example:inverter", goal="levelling").result.outcome
        'optimal'

    Source: Yano and Rachamadugu (1991); Kubiak and Sethi (1991).
    """
    line = open_line(params, ctx)
    cycle = _cycle(params, line)
    counts = _counts([product.share for product in _products(line)], params.units)
    work = _launching(line, counts, cycle, params.window)
    if params.goal == "levelling":
        return _levelled(params, line, work)
    until = ctx.clock() + params.time_limit * NS
    found = _least_overload(work, ctx, lambda: ctx.clock() > until)
    return _result(params, line, work, found, np.full(work.total, np.nan), 0.0)


def _products(line: Line) -> tuple[Product, ...]:
    made = tuple(product for product in line.products if product.share > 0)
    return made or (Product(id=line.name, share=1.0),)


def _cycle(params: SequenceParams, line: Line) -> float:
    """Give the time between launches, s.

    Raises:
        InputError: when neither the call nor the line says it.
    """
    cycle = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    if cycle is None:
        raise input_error(NO_PLAN, "cycle_time")
    return cycle


def _counts(shares: list[float], units: int) -> Ints:
    """Give whole numbers of units by largest remainder; the first of equals gets the odd unit."""
    ideal = np.array(shares) / sum(shares) * units
    counts = np.floor(ideal).astype(np.int64)
    left = np.argsort(-(ideal - counts), kind="stable")[: units - int(counts.sum())]
    counts[left] += 1
    return counts


def _launching(line: Line, counts: Ints, cycle: float, window: float) -> Launching:
    """Give the work in whole milliseconds.

    Raises:
        InputError: when no station has work to do.
    """
    if not line.stations:
        raise input_error(NO_STATIONS, "stations")
    places = np.array([station.servers for station in line.stations])
    loads = np.array([station_loads(line, product.id) for product in _products(line)])
    times = np.rint(loads / places * PER_SECOND).astype(np.int64)
    return Launching(
        counts,
        times,
        round(cycle * PER_SECOND),
        max(round(window * cycle * PER_SECOND), round(cycle * PER_SECOND)),
    )


def _least_overload(work: Launching, ctx: Context, late: Callable[[], bool]) -> Found:
    """Search wider and wider; a search that dropped no state proves its order."""
    order = even_order(work.counts).product
    best = overload(work, order)
    floor = int(capacity_bound(work, first_layer(work))[0])
    for number, width in enumerate(WIDTHS):
        if best == floor:
            break
        better, complete = _search(work, best, width, ctx, number, late)
        order, best = (better, overload(work, better)) if better is not None else (order, best)
        if complete:
            return Found(order, best, "capacity" if best == floor else "search")
        if late():
            break
    return Found(order, floor, "capacity" if best == floor else "none")


def _search(
    work: Launching, best: int, width: int, ctx: Context, number: int, late: Callable[[], bool]
) -> tuple[Ints | None, bool]:
    """Give an order below `best` where one was found, and whether none was dropped on the way."""
    layers, complete = [first_layer(work)], True
    for place in range(work.total):
        share = (number + (place + 1) / work.total) / len(WIDTHS)
        ctx.progress(share, f"overload {best / PER_SECOND:.1f} s, up to {width} states a launch")
        if late():
            return None, False
        layer = next_layer(work, layers[-1], best)
        if len(layer.cost) > width:
            layer, complete = most_promising(work, layer, width), False
        if not len(layer.cost):
            return None, complete
        layers.append(layer)
    return traced(layers, int(np.argmin(layers[-1].cost))), complete


def _levelled(params: SequenceParams, line: Line, work: Launching) -> SequenceResult:
    even = even_order(work.counts)
    scale = work.total**2
    floor = int(capacity_bound(work, first_layer(work))[0])
    found = Found(even.product, floor, "assignment")
    return _result(params, line, work, found, even.price / scale, even.deviation / scale)


def _result(
    params: SequenceParams,
    line: Line,
    work: Launching,
    found: Found,
    price: NDArray[np.float64],
    deviation_bound: float,
) -> SequenceResult:
    launches, stations = _tables(line, work, found.order, price)
    products = _products(line)
    return SequenceResult(
        outcome="optimal" if found.proof != "none" else "feasible",
        proof=found.proof,
        cycle_time=work.cycle / PER_SECOND,
        overload=overload(work, found.order) / PER_SECOND,
        overload_bound=found.bound / PER_SECOND,
        deviation=float(launches["deviation"].sum()),
        deviation_bound=deviation_bound,
        launches=launches,
        mix=table(
            MIX,
            product=[product.id for product in products],
            share=[product.share for product in products],
            units=work.counts,
        ),
        stations=stations,
    )


def _tables(line: Line, work: Launching, order: Ints, price: NDArray[np.float64]) -> tuple[Table, Table]:
    """Give what each launch and each station costs."""
    total, stations = work.total, work.times.shape[1]
    over, finishes = np.zeros((total, stations), np.int64), np.zeros((total, stations), np.int64)
    drift = np.zeros(stations, np.int64)
    for place, product in enumerate(order):
        finish = drift + work.times[product]
        over[place], finishes[place] = np.maximum(finish - work.window, 0), np.minimum(finish, work.window)
        drift = np.maximum(finishes[place] - work.cycle, 0)
    names = [product.id for product in _products(line)]
    launched = np.cumsum(order[:, None] == np.arange(len(names)), axis=0)  # (K, P)
    even = np.outer(np.arange(1, total + 1), work.counts) / total
    launches = table(
        LAUNCHES,
        place=np.arange(1, total + 1),
        product=[names[product] for product in order],
        overload=over.sum(axis=1) / PER_SECOND,
        deviation=((launched - even) ** 2).sum(axis=1),
        place_price=price,
    )
    return launches, table(
        SEQUENCED_STATIONS,
        station=[station.id for station in line.stations],
        work=(work.counts @ work.times) / PER_SECOND,
        overload=over.sum(axis=0) / PER_SECOND,
        drift=finishes.max(axis=0) / PER_SECOND,
    )
