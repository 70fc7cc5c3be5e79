"""Wrong statements of optimal power flows: of units, of signs that cancel, of kinds, where none may be."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Certify = Callable[..., Any]
ROOM = ("branch.2.rate_a=90",)
SHORT = ("branch.2.rate_a=20", "branch.6.rate_a=20")
TIGHT = ("branch.2.rate_a=90", "branch.1.angmin=8", "branch.1.angmax=9", "branch.5.angmax=2")
UNITS = {
    **dict.fromkeys(
        ("starts", "identity", "columns", "nothing_short", "binding", "marginal_cost", "stationarity"), "1"
    ),
    **dict.fromkeys(("relaxations", "relaxed_prices", "nothing_stated", "no_bound", "no_cost"), "1"),
    **dict.fromkeys(("power_balance", "mismatch_stated", "unit_limits", "voltage_limits"), "p.u."),
    **dict.fromkeys(("flow_limits", "relaxation_met", "violation_unavoidable", "violation_stated"), "p.u."),
    **dict.fromkeys(("cost_recomputed", "bound_proven", "relaxation_solved", "complementarity"), "$/h"),
    **{"violation_weighed": "p.u.", "flows": "MVA", "angle_limits": "°", "totals": "MW", "gap": "%"},
    **{"price_parts": "$/MWh", "lossless": "MW"},
}
KINDS: list[dict[str, Any]] = [
    {"set": ROOM, "bound": True},
    {"set": ROOM, "formulation": "soc"},
    {"set": ROOM, "max_iterations": 2},
    {"set": ROOM, "start": "best"},
    {},
    {"set": SHORT},
]
BACK = {"demand": 3.0, "surplus": -3.0}


def _best(certified: Certify) -> Any:
    return certified("opf", set=ROOM, bound=True)


@pytest.mark.parametrize("params", KINDS)
def test_every_claim_has_the_unit_of_what_it_compares(certified: Certify, params: dict[str, Any]) -> None:
    run = certified("opf", **params)
    local = run.result.proof == "local"
    for claim in run.of(run.result).claims:
        unit = "p.u." if local and claim.name == "complementarity" else UNITS[claim.name]
        assert (claim.name, claim.unit) == (claim.name, unit)


def test_dc_claims_have_their_units(certified: Certify) -> None:
    run = certified("opf", formulation="dc")
    found = {claim.name: claim.unit for claim in run.of(run.result).claims}
    assert (found["lossless"], found["columns"], found["binding"]) == ("MW", "1", "1")


# --- statements that cancel each other ---


def test_shortfalls_do_not_cancel_each_other(certified: Certify) -> None:
    run = _best(certified)
    assert "nothing_short" in run.failed(shortfall=1.0, reactive_shortfall=1.0)
    assert "nothing_short" in run.failed(shortfall=1.0, proof="local")
    unsolved = certified("opf", set=ROOM, max_iterations=2)
    assert unsolved.failed(shortfall=1.0, reactive_shortfall=1.0) == {"nothing_stated"}
    assert unsolved.failed(shortfall=1.0, proof="local") == {"nothing_stated"}
    assert unsolved.failed(cost=1.0, bound=1.0, binding=run.result.binding.where(np.arange(2))) == {
        "nothing_stated"
    }


def test_what_is_infeasible_states_neither_cost_nor_prices_of_limits(certified: Certify) -> None:
    run, priced = certified("opf", set=SHORT), _best(certified).result
    assert "no_cost" in run.failed(binding=priced.binding.where(np.arange(1)))
    assert "no_cost" in run.failed(cost=1.0, binding=priced.binding.where(np.arange(1)))
    assert "no_cost" in run.failed(cost=1.0, proof="none")


def test_a_list_of_relaxations_beside_an_optimum_is_refused(certified: Certify) -> None:
    short = certified("opf", set=SHORT).result.relaxations
    run = _best(certified)
    assert "nothing_short" in run.failed(relaxations=short)
    assert "nothing_short" in run.failed(relaxations=short.where(np.arange(1)), shortfall=1.0)


def test_half_a_proof_is_none(certified: Certify) -> None:
    run = certified("opf", set=ROOM)
    proof = _best(certified).result
    for name in ("bound_buses", "bound_branches"):
        assert run.failed(**{name: getattr(proof, name)}) == {"identity"}
    both = {"bound_buses": proof.bound_buses, "bound_branches": proof.bound_branches}
    assert run.failed(**both) == {"no_bound"}
    assert run.failed(**both, gap=1.0) == {"no_bound"}
    assert run.failed(gap=1.0) == {"no_bound"}


# --- where nothing may be stated ---


@pytest.mark.parametrize(
    ("table", "column", "at", "value", "claim"),
    [
        ("buses", "shortfall", 6, 1.0, "power_balance"),  # de-energised
        ("buses", "reactive_shortfall", 7, -1.0, "power_balance"),
        ("buses", "vm", 6, 1.0, "columns"),
        ("buses", "va", 7, 0.0, "columns"),
        ("buses", "price", 6, 20.0, "columns"),
        ("buses", "reactive_price", 7, 1.0, "columns"),
        ("units", "p", 3, -1.0, "power_balance"),  # out of service
        ("units", "q", 5, 1.0, "power_balance"),
        ("branches", "over", 2, 1.0, "flow_limits"),  # without a rating
        ("branches", "over", 8, 1.0, "flow_limits"),  # without current
        ("branches", "over", 0, -0.01, "flow_limits"),
        ("branches", "over_angle", 8, 1.0, "angle_limits"),
        ("branches", "over_angle", 0, -0.01, "angle_limits"),
        ("branches", "p_from", 8, 1.0, "flows"),
    ],
)
def test_what_is_not_alive_or_not_limited_states_nothing(
    certified: Certify, table: str, column: str, at: int, value: float, claim: str
) -> None:
    assert claim in _best(certified).with_cell(table, column, at, value)


@pytest.mark.parametrize(
    ("table", "column", "row", "value"),
    [
        ("buses", "vm", 2, 1.0),
        ("buses", "reactive_price", 2, 0.0),
        ("buses", "voltage_price", 2, 0.0),
        ("branches", "q_from", 2, 0.0),
        ("branches", "q_to", 2, 0.0),
    ],
)
def test_a_dc_state_states_nothing_reactive(
    certified: Certify, table: str, column: str, row: int, value: float
) -> None:
    assert certified("opf", formulation="dc").with_cell(table, column, row, value)


def test_a_dc_branch_loses_nothing(certified: Certify) -> None:
    run = certified("opf", formulation="dc")
    branches = run.result.branches
    lossy = branches.replace(p_to=branches["p_to"] + 0.01, losses=branches["losses"] + 0.01)
    assert "lossless" in run.failed(branches=lossy)


def test_a_state_that_is_turned_as_a_whole_has_lost_its_reference(certified: Certify) -> None:
    run = _best(certified)
    assert run.with_column("buses", "va", run.result.buses["va"] + 1.0) == {"angle_limits"}


@pytest.mark.parametrize("by", [-1.0, -1e-3, 1e-3, 1.0])
@pytest.mark.parametrize("unit", [0, 4])
def test_a_marginal_cost_is_neither_above_nor_below_the_curve(
    certified: Certify, unit: int, by: float
) -> None:
    assert _best(certified).moved("units", "marginal_cost", unit, by) == {"marginal_cost"}


def test_flows_of_a_relaxation_belong_to_one_product_that_is_not_too_large(certified: Certify) -> None:
    run = certified("opf", set=ROOM, formulation="soc")
    for column in ("p_from", "p_to", "q_from", "q_to"):
        assert "relaxation_met" in run.moved("branches", column, 0, 0.5)
    assert "relaxation_met" in run.with_column("buses", "vm", 0.97 * run.result.buses["vm"])


def test_a_relaxation_states_no_parts_of_its_prices_and_all_prices(certified: Certify) -> None:
    run = certified("opf", set=ROOM, formulation="soc")
    for part in ("energy", "loss", "congestion"):
        assert "price_parts" in run.with_cell("buses", part, 2, 0.0)
    assert "price_parts" in run.with_cell("buses", "price", 2, np.nan)


# --- lists ---


def _left_over(run: Any, active: float, reactive: float) -> Any:
    """Give a result that leaves power over at one bus and says so in its totals, not in its list."""
    buses = run.result.buses
    changed = {}
    for name, amount in (("shortfall", active), ("reactive_shortfall", reactive)):
        values = buses[name].copy()
        values[2] = amount
        changed[name] = values
    return buses.replace(**changed)


@pytest.mark.parametrize(
    ("kind", "active", "reactive"),
    [
        ("demand", 2.0, 0.0),
        ("surplus", -2.0, 0.0),
        ("reactive_demand", 0.0, 2.0),
        ("reactive_surplus", 0.0, -2.0),
    ],
)
def test_each_kind_of_relaxation_is_listed_under_its_own_name(
    certified: Certify, kind: str, active: float, reactive: float
) -> None:
    run = certified("opf", set=SHORT)
    rows = run.result.relaxations
    others = ~((rows["element"] == "bus.3") & ~np.isin(rows["limit_kind"], ("rating", "angmin", "angmax")))
    buses = _left_over(run, active, reactive)
    demand = float(run.result.buses["qd" if "reactive" in kind else "pd"][2])

    def listed(name: str) -> set[str]:
        cells = {column: list(rows[column][others]) for column in rows.columns.names}
        for column, value in zip(rows.columns.names, ("bus.3", name, 2.0, demand), strict=True):
            cells[column].append(value)
        weight = [
            amount * (np.pi / 180 if word.startswith("ang") else 0.01)
            for amount, word in zip(cells["amount"], cells["limit_kind"], strict=True)
        ]
        order = np.argsort(-np.array(weight), kind="stable")
        arrays = {column: np.array(values, rows[column].dtype)[order] for column, values in cells.items()}
        failed: set[str] = run.failed(buses=buses, relaxations=rows.replace(**arrays))
        return failed

    assert "relaxations" not in listed(kind)
    for other in ("demand", "surplus", "reactive_demand", "reactive_surplus"):
        assert other == kind or "relaxations" in listed(other)
    assert "relaxations" in run.failed(buses=buses, relaxations=rows.where(others))


def test_angles_and_flows_are_ordered_by_their_share_of_the_base(certified: Certify) -> None:
    run = certified("opf", set=(*TIGHT, "branch.1.rate_a=20"))
    kinds = run.result.relaxations["limit_kind"].tolist()
    if not {"angmin", "angmax"} & set(kinds) or len(set(kinds)) < 2:
        pytest.fail(f"the case should relax angles and something else: {kinds}")
    count = len(kinds)
    for first in range(count - 1):
        order = np.arange(count)
        order[[first, first + 1]] = first + 1, first
        assert run.failed(relaxations=run.result.relaxations.where(order)) == {"relaxations"}


# --- tolerances ---


def test_a_loosely_solved_result_is_held_to_what_it_asked_for(certified: Certify) -> None:
    """A hundred times the solver's tolerance allows a hundred times the residual."""
    loose, strict = certified("opf", set=ROOM, tolerance=1e-6), certified("opf", set=ROOM)
    assert loose.of(loose.result).failed == ()
    assert loose.of(strict.result).failed == ()
    assert "stationarity" in strict.moved("buses", "reactive_price", 2, 2e-3)
    assert "stationarity" not in loose.moved("buses", "reactive_price", 2, 2e-3)
    assert "stationarity" in loose.moved("buses", "reactive_price", 2, 0.2)


