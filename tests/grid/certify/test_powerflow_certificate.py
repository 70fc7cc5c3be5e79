"""Certificates of power flows: valid states hold, whoever found them; every class of mutant is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix

from genba.core.inputs import InputFile
from genba.grid.certify.circuit import circuit
from genba.grid.certify.powerflow import FLOW_MVA, OUTPUT_MW, SET_POINT_PU
from genba.grid.certify.twoport import flows, two_ports, withdrawals
from genba.grid.io import matpower
from genba.num import parquet

Certify = Callable[..., Any]
LIMITED = ("gen.2.qmax=20", "gen.3.qmax=10")
LOW = ("gen.2.qmin=36", "gen.3.qmin=21", "gen.2.qmax=60", "gen.3.qmax=60")
ALL_CLAIMS = {
    *("identity", "power_balance", "flows", "loading", "set_points", "reference_angle", "reactive_limits"),
    *("schedule", "reactive_sharing", "totals", "islands", "stated_mismatch"),
}
PGLIB = ("case5_pjm", "case14_ieee__api")
VARIANTS: list[dict[str, Any]] = [
    {},
    {"start": "flat"},
    {"start": "case"},
    {"generation": "balanced"},
    {"slack": "distributed"},
    {"generation": "balanced", "slack": "distributed"},
    {"reactive_limits": True},
    {"reactive_limits": True, "set": LIMITED},
    {"reactive_limits": True, "set": LOW},
    {"slack": "distributed", "set": ("gen.*.pmax=0", "gen.*.pmin=0")},
]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        *(("workshop", params) for params in VARIANTS),
        *((name, params) for name in PGLIB for params in VARIANTS if "set" not in params),
    ],
)
def test_our_state_holds(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("powerflow", name, **params)
    assert run.result.outcome == "converged"
    assert run.of(run.result).failed == ()
    assert {claim.name for claim in run.of(run.result).claims} == ALL_CLAIMS


def test_the_limited_variants_are_limited(certified: Certify) -> None:
    """Guards the tests above: they mean nothing when no unit stands at a limit."""
    upper = certified("powerflow", reactive_limits=True, set=LIMITED).result
    assert upper.units["limit"].tolist() == ["", "qmax", "qmax", "", "", ""]
    lower = certified("powerflow", reactive_limits=True, set=LOW).result
    assert lower.units["limit"].tolist() == ["", "qmin", "qmin", "", "", ""]


def test_a_dispatched_power_flow_holds_and_another_is_refused(certified: Certify, tmp_path: Any) -> None:
    dispatched = certified("dispatch")
    file = tmp_path / "units.parquet"
    parquet.write(dispatched.result.units, file)
    plain = certified("powerflow")
    params = plain.params.model_copy(update={"generation": InputFile(str(file))})
    result = plain.operation.function(params, plain.context)
    certificate = plain.operation.certify(params, result, plain.context)
    assert certificate.failed == ()
    refused = plain.operation.certify(params, plain.result, plain.context)
    assert {claim.name for claim in refused.failed} == {"schedule"}


def test_an_independent_tools_voltages_hold(certified: Certify) -> None:
    """lightsim2grid's voltages, with flows and outputs computed from them here, are certified as they are."""
    algorithm = pytest.importorskip("lightsim2grid.algorithm", reason="lightsim2grid is not installed")
    run = certified("powerflow", "case14_ieee")
    case, _ = matpower.read(run.context.path(run.params.case))
    v = _newton_by(algorithm, case, run.result)
    grid = circuit(case)
    ports = two_ports(grid)
    s_from, s_to = flows(grid, ports, v)
    taken = withdrawals(grid, ports, v) + case.bus["pd"] + 1j * case.bus["qd"]
    out = taken[grid.host]
    reference = run.result.buses["kind"] == "reference"
    p = np.where(reference[grid.host], out.real, case.gen["pg"])
    loading = 100 * np.maximum(np.abs(s_from), np.abs(s_to)) / run.result.branches["rating"]
    foreign = run.result.model_copy(
        update={
            "buses": run.result.buses.replace(vm=np.abs(v), va=np.degrees(np.angle(v))),
            "units": run.result.units.replace(p=p, q=out.imag),
            "branches": run.result.branches.replace(
                p_from=s_from.real, q_from=s_from.imag, p_to=s_to.real, q_to=s_to.imag, loading=loading
            ),
        }
    )
    assert run.of(foreign).failed == ()


