import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from genba.core.findings import Severity, errors_in
from genba.grid.checks.case import check
from genba.grid.checks.topology import joined
from genba.grid.io.changes import apply
from genba.grid.io.matpower import parse
from genba.grid.records.case import BRANCH, BUS, COST, UNIT, Case
from genba.num.table import table

TEXT = """function mpc = s
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 10 3 0 0 0 0 1 1 0 230 1 1.1 0.9
 20 1 50 10 0 0 1 1 0 230 1 1.1 0.9
 30 2 40 10 0 0 1 1 0 230 1 1.1 0.9
 40 4 0 0 0 0 1 1 0 230 1 1.1 0.9
];
mpc.gen = [
 10 50 0 30 -30 1.02 100 1 80 0
 30 40 0 30 -30 1.01 100 1 80 10
];
mpc.branch = [
 10 20 0.01 0.1 0.02 60 60 60 0 0 1 -360 360
 20 30 0.01 0.1 0.02 60 60 60 0 0 1 -30 30
 30 10 0.01 0.1 0.02 60 60 60 1.02 5 1 0 0
 30 40 0.01 0.1 0.02 60 60 60 0 0 0 0 0
];
mpc.gencost = [
 2 0 0 3 0.1 20 5 0
 1 0 0 2 0 0 100 2000
];
"""
SOUND, _ = parse(TEXT)


def found(case: Case) -> list[tuple[str, str]]:
    return [(finding.code.removeprefix("grid."), finding.where) for finding in check(case)]


def after(*changes: str) -> list[tuple[str, str]]:
    return found(apply(SOUND, changes))


def with_costs(*rows: str) -> list[tuple[str, str]]:
    text = TEXT.partition("mpc.gencost")[0] + "mpc.gencost = [\n" + "\n".join(rows) + "\n];\n"
    return found(parse(text)[0])


