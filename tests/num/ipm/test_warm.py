"""Solves that begin where others ended."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genba.num.ipm.solver import advance, begin
from genba.num.ipm.sparse_system import SparseProgram
from genba.num.ipm.warm import begin_warm, warm_of

Programs = Callable[..., SparseProgram]
FEW = 5
"""Iterations of a warm start; the cold ones take 8 to 17."""


def feed(program_of: Programs, *, load: float = 1.0, unit: float = 1.0) -> SparseProgram:
    """Give a mixture of feeds (Hock and Schittkowski 73, made linear) with other demands or units of cost."""
    return program_of(
        lambda x: unit * (24.55 * x[0] + 26.75 * x[1] + 39 * x[2] + 40.5 * x[3]),
        4,
        c=lambda x: [x[0] + x[1] + x[2] + x[3] - 1],
        d=lambda x: [
            2.3 * x[0] + 5.6 * x[1] + 11.1 * x[2] + 1.3 * x[3] - 5 * load,
            12 * x[0] + 11.9 * x[1] + 41.8 * x[2] + 52.1 * x[3] - 21 * load,
        ],
        lower=0,
    )


def cliff(program_of: Programs, *, edge: float = 0.5) -> SparseProgram:
    """Give Hock and Schittkowski's problem 15 with another edge; a multiplier is 700 there."""
    return program_of(
        lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2,
        2,
        d=lambda x: [x[0] * x[1] - 1, x[0] + x[1] ** 2],
        upper=(edge, np.inf),
    )


CHANGED: list[tuple[Any, Any, dict[str, float]]] = [
    (feed, np.ones(4), {}),
    (feed, np.ones(4), {"load": 1.01}),
    (feed, np.ones(4), {"unit": 100.0}),
    (cliff, np.array([-2.0, 1.0]), {}),
    (cliff, np.array([-2.0, 1.0]), {"edge": 0.501}),
    (cliff, np.array([-2.0, 1.0]), {"edge": 0.499}),
]


@pytest.mark.parametrize(("make", "start", "change"), CHANGED)
def test_a_warm_start_needs_few_iterations_to_the_same_optimum(
    program_of: Programs, make: Any, start: Any, change: dict[str, float]
) -> None:
    ended = advance(begin(make(program_of), start), 500)
    cold = advance(begin(make(program_of, **change), start), 500)
    warm = advance(begin_warm(make(program_of, **change), warm_of(ended)), 500)
    assert (cold.status, warm.status) == ("optimal", "optimal")
    assert warm.f / warm.scale[0] == pytest.approx(cold.f / cold.scale[0], rel=1e-6)
    assert warm.iterations <= FEW < cold.iterations


def test_what_is_kept_of_a_solve_is_in_the_programs_own_units(program_of: Programs) -> None:
    # x^2 with 1000 (x - 3) >= 0: one unit of the row costs 6 / 1000, scaled another amount.
    program = program_of(lambda x: x[0] ** 2, 1, d=lambda x: [1000 * (x[0] - 3)])
    state = advance(begin(program, np.array([10.0])), 500)
    assert state.scale[2][0] != 1.0
    kept = warm_of(state)
    assert kept.x == pytest.approx([3.0], abs=1e-6)
    assert kept.yd == pytest.approx([-0.006], rel=1e-4)
    assert kept.zl == pytest.approx([0.0, 0.006], rel=1e-4, abs=1e-6)


def test_what_is_kept_does_not_change_as_the_solve_goes_on(program_of: Programs) -> None:
    solve = begin(cliff(program_of), np.array([-2.0, 1.0]))
    kept = warm_of(advance(solve, 3))
    x = kept.x.copy()
    advance(solve, 3)
    np.testing.assert_array_equal(kept.x, x)
