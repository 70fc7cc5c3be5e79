"""Groups of replications side by side, from an empty line to the end of the window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.calendar_failures import Chance, begin_outages, new_outages
from genba.line.kernels.flow_blocks import Track, pass_blocks, reached
from genba.line.kernels.flow_line import advance, new_state, retrace
from genba.line.kernels.flow_model import Model
from genba.line.kernels.occupations import Draws, begin, fill, new_wear
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.watch import (
    DOWN_BLOCKED,
    DOWN_IDLE,
    FINISH,
    LEAVE,
    REPAIRED,
    START,
    Window,
    nothing_seen,
    watch,
)

Floats = NDArray[np.float64]
HEEDED, STATIONS = 16, 1000
"""Most blocks of parts between two looks at whether to stop, and most stations times blocks: under 0.2 s."""


class Run:
    """A group of LANES replications of a line on its way; blocks of parts come from outside."""

    def __init__(self, model: Model, first: int) -> None:
        """Begin with an empty line at time 0; `first` is the number of the first replication."""
        self.model = model
        self.state = new_state(model.plan)
        self.entered = np.zeros(self.state.left.shape[1:])
        stations = len(model.plan.servers)
        self.chance = Chance(model.draws, new_wear(stations), new_outages(stations), first)
        begin(model.draws, self.chance.wear, first)
        begin_outages(self.chance)

    def advance(self, block: int, work: Floats, down: Floats) -> None:
        """Move on by a block of parts."""
        advance(self.model.plan, self.state, self.chance, block, work, down)

    def leaving(self, station: int, block: int) -> Floats:
        """Give when the last block's parts left a station, s, shape (DRAWS, LANES), a view of the ring."""
        ring = self.state.left.shape[1]
        begins = (block * DRAWS) % ring
        times: Floats = self.state.left[station, begins : begins + DRAWS]
        return times

    def passed(self, block: int) -> float:
        """Give the time that every station of every replication has reached, s."""
        return float(reached(self.model.plan, self.state, block)[0])


