"""Odd cases and odd wishes that are accepted: each has an outcome, and a certificate that holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genba.grid
from genba.core.errors import InputError
from genba.core.operation import Outcome

# A ring of four buses with a spur; units 1 and 2 share the ring, unit 3 stands beyond its limits of output.
RING = """function mpc = ring
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 1 3  0  0 0 0 1 1 0 220 1 1.1 0.9;
 2 2 40 10 0 0 1 1 0 220 1 1.1 0.9;
 3 1 60 20 0 0 1 1 0 220 1 1.1 0.9;
 4 2 50 10 0 0 2 1 0 220 1 1.1 0.9;
 5 1 10  2 0 0 2 1 0 110 1 1.1 0.9;
];
mpc.gen = [
 1 60 0 90 -90 1.01 100 1 150 20;
 2 50 0 60 -60 1.00 100 1  90 10;
 4 70 0 60 -60 1.00 100 1  60  5;
];
mpc.branch = [
 1 2 0.01 0.08 0.02  80 0 0 0 0 1 -30 30;
 2 3 0.02 0.10 0.02  60 0 0 0 0 1 -30 30;
 3 4 0.01 0.09 0.01  60 0 0 0 0 1 -30 30;
 4 1 0.02 0.12 0.02  80 0 0 0 0 1 -30 30;
 4 5 0.01 0.06 0.01  30 0 0 0 0 1 -30 30;
];
mpc.gencost = [ 2 0 0 3 0.02 20 0; 2 0 0 2 25 0 0; 2 0 0 2 30 0 0 ];
"""
Run = Callable[..., Outcome[Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Perform an operation on the ring, and see its certificate hold."""

    def run(verb: str, text: str = RING, **params: Any) -> Outcome[Any]:
        path = tmp_path / "ring.m"
        path.write_text(text)
        outcome: Outcome[Any] = getattr(genba.grid, verb)(case=str(path), **params)
        assert outcome.certificate.holds, outcome.certificate.failed
        return outcome

    return run


# --- limits without an end ---


@pytest.mark.parametrize("slack", ["single", "distributed"])
@pytest.mark.parametrize("generation", ["case", "balanced"])
def test_a_unit_without_an_upper_limit_takes_nearly_all_that_is_shared(
    run: Run, generation: str, slack: str
) -> None:
    outcome = run("powerflow", generation=generation, slack=slack, set=("gen.2.pmax=Inf", "bus.3.pd=90"))
    assert outcome.result.outcome == "converged"
    moved = outcome.result.units["p"] - [60, 50, 70]
    if (generation, slack) != ("case", "single"):
        assert moved[1] > 10
    assert "grid.endless_output" in {finding.code for finding in outcome.findings}


def test_outages_leave_what_is_lost_to_a_unit_without_an_upper_limit(run: Run) -> None:
    result = run("contingency", slack="distributed", set=("gen.2.pmax=Inf", "gen.1.pmin=-Inf")).result
    assert result.outcome != "base_diverged"
    assert set(result.outages["status"]) <= {"secure", "violated", "islanded"}


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_the_cheapest_state_does_not_depend_on_limits_far_away(run: Run, formulation: str) -> None:
    far = ("gen.1.pmax=5000", "gen.2.pmin=-50")
    endless = (*far, "gen.1.pmax=Inf", "bus.*.vmax=1.1", "bus.5.vmax=Inf", "bus.5.vmin=-1")
    asked = {"formulation": formulation, "branch_limits": False, "bound": formulation == "ac"}
    one, other = (run("opf", set=changes, **asked).result for changes in (far, endless))
    assert one.outcome == other.outcome == "optimal"
    assert other.cost == pytest.approx(one.cost, rel=1e-4)  # the spur's voltage is hardly limited


def test_reactive_limits_may_have_no_end_and_warn_of_nothing(run: Run) -> None:
    assert run("opf", set=("gen.1.qmax=Inf", "gen.1.qmin=-Inf"), bound=True).result.outcome == "optimal"


# --- costs ---


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_units_that_cost_nothing_may_serve_all(run: Run, formulation: str) -> None:
    free = RING.replace("0.02 20 0", "0 0 0")
    asked = {"formulation": formulation, "bound": formulation == "ac", "branch_limits": False}
    result = run("opf", free, set=("gen.1.pmax=900", "gen.2.pmin=0", "gen.3.pmin=0"), **asked).result
    assert result.outcome == "optimal"
    assert abs(result.cost) < 1e-3
    if result.gap is not None:
        assert abs(result.gap) < 0.1  # of 1 $/h