def test_a_sound_case_has_no_finding():
    assert check(SOUND) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("bus.20.type=5", ("bus_type", "bus 20 (line 6)")),
        ("bus.20.type=0", ("bus_type", "bus 20 (line 6)")),
        ("bus.20.vmin=1.2", ("voltage_limits", "bus 20 (line 6)")),
        ("bus.20.vm=0", ("voltage", "bus 20 (line 6)")),
        ("bus.20.base_kv=0", ("base_kv", "bus 20 (line 6)")),
        ("bus.40.qd=1", ("isolated_load", "bus 40 (line 8)")),
        ("gen.2.bus=99", ("unit_bus", "gen 2 (line 12)")),
        ("gen.2.status=2", ("unit_status", "gen 2 (line 12)")),
        ("gen.2.pmin=90", ("active_limits", "gen 2 (line 12)")),
        ("gen.2.qmin=40", ("reactive_limits", "gen 2 (line 12)")),
        ("gen.2.vg=0", ("set_point", "gen 2 (line 12)")),
        ("gen.2.bus=40", ("isolated_unit", "gen 2 (line 12)")),
        ("gen.2.bus=10", ("set_points_differ", "gen 2 (line 12)")),
        ("branch.2.to_bus=99", ("branch_bus", "branch 2 (line 16)")),
        ("branch.2.to_bus=20", ("branch_loop", "branch 2 (line 16)")),
        ("branch.2.status=2", ("branch_status", "branch 2 (line 16)")),
        ("branch.2.status=-1", ("branch_status", "branch 2 (line 16)")),
        ("branch.2.x=0", ("zero_reactance", "branch 2 (line 16)")),
        ("branch.2.x=1e-16", ("tiny_impedance", "branch 2 (line 16)")),
        ("branch.2.x=-9e-7", ("tiny_impedance", "branch 2 (line 16)")),
        ("branch.2.x=-0.1", ("negative_reactance", "branch 2 (line 16)")),
        ("branch.2.r=-0.1", ("negative_resistance", "branch 2 (line 16)")),
        ("branch.2.ratio=-1", ("negative_ratio", "branch 2 (line 16)")),
        ("branch.2.ratio=20", ("unusual_ratio", "branch 2 (line 16)")),
        ("branch.2.ratio=1e-300", ("tiny_ratio", "branch 2 (line 16)")),
        ("branch.2.ratio=1e300", ("huge_ratio", "branch 2 (line 16)")),
        ("branch.2.shift=-400", ("unusual_shift", "branch 2 (line 16)")),
        ("branch.2.angmin=40", ("angle_limits", "branch 2 (line 16)")),
        ("branch.2.angmin=10", ("angle_limits_one_sided", "branch 2 (line 16)")),
        ("branch.2.rate_c=-1", ("negative_rating", "branch 2 (line 16)")),
        ("branch.2.rate_b=1e-16", ("tiny_rating", "branch 2 (line 16)")),
        ("branch.2.rate_a=0", ("unrated", "branch 2 (line 16)")),
        ("branch.2.from_bus=10", ("parallel", "branch 3 (line 17)")),
        ("branch.4.status=1", ("branch_to_isolated", "branch 4 (line 18)")),
        ("bus.10.type=2", ("no_reference", "bus")),
        ("bus.20.type=3", ("several_references", "bus 10 (line 5)")),
        ("bus.20.type=3", ("reference_without_unit", "bus 20 (line 6)")),
        ("bus.20.type=2", ("voltage_bus_without_unit", "bus 20 (line 6)")),
        ("gen.*.status=0", ("no_units", "gen")),
        ("bus.20.pd=inf", ("not_finite", "bus 20 (line 6)")),
        ("branch.2.x=inf", ("not_finite", "branch 2 (line 16)")),
        ("gen.2.pmax=-inf", ("not_finite", "gen 2 (line 12)")),
        ("gen.2.qmin=inf", ("not_finite", "gen 2 (line 12)")),
        ("bus.20.pd=1.1e6", ("too_large", "bus 20 (line 6)")),
        ("bus.20.bs=-1e300", ("too_large", "bus 20 (line 6)")),
        ("gen.2.pg=1e300", ("too_large", "gen 2 (line 12)")),
        ("bus.20.vm=101", ("too_large", "bus 20 (line 6)")),
        ("bus.20.va=1e300", ("too_large", "bus 20 (line 6)")),
        ("gen.2.vg=1e300", ("too_large", "gen 2 (line 12)")),
        ("branch.2.r=-1e300", ("too_large", "branch 2 (line 16)")),
        ("branch.2.x=1e16", ("too_large", "branch 2 (line 16)")),
        ("branch.2.b=1e300", ("too_large", "branch 2 (line 16)")),
        ("branch.2.shift=1e300", ("too_large", "branch 2 (line 16)")),
        ("gen.2.qmax=1e300", ("too_far", "gen 2 (line 12)")),
        ("gen.2.qmin=-1e300", ("too_far", "gen 2 (line 12)")),
        ("bus.20.vmax=1e300", ("too_far", "bus 20 (line 6)")),
        ("branch.2.rate_a=1e300", ("too_far", "branch 2 (line 16)")),
        ("gen.2.mbase=inf", ("not_finite_unused", "gen 2 (line 12)")),
        ("gen.2.pmin=-inf", ("endless_output", "gen 2 (line 12)")),
        ("gen.1.pmax=inf", ("endless_output", "gen 1 (line 11)")),
        ("gen.1.pmax=1e10", ("endless_output", "gen 1 (line 11)")),
        ("bus.20.vmax=inf", ("endless_voltage", "bus 20 (line 6)")),
        ("bus.20.vmin=-0.1", ("endless_voltage", "bus 20 (line 6)")),
    ],
)
def test_a_fault_is_found_where_it_is(change, expected):
    assert expected in after(change)


@pytest.mark.parametrize(
    "change",
    [
        "gen.2.qmax=inf", "gen.2.qmin=-inf", "bus.40.vmin=0", "branch.2.rate_a=inf", "branch.2.angmax=inf",
        "branch.2.angmin=-360", "branch.2.ratio=0.9", "branch.1.status=0", "branch.4.x=-1", "bus.40.vm=0",
        "bus.30.pd=0",
    ],
)  # fmt: skip
def test_what_is_allowed_is_not_reported(change):
    assert after(change) == []


def test_a_finding_about_size_says_what_is_allowed():
    findings = {kind: check(apply(SOUND, (change,))) for kind, change in (
        ("impedance", "branch.2.x=1e-16"), ("shift", "branch.2.shift=1e300"), ("limit", "gen.2.qmax=1e300"),
    )}  # fmt: skip
    assert [found[0].message for found in findings.values()] == [
        "r is 0.01 and x is 1e-16 p.u.; a study takes no x, nor r where x is 0, of less than 1e-06 p.u. "
        "Merge the buses or give it a small x, such as 0.0001.",
        "shift is 1e+300 °; a study takes at most 3600.0 °, of either sign. Look at the number and its unit.",
        "qmax is 1e+300 Mvar; a limit is at most 1000000000.0 Mvar, of either sign. Write Inf (-Inf for a "
        "lower one) where there is none.",
    ]


