"""Goals of an assignment by CP-SAT against all assignments of small lines."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from genba.line.kernels.assignment_goals import Goal, terms
from genba.line.kernels.assignment_model import Assigning, Posed, minimise
from genba.line.kernels.assignment_rules import pose
from genba.line.kernels.bits import Ints
from genba.num.solvers import cpsat

TASKS = 6
MOST = 4


def small(seed: int) -> Assigning:
    """Give a line of six tasks with some precedence and rules, at up to four new stations."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(TASKS) for b in range(a + 1, TASKS) if rng.random() < 0.3]
    start, end = np.array(pairs or [(0, 1)], np.int64).T
    scores = rng.integers(0, 5, TASKS)
    return Assigning(
        times=rng.integers(1, 8, (1, TASKS)),
        start=start,
        end=end,
        cycle=9,
        places=np.ones(MOST, np.int64),
        new=np.ones(MOST, np.int64),
        most=MOST,
        together=((0, 2),),
        apart=((1, 3),),
        allowed={4: frozenset({1, 2, 3})},
        scores=scores,
        cap=int(scores.sum() // 2),
    )


def every(given: Assigning) -> list[Ints]:
    """Give every assignment that keeps precedence and rules, whatever the cycle."""
    found = []
    assert given.scores is not None
    for stations in product(range(MOST), repeat=TASKS):
        at = np.array(stations)
        keeps = (at[given.start] <= at[given.end]).all() and at[0] == at[2] and at[1] != at[3] and at[4] > 0
        if keeps and np.bincount(at, given.scores).max() <= (given.cap or 0):
            found.append(at)
    return found


def quiet(best: float | None, bound: float | None) -> None:
    """Hear nothing."""


def posed_for(given: Assigning, goal: Goal) -> Posed:
    posed = pose(given)
    assert posed is not None
    minimise(posed.program, terms(posed, given, goal))
    return posed


@pytest.mark.parametrize("seed", range(4))
def test_the_fewest_stations_are_those_of_all_assignments(seed: int) -> None:
    given = small(seed)
    fits = [at for at in every(given) if np.bincount(at, given.times[0]).max() <= given.cycle]
    answer = cpsat.solve(posed_for(given, "places").program, quiet, limit_s=60)
    assert answer.objective == min((int(at.max()) + 1 for at in fits), default=None)


@pytest.mark.parametrize("seed", range(4))
def test_the_shortest_cycle_is_that_of_all_assignments(seed: int) -> None:
    given = small(seed)
    total = int(given.times.sum())
    posed = posed_for(replace(given, cycle=total, shortest=-(-total // MOST)), "cycle")
    answer = cpsat.solve(posed.program, quiet, limit_s=60)
    assert answer.objective == min(np.bincount(at, given.times[0]).max() for at in every(given))


def test_a_shortest_cycle_starts_from_a_line_that_is_given() -> None:
    given = small(1)
    best = min(every(given), key=lambda at: int(np.bincount(at, given.times[0]).max()))
    cycle = int(np.bincount(best, given.times[0]).max())
    posed = posed_for(replace(given, cycle=int(given.times.sum()), shortest=1), "cycle")
    posed.start_from(best, np.zeros(0, np.int64), np.arange(MOST), cycle)
    assert posed.pace is not None
    assert posed.program.hint is not None
    assert posed.program.hint[posed.pace] == cycle
    assert cpsat.solve(posed.program, quiet, limit_s=60).objective == cycle
