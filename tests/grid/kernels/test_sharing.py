"""What is shared keeps its sum and its bounds: headroom, slack, reactive output."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.grid.kernels.headroom import headroom, shares, spread
from genba.grid.kernels.network import Network
from genba.grid.kernels.reactive_limits import ABOVE, BEYOND, bus_limits, shared, switch_lanes, switched

LEVEL = st.floats(-5, 5).map(lambda value: round(value, 3))


def units(
    pmin: list[float], pmax: list[float], bus: list[int], q: tuple[list[float], list[float]]
) -> Network:
    g, n = len(pmin), max(bus, default=0) + 1
    return Network(
        base_mva=100.0,
        bus_type=np.full(n, 2),
        demand=np.zeros(n, complex),
        shunt=np.zeros(n, complex),
        vm=np.ones(n),
        va=np.zeros(n),
        unit_bus=np.array(bus, dtype=np.int64),
        unit_s=np.zeros(g, complex),
        unit_vset=np.ones(g),
        unit_pmin=np.array(pmin, dtype=float),
        unit_pmax=np.array(pmax, dtype=float),
        unit_qmin=np.array(q[0], dtype=float),
        unit_qmax=np.array(q[1], dtype=float),
        unit_on=np.ones(g, bool),
        from_bus=np.zeros(0, np.int64),
        to_bus=np.zeros(0, np.int64),
        impedance=np.zeros(0, complex),
        charging=np.zeros(0),
        tap=np.zeros(0, complex),
        branch_on=np.zeros(0, bool),
    )


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(LEVEL, LEVEL, LEVEL, st.integers(0, 2)), min_size=1, max_size=8),
    need=st.tuples(st.just(0.0), LEVEL, LEVEL),
)
def test_a_need_is_met_as_far_as_headroom_goes(
    rows: list[tuple[float, float, float, int]], need: tuple[float, float, float]
) -> None:
    low, high, p, group = (np.array(column) for column in zip(*rows, strict=True))
    network = units(
        np.minimum(low, high), np.maximum(low, high), [0] * len(rows), ([0] * len(rows), [0] * len(rows))
    )
    after = spread(network, p, need=np.array(need), unit_group=group)
    moved = after - p
    assert (moved[group == 0] == 0).all()
    for number in (1, 2):
        inside = group == number
        upwards = np.full(len(rows), need[number] > 0)
        room = headroom(network, p, upwards=upwards)[inside]
        met = np.sign(need[number]) * min(abs(need[number]), room.sum())
        assert moved[inside].sum() == pytest.approx(met, abs=1e-9)
        assert (np.abs(moved[inside]) <= room + 1e-9).all()
        assert (moved[inside] * need[number] >= 0).all()


def test_slack_without_headroom_falls_to_one_unit() -> None:
    share = shares(np.array([0.0, 0.0, 2.0, 6.0]), np.array([1, 1, 2, 2]), fallback=np.array([-1, 1, 2]))
    assert share.tolist() == [0.0, 1.0, 0.25, 0.75]


def test_units_at_a_bus_share_by_their_ranges() -> None:
    network = units([0] * 3, [1] * 3, [0, 0, 1], ([-1.0, 0.0, 0.0], [1.0, 6.0, 1.0]))
    q = shared(network, np.array([3.0, 0.5]), unit_on=network.unit_on)
    assert q.tolist() == pytest.approx([-1 + 4 * 2 / 8, 4 * 6 / 8, 0.5])


@pytest.mark.parametrize("limits", [([0.0, 0.0], [0.0, 0.0]), ([-np.inf, -1.0], [np.inf, 1.0])])
def test_units_without_ranges_share_evenly(limits: tuple[list[float], list[float]]) -> None:
    network = units([0] * 2, [1] * 2, [0, 0], limits)
    assert shared(network, np.array([3.0]), unit_on=network.unit_on).tolist() == [1.5, 1.5]


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(LEVEL, LEVEL, st.integers(0, 3), st.booleans()), min_size=1, max_size=8),
    q=st.lists(LEVEL, min_size=4, max_size=4),
)
def test_shared_reactive_output_adds_up(rows: list[tuple[float, float, int, bool]], q: list[float]) -> None:
    low, high, bus, on = (list(column) for column in zip(*rows, strict=True))
    network = units(low, high, bus, (list(np.minimum(low, high)), list(np.maximum(low, high))))
    running = np.array(on)
    total = np.array(q[: network.n_bus])
    output = shared(network, total, unit_on=running)
    assert (output[~running] == 0).all()
    for number in np.unique(np.array(bus)[running]):
        here = (np.array(bus) == number) & running
        assert output[here].sum() == pytest.approx(total[number], abs=1e-9)
        lowest, highest = (limit[number] for limit in bus_limits(network, running))
        if lowest <= total[number] <= highest:
            assert (output[here] <= network.unit_qmax[here] + 1e-9).all()
            assert (output[here] >= network.unit_qmin[here] - 1e-9).all()


def test_switching_holds_releases_and_can_go_one_by_one() -> None:
    limits = (np.full(4, -1.0), np.full(4, 1.0), np.ones(4))
    given_ = {"controls": np.array([True, True, True, False]), "limits": limits}
    side = np.zeros(4, np.int64)
    q, vm = np.array([1.5, -3.0, 0.5, 9.0]), np.ones(4)
    both = switched(side, q=q, vm=vm, single=False, **given_)
    assert both.tolist() == [1, -1, 0, 0]
    assert switched(side, q=q, vm=vm, single=True, **given_).tolist() == [0, -1, 0, 0]
    vm = np.array(
        [1.01, 1.01, 1.0, 1.0]
    )  # above the set point at the upper limit; as it should be at the lower
    assert switched(both, q=np.zeros(4), vm=vm, single=False, **given_).tolist() == [0, -1, 0, 0]


def test_a_bus_whose_units_are_lost_is_not_held_any_more() -> None:
    limits = (np.full(1, -1.0), np.full(1, 1.0), np.ones(1))
    after = switched(
        np.array([1]),
        controls=np.array([False]),
        q=np.zeros(1),
        vm=np.full(1, 0.9),
        limits=limits,
        single=True,
    )
    assert after.tolist() == [0]


@given(st.integers(0, 2**32 - 1))
def test_solutions_side_by_side_are_switched_by_the_formula(seed: int) -> None:
    random, shape = np.random.default_rng(seed), (9, 5)
    controls, lanes, single = random.random(9) < 0.8, random.random(5) < 0.8, random.random(5) < 0.5
    before = random.integers(-1, 2, shape)
    q, vm = random.normal(size=shape), 1 + 0.05 * random.normal(size=shape)
    lowest, highest = -random.random(shape), random.random(shape)
    setpoint = 1 + 0.05 * random.normal(size=shape)
    over = np.where(controls[:, None], np.maximum(q - highest, lowest - q) - BEYOND, 0.0)
    past = np.where(controls[:, None], before * (vm - setpoint) - ABOVE, np.inf)
    urgency = np.where(before == 0, over, past)
    changes = lanes & (urgency > 0) & (~single | (urgency == urgency.max(axis=0)))
    wanted = np.where(changes, np.where(before != 0, 0, np.where(q > highest, 1, -1)), before)
    found, changed = before.copy(), np.ones(5, bool)
    switch_lanes(found, lanes, controls, q, vm, lowest, highest, setpoint, single, changed)
    assert np.array_equal(found, wanted)
    assert np.array_equal(changed, changes.any(axis=0))


def test_headroom_is_never_negative() -> None:
    network = replace(units([1.0], [2.0], [0], ([0.0], [0.0])))
    assert headroom(network, np.array([3.0]), upwards=np.array([True])).tolist() == [0.0]
    assert headroom(network, np.array([0.0]), upwards=np.array([False])).tolist() == [0.0]