def test_a_resistance_alone_is_no_tiny_impedance_unless_it_is_tiny():
    assert after("branch.2.x=0") == [("zero_reactance", "branch 2 (line 16)")]
    assert after("branch.2.x=0", "branch.2.r=1e-300") == [("tiny_impedance", "branch 2 (line 16)")]
    assert after("branch.2.r=1e-300") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [("ratio=1e-300", "tiny_ratio"), ("ratio=1e3", "huge_ratio"), ("rate_b=1e-16", "tiny_rating")],
)
def test_sizes_out_of_service_are_told_for_scenarios_may_switch_them_in(change, code):
    assert after(f"branch.4.{change}") == [(code, "branch 4 (line 18)")]


def test_zero_impedance_is_an_error_only_in_service():
    assert after("branch.2.r=0", "branch.2.x=0") == [("zero_impedance", "branch 2 (line 16)")]
    assert after("branch.4.r=0", "branch.4.x=0") == [("zero_impedance_off", "branch 4 (line 18)")]


def test_crossed_limits_of_a_unit_out_of_service_are_a_note():
    assert after("gen.2.status=0", "gen.2.pmin=90") == [
        ("limits_off", "gen 2 (line 12)"),
        ("voltage_bus_without_unit", "bus 30 (line 7)"),
    ]


def test_not_a_number_is_an_error_in_what_a_study_uses():
    bad = SOUND.branch["b"].copy()
    bad[1] = np.nan
    case = dataclasses.replace(SOUND, branch=SOUND.branch.replace(b=bad))
    (finding,) = check(case)
    assert (finding.where, finding.arguments) == ("branch 2 (line 16)", {"column": "b", "found": "nan"})
    assert errors_in((finding,))


@pytest.mark.parametrize("base", [0.0, -100.0, np.nan, np.inf])
def test_the_power_base_must_be_positive_and_finite(base):
    assert found(dataclasses.replace(SOUND, base_mva=base)) == [("base_mva", "baseMVA")]


def test_bus_numbers_are_positive_and_given_once():
    numbers = np.array([10, 20, 20, -40])
    findings = found(dataclasses.replace(SOUND, bus=SOUND.bus.replace(bus=numbers)))
    assert ("duplicate_bus", "bus 20 (line 7)") in findings
    assert ("bus_number", "bus -40 (line 8)") in findings


def test_an_island_without_a_unit_is_reported_with_its_load():
    findings = check(apply(SOUND, ("branch.1.status=0", "branch.2.status=0")))
    assert [(f.code, f.where, f.arguments) for f in findings] == [
        ("grid.unsupplied_load", "bus 20 (line 6)", {"buses": 1, "load": 50.0}),
        ("grid.islands", "bus", {"islands": 2, "supplied": 1}),
    ]
    assert ("unsupplied", "bus 20 (line 6)") in after(
        "branch.1.status=0", "branch.2.status=0", "bus.20.pd=0", "bus.20.qd=0"
    )


def test_an_island_with_units_needs_a_reference_of_its_own():
    findings = check(apply(SOUND, ("branch.3.status=0", "branch.1.status=0")))
    assert [(f.code, f.where, f.arguments) for f in findings if f.severity is Severity.WARNING] == [
        ("grid.island_without_reference", "bus 20 (line 6)", {"buses": 2})
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["2 0 0 3 1 1 1"], ("cost_rows", "gencost")),
        (["2 0 0 3 1 1 1"] * 3, ("cost_rows", "gencost")),
        (["3 0 0 3 1 1 1", "2 0 0 3 1 1 1"], ("cost_model", "gencost 1 (line 21)")),
        (["2 0 0 0 1 1 1", "2 0 0 3 1 1 1"], ("cost_terms", "gencost 1 (line 21)")),
        (["2 0 0 4 1 1 1", "2 0 0 3 1 1 1"], ("cost_terms", "gencost 1 (line 21)")),
        (["1 0 0 1 1 1 1", "2 0 0 3 1 1 1"], ("cost_terms", "gencost 1 (line 21)")),
        (["1 0 0 2 1 1 1", "2 0 0 3 1 1 1"], ("cost_terms", "gencost 1 (line 21)")),
        (["2 0 0 3 1 NaN 1", "2 0 0 3 1 1 1"], ("cost_not_finite", "gencost 1 (line 21)")),
        (["2 0 0 3 1.1e9 1 1", "2 0 0 3 1 1 1"], ("cost_too_large", "gencost 1 (line 21)")),
        (["1 0 0 2 0 0 5 -2e9", "2 0 0 3 1 1 1 0"], ("cost_too_large", "gencost 1 (line 21)")),
        (["1 0 0 2 5 1 5 2", "2 0 0 3 1 1 1 0"], ("cost_order", "gencost 1 (line 21)")),
        (["2 0 0 3 -1 1 1", "2 0 0 3 1 1 1"], ("cost_not_convex", "gencost 1 (line 21)")),
        (["1 0 0 3 0 0 1 5 2 6", "2 0 0 3 1 1 1 0 0 0"], ("cost_not_convex", "gencost 1 (line 21)")),
        (["2 0 0 4 -1 1 1 1", "2 0 0 3 1 1 1 0"], ("cost_not_convex", "gencost 1 (line 21)")),
    ],
)  # fmt: skip
def test_a_wrong_cost_is_found_where_it_is(rows, expected):
    assert expected in with_costs(*rows)