def test_violations_are_weighed_in_per_unit(certified: Certify) -> None:
    run = certified("opf")
    assert run.result.proof == "local"
    buses, branches = run.result.buses, run.result.branches
    balances = buses["price"] * buses["shortfall"] + buses["reactive_price"] * buses["reactive_shortfall"]
    ratings = (branches["from_price"] + branches["to_price"]) * branches["over"]
    angles = np.abs(branches["angle_price"]) * branches["over_angle"]
    expected = np.nansum(balances) + np.nansum(ratings) + np.nansum(angles)
    (claim,) = [one for one in run.of(run.result).claims if one.name == "violation_weighed"]
    assert claim.value == pytest.approx(expected / 100, rel=1e-6)


# --- starts ---


@pytest.mark.parametrize("given", [{"set": ROOM}, {"set": SHORT}, {"set": ROOM, "max_iterations": 2}])
def test_another_start_than_the_best_is_refused(certified: Certify, given: dict[str, Any]) -> None:
    run = certified("opf", start="best", **given)
    rows = run.result.starts
    assert len(rows) == 3
    other = int((~rows["kept"]).argmax())
    for column, row, value in (
        ("start", other, "auto"),
        ("outcome", int(rows["kept"].argmax()), "other"),
        ("iterations", other, rows["iterations"][other] + 1),
        ("kept", other, True),
        ("kept", int(rows["kept"].argmax()), False),
        ("cost", other, 1.0),
        ("difference", other, 1.0),
    ):
        assert run.with_cell("starts", column, row, value) == {"starts"}, column
    assert run.failed(starts=rows.where(np.array([1, 0, 2]))) == {"starts"}
    assert run.failed(starts=rows.where(np.arange(0))) == {"starts"}


