"""Certificates of contingency studies: valid ones hold; every class of mutant is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from genba.grid.certify.contingency import RESOLVED
from genba.grid.certify.violations import UNSURE_PERCENT
from genba.grid.records.contingency import ContingencyParams

Certify = Callable[..., Any]
VARIANTS: list[dict[str, Any]] = [
    {},
    {"slack": "distributed"},
    {"generation": "balanced"},
    {"reactive_limits": True},
    {"outages": "branches"},
    {"outages": "units"},
    {"outages": "named", "named": ("both=branch.2+branch.6", "plant=gen.2+gen.3", "mixed=gen.1 + branch.7")},
    {"areas": (2,)},
    {"monitored": ("branch.2", "bus.4", "bus.10")},
    {"min_kv": 200.0},
    {"vmin": 0.98, "vmax": 1.015},
    {"worse_by": 0.0},
    {"worse_by": 60.0},
    {"audit": 4},
]


@pytest.mark.parametrize("params", VARIANTS)
def test_our_study_of_the_workshop_holds(certified: Certify, params: dict[str, Any]) -> None:
    run = certified("contingency", **params)
    assert run.result.outcome == "insecure"
    assert run.of(run.result).failed == ()


@pytest.mark.parametrize("params", [*VARIANTS[:4], {"vmin": 0.97, "vmax": 1.03}])
@pytest.mark.parametrize("name", ["case5_pjm", "case14_ieee", "case14_ieee__api"])
def test_our_study_of_a_pglib_case_holds(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("contingency", name, **params)
    assert run.of(run.result).failed == ()


def test_outages_are_solved_again_from_the_limits_at_which_the_base_stands(certified: Certify) -> None:
    """With all units back at their set points, another way is taken that finds no solution of this one."""
    named = {"outages": "named", "named": ("line=branch.169",)}
    run = certified("contingency", "case2383wp_k", generation="balanced", reactive_limits=True, **named)
    assert run.result.violated == 1
    assert run.of(run.result).failed == ()


def test_the_workshop_has_every_status_and_kind_of_limit(certified: Certify) -> None:
    """Guards the tests here: they mean nothing on a study without violations, islands or divergences."""
    result = certified("contingency", reactive_limits=True).result
    assert set(result.outages["status"]) == {"secure", "violated", "islanded", "diverged"}
    high = certified("contingency", vmin=0.98, vmax=1.015).result
    assert set(high.violations["limit_kind"]) == {"rating", "vmin"}
    assert set(high.base_violations["limit_kind"]) == {"rating", "vmin", "vmax"}


def test_the_threads_of_the_context_change_nothing(certified: Certify) -> None:
    run = certified("contingency")
    before = run.of(run.result)
    run.context.threads = 3
    try:
        assert run.of(run.result) == before
    finally:
        run.context.threads = 1


def test_progress_is_reported_while_outages_are_solved_again(certified: Certify) -> None:
    run, heard = certified("contingency"), []
    silent = run.context.report
    run.context.report = lambda fraction, message: heard.append((fraction, message))
    try:
        run.of(run.result)
    finally:
        run.context.report = silent
    assert any("solved again" in message for _, message in heard)
    assert all(message.startswith("certifying: ") for _, message in heard)
    assert [fraction for fraction, _ in heard] == sorted(fraction for fraction, _ in heard)


# --- what is said of every outage ---


@pytest.mark.parametrize(
    ("table", "column", "row", "by", "expected"),
    [
        ("outages", "lost_load", 9, 1e-2, {"outages_lost"}),
        ("outages", "lost_load", 0, -1e-2, {"outages_lost"}),
        ("outages", "lost_generation", 3, 1e-2, {"outages_lost"}),
        ("outages", "lost_generation", 8, -1e-2, {"outages_lost"}),
        ("outages", "violations", 0, 1, {"outages_status"}),
        ("outages", "violations", 11, 1, {"outages_status", "missed_rate"}),
        ("outages", "worst", 0, 1e-2, {"violations_consistent"}),
        ("outages", "worst", 7, -1e-2, {"violations_consistent"}),
        ("violations", "value", 0, 1e-2, {"violations_consistent"}),
        ("violations", "value", 3, -1e-2, {"violations_consistent"}),
        ("violations", "limit", 1, 1e-2, {"violations_consistent"}),
        ("violations", "percent", 1, 1e-2, {"violations_consistent"}),
        ("violations", "base_value", 1, 1e-2, {"violations_consistent"}),
        ("base_violations", "value", 0, 1e-2, {"base_values"}),
        ("base_violations", "limit", 0, 1e-2, {"base_values"}),
        ("base_violations", "percent", 0, -1e-2, {"base_values"}),
        ("buses", "vm", 2, 1e-4, {"power_balance", "flows"}),
        ("units", "p", 1, 1e-2, {"power_balance", "schedule"}),
        ("branches", "q_to", 1, 1e-2, {"flows"}),
    ],
)
def test_a_moved_number_is_refused(
    certified: Certify, table: str, column: str, row: int, by: float, expected: set[str]
) -> None:
    failed = certified("contingency").moved(table, column, row, by)
    assert failed >= expected - {"missed_rate"}


@pytest.mark.parametrize("kind", ["rating", "vmin"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_value_and_its_percentage_moved_together_are_refused(
    certified: Certify, kind: str, sign: int
) -> None:
    run = certified("contingency")
    table = run.result.violations
    row = int(np.flatnonzero(table["limit_kind"] == kind)[-1])
    limit, by = table["limit"][row], sign * 20 * UNSURE_PERCENT / 100
    value, percent = table["value"].copy(), table["percent"].copy()
    value[row] += by * limit
    percent[row] += 100 * by * (1 if kind == "rating" else -1)
    assert run.failed(violations=table.replace(value=value, percent=percent)) >= {"violation_values"}


@pytest.mark.parametrize("field", ["studied", "violated", "islanded", "diverged"])
@pytest.mark.parametrize("by", [1, -1])
def test_a_moved_count_is_refused(certified: Certify, field: str, by: int) -> None:
    run = certified("contingency")
    assert run.failed(**{field: getattr(run.result, field) + by}) == {"outages_counted"}


def test_wrong_outcomes_and_loads_are_refused(certified: Certify) -> None:
    run = certified("contingency")
    assert run.failed(outcome="secure") == {"outages_counted"}
    assert run.failed(load=run.result.load + 0.01) == {"outages_lost"}
    assert run.failed(load=float("nan")) == {"outages_lost"}
    assert {"nothing_studied", "no_independent_solution"} == run.failed(outcome="base_diverged")


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (0, "secure"),
        (0, "islanded"),
        (8, "secure"),
        (9, "violated"),
        (11, "violated"),
        (10, "islanded"),
        (5, ""),
    ],
)
def test_a_wrong_status_is_refused(certified: Certify, row: int, status: str) -> None:
    run = certified("contingency")
    assert run.result.outages["status"][row] != status
    assert {"outages_status", "outages_counted"} & run.with_cell("outages", "status", row, status)


def test_a_solvable_outage_called_diverged_is_refused(certified: Certify) -> None:
    run = certified("contingency")
    table, violations = run.result.outages, run.result.violations
    gone = violations["outage"] != "branch.1"
    status, counts, worst = table["status"].copy(), table["violations"].copy(), table["worst"].copy()
    why = table["why"].copy()
    status[0], counts[0], worst[0], why[0] = "diverged", 0, np.nan, "no solution was found"
    failed = run.failed(
        outages=table.replace(status=status, violations=counts, worst=worst, why=why),
        violations=violations.where(gone),
        violated=run.result.violated - 1,
        diverged=1,
    )
    assert failed == {"divergences"}


def test_a_divergence_called_secure_is_refused(certified: Certify) -> None:
    run = certified("contingency", reactive_limits=True)
    assert run.result.outages["status"][0] == "diverged"
    status = run.result.outages["status"].copy()
    status[0] = "secure"
    failed = run.failed(outages=run.result.outages.replace(status=status), diverged=run.result.diverged - 1)
    assert "missed_rate" in failed


@pytest.mark.parametrize("table", ["outages", "buses", "branches", "units"])
def test_swapped_rows_are_refused(certified: Certify, table: str) -> None:
    assert certified("contingency").swapped(table, 0, 4)


def test_swapped_violations_are_refused(certified: Certify) -> None:
    assert certified("contingency").swapped("violations", 0, 1) == {"worst_first"}


def test_left_out_repeated_and_unknown_outages_are_refused(certified: Certify) -> None:
    run = certified("contingency")
    table = run.result.outages
    rows = np.arange(len(table))
    assert run.failed(outages=table.where(rows[:-1])) == {"outages_listed"}
    assert run.failed(outages=table.where(np.append(rows, rows[-1]))) == {"outages_listed"}
    assert run.with_cell("outages", "outage", 11, "branch.9") == {"outages_listed"}
    assert run.with_cell("violations", "outage", 0, "branch.9") >= {"outages_status"}


@pytest.mark.parametrize("why", ["branch.10 at 101 %", "", "branch.2 and branch.10", "bus.77 at 0.9 p.u."])
def test_a_reason_that_names_another_element_is_refused(certified: Certify, why: str) -> None:
    run = certified("contingency")
    assert "worst_named" in run.with_cell("outages", "why", 0, why)
    secure = int(np.flatnonzero(run.result.outages["status"] == "secure")[0])
    assert run.with_cell("outages", "why", secure, why) == ({"worst_named"} if why else set())


# --- violations ---


def _without_violation(run: Any, row: int, **more: Any) -> dict[str, Any]:
    """Give the study with one violation left out, and all that counts it set right."""
    table = run.result.violations
    kept = table.where(np.arange(len(table)) != row)
    name = table["outage"][row]
    at = int(np.flatnonzero(run.result.outages["outage"] == name)[0])
    counts, worst = run.result.outages["violations"].copy(), run.result.outages["worst"].copy()
    status, why = run.result.outages["status"].copy(), run.result.outages["why"].copy()
    counts[at] -= 1
    update = {"violations": kept, **more}
    if not counts[at]:
        worst[at], status[at], why[at] = np.nan, "secure", ""
        update["violated"] = run.result.violated - 1
    changed = {"violations": counts, "worst": worst, "status": status, "why": why}
    return {**update, "outages": run.result.outages.replace(**changed)}


def test_a_dropped_violation_of_an_outage_with_others_is_refused(certified: Certify) -> None:
    run = certified("contingency")
    of = run.result.violations["outage"]
    row = max(row for row in range(len(of)) if (of == of[row]).sum() > 1)
    assert run.failed(**_without_violation(run, row)) == {"violations"}


def test_a_dropped_violation_that_was_the_only_one_is_missed_by_no_full_audit(certified: Certify) -> None:
    run = certified("contingency")
    of = run.result.violations["outage"]
    row = next(row for row in range(len(of)) if (of == of[row]).sum() == 1)
    assert run.failed(**_without_violation(run, row)) == {"missed_rate"}


def test_a_dropped_violation_is_counted_against_its_outage(certified: Certify) -> None:
    run = certified("contingency")
    assert {"outages_status", "violations"} <= run.failed(
        violations=run.result.violations.where(slice(1, None))
    )


def test_an_added_violation_is_refused(certified: Certify) -> None:
    run = certified("contingency")
    table = run.result.violations
    last = len(table) - 1
    element = table["element"].copy()
    element[last] = "branch.10"  # far from its limit of 40 MVA
    value, limit, base = table["value"].copy(), table["limit"].copy(), table["base_value"].copy()
    value[last], limit[last], base[last] = 40.2, 40.0, run.result.branches["loading"][9] * 0.4
    kind, percent = table["limit_kind"].copy(), table["percent"].copy()
    kind[last], percent[last] = "rating", 100.5
    forged = table.replace(
        element=element, value=value, limit=limit, base_value=base, limit_kind=kind, percent=percent
    )
    assert "violations" in run.failed(violations=forged)


@pytest.mark.parametrize("element", ["branch.99", "branch.0", "bus.5", "bus.x", "branch", "gen.1", "bus.²"])
def test_a_violation_of_nothing_is_refused(certified: Certify, element: str) -> None:
    run = certified("contingency")
    assert run.with_cell("violations", "element", 0, element) >= {"violations", "violations_consistent"}
    assert run.with_cell("base_violations", "element", 0, element) == {"base_violations"}


@pytest.mark.parametrize("kind", ["vmax", "vmin", "", "rating "])
def test_a_violation_of_the_wrong_kind_is_refused(certified: Certify, kind: str) -> None:
    assert "violations" in certified("contingency").with_cell("violations", "limit_kind", 0, kind)


def test_dropped_and_repeated_base_violations_are_refused(certified: Certify) -> None:
    run = certified("contingency")
    table = run.result.base_violations
    rows = np.arange(len(table))
    assert run.failed(base_violations=table.where(rows[1:])) == {"base_violations"}
    assert run.failed(base_violations=table.where(np.append(rows, 0))) == {"base_violations"}


@pytest.mark.parametrize("column", ["value", "limit", "percent", "base_value"])
def test_what_is_not_a_number_is_refused(certified: Certify, column: str) -> None:
    run = certified("contingency")
    for number in (np.nan, np.inf):
        assert run.with_cell("violations", column, 0, number)
        if column != "base_value":
            assert run.with_cell("base_violations", column, 0, number)


@pytest.mark.parametrize("column", ["lost_load", "lost_generation", "worst"])
def test_an_outage_without_its_numbers_is_refused(certified: Certify, column: str) -> None:
    assert certified("contingency").with_cell("outages", column, 0, np.nan)


def test_a_study_by_other_rules_is_refused(certified: Certify) -> None:
    plain = certified("contingency")
    for params in VARIANTS[1:13]:
        if params not in ({"min_kv": 200.0}, {"worse_by": 0.0}):  # these change nothing here
            assert not plain.of(certified("contingency", **params).result).holds, params


def test_another_cases_study_is_refused(certified: Certify) -> None:
    plain = certified("contingency")
    assert not plain.of(certified("contingency", set=("bus.3.pd=111",)).result).holds
    assert not plain.of(certified("contingency", set=("branch.2.rate_a=79",)).result).holds
    assert not plain.of(certified("contingency", "case5_pjm").result).holds


# --- the audit ---


@pytest.mark.parametrize("audit", [300, 4])
def test_an_audit_of_all_proves_that_nothing_is_missed(certified: Certify, audit: int) -> None:
    run = certified("contingency", audit=audit)
    claim = next(claim for claim in run.of(run.result).claims if claim.name == "missed_rate")
    assert (claim.value, claim.bound) == (0, 0)
    assert claim.method.startswith("4 of 4 outages")


@pytest.mark.parametrize("audit", [0, 1, 3])
def test_an_audit_that_can_prove_nothing_is_refused(audit: int) -> None:
    with pytest.raises(ValidationError, match="audit"):
        ContingencyParams.model_validate({"case": "case.m", "audit": audit})


def test_a_larger_sample_proves_a_smaller_rate(certified: Certify) -> None:
    run = certified("contingency", "case14_ieee", audit=10)
    quiet = int((run.result.outages["violations"] == 0).sum() - run.result.diverged)
    assert quiet > 10
    claim = next(claim for claim in run.of(run.result).claims if claim.name == "missed_rate")
    assert (claim.value, claim.bound, claim.holds) == (0.3, 0.3, True)


def test_other_seeds_audit_other_outages_and_still_hold(certified: Certify) -> None:
    run = certified("contingency", "case14_ieee", audit=4)
    try:
        for seed in range(6):
            run.context.seed = seed
            assert run.of(run.result).holds
    finally:
        run.context.seed = 0


def test_a_missed_violation_shows_in_some_samples(certified: Certify) -> None:
    run = certified("contingency", "case14_ieee", audit=4)
    of = run.result.violations["outage"]
    row = max(row for row in range(len(of)) if (of == of[row]).sum() == 1)  # the order stays right
    forged = run.result.model_copy(update=_without_violation(run, row))
    held = []
    for seed in range(20):
        run.context.seed = seed
        held.append(run.of(forged).holds)
    run.context.seed = 0
    assert any(held)
    assert not all(held)


def test_no_more_than_the_worst_violations_are_solved_again(
    certified: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = certified("contingency")
    assert len(run.result.violations) < RESOLVED
    monkeypatch.setattr("genba.grid.certify.contingency.RESOLVED", 1)
    claim = next(claim for claim in run.of(run.result).claims if claim.name == "violations")
    assert claim.holds
    assert claim.method.startswith(
        f"1 outages holding the worst 1 of {len(run.result.violations)} violations"
    )


# --- no base ---


def test_a_study_without_a_base_holds_and_its_mutants_do_not(certified: Certify) -> None:
    run = certified("contingency", set=("bus.*.pd*=8",))
    assert run.result.outcome == "base_diverged"
    assert run.of(run.result).failed == ()
    assert run.failed(studied=1) == {"nothing_studied"}
    assert run.failed(violations=certified("contingency").result.violations) == {"nothing_studied"}
    assert run.failed(outcome="insecure")
    solvable = certified("contingency")
    assert {claim.name for claim in solvable.of(run.result).failed} == {"no_independent_solution"}


def test_outages_from_an_optimum_whose_units_stand_at_their_limits_hold(certified: Certify) -> None:
    """There voltages are at set points and outputs at limits at once, but for rounding."""
    units = certified("opf", "case118_ieee").result.units
    vm = dict(zip(units["bus"].tolist(), units["vm"].tolist(), strict=True))
    changes = tuple(
        change
        for unit, (bus, p, q) in enumerate(
            zip(units["bus"].tolist(), units["p"].tolist(), units["q"].tolist(), strict=True), 1
        )
        for change in (f"gen.{unit}.pg={p!r}", f"gen.{unit}.qg={q!r}", f"gen.{unit}.vg={vm[bus]!r}")
    )
    run = certified("contingency", "case118_ieee", set=changes, reactive_limits=True)
    assert run.of(run.result).failed == ()
    assert run.result.diverged <= 1
