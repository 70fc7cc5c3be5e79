"""What is to be spread over a line: its numbers, their limits, and the engine that tries them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.line.kernels.buffer_search import Space, spread
from genba.line.kernels.design_trials import Design, Frame, Tried
from genba.line.kernels.event_trials import EventFrame
from genba.line.operations.simulate_events import plan_of, queues_shown
from genba.line.operations.simulate_model import Flow, flow_of
from genba.line.records.buffers import BuffersParams
from genba.line.records.line import Buffer, Line

Floats = NDArray[np.float64]
HOUR = 3600.0
MOST_STAFF = 1000


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
        bound: units per s that no places exceed; infinite where staff is spread.
    """

    params: BuffersParams
    flow: Flow
    frame: Tried
    space: Space
    today: Design
    totals: tuple[int, ...]
    weights: Floats
    bound: float

    @property
    def events(self) -> bool:
        """Tell whether designs go through the event engine."""
        return isinstance(self.frame, EventFrame)

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
        InputError: where there is nothing to spread, or it cannot be done as asked for.
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
    totals: tuple[int, ...] = (params.places if params.places is not None else sum(today),)
    totals += (params.staff or sum(staff),) if staff else ()
    space = _space(params, flow, frame, len(links))
    task = Task(params, flow, frame, space, (*today, *staff), totals, weights, _bound(flow, params))
    _check(task)
    return task


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


def _check(task: Task) -> None:
    """Refuse what cannot be.

    Raises:
        InputError: naming the param.
    """
    space, params = task.space, task.params
    for kind, (total, what) in enumerate(zip(task.totals, ("places", "staff"), strict=False)):
        own = space.kind == kind
        least, most = int(space.least[own].sum()), int(space.most[own].sum())
        if not least <= total <= most and (kind or params.target is None):
            raise InputError(f"found {total} to spread; {least} to {most} can be", where=what)
    if params.target is None and not task.totals[0]:
        raise InputError("found 0 places to spread; give places, 1 at least", where="places")
    if params.target is not None and params.target >= task.bound * HOUR:
        raise InputError(
            f"found a target of {params.target:g} per hour; the slowest station alone, never blocked or "
            f"starved, makes {task.bound * HOUR:.6g}, and no places change that",
            where="target",
        )
    if params.staffing == "team" and any(one.servers > 1 for one in task.flow.stations):
        raise InputError("teams are spread over stations of one place each; use parallel", where="staffing")
    if not space.possible(
        spread(space, task.totals if params.target is None else task.with_places(0), task.weights)
    ):
        raise InputError("branches of parallel places meet at too few places for their order", where="places")


__all__ = ["Task", "bound", "task_of", "work_of"]