class Blocks:
    """Work and repairs of a group, drawn block by block into rings that reach back as far as stations lag."""

    def __init__(self, model: Model, first: int) -> None:
        """Begin before the first part."""
        stations, lag = len(model.plan.servers), int(model.plan.lag.max())
        ring = DRAWS if lag == 0 else 1 << (lag + 2 * DRAWS - 1).bit_length()
        self.work, self.down = np.zeros((2, stations, ring, LANES))
        self.draws: Draws = model.draws
        self.first = first
        self.wear = new_wear(stations)
        begin(self.draws, self.wear, first)

    def draw(self, block: int) -> None:
        """Draw the block of parts with this number; they come in order."""
        fill(self.draws, self.wear, self.first, block, self.work, self.down)


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen of replications within the window; rows are replications.

    Arguments:
        exits: units that left, shape (replications,).
        lead: their time in the line, together, s, shape (replications,).
        units: units in the line, integrated over time, s, shape (replications,).
        at_start: units in the line when the window begins, shape (replications,).
        at_end: units in the line when it ends, shape (replications,).
        entries: units that entered, shape (replications,).
        scrapped: units thrown away, shape (replications,).
        merged: units that became part of others, shape (replications,).
        working: time of all servers of each station, s, shape (replications, stations).
        down: broken, s, same shape.
        blocked: with a finished part and no place to put it, s, same shape.
        waiting: with a part that waits for a worker, s, same shape.
        starved: without a part, s, same shape.
        off: in breaks and outside shifts, s, same shape.
        queued: parts that wait at each link's end, integrated over time, s, shape (replications, links).
    """

    exits: Floats
    lead: Floats
    units: Floats
    at_start: Floats
    at_end: Floats
    entries: Floats
    scrapped: Floats
    merged: Floats
    working: Floats
    down: Floats
    blocked: Floats
    waiting: Floats
    starved: Floats
    off: Floats
    queued: Floats


@dataclass(frozen=True, eq=False)
class Series:
    """Units in order; times in s, shape (units, LANES) each.

    Arguments:
        entered: when they entered the line.
        left: when they left it.
    """

    entered: Floats
    left: Floats


Spans = Sequence[tuple[float, float]]
"""Starts and ends of windows that follow one another, s."""


def observe(
    model: Model, first: int, spans: Spans, *, heed: Callable[[], None] = lambda: None
) -> tuple[list[Observed], Series]:
    """Simulate LANES replications and look at them in one window or several.

    Arguments:
        model: the line, seeded.
        first: number of the first replication.
        spans: the windows, in order.
        heed: called now and then; may raise to stop.

    Returns:
        What was seen in each window, and the units that entered and left.
    """
    run, blocks = Run(model, first), Blocks(model, first)
    looks = [_Look(model, run, start, end) for start, end in spans]
    lag = int(model.plan.lag[model.exit] + model.plan.servers[model.exit] - 1)
    units: list[Series] = []
    block, ahead = 0, 0
    while ahead < len(looks):
        until = looks[ahead + 1].window.start if ahead + 1 < len(looks) else np.inf
        passed = looks[ahead].go(run, blocks, block, until)
        units.append(passed)
        block += len(passed.left) // DRAWS
        earliest, latest = reached(model.plan, run.state, block - 1)
        for look in looks[ahead + 1 :]:
            if not look.see(run, block - 1, blocks.down, latest):
                break
        ahead += sum(earliest > look.window.end for look in looks[ahead:])
        heed()
    entered, left = (np.concatenate([getattr(part, name) for part in units]) for name in ("entered", "left"))
    return [look.observed(model) for look in looks], Series(
        entered[: len(left) - lag], left[: len(left) - lag]
    )


class _Look:
    """A window and the sums of what is seen in it."""

    def __init__(self, model: Model, run: Run, start: float, end: float) -> None:
        self.window = Window(start, end, model.entry, model.arrivals, model.exit)
        self.seen = nothing_seen(model.plan, run.state)
        self.begins = np.full(1, -1)
        self.behind = int((model.plan.lag + model.plan.servers).max())

    def go(self, run: Run, blocks: Blocks, block: int, until: float) -> Series:
        """Move on and look, until the window ends, another begins, or it is time to ask whether to stop."""
        count = max(1, min(HEEDED, STATIONS // len(run.model.plan.servers)))
        came, went = np.empty((2, count * DRAWS, LANES))
        track = Track(
            blocks.work, blocks.down, run.entered, came, went, self.begins, self.behind, float(until)
        )
        plan, state, chance = run.model.plan, run.state, run.chance
        done = pass_blocks(plan, state, chance, blocks.wear, self.window, self.seen, track, block)
        return Series(came[: done * DRAWS], went[: done * DRAWS])

    def see(self, run: Run, block: int, down: Floats, latest: float) -> bool:
        """Add a block, unless all of it was over before the window began; tell whether it was added."""
        if self.begins[0] < 0 and latest < self.window.start and block * DRAWS > self.behind:
            return False
        if self.begins[0] < 0:
            self.begins[0] = block
            self.seen.entered[:] = run.entered
        watch(run.model.plan, run.state, self.window, self.seen, run.chance, block, down)
        return True

    def observed(self, model: Model) -> Observed:
        """Give the times in states from the sums.

        The first start that was added follows a departure that was not: one, or at the beginning of the
        simulation one for every server.
        """
        plan, sums, span = model.plan, self.seen.stations, self.window.end - self.window.start
        unseen = (plan.servers if self.begins[0] == 0 else np.ones_like(plan.servers))[:, None]
        starved = sums[:, START] - sums[:, LEAVE] + unseen * span - sums[:, DOWN_IDLE]
        blocked = sums[:, LEAVE] - sums[:, FINISH] - sums[:, DOWN_BLOCKED]
        down = sums[:, REPAIRED] + sums[:, DOWN_IDLE] + sums[:, DOWN_BLOCKED]
        working = sums[:, FINISH] - sums[:, START] - sums[:, REPAIRED]
        arriving = sums[plan.target, START] if len(plan.target) else np.zeros((0, LANES))
        exits, lead, units, at_start, at_end, entries = self.seen.flow
        states = [np.maximum(part, 0.0).T for part in (working, down, blocked, starved)]  # less a rounding
        queued = (arriving - self.seen.queued).T
        working, down, blocked, starved = states
        return Observed(
            exits=exits,
            lead=lead,
            units=units,
            at_start=at_start,
            at_end=at_end,
            entries=entries,
            scrapped=np.zeros(LANES),
            merged=np.zeros(LANES),
            working=working,
            down=down,
            blocked=blocked,
            waiting=np.zeros_like(starved),
            starved=starved,
            off=np.zeros_like(starved),
            queued=queued,
        )


@dataclass(frozen=True, eq=False)
class Story:
    """Parts of one replication one by one, in order; s, shape (stations, parts) each.

    Arguments:
        started: when work on them began.
        finished: when it was done.
        left: when they left; where servers stand side by side, the n-th to leave is not the n-th to start.
    """

    started: Floats
    finished: Floats
    left: Floats


def story(model: Model, replication: int, end: float) -> Story:
    """Tell one replication until a time, s."""
    plan = model.plan
    run, blocks = Run(model, replication), Blocks(model, replication)
    rows: list[tuple[Floats, Floats, Floats]] = []
    stations = np.arange(len(plan.servers))[:, None]
    block = 0
    while block == 0 or run.passed(block - 1) <= end:
        blocks.draw(block)
        run.advance(block, blocks.work, blocks.down)
        retrace(plan, run.state, block, blocks.work, blocks.down)
        gone = block * DRAWS + np.arange(DRAWS) - (plan.lag + plan.servers - 1)[:, None]
        left = run.state.left[stations, gone % run.state.left.shape[1], 0]
        rows.append((run.state.started[..., 0].copy(), run.state.finished[..., 0].copy(), left))
        block += 1
    started, finished, left = (np.concatenate([row[at] for row in rows], axis=1) for at in range(3))
    starts, leaves = plan.lag, plan.lag + plan.servers - 1
    parts = block * DRAWS - int(leaves.max())
    return Story(
        _aligned(started, starts, parts), _aligned(finished, starts, parts), _aligned(left, leaves, parts)
    )


def _aligned(rows: Floats, late: NDArray[np.int64], parts: int) -> Floats:
    """Give rows that begin late, side by side from their first part on."""
    return np.stack([row[begin : begin + parts] for row, begin in zip(rows, late.tolist(), strict=True)])


def joined(parts: Sequence[Observed]) -> Observed:
    """Put the replications of several groups under one another."""
    return Observed(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Observed)))


def lanes_of(seen: Observed, lanes: slice) -> Observed:
    """Give some replications of a group."""
    return Observed(*(getattr(seen, f.name)[lanes] for f in fields(Observed)))


__all__ = ["Blocks", "Observed", "Run", "Series", "Story", "joined", "lanes_of", "observe", "story"]
