"""How evenly work is spread: loads of stations, line efficiency, balance delay, smoothness index."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genba.line.records.line import Line
from genba.line.records.pace import average, time_of


@dataclass(frozen=True, slots=True)
class Balance:
    """How well a line with one cycle is balanced.

    Arguments:
        efficiency: sum of the loads over places times cycle.
        delay: share of the paid time in which nobody works, 1 - efficiency.
        smoothness: root of the summed squares of what each place is below the fullest, s.
        bottleneck: largest load, s.
    """

    efficiency: float
    delay: float
    smoothness: float
    bottleneck: float


def station_loads(line: Line, product: str | None = None) -> tuple[float, ...]:
    """Give the work at each station as it is today, per unit, s.

    Arguments:
        line: its stations and tasks; ids that are not there count nothing.
        product: whose times count; none: the average unit.
    """
    times = {
        task.id: average(task, line) if product is None else time_of(task, product) for task in line.tasks
    }
    return tuple(
        station.work.mean
        if station.work is not None and station.work.mean is not None
        else sum(times.get(task, 0.0) for task in station.tasks)
        for station in line.stations
    )


def balance(loads: Sequence[float], cycle: float, servers: Sequence[int] | None = None) -> Balance:
    """Measure how evenly work is spread.

    Arguments:
        loads: work at each station per unit, s.
        cycle: time in which each station must be done, s.
        servers: equal places that share a station's units; one each where left out.

    Source: the measures are those of Scholl, Balancing and Sequencing of Assembly Lines; smoothness is taken
    against the fullest station, as Moodie and Young (1965) have it.
    """
    places = servers or [1] * len(loads)
    each = [load / count for load, count in zip(loads, places, strict=True)]
    bottleneck = max(each, default=0.0)
    total = sum(places) * cycle
    efficiency = math.fsum(loads) / total if total > 0 else 0.0
    spread = math.fsum(count * (bottleneck - load) ** 2 for load, count in zip(each, places, strict=True))
    return Balance(efficiency, 1.0 - efficiency, math.sqrt(spread), bottleneck)
