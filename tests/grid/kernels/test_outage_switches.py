"""Buses switched after outages: the equations that change are those that the definition changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from genba.grid.kernels.network import PQ, PV, REFERENCE, Network
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.operating_point import Point, factorized, terms_of
from genba.grid.kernels.outage_changes import (
    CONTROLS,
    FROM,
    MOST_SWITCHED,
    TO,
    UNCONTROLLED,
    Branches,
    Outages,
    Surroundings,
    change_of,
    lay_out,
    room_around,
)
from genba.grid.kernels.outage_rounds import Todo, first_of, next_of
from genba.grid.kernels.outage_switches import KEPT, SWITCHES, TOO_MANY, Guard, lay_switches, switches
from genba.grid.kernels.reactive_limits import ABOVE, BEYOND, switched
from genba.grid.kernels.steady_state import model_of, schedule_of, solve
from genba.num.lu.factor import HOLDS
from genba.num.lu.lanes import LANES
from genba.num.lu.solve import solve as solve_factored


@dataclass(frozen=True)
class Dense:
    """A base of random voltages and kinds of buses, by position, and its equations by their definition."""

    point: Point
    branches: Branches
    admittance: np.ndarray

    def raw(self, lost: list[int]) -> np.ndarray:
        """Give dP and dQ by angle and logarithm of every bus without some branches, shape (2n, 2n)."""
        y = self.admittance.copy()
        for row in lost:
            (f, t), (yff, yft, ytf, ytt) = (
                self.branches.ends[row],
                self.branches.admittance[row].view(complex),
            )
            y[f, f], y[f, t] = y[f, f] - yff, y[f, t] - yft
            y[t, f], y[t, t] = y[t, f] - ytf, y[t, t] - ytt
        v = self.point.voltage[:, 0] + 1j * self.point.voltage[:, 1]
        current, n = y @ v, len(v)
        turned = 1j * np.diag(v) @ np.conj(np.diag(current) - y @ np.diag(v))
        longer = np.diag(v * np.conj(current)) + np.diag(v) @ np.conj(y @ np.diag(v))
        jacobian = np.empty((n, 2, n, 2))
        for part, of in enumerate((turned, longer)):
            jacobian[:, 0, :, part], jacobian[:, 1, :, part] = of.real, of.imag
        return jacobian.reshape(2 * n, 2 * n)

    def rows(self, lost: list[int], free: np.ndarray) -> np.ndarray:
        """Give the equations of free rows, and those of the identity elsewhere."""
        return np.where(free[:, None], self.raw(lost), np.eye(len(free)))


@pytest.fixture
def dense(from_pglib: Callable[[str], Network]) -> Callable[[str, int], Dense]:
    def dense(name: str, seed: int) -> Dense:
        network, random = from_pglib(name), np.random.default_rng(seed)
        model = model_of(network, distributed=False, reactive_limits=False, budget=Budget(5e-9, 30))
        n, schedule = network.n_bus, schedule_of(network)
        state = solve(model, schedule, vm=np.ones(n), va=np.zeros(n))
        kind = np.where(state.kind == REFERENCE, REFERENCE, np.where(random.random(n) < 0.4, PV, PQ))
        at = replace(state.at, vm=1 + 0.03 * random.normal(size=n), va=0.1 * random.normal(size=n))
        buses = schedule.island, kind, at.voltage
        structure, terms = model.plan.structure, terms_of(model.admittance)
        ended, point = factorized(structure, terms, schedule.branch_on, buses)
        assert ended == HOLDS
        position = point.structure.position
        ends = np.stack([position[network.from_bus], position[network.to_bus]], axis=1)
        two_port = np.ascontiguousarray(model.admittance.two_port.T).view(np.float64)
        y = np.zeros((n, n), complex)
        for i in range(n):
            for place in range(point.start[i], point.start[i + 1]):
                y[i, point.columns[place]] += point.admittance[place] @ [1, 1j]
        return Dense(point, Branches(ends, two_port), y)

    return dense


def random_outages(base: Dense, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give lost branches and switched buses of eight lanes, the buses close to the branches."""
    point, ends = base.point, base.branches.ends
    branches = np.full((LANES, 2), -1)
    buses = np.full((LANES, MOST_SWITCHED, 2), -1)
    for lane in range(LANES):
        branches[lane, : lane % 3] = random.choice(len(ends), lane % 3, replace=False)
        if lane == 5:  # parallel where there are such
            alike = [(i, j) for i in range(len(ends)) for j in range(i) if set(ends[i]) == set(ends[j])]
            branches[lane] = alike[0] if alike else branches[lane]
        near = [bus for row in branches[lane] if row >= 0 for bus in ends[row]] or [int(random.integers(9))]
        for bus in tuple(near):
            near += point.columns[point.start[bus] : point.start[bus + 1]].tolist()
        near = [bus for bus in dict.fromkeys(near) if point.free[bus, 0]][: (0, 3, 5, 8)[lane % 4]]
        for which, bus in enumerate(near):
            buses[lane, which] = bus, CONTROLS if point.free[bus, 1] else random.choice([1, -1, UNCONTROLLED])
    return branches, buses


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["case14_ieee", "case30_ieee", "case118_ieee"])
def test_changes_are_what_the_definition_changes(
    dense: Callable[[str, int], Dense], name: str, seed: int
) -> None:
    base, random = dense(name, seed), np.random.default_rng(100 + seed)
    point, n = base.point, len(base.point.live)
    branches, buses = random_outages(base, random)
    both = np.where(branches >= 0, FROM + TO, 0)
    plan, dead, upwards = np.zeros(LANES, int), np.zeros((LANES, 3), int), np.ones(LANES, bool)
    change = change_of(point)
    around = Surroundings(point.start, point.columns, point.admittance, point.voltage, point.free)
    change.left[:], change.right[:] = np.nan, np.nan  # what is not in use must not be read
    lay_out(around, base.branches, Outages(branches, both, buses, plan, dead, upwards), np.arange(LANES),
            change)  # fmt: skip
    combined = 0
    for lane in range(LANES):
        left, right = np.zeros((n, 2, change.rank[lane])), np.zeros((n, 2, change.rank[lane]))
        for s in range(change.touched[lane]):
            left[change.at[lane, s]] += change.left[lane, s, :, : change.rank[lane]]
            right[change.at[lane, s]] += change.right[lane, s, :, : change.rank[lane]]
        free = point.free.copy()
        chosen = buses[lane][buses[lane, :, 0] >= 0]
        free[chosen[:, 0], 1] = chosen[:, 1] != CONTROLS
        lost = [row for row in branches[lane].tolist() if row >= 0]
        before, after = base.rows([], point.free.ravel() > 0), base.rows(lost, free.ravel() > 0)
        product = left.reshape(2 * n, -1) @ right.reshape(2 * n, -1).T
        assert np.allclose(before + product, after, rtol=0, atol=1e-9 * np.abs(after).max())
        combined += len(lost) > 0 and len(chosen) > 1
    assert combined >= 2


