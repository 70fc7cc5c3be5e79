"""The door to Clarabel: answers, rays, stops."""

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from genba.core.errors import Cancelled
from genba.num.solvers.clarabel import ConicProgram, ConicStanding, solve


def _ball(*, radius: float = 1.0, above: float = -9.0) -> ConicProgram:
    """Minimise a + b in a ball around 0 with a >= above; by hand a = b = -radius / sqrt(2)."""
    return ConicProgram(
        square=csc_matrix((2, 2)),
        linear=np.ones(2),
        matrix=csc_matrix(np.array([[-1.0, 0.0], [0.0, 0.0], [-1.0, 0.0], [0.0, -1.0]])),
        bound=np.array([-above, radius, 0.0, 0.0]),
        equations=0,
        inequalities=1,
        cones=(3,),
    )


def _listen(standing: ConicStanding) -> bool:
    return False


def test_a_hand_solved_program_gives_its_optimum_and_multipliers() -> None:
    answer = solve(_ball(), _listen)
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(-np.sqrt(2))
    assert answer.x == pytest.approx([-np.sqrt(0.5)] * 2, abs=1e-4)  # root of the tolerance of 1e-8
    assert answer.dual[1:] == pytest.approx(
        [np.sqrt(2), 1.0, 1.0], abs=1e-4
    )  # d optimum / d radius, and the pull


def test_a_quadratic_objective_counts_once() -> None:
    """Minimise x^2 / 2 - x freely: at 1."""
    program = ConicProgram(
        csc_matrix(np.eye(1)), -np.ones(1), csc_matrix(np.ones((1, 1))), np.array([9.0]), 0, 1, ()
    )
    assert solve(program, _listen).x == pytest.approx([1.0])


def test_what_has_no_point_is_infeasible_with_a_ray() -> None:
    program = _ball(above=2.0)
    answer = solve(program, _listen)
    assert answer.status == "infeasible"
    assert answer.dual @ program.bound < 0  # the ray separates: its cones hold and its bound is negative
    assert np.abs(program.matrix.T @ answer.dual).max() < 1e-6


def test_a_watch_hears_every_iteration_and_may_stop() -> None:
    heard: list[int] = []

    def stop(standing: ConicStanding) -> bool:
        heard.append(standing.iteration)
        return standing.iteration == 2

    assert solve(_ball(), stop).status == "stopped"
    assert heard == [0, 1, 2]


def test_what_a_watch_raises_as_cancelled_goes_on() -> None:
    def cancel(standing: ConicStanding) -> bool:
        raise Cancelled("cancelled on request")

    with pytest.raises(Cancelled):
        solve(_ball(), cancel)


def test_a_limit_of_iterations_stops() -> None:
    assert solve(_ball(), _listen, max_iterations=1).status == "stopped"
