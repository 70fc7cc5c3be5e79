"""A line whose course depends on its state, in SimPy: AGVs, repair crew, rework, variants, breaks.

Ten stations in a row and a bench for rework. The first station never starves. Two of the ways are driven by
one fleet of AGVs, the others need no time. A part that has been worked on waits in its station until the next
one has a place (blocking after service); where AGVs drive, the place is kept for it while it travels, the
nearest idle AGV comes (the first of equal ones), and an AGV without work takes the part that has waited
longest. The test station sends some parts to the bench, from where they enter the line again before the
station ahead of the test, and scraps some. Machines fail after a time of operating; one crew of a few people
repairs all of them, in the order of failure. Variants come in a fixed sequence with their own work times and
a changeover at some stations. Everybody but the crew and the AGVs stops during breaks; work goes on after.

It is written for speed as SimPy allows it: one process per station that lasts the whole run, one timeout per
piece of work (a break only moves its end, by a table), buffers and calls for AGVs as plain deques and events
where a `Store` or a `FilterStore` would search, draws from numpy in blocks of a thousand.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

BLOCK = 1000


@dataclass(frozen=True)
class Yard:
    """The line in numbers; times in s. Stations 0 to n-1 stand in a row, station n is the bench."""

    work: tuple[float, ...] = (50.0, 52.0, 48.0, 54.0, 50.0, 46.0, 44.0, 52.0, 50.0, 47.0, 120.0)
    """Mean work of the first variant, the bench last."""
    factor: tuple[float, ...] = (1.0, 1.2, 1.0, 1.1, 0.9, 1.0, 1.2, 1.1, 1.0, 1.0, 1.25)
    """Work of the second variant as a share of the first's."""
    cv: float = 0.25
    setup: tuple[float, ...] = (0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0)
    """Changeover when the next part is of the other variant."""
    places: tuple[int, ...] = (0, 4, 4, 4, 3, 4, 4, 4, 3, 4, 40)
    """Waiting places before each station."""
    mtbf: float = 4000.0
    mttr: float = 240.0
    crew: int = 2
    sequence: tuple[int, ...] = (0, 0, 1)
    """Variants in the order in which they are launched, again and again."""
    driven: tuple[int, ...] = (4, 8)
    """Stations that AGVs bring their parts to."""
    agvs: int = 3
    drive: float = 1.5
    """Time of an AGV per station that it passes, loaded or not, its handling included."""
    test: int = 6
    """Station that sends parts to the bench and scraps; the bench gives them to the station before it."""
    rework: float = 0.06
    scrap: float = 0.01
    period: float = 28800.0
    breaks: tuple[tuple[float, float], ...] = ((7200.0, 7800.0), (14400.0, 16200.0), (21600.0, 22200.0))
    """Start and end of the breaks within a period."""

    @property
    def bench(self) -> int:
        """Number of the bench."""
        return len(self.work) - 1

    def travel(self, start: int, end: int) -> float:
        """Give how long an AGV drives between two stations, s; 4 s to load or unload on the spot."""
        return 4.0 + self.drive * abs(start - end)


class Draws(Protocol):
    """Where the random times come from: each call gives the station's next number."""

    work: Sequence[Callable[[], float]]
    uptime: Sequence[Callable[[], float]]
    repair: Sequence[Callable[[], float]]
    quality: Sequence[Callable[[], float]]


@dataclass(frozen=True)
class Drawn:
    """Draws as four lists of calls."""

    work: Sequence[Callable[[], float]]
    uptime: Sequence[Callable[[], float]]
    repair: Sequence[Callable[[], float]]
    quality: Sequence[Callable[[], float]]


@dataclass
class Course:
    """What happened, times in s."""

    departures: list[float] = field(default_factory=list)
    """When good parts left the last station."""
    entries: list[float] = field(default_factory=list)
    """When those parts began their work at the first station."""
    variants: list[int] = field(default_factory=list)
    scrapped: int = 0
    reworked: int = 0
    working: list[float] = field(default_factory=list)
    """Time in which each station worked, changeovers included and breaks not."""
    down: list[float] = field(default_factory=list)
    """Time from a failure to the end of its repair."""
    blocked: list[float] = field(default_factory=list)
    """Time in which a part that was done stood in its station."""
    carried: int = 0
    """Loads that AGVs brought."""
    events: int = 0
    """Events that SimPy processed."""


