"""Assignments by CP-SAT against all assignments of small lines, one rule after the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from genba.line.kernels.assignment_model import Assigning, minimise
from genba.line.kernels.assignment_rules import pose
from genba.line.kernels.bits import Ints
from genba.line.kernels.fewest_moves import Moving, pose_moves, step
from genba.num.solvers import cpsat

CYCLE = 10
STATIONS = 3
TASKS = 6


def small(seed: int) -> Assigning:
    """Give a line of six tasks at up to three stations, two products, some precedence."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(TASKS) for b in range(a + 1, TASKS) if rng.random() < 0.3]
    start, end = np.array(pairs or [(0, 1)], np.int64).T
    return Assigning(
        times=rng.integers(1, 6, (2, TASKS)),
        start=start,
        end=end,
        cycle=CYCLE,
        places=np.ones(STATIONS, np.int64),
        new=np.zeros(STATIONS, np.int64),
        most=STATIONS,
        scores=rng.integers(0, 5, TASKS),
    )


def everything(given: Assigning) -> Iterator[tuple[Ints, Ints, int]]:
    """Yield positions, stations and added places of every assignment that keeps the rules."""
    for positions in product(range((2 if given.folded else 1) * given.stations), repeat=given.tasks):
        position = np.array(positions)
        at = np.array([given.station(p) for p in positions])
        if (position[given.start] > position[given.end]).any() or len(set(at.tolist())) > given.most:
            continue
        loads = np.array([np.bincount(at, times, given.stations) for times in given.times]).max(axis=0)
        added = int(np.maximum(0, -(-loads // given.cycle) - given.places).sum())
        if added <= given.spare and ruled(given, at):
            yield position, at, added


def ruled(given: Assigning, at: Ints) -> bool:
    capped = given.cap is None or np.bincount(at, given.scores).max() <= given.cap
    return bool(
        capped
        and all(len({at[t] for t in group}) == 1 for group in given.together)
        and all(len({at[t] for t in group}) == len(group) for group in given.apart)
        and all(at[t] in places for t, places in given.allowed.items())
    )


RULES: dict[str, Callable[[Assigning], Assigning]] = {
    "precedence and time alone": lambda given: given,
    "together": lambda given: replace(given, together=((0, 3),)),
    "apart": lambda given: replace(given, apart=((0, 1, 2),)),
    "fixed": lambda given: replace(given, allowed={2: frozenset({1}), 4: frozenset({1, 2})}),
    "ergonomic cap": lambda given: replace(
        given, cap=int(given.scores.sum() // 2) if given.scores is not None else 0
    ),
    "two places": lambda given: replace(given, places=np.array([1, 2, 1], np.int64)),
    "a place that may be added": lambda given: replace(given, spare=1),
    "a U": lambda given: replace(given, folded=True),
    "at most two stations": lambda given: replace(given, most=2),
    "one new station": lambda given: replace(given, new=np.array([0, 1, 0], np.int64)),
    "new stations at an end": lambda given: replace(given, new=np.array([0, 1, 1], np.int64)),
}


def quiet(best: float | None, bound: float | None) -> None:
    """Hear nothing."""


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("seed", [1, 2])
def test_the_fewest_moves_are_those_of_all_assignments(
    rule: Callable[[Assigning], Assigning], seed: int
) -> None:
    given = rule(small(seed))
    rng = np.random.default_rng(seed)
    today = rng.integers(-1, STATIONS, TASKS)
    moves = [int(((today >= 0) & (today != at)).sum()) for _, at, _ in everything(given)]
    posed = pose_moves(given, Moving(today, np.zeros(TASKS, np.int64)))
    answer = cpsat.solve(posed.program, quiet, limit_s=60) if posed else None
    if not moves:
        assert answer is None or answer.status == "infeasible"
        return
    assert posed is not None
    assert answer is not None
    assert (answer.status, answer.objective) == ("optimal", min(moves))
    positions = posed.positions(answer.values)
    assert any((positions == position).all() for position, _, _ in everything(given))


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("limit", [None, 12])
def test_the_least_cost_is_that_of_all_assignments(seed: int, limit: int | None) -> None:
    given = replace(small(seed), spare=1, new=np.array([0, 0, 1], np.int64), cycle=9)
    rng = np.random.default_rng(seed)
    today, prices = rng.integers(0, 2, TASKS), rng.integers(0, 9, TASKS)
    found = []
    for _, at, added in everything(given):
        moved = today != at
        cost = int(prices @ moved) + 4 * (2 in at) + 3 * added
        if limit is None or cost <= limit:
            found.append(cost * step(given) + int(moved.sum()))
    posed = pose_moves(given, Moving(today, prices, opening=4, place=3, limit=limit, by_cost=True))
    assert posed is not None
    answer = cpsat.solve(posed.program, quiet, limit_s=60)
    assert answer.objective == (min(found) if found else None)


@pytest.mark.parametrize("seed", range(4))
def test_the_fewest_stations_are_those_of_all_assignments(seed: int) -> None:
    given = replace(small(seed), apart=((1, 4),), cycle=12)
    posed = pose(given)
    fewest = min((len(set(at.tolist())) for _, at, _ in everything(given)), default=None)
    if posed is None:
        assert fewest is None
        return
    minimise(posed.program, [(flag, 1) for flag in posed.used])
    assert cpsat.solve(posed.program, quiet, limit_s=60).objective == fewest


def test_a_start_at_a_solution_is_kept_where_nothing_is_better() -> None:
    given = small(1)
    position, at, _ = next(everything(given))
    posed = pose_moves(given, Moving(at, np.zeros(TASKS, np.int64)))
    assert posed is not None
    posed.start_from(position, np.zeros(STATIONS, np.int64), np.unique(at))
    answer = cpsat.solve(posed.program, quiet, limit_s=60)
    assert answer.objective == 0
    assert posed.positions(answer.values).tolist() == position.tolist()
