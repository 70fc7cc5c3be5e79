"""What one first voltage does not solve is solved from others; what has no solution stays without."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from genba.grid.kernels.balance import first_voltage
from genba.grid.kernels.network import Floats, Ints, Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.outages import Aftermath, Outage, aftermath, solve_after
from genba.grid.kernels.restarts import OPERABLE, restarted, solve_or_restart
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve
from genba.grid.kernels.whole_solution import solve_afresh

BUDGET = Budget(tolerance=1e-10, factorisations=30)
HIGH = np.sqrt((1 + np.sqrt(1 - 4 * (0.5 * 0.1) ** 2)) / 2)
"""Voltage of `two_bus` at its load, p.u.: the higher root of v^4 - v^2 + (p x)^2 = 0."""
TURNED = np.array([0.0, 2.0])
"""Angles from which Newton's method finds the lower root, at which the load has collapsed, rad."""
NOTHING = np.zeros(0, np.int64)


def posed(network: Network, *, distributed: bool = False) -> tuple[Model, Schedule]:
    model = model_of(network, distributed=distributed, reactive_limits=False, budget=BUDGET)
    return model, schedule_of(network)


def flat(network: Network) -> Floats:
    return np.ones(network.n_bus)


def test_a_start_that_leads_to_collapse_is_replaced(two_bus: Network) -> None:
    model, schedule = posed(two_bus)
    first = solve(model, schedule, vm=flat(two_bus), va=TURNED)
    assert not first.converged
    assert first.at.vm[1] < BUDGET.lowest
    found = solve_or_restart(model, schedule, vm=flat(two_bus), va=TURNED)
    assert found.converged
    assert found.at.vm[1] == pytest.approx(HIGH, abs=1e-10)
    assert found.iterations > first.iterations


def test_a_start_that_leads_to_a_solution_is_kept(two_bus: Network) -> None:
    model, schedule = posed(two_bus)
    vm, va = flat(two_bus), np.array([0.0, 1.0])
    one, other = solve(model, schedule, vm=vm, va=va), solve_or_restart(model, schedule, vm=vm, va=va)
    assert one.iterations == other.iterations
    np.testing.assert_array_equal(one.at.voltage, other.at.voltage)


def test_where_there_is_no_solution_the_first_try_is_given(two_bus: Network) -> None:
    most = 1 / (2 * 0.1)  # p.u. at unity power factor
    network = replace(two_bus, demand=np.array([0, 1.01 * most + 0j]))
    model, schedule = posed(network)
    first = solve(model, schedule, vm=flat(network), va=TURNED)
    found = solve_or_restart(model, schedule, vm=flat(network), va=TURNED)
    assert not found.converged
    assert found.iterations == first.iterations
    np.testing.assert_array_equal(found.at.voltage, first.at.voltage)


def test_of_two_solutions_the_operable_one_is_taken(two_bus: Network) -> None:
    network = replace(
        two_bus,
        demand=np.array([0, -0.54 + 0.08j]),
        impedance=np.array([0.1536 + 0.42466j]),
        shunt=np.array([0, 1.0698j]),
    )
    model, schedule = posed(network)
    by_start = {}
    for name in ("dc", "flat"):
        vm, va = first_voltage(model, schedule, name)
        by_start[name] = solve(model, schedule, vm=vm, va=va)
        assert by_start[name].converged
    assert by_start["dc"].at.vm[1] < OPERABLE < by_start["flat"].at.vm[1]
    failed = replace(by_start["dc"], converged=False)
    found = restarted(model, schedule, failed, vm=np.array([1.0, 0.3]), va=TURNED)
    np.testing.assert_array_equal(found.at.voltage, by_start["flat"].at.voltage)


def test_a_grid_solved_in_one_call_is_tried_again_too(two_bus: Network) -> None:
    vm = np.array([1.0, 0.2])
    model, schedule = posed(two_bus)
    assert not solve(model, schedule, vm=vm, va=first_voltage(model, schedule, "dc")[1]).converged
    found = solve_afresh(two_bus, BUDGET, vm).state
    assert found.converged
    assert found.at.vm[1] == pytest.approx(HIGH, abs=1e-10)