def test_factors_give_the_change_of_what_is_unknown(dense: Callable[[str, int], Dense]) -> None:
    """Rows of given unknowns are those of the identity, whatever stands in their columns."""
    base = dense("case118_ieee", 0)
    free = base.point.free.ravel() > 0
    right = np.where(free, np.random.default_rng(0).normal(size=len(free)), 0.0)
    wanted = np.zeros(len(free))
    wanted[free] = np.linalg.solve(base.raw([])[np.ix_(free, free)], right[free])
    found = right.reshape(-1, 2).copy()
    solve_factored(base.point.structure, base.point.factors, found)
    assert np.allclose(found.ravel(), wanted, rtol=1e-8, atol=1e-10)


N = 12
"""Buses of the examples below."""


def example(seed: int) -> tuple[Guard, np.ndarray, np.ndarray, np.ndarray]:
    """Give limits of 12 buses for eight outages, what their buses are, voltages and outputs."""
    random = np.random.default_rng(seed)
    controls = random.random(N) < 0.7
    guard = Guard(
        controls=controls.astype(float),
        side=np.where(controls, random.integers(-1, 2, N), 0).astype(float),
        lowest=-random.random(N),
        highest=random.random(N),
        setpoint=1 + 0.05 * random.normal(size=N),
        kept=random.integers(-1, N, LANES),
        left=np.array([-0.1, 0.1]) * random.random((LANES, 1)),
        slack=np.array([BEYOND, ABOVE]),
    )
    buses = np.full((LANES, 4, 2), -1)
    for lane in range(1, LANES):
        for which, bus in enumerate(random.permutation(np.flatnonzero(controls))[: lane % 4]):
            others = [side for side in (-1, 0, 1, UNCONTROLLED) if side != guard.side[bus]]
            buses[lane, which] = bus, random.choice(others[:-1] if which else others)
    vm, q = 1 + 0.05 * random.normal(size=(N, LANES)), random.normal(size=(N, LANES))
    vm[random.random((N, LANES)) < 0.1] = 0.0
    return guard, buses, vm, q


