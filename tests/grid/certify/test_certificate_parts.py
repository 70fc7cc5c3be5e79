"""The certificates' own parts, each against a slower or another way."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from genba.grid.certify.circuit import Circuit, circuit
from genba.grid.certify.cost import costs
from genba.grid.certify.newton import Task, halved, newton, pattern
from genba.grid.certify.outages import Outage, aftermath, bridges
from genba.grid.certify.rows import excess, gaps, worst
from genba.grid.certify.twoport import two_ports, withdrawals
from genba.grid.io import matpower
from genba.grid.records.case import Case

NONE = np.zeros(0, np.int64)


@st.composite
def grids(draw: st.DrawFn) -> Case:
    """Give a case of up to nine buses with random branches, units, statuses and isolated buses."""
    buses = draw(st.integers(1, 9))
    place = st.integers(1, buses)
    links = draw(st.lists(st.tuples(place, place, st.booleans()).filter(lambda e: e[0] != e[1]), max_size=14))
    units = draw(st.lists(st.tuples(place, st.booleans()), max_size=4))
    types = draw(st.lists(st.sampled_from([1, 1, 2, 4]), min_size=buses, max_size=buses))
    rows = [f" {n} {kind} {n} 0 0 0 1 1 0 1 1 1.1 0.9;" for n, kind in enumerate(types, 1)]
    unit_rows = [f" {bus} {10 + bus} 0 9 -9 1 100 {int(on)} 99 0;" for bus, on in units]
    branch_rows = [f" {f} {t} 0.01 0.1 0 0 0 0 0 0 {int(on)} -360 360;" for f, t, on in links]
    text = "\n".join(
        ["function mpc = g", "mpc.version = '2';", "mpc.baseMVA = 100;"]
        + ["mpc.bus = [", *rows, "];", "mpc.gen = [", *unit_rows, "];", "mpc.branch = [", *branch_rows, "];"]
    )
    return matpower.parse(text)[0]


def _parts(case: Case, grid: Circuit, closed: np.ndarray) -> np.ndarray:
    links = coo_matrix((np.ones(closed.sum()), (grid.start[closed], grid.end[closed])), (len(case.bus),) * 2)
    found: np.ndarray = connected_components(links, directed=False)[1]
    return found


@settings(max_examples=150, deadline=None)
@given(grids())
def test_islands_are_the_parts_with_a_unit_numbered_by_first_bus(case: Case) -> None:
    grid = circuit(case)
    isolated = case.bus["type"] == 4
    closed = (case.branch["status"] > 0) & ~isolated[grid.start] & ~isolated[grid.end]
    part = _parts(case, grid, closed)
    fed = {part[bus] for bus in grid.host[grid.runs]}
    assert grid.alive.tolist() == [bool(p in fed) for p in part]
    assert grid.runs.tolist() == ((case.gen["status"] > 0) & ~isolated[grid.host]).tolist()
    assert grid.conducts.tolist() == (closed & grid.alive[grid.start]).tolist()
    order = list(dict.fromkeys(part[grid.alive].tolist()))
    assert grid.island[grid.alive].tolist() == [order.index(p) + 1 for p in part[grid.alive].tolist()]


@settings(max_examples=150, deadline=None)
@given(grids())
def test_a_bridge_is_what_parts_the_grid_when_taken_away(case: Case) -> None:
    grid = circuit(case)
    before = len(set(_parts(case, grid, grid.conducts).tolist()))
    for row, bridge in enumerate(bridges(grid).tolist()):
        left = grid.conducts.copy()
        left[row] = False
        parted = len(set(_parts(case, grid, left).tolist())) > before
        assert bridge == (grid.conducts[row] and parted)


@settings(max_examples=150, deadline=None)
@given(grids(), st.data())
def test_an_outage_keeps_the_largest_part_that_has_a_unit(case: Case, data: st.DataObject) -> None:
    grid = circuit(case)
    branches = data.draw(st.sets(st.integers(0, len(case.branch) - 1))) if len(case.branch) else set()
    units = data.draw(st.sets(st.integers(0, len(case.gen) - 1))) if len(case.gen) else set()
    outage = Outage("x", np.array(sorted(branches), np.int64), np.array(sorted(units), np.int64))
    p = np.where(grid.runs, case.gen["pg"], 0.0)
    left = aftermath(grid, outage, p)
    closed, runs = grid.conducts.copy(), grid.runs.copy()
    closed[outage.branches], runs[outage.units] = False, False
    part = _parts(case, grid, closed)
    kept = np.zeros(len(case.bus), bool)
    for island in range(1, int(grid.island.max(initial=0)) + 1):
        parts = [np.flatnonzero(part == one) for one in dict.fromkeys(part[grid.island == island].tolist())]
        fed = [rows for rows in parts if np.isin(grid.host[runs], rows).any()]
        if fed:
            kept[max(fed, key=len)] = True  # the first of equals is the one with the first bus
    assert left.grid.alive.tolist() == kept.tolist()
    cut = grid.alive & ~kept
    assert left.lost_load == case.bus["pd"][cut].sum()
    assert left.lost_generation == p[grid.runs & ~(runs & kept[grid.host])].sum()
    assert left.islanded == bool(cut.any())  # every bus here has demand
    if not bridges(grid)[outage.branches].any() and len(branches) <= 1:
        assert aftermath(grid, outage, p, splits=False).grid.alive.tolist() == kept.tolist()


def test_withdrawals_are_those_of_the_bus_admittance_matrix(pglib: Path) -> None:
    case, _ = matpower.read(pglib / "pglib_opf_case300_ieee.m")
    grid = circuit(case)
    rng = np.random.default_rng(0)
    v = rng.uniform(0.9, 1.1, len(case.bus)) * np.exp(1j * rng.uniform(-1, 1, len(case.bus)))
    ratio = np.where(case.branch["ratio"] == 0, 1, case.branch["ratio"])
    tap = ratio * np.exp(1j * np.radians(case.branch["shift"]))
    series = 1 / (case.branch["r"] + 1j * case.branch["x"])
    matrix = np.diag((case.bus["gs"] + 1j * case.bus["bs"]) / case.base_mva).astype(complex)
    for row, (f, t) in enumerate(zip(grid.start, grid.end, strict=True)):
        shunt = series[row] + 0.5j * case.branch["b"][row]
        block = [
            [shunt / abs(tap[row]) ** 2, -series[row] / tap[row].conj()],
            [-series[row] / tap[row], shunt],
        ]
        matrix[np.ix_([f, t], [f, t])] += np.array(block)
    expected = case.base_mva * v * (matrix @ v).conj()
    assert withdrawals(grid, two_ports(grid), v) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_both_ways_of_newton_find_planted_voltages_and_a_shared_slack(pglib: Path) -> None:
    case, _ = matpower.read(pglib / "pglib_opf_case118_ieee.m")
    grid = circuit(case)
    ports, shape = two_ports(grid), pattern(grid)
    rng = np.random.default_rng(1)
    planted = rng.uniform(0.98, 1.02, len(case.bus)) * np.exp(1j * rng.uniform(-0.05, 0.05, len(case.bus)))
    injection = -withdrawals(grid, ports, planted) / case.base_mva * -1
    pinned = np.arange(len(case.bus)) == 0
    held = (np.arange(len(case.bus)) % 5 == 1) & ~pinned
    start = np.where(pinned, planted, np.where(held, np.abs(planted), 1.0))
    share = np.full(len(case.bus), 1 / len(case.bus))
    for method, (given_share, shortage) in product(
        (newton, halved), ((None, 0.0), (share, 0.0), (share, 0.7))
    ):
        asked = injection - shortage * share
        task = Task(asked, held, np.abs(planted), pinned, given_share, grid.island)
        found = method(shape, ports, task, start, tolerance=1e-10, steps=20)
        assert found.mismatch <= 1e-10
        assert found.v == pytest.approx(planted, abs=1e-8)
        assert found.slack[1] == pytest.approx(shortage, abs=1e-8)
        just = method(shape, ports, task, start, tolerance=1e-10, steps=found.steps)
        assert just.v.tolist() == found.v.tolist()  # the last step granted counts


def _costly(row: str, *, low: float = 10.0, high: float = 80.0) -> Case:
    text = (
        "function mpc = c\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
        "mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9 ];\n"
        f"mpc.gen = [ 1 20 0 9 -9 1 100 1 {high} {low} ];\nmpc.branch = [];\nmpc.gencost = [ {row} ];\n"
    )
    return matpower.parse(text)[0]


COSTS = [
    "2 0 0 3 0.02 12 50",
    "2 0 0 2 7 3",
    "2 0 0 1 9",
    "2 0 0 5 0 0 0.1 -5 2",
    "1 0 0 4 0 0 20 300 50 1200 100 4000",
    "1 0 0 2 20 100 60 500",
]


@pytest.mark.parametrize("row", COSTS)
@given(price=st.floats(-100, 100))
@settings(max_examples=30, deadline=None)
def test_the_least_of_cost_less_revenue_is_found_exactly(row: str, price: float) -> None:
    curve = costs(_costly(row))
    low, high = np.array([10.0]), np.array([80.0])
    sampled = [curve.at(np.array([p]))[0] - price * p for p in np.linspace(10, 80, 1401)]
    least = curve.least(np.array([price]), low, high)[0]
    assert least <= min(sampled) + 1e-9
    assert least == pytest.approx(min(sampled), abs=0.02)  # the samples stand 0.05 MW apart


@pytest.mark.parametrize("row", COSTS)
@pytest.mark.parametrize("p", [15.0, 35.0, 60.5])
def test_the_marginal_cost_is_the_slope_of_the_cost(row: str, p: float) -> None:
    curve = costs(_costly(row))
    below, above = curve.marginal(np.array([p]))
    slope = (curve.at(np.array([p + 1e-3]))[0] - curve.at(np.array([p - 1e-3]))[0]) / 2e-3
    assert (below[0], above[0]) == (pytest.approx(slope), pytest.approx(slope))


def test_at_a_kink_both_slopes_are_allowed_and_a_cubic_proves_no_bound() -> None:
    curve = costs(_costly(COSTS[4]))
    below, above = curve.marginal(np.array([20.0]))
    assert (below[0], above[0]) == (15.0, 30.0)
    assert curve.at(np.array([120.0]))[0] == pytest.approx(4000 + 20 * 56)
    cubic = costs(_costly("2 0 0 4 1e-3 0 1 0"))
    assert cubic.at(np.array([20.0])) == pytest.approx([28.0])
    assert cubic.marginal(np.array([20.0]))[0] == pytest.approx([2.2])
    assert np.isnan(cubic.least(np.zeros(1), np.zeros(1), np.ones(1))[0])


def test_worst_and_excess_never_lose_what_is_not_a_number() -> None:
    nan, some, none = np.array([np.nan]), np.array([1.0, -2.0]), np.zeros(0)
    assert worst() == 0
    assert worst(none) == 0
    assert worst(some, none) == 1
    assert np.isnan(worst(some, nan))
    assert np.isnan(worst(nan, some))
    assert excess(some, np.array([-1.0, -1.0]), np.array([2.0, 2.0])) == 1
    assert excess(some, np.array([-3.0, -3.0]), np.array([2.0, 2.0])) == 0
    assert np.isnan(excess(np.array([np.nan, 0.0]), -np.ones(2), np.ones(2)))


def test_gaps_count_numbers_where_none_is_expected() -> None:
    found = gaps(np.array([1.0, 2.0, np.nan]), np.array([1.5, np.nan, np.nan]))
    assert [part.tolist() for part in found] == [[0.5], [1.0, 0.0]]
    assert np.isnan(worst(*gaps(np.array([np.nan]), np.array([1.0]))))


UNITS = {
    **dict.fromkeys(("power_balance", "set_points", "stated_mismatch"), {"p.u.", "MW"}),
    **dict.fromkeys(("flows",), {"MW", "MVA"}),
    **dict.fromkeys(("unit_limits", "branch_limits", "load", "no_shortfall", "schedule", "totals"), {"MW"}),
    **dict.fromkeys(("imbalance_unavoidable", "least_imbalance", "outages_lost"), {"MW"}),
    **dict.fromkeys(("reactive_limits", "reactive_sharing"), {"Mvar"}),
    **dict.fromkeys(("angle_limits", "reference_angle"), {"°"}),
    **dict.fromkeys(("cost", "optimality_gap", "bound"), {"$/h"}),
    **dict.fromkeys(("loading", "base_values", "violations_consistent"), {"%"}),
}


@pytest.mark.parametrize(
    ("verb", "params"),
    [
        ("dispatch", {}),
        ("dispatch", {"set": ("branch.2.rate_a=60",)}),
        ("powerflow", {}),
        ("powerflow", {"set": ("bus.*.pd*=8",)}),
        ("contingency", {}),
        ("contingency", {"set": ("bus.*.pd*=8",)}),
    ],
)
def test_every_claim_has_its_unit_its_method_and_its_own_name(
    certified: Callable[..., Any], verb: str, params: dict[str, Any]
) -> None:
    run = certified(verb, **params)
    claims = run.of(run.result).claims
    assert len({claim.name for claim in claims}) == len(claims)
    for claim in claims:
        assert claim.unit in UNITS.get(claim.name, {"1"}), claim
        assert claim.method.endswith("."), claim


def test_a_unit_cut_off_without_demand_is_an_island_and_an_empty_bus_is_none() -> None:
    bus = "{} {} 0 0 1 1 0 1 1 1.1 0.9;"
    rows = "mpc.bus = [" + "".join(
        bus.format(*one) for one in (("1 3", "5 0"), ("2 1", "0 0"), ("3 1", "0 4"))
    )
    units = "mpc.gen = [ 1 5 0 9 -9 1 100 1 9 0; 1 2 0 9 -9 1 100 1 9 0; 2 3 0 9 -9 1 100 {on} 9 0 ];\n"
    branches = "mpc.branch = [ 1 2 0 0.1 0 0 0 0 0 0 1 0 0; 1 3 0 0.1 0 0 0 0 0 0 1 0 0 ];\n"
    head = "function mpc = u\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
    for on in (1, 0):
        case, _ = matpower.parse(head + rows + "];\n" + units.format(on=on) + branches)
        grid = circuit(case)
        left = aftermath(grid, Outage("branch.1", np.array([0]), NONE), case.gen["pg"])
        assert left.grid.alive.tolist() == [True, False, True]
        assert left.islanded == bool(on)
        assert left.lost_generation == 3 * on
    assert aftermath(
        grid, Outage("branch.2", np.array([1]), NONE), case.gen["pg"]
    ).islanded  # reactive demand only
    twin = aftermath(grid, Outage("gen.2", NONE, np.array([1])), case.gen["pg"])
    assert (twin.islanded, twin.lost_generation) == (False, 2.0)
