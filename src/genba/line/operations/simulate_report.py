"""From what was seen of replications to the result of `line.simulate`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.event_course import Course
from genba.line.kernels.output_analysis import Interval, interval, ratio_interval
from genba.line.kernels.replications import Observed, Story
from genba.line.kernels.sensitivity import Sensitivities
from genba.line.operations.simulate_model import Flow
from genba.line.operations.simulate_story import tables_of, ways_of
from genba.line.records.pace import takt
from genba.line.records.simulate import (
    BUFFERS,
    RUN_STATIONS,
    RUNS,
    STATIONS,
    SimulateParams,
    SimulateResult,
)
from genba.num.table import Table, table

Floats = NDArray[np.float64]
HOUR = 3600.0
STATES = ("working", "down", "blocked", "waiting", "starved", "off")


@dataclass(frozen=True, eq=False)
class Simulated:
    """What was simulated.

    Arguments:
        flow: of which line.
        params: how.
        recursion: whether by the recursion.
        warm_up: time before the window, s.
        found: whether MSER-5 found it.
        seen: the replications; arrivals, where there are any, are the first station and the first link.
        settled: whether throughput is known as well as asked for.
        gains: how throughput answers; none: not asked for, or too few units.
        story: the first replication part by part; none: not told.
        queues: the event engine's queue at the end of each way, arrivals first where there are any.
    """

    flow: Flow
    params: SimulateParams
    recursion: bool
    warm_up: float
    found: bool
    seen: Observed
    settled: bool
    gains: Sensitivities | None
    story: Story | Course | None
    queues: list[int]

    @property
    def shift(self) -> int:
        """Give how many stations and links stand for arrivals."""
        return 0 if self.flow.arrivals is None else 1

    @property
    def span(self) -> float:
        """Give the length of the window, s."""
        return self.params.hours * HOUR

    @property
    def confidence(self) -> float:
        """Give the confidence of intervals, 0 to 1."""
        return self.params.confidence / 100

    def states(self) -> dict[str, Floats]:
        """Give the time of every station in each state, s, shape (replications, stations) each."""
        return {state: getattr(self.seen, state)[:, self.shift :] for state in STATES}


def report(done: Simulated) -> SimulateResult:
    """Put everything into the result."""
    seen, span = done.seen, done.span
    good = seen.exits
    energy = _energy(done)
    stations = _stations(done)
    worst = int(np.argmin(stations["rank"]))
    throughput = interval(good / span * HOUR, done.confidence)
    lead = ratio_interval(seen.lead, seen.exits, done.confidence)
    units = interval(seen.units / span, done.confidence)
    per_unit = ratio_interval(energy, good, done.confidence)
    gains = done.gains
    shown = (done.warm_up, done.warm_up + done.params.shown)
    spans, levels = tables_of(done.flow, done.story, done.queues, shown)
    return SimulateResult(
        outcome="settled" if done.settled else "open",
        engine="recursion" if done.recursion else "events",
        engine_reasons=done.flow.reasons,
        gains="none" if gains is None else "derivative" if gains.exact else "difference",
        throughput=throughput.mean,
        throughput_half_width=throughput.half_width,
        lead_time=lead.mean,
        lead_time_half_width=lead.half_width,
        units=units.mean,
        units_half_width=units.half_width,
        energy=per_unit.mean,
        energy_half_width=per_unit.half_width,
        oee=float(stations["oee"][worst]),
        bottleneck=str(stations["station"][worst]),
        takt=takt(done.flow.line),
        replications=len(seen.exits),
        confidence=done.params.confidence,
        warm_up=done.warm_up,
        warm_up_found=done.found,
        span=span,
        stations=stations,
        buffers=_buffers(done),
        runs=_runs(done, energy),
        run_stations=_run_stations(done),
        spans=spans,
        levels=levels,
    )


def _energy(done: Simulated) -> Floats:
    """Give the energy of all stations by replication, kWh."""
    power = [done.flow.line.stations[place].power for place in done.flow.order]
    states = done.states()
    idle = states["blocked"] + states["waiting"] + states["starved"]
    used = sum(
        states["working"][:, k] * one.working
        + states["down"][:, k] * one.down
        + idle[:, k] * one.idle
        + states["off"][:, k] * one.off
        for k, one in enumerate(power)
    )
    return np.asarray(used, np.float64) / HOUR


def _columns(values: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Give mean and half-width of every column; shape (replications, columns)."""
    found = [interval(column, confidence) for column in values.T]
    return np.array([one.mean for one in found]), np.array([one.half_width for one in found])


