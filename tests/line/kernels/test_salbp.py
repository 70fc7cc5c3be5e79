"""Lines of the kernel against dynamic programming and against each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.certify.enumeration import fewest_stations
from genba.line.certify.station_bound import stations_needed
from genba.line.kernels.salbp1 import Balancing, advance, begin
from genba.line.kernels.salbp2 import advance_cycle, begin_cycle

Case = tuple[list[int], list[tuple[int, int]], int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give times, precedences whose numbers do not ascend, and a cycle that holds every task."""
    n = draw(st.integers(1, 9))
    cycle = draw(st.integers(4, 30))
    times = draw(st.lists(st.integers(1, cycle), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    pairs = [(order[i], order[j]) for i in range(n) for j in range(i + 1, n) if draw(st.booleans())]
    return times, pairs, cycle


def solved(times: list[int], pairs: list[tuple[int, int]], cycle: int) -> Balancing:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    state = begin(np.array(times), ends[:, 0], ends[:, 1], cycle)
    while not state.ended:
        state = advance(state, 10_000)
    return state


def closed(n: int, pairs: list[tuple[int, int]]) -> list[frozenset[int]]:
    before = [{a for a, b in pairs if b == task} for task in range(n)]
    for _ in range(n):
        before = [tasks.union(*(before[one] for one in tasks)) for tasks in before]
    return [frozenset(tasks) for tasks in before]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_line_is_one_and_as_short_as_by_dynamic_programming(case: Case) -> None:
    times, pairs, cycle = case
    state = solved(*case)
    assert np.bincount(state.station, times).max() <= cycle
    assert all(state.station[a] <= state.station[b] for a, b in pairs)
    assert state.stations == state.bound == fewest_stations(times, closed(len(times), pairs), cycle)


@settings(max_examples=30, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_relabelling_scaling_and_redundant_precedence_change_nothing(case: Case, random: object) -> None:
    times, pairs, cycle = case
    n, before = len(times), closed(len(case[0]), pairs)
    name = list(range(n))
    random.shuffle(name)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    renamed = [times[name.index(k)] * 7 for k in range(n)]
    more = [(name[a], name[b]) for b in range(n) for a in before[b]]
    assert solved(renamed, more, cycle * 7).stations == solved(*case).stations


@settings(max_examples=30, deadline=None)
@given(cases(), st.integers(1, 10))
def test_a_longer_cycle_never_needs_more_stations(case: Case, longer: int) -> None:
    times, pairs, cycle = case
    assert solved(times, pairs, cycle + longer).stations <= solved(*case).stations


@settings(max_examples=30, deadline=None)
@given(cases())
def test_no_computed_bound_passes_the_optimum(case: Case) -> None:
    times, pairs, cycle = case
    assert stations_needed(times, closed(len(times), pairs), cycle) <= solved(*case).stations


@settings(max_examples=15, deadline=None)
@given(cases(), st.integers(1, 4))
def test_the_shortest_cycle_is_the_first_that_is_long_enough(case: Case, stations: int) -> None:
    times, pairs, _ = case
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    state = begin_cycle(np.array(times), ends[:, 0], ends[:, 1], stations)
    while not state.ended:
        state = advance_cycle(state, 10_000)
    before = closed(len(times), pairs)
    enough = (
        c for c in range(max(times), sum(times) + 1) if (fewest_stations(times, before, c) or 0) <= stations
    )
    assert state.cycle == state.bound == next(enough)


@pytest.mark.parametrize(("cycle", "stations"), [(6, 6), (7, 5), (8, 5), (10, 3), (15, 2), (18, 2)])
def test_mertens_has_its_published_optima(cycle: int, stations: int) -> None:
    """Seven tasks of Mertens (1967); optima as Scholl (1999) lists them."""
    pairs = [(0, 1), (0, 3), (1, 2), (1, 4), (3, 6), (4, 5)]
    assert solved([1, 5, 4, 3, 5, 6, 5], pairs, cycle).stations == stations
