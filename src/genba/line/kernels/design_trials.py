"""Many designs of one line under common random numbers: the same draws for all, drawn once.

A design is how many places each open link has and, where staff is chosen, how many people or places each
station has. Replication r sees the draws (seed, station, r) whatever the design is, so two designs differ by
what they are and not by their luck; the work of a team is the drawn work over its people.

Source: Law, Simulation Modeling and Analysis (5th ed., 2015), section 11.2 (common random numbers).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.flow_model import FlowLink, FlowStation, Model, model_of, unordered
from genba.line.kernels.laws import Law
from genba.line.kernels.occupations import OPERATING
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.replications import Blocks, Run, Series, observe
from genba.line.kernels.side_by_side import Heed, side_by_side

Floats = NDArray[np.float64]
Design = tuple[int, ...]
Staffing = Literal["fixed", "parallel", "team"]
CHUNK = 8
"""Designs that share one pass over the draws."""
HEEDED = 4
"""Blocks of parts between two looks at whether to stop."""


class Tried(Protocol):
    """A line of which some numbers are chosen, for either engine."""

    @property
    def open(self) -> tuple[int, ...]:
        """Give the links whose places are chosen, in the order of a design's first entries."""

    @property
    def chunk(self) -> int:
        """Give how many designs are best tried in one go."""

    def possible(self, design: Design) -> bool:
        """Tell whether the engine can express a design."""

    def pilot(self, design: Design, until: float, heed: Heed) -> Series:
        """Give the units that enter and leave until a time, s, in the first LANES replications."""

    def cycles(self, designs: Sequence[Design], first: int, warm_up: int, units: int, heed: Heed) -> Floats:
        """Give the mean time between departures of LANES replications of each design, s, (designs, LANES).

        Arguments:
            designs: what to try, on the same draws.
            first: number of the first replication.
            warm_up: number of the unit whose departure begins the time looked at.
            units: units that leave within it.
            heed: called at least every 0.2 s; may raise to stop.
        """


@dataclass(frozen=True, eq=False)
class Frame:
    """A line of which some numbers are chosen, for the recursion.

    Arguments:
        stations: all stations, each after those that feed it.
        links: ways between them.
        open: links whose places are chosen, in the order of a design's first entries.
        staffing: whether the entries behind are equal places of stations, people of one team each, or none.
        arrivals: time between units that come, s; none: never short of one.
        wait_to_start: whether a part without a place behind is not even begun.
        seed: of all random numbers.
    """

    stations: tuple[FlowStation, ...]
    links: tuple[FlowLink, ...]
    open: tuple[int, ...]
    staffing: Staffing = "fixed"
    arrivals: Law | None = None
    wait_to_start: bool = False
    seed: int = 0

    @property
    def chunk(self) -> int:
        """Give how many designs share one pass over the draws."""
        return CHUNK

    def model(self, design: Design) -> Model:
        """Give the line of a design; the work of teams is shared where machines fail, else not yet."""
        stations, links = self._parts(design)
        model = model_of(stations, links, arrivals=self.arrivals, wait_to_start=self.wait_to_start)
        model, pace = model.seeded(self.seed), self.pace(design)
        if pace is None or not self._wears:
            return model
        factor = model.draws.factor if model.draws.factor.shape[1] else np.ones((len(pace), 1))
        return replace(model, draws=model.draws._replace(factor=factor * pace[..., 0]))

    @property
    def _wears(self) -> bool:
        """Tell whether a team changes how often machines fail: in an hour of work as often as before."""
        return self.staffing == "team" and any(one.clock == OPERATING for one in self.stations)

    def possible(self, design: Design) -> bool:
        """Tell whether the recursion can express a design."""
        return self.staffing != "parallel" or not unordered(
            *self._parts(design), wait_to_start=self.wait_to_start
        )

    def pace(self, design: Design) -> Floats | None:
        """Give what drawn work is multiplied by, shape (stations and arrivals, 1, 1); none: nothing."""
        if self.staffing != "team":
            return None
        people = np.array(design[len(self.open) :], np.float64)
        shares = 1 / people if self.arrivals is None else np.concatenate([[1.0], 1 / people])
        return shares[:, None, None]

    def pilot(self, design: Design, until: float, heed: Heed) -> Series:
        """Give the units that enter and leave until a time, s, in the first LANES replications."""
        return observe(self.model(design), 0, [(0.0, until)], heed=heed)[1]

    def cycles(self, designs: Sequence[Design], first: int, warm_up: int, units: int, heed: Heed) -> Floats:
        """Give the mean time between departures of LANES replications of each design, s, (designs, LANES)."""
        if self._wears and len(designs) > 1:  # each has its own failures, so nothing to share
            return np.concatenate([self.cycles([one], first, warm_up, units, heed) for one in designs])
        models = [self.model(design) for design in designs]
        blocks = Blocks(max(models, key=lambda model: int(model.plan.lag.max())), first)
        runs = [Run(model, first) for model in models]
        paces = [None if self._wears else self.pace(design) for design in designs]
        late = [int(one.plan.lag[one.exit] + one.plan.servers[one.exit] - 1) for one in models]
        ends = np.zeros((len(runs), 2, LANES))
        for block in range((warm_up + units + max(late)) // DRAWS + 1):
            blocks.draw(block)
            for at, run in enumerate(runs):
                pace = paces[at]
                run.advance(block, blocks.work if pace is None else blocks.work * pace, blocks.down)
                for which, unit in enumerate((warm_up, warm_up + units)):
                    if (unit + late[at]) // DRAWS == block:
                        ring = run.state.left[run.model.exit]
                        ends[at, which] = ring[unit % len(ring)]
            if block % HEEDED == 0:
                heed()
        spent: Floats = (ends[:, 1] - ends[:, 0]) / units
        return spent

    def _parts(self, design: Design) -> tuple[list[FlowStation], list[FlowLink]]:
        links, stations = list(self.links), list(self.stations)
        for link, places in zip(self.open, design, strict=False):
            links[link] = replace(links[link], places=places)
        if self.staffing == "parallel":
            servers = design[len(self.open) :]
            stations = [replace(one, servers=n) for one, n in zip(stations, servers, strict=True)]
        return stations, links


@dataclass(frozen=True, eq=False)
class Trials:
    """How designs are tried.

    Arguments:
        frame: the line.
        warm_up: units that leave before those that count.
        units: units that count, in every replication.
        threads: groups of replications side by side; what is found does not depend on it.
        heed: called now and then; may raise to stop.
    """

    frame: Tried
    warm_up: int
    units: int
    threads: int = 1
    heed: Callable[[], None] = lambda: None

    def observe(self, designs: Sequence[Design], groups: range) -> Floats:
        """Give mean times between departures, s, shape (designs, LANES x groups).

        Arguments:
            designs: what to try.
            groups: numbers of the groups of LANES replications.
        """
        chunk = self.frame.chunk
        tasks = list(product(groups, range(0, len(designs), chunk)))

        def work(task: tuple[int, int], heed: Heed) -> Floats:
            group, at = task
            some = designs[at : at + chunk]
            return self.frame.cycles(some, group * LANES, self.warm_up, self.units, heed)

        found = np.empty((len(designs), len(groups), LANES))
        spent = side_by_side(work, tasks, threads=self.threads, heed=self.heed)
        for (group, at), some in zip(tasks, spent, strict=True):
            found[at : at + chunk, group - groups.start] = some
        return found.reshape(len(designs), -1)


__all__ = ["CHUNK", "Design", "Frame", "Staffing", "Trials", "Tried"]