def _ranks(value: Floats) -> NDArray[np.int64]:
    """Give places from 1 for the largest; equals by order along the line."""
    order = np.argsort(-value, kind="stable")
    ranks = np.empty(len(value), np.int64)
    ranks[order] = np.arange(1, len(value) + 1)
    return ranks


def _planned(done: Simulated) -> Floats:
    """Give the planned time per unit at every station, s."""
    return np.array([one.work.mean * float(np.mean(one.factors or 1.0)) for one in done.flow.stations])


def _stations(done: Simulated) -> Table:
    flow = done.flow
    servers = np.array([station.servers for station in flow.stations])
    share = {state: 100 * time / (servers * done.span) for state, time in done.states().items()}
    columns: dict[str, Any] = {}
    for state in STATES:
        columns[state], columns[f"{state}_half_width"] = _columns(share[state], done.confidence)
    planned = servers * done.span - done.states()["off"]  # (replications, stations), s
    earned = 100 * _planned(done) * done.seen.exits[:, None]
    pairs = zip(earned.T, planned.T, strict=True)  # a batch may lie within a break
    oee = [ratio_interval(one, of, done.confidence) for one, of in pairs]
    columns["oee"] = np.array([one.mean for one in oee])
    columns["oee_half_width"] = np.array([one.half_width for one in oee])
    scrap = np.array([flow.line.stations[place].scrap for place in flow.order])
    open_for = 100 - columns["off"]
    available = 100 * columns["working"] / np.where(open_for > 0, open_for, np.nan)
    used = available * (1 - scrap)
    columns["effectiveness"] = 100 * columns["oee"] / np.where(used > 0, used, np.nan)
    none = np.full((2, len(servers)), np.nan)
    work, repair = none[:1], none[:1]
    if done.gains is not None:
        work, repair = done.gains.work[:, done.shift :], done.gains.repair[:, done.shift :]
    columns["gain"], columns["gain_half_width"] = _columns(work, done.confidence)
    columns["repair_gain"], columns["repair_gain_half_width"] = _columns(repair, done.confidence)
    use = columns["working"] + columns["down"]
    answer = columns["gain"] + np.nan_to_num(columns["repair_gain"])
    return table(
        STATIONS,
        station=np.array(flow.ids, object),
        servers=servers,
        availability=available,
        quality=100 * (1 - scrap),
        rank=_ranks(use if done.gains is None else answer),
        rank_by_use=_ranks(use),
        **{name: np.where(np.isfinite(column), column, np.nan) for name, column in columns.items()},
    )


def _buffers(done: Simulated) -> Table:
    ways = ways_of(done.flow)
    parts, width = _columns(done.seen.queued / done.span, done.confidence)
    gain = np.full((1, len(ways)), np.nan) if done.gains is None else done.gains.place * HOUR
    place, place_width = _columns(gain, done.confidence)
    return table(
        BUFFERS,
        source=np.array([way[0] for way in ways], object),
        target=np.array([way[1] for way in ways], object),
        capacity=np.array([np.nan if way[2] is None else way[2] for way in ways]),
        parts=parts,
        parts_half_width=_finite(width),
        place_gain=place,
        place_gain_half_width=_finite(place_width),
    )


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _runs(done: Simulated, energy: Floats) -> Table:
    seen = done.seen
    some = np.where(seen.exits > 0, seen.exits, np.nan)
    return table(
        RUNS,
        replication=np.arange(len(seen.exits)),
        at_start=seen.at_start,
        entered=seen.entries,
        left=seen.exits,
        scrapped=seen.scrapped,
        merged=seen.merged,
        at_end=seen.at_end,
        throughput=seen.exits / done.span * HOUR,
        lead_time=seen.lead / some,
        units=seen.units / done.span,
        energy=energy / some,
    )


def _run_stations(done: Simulated) -> Table:
    states, ids = done.states(), done.flow.ids
    rows = len(done.seen.exits)
    return table(
        RUN_STATIONS,
        replication=np.repeat(np.arange(rows), len(ids)),
        station=np.array(ids * rows, object),
        **{state: states[state].ravel() for state in STATES},
    )


__all__ = ["Interval", "Simulated", "report"]
