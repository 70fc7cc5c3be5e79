"""How throughput answers to each time and each buffer place, from the same random numbers as the line itself.

Infinitesimal perturbation: the departure of a unit is the sum of the occupations along one path back through
the line (each station's wait ends by a part that comes, a part that goes, or a place that gets free). So the
share of a station's work on that path is the derivative of the logarithm of the unit's departure with respect
to the logarithm of the station's time. Failures on operating time keep their number of parts in between: the
derivative is that of work and time to failure together. The shares of all work and repairs add to 1.

Source: Ho and Cao, Perturbation Analysis of Discrete Event Dynamic Systems (1991), chapter 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.flow_line import Plan
from genba.line.kernels.flow_model import Model
from genba.line.kernels.occupations import CALENDAR
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.replications import HEEDED, Blocks, Run
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
STEP = 0.02
"""Relative change of a time where the derivative is taken by a difference."""
LONGEST = 1 << 21
"""Cells of a group's history: stations times parts times lanes; 16 bytes each, twice."""


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """How throughput answers; one row per replication.

    Arguments:
        work: rise of throughput in per cent when a station's times are 1 % shorter, (replications, stations).
        repair: the same of its repair times; 0 where it never fails.
        place: units per s more with one more place, shape (replications, links); 0 where there is no limit.
        exact: whether `work` and `repair` are derivatives along the path, not differences.
    """

    work: Floats
    repair: Floats
    place: Floats
    exact: bool


def sensitivities(
    model: Model, first: int, start: int, end: int, *, heed: Callable[[], None] = lambda: None
) -> Sensitivities:
    """Give how the throughput between two units' departures answers, for LANES replications.

    Arguments:
        model: the line, seeded.
        first: number of the first replication.
        start: number of the unit whose departure begins the time looked at.
        end: number of the unit whose departure ends it.
        heed: called now and then; may raise to stop.
    """
    plan = model.plan
    exact = bool((plan.servers == 1).all() and (plan.clock != CALENDAR).all() and not plan.wait_to_start)
    held = np.flatnonzero(plan.back >= 0)
    wider = [Run(model.wider(int(link)), first) for link in held]
    faster = [] if exact else [Run(model, first) for _ in plan.servers]
    base, blocks = Run(model, first), Blocks(model, first)
    runs = [base, *wider, *faster]
    late = int(plan.lag[model.exit] + plan.servers[model.exit] - 1)
    count = -(-(end + 1 + late) // DRAWS)
    exits = np.zeros((len(runs), 2, LANES))
    history = _History(plan, count if exact else 0)
    for block in range(count):
        blocks.draw(block)
        for at, run in enumerate(runs):
            work = blocks.work
            if at > len(wider):
                work = work.copy()
                work[at - 1 - len(wider)] *= 1 - STEP
            run.advance(block, work, blocks.down)
            _note(run, block, (start, end), late, exits[at])
        if exact:
            history.keep(base, block, blocks.down)
        if block % HEEDED == 0:
            heed()
    rate = (end - start) / (exits[:, 1] - exits[:, 0])  # (runs, LANES)
    place = np.zeros((LANES, len(plan.source)))
    place[:, held] = (rate[1 : 1 + len(wider)] - rate[0]).T
    if not exact:
        work = (rate[1 + len(wider) :] / rate[0] - 1).T / STEP
        return Sensitivities(work, np.full_like(work, np.nan), place, exact=False)
    work, repair = history.shares(model, start, end)
    return Sensitivities(work, repair, place, exact=True)


def _note(run: Run, block: int, units: Sequence[int], late: int, out: Floats) -> None:
    """Write the departures of the units that lie in a block."""
    left = run.leaving(run.model.exit, block)
    for at, unit in enumerate(units):
        if (unit + late) // DRAWS == block:
            ring = run.state.left.shape[1]
            out[at] = run.state.left[run.model.exit, unit % ring] if late else left[unit % DRAWS]


class _History:
    """All departures and repairs of a group, from the first part on."""

    def __init__(self, plan: Plan, blocks: int) -> None:
        stations = len(plan.servers)
        self.left = np.zeros((stations, blocks * DRAWS, LANES))
        self.down = np.zeros((stations, blocks * DRAWS, LANES))

    def keep(self, run: Run, block: int, down: Floats) -> None:
        """Keep a block."""
        rows, ring = slice(block * DRAWS, (block + 1) * DRAWS), run.state.left.shape[1]
        begins = (block * DRAWS) % ring
        self.left[:, rows] = run.state.left[:-1, begins : begins + DRAWS]
        self.down[:, rows] = down

    def shares(self, model: Model, start: int, end: int) -> tuple[Floats, Floats]:
        """Give each station's work and repairs on the path between two departures, as shares of that time."""
        stations = len(model.plan.servers)
        paths = np.zeros((2, 2, LANES, stations))
        for at, unit in enumerate((start, end)):
            trace(model.plan, self.left, self.down, model.exit, unit, paths[at, 0], paths[at, 1])
        span = (self.left[model.exit, end] - self.left[model.exit, start])[:, None]
        work, repair = (paths[1] - paths[0]) / span
        return work, repair


@kernel
def trace(plan: Plan, left: Floats, down: Floats, exit: int, unit: int, work: Floats, repair: Floats) -> None:
    """Go back along the path that a departure hangs on and sum the occupations on it.

    Arguments:
        plan: the line; one server everywhere.
        left: all departures, s, shape (stations, parts, LANES).
        down: all repairs, s, same shape.
        exit: station of the departure.
        unit: number of the part.
        work: work on the path, s, shape (LANES, stations); added to.
        repair: repairs on the path, s, same shape; added to.
    """
    for lane in range(LANES):
        k, n = exit, unit
        while n >= 0:
            start, from_k, from_n = _starter(plan, left, k, n, lane)
            freed, place, place_n = _freer(plan, left, k, n, lane)
            if place >= 0 and freed == left[k, n, lane] and freed > start:
                k, n = place, place_n
            else:
                repair[lane, k] += down[k, n, lane]
                work[lane, k] += left[k, n, lane] - start - down[k, n, lane]
                k, n = from_k, from_n


@inlined
def _starter(plan: Plan, left: Floats, k: int, n: int, lane: int) -> tuple[float, int, int]:
    """Give when part n starts at station k, and whose departure (station, part) lets it; -1: none's."""
    start, from_k, from_n = 0.0, k, -1
    if n > 0:
        start, from_n = left[k, n - 1, lane], n - 1
    for at in range(plan.before[k], plan.before[k + 1]):
        link = plan.feeds[at]
        come = left[plan.source[link], n, lane] + plan.travel[link]
        if come > start:
            start, from_k, from_n = come, plan.source[link], n
    return start, from_k, from_n


@inlined
def _freer(plan: Plan, left: Floats, k: int, n: int, lane: int) -> tuple[float, int, int]:
    """Give when there is a place for part n behind station k, and whose departure frees it; -1: none's."""
    freed, place, place_n = 0.0, -1, -1
    for at in range(plan.behind[k], plan.behind[k + 1]):
        link = plan.fed[at]
        m = n - plan.back[link]
        if plan.back[link] >= 0 and m >= 0 and left[plan.target[link], m, lane] > freed:
            freed, place, place_n = left[plan.target[link], m, lane], plan.target[link], m
    return freed, place, place_n


__all__ = ["Sensitivities", "sensitivities", "trace"]
