"""A grid solved in one call of a kernel is solved as it is part by part."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from genba.grid.kernels.balance import balanced, first_voltage
from genba.grid.kernels.network import Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.steady_state import State, model_of, schedule_of, solve
from genba.grid.kernels.whole_solution import solve_afresh

BUDGET = Budget(5e-9, 30)


def in_parts(network: Network, budget: Budget) -> State:
    model = model_of(network, distributed=False, reactive_limits=False, budget=budget)
    schedule = schedule_of(network)
    vm, va = first_voltage(model, schedule, "dc")
    return solve(model, schedule, vm=vm, va=va)


def assert_same(one: State, other: State) -> None:
    assert (one.converged, one.iterations) == (other.converged, other.iterations)
    for name in ("vm", "va", "excess", "slack"):
        np.testing.assert_array_equal(getattr(one.at, name), getattr(other.at, name))
    for name in ("kind", "side", "unit_p", "unit_q"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def with_balance(network: Network) -> Network:
    p = balanced(network, schedule_of(network))
    return replace(network, unit_s=p + 1j * network.unit_s.imag)


@pytest.mark.parametrize("name", ["case3_lmbd", "case14_ieee", "case118_ieee"])
def test_one_call_gives_the_bits_of_the_parts(name: str, from_pglib: Callable[[str], Network]) -> None:
    network = with_balance(from_pglib(name))
    found = solve_afresh(network, BUDGET)
    assert found.state.converged
    assert_same(found.state, in_parts(network, BUDGET))


def test_one_call_gives_analysis_and_schedule_of_the_parts(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case14_ieee")
    found = solve_afresh(network, BUDGET)
    model = model_of(network, distributed=False, reactive_limits=False, budget=BUDGET)
    for mine, theirs in (
        (found.model.plan, model.plan),
        (found.model.admittance, model.admittance),
        (found.schedule, schedule_of(network)),
    ):
        for field in fields(mine):
            np.testing.assert_array_equal(getattr(mine, field.name), getattr(theirs, field.name))
    np.testing.assert_array_equal(found.va, first_voltage(model, schedule_of(network), "dc")[1])


def test_a_budget_too_small_ends_as_the_parts_do(from_pglib: Callable[[str], Network]) -> None:
    network = with_balance(from_pglib("case14_ieee"))
    budget = replace(BUDGET, factorisations=1)
    found = solve_afresh(network, budget)
    assert not found.state.converged
    assert_same(found.state, in_parts(network, budget))


def test_where_susceptances_cancel_it_starts_as_the_parts_do(from_pglib: Callable[[str], Network]) -> None:
    network = with_balance(from_pglib("case3_lmbd"))
    x = np.array([-0.5, 1.0, -0.5])  # beside the reference: (-2 + 1) (-2 + 1) - 1 = 0
    twin = replace(network, impedance=network.impedance.real + 1j * x)
    assert [*zip(network.from_bus.tolist(), network.to_bus.tolist(), strict=True)] == [(0, 2), (2, 1), (0, 1)]
    found = solve_afresh(twin, BUDGET)
    assert not found.whole[4]
    model = model_of(twin, distributed=False, reactive_limits=False, budget=BUDGET)
    np.testing.assert_array_equal(found.va, first_voltage(model, schedule_of(twin), "dc")[1])
    assert_same(found.state, in_parts(twin, BUDGET))
