"""Scenarios of `grid.powerflow`: each is a power flow of its own, whatever stands beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genba.grid
from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.core.operation import Outcome
from genba.grid.io import matpower
from genba.grid.operations import powerflow as module
from genba.grid.operations.powerflow import powerflow
from genba.grid.records.case import Case
from genba.grid.records.powerflow import PowerflowResult

SAME_PU = 1e-7
"""Largest difference of voltages and of outputs in 100 MW: both balance to 5e-9 p.u."""
EVERYTHING = ("bus.*.vm", "bus.*.va", "gen.*.p", "gen.*.q", "branch.*.loading", "branch.*.q_to")
HEADER = (
    "scenario,bus.3.pd,scale.load,gen.2.pg,gen.3.vg,gen.2.qmax,branch.8.ratio,branch.9.shift,bus.9.bs,"
    "branch.5.status,gen.3.status,branch.1.rate_a"
)
FILE = f"""{HEADER}
base,,,,,,,,,,,
low,40,0.6,20,,,,,,,,
high,110,1.2,60,1.02,,,,,,,100
tap,,,,,,0.95,2,,,,
shunt,,1.1,,,,,,40,,,
out,,0.9,,,,,,,0,,
unit,,1.05,,,,,,,,0,
limited,,1.1,,,15,,,,,,
both,,0.8,30,,,0.97,,,0,0,
never,,20,,,,,,,,,
"""
Batch = Callable[..., PowerflowResult]


@pytest.fixture
def batch(pglib: Path, tmp_path: Path) -> Batch:
    def batch(text: str, name: str = "case14_ieee", **params: Any) -> PowerflowResult:
        file = tmp_path / "scenarios.csv"
        file.write_text(text)
        given = {"case": str(pglib / f"pglib_opf_{name}.m"), "scenarios": str(file), **params}
        context = Context(threads=params.pop("threads", 1))
        given.pop("threads", None)
        return powerflow.function(powerflow.parse(given), context)

    return batch


def values(result: PowerflowResult) -> np.ndarray:
    """Give recorded values, a row for each scenario."""
    return np.asarray(result.recorded["value"].reshape(len(result.scenarios), -1))


def everything(result: PowerflowResult) -> np.ndarray:
    """Give what EVERYTHING records, of a single state."""
    units, branches = result.units, result.branches
    buses = result.buses["vm"], result.buses["va"]
    return np.concatenate([*buses, units["p"], units["q"], branches["loading"], branches["q_to"]])


def changes(text: str, row: int) -> tuple[str, ...]:
    """Give what `--set` takes for a scenario."""
    lines = [line.split(",") for line in text.splitlines()]
    found: list[str] = []
    for name, cell in zip(lines[0][1:], lines[1 + row][1:], strict=True):
        if cell and name == "scale.load":
            found += [f"bus.*.pd*={cell}", f"bus.*.qd*={cell}"]
        elif cell:
            found.append(f"{name}={cell}")
    return tuple(found)


@pytest.mark.parametrize("generation", ["case", "balanced"])
@pytest.mark.parametrize("slack", ["single", "distributed"])
@pytest.mark.parametrize("reactive_limits", [False, True])
def test_a_scenario_equals_the_single_power_flow(
    batch: Batch, pglib: Path, generation: str, slack: str, reactive_limits: bool
) -> None:
    rules: dict[str, Any] = {"generation": generation, "slack": slack, "reactive_limits": reactive_limits}
    result = batch(FILE, record=EVERYTHING, **rules)
    table = result.scenarios
    assert table["status"].tolist() == ["converged"] * 9 + ["diverged"]
    for row in range(9):
        case = str(pglib / "pglib_opf_case14_ieee.m")
        alone = powerflow.function(
            powerflow.parse({"case": case, "set": changes(FILE, row), **rules}), Context()
        )
        expected = everything(alone)
        np.testing.assert_allclose(values(result)[row], expected, atol=100 * SAME_PU, rtol=SAME_PU)
        vm, loading = alone.buses["vm"], alone.branches["loading"]
        assert table["load"][row] == pytest.approx(alone.load, abs=1e-9)
        assert table["losses"][row] == pytest.approx(alone.losses, abs=100 * SAME_PU)
        assert table["lowest_voltage"][row] == pytest.approx(np.nanmin(vm), abs=SAME_PU)
        assert table["highest_voltage"][row] == pytest.approx(np.nanmax(vm), abs=SAME_PU)
        assert table["largest_loading"][row] == pytest.approx(np.nanmax(loading), abs=100 * SAME_PU)
        assert table["largest_branch"][row] == np.nanargmax(loading) + 1
        assert table["overloads"][row] == (loading > 100).sum()
        limited = {bus for bus, limit in zip(alone.units["bus"], alone.units["limit"], strict=True) if limit}
        assert table["limited"][row] == len(limited)
    assert np.isnan(values(result)[9]).all()
    assert table["load"][9] == pytest.approx(20 * result.load)


def test_limits_and_other_topologies_were_met(batch: Batch) -> None:
    """Guards the test above: it means little when no limit holds and no branch is out."""
    table = batch(FILE, reactive_limits=True).scenarios
    assert table["limited"][:9].max() > 0
    assert table["overloads"].max() > 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(10)), threads=st.sampled_from([1, 3]))
def test_the_order_of_scenarios_and_threads_change_nothing(
    batch: Batch, order: Sequence[int], threads: int
) -> None:
    lines = FILE.splitlines()
    shuffled = "\n".join([lines[0], *(lines[1 + row] for row in order)])
    rules: dict[str, Any] = {"record": EVERYTHING, "reactive_limits": True, "slack": "distributed"}
    straight, mixed = batch(FILE, **rules), batch(shuffled, threads=threads, **rules)
    np.testing.assert_array_equal(values(mixed), values(straight)[list(order)])
    for name in straight.scenarios.columns.names:
        np.testing.assert_array_equal(mixed.scenarios[name], straight.scenarios[name][list(order)])


def test_many_blocks_equal_one_scenario_each(batch: Batch) -> None:
    factors = np.round(np.random.default_rng(0).uniform(0.5, 1.3, 150), 3)
    text = "scale.load\n" + "\n".join(map(str, factors))
    together = batch(text, record=("bus.*.vm",), threads=2)
    for row in (0, 63, 64, 149):
        alone = batch(f"scale.load\n{factors[row]}", record=("bus.*.vm",))
        np.testing.assert_array_equal(values(together)[row], values(alone)[0])


def _ppc(case: Case, result: PowerflowResult) -> dict[str, Any]:
    """Give a case in PYPOWER's form, with the outputs of a result."""
    bus, gen, branch = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    gen[:, 1] = result.units["p"]
    return {"version": "2", "baseMVA": case.base_mva, "bus": bus, "gen": gen, "branch": branch}


