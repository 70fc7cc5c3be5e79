"""`line.buffers`: where places for waiting parts, and staff, bring most."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.errors import InputError
from genba.core.operation import operation
from genba.line.certify.buffers import certify_buffers
from genba.line.io.opening import open_line
from genba.line.kernels.buffer_search import Search, Space, spread
from genba.line.kernels.design_trials import Design, Frame, Trials
from genba.line.kernels.output_analysis import mser
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.ranking_selection import Selection, select
from genba.line.kernels.replications import observe
from genba.line.operations.buffers_report import Chosen, report
from genba.line.operations.simulate_model import Flow, flow_of
from genba.line.records.buffers import BuffersParams, BuffersResult
from genba.line.records.line import Line
from genba.line.views.buffers import view_buffers

Floats = NDArray[np.float64]
HOUR = 3600.0
NS = 1e9
SEARCHED = range(4)
"""Groups of replications that the search looks at."""
FRESH = 4096
"""First group of the comparison: other replications than those by which finalists were found."""
FIRST = 2
"""Groups of its first stage, and of designs that are not compared."""
OTHERS = (0.0, 0.5, 1.5, 2.0)
"""Other numbers of places that are shown, over those of the selected design."""
TURNS = 6
"""Most numbers of places that are compared before fewest places are left open."""
LONGEST_WARM_UP = 20_000


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be spread.

    Arguments:
        params: as asked for.
        flow: the line.
        frame: which of its numbers are chosen.
        space: their limits.
        today: the design as it is.
        totals: places and, where it is spread, staff.
        weights: of a first spread: equal places, staff by work.
        bound: units per s that no places exceed; infinite where staff is spread.
    """

    params: BuffersParams
    flow: Flow
    frame: Frame
    space: Space
    today: Design
    totals: tuple[int, ...]
    weights: Floats
    bound: float

    def with_places(self, places: int) -> tuple[int, ...]:
        """Give the totals with another number of places."""
        return (places, *self.totals[1:])


@operation("line.buffers", certify=certify_buffers, views=view_buffers, example="example:starter")
def buffers(params: BuffersParams, ctx: Context) -> BuffersResult:
    """Spread buffer places, and staff, over a line: most throughput, or fewest places for a throughput.

    Designs are simulated by the exact recursion on common random numbers. A pattern search moves places from
    where one fewer costs least to where one more brings most; its best designs are compared on fresh
    replications by a fully sequential selection (KN) until the best, or one within the indifference of it, is
    known as surely as asked for. Lines whose course depends on their state are refused.

    Example:
        >>> import genba
        >>> found = genba.line.buffers(line="example:starter", places=4)
        >>> found.result.places, found.certificate.holds
        (4, True)

    Source: Kim and Nelson (2001); Gershwin and Schor (2000); Law (2015), section 11.2.
    """
    task = _task(params, open_line(params, ctx), ctx.seed)
    until = ctx.clock() + params.time_limit * NS
    trials = _trials(task, ctx)
    search = Search(task.space, lambda some: trials.observe(some, SEARCHED), lambda: ctx.clock() > until)
    if params.target is None:
        found = _selected(task, trials, search, task.totals)
        reached = True
    else:
        found, reached = _fewest(task, trials, search, HOUR / params.target)
    searched = not search.late()
    others = _frontier(task, search, found)
    ctx.progress(0.95, "reporting")
    fresh = list(trials.observe([task.today, *others], range(FRESH, FRESH + FIRST)))
    for design, observed in found.fewer:
        others, fresh = [design, *others], [fresh[0], observed, *fresh[1:]]
    return report(
        Chosen(
            params=params,
            flow=task.flow,
            frame=task.frame,
            warm_up=trials.warm_up,
            tried=len(search.known),
            designs=found.designs,
            selection=found.selection,
            today=task.today,
            others=others,
            fresh=fresh,
            reached=reached,
            searched=searched,
            full=found.designs[0] == tuple(task.space.most.tolist()),
        )
    )