def draws(yard: Yard, seed: int) -> Drawn:
    """Give draws from numpy in blocks: lognormal work, exponential failures and repairs, uniform quality."""
    sigma = math.sqrt(math.log1p(yard.cv**2))

    def calls(kind: int, take: Callable[[np.random.Generator, int], Any]) -> list[Callable[[], float]]:
        return [
            _blocks(np.random.default_rng((seed, kind, k)), take, k).__next__ for k in range(len(yard.work))
        ]

    return Drawn(
        work=calls(0, lambda rng, k: rng.lognormal(math.log(yard.work[k]) - sigma**2 / 2, sigma, BLOCK)),
        uptime=calls(1, lambda rng, k: rng.exponential(yard.mtbf, BLOCK)),
        repair=calls(2, lambda rng, k: rng.exponential(yard.mttr, BLOCK)),
        quality=calls(3, lambda rng, k: rng.random(BLOCK)),
    )


def _blocks(
    rng: np.random.Generator, take: Callable[[np.random.Generator, int], Any], k: int
) -> Iterator[float]:
    while True:
        yield from take(rng, k).tolist()


class Calendar:
    """Turns clock time into working time and back."""

    def __init__(self, yard: Yard) -> None:
        self.period = yard.period
        self.starts = [0.0, *(end for _, end in yard.breaks)]
        lengths = [end - start for start, end in yard.breaks]
        self.lost = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
        self.ends = [*(start for start, _ in yard.breaks), yard.period]
        self.worked = [end - lost for end, lost in zip(self.ends, self.lost, strict=True)]
        self.net = yard.period - self.lost[-1]
        self.spans = [0.0, *self.worked[:-1]]

    def net_of(self, clock: float) -> float:
        """Give the working time that has passed at a clock time."""
        shifts, within = divmod(clock, self.period)
        i = bisect_right(self.starts, within) - 1
        return shifts * self.net + min(within - self.lost[i], self.worked[i])

    def after(self, clock: float, work: float) -> float:
        """Give when work that begins now is done."""
        shifts, within = divmod(self.net_of(clock) + work, self.net)
        if within == 0.0 and work > 0.0:  # done as the last span of a period ends, not as the next begins
            shifts, within = shifts - 1.0, self.net
        i = max(bisect_right(self.worked, within) - (within in self.worked), 0)
        return max(shifts * self.period + within + self.lost[i], clock)


def by_simpy(yard: Yard, parts: int, found: Draws) -> Course:
    """Run SimPy until `parts` good ones have left."""
    import simpy

    return _Plant(simpy.Environment(), yard, parts, found).run()


class _Queue:
    """A station's waiting places and its own, those who wait for a place, and the station that waits."""

    __slots__ = ("free", "getter", "parts", "putters")

    def __init__(self, places: int) -> None:
        self.free = places + 1
        self.parts: deque[Any] = deque()
        self.putters: deque[Any] = deque()
        self.getter: Any = None

    def give(self, part: Any) -> None:
        """Put a part that has a place."""
        if self.getter is None:
            self.parts.append(part)
        else:
            waiting, self.getter = self.getter, None
            waiting.succeed(part)

    def leave(self) -> None:
        """Free the place of a part that has left the station."""
        if self.putters:
            self.putters.popleft().succeed()
        else:
            self.free += 1


