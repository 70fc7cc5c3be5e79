"""What is to be spread over a line: its numbers, their limits, and the engine that tries them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.line.kernels.buffer_search import Space
from genba.line.kernels.design_trials import Design, Frame, Tried
from genba.line.kernels.event_trials import EventFrame
from genba.line.operations.buffers_prices import prices_of
from genba.line.operations.simulate_events import plan_of, queues_shown
from genba.line.operations.simulate_model import Flow, flow_of
from genba.line.records.buffers import BuffersParams
from genba.line.records.line import Buffer, Line

Floats = NDArray[np.float64]
HOUR = 3600.0
MOST_STAFF = 1000
SLACK = 1e-9
"""Relative; what sums of prices may differ by."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be spread.

    Arguments:
        params: as asked for.
        flow: the line.
        frame: which of its numbers are chosen, and the engine.
        space: their limits.
        today: the design as it is.
        totals: places and, where it is spread, staff.
        weights: of a first spread: equal places, staff by work.
        prices: of one more of each entry than today.
        bound: units per s that no places exceed; infinite where staff is spread.
    """

    params: BuffersParams
    flow: Flow
    frame: Tried
    space: Space
    today: Design
    totals: tuple[int, ...]
    weights: Floats
    prices: Floats
    bound: float

    @property
    def events(self) -> bool:
        """Tell whether designs go through the event engine."""
        return isinstance(self.frame, EventFrame)

    @property
    def for_money(self) -> bool:
        """Tell whether prices decide, and not the number of places."""
        return self.params.budget is not None or self.params.least == "cost"

    @property
    def start(self) -> Design:
        """Give the design that may be chosen and is most like today's, for no money."""
        return tuple(np.clip(self.today, self.space.least, self.space.most).tolist())

    def cost(self, design: Design) -> float:
        """Give the price of all that a design has beyond today's."""
        return float(self.prices @ np.maximum(np.array(design) - np.array(self.today), 0))

    def within(self, budget: float) -> Space:
        """Give the limits of designs within a budget: more of what has a price, up to `places` in all."""
        most, places = budget * (1 + SLACK), self.params.places
        sold = np.where(self.prices > 0, self.space.most, self.start)

        def possible(design: Design) -> bool:
            few = places is None or self.space.total(design, 0) <= places
            return few and self.cost(design) <= most and self.space.possible(design)

        return replace(self.space, most=sold, possible=possible, free=True)

    @property
    def likeness(self) -> Floats:
        """Give the weights of a spread that is like today's, and is today's where the totals are."""
        return np.array(self.today) + 0.25

    @property
    def most(self) -> int:
        """Give the places that all ways together may have."""
        return int(self.space.most[self.space.kind == 0].sum())

    def with_places(self, places: int) -> tuple[int, ...]:
        """Give the totals with another number of places."""
        return (places, *self.totals[1:])

    def totals_of(self, design: Design) -> tuple[int, ...]:
        """Give a design's totals by kind."""
        return tuple(self.space.total(design, kind) for kind in range(len(self.totals)))


def task_of(params: BuffersParams, line: Line, seed: int) -> Task:
    """Give what is to be spread.

    Raises:
        InputError: where there is nothing to spread.
    """
    line = line.model_copy(update={"buffers": tuple(_emptied(buffer) for buffer in line.buffers)})
    flow = flow_of(line, wait_to_start=params.blocking == "before") if line.stations else None
    if flow is None or not flow.links:
        raise InputError("the line has no two stations in a row, so no buffers; add stations", where="line")
    links = tuple(_open(line, flow))
    if not links:
        raise InputError(
            "the line has no buffers of limited room; write one with its capacity (0 is allowed) on every "
            "way where places may be put",
            where="buffers",
        )
    frame = _frame(params, flow, links, seed)
    today = tuple(flow.links[link].places or 0 for link in links)
    staff = _staff_today(params, flow)
    weights = np.array([1.0] * len(links) + [work_of(flow, k) for k in range(len(staff))])
    asked = None if params.budget is not None or params.least == "cost" else params.places
    totals: tuple[int, ...] = (sum(today) if asked is None else asked,)
    totals += (params.staff or sum(staff),) if staff else ()
    space = _space(params, flow, frame, len(links))
    prices = np.array(prices_of(line, flow, links, params))
    design = (*today, *staff)
    return Task(params, flow, frame, space, design, totals, weights, prices, _bound(flow, params))


