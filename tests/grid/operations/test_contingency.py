"""`grid.contingency`: an outage is a power flow of the changed case, judged by the stated rules."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genba.grid
from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.core.operation import Outcome
from genba.grid.io.matpower import read
from genba.grid.operations.contingency import contingency
from genba.grid.operations.powerflow import powerflow
from genba.grid.records.contingency import ContingencyResult

SAME = 1e-6
"""Agreement of values in p.u. or of percentages with a second solution."""

Run = Callable[..., ContingencyResult]


@pytest.fixture
def study(pglib: Path) -> Run:
    """Study a case without certifying; balanced unless asked otherwise."""

    def study(name: str, *, threads: int = 1, **params: Any) -> ContingencyResult:
        given = {"case": str(pglib / f"pglib_opf_{name}.m"), "generation": "balanced", **params}
        return contingency.function(contingency.parse(given), Context(threads=threads))

    return study


@pytest.fixture
def certified(pglib: Path) -> Callable[..., Outcome[ContingencyResult]]:
    def certified(name: str, **params: Any) -> Outcome[ContingencyResult]:
        return genba.grid.contingency(
            case=str(pglib / f"pglib_opf_{name}.m"), **{"generation": "balanced", **params}
        )

    return certified


def row(result: ContingencyResult, outage: str) -> dict[str, Any]:
    return next(entry for entry in result.outages.rows() if entry["outage"] == outage)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"slack": "distributed"},
        {"reactive_limits": True},
        {
            "slack": "distributed",
            "reactive_limits": True,
            "named": ("both=branch.1+gen.2", "lines=branch.7+branch.9"),
        },
    ],
)
@pytest.mark.parametrize("name", ["case14_ieee", "case30_ieee", "case89_pegase"])
def test_every_outage_is_certified(
    certified: Callable[..., Outcome[ContingencyResult]], name: str, params: dict[str, Any]
) -> None:
    outcome = certified(name, **params)
    assert outcome.certificate.holds, outcome.certificate.failed


def outputs(result: ContingencyResult) -> tuple[str, ...]:
    """Give the changes that make a case's units produce what they do in the base."""
    return tuple(f"gen.{unit}.pg={p!r}" for unit, p in enumerate(result.units["p"].tolist(), 1))


@pytest.mark.parametrize("number", [1, 9, 12, 37, 54, 71, 96, 118, 141, 173])
def test_the_loss_of_a_branch_is_a_power_flow_without_it(study: Run, pglib: Path, number: int) -> None:
    result = study("case118_ieee", vmin=0.99, vmax=1.01, worse_by=0.0)
    changed = genba.grid.powerflow(
        case=str(pglib / "pglib_opf_case118_ieee.m"), set=(*outputs(result), f"branch.{number}.status=0")
    ).result
    entry = row(result, f"branch.{number}")
    if entry["status"] == "islanded":
        return  # the rest is checked where parts are
    check_against(result, f"branch.{number}", changed)


@pytest.mark.parametrize("number", [1, 5, 12, 30, 54])
def test_the_loss_of_a_unit_is_a_power_flow_with_its_output_spread(
    study: Run, pglib: Path, number: int
) -> None:
    result = study("case118_ieee", vmin=0.99, vmax=1.01, worse_by=0.0)
    case = str(pglib / "pglib_opf_case118_ieee.m")
    p = result.units["p"]
    lost = p[number - 1]
    pmax = pmax_of(pglib)
    room = np.where(np.arange(len(p)) == number - 1, 0.0, np.maximum(pmax - p, 0.0))
    after = p + room * min(1.0, lost / room.sum())
    changes = (
        *(f"gen.{unit}.pg={x!r}" for unit, x in enumerate(after.tolist(), 1)),
        f"gen.{number}.status=0",
    )
    check_against(result, f"gen.{number}", genba.grid.powerflow(case=case, set=changes).result)


def pmax_of(pglib: Path) -> np.ndarray:
    return read(pglib / "pglib_opf_case118_ieee.m")[0].gen["pmax"]


