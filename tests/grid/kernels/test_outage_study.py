"""Outages in lanes: they give what each gives alone, and the screen leaves nothing out that violates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from genba.grid.io.matpower import read
from genba.grid.kernels import outage_analysis, outage_study
from genba.grid.kernels.balance import balanced, first_angles
from genba.grid.kernels.islands import remaining
from genba.grid.kernels.limits import VMAX, limits_of, measure
from genba.grid.kernels.network import REFERENCE, Network, network_of
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.outage_lanes import UNSOLVED, desk_of
from genba.grid.kernels.outage_losses import NONE
from genba.grid.kernels.outage_rounds import first_of
from genba.grid.kernels.outage_stream import go_on, solve_outages
from genba.grid.kernels.outage_study import PICKS, SAMPLE, SHARE, SPARES, Lanes, _grid, _lanes, _rules, study
from genba.grid.kernels.outage_verdicts import Lost, Passed, Study, Verdicts, passed, verdicts_of
from genba.grid.kernels.outages import Aftermath, Outage, aftermath, solve_after
from genba.grid.kernels.partings import Partings, partings
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve
from genba.num.lu.factor import HOLDS
from genba.num.lu.solve import solve as solve_factored

SAME_VOLTAGE = 1e-8
"""Two solutions whose mismatch is below 5e-9 p.u. each."""
LOW = 0.953  # p.u.: just below the lowest voltage of case118_ieee
BAND = 1e-6


@dataclass(frozen=True)
class Base:
    given: Study
    lost: Lost


def base_of(
    network: Network, *, slack: str = "single", reactive_limits: bool = False, rating: float = 1.0
) -> Base:
    """Give a solved base whose branches may carry `rating` p.u., and all single outages of it."""
    budget = Budget(5e-9, 30, lowest=0.1)
    model = model_of(
        network, distributed=slack == "distributed", reactive_limits=reactive_limits, budget=budget
    )
    schedule = schedule_of(network)
    schedule = replace(schedule, p=balanced(network, schedule))
    angles = first_angles(network, schedule, schedule.p)
    state = solve(
        model, schedule, vm=np.ones(network.n_bus), va=np.zeros(network.n_bus) if angles is None else angles
    )
    assert state.converged
    m, n = len(network.from_bus), network.n_bus
    limits = limits_of(
        np.full(m, rating),
        np.full(n, 0.95),
        np.full(n, 1.05),
        branches=np.ones(m, bool),
        buses=np.ones(n, bool),
    )
    live = schedule.island > 0
    measured = measure(
        limits, network, model.admittance, voltage=state.at.voltage, branch_on=schedule.branch_on, live=live
    )
    schedule = replace(schedule, p=state.unit_p)
    model = replace(model, budget=replace(budget, reuse=0.3))
    given = Study(model, schedule, state, limits, measured, BAND, 1.0)
    branches = np.flatnonzero(schedule.branch_on & live[network.from_bus]).tolist()
    units = np.flatnonzero(schedule.unit_on).tolist()
    return Base(
        given,
        Lost(
            [(row,) for row in branches] + [()] * len(units), [()] * len(branches) + [(row,) for row in units]
        ),
    )


@pytest.fixture
def pglib_base(pglib: Path) -> Callable[..., Base]:
    def pglib_base(name: str, **params: object) -> Base:
        case, _ = read(pglib / f"pglib_opf_{name}.m")
        return base_of(network_of(case.base_mva, case.bus, case.gen, case.branch), **params)  # type: ignore[arg-type]

    return pglib_base


def judged(base: Base, *, worth: int, screen: int | None = None, threads: int = 1) -> tuple[Verdicts, Passed]:
    verdicts = verdicts_of(len(base.lost.branches))
    for _ in study(base.given, base.lost, verdicts, threads=threads, screen=screen, worth=worth):
        pass
    return verdicts, passed(base.given, verdicts)


def assert_same(base: Base, one: tuple[Verdicts, Passed], other: tuple[Verdicts, Passed]) -> None:
    (a, p), (b, q) = one, other
    assert (a.converged == b.converged).all()
    assert (a.islanded == b.islanded).all()
    assert (a.cut_off == b.cut_off).all()
    assert np.allclose(a.lost_load, b.lost_load, atol=1e-12)
    assert np.allclose(a.lost_generation, b.lost_generation, atol=1e-12)
    first, second = (
        dict(zip(zip(x.outage.tolist(), x.limit.tolist(), strict=True), x.value, strict=True)) for x in (p, q)
    )
    assert first.keys() == second.keys()
    assert len(first) > 0
    assert max(abs(first[key] - second[key]) for key in first) < 1e-7


VARIANTS = [
    {},
    {"slack": "distributed"},
    {"reactive_limits": True},
    {"slack": "distributed", "reactive_limits": True},
]


@pytest.mark.parametrize("params", VARIANTS)
@pytest.mark.parametrize("name", ["case14_ieee", "case30_ieee", "case118_ieee"])
def test_lanes_give_what_outages_give_one_by_one(
    pglib_base: Callable[..., Base], name: str, params: dict[str, object]
) -> None:
    base = pglib_base(name, **params)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


@pytest.mark.parametrize("params", [{}, {"reactive_limits": True}])
def test_what_collapses_has_no_solution_and_passes_nothing(
    pglib_base: Callable[..., Base], params: dict[str, object]
) -> None:
    base = pglib_base("case118_ieee", **params)
    whole, _ = judged(base, worth=1)
    lowest = float(base.given.state.at.vm.min()) - 0.02
    budget = replace(base.given.model.budget, lowest=lowest)  # so high that some outages fall below it
    base = replace(base, given=replace(base.given, model=replace(base.given.model, budget=budget)))
    lanes, alone = judged(base, worth=1), judged(base, worth=10**6)
    assert_same(base, lanes, alone)
    collapsed = np.flatnonzero(whole.converged & ~lanes[0].converged)
    assert 0 < len(collapsed) < whole.converged.sum()
    assert not np.isin(lanes[1].outage, collapsed).any()


@pytest.mark.parametrize("screen", [None, 0])
@pytest.mark.parametrize("impedance", [0.0, 0.01 + 0.05j])
def test_branches_out_of_service_pass_no_rating(pglib: Path, impedance: complex, screen: int | None) -> None:
    """What they would carry is nothing, and without an impedance no number."""
    case, _ = read(pglib / "pglib_opf_case118_ieee.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    on, impedances = network.branch_on.copy(), network.impedance.copy()
    on[[8, 19]], impedances[[8, 19]] = False, impedance
    base = base_of(replace(network, branch_on=on, impedance=impedances), rating=0.5)
    lanes = judged(base, worth=1, screen=screen)
    assert not np.isin(base.given.limits.row[lanes[1].limit], [8, 19])[lanes[1].limit < len(on)].any()
    assert_same(base, lanes, judged(base, worth=10**6))


@pytest.mark.parametrize("name", ["case118_ieee", "case300_ieee", "case588_sdet"])
def test_voltages_in_lanes_are_those_of_newton_alone(pglib_base: Callable[..., Base], name: str) -> None:
    base = pglib_base(name)
    lanes = _lanes(base.given, base.lost, 1)
    assert lanes is not None
    fit = np.flatnonzero(lanes.losses.fits)
    chosen = np.random.default_rng(0).permutation(fit)[:64]
    compared = 0
    for first in range(0, 64, 8):
        some = chosen[first : first + 8]
        grid, work = _grid(lanes, first_of(some))
        desk = desk_of(grid.point, len(grid.branches.ends), 100_000)
        assert go_on(grid, work, _rules(lanes, None), desk, len(some))
        x = desk.done.room.voltage[lanes.ground.position]
        for lane, place in enumerate(desk.done.numbers[: (work.status != UNSOLVED).sum()]):
            number = some[place]
            lost = base.lost.branches[number], base.lost.units[number]
            outage = Outage(np.array(lost[0], np.int64), np.array(lost[1], np.int64))
            left = aftermath(base.given.model, base.given.schedule, outage, splits=True)
            alone = solve_after(base.given.model, base.given.state, left)
            live = left.schedule.island > 0
            assert np.abs((x[:, 0, lane] + 1j * x[:, 1, lane]) - alone.at.voltage)[live].max() < SAME_VOLTAGE
            compared += 1
    assert compared > 48


def test_most_outages_fit_into_lanes(pglib_base: Callable[..., Base]) -> None:
    """Otherwise the tests above would compare one path with itself."""
    base = pglib_base("case118_ieee")
    lanes = _lanes(base.given, base.lost, 1)
    assert lanes is not None
    fits = lanes.losses.fits
    assert fits.mean() > 0.95
    released = lanes.losses.units[fits] != NONE
    assert released.sum() > 20
    assert lanes.ground.parts.bridge.sum() == 9


def in_lanes_of(base: Base) -> int:
    """Give how many outages lanes can take."""
    lanes = _lanes(base.given, base.lost, 1)
    assert lanes is not None
    return int(lanes.losses.fits.sum())


@pytest.mark.parametrize("screen", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "rating"), [("case118_ieee", 4.0), ("case300_ieee", 9.0), ("case1354_pegase", 20.0)]
)
def test_the_screen_misses_no_violation(
    pglib_base: Callable[..., Base], name: str, rating: float, screen: int
) -> None:
    base = pglib_base(name, rating=rating)
    whole, some = judged(base, worth=1), judged(base, worth=1, screen=screen)
    bad = set(whole[1].outage.tolist()) | set(np.flatnonzero(~whole[0].converged).tolist())
    assert not bad & set(np.flatnonzero(some[0].screened).tolist())
    assert set(some[1].outage.tolist()) == set(whole[1].outage.tolist())
    sample = max(SAMPLE, round(SHARE * in_lanes_of(base)))
    audited, screened = some[0].audited, some[0].screened
    assert min(sample, len(audited) + screened.sum()) <= len(audited) < PICKS * sample + 1
    assert len(np.unique(audited)) == len(audited)
    assert not screened[audited].any()


def test_the_screen_leaves_what_is_far_from_every_limit(pglib_base: Callable[..., Base]) -> None:
    base = pglib_base("case118_ieee", rating=50.0)
    wide = replace(base.given.limits, limit=np.where(base.given.limits.kind == 1, 0.5, 50.0))
    given = replace(
        base.given, limits=wide, measured=replace(base.given.measured, excess=np.full(len(wide.kind), -50.0))
    )
    verdicts, found = judged(replace(base, given=given), worth=1, screen=0)
    assert len(found.outage) == 0
    assert verdicts.screened.sum() > len(verdicts.screened) / 2  # others release a voltage, or are audited
    assert verdicts.steps[verdicts.screened].max() <= 2


@pytest.mark.parametrize(("rating", "screens"), [(4.0, True), (0.5, False)])
def test_where_many_of_the_sample_pass_a_limit_all_are_solved(
    pglib_base: Callable[..., Base], rating: float, screens: bool
) -> None:
    base = pglib_base("case118_ieee", rating=rating)
    whole, some = judged(base, worth=1), judged(base, worth=1, screen=0)
    assert some[0].screened.any() == screens
    assert (len(some[0].audited) > 0) == screens
    assert set(some[1].outage.tolist()) == set(whole[1].outage.tolist())


def test_few_outages_are_all_solved(pglib_base: Callable[..., Base]) -> None:
    base = pglib_base("case118_ieee", rating=4.0)
    count = len(base.lost.branches)
    assert judged(base, worth=count // SPARES, screen=0)[0].screened.any()
    assert not judged(base, worth=count // SPARES + 1, screen=0)[0].screened.any()


def test_threads_change_nothing(pglib_base: Callable[..., Base]) -> None:
    base = pglib_base("case118_ieee")
    (_, one), (_, three) = judged(base, worth=1), judged(base, worth=1, threads=3)
    assert np.array_equal(one.outage, three.outage)
    assert np.array_equal(one.value, three.value)


def pair(base: Base, *rows: int) -> Base:
    """Give the loss of branches together, among enough other outages to be worth lanes."""
    return replace(base, lost=Lost([rows, *base.lost.branches], [(), *base.lost.units]))


@pytest.mark.parametrize("rows", [(0, 30), (7, 8), (20, 100), (65, 66)])
def test_pairs_of_branches_are_of_rank_eight(pglib_base: Callable[..., Base], rows: tuple[int, int]) -> None:
    base = pair(pglib_base("case118_ieee"), *rows)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


PLAIN = [[1, 3, 0, 0], [2, 2, 30, 10], [3, 1, 60, 20], [4, 1, 20, 5]]
SUPPLY = [[1, 60, 0, 90, -90, 1.02, 200, 0], [2, 50, 0, 60, -60, 1.01, 100, 0]]


@pytest.mark.parametrize(
    "more",
    [
        [[2, 3, 0.02, 0.1, 0.0]],  # parallel
        [[2, 3, 0.0, 1e-6, 0.0]],  # of hardly any impedance
        [[1, 3, 0.0, -0.3, 0.0]],  # a series capacitor
        [[1, 3, 0.01, 0.2, 0.0, 0.95, 10]],  # tap and shift
        [[3, 3, 0.01, 0.1, 0.0]],  # from a bus to itself
    ],
)
def test_unusual_branches_are_lost_alike(build: Callable[..., Network], more: list[list[float]]) -> None:
    rows = [
        [1, 2, 0.01, 0.08, 0.02],
        [2, 3, 0.02, 0.1, 0.02],
        [3, 4, 0.01, 0.09, 0.0],
        [4, 1, 0.02, 0.15, 0.0],
    ]
    base = base_of(build(PLAIN, SUPPLY, rows + more), rating=0.4)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


@pytest.mark.parametrize("screen", [None, 0])
def test_what_lies_too_low_in_its_lane_is_solved_by_itself(
    pglib_base: Callable[..., Base], monkeypatch: pytest.MonkeyPatch, screen: int | None
) -> None:
    base = pglib_base("case118_ieee", rating=0.5)
    wanted, alone = judged(base, worth=1), list[bool]()

    def noted(model: Model, state: State, left: Aftermath) -> State:
        after = solve_after(model, state, left)
        alone.append(bool(after.at.vm[left.schedule.island > 0].min() < LOW))
        return after

    monkeypatch.setattr(outage_study, "solve_after", noted)
    monkeypatch.setattr(outage_study, "OPERABLE", LOW)
    found = judged(base, worth=1, screen=screen)
    assert sum(alone) > 10
    assert_same(base, found, wanted)
    assert len(found[1].outage) == len(wanted[1].outage)  # what the lane had noted is struck


def test_a_base_that_lanes_cannot_factorize_is_studied_one_by_one(
    pglib_base: Callable[..., Base], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pglib_base("case14_ieee", rating=0.5)
    wanted = judged(base, worth=1)
    monkeypatch.setattr(outage_analysis, "HOLDS", HOLDS - 1)  # no factorisation ends so
    assert outage_study._lanes(base.given, base.lost, 1) is None
    assert_same(base, judged(base, worth=1), wanted)


def test_an_outage_of_nothing_changes_nothing(build: Callable[..., Network]) -> None:
    base = base_of(
        build(PLAIN, SUPPLY, [[1, 2, 0.01, 0.08, 0.02], [2, 3, 0.02, 0.1, 0.02], [3, 4, 0.01, 0.09, 0.0]])
    )
    nothing = replace(base, lost=Lost([(), (0,)], [(), ()]))
    verdicts, _ = judged(nothing, worth=1)
    assert verdicts.converged[0]
    assert verdicts.cut_off[0] == 0


def test_the_inverse_is_that_of_the_factors_where_they_have_blocks(pglib_base: Callable[..., Base]) -> None:
    base = pglib_base("case118_ieee")
    lanes = _lanes(base.given, base.lost, 1)
    assert lanes is not None
    point, inverse = lanes.ground.point, lanes.ground.known.inverse
    n = len(point.live)
    start, columns = point.structure.upper_start, point.structure.upper_columns
    whole = np.zeros((n, 2, n, 2))
    for j in range(n):
        for part in range(2):
            whole[j, part, j, part] = 1.0
            solve_factored(point.structure, point.factors, whole[j, part])
    whole = whole.transpose(2, 3, 0, 1)  # row, its part, column, its part
    for i in range(n):
        assert np.allclose(inverse.diagonal[i], whole[i, :, i].ravel(), rtol=1e-9, atol=1e-12)
        for place in range(start[i], start[i + 1]):
            j = columns[place]
            assert np.allclose(inverse.right[place], whole[i, :, j].ravel(), rtol=1e-9, atol=1e-12)
            assert np.allclose(inverse.below[place], whole[j, :, i].ravel(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["case118_ieee", "case300_ieee"])
def test_an_outage_does_not_depend_on_its_neighbours(pglib_base: Callable[..., Base], name: str) -> None:
    base = pglib_base(name)
    order = np.random.default_rng(3).permutation(len(base.lost.branches)).tolist()
    other = replace(
        base,
        lost=Lost([base.lost.branches[row] for row in order], [base.lost.units[row] for row in order]),
    )
    (one, p), (two, q) = judged(base, worth=1), judged(other, worth=1)
    assert np.array_equal(one.steps[order], two.steps)
    first = dict(zip(zip(p.outage.tolist(), p.limit.tolist(), strict=True), p.value.tolist(), strict=True))
    outages = np.array(order)[q.outage].tolist()
    assert first == dict(zip(zip(outages, q.limit.tolist(), strict=True), q.value.tolist(), strict=True))


def test_violations_find_room_where_there_is_little(pglib_base: Callable[..., Base]) -> None:
    base = pglib_base("case118_ieee", rating=0.1)
    lanes = _lanes(base.given, base.lost, 1)
    assert lanes is not None
    grid, work = _grid(lanes, first_of(np.arange(80)))
    narrow = solve_outages(grid, work, _rules(lanes, None), 1)
    whole = solve_outages(grid, work, _rules(lanes, None), 100_000)
    assert len(whole.value) == whole.used[0] > 1000
    for found, wanted in zip(narrow, whole, strict=True):
        assert np.array_equal(found, wanted)


def partings_of(network: Network, schedule: Schedule) -> Partings:
    branches = network.from_bus, network.to_bus, schedule.branch_on
    buses = schedule.island, network.demand, network.shunt, network.bus_type == REFERENCE
    return partings(branches, (network.unit_bus, schedule.unit_on, schedule.p), buses)


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee", "case300_ieee", "case588_sdet"])
def test_partings_are_what_remains_says(pglib: Path, name: str) -> None:
    case, _ = read(pglib / f"pglib_opf_{name}.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    schedule = schedule_of(network)
    reference = network.bus_type == REFERENCE
    found = partings_of(network, schedule)
    for row in np.flatnonzero(schedule.branch_on).tolist():
        on = schedule.branch_on.copy()
        on[row] = False
        island = remaining(network, schedule.island, on, unit_on=schedule.unit_on)
        dead = (schedule.island > 0) & (island == 0)
        inside = np.zeros(network.n_bus, bool)
        inside[found.preorder[found.first[row] : found.end[row]]] = True
        mine = inside if not found.rest[row] else ~inside & (schedule.island > 0)
        assert np.array_equal(mine, dead)
        assert found.bridge[row] == dead.any()
        assert found.lost_load[row] == pytest.approx(network.demand[dead].real.sum(), abs=1e-9)
        assert found.loses_reference[row] == (reference & dead).any()


def test_two_branches_with_one_label_are_a_cut_and_no_others(pglib: Path) -> None:
    case, _ = read(pglib / "pglib_opf_case118_ieee.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    schedule = schedule_of(network)
    found = partings_of(network, schedule)
    plain = np.flatnonzero(~found.bridge)
    cuts = 0
    for one in plain[::3].tolist():
        for other in plain[plain > one].tolist():
            on = schedule.branch_on.copy()
            on[[one, other]] = False
            split = bool((remaining(network, schedule.island, on, unit_on=schedule.unit_on) == 0).any())
            assert split == (found.label[one] == found.label[other])
            cuts += split
    assert cuts > 3


LIMITED = [
    ("case118_ieee", "single"),
    ("case118_ieee", "distributed"),
    ("case2869_pegase", "single"),
    ("case1354_pegase", "single"),
    ("case1354_pegase", "distributed"),
]


@pytest.mark.parametrize(("name", "slack"), LIMITED)
def test_reactive_limits_switch_buses_side_by_side_as_one_by_one(
    pglib_base: Callable[..., Base], monkeypatch: pytest.MonkeyPatch, name: str, slack: str
) -> None:
    base = pglib_base(name, slack=slack, reactive_limits=True, rating=2.0)
    branches, units = (rows[:: max(1, len(rows) // 200)] for rows in parted(base))
    count = len(branches) + len(units)
    base = replace(base, lost=Lost([*branches, *[()] * len(units)], [*[()] * len(branches), *units]))
    alone, base_side = [], base.given.state.side
    apart = outage_study._one
    monkeypatch.setattr(
        outage_study, "_one", lambda *arguments: (alone.append(arguments[2]), apart(*arguments))
    )
    side_by_side = judged(base, worth=1)
    few = set(alone)
    one_by_one = judged(base, worth=10**6)
    assert_same(base, side_by_side, one_by_one)
    solved = set(np.flatnonzero(one_by_one[0].converged).tolist())
    assert len(few & solved) <= 0.03 * count
    switched = 0
    for number in sorted(solved - few)[::10]:
        outage = Outage(
            np.array(base.lost.branches[number], np.int64), np.array(base.lost.units[number], np.int64)
        )
        left = aftermath(base.given.model, base.given.schedule, outage, splits=True)
        switched += (solve_after(base.given.model, base.given.state, left).side != base_side).any()
    assert switched > 0.02 * count


def test_a_bus_without_voltage_in_the_base_passes_no_limit(pglib: Path) -> None:
    case, _ = read(pglib / "pglib_opf_case118_ieee.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    ends = np.stack([network.from_bus, network.to_bus])
    ends_there = np.bincount(ends.ravel())
    ends_there[network.unit_bus] = 0
    leaf = np.flatnonzero(ends_there == 1)[0]
    base = base_of(replace(network, branch_on=network.branch_on & (ends != leaf).all(axis=0)))
    narrow = replace(base.given.limits, limit=np.where(base.given.limits.kind == VMAX, 0.9, 1.0))
    base = replace(base, given=replace(base.given, limits=narrow))
    assert np.isnan(base.given.measured.excess[(narrow.kind == VMAX) & (narrow.row == leaf)]).all()
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


def test_units_beside_one_without_reactive_limits_keep_theirs(pglib: Path) -> None:
    case, _ = read(pglib / "pglib_opf_case24_ieee_rts.m")
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    beside = np.bincount(network.unit_bus)[network.unit_bus] > 2
    endless = beside & (np.append(-1, network.unit_bus[:-1]) != network.unit_bus)  # the first at its bus
    assert endless.any()
    network = replace(
        network,
        unit_qmin=np.where(endless, -np.inf, network.unit_qmin),
        unit_qmax=np.where(endless, np.inf, network.unit_qmax),
    )
    base = base_of(network, reactive_limits=True, rating=0.5)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


def parted(base: Base) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Give the branches and the units that single outages take."""
    return [rows for rows in base.lost.branches if rows], [rows for rows in base.lost.units if rows]


