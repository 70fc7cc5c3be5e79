"""SALBP-2, the shortest cycle for a number of stations: bisection over SALBP-1 with a goal.

Every trial cycle is decided by the search of `salbp1`: a line that is found lowers the cycle to its largest
load, a proof that none exists raises the bound. Both ends stay valid when the work is stopped.

Source: Scholl (1999), Balancing and Sequencing of Assembly Lines, section 4.2.
"""

from dataclasses import dataclass, replace

import numpy as np

from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Balancing, Proof, advance, begin

WIDEST = 8
"""No trial is further above the bound than a quarter of this part of it."""


@dataclass(frozen=True, eq=False)
class Shortening:
    """Where the work on the shortest cycle stands.

    Arguments:
        times: whole numbers, shape (n,).
        start, end: the two tasks of each direct precedence.
        stations: stations of the line.
        station: station of each task from 0 in the best line known.
        cycle: its largest load.
        bound: proven least cycle.
        proof: what proves the bound: that of the last trial below it, or the trivial `bound`.
        trial: the trial under way, and its cycle.
        stuck: whether a trial ended for want of memory.
        expanded: partial lines that all ended trials have expanded.
    """

    times: Ints
    start: Ints
    end: Ints
    stations: int
    station: Ints
    cycle: int
    bound: int
    proof: Proof
    trial: tuple[Balancing, int] | None = None
    stuck: bool = False
    expanded: int = 0

    @property
    def ended(self) -> bool:
        """Give whether the cycle is proved shortest, or memory ran out."""
        return self.cycle == self.bound or self.stuck


def begin_cycle(times: Ints, start: Ints, end: Ints, stations: int) -> Shortening:
    """Start with all tasks in one station and the trivial bound.

    Arguments:
        times: whole numbers, at least one above 0, shape (n,).
        start, end: the two tasks of each direct precedence; no cycle among them.
        stations: stations of the line, from 1.
    """
    total = int(times.sum())
    bound = max(int(times.max()), -(-total // stations))
    station = np.zeros(len(times), np.int64)
    return Shortening(times, start, end, stations, station, total, bound, "bound")


def advance_cycle(state: Shortening, steps: int) -> Shortening:
    """Work on the trial under way for about so many steps, or begin the next."""
    if state.ended:
        return state
    trial, cycle = state.trial or _next_trial(state)
    trial = advance(trial, steps)
    if not trial.ended:
        return replace(state, trial=(trial, cycle))
    state = replace(state, expanded=state.expanded + trial.expanded)
    if trial.proof == "none":
        return replace(state, trial=None, stuck=True)
    if trial.stations <= state.stations:
        load = int(np.bincount(trial.station, state.times).max())
        return replace(state, trial=None, station=trial.station, cycle=load)
    return replace(state, trial=None, bound=cycle + 1, proof=trial.proof)


def _next_trial(state: Shortening) -> tuple[Balancing, int]:
    """Try near the bound: that a line does not exist is shown faster the further it is out of reach."""
    span = min(state.cycle - state.bound, max(1, state.bound // WIDEST))
    cycle = state.bound + span // 4
    return begin(state.times, state.start, state.end, cycle, goal=state.stations), cycle
