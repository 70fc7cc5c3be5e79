"""Many designs of one line in the event engine: the same draws for all, by the same addresses.

Work n of a station is the same draw whatever the design is, as are its failures, repairs and fates of parts.
Where a line goes through both engines, so do its designs: mean times between departures are equal to the
last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import genba.line.kernels.event_cells as at
from genba.line.kernels.design_trials import Design, Staffing
from genba.line.kernels.event_cells import Cells, numbers
from genba.line.kernels.event_observe import BUDGET, REMEDY, observe_events, stopped
from genba.line.kernels.event_plan import EventPlan, EventStation
from genba.line.kernels.event_run import ENDINGS, run
from genba.line.kernels.event_template import start, template_of
from genba.line.kernels.event_world import STARVED, STUCK
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.replications import Series
from genba.line.kernels.side_by_side import Heed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EventFrame:
    """A line of which some numbers are chosen, for the event engine.

    Arguments:
        plan: the line as it is.
        open: links whose places are chosen, in the order of a design's first entries.
        queues: the queue at the end of each of them.
        staffing: whether the entries behind are equal places of stations, people of one team each, or none.
    """

    plan: EventPlan
    open: tuple[int, ...]
    queues: tuple[int, ...]
    staffing: Staffing = "fixed"

    @property
    def chunk(self) -> int:
        """Give how many designs are best tried in one go: events share nothing between them."""
        return 1

    def possible(self, design: Design) -> bool:
        """Tell whether the engine can express a design; it can any."""
        return True

    def plan_of(self, design: Design) -> EventPlan:
        """Give the line of a design."""
        queues = list(self.plan.queues)
        for queue, places in zip(self.queues, design, strict=False):
            queues[queue] = replace(queues[queue], places=places)
        staff = design[len(self.open) :]
        stations = self.plan.stations
        if self.staffing == "parallel":
            stations = tuple(replace(one, servers=n) for one, n in zip(stations, staff, strict=True))
        if self.staffing == "team":
            stations = tuple(_shared(one, people) for one, people in zip(stations, staff, strict=True))
        return replace(self.plan, stations=stations, queues=tuple(queues))

    def pilot(self, design: Design, until: float, heed: Heed) -> Series:
        """Give the units that enter and leave until a time, s, in the first LANES replications."""
        return observe_events(self.plan_of(design), 0, [(0.0, until)], links=(), heed=heed)[1]

    def cycles(self, designs: Sequence[Design], first: int, warm_up: int, units: int, heed: Heed) -> Floats:
        """Give the mean time between departures of LANES replications of each design, s, (designs, LANES)."""
        return np.stack([cycles_of(self.plan_of(one), first, warm_up, units, heed) for one in designs])

    def pressure(self, design: Design, first: int, units: int, heed: Heed) -> Floats:
        """Give how much each entry of a design holds the line up, in one replication, shape (entries,).

        A place is wanted where the station before it is blocked and the one behind it is starved; staff where
        a station is neither.
        """
        m = departed(template_of(self.plan_of(design)), first, units, heed)
        blocked, starved = _idle(m, STUCK), _idle(m, STARVED)
        fed = {route.queue: route.station for route in self.plan.routes}
        places = [blocked[fed[queue]] * starved[self.plan.queues[queue].station] for queue in self.queues]
        staff = 1 - blocked - starved if len(design) > len(self.open) else np.empty(0)
        return np.concatenate([np.array(places), staff])


def _shared(station: EventStation, people: int) -> EventStation:
    """Give a station whose work some people share; failures come as often in an hour of work."""
    factors = station.factor or (1.0,)
    return replace(station, factor=tuple(factor / people for factor in factors), pace=1 / people)


def _idle(m: Cells, state: int) -> Floats:
    """Give the share of time that each station's places spend in a state, shape (stations,)."""
    x = numbers(m)
    servers = np.arange(m[at.SERVERS], m[at.SERVERS_END], at.SERVER)
    station = m[m[servers + at.SERVER_STATION] + at.STATION_NUMBER]
    count = np.bincount(station, minlength=int(m[at.STATION_COUNT]))
    time = np.bincount(station, x[servers + at.SERVER_TIMES + state], minlength=len(count))
    shares: Floats = time / (count * max(float(x[at.NOW]), 1e-300))
    return shares


def cycles_of(
    plan: EventPlan, first: int, warm_up: int, units: int, heed: Heed, *, lanes: int = LANES
) -> Floats:
    """Give the mean time between departures of some replications of a line, s, shape (lanes,).

    Arguments:
        plan: the line.
        first: number of the first replication.
        warm_up: number of the unit whose departure begins the time looked at.
        units: units that leave within it.
        heed: called now and then; may raise to stop.
        lanes: replications.
    """
    template = template_of(plan)
    spent = np.empty(lanes)
    for lane in range(lanes):
        m = departed(template, first + lane, warm_up + units + 1, heed)
        ends = m[at.EXIT_ROWS] + np.array([warm_up, warm_up + units]) * at.EXIT + at.EXIT_TIME
        before, after = numbers(m)[ends]
        spent[lane] = (after - before) / units
    return spent


def departed(template: Cells, replication: int, parts: int, heed: Heed) -> Cells:
    """Give the cells of a line after so many good parts have left it.

    Raises:
        InputError: when the line comes to a stand or goes round in no time before.
    """

    def go_on(m: Cells) -> bool:
        heed()
        return True

    m = run(start(template, replication, parts=parts), budget=BUDGET, go_on=go_on)
    ending = ENDINGS[m[at.STATUS]]
    if ending in REMEDY:
        raise stopped(m, ending)
    return m


__all__ = ["EventFrame", "cycles_of", "departed"]