def test_a_grid_where_nothing_costs_anything_is_at_its_optimum_anywhere(run: Run) -> None:
    free = RING.replace("0.02 20 0", "0 0 0").replace(
        "2 0 0 2 25 0 0; 2 0 0 2 30 0 0", "2 0 0 1 0 0 0; 2 0 0 1 0 0 0"
    )
    for seed in range(8):
        changes = (f"bus.3.pd={20 + 7 * seed}", f"branch.1.shift={seed - 4}", "gen.3.pmin=20", "gen.*.vg=1")
        assert run("opf", free, start="case", set=changes).result.cost == 0


# --- outputs ---


@pytest.mark.parametrize("demand", [60, 20, 0, 90])
def test_a_unit_beyond_its_limit_takes_back_only_what_balancing_brought_within_it(
    run: Run, demand: int
) -> None:
    """Unit 3 begins above its pmax; losses that are underestimated make the slack take back a part."""
    changes = (f"bus.3.pd={demand}", "branch.*.r*=4", "gen.3.pmax=60")
    result = run("powerflow", generation="balanced", slack="distributed", set=changes).result
    assert result.outcome == "converged"


@pytest.mark.parametrize("slack", ["single", "distributed"])
def test_losses_that_are_gains_are_balanced_as_well(run: Run, slack: str) -> None:
    changes = ("bus.3.pd=90", "branch.*.r*=-1")
    assert run("powerflow", generation="balanced", slack=slack, set=changes).result.outcome == "converged"


@pytest.mark.parametrize("slack", ["single", "distributed"])
@pytest.mark.parametrize("x", [0.0, 1e-4])
def test_losses_are_balanced_as_estimated_however_wrong_that_is(run: Run, slack: str, x: float) -> None:
    """All current of a DC power flow takes the branch that hardly has a reactance, and heats it."""
    changes = (
        f"branch.2.x={x}",
        "branch.2.r=0.2",
        f"branch.3.x={x}",
        "branch.3.r=0.2",
        "bus.2.pd=10",
        "bus.3.pd=0",
        "bus.3.qd=0",
        "gen.2.pg=80",
    )
    result = run("powerflow", generation="balanced", slack=slack, set=changes).result
    assert result.outcome == "converged"


@pytest.mark.parametrize("start", ["dc", "flat"])
def test_a_grid_without_a_dc_power_flow_has_an_ac_one(run: Run, start: str) -> None:
    """Two branches whose susceptances cancel are the only way to bus 5."""
    twin = RING.replace("];\nmpc.gencost", " 4 5 0.02 -0.06 0.01 30 0 0 0 0 1 -30 30;\n];\nmpc.gencost")
    result = run("powerflow", twin, start=start, generation="balanced").result
    assert result.outcome in ("converged", "diverged")


# --- outages ---


@pytest.mark.parametrize("slack", ["single", "distributed"])
def test_all_units_may_be_lost_at_once(run: Run, slack: str) -> None:
    result = run(
        "contingency", outages="named", named=("all=gen.1+gen.2+gen.3", "two=gen.1+gen.2"), slack=slack
    ).result
    entry = next(row for row in result.outages.rows() if row["outage"] == "all")
    assert (entry["status"], entry["lost_load"]) == ("islanded", 160.0)


@pytest.mark.parametrize("pairs", [0, 5])
@pytest.mark.parametrize("screen", ["none", "linear"])
def test_a_bus_without_branches_has_outages_of_its_units_alone(run: Run, screen: str, pairs: int) -> None:
    text = (
        RING[: RING.index(" 2 2 40")]
        + "];\nmpc.gen = [ 1 60 0 90 -90 1.01 100 1 150 20 ];\nmpc.branch = [];\n"
    )
    result = run("contingency", text, screen=screen, pairs=pairs).result
    assert result.outages["outage"].tolist() == ["gen.1"]
    assert len(result.ranked) == 0
    for asked in ({"outages": "branches"}, {"outages": "named", "pairs": 3}):
        with pytest.raises(InputError, match="has none of the outages asked for"):
            run("contingency", text, screen=screen, **asked)


@pytest.mark.parametrize("changes", [("branch.4.status=0",), ("branch.*.rate_a=0",)])
def test_grids_that_are_radial_or_have_no_rating_have_no_pairs(run: Run, changes: tuple[str, ...]) -> None:
    result = run("contingency", pairs=5, set=changes).result
    assert (len(result.ranked), result.studied) == (0, 7 if "status" in changes[0] else 8)


