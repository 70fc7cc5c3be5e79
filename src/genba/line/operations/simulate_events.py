"""A line as the event engine takes it, and its replications one after the other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
            one = runs(self.flow, self.plan) * len(self.plan.stations)
            lanes, end = FEW, min(end, CHEAP // (one * FEW))
        if self.params.differences == "never" or end - start < LEAST:
            return None
        compared = Compared((start, end), lanes, self.threads)
        found = event_gains(self.flow, without_breaks(self.plan), self.links, compared, heed)
        if not self.arrivals:
            return found
        work, repair = (np.insert(answer, 0, 0.0, axis=1) for answer in (found.work, found.repair))
        return replace(found, work=work, repair=repair)

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
    line = flow.line
    ways = _ways(flow)
    arriving = [target for target, link in ways if link is None][: 1 if flow.arrivals is not None else 0]
    routes, fleets = [], _Fleets(flow)
    for number, (target, link) in enumerate(ways):
        if link is not None:
            routes.append((link.source, fleets.route(number, link.source, target, link.travel)))
    onward = {source: number for number, (source, _) in enumerate(routes)}
    sources = tuple(
        EventSource(queue=number, between=flow.arrivals if target in arriving else None)
        for number, (target, link) in enumerate(ways)
        if link is None
    )
    off = off_times(line) if breaks else ()
    teams = {worker.id: number for number, worker in enumerate(line.workers)}
    return EventPlan(
        stations=tuple(
            replace(_station(line, place, onward.get(k, END), teams, before), calendar=0 if off else None)
            for k, place in enumerate(flow.order)
        ),
        queues=tuple(_queue(flow, *way) for way in ways),
        routes=tuple(route for _, route in routes),
        sources=sources,
        fleets=tuple(fleets.made),
        teams=tuple(worker.count for worker in line.workers),
        calendars=(EventCalendar(DAY, off),) if off else (),
        sequence=flow.sequence,
        priorities=tuple(product.priority for product in line.products) or (0,),
        seed=seed,
    )


def _queue(flow: Flow, target: int, link: FlowLink | None) -> EventQueue:
    """Give the queue at the end of a link, or of an entry, with what it holds at the start."""
    source = "" if link is None else flow.ids[link.source]
    held = contents_of(flow.line, source, flow.ids[target])
    return EventQueue(station=target, places=None if link is None else link.places, contents=held)


def _ways(flow: Flow) -> list[tuple[int, FlowLink | None]]:
    """Give the target of every queue, and the link that leads to it where it is no entry, by target."""
    fed = {link.target for link in flow.links}
    ways: list[tuple[int, FlowLink | None]] = [(k, None) for k in range(len(flow.ids)) if k not in fed]
    ways += [(link.target, link) for link in flow.links]
    return sorted(ways, key=lambda way: way[0])


def queues_shown(flow: Flow) -> list[int]:
    """Give the queues of arrivals, where there are any, and of the links, in their order."""
    ways = _ways(flow)
    entries = [number for number, (_, link) in enumerate(ways) if link is None]
    of_links = {link: number for number, (_, link) in enumerate(ways) if link is not None}
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
