"""A plan of the event engine laid out in the cells that its kernels work on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, Numbers, numbers
from genba.line.kernels.event_plan import EventPlan, EventStation, Times
from genba.line.kernels.event_world import (
    AGAIN,
    AT_ONCE,
    CONSTANT,
    CONVEYED,
    DRIVEN,
    GIVEN,
    LAW,
    NONE,
    STARVED,
    UNIFORM,
)
from genba.line.kernels.laws import DETERMINISTIC, Law, laws
from genba.line.kernels.random_blocks import FAILURE, QUALITY, REPAIR, REWORK, WORK, key_of

CLOCKS = ("none", "operating", "calendar")
PARTS = 64
"""Parts that a line has room for at first besides one per server; it grows as needed."""


@dataclass
class _Layout:
    """Cells that are handed out one region after the other."""

    m: Cells = field(default_factory=lambda: np.zeros(1024, np.int64))
    used: int = at.HEADER

    def take(self, size: int) -> int:
        """Hand out a region of zeros and give its address."""
        begin = self.used
        self.used += size
        if self.used > len(self.m):
            self.m = np.concatenate([self.m, np.zeros(self.used + len(self.m), np.int64)])
        return begin

    def rows(self, count: int, size: int) -> range:
        """Hand out rows and give their addresses."""
        begin = self.take(count * size)
        return range(begin, begin + count * size, size)

    def numbers(self, given: Any) -> int:
        """Hand out a region with these numbers in it."""
        flat = np.asarray(given, np.float64).ravel()
        begin = self.take(len(flat))
        self.x[begin : begin + len(flat)] = flat
        return begin

    def integers(self, given: Any) -> int:
        """Hand out a region with these integers in it."""
        begin = self.take(len(given))
        self.m[begin : begin + len(given)] = given
        return begin

    @property
    def x(self) -> Numbers:
        """The cells read as numbers."""
        return np.asarray(numbers(self.m))


@dataclass
class _Builder:
    """A plan and where its entities lie."""

    plan: EventPlan
    cells: _Layout
    stations: range = range(0)
    queues: range = range(0)
    routes: range = range(0)
    fleets: range = range(0)
    calendars: range = range(0)
    laws: list[tuple[int, Law]] = field(default_factory=list)
    drawn: int = 0

    def put(self, row: int, **values: Any) -> None:
        """Write fields of an entity; an integer as such, a float as a number."""
        for name, value in values.items():
            place = row + getattr(at, name)
            if isinstance(value, float):
                self.cells.x[place] = value
            else:
                self.cells.m[place] = int(value)

    def stream(self, times: Times | None, number: int, purpose: int) -> int:
        """Lay out a stream of draws and give its address; None: uniform numbers."""
        row = self.cells.take(at.STREAM)
        self.put(row, STREAM_KIND=UNIFORM, STREAM_NUMBER=number, STREAM_PURPOSE=purpose)
        if isinstance(times, Law) and times.kind == DETERMINISTIC:
            self.put(row, STREAM_KIND=CONSTANT, STREAM_VALUE=float(times.mean))
        elif isinstance(times, Law):
            self.put(row, STREAM_KIND=LAW)
            self.laws.append((row, times))
        elif times is not None:
            begin = self.cells.numbers(times)
            self.put(row, STREAM_KIND=GIVEN, STREAM_BEGIN=begin, STREAM_COUNT=len(times))
        return row


def template_of(plan: EventPlan, *, levels: int = 0) -> Cells:
    """Give the cells of a line before its first event.

    Arguments:
        plan: the line.
        levels: numbers of waiting parts that the time is counted of, from 0 on, the last with all above it.
    """
    build = _Builder(plan, _Layout())
    _regions(build)
    _shared(build)
    for k, station in enumerate(plan.stations):
        _station(build, k, station)
    _queues(build, levels)
    _routes(build)
    _fleets(build)
    _teams(build)
    _sources(build)
    _calendars(build)
    _laws(build)
    return build.cells.m[: build.cells.used].copy()


def start(
    template: Cells,
    replication: int = 0,
    *,
    parts: int = NONE,
    horizon: float = inf,
    exits: int = 1,
    leaves: int = 0,
    trace: int = 0,
) -> Cells:
    """Give a copy of a template for one replication.

    Arguments:
        template: of `template_of`; it stays as it is.
        replication: number of the replication, which its random numbers follow from.
        parts: good parts after which the run ends; NONE: no such end.
        horizon: time at which the run ends, s.
        exits: last good parts to keep at least, all where `parts` is given.
        leaves: departures to keep of each station.
        trace: changes of state to keep.
    """
    cells = _Layout(template.copy(), len(template))
    room = max(parts, exits)
    stations = range(template[at.STATIONS], template[at.STATIONS_END], at.STATION)
    kept = [cells.take(leaves) for _ in stations]
    gone, traced = cells.take(room * at.EXIT), cells.take(trace * at.TRACE)
    m = cells.m[: cells.used]
    m[[station + at.STATION_LEAVES for station in stations]] = kept
    m[[at.REPLICATION, at.TARGET, at.LEAVES_ROOM]] = replication, parts, leaves
    m[[at.EXIT_ROWS, at.EXIT_ROOM, at.TRACE_ROWS, at.TRACE_ROOM]] = gone, room, traced, trace
    numbers(m)[at.HORIZON_TIME] = horizon
    servers = (m[at.SERVERS_END] - m[at.SERVERS]) // at.SERVER
    queues = np.arange(m[at.QUEUES], m[at.QUEUES_END], at.QUEUE)
    return _with_room(m, PARTS + int(servers) + int(m[queues + at.QUEUE_CONTENTS].sum()))


def grow(m: Cells) -> Cells:
    """Give the cells with room for twice as many parts."""
    return _with_room(m, int(m[at.PART_ROOM]))


def _with_room(m: Cells, parts: int) -> Cells:
    """Give the cells with so many more free parts, and a heap that has an event for each of them."""
    pending = int(m[at.PENDING]) * at.EVENT
    servers = (m[at.SERVERS_END] - m[at.SERVERS]) // at.SERVER
    events = 3 * servers + int(m[at.MARGIN]) + int(m[at.PART_ROOM]) + parts
    heap, first = len(m), len(m) + int(events) * at.EVENT
    rows = first + np.arange(parts) * at.PART
    wider = np.concatenate([m, np.zeros(first - heap + parts * at.PART, np.int64)])
    wider[heap : heap + pending] = m[m[at.HEAP] : m[at.HEAP] + pending]
    wider[rows + at.PART_NEXT] = [*rows[1:], m[at.FREE_PART]]
    wider[[at.HEAP, at.FREE_PART]] = heap, first
    wider[at.PART_ROOM] += parts
    return wider


def _regions(build: _Builder) -> None:
    """Hand out the rows of stations, servers, queues, routes, calendars and fleets."""
    plan, cells = build.plan, build.cells
    build.stations = cells.rows(len(plan.stations), at.STATION)
    servers = cells.rows(sum(station.servers for station in plan.stations), at.SERVER)
    build.queues = cells.rows(len(plan.queues), at.QUEUE)
    build.routes = cells.rows(len(plan.routes), at.ROUTE)
    build.calendars = cells.rows(len(plan.calendars), at.CALENDAR)
    build.fleets = cells.rows(len(plan.fleets), at.FLEET)
    build.put(0, STATIONS=build.stations.start, STATIONS_END=build.stations.stop)
    build.put(0, SERVERS=servers.start, SERVERS_END=servers.stop)
    build.put(0, QUEUES=build.queues.start, QUEUES_END=build.queues.stop)
    build.put(0, ROUTES=build.routes.start, ROUTES_END=build.routes.stop)
    build.put(0, FLEETS=build.fleets.start, FLEETS_END=build.fleets.stop)
    build.put(0, CALENDARS=build.calendars.start, CALENDARS_END=build.calendars.stop)


def _shared(build: _Builder) -> None:
    plan, cells = build.plan, build.cells
    vehicles = sum(len(fleet.home) for fleet in plan.fleets)
    servers = sum(station.servers for station in plan.stations)
    build.put(0, SEQUENCE=cells.integers(plan.sequence), SEQUENCE_LENGTH=len(plan.sequence))
    build.put(0, PRIORITIES=cells.integers(plan.priorities), PRODUCTS=len(plan.priorities))
    build.put(0, STATION_COUNT=len(plan.stations), TOUCHED_LIST=cells.take(len(plan.stations)))
    build.put(0, KEY=cells.integers(key_of(plan.seed).view(np.int64)))
    build.put(0, MARGIN=2 * servers + vehicles + len(plan.sources) + len(plan.calendars) + 8)
    build.put(0, HIRED=NONE, LAST_HIRED=NONE, MENDED=NONE, LAST_MENDED=NONE, FREE_PART=NONE)


def _station(build: _Builder, k: int, station: EventStation) -> None:
    row, plan = build.stations[k], build.plan
    owned = [address for address, queue in zip(build.queues, plan.queues, strict=True) if queue.station == k]
    first = build.cells.m[at.SERVERS] + at.SERVER * sum(one.servers for one in plan.stations[:k])
    build.put(
        row,
        STATION_NUMBER=k,
        STATION_SERVER=first,
        STATION_SERVER_END=first + station.servers * at.SERVER,
        STATION_SERVERS=station.servers,
        STATION_QUEUE=owned[0],
        STATION_QUEUE_END=owned[-1] + at.QUEUE,
        STATION_MERGES=station.merges and len(owned) > 1,
        STATION_RESERVES=station.reserves,
        STATION_CLOCK=CLOCKS.index(station.clock),
        STATION_CREW=_bits(station.crew),
        STATION_WORKERS=_bits(station.workers),
        STATION_CALENDAR=NONE if station.calendar is None else build.calendars[station.calendar],
        STATION_PRIORITY=station.priority,
        STATION_REWORK=AGAIN if station.rework_route is None else build.routes[station.rework_route],
        STATION_REWORK_LIMIT=NONE if station.rework_limit is None else station.rework_limit,
        STATION_SCRAP_SHARE=float(station.scrap),
        STATION_REWORK_SHARE=float(station.rework),
        STATION_STANDBY=float(station.standby),
        STATION_WAKE=float(station.wake),
    )
    _draws(build, k, station)
    _products(build, k, station)
    for server in range(first, first + station.servers * at.SERVER, at.SERVER):
        _server(build, server, row)


def _draws(build: _Builder, k: int, station: EventStation) -> None:
    """Lay out a station's streams."""
    judged = station.scrap > 0 or station.rework > 0
    build.put(
        build.stations[k],
        STATION_WORK=build.stream(station.work, k, WORK),
        STATION_AGAIN=NONE if station.again is None else build.stream(station.again, k, REWORK),
        STATION_UPTIME=build.stream(station.uptime, k, FAILURE),
        STATION_REPAIR=build.stream(station.repair, k, REPAIR),
        STATION_QUALITY=build.stream(station.quality, k, QUALITY) if judged else NONE,
    )