def _newton_by(algorithm: Any, case: Any, result: Any) -> np.ndarray:
    """Solve with lightsim2grid's Newton from a flat start, on a bus admittance matrix built here."""
    grid = circuit(case)
    ports, buses = two_ports(grid), len(case.bus)
    row = np.concatenate([grid.start, grid.start, grid.end, grid.end, np.arange(buses)])
    column = np.concatenate([grid.start, grid.end, grid.start, grid.end, np.arange(buses)])
    admittance = csc_matrix(
        (np.concatenate([ports.ff, ports.ft, ports.tf, ports.tt, ports.shunt]), (row, column)), (buses, buses)
    )
    power = -(case.bus["pd"] + 1j * case.bus["qd"])
    np.add.at(power, grid.host, case.gen["pg"] + 0j)
    kind = result.buses["kind"]
    start = np.ones(buses, complex)
    start[grid.host] = case.gen["vg"]
    where = [np.flatnonzero(kind == name).astype(np.int32) for name in ("reference", "pv", "pq")]
    newton = algorithm.NR_SparseLU()
    weights = (kind == "reference").astype(float)
    power /= case.base_mva
    assert newton.solve(admittance, start, power, where[0], weights, where[1], where[2], 20, 1e-10)
    return np.array(newton.get_V())  # a copy: the view dies with the solver


@pytest.mark.parametrize(
    ("table", "column", "row", "by", "expected"),
    [
        ("buses", "vm", 0, 10 * SET_POINT_PU, {"set_points"}),
        ("buses", "vm", 1, -10 * SET_POINT_PU, {"set_points"}),
        ("buses", "vm", 2, 1e-6, {"power_balance"}),
        ("buses", "va", 2, 1e-5, {"power_balance"}),
        ("buses", "va", 0, 1e-6, {"reference_angle"}),
        ("buses", "pd", 2, 0.1, {"identity"}),
        ("buses", "qd", 2, 0.1, {"identity"}),
        ("buses", "pd", 6, 7.0, {"identity"}),
        ("buses", "vmin", 2, 0.1, {"identity"}),
        ("buses", "vmax", 2, 0.1, {"identity"}),
        ("buses", "island", 2, 1, {"identity"}),
        ("buses", "bus", 2, 1, {"identity"}),
        *(("branches", name, 1, 10 * FLOW_MVA, {"flows"}) for name in ("p_from", "q_from", "p_to", "q_to")),
        *(("branches", name, 3, -10 * FLOW_MVA, {"flows"}) for name in ("p_from", "q_from", "p_to", "q_to")),
        ("branches", "loading", 1, 1e-3, {"loading"}),
        ("branches", "loading", 1, -1e-3, {"loading"}),
        ("branches", "rating", 1, 1.0, {"identity"}),
        ("branches", "to_bus", 1, 1, {"identity"}),
        ("units", "p", 0, 10 * OUTPUT_MW, {"power_balance", "totals"}),
        ("units", "p", 1, 10 * OUTPUT_MW, {"power_balance", "schedule", "totals"}),
        ("units", "q", 0, 10 * OUTPUT_MW, {"power_balance", "reactive_sharing", "totals"}),
        ("units", "q", 4, -10 * OUTPUT_MW, {"power_balance", "reactive_sharing", "totals"}),
        ("units", "unit", 1, 1, {"identity"}),
    ],
)
def test_a_moved_number_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float, expected: set[str]
) -> None:
    assert expected <= certified("powerflow").moved(table, column, row, by)


@pytest.mark.parametrize(
    ("field", "by", "expected"),
    [
        *(
            (name, by, "totals")
            for name in ("load", "generation", "losses", "unserved")
            for by in (1e-3, -1e-3)
        ),
        ("reactive_generation", 1e-3, "totals"),
        ("islands", 1, "islands"),
        ("islands", -1, "islands"),
    ],
)
def test_a_moved_total_is_refused(certified: Certify, field: str, by: float, expected: str) -> None:
    run = certified("powerflow")
    assert run.failed(**{field: getattr(run.result, field) + by}) == {expected}


@pytest.mark.parametrize("field", ["generation", "losses", "reactive_generation", "largest_mismatch"])
@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_missing_total_is_refused(certified: Certify, field: str, value: float | None) -> None:
    assert certified("powerflow").failed(**{field: value})


@pytest.mark.parametrize("table", ["buses", "branches", "units"])
@pytest.mark.parametrize(("one", "other"), [(1, 2), (0, 5)])
def test_swapped_rows_are_refused(certified: Certify, table: str, one: int, other: int) -> None:
    assert certified("powerflow").swapped(table, one, other) == {"identity"}


@pytest.mark.parametrize("table", ["units", "buses", "branches"])
def test_a_missing_row_is_refused(certified: Certify, table: str) -> None:
    run = certified("powerflow")
    before = getattr(run.result, table)
    assert run.failed(**{table: before.where(np.arange(len(before) - 1))}) >= {"identity"}


