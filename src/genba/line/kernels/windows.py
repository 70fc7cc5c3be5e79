"""SALBP-1 on long lines: windows of neighbouring stations are solved anew for one station fewer.

Tasks of neighbouring stations with the precedence among them are a small line of their own, because whatever
lies between two of them is among them too. When a window needs one station fewer, so does the line. Windows
slide along the line and grow as long as that helps; the searches over the whole line follow. Short lines go
to these at once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Balancing, Proof, advance, begin

LONG = 150
"""Tasks from which on windows come first."""
TASKS = (60, 100, 160)
"""Tasks of a window, of one sweep after another; the last is the end of it."""
WINDOW_STEPS = 50_000
CALM = 30
"""Turns of the searches over the whole line without a shorter one, after which windows begin."""
TURNS = 20
"""Pieces of so many steps that a window gets once its heuristic has ended."""


@dataclass(frozen=True, eq=False)
class Windowed:
    """Where the work on a line stands.

    Arguments:
        whole: the line with its bound, and the searches over all of it.
        times, start, end: as in `begin`.
        cycle: cycle time.
        size: place in `TASKS` of the sweep under way; beyond it windows are over.
        first: first station of the window.
        gained: whether this sweep has made the line shorter.
        window: the work on the window; None before it.
        explored: partial lines of windows expanded.
        calm: turns of the searches over the whole since the line last became shorter.
    """

    whole: Balancing
    times: Ints
    start: Ints
    end: Ints
    cycle: int
    size: int = 0
    first: int = 0
    gained: bool = False
    window: Balancing | None = None
    explored: int = 0
    calm: int = 0

    @property
    def ended(self) -> bool:
        """Give whether there is nothing left to do."""
        return self.whole.ended

    @property
    def station(self) -> Ints:
        """Give the station of each task from 0 in the best line known, shape (n,)."""
        return self.whole.station

    @property
    def stations(self) -> int:
        """Give its number of stations."""
        return self.whole.stations

    @property
    def bound(self) -> int:
        """Give the proven least number of stations."""
        return self.whole.bound

    @property
    def proof(self) -> Proof:
        """Give what proves the end; `none` before."""
        return self.whole.proof

    @property
    def rests_on(self) -> Proof:
        """Give what the bound rests on so far."""
        return self.whole.rests_on

    @property
    def expanded(self) -> int:
        """Give how many partial lines were expanded, of windows and of the whole."""
        return self.explored + self.whole.expanded


def begin_windows(times: Ints, start: Ints, end: Ints, cycle: int, *, goal: int = 0) -> Windowed:
    """Bound an instance and give a first line; arguments as of `begin`."""
    size = 0 if len(times) >= LONG else len(TASKS)
    return Windowed(begin(times, start, end, cycle, goal=goal), times, start, end, cycle, size)


def advance_windows(state: Windowed, steps: int) -> Windowed:
    """Work for about so many steps: heuristic, then windows, then the searches over the whole line."""
    if state.size >= len(TASKS) or state.ended or state.calm < CALM:
        return _searched(state, steps)
    last = _last(state)
    inside = (state.station >= state.first) & (state.station <= last)
    if state.window is None:
        return replace(state, window=_window(state, inside, last))
    window = state.window
    if not window.ended and window.turn < TURNS:
        return replace(state, window=advance(window, min(steps, WINDOW_STEPS)))
    state = replace(state, window=None, explored=state.explored + window.expanded)
    if window.stations <= last - state.first:
        return _shorter(state, window, inside, last)
    return _moved_on(state, last)


def _searched(state: Windowed, steps: int) -> Windowed:
    """Search over the whole line, and count the turns since it last became shorter."""
    whole = advance(state.whole, steps)
    calm = 0 if whole.stations < state.stations or not whole.opened else state.calm + 1
    return replace(state, whole=whole, calm=calm)


def _last(state: Windowed) -> int:
    """Give the last station of the window: it holds about as many tasks as the sweep asks for."""
    held = np.cumsum(np.bincount(state.station, minlength=state.stations)[state.first :])
    return min(state.stations - 1, state.first + int(np.searchsorted(held, TASKS[state.size])))


def _window(state: Windowed, inside: NDArray[np.bool_], last: int) -> Balancing:
    """Pose the line of the window, of one station fewer."""
    number = np.cumsum(inside) - 1
    kept = inside[state.start] & inside[state.end]
    start, end = number[state.start[kept]], number[state.end[kept]]
    return begin(state.times[inside], start, end, state.cycle, goal=last - state.first)


def _shorter(state: Windowed, window: Balancing, inside: NDArray[np.bool_], last: int) -> Windowed:
    """Put the line of the window into the whole; the same place is tried again."""
    saved = last - state.first + 1 - window.stations
    station = np.where(state.station > last, state.station - saved, state.station)
    station[inside] = state.first + window.station
    whole = state.whole.shortened(station, state.stations - saved)
    return replace(state, whole=whole, gained=True)


def _moved_on(state: Windowed, last: int) -> Windowed:
    """Slide by half a window; at the end sweep again, with larger windows when nothing was gained."""
    if last < state.stations - 1:
        return replace(state, first=state.first + (last - state.first + 2) // 2)
    return replace(state, first=0, size=state.size + (not state.gained), gained=False)
