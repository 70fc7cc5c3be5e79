"""Paths from a first voltage pass the solutions of a power flow, as far as there are any."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from genba.core.context import Context, at_work
from genba.core.errors import Cancelled
from genba.grid.kernels.balance import first_voltage
from genba.grid.kernels.continuation import Path, bounded, path_of, solutions_along
from genba.grid.kernels.network import Floats, Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.restarts import FEW, OPERABLE, OTHERS, solve_or_restart
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, posed, schedule_of, solve
from genba.grid.kernels.whole_solution import solve_afresh

BUDGET = Budget(tolerance=1e-10, factorisations=30)
NEAR = 0.02
"""How near a solution a path passes it, p.u.: it is interpolated between two points."""


def path_from_flat(network: Network, *, distributed: bool = False) -> Path:
    model = model_of(network, distributed=distributed, reactive_limits=False, budget=BUDGET)
    equations, vm = posed(model, schedule_of(network), vm=np.ones(network.n_bus))
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
    ends = [vm[1] for vm, _ in solutions_along(path)]
    np.testing.assert_allclose(ends[:2], roots(3.0), atol=NEAR)


def test_a_path_passes_no_solution_where_there_is_none(two_bus: Network) -> None:
    path = path_from_flat(loaded(two_bus, 5.01))  # most are 1 / (2 x) = 5 p.u.
    assert not list(solutions_along(path))
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


FIVE = (
    [[1, 3, 0, 0], [2, 2, 100, -20], [3, 2, 100, -20], [4, 1, 0, 0], [5, 1, 20, 0]],
    [[bus, p, 0, 999, -999, 1, 999, 0] for bus, p in ((1, 0), (2, 73), (3, 73))],
    [
        [1, 2, 0.09, 0.09, 0], [2, 3, 0.14, -0.11, 0], [3, 4, 0.12, 0.05, 0], [4, 5, 0.13, 0.25, 0],
        [5, 1, 0.09, 0.11, 0], [1, 3, 0.1, 0.16, 0], [2, 5, 0.18, 0.4, 0],
    ],
)  # fmt: skip
"""A ring with two chords and a series capacitor."""


def assert_balances(network: Network, schedule: Schedule, state: State) -> None:
    """Add up the currents of every branch in service, as a ladder of series impedances."""
    v, drawn = state.at.voltage, network.demand.copy()
    for branch in np.flatnonzero(schedule.branch_on):
        f, t = network.from_bus[branch], network.to_bus[branch]
        current = (v[f] - v[t]) / network.impedance[branch]
        drawn[f] += v[f] * current.conj()
        drawn[t] -= v[t] * current.conj()
    np.subtract.at(drawn, network.unit_bus, state.unit_p + 1j * state.unit_q)
    np.testing.assert_allclose(drawn, 0, atol=1e-9)


def stalls(model: Model, schedule: Schedule, vm: Floats, va: Floats) -> bool:
    """Tell whether neither this first voltage nor the others lead to a solution by descent."""
    others = [first_voltage(model, schedule, name) for name in OTHERS]
    return not any(solve(model, schedule, vm=m, va=a).converged for m, a in [(vm, va), *others])


def test_a_power_flow_is_solved_where_every_descent_stalls(build: Callable[..., Network]) -> None:
    network = build(*FIVE)
    model = model_of(network, distributed=False, reactive_limits=False, budget=BUDGET)
    schedule = schedule_of(network)
    vm, va = first_voltage(model, schedule, "dc")
    assert stalls(model, schedule, vm, va)
    found = solve_or_restart(model, schedule, vm=vm, va=va, follows=True)
    assert found.converged
    assert found.at.vm.min() > OPERABLE
    assert_balances(network, schedule, found)
    state = solve_afresh(network, BUDGET).state
    np.testing.assert_allclose(state.at.voltage, found.at.voltage, atol=1e-8)


def test_no_path_is_followed_where_few_steps_are_granted_or_nobody_asks(
    build: Callable[..., Network],
) -> None:
    network = build(*FIVE)
    schedule = schedule_of(network)
    for factorisations, follows in ((FEW - 1, True), (FEW, False)):
        budget = replace(BUDGET, factorisations=factorisations)
        model = model_of(network, distributed=False, reactive_limits=False, budget=budget)
        vm, va = first_voltage(model, schedule, "dc")
        assert not solve_or_restart(model, schedule, vm=vm, va=va, follows=follows).converged


def test_a_path_can_be_left_at_every_step(two_bus: Network) -> None:
    context = Context(cancelled=lambda: True)
    path = path_from_flat(loaded(two_bus, 5.01))
    with at_work(context), pytest.raises(Cancelled):
        bounded(path)
    with at_work(context), pytest.raises(Cancelled):
        list(solutions_along(path))
