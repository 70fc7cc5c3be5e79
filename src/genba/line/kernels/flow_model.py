"""A line as the time recursion takes it: stations, links, distributions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.flow_line import Plan
from genba.line.kernels.laws import Law, deterministic, laws
from genba.line.kernels.occupations import CALENDAR, NEVER, Draws
from genba.line.kernels.random_blocks import key_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FlowStation:
    """A station of the recursion.

    Arguments:
        work: time per part, s.
        servers: equal places.
        failure: time until a failure, s; none: it never fails.
        repair: time of a repair, s.
        clock: `NEVER`, `OPERATING` or `CALENDAR`.
        factors: what work is multiplied by, part after part of the launch cycle; none: 1.
    """

    work: Law
    servers: int = 1
    failure: Law | None = None
    repair: Law | None = None
    clock: int = NEVER
    factors: tuple[float, ...] = ()


@dataclass(frozen=True)
class FlowLink:
    """A way from one station to the next: its places (none: as many as needed) and time on it, s."""

    source: int
    target: int
    places: int | None
    travel: float = 0.0


@dataclass(frozen=True, eq=False)
class Model:
    """A line, ready to be simulated.

    Arguments:
        plan: its recursion.
        draws: what its stations draw, by stream; the key is that of seed 0.
        entry: station by whose starts units enter.
        arrivals: whether that station stands for arrivals (the last of all, then).
        exit: station by which units leave.
    """

    plan: Plan
    draws: Draws
    entry: int
    arrivals: bool
    exit: int

    def seeded(self, seed: int) -> "Model":
        """Give the model with the key of a seed."""
        return replace(self, draws=self.draws._replace(key=key_of(seed)))

    def wider(self, link: int, places: int = 1) -> "Model":
        """Give the model with more places on one link."""
        back, reach = self.plan.back.copy(), self.plan.reach.copy()
        back[link] += places
        reach[self.plan.source[link]] += places
        return replace(self, plan=self.plan._replace(back=back, reach=reach))


def model_of(
    stations: Sequence[FlowStation],
    links: Sequence[FlowLink],
    *,
    arrivals: Law | None = None,
    wait_to_start: bool = False,
) -> Model:
    """Build a model; stations stand in an order in which each comes after those that feed it.

    Arguments:
        stations: all stations; the first one without feeders is where units enter.
        links: ways between them.
        arrivals: time between units that come to that station, s; none: it is never short of one.
        wait_to_start: whether a part without a place behind is not even begun.
    """
    order, ways = list(stations), list(links)
    fed = {link.target for link in ways}
    entry = next(k for k in range(len(order)) if k not in fed)
    last = next(k for k in reversed(range(len(order))) if k not in {link.source for link in ways})
    numbers = np.arange(len(order))
    if arrivals is not None:  # arrivals stand before all stations; their stream is the one behind the last
        order = [FlowStation(arrivals), *order]
        ways = [FlowLink(0, entry + 1, None), *(_moved(link) for link in ways)]
        numbers, entry, last = np.append(len(stations), numbers), 0, last + 1
    plan = _plan(order, ways, wait_to_start)
    return Model(plan, _draws(order, numbers), entry, arrivals is not None, last)


def _moved(link: FlowLink) -> FlowLink:
    return replace(link, source=link.source + 1, target=link.target + 1)


def _plan(stations: Sequence[FlowStation], links: Sequence[FlowLink], wait: bool) -> Plan:
    count = len(stations)
    source = np.array([link.source for link in links], np.int64)
    target = np.array([link.target for link in links], np.int64)
    servers = np.array([station.servers for station in stations], np.int64)
    clock = np.array([station.clock for station in stations], np.int64)
    back = np.array([-1 if li.places is None else li.places + servers[li.target] for li in links], np.int64)
    travel = np.array([link.travel for link in links], np.float64)
    before, feeds = _grouped(target, count)
    behind, fed = _grouped(source, count)
    feed, place, reach = np.full(count, count), np.full(count, count), np.ones(count, np.int64)
    feed[target] = source
    held = back >= 0
    place[source[held]], reach[source[held]] = target[held], back[held]
    plain = (servers == 1) & (clock != CALENDAR) & (np.diff(before) <= 1) & (np.diff(behind) <= 1)
    plain &= not wait
    plain[target[travel > 0]] = False
    lag = _lags(servers, source, target)
    return Plan(
        servers,
        lag,
        clock,
        before,
        feeds,
        behind,
        fed,
        source,
        target,
        back,
        travel,
        feed,
        place,
        reach,
        plain,
        wait,
    )


def _grouped(ends: Ints, count: int) -> tuple[Ints, Ints]:
    """Give links by the station at one end, as rows of a compressed table."""
    begins = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=count))]).astype(np.int64)
    return begins, np.argsort(ends, kind="stable").astype(np.int64)


def _lags(servers: Ints, source: Ints, target: Ints) -> Ints:
    lag = np.zeros(len(servers), np.int64)
    for k in range(len(servers)):
        for link in np.flatnonzero(target == k):
            lag[k] = max(lag[k], lag[source[link]] + servers[source[link]] - 1)
    return lag


def _draws(stations: Sequence[FlowStation], numbers: Ints) -> Draws:
    never = deterministic(1.0)
    table = laws([law for one in stations for law in (one.work, one.failure or never, one.repair or never)])
    rows = 3 * np.arange(len(stations))
    cycle = max(len(station.factors) for station in stations)
    factor = np.array([station.factors or (1.0,) * cycle for station in stations]).reshape(
        len(stations), cycle
    )
    return Draws(
        key=key_of(0),
        stream=np.asarray(numbers, np.int64),
        work=rows,
        clock=np.array([station.clock for station in stations], np.int64),
        failure=rows + 1,
        repair=rows + 2,
        laws=table.rows,
        table=table.table,
        factor=factor,
    )


def unordered(
    stations: Sequence[FlowStation], links: Sequence[FlowLink], *, wait_to_start: bool = False
) -> bool:
    """Tell whether places are freed too late for the recursion's order: branches that lag by unlike numbers.

    It happens where branches of parallel servers meet and the shorter one's buffer holds less than the lag;
    and where parallel servers wait for a place before they begin, and places are fewer than other servers.
    """
    servers = np.array([station.servers for station in stations], np.int64)
    source = np.array([link.source for link in links], np.int64)
    target = np.array([link.target for link in links], np.int64)
    lag = _lags(servers, source, target)
    short = lag[target] - lag[source] - (0 if wait_to_start else servers[source] - 1)
    return any(li.places is not None and li.places < gap for li, gap in zip(links, short, strict=True))


__all__ = ["FlowLink", "FlowStation", "Model", "model_of", "unordered"]