def test_units_of_one_bus_may_not_exchange_their_outputs(certified: Certify) -> None:
    run = certified("powerflow")
    for column, claim in (("p", "schedule"), ("q", "reactive_sharing")):
        values = run.result.units[column].copy()
        values[[1, 2]] = values[[2, 1]]
        assert run.with_column("units", column, values) == {claim}


def test_wrong_statuses_and_kinds_are_refused(certified: Certify) -> None:
    run = certified("powerflow")
    for table, row, flipped in (("units", 0, False), ("units", 3, True), ("branches", 7, True)):
        assert run.with_cell(table, "in_service", row, flipped) >= {"identity"}
    for row, kind in ((0, "pv"), (1, "reference"), (1, "pq"), (2, "pv"), (6, "pq"), (2, "off"), (4, "pv")):
        assert run.with_cell("buses", "kind", row, kind) >= {"identity"}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("buses", name) for name in ("vm", "va", "pd")),
        *(("branches", name) for name in ("p_from", "q_from", "p_to", "q_to", "loading")),
        *(("units", name) for name in ("p", "q")),
    ],
)
def test_what_is_not_a_number_is_refused(certified: Certify, table: str, column: str) -> None:
    run = certified("powerflow")
    assert run.with_cell(table, column, 0, np.nan)
    assert run.with_cell(table, column, 0, np.inf)


def test_numbers_of_dead_rows_are_refused(certified: Certify) -> None:
    run = certified("powerflow")
    assert run.with_cell("branches", "p_from", 7, 1.0) == {"flows"}
    assert run.with_cell("branches", "loading", 7, 1.0) == {"loading"}
    assert run.with_cell("units", "p", 3, 1.0) == {"schedule"}
    assert run.with_cell("units", "q", 5, 1.0) == {"schedule"}
    assert run.with_cell("buses", "vm", 6, 0.0) == {"set_points"}
    assert run.with_cell("buses", "va", 7, 0.0) == {"set_points"}


def test_another_cases_state_is_refused(certified: Certify) -> None:
    run = certified("powerflow")
    assert not run.of(certified("powerflow", set=("bus.3.pd=111",)).result).holds
    assert not run.of(certified("powerflow", "case5_pjm").result).holds
    assert not run.of(certified("powerflow", set=("branch.1.x=0.0801",)).result).holds


# --- slack and balancing ---


def test_every_rule_refuses_the_other_rules_outputs(certified: Certify) -> None:
    choices = {"case": {}, "balanced": {"generation": "balanced"}, "distributed": {"slack": "distributed"}}
    for asked, params in choices.items():
        for name, others in choices.items():
            certificate = certified("powerflow", **params).of(certified("powerflow", **others).result)
            # A distributed slack is a balance whose estimate of losses was exact.
            allowed = asked == name or (asked, name) == ("balanced", "distributed")
            assert {claim.name for claim in certificate.failed} == (set() if allowed else {"schedule"})


@pytest.mark.parametrize("by", [10 * OUTPUT_MW, -10 * OUTPUT_MW])
def test_a_shared_slack_may_not_be_shifted_between_units(certified: Certify, by: float) -> None:
    for params in VARIANTS[3:5]:
        run = certified("powerflow", **params)
        p = run.result.units["p"].copy()
        p[[1, 2]] += by, -by
        assert "schedule" in run.with_column("units", "p", p)


SHARING: list[dict[str, Any]] = [
    {"slack": "distributed"},
    {"generation": "balanced"},
    {"generation": "balanced", "slack": "distributed"},
]
FORGED: dict[str, tuple[str, float]] = {  # a case's headroom, and the share of it that is moved
    "shared along the other headroom": ("up", -0.3),
    "lowered along the headroom downwards": ("down", -0.3),
    "beyond pmax": ("up", 2.0),
    "all headroom spent": ("up", 1.0),
    "nothing moved": ("up", 0.0),
}


@pytest.mark.parametrize("params", SHARING)
@pytest.mark.parametrize("name", FORGED)
def test_a_movement_that_the_need_does_not_ask_for_is_refused(
    certified: Certify, params: dict[str, Any], name: str
) -> None:
    run = certified("powerflow", "case14_ieee", **params)
    assert "schedule" not in run.failed()
    gen = matpower.read(run.context.path(run.params.case))[0].gen
    room = {"up": gen["pmax"] - gen["pg"], "down": gen["pg"] - gen["pmin"]}
    which, share = FORGED[name]
    assert "schedule" in run.with_column("units", "p", gen["pg"] + share * room[which])
    stray = run.result.units["p"] + share * room[which]
    assert ("schedule" in run.with_column("units", "p", stray)) == (share != 0)