class _Plant:
    """The processes of all stations and AGVs."""

    def __init__(self, env: Any, yard: Yard, parts: int, found: Draws) -> None:
        self.env, self.yard, self.parts, self.found = env, yard, parts, found
        self.calendar = Calendar(yard)
        count = len(yard.work)
        self.course = Course(working=[0.0] * count, down=[0.0] * count, blocked=[0.0] * count)
        self.queues = [_Queue(places) for places in yard.places]
        self.idle = {vehicle: 0 for vehicle in range(yard.agvs)}
        self.calls: deque[Any] = deque()
        self.free_crew, self.failed = yard.crew, deque[Any]()
        self.done = env.event()

    def run(self) -> Course:
        """Start all stations and run to the last part."""
        for k in range(len(self.yard.work)):
            self.env.process(self.station(k))
        self.env.run(until=self.done)
        self.course.events = next(self.env._eid)
        return self.course

    def launched(self) -> Iterator[tuple[int, float]]:
        """Yield the variants of the parts that enter, in their sequence."""
        while True:
            yield from ((variant, self.env.now) for variant in self.yard.sequence)

    def station(self, k: int) -> Iterator[Any]:
        """Work on one part after the other."""
        env, yard, course = self.env, self.yard, self.course
        queue, work, uptime = self.queues[k], self.found.work[k], self.found.uptime[k]()
        factor, setup, after = yard.factor[k], yard.setup[k], self.calendar.after
        source, last = self.launched() if k == 0 else None, -1
        while True:
            if source is not None:
                part = next(source)
            elif queue.parts:
                part = queue.parts.popleft()
            else:
                queue.getter = env.event()
                part = yield queue.getter
            variant = part[0]
            time = work() * factor if variant else work()
            if setup and last not in (variant, -1):
                course.working[k] += setup
                yield env.timeout(after(env.now, setup) - env.now)
            last = variant
            course.working[k] += time
            while uptime < time:
                yield env.timeout(after(env.now, uptime) - env.now)
                time -= uptime
                failed = env.now
                yield from self.repair(k)
                course.down[k] += env.now - failed
                uptime = self.found.uptime[k]()
            uptime -= time
            yield env.timeout(after(env.now, time) - env.now)
            finished = env.now
            yield from self.onward(k, part)
            course.blocked[k] += env.now - finished
            if source is None:
                queue.leave()

    def repair(self, k: int) -> Iterator[Any]:
        """Wait for one of the crew, then for the repair."""
        if self.free_crew:
            self.free_crew -= 1
        else:
            waiting = self.env.event()
            self.failed.append(waiting)
            yield waiting
        yield self.env.timeout(self.found.repair[k]())
        if self.failed:
            self.failed.popleft().succeed()
        else:
            self.free_crew += 1

    def onward(self, k: int, part: tuple[int, float]) -> Iterator[Any]:
        """Bring a part to where it goes next; it stands in its station until it is picked up."""
        yard, course = self.yard, self.course
        target = k + 1
        if k == yard.test:
            luck = self.found.quality[k]()
            if luck < yard.scrap:
                course.scrapped += 1
                return
            if luck < yard.scrap + yard.rework:
                course.reworked += 1
                target = yard.bench
        elif k == yard.bench:
            target = yard.test - 1
        if target == yard.bench and k == yard.bench - 1:
            self.leave(part)
            return
        queue = self.queues[target]
        if queue.free:
            queue.free -= 1
        else:
            waiting = self.env.event()
            queue.putters.append(waiting)
            yield waiting
        if target in yard.driven:
            yield from self.carry(k, target, part)
        else:
            queue.give(part)

    def leave(self, part: tuple[int, float]) -> None:
        """Count a good part, and end with the last one."""
        course = self.course
        course.departures.append(self.env.now)
        course.entries.append(part[1])
        course.variants.append(part[0])
        if len(course.departures) == self.parts:
            self.done.succeed()

    def carry(self, start: int, end: int, part: tuple[int, float]) -> Iterator[Any]:
        """Call an AGV and wait until it has picked the part up."""
        env, yard = self.env, self.yard
        if self.idle:
            travel, vehicle = min((yard.travel(at, start), vehicle) for vehicle, at in self.idle.items())
            del self.idle[vehicle]
        else:
            called = env.event()
            self.calls.append(called)
            vehicle, at = yield called
            travel = yard.travel(at, start)
        yield env.timeout(travel)
        env.process(self.trip(vehicle, start, end, part))

    def trip(self, vehicle: int, start: int, end: int, part: tuple[int, float]) -> Iterator[Any]:
        """Drive a part to its station; then answer the next call or stay there."""
        yield self.env.timeout(self.yard.travel(start, end))
        self.course.carried += 1
        self.queues[end].give(part)
        if self.calls:
            self.calls.popleft().succeed((vehicle, end))
        else:
            self.idle[vehicle] = end


__all__ = ["Calendar", "Course", "Drawn", "Draws", "Yard", "by_simpy", "draws"]
