"""Files of scenarios: both forms, both formats, and every fault in one report."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genba.core.errors import InputError, TooLarge
from genba.core.findings import Finding
from genba.grid.io import changes, matpower, scenarios, sheet
from genba.grid.io.recorded import recorded
from genba.grid.records.case import Case

Read = Callable[[str], tuple[scenarios.Scenarios, tuple[Finding, ...]]]


@pytest.fixture
def case(pglib: Path) -> Case:
    return matpower.read(pglib / "pglib_opf_case14_ieee.m")[0]


@pytest.fixture
def read(case: Case, tmp_path: Path) -> Read:
    def read(text: str) -> tuple[scenarios.Scenarios, tuple[Finding, ...]]:
        path = tmp_path / "scenarios.csv"
        path.write_text(text)
        return scenarios.read(path, case)

    return read


def parquet(path: Path, query: str) -> Path:
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def test_a_scenario_is_the_case_with_its_changes(read: Read, case: Case) -> None:
    found, findings = read(
        "scenario,time,bus.3.pd,scale.load,gen.2.pg*,branch.8.ratio,branch.5.status\n"
        "day,12:00,100,1.1,2,0.95,0\n"
        "night,,,0.5,,,\n"
    )
    assert findings == ()
    assert (found.names, found.times) == (("day", "night"), ("12:00", ""))
    day = changes.apply(
        case,
        (
            "bus.3.pd=100",
            "bus.*.pd*=1.1",
            "bus.*.qd*=1.1",
            "gen.2.pg*=2",
            "branch.8.ratio=0.95",
            "branch.5.status=0",
        ),
    )
    night = changes.apply(case, ("bus.*.pd*=0.5", "bus.*.qd*=0.5"))
    for row, expected in enumerate((day, night)):
        made = found.case(case, row)
        for table in ("bus", "gen", "branch"):
            for name in getattr(case, table).columns.names:
                np.testing.assert_array_equal(getattr(made, table)[name], getattr(expected, table)[name])


def test_columns_act_from_left_to_right(read: Read, case: Case) -> None:
    found, _ = read("bus.3.pd,scale.load,bus.3.pd*\n100,2,3\n")
    assert found.case(case, 0).bus["pd"][2] == 600
    found, _ = read("scale.load,bus.3.pd\n2,100\n")
    assert found.case(case, 0).bus["pd"][2] == 100


def test_the_long_form_says_the_same(read: Read, case: Case) -> None:
    wide, _ = read("scenario,time,bus.3.pd,bus.4.pd\na,1,10,\nb,2,30,40\n")
    long, findings = read("scenario,change,value,time\na,bus.3.pd,10,1\nb,bus.3.pd,30,2\nb,bus.4.pd,40,2\n")
    assert findings == ()
    assert (long.names, long.times) == (wide.names, wide.times)
    for row in range(2):
        np.testing.assert_array_equal(long.case(case, row).bus["pd"], wide.case(case, row).bus["pd"])


def test_parquet_says_the_same_as_csv(read: Read, case: Case, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "s.parquet",
        "SELECT * FROM (VALUES ('a', TIMESTAMP '2026-01-01 03:00:00', 10.5, 2::BIGINT),"
        ' (\'b\', NULL, NULL, 3)) t(scenario, time, "bus.3.pd", "gen.1.pg")',
    )
    found, findings = scenarios.read(path, case)
    assert findings == ()
    assert found.names == ("a", "b")
    assert found.times == ("2026-01-01T03:00:00", "")
    np.testing.assert_array_equal(found.values, [[10.5, 2], [np.nan, 3]])


def test_scenarios_without_names_are_numbered(read: Read) -> None:
    found, _ = read("scale.load\n1\n1.1\n")
    assert found.names == ("1", "2")


def test_semicolons_tabs_and_a_byte_order_mark_are_read(read: Read) -> None:
    for text in ("\ufeffscenario;scale.load\na;1.1\n", "scenario\tscale.load\na\t1.1\n"):
        found, findings = read(text)
        assert findings == ()
        assert found.names == ("a",)
        assert found.values.tolist() == [[1.1]]


def test_an_empty_row_of_cells_is_the_case_itself_and_a_blank_line_is_nothing(read: Read, case: Case) -> None:
    found, findings = read("bus.3.pd,bus.4.pd\n,\n\n1,2\n")
    assert findings == ()
    assert len(found) == 2
    np.testing.assert_array_equal(found.case(case, 0).bus["pd"], case.bus["pd"])


def test_every_fault_is_told_at_once_with_its_place(read: Read) -> None:
    _, findings = read(
        "scenario,bus.99.pd,gen.9.pg,foo,branch.1.x,gen.1.status*,bus.3.pd,bus.03.pd,gen.1.vg,branch.2.status\n"
        "a,1,1,1,1,1,1,1,-1,2\n"
        "a,1,1,1,1,1,abc,1,1,1\n"
        "b,1,1\n"
        "c,nan,inf,1_0,1,1,1,1,1,1\n"
    )
    told = {(finding.code, finding.where) for finding in findings}
    assert told == {
        ("grid.scenario_element", "header"),
        ("grid.scenario_column", "header"),
        ("grid.scenario_field", "header"),
        ("grid.scenario_factor", "header"),
        ("grid.scenario_change_repeated", "header"),
        ("grid.scenario_range", "line 2"),
        ("grid.scenario_cell", "line 3"),
        ("grid.scenario_name", "line 3"),
        ("grid.scenario_width", "line 4"),
        ("grid.scenario_cell", "line 5"),
    }
    cells = [finding for finding in findings if finding.where == "line 5"]
    assert [finding.arguments["found"] for finding in cells] == ["nan", "inf", "1_0"]
    assert all("finite number" in finding.message for finding in cells)


def test_a_wrong_header_is_told_before_the_cells_that_follow_from_it(read: Read) -> None:
    _, findings = read("scenario,element,column,value\nday,bus.3,pd,100\n")
    assert [finding.code for finding in findings][:2] == ["grid.scenario_long", "grid.scenario_cell"]
    assert "scenario, change and value" in findings[0].message


def test_faults_of_parquet_name_row_and_column(case: Case, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "s.parquet",
        "SELECT * FROM (VALUES (1.0, 'x'), ('nan'::DOUBLE, '2')) t(\"bus.3.pd\", \"bus.4.pd\")",
    )
    _, findings = scenarios.read(path, case)
    assert [(f.where, f.arguments["column"]) for f in findings] == [
        ("row 2", "bus.3.pd"),
        ("row 1", "bus.4.pd"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("scenario,scale.load\n", "grid.scenario_none"),
        (",,,\n", "grid.scenario_none"),
        ("scenario,change,value\na,bus.3.pd,1\na,bus.3.pd,2\n", "grid.scenario_twice"),
        ("scenario,change,worth\na,bus.3.pd,1\n", "grid.scenario_long"),
        ("scenario,scenario,scale.load\na,b,1\n", "grid.scenario_column_repeated"),
        (f"scenario,scale.load\n{'x' * 65},1\n", "grid.scenario_name"),
        ("scenario,scale.load\na\x07b,1\n", "grid.scenario_name"),
    ],
)
def test_other_faults_are_told(read: Read, text: str, code: str) -> None:
    _, findings = read(text)
    assert code in {finding.code for finding in findings}


def test_a_power_that_no_grid_has_is_told(read: Read) -> None:
    _, findings = read("bus.3.pd,gen.2.pg*\n1e6,1e4\n-1.1e6,1\n")
    assert [(finding.code, finding.where) for finding in findings] == [("grid.scenario_range", "line 3")]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("scale.load\n1e300\n", "-10615.7 to 10615.7"),  # of 94.2 MW
        ("bus.*.qd*\n-1e300\n", "-52631.6 to 52631.6"),  # of 19 Mvar
        ("bus.8.pd*\n1.1e6\n", "-1e+06 to 1e+06"),  # of 0 MW
        ("bus.3.pd,bus.*.pd*\n1e6,1.1\n", "-1 to 1"),
        ("bus.3.pd,scale.load\n5e5,2.1\n", "-2 to 2"),
        ("bus.3.pd*,scale.load\n1e3,11\n", "-10.6157 to 10.6157"),
        ("gen.2.vg\n101\n", "above 0, up to 100"),
        ("gen.2.vg*\n1e3\n", "above 0, up to 100"),
        ("gen.2.qmax\n1e300\n", "-1e+09 to 1e+09"),
        ("gen.2.pmin*\n-1e300\n", "-1e+06 to 1e+06"),
        ("branch.8.ratio\n1e300\n", "0, or 0.01 to 100"),
        ("branch.8.shift\n1e300\n", "-3600 to 3600"),
        ("branch.8.rate_a\n1e-300\n", "0, or 1e-06 to 1e+09"),
    ],
)
def test_a_value_or_factor_is_bounded_with_what_is_there(read: Read, text: str, allowed: str) -> None:
    _, findings = read(text)
    told = [(one.code, one.where, one.arguments["allowed"]) for one in findings]
    assert told == [("grid.scenario_range", "line 2", allowed)]


def test_limits_without_end_can_be_multiplied(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "scenarios.csv"
    path.write_text("gen.*.pmax*,branch.*.rate_a*\n1.5,1.5\n")
    endless = changes.apply(case, ("gen.*.pmax=inf", "branch.*.rate_a=inf"))
    assert scenarios.read(path, endless)[1] == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"scenario\0", "NUL"),
        (b"\x01\x02\x03\n\x04\n", "line 1: found a control character"),
        (b"PK\x03\x04\x14\0", "Excel workbook or a zip archive; save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook"),
        ("scenario,bus.3.pd".encode("utf-16"), "UTF-16"),
        (b'scenario,bus.3.pd\n"a,1\n', "no CSV"),
        (b"PAR1 but nothing else", "no readable Parquet"),
        (b"a" * 200_000 + b"\n1\n", "no CSV"),
    ],
)
def test_what_is_no_sheet_is_refused(case: Case, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        scenarios.read(path, case)


def test_too_much_is_refused_before_it_is_held(
    read: Read, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "MOST_CELLS", 10)
    monkeypatch.setattr(scenarios, "MOST_CELLS", 10)
    with pytest.raises(TooLarge):
        read("bus.3.pd,bus.4.pd\n" + "1,2\n" * 20)
    with pytest.raises(TooLarge):
        read("scenario,change,value\n" + "".join(f"{n},bus.{n + 1}.pd,1\n" for n in range(8)))
    with pytest.raises(TooLarge):
        scenarios.read(parquet(tmp_path / "s.parquet", 'SELECT range AS "bus.3.pd" FROM range(11)'), case)
    monkeypatch.setattr(scenarios, "MOST_SCENARIOS", 2)
    with pytest.raises(TooLarge):
        read("scale.load\n1\n1\n1\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_no_text_breaks_the_reader(case: Case, tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        found, findings = scenarios.read(path, case)
    except InputError:
        return
    if not findings:
        assert np.isfinite(found.case(case, 0).bus["pd"]).all()


def test_what_to_record_is_read_and_its_faults_are_told_together(case: Case) -> None:
    kept = recorded(("bus.3.vm", "branch.2.loading", "gen.*.q", "gen.1.q"), case)
    assert kept.names == ("bus.3.vm", "branch.2.loading", *(f"gen.{row}.q" for row in range(1, 6)))
    with pytest.raises(InputError, match=r"bus\.3\.pd.*no branch 99.*need bus\.7\.vm"):
        recorded(("bus.3.pd", "branch.99.loading", "nonsense"), case)
