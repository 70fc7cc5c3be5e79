"""A line simulated anew for certificates: another generator, another program, part by part over replications.

It speaks for lines without travel, of one place a station, one product (or products with equal times), where
parts keep their order, nobody is shared, and breakdowns have memoryless times on operating time; of others it
says nothing.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import truncnorm

from genba.line.certify.station_work import work_at
from genba.line.checks.flow import feeders_of
from genba.line.records.line import Breakdown, Line, Station, Worker
from genba.line.records.spread import Time

Floats = NDArray[np.float64]
Way = tuple[str, str]

ROWS = 32
"""Replications side by side."""
LONGEST = 100_000
"""Parts times stations above which nothing is said: about 2 s."""


def speaks_for(line: Line, parts: int) -> bool:
    """Tell whether a line can be simulated here, for so many parts."""
    loads = {tuple(work_at(line, one, made.id) for one in line.stations) for made in line.products}
    return (
        len(loads) <= 1
        and not line.links
        and parts * len(line.stations) <= LONGEST
        and all(_plain(one) for one in line.stations)
        and not any(_shared(line, worker) for worker in line.workers)
        and len({made.priority for made in line.products}) <= 1
    )


def _plain(station: Station) -> bool:
    """Tell whether a station takes one part after the other and passes each on, with nobody else's help."""
    kept = station.scrap == 0 and (station.rework is None or station.rework.share == 0)
    alone = station.breakdown is None or not station.breakdown.crew
    return (
        station.servers == 1
        and _memoryless(station.breakdown)
        and kept
        and alone
        and station.changeover == 0
        and station.join == "assembly"
    )


def _shared(line: Line, worker: Worker) -> bool:
    return worker.count < sum(station.servers for station in line.stations if worker.id in station.workers)


def _memoryless(broken: Breakdown | None) -> bool:
    kinds = () if broken is None else (broken.mtbf.kind, broken.mttr.kind)
    return set(kinds) <= {"exponential"} and (broken is None or broken.clock == "operating")


def replay(
    line: Line,
    places: Mapping[Way, int],
    people: Mapping[str, int],
    units: tuple[int, int],
    seed: int,
    wait: bool,
) -> Floats:
    """Give mean times between departures of ROWS replications, s.

    Arguments:
        line: one that `speaks_for` tells of.
        places: by source and target; a way that is not there has no limit.
        people: who share the work of a station, by its id; one where it is not there.
        units: units that leave before those that count, and those that count.
        seed: of numpy's generator.
        wait: whether a part without a place behind is not even begun.
    """
    rng, feeders = np.random.default_rng(seed), feeders_of(line)
    order, last = _order(feeders), sum(units) + 1
    loads = {one.id: work_at(line, one) for one in line.stations}
    spent = {
        one.id: _occupations(rng, one, loads[one.id] / people.get(one.id, 1), people.get(one.id, 1), last)
        for one in line.stations
    }
    behind = {source: target for target, sources in feeders.items() for source in sources}
    left = {name: np.zeros((last, ROWS)) for name in order}
    gaps = 0 if line.arrivals is None else np.cumsum(_times(rng, line.arrivals, 0.0, (last, ROWS)), axis=0)
    entry = next(name for name in order if not feeders[name])
    for n in range(last):
        for name in order:
            start = left[name][n - 1] if n else np.zeros(ROWS)
            for source in feeders[name]:
                start = np.maximum(start, left[source][n])
            if name == entry and line.arrivals is not None:
                start = np.maximum(start, np.asarray(gaps)[n])
            target = behind.get(name, "")
            ago = n - places.get((name, target), last) - 1
            freed = left[target][ago] if ago >= 0 else np.zeros(ROWS)
            start = np.maximum(start, freed) if wait else start
            left[name][n] = np.maximum(start + spent[name][n], freed)
    exits: Floats = left[next(name for name in reversed(order) if name not in behind)]
    return np.asarray((exits[last - 1] - exits[units[0]]) / units[1])


def _order(feeders: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Give the stations, each after those that feed it."""
    found: list[str] = []
    while len(found) < len(feeders):
        found += [
            name
            for name, sources in feeders.items()
            if name not in found and all(source in found for source in sources)
        ]
    return found


def _occupations(rng: np.random.Generator, station: Station, load: float, people: int, parts: int) -> Floats:
    """Give work and repairs of every part, s; failures come as often as a Poisson number in its work."""
    time = station.work or Time(kind="deterministic")
    work = _times(rng, time, load if time.mean is None else 0.0, (parts, ROWS))
    work = work if time.mean is None and time.kind not in ("triangular", "empirical") else work / people
    if station.breakdown is None:
        return work
    failures = rng.poisson(work / (station.breakdown.mtbf.mean or 1.0))
    repairs = rng.gamma(np.maximum(failures, 1), station.breakdown.mttr.mean or 0.0)
    return np.asarray(work + np.where(failures > 0, repairs, 0.0))


def _times(rng: np.random.Generator, time: Time, load: float, shape: tuple[int, int]) -> Floats:
    mean, cv = load if time.mean is None else time.mean, time.cv
    if time.kind == "triangular":
        return rng.triangular(time.low or 0.0, time.mode or 0.0, time.high or 0.0, shape)
    if time.kind == "empirical":
        return rng.choice(np.array(time.values), shape)
    if time.kind == "exponential":
        return rng.exponential(mean, shape)
    if time.kind == "deterministic" or cv == 0 or mean == 0:
        return np.full(shape, mean)
    if time.kind == "normal":
        drawn = truncnorm.rvs(-1 / cv, np.inf, loc=mean, scale=cv * mean, size=shape, random_state=rng)
        return np.asarray(drawn)
    if time.kind == "lognormal":
        spread = np.log1p(cv**2)
        return rng.lognormal(np.log(mean) - spread / 2, spread**0.5, shape)
    if time.kind == "gamma":
        return rng.gamma(1 / cv**2, mean * cv**2, shape)
    order = brentq(lambda t: gammaln(1 + 2 * t) - 2 * gammaln(1 + t) - np.log1p(cv**2), 1e-9, 100.0)
    return np.asarray(mean / np.exp(gammaln(1 + order)) * rng.weibull(1 / order, shape))


__all__ = ["replay", "speaks_for"]