def _task(params: BuffersParams, line: Line, seed: int) -> Task:
    """Give what is to be spread.

    Raises:
        InputError: where there is nothing to spread, or it cannot be done as asked for.
    """
    flow = flow_of(line, wait_to_start=params.blocking == "before") if line.stations else None
    if flow is None or not flow.links:
        raise InputError("the line has no two stations in a row, so no buffers; add stations", where="line")
    if flow.reasons:
        raise InputError(
            f"buffers are spread where the order of parts is fixed; here {'; '.join(flow.reasons)}",
            where="line",
        )
    links = tuple(_open(line, flow))
    if not links:
        raise InputError(
            "the line has no buffers of limited room; write one with its capacity (0 is allowed) on every "
            "way where places may be put",
            where="buffers",
        )
    frame = Frame(
        flow.stations, flow.links, links, params.staffing, flow.arrivals, params.blocking == "before", seed
    )
    today = tuple(flow.links[link].places or 0 for link in links)
    space = _space(params, flow, frame, len(links))
    staff = _staff_today(params, flow)
    weights = np.array([1.0] * len(links) + [_work(flow, k) for k in range(len(staff))])
    totals: tuple[int, ...] = (params.places if params.places is not None else sum(today),)
    totals += (params.staff or sum(staff),) if staff else ()
    task = Task(params, flow, frame, space, (*today, *staff), totals, weights, _bound(flow, params))
    _check(task)
    return task


def _open(line: Line, flow: Flow) -> list[int]:
    limited = [buffer for buffer in line.buffers if buffer.capacity is not None]
    ids = flow.ids
    return [
        number
        for number, link in enumerate(flow.links)
        if link.places is not None
        and any(b.before == ids[link.target] and b.after in ("", ids[link.source]) for b in limited)
    ]


def _staff_today(params: BuffersParams, flow: Flow) -> tuple[int, ...]:
    if params.staffing == "fixed":
        return ()
    return tuple(1 if params.staffing == "team" else one.servers for one in flow.stations)


def _space(params: BuffersParams, flow: Flow, frame: Frame, links: int) -> Space:
    """Give the limits; places side by side do not fail, and parts of a mix must not overtake."""
    staff = _staff_today(params, flow)
    mixed = any(one.factors for one in flow.stations)
    single = params.staffing == "parallel"
    most = [
        one.servers if single and (mixed or one.failure is not None) else 1000
        for one in flow.stations[: len(staff)]
    ]
    return Space(
        least=np.array([0] * links + [1] * len(staff)),
        most=np.array([params.per_buffer] * links + most),
        kind=np.array([0] * links + [1] * len(staff)),
        possible=frame.possible,
    )


def _work(flow: Flow, k: int) -> float:
    one = flow.stations[k]
    return one.work.mean * float(np.mean(one.factors or 1.0))


def _bound(flow: Flow, params: BuffersParams) -> float:
    """Give the units per s of the slowest station alone."""
    if params.staffing != "fixed":
        return np.inf
    rates = [one.servers / _work(flow, k) / _stoppage(flow, k) for k, one in enumerate(flow.stations)]
    return min(rates) if flow.arrivals is None else min(*rates, 1 / flow.arrivals.mean)


def _stoppage(flow: Flow, k: int) -> float:
    one = flow.stations[k]
    return 1.0 if one.failure is None or one.repair is None else 1 + one.repair.mean / one.failure.mean


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


