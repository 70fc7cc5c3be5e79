"""Newton's method: hand results, exact derivatives, and what must not change the answer."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from genba.grid.kernels.balance import balanced, first_angles
from genba.grid.kernels.jacobian import factorise, jacobian
from genba.grid.kernels.network import PQ, PV, REFERENCE, Network, bus_sum
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.newton_steps import MORE
from genba.grid.kernels.one_solution import solution_of
from genba.grid.kernels.steady_state import (
    NO_WEIGHTS,
    Model,
    Schedule,
    State,
    continued,
    model_of,
    schedule_of,
    solve,
    state_of,
)

TIGHT = Budget(tolerance=1e-10, factorisations=30)


def solved(
    network: Network, *, distributed: bool = False, limits: bool = False, budget: Budget = TIGHT
) -> tuple[Model, Schedule, State]:
    model = model_of(network, distributed=distributed, reactive_limits=limits, budget=budget)
    schedule = schedule_of(network)
    state = solve(model, schedule, vm=np.ones(network.n_bus), va=np.zeros(network.n_bus))
    return model, schedule, state


def test_two_buses_have_the_voltage_of_the_textbook(two_bus: Network) -> None:
    """Over a reactance x with p and q = 0 at the load: v^4 - v^2 + (p x)^2 = 0."""
    p, x = 0.5, 0.1
    v = np.sqrt((1 + np.sqrt(1 - 4 * (p * x) ** 2)) / 2)
    _, _, state = solved(two_bus)
    assert state.converged
    assert state.at.vm[1] == pytest.approx(v, abs=1e-10)
    assert state.at.va[1] == pytest.approx(-np.arcsin(p * x / v), abs=1e-10)
    assert state.unit_p[0] == pytest.approx(p, abs=1e-9)
    assert state.unit_q[0] == pytest.approx((1 - v * np.cos(state.at.va[1])) / x, abs=1e-9)


def test_more_load_than_the_line_can_carry_diverges_at_a_finite_iterate(two_bus: Network) -> None:
    most = 1 / (2 * 0.1)  # p.u. at unity power factor
    _, _, state = solved(replace(two_bus, demand=np.array([0, 1.01 * most + 0j])))
    assert not state.converged
    assert np.isfinite(state.at.vm).all()
    assert (state.at.vm > 0).all()
    _, _, below = solved(replace(two_bus, demand=np.array([0, 0.99 * most + 0j])))
    assert below.converged


@pytest.mark.parametrize("free", ["all", "mixed"])
def test_the_jacobian_equals_differences(from_pglib: Callable[[str], Network], free: str) -> None:
    network = from_pglib("case14_ieee")
    model = model_of(network, distributed=False, reactive_limits=False, budget=TIGHT)
    n = network.n_bus
    rng = np.random.default_rng(1)
    vm, va = 1 + 0.1 * rng.standard_normal(n), 0.2 * rng.standard_normal(n)
    angle = np.ones(n, bool) if free == "all" else rng.random(n) > 0.3
    magnitude = np.ones(n, bool) if free == "all" else rng.random(n) > 0.3
    entries = model.admittance.values(network.branch_on)
    y = model.admittance.matrix(entries)

    def power(m: np.ndarray, a: np.ndarray) -> np.ndarray:
        v = m * np.exp(1j * a)
        return v * np.conj(y @ v)

    matrix = jacobian(
        model.plan, entries, vm * np.exp(1j * va), free_angle=angle, free_magnitude=magnitude
    ).toarray()
    h = 1e-6
    for bus in range(n):
        for unknown, known in ((0, angle), (1, magnitude)):
            step = h * (np.arange(n) == bus)
            change = (
                (power(vm, va + step) - power(vm, va - step))
                if unknown == 0
                else (power(vm + step, va) - power(vm - step, va))
            )
            expected = model.plan.pack(change.real / (2 * h) * angle, change.imag / (2 * h) * magnitude)
            if not known[bus]:
                expected[:] = 0
                expected[2 * model.plan.position[bus] + unknown] = 1
            np.testing.assert_allclose(
                matrix[:, 2 * model.plan.position[bus] + unknown], expected, atol=2e-7 * np.abs(matrix).max()
            )


def test_a_singular_matrix_has_no_factors(two_bus: Network) -> None:
    model = model_of(two_bus, distributed=False, reactive_limits=False, budget=TIGHT)
    entries = np.zeros_like(model.admittance.values(two_bus.branch_on))
    everything = np.ones(2, bool)
    matrix = jacobian(model.plan, entries, np.ones(2) + 0j, free_angle=everything, free_magnitude=everything)
    assert factorise(matrix) is None


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee", "case300_ieee"])
@pytest.mark.parametrize("distributed", [False, True])
def test_power_is_conserved(from_pglib: Callable[[str], Network], name: str, distributed: bool) -> None:
    """Generation less demand is what branches and shunts take."""
    network = from_pglib(name)
    schedule = schedule_of(network)
    model = model_of(network, distributed=distributed, reactive_limits=False, budget=TIGHT)
    schedule = replace(schedule, p=balanced(network, schedule))
    va = first_angles(network, schedule, schedule.p)
    assert va is not None
    state = solve(model, schedule, vm=np.ones(network.n_bus), va=va)
    assert state.converged
    v = state.at.voltage
    taken = (v * np.conj(model.admittance.matrix(model.admittance.values(network.branch_on)) @ v)).sum()
    given = (state.unit_p + 1j * state.unit_q).sum() - network.demand.sum()
    assert given == pytest.approx(taken, abs=1e-7)


def test_the_order_of_buses_does_not_change_the_voltages(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case118_ieee")
    order = np.random.default_rng(3).permutation(network.n_bus)
    place = np.argsort(order)
    shuffled = replace(
        network,
        **{name: getattr(network, name)[order] for name in ("bus_type", "demand", "shunt", "vm", "va")},
        **{name: place[getattr(network, name)] for name in ("unit_bus", "from_bus", "to_bus")},
    )
    _, _, state = solved(network)
    _, _, other = solved(shuffled)
    np.testing.assert_allclose(other.at.voltage, state.at.voltage[order], atol=1e-11)


def test_reused_factors_give_the_same_solution(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case118_ieee")
    _, _, newton = solved(network)
    _, _, reused = solved(network, budget=replace(TIGHT, reuse=0.5))
    assert reused.converged
    assert reused.iterations > newton.iterations
    np.testing.assert_allclose(reused.at.voltage, newton.at.voltage, atol=1e-9)


def test_all_units_share_the_slack_in_proportion_to_headroom(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case118_ieee")
    _, schedule, state = solved(network, distributed=True)
    assert state.converged
    moved = state.unit_p - schedule.p
    room = network.unit_pmax - schedule.p
    np.testing.assert_allclose(moved, room * moved.sum() / room.sum(), atol=1e-9)
    assert moved.sum() > 0


def test_a_surplus_is_shared_downwards(two_bus: Network) -> None:
    """60 MW scheduled for 50 MW of load: units come down in proportion to p - pmin."""
    twice = replace(
        two_bus,
        **{
            name: np.repeat(getattr(two_bus, name), 2)
            for name in ("unit_vset", "unit_pmax", "unit_qmin", "unit_qmax", "unit_on")
        },
        unit_s=np.array([0.4 + 0j, 0.2]),
        unit_bus=np.array([0, 1]),
        unit_pmin=np.array([0.0, 0.1]),
        bus_type=np.array([REFERENCE, PV]),
    )
    _, _, state = solved(twice, distributed=True)
    np.testing.assert_allclose(state.unit_p, [0.4 - 0.1 * 0.8, 0.2 - 0.1 * 0.2], atol=1e-9)


def test_a_unit_at_its_reactive_limit_gives_up_its_set_point(from_pglib: Callable[[str], Network]) -> None:
    network = from_pglib("case14_ieee")
    _, _, free = solved(network)
    _, _, state = solved(network, limits=True)
    assert state.converged
    assert (state.side != 0).any()
    reference = state.kind == REFERENCE
    total = bus_sum(network.unit_bus, state.unit_q, network.n_bus)
    high = bus_sum(network.unit_bus, network.unit_qmax, network.n_bus)
    low = bus_sum(network.unit_bus, network.unit_qmin, network.n_bus)
    assert (total <= high + 1e-7)[~reference].all()
    assert (total >= low - 1e-7)[~reference].all()
    up, down = state.side == 1, state.side == -1
    assert (state.at.vm[up] <= free.at.vm[up] + 1e-8).all()  # free.at.vm is the set point there
    assert (state.at.vm[down] >= free.at.vm[down] - 1e-8).all()
    assert (state.kind[up | down] == PQ).all()


def test_a_bus_gets_its_set_point_back(build: Callable[..., Network]) -> None:
    """Held at its upper limit while another is still free, the unit is released once that one is held too."""
    network = build(
        [[1, 3, 0, 0], [2, 2, 60, 30], [3, 2, 60, -40]],
        [[1, 120, 0, 500, -500, 1.0, 500, 0], [2, 0, 0, 25, -10, 1.02, 9, 0], [3, 0, 0, 5, -5, 0.97, 9, 0]],
        [[1, 2, 0.01, 0.1, 0], [2, 3, 0.01, 0.1, 0], [1, 3, 0.01, 0.1, 0]],
    )
    _, _, state = solved(network, limits=True)
    assert state.converged
    setpoint = network.unit_vset[1:]
    for bus, side in ((1, state.side[1]), (2, state.side[2])):
        away = state.at.vm[bus] - setpoint[bus - 1]
        assert (side == 1 and away <= 1e-8) or (side == -1 and away >= -1e-8) or (side == 0 and away == 0)


def test_an_island_without_units_is_left_out(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 50, 0], [3, 1, 10, 0], [4, 4, 10, 0]],
        [[1, 50, 0, 99, -99, 1, 200, 0], [4, 10, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0], [3, 4, 0, 0.1, 0]],
    )
    _, schedule, state = solved(network)
    assert state.converged
    assert schedule.island.tolist() == [1, 1, 0, 0]
    assert state.unit_p.tolist() == pytest.approx([0.5, 0.0])


def test_nothing_in_service_is_a_state_without_islands(two_bus: Network) -> None:
    _, schedule, state = solved(replace(two_bus, unit_on=np.array([False])))
    assert state.converged
    assert schedule.island.max() == 0


def test_each_island_has_its_own_reference_and_slack(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 50, 0], [3, 2, 0, 0], [4, 2, 30, 0]],
        [[1, 0, 0, 99, -99, 1, 200, 0], [3, 10, 0, 99, -99, 1, 50, 0], [4, 10, 0, 99, -99, 1, 60, 0]],
        [[1, 2, 0, 0.1, 0], [3, 4, 0, 0.1, 0]],
    )
    for distributed in (False, True):
        _, schedule, state = solved(network, distributed=distributed)
        assert schedule.island.tolist() == [1, 1, 2, 2]
        assert state.kind.tolist() == [REFERENCE, PQ, PV, REFERENCE]
        expected = [0.5, 0.1, 0.2] if not distributed else [0.5, 0.1 + 0.1 * 40 / 90, 0.1 + 0.1 * 50 / 90]
        np.testing.assert_allclose(state.unit_p, expected, atol=1e-9)


def test_a_collapsed_voltage_is_no_solution(two_bus: Network) -> None:
    """A bus without load behind a line also balances at 0 V: from there Newton may not call it solved."""
    model = model_of(
        replace(two_bus, demand=np.zeros(2, complex)), distributed=False, reactive_limits=False, budget=TIGHT
    )
    schedule = schedule_of(model.network)
    collapsed = solve(model, schedule, vm=np.array([1.0, 1e-9]), va=np.zeros(2))
    assert not collapsed.converged
    assert collapsed.at.vm[1] < 0.1
    assert solve(model, schedule, vm=np.ones(2), va=np.zeros(2)).converged


def test_a_solution_in_pieces_is_that_of_one_call(from_pglib: Callable[[str], Network]) -> None:
    model, schedule, whole = solved(from_pglib("case118_ieee"))
    grid, plan, y, side = model.network, model.plan, model.admittance, np.zeros(118, np.int64)
    found = solution_of(
        plan.packed, plan.indptr, plan.cols, plan.diagonal, plan.places, y.two_port, y.shunt,
        grid.bus_type, grid.demand, grid.unit_bus, grid.unit_s, grid.unit_vset, grid.unit_pmax,
        grid.unit_qmin, grid.unit_qmax, schedule.branch_on, schedule.unit_on, schedule.island, schedule.p,
        side, NO_WEIGHTS, np.ones(118), np.zeros(118), False, 1e-10, 30, 0.0, 1 / 64, 1, 0.1
    )  # fmt: skip
    assert found[:3] == (MORE, 1, 1)
    assert state_of(found, side) is None
    state = continued(model, schedule, side, NO_WEIGHTS, found)
    assert state.converged
    assert state.iterations == whole.iterations
    np.testing.assert_allclose(state.at.voltage, whole.at.voltage, atol=1e-13)
    np.testing.assert_allclose(state.unit_q, whole.unit_q, atol=1e-10)


def test_a_bus_whose_series_capacitor_cancels_its_line_is_solved(build: Callable[..., Network]) -> None:
    """Its own admittance is 0, so its block of the Jacobian has no inverse before its neighbours' have."""
    network = build(
        [[1, 3, 0, 0], [2, 1, 10, 2], [3, 1, 30, 5]],
        [[1, 40, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0], [2, 3, 0, -0.1, 0], [3, 1, 0, 0.2, 0]],
    )
    schedule = schedule_of(network)
    angles = first_angles(network, schedule, schedule.p)
    assert angles is not None
    susceptance = np.array([[0.0, 10.0], [10.0, -5.0]])
    np.testing.assert_allclose(angles[1:], np.linalg.solve(susceptance, [-0.1, -0.3]), atol=1e-12)
    model, _, state = solved(network)
    assert state.converged
    v = state.at.voltage
    y = model.admittance.matrix(model.admittance.values(network.branch_on))
    np.testing.assert_allclose((v * np.conj(y @ v))[1:], [-0.1 - 0.02j, -0.3 - 0.05j], atol=1e-9)
