"""A line as the recursion takes it, and what of a line it cannot express."""

from collections.abc import Iterator
from dataclasses import dataclass

from genba.line.checks.flow import feeders_of
from genba.line.kernels import laws as known
from genba.line.kernels.flow_model import FlowLink, FlowStation, unordered
from genba.line.kernels.laws import Law
from genba.line.kernels.occupations import CALENDAR, NEVER, OPERATING
from genba.line.records.line import Line, Link, Station
from genba.line.records.loads import station_loads
from genba.line.records.spread import Time

LONGEST_CYCLE = 100
"""Units after which a launch sequence begins anew at the latest."""
WHOLE = 1e-9


@dataclass(frozen=True, eq=False)
class Flow:
    """What is simulated of a line.

    Arguments:
        line: the line.
        order: places of the stations in `line.stations`, each after those that feed it.
        stations: in that order.
        links: ways between them.
        arrivals: time between units that come, s; none: never short of one.
        sequence: products in the order of launch, again and again.
        reasons: what the recursion cannot express.
    """

    line: Line
    order: tuple[int, ...]
    stations: tuple[FlowStation, ...]
    links: tuple[FlowLink, ...]
    arrivals: Law | None
    sequence: tuple[int, ...]
    reasons: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Give the ids of the stations, in order."""
        return tuple(self.line.stations[place].id for place in self.order)


def flow_of(line: Line, *, wait_to_start: bool = False) -> Flow:
    """Give what is simulated of a line that has been checked; `wait_to_start`: it blocks before service."""
    order = _order(line)
    sequence = launch(tuple(product.share for product in line.products))
    stations = tuple(_station(line, place, sequence) for place in order)
    links = tuple(_links(line, order))
    arrivals = law_of(line.arrivals, 0.0) if line.arrivals is not None else None
    reasons = tuple(dict.fromkeys(_reasons(line, sequence)))
    if not reasons and unordered(stations, links, wait_to_start=wait_to_start):
        reasons = ("parallel servers meet a buffer too small for their order",)
    return Flow(line, order, stations, links, arrivals, sequence, reasons)


def _order(line: Line) -> tuple[int, ...]:
    """Give the places of the stations, each after those that feed it."""
    feeders, place = feeders_of(line), {station.id: k for k, station in enumerate(line.stations)}
    found: dict[str, None] = {}

    def visit(station: str) -> None:
        waiting = [station]
        while waiting:
            top = waiting[-1]
            missing = [feeder for feeder in feeders[top] if feeder not in found]
            if missing:
                waiting += missing[::-1]
            else:
                found.setdefault(waiting.pop())

    for station in line.stations:
        visit(station.id)
    return tuple(place[station] for station in found)


def launch(shares: tuple[float, ...]) -> tuple[int, ...]:
    """Give the products in the order of launch that stays nearest to their shares (goal chasing).

    Source: Monden, Toyota Production System (4th ed., 2012), chapter on sequencing, for equal usage.
    """
    if len(shares) < 2:
        return (0,)
    total = sum(shares)
    wanted = [share / total for share in shares]
    length = next(
        (n for n in range(1, LONGEST_CYCLE) if all(abs(w * n - round(w * n)) < WHOLE * n for w in wanted)),
        LONGEST_CYCLE,
    )
    made, sequence = [0] * len(shares), []
    for n in range(1, length + 1):
        chosen = max(range(len(shares)), key=lambda product: (n * wanted[product] - made[product], -product))
        made[chosen] += 1
        sequence.append(chosen)
    return tuple(sequence)


def law_of(time: Time, mean: float) -> Law:
    """Give the distribution of a time; `mean` stands in where it has none."""
    mean = time.mean if time.mean is not None else mean
    if time.kind == "triangular":
        return known.triangular(time.low or 0.0, time.mode or 0.0, time.high or 0.0)
    if time.kind == "empirical":
        return known.empirical(time.values)
    if mean == 0 or time.kind == "deterministic":
        return known.deterministic(mean)
    if time.kind == "exponential":
        return known.exponential(mean)
    shaped = {
        "normal": known.normal,
        "lognormal": known.lognormal,
        "gamma": known.gamma_law,
        "weibull": known.weibull,
    }
    return shaped[time.kind](mean, time.cv)


def works(line: Line, place: int) -> tuple[Time, tuple[float, ...]]:
    """Give how a station's work varies, with mean 1 where it follows the product, and its factors."""
    station = line.stations[place]
    spread = station.work or Time(kind="deterministic")
    given = spread.mean is not None or spread.kind in ("triangular", "empirical")
    if given:
        return spread, (1.0,) * max(len(line.products), 1)
    products = [product.id for product in line.products]
    means = tuple(station_loads(line, product)[place] for product in products or (None,))
    if len(set(means)) == 1:
        return spread.model_copy(update={"mean": means[0]}), (1.0,) * len(means)
    return spread.model_copy(update={"mean": 1.0}), means


