"""Certificates of dispatches: valid ones hold, whoever found them; every class of mutant is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from genba.grid.certify.dispatch import POWER_MW
from genba.grid.io import matpower
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DispatchResult

Certify = Callable[..., Any]
TEN = 10 * POWER_MW
OPTIMAL = [
    ("workshop", {}),
    ("workshop", {"formulation": "dcp"}),
    ("workshop", {"branch_limits": False}),
    ("workshop", {"angle_limits": False}),
    ("case3_lmbd", {}),
    ("case5_pjm", {"formulation": "dcp"}),
    ("case5_pjm__api", {}),
    ("case14_ieee", {}),
]
SHORT = ("branch.2.rate_a=60",)
INFEASIBLE = [
    ("workshop", {"set": SHORT}),
    ("case5_pjm__sad", {"formulation": "dcp"}),
    ("case14_ieee__sad", {"formulation": "dcp"}),
]


def _best(certified: Certify) -> Any:
    return certified("dispatch")


def _short(certified: Certify) -> Any:
    return certified("dispatch", set=SHORT)


@pytest.mark.parametrize(("name", "params"), OPTIMAL)
def test_our_cheapest_dispatch_holds(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("dispatch", name, **params)
    assert run.result.outcome == "optimal"
    assert run.of(run.result).failed == ()
    assert {claim.name for claim in run.of(run.result).claims} == {
        *("identity", "power_balance", "flows", "unit_limits", "branch_limits", "angle_limits", "loading"),
        *("load", "cost", "optimality_gap", "bound", "marginal_cost", "no_shortfall"),
    }


@pytest.mark.parametrize(("name", "params"), INFEASIBLE)
def test_our_proof_that_there_is_no_dispatch_holds(
    certified: Certify, name: str, params: dict[str, Any]
) -> None:
    run = certified("dispatch", name, **params)
    assert run.result.outcome == "infeasible"
    assert run.of(run.result).failed == ()


@pytest.mark.parametrize(("name", "params"), OPTIMAL + INFEASIBLE)
def test_no_claim_is_at_its_bound(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("dispatch", name, **params)
    for claim in run.of(run.result).claims:
        assert claim.value is not None
        if claim.unit in ("MW", "°") and claim.name not in ("imbalance_unavoidable", "no_shortfall"):
            assert claim.value < 0.1 * (claim.bound or 0.0), claim


# --- an independent tool ---


def _by_linprog(case: Case, result: DispatchResult) -> dict[str, Any]:
    """Solve case5_pjm's linear DC dispatch densely with scipy, and put its numbers into a result."""
    bus = {number: row for row, number in enumerate(case.bus["bus"].tolist())}
    start, end = (np.array([bus[b] for b in case.branch[n].tolist()]) for n in ("from_bus", "to_bus"))
    units, buses, branches = len(case.gen), len(case.bus), len(case.branch)
    ends = np.zeros((branches, buses))
    ends[np.arange(branches), start], ends[np.arange(branches), end] = 1, -1
    stiff = case.base_mva * np.pi / 180 / case.branch["x"]
    host = np.zeros((buses, units))
    host[[bus[b] for b in case.gen["bus"].tolist()], np.arange(units)] = 1
    flow = stiff[:, None] * ends
    balance = np.hstack([host, -ends.T @ flow])
    limits = np.hstack([np.zeros((branches, units)), flow])
    cost = np.concatenate([case.cost_data[:, 1], np.zeros(buses)])
    bounds = [*zip(case.gen["pmin"], case.gen["pmax"], strict=True), (0, 0), *[(None, None)] * (buses - 1)]
    rate = case.branch["rate_a"]
    found = linprog(
        cost, np.vstack([limits, -limits]), np.concatenate([rate, rate]), balance, case.bus["pd"], bounds
    )
    p, va = found.x[:units], found.x[units:]
    multiplier = found.ineqlin.marginals[:branches] - found.ineqlin.marginals[branches:]
    p_flow = flow @ va
    return {
        "cost": found.fun,
        "bound": found.fun,
        "units": result.units.replace(p=p),
        "buses": result.buses.replace(va=va, price=found.eqlin.marginals),
        "branches": result.branches.replace(
            p=p_flow, loading=100 * np.abs(p_flow) / rate, flow_price=multiplier, angle_price=0 * rate
        ),
    }