def sides(guard: Guard, buses: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give of each outage at which limit every bus is held, and which controls are lost."""
    for rows in buses:
        side, lost = guard.side.astype(int), np.zeros(N, bool)
        for bus, becomes in rows[rows[:, 0] >= 0]:
            lost[bus] = becomes == UNCONTROLLED
            side[bus] = 0 if lost[bus] else becomes
        yield side, lost


@pytest.mark.parametrize("seed", range(20))
def test_buses_are_switched_as_one_by_one(seed: int) -> None:
    guard, buses, vm, q = example(seed)
    angle = np.random.default_rng(seed).normal(size=vm.shape)
    voltage = np.stack([vm * np.cos(angle), vm * np.sin(angle)], axis=1)
    for lane, (side, lost) in enumerate(sides(guard, buses)):
        low, high, kept = guard.lowest.copy(), guard.highest.copy(), guard.kept[lane]
        if kept >= 0:
            low[kept], high[kept] = guard.left[lane]
        controls = (guard.controls > 0) & ~lost & (vm[:, lane] > 0)
        limits = low, high, guard.setpoint
        wanted = switched(
            np.where(controls, side, 0), controls=controls, q=q[:, lane], vm=vm[:, lane], limits=limits,
            single=False
        )  # fmt: skip
        into = np.full((LANES, N, 2), 7)
        found = switches(guard, buses, lane, lane, voltage, q[:, None], into)
        assert found == (SWITCHES if (wanted != side)[controls].any() else KEPT)
        after, still_lost = list(sides(guard, into))[lane]
        assert np.array_equal(after[controls], wanted[controls])
        assert np.array_equal(still_lost, lost)
        used = int((into[lane, :, 0] >= 0).sum())
        assert (into[lane, used:, 0] == -1).all()
        if used:
            few = np.full((LANES, used - 1, 2), -1)
            assert switches(guard, buses, lane, lane, voltage, q[:, None], few) == TOO_MANY


@pytest.mark.parametrize("seed", range(5))
def test_switched_buses_start_from_what_they_become(seed: int) -> None:
    guard, buses, vm, _ = example(seed)
    angle = np.random.default_rng(seed).normal(size=vm.shape)
    vm = np.where(vm > 0, vm, 1.0)
    voltage = np.stack([vm * np.cos(angle), vm * np.sin(angle)], axis=1)
    planned, odd = np.zeros((N, 2, LANES)), np.zeros(LANES, bool)
    planned[:, 1] = np.where(guard.side > 0, guard.highest, np.where(guard.side < 0, guard.lowest, 0.0))[
        :, None
    ]
    before = planned.copy()
    lay_switches(guard, buses, np.arange(LANES), odd, voltage, planned)
    assert np.array_equal(odd, buses[:, 0, 0] >= 0)
    for lane in range(LANES):
        untouched = np.ones(N, bool)
        for bus, becomes in buses[lane][buses[lane, :, 0] >= 0]:
            untouched[bus] = False
            low, high = guard.lowest[bus], guard.highest[bus]
            if bus == guard.kept[lane]:
                low, high = guard.left[lane]
            held = {1: high, -1: low}.get(int(becomes), 0.0)
            assert planned[bus, 1, lane] == pytest.approx(held, abs=1e-15)
            size = guard.setpoint[bus] if becomes == CONTROLS else vm[bus, lane]
            wanted = size * np.exp(1j * angle[bus, lane])
            assert voltage[bus, 0, lane] + 1j * voltage[bus, 1, lane] == pytest.approx(wanted, abs=1e-12)
        assert np.array_equal(planned[untouched, :, lane], before[untouched, :, lane])


def test_the_next_round_has_what_lanes_have_room_for(dense: Callable[[str, int], Dense]) -> None:
    point = dense("case118_ieee", 0).point
    buses = np.full((4, room_around(point), 2), -1)
    buses[0, 0] = 3, 1
    buses[1, :, 0] = np.argmax(np.diff(point.start))  # far too many
    part = Todo(np.arange(4), buses, np.array([False, False, False, True]))
    assert next_of(point, [part, part.at(np.zeros(0, int))]).numbers.tolist() == [0, 3]
    assert len(next_of(point, []).numbers) == 0
    upwards = np.array([True, False])
    none, two = np.zeros(0, int), part.at(np.array([0, 3]))
    outages = Outages(none, none, buses[:0], none, none, upwards)
    assert first_of(np.arange(2)).lay_into(outages) is outages
    laid = two.lay_into(outages)
    assert laid.upwards.tolist() == [True, True]
    assert laid.switched is two.switched