def check_against(result: ContingencyResult, outage: str, changed: Any) -> None:
    """Compare what an outage reports with a power flow of the changed case."""
    assert changed.outcome == "converged"
    of = result.violations.where(result.violations["outage"] == outage)
    vm = dict(zip(changed.buses["bus"].tolist(), changed.buses["vm"].tolist(), strict=True))
    flow = np.maximum(
        np.hypot(changed.branches["p_from"], changed.branches["q_from"]),
        np.hypot(changed.branches["p_to"], changed.branches["q_to"]),
    )
    assert len(of)
    for entry in of.rows():
        table, number = entry["element"].split(".")
        value = flow[int(number) - 1] if table == "branch" else vm[int(number)]
        assert entry["value"] == pytest.approx(value, abs=SAME * max(1.0, entry["limit"]))
    low = {f"bus.{bus}" for bus, value in vm.items() if value < 0.99 * (1 - 2e-6)}
    reported = set(of["element"][of["limit_kind"] == "vmin"])
    base = {
        f"bus.{b}": v for b, v in zip(result.buses["bus"].tolist(), result.buses["vm"].tolist(), strict=True)
    }
    assert reported <= low
    assert all(vm[int(name[4:])] >= base[name] - 1e-6 for name in low - reported)


def test_what_is_cut_off_is_named_with_its_power(study: Run) -> None:
    result = study("case14_ieee")
    assert row(result, "branch.14") == {
        "outage": "branch.14",
        "status": "islanded",
        "lost_load": 0.0,
        "lost_generation": 0.0,
        "violations": 0,
        "worst": None,
        "why": "cuts off 0 MW load at 1 bus",  # a condenser
        "iterations": row(result, "branch.14")["iterations"],
        "solved": "ac",
    }


def test_a_part_that_is_cut_off_loses_load_and_units(study: Run) -> None:
    """Branches 8 and 9 leave bus 4's transformers; 15 and 14 then hold buses 7 and 8 alone."""
    result = study("case14_ieee", outages="named", named=("cut=branch.8+branch.15",))
    entry = row(result, "cut")
    assert entry["status"] == "islanded"
    assert entry["why"] == "cuts off 0 MW load at 2 buses"
    result = study("case14_ieee", outages="named", named=("cut=branch.13+branch.19",))
    assert row(result, "cut")["status"] != "islanded"
    result = study("case14_ieee", outages="named", named=("cut=branch.12+branch.19",))
    assert row(result, "cut")["lost_load"] == pytest.approx(6.1)
    assert "cuts off 6.1 MW load at 1 bus" in row(result, "cut")["why"]


def test_losing_the_only_supply_cuts_everything_off(study: Run) -> None:
    everything = "+".join(f"gen.{unit}" for unit in range(1, 6))
    entry = row(study("case14_ieee", outages="named", named=(f"dark={everything}",)), "dark")
    assert entry["status"] == "islanded"
    assert entry["lost_load"] == pytest.approx(259.0)


def test_an_outage_without_a_solution_is_a_status_of_its_own(study: Run) -> None:
    """Bus 3 keeps one weak line and no unit at three times its load."""
    result = study(
        "case14_ieee", outages="named", named=("weak=branch.3+gen.3",), set=("bus.3.pd*=3", "bus.3.qd=150")
    )
    entry = row(result, "weak")
    assert (result.diverged, result.outcome) == (1, "insecure")
    assert entry["status"] == "diverged"
    assert entry["why"] == "no solution was found"
    assert entry["violations"] == 0