def test_an_independent_tools_optimum_holds(certified: Certify) -> None:
    run = certified("dispatch", "case5_pjm", angle_limits=False)
    case, _ = matpower.read(run.context.path(run.params.case))
    foreign = run.result.model_copy(update=_by_linprog(case, run.result))
    assert run.of(foreign).failed == ()
    assert foreign.cost == pytest.approx(run.result.cost, rel=1e-9)


# --- mutants ---


@pytest.mark.parametrize(
    ("table", "column", "row", "by", "expected"),
    [
        ("units", "p", 0, TEN, {"power_balance"}),
        ("units", "p", 0, -TEN, {"power_balance"}),
        ("units", "p", 3, TEN, {"unit_limits"}),  # out of service
        ("units", "p", 5, -TEN, {"unit_limits"}),  # at an isolated bus
        ("units", "pmin", 0, TEN, {"identity"}),
        ("units", "pmax", 1, TEN, {"identity"}),
        ("units", "marginal_cost", 0, 1e-3, {"marginal_cost"}),
        ("units", "marginal_cost", 0, -1e-3, {"marginal_cost"}),
        ("units", "marginal_cost", 2, 1e-3, {"marginal_cost"}),
        ("units", "marginal_cost", 1, -1e-3, {"marginal_cost"}),
        ("units", "unit", 1, 1, {"identity"}),
        ("buses", "va", 2, 1e-3, {"power_balance", "flows"}),
        ("buses", "demand", 1, TEN, {"identity"}),
        ("buses", "shortfall", 1, TEN, {"power_balance", "no_shortfall"}),
        ("buses", "price", 2, 1.0, {"optimality_gap", "bound"}),
        ("buses", "price", 2, -1.0, {"optimality_gap", "bound"}),
        ("branches", "p", 0, TEN, {"flows"}),
        ("branches", "p", 8, TEN, {"flows"}),  # out of service
        ("branches", "rating", 0, TEN, {"identity"}),
        ("branches", "loading", 0, 1e-3, {"loading"}),
        ("branches", "loading", 0, -1e-3, {"loading"}),
        ("branches", "angle_price", 4, 600.0, {"optimality_gap", "bound"}),
        ("branches", "angle_price", 4, -1.0, {"optimality_gap", "bound"}),
        ("branches", "flow_price", 4, 0.1, {"optimality_gap", "bound"}),
        ("branches", "flow_price", 4, -0.1, {"optimality_gap", "bound"}),
        ("branches", "from_bus", 4, 1, {"identity"}),
    ],
)
def test_a_moved_number_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float, expected: set[str]
) -> None:
    assert expected <= _best(certified).moved(table, column, row, by)


@pytest.mark.parametrize(
    ("field", "by", "expected"),
    [
        ("cost", 0.05, "cost"),
        ("cost", -0.05, "cost"),
        ("bound", 0.05, "bound"),
        ("bound", -0.05, "bound"),
        ("load", TEN, "load"),
        ("load", -TEN, "load"),
        ("unserved", TEN, "load"),
        ("shortfall", TEN, "no_shortfall"),
    ],
)
def test_a_moved_total_is_refused(certified: Certify, field: str, by: float, expected: str) -> None:
    run = _best(certified)
    assert run.failed(**{field: getattr(run.result, field) + by}) == {expected}


@pytest.mark.parametrize("field", ["cost", "bound"])
@pytest.mark.parametrize("value", [None, float("nan")])
def test_an_optimum_without_its_cost_or_bound_is_refused(
    certified: Certify, field: str, value: float | None
) -> None:
    assert _best(certified).failed(**{field: value}) == {field}


@pytest.mark.parametrize("field", ["load", "unserved", "shortfall"])
def test_a_total_that_is_not_a_number_is_refused(certified: Certify, field: str) -> None:
    for run in (_best(certified), _short(certified)):
        assert run.failed(**{field: float("nan")})