def _station(line: Line, place: int, sequence: tuple[int, ...]) -> FlowStation:
    station = line.stations[place]
    spread, factors = works(line, place)
    broken = station.breakdown
    clock = NEVER if broken is None else {"operating": OPERATING, "calendar": CALENDAR}[broken.clock]
    return FlowStation(
        work=law_of(spread, 0.0),
        servers=station.servers,
        failure=law_of(broken.mtbf, 0.0) if broken else None,
        repair=law_of(broken.mttr, 0.0) if broken else None,
        clock=clock,
        factors=tuple(factors[product] for product in sequence) if len(set(factors)) > 1 else (),
    )


def link_of(line: Line, source: str, target: str) -> Link | None:
    """Give the link between two stations, where there is one."""
    return next((link for link in line.links if (link.source, link.target) == (source, target)), None)


def travel_of(line: Line, link: Link | None) -> float:
    """Give the time on a link, s."""
    if link is None:
        return 0.0
    if link.time is not None:
        return link.time
    speed = next((group.travel for group in line.groups if group.id == link.group), 0.0)
    return link.distance / speed if speed > 0 else 0.0


def places_of(line: Line, source: str, target: str) -> int | None:
    """Give the places between two stations; a buffer for all feeders gives as many to each of them."""
    own = [b for b in line.buffers if b.before == target and b.after == source]
    shared = [b for b in line.buffers if b.before == target and not b.after]
    return (own or shared)[0].capacity if own or shared else 0


def contents_of(line: Line, source: str, target: str) -> int:
    """Give the parts that wait between two stations at the start, or before an entry; as places are given."""
    own = [b for b in line.buffers if b.before == target and b.after == source]
    shared = [b for b in line.buffers if b.before == target and not b.after]
    return (own or shared)[0].contents if own or shared else 0


def _links(line: Line, order: tuple[int, ...]) -> Iterator[FlowLink]:
    feeders = feeders_of(line)
    ids = [line.stations[place].id for place in order]
    for k, target in enumerate(ids):
        for source in feeders[target]:
            travel = travel_of(line, link_of(line, source, target))
            yield FlowLink(ids.index(source), k, places_of(line, source, target), travel)


def _reasons(line: Line, sequence: tuple[int, ...]) -> Iterator[str]:
    """Yield what depends on more than the order of parts."""
    mixed = len(set(sequence)) > 1
    feeders = feeders_of(line)
    for station in line.stations:
        yield from _station_reasons(station, len(feeders[station.id]), mixed)
    for link in line.links:
        if link.by == "agv" or link.capacity is not None or (link.by == "hand" and link.group):
            yield "parts travel by vehicles or on a way of limited room"
        elif travel_of(line, link) > 0 and places_of(line, link.source, link.target) is not None:
            yield "parts travel to a buffer of limited room"
    if any(buffer.contents > 0 for buffer in line.buffers):
        yield "parts wait in buffers at the start"
    if mixed and len({product.priority for product in line.products}) > 1:
        yield "products overtake one another by priority"
    for worker in line.workers:
        needed = sum(station.servers for station in line.stations if worker.id in station.workers)
        if worker.count < needed:
            yield "stations share workers"
    if len([s for s in line.stations if not feeders[s.id]]) > 1 and line.arrivals is not None:
        yield "arrivals feed one of several entries"


def _station_reasons(station: Station, feeders: int, mixed: bool) -> Iterator[str]:
    if station.scrap > 0 or (station.rework is not None and station.rework.share > 0):
        yield "parts are scrapped or reworked"
    if station.breakdown is not None and station.breakdown.crew:
        yield "machines share a repair crew"
    if station.breakdown is not None and station.servers > 1:
        yield "parallel machines fail"
    if mixed and station.servers > 1:
        yield "products overtake one another in parallel places"
    if mixed and station.changeover > 0:
        yield "changeovers depend on the product before"
    if feeders > 1 and station.join == "merge":
        yield "streams of parts merge"


__all__ = ["Flow", "contents_of", "flow_of", "launch", "law_of", "link_of", "places_of", "travel_of", "works"]
