"""`grid.opf` on real and on small cases: published costs, properties, what cannot be met, stops, views."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genba.core.context import Context
from genba.core.errors import Cancelled, DeviceError, InputError, MissingExtra
from genba.core.inputs import InputFile
from genba.core.operation import Outcome
from genba.grid.io import matpower
from genba.grid.operations.contingency import contingency
from genba.grid.operations.dispatch import dispatch
from genba.grid.operations.opf import opf
from genba.grid.operations.powerflow import powerflow
from genba.grid.records.case import Case
from genba.grid.records.opf import OpfResult
from genba.num import parquet
from genba.num.linsolvers.cudss import installed

BASELINE = 1e-4  # PGLib prints five digits
SAME = 1e-6  # relative: two solves of one problem at a tolerance of 1e-8, scaled
CASES = [
    *("case3_lmbd", "case5_pjm", "case14_ieee", "case24_ieee_rts", "case30_as", "case30_ieee", "case39_epri"),
    *("case57_ieee", "case60_c", "case73_ieee_rts", "case89_pegase", "case118_ieee", "case162_ieee_dtc"),
    *("case197_snem", "case200_activ", "case240_pserc", "case300_ieee", "case500_goc", "case588_sdet"),
    *("case793_goc", "case1354_pegase", "case1888_rte"),
    *("case5_pjm__api", "case118_ieee__api", "case300_ieee__api", "case89_pegase__api"),
    *("case5_pjm__sad", "case14_ieee__sad", "case118_ieee__sad", "case24_ieee_rts__sad"),
]
Run = Callable[..., Outcome[OpfResult]]


def _baseline(pglib: Path, name: str, column: int) -> float:
    rows = (pglib / "BASELINE.md").read_text().splitlines()
    row = next(row for row in rows if row.startswith(f"| pglib_opf_{name} "))
    return float(row.split("|")[column])


@pytest.fixture
def run(pglib: Path) -> Run:
    """Run on a PGLib case, and require that the certificate holds."""

    def run(name: str, **params: Any) -> Outcome[OpfResult]:
        file = pglib / name.partition("__")[2] / f"pglib_opf_{name}.m"
        outcome = opf(case=str(file), **params)
        assert outcome.certificate.holds, outcome.certificate.failed
        return outcome

    return run


@pytest.fixture
def small(tmp_path: Path) -> Run:
    """Run on a case written here; rows as in the file, an empty cost costs 10 $/MWh."""

    def small(
        bus: list[str], gen: list[str], branch: list[str], cost: list[str] | None = None, **params: Any
    ) -> Outcome[OpfResult]:
        tables = {"bus": bus, "gen": gen, "branch": branch, "gencost": cost or ["2 0 0 2 10 0"] * len(gen)}
        text = "function mpc = small\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
        for name, rows in tables.items():
            text += f"mpc.{name} = [\n" + "".join(f"{row};\n" for row in rows) + "];\n"
        path = tmp_path / "small.m"
        path.write_text(text)
        outcome = opf(case=str(path), **params)
        assert outcome.certificate.holds, outcome.certificate.failed
        return outcome

    return small


def _bus(number: int, kind: int, pd: float, qd: float = 0.0, limits: str = "1.1 0.9") -> str:
    return f"{number} {kind} {pd} {qd} 0 0 1 1 0 100 1 {limits}"


def _gen(bus: int, pmax: float = 200, pmin: float = 0, status: int = 1) -> str:
    return f"{bus} 0 0 200 -200 1 100 {status} {pmax} {pmin}"


def _branch(start: int, end: int, r: float = 0.01, x: float = 0.1, rate: float = 0, status: int = 1) -> str:
    return f"{start} {end} {r} {x} 0 {rate} {rate} {rate} 0 0 {status} -60 60"


# --- costs and prices ---


@pytest.mark.parametrize("name", CASES)
def test_the_cost_is_that_of_pglibs_ac_column(pglib: Path, run: Run, name: str) -> None:
    result = run(name).result
    assert result.outcome == "optimal"
    assert result.cost == pytest.approx(_baseline(pglib, name, 5), rel=BASELINE)


@pytest.mark.parametrize("name", ["case5_pjm", "case14_ieee", "case118_ieee", "case24_ieee_rts__sad"])
def test_a_proven_gap_is_that_of_pglibs_relaxation(pglib: Path, run: Run, name: str) -> None:
    result = run(name, bound=True).result
    assert result.gap == pytest.approx(_baseline(pglib, name, 7), abs=0.02)  # printed to 0.01 %
    assert result.bound is not None
    assert result.cost is not None
    assert result.bound < result.cost


@pytest.mark.parametrize("name", ["case5_pjm", "case118_ieee"])
def test_the_relaxation_costs_its_bound(run: Run, name: str) -> None:
    relaxed, full = run(name, formulation="soc").result, run(name, bound=True).result
    assert relaxed.bound == pytest.approx(full.bound, rel=1e-5)
    assert relaxed.cost == pytest.approx(relaxed.bound, rel=1e-4)
    assert np.isnan(relaxed.buses["va"]).all()


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee__api"])
def test_dc_is_the_dispatch_of_matpowers_model(pglib: Path, run: Run, name: str) -> None:
    file = pglib / name.partition("__")[2] / f"pglib_opf_{name}.m"
    result, other = run(name, formulation="dc").result, dispatch(case=str(file)).result
    assert result.cost == pytest.approx(other.cost, rel=1e-12)
    assert result.bound is None  # a DC cost bounds nothing
    np.testing.assert_array_equal(result.buses["price"], other.buses["price"])


def test_the_price_is_the_cost_of_one_more_megawatt(run: Run) -> None:
    """A finite difference over 0.02 MW: its error is of the second order."""
    result = run("case118_ieee").result
    for number in (42, 76):
        row = int(np.flatnonzero(result.buses["bus"] == number)[0])
        pd = float(result.buses["pd"][row])
        changes = [f"bus.{number}.pd={pd + by}" for by in (-0.01, 0.01)]
        costs = [run("case118_ieee", set=(change,)).result.cost for change in changes]
        assert (costs[1] - costs[0]) / 0.02 == pytest.approx(result.buses["price"][row], rel=1e-3)  # type: ignore[operator]


def test_a_shadow_price_is_what_one_more_unit_of_the_limit_saves(run: Run) -> None:
    result = run("case5_pjm").result
    row = next(row for row in result.binding.rows() if str(row["limit_kind"]).startswith("rating"))
    relaxed = run("case5_pjm", set=(f"{row['element']}.rate_a={float(row['limit']) + 0.1}",)).result  # type: ignore[arg-type]
    assert (result.cost - relaxed.cost) / 0.1 == pytest.approx(row["price"], rel=1e-2)  # type: ignore[operator]


def test_price_parts_add_up_and_losses_cost_more_at_the_far_end(small: Run) -> None:
    """A radial line without limits: no congestion, and the far price is that of the losses."""
    result = small([_bus(1, 3, 0), _bus(2, 1, 80)], [_gen(1)], [_branch(1, 2)]).result
    price, energy, loss, congestion = (result.buses[n] for n in ("price", "energy", "loss", "congestion"))
    np.testing.assert_allclose(energy + loss + congestion, price, atol=1e-9)
    assert price[0] == pytest.approx(10.0, abs=1e-6)
    assert loss[1] > 0.1
    assert abs(congestion[1]) < 1e-3 * loss[1] + 0.2  # the upper voltage limit at the unit saves losses


def test_units_with_piecewise_costs_are_filled_cheapest_piece_first(small: Run) -> None:
    """By hand: 100 MW without losses, 60 MW at 15 $/MWh, then the other unit at 20, so 60 and 40."""
    result = small(
        [_bus(1, 3, 0), _bus(2, 2, 100)],
        [_gen(1, 120), _gen(2, 120)],
        [_branch(1, 2, r=0)],
        ["1 0 0 3 0 0 60 900 120 2700", "2 0 0 2 20 0 0 0 0 0"],
    ).result
    np.testing.assert_allclose(result.units["p"], [60, 40], atol=1e-3)
    assert result.cost == pytest.approx(900 + 800, rel=1e-6)
    np.testing.assert_allclose(result.buses["price"], 20, atol=1e-3)


def test_a_cubic_cost_is_solved_in_ac_and_refused_elsewhere(small: Run) -> None:
    """At 50 MW without losses: 1e-4 p^3 + 10 p = 12.5 + 500, and 10.75 $/MWh."""
    given = ([_bus(1, 3, 0), _bus(2, 1, 50)], [_gen(1)], [_branch(1, 2, r=0)], ["2 0 0 4 1e-4 0 10 0"])
    result = small(*given).result
    assert result.cost == pytest.approx(512.5, rel=1e-6)
    assert result.buses["price"][1] == pytest.approx(10.75, rel=1e-5)
    for other in ("dc", "soc"):
        with pytest.raises(InputError, match="gen 1"):
            small(*given, formulation=other)
    bounded = small(*given, bound=True)
    assert bounded.result.bound is None
    assert "grid.opf_no_bound" in {finding.code for finding in bounded.findings}


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_a_case_without_costs_is_solved_for_nothing(pglib: Path, tmp_path: Path, formulation: str) -> None:
    before, _, rest = (pglib / "pglib_opf_case14_ieee.m").read_text().partition("mpc.gencost")
    file = tmp_path / "free.m"
    file.write_text(before + rest.partition("];")[2])
    outcome = opf(case=str(file), formulation=formulation)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert (outcome.result.outcome, outcome.result.cost) == ("optimal", 0.0)
    assert outcome.result.gap is None or abs(outcome.result.gap) < 1e-3  # of 1 $/h
    assert len(outcome.result.binding) == 0


# --- properties ---


def _written(case: Case, folder: Path, name: str = "changed") -> str:
    path = folder / f"{name}.m"
    path.write_text(matpower.write(case))
    return str(path)


def _read(pglib: Path, name: str) -> Case:
    return matpower.read(pglib / f"pglib_opf_{name}.m")[0]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_cost_does_not_depend_on_the_order_of_rows(pglib: Path, tmp_path: Path, random: Any) -> None:
    case = _read(pglib, "case30_ieee")
    orders = [list(range(len(table))) for table in (case.bus, case.branch, case.gen)]
    for order in orders:
        random.shuffle(order)
    bus, branch, unit = (np.array(order) for order in orders)
    shuffled = Case(
        name=case.name,
        base_mva=case.base_mva,
        bus=case.bus.where(bus),
        branch=case.branch.where(branch),
        gen=case.gen.where(unit),
        cost=case.cost.where(unit),
        cost_data=case.cost_data[unit],
    )
    cost = opf(case=_written(shuffled, tmp_path)).result.cost
    assert cost == pytest.approx(opf(case=_written(case, tmp_path)).result.cost, rel=SAME)


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
@pytest.mark.parametrize("base", [1.0, 37.0, 1000.0])
def test_cost_does_not_depend_on_the_power_base(
    pglib: Path, run: Run, tmp_path: Path, formulation: str, base: float
) -> None:
    case = _read(pglib, "case14_ieee")
    share = base / case.base_mva
    branch = case.branch.replace(
        r=case.branch["r"] * share, x=case.branch["x"] * share, b=case.branch["b"] / share
    )
    other = Case(**{**vars(case), "base_mva": base, "branch": branch})
    expected = run("case14_ieee", formulation=formulation).result
    found = opf(case=_written(other, tmp_path), formulation=formulation)
    assert found.certificate.holds, found.certificate.failed
    rel = SAME if formulation != "soc" else 1e-4  # the relaxation's own accuracy
    assert found.result.cost == pytest.approx(expected.cost, rel=rel)
    np.testing.assert_allclose(found.result.buses["price"], expected.buses["price"], rtol=1e-2)


def test_cost_and_prices_scale_with_the_currency(pglib: Path, run: Run, tmp_path: Path) -> None:
    case = _read(pglib, "case14_ieee")
    dear = Case(**{**vars(case), "cost_data": case.cost_data * 150.0})
    found, expected = opf(case=_written(dear, tmp_path)).result, run("case14_ieee").result
    assert found.cost == pytest.approx(150 * expected.cost, rel=SAME)  # type: ignore[operator]
    np.testing.assert_allclose(found.buses["price"], 150 * expected.buses["price"], rtol=1e-4)


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee__api"])
@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_power_is_conserved(run: Run, name: str, formulation: str) -> None:
    result = run(name, formulation=formulation).result
    assert result.generation is not None
    assert result.losses is not None
    assert result.generation == pytest.approx(result.load + result.losses, abs=1e-3)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["branch.*.rate_a*=1.2", "bus.*.vmax*=1.02", "gen.*.qmax*=1.5", "gen.*.pmax*=1.1"]),
    st.sampled_from(["case5_pjm", "case14_ieee", "case30_ieee", "case24_ieee_rts__sad"]),
)
def test_a_relaxed_limit_never_raises_the_cost(run: Run, change: str, name: str) -> None:
    tight, loose = run(name).result.cost, run(name, set=(change,)).result.cost
    assert tight is not None
    assert loose is not None
    assert loose <= tight * (1 + SAME)


def test_margins_are_kept_and_cost_something(run: Run) -> None:
    plain, careful = (
        run("case118_ieee").result,
        run("case118_ieee", flow_margin=20.0, voltage_margin=0.01).result,
    )
    rated = careful.branches.where(careful.branches["in_service"])
    assert np.nanmax(rated["loading"]) <= 80 + 1e-4
    assert careful.buses["vm"].max() <= (careful.buses["vmax"]).max() + 1e-6
    assert (careful.buses["vmax"] < plain.buses["vmax"]).all()
    assert careful.cost > plain.cost  # type: ignore[operator]


@pytest.mark.parametrize("start", ["dc", "flat", "case"])
def test_every_start_leads_to_the_same_cost(run: Run, start: str) -> None:
    assert run("case118_ieee", start=start).result.cost == pytest.approx(
        run("case118_ieee").result.cost, rel=SAME
    )


# --- awkward grids ---


def test_one_bus_serves_itself(small: Run) -> None:
    for formulation in ("ac", "dc", "soc"):
        result = small([_bus(1, 3, 50)], [_gen(1)], [], formulation=formulation).result
        assert result.outcome == "optimal"
        assert result.cost == pytest.approx(500, rel=1e-5)


def test_two_buses_share_a_line_at_its_limit(small: Run) -> None:
    """By hand without losses: 60 MVA arrive at most, the dear unit at the load gives the rest."""
    result = small(
        [_bus(1, 3, 0), _bus(2, 2, 100)],
        [_gen(1), _gen(2)],
        [_branch(1, 2, r=0, rate=60)],
        ["2 0 0 2 10 0", "2 0 0 2 30 0"],
    ).result
    np.testing.assert_allclose(result.units["p"], [60, 40], atol=0.3)  # a little is reactive
    np.testing.assert_allclose(result.buses["price"], [10, 30], atol=1e-3)
    assert {row["element"] for row in result.binding.rows()} >= {"branch.1"}


def test_a_branch_without_impedance_is_refused_with_its_row(small: Run) -> None:
    with pytest.raises(InputError, match="r and x are both 0") as caught:
        small([_bus(1, 3, 0), _bus(2, 1, 50)], [_gen(1)], [_branch(1, 2, r=0, x=0)])
    assert "grid.zero_impedance" in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize(
    "branches",
    [
        [_branch(1, 2, r=0.0, x=1e-5)],
        [_branch(1, 2, x=0.2), _branch(2, 3, r=0.0, x=-0.05)],
        [_branch(1, 2), _branch(2, 1), _branch(1, 2, x=0.3, rate=20)],
        [_branch(1, 2, r=0.0), _branch(1, 3, r=0.05, x=0.0), _branch(2, 3)],
    ],
    ids=["almost none", "negative reactance", "parallel", "no reactance"],
)
@pytest.mark.parametrize("formulation", ["ac", "soc"])
def test_unusual_branches_are_solved(small: Run, branches: list[str], formulation: str) -> None:
    buses = [_bus(1, 3, 0), _bus(2, 1, 50, 10)]
    buses += [_bus(3, 1, 20)] if any(" 3 " in branch for branch in branches) else []
    result = small(buses, [_gen(1)], branches, formulation=formulation).result
    assert result.outcome == "optimal"


def test_isolated_and_dead_buses_are_left_out(small: Run) -> None:
    result = small(
        [_bus(1, 3, 10), _bus(2, 1, 50), _bus(3, 4, 7), _bus(4, 1, 9), _bus(5, 2, 20)],
        [_gen(1), _gen(5)],
        [_branch(1, 2), _branch(2, 4, status=0), _branch(2, 3)],
    ).result
    assert result.outcome == "optimal"
    assert result.unserved == 16
    assert result.buses["island"].tolist() == [1, 1, 0, 0, 2]
    assert np.isnan(result.buses["price"][2:4]).all()
    assert result.units["p"][1] == pytest.approx(20, abs=1e-4)


def test_without_any_unit_in_service_nothing_is_studied(small: Run) -> None:
    with pytest.raises(InputError) as caught:
        small([_bus(1, 3, 10), _bus(2, 1, 50)], [_gen(1, status=0)], [_branch(1, 2)])
    assert "grid.no_units" in {finding.code for finding in caught.value.findings}


def test_limits_that_exclude_each_other_are_refused(small: Run) -> None:
    with pytest.raises(InputError, match="pmin"):
        small([_bus(1, 3, 10)], [_gen(1, pmax=5, pmin=9)], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [("bus.1.vmin=1.2", "vmin"), ("gen.1.qmin=300", "qmin"), ("branch.1.angmin=70", "angmin")],
)
@pytest.mark.parametrize("formulation", ["ac", "soc"])
def test_every_pair_of_limits_that_exclude_each_other_is_refused(
    small: Run, change: str, said: str, formulation: str
) -> None:
    with pytest.raises(InputError, match=said):
        small(
            [_bus(1, 3, 0), _bus(2, 1, 50)],
            [_gen(1)],
            [_branch(1, 2)],
            set=(change,),
            formulation=formulation,
        )


def test_a_piecewise_cost_that_is_not_convex_is_refused_with_its_unit(small: Run) -> None:
    for formulation in ("ac", "dc", "soc"):
        with pytest.raises(InputError, match="gen 1"):
            small([_bus(1, 3, 10)], [_gen(1)], [], ["1 0 0 3 0 0 60 1800 120 2700"], formulation=formulation)


# --- what cannot be met ---


def test_too_much_demand_names_the_buses_and_proves_it(small: Run) -> None:
    """200 MW of units for 250 MW without losses: 50 MW are left over wherever the network is no limit."""
    for formulation in ("ac", "soc", "dc"):
        outcome = small(
            [_bus(1, 3, 0), _bus(2, 1, 250)], [_gen(1)], [_branch(1, 2, r=0)], formulation=formulation
        )
        result = outcome.result
        assert (result.outcome, result.proof) == ("infeasible", "global")
        assert result.shortfall == pytest.approx(50, rel=1e-3)
        assert result.cost is None
        codes = {finding.code for finding in outcome.findings}
        assert "grid.opf_demand" in codes
        assert "grid.opf_local" not in codes


def test_a_limit_that_is_in_the_way_is_named_with_its_amount(small: Run) -> None:
    """A unit that must give 80 MW behind a line of 50 MVA: the line lacks 30, or 30 are too many."""
    outcome = small(
        [_bus(1, 3, 0), _bus(2, 2, 100)],
        [_gen(1, pmin=80, pmax=90), _gen(2)],
        [_branch(1, 2, r=0, rate=50)],
    )
    assert outcome.result.outcome == "infeasible"
    rows = outcome.result.relaxations.rows()
    amounts = {str(row["limit_kind"]): float(row["amount"]) for row in rows}  # type: ignore[arg-type]
    assert set(amounts) <= {"rating", "surplus", "demand"}
    assert amounts.get("rating", 0) + amounts.get("surplus", 0) == pytest.approx(30, abs=0.5)
    places = {finding.where.partition(" (")[0] for finding in outcome.findings if "opf" in finding.code}
    assert places & {"branch 1", "bus 1"}


def test_what_the_findings_say_makes_the_case_feasible(run: Run) -> None:
    """Reactive demand that cannot be met: taking away what the findings name, and a little, is enough."""
    change = ("bus.14.qd=120",)
    short = run("case14_ieee", set=change).result
    assert short.outcome == "infeasible"
    cuts = tuple(
        f"{row['element']}.qd={float(row['limit']) - float(row['amount']) - 0.5}"  # type: ignore[arg-type]
        for row in short.relaxations.rows()
        if row["limit_kind"] == "reactive_demand"
    )
    assert len(cuts) == len(short.relaxations)
    assert run("case14_ieee", set=(*change, *cuts)).result.outcome == "optimal"


# --- stops ---


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_a_run_is_cancelled_inside_a_solve(pglib: Path, formulation: str) -> None:
    asked: list[str] = []
    context = Context(
        report=lambda fraction, message: asked.append(message),
        cancelled=lambda: any("iterations" in message for message in asked),
    )
    with pytest.raises(Cancelled):
        opf(context, case=str(pglib / "pglib_opf_case300_ieee.m"), formulation=formulation)
    assert sum("iterations" in message for message in asked) == 1


def test_a_wish_to_stop_is_asked_for_before_the_first_iteration_and_in_each(pglib: Path) -> None:
    """Between two questions lies one iteration at most, 0.2 s at 30,000 buses, or the way to the first."""
    heard: list[str] = []
    case = str(pglib / "pglib_opf_case118_ieee.m")
    context = Context(
        report=lambda fraction, message: heard.append(message), cancelled=lambda: "starting" in heard
    )
    with pytest.raises(Cancelled):
        opf(context, case=case)
    assert heard[-1] == "starting"
    heard.clear()
    context = Context(report=lambda fraction, message: heard.append(message), cancelled=lambda: False)
    params = opf.parse({"case": case})
    result = opf.function(params, context)
    assert sum("iterations" in message for message in heard) > result.iterations


def test_progress_shows_iterations_residuals_and_barrier_and_never_goes_back(pglib: Path) -> None:
    heard: list[tuple[float, str]] = []
    params = opf.parse({"case": str(pglib / "pglib_opf_case118_ieee.m"), "bound": True})
    opf.function(params, Context(report=lambda fraction, message: heard.append((fraction, message))))
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1
    words = [message for _, message in heard if "iterations" in message]
    assert len(words) > 20
    assert all("residual" in message and "barrier" in message for message in words)


def test_a_limit_of_iterations_ends_as_a_statement(run: Run) -> None:
    outcomes = {run("case118_ieee", max_iterations=most).result.outcome for most in (1, 4, 8)}
    assert outcomes <= {"unsolved", "feasible"}
    unsolved = run("case118_ieee", max_iterations=1)
    assert unsolved.result.outcome == "unsolved"
    assert unsolved.result.cost is None
    assert "grid.opf_unsolved" in {finding.code for finding in unsolved.findings}


def test_a_loose_finish_is_feasible_or_optimal_and_never_cheaper(run: Run) -> None:
    best = run("case14_ieee").result.cost
    seen = set()
    for most in range(6, 15):
        result = run("case14_ieee", max_iterations=most).result
        seen.add(result.outcome)
        if result.cost is not None:
            assert result.cost >= best * (1 - SAME)  # type: ignore[operator]
    assert "feasible" in seen


@pytest.mark.parametrize("formulation", ["ac", "dc", "soc"])
def test_a_limit_of_time_ends_as_a_statement(pglib: Path, formulation: str) -> None:
    """The clock advances a second each time it is read."""
    ticks = iter(range(10**6))
    outcome = opf(
        Context(clock=lambda: next(ticks) * 10**9),
        case=str(pglib / "pglib_opf_case118_ieee.m"),
        formulation=formulation,
        time_limit=3.0,
    )
    assert outcome.result.outcome in ("unsolved", "feasible")
    assert outcome.certificate.holds, outcome.certificate.failed


def test_every_iteration_is_in_the_trace(run: Run) -> None:
    result = run("case118_ieee").result
    assert len(result.trace) >= result.iterations
    assert result.trace["infeasibility"][-1] < 1e-6
    assert result.trace["barrier"][-1] < result.trace["barrier"][0]
    assert len(run("case118_ieee", formulation="dc").result.trace) == 0
    assert len(run("case118_ieee", formulation="soc").result.trace) > 5


# --- from another optimum ---


def _buses_file(result: OpfResult, folder: Path) -> str:
    path = folder / "opf_buses.parquet"
    parquet.write(result.buses, path)
    return str(path)


def test_an_optimum_begins_the_next_one_in_few_iterations(run: Run, tmp_path: Path) -> None:
    """Other demands whose sum nearly stays, or another rating: the cost is that of a cold start."""
    first = run("case118_ieee").result
    start = _buses_file(first, tmp_path)
    factors = np.random.default_rng(1).uniform(0.95, 1.05, len(first.buses)).tolist()
    changes = [
        f"bus.{bus}.pd={pd * factor!r}"
        for bus, pd, factor in zip(*(first.buses[n].tolist() for n in ("bus", "pd")), factors, strict=True)
    ]
    for change in ((), tuple(changes), ("branch.8.rate_a*=0.9", "gen.5.pmax*=1.1")):
        warm, cold = (
            run("case118_ieee", set=change, start=start).result,
            run("case118_ieee", set=change).result,
        )
        assert (warm.outcome, cold.outcome) == ("optimal", "optimal")
        assert warm.cost == pytest.approx(cold.cost, rel=SAME)
        assert 1.5 * warm.iterations < cold.iterations


def test_an_optimum_may_be_given_in_another_order_of_rows(run: Run, tmp_path: Path) -> None:
    result = run("case118_ieee").result
    turned = result.model_copy(update={"buses": result.buses.where(np.arange(len(result.buses))[::-1])})
    assert run("case118_ieee", start=_buses_file(turned, tmp_path)).result.iterations < 5


@pytest.mark.parametrize("name", ["case5_pjm", "case24_ieee_rts", "case162_ieee_dtc", "case240_pserc"])
def test_units_that_share_a_bus_find_their_outputs_again(run: Run, tmp_path: Path, name: str) -> None:
    cold = run(name).result
    warm = run(name, start=_buses_file(cold, tmp_path)).result
    assert warm.cost == pytest.approx(cold.cost, rel=SAME)
    assert 2 * warm.iterations < cold.iterations


def test_a_start_far_away_is_said_and_left(run: Run, tmp_path: Path) -> None:
    start = _buses_file(run("case14_ieee").result, tmp_path)
    outcome = run("case14_ieee", set=("bus.*.pd*=0.9",), start=start)
    assert outcome.result.outcome == "optimal"
    assert "grid.opf_far_start" in {finding.code for finding in outcome.findings}
    near = run("case14_ieee", set=("bus.*.pd*=0.99",), start=start)
    assert "grid.opf_far_start" not in {finding.code for finding in near.findings}


def test_a_start_that_leads_nowhere_costs_little(run: Run, tmp_path: Path) -> None:
    """Costs turned round: the prices of before are wrong everywhere, yet the optimum is found."""
    result = run("case14_ieee").result
    wild = result.model_copy(
        update={"buses": result.buses.replace(price=-1e6 * result.buses["price"], va=50 * result.buses["va"])}
    )
    again = run("case14_ieee", start=_buses_file(wild, tmp_path)).result
    assert again.cost == pytest.approx(result.cost, rel=SAME)
    assert again.iterations <= result.iterations + 20


def test_an_infeasible_case_is_told_from_a_warm_start_as_well(run: Run, tmp_path: Path) -> None:
    start = _buses_file(run("case14_ieee").result, tmp_path)
    result = run("case14_ieee", set=("bus.14.qd=120",), start=start).result
    assert (result.outcome, result.proof) == ("infeasible", "global")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda buses: buses.where(np.arange(13)), "13 buses which are not the 14"),
        (lambda buses: buses.replace(bus=buses["bus"] + 1), "which are not the 14"),
        (lambda buses: buses.where(np.array([0, 0, *range(2, 14)])), "which are not the 14"),
        (lambda buses: buses.replace(vm=np.where(buses["bus"] > 12, np.nan, 1.0)), "at 2 buses .* bus 13"),
        (lambda buses: buses.replace(vm=0 * buses["vm"]), "at 14 buses"),
        (lambda buses: buses.replace(price=np.inf * buses["vm"]), "at 14 buses"),
        (lambda buses: buses.replace(shortfall=buses["pd"]), "cannot be balanced"),
    ],
    ids=["fewer", "others", "twice", "missing", "no voltage", "no price", "infeasible"],
)
def test_a_start_that_is_no_optimum_of_these_buses_is_one_clear_finding(
    run: Run, tmp_path: Path, spoil: Any, said: str
) -> None:
    result = run("case14_ieee").result
    start = _buses_file(result.model_copy(update={"buses": spoil(result.buses)}), tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        run("case14_ieee", start=start)
    assert "give the buses of an optimal ac run" in caught.value.message


def test_a_start_that_is_damaged_or_another_table_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("case14_ieee").result
    file = Path(_buses_file(result, tmp_path))
    whole = file.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"x" * 1000):
        file.write_bytes(content)
        with pytest.raises(InputError, match="no readable Parquet file"):
            run("case14_ieee", start=str(file))
    with pytest.raises(InputError, match="needs"):
        run("case14_ieee", start=_units_file(result, tmp_path))
    with pytest.raises(InputError, match="no voltage or no price"):
        run("case14_ieee", start=_buses_file(run("case14_ieee", formulation="dc").result, tmp_path))


# --- linear solvers ---


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee__api", "case300_ieee"])
def test_pardiso_finds_the_same_optimum(run: Run, name: str) -> None:
    pytest.importorskip("pypardiso", reason="pypardiso is not installed")
    found, expected = run(name, linear_solver="pardiso").result, run(name).result
    assert found.outcome == "optimal"
    assert found.cost == pytest.approx(expected.cost, rel=SAME)


@pytest.mark.parametrize(
    ("backend", "params"), [("cpu", {"linear_solver": "cudss"}), ("cuda:0", {}), ("cuda:7", {})]
)
def test_without_a_gpu_its_solver_is_one_clear_error(
    pglib: Path, backend: str, params: dict[str, Any]
) -> None:
    try:
        installed(int(backend.partition(":")[2] or 0))
    except (MissingExtra, DeviceError):
        with pytest.raises((MissingExtra, DeviceError), match="genba\\[cuda\\]|choose a solver of the CPU"):
            opf(Context(backend=backend), case=str(pglib / "pglib_opf_case5_pjm.m"), **params)
    else:
        pytest.skip("there is a GPU")


def test_on_a_gpu_the_own_blocks_can_still_be_asked_for(pglib: Path) -> None:
    case = str(pglib / "pglib_opf_case5_pjm.m")
    outcome = opf(Context(backend="cuda:0"), case=case, linear_solver="block")
    assert outcome.result.cost == pytest.approx(opf(case=case).result.cost, rel=1e-12)


def test_on_a_gpu_the_same_optimum_is_found(pglib: Path) -> None:
    try:
        installed()
    except (MissingExtra, DeviceError) as error:
        pytest.skip(error.message)
    case = str(pglib / "pglib_opf_case118_ieee.m")
    outcome = opf(Context(backend="cuda:0"), case=case)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.cost == pytest.approx(opf(case=case).result.cost, rel=SAME)


# --- from here to other studies ---


def _units_file(result: OpfResult, folder: Path) -> InputFile:
    path = folder / "dispatch_units.parquet"
    parquet.write(result.units, path)
    return InputFile(str(path))


def test_a_power_flow_of_the_optimum_is_the_optimum(pglib: Path, run: Run, tmp_path: Path) -> None:
    """Voltages at units and all outputs are the optimum's, so are all other voltages: its state is solved."""
    result = run("case118_ieee").result
    file = _units_file(result, tmp_path)
    flow = powerflow(case=str(pglib / "pglib_opf_case118_ieee.m"), generation=file)
    assert flow.certificate.holds, flow.certificate.failed
    np.testing.assert_allclose(flow.result.buses["vm"], result.buses["vm"], atol=1e-7)
    np.testing.assert_allclose(flow.result.buses["va"], result.buses["va"], atol=1e-5)
    np.testing.assert_allclose(flow.result.units["p"], result.units["p"], atol=1e-4)


