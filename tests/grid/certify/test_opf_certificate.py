"""Certificates of optimal power flows: valid ones hold, whoever found them; all mutants are refused."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genba.grid.certify import opf_prices

Certify = Callable[..., Any]
ROOM = ("branch.2.rate_a=90",)  # the workshop is 0.02 MVA short of a feasible AC state
SHORT = ("branch.2.rate_a=20", "branch.6.rate_a=20")
TIGHT = ("branch.2.rate_a=90", "branch.1.angmin=8", "branch.1.angmax=9", "branch.5.angmax=2")
POWER_MW = 1e-4  # the certificate's 1e-6 p.u. on 100 MVA
VALID = [
    ("workshop", {"set": ROOM}),
    ("workshop", {"set": ROOM, "bound": True}),
    ("workshop", {"set": ROOM, "flow_margin": 2.0, "voltage_margin": 0.02}),
    ("workshop", {"branch_limits": False, "angle_limits": False}),
    ("workshop", {}),  # infeasible near this state
    ("workshop", {"set": SHORT}),  # infeasible everywhere
    ("workshop", {"set": TIGHT}),
    ("workshop", {"set": ROOM, "max_iterations": 2}),
    *(
        ("workshop", {**given, "start": "best"})
        for given in ({"set": ROOM}, {}, {"set": ROOM, "max_iterations": 2})
    ),
    ("workshop", {"set": ROOM, "formulation": "soc"}),
    ("workshop", {"set": SHORT, "formulation": "soc"}),
    ("workshop", {"formulation": "dc"}),
    ("workshop", {"set": SHORT, "formulation": "dc"}),
    ("workshop", {"formulation": "dc", "flow_margin": 3.0, "angle_limits": False}),
    ("case3_lmbd", {}),
    ("case5_pjm", {"bound": True}),
    ("case14_ieee", {"start": "flat"}),
    ("case5_pjm__sad", {"formulation": "dc"}),
    ("case24_ieee_rts__sad", {}),
    ("case118_ieee__api", {"bound": True}),
    ("case300_ieee", {"formulation": "soc"}),
]


def _best(certified: Certify) -> Any:
    return certified("opf", set=ROOM, bound=True)


@pytest.mark.parametrize(("name", "params"), VALID)
def test_our_results_hold(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("opf", name, **params)
    assert run.of(run.result).failed == ()


def test_the_valid_results_end_in_every_way(certified: Certify) -> None:
    """Guards the test above: it means little when all of them are optimal."""
    ends = {
        (params.get("formulation", "ac"), certified("opf", name, **params).result.outcome)
        for name, params in VALID
        if name == "workshop"
    }
    assert ends == {
        *(("ac", outcome) for outcome in ("optimal", "infeasible", "unsolved")),
        *((other, outcome) for other in ("dc", "soc") for outcome in ("optimal", "infeasible")),
    }
    assert certified("opf").result.proof == "local"
    assert certified("opf", set=SHORT).result.proof == "global"


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("workshop", {"set": ROOM}),
        ("case5_pjm", {}),
        ("case14_ieee", {}),
        ("case24_ieee_rts__sad", {}),
        ("case118_ieee", {}),
        ("case118_ieee__api", {}),
    ],
)
def test_ipopts_optimum_holds(
    certified: Certify,
    ipopt: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    params: dict[str, Any],
) -> None:
    """Ipopt in the place of our method: its point and multipliers are certified as they are."""
    run = certified("opf", name, **params)
    monkeypatch.setattr(import_module("genba.grid.operations.opf"), "solve_ac_opf", ipopt)
    foreign = run.operation.function(run.params, run.context)
    assert run.of(foreign).failed == ()
    assert foreign.cost == pytest.approx(run.result.cost, rel=1e-6)


# --- numbers moved by ten tolerances ---


@pytest.mark.parametrize(
    ("table", "column", "row", "by", "expected"),
    [
        ("units", "p", 1, 10 * POWER_MW, {"power_balance"}),
        ("units", "q", 1, 10 * POWER_MW, {"power_balance"}),
        ("units", "p", 3, 10 * POWER_MW, {"power_balance"}),  # out of service
        ("units", "vm", 0, 1e-3, {"columns"}),
        ("units", "pmax", 0, 1e-6, {"identity"}),
        ("units", "marginal_cost", 0, 1e-3, {"marginal_cost"}),
        ("buses", "vm", 2, 1e-5, {"power_balance", "flows"}),
        ("buses", "va", 2, 1e-3, {"power_balance", "flows"}),
        ("buses", "va", 0, 1e-3, {"power_balance", "flows", "angle_limits"}),
        ("buses", "pd", 2, 1e-6, {"identity"}),
        ("buses", "vmax", 2, 1e-3, {"columns"}),
        ("buses", "price", 2, 2e-3, {"stationarity", "price_parts"}),
        ("buses", "reactive_price", 2, 2e-3, {"stationarity"}),
        ("buses", "voltage_price", 0, 2.0, {"stationarity"}),
        ("buses", "energy", 2, 1e-3, {"price_parts"}),
        ("buses", "loss", 2, 1e-3, {"price_parts"}),
        ("buses", "congestion", 2, 1e-3, {"price_parts"}),
        ("buses", "shortfall", 2, 10 * POWER_MW, {"power_balance", "totals"}),
        ("buses", "reactive_shortfall", 2, 10 * POWER_MW, {"power_balance", "totals"}),
        ("branches", "p_from", 1, 1e-4, {"flows"}),
        ("branches", "q_to", 1, 1e-4, {"flows"}),
        ("branches", "losses", 1, 1e-3, {"columns", "totals"}),
        ("branches", "loading", 1, 1e-3, {"columns"}),
        ("branches", "limit", 1, 1e-3, {"columns"}),
        ("branches", "rating", 1, 1e-3, {"identity"}),
        ("branches", "angle", 1, 1e-3, {"columns"}),
        ("branches", "angmax", 1, 1e-3, {"identity"}),
        ("branches", "from_price", 0, 0.05, {"stationarity", "binding"}),
        ("branches", "to_price", 0, 0.05, {"stationarity", "binding"}),
        ("branches", "angle_price", 4, 0.5, {"stationarity", "binding"}),
        ("branches", "over", 0, 1e-3, set()),
        ("branches", "over_angle", 0, 1e-3, set()),
        ("trace", "iteration", 2, 1, {"identity"}),
        ("bound_buses", "price", 2, 5.0, {"bound_proven"}),
        ("bound_buses", "reactive_price", 2, 5.0, {"bound_proven"}),
        ("bound_buses", "vm", 2, 0.2, {"bound_proven"}),
        ("bound_branches", "from_p", 0, 1.0, {"bound_proven"}),
        ("bound_branches", "to_q", 0, 1.0, {"bound_proven"}),
    ],
)
def test_a_moved_number_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float, expected: set[str]
) -> None:
    run = _best(certified)
    failed = run.moved(table, column, row, by) | run.moved(table, column, row, -by)
    assert failed
    assert expected <= failed


@pytest.mark.parametrize("small", [600, 0])
def test_prices_are_split_alike_by_dense_and_by_sparse_factors(
    certified: Certify, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(opf_prices, "SMALL", small)
    run = _best(certified)
    assert run.of(run.result).failed == ()
    for column in ("energy", "loss", "congestion"):
        assert run.moved("buses", column, 2, 1e-3) == {"price_parts"}


@pytest.mark.parametrize(
    ("field", "by", "expected"),
    [
        ("cost", 0.01, {"cost_recomputed"}),
        ("bound", 0.1, {"bound_proven", "gap"}),
        ("gap", 1e-4, {"gap"}),
        ("load", 1e-3, {"totals"}),
        ("generation", 1e-3, {"totals"}),
        ("losses", 1e-3, {"totals"}),
        ("unserved", 1e-3, {"totals"}),
        ("largest_mismatch", 1e-5, {"mismatch_stated"}),
        ("shortfall", 1e-3, {"totals", "nothing_short"}),
        ("reactive_shortfall", 1e-3, {"totals", "nothing_short"}),
    ],
)
def test_a_moved_total_is_refused(certified: Certify, field: str, by: float, expected: set[str]) -> None:
    run = _best(certified)
    assert expected <= run.failed(**{field: getattr(run.result, field) + by})


@pytest.mark.parametrize("field", ["cost", "generation", "losses"])
def test_a_missing_total_is_refused(certified: Certify, field: str) -> None:
    assert _best(certified).failed(**{field: None})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [("units", "p"), ("units", "q"), ("buses", "vm"), ("buses", "va"), ("buses", "price")]
        + [("branches", "p_from"), ("branches", "q_from"), ("branches", "p_to"), ("branches", "losses")]
    ),
    st.integers(0, 100),
    st.floats(2e-3, 1e3),
    st.booleans(),
)
def test_no_number_of_a_state_can_be_moved_unseen(
    certified: Certify, where: tuple[str, str], row: int, by: float, up: bool
) -> None:
    run = _best(certified)
    values = getattr(run.result, where[0])[where[1]]
    rows = np.flatnonzero(np.isfinite(values))
    assert run.moved(*where, int(rows[row % len(rows)]), by if up else -by)


# --- signs, rows, wrong statements ---


@pytest.mark.parametrize(
    ("table", "column"),
    [("buses", "price"), ("buses", "voltage_price"), ("branches", "angle_price"), ("branches", "from_price")],
)
def test_a_turned_sign_is_refused(certified: Certify, table: str, column: str) -> None:
    run = _best(certified)
    assert "stationarity" in run.with_column(table, column, -getattr(run.result, table)[column])


@pytest.mark.parametrize("table", ["units", "buses", "branches", "bound_buses", "bound_branches"])
def test_swapped_rows_are_refused(certified: Certify, table: str) -> None:
    assert "identity" in _best(certified).swapped(table, 0, 1)


def test_missing_rows_are_refused(certified: Certify) -> None:
    run = _best(certified)
    for table in ("units", "buses", "branches"):
        fewer = getattr(run.result, table)
        assert run.failed(**{table: fewer.where(np.arange(len(fewer) - 1))}) == {"identity"}


def test_a_list_of_what_binds_is_complete_ordered_and_true(certified: Certify) -> None:
    run = _best(certified)
    rows = run.result.binding
    count = len(rows)
    assert count >= 4
    for kept in (np.arange(1, count), np.append(np.arange(count), 0), np.arange(count)[::-1]):
        assert run.failed(binding=rows.where(kept)) == {"binding"}
    for column in ("value", "limit", "price", "gain"):
        assert "binding" in run.moved("binding", column, 0, 1e-2)
    assert "binding" in run.with_cell("binding", "element", 0, "bus.3")
    assert "binding" in run.with_cell("binding", "limit_kind", 0, "vmin")


def test_the_list_of_relaxations_is_complete_ordered_and_true(certified: Certify) -> None:
    run = certified("opf", set=SHORT)
    rows = run.result.relaxations
    assert len(rows) >= 2
    for kept in (np.arange(1, len(rows)), np.append(np.arange(len(rows)), 0), np.arange(len(rows))[::-1]):
        assert run.failed(relaxations=rows.where(kept)) == {"relaxations"}
    assert "relaxations" in run.moved("relaxations", "amount", 0, 1e-3)
    assert "relaxations" in run.with_cell("relaxations", "element", 0, "bus.1")


def test_a_feasible_state_that_is_not_the_cheapest_is_no_optimum(certified: Certify) -> None:
    """The same limits, another cost: its optimum is a feasible state of this one."""
    run = _best(certified)
    other = certified("opf", set=(*ROOM, "gen.1.pmax=90")).result
    units = other.units.replace(pmax=run.result.units["pmax"])
    failed = {claim.name for claim in run.of(other.model_copy(update={"units": units})).failed}
    assert failed == {"binding", "complementarity"}
    feasible = other.model_copy(update={"units": units, "outcome": "feasible"})
    # What it lists as binding is not, but as a state within the limits it is what it says.
    assert {claim.name for claim in run.of(feasible).failed} <= {"binding"}


def test_an_optimum_may_be_called_feasible(certified: Certify) -> None:
    assert _best(certified).failed(outcome="feasible") == set()


def test_an_optimum_cannot_be_called_infeasible_or_unsolved(certified: Certify) -> None:
    run = _best(certified)
    assert run.failed(outcome="unsolved") == {"nothing_stated"}
    for proof in ("none", "local", "global"):
        assert run.failed(outcome="infeasible", proof=proof)


def test_a_local_statement_cannot_be_called_global(certified: Certify) -> None:
    run = certified("opf")
    assert run.result.proof == "local"
    assert run.failed(proof="global") == {"violation_unavoidable", "violation_stated"}
    assert run.failed(proof="none") == {"no_cost", "violation_unavoidable", "violation_stated"}


def test_an_infeasible_result_cannot_be_called_optimal(certified: Certify) -> None:
    run = certified("opf", set=SHORT)
    failed = run.failed(outcome="optimal", proof="none", cost=1000.0)
    assert {"cost_recomputed", "nothing_short", "complementarity"} <= failed


def test_a_bound_that_looks_better_is_refused(certified: Certify) -> None:
    run = _best(certified)
    cost = run.result.cost
    assert run.failed(bound=cost, gap=0.0) == {"bound_proven"}
    assert "gap" in run.failed(bound=cost * 1.1, gap=-10.0)


def test_a_bound_without_its_proof_is_refused(certified: Certify) -> None:
    run = _best(certified)
    none = run.result.bound_buses.where(np.zeros(0, int)), run.result.bound_branches.where(np.zeros(0, int))
    assert run.failed(bound_buses=none[0], bound_branches=none[1]) == {"bound_proven"}
    assert run.failed(bound=None, gap=None) == {"no_bound"}
    assert run.failed(bound=None, gap=None, bound_buses=none[0], bound_branches=none[1]) == set()


def test_a_dc_cost_is_no_bound(certified: Certify) -> None:
    run = certified("opf", formulation="dc")
    assert run.failed(bound=run.result.cost, gap=0.0) == {"bound_proven"}


@pytest.mark.parametrize(
    ("left_out", "claim"),
    [
        ({"branch_limits": False}, "flow_limits"),
        ({"angle_limits": False}, "angle_limits"),
        ({"voltage_margin": 0.0}, "voltage_limits"),
    ],
)
def test_a_result_that_forgot_limits_is_refused(
    certified: Certify, left_out: dict[str, Any], claim: str
) -> None:
    asked = {"set": ROOM, "voltage_margin": 0.02 * (claim == "voltage_limits")}
    run, free = certified("opf", **asked), certified("opf", **{**asked, **left_out}).result
    branches, buses = (
        getattr(free, table).replace(**{name: getattr(run.result, table)[name] for name in names})
        for table, names in (("branches", ("limit", "angmin", "angmax")), ("buses", ("vmin", "vmax")))
    )
    failed = run.of(free.model_copy(update={"branches": branches, "buses": buses})).failed
    assert claim in {one.name for one in failed}


def test_another_cases_result_is_refused(certified: Certify) -> None:
    run, other = certified("opf", "case5_pjm"), certified("opf", "case14_ieee").result
    assert {claim.name for claim in run.of(other).failed} == {"identity"}
    changed = certified("opf", "case5_pjm", set=("bus.2.pd=290",)).result
    assert run.of(changed).failed


@pytest.mark.parametrize(
    ("table", "column", "row", "by"),
    [
        ("buses", "price", 2, 0.01),
        ("buses", "shortfall", 2, 0.01),
        ("branches", "over", 1, -0.01),
        ("branches", "from_price", 1, 0.05),
        ("units", "p", 0, 0.01),
    ],
)
def test_a_moved_number_of_a_local_statement_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float
) -> None:
    assert certified("opf").moved(table, column, row, by)


def test_multipliers_made_larger_prove_no_more(certified: Certify) -> None:
    run = certified("opf", set=SHORT)
    buses, branches = run.result.bound_buses, run.result.bound_branches
    doubled = run.result.model_copy(
        update={
            "bound_buses": buses.replace(
                price=2 * buses["price"], reactive_price=2 * buses["reactive_price"]
            ),
            "bound_branches": branches.replace(
                **{name: 2 * branches[name] for name in ("from_p", "from_q", "to_p", "to_q")}
            ),
        }
    )
    values = [
        {claim.name: claim.value for claim in run.of(result).claims}["violation_unavoidable"]
        for result in (run.result, doubled)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


@pytest.mark.parametrize(
    ("table", "column", "row", "by"),
    [
        ("branches", "p_from", 1, 0.05),
        ("branches", "q_to", 1, 0.05),
        ("buses", "vm", 2, 1e-3),
        ("units", "p", 0, 0.05),
        ("units", "q", 0, 0.05),
        ("buses", "price", 2, 0.01),
        ("buses", "reactive_price", 2, 0.01),
        ("branches", "from_price", 2, 0.01),
        ("bound_buses", "price", 2, 5.0),
    ],
)
def test_a_moved_number_of_a_relaxation_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float
) -> None:
    run = certified("opf", set=ROOM, formulation="soc")
    assert run.moved(table, column, row, by)


def test_an_unsolved_case_states_how_far_off_it_is(certified: Certify) -> None:
    run = certified("opf", set=ROOM, max_iterations=2)
    assert run.result.outcome == "unsolved"
    assert run.failed(largest_mismatch=run.result.largest_mismatch / 2) == {"mismatch_stated"}
    assert run.failed(cost=1.0) == {"nothing_stated"}
    assert run.failed(shortfall=1.0) == {"nothing_stated"}


def test_a_number_that_is_missing_is_refused(certified: Certify) -> None:
    run = _best(certified)
    for table, column in (("buses", "price"), ("buses", "vm"), ("branches", "from_price"), ("units", "q")):
        assert run.with_cell(table, column, 0, np.nan)
