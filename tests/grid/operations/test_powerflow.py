"""`grid.powerflow` from file to certified result: other tools, outcomes, and what each parameter does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genba.grid
from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.core.operation import Outcome
from genba.grid.io import matpower
from genba.grid.operations.powerflow import powerflow
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.grid.records.powerflow import PowerflowResult
from genba.num import parquet
from genba.num.table import table

AGREEMENT = 1e-8
"""Largest difference of a complex voltage between tools, p.u.: both solve the balance to 1e-9."""
EVERYWHERE = (
    "case14_ieee",
    "case24_ieee_rts",
    "case30_ieee",
    "case57_ieee",
    "case89_pegase",
    "case118_ieee",
    "case200_activ",
    "case300_ieee",
    "case588_sdet",
    "case793_goc",
    "case1354_pegase",
)
PANDAPOWER = (
    "case14_ieee",
    "case30_ieee",
    "case39_epri",
    "case57_ieee",
    "case60_c",
    "case89_pegase",
    "case118_ieee",
    "case179_goc",
    "case200_activ",
    "case1354_pegase",
)
"""Cases that pandapower's converter takes over exactly: it has no transformer with capacitive charging."""

Run = Callable[..., Outcome[PowerflowResult]]


@pytest.fixture
def run(pglib: Path) -> Run:
    def run(name: str, **params: Any) -> Outcome[PowerflowResult]:
        return genba.grid.powerflow(case=str(pglib / f"pglib_opf_{name}.m"), **params)

    return run


def voltages(result: PowerflowResult) -> np.ndarray:
    return result.buses["vm"] * np.exp(1j * np.radians(result.buses["va"]))


def ppc(case: Case, result: PowerflowResult) -> dict[str, Any]:
    """Give a case in PYPOWER's form, with the outputs of a result."""
    bus, gen, branch = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    gen[:, 1] = result.units["p"]
    return {"version": "2", "baseMVA": case.base_mva, "bus": bus, "gen": gen, "branch": branch}


@pytest.mark.parametrize("name", EVERYWHERE)
def test_voltages_equal_those_of_lightsim2grid(run: Run, pglib: Path, name: str) -> None:
    network = pytest.importorskip("lightsim2grid.network", reason="lightsim2grid is not installed")
    result = run(name, generation="balanced").result
    case, _ = matpower.read(pglib / f"pglib_opf_{name}.m")
    angles = np.radians(result.buses["va"])  # magnitudes start flat, angles near the solution
    found = network.init_from_matpower(ppc(case, result)).ac_pf(np.exp(1j * angles), 30, 1e-9)
    assert len(found), "lightsim2grid did not converge"
    assert np.abs(found - voltages(result)).max() < AGREEMENT


@pytest.mark.filterwarnings("ignore")  # pandapower's own
@pytest.mark.parametrize("name", PANDAPOWER)
def test_voltages_equal_those_of_pandapower(run: Run, pglib: Path, name: str) -> None:
    pandapower = pytest.importorskip("pandapower", reason="pandapower is not installed")
    converter = pytest.importorskip("pandapower.converter.pypower")
    result = run(name, generation="balanced").result
    case, _ = matpower.read(pglib / f"pglib_opf_{name}.m")
    grid = converter.from_ppc(ppc(case, result), f_hz=50, validate_conversion=False)
    pandapower.runpp(
        grid, init="dc", calculate_voltage_angles=True, trafo_model="pi", tolerance_mva=1e-9 * case.base_mva
    )
    found = grid.res_bus.vm_pu.to_numpy() * np.exp(1j * np.radians(grid.res_bus.va_degree.to_numpy()))
    assert np.abs(found - voltages(result)).max() < AGREEMENT


@pytest.mark.parametrize("start", ["flat", "dc", "case"])
@pytest.mark.parametrize("slack", ["single", "distributed"])
@pytest.mark.parametrize("reactive_limits", [False, True])
def test_every_way_of_solving_holds(run: Run, start: str, slack: str, reactive_limits: bool) -> None:
    outcome = run("case118_ieee", start=start, slack=slack, reactive_limits=reactive_limits)
    assert outcome.result.outcome == "converged"
    assert outcome.certificate.holds, outcome.certificate.failed


@pytest.mark.parametrize("name", ["case73_ieee_rts", "case197_snem", "case500_goc", "case1888_rte"])
def test_balanced_units_leave_the_slack_only_losses(run: Run, name: str) -> None:
    outcome = run(name, generation="balanced")
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.outcome == "converged"


def test_a_case_of_isolated_and_unfed_buses_counts_what_is_not_served(run: Run) -> None:
    result = run("case14_ieee", set=("branch.14.status=0", "bus.13.type=4")).result
    kind = dict(zip(result.buses["bus"].tolist(), result.buses["kind"].tolist(), strict=True))
    assert kind[13] == "off"
    assert result.unserved == pytest.approx(13.5)
    assert np.isnan(result.buses["vm"][12])


