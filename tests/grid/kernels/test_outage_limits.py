"""Eight lanes: who is near a limit, who passes one, how far off they were; told by plain formulas."""

from pathlib import Path

import numpy as np
import pytest

from genba.grid.io.matpower import read
from genba.grid.kernels.admittance import two_ports
from genba.grid.kernels.network import network_of
from genba.grid.kernels.outage_approach import approach
from genba.grid.kernels.outage_changes import Branches
from genba.grid.kernels.outage_errors import PARTS, STAGES, early_of, hand_on, learn, notice, unlearn
from genba.grid.kernels.outage_limits import Watch, hits_of, judge, nearness_of, reach_of
from genba.num.lu.lanes import LANES

RATING, LOW, HIGH = 1.5, 0.93, 1.07
TOLERANCE = 1e-8
"""Mismatch of a solution, p.u."""


def lanes_of(pglib: Path, seed: int) -> tuple[Branches, Watch, np.ndarray, np.ndarray]:
    """Give branches, limits, lost branches and voltages; some buses are held, some without voltage."""
    case, _ = read(pglib / "pglib_opf_case30_ieee.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    random, n, m = np.random.default_rng(seed), network.n_bus, len(network.from_bus)
    ends = np.stack([network.from_bus, network.to_bus], axis=1)
    branches = Branches(ends, np.ascontiguousarray(two_ports(network).T).view(np.float64))
    low = np.where(random.random(n) < 0.8, LOW, 0.0)
    high = np.where(random.random(n) < 0.8, HIGH, np.inf)
    rated = np.sort(random.permutation(m)[: m - 5])
    watch = Watch(
        branch=rated,
        branch_limit=np.arange(m - 5),
        most=np.full(m - 5, RATING),
        low=low,
        high=high,
        low_limit=np.where(low > 0, 100 + np.arange(n), -1),
        high_limit=np.where(high < np.inf, 200 + np.arange(n), -1),
        free=(random.random(n) < 0.7).astype(float),
        reach=reach_of(branches.admittance, rated, np.full(m - 5, RATING)),
    )
    spread = np.array([0.0, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 0.01])
    size, angle = (1 + spread * random.normal(size=(n, LANES)), 0.2 * spread * random.normal(size=(n, LANES)))
    voltage = size * np.exp(1j * angle)
    voltage[random.random((n, LANES)) < 0.05] = 0.0
    lost = np.stack([random.permutation(m)[:LANES], np.full(LANES, -1)], axis=1)
    lost[::3, 1] = random.permutation(m)[: len(lost[::3])]
    return branches, watch, lost, np.stack([voltage.real, voltage.imag], axis=1)


def flows(branches: Branches, v: np.ndarray) -> np.ndarray:
    """Give the larger apparent power of both ends, shape (m, 8), p.u."""
    voltage = v[:, 0] + 1j * v[:, 1]
    f, t = voltage[branches.ends].transpose(1, 0, 2)
    yff, yft, ytf, ytt = branches.admittance.view(np.complex128).T[:, :, None]
    return np.maximum(np.abs(f * np.conj(yff * f + yft * t)), np.abs(t * np.conj(ytf * f + ytt * t)))


@pytest.mark.parametrize("seed", range(8))
def test_lanes_near_a_limit_and_beyond_one_are_told(pglib: Path, seed: int) -> None:
    branches, watch, lost, v = lanes_of(pglib, seed)
    to, numbers = nearness_of(len(v), len(branches.ends)), np.arange(LANES)
    to.margin[0, 0], to.margin[0, 1] = [
        np.abs(np.random.default_rng(seed).normal(size=LANES)) * scale for scale in (1.0, 0.02)
    ]
    to.margin[0, :, 7] = 1e3  # more than any limit: everything may be passed
    approach(branches, watch, lost, numbers, v, to)
    flow, size = flows(branches, v)[watch.branch], np.hypot(v[:, 0], v[:, 1])
    for lane in range(LANES):
        margin = to.margin[0, :, lane]
        kept, live = ~np.isin(watch.branch, lost[lane]), size[:, lane] > 0
        moved = margin[1] * watch.free
        limited = live & (watch.low > 0)
        passes = [
            np.concatenate(
                [
                    (flow[:, lane] > watch.most + side * margin[0])[kept],
                    (size[:, lane] > watch.high + side * moved)[live],
                    (size[:, lane] < watch.low - side * moved)[limited],
                ]
            )
            for side in (-1.0, 1.0)
        ]
        assert to.near[lane] == passes[0].any()
        assert to.beyond[lane] == passes[1].any()
        assert to.lowest[0, 0, lane] == pytest.approx(size[live, lane].min() ** 2, rel=1e-12)
    assert to.near[7]
    assert not to.beyond[7]
    assert not to.lost.any()


def test_a_branch_that_joins_nothing_is_never_far_from_its_limit(pglib: Path) -> None:
    branches, watch, lost, v = lanes_of(pglib, 0)
    v[:] = [[1.0], [0.0]]
    row = int(watch.branch[0])
    lost[:] = -1
    lost[3, 0] = row
    most = np.full(len(watch.most), 1e3)
    to, numbers = nearness_of(len(v), len(branches.ends)), np.arange(LANES)

    def near() -> list[bool]:
        reach = reach_of(branches.admittance, watch.branch, most)
        approach(branches, watch._replace(reach=reach), lost, numbers, v, to)
        return [bool(lane) for lane in to.near]

    assert not any(near())
    branches.admittance[row] = 0.0
    assert near() == [lane != 3 for lane in range(LANES)]


@pytest.mark.parametrize("seed", range(8))
def test_all_limits_that_lanes_pass_are_listed(pglib: Path, seed: int) -> None:
    branches, watch, lost, v = lanes_of(pglib, seed)
    to, numbers, hits = nearness_of(len(v), len(branches.ends)), np.arange(LANES), hits_of(10_000)
    to.wanted[:] = np.arange(LANES) != 5
    judge(branches, watch, lost, numbers, v, to, hits)
    flow, size = flows(branches, v)[watch.branch], np.hypot(v[:, 0], v[:, 1])
    wanted = {}
    for lane in np.flatnonzero(to.wanted).tolist():
        for limit in np.flatnonzero(flow[:, lane] > watch.most).tolist():
            if watch.branch[limit] not in lost[lane]:
                wanted[lane, limit] = flow[limit, lane]
        for bus in np.flatnonzero(size[:, lane] > watch.high).tolist():
            wanted[lane, 200 + bus] = size[bus, lane]
        for bus in np.flatnonzero((size[:, lane] < watch.low) & (size[:, lane] > 0)).tolist():
            wanted[lane, 100 + bus] = size[bus, lane]
    used = int(hits.used[0])
    found = dict(
        zip(
            zip(hits.outage[:used].tolist(), hits.limit[:used].tolist(), strict=True),
            hits.value[:used].tolist(),
            strict=True,
        )
    )
    assert len(wanted) > 20
    assert found == pytest.approx(wanted, rel=1e-12)
    assert len(found) == used


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_those_of_plain_formulas(pglib: Path, seed: int) -> None:
    branches, watch, lost, v = lanes_of(pglib, seed)
    random, n = np.random.default_rng(seed), len(v)
    early, reactive = early_of(n), random.normal(size=(n, 1, LANES))
    first = STAGES * 3
    early.state[:, first:] = random.normal(size=(n, PARTS, LANES))
    early.mismatch[STAGES:] = np.abs(random.normal(size=(STAGES, LANES)))
    early.mismatch[STAGES, 2], early.mismatch[STAGES + 1, 3] = 0.0, TOLERANCE  # they tell nothing
    controls, busy = (random.random(n) < 0.4).astype(float), random.random(LANES) < 0.7
    error, to = np.zeros((LANES, 3)), nearness_of(len(v), len(branches.ends))
    numbers = np.arange(LANES)
    learn(branches, watch.branch, controls, lost, numbers, busy, v, reactive, early, TOLERANCE, to, error)
    wanted = np.zeros((LANES, 3))
    there = ~(watch.branch[:, None, None] == lost[None]).any(axis=2)  # whether a lane keeps a branch
    for stage in range(STAGES):
        then = early.state[:, first + 3 * stage : first + 3 * stage + 3]
        off = np.abs(flows(branches, then[:, :2]) - flows(branches, v))[watch.branch] * there
        size = np.abs(np.hypot(then[:, 0], then[:, 1]) - np.hypot(v[:, 0], v[:, 1]))
        output = np.abs(then[:, 2] - reactive[:, 0]) * controls[:, None]
        for lane in np.flatnonzero(busy & (early.mismatch[STAGES + stage] > TOLERANCE)):
            found = np.array([off[:, lane].max(), size[:, lane].max(), output[:, lane].max()])
            wanted[lane] = np.maximum(wanted[lane], found / early.mismatch[STAGES + stage, lane])
    np.testing.assert_allclose(error, wanted, rtol=1e-12)
    assert not to.lost.any()


def test_lanes_are_remembered_after_one_step_and_two_and_handed_on() -> None:
    n, random = 3, np.random.default_rng(0)
    early = early_of(n)
    early.mismatch[:STAGES] = 7.0  # of what was in the lanes before
    taken = np.array([0, 1, 2, 3, 1, 2, 3, 0])
    v, reactive, mismatch = (random.normal(size=(n, part, LANES)) for part in (2, 1, 1))
    notice(v, reactive, np.abs(mismatch[0, 0]), taken, early)
    assert early.mismatch[:STAGES, 0].tolist() == [0.0, 0.0]
    assert early.mismatch[:STAGES, 1].tolist() == [abs(mismatch[0, 0, 1]), 0.0]
    assert early.mismatch[:STAGES, 2].tolist() == [7.0, abs(mismatch[0, 0, 2])]
    assert early.mismatch[:STAGES, 3].tolist() == [7.0, 7.0]
    np.testing.assert_array_equal(early.state[:, :2, 4], v[:, :, 4])
    np.testing.assert_array_equal(early.state[:, 5, 5], reactive[:, 0, 5])
    hand_on(early, 5, 1)
    np.testing.assert_array_equal(early.state[:, PARTS:, 1], early.state[:, :PARTS, 5])
    np.testing.assert_array_equal(early.mismatch[STAGES:, 1], early.mismatch[:STAGES, 5])
    unlearn(early, 5)
    assert early.mismatch[:STAGES, 5].tolist() == [0.0, 0.0]
