"""`grid.opf --start best`: of several local optima the cheapest is kept, and the others are told.

WB5 has two optima, published with their costs by Bukhsh, Grothey, McKinnon and Trodden (2013), Local
solutions of the optimal power flow problem, IEEE Transactions on Power Systems 28(4).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.operation import Outcome
from genba.grid.kernels import ac_opf
from genba.grid.operations.opf import opf
from genba.grid.records.opf import OpfResult

LEAST, LOCAL, PRINTED = 946.58, 1082.33, 0.005  # $/h, as printed
LOADS = {1: (0, 0), 2: (130, 20), 3: (130, 20), 4: (65, 10), 5: (0, 0)}
LINES = [
    (1, 2, 0.04, 0.09, 0.0),
    (1, 3, 0.05, 0.10, 0.0),
    (2, 4, 0.55, 0.90, 0.45),
    (3, 5, 0.55, 0.90, 0.45),
    (4, 5, 0.06, 0.10, 0.0),
    (2, 3, 0.07, 0.09, 0.0),
]
KINDS = {1: 3, 5: 2}
COSTS = {1: 4, 5: 1}


@pytest.fixture
def wb5(tmp_path: Path) -> str:
    """Give the path of the case, as MATPOWER writes it."""
    tables = {
        "bus": [
            f"{bus} {KINDS.get(bus, 1)} {p} {q} 0 0 1 1 0 345 1 1.05 0.95" for bus, (p, q) in LOADS.items()
        ],
        "gen": [f"{bus} 0 0 1800 -30 1 100 1 5000 0" for bus in COSTS],
        "branch": [f"{f} {t} {r} {x} {b} 2500 0 0 0 0 1 -360 360" for f, t, r, x, b in LINES],
        "gencost": [f"2 0 0 3 0 {cost} 0" for cost in COSTS.values()],
    }
    text = "function mpc = WB5\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
    for name, rows in tables.items():
        text += f"mpc.{name} = [\n" + "".join(f"{row};\n" for row in rows) + "];\n"
    path = tmp_path / "wb5.m"
    path.write_text(text)
    return str(path)


def _solved(case: str, start: str, **params: Any) -> Outcome[OpfResult]:
    outcome = opf(case=case, start=start, **params)
    assert outcome.certificate.holds, outcome.certificate.failed
    return outcome


def _told(outcome: Outcome[OpfResult]) -> list[str]:
    return [one.message for one in outcome.findings if one.code == "grid.opf_other_optima"]


def test_the_cheapest_optimum_is_kept_and_the_others_are_told(wb5: str) -> None:
    assert _solved(wb5, "flat").result.cost == pytest.approx(LOCAL, abs=PRINTED)
    best = _solved(wb5, "best")
    assert best.result.outcome == "optimal"
    assert best.result.cost == pytest.approx(LEAST, abs=PRINTED)
    starts = best.result.starts
    assert starts["start"].tolist() == ["dc", "flat", "case"]
    assert starts["outcome"].tolist() == ["optimal"] * 3
    assert starts["cost"][:2].tolist() == pytest.approx([LEAST, LOCAL], abs=PRINTED)
    assert starts["difference"][:2].tolist() == pytest.approx([0, LOCAL - LEAST], abs=2 * PRINTED)
    assert starts["iterations"].sum() == best.result.iterations
    assert starts["cost"][starts["kept"]].tolist() == [pytest.approx(best.result.cost)]
    assert f"dc {LEAST}" in _told(best)[0]
    assert "flat 1,082.33" in _told(best)[0]
    assert np.nanmin(best.result.trace["objective"][-3:]) == pytest.approx(LEAST, rel=1e-3)  # it is told last


def test_one_optimum_from_everywhere_is_not_worth_a_word() -> None:
    best, auto = _solved("pglib:case14_ieee", "best"), _solved("pglib:case14_ieee", "auto")
    assert best.result.cost == pytest.approx(auto.result.cost, rel=1e-6)
    assert best.result.iterations > auto.result.iterations
    assert not _told(best)
    assert best.result.starts["difference"] == pytest.approx(0.0, abs=1e-3)
    assert len(auto.result.starts) == 0


@pytest.mark.parametrize("lost", ["dc", "flat", "case"])
def test_a_start_that_leads_nowhere_does_not_spoil_the_others(
    wb5: str, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ac_opf.STARTS["dc"]
    monkeypatch.setitem(ac_opf.STARTS, lost, lambda *given: np.full_like(first(*given), np.nan))
    best = _solved(wb5, "best").result
    assert best.outcome == "optimal"
    nowhere = best.starts["start"] == lost
    assert best.starts["outcome"][nowhere].tolist() == ["unsolved"]
    assert np.isnan(best.starts["cost"][nowhere]).all()
    assert best.cost == pytest.approx(LOCAL if lost == "dc" else LEAST, abs=PRINTED)


def test_iterations_are_counted_from_each_start(wb5: str) -> None:
    starts = [_solved(wb5, start).result.iterations for start in ("dc", "flat", "case")]
    enough = _solved(wb5, "best", max_iterations=max(starts)).result
    assert (enough.outcome, enough.iterations) == ("optimal", sum(starts))
    short = _solved(wb5, "best", max_iterations=1).result
    assert short.outcome in ("feasible", "unsolved")


def test_what_no_start_can_meet_is_diagnosed(wb5: str) -> None:
    result = _solved(wb5, "best", set=("bus.*.pd*=40",)).result
    assert result.outcome == "infeasible"
    assert len(result.relaxations)
    assert result.starts["outcome"].tolist() == ["infeasible"] * 3
    assert np.isnan(result.starts["cost"]).all()
    assert result.starts["kept"].sum() == 1
