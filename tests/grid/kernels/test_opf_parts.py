"""Parts of an optimal power flow: costs as sources, planes under products, loss factors, what binds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.grid.kernels import loss_factors
from genba.grid.kernels.admittance import branch_powers
from genba.grid.kernels.islands import islands
from genba.grid.kernels.loss_factors import delivery_factors
from genba.grid.kernels.neighbours import neighbours_of
from genba.grid.kernels.network import Network
from genba.grid.kernels.opf_model import OpfLimits, OpfModel, opf_model, starting_at
from genba.grid.kernels.sources import CostRows, filled, sources_of

CURVE = [0.0, 100.0, 50.0, 600.0, 120.0, 2000.0]  # 10 $/MWh to 50 MW, then 20 $/MWh


def _costs(*rows: tuple[int, list[float]]) -> CostRows:
    width = max(len(data) for _, data in rows)
    return CostRows(
        model=np.array([model for model, _ in rows]),
        terms=np.array([len(data) // 2 if model == 1 else len(data) for model, data in rows]),
        data=np.array([data + [0.0] * (width - len(data)) for _, data in rows]),
    )


def _model(network: Network, costs: CostRows, **limits: np.ndarray) -> OpfModel:
    branches = np.full(len(network.from_bus), np.inf)
    given = {
        "vm_min": np.full(network.n_bus, 0.9),
        "vm_max": np.full(network.n_bus, 1.1),
        "rating": branches,
        "angle_min": -branches,
        "angle_max": branches,
        **limits,
    }
    return opf_model(network, sources_of(network, costs), OpfLimits(**given), island=islands(network))


@pytest.fixture
def ring(build: Callable[..., Network]) -> Network:
    """Three buses in a ring, units at two of them, one branch with a tap and a shift."""
    return build(
        [[1, 3, 10, 0], [2, 2, 40, 10], [3, 1, 80, 20, 2, 5]],
        [[1, 70, 0, 99, -99, 1, 200, 0], [2, 60, 0, 99, -99, 1, 120, 20]],
        [[1, 2, 0.02, 0.1, 0.02], [2, 3, 0.03, 0.2, 0.02, 0.97, 3], [3, 1, 0.01, 0.15, 0.02]],
    )


# --- costs ---


@pytest.mark.parametrize(
    ("low", "high", "ends", "slopes"),
    [
        (0, 120, [50, 70], [10, 20]),
        (20, 120, [50, 70], [10, 20]),
        (50, 120, [120], [20]),
        (0, 50, [50], [10]),
        (0, 200, [50, 150], [10, 20]),  # the last piece goes on
        (30, 30, [30], [10]),
    ],
)
def test_a_piecewise_cost_becomes_one_source_for_each_piece_that_is_reached(
    build: Callable[..., Network], low: float, high: float, ends: list[float], slopes: list[float]
) -> None:
    network = build([[1, 3, 0, 0]], [[1, low, 5, 9, -9, 1, high, low]], [])
    sources = sources_of(network, _costs((1, CURVE)))
    assert sources.p_max.tolist() == pytest.approx([end / 100 for end in ends])
    assert sources.cost[:, 1].tolist() == pytest.approx([100 * slope for slope in slopes])
    assert sources.p_min.tolist() == pytest.approx([low / 100] + [0.0] * (len(ends) - 1))
    assert sources.q_max.tolist() == pytest.approx([0.09] + [0.0] * (len(ends) - 1))


@given(st.floats(0, 120))
def test_filled_sources_cost_what_the_curve_says(p: float) -> None:
    costs = _costs((1, CURVE))
    high = np.array([0.5, 0.7])
    share = filled(np.full(2, p / 100), high, np.array([True, False]))
    cost = 100 + share @ np.array([1000.0, 2000.0])
    assert share.sum() == pytest.approx(p / 100)
    assert cost == pytest.approx(costs.at(np.array([p]))[0])


def test_polynomials_of_any_order_keep_their_cost_and_slope() -> None:
    costs = _costs((2, [1e-3, 0.1, 5.0, 7.0]), (2, [4.0, 1.0]), (1, CURVE))
    p = np.array([20.0, 30.0, 50.0])
    assert costs.at(p).tolist() == pytest.approx([8 + 40 + 100 + 7, 121, 600])
    below, above = costs.marginal(p, kink=1e-3)
    assert below.tolist() == pytest.approx([1.2 + 4 + 5, 4, 10])
    assert above.tolist() == pytest.approx([1.2 + 4 + 5, 4, 20])


def test_a_model_costs_what_its_table_says(ring: Network) -> None:
    costs = _costs((2, [0.01, 12.0, 30.0]), (1, CURVE))
    model = _model(ring, costs)
    assert model.unit_rows.tolist() == [0, 1, 1]
    assert model.cost_at(model.p) == pytest.approx(costs.at(np.array([70.0, 60.0])).sum())
    moved = starting_at(model, vm=ring.vm, va=ring.va, p=np.array([0.5, 0.4]), q=np.array([0.1, 0.2]))
    assert moved.p.tolist() == pytest.approx([0.5, 0.4, 0.0])
    assert moved.q.tolist() == pytest.approx([0.1, 0.2, 0.0])


def test_a_curve_that_falls_is_told_by_its_unit(ring: Network) -> None:
    falling = [0.0, 0.0, 50.0, 1000.0, 120.0, 1700.0]
    assert sources_of(ring, _costs((2, [1.0, 0.0]), (1, falling))).refused.tolist() == [1]


# --- products of voltages ---


@given(st.data())
def test_no_plane_lies_above_the_product_of_voltages(data: st.DataObject) -> None:
    low = np.array([data.draw(st.floats(0.5, 1.0)) for _ in range(2)])
    high = low + np.array([data.draw(st.floats(0.0, 0.5)) for _ in range(2)])
    v = low + (high - low) * np.array([data.draw(st.floats(0, 1)) for _ in range(2)])
    model = _pair(low, high)
    for a, b, constant in neighbours_of(model).planes(np.array([0])):
        assert a[0] * v[0] ** 2 + b[0] * v[1] ** 2 + constant[0] <= v[0] * v[1] + 1e-12


def _pair(low: np.ndarray, high: np.ndarray) -> OpfModel:
    none = np.zeros(0)
    two = np.zeros(2, complex)
    return OpfModel(
        base_mva=100.0,
        bus_rows=np.arange(2),
        unit_rows=none.astype(int),
        branch_rows=np.arange(1),
        island=np.zeros(2, int),
        reference=np.zeros(1, int),
        demand=two,
        shunt=two,
        vm_min=low,
        vm_max=high,
        source_bus=none.astype(int),
        p_min=none,
        p_max=none,
        q_min=none,
        q_max=none,
        cost=np.zeros((0, 3)),
        cost_constant=0.0,
        start=np.array([0]),
        end=np.array([1]),
        two_port=np.ones((4, 1), complex),
        rating=np.full(1, np.inf),
        angle_min=np.full(1, -0.5),
        angle_max=np.full(1, 0.3),
        vm=np.ones(2),
        va=np.zeros(2),
        p=none,
        q=none,
    )


def test_parallel_branches_share_a_pair_whose_angles_are_the_narrowest() -> None:
    model = _pair(np.full(2, 0.9), np.full(2, 1.1))
    both = replace(
        model,
        branch_rows=np.arange(2),
        start=np.array([0, 1]),
        end=np.array([1, 0]),
        two_port=np.ones((4, 2), complex),
        rating=np.full(2, np.inf),
        angle_min=np.array([-0.5, -0.1]),
        angle_max=np.array([0.3, 0.4]),
    )
    pairs = neighbours_of(both)
    assert pairs.count == 1
    assert pairs.sign.tolist() == [1, -1]
    assert (pairs.low[0], pairs.high[0]) == (-0.4, 0.1)


# --- loss factors ---


@pytest.mark.parametrize("dense", [600, 0])
def test_loss_factors_are_what_a_finite_difference_of_the_power_flow_gives(
    ring: Network, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more MW at a bus, all else held: what the reference gives less."""
    monkeypatch.setattr(loss_factors, "DENSE", dense)
    model = _model(ring, _costs((2, [1.0, 0.0]), (2, [1.0, 0.0])))
    vm, va = np.array([1.02, 1.01, 0.98]), np.array([0.0, -0.02, -0.07])
    factors = delivery_factors(model, vm * np.exp(1j * va))
    assert factors is not None
    assert factors[0] == 1.0
    base = _reference_power(model, vm, va, np.zeros(3))
    for bus in (1, 2):
        step = np.zeros(3)
        step[bus] = 1e-6
        saved = base - _reference_power(model, vm, va, step)
        assert saved / 1e-6 == pytest.approx(factors[bus], rel=1e-5)