def test_voltages_equal_those_of_lightsim2grid(batch: Batch, pglib: Path) -> None:
    network = pytest.importorskip("lightsim2grid.network", reason="lightsim2grid is not installed")
    case, _ = matpower.read(pglib / "pglib_opf_case118_ieee.m")
    factors = np.round(np.random.default_rng(1).uniform(0.8, 1.2, 9), 3)
    rules: dict[str, Any] = {"generation": "balanced", "record": ("bus.*.vm", "bus.*.va")}
    result = batch("scale.load\n" + "\n".join(map(str, factors)), "case118_ieee", **rules)
    for row, factor in enumerate(factors.tolist()):
        given = {"case": str(pglib / "pglib_opf_case118_ieee.m"), "generation": "balanced"}
        scaled = (f"bus.*.pd*={factor}", f"bus.*.qd*={factor}")
        alone = powerflow.function(powerflow.parse({**given, "set": scaled}), Context())
        grid = _ppc(case, alone)
        grid["bus"][:, 2:4] *= factor
        vm, va = values(result)[row].reshape(2, -1)
        voltage = vm * np.exp(1j * np.radians(va))
        found = network.init_from_matpower(grid).ac_pf(np.exp(1j * np.angle(voltage)), 30, 1e-9)
        assert len(found), "lightsim2grid did not converge"
        assert np.abs(found - voltage).max() < 1e-8


def test_scenarios_of_a_case_without_solution_are_solved_all_the_same(batch: Batch) -> None:
    result = batch("scale.load\n20\n1\n", set=("bus.*.pd*=20",))
    assert result.outcome == "diverged"
    assert result.scenarios["status"].tolist() == ["diverged", "diverged"]
    result = batch("scale.load\n1\n0.05\n", set=("bus.*.pd*=20", "bus.*.qd*=20"))
    assert result.outcome == "diverged"
    assert result.scenarios["status"].tolist() == ["diverged", "converged"]