def test_margins_leave_room_for_outages(pglib: Path, run: Run, tmp_path: Path) -> None:
    case = str(pglib / "pglib_opf_case118_ieee.m")
    violations = []
    for margin in (0.0, 10.0):
        result = run("case118_ieee", flow_margin=margin).result
        assert result.outcome == "optimal"
        file = _units_file(result, tmp_path)
        study = contingency(case=case, generation=file, outages="branches")
        assert study.certificate.holds, study.certificate.failed
        assert len(study.result.base_violations) == 0
        violations.append(len(study.result.violations))
    assert violations[1] < violations[0]


# --- views ---


def _views(result: OpfResult) -> Any:
    return opf.views(opf.parse({"case": "pglib:case118_ieee"}), result)


def test_views_show_cost_prices_on_the_map_what_binds_and_convergence(run: Run) -> None:
    result = run("case118_ieee", bound=True).result
    views = _views(result)
    assert [headline.key for headline in views.headlines][:4] == ["cost", "average_price", "gap", "binding"]
    assert [c.key for c in views.charts] == ["prices", "price_parts", "binding", "loading", "convergence"]
    nodes = {node.id: node.value for node in views.charts[0].nodes}
    row = result.buses.rows(0, 1)[0]
    assert nodes[str(row["bus"])] == row["price"]
    low, high = views.charts[0].node_range
    assert result.buses["price"].min() <= low < high <= result.buses["price"].max()
    assert views.attribution.startswith("PGLib")
    convergence = views.charts[-1]
    assert convergence.y.scale == "log"
    assert all(value is None or value > 0 for series in convergence.series for value in series.y)
    bars = views.charts[2].series[0]
    assert list(bars.y) == sorted(bars.y, reverse=True)


