"""What the event engine is told about a line: stations, queues, routes and all that they share.

Stations, queues, routes, teams, fleets, sources and calendars are named by their places in the plan.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.laws import Law, deterministic

Floats = NDArray[np.float64]
Times = Law | Floats
"""A distribution, or times drawn before that are taken one after the other, s."""
END = -1
"""The route out of the line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventStation:
    """A station.

    Arguments:
        work: time of work on a part.
        onward: route by product, one for all where it is single; END out of the line.
        servers: equal places side by side, each on a part of its own.
        factor: what the work is multiplied with, by product; empty: 1.
        setup: time between two products, shape (products, products), s.
        merges: whether parts of any queue go on; else one of each queue becomes one.
        reserves: whether work begins only when the queue ahead has a place (blocking before service).
        clock: what the time to a failure runs on.
        uptime: time from a repair to the next failure.
        repair: time of a repair without waiting for the crew.
        crew: teams of which one worker repairs; empty: somebody is always free.
        workers: teams of which one worker is needed for setup and work; empty: nobody.
        calendar: its breaks.
        priority: among stations that wait for workers, larger first.
        scrap: share of parts that are thrown away after work, 0 to 1.
        rework: share of parts that are worked on again, 0 to 1.
        rework_route: where these go; None: once more in their place.
        rework_limit: a part that was reworked as often as this is scrapped instead; None: never.
        again: time of work on reworked parts, the same for all products; None: as on others.
        pace: what the repeated work is multiplied with.
        quality: uniform numbers drawn before that decide on scrap and rework; None: random.
        standby: time without a part after which it counts as standing by, s.
        wake: time to get ready after that, s.
    """

    work: Times
    onward: tuple[int, ...] = (END,)
    servers: int = 1
    factor: tuple[float, ...] = ()
    setup: Floats | None = None
    merges: bool = False
    reserves: bool = False
    clock: Literal["none", "operating", "calendar"] = "none"
    uptime: Times = field(default_factory=lambda: deterministic(0.0))
    repair: Times = field(default_factory=lambda: deterministic(0.0))
    crew: tuple[int, ...] = ()
    workers: tuple[int, ...] = ()
    calendar: int | None = None
    priority: int = 0
    scrap: float = 0.0
    rework: float = 0.0
    rework_route: int | None = None
    rework_limit: int | None = None
    again: Times | None = None
    pace: float = 1.0
    quality: Floats | None = None
    standby: float = inf
    wake: float = 0.0


@dataclass(frozen=True, kw_only=True)
class EventQueue:
    """Waiting places before a station.

    Arguments:
        station: whose parts wait; the queues of a station stand side by side in the plan.
        places: how many can wait besides those in the station; None: any number.
        priority: among the queues of a station that merges, larger first.
        contents: parts that wait at the start; those furthest down the line are the first of the launch.
    """

    station: int
    places: int | None = None
    priority: int = 0
    contents: int = 0


@dataclass(frozen=True, kw_only=True)
class EventRoute:
    """A way from a station to a queue.

    Arguments:
        station: where it begins.
        queue: where it ends.
        time: on the way, loaded, s.
        fleet: whose vehicles carry the parts; None: a conveyor, or no way at all where the time is 0.
        capacity: parts on the way at most; None: any number.
    """

    station: int
    queue: int
    time: float = 0.0
    fleet: int | None = None
    capacity: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class EventFleet:
    """Equal vehicles.

    Arguments:
        travel: time of an empty vehicle from station to station, shape (stations, stations), s.
        home: station where each stands at the start.
        nearest: whether one without work takes the nearest call instead of the oldest.
    """

    travel: Floats
    home: tuple[int, ...]
    nearest: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSource:
    """Where parts enter.

    Arguments:
        queue: where they go.
        between: time between two parts, drawn as the work of a station behind the last; None: there is always
            one.
        limit: how many come at most; None: any number.
    """

    queue: int
    between: Times | None = None
    limit: int | None = None


@dataclass(frozen=True)
class EventCalendar:
    """Breaks within a period that repeats; a break may begin with it, and ends within it.

    Arguments:
        period: its length, s.
        breaks: start and end of each, in their order, s.
    """

    period: float
    breaks: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class EventPlan:
    """A line as the event engine takes it.

    Arguments:
        teams: number of workers of each team.
        sequence: products in the order of launch, again and again.
        priorities: of each product; larger ones overtake in queues.
        seed: of all random numbers.
    """

    stations: tuple[EventStation, ...]
    queues: tuple[EventQueue, ...]
    routes: tuple[EventRoute, ...]
    sources: tuple[EventSource, ...]
    fleets: tuple[EventFleet, ...] = ()
    teams: tuple[int, ...] = ()
    calendars: tuple[EventCalendar, ...] = ()
    sequence: tuple[int, ...] = (0,)
    priorities: tuple[int, ...] = (0,)
    seed: int = 0


__all__ = [
    "END",
    "EventCalendar",
    "EventFleet",
    "EventPlan",
    "EventQueue",
    "EventRoute",
    "EventSource",
    "EventStation",
    "Floats",
    "Times",
]
