"""What throughput of a line of events depends on: central differences under common random numbers.

Where parts overtake and people are shared, a time that changes a little can change the order of events, and
no path through the line gives the derivative. So every station's work is simulated STEP shorter and STEP
longer, as are its repairs, and every buffer of limited room with one more place, all on the draws of the line
itself: what one replication says is (rate with the shorter time - rate with the longer) / 2 STEP.

Source: Glasserman and Yao, Some guidelines and guarantees for common random numbers (Management Science 38,
1992); L'Ecuyer and Perron, On the convergence rates of IPA and FDC derivative estimators (Operations Research
42, 1994).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.event_plan import EventPlan, EventStation
from genba.line.kernels.event_trials import cycles_of
from genba.line.kernels.sensitivity import Sensitivities
from genba.line.kernels.side_by_side import Heed, side_by_side
from genba.line.operations.simulate_model import Flow, law_of
from genba.line.records.line import Breakdown
from genba.line.records.spread import Time

Floats = NDArray[np.float64]
STEP = 0.05
"""Relative change of a time to either side: the difference of two replications is then many units' time."""
SIDES = (1 - STEP, 1 + STEP)


@dataclass(frozen=True)
class Compared:
    """What is compared.

    Arguments:
        units: numbers of the units whose departures begin and end the time looked at.
        lanes: replications.
        threads: plans side by side.
    """

    units: tuple[int, int]
    lanes: int
    threads: int


def event_gains(
    flow: Flow, plan: EventPlan, links: Sequence[int], compared: Compared, heed: Heed
) -> Sensitivities:
    """Give how throughput between two units' departures answers.

    Arguments:
        flow: the line.
        plan: the same as the event engine takes it.
        links: the queue at the end of each link, arrivals first where there are any.
        compared: over which units and replications.
        heed: called now and then; may raise to stop.
    """
    fails = [k for k, place in enumerate(flow.order) if flow.line.stations[place].breakdown is not None]
    held = [at for at, queue in enumerate(links) if plan.queues[queue].places is not None]
    works = [_with(plan, k, _paced(flow, plan, k, by)) for k in range(len(plan.stations)) for by in SIDES]
    repairs = [_with(plan, k, _mended(flow, plan, k, by)) for k in fails for by in SIDES]
    wider = [_wider(plan, links[at]) for at in held]
    start, end = compared.units
    found = side_by_side(
        lambda one, look: cycles_of(one, 0, start, end - start, look, lanes=compared.lanes),
        [plan, *works, *repairs, *wider],
        threads=compared.threads,
        heed=heed,
    )
    rate = 1 / np.array(found)  # (plans, lanes)
    first, second = 1 + len(works), 1 + len(works) + len(repairs)
    answers = np.zeros((compared.lanes, len(plan.stations)))
    answers[:, fails] = _slope(rate[0], rate[first:second])
    place = np.zeros((compared.lanes, len(links)))
    place[:, held] = (rate[second:] - rate[0]).T
    return Sensitivities(_slope(rate[0], rate[1:first]), answers, place, exact=False)


def runs(flow: Flow, plan: EventPlan) -> int:
    """Give how many plans must be simulated."""
    fails = sum(station.breakdown is not None for station in flow.line.stations)
    return 1 + 2 * (len(plan.stations) + fails) + sum(queue.places is not None for queue in plan.queues)


def _slope(base: Floats, sides: Floats) -> Floats:
    """Give the rise in per cent for each per cent less, shape (replications, changes)."""
    rise: Floats = ((sides[0::2] - sides[1::2]) / base / (2 * STEP)).T
    return rise


def _with(plan: EventPlan, k: int, station: EventStation) -> EventPlan:
    return replace(plan, stations=(*plan.stations[:k], station, *plan.stations[k + 1 :]))


def _paced(flow: Flow, plan: EventPlan, k: int, by: float) -> EventStation:
    """Give a station whose work takes `by` times as long, with as many failures a part as before."""
    station, broken = plan.stations[k], _breakdown(flow, k)
    factors = tuple(by * factor for factor in station.factor or (1.0,))
    if broken is None or broken.clock == "calendar":
        return replace(station, factor=factors, pace=by)
    return replace(station, factor=factors, pace=by, uptime=law_of(_longer(broken.mtbf, by), 0.0))


def _mended(flow: Flow, plan: EventPlan, k: int, by: float) -> EventStation:
    """Give a station whose repairs take `by` times as long."""
    broken = _breakdown(flow, k)
    assert broken is not None
    return replace(plan.stations[k], repair=law_of(_longer(broken.mttr, by), 0.0))


def _breakdown(flow: Flow, k: int) -> Breakdown | None:
    return flow.line.stations[flow.order[k]].breakdown


def _longer(time: Time, by: float) -> Time:
    """Give a time that takes `by` times as long, its spread in proportion."""
    stretched = {
        name: None if getattr(time, name) is None else by * getattr(time, name)
        for name in ("mean", "low", "mode", "high")
    }
    return time.model_copy(update={**stretched, "values": tuple(by * value for value in time.values)})


def _wider(plan: EventPlan, queue: int) -> EventPlan:
    """Give the line with one more place in a queue."""
    queues = list(plan.queues)
    queues[queue] = replace(queues[queue], places=(queues[queue].places or 0) + 1)
    return replace(plan, queues=tuple(queues))


__all__ = ["Compared", "event_gains", "runs"]