@pytest.mark.parametrize(
    ("table", "one", "other"), [("units", 1, 2), ("buses", 0, 1), ("branches", 1, 5), ("units", 0, 4)]
)
def test_swapped_rows_are_refused(certified: Certify, table: str, one: int, other: int) -> None:
    assert _best(certified).swapped(table, one, other) == {"identity"}


@pytest.mark.parametrize("table", ["units", "buses", "branches"])
def test_a_missing_row_is_refused(certified: Certify, table: str) -> None:
    run = _best(certified)
    before = getattr(run.result, table)
    assert run.failed(**{table: before.where(np.arange(len(before) - 1))}) == {"identity"}


@pytest.mark.parametrize(("table", "row"), [("units", 0), ("units", 3), ("branches", 0), ("branches", 7)])
def test_a_wrong_status_is_refused(certified: Certify, table: str, row: int) -> None:
    run = _best(certified)
    flipped = ~getattr(run.result, table)["in_service"][row]
    assert run.with_cell(table, "in_service", row, flipped) == {"identity"}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("units", name) for name in ("p", "marginal_cost")),
        *(("buses", name) for name in ("va", "shortfall", "price")),
        *(("branches", name) for name in ("p", "loading", "flow_price", "angle_price")),
    ],
)
def test_what_is_not_a_number_is_refused(certified: Certify, table: str, column: str) -> None:
    for run in (_best(certified), _short(certified)):
        if (run.result.outcome, column) != ("infeasible", "marginal_cost"):
            assert run.with_cell(table, column, 0, np.nan)


@pytest.mark.parametrize("column", ["va", "price"])
def test_a_number_at_a_dead_bus_is_refused(certified: Certify, column: str) -> None:
    assert _best(certified).with_cell("buses", column, 6, 0.0) == {"loading"}


def test_a_loading_without_a_rating_is_refused(certified: Certify) -> None:
    assert _best(certified).with_cell("branches", "loading", 2, 5.0) == {"loading"}


def test_all_signs_turned_is_refused(certified: Certify) -> None:
    run = _best(certified)
    assert "power_balance" in run.with_column("buses", "va", -run.result.buses["va"])
    assert "optimality_gap" in run.with_column("buses", "price", -run.result.buses["price"])
    assert "optimality_gap" in run.with_column("branches", "angle_price", -run.result.branches["angle_price"])


def test_an_optimum_called_infeasible_is_refused(certified: Certify) -> None:
    assert {"imbalance_unavoidable", "no_cost"} <= _best(certified).failed(outcome="infeasible")


def test_a_shortfall_called_optimal_is_refused(certified: Certify) -> None:
    assert {"cost", "bound", "no_shortfall"} <= _short(certified).failed(outcome="optimal")


def test_another_cases_result_is_refused(certified: Certify) -> None:
    run, other = _best(certified), certified("dispatch", set=("bus.3.pd=111",))
    assert "identity" in {claim.name for claim in run.of(other.result).failed}
    assert {claim.name for claim in run.of(certified("dispatch", "case5_pjm").result).failed} == {"identity"}


def test_the_other_formulations_result_is_refused(certified: Certify) -> None:
    run = _best(certified)
    assert not run.of(certified("dispatch", formulation="dcp").result).holds


@pytest.mark.parametrize(
    ("left_out", "claim"), [("branch_limits", "branch_limits"), ("angle_limits", "angle_limits")]
)
def test_a_result_that_forgot_limits_is_refused(certified: Certify, left_out: str, claim: str) -> None:
    name = "case5_pjm" if left_out == "branch_limits" else "workshop"
    free = certified("dispatch", name, **{left_out: False})
    failed = {one.name for one in certified("dispatch", name).of(free.result).failed}
    assert claim in failed
    assert failed <= {claim, "optimality_gap", "bound"}


