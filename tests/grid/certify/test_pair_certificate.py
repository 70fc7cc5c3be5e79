"""Certificates of ranked pairs: the list and its order are derived anew, and mutants are refused."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from genba.grid.certify.circuit import circuit
from genba.grid.certify.joint_loss import Joint, above, joint_losses
from genba.grid.certify.schedule import schedule
from genba.grid.certify.violations import limits
from genba.grid.io.changes import apply
from genba.grid.io.matpower import read
from genba.num.table import Table

Certify = Callable[..., Any]


def without(table: Table, name: str) -> Table:
    return table.where(table["outage"] != name)


def joint_of(run: Any) -> Joint:
    """Give the pairs of a study's base as the certificate sees them."""
    grid = circuit(apply(read(run.context.path(run.params.case))[0], run.params.set))
    v = run.result.buses["vm"] * np.exp(1j * np.radians(run.result.buses["va"]))
    return joint_losses(grid, schedule(grid), v, limits(grid, run.params), run.context)


@pytest.mark.parametrize(
    "params",
    [
        {"pairs": 20},
        {"pairs": 20, "screen": "linear"},
        {"pairs": 300, "outages": "named"},
        {"pairs": 5, "slack": "distributed", "generation": "balanced"},
        {"pairs": 5, "monitored": ("branch.3", "bus.4")},
        {"pairs": 5, "monitored": ("bus.4",)},
        {"pairs": 5, "set": ("branch.3.status=0", "branch.7.x=0", "branch.9.x*=-0.1")},
    ],
)
@pytest.mark.parametrize("name", ["case14_ieee", "case39_epri"])
def test_our_pairs_hold(certified: Certify, name: str, params: dict[str, Any]) -> None:
    run = certified("contingency", name, **{"generation": "balanced", **params})
    assert run.of(run.result).failed == ()
    blind = params.get("monitored") == ("bus.4",)
    assert (len(run.result.ranked) == 0) == blind or run.result.outcome == "base_diverged"
    assert len(run.result.ranked) <= params["pairs"]


def test_pairs_of_the_workshop_hold(certified: Certify) -> None:
    run = certified("contingency", pairs=50)
    assert run.of(run.result).failed == ()
    assert set(run.result.ranked["outage"]) <= set(run.result.outages["outage"])
    names = set(run.result.ranked["outage"])
    assert "branch.2+branch.6" in names  # parallel, the ring stays whole
    assert "branch.1+branch.3" not in names  # parts 2 and 3 from the rest
    assert not any("branch.10" in name for name in names)  # a bridge


def test_the_index_is_that_of_equations_without_both_branches(certified: Certify) -> None:
    """Compares with DC equations of the grid without the pair, solved from nothing, for every pair."""
    run = certified("contingency", "case14_ieee", generation="balanced", pairs=100_000)
    case, result = read(run.context.path(run.params.case))[0], run.result
    f, t = (case.branch[end] - 1 for end in ("from_bus", "to_bus"))
    b = 1 / (case.branch["x"] * np.where(case.branch["ratio"] == 0, 1, case.branch["ratio"]))
    flow = (result.branches["p_from"] - result.branches["p_to"]) / 2
    rating = case.branch["rate_c"]

    def after(*lost: int) -> Any:
        on = np.ones(len(b), bool)
        on[list(lost)] = False
        incidence = np.zeros((len(b), len(case.bus)))
        incidence[np.arange(len(b)), f], incidence[np.arange(len(b)), t] = 1, -1
        stiff = np.where(on, b, 0)[:, None] * incidence
        matrix = (incidence.T @ stiff)[1:, 1:]
        if np.linalg.cond(matrix) > 1e10:
            return None
        sent = (incidence[list(lost)] * flow[list(lost), None]).sum(axis=0)[1:]
        return np.where(on, flow + stiff[:, 1:] @ np.linalg.solve(matrix, sent), 0)

    single = [after(row) for row in range(len(b))]
    expected = {}
    for i, j in combinations([row for row in range(len(b)) if single[row] is not None], 2):
        both = after(i, j)
        if both is not None:
            allowed = np.max([rating, np.abs(flow), np.abs(single[i]), np.abs(single[j])], axis=0)
            excess = 100 * (np.abs(both) - allowed) / rating
            excess[[i, j]] = -np.inf
            expected[f"branch.{i + 1}+branch.{j + 1}"] = excess.max()
    found = dict(zip(result.ranked["outage"], result.ranked["index"], strict=True))
    assert found.keys() == expected.keys()
    assert len(found) > 100
    assert max(abs(found[name] - expected[name]) for name in found) < 1e-6


def test_a_pair_left_out_is_refused(certified: Certify) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    for row in (0, 4, 9):
        name = run.result.ranked["outage"][row]
        failed = run.failed(
            ranked=without(run.result.ranked, name), outages=without(run.result.outages, name)
        )
        assert "pairs_ranked" in failed
        assert "outages_listed" in run.failed(outages=without(run.result.outages, name))
        assert "outages_listed" in run.failed(ranked=without(run.result.ranked, name))


