"""The door to CP-SAT: answers, limits, stops."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genba.core.errors import Cancelled
from genba.num.solvers.cpsat import FlagProgram, Row, Span, solve


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
@example(22)  # CP-SAT tells 103.99999999999999 of 104
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


@pytest.mark.parametrize("seed", range(3))
def test_spans_in_turn_are_done_in_the_best_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times, weights = rng.integers(1, 9, 5).tolist(), rng.integers(1, 9, 5).tolist()
    program = FlagProgram()
    starts = [program.column(0, sum(times)) for _ in times]
    done = program.column(1, 1)
    program.in_turn.append(tuple(Span(s, t, done) for s, t in zip(starts, times, strict=True)))
    program.cost = (tuple(starts), tuple(weights))
    best = min(
        sum(weights[job] * sum(times[one] for one in order[:place]) for place, job in enumerate(order))
        for order in permutations(range(5))
    )
    assert solve(program, quiet, limit_s=20).objective == best


def test_a_span_whose_flag_is_off_takes_no_turn() -> None:
    program = FlagProgram(ranges=[(0, 4), (0, 4), (0, 1)])
    on = program.column(1, 1)
    program.in_turn.append((Span(0, 5, on), Span(1, 5, 2)))  # no room for both within 0 to 9
    program.cost = ((2,), (-1,))
    assert solve(program, quiet, limit_s=20).values[2] == 0


@pytest.mark.parametrize("seed", range(3))
def test_rounds_visit_all_nodes_that_are_not_left_out(seed: int) -> None:
    price = np.random.default_rng(seed).integers(1, 50, (5, 5))
    program, arcs = FlagProgram(), []
    for tail, head in permutations(range(5), 2):
        arcs.append((tail, head, program.column(0, 1)))
    program.cost = (tuple(f for _, _, f in arcs), tuple(int(price[t, h]) for t, h, _ in arcs))
    left_out = program.column(0, 1)
    program.rounds.append((*arcs, (4, 4, left_out)))
    rounds = [
        (0, *rest) for size in (3, 4) for rest in permutations(range(1, 5), size) if {1, 2, 3} <= {*rest}
    ]
    best = min(sum(int(price[one, two]) for one, two in pairwise((*turn, 0))) for turn in rounds)
    assert solve(program, quiet, limit_s=20).objective == best


def test_a_row_holds_only_where_its_flags_say_so() -> None:
    for on, least in ((1, 3), (0, 7)):
        program = FlagProgram(ranges=[(0, 9), (on, on)])
        program.rows += [Row((0,), (1,), 3, 9, when=(1,)), Row((0,), (1,), 7, 9, when=(~1,))]
        program.cost = ((0,), (1,))
        assert solve(program, quiet, limit_s=20).objective == least