def _products(build: _Builder, k: int, station: EventStation) -> None:
    """Lay out what a station does with each product."""
    products = len(build.plan.priorities)
    jobs = build.cells.rows(products, at.JOB)
    factors = station.factor or (1.0,)
    for product, job in enumerate(jobs):
        onward = station.onward[product % len(station.onward)]
        route = onward if onward < 0 else build.routes[onward]
        build.put(job, JOB_FACTOR=float(factors[product % len(factors)]), JOB_ROUTE=route)
        build.put(job, JOB_AGAIN=float(station.pace))
    setup = np.zeros((products, products)) if station.setup is None else station.setup
    build.put(build.stations[k], STATION_JOBS=jobs.start, STATION_SETUPS=build.cells.numbers(setup))


def _server(build: _Builder, server: int, station: int) -> None:
    number = (server - build.cells.m[at.SERVERS]) // at.SERVER
    build.put(server, SERVER_STATION=station, SERVER_NUMBER=number, SERVER_STATE=STARVED)
    build.put(server, SERVER_PART=NONE, SERVER_PRODUCT=NONE, SERVER_WORKER=NONE, SERVER_MENDER=NONE)
    build.put(server, SERVER_NEXT=NONE, SERVER_NEXT_DOWN=NONE)


def _bits(teams: Sequence[int]) -> int:
    return sum(1 << team for team in teams)