@pytest.mark.parametrize("name", ["case39_epri", "case300_ieee", "case162_ieee_dtc"])
def test_a_case_without_solution_is_a_divergence_that_holds(run: Run, name: str) -> None:
    outcome = run(name, generation="case")
    result = outcome.result
    assert result.outcome == "diverged"
    assert np.isfinite(result.buses["vm"]).all()
    assert (result.buses["vm"] > 0).all()
    assert result.largest_mismatch is not None
    assert result.largest_mismatch > 1e-3
    assert np.isnan(result.units["p"]).all()
    assert result.losses is None
    assert outcome.certificate.holds, outcome.certificate.failed


def test_the_limit_of_steps_ends_as_a_divergence(run: Run) -> None:
    result = run("case118_ieee", max_iterations=1).result
    assert result.outcome == "diverged"
    assert result.iterations == 1


def dispatch_file(folder: Path, case: Case, p: np.ndarray) -> str:
    path = folder / "dispatch_units.parquet"
    units = table(
        DISPATCH_UNITS,
        unit=np.arange(1, len(p) + 1),
        bus=case.gen["bus"],
        in_service=case.gen["status"] > 0,
        p=p,
        q=np.full(len(p), np.nan),
        vm=np.full(len(p), np.nan),
        pmin=case.gen["pmin"],
        pmax=case.gen["pmax"],
        qmin=case.gen["qmin"],
        qmax=case.gen["qmax"],
        marginal_cost=np.zeros(len(p)),
    )
    parquet.write(units, path)
    return str(path)


def test_a_dispatch_sets_every_unit_but_the_slack(run: Run, pglib: Path, tmp_path: Path) -> None:
    case, _ = matpower.read(pglib / "pglib_opf_case30_ieee.m")
    p = case.gen["pg"] + np.arange(len(case.gen))
    result = run("case30_ieee", generation=dispatch_file(tmp_path, case, p)).result
    reference = result.buses["bus"][result.buses["kind"] == "reference"]
    others = ~np.isin(result.units["bus"], reference)
    np.testing.assert_allclose(result.units["p"][others], p[others], atol=1e-9)


def test_a_dispatch_of_another_case_is_refused(run: Run, pglib: Path, tmp_path: Path) -> None:
    case, _ = matpower.read(pglib / "pglib_opf_case30_ieee.m")
    with pytest.raises(InputError, match="give the dispatch of the same case"):
        run("case14_ieee", generation=dispatch_file(tmp_path, case, case.gen["pg"]))


def test_an_unfinished_dispatch_is_refused(run: Run, pglib: Path, tmp_path: Path) -> None:
    case, _ = matpower.read(pglib / "pglib_opf_case14_ieee.m")
    with pytest.raises(InputError, match="without an output"):
        run("case14_ieee", generation=dispatch_file(tmp_path, case, np.full(len(case.gen), np.nan)))


def test_a_cancelled_run_stops(pglib: Path) -> None:
    params = powerflow.parse({"case": str(pglib / "pglib_opf_case14_ieee.m")})
    with pytest.raises(Cancelled):
        powerflow.function(params, Context(cancelled=lambda: True))


def test_views_show_a_state_and_never_fail(run: Run) -> None:
    for params in ({"generation": "balanced"}, {"generation": "case"}):
        result = run("case39_epri", **params).result
        views = powerflow.views(powerflow.parse({"case": "pglib:case39_epri", **params}), result)
        assert "CC BY 4.0" in views.attribution
        assert views.charts
        assert views.not_covered
        assert {headline.key for headline in views.headlines} == {
            "load", "losses", "lowest_voltage", "highest_loading", "mismatch"
        }  # fmt: skip
        profile = next(chart for chart in views.charts if chart.kind == "line")
        heights = [y for y in profile.series[0].y if y is not None]
        assert heights == sorted(heights)
        assert (min(heights), max(heights)) == (np.nanmin(result.buses["vm"]), np.nanmax(result.buses["vm"]))
        network = next(chart for chart in views.charts if chart.kind == "network")
        assert len(network.nodes) == 39
        ids = {node.id for node in network.nodes}
        assert all({link.source, link.target} <= ids for link in network.links)


def test_a_grid_without_units_is_refused(run: Run) -> None:
    with pytest.raises(InputError, match="nothing supplies the grid"):
        run("case14_ieee", set=("gen.*.status=0",))


def test_a_large_grid_is_drawn_by_its_highest_voltages(run: Run) -> None:
    result = run("case4661_sdet", start="flat", max_iterations=1).result
    views = powerflow.views(powerflow.parse({"case": "x.m"}), result)
    network = next(chart for chart in views.charts if chart.kind == "network")
    assert 0 < len(network.nodes) <= 3000
    assert network.key == "network_diverged_backbone"