@pytest.mark.parametrize("times", [-0.5, 0.0, 0.5, 2.0, 2.5, 10.0])
def test_balancing_may_estimate_losses_from_none_to_twice_the_actual(
    certified: Certify, times: float
) -> None:
    run = certified("powerflow", "case14_ieee", generation="balanced")
    gen = matpower.read(run.context.path(run.params.case))[0].gen
    up = gen["pmax"] - gen["pg"]
    share = (run.result.load + times * run.result.losses - gen["pg"].sum()) / up.sum()
    p = gen["pg"] + share * up
    slack = run.result.units["p"].sum() - p.sum()
    p[0] += slack  # the first unit stands at the reference bus
    assert ("schedule" in run.with_column("units", "p", p)) == (not 0 <= times <= 2)


# --- reactive limits ---


def test_a_unit_may_be_limited_only_when_asked(certified: Certify) -> None:
    assert certified("powerflow").with_cell("units", "limit", 1, "qmax")
    limited = certified("powerflow", reactive_limits=True, set=LIMITED)
    free = certified("powerflow", set=LIMITED)
    assert {claim.name for claim in free.of(limited.result).failed} == {"reactive_limits"}
    assert {claim.name for claim in limited.of(free.result).failed} == {"reactive_limits"}


@pytest.mark.parametrize(("changes", "other"), [(LIMITED, "qmin"), (LOW, "qmax")])
def test_the_wrong_side_of_a_limit_is_refused(
    certified: Certify, changes: tuple[str, ...], other: str
) -> None:
    run = certified("powerflow", reactive_limits=True, set=changes)
    sides = run.result.units["limit"].copy()
    sides[[1, 2]] = other
    assert {"reactive_limits", "set_points"} <= run.with_column("units", "limit", sides)


def test_an_unknown_limit_and_one_at_the_reference_are_refused(certified: Certify) -> None:
    run = certified("powerflow", reactive_limits=True, set=LIMITED)
    assert run.with_cell("units", "limit", 1, "full") == {"reactive_limits"}
    assert "reactive_limits" in run.with_cell("units", "limit", 0, "qmax")


# --- divergence ---


@pytest.fixture
def diverged(certified: Certify) -> Any:
    run = certified("powerflow", set=("bus.*.pd*=8",))
    assert run.result.outcome == "diverged"
    return run


def test_a_divergence_holds(diverged: Any) -> None:
    assert diverged.of(diverged.result).failed == ()
    assert {claim.name for claim in diverged.of(diverged.result).claims} == {
        *("identity", "no_flows", "iterate_is_no_solution", "no_independent_solution"),
    }


@pytest.mark.parametrize("name", ["case3_lmbd", "case300_ieee"])
@pytest.mark.parametrize("start", ["flat", "dc"])
def test_pglib_cases_without_a_solution_hold_as_divergences(
    certified: Certify, name: str, start: str
) -> None:
    run = certified("powerflow", name, start=start)
    assert run.result.outcome == "diverged"
    assert run.of(run.result).holds


@pytest.mark.parametrize("generation", ["case", "balanced"])
def test_a_solution_called_a_divergence_is_refused(certified: Certify, generation: str) -> None:
    run = certified("powerflow", generation=generation)
    assert run.failed(outcome="diverged") == {"no_flows", "iterate_is_no_solution", "no_independent_solution"}


@pytest.mark.parametrize("params", [*VARIANTS[:2], *VARIANTS[3:8]])
def test_a_divergence_where_a_solution_exists_is_refused(certified: Certify, params: dict[str, Any]) -> None:
    given_up = certified("powerflow", set=("bus.*.pd*=8",)).result
    failed = certified("powerflow", **params).of(given_up).failed
    assert {claim.name for claim in failed} == {"no_independent_solution"}


def test_a_divergence_called_a_solution_is_refused(diverged: Any) -> None:
    assert {"power_balance", "flows", "totals"} <= diverged.failed(outcome="converged")


def test_a_divergence_that_states_numbers_is_refused(diverged: Any) -> None:
    assert diverged.failed(losses=1.0) == {"no_flows"}
    assert diverged.failed(generation=1.0) == {"no_flows"}
    assert diverged.failed(reactive_generation=1.0) == {"no_flows"}
    assert diverged.with_cell("branches", "p_to", 0, 1.0) == {"no_flows"}
    assert diverged.with_cell("units", "q", 0, 1.0) == {"no_flows"}
    assert diverged.swapped("buses", 0, 1) == {"identity"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("buses", "vm"), ("buses", "va"), ("units", "p"), ("units", "q"), ("branches", "q_to")]),
    st.integers(0, 100),
    st.floats(1e-3, 1e2),
    st.booleans(),
)
def test_no_number_can_be_moved_unseen(
    certified: Certify, where: tuple[str, str], row: int, by: float, up: bool
) -> None:
    run = certified("powerflow")
    table, column = where
    rows = np.flatnonzero(np.isfinite(getattr(run.result, table)[column]))
    assert run.moved(table, column, int(rows[row % len(rows)]), by if up else -by)
