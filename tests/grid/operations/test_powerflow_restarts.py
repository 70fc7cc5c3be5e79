"""Where the start leads nowhere, power flows and bases of outages are solved all the same, and certified."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genba.grid
from genba.core.context import Context
from genba.grid.certify.powerflow import certify_powerflow
from genba.grid.records.powerflow import PowerflowParams

HIGH = np.sqrt((1 + np.sqrt(1 - 4 * (0.5 * 0.1) ** 2)) / 2)
"""The higher root of v^4 - v^2 + (p x)^2 = 0 with 0.5 p.u. over 0.1 p.u."""
HEAD = "function mpc = tiny\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
TURNED = f"""{HEAD}
mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 1 50 0 0 0 1 1 114.6 1 1 1.1 0.9 ];
mpc.gen = [ 1 50 0 99 -99 1 100 1 200 0 ];
mpc.branch = [ 1 2 0 0.1 0 0 0 0 0 0 1 0 0 ];
"""
"""A case whose own angles are 115 degrees apart."""
ONE_SIDED = f"""{HEAD}
mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 2 244 0 0 0 1 1 0 1 1 1.1 0.9; 3 2 0 0 0 0 1 1 0 1 1 1.1 0.9 ];
mpc.gen = [
  1 150 0 999 -999 1 100 1 400 150; 2 0 0 999 -999 1 100 1 0 0; 3 95 0 999 -999 1 100 1 95 0;
];
mpc.branch = [ 1 2 0.1 0.1 0 0 0 0 0 0 1 0 0; 3 2 0 1 0 0 0 0 0 0 1 0 0; 3 2 0 20 0 0 0 0 0 0 1 0 0 ];
"""
"""Outputs of 1 MW more than demand, 70 MW of losses; downwards only the weakly tied unit 3 has headroom."""


def written(folder: Path, text: str) -> str:
    (folder / "tiny.m").write_text(text)
    return str(folder / "tiny.m")


def test_the_cases_own_voltages_need_not_lead_to_the_solution(tmp_path: Path) -> None:
    case = written(tmp_path, TURNED)
    found = genba.grid.powerflow(case=case, start="case")
    assert found.certificate.holds
    assert found.result.outcome == "converged"
    assert found.result.buses["vm"][1] == pytest.approx(HIGH, abs=1e-8)


def test_a_scenario_is_tried_again_as_a_power_flow_is(tmp_path: Path) -> None:
    """Most over a line of 0.1 p.u. are 500 MW; the base, which has more, leads nowhere either."""
    case = written(tmp_path, TURNED)
    (tmp_path / "some.csv").write_text("scenario,bus.2.pd\nless,50\nmore,501\n")
    params: dict[str, Any] = {"start": "case", "set": ("bus.2.pd=600",)}
    found = genba.grid.powerflow(case=case, scenarios=str(tmp_path / "some.csv"), **params)
    assert found.certificate.holds
    assert found.result.outcome == "diverged"
    assert found.result.scenarios["status"].tolist() == ["converged", "diverged"]
    assert found.result.scenarios["lowest_voltage"][0] == pytest.approx(HIGH, abs=1e-6)


def test_the_slack_may_flow_against_its_expected_direction(tmp_path: Path) -> None:
    case = written(tmp_path, ONE_SIDED)
    found = genba.grid.powerflow(case=case, slack="distributed")
    assert found.certificate.holds
    assert found.result.outcome == "converged"
    assert found.result.units["p"][2] == pytest.approx(95, abs=1e-6)
    assert found.result.units["p"][0] > 200


def test_a_study_of_outages_begins_from_such_a_base(tmp_path: Path) -> None:
    case = written(tmp_path, ONE_SIDED)
    found = genba.grid.contingency(case=case, slack="distributed")
    assert found.certificate.holds
    assert found.result.outcome != "base_diverged"


STALLING = f"""{HEAD}
mpc.bus = [
  1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 2 100 -20 0 0 1 1 0 1 1 1.1 0.9; 3 2 100 -20 0 0 1 1 0 1 1 1.1 0.9;
  4 1 0 0 0 0 1 1 0 1 1 1.1 0.9; 5 1 20 0 0 0 1 1 0 1 1 1.1 0.9;
];
mpc.gen = [
  1 0 0 999 -999 1 100 1 999 0; 2 73 0 999 -999 1 100 1 999 0; 3 73 0 999 -999 1 100 1 999 0;
];
mpc.branch = [
  1 2 0.09 0.09 0 0 0 0 0 0 1 0 0; 2 3 0.14 -0.11 0 0 0 0 0 0 1 0 0; 3 4 0.12 0.05 0 0 0 0 0 0 1 0 0;
  4 5 0.13 0.25 0 0 0 0 0 0 1 0 0; 5 1 0.09 0.11 0 0 0 0 0 0 1 0 0; 1 3 0.1 0.16 0 0 0 0 0 0 1 0 0;
  2 5 0.18 0.4 0 0 0 0 0 0 1 0 0;
];
"""
"""A grid with a series capacitor on which no descent of the mismatch ends at a solution."""


@pytest.mark.parametrize("slack", ["single", "distributed"])
def test_a_solution_that_no_descent_finds_is_certified_and_a_changed_one_refused(
    tmp_path: Path, slack: str
) -> None:
    params: dict[str, Any] = {"case": written(tmp_path, STALLING), "slack": slack}
    found = genba.grid.powerflow(**params)
    assert found.result.outcome == "converged"
    assert found.certificate.holds
    vm = found.result.buses["vm"].copy()
    vm[4] += 1e-5
    moved = found.result.model_copy(update={"buses": found.result.buses.replace(vm=vm)})
    assert not certify_powerflow(PowerflowParams(**params), moved, Context()).holds
