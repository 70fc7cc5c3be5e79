"""Scenarios that switch in or set what no study takes: refused before anything is solved."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import genba.grid
from genba.core.context import Context
from genba.core.errors import InputError
from genba.core.findings import Finding
from genba.grid.checks.case import check
from genba.grid.checks.scenarios import check_scenarios
from genba.grid.io import changes, matpower, scenarios
from genba.grid.records.case import Case

Check = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def case(pglib: Path) -> Case:
    return matpower.read(pglib / "pglib_opf_case14_ieee.m")[0]


@pytest.fixture
def found(case: Case, tmp_path: Path) -> Check:
    def found(text: str, *before: str) -> tuple[Finding, ...]:
        path = tmp_path / "scenarios.csv"
        path.write_text(text)
        changed = changes.apply(case, before)
        assert all(finding.severity != "error" for finding in check(changed))
        return check_scenarios(changed, scenarios.read(path, changed)[0])

    return found


@pytest.mark.parametrize(
    ("before", "code", "message"),
    [
        (("gen.3.vg=-1",), "set_point", "The voltage set point vg is -1.0; a unit in service needs vg > 0."),
        (("gen.3.vg=0",), "set_point", "The voltage set point vg is 0.0; a unit in service needs vg > 0."),
        (("gen.3.qmin=50",), "reactive_limits", "qmin 50.0 Mvar is above qmax 40.0 Mvar"),
        (("gen.3.pmin=5",), "active_limits", "pmin 5.0 MW is above pmax 0.0 MW"),
        (("branch.3.r=0", "branch.3.x=0"), "zero_impedance", "r and x are both 0"),
        (("branch.3.x=1e-7",), "tiny_impedance", "x is 1e-07 p.u."),
        (("branch.3.ratio=-1",), "negative_ratio", "The tap ratio -1.0 is negative."),
        (("branch.3.rate_c=-5",), "negative_rating", "A rating is negative"),
        (("branch.3.angmin=40",), "angle_limits", "angmin 40.0° is above angmax 30.0°"),
        (("branch.3.to_bus=2",), "branch_loop", "The branch runs from bus 2 to itself"),
    ],
)
def test_what_is_switched_in_is_held_to_what_is_asked_of_what_is_in_service(
    found: Check, before: tuple[str, ...], code: str, message: str
) -> None:
    element = before[0].rpartition(".")[0]
    off = (f"{element}.status=0", *before)
    text = f"scenario,{element}.status\nday,0\nnight,1\nnoon,1\n"
    (fault,) = found(text, *off)
    line = {"gen": 52, "branch": 72}[element[: element.index(".")]]
    assert fault.code == f"grid.{code}"
    assert fault.where == f"scenario night: {element.replace('.', ' ')} (line {line})"
    assert message in fault.message
    assert found("bus.3.pd\n40\n", *off) == ()
    assert found(f"{element}.status\n0\n\n", *off) == ()


def test_a_scenario_may_mend_what_it_switches_in(found: Check) -> None:
    off = ("gen.3.status=0", "gen.3.vg=-1")
    assert found("gen.3.status,gen.3.vg\n1,1.01\n0,\n", *off) == ()
    (fault,) = found("gen.3.status,gen.3.vg\n1,1.01\n1,\n", *off)
    assert fault.where.startswith("scenario 2: ")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gen.3.qmax\n-50\n", "reactive_limits"),
        ("gen.1.pmin\n1000\n", "active_limits"),
        ("branch.8.ratio*\n0.01\n", "tiny_ratio"),
        ("branch.8.rate_a*\n1e-6\n", None),
    ],
)
def test_limits_and_taps_that_a_scenario_sets_are_held_to_it_too(
    found: Check, text: str, code: str | None
) -> None:
    assert [fault.code for fault in found(text)] == ([f"grid.{code}"] if code else [])


def test_every_row_is_told_once_of_the_first_scenario(found: Check) -> None:
    off = ("gen.*.status=0", "gen.1.status=1", "gen.2.vg=-1", "gen.3.vg=-1")
    rows = "".join(f"s{row},{int(row > 1)},{int(row > 2)}\n" for row in range(500))
    faults = found(f"scenario,gen.2.status,gen.3.status\n{rows}", *off)
    assert [fault.where.partition(":")[0] for fault in faults] == ["scenario s2", "scenario s3"]


def test_a_study_is_refused_before_anything_is_solved(pglib: Path, tmp_path: Path) -> None:
    path = tmp_path / "scenarios.csv"
    path.write_text("gen.3.status\n1\n")
    changes = ("gen.3.status=0", "gen.3.vg=-1")
    messages: list[str] = []
    context = Context(report=lambda fraction, message: messages.append(message))
    with pytest.raises(InputError, match=r"The voltage set point vg is -1\.0") as caught:
        genba.grid.powerflow(
            context, case=str(pglib / "pglib_opf_case14_ieee.m"), scenarios=str(path), set=changes
        )
    assert messages == ["reading the case", "checking the case"]
    assert caught.value.where == "scenario 1: gen 3 (line 52)"


@pytest.mark.parametrize("column", ["gen.3.vg", "gen.3.qmax", "branch.3.x"])
def test_what_is_no_number_is_refused_out_of_service_too(case: Case, column: str) -> None:
    table, row, name = column.split(".")
    rows = getattr(case, table)
    values = rows[name].copy()
    values[int(row) - 1] = float("nan")
    off = rows["status"].copy()
    off[int(row) - 1] = 0
    odd = replace(case, **{table: rows.replace(**{name: values, "status": off})})
    assert "grid.not_finite" in {finding.code for finding in check(odd) if finding.severity == "error"}