def test_a_base_violation_counts_again_only_when_worse_by_more_than_asked(study: Run) -> None:
    tight = {"set": ("branch.*.rate_a*=0.3", "branch.*.rate_b*=0.3", "branch.*.rate_c*=0.3")}
    every = study("case118_ieee", worse_by=0.0, **tight)
    assert len(every.base_violations) > 5
    before = {(v["element"], v["limit_kind"]): v["percent"] for v in every.base_violations.rows()}
    rows = every.violations.rows()
    grown = [
        v["percent"] - before[v["element"], v["limit_kind"]]
        for v in rows
        if (v["element"], v["limit_kind"]) in before
    ]
    middle = sorted(grown)[len(grown) // 2]
    result = study("case118_ieee", worse_by=middle, **tight)
    left = {(v["outage"], v["element"], v["limit_kind"]) for v in result.violations.rows()}
    expected = {
        (v["outage"], v["element"], v["limit_kind"])
        for v in rows
        if (v["element"], v["limit_kind"]) not in before
        or v["percent"] - before[v["element"], v["limit_kind"]] > middle
    }
    assert left == expected  # the one that grew by exactly as much as asked is not among them
    assert len(left) < len(rows)


def test_ratings_are_c_else_b_else_a(study: Run) -> None:
    result = study("case14_ieee", outages="branches", set=("branch.2.rate_b=300", "branch.2.rate_c=0"))
    assert not (result.violations["element"] == "branch.2").any()
    result = study("case14_ieee", outages="branches", set=("branch.2.rate_c=100",))
    limits = result.violations["limit"][result.violations["element"] == "branch.2"]
    assert set(limits.tolist()) == {100.0}
    result = study("case14_ieee", outages="branches", set=tuple(f"branch.2.rate_{x}=0" for x in "abc"))
    assert not (result.violations["element"] == "branch.2").any()


def test_filters_only_take_away(study: Run, pglib: Path) -> None:
    everything = study("case118_ieee", vmin=0.99, worse_by=0.0)

    def keys(result: ContingencyResult) -> set[tuple[str, str]]:
        return {(v["outage"], v["element"]) for v in result.violations.rows()}

    only = study("case118_ieee", vmin=0.99, worse_by=0.0, monitored=("bus.52", "branch.66"))
    assert keys(only) == {key for key in keys(everything) if key[1] in ("bus.52", "branch.66")}
    assert keys(only)
    high = study("case118_ieee", vmin=0.99, worse_by=0.0, min_kv=300)
    assert keys(high) < keys(everything)
    assert keys(study("case118_ieee", vmin=0.99, worse_by=0.0, areas=(1,))) == keys(everything)


def test_the_worst_comes_first(study: Run) -> None:
    result = study("case118_ieee")
    worst = np.nan_to_num(result.outages["worst"], nan=-1.0)
    diverged = result.outages["status"] == "diverged"
    assert (np.diff(worst[~diverged]) <= 0).all()
    excess = result.violations["percent"] - 100 * (result.violations["limit_kind"] == "rating")
    assert (np.diff(excess) <= 0).all()
    assert result.studied == len(result.outages) == 186 + 54


@pytest.mark.parametrize(("outages", "count"), [("all", 25), ("branches", 20), ("units", 5), ("named", 1)])
def test_what_is_studied_follows_the_choice(study: Run, outages: str, count: int) -> None:
    named = ("one=branch.1",) if outages == "named" else ()
    result = study("case14_ieee", outages=outages, named=named)
    assert result.studied == count


def test_what_is_out_of_service_is_no_outage(study: Run) -> None:
    result = study("case14_ieee", set=("branch.3.status=0", "gen.4.status=0"))
    assert not {"branch.3", "gen.4"} & set(result.outages["outage"])
    result = study("case14_ieee", outages="named", named=("nothing=branch.3",), set=("branch.3.status=0",))
    assert row(result, "nothing")["status"] == "secure"


@pytest.mark.parametrize("screen", ["none", "linear"])
def test_branches_out_of_service_stay_without_flow_and_a_lone_unit_leaves_nobody_behind(
    certified: Callable[..., Outcome[ContingencyResult]], screen: str
) -> None:
    """Without branch 9 unit 5 is alone at its bus: its loss cuts off neither demand nor a unit in service."""
    outcome = certified("case118_ieee", screen=screen, set=("branch.9.status=0", "branch.33.status=0"))
    assert outcome.certificate.holds
    result = outcome.result
    assert len(result.violations) > 0
    assert not {"branch.9", "branch.33"} & set(result.violations["element"])
    assert row(result, "gen.5")["status"] != "islanded"


def test_threads_do_not_change_the_result(study: Run) -> None:
    one, two = (study("case118_ieee", threads=threads) for threads in (1, 3))
    for name in ("outages", "violations", "base_violations"):
        for column in getattr(one, name).columns.names:
            np.testing.assert_array_equal(getattr(one, name)[column], getattr(two, name)[column])


def test_a_base_without_solution_is_an_outcome_with_empty_tables(
    certified: Callable[..., Outcome[ContingencyResult]],
) -> None:
    outcome = certified("case39_epri", generation="case")
    result = outcome.result
    assert result.outcome == "base_diverged"
    assert result.studied == len(result.outages) == len(result.violations) == len(result.base_violations) == 0
    assert outcome.certificate.holds, outcome.certificate.failed
    views = contingency.views(contingency.parse({"case": "pglib:case39_epri"}), result)
    assert views.charts


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"named": ("storm",)}, "need name=branch.12"),
        ({"named": ("storm=bus.3",)}, "need branch.<number> or gen.<number>"),
        ({"named": ("storm=branch.21",)}, "has no branch 21"),
        ({"named": ("storm=branch.0",)}, "has no branch 0"),
        ({"named": ("branch.3=branch.4",)}, "is that of an element"),
        ({"named": ("a=branch.4", "a=branch.5")}, "two contingencies called 'a'"),
        ({"monitored": ("gen.3",)}, "need branch.<number> or bus.<number>"),
        ({"monitored": ("bus.99",)}, "has no bus 99"),
        ({"areas": (7,)}, "has no area 7; it has: 1$"),
        ({"outages": "named"}, "no contingency with a name; give named, contingencies or pairs"),
        ({"vmin": 1.1, "vmax": 0.9}, "vmin 1.1 p.u. is above vmax 0.9 p.u."),
    ],
)
def test_what_the_case_does_not_have_is_refused(study: Run, params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study("case14_ieee", **params)


def test_progress_counts_outages_and_cancelling_stops_between_them(pglib: Path) -> None:
    params = contingency.parse({"case": str(pglib / "pglib_opf_case118_ieee.m"), "generation": "balanced"})
    seen: list[tuple[float, str]] = []
    ctx = Context(report=lambda fraction, message: seen.append((fraction, message)))
    ctx.cancelled = lambda: any("of 240 outages" in message for _, message in seen)
    with pytest.raises(Cancelled):
        contingency.function(params, ctx)
    assert all(a <= b for (a, _), (b, _) in pairwise(seen))


def test_views_rank_the_worst_with_their_reason(study: Run) -> None:
    result = study("case118_ieee")
    views = contingency.views(contingency.parse({"case": "pglib:case118_ieee"}), result)
    ranking = next(chart for chart in views.charts if chart.key == "ranking")
    assert len(ranking.series[0].x) == 20
    assert "% of" in ranking.series[0].text[0]
    statuses = next(chart for chart in views.charts if chart.key == "statuses")
    assert sum(y or 0 for y in statuses.series[0].y) == result.studied
    network = next(chart for chart in views.charts if chart.kind == "network")
    most = max(link.value or 0 for link in network.links)
    names, counts = np.unique(
        result.violations["element"][result.violations["limit_kind"] == "rating"].astype(str),
        return_counts=True,
    )
    assert most == counts.max()


def test_a_secure_grid_says_so(study: Run) -> None:
    result = study("case14_ieee", outages="named", named=("small=branch.20",))
    assert result.outcome == "secure"
    assert row(result, "small")["why"] == ""
    assert contingency.views(contingency.parse({"case": "x.m"}), result).charts


def test_the_base_is_the_power_flow(study: Run, pglib: Path) -> None:
    result = study("case30_ieee")
    case = str(pglib / "pglib_opf_case30_ieee.m")
    base = powerflow.function(powerflow.parse({"case": case, "generation": "balanced"}), Context())
    for name in ("buses", "branches", "units"):
        for column in getattr(base, name).columns.names:
            np.testing.assert_array_equal(getattr(base, name)[column], getattr(result, name)[column])
