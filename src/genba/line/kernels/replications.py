"""Groups of replications side by side, from an empty line to the end of the window."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.calendar_failures import Chance, begin_outages, new_outages
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
    Seen,
    Window,
    nothing_seen,
    watch,
)

Floats = NDArray[np.float64]
HEEDED = 16
"""Blocks of parts between two looks at whether to stop: well under 0.2 s for 100 stations."""


class Run:
    """A group of LANES replications of a line on its way; blocks of parts come from outside."""

    def __init__(self, model: Model, first: int) -> None:
        """Begin with an empty line at time 0; `first` is the number of the first replication."""
        self.model = model
        self.state = new_state(model.plan)
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
        return self.state.left[station, begins : begins + DRAWS]

    def passed(self, block: int) -> float:
        """Give the time that every station of every replication has reached, s."""
        plan, ring = self.model.plan, self.state.left.shape[1]
        last = (block + 1) * DRAWS - plan.lag - plan.servers
        if last.min() < 0:
            return 0.0
        return float(self.state.left[np.arange(len(last)), last % ring].min())


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
        working: time of all servers of each station, s, shape (replications, stations).
        down: broken, s, same shape.
        blocked: with a finished part and no place to put it, s, same shape.
        starved: without a part, s, same shape.
        queued: parts that wait at each link's end, integrated over time, s, shape (replications, links).
    """

    exits: Floats
    lead: Floats
    units: Floats
    at_start: Floats
    at_end: Floats
    entries: Floats
    working: Floats
    down: Floats
    blocked: Floats
    starved: Floats
    queued: Floats


def observe(
    model: Model, first: int, start: float, end: float, *, heed: Callable[[], None] = lambda: None
) -> tuple[Observed, Floats]:
    """Simulate LANES replications and look at them between two times.

    Arguments:
        model: the line, seeded.
        first: number of the first replication.
        start: when the window begins, s.
        end: when it ends, s.
        heed: called now and then; may raise to stop.

    Returns:
        What was seen, and when every unit left until the end of the window, s, shape (units, LANES).
    """
    run, blocks = Run(model, first), Blocks(model, first)
    seen = nothing_seen(model.plan, run.state)
    window = Window(start, end, model.entry, model.arrivals, model.exit)
    lag = int(model.plan.lag[model.exit] + model.plan.servers[model.exit] - 1)
    exits, block = [], 0
    while block == 0 or run.passed(block - 1) <= end:
        blocks.draw(block)
        run.advance(block, blocks.work, blocks.down)
        retrace(model.plan, run.state, block, blocks.work, blocks.down)
        watch(model.plan, run.state, window, seen, run.chance, block, blocks.down)
        exits.append(run.leaving(model.exit, block).copy())
        block += 1
        if block % HEEDED == 0:
            heed()
    left = np.concatenate(exits)
    return _observed(model, seen, end - start), left[: len(left) - lag] if lag else left


def _observed(model: Model, seen: Seen, span: float) -> Observed:
    plan = model.plan
    sums, servers = seen.stations, plan.servers[:, None]
    down_idle, down_blocked = sums[:, DOWN_IDLE], sums[:, DOWN_BLOCKED]
    occupied = sums[:, FINISH] - sums[:, START]
    starved = sums[:, START] - sums[:, LEAVE] + servers * span - down_idle
    blocked = sums[:, LEAVE] - sums[:, FINISH] - down_blocked
    arriving = sums[plan.target, START] if len(plan.target) else np.zeros((0, LANES))
    return Observed(
        *seen.flow,
        working=(occupied - sums[:, REPAIRED]).T,
        down=(sums[:, REPAIRED] + down_idle + down_blocked).T,
        blocked=blocked.T,
        starved=starved.T,
        queued=(arriving - seen.queued).T,
    )


__all__ = ["Blocks", "Observed", "Run", "observe"]
