"""`line.simulate`: what a line makes, how sure that is, and where it loses time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import numpy as np

from genba.core.context import Context
from genba.core.errors import InputError, input_error
from genba.core.findings import FindingKind, Severity
from genba.core.operation import operation
from genba.line.certify.simulate import certify_simulate
from genba.line.checks.asked import NO_SHIFTS
from genba.line.io.opening import open_line
from genba.line.kernels.event_course import Course
from genba.line.kernels.flow_model import model_of
from genba.line.kernels.output_analysis import Interval, interval, mser, needed
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.replications import Observed, Series, Story, joined, lanes_of, observe, story
from genba.line.kernels.sensitivity import LONGEST, Sensitivities, sensitivities
from genba.line.kernels.side_by_side import side_by_side
from genba.line.operations.simulate_events import Events
from genba.line.operations.simulate_model import Flow, flow_of
from genba.line.operations.simulate_report import Simulated, report
from genba.line.records.pace import DAY, net_time
from genba.line.records.simulate import SimulateParams, SimulateResult
from genba.line.views.simulate import view_simulate

NO_STATIONS = FindingKind(
    "line.no_stations", Severity.ERROR, "The line has no stations; balance it first, or write them."
)
FAILS_ALWAYS = FindingKind(
    "line.fails_always",
    Severity.ERROR,
    "It fails every {mtbf} s, {times} times while a part is worked on; at most 1,000 can be simulated.",
)
GAINS_LEFT_OUT = FindingKind(
    "line.gains_left_out",
    Severity.NOTE,
    "How throughput answers was left out: {runs} simulations of so long a line take more than seconds; ask "
    "for differences = always, or fewer hours.",
)
MOST_FAILURES = 1000
HOUR = 3600.0
LEAST_UNITS = 40
PILOTS = 3
"""Times that a pilot may be made twice as long to find the end of the warm-up."""
LONGEST_RUN = 5e7
"""Units per replication above which a window is refused."""


class Engine(Protocol):
    """What both engines can do; replications come in groups of LANES."""

    def observe(
        self, first: int, spans: list[tuple[float, float]], heed: Callable[[], None]
    ) -> tuple[list[Observed], Series]:
        """Simulate a group of replications and look at them in some windows, s."""

    def gains(self, start: int, end: int, heed: Callable[[], None]) -> Sensitivities | None:
        """Give how throughput between two units answers, where the engine can tell."""

    def story(self, start: float, end: float, heed: Callable[[], None]) -> Story | Course:
        """Tell the first replication part by part, or event by event, between two times, s."""


class Recursion:
    """The recursion in time."""

    def __init__(self, flow: Flow, params: SimulateParams, seed: int) -> None:
        """Build the model of a line."""
        before = params.blocking == "before"
        model = model_of(flow.stations, flow.links, arrivals=flow.arrivals, wait_to_start=before)
        self.model = model.seeded(seed)

    def observe(
        self, first: int, spans: list[tuple[float, float]], heed: Callable[[], None]
    ) -> tuple[list[Observed], Series]:
        """Simulate a group of replications and look at them in some windows, s."""
        return observe(self.model, first, spans, heed=heed)

    def gains(self, start: int, end: int, heed: Callable[[], None]) -> Sensitivities | None:
        """Give how throughput between two units answers; shortened where its history would not fit."""
        end = min(end, LONGEST // (LANES * len(self.model.plan.servers)))
        return sensitivities(self.model, 0, start, end, heed=heed) if end - start >= LEAST_UNITS else None

    def story(self, start: float, end: float, heed: Callable[[], None]) -> Story:
        """Tell the first replication part by part until a time, s."""
        return story(self.model, 0, end)


@dataclass(frozen=True)
class WarmUp:
    """Time before the window, s, and whether MSER-5 found it."""

    time: float
    found: bool


@operation(
    "line.simulate",
    certify=certify_simulate,
    views=view_simulate,
    example="example:inverter",
)
def simulate(params: SimulateParams, ctx: Context) -> SimulateResult:
    """Simulate a line until its throughput is known as well as asked for, with intervals and bottlenecks.

    Serial, parallel-server and assembly lines with finite buffers and failures go through the exact recursion
    in time, all others through an event engine; where both apply, they give the same times to the last bit.
    The warm-up ends where MSER-5 says; replications come in groups of 16. Bottlenecks are ranked by how much
    throughput answers to each station's times, which is exact along critical paths, beside how busy they are.

    Example:
        >>> import genba
        >>> genba.line.simulate(line="example:inverter", hours=2, sensitivities=False).certificate.holds
        True

    Source: Buzacott and Shanthikumar (1993) for the recursion; White (1997), MSER-5; Ho and Cao (1991) for
    the derivatives; ISO 22400-2 for the KPIs.
    """
    line = open_line(params, ctx)
    if not line.stations:
        ctx.check([NO_STATIONS.at("line")])
    flow = flow_of(line, wait_to_start=params.blocking == "before")
    _check_failures(flow, ctx)
    engine = _engine(flow, params, ctx)
    warm_up = _warm_up(flow, params, ctx)
    rows = _batches if params.method == "batches" else _replications
    seen, series, settled = rows(engine, warm_up, params, ctx)
    gains = _gains(engine, series, warm_up, params, ctx)
    ctx.progress(0.97, "reporting")
    shown = (warm_up.time, warm_up.time + params.shown)
    told = engine.story(*shown, lambda: ctx.progress(0.97, "reporting")) if params.shown > 0 else None
    return report(
        Simulated(
            flow=flow,
            params=params,
            recursion=isinstance(engine, Recursion),
            warm_up=warm_up.time,
            found=warm_up.found,
            seen=seen,
            settled=settled,
            gains=gains,
            story=told,
            queues=engine.links if isinstance(engine, Events) else [],
        )
    )


def _check_failures(flow: Flow, ctx: Context) -> None:
    """Refuse machines that fail without end."""
    for name, station in zip(flow.ids, flow.stations, strict=True):
        if station.failure is not None:
            work = station.work.mean * max(station.factors, default=1.0)
            times = work / station.failure.mean
            if times > MOST_FAILURES:
                where = f"station {name}"
                ctx.check([FAILS_ALWAYS.at(where, mtbf=station.failure.mean, times=round(times))])


def _engine(flow: Flow, params: SimulateParams, ctx: Context) -> Engine:
    """Choose the engine.

    Raises:
        InputError: when the recursion is forced on a line that it cannot express, or the window is too long.
    """
    units = (params.hours + (params.warm_up or 0.0)) * HOUR / _slowest(flow)
    if units > LONGEST_RUN:
        raise InputError(
            f"found a window of {params.hours:g} h, about {units:.1g} units; "
            f"{LONGEST_RUN:.0e} units at most: ask for fewer hours",
            where="hours",
        )
    if flow.reasons and params.engine == "recursion":
        raise InputError(
            f"the recursion cannot express this line: {'; '.join(flow.reasons)}; use auto or events",
            where="engine",
        )
    if params.breaks and params.engine == "recursion":
        raise InputError("the recursion leaves breaks out; use auto or events", where="engine")
    if params.breaks and not flow.line.shifts:
        raise input_error(NO_SHIFTS, "breaks")
    if flow.reasons or params.breaks or params.engine == "events":
        return Events(flow, params, ctx.seed, max(ctx.threads, 1))
    return Recursion(flow, params, ctx.seed)


def _slowest(flow: Flow) -> float:
    """Give the time per unit of the slowest station, s."""
    means = [one.work.mean * float(np.mean(one.factors or 1.0)) / one.servers for one in flow.stations]
    return max(means)


def _warm_up(flow: Flow, params: SimulateParams, ctx: Context) -> WarmUp:
    """Give the time before the window: as asked for, or from a pilot of net time; with breaks whole days."""
    if params.warm_up is not None:
        return WarmUp(params.warm_up * HOUR, found=False)
    pilot = _engine(flow, params.model_copy(update={"breaks": False}), ctx)
    net = _pilot(pilot, flow, params, ctx)
    return WarmUp(DAY * math.ceil(net.time / net_time(flow.line)), net.found) if params.breaks else net


def _pilot(engine: Engine, flow: Flow, params: SimulateParams, ctx: Context) -> WarmUp:
    """Give the net time before the window by MSER-5 from a pilot, twice as long when unsure."""
    length = max(params.hours * HOUR / 4, 40 * len(flow.stations) * _slowest(flow))
    for attempt in range(PILOTS):
        _, series = engine.observe(0, [(0.0, length)], lambda: ctx.progress(0.05, "looking for the warm-up"))
        cut = _cut(series)
        if cut is not None:
            return WarmUp(math.ceil(series.left[cut].max()), found=True)  # at no unit's own time
        length *= 2 if attempt < PILOTS - 1 else 1
    return WarmUp(length / 2, found=False)


def _cut(series: Series) -> int | None:
    """Give how many units to leave out: as many as times between departures and times in the line ask for."""
    if len(series.left) < 2 * LEAST_UNITS:
        return None
    between = mser(np.diff(series.left.mean(axis=1)))
    lead = mser((series.left - series.entered).mean(axis=1))
    return None if between is None or lead is None else max(between, lead)


def _replications(
    engine: Engine, warm_up: WarmUp, params: SimulateParams, ctx: Context
) -> tuple[Observed, Series, bool]:
    """Simulate groups of replications until the half-width is reached; what is used depends on no thread."""
    span = (warm_up.time, warm_up.time + params.hours * HOUR)
    parts: list[Observed] = []
    first: Series | None = None
    most = -(-params.replications // LANES)
    standing = (0.1, "first replications")
    for group in _waves(ctx.threads, most):
        done = side_by_side(
            lambda at, heed: engine.observe(at * LANES, [span], heed),
            group,
            threads=ctx.threads,
            heed=lambda now=standing: ctx.progress(*now),  # type: ignore[misc]  # bound to this turn
        )
        for seen, series in done:
            first = first or series
            parts.append(seen[0])
            all_seen = _at_most(joined(parts), params.replications)
            found = interval(all_seen.exits, params.confidence / 100)
            if found.relative * 100 <= params.half_width:
                return all_seen, first, True
        standing = (_share(found, params, most), _standing(found))
        ctx.progress(*standing)
    assert first is not None
    return all_seen, first, False


def _waves(threads: int, most: int) -> Iterator[range]:
    """Yield the numbers of the groups that go side by side."""
    step = max(threads, 1)
    return (range(at, min(at + step, most)) for at in range(0, most, step))


def _at_most(seen: Observed, rows: int) -> Observed:
    return lanes_of(seen, slice(0, rows))


def _share(found: Interval, params: SimulateParams, most: int) -> float:
    wanted = min(needed(found, params.half_width / 100), most * LANES)
    return 0.1 + 0.7 * min(found.count / max(wanted, 1), 1.0)


def _standing(found: Interval) -> str:
    return f"{found.count} replications, half-width {100 * found.relative:.2g} %"


def _batches(
    engine: Engine, warm_up: WarmUp, params: SimulateParams, ctx: Context
) -> tuple[Observed, Series, bool]:
    """Simulate one long run in batches, four times as many as before until the half-width is reached."""
    span = params.hours * HOUR
    for stage in count():
        wanted = min(LANES * 4**stage, params.replications)
        spans = [(warm_up.time + at * span, warm_up.time + (at + 1) * span) for at in range(wanted)]
        windows, series = engine.observe(0, spans, lambda: ctx.progress(0.3, "one long run"))
        seen = joined([lanes_of(window, slice(0, 1)) for window in windows])
        found = interval(seen.exits, params.confidence / 100)
        settled = found.relative * 100 <= params.half_width
        if settled or wanted == params.replications:
            return seen, series, settled
    raise AssertionError("stages have no end")


def _gains(
    engine: Engine, series: Series, warm_up: WarmUp, params: SimulateParams, ctx: Context
) -> Sensitivities | None:
    """Give how throughput answers, between the same two units in all replications of the first group."""
    if not params.sensitivities:
        return None
    end = warm_up.time + params.hours * HOUR
    first = int((series.left < warm_up.time).sum(axis=0).max())
    last = int((series.left < end).sum(axis=0).min()) - 1
    if last - first < LEAST_UNITS:
        return None
    found = engine.gains(first, last, lambda: ctx.progress(0.9, "asking what throughput depends on"))
    if found is None and isinstance(engine, Events) and params.differences == "cheap":
        ctx.check([GAINS_LEFT_OUT.at("differences", runs=engine.asked)])
    return found
