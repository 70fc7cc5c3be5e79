"""What no number of buffer places can exceed: the slowest station, never blocked or starved."""

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from genba.line.certify.station_work import work_at
from genba.line.checks.flow import feeders_of
from genba.line.records.line import Line, Station
from genba.line.records.spread import Time


def slowest(line: Line, staff: Mapping[str, int]) -> float:
    """Give the units per s that no places exceed, repairs included.

    A station is no faster than what feeds it: the slowest feeder of an assembly, all of a merge together.

    Arguments:
        line: its stations, times and breakdowns.
        staff: places or people by station; as the line has them where a station is not named.
    """
    feeders, made = feeders_of(line), dict[str, float]()
    waiting = {station.id: station for station in line.stations}
    while waiting:
        for name in [one for one in waiting if all(feeder in made for feeder in feeders[one])]:
            station = waiting.pop(name)
            fed = [made[feeder] for feeder in feeders[name]] or [np.inf]
            together = sum(fed) if station.join == "merge" else min(fed)
            made[name] = min(_alone(line, station, staff.get(name, station.servers)), together)
    last = set(made) - {feeder for names in feeders.values() for feeder in names}
    entering = np.inf if line.arrivals is None else 1 / _mean(line.arrivals, 0.0)
    return float(min(entering, sum(made[name] for name in last)))


def _alone(line: Line, station: Station, count: int) -> float:
    """Give the units per s of a station that is never blocked or starved."""
    load = work_at(line, station)
    work = load if station.work is None else _mean(station.work, load)
    broken = station.breakdown
    stopped = 0.0 if broken is None else _mean(broken.mttr, 0.0) / _mean(broken.mtbf, 0.0)
    return count / max(work, 1e-300) / (1 + stopped)


def _mean(time: Time, load: float) -> float:
    """Give the mean of a time; the normal one is cut off at 0."""
    mean = load if time.mean is None else time.mean
    if time.kind == "triangular":
        return ((time.low or 0.0) + (time.mode or 0.0) + (time.high or 0.0)) / 3
    if time.kind == "empirical":
        return float(np.mean(time.values))
    if time.kind == "normal" and time.cv > 0:
        return mean * float(1 + time.cv * norm.pdf(1 / time.cv) / norm.cdf(1 / time.cv))
    return mean


__all__ = ["slowest"]
