"""Network, admittance and DC angles against hand results and plain formulas."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from genba.core.errors import InputError
from genba.grid.kernels.admittance import admittance_of, apparent, branch_powers
from genba.grid.kernels.balance import balanced, first_angles
from genba.grid.kernels.dc_angles import dc_angles, dc_flows, estimated_losses
from genba.grid.kernels.network import Network
from genba.grid.kernels.steady_state import schedule_of


def test_units_are_converted_once(build: Callable[..., Network]) -> None:
    network = build(
        [[7, 3, 20, 10, 3, -4], [2, 1, 50, 0]],
        [[7, 50, 5, 99, -99, 1.02, 200, 10]],
        [[2, 7, 0.01, 0.1, 0.2, 0.95, 30]],
    )
    assert network.demand.tolist() == [0.2 + 0.1j, 0.5]
    assert network.shunt.tolist() == [0.03 - 0.04j, 0]
    assert (network.unit_pmax[0], network.unit_pmin[0]) == (2.0, 0.1)
    assert (network.from_bus[0], network.to_bus[0], network.unit_bus[0]) == (1, 0, 0)
    assert network.tap[0] == pytest.approx(0.95 * np.exp(1j * np.pi / 6))


def test_an_unknown_bus_is_named(build: Callable[..., Network]) -> None:
    with pytest.raises(InputError, match="found bus 9"):
        build([[1, 3, 0, 0]], [[9, 50, 0, 99, -99, 1, 200, 0]], [])


def test_admittance_is_that_of_the_circuit(build: Callable[..., Network]) -> None:
    """Two parallel branches, one with tap and shift, and a shunt."""
    network = build(
        [[1, 3, 0, 0, 5, 10], [2, 1, 50, 0]],
        [[1, 50, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0.02, 0.1, 0.3], [1, 2, 0.01, 0.2, 0.1, 0.9, 20]],
    )
    one, two = 1 / (0.02 + 0.1j), 1 / (0.01 + 0.2j)
    tap = 0.9 * np.exp(1j * np.radians(20))
    expected = np.array(
        [
            [one + 0.15j + (two + 0.05j) / 0.81 + 0.05 + 0.1j, -one - two / tap.conjugate()],
            [-one - two / tap, one + 0.15j + two + 0.05j],
        ]
    )
    admittance = admittance_of(network)
    both = admittance.matrix(admittance.values(network.branch_on)).toarray()
    np.testing.assert_allclose(both, expected, rtol=1e-13)
    first = admittance.matrix(admittance.values(np.array([True, False]))).toarray()
    np.testing.assert_allclose(first[0, 1], -one, rtol=1e-13)


def test_branch_powers_add_up_to_what_buses_inject(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case57_ieee")
    rng = np.random.default_rng(5)
    v = (1 + 0.1 * rng.standard_normal(57)) * np.exp(0.2j * rng.standard_normal(57))
    admittance = admittance_of(network)
    injected = v * np.conj(admittance.matrix(admittance.values(network.branch_on)) @ v)
    at_from, at_to = branch_powers(admittance.two_port, v, ends=(network.from_bus, network.to_bus))
    summed = np.conj(network.shunt) * np.abs(v) ** 2
    np.add.at(summed, network.from_bus, at_from)
    np.add.at(summed, network.to_bus, at_to)
    np.testing.assert_allclose(injected, summed, atol=1e-12)
    assert (apparent(at_from, at_to) >= np.abs(at_from)).all()


def test_dc_flows_of_a_triangle_split_by_reactance(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 90, 0], [3, 1, 0, 0]],
        [[1, 90, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0], [1, 3, 0, 0.1, 0], [3, 2, 0, 0.1, 0]],
    )
    schedule = schedule_of(network)
    angles = first_angles(network, schedule, schedule.p)
    assert angles is not None
    np.testing.assert_allclose(dc_flows(network, angles), [0.6, 0.3, 0.3], atol=1e-12)


def test_a_phase_shift_drives_a_loop_flow(build: Callable[..., Network]) -> None:
    """A shift of s in a ring of three equal reactances x drives s / (3 x) around it."""
    network = build(
        [[1, 3, 0, 0], [2, 1, 0, 0], [3, 1, 0, 0]],
        [[1, 0, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0, 1, 3], [2, 3, 0, 0.1, 0], [3, 1, 0, 0.1, 0]],
    )
    schedule = schedule_of(network)
    angles = first_angles(network, schedule, schedule.p)
    assert angles is not None
    np.testing.assert_allclose(dc_flows(network, angles), -np.radians(3) / 0.3, rtol=1e-12)


def test_cancelling_reactances_have_no_dc_angles(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 50, 0]],
        [[1, 50, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0], [1, 2, 0, -0.1, 0]],
    )
    found = dc_angles(network, np.array([0.5, -0.5]), island=np.ones(2, int), references=np.array([-1, 0]))
    assert found is None


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee", "case588_sdet"])
def test_balanced_outputs_meet_demand_and_estimated_losses(
    from_pglib: Callable[[str], Network], name: str
) -> None:
    network = from_pglib(name)
    schedule = schedule_of(network)
    p = balanced(network, schedule)
    angles = first_angles(network, schedule, p)
    assert angles is not None
    losses = estimated_losses(network, angles, island=schedule.island).sum()
    demand = network.demand.real.sum() + network.shunt.real.sum()
    assert p.sum() == pytest.approx(demand + losses, rel=2e-3)  # losses are those of a lossless spread
    assert (p <= np.maximum(network.unit_pmax, schedule.p) + 1e-12)[schedule.unit_on].all()


def test_without_dc_angles_outputs_are_balanced_without_losses(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 50, 0]],
        [[1, 0, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0.01, 0.1, 0], [1, 2, 0.01, -0.1, 0]],
    )
    assert balanced(network, schedule_of(network)).tolist() == [0.5]
    assert balanced(replace(network, unit_pmax=np.array([0.2])), schedule_of(network)).tolist() == [0.2]
