"""A line as the event engine takes it, and its replications one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.line.kernels.event_course import Course, course
from genba.line.kernels.event_observe import observe_events
from genba.line.kernels.event_plan import (
    END,
    EventCalendar,
    EventFleet,
    EventPlan,
    EventQueue,
    EventRoute,
    EventSource,
    EventStation,
)
from genba.line.kernels.flow_model import FlowLink
from genba.line.kernels.laws import Law
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.replications import Observed, Series
from genba.line.kernels.sensitivity import Sensitivities
from genba.line.operations.simulate_gains import Compared, event_gains, runs
from genba.line.operations.simulate_model import Flow, contents_of, law_of, link_of, works
from genba.line.records.line import Line, Link, Station
from genba.line.records.pace import DAY, off_times
from genba.line.records.simulate import SimulateParams

STATES = ("working", "down", "blocked", "waiting", "starved", "off")
CHEAP, FEW = 8_000_000, 8
"""Parts times stations that are simulated for gains where they shall be cheap, some 4 s, and replications."""
LEAST = 100
"""Fewest units that gains are told from."""


class Events:
    """The event engine."""

    def __init__(self, flow: Flow, params: SimulateParams, seed: int, threads: int = 1) -> None:
        """Build the plan of a line."""
        before = params.blocking == "before"
        self.flow, self.params, self.threads = flow, params, threads
        self.plan = plan_of(flow, before=before, seed=seed, breaks=params.breaks)
        self.links = queues_shown(flow)
        self.arrivals = flow.arrivals is not None

    def observe(
        self, first: int, spans: list[tuple[float, float]], heed: Callable[[], None]
    ) -> tuple[list[Observed], Series]:
        """Simulate a group of replications and look at them in some windows, s."""
        seen, series = observe_events(self.plan, first, spans, links=self.links, heed=heed)
        return [_with_arrivals(one) if self.arrivals else one for one in seen], series

    def gains(self, start: int, end: int, heed: Callable[[], None]) -> Sensitivities | None:
        """Give how throughput between two units answers, by differences; none where that is too long."""
        lanes = LANES
        if self.params.differences == "cheap":
            one = self.asked * len(self.plan.stations)
            lanes, end = FEW, min(end, CHEAP // (one * FEW))
        if self.params.differences == "never" or end - start < LEAST:
            return None
        compared = Compared((start, end), lanes, self.threads)
        found = event_gains(self.flow, without_breaks(self.plan), self.links, compared, heed)
        if not self.arrivals:
            return found
        work, repair = (np.insert(answer, 0, 0.0, axis=1) for answer in (found.work, found.repair))
        return replace(found, work=work, repair=repair)

    @property
    def asked(self) -> int:
        """Give how many plans gains take."""
        return runs(self.flow, self.plan)

    def story(self, start: float, end: float, heed: Callable[[], None]) -> Course:
        """Tell the first replication event by event between two times, s."""
        return course(self.plan, 0, start, end, heed)


def without_breaks(plan: EventPlan) -> EventPlan:
    """Give a line in net time, in which a unit that comes before a break or after it makes no leap."""
    stations = tuple(replace(station, calendar=None) for station in plan.stations)
    return replace(plan, stations=stations, calendars=())


def _with_arrivals(seen: Observed) -> Observed:
    """Give states with arrivals as a first station that spends no time, as the recursion has them."""
    states = {name: np.insert(getattr(seen, name), 0, 0.0, axis=1) for name in STATES}
    return replace(seen, **states)


def plan_of(flow: Flow, *, before: bool, seed: int, breaks: bool = False) -> EventPlan:
    """Give the plan; the queues of a station stand side by side, those of entries have a source.

    Arguments:
        flow: the line.
        before: whether a station without a place behind it waits to begin.
        seed: of all random numbers.
        breaks: whether breaks and the hours outside shifts pass on the clock.
    """
    line, ways, fleets = flow.line, _ways(flow), _Fleets(flow)
    entries = [number for number, way in enumerate(ways) if way.link is None and way.back is None]
    routes = [
        fleets.route(number, way.link.source, way.target, way.link.travel)
        for number, way in enumerate(ways)
        if way.link is not None
    ]
    routes += [
        EventRoute(station=way.back, queue=number) for number, way in enumerate(ways) if way.back is not None
    ]
    off = off_times(line) if breaks else ()
    return EventPlan(
        stations=tuple(
            replace(station, calendar=0 if off else None) for station in _stations(flow, ways, routes, before)
        ),
        queues=tuple(_queue(flow, way) for way in ways),
        routes=tuple(routes),
        sources=tuple(
            EventSource(queue=number, between=flow.arrivals if number == entries[0] else None)
            for number in entries
        ),
        fleets=tuple(fleets.made),
        teams=tuple(worker.count for worker in line.workers),
        calendars=(EventCalendar(DAY, off),) if off else (),
        sequence=flow.sequence,
        priorities=tuple(product.priority for product in line.products) or (0,),
        seed=seed,
    )


@dataclass(frozen=True)
class _Way:
    """What leads to a queue: a link, a station that sends parts back (`back`), or neither at an entry."""

    target: int
    link: FlowLink | None = None
    back: int | None = None


def _stations(flow: Flow, ways: list[_Way], routes: list[EventRoute], before: bool) -> Iterator[EventStation]:
    """Yield the stations; one that parts are sent back to takes them beside the others, as they come."""
    teams = {worker.id: number for number, worker in enumerate(flow.line.workers)}
    links = [(number, route.station, ways[route.queue]) for number, route in enumerate(routes)]
    onward = {station: number for number, station, way in links if way.back is None}
    back = {station: number for number, station, way in links if way.back is not None}
    again = {way.target: _again(flow, way.back) for way in ways if way.back is not None}
    for k, place in enumerate(flow.order):
        station = _station(flow.line, place, onward.get(k, END), teams, before)
        own = None if k in back else station.again  # what is sent back is repeated elsewhere
        yield replace(
            station,
            rework_route=back.get(k),
            merges=station.merges or k in again,
            again=again.get(k) or own,
        )


def _again(flow: Flow, station: int) -> Law | None:
    """Give the time of the repeated work on what a station sends back to another; none: as the first time."""
    place = flow.order[station]
    rework = flow.line.stations[place].rework
    given = rework.work if rework is not None else None
    return None if given is None else law_of(given, station_mean(flow.line, place))


def _queue(flow: Flow, way: _Way) -> EventQueue:
    """Give the queue at the end of a way; what is sent back always finds a place."""
    if way.back is not None:
        return EventQueue(station=way.target)
    source = "" if way.link is None else flow.ids[way.link.source]
    held = contents_of(flow.line, source, flow.ids[way.target])
    return EventQueue(station=way.target, places=None if way.link is None else way.link.places, contents=held)


def _ways(flow: Flow) -> list[_Way]:
    """Give what leads to every queue, by target: links or an entry, then stations that send parts back."""
    fed = {link.target for link in flow.links}
    ways = [_Way(k) for k in range(len(flow.ids)) if k not in fed]
    ways += [_Way(link.target, link) for link in flow.links]
    for k, place in enumerate(flow.order):
        rework = flow.line.stations[place].rework
        if rework is not None and rework.share > 0 and rework.to not in ("", flow.ids[k]):
            target = flow.ids.index(rework.to)
            if sum(link.target == target for link in flow.links) > 1 and _joins(flow, target):
                raise InputError(
                    f"{flow.ids[k]} sends parts back to {rework.to}, an assembly of several streams; "
                    "send them to a station before it",
                    where=f"station {flow.ids[k]}",
                )
            ways.append(_Way(target, back=k))
    return sorted(ways, key=lambda way: way.target)


def _joins(flow: Flow, station: int) -> bool:
    return flow.line.stations[flow.order[station]].join == "assembly"


def queues_shown(flow: Flow) -> list[int]:
    """Give the queues of arrivals, where there are any, and of the links, in their order."""
    ways = _ways(flow)
    entries = [number for number, way in enumerate(ways) if way.link is None and way.back is None]
    of_links = {way.link: number for number, way in enumerate(ways) if way.link is not None}
    arriving = entries[:1] if flow.arrivals is not None else []
    return arriving + [of_links[link] for link in flow.links]


class _Fleets:
    """Vehicles of the groups that links name, made when the first link asks for them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.made: list[EventFleet] = []
        self.number: dict[str, int] = {}

    def route(self, queue: int, source: int, target: int, travel: float) -> EventRoute:
        """Give the way from a station to a queue."""
        line, ids = self.flow.line, self.flow.ids
        link = link_of(line, ids[source], ids[target])
        driven = link is not None and bool(link.group) and link.by != "conveyor"
        return EventRoute(
            station=source,
            queue=queue,
            time=travel,
            fleet=self._fleet(link) if link is not None and driven else None,
            capacity=None if link is None or driven else link.capacity,
        )

    def _fleet(self, link: Link) -> int:
        if link.group not in self.number:
            group = next(group for group in self.flow.line.groups if group.id == link.group)
            home = self.flow.ids.index(link.source)
            self.number[link.group] = len(self.made)
            self.made.append(EventFleet(travel=_travel(self.flow, group.travel), home=(home,) * group.count))
        return self.number[link.group]


