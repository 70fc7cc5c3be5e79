"""`grid.dispatch` on real cases: PGLib's DC column, infeasible cases, dead parts, views, failures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.core.operation import Outcome
from genba.grid.operations.dispatch import dispatch
from genba.grid.records.dispatch import DispatchResult

BASELINE = 1e-4  # PGLib prints five digits
CASES = [
    *("case3_lmbd", "case5_pjm", "case14_ieee", "case24_ieee_rts", "case30_as", "case39_epri", "case57_ieee"),
    *(
        "case73_ieee_rts",
        "case89_pegase",
        "case118_ieee",
        "case162_ieee_dtc",
        "case197_snem",
        "case200_activ",
    ),
    *("case300_ieee", "case500_goc", "case793_goc", "case1354_pegase"),
    *("case5_pjm__api", "case14_ieee__api", "case24_ieee_rts__api", "case118_ieee__api", "case300_ieee__api"),
    *("case3_lmbd__sad", "case39_epri__sad", "case24_ieee_rts__sad"),
]
INFEASIBLE = [
    "case5_pjm__sad",
    "case14_ieee__sad",
    "case118_ieee__sad",
    "case500_goc__sad",
    "case588_sdet__sad",
]


def _file(pglib: Path, name: str) -> Path:
    return pglib / name.partition("__")[2] / f"pglib_opf_{name}.m"


def _run(pglib: Path, name: str, **params: Any) -> Outcome[DispatchResult]:
    return dispatch(case=str(_file(pglib, name)), **params)


def _baseline(pglib: Path, name: str) -> str:
    rows = (pglib / "BASELINE.md").read_text().splitlines()
    return next(row.split("|")[4].strip() for row in rows if row.startswith(f"| pglib_opf_{name} "))


@pytest.mark.parametrize("name", CASES)
def test_the_cost_is_that_of_pglibs_dc_column(pglib: Path, name: str) -> None:
    outcome = _run(pglib, name, formulation="dcp")
    assert outcome.result.cost == pytest.approx(float(_baseline(pglib, name)), rel=BASELINE)
    assert outcome.certificate.holds, outcome.certificate.failed


@pytest.mark.parametrize("name", INFEASIBLE)
def test_what_pglib_calls_infeasible_ends_with_a_proof(pglib: Path, name: str) -> None:
    outcome = _run(pglib, name, formulation="dcp")
    assert _baseline(pglib, name) == "inf."
    assert outcome.result.outcome == "infeasible"
    assert outcome.result.shortfall > 0
    assert outcome.certificate.holds, outcome.certificate.failed
    views = dispatch.views(dispatch.parse({"case": "x.m"}), outcome.result)
    assert views.headlines[0].key == "shortfall"
    assert views.charts[0].key == "shortfall"


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee__api", "case1354_pegase"])
def test_matpowers_model_is_certified_too(pglib: Path, name: str) -> None:
    assert _run(pglib, name, formulation="dcmp").certificate.holds


def test_a_branch_without_reactance_gets_the_stated_one(pglib: Path) -> None:
    taken = _run(pglib, "case14_ieee", set=("branch.3.x=0",))
    given = _run(pglib, "case14_ieee", set=("branch.3.x=0.0001",))
    assert taken.certificate.holds
    assert taken.result.cost == pytest.approx(given.result.cost)


def test_leaving_limits_out_never_costs_more(pglib: Path) -> None:
    bound = _run(pglib, "case5_pjm").result.cost
    free = _run(pglib, "case5_pjm", branch_limits=False, angle_limits=False).result
    assert bound is not None
    assert free.cost is not None
    assert free.cost < bound
    assert np.abs(free.branches["flow_price"]).max() == 0
    assert np.ptp(free.buses["price"]) < 1e-6  # one price where nothing is congested


def test_the_price_is_the_cost_of_one_more_megawatt(pglib: Path) -> None:
    """A finite difference over 0.1 MW, small enough that the basis stays."""
    result = _run(pglib, "case5_pjm", formulation="dcp").result
    more = _run(pglib, "case5_pjm", formulation="dcp", set=("bus.2.pd=300.1",)).result
    assert result.cost is not None
    assert more.cost is not None
    row = int(np.flatnonzero(result.buses["bus"] == 2)[0])
    assert (more.cost - result.cost) / 0.1 == pytest.approx(result.buses["price"][row], rel=1e-6)


def test_what_no_unit_reaches_is_dead_and_unserved(pglib: Path) -> None:
    """Bus 8 of case14 hangs on branch 14; its unit is taken out, so it is dead."""
    outcome = _run(pglib, "case14_ieee", set=("branch.14.status=0", "gen.5.status=0", "bus.8.pd=9"))
    result = outcome.result
    assert outcome.certificate.holds, outcome.certificate.failed
    assert result.unserved == 9
    row = int(np.flatnonzero(result.buses["bus"] == 8)[0])
    assert np.isnan(result.buses["va"][row])
    assert np.isnan(result.buses["price"][row])
    assert result.buses["demand"][row] == 0
    assert not result.branches["in_service"][13]
    assert np.isnan(result.units["marginal_cost"][4])


def test_an_island_with_a_unit_is_dispatched_by_itself(pglib: Path) -> None:
    outcome = _run(pglib, "case14_ieee", set=("branch.14.status=0", "gen.5.pmax=50", "bus.8.pd=9"))
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.units["p"][4] == pytest.approx(9)


def test_a_cost_that_is_not_convex_is_refused_with_its_unit(pglib: Path, tmp_path: Path) -> None:
    text = _file(pglib, "case3_lmbd").read_text()
    assert "0.110000" in text
    file = tmp_path / "concave.m"
    file.write_text(text.replace("0.110000", "-0.110000"))
    with pytest.raises(InputError, match="gen 1") as caught:
        dispatch(case=str(file))
    assert "grid.cost_not_solved" in {finding.code for finding in caught.value.findings}


def test_a_case_without_costs_is_dispatched_for_nothing(pglib: Path, tmp_path: Path) -> None:
    text = _file(pglib, "case14_ieee").read_text()
    before, _, rest = text.partition("mpc.gencost")
    file = tmp_path / "free.m"
    file.write_text(before + rest.partition("];")[2])
    outcome = dispatch(case=str(file))
    assert outcome.result.cost == 0
    assert outcome.certificate.holds


def test_a_run_is_cancelled_while_it_solves(pglib: Path) -> None:
    asked: list[str] = []
    context = Context(
        report=lambda fraction, message: asked.append(message), cancelled=lambda: len(asked) > 1
    )
    with pytest.raises(Cancelled):
        dispatch(context, case=str(_file(pglib, "case300_ieee")))


def test_progress_never_goes_back_and_ends_before_one(pglib: Path) -> None:
    heard: list[float] = []
    params = dispatch.parse({"case": str(_file(pglib, "case300_ieee"))})
    dispatch.function(params, Context(report=lambda fraction, message: heard.append(fraction)))
    assert heard
    assert max(heard) < 1


# --- views ---


def test_views_show_cost_prices_loading_outputs_and_merit_order(pglib: Path) -> None:
    outcome = _run(pglib, "case118_ieee__api")
    views = dispatch.views(dispatch.parse({"case": "pglib:case118_ieee"}), outcome.result)
    assert [headline.key for headline in views.headlines] == ["cost", "load", "average_price", "congested"]
    assert [chart.key for chart in views.charts] == ["price_profile", "loading", "outputs", "merit_order"]
    assert views.headlines[0].value == outcome.result.cost
    assert views.attribution.startswith("PGLib")
    loading = next(chart for chart in views.charts if chart.key == "loading")
    rated = np.isfinite(outcome.result.branches["loading"]) & outcome.result.branches["in_service"]
    assert sum(loading.series[0].y) == rated.sum()  # type: ignore[union-attr]
    average = views.headlines[2].value
    price = outcome.result.buses["price"]
    assert average is not None
    assert price.min() <= average <= price.max()


def test_charts_stay_small_on_a_large_case(pglib: Path) -> None:
    outcome = _run(pglib, "case1354_pegase")
    views = dispatch.views(dispatch.parse({"case": "x.m"}), outcome.result)
    assert views.attribution == ""
    assert all(len(series.x) <= 400 for chart in views.charts for series in chart.series)  # type: ignore[union-attr]


def test_views_of_a_grid_without_life_do_not_raise(pglib: Path) -> None:
    result = _run(pglib, "case5_pjm").result
    empty = result.model_copy(
        update={
            name: getattr(result, name).where(np.zeros(0, int)) for name in ("units", "buses", "branches")
        }
    )
    for outcome in ("optimal", "infeasible"):
        views = dispatch.views(dispatch.parse({"case": "x.m"}), empty.model_copy(update={"outcome": outcome}))
        assert views.headlines[2].value is None
