"""The door to CP-SAT: answers, limits, stops."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.core.errors import Cancelled
from genba.num.solvers.cpsat import FlagProgram, Row, solve


def quiet(best: float | None, bound: float | None) -> None:
    """Hear nothing."""


def knapsack(seed: int, columns: int) -> FlagProgram:
    """Give three rows at least half of what all flags give together, at least cost."""
    rng = np.random.default_rng(seed)
    program = FlagProgram(ranges=[(0, 1)] * columns)
    everything = tuple(range(columns))
    for _ in range(3):
        factors = rng.integers(1, 100, columns)
        program.rows.append(Row(everything, tuple(factors.tolist()), int(factors.sum()) // 2, 1 << 40))
    program.cost = (everything, tuple(rng.integers(1, 100, columns).tolist()))
    return program


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_optimum_is_the_cheapest_of_all_choices(seed: int) -> None:
    program = knapsack(seed, 6)
    choices = np.array(list(product((0, 1), repeat=6)))  # (64, 6)
    rows = np.array([row.factors for row in program.rows])
    allowed = (choices @ rows.T >= [row.low for row in program.rows]).all(axis=1)
    best = int((choices @ np.array(program.cost[1]))[allowed].min())
    answer = solve(program, quiet, limit_s=20)
    assert (answer.status, answer.objective, answer.bound) == ("optimal", best, best)
    assert sum(f * v for f, v in zip(program.cost[1], answer.values, strict=True)) == best


def test_whole_numbers_and_sets_of_which_one_is_chosen() -> None:
    program = FlagProgram()
    count, flags = program.column(-3, 9), [program.column(0, 1) for _ in range(3)]
    program.one_of.append(tuple(flags))
    program.rows.append(Row((count, *flags), (1, -4, -5, -6), 0, 0))  # the count follows from the choice
    program.cost = ((count,), (1,))
    answer = solve(program, quiet, limit_s=20)
    assert (answer.objective, answer.values) == (4, (4, 1, 0, 0))


def test_what_contradicts_itself_is_infeasible_and_has_no_numbers() -> None:
    program = FlagProgram(ranges=[(0, 1)], rows=[Row((0,), (2,), 1, 1)])
    answer = solve(program, quiet, limit_s=20)
    assert (answer.status, answer.objective, answer.bound, answer.values) == ("infeasible", None, None, ())


def test_a_search_ended_by_its_work_is_the_same_again() -> None:
    first, second = (solve(knapsack(3, 120), quiet, limit_s=60, work=0.05) for _ in range(2))
    assert first == second


def test_a_watch_that_cancels_stops_the_search() -> None:
    def stop(best: float | None, bound: float | None) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        solve(knapsack(5, 400), stop, limit_s=60)