def test_a_dearer_dispatch_with_a_bound_to_match_is_refused(certified: Certify) -> None:
    run, dear = (
        certified("dispatch", "case14_ieee"),
        certified("dispatch", "case14_ieee", set=("gen.1.pmax=100",)),
    )
    cost = dear.result.cost
    units = dear.result.units.replace(pmax=run.result.units["pmax"])
    assert run.of(dear.result.model_copy(update={"units": units, "bound": cost})).failed
    names = run.failed(
        units=units, buses=dear.result.buses, branches=dear.result.branches, cost=cost, bound=cost
    )
    assert {"optimality_gap", "bound"} <= names


@pytest.mark.parametrize(
    ("table", "column", "row", "by", "expected"),
    [
        ("buses", "shortfall", 3, TEN, {"power_balance", "least_imbalance"}),
        ("buses", "shortfall", 3, -TEN, {"power_balance", "least_imbalance"}),
        ("buses", "price", 2, 0.1, {"least_imbalance"}),
        ("buses", "price", 2, -0.1, {"least_imbalance"}),
        ("branches", "flow_price", 1, 0.1, {"least_imbalance"}),
        ("units", "p", 0, TEN, {"power_balance"}),
    ],
)
def test_a_moved_number_of_a_proof_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float, expected: set[str]
) -> None:
    assert expected <= _short(certified).moved(table, column, row, by)


@pytest.mark.parametrize("by", [TEN, -TEN])
def test_a_moved_shortfall_is_refused(certified: Certify, by: float) -> None:
    run = _short(certified)
    assert run.failed(shortfall=run.result.shortfall + by) == {"least_imbalance"}


@pytest.mark.parametrize("field", ["cost", "bound"])
def test_an_impossible_dispatch_with_a_cost_is_refused(certified: Certify, field: str) -> None:
    assert _short(certified).failed(**{field: 1.0}) == {"no_cost"}


def test_multipliers_made_larger_prove_no_more(certified: Certify) -> None:
    run = _short(certified)
    doubled = run.result.model_copy(
        update={
            "buses": run.result.buses.replace(price=2 * run.result.buses["price"]),
            "branches": run.result.branches.replace(
                flow_price=2 * run.result.branches["flow_price"],
                angle_price=2 * run.result.branches["angle_price"],
            ),
        }
    )
    assert run.of(doubled).failed == ()  # they are scaled back to what a multiplier may be
    value = {claim.name: claim.value for claim in run.of(doubled).claims}["imbalance_unavoidable"]
    assert value == pytest.approx(run.result.shortfall, rel=1e-6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("units", "p"), ("buses", "va"), ("branches", "p"), ("buses", "shortfall")]),
    st.integers(0, 100),
    st.floats(1e-2, 1e3),
    st.booleans(),
)
def test_no_primal_number_can_be_moved_unseen(
    certified: Certify, where: tuple[str, str], row: int, by: float, up: bool
) -> None:
    run = _best(certified)
    table, column = where
    values = getattr(run.result, table)[column]
    rows = np.flatnonzero(np.isfinite(values))
    assert run.moved(table, column, int(rows[row % len(rows)]), by if up else -by)


@pytest.mark.parametrize("by", [2e-6, -2e-6])
def test_marginal_costs_are_held_to_a_relative_tolerance(certified: Certify, by: float) -> None:
    run = _best(certified)
    stated = run.result.units["marginal_cost"].copy()
    assert run.with_column("units", "marginal_cost", stated * (1 + by / 4)) == set()
    assert run.with_column("units", "marginal_cost", stated * (1 + by)) == {"marginal_cost"}


def test_without_any_limit_an_angle_is_trusted_a_turn_per_branch_and_no_further(certified: Certify) -> None:
    run = certified("dispatch", "case14_ieee", branch_limits=False, angle_limits=False)
    assert run.of(run.result).failed == ()
    drifted = run.result.buses["price"].copy()
    drifted[-1] += 1e-9  # times the stiffness of its branches and at most 360° each: far below the tolerance
    assert run.with_column("buses", "price", drifted) == set()
    drifted[-1] += 1e-4
    assert run.with_column("buses", "price", drifted) == {"optimality_gap", "bound"}