def _queues(build: _Builder, levels: int) -> None:
    plan = build.plan
    build.put(0, LEVELS=levels)
    for q, (row, queue) in enumerate(zip(build.queues, plan.queues, strict=True)):
        feeders = (plan.stations[route.station] for route in plan.routes if route.queue == q)
        build.put(
            row,
            QUEUE_STATION=build.stations[queue.station],
            QUEUE_NUMBER=q,
            QUEUE_CAPACITY=NONE if queue.places is None else queue.places,
            QUEUE_SOURCE=NONE,
            QUEUE_PRIORITY=queue.priority,
            QUEUE_FED_AHEAD=any(feeder.reserves for feeder in feeders),
            QUEUE_LEVELS=build.cells.take(levels),
            QUEUE_CONTENTS=queue.contents,
        )
        build.put(row, QUEUE_HEAD=NONE, QUEUE_TAIL=NONE, QUEUE_BLOCKED=NONE, QUEUE_LAST_BLOCKED=NONE)


def _routes(build: _Builder) -> None:
    for row, route in zip(build.routes, build.plan.routes, strict=True):
        kind = DRIVEN if route.fleet is not None else CONVEYED if route.time > 0 else AT_ONCE
        build.put(
            row,
            ROUTE_STATION=build.stations[route.station],
            ROUTE_QUEUE=build.queues[route.queue],
            ROUTE_KIND=kind,
            ROUTE_FLEET=NONE if route.fleet is None else build.fleets[route.fleet],
            ROUTE_CAPACITY=NONE if route.capacity is None else route.capacity,
            ROUTE_TIME=float(route.time),
        )