def test_a_pair_exchanged_for_a_harmless_one_is_refused(certified: Certify) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    more = certified("contingency", "case30_ieee", generation="balanced", pairs=40)
    rows = np.append(np.arange(9), 30)
    ranked = more.result.ranked.where(rows)
    kept = {*ranked["outage"], *(name for name in run.result.outages["outage"] if "+" not in name)}
    outages = more.result.outages.where(np.isin(more.result.outages["outage"].astype(str), list(kept)))
    assert "pairs_ranked" in run.failed(ranked=ranked, outages=outages)


def test_more_pairs_than_asked_for_are_refused(certified: Certify) -> None:
    run, more = (certified("contingency", "case30_ieee", generation="balanced", pairs=k) for k in (10, 11))
    assert "pairs_ranked" in {claim.name for claim in run.of(more.result).failed}
    none = certified("contingency", "case30_ieee", generation="balanced")
    assert "pairs_ranked" in {claim.name for claim in none.of(run.result).failed}
    assert "pairs_ranked" in {claim.name for claim in run.of(none.result).failed}


def test_swapped_and_repeated_pairs_are_refused(certified: Certify) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    assert run.swapped("ranked", 0, 5) == {"pairs_ranked"}
    rows = np.arange(10)
    rows[9] = 8
    assert "pairs_ranked" in run.failed(ranked=run.result.ranked.where(rows))


@pytest.mark.parametrize("by", [1e-2, -1e-2, np.nan, np.inf])
def test_a_moved_index_is_refused(certified: Certify, by: float) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    assert "pairs_index" in run.moved("ranked", "index", 3, by)


@pytest.mark.parametrize("element", ["branch.1", "branch.99", "branch.0", "branch.²", "bus.1", ""])
def test_another_element_is_refused(certified: Certify, element: str) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    assert run.with_cell("ranked", "element", 0, element) == {"pairs_element"}


@pytest.mark.parametrize(
    "name", ["branch.2+branch.1", "branch.01+branch.2", "branch.1", "", "a+b", "branch.1+branch.99"]
)
def test_what_is_no_pair_is_refused(certified: Certify, name: str) -> None:
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    assert run.with_cell("ranked", "outage", 0, name) >= {"pairs_ranked", "outages_listed"}


@pytest.mark.parametrize("spell", ["branch.0{}+branch.{}", "branch.{}+branch.0{}", "{}+{}", "branch.{}+{}"])
def test_another_spelling_of_a_pair_is_refused(certified: Certify, spell: str) -> None:
    """Every table agrees on the name, so that only the name itself is wrong."""
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    name = run.result.ranked["outage"][3]
    other = spell.format(*name.replace("branch.", "").split("+"))
    tables = {}
    for table in ("ranked", "outages", "violations"):
        names = getattr(run.result, table)["outage"]
        spelt = np.array([other if one == name else one for one in names], object)
        tables[table] = getattr(run.result, table).replace(outage=spelt)
    assert "pairs_ranked" in run.failed(**tables)


def test_a_study_without_a_base_has_no_pairs(certified: Certify) -> None:
    run = certified("contingency", set=("bus.*.pd*=8",), pairs=5)
    assert run.of(run.result).failed == ()
    assert run.failed(ranked=certified("contingency", pairs=50).result.ranked) == {"nothing_studied"}


def test_only_the_largest_candidates_make_pairs(certified: Certify, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides leave out the same branches; a certificate of other candidates refuses."""
    run = certified("contingency", "case30_ieee", generation="balanced", pairs=10)
    assert run.of(run.result).holds
    monkeypatch.setattr("genba.grid.certify.joint_loss.CANDIDATES", 6)
    assert not run.of(run.result).holds
    assert len(joint_of(run).rows) == 6


@pytest.mark.parametrize("usual", [0.0, 0.99, 1.0])
@pytest.mark.parametrize(
    ("name", "scale"), [("case14_ieee", 1.0), ("case30_ieee", 1.0), ("case118_ieee", 1.5)]
)
def test_ratings_are_only_passed_over_where_they_cannot_matter(
    certified: Certify, monkeypatch: pytest.MonkeyPatch, name: str, scale: float, usual: float
) -> None:
    """Compares the pairs above a border, found in pieces, with the index of every pair over every rating."""
    monkeypatch.setattr("genba.grid.certify.joint_loss.USUAL", usual)
    monkeypatch.setattr("genba.grid.certify.joint_loss.IN_CACHE", 1000)
    wider = (f"branch.*.rate_a*={scale}", f"branch.*.rate_b*={scale}", f"branch.*.rate_c*={scale}")
    run = certified("contingency", name, generation="balanced", pairs=5, set=wider)
    joint = joint_of(run)
    count = len(joint.rows)
    with np.errstate(all="ignore"):  # pairs without a solution have no index
        index = np.array(
            [[joint.index(i, j) if j > i else np.nan for j in range(count)] for i in range(count)]
        )
    values = np.unique(index[np.isfinite(index)])
    apart = np.flatnonzero(np.diff(values) > 1e-6)  # not mere rounding
    places = apart[np.linspace(0, len(apart) - 1, 9).astype(int)]
    for border in (-np.inf, *((values[places] + values[places + 1]) / 2), values[-1] + 1):
        assert above(joint, border, run.context).tolist() == (index > border).tolist()
