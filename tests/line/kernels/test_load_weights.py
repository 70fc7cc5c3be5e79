"""Weights of tasks: all loads are listed, none is over the whole, and no bound passes the optimum."""

import gzip
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genba.line.certify.enumeration import fewest_stations
from genba.line.kernels.bits import Words
from genba.line.kernels.knapsack import best_fit, fullest
from genba.line.kernels.lessons import weighed
from genba.line.kernels.load_weights import knapsack_weights, listed_weights
from genba.line.kernels.salbp import Salbp, salbp_of
from genba.line.kernels.salbp1 import Balancing, advance, begin
from genba.line.kernels.station_sets import LONGEST, station_sets

Case = tuple[list[int], list[tuple[int, int]], int]
SCHOLL = Path(__file__).parents[4] / "shared" / "data" / "line" / "salbp_scholl.jsonl.gz"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give times, precedences whose numbers do not ascend, and a cycle that holds every task."""
    n = draw(st.integers(1, 9))
    cycle = draw(st.integers(4, 30))
    times = draw(st.lists(st.integers(1, cycle), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    pairs = [(order[i], order[j]) for i in range(n) for j in range(i + 1, n) if draw(st.booleans())]
    return times, pairs, cycle


def posed(case: Case) -> Salbp:
    times, pairs, cycle = case
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return salbp_of(np.array(times), ends[:, 0], ends[:, 1], cycle)


def flags(sets: Words, n: int) -> NDArray[np.bool_]:
    return np.unpackbits(sets.view(np.uint8), axis=1, bitorder="little")[:, :n].astype(bool)


def every_load(problem: Salbp) -> set[tuple[int, ...]]:
    """Give all loads by trying all sets of tasks."""
    n = len(problem.times)
    before, after = flags(problem.before, n), flags(problem.after, n)
    found = set()
    for count in range(1, n + 1):
        for load in combinations(range(n), count):
            chosen = list(load)
            between = before[chosen].any(axis=0) & after[chosen].any(axis=0)
            between &= ~np.isin(np.arange(n), chosen)
            if problem.times[chosen].sum() <= problem.cycle and not between.any():
                found.add(load)
    return found


def optimum(problem: Salbp) -> int:
    before = [frozenset(np.flatnonzero(row).tolist()) for row in flags(problem.before, len(problem.times))]
    return fewest_stations(problem.times.tolist(), before, problem.cycle) or 0


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_load_is_listed_once(case: Case) -> None:
    problem = posed(case)
    sets = station_sets(problem, 1000)
    assert sets is not None
    listed = [
        tuple(sorted(sets.task[a:b].tolist())) for a, b in zip(sets.indptr[:-1], sets.indptr[1:], strict=True)
    ]
    assert len(set(listed)) == len(listed)
    assert set(listed) == every_load(problem)


def test_too_many_loads_are_not_listed() -> None:
    problem = posed(([1] * 9, [], 9))
    assert station_sets(problem, 100) is None
    assert station_sets(problem, 511) is not None  # the sets of nine tasks but the empty one


@settings(max_examples=40, deadline=None)
@given(cases(), st.data())
def test_no_load_is_over_the_whole_and_no_bound_passes_the_optimum(case: Case, data: st.DataObject) -> None:
    problem = posed(case)
    n = len(problem.times)
    asked = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    sets = station_sets(problem, 1000)
    assert sets is not None
    listed = listed_weights(sets, asked)
    assert listed is not None
    packed = knapsack_weights(problem.times, problem.cycle, asked, int(asked.sum()) // 2)
    for weights in (listed, packed):
        if weights is not None:
            assert all(weights.values[list(load)].sum() <= weights.whole for load in every_load(problem))
            assert weights.stations(asked) <= optimum(problem)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_both_ways_have_bounds_that_hold(case: Case) -> None:
    times, pairs, cycle = case
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    forward = posed(case)
    backward = salbp_of(np.array(times), ends[:, 0], ends[:, 1], cycle, backward=True)
    ways, bound = weighed((forward, backward), 1)
    assert 1 <= bound <= optimum(forward)
    assert all(np.all(new.tail >= old.tail) for new, old in zip(ways, (forward, backward), strict=True))


def test_pairs_that_precedence_forbids_raise_the_bound() -> None:
    problem = posed(([4, 7, 4], [(0, 1), (1, 2)], 10))  # two of 4 fit together, but 7 lies between them
    sets = station_sets(problem, 100)
    assert sets is not None
    weights = listed_weights(sets, np.ones(3, bool))
    assert weights is not None
    assert weights.stations(np.ones(3, bool)) == 3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=5))
def test_the_knapsack_is_as_full_as_by_trying_all(kinds: list[tuple[int, int, int]]) -> None:
    values, size, held = (np.array(column) for column in zip(*kinds, strict=True))
    load = np.zeros(len(size), np.int64)
    best = fullest(values, size, held, 20, load)
    tried = np.stack(np.meshgrid(*(np.arange(most + 1) for most in held)), axis=-1).reshape(-1, len(held))
    assert best == (tried @ values)[tried @ size <= 20].max() == load @ values
    assert load @ size <= 20
    assert np.all(load <= held)


def test_best_fit_packs_long_tasks_first() -> None:
    size, number = np.array([3, 5, 7]), np.array([2, 2, 1])
    assert best_fit(size, number, 10, 3)  # 7 + 3, 5 + 5, 3
    assert not best_fit(size, number, 10, 2)


def wee_mag() -> Balancing:
    """Give the line of 75 tasks whose 32 stations can be packed and cannot be lined up."""
    if not SCHOLL.exists():
        pytest.skip("the instances of Scholl are not here")
    with gzip.open(SCHOLL, "rt", encoding="utf-8") as lines:
        row = next(one for one in map(json.loads, lines) if one["id"] == "WEE-MAG")
    ends = np.array(row["pr"]) - 1
    return begin(np.array(row["t"]), ends[:, 0], ends[:, 1], 47)


def test_what_is_learned_ends_the_search_of_wee_mag() -> None:
    state = wee_mag()
    problem, learned = state.ways[0], 0
    while not state.ended:
        state = advance(state, 5_000)
        if state.line is not None:
            problem, learned = state.line.problem, state.line.learner.learned
    assert (state.stations, state.bound, state.proof) == (33, 33, "exhausted")
    assert state.expanded < 20_000  # more than a million without
    assert learned > 0
    sets = station_sets(problem, 30_000)
    assert sets is not None
    held = np.add.reduceat(problem.values[sets.task], sets.indptr[:-1])  # (loads, FUNCTIONS)
    assert np.all(held <= problem.wholes)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_learned_loses_no_line(seed: int) -> None:
    """Searches without any other start, in pieces so small that there is a lesson after each."""
    rng = np.random.default_rng(seed)
    times, cycle = rng.integers(5, 17, 13), int(rng.integers(25, 40))
    pairs = np.sort(rng.integers(0, 13, (8, 2)), axis=1)
    pairs = rng.permutation(13)[pairs[pairs[:, 0] < pairs[:, 1]]]
    state = begin(times, pairs[:, 0], pairs[:, 1], cycle)
    state = replace(state, bound=1, proof="none", tried=1000, weighed=True, searched=True)
    while not state.ended:
        state = advance(state, 30)
    problem = salbp_of(times, pairs[:, 0], pairs[:, 1], cycle)
    assert state.stations == state.bound == optimum(problem)


def test_loads_of_very_long_lines_are_not_listed() -> None:
    assert station_sets(posed(([2] * (LONGEST + 1), [], 3)), 10_000) is None
    assert station_sets(posed(([2] * 400, [], 3)), 400) is not None  # each task alone
