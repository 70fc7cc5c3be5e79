"""The ten-station line in SimPy, Ciw and salabim, and SimPy on times drawn before.

One line for all: stations in a row, a buffer between neighbours, the first never starved, the last never
blocked, blocking after service. Work is lognormal; a machine fails after an exponential time of operating
and is repaired in an exponential time. A failure on operating time never depends on the rest of the line, so
every rival draws the work and the repairs that interrupt it as one occupation: one timeout where a process
with interrupts would need several events. Draws come from numpy in blocks of a thousand, not one by one.
SimPy has a `Store` per buffer, salabim a `Store` with its monitors off and generators in place of greenlets,
Ciw a node per station whose first queue is topped up, so that no arrival is lost. Nobody records more than
the departures that throughput needs.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 1000


@dataclass(frozen=True)
class Row:
    """Like stations in a row: times in s, one buffer's places between two of them."""

    stations: int = 10
    places: int = 5
    work: float = 1.0
    cv: float = 0.3
    mtbf: float = 100.0
    mttr: float = 5.0


def occupations(row: Row, rng: np.random.Generator, parts: int) -> Floats:
    """Give how long each of a station's next parts holds it: work and repairs, shape (parts,), s."""
    sigma = math.sqrt(math.log1p(row.cv**2))
    work = rng.lognormal(math.log(row.work) - sigma**2 / 2, sigma, parts)
    failures = rng.poisson(work / row.mtbf)  # exponential operating times: the process forgets between parts
    return work + np.where(failures > 0, rng.gamma(np.maximum(failures, 1), row.mttr), 0.0)


def stream(row: Row, seed: Sequence[int]) -> Iterator[float]:
    """Yield one station's occupations without end, s."""
    rng = np.random.default_rng(seed)
    while True:
        yield from occupations(row, rng, BLOCK).tolist()


def by_simpy(row: Row, parts: int, seed: int) -> float:
    """Run SimPy until `parts` have left; give parts per second of simulated time."""
    streams = [stream(row, (seed, station)) for station in range(row.stations)]
    last = _simpy(streams, row.places, parts)
    return parts / last[-1][-1]


def by_simpy_drawn(times: Floats, places: int) -> Floats:
    """Run SimPy on occupations drawn before, shape (parts, stations); give departures of the same shape."""
    columns = [iter(column) for column in times.T.tolist()]
    return np.array(_simpy(columns, places, len(times), every=True)).T


def _simpy(
    streams: Sequence[Iterator[float]], places: int, parts: int, *, every: bool = False
) -> list[list[float]]:
    """Give the times at which parts left each station; without `every` those of the last station only."""
    import simpy

    env = simpy.Environment()
    buffers = [simpy.Store(env, places) for _ in streams[1:]]
    left: list[list[float]] = [[] for _ in streams]
    done = env.event()

    def first(times: Iterator[float], after: Any, leave: list[float]) -> Iterator[Any]:
        for part, time in enumerate(times):
            yield env.timeout(time)
            yield after.put(part)
            if every:
                leave.append(env.now)

    def middle(times: Iterator[float], before: Any, after: Any, leave: list[float]) -> Iterator[Any]:
        for time in times:
            part = yield before.get()
            yield env.timeout(time)
            yield after.put(part)
            if every:
                leave.append(env.now)

    def last(times: Iterator[float], before: Any, leave: list[float]) -> Iterator[Any]:
        for _ in range(parts):
            yield before.get()
            yield env.timeout(next(times))
            leave.append(env.now)
        done.succeed()

    env.process(first(streams[0], buffers[0], left[0]))
    for k in range(1, len(streams) - 1):
        env.process(middle(streams[k], buffers[k - 1], buffers[k], left[k]))
    env.process(last(streams[-1], buffers[-1], left[-1]))
    env.run(until=done)
    return left


def by_salabim(row: Row, parts: int, seed: int) -> float:
    """Run salabim until `parts` have left; give parts per second of simulated time."""
    import salabim as sim

    sim.yieldless(False)
    env = sim.Environment(trace=False, random_seed=None)
    stores = [sim.Store(f"buffer {k}", capacity=row.places, monitor=False) for k in range(row.stations - 1)]
    part = sim.Component("part", process=None)
    left: list[float] = []

    class Station(sim.Component):  # type: ignore[misc]  # salabim has no types
        def process(self, times: Iterator[float], before: Any, after: Any) -> Iterator[Any]:
            held = part
            for time in times:
                if before is None:
                    held = sim.Component("part", process=None, suppress_trace=True)
                else:
                    held = yield self.from_store(before)
                yield self.hold(time)
                if after is None:
                    left.append(env.now())
                    if len(left) == parts:
                        env.main().activate()
                        return
                else:
                    yield self.to_store(after, held)

    for k in range(row.stations):
        Station(
            times=stream(row, (seed, k)),
            before=stores[k - 1] if k else None,
            after=stores[k] if k < row.stations - 1 else None,
        ).mode.monitor(False)
    env.run()
    return parts / left[-1]


def by_ciw(row: Row, parts: int, seed: int) -> float:
    """Run Ciw until `parts` have left; give parts per second of simulated time."""
    import ciw

    simulation: Any = None
    times = [stream(row, (seed, station)) for station in range(row.stations)]
    waiting, period = 8, 2 * row.work  # topped up often enough that the first station never starves

    class Occupation(ciw.dists.Distribution):  # type: ignore[misc]  # Ciw has no types
        def __init__(self, station: int) -> None:
            super().__init__()
            self.station = station

        def sample(self, t: float | None = None, ind: Any = None) -> float:
            return next(times[self.station])  # kept outside: Ciw copies its distributions

    class TopUp(ciw.dists.Distribution):  # type: ignore[misc]  # as above
        def sample(self, t: float | None = None, ind: Any = None) -> int:
            here = simulation.nodes[1].number_of_individuals if simulation is not None else 0
            return max(waiting + 1 - here, 0)

    ones, tails = [1] * row.stations, row.stations - 1
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Deterministic(period), *[None] * tails],
        batching_distributions=[TopUp(), *[ciw.dists.Deterministic(1)] * tails],
        service_distributions=[Occupation(k) for k in range(row.stations)],
        number_of_servers=ones,
        queue_capacities=[math.inf, *[row.places] * tails],
        routing=np.eye(row.stations, k=1).tolist(),
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(parts, method="Complete")
    exits = [individual.data_records[-1].exit_date for individual in simulation.nodes[-1].all_individuals]
    return parts / max(exits)


__all__ = ["Floats", "Row", "by_ciw", "by_salabim", "by_simpy", "by_simpy_drawn", "occupations"]
