"""What no number of buffer places can exceed: the slowest station, never blocked or starved."""

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from genba.line.certify.station_work import work_at
from genba.line.records.line import Line
from genba.line.records.spread import Time


def slowest(line: Line, staff: Mapping[str, int]) -> float:
    """Give the units per s of the slowest station, repairs included.

    Arguments:
        line: its stations, times and breakdowns.
        staff: places or people by station; as the line has them where a station is not named.
    """
    rates = [] if line.arrivals is None else [1 / _mean(line.arrivals, 0.0)]
    for station in line.stations:
        load = work_at(line, station)
        work = load if station.work is None else _mean(station.work, load)
        broken = station.breakdown
        stopped = 0.0 if broken is None else _mean(broken.mttr, 0.0) / _mean(broken.mtbf, 0.0)
        rates.append(staff.get(station.id, station.servers) / work / (1 + stopped))
    return min(rates)


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