@pytest.mark.parametrize(
    "rows",
    [
        ["2 0 0 3 1 1 1", "2 0 0 1 5 NaN NaN"],
        ["2 0 0 2 1 1", "2 0 0 2 -1 1"],
        ["1 0 0 3 0 0 1 1 2 3", "2 0 0 3 0 0 0 0 0 0"],
        ["2 0 0 4 1 0 1 1", "2 0 0 4 1 -3 1 1"],
        ["2 0 0 3 1 1 1"] * 4,
    ],
)
def test_a_sound_cost_is_not_reported(rows):
    assert with_costs(*rows) == []


def test_a_case_without_costs_is_a_note():
    assert found(parse(TEXT.partition("mpc.gencost")[0])[0]) == [("no_costs", "gencost")]


def test_many_faults_of_a_kind_are_summed_up():
    rows = 1000
    branch = SOUND.branch.where(np.zeros(rows, np.int64)).replace(x=np.zeros(rows), r=np.zeros(rows))
    findings = check(dataclasses.replace(SOUND, branch=branch, lines={}))
    counts = Counter(finding.code for finding in findings)
    assert counts["grid.zero_impedance"] == 100
    (more,) = [finding for finding in findings if finding.code == "grid.more"]
    assert more.arguments == {"count": 900, "kind": "grid.zero_impedance"}
    assert more.severity is Severity.ERROR
    assert findings[0].where == "branch 1"


def test_errors_come_first():
    severities = [
        finding.severity for finding in check(apply(SOUND, ("bus.*.type=1", "bus.*.vm=0", "gen.2.vg=0")))
    ]
    order = list(Severity)
    assert severities == sorted(severities, key=order.index)


WILD = st.sampled_from([0.0, -1.0, 1.0, 0.5, np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324]) | st.floats()
WHOLE = st.integers(-3, 5) | st.sampled_from([2**53, -(2**53)])


@st.composite
def wild_tables(draw, columns, rows):
    return table(
        columns,
        **{
            column.name: draw(
                st.lists(WHOLE if column.dtype == "int" else WILD, min_size=rows, max_size=rows)
            )
            for column in columns.columns
        },
    )


@st.composite
def wild_cases(draw):
    buses, units, branches, costs = (draw(st.integers(0, 4)) for _ in range(4))
    width = draw(st.integers(0, 5))
    data = draw(st.lists(WILD, min_size=costs * width, max_size=costs * width))
    return Case(
        name="wild",
        base_mva=draw(WILD),
        bus=draw(wild_tables(BUS, buses)),
        gen=draw(wild_tables(UNIT, units)),
        branch=draw(wild_tables(BRANCH, branches)),
        cost=draw(wild_tables(COST, costs)),
        cost_data=np.array(data, dtype=float).reshape(costs, width),
    )


@settings(max_examples=150, deadline=None)
@given(wild_cases())
def test_no_data_makes_the_checks_raise(case):
    for finding in check(case):
        assert finding.message


@settings(max_examples=50, deadline=None)
@given(
    st.permutations(range(4)),
    st.permutations(range(4)),
    st.sampled_from(["branch.1.status=0", "gen.2.bus=20"]),
)
def test_the_kinds_found_do_not_depend_on_the_order_of_rows(buses, branches, change):
    case = apply(SOUND, (change, "branch.3.x=0", "branch.3.r=0", "bus.30.vmin=2"))
    mixed = dataclasses.replace(
        case, bus=case.bus.where(np.array(buses)), branch=case.branch.where(np.array(branches)), lines={}
    )
    assert Counter(f.code for f in check(mixed)) == Counter(f.code for f in check(case))


@given(
    n=st.integers(1, 60),
    ends=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=80),
)
def test_what_is_joined_is_what_scipy_finds(n, ends):
    start, end = np.array(ends, np.int64).reshape(-1, 2).T % n
    label = joined(n, start, end)
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(n, n))
    expected = connected_components(graph, directed=False)[1]
    assert [np.flatnonzero(expected == number)[0] for number in expected] == label.tolist()


def test_a_long_line_of_buses_is_joined_whatever_their_order():
    order = np.random.default_rng(1).permutation(10_000)
    assert not joined(10_000, order[:-1], order[1:]).any()
