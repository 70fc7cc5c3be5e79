"""The door to HiGHS: answers, warm starts, stops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csc_matrix, csr_matrix

from genba.core.errors import Cancelled
from genba.num.solvers.highs import LinearProgram, Model


def _transport(*, least: float = 3.0) -> LinearProgram:
    """Minimise 2a + 5b with a <= 2 and a + b >= least, by hand: a = 2, b = least - 2."""
    return LinearProgram(
        cost=np.array([2.0, 5.0]),
        column_lower=np.zeros(2),
        column_upper=np.array([2.0, np.inf]),
        matrix=csc_matrix(np.array([[1.0, 1.0]])),
        row_lower=np.array([least]),
        row_upper=np.array([np.inf]),
    )


@pytest.mark.parametrize("interior", [False, True])
def test_a_hand_solved_program_gives_its_optimum_and_the_price_of_its_row(interior: bool) -> None:
    answer = Model(_transport(), interior=interior).solve()
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(9.0)
    assert answer.x == pytest.approx([2.0, 1.0])
    assert answer.row_dual == pytest.approx([5.0])


def test_a_program_without_a_point_is_infeasible_and_has_no_numbers() -> None:
    model = Model(_transport())
    model.add_rows(csr_matrix(np.array([[1.0, 1.0]])), np.array([-np.inf]), np.array([1.0]))
    answer = model.solve()
    assert answer.status == "infeasible"
    assert np.isnan(answer.objective)
    assert not len(answer.x)


def test_an_added_row_binds_in_the_next_solve() -> None:
    model = Model(_transport())
    before = model.solve()
    model.add_rows(csr_matrix(np.array([[1.0, 0.0]])), np.array([-np.inf]), np.array([0.5]))
    after = model.solve()
    assert (before.objective, after.objective) == (pytest.approx(9.0), pytest.approx(13.5))
    assert after.row_dual == pytest.approx([5.0, -3.0])  # negative at an upper side


def test_a_basis_handed_on_ends_in_the_same_optimum() -> None:
    first = Model(_transport())
    first.solve()
    model = Model(_transport(least=4.0))
    model.start_from(first.basis())
    again = model.solve()
    assert again.objective == pytest.approx(14.0)


def test_a_watch_that_cancels_stops_the_solve_and_is_heard() -> None:
    rng = np.random.default_rng(0)
    size = 60
    program = LinearProgram(
        -rng.random(size),
        np.zeros(size),
        np.full(size, np.inf),
        csc_matrix(rng.random((size, size))),
        np.full(size, -np.inf),
        np.ones(size),
    )

    def stop(iterations: int) -> None:
        raise Cancelled(f"after {iterations} iterations")

    with pytest.raises(Cancelled, match="after"):
        Model(program).solve(stop)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_optimum_equals_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 8, 2)
    matrix, right, cost = rng.normal(size=(rows, columns)), rng.random(rows), rng.normal(size=columns)
    program = LinearProgram(
        cost, -np.ones(columns), np.ones(columns), csc_matrix(matrix), np.full(rows, -np.inf), right
    )
    ours = Model(program).solve()
    theirs = linprog(cost, A_ub=matrix, b_ub=right, bounds=[(-1, 1)] * columns)
    assert ours.objective == pytest.approx(theirs.fun, abs=1e-8)