def after_one_of_two_lines(build: Callable[..., Network], load: float) -> tuple[Model, State, Aftermath]:
    """Give a grid, its base turned far from any solution, and what a lost line leaves; load in MW."""
    unit, line = [[1, load, 0, 999, -999, 1, 999, 0]], [1, 2, 0, 0.1, 0]
    twin = build([[1, 3, 0, 0], [2, 1, load, 0]], unit, [line, line])
    model, schedule = posed(twin)
    base = solve(model, schedule, vm=flat(twin), va=np.zeros(2))
    left = aftermath(model, schedule, Outage(np.array([1]), NOTHING), splits=False)
    return model, replace(base, at=replace(base.at, va=TURNED)), left


def test_an_outage_that_the_base_does_not_lead_to_is_tried_again(build: Callable[..., Network]) -> None:
    model, far, left = after_one_of_two_lines(build, load=50)
    assert not solve(model, left.schedule, vm=far.at.vm, va=TURNED).converged
    after = solve_after(model, far, left)
    assert after.converged
    assert after.at.vm[1] == pytest.approx(HIGH, abs=1e-10)


def test_an_outage_takes_no_inoperable_solution_where_there_is_another(build: Callable[..., Network]) -> None:
    model, far, left = after_one_of_two_lines(build, load=300)
    first = solve(model, left.schedule, vm=far.at.vm, va=TURNED)
    assert first.converged
    assert first.at.vm[1] == pytest.approx(np.sqrt(0.1), abs=1e-10)  # v^4 - v^2 + (p x)^2 = 0 at p x = 0.3
    after = solve_after(model, far, left)
    assert after.at.vm[1] == pytest.approx(np.sqrt(0.9), abs=1e-10)
    assert after.iterations > first.iterations


@pytest.fixture
def one_sided(build: Callable[..., Network]) -> Network:
    """Headroom upwards at a strong unit, downwards at one whose line carries almost all it can.

    Outputs exceed demand by 1 MW, so that the slack is expected downwards; losses of 70 MW turn it.
    """
    return build(
        [[1, 3, 0, 0], [2, 2, 244, 0], [3, 2, 0, 0]],
        [[1, 150, 0, 999, -999, 1, 400, 150], [2, 0, 0, 999, -999, 1, 0, 0], [3, 95, 0, 999, -999, 1, 95, 0]],
        [[1, 2, 0.1, 0.1, 0], [3, 2, 0, 1, 0]],
    )


def reference_at(network: Network, bus: int) -> Network:
    kinds: Ints = np.where(np.arange(network.n_bus) == bus, 3, 2)
    return replace(network, bus_type=kinds)


def alone(network: Network) -> State:
    model, schedule = posed(network)
    return solve_or_restart(model, schedule, vm=flat(network), va=np.zeros(network.n_bus))


def test_slack_against_the_expected_direction_is_found(one_sided: Network) -> None:
    """All slack at the weak unit has no solution; all at the strong one is what its headroom asks for."""
    assert not alone(reference_at(one_sided, 2)).converged
    strong = alone(one_sided)
    assert strong.converged
    model, schedule = posed(one_sided, distributed=True)
    found = solve(model, schedule, vm=flat(one_sided), va=np.zeros(3))
    assert found.converged
    np.testing.assert_allclose(found.unit_p, strong.unit_p, atol=1e-9)
    np.testing.assert_allclose(found.at.voltage, strong.at.voltage, atol=1e-9)


@pytest.mark.parametrize("row", [0, 13])  # one that parts nothing, and one that cuts bus 8 off
def test_other_first_voltages_are_those_of_what_an_outage_leaves(
    from_pglib: Callable[[str], Network], row: int
) -> None:
    network = from_pglib("case14_ieee")
    model, schedule = posed(network)
    left = aftermath(model, schedule, Outage(np.array([row]), NOTHING), splits=True)
    without = network.branch_on & (np.arange(len(network.branch_on)) != row)
    alone = replace(network, branch_on=without)
    _, wanted = first_voltage(posed(alone)[0], left.schedule, "dc")
    _, found = first_voltage(model, left.schedule, "dc")
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert np.abs(found - first_voltage(model, schedule, "dc")[1]).max() > 1e-3
