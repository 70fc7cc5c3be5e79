"""Windows of stations: every line on the way is one, and the end is the optimum that enumeration finds."""

from dataclasses import replace

import numpy as np
import pytest

from genba.line.certify.enumeration import fewest_stations
from genba.line.kernels.bits import Ints
from genba.line.kernels.windows import CALM, LONG, TASKS, Windowed, advance_windows, begin_windows

CYCLE = 100


def drawn(n: int, arcs: int, *, seed: int) -> tuple[Ints, Ints, Ints]:
    """Give times and precedences in ascending order of tasks."""
    rng = np.random.default_rng(seed)
    pairs = np.sort(rng.integers(0, n, (arcs, 2)), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
    return rng.integers(5, 75, n), pairs[:, 0], pairs[:, 1]


def spread_out(times: Ints, start: Ints, end: Ints) -> Windowed:
    """Begin with windows at once, from a line of one task per station."""
    state = begin_windows(times, start, end, CYCLE)
    whole = replace(state.whole, station=np.arange(len(times)), stations=len(times), proof="none")
    return replace(state, whole=whole, size=0, calm=CALM)


def is_line(state: Windowed) -> bool:
    """Give whether no station is empty or over the cycle, and no task before a predecessor."""
    load = np.bincount(state.station, state.times, minlength=state.stations)
    ordered = bool(np.all(state.station[state.start] <= state.station[state.end]))
    return ordered and len(load) == state.stations and load.max() <= CYCLE and load.min() > 0


@pytest.mark.parametrize("seed", range(12))
def test_the_end_is_the_optimum(seed: int) -> None:
    times, start, end = drawn(11, 12, seed=seed)
    state = spread_out(times, start, end)
    while not state.ended:
        state = advance_windows(state, 10_000)
        assert is_line(state)
    before = [frozenset[int]() for _ in times]
    for one, other in sorted(zip(start.tolist(), end.tolist(), strict=True), key=lambda pair: pair[1]):
        before[other] |= {one} | before[one]
    assert state.stations == state.bound == fewest_stations(times.tolist(), before, CYCLE)


def test_windows_shorten_a_long_line() -> None:
    state = spread_out(*drawn(LONG + 50, 300, seed=3))
    while state.size < len(TASKS) and not state.ended:
        state = advance_windows(state, 10_000)
        assert is_line(state)
    assert state.bound <= state.stations <= 1.05 * state.bound
    assert state.whole.turn == 0  # nothing was searched over the whole line


def test_short_lines_have_no_windows() -> None:
    state = begin_windows(*drawn(40, 60, seed=1), CYCLE)
    while not state.ended:
        state = advance_windows(state, 10_000)
        assert state.window is None
    assert state.stations == state.bound