@pytest.mark.parametrize("spelt", ["branch.02", " branch.2", "branch.2 ", "bus.03"])
def test_what_is_monitored_may_be_spelt_otherwise(run: Run, spelt: str) -> None:
    plain = f"{spelt.strip().partition('.')[0]}.{int(spelt.partition('.')[2])}"
    asked = {"vmin": 0.999, "worse_by": 0.0, "set": ("branch.2.rate_a=25",)}
    one, other = (run("contingency", monitored=(name,), **asked).result for name in (spelt, plain))
    assert len(one.violations) > 0
    assert one.violations.rows() is not None
    np.testing.assert_array_equal(one.violations["value"], other.violations["value"])


# --- few steps, loose and tight tolerances ---


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_too_few_steps_are_a_divergence_that_nobody_refutes(run: Run, steps: int) -> None:
    result = run("powerflow", start="flat", max_iterations=steps).result
    assert (result.outcome == "diverged") == (steps < 3)
    study = run("contingency", start="flat", max_iterations=steps).result
    assert (study.outcome == "base_diverged") == (steps < 3)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6, 1e-12])
def test_outages_are_as_exact_as_was_asked_for(run: Run, tolerance: float) -> None:
    result = run("contingency", tolerance=tolerance, vmin=0.999, worse_by=0.0).result
    assert result.outcome == "insecure"


def test_values_of_small_limits_are_compared_as_exactly_as_powers_are_known(run: Run) -> None:
    """On a base of 10,000 MVA the tolerance of a power flow is 1e-4 MVA, much of a rating of 0.3 MVA."""
    base = RING.replace("baseMVA = 100", "baseMVA = 10000").replace("0.01 0.06 0.01  30", "0.1 0.6 0.01 0.3")
    scaled = tuple(f"branch.{row}.{name}*=100" for row in range(1, 6) for name in "rx")
    assert run("contingency", base, set=scaled, worse_by=0.0).result.outcome == "insecure"


# --- shared slack beside reactive limits ---

# With unit 2 at its set point more is produced than lost, at its limit less: the slack turns twice.
TURNING = """function mpc = turning
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 1 1 28.19 -3.93 0 3.97 1 1 0 110 1 1.1 0.9;
 2 3  0.00  0.00 0 0.00 1 1 0 110 1 1.1 0.9;
 3 1 32.58  0.32 0 0.00 1 1 0 110 1 1.1 0.9;
 4 2  0.00  0.00 0 0.00 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [
 2 27.852 0 3.38 -6.75 1.0169 100 1 33.42 4.42;
 4 34.109 0 5.42 -7.74 0.9876 100 1 79.99 0.00;
];
mpc.branch = [
 1 2 0.0488 0.0390 0.0699 0 0 0 0 0 1 0 0;
 3 2 0.1237 0.0894 0.0173 0 0 0 0 0 1 0 0;
 4 2 0.0398 0.0722 0.0930 0 0 0 0 0 1 0 0;
 1 4 0.1065 0.2717 0.0285 0 0 0 0 0 1 0 0;
 3 1 0.1242 0.1462 0.0185 0 0 0 0 0 1 0 0;
 4 3 0.1283 0.1231 0.0263 0 0 0 0 0 1 0 0;
 2 1 0.0932 0.0896 0.0333 0 0 0 0 0 1 0 0;
];
"""
SHARED = {"slack": "distributed", "reactive_limits": True}


@pytest.mark.parametrize("start", ["flat", "dc", "case"])
def test_the_slack_is_shared_by_the_headroom_of_its_final_direction(run: Run, start: str) -> None:
    units = run("powerflow", TURNING, start=start, **SHARED).result.units
    moved = units["p"] - [27.852, 34.109]
    assert units["limit"].tolist().count("") == 1
    room = np.where(moved > 0, [33.42 - 27.852, 79.99 - 34.109], [27.852 - 4.42, 34.109])
    assert moved[0] / room[0] == pytest.approx(moved[1] / room[1], rel=1e-6)


def test_scenarios_share_the_slack_as_a_power_flow_does(run: Run, tmp_path: Path) -> None:
    rows = [27.852 + 0.01 * k for k in range(-8, 8)]
    (tmp_path / "rows.csv").write_text("gen.1.pg\n" + "".join(f"{p}\n" for p in rows))
    asked = {"scenarios": str(tmp_path / "rows.csv"), "record": ("gen.*.p",), **SHARED}
    recorded = run("powerflow", TURNING, **asked).result.recorded
    alone = [run("powerflow", TURNING, set=(f"gen.1.pg={p}",), **SHARED).result.units["p"] for p in rows]
    np.testing.assert_allclose(recorded["value"], np.concatenate(alone), atol=1e-5)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-10])
