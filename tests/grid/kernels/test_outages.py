"""What an outage takes away, and which limits it newly breaks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.grid.kernels.limits import RATING, VMAX, VMIN, broken, limits_of, measure, newly_broken
from genba.grid.kernels.network import REFERENCE, Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.outages import Outage, aftermath, solve_after
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve

BUDGET = Budget(tolerance=1e-10, factorisations=30, reuse=0.3)
BAND = 1e-6


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


@pytest.fixture
def chain(build: Callable[..., Network]) -> Network:
    """Buses 1 to 4 in a row, units at 1, 2 and 4, load everywhere."""
    return build(
        [[1, 3, 10, 0], [2, 2, 20, 0], [3, 1, 30, 5], [4, 2, 40, 0]],
        [
            [1, 40, 0, 99, -99, 1, 100, 0],
            [2, 30, 0, 99, -99, 1, 50, 0],
            [4, 30, 0, 99, -99, 1, 90, 0],
            [4, 0, 0, 99, -99, 1, 20, 0],
        ],
        [[1, 2, 0, 0.1, 0], [2, 3, 0, 0.1, 0], [3, 4, 0, 0.1, 0]],
    )


def base_of(network: Network, *, distributed: bool = False) -> tuple[Model, Schedule, State]:
    model = model_of(network, distributed=distributed, reactive_limits=False, budget=BUDGET)
    schedule = schedule_of(network)
    state = solve(model, schedule, vm=np.ones(network.n_bus), va=np.zeros(network.n_bus))
    return model, replace(schedule, p=state.unit_p), state


def test_the_lost_output_is_picked_up_by_headroom(chain: Network) -> None:
    model, base, _ = base_of(chain)
    left = aftermath(model, base, Outage(rows(), rows(1)), splits=True)
    room = np.array([60, 0, 60, 20]) / 100
    np.testing.assert_allclose(
        left.schedule.p, np.array([0.4, 0, 0.3, 0]) + 0.3 * room / room.sum(), atol=1e-9
    )
    assert (left.lost_load, left.lost_generation) == (0.0, pytest.approx(0.3))
    assert not left.islanded


def test_more_than_the_headroom_is_left_to_the_slack(chain: Network) -> None:
    tight = replace(chain, unit_pmax=np.array([0.45, 0.5, 0.3, 0.0]))
    model, base, state = base_of(tight)
    left = aftermath(model, base, Outage(rows(), rows(1)), splits=True)
    np.testing.assert_allclose(left.schedule.p, [0.45, 0, 0.3, 0], atol=1e-9)
    after = solve_after(model, state, left)
    np.testing.assert_allclose(after.unit_p, [0.7, 0, 0.3, 0], atol=1e-9)


def test_the_larger_part_stays_and_takes_a_new_reference(chain: Network) -> None:
    model, base, state = base_of(chain)
    left = aftermath(model, base, Outage(rows(0), rows()), splits=True)
    assert left.cut_off.tolist() == [True, False, False, False]
    assert left.islanded
    assert (left.lost_load, left.lost_generation) == (pytest.approx(0.1), pytest.approx(0.4))
    after = solve_after(model, state, left)
    assert after.converged
    assert after.kind[3] == REFERENCE  # the largest unit that is left is at bus 4
    assert after.at.va[3] == state.at.va[3]
    np.testing.assert_allclose(after.unit_p, [0, 0.3, 0.6, 0], atol=1e-9)


def test_an_imbalance_by_islanding_is_shared_when_the_slack_is(chain: Network) -> None:
    model, base, state = base_of(chain, distributed=True)
    left = aftermath(model, base, Outage(rows(2), rows()), splits=True)
    assert left.cut_off.tolist() == [False, False, False, True]
    after = solve_after(model, state, left)
    gap = left.lost_load - left.lost_generation  # load leaves: units come down
    room = base.p[:2] - chain.unit_pmin[:2]
    np.testing.assert_allclose(after.unit_p[:2], base.p[:2] - gap * room / room.sum(), atol=1e-8)


def test_a_lost_unit_in_a_part_that_is_cut_off_is_not_picked_up(chain: Network) -> None:
    model, base, _ = base_of(chain)
    left = aftermath(model, base, Outage(rows(2), rows(2)), splits=True)
    np.testing.assert_allclose(left.schedule.p[:2], base.p[:2])
    assert left.lost_generation == pytest.approx(0.3)


def test_nothing_is_left_without_units(chain: Network) -> None:
    model, base, state = base_of(chain)
    left = aftermath(model, base, Outage(rows(), rows(0, 1, 2, 3)), splits=True)
    assert left.cut_off.all()
    assert left.lost_load == pytest.approx(1.0)
    assert solve_after(model, state, left).converged


def test_an_empty_stub_that_is_cut_off_islands_nothing(build: Callable[..., Network]) -> None:
    network = build(
        [[1, 3, 0, 0], [2, 1, 50, 0], [3, 1, 0, 0]],
        [[1, 50, 0, 99, -99, 1, 200, 0]],
        [[1, 2, 0, 0.1, 0], [2, 3, 0, 0.1, 0]],
    )
    model, base, _ = base_of(network)
    left = aftermath(model, base, Outage(rows(1), rows()), splits=True)
    assert left.cut_off.tolist() == [False, False, True]
    assert not left.islanded


def test_limits_measure_both_ends_and_both_voltages(chain: Network) -> None:
    model, base, state = base_of(chain)
    ratings = np.array([0.1, 0.0, np.inf])
    limits = limits_of(
        ratings, np.full(4, 1.05), np.full(4, 0.98), branches=np.ones(3, bool), buses=np.arange(4) < 2
    )
    assert limits.kind.tolist() == [RATING, VMIN, VMIN, VMAX, VMAX]
    assert limits.row.tolist() == [0, 0, 1, 0, 1]
    live = np.array([True, True, True, False])
    found = measure(
        limits, chain, model.admittance, voltage=state.at.voltage, branch_on=base.branch_on, live=live
    )
    assert found.value[0] >= abs(0.3)  # 40 MW less 10 MW, and some reactive power
    np.testing.assert_allclose(found.excess[0], 100 * (found.value[0] / 0.1 - 1))
    np.testing.assert_allclose(found.excess[1:3], 100 * (1.05 - 1) / 1.05)
    np.testing.assert_allclose(found.excess[3:], 100 * (1 - 0.98) / 0.98)
    dark = measure(
        limits,
        chain,
        model.admittance,
        voltage=state.at.voltage,
        branch_on=base.branch_on,
        live=~np.ones(4, bool),
    )
    assert np.isnan(dark.excess).all()
    assert not broken(dark.excess, band=BAND).any()


@given(base=st.floats(-50, 50), grown=st.floats(-50, 50), worse_by=st.floats(0, 20))
def test_a_violation_counts_when_new_or_worse_by_more_than_asked(
    base: float, grown: float, worse_by: float
) -> None:
    after = base + grown
    counts = len(newly_broken(np.array([base]), np.array([after]), band=BAND, worse_by=worse_by)) == 1
    assert counts == (after > 100 * BAND and (base <= 100 * BAND or after - base > worse_by))


def test_growth_of_exactly_the_threshold_does_not_count() -> None:
    base, after = np.array([4.0, 4.0, 0.0]), np.array([5.0, 5.5, 0.0])
    assert newly_broken(base, after, band=BAND, worse_by=1.0).tolist() == [1]