@pytest.mark.parametrize("dense", [600, 0])
def test_loss_factors_of_buses_that_nothing_joins_are_not_determined(
    ring: Network, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_factors, "DENSE", dense)
    model = _model(ring, _costs((2, [1.0, 0.0]), (2, [1.0, 0.0])))
    apart = replace(model, two_port=np.zeros_like(model.two_port))
    assert delivery_factors(apart, np.ones(3, complex)) is None


def _reference_power(model: OpfModel, vm: np.ndarray, va: np.ndarray, more: np.ndarray) -> float:
    """Solve for both angles and the load bus's magnitude by dense Newton steps with numeric derivatives."""

    def taken(x: np.ndarray) -> np.ndarray:
        v = np.array([vm[0], vm[1], x[2]]) * np.exp(1j * np.array([va[0], x[0], x[1]]))
        s_from, s_to = branch_powers(model.two_port, v, ends=(model.start, model.end))
        total = np.abs(v) ** 2 * model.shunt.conj()
        np.add.at(total, model.start, s_from)
        np.add.at(total, model.end, s_to)
        return np.array([total[1].real, total[2].real, total[2].imag, total[0].real])

    x = np.array([va[1], va[2], vm[2]])
    wanted = taken(x)[:3] + np.array([more[1], more[2], 0.0])
    for _ in range(5):
        jacobian = np.array([(taken(x + h) - taken(x - h))[:3] / 2e-6 for h in 1e-6 * np.eye(3)]).T
        x = x - np.linalg.solve(jacobian, taken(x)[:3] - wanted)
    return float(taken(x)[3])