def _travel(flow: Flow, speed: float) -> NDArray[np.float64]:
    """Give the time of an empty vehicle between stations: along their positions, else along the line, s."""
    count = len(flow.ids)
    places = [flow.line.stations[place].position for place in flow.order]
    travel = np.zeros((count, count))
    known = all(place is not None for place in places) and speed > 0
    along = np.cumsum([0.0, *(link.travel for link in flow.links[: count - 1])])
    for a in range(count):
        for b in range(count):
            one, other = places[a], places[b]
            if known and one is not None and other is not None:
                travel[a, b] = (abs(one.x - other.x) + abs(one.y - other.y)) / speed
            else:
                travel[a, b] = abs(along[min(a, len(along) - 1)] - along[min(b, len(along) - 1)])
    return travel


def _station(line: Line, place: int, onward: int, teams: dict[str, int], before: bool) -> EventStation:
    station = line.stations[place]
    spread, factors = works(line, place)
    broken = station.breakdown
    products = max(len(line.products), 1)
    rework = station.rework
    extra: dict[str, Any] = (
        {} if broken is None else {"uptime": law_of(broken.mtbf, 0.0), "repair": law_of(broken.mttr, 0.0)}
    )
    return EventStation(
        work=law_of(spread, 0.0),
        onward=(onward,),
        servers=station.servers,
        factor=factors,
        setup=station.changeover * (1.0 - np.eye(products)),
        merges=station.join == "merge",
        reserves=before,
        clock="none" if broken is None else broken.clock,
        crew=() if broken is None or not broken.crew else (teams[broken.crew],),
        workers=_teams(line, station, teams),
        scrap=station.scrap,
        rework=rework.share if rework is not None else 0.0,
        again=law_of(rework.work, station_mean(line, place)) if rework and rework.work else None,
        **extra,
    )


def station_mean(line: Line, place: int) -> float:
    """Give the mean time of a station's work over products, s."""
    spread, factors = works(line, place)
    return law_of(spread, 0.0).mean * float(np.mean(factors))


def _teams(line: Line, station: Station, teams: dict[str, int]) -> tuple[int, ...]:
    """Give the teams of which one worker is needed; those with a worker for every place are never short."""
    ample = set()
    for worker in line.workers:
        needed = sum(one.servers for one in line.stations if worker.id in one.workers)
        if worker.count >= needed:
            ample.add(worker.id)
    if any(worker in ample for worker in station.workers):
        return ()
    return tuple(teams[worker] for worker in station.workers if worker in teams)


__all__ = ["Events", "plan_of", "queues_shown"]
