"""The greatest efficiency against trying every cycle, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.certify.enumeration import fewest_stations
from genba.line.kernels.salbp2 import advance_cycle, begin_cycle
from genba.line.kernels.salbpe import Limits, Widening, advance_efficiency, begin_efficiency

Case = tuple[list[int], list[tuple[int, int]], Limits]
MERTENS = ([1, 5, 4, 3, 5, 6, 5], [(0, 1), (0, 3), (1, 2), (1, 4), (3, 6), (4, 5)])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give times, precedences whose numbers do not ascend, and limits that may allow nothing."""
    n = draw(st.integers(1, 7))
    times = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    pairs = [(order[i], order[j]) for i in range(n) for j in range(i + 1, n) if draw(st.booleans())]
    longest = max(times) + draw(st.integers(0, sum(times) - max(times)))
    least = draw(st.integers(1, n))
    return times, pairs, Limits(longest, least, draw(st.integers(least, n)))


def solved(case: Case) -> Widening:
    times, pairs, limits = case
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    state = begin_efficiency(np.array(times), ends[:, 0], ends[:, 1], limits)
    bound = 0
    while not state.ended:
        state = advance_efficiency(state, 10_000)
        assert bound <= state.bound <= state.best
        bound = state.bound
    return state


def least_product(case: Case) -> int | None:
    """Try every cycle; None where no line keeps the limits."""
    times, pairs, limits = case
    before = [{a for a, b in pairs if b == task} for task in range(len(times))]
    for _ in times:
        before = [tasks.union(*(before[one] for one in tasks)) for tasks in before]
    closed = [frozenset(tasks) for tasks in before]
    found = []
    for cycle in range(max(times), limits.longest + 1):
        stations = max(limits.least, fewest_stations(times, closed, cycle) or 0)
        if stations <= limits.most:
            found.append(stations * cycle)
    return min(found, default=None)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_product_is_the_least_of_all_cycles(case: Case) -> None:
    times, pairs, limits = case
    state, least = solved(case), least_product(case)
    assert state.impossible == (least is None)
    if least is None or state.station is None:
        assert state.station is None
        return
    assert state.best == state.bound == least
    assert np.bincount(state.station, times).max() == state.cycle <= limits.longest
    assert max(int(state.station.max()) + 1, limits.least) == state.stations <= limits.most
    assert all(state.station[a] <= state.station[b] for a, b in pairs)


@settings(max_examples=20, deadline=None)
@given(cases())
def test_scaled_times_give_scaled_products(case: Case) -> None:
    times, pairs, limits = case
    scaled = ([7 * time for time in times], pairs, limits._replace(longest=7 * limits.longest))
    assert solved(scaled).stations * solved(scaled).cycle == 7 * solved(case).stations * solved(case).cycle


@settings(max_examples=20, deadline=None)
@given(cases())
def test_wider_limits_never_give_less_efficiency(case: Case) -> None:
    times, pairs, limits = case
    state = solved(case)
    wider = solved((times, pairs, Limits(limits.longest + 3, max(1, limits.least - 1), len(times))))
    assert not state.stations or wider.best <= state.best


@pytest.mark.parametrize("stations", [2, 3, 5, 6])
def test_one_number_of_stations_has_its_shortest_cycle(stations: int) -> None:
    times, pairs = MERTENS
    ends = np.array(pairs)
    state = begin_cycle(np.array(times), ends[:, 0], ends[:, 1], stations)
    while not state.ended:
        state = advance_cycle(state, 10_000)
    assert solved((times, pairs, Limits(sum(times), stations, stations))).cycle == state.cycle


def test_mertens_is_most_efficient_in_a_range_as_by_hand() -> None:
    """29 s of work: 2 stations of 15 lose 1 s; 3 of 10 and 5 of 6 as much, which Mertens cannot all reach."""
    state = solved((*MERTENS, Limits(14, 1, 7)))
    products = {2: 2 * 15, 3: 3 * 10, 5: 5 * 7, 6: 6 * 6}
    assert (state.stations, state.cycle) == (3, 10)
    assert state.best == min(product for stations, product in products.items() if stations > 2)