def _trials(task: Task, ctx: Context) -> Trials:
    """Give how designs are tried, with a warm-up from a pilot by MSER-5, on the safe side."""
    most = int(task.space.most[task.space.kind == 0].sum())
    totals = task.with_places(min(task.space.total(task.today, 0), most))
    totals = task.totals if task.params.target is None else totals
    start = spread(task.space, totals, task.weights)
    slowest = max(_work(task.flow, k) / one.servers for k, one in enumerate(task.flow.stations))
    filled = 10 * (len(task.flow.stations) + totals[0])
    pilot = (0.0, slowest * max(task.params.units, 2 * filled))
    ctx.progress(0.02, "looking for the warm-up")
    _, series = observe(task.frame.model(start), 0, [pilot], heed=lambda: ctx.progress(0.02, "warm-up"))
    cut = mser(np.diff(series.left.mean(axis=1)))
    warm_up = max(filled, 2 * (len(series.left) // 2 if cut is None else cut))
    return Trials(
        task.frame,
        min(warm_up, LONGEST_WARM_UP),
        task.params.units,
        threads=max(ctx.threads, 1),
        heed=lambda: ctx.progress(0.5, "trying designs"),
    )


@dataclass(frozen=True, eq=False)
class Found:
    """Designs that were compared, the selected one first, and how that went.

    Arguments:
        designs: the finalists.
        selection: how they were compared, in that order.
        fewer: the design selected with one place fewer and what was observed of it; none where none was.
    """

    designs: list[Design]
    selection: Selection
    fewer: tuple[tuple[Design, Floats], ...] = ()


def _selected(task: Task, trials: Trials, search: Search, totals: tuple[int, ...]) -> Found:
    """Search designs of these totals and select the best."""
    params = task.params
    starts = [spread(task.space, totals, task.weights)]
    if task.space.holds(task.today) and _totals(task, task.today) == totals:
        starts.append(task.today)
    for start in starts:
        search.climb(start)
    designs = search.best(params.finalists, totals)
    selection = select(
        lambda rows, group: trials.observe(
            [designs[row] for row in rows], range(FRESH + group, FRESH + group + 1)
        ),
        len(designs),
        zone=lambda best: best * params.indifference / 100,
        confidence=params.confidence / 100,
        first=FIRST,
        most=params.replications // LANES,
        late=search.late,
    )
    first = selection.selected
    order = [first, *(row for row in range(len(designs)) if row != first)]
    return Found([designs[row] for row in order], selection.ordered(order))


def _totals(task: Task, design: Design) -> tuple[int, ...]:
    return tuple(task.space.total(design, kind) for kind in range(len(task.totals)))


def _fewest(task: Task, trials: Trials, search: Search, cycle: float) -> tuple[Found, bool]:
    """Find the fewest places whose selected design leaves no more than `cycle` between departures, s.

    Returns:
        What was compared at that number, and whether it is known to be the fewest (or never enough).
    """
    most = int(task.space.most[task.space.kind == 0].sum())
    places = _first_enough(lambda some: _cost(task, search, some) <= cycle, most, search.late)
    seen: dict[int, Found] = {}
    for _ in range(TURNS):
        if places not in seen:
            seen[places] = _selected(task, trials, search, task.with_places(places))
        enough = _mean(seen[places]) <= cycle
        if search.late():
            return seen[places], False
        if not enough and places == most:
            return _beside(seen, places), True
        if enough and (places == 0 or (places - 1 in seen and _mean(seen[places - 1]) > cycle)):
            return _beside(seen, places), True
        places += -1 if enough else 1
    return seen[max(seen)], False


def _beside(seen: dict[int, Found], places: int) -> Found:
    """Give what was selected, with what one place fewer was selected to."""
    if places - 1 not in seen:
        return seen[places]
    less = seen[places - 1]
    return replace(seen[places], fewer=((less.designs[0], less.selection.observed[0]),))


def _mean(found: Found) -> float:
    return float(found.selection.observed[0].mean())


def _cost(task: Task, search: Search, places: int) -> float:
    """Give the least mean time between departures that the search finds with some places, s."""
    design = search.climb(spread(task.space, task.with_places(places), task.weights))
    return float(search.means([design])[0])


def _first_enough(enough: Callable[[int], bool], most: int, late: Callable[[], bool]) -> int:
    """Give the smallest number that is enough, or `most`; more is never less."""
    low, high = -1, 1
    while high < most and not late() and not enough(high):
        low, high = high, 2 * high
    high = min(high, most)
    while high - low > 1 and not late():
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _frontier(task: Task, search: Search, found: Found) -> list[Design]:
    """Give good designs of other numbers of places."""
    places = _totals(task, found.designs[0])[0]
    most = int(task.space.most[task.space.kind == 0].sum())
    wanted = {min(round(share * places), most) for share in OTHERS}
    wanted -= {task.space.total(design, 0) for design, _ in found.fewer}
    designs = []
    for some in sorted(wanted - {places}):
        start = spread(task.space, task.with_places(some), np.array(found.designs[0]) + 0.25)
        if task.space.holds(start):
            designs.append(start if search.late() else search.climb(start))
    return designs


__all__ = ["buffers"]