def test_views_of_what_cannot_be_met_show_what_to_relax(run: Run) -> None:
    result = run("case14_ieee", set=("bus.*.pd*=3",)).result
    views = _views(result)
    assert views.headlines[0].key == "shortfall"
    assert views.charts[0].key == "relax_active"
    assert sum(views.charts[0].series[0].y) == pytest.approx(result.shortfall, rel=1e-3)


def test_views_of_an_unsolved_case_show_how_it_went(run: Run) -> None:
    views = _views(run("case118_ieee", max_iterations=3).result)
    assert views.headlines[0].key == "mismatch"
    assert [chart.key for chart in views.charts] == ["convergence"]


@pytest.mark.parametrize("formulation", ["dc", "soc"])
def test_views_of_other_formulations_leave_out_what_they_lack(run: Run, formulation: str) -> None:
    views = _views(run("case14_ieee", formulation=formulation).result)
    keys = [chart.key for chart in views.charts]
    assert "prices" in keys
    assert ("convergence" in keys) == (formulation == "soc")
    parts = next(chart for chart in views.charts if chart.key == "price_parts")
    assert len(parts.series) == (4 if formulation == "dc" else 1)


def test_charts_stay_small_on_a_large_case(run: Run) -> None:
    views = _views(run("case1354_pegase").result)
    assert all(len(series.x) <= 400 for chart in views.charts[1:] for series in chart.series)


# --- options without effect ---


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"formulation": "dc", "bound": True}, "bound"),
        ({"formulation": "dc", "start": "flat"}, "start"),
        ({"formulation": "dc", "voltage_margin": 0.01}, "voltage_margin"),
        ({"formulation": "dc", "tolerance": 1e-7}, "tolerance"),
        ({"formulation": "dc", "max_iterations": 9}, "max_iterations"),
        ({"formulation": "soc", "linear_solver": "block"}, "linear_solver"),
        ({"formulation": "soc", "start": "dc"}, "start"),
        ({"branch_limits": False, "flow_margin": 5}, "flow_margin"),
    ],
)
def test_an_option_without_effect_is_refused(run: Run, params: dict[str, Any], where: str) -> None:
    with pytest.raises(InputError, match=f"found {where} .* no effect; leave it out, or ") as caught:
        run("case14_ieee", **params)
    assert caught.value.where == where


def test_options_without_effect_are_told_together_and_defaults_are_taken(run: Run) -> None:
    with pytest.raises(InputError, match="found start flat, bound True beside formulation dc, where"):
        run("case14_ieee", formulation="dc", start="flat", bound=True)
    run("case14_ieee", formulation="dc", start="auto", bound=False, max_iterations=500)
