"""SALBP-E, the greatest efficiency: stations and cycle whose product is least, both within limits.

For each number of stations a least cycle is known. The number with the least product of both is tried next,
at a cycle not far above it: a line that is found lowers the best product, a proof that none exists raises the
least cycle of these stations and of all fewer. Numbers whose product reaches the best are over.

Source: Scholl (1999), Balancing and Sequencing of Assembly Lines, section 2.2.1 for the problem; Corominas,
Garcia-Villoria and Pastor (2016) for the search over numbers of stations.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Balancing, Proof, advance, begin

NEAR = 4
"""A trial lies this part of the way from the bound to the best product."""
WIDEST = 32
"""No trial is further above the bound than this part of it."""


class Limits(NamedTuple):
    """What is allowed.

    Arguments:
        longest: cycle, from the longest task on.
        least, most: stations; a line that uses fewer than the least counts as that many.
    """

    longest: int
    least: int
    most: int


@dataclass(frozen=True, eq=False)
class Widening:
    """Where the work on the greatest efficiency stands.

    Arguments:
        times: whole numbers, shape (n,).
        start, end: the two tasks of each direct precedence.
        limits: what is allowed.
        cycles: proven least cycle of limits.least, limits.least + 1, ... stations.
        station: station of each task from 0 in the best line known; None before the first.
        stations: that it counts for; 0 before the first.
        cycle: its largest load; 0 before the first.
        proof: what the bound rests on.
        trial: the trial under way, its stations and its cycle.
        stuck: whether a trial ended for want of memory.
        expanded: partial lines that all ended trials have expanded.
    """

    times: Ints
    start: Ints
    end: Ints
    limits: Limits
    cycles: Ints
    station: Ints | None = None
    stations: int = 0
    cycle: int = 0
    proof: Proof = "bound"
    trial: tuple[Balancing, int, int] | None = None
    stuck: bool = False
    expanded: int = 0

    @property
    def best(self) -> int:
        """Give the least product of stations and cycle known; one more than any allowed before the first."""
        return self.stations * self.cycle if self.stations else self.limits.most * self.limits.longest + 1

    @property
    def bound(self) -> int:
        """Give the proven least product; `best` at the end."""
        products = numbers_of(self) * self.cycles
        return int(np.min(products, where=_open(self), initial=self.best))

    @property
    def impossible(self) -> bool:
        """Give whether it is proved that no line keeps the limits."""
        return not self.stations and not _open(self).any()

    @property
    def ended(self) -> bool:
        """Give whether there is nothing left to do: proved, or out of memory."""
        return self.stuck or not _open(self).any()


def begin_efficiency(times: Ints, start: Ints, end: Ints, limits: Limits) -> Widening:
    """Start with the trivial least cycles: the longest task, and the time of all tasks over the stations.

    Arguments:
        times: whole numbers, at least one above 0, shape (n,).
        start, end: the two tasks of each direct precedence; no cycle among them.
        limits: of stations and cycle.
    """
    numbers = np.arange(limits.least, limits.most + 1)
    cycles = np.maximum(int(times.max()), -(-int(times.sum()) // numbers))
    return Widening(times, start, end, limits, cycles)


def advance_efficiency(state: Widening, steps: int) -> Widening:
    """Work on the trial under way for about so many steps, or begin the next."""
    if state.ended:
        return state
    trial, stations, cycle = state.trial or _next_trial(state)
    trial = advance(trial, steps)
    if not trial.ended:
        return replace(state, trial=(trial, stations, cycle))
    state = replace(state, trial=None, expanded=state.expanded + trial.expanded)
    if trial.proof == "none":
        return replace(state, stuck=True)
    if trial.stations <= stations:
        return _better(state, trial)
    raised = np.where(numbers_of(state) <= stations, np.maximum(state.cycles, cycle + 1), state.cycles)
    proof: Proof = "exhausted" if "exhausted" in (state.proof, trial.proof) else "bound"
    return replace(state, cycles=raised, proof=proof)


def numbers_of(state: Widening) -> Ints:
    """Give the numbers of stations that are allowed."""
    return np.arange(state.limits.least, state.limits.most + 1)


def _open(state: Widening) -> NDArray[np.bool_]:
    """Give which numbers of stations may still have a better line."""
    short = state.cycles <= state.limits.longest
    return np.asarray(short & (numbers_of(state) * state.cycles < state.best))


def _better(state: Widening, trial: Balancing) -> Widening:
    """Take the line of a trial if its product is less."""
    stations = max(trial.stations, state.limits.least)
    cycle = int(np.bincount(trial.station, state.times).max())
    if stations * cycle >= state.best:
        return state
    return replace(state, station=trial.station, stations=stations, cycle=cycle)


def _next_trial(state: Widening) -> tuple[Balancing, int, int]:
    """Try the longest cycle for a first line; then the stations of the least product, near their bound."""
    if not state.stations:
        stations, cycle = state.limits.most, state.limits.longest
    else:
        products = np.where(_open(state), numbers_of(state) * state.cycles, state.best)
        place = int(np.argmin(products))
        stations, least = state.limits.least + place, int(state.cycles[place])
        highest = min(state.limits.longest, (state.best - 1) // stations)
        cycle = least + min(highest - least, max(1, least // WIDEST)) // NEAR
    return begin(state.times, state.start, state.end, cycle, goal=stations), stations, cycle
