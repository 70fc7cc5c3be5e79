"""Paths from a first voltage pass the solutions of a power flow, as far as there are any."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from genba.grid.kernels.continuation import Path, bounded, path_of, solutions_along
from genba.grid.kernels.network import Floats, Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.steady_state import model_of, posed, schedule_of

BUDGET = Budget(tolerance=1e-10, factorisations=30)
NEAR = 0.02
"""How near a solution a path passes it, p.u.: it is interpolated between two points."""


def path_from_flat(network: Network, *, distributed: bool = False) -> Path:
    model = model_of(network, distributed=distributed, reactive_limits=False, budget=BUDGET)
    equations, vm, _ = posed(model, schedule_of(network), vm=np.ones(network.n_bus))
    return path_of(model.admittance, equations, vm, np.zeros(network.n_bus))


def loaded(network: Network, load: float) -> Network:
    return replace(network, demand=np.array([0, load + 0j]))


def roots(load: float) -> Floats:
    """Give the voltages of `two_bus`, p.u.: v^4 - v^2 + (p x)^2 = 0."""
    half = np.sqrt(1 - 4 * (load * 0.1) ** 2) / 2
    return np.sqrt(np.array([0.5 + half, 0.5 - half]))


@pytest.mark.parametrize("distributed", [False, True])
def test_a_path_passes_the_higher_and_having_turned_the_lower_solution(
    two_bus: Network, distributed: bool
) -> None:
    path = path_from_flat(loaded(two_bus, 3.0), distributed=distributed)
    ends = [vm[1] for vm, _ in solutions_along(path, turns=True)]
    np.testing.assert_allclose(ends[:2], roots(3.0), atol=NEAR)
    assert [vm[1] for vm, _ in solutions_along(path, turns=False)] == ends[:1]


def test_a_path_passes_no_solution_where_there_is_none(two_bus: Network) -> None:
    path = path_from_flat(loaded(two_bus, 5.01))  # most are 1 / (2 x) = 5 p.u.
    assert not list(solutions_along(path, turns=True))
    assert bounded(path) is None


def test_bounded_steps_end_near_a_solution(two_bus: Network) -> None:
    end = bounded(path_from_flat(loaded(two_bus, 4.9)))
    assert end is not None
    assert end[0][1] == pytest.approx(roots(4.9)[0], abs=NEAR)


def test_the_differentiated_path_agrees_with_differences(from_pglib: Callable[[str], Network]) -> None:
    path = path_from_flat(from_pglib("case14_ieee"), distributed=True)
    rng = np.random.default_rng(3)
    x = path.first + 0.05 * rng.normal(size=len(path.first))
    across, step = rng.normal(size=len(x)), 1e-6
    factors = path.factors(x, across)
    assert factors is not None

    def off(x: Floats) -> Floats:
        return path.mismatch(x) - (1 - x[-1]) * path.start

    for column in range(len(x)):
        moved = step * (np.arange(len(x)) == column)
        slope = np.append((off(x + moved) - off(x - moved)) / (2 * step), across[column])
        np.testing.assert_allclose(factors.solve(slope), moved / step, atol=1e-5)