def _emptied(buffer: Buffer) -> Buffer:
    """Give a buffer without what it holds at the start: designs are compared after it has long gone."""
    return buffer.model_copy(update={"contents": 0})


def _open(line: Line, flow: Flow) -> list[int]:
    limited = [buffer for buffer in line.buffers if buffer.capacity is not None]
    ids = flow.ids
    return [
        number
        for number, link in enumerate(flow.links)
        if link.places is not None
        and any(b.before == ids[link.target] and b.after in ("", ids[link.source]) for b in limited)
    ]


def _frame(params: BuffersParams, flow: Flow, links: tuple[int, ...], seed: int) -> Tried:
    """Choose the engine.

    Raises:
        InputError: when the recursion is forced on a line that it cannot express.
    """
    before = params.blocking == "before"
    if flow.reasons and params.engine == "recursion":
        raise InputError(
            f"the recursion cannot express this line: {'; '.join(flow.reasons)}; use auto or events",
            where="engine",
        )
    if flow.reasons or params.engine == "events":
        shown = queues_shown(flow)[0 if flow.arrivals is None else 1 :]
        plan = plan_of(flow, before=before, seed=seed)
        return EventFrame(plan, links, tuple(shown[link] for link in links), params.staffing)
    return Frame(flow.stations, flow.links, links, params.staffing, flow.arrivals, before, seed)


def _staff_today(params: BuffersParams, flow: Flow) -> tuple[int, ...]:
    if params.staffing == "fixed":
        return ()
    return tuple(1 if params.staffing == "team" else one.servers for one in flow.stations)


def _space(params: BuffersParams, flow: Flow, frame: Tried, links: int) -> Space:
    """Give the limits; in the recursion places side by side do not fail, nor parts of a mix overtake."""
    staff = _staff_today(params, flow)
    mixed = any(one.factors for one in flow.stations)
    single = params.staffing == "parallel" and isinstance(frame, Frame)
    most = [
        one.servers if single and (mixed or one.failure is not None) else MOST_STAFF
        for one in flow.stations[: len(staff)]
    ]
    return Space(
        least=np.array([0] * links + [1] * len(staff)),
        most=np.array([params.per_buffer] * links + most),
        kind=np.array([0] * links + [1] * len(staff)),
        possible=frame.possible,
    )


def work_of(flow: Flow, k: int) -> float:
    """Give the mean time of a station's work per unit, s."""
    one = flow.stations[k]
    return one.work.mean * float(np.mean(one.factors or 1.0))


def _bound(flow: Flow, params: BuffersParams) -> float:
    if params.staffing != "fixed":
        return np.inf
    return bound(flow, [one.servers for one in flow.stations])


def bound(flow: Flow, staff: Sequence[int]) -> float:
    """Give the units per s that no places exceed, failures included.

    A station is no faster than what feeds it: the slowest feeder of an assembly, all of a merge together.

    Arguments:
        flow: the line.
        staff: equal places, or people, of each station.
    """
    made: list[float] = []
    for k, count in enumerate(staff):
        one, fed = flow.stations[k], [made[link.source] for link in flow.links if link.target == k]
        stopped = 0.0 if one.failure is None or one.repair is None else one.repair.mean / one.failure.mean
        together = sum(fed) if flow.line.stations[flow.order[k]].join == "merge" else min(fed, default=np.inf)
        own = count / max(work_of(flow, k), 1e-300) / (1 + stopped)
        made.append(min(own, together) if fed else own)
    last = [rate for k, rate in enumerate(made) if k not in {link.source for link in flow.links}]
    entering = np.inf if flow.arrivals is None else 1 / flow.arrivals.mean
    return cast(float, min(entering, sum(last)))


__all__ = ["Task", "bound", "task_of", "work_of"]
