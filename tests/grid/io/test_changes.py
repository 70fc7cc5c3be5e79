import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.core.errors import InputError
from genba.grid.io.changes import apply
from genba.grid.io.matpower import parse

CASE, _ = parse(
    """function mpc = s
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 7 3 10 1 0 0 1 1 0 230 1 1.1 0.9
 3 1 20 2 0 0 1 1 0 230 1 1.1 0.9
];
mpc.gen = [7 50 0 30 -30 1.02 100 1 80 0; 3 0 0 30 -30 1 100 1 40 0];
mpc.branch = [7 3 0.01 0.1 0.02 60 70 80 0 0 1 -360 360; 3 7 0.01 0.2 0 60 70 80 0 0 1 -360 360];
"""
)


@pytest.mark.parametrize(
    ("change", "table", "column", "expected"),
    [
        ("branch.2.status=0", "branch", "status", [1, 0]),
        ("bus.3.pd=25.5", "bus", "pd", [10.0, 25.5]),
        ("bus.7.pd = -1e1", "bus", "pd", [-10.0, 20.0]),
        ("gen.1.pmax=Inf", "gen", "pmax", [np.inf, 40.0]),
        ("branch.*.rate_a=0", "branch", "rate_a", [0.0, 0.0]),
        ("bus.*.pd*=1.5", "bus", "pd", [15.0, 30.0]),
        ("gen.2.bus=7", "gen", "bus", [7, 7]),
        ("gen.*.status*=0", "gen", "status", [0, 0]),
        ("bus.03.type=2.0", "bus", "type", [3, 2]),
    ],
)
def test_a_change_reaches_the_rows_it_names_and_no_other(change, table, column, expected):
    changed = apply(CASE, (change,))
    assert getattr(changed, table)[column].tolist() == expected
    for name in ("bus", "gen", "branch"):
        before, after = getattr(CASE, name), getattr(changed, name)
        for other in before.columns.names:
            if (name, other) != (table, column):
                assert before[other].tolist() == after[other].tolist()


def test_changes_are_made_in_order_and_leave_the_case_as_it_was():
    changed = apply(CASE, ("bus.3.pd=100", "bus.*.pd*=2", "bus.7.pd=1"))
    assert changed.bus["pd"].tolist() == [1.0, 200.0]
    assert CASE.bus["pd"].tolist() == [10.0, 20.0]
    assert changed.lines is CASE.lines
    assert apply(CASE, ()) is CASE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("branch.12", "write table.id.column=value"),
        ("", "write table.id.column=value"),
        ("bus.3.pd+=1", "write table.id.column=value"),
        ("bus.3.pd=1 2", "write table.id.column=value"),
        ("x" * 100_000, "write table.id.column=value"),
        ("line.1.r=0", "no table 'line'; allowed: bus, gen, branch"),
        ("branch.1.rate_d=0", "no column 'rate_d'; allowed: from_bus, .*did you mean rate_"),
        ("bus.3.bus=4", "no column 'bus'; allowed: type, pd"),
        ("branch.3.status=0", r"branch has no row 3 \(it has 2\)"),
        ("branch.0.status=0", "branch has no row 0"),
        ("bus.4.pd=0", "bus has no bus number 4"),
        ("bus.99999999999999999999999.pd=0", "is no bus number"),
        ("gen.first.pg=0", "'first' is no row"),
        ("bus.3.pd=heavy", "'heavy' is no number"),
        ("bus.3.pd=nan", "'nan' is no number"),
        ("bus.3.pd=1_0", "'1_0' is no number"),
        ("bus.3.pd=__import__('os')", "is no number"),
        ("branch.1.status=0.5", "status takes whole numbers only"),
        ("bus.*.type*=0.5", "type takes whole numbers only"),
        ("gen.1.bus=1e300", "bus takes whole numbers only"),
        ("gen.1.bus=inf", "bus takes whole numbers only"),
    ],
)
def test_a_wrong_change_is_refused_with_what_is_allowed(change, message):
    with pytest.raises(InputError, match=message) as caught:
        apply(CASE, (change,))
    assert len(caught.value.message) < 500


@given(st.text(alphabet="busgenranch.*=0123456789pdtyre_ \n-", max_size=30))
def test_any_text_is_a_change_or_an_input_error(change):
    try:
        apply(CASE, (change,))
    except InputError as error:
        assert "change" in error.message  # noqa: PT017  both outcomes are allowed here


@given(st.floats(0.1, 10), st.floats(0.1, 10))
def test_scaling_twice_is_scaling_by_the_product(first, second):
    twice = apply(CASE, (f"bus.*.pd*={first!r}", f"bus.*.pd*={second!r}"))
    once = apply(CASE, (f"bus.*.pd*={first * second!r}",))
    np.testing.assert_allclose(twice.bus["pd"], once.bus["pd"], rtol=1e-15)