def test_a_kept_start_that_is_not_the_cheapest_or_has_another_outcome_is_refused(certified: Certify) -> None:
    run = certified("opf", set=ROOM, start="best")
    rows = run.result.starts
    assert set(rows["outcome"]) == {"optimal"}
    other = int((~rows["kept"]).argmax())
    cheaper = rows["cost"].copy()
    cheaper[other] -= 1.0
    lower = rows.replace(cost=cheaper, difference=cheaper - cheaper[rows["kept"]])
    assert run.failed(starts=lower) == {"starts"}
    dearer = rows["cost"] + 1.0
    assert run.failed(starts=rows.replace(cost=dearer)) == {"starts"}
    apart = rows.replace(cost=rows["cost"] + np.where(rows["kept"], 0.0, 5.0))
    assert run.failed(starts=apart.replace(difference=apart["cost"] - rows["cost"][rows["kept"]])) == set()
    worse = rows["outcome"].copy()
    worse[rows["kept"]] = "feasible"
    assert run.failed(starts=rows.replace(outcome=worse)) == {"starts"}


def test_starts_are_told_of_best_alone(certified: Certify) -> None:
    rows = certified("opf", set=ROOM, start="best").result.starts
    assert certified("opf", set=ROOM).failed(starts=rows) == {"starts"}
    assert certified("opf", formulation="dc").failed(starts=rows) == {"starts"}
