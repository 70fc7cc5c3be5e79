"""The interior point on degenerate, infeasible, unbounded and badly posed programs, and how it is driven."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import NonlinearConstraint, linprog, minimize

from genba.num.ipm.options import Options
from genba.num.ipm.solver import advance, begin
from genba.num.ipm.sparse_system import SparseProgram
from genba.num.ipm.state import Kept
from genba.num.ipm.vectors import log_barrier, violation

INF = np.inf
CLOSE = 1e-6
"""Bounds are relaxed by 1e-8, and a multiplier of 100 turns that into 1e-6 of the objective."""

Programs = Callable[..., SparseProgram]


def ended(program: SparseProgram, x: Any, options: Options | None = None, iterations: int = 500) -> Any:
    return advance(begin(program, np.array(x, float), options), iterations)


def objective(state: Any) -> float:
    return float(state.f / state.scale[0])


def banana(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def trap(program_of: Programs) -> SparseProgram:
    """Give Waechter and Biegler's example on which interior points without a filter jam.

    Source: A. Waechter, L. T. Biegler, Failure of global convergence for a class of interior point methods
    for nonlinear programming, Math. Program. 88 (2000), with a = -1, b = 1/2.
    """
    return program_of(
        lambda x: x[0], 3, c=lambda x: [x[0] ** 2 - x[1] - 1, x[0] - x[2] - 0.5], lower=(-INF, 0, 0)
    )


def test_waechter_and_bieglers_example_is_solved_from_the_right(program_of: Programs) -> None:
    state = ended(trap(program_of), (3, 1, 1))
    assert state.status == "optimal"
    np.testing.assert_allclose(state.x, [1, 0, 0.5], atol=CLOSE)


@pytest.mark.parametrize("predict", [False, True])
def test_waechter_and_bieglers_example_does_not_jam_from_their_start(
    program_of: Programs, predict: bool
) -> None:
    state = ended(trap(program_of), (-2, 3, 1), Options(predict=predict))
    # (-1, 0, 0) is a local least of |c|: to the right the first row grows twice as fast as the second falls.
    assert state.status == "infeasible"
    np.testing.assert_allclose(state.x, [-1, 0, 0], atol=CLOSE)
    assert any(state.trace.restoring)


INFEASIBLE: dict[str, tuple[dict[str, Any], Any, float]] = {
    "a square below zero": ({"c": lambda x: [x[0] ** 2 + 1]}, (3,), 1.0),
    "parallel lines": ({"c": lambda x: [x[0] + x[1] - 1, x[0] + x[1] - 2]}, (0, 0), 1.0),
    "rows against each other": ({"d": lambda x: [x[0] - 2, 1 - x[0]]}, (0,), 1.0),
    "a row against bounds": ({"d": lambda x: [x[0] + x[1] - 5], "lower": 0, "upper": 1}, (0.5, 0.5), 3.0),
    "a circle around the box": (
        {"c": lambda x: [x[0] ** 2 + x[1] ** 2 - 9], "lower": 0, "upper": 1},
        (0.5, 0.5),
        7.0,
    ),
    "more equations than variables": ({"c": lambda x: [x[0] - 1, x[0] - 2, x[0] - 3]}, (0,), 2.0),
    "nothing may move": ({"c": lambda x: [x[0] + x[1] - 3], "lower": 1, "upper": 1}, (0, 0), 1.0),
}


@pytest.mark.parametrize("predict", [False, True])
@pytest.mark.parametrize("name", INFEASIBLE)
def test_an_infeasible_program_ends_at_its_least_violation(
    program_of: Programs, name: str, predict: bool
) -> None:
    parts, start, least = INFEASIBLE[name]
    state = ended(program_of(lambda x: x[0] ** 2, len(start), **parts), start, Options(predict=predict))
    assert state.status == "infeasible"
    violation = np.abs(state.c).sum() + np.abs(state.d - state.s).sum()
    assert violation == pytest.approx(least, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "f", "start", "parts"),
    [
        ("linear", lambda x: -x[0], (1,), {"lower": 0}),
        ("concave", lambda x: -(x[0] ** 2), (1,), {}),
        ("along a parabola", lambda x: -x[0] - x[1], (1, 1), {"c": lambda x: [x[0] - x[1] ** 2]}),
    ],
)
def test_an_unbounded_program_says_so(
    program_of: Programs, name: str, f: Any, start: Any, parts: Any
) -> None:
    assert ended(program_of(f, len(start), **parts), start).status == "unbounded"


def test_an_objective_undefined_at_the_start_fails(program_of: Programs) -> None:
    state = ended(program_of(lambda x: x[0] - np.log(x[0]), 1), (-1,))
    assert state.status == "failed"


def test_a_bound_moves_the_start_to_where_the_objective_is_defined(program_of: Programs) -> None:
    state = ended(program_of(lambda x: x[0] - np.log(x[0]), 1, lower=0), (-1,))
    assert state.status == "optimal"
    assert state.x == pytest.approx([1.0], abs=CLOSE)


def test_an_optimum_without_constraint_qualification_is_approached(program_of: Programs) -> None:
    # Hock and Schittkowski 13: no multipliers exist at (1, 0), where the objective is 1.
    cusp = program_of(lambda x: (x[0] - 2) ** 2 + x[1] ** 2, 2, d=lambda x: [(1 - x[0]) ** 3 - x[1]], lower=0)
    state = ended(cusp, (-2, -2))
    assert state.status in ("optimal", "acceptable")
    assert objective(state) == pytest.approx(1.0, abs=1e-2)


def test_a_feasible_set_without_interior_is_no_obstacle(program_of: Programs) -> None:
    line = program_of(lambda x: x[0] ** 2 + x[1] ** 2, 2, d=lambda x: [x[0] + x[1] - 1, 1 - x[0] - x[1]])
    state = ended(line, (5, -3))
    assert state.status == "optimal"
    np.testing.assert_allclose(state.x, 0.5, atol=CLOSE)
    point = program_of(lambda x: x[0] + x[1] ** 2, 2, d=lambda x: [-(x[0] ** 2)])
    state = ended(point, (1, 1))
    assert state.status == "optimal"
    assert abs(state.x[0]) <= 1.01e-4  # the square root of what the row is relaxed by


@pytest.mark.parametrize(
    "rows",
    [
        lambda x: [x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 2],
        lambda x: [x[0] + x[1] - 1, x[0] + x[1] - 1, x[0] + x[1] - 1],
    ],
)
def test_constraints_that_repeat_each_other_do_no_harm(program_of: Programs, rows: Any) -> None:
    state = ended(program_of(lambda x: x[0] ** 2 + x[1] ** 2, 2, c=rows), (5, -3))
    assert state.status == "optimal"
    np.testing.assert_allclose(state.x, 0.5, atol=CLOSE)


def test_a_fixed_variable_stays_and_the_rest_is_optimal(program_of: Programs) -> None:
    fixed = program_of(
        lambda x: (x[0] - 3) ** 2 + (x[1] - 1) ** 2 + x[0] * x[2],
        3,
        c=lambda x: [x[0] + x[1] + x[2] - 2],
        lower=(-INF, -INF, 0.5),
        upper=(INF, INF, 0.5),
    )
    state = ended(fixed, (0, 0, 7))
    assert state.status == "optimal"
    assert state.x[2] == 0.5
    np.testing.assert_allclose(state.x[:2], [1.625, -0.125], atol=CLOSE)  # 2 (x - 3) + 1/2 = 2 (1/2 - x)


def test_a_program_in_which_nothing_moves_is_done_at_once(program_of: Programs) -> None:
    state = ended(program_of(lambda x: x[0], 2, c=lambda x: [x[0] + x[1] - 2], lower=1, upper=1), (0, 0))
    assert (state.status, state.iterations) == ("optimal", 0)


def test_a_row_without_bounds_takes_no_part(program_of: Programs) -> None:
    free = program_of(lambda x: (x[0] - 1) ** 2, 1, d=lambda x: [np.exp(x[0])], low=-INF)
    state = ended(free, (5,))
    assert state.status == "optimal"
    assert state.x == pytest.approx([1.0], abs=CLOSE)


def test_a_range_binds_at_the_side_that_it_meets(program_of: Programs) -> None:
    def ranged(sign: float) -> Any:
        return program_of(lambda x: sign * x[0], 1, d=lambda x: [x[0] ** 2], low=1, high=4, lower=0)

    assert ended(ranged(1), (5,)).x == pytest.approx([1.0], abs=CLOSE)
    assert ended(ranged(-1), (5,)).x == pytest.approx([2.0], abs=CLOSE)


@pytest.mark.parametrize("angle", [0.1, 1.0, 2.0, 3.0])
def test_second_order_corrections_overcome_the_maratos_effect(program_of: Programs, angle: float) -> None:
    # Every full Newton step towards (1, 0) raises both objective and violation.
    circle = program_of(
        lambda x: 2 * (x[0] ** 2 + x[1] ** 2 - 1) - x[0], 2, c=lambda x: [x[0] ** 2 + x[1] ** 2 - 1]
    )
    state = ended(circle, (np.cos(angle), np.sin(angle)))
    assert state.status == "optimal"
    np.testing.assert_allclose(state.x, [1, 0], atol=1e-4)
    assert state.iterations <= 20


def test_a_saddle_of_the_objective_is_left(program_of: Programs) -> None:
    state = ended(program_of(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, 2), (0, 1e-3))
    assert state.status == "optimal"
    assert objective(state) == pytest.approx(-0.25)
    assert max(state.trace.regularisation) > 0


def test_complementary_variables_end_at_a_stationary_point(program_of: Programs) -> None:
    either = program_of(lambda x: (x[0] - 1) ** 2 + (x[1] - 1) ** 2, 2, d=lambda x: [-x[0] * x[1]], lower=0)
    state = ended(either, (0.5, 0.5))
    assert state.status in ("optimal", "acceptable")
    assert objective(state) == pytest.approx(1.0, abs=1e-4)


def test_iterations_at_most_end_as_limit(program_of: Programs) -> None:
    state = ended(program_of(banana, 2), (-2, 1), Options(max_iterations=3))
    assert (state.status, state.iterations) == ("limit", 3)


def test_a_wanted_gap_is_met(program_of: Programs) -> None:
    cost = 50 + np.arange(60.0)

    def program() -> SparseProgram:
        return program_of(lambda x: x @ cost, 60, d=lambda x: [np.sum(x) - 1], lower=0, upper=1)

    loose = ended(program(), np.full(60, 0.5))
    tight = ended(program(), np.full(60, 0.5), Options(gap=2e-10, relax=0.0))
    assert (loose.status, tight.status) == ("optimal", "optimal")
    assert tight.gap <= 2e-10 * tight.f < loose.gap
    assert abs(objective(tight) - 50) <= 2e-10 * 50


def test_an_iterate_set_aside_is_put_back_whole(program_of: Programs) -> None:
    solve = begin(program_of(banana, 2, c=lambda x: [x @ x - 4], lower=-3, upper=3), np.array([-2.0, 1.0]))
    state = advance(solve, 2)
    kept, before = Kept.of(state), (state.phi, state.theta, state.largest, state.logarithms, state.x.copy())
    advance(solve, 3)
    assert state.theta != before[1]
    kept.restore(state)
    assert (state.phi, state.theta, state.largest, state.logarithms) == before[:4]
    assert violation(state.c, state.d, state.s) == (state.theta, state.largest)
    assert log_barrier(state.gl, state.gu) == pytest.approx(state.logarithms)
    np.testing.assert_array_equal(state.x, before[4])


PROGRAMS: dict[str, tuple[dict[str, Any], Any]] = {
    "banana in bounds": ({"f": banana, "lower": (-INF, 1.5)}, (-2, 1)),
    "inequalities": (
        {"f": banana, "d": lambda x: [x[0] * x[1] - 1, x[0] + x[1] ** 2], "upper": (0.5, INF)},
        (-2, 1),
    ),
    "equalities": (
        {"f": lambda x: np.log(1 + x[0] ** 2) - x[1], "c": lambda x: [(1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4]},
        (2, 2),
    ),
    "infeasible": ({"f": lambda x: x[0], "c": lambda x: [x[0] ** 2 + 1]}, (3,)),
}


@pytest.mark.parametrize("piece", [1, 3])
@pytest.mark.parametrize("name", PROGRAMS)
def test_advancing_in_pieces_is_advancing_in_one_go(program_of: Programs, name: str, piece: int) -> None:
    parts, start = PROGRAMS[name]
    parts = dict(parts)
    f = parts.pop("f")
    whole = ended(program_of(f, len(start), **parts), start)
    solve = begin(program_of(f, len(start), **parts), np.array(start, float))
    calls = 0
    while advance(solve, piece).status == "solving":
        calls += 1
    assert calls >= (whole.iterations - piece) // piece
    assert solve.state.status == whole.status
    assert solve.state.trace == whole.trace
    np.testing.assert_array_equal(solve.state.w, whole.w)


def test_a_finished_solve_stays_where_it_is(program_of: Programs) -> None:
    solve = begin(program_of(banana, 2), np.array([-2.0, 1.0]))
    first = advance(solve, 500).w.copy()
    iterations = solve.state.iterations
    assert advance(solve, 5).iterations == iterations
    np.testing.assert_array_equal(solve.state.w, first)


def test_the_trace_has_one_entry_for_each_judged_iterate(program_of: Programs) -> None:
    trace = ended(program_of(banana, 2), (-2, 1)).trace
    lengths = {len(getattr(trace, name)) for name in trace.__dataclass_fields__}
    assert len(lengths) == 1
    assert trace.infeasibility[-1] <= 1e-8
    assert trace.dual_infeasibility[-1] <= 1e-8


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_unit_of_the_objective_does_not_move_the_optimum(program_of: Programs, factor: float) -> None:
    rows = {"d": lambda x: [x[0] * x[1] - 1, x[0] + x[1] ** 2], "upper": (0.5, INF)}
    plain = ended(program_of(banana, 2, **rows), (-2, 1))
    scaled = ended(program_of(lambda x: factor * banana(x), 2, **rows), (-2, 1))
    assert scaled.status == "optimal"
    np.testing.assert_allclose(scaled.x, plain.x, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_of_a_constraint_does_not_move_the_optimum(program_of: Programs, factor: float) -> None:
    def scaled(by: float) -> Any:
        program = program_of(
            banana,
            2,
            c=lambda x: [by * (x[0] ** 2 + x[1] ** 2 - 2.5)],
            d=lambda x: [by * (0.9 - x[0])],
        )
        return ended(program, (-2, 1))

    assert scaled(factor).status == "optimal"
    np.testing.assert_allclose(scaled(factor).x, scaled(1.0).x, atol=1e-5)


def test_the_unit_of_a_variable_does_not_move_the_optimum(program_of: Programs) -> None:
    def measured(unit: float) -> Any:
        program = program_of(
            lambda x: banana([x[0] * unit, x[1]]),
            2,
            d=lambda x: [x[0] * unit * x[1] - 1],
            upper=(0.5 / unit, INF),
        )
        return ended(program, (-2 / unit, 1))

    assert objective(measured(100.0)) == pytest.approx(objective(measured(1.0)), rel=CLOSE)
    assert objective(measured(0.01)) == pytest.approx(objective(measured(1.0)), rel=CLOSE)


def stationarity(program: SparseProgram, state: Any) -> float:
    """Give what the returned multipliers leave of the gradient of the Lagrangian, scaled."""
    c, d, gradient = np.zeros(program.equalities), np.zeros(program.inequalities), np.zeros(program.n)
    program.values(state.x, c, d)
    program.linearize(gradient)
    product = np.zeros(program.n)
    program.transposed(state.yc, state.yd, product)
    n = program.n
    left = gradient + product - state.zl[:n] + state.zu[:n]
    slacks = -state.yd - state.zl[n:] + state.zu[n:]
    free = program.lower < program.upper
    return float(max(np.abs(left[free]).max(initial=0.0), np.abs(slacks).max(initial=0.0)))


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "infeasible"])
def test_the_multipliers_prove_the_optimum(program_of: Programs, name: str) -> None:
    parts, start = PROGRAMS[name]
    program = program_of(parts["f"], len(start), **{key: part for key, part in parts.items() if key != "f"})
    state = ended(program, start)
    assert stationarity(program, state) <= 1e-6
    assert min(state.zl.min(), state.zu.min()) >= 0
    for distance, multiplier in ((state.gl, state.zl), (state.gu, state.zu)):
        bounded = np.isfinite(distance)
        assert (distance[bounded] * multiplier[bounded]).max(initial=0.0) <= 1e-6
        assert not multiplier[~bounded].any()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_random_linear_programs_have_the_simplex_optimum(program_of: Programs, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(2, 7)), int(rng.integers(1, 5))
    matrix, cost = rng.normal(size=(rows, n)), rng.normal(size=n)
    least = matrix @ rng.uniform(0, 1, n) - 0.1  # so that a point exists
    state = ended(
        program_of(lambda x: cost @ x, n, d=lambda x: list(matrix @ x - least), lower=0, upper=1),
        np.full(n, 0.5),
    )
    theirs = linprog(cost, A_ub=-matrix, b_ub=-least, bounds=[(0, 1)] * n)
    assert state.status == "optimal"
    assert objective(state) == pytest.approx(theirs.fun, abs=CLOSE)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_random_convex_programs_have_the_optimum_they_were_made_for(program_of: Programs, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    root, best = rng.normal(size=(n, n)), rng.uniform(0.5, 1.5, n)
    hessian = root @ root.T + np.eye(n)
    row, price = rng.normal(size=n), rng.uniform(0.5, 2.0)
    ball = rng.uniform(0.5, 2.0)
    # best is the optimum when its gradient is price times a row and ball times that of a sphere through it.
    gradient = hessian @ best + price * row + ball * 2 * best
    program = program_of(
        lambda x: 0.5 * x @ (hessian @ x) - (gradient @ x),
        n,
        c=lambda x: [],
        d=lambda x: [row @ best - row @ x, best @ best - x @ x],
    )
    state = ended(program, np.zeros(n))
    assert state.status == "optimal"
    # Multipliers of the rows: f + y d is stationary with y = -(price, ball).
    assert objective(state) == pytest.approx(
        0.5 * best @ hessian @ best - gradient @ best, abs=CLOSE * max(1.0, abs(gradient @ best))
    )


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)))
def test_the_order_of_variables_does_not_move_the_optimum(program_of: Programs, order: list[int]) -> None:
    # Hock and Schittkowski 71
    def program(places: list[int]) -> SparseProgram:
        def at(x: Any, i: int) -> Any:
            return x[places[i]]

        return program_of(
            lambda x: at(x, 0) * at(x, 3) * (at(x, 0) + at(x, 1) + at(x, 2)) + at(x, 2),
            4,
            c=lambda x: [sum(one**2 for one in x) - 40],
            d=lambda x: [x[0] * x[1] * x[2] * x[3] - 25],
            lower=1,
            upper=5,
        )

    start = np.array([1.0, 5.0, 5.0, 1.0])
    moved = np.empty(4)
    moved[order] = start
    plain, other = ended(program([0, 1, 2, 3]), start), ended(program(order), moved)
    assert other.status == "optimal"
    np.testing.assert_allclose(other.x[order], plain.x, atol=1e-5)


def test_trust_constr_agrees_on_a_program_with_everything(program_of: Programs) -> None:
    def f(x: Any) -> Any:
        return np.exp(x[0]) + (x[1] - 2) ** 2 + x[0] * x[2] ** 2 + 0.1 * x[2]

    state = ended(
        program_of(
            f,
            3,
            c=lambda x: [x[0] ** 2 + x[1] - x[2] - 1],
            d=lambda x: [x[1] * x[2] - 0.2],
            lower=0.1,
            upper=3,
        ),
        (1, 1, 1),
    )
    theirs = minimize(
        f,
        [1, 1, 1],
        method="trust-constr",
        hess=lambda x: np.array([[np.exp(x[0]), 0, 2 * x[2]], [0, 2, 0], [2 * x[2], 0, 2 * x[0]]]),
        bounds=[(0.1, 3)] * 3,
        constraints=[
            NonlinearConstraint(
                lambda x: [x[0] ** 2 + x[1] - x[2] - 1, x[1] * x[2]],
                [0, 0.2],
                [0, np.inf],
                jac=lambda x: [[2 * x[0], 1, -1], [0, x[2], x[1]]],
                hess=lambda x, v: np.array([[2 * v[0], 0, 0], [0, 0, v[1]], [0, v[1], 0]]),
            )
        ],
        options={"gtol": 1e-10, "xtol": 1e-12, "barrier_tol": 1e-10, "maxiter": 2000},
    )
    assert state.status == "optimal"
    assert objective(state) == pytest.approx(theirs.fun, abs=1e-5)