def test_threads_and_neighbours_change_nothing_where_buses_are_switched(
    pglib_base: Callable[..., Base],
) -> None:
    base = pglib_base("case118_ieee", reactive_limits=True, rating=0.5)
    (a, one), (b, three) = judged(base, worth=1), judged(base, worth=1, threads=3)
    assert np.array_equal(a.steps, b.steps)
    assert np.array_equal(one.outage, three.outage)
    assert np.array_equal(one.limit, three.limit)
    assert np.array_equal(one.value, three.value)


@pytest.fixture
def own_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave all outages to lanes with factors of their own, as those are that switch many buses."""

    def none_solved(lanes: Lanes, into: Verdicts, *more: object) -> Iterator[int]:
        outage_study._account(lanes, into)
        yield 0

    monkeypatch.setattr(outage_study, "_side_by_side", none_solved)


@pytest.mark.usefixtures("own_factors")
@pytest.mark.parametrize("params", VARIANTS)
@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee"])
def test_lanes_with_own_factors_give_what_outages_give_one_by_one(
    pglib_base: Callable[..., Base], name: str, params: dict[str, object]
) -> None:
    base = pglib_base(name, rating=0.5, **params)
    lanes, alone = judged(base, worth=1), judged(base, worth=10**6)
    assert_same(base, lanes, alone)
    assert (lanes[0].steps != alone[0].steps).any()  # they have been solved otherwise


@pytest.mark.usefixtures("own_factors")
@pytest.mark.parametrize("params", VARIANTS)
def test_threads_and_neighbours_change_nothing_with_own_factors(
    pglib_base: Callable[..., Base], params: dict[str, object]
) -> None:
    base = pglib_base("case118_ieee", rating=0.5, **params)
    order = np.random.default_rng(1).permutation(len(base.lost.branches))
    lost = Lost(*([rows[number] for number in order] for rows in (base.lost.branches, base.lost.units)))
    (a, one), (b, three) = judged(base, worth=1), judged(base, worth=1, threads=3)
    c, other = judged(replace(base, lost=lost), worth=1)
    assert np.array_equal(a.steps, b.steps)
    assert np.array_equal(a.steps[order], c.steps)
    assert np.array_equal(one.value, three.value)
    assert np.array_equal(np.sort(one.value), np.sort(other.value))


@pytest.mark.usefixtures("own_factors")
def test_pairs_of_branches_fit_into_lanes_with_own_factors(pglib_base: Callable[..., Base]) -> None:
    base = pair(pglib_base("case118_ieee", reactive_limits=True), 20, 100)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


@pytest.mark.parametrize("rows", [(0, 30), (7, 8), (20, 100), (65, 66)])
def test_pairs_of_branches_switch_buses_alike(pglib_base: Callable[..., Base], rows: tuple[int, int]) -> None:
    base = pair(pglib_base("case118_ieee", reactive_limits=True), *rows)
    assert_same(base, judged(base, worth=1), judged(base, worth=10**6))


@pytest.mark.parametrize("screen", [0, 1])
def test_the_screen_misses_no_violation_within_reactive_limits(
    pglib_base: Callable[..., Base], screen: int
) -> None:
    base = pglib_base("case118_ieee", rating=4.0, reactive_limits=True)
    whole, some = judged(base, worth=1), judged(base, worth=1, screen=screen)
    bad = set(whole[1].outage.tolist()) | set(np.flatnonzero(~whole[0].converged).tolist())
    assert not bad & set(np.flatnonzero(some[0].screened).tolist())
    assert set(some[1].outage.tolist()) == set(whole[1].outage.tolist())