def test_scenarios_are_as_exact_as_was_asked_for(run: Run, tmp_path: Path, tolerance: float) -> None:
    (tmp_path / "rows.csv").write_text("bus.3.pd\n" + "".join(f"{30 + k / 2}\n" for k in range(100)))
    asked = {"scenarios": str(tmp_path / "rows.csv"), "record": ("bus.*.vm", "branch.*.loading")}
    assert run("powerflow", tolerance=tolerance, **asked).result.scenarios_studied == 100


# --- files ---


def test_lines_of_spaces_are_no_scenarios_and_set_no_delimiter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(" \nbus.3.pd;scenario\n50;a\n60;b\n")
    (tmp_path / "one.csv").write_text("bus.3.pd\n50\n \n60\n")
    (tmp_path / "lost.csv").write_text("\t\nname;elements\nx;branch.1\n")
    assert run("powerflow", scenarios=str(tmp_path / "rows.csv")).result.scenarios_studied == 2
    assert run("powerflow", scenarios=str(tmp_path / "one.csv")).result.scenarios_studied == 2
    lost = run("contingency", outages="named", contingencies=str(tmp_path / "lost.csv")).result
    assert lost.outages["outage"].tolist() == ["x"]


def test_a_ratio_of_nearly_nothing_is_told_where_it_is(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tap ratio 1e-300 is below 0\.01; write 0") as caught:
        run("powerflow", set=("branch.2.ratio=1e-300",))
    assert caught.value.where == "branch 2 (line 18)"
    (tmp_path / "rows.csv").write_text("branch.2.ratio\n1\n1e-300\n")
    with pytest.raises(
        InputError, match=r"Found 1e-300 in column branch\.2\.ratio; allowed: 0, or 0\.01 to 100"
    ):
        run("powerflow", scenarios=str(tmp_path / "rows.csv"))


ISLAND = """function mpc = island
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [ 1 3 40 10 0 0 1 1 0 220 1 1.1 0.9 ];
mpc.gen = [ 1 40 10 90 -90 1.01 100 1 150 20 ];
mpc.branch = [ ];
"""


@pytest.mark.parametrize("asked", [{}, SHARED])
def test_scenarios_of_a_case_without_branches(run: Run, tmp_path: Path, asked: dict[str, Any]) -> None:
    (tmp_path / "rows.csv").write_text("bus.1.pd\n40\n50\n")
    result = run(
        "powerflow", ISLAND, scenarios=str(tmp_path / "rows.csv"), record=("gen.1.p",), **asked
    ).result
    assert result.recorded["value"].tolist() == pytest.approx([40.0, 50.0])


@pytest.mark.parametrize("asked", [{}, SHARED])
def test_outages_of_many_units_without_branches(run: Run, asked: dict[str, Any]) -> None:
    units = "".join(f" 1 0.5 0 {2 + k % 3} -2 1.01 100 1 2 0.1;\n" for k in range(80))
    many = ISLAND.replace(" 1 40 10 90 -90 1.01 100 1 150 20 ", units)
    assert (run("contingency", many, **asked).result.outages["status"] == "secure").sum() == 80


# --- sizes at the ends of what is taken ---


@pytest.mark.parametrize(
    "change",
    [
        "branch.2.x=1e-6", "branch.2.x=-1e-6", "branch.2.x=1e6", "branch.2.r=1e6", "branch.2.b=1e6",
        "branch.2.b=-1e6", "branch.2.ratio=0.01", "branch.2.ratio=100", "branch.2.rate_a=1e-6",
        "bus.3.pd=1e6", "bus.3.qd=-1e6", "bus.3.bs=1e6", "bus.3.vmax=100", "gen.1.vg=100",
        "gen.*.qmax=1e9", "gen.*.qmin=-1e9",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("verb", "params"),
    [
        ("powerflow", {}),
        ("opf", {}),
        ("opf", {"formulation": "dc"}),
        ("opf", {"formulation": "soc"}),
        ("dispatch", {}),
        ("dispatch", {"formulation": "dcp"}),
        ("contingency", {}),
        ("contingency", {"screen": "linear"}),
    ],
)
def test_the_largest_and_smallest_numbers_have_outcomes(run, change, verb, params):
    run(verb, set=(change,), **params)
