"""The DC optimal power flow: hand results, another solver, properties, failures."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from genba.core.errors import Cancelled, InputError
from genba.grid.kernels.cost_curves import cost_curves, marginal_cost
from genba.grid.kernels.dc_opf import Curves, DcNetwork, dc_opf

EXACT = 1e-7  # relative: the solver's own tolerance of 1e-9 with room for conditioning


def _two_buses(*, rating: float = np.inf, demand: float = 1.0, high: float = np.inf) -> DcNetwork:
    """A cheap unit at bus 0, a dear one at bus 1 with the demand, a branch of susceptance 10 between."""
    return DcNetwork(
        start=np.array([0]),
        end=np.array([1]),
        susceptance=np.array([10.0]),
        shift=np.zeros(1),
        rating=np.array([rating]),
        low=np.array([-np.inf]),
        high=np.array([high]),
        host=np.array([0, 1]),
        pmin=np.zeros(2),
        pmax=np.array([2.0, 2.0]),
        demand=np.array([0.0, demand]),
        reference=np.array([0]),
    )


def _curves(slope: tuple[float, ...], square: tuple[float, ...] | None = None) -> Curves:
    none = np.zeros(0)
    return Curves(
        square=np.zeros(len(slope)) if square is None else np.array(square),
        slope=np.array(slope),
        constant=np.zeros(len(slope)),
        piece_unit=np.zeros(0, np.int64),
        piece_slope=none,
        piece_offset=none,
    )


CHEAP_DEAR = _curves((10.0, 30.0))


def test_without_a_limit_the_cheap_unit_serves_all_at_one_price() -> None:
    solved = dc_opf(_two_buses(), CHEAP_DEAR)
    assert solved.possible
    assert solved.p == pytest.approx([1.0, 0.0])
    assert solved.price == pytest.approx([10.0, 10.0])
    assert solved.flow == pytest.approx([1.0])
    assert solved.theta == pytest.approx([0.0, -0.1])
    assert solved.bound == pytest.approx(10.0)


def test_a_full_branch_parts_the_prices_by_its_multiplier() -> None:
    solved = dc_opf(_two_buses(rating=0.4), CHEAP_DEAR)
    assert solved.p == pytest.approx([0.4, 0.6])
    assert solved.price == pytest.approx([10.0, 30.0])
    assert solved.flow_price == pytest.approx([-20.0])  # negative at the upper side
    assert solved.angle_price == pytest.approx([0.0])


def test_an_angle_limit_binds_like_the_flow_it_stands_for() -> None:
    solved = dc_opf(_two_buses(high=0.04), CHEAP_DEAR)
    assert solved.p == pytest.approx([0.4, 0.6])
    assert solved.flow_price == pytest.approx([0.0])
    assert solved.angle_price == pytest.approx([-200.0])  # 20 per p.u. of flow, 10 p.u. of flow per rad


def test_a_limit_met_backwards_has_a_positive_multiplier() -> None:
    net = _two_buses(rating=0.4)
    turned = replace(net, start=net.end, end=net.start)
    solved = dc_opf(turned, CHEAP_DEAR)
    assert solved.flow == pytest.approx([-0.4])
    assert solved.flow_price == pytest.approx([20.0])


def test_a_series_capacitor_turns_the_angle_and_not_the_flow() -> None:
    net = replace(_two_buses(rating=0.4), susceptance=np.array([-10.0]))
    solved = dc_opf(net, CHEAP_DEAR)
    assert solved.flow == pytest.approx([0.4])
    assert solved.theta[1] == pytest.approx(0.04)
    assert solved.flow_price == pytest.approx([-20.0])


def test_two_quadratic_units_share_at_equal_marginal_cost() -> None:
    """By hand: 10 + 2 p = 12 + 4 (1 - p) gives p = 1 at the price 12."""
    solved = dc_opf(_two_buses(), _curves((10.0, 12.0), (1.0, 2.0)))
    assert solved.p == pytest.approx([1.0, 0.0], abs=1e-4)
    solved = dc_opf(_two_buses(demand=2.0), _curves((10.0, 12.0), (1.0, 2.0)))
    assert solved.p == pytest.approx([5 / 3, 1 / 3], abs=1e-3)
    assert solved.price == pytest.approx([40 / 3, 40 / 3], rel=1e-4)
    curves = _curves((10.0, 12.0), (1.0, 2.0))
    assert solved.bound <= curves.at(solved.p) <= solved.bound * (1 + 1e-8)


def test_demand_beyond_the_units_ends_with_the_least_imbalance() -> None:
    solved = dc_opf(_two_buses(demand=5.0), CHEAP_DEAR)
    assert not solved.possible
    assert solved.shortfall.sum() == pytest.approx(1.0)  # where, is free: nothing is congested
    assert solved.price == pytest.approx([1.0, 1.0])
    assert solved.bound == pytest.approx(1.0)


def test_demand_behind_a_full_branch_is_short_where_it_is() -> None:
    solved = dc_opf(_two_buses(demand=3.0, rating=0.4), CHEAP_DEAR)
    assert solved.shortfall == pytest.approx([0.0, 0.6])
    assert solved.price == pytest.approx([0.0, 1.0])
    assert solved.flow_price == pytest.approx([-1.0])


def test_output_that_nobody_takes_is_a_surplus() -> None:
    net = replace(_two_buses(demand=0.1), pmin=np.array([0.5, 0.0]))
    solved = dc_opf(net, CHEAP_DEAR)
    assert not solved.possible
    assert solved.shortfall.sum() == pytest.approx(-0.4)
    assert solved.price == pytest.approx([-1.0, -1.0])


def test_two_islands_have_a_reference_and_a_price_each() -> None:
    one = _two_buses()
    rows = ("susceptance", "shift", "rating", "low", "high", "pmin", "pmax", "demand")
    twice = {name: np.tile(getattr(one, name), 2) for name in rows}
    after = {name: np.append(getattr(one, name), getattr(one, name) + 2) for name in ("start", "end", "host")}
    net = replace(one, **twice, **after, reference=np.array([0, 3]))
    solved = dc_opf(net, _curves((10.0, 30.0, 50.0, 40.0)))
    assert solved.price == pytest.approx([10.0, 10.0, 40.0, 40.0])
    assert solved.theta[[0, 3]] == pytest.approx([0.0, 0.0])


def test_limits_that_exclude_each_other_are_named() -> None:
    net = replace(_two_buses(), low=np.array([0.3]), high=np.array([0.2]))
    with pytest.raises(InputError, match="exclude each other") as caught:
        dc_opf(net, CHEAP_DEAR)
    assert caught.value.where == "case"


def test_a_wish_to_stop_is_heard_between_iterations() -> None:
    def stop(iterations: int, gap: float) -> None:
        raise Cancelled(f"{iterations}, {gap}")

    with pytest.raises(Cancelled):
        dc_opf(_two_buses(rating=0.4), CHEAP_DEAR, stop)


# --- properties on random meshed grids ---


def _random_grid(seed: int) -> tuple[DcNetwork, Curves]:
    rng = np.random.default_rng(seed)
    buses = int(rng.integers(2, 8))
    tree = np.array([[int(rng.integers(0, bus)), bus] for bus in range(1, buses)])
    extra = rng.integers(0, buses, (int(rng.integers(0, 5)), 2))
    ends = np.vstack([tree, extra[extra[:, 0] != extra[:, 1]]])
    branches, units = len(ends), int(rng.integers(1, 6))
    net = DcNetwork(
        start=ends[:, 0],
        end=ends[:, 1],
        susceptance=rng.uniform(1, 20, branches) * rng.choice([1, 1, 1, -1], branches),
        shift=rng.choice([0.0, 0.02], branches),
        rating=rng.choice([0.5, 1.0, np.inf], branches),
        low=np.full(branches, -0.4),
        high=np.full(branches, 0.4),
        host=rng.integers(0, buses, units),
        pmin=rng.choice([0.0, 0.1], units),
        pmax=rng.uniform(0.5, 3, units),
        demand=rng.uniform(0, 0.5, buses),
        reference=np.array([0]),
    )
    return net, _curves(tuple(rng.uniform(1, 50, units)))


def _dense(net: DcNetwork, curves: Curves) -> float | None:
    """Solve the same program with scipy, all limits at once; None when infeasible."""
    branches, buses, units = len(net.start), len(net.demand), len(net.host)
    ends = np.zeros((branches, buses))
    np.add.at(ends, (np.arange(branches), net.start), 1.0)
    np.add.at(ends, (np.arange(branches), net.end), -1.0)
    flow, offset = net.susceptance[:, None] * ends, net.susceptance * net.shift
    feed = np.zeros((buses, units))
    feed[net.host, np.arange(units)] = 1
    rows = np.hstack([np.zeros((4 * branches, units)), np.vstack([flow, -flow, ends, -ends])])
    right = np.concatenate([net.rating + offset, net.rating - offset, net.high, -net.low])
    kept = np.isfinite(right)
    found = linprog(
        np.concatenate([curves.slope, np.zeros(buses)]),
        rows[kept],
        right[kept],
        np.hstack([feed, -ends.T @ flow]),
        net.demand - ends.T @ offset,
        [*zip(net.pmin, net.pmax, strict=True), (0, 0), *[(None, None)] * (buses - 1)],
    )
    return float(found.fun) if found.status == 0 else None


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_growing_program_ends_where_the_dense_one_does(seed: int) -> None:
    net, curves = _random_grid(seed)
    solved, expected = dc_opf(net, curves), _dense(net, curves)
    assert solved.possible == (expected is not None)
    if expected is not None:
        assert curves.at(solved.p) == pytest.approx(expected, rel=EXACT)
        assert solved.bound == pytest.approx(expected, rel=EXACT)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_cost_does_not_depend_on_the_order_of_buses(seed: int) -> None:
    net, curves = _random_grid(seed)
    order = np.random.default_rng(seed).permutation(len(net.demand))
    place = np.argsort(order)
    moved = replace(
        net,
        start=place[net.start],
        end=place[net.end],
        host=place[net.host],
        demand=net.demand[order],
        reference=place[net.reference],
    )
    one, other = dc_opf(net, curves), dc_opf(moved, curves)
    assert one.possible == other.possible
    assert one.bound == pytest.approx(other.bound, rel=EXACT, abs=EXACT)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1000))
def test_prices_scale_with_costs(seed: int, factor: float) -> None:
    net, curves = _random_grid(seed)
    one, other = dc_opf(net, curves), dc_opf(net, replace(curves, slope=factor * curves.slope))
    assert one.possible == other.possible
    if one.possible:
        assert other.bound == pytest.approx(factor * one.bound, rel=EXACT)


# --- cost curves ---


def test_curves_carry_polynomials_and_lines_into_per_unit() -> None:
    data = np.array([[0.02, 12.0, 50.0, 0, 0, 0], [0, 0, 50.0, 900.0, 90.0, 2200.0], [7.0, 0, 0, 0, 0, 0]])
    curves, refused = cost_curves(np.array([2, 1, 2]), np.array([3, 3, 1]), data, base_mva=100.0)
    assert not len(refused)
    assert curves.at(np.array([1.5, 0.4, 1.0])) == pytest.approx(0.02 * 150**2 + 12 * 150 + 50 + 18 * 40 + 7)
    assert curves.at(np.array([0.0, 0.7, 1.0])) == pytest.approx(50 + 900 + 32.5 * 20 + 7)
    assert marginal_cost(curves, np.array([1.5, 0.4, 1.0])) == pytest.approx([1800.0, 1800.0, 0.0])
    assert marginal_cost(curves, np.array([1.5, 0.5, 1.0]))[1] == pytest.approx(
        3250.0
    )  # at a kink: the next MWh


@pytest.mark.parametrize(
    ("model", "terms", "row"),
    [
        (2, 3, [-0.01, 1, 0, 0, 0, 0]),
        (2, 4, [1e-6, 0, 1, 0, 0, 0]),
        (1, 3, [0, 0, 10, 100, 20, 150]),
    ],
)
def test_costs_that_are_not_convex_or_of_a_higher_order_are_refused(
    model: int, terms: int, row: list[float]
) -> None:
    _, refused = cost_curves(np.array([model]), np.array([terms]), np.array([row], float), base_mva=100.0)
    assert refused.tolist() == [0]


def test_zero_high_coefficients_are_no_higher_order() -> None:
    curves, refused = cost_curves(
        np.array([2]), np.array([5]), np.array([[0.0, 0.0, 0.01, 20.0, 5.0]]), base_mva=100.0
    )
    assert not len(refused)
    assert curves.at(np.array([0.5])) == pytest.approx(0.01 * 2500 + 20 * 50 + 5)


@pytest.mark.parametrize("asked", range(1, 5))
def test_a_cancel_is_heard_while_the_program_is_built(asked: int) -> None:
    heard: list[int] = []

    def watch(iterations: int, gap: float) -> None:
        heard.append(iterations)
        if len(heard) == asked:
            raise Cancelled("cancelled on request")

    with pytest.raises(Cancelled):
        dc_opf(_two_buses(rating=0.4), CHEAP_DEAR, watch)
    assert heard == [0] * asked