def _fleets(build: _Builder) -> None:
    for row, fleet in zip(build.fleets, build.plan.fleets, strict=True):
        vehicles = build.cells.rows(len(fleet.home), at.VEHICLE)
        travel = build.cells.numbers(fleet.travel)
        build.put(row, FLEET_VEHICLE=vehicles.start, FLEET_VEHICLE_END=vehicles.stop, FLEET_TRAVEL=travel)
        build.put(row, FLEET_NEAREST=fleet.nearest, FLEET_CALLS=NONE, FLEET_LAST_CALL=NONE)
        for vehicle, home in zip(vehicles, fleet.home, strict=True):
            build.put(vehicle, VEHICLE_FLEET=row, VEHICLE_AT=build.stations[home])


def _teams(build: _Builder) -> None:
    rows = build.cells.rows(len(build.plan.teams), at.TEAM)
    build.put(0, TEAMS=rows.start, TEAMS_END=rows.stop)
    for number, (row, count) in enumerate(zip(rows, build.plan.teams, strict=True)):
        build.put(row, TEAM_BIT=1 << number, TEAM_COUNT=count, TEAM_FREE=count)


def _sources(build: _Builder) -> None:
    plan = build.plan
    rows = build.cells.rows(len(plan.sources), at.SOURCE)
    build.put(0, SOURCES=rows.start, SOURCES_END=rows.stop)
    for number, (row, source) in enumerate(zip(rows, plan.sources, strict=True), len(plan.stations)):
        stream = NONE if source.between is None else build.stream(source.between, number, WORK)
        limit = NONE if source.limit is None else source.limit
        queue = build.queues[source.queue]
        build.put(row, SOURCE_QUEUE=queue, SOURCE_STREAM=stream, SOURCE_LIMIT=limit)
        build.put(queue, QUEUE_SOURCE=row)
    for q, queue in enumerate(build.queues):
        build.put(queue, QUEUE_ORIGIN=rows[_origin(plan, q)])


def _origin(plan: EventPlan, queue: int) -> int:
    """Give the source whose parts come to a queue; of an assembly's, the one that others become part of."""
    seen = set[int]()
    while queue not in seen:
        seen.add(queue)
        for number, source in enumerate(plan.sources):
            if source.queue == queue:
                return number
        feeding = next((route.station for route in plan.routes if route.queue == queue), None)
        owned = (q for q, one in enumerate(plan.queues) if one.station == feeding)
        queue = next(owned, queue)
    return 0


def _calendars(build: _Builder) -> None:
    for row, calendar in zip(build.calendars, build.plan.calendars, strict=True):
        first = build.cells.numbers(calendar.breaks)
        build.put(row, CALENDAR_FIRST=first, CALENDAR_COUNT=len(calendar.breaks))
        build.put(row, CALENDAR_PERIOD=float(calendar.period), CALENDAR_NEXT=float(calendar.breaks[0][0]))


def _laws(build: _Builder) -> None:
    """Lay out the laws of all streams and their table."""
    table = laws([law for _, law in build.laws])
    for (stream, _), row in zip(build.laws, table.rows, strict=True):
        build.put(stream, STREAM_LAW=build.cells.numbers(row))
    begin = build.cells.numbers(table.table)
    build.put(0, TABLE=begin, TABLE_END=begin + len(table.table))


__all__ = ["grow", "start", "template_of"]