def test_what_is_off_everywhere_is_a_state_without_voltages(batch: Batch) -> None:
    text = ",".join(f"gen.{row}.status" for row in range(1, 6)) + "\n0,0,0,0,0\n,,,,\n"
    result = batch(text)
    table = result.scenarios
    assert table["status"].tolist() == ["converged", "converged"]
    assert table["unserved"].tolist() == pytest.approx([result.load, 0.0])
    assert np.isnan(table["lowest_voltage"][0])
    assert table["lowest_bus"].tolist()[0] == 0


def test_a_branch_may_be_closed_that_the_case_has_open(batch: Batch) -> None:
    result = batch(
        "branch.14.status\n1\n\n0\n", set=("branch.14.status=0", "bus.8.type=1"), record=("bus.8.vm",)
    )
    vm = result.recorded["value"]
    assert np.isfinite(vm).tolist() == [True, True]


def test_faults_of_the_file_forbid_the_run(batch: Batch) -> None:
    with pytest.raises(InputError, match="and 1 more") as error:
        batch("scale.load,bus.99.pd\nx,1\n")
    assert {finding.code for finding in error.value.findings} >= {
        "grid.scenario_cell",
        "grid.scenario_element",
    }


def test_recording_is_bounded_and_needs_scenarios(
    batch: Batch, pglib: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RECORDED", 20)
    with pytest.raises(InputError, match="at most 20 are kept"):
        batch("scale.load\n1\n1.1\n", record=("bus.*.vm",))
    with pytest.raises(InputError, match="give a file of scenarios"):
        genba.grid.powerflow(case=str(pglib / "pglib_opf_case14_ieee.m"), record=("bus.1.vm",))


def test_a_run_is_cancelled_between_blocks_and_within(pglib: Path, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("scale.load\n" + "1.1\n" * 8000)
    params = powerflow.parse({"case": str(pglib / "pglib_opf_case14_ieee.m"), "scenarios": str(file)})
    for after in (4, 6, 9):
        asked = iter([False] * after)
        with pytest.raises(Cancelled):
            powerflow.function(params, Context(cancelled=lambda asked=asked: next(asked, True)))  # type: ignore[misc]


def test_views_show_scenarios_and_gaps(batch: Batch) -> None:
    result = batch(FILE)
    views = powerflow.views(powerflow.parse({"case": "pglib:case14_ieee"}), result)
    by_key = {chart.key: chart for chart in views.charts}
    lowest = by_key["scenario_voltages"].series[0]  # type: ignore[union-attr]
    assert lowest.y[-1] is None
    assert lowest.y[0] == pytest.approx(np.nanmin(result.buses["vm"]))
    assert {headline.key for headline in views.headlines} >= {"scenarios_studied", "scenarios_violated"}
    many = batch("scale.load\n" + "\n".join(f"{0.5 + 0.0002 * n:.4f}" for n in range(2500)))
    views = powerflow.views(powerflow.parse({"case": "pglib:case14_ieee"}), many)
    drawn = next(chart for chart in views.charts if chart.key == "scenario_losses").series[0]  # type: ignore[union-attr]
    assert len(drawn.y) == 1000
    assert max(y for y in drawn.y if y is not None) == pytest.approx(np.nanmax(many.scenarios["losses"]))


def test_the_whole_outcome_holds(pglib: Path, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(FILE)
    outcome: Outcome[PowerflowResult] = genba.grid.powerflow(
        case=str(pglib / "pglib_opf_case14_ieee.m"), scenarios=str(file), record=("bus.3.vm",)
    )
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.scenarios_studied == 10
    assert outcome.result.scenarios_diverged == 1


@pytest.mark.parametrize("params", [{"audit": 50}, {"record": ("bus.7.vm",)}])
def test_options_of_scenarios_are_refused_without_scenarios(pglib: Path, params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(InputError, match="no effect; leave it out, or give a file of scenarios") as caught:
        powerflow(case=str(pglib / "pglib_opf_case14_ieee.m"), **params)
    assert caught.value.where == name
