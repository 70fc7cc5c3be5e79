import numpy as np
import pytest

from genba.core.errors import InputError
from genba.core.findings import Severity
from genba.grid.io.matpower import parse, read

SMALL = """\
function mpc = small
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
	1	3	0	0	0	0	1	1	0	230	1	1.1	0.9;
	2	1	50	10	0	5	1	1	0	230	1	1.1	0.9;
];
mpc.gen = [
	1	50	0	30	-30	1.02	100	1	80	0;
];
mpc.branch = [
	1	2	0.01	0.1	0.02	60	70	80	0	0	1	-360	360;
];
mpc.gencost = [
	2	0	0	3	0.1	20	5;
];
"""
GEN = "1	50	0	30	-30	1.02	100	1	80	0"


def faults(text):
    with pytest.raises(InputError) as caught:
        parse(text)
    return [(found.code, found.where) for found in caught.value.findings if found.severity is Severity.ERROR]


def test_every_named_column_is_read_where_the_manual_puts_it():
    case, findings = parse(SMALL)
    assert findings == ()
    assert (case.name, case.base_mva) == ("small", 100.0)
    assert case.bus.rows()[1] == {
        "bus": 2, "type": 1, "pd": 50.0, "qd": 10.0, "gs": 0.0, "bs": 5.0, "area": 1, "vm": 1.0, "va": 0.0,
        "base_kv": 230.0, "zone": 1, "vmax": 1.1, "vmin": 0.9,
    }  # fmt: skip
    assert case.gen.rows()[0] == {
        "bus": 1, "pg": 50.0, "qg": 0.0, "qmax": 30.0, "qmin": -30.0, "vg": 1.02, "mbase": 100.0, "status": 1,
        "pmax": 80.0, "pmin": 0.0,
    }  # fmt: skip
    assert case.branch.rows()[0] == {
        "from_bus": 1, "to_bus": 2, "r": 0.01, "x": 0.1, "b": 0.02, "rate_a": 60.0, "rate_b": 70.0,
        "rate_c": 80.0, "ratio": 0.0, "shift": 0.0, "status": 1, "angmin": -360.0, "angmax": 360.0,
    }  # fmt: skip
    assert case.cost.rows()[0] == {"model": 2, "startup": 0.0, "shutdown": 0.0, "terms": 3}
    assert case.cost_data.tolist() == [[0.1, 20.0, 5.0]]


def test_the_same_text_is_read_once_and_nobody_can_change_it_for_the_next(tmp_path):
    path = tmp_path / "small.m"
    path.write_text(SMALL)
    case, _ = read(path)
    assert read(path)[0] is case
    for array in (case.bus["pd"], case.gen["pmax"], case.branch["x"], case.cost["model"], case.cost_data):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    path.write_text(SMALL.replace("50	10", "60	10"))
    assert read(path)[0].bus["pd"].tolist() == [0.0, 60.0]


def test_rows_know_their_lines():
    case, _ = parse(SMALL)
    assert {name: lines.tolist() for name, lines in case.lines.items()} == {
        "bus": [5, 6], "gen": [9], "branch": [12], "gencost": [15],
    }  # fmt: skip


@pytest.mark.parametrize(
    "gen",
    [
        f"mpc.gen = [{GEN}];",
        f"mpc.gen=[ {GEN} ]",
        "mpc.gen = [1,50,0,30,-30,1.02,100,1,80,0;];",
        "mpc.gen = [1, 50, 0, 30 -30 +1.02 1e2 1 .8E+2 0.];",
        "mpc.gen = [ 1 50 0 30 -30 ... the rest follows ] = [\n 1.02 100 1 80 0];",
        f"mpc.gen = [ % bus Pg ] = [ 'quoted\n % a line of comment ];\n{GEN} % oil [MW]; }}\n];",
        f"mpc.gen = [\n\n;;{GEN};;\n\n]; % done",
        f"mpc.gen = ... here it comes\n[{GEN}];",
        f"%{{\nmpc.gen = [ 1 2 3\n%{{\n nested\n%}}\n%}}\nmpc.gen = [{GEN}];",
        f"mpc.gen\t=\t[\t{GEN}\t]\t;\t",
    ],
)
def test_every_way_to_write_a_matrix_gives_the_same_rows(gen):
    case, _ = parse(SMALL.replace(f"mpc.gen = [\n	{GEN};\n];", gen))
    assert case.gen["pmax"].tolist() == [80.0]
    assert case.gen["vg"].tolist() == [1.02]


def test_lines_are_counted_through_comments_blocks_and_continuations():
    before = "%{\nhidden\n%}\nmpc.x = {'a' ...\n, 'b'\n};\n"
    gen = "mpc.gen = [ % one\n\n% two\n 1 50 0 ...\n 30 -30 1 100 1 80 0\n"
    text = SMALL.replace("mpc.gen = [\n", before + gen)
    case, _ = parse(text)
    assert case.lines["gen"].tolist() == [17, 19]
    assert text.split("\n")[16].strip().startswith("1 50 0 ...")
    assert text.split("\n")[18].strip() == f"{GEN};"


def test_infinite_limits_stay_infinite_and_nan_stays_nan():
    case, _ = parse(SMALL.replace("30	-30", "Inf	-Inf").replace("0.02	60", "NaN	inf"))
    assert (case.gen["qmax"][0], case.gen["qmin"][0]) == (np.inf, -np.inf)
    assert np.isnan(case.branch["b"][0])
    assert case.branch["rate_a"][0] == np.inf
    assert case.gen.rows()[0]["qmax"] is None


def test_columns_beyond_the_named_ones_are_kept():
    solved = SMALL.replace("1.1	0.9;", "1.1	0.9	1	2	3	4;").replace(
        "80	0;", "80	0	" + "7	" * 11 + ";"
    )
    case, _ = parse(solved)
    assert case.extra_columns["bus"].tolist() == [[1, 2, 3, 4], [1, 2, 3, 4]]
    assert case.extra_columns["gen"].shape == (1, 11)
    assert "branch" not in case.extra_columns


def test_sections_nobody_interprets_are_kept_as_they_came_and_reported():
    value = "{\n	'one; ]'; % a name\n	'it''s % two';\n}"
    case, findings = parse(SMALL + f"mpc.bus_name = {value};\nmpc.dcline = [\n 1 2 1;\n];\nmpc.if.map = 5\n")
    assert case.extra_sections == {"bus_name": value, "dcline": "[\n 1 2 1;\n]", "if.map": "5"}
    assert [(found.code, found.where) for found in findings] == [
        ("grid.not_modelled", "dcline (line 21)"),
        ("grid.section_kept", "bus_name (line 17)"),
        ("grid.section_kept", "if.map (line 24)"),
    ]


def test_the_struct_may_have_any_name_and_the_function_may_end():
    text = SMALL.replace("mpc", "s").replace("s = small", "s = small()") + "return;\nend\n"
    assert parse(text)[0].name == "small"


def test_a_file_without_a_header_takes_the_files_name_and_is_warned():
    case, findings = parse(SMALL.split("\n", 1)[1], "my case-7")
    assert case.name == "my_case_7"
    assert [found.code for found in findings] == ["grid.no_header"]


def test_the_last_of_two_sections_counts_as_in_matlab():
    case, findings = parse(SMALL + "mpc.baseMVA = 50;\n")
    assert case.base_mva == 50.0
    assert [(found.code, found.where) for found in findings] == [
        ("grid.section_repeated", "baseMVA (line 17)")
    ]


@pytest.mark.parametrize("empty", ["[]", "[\n];", "[ % none\n ]"])
def test_a_matrix_without_rows_is_an_empty_table(empty):
    case, _ = parse(SMALL.replace(f"[\n	{GEN};\n]", empty))
    assert len(case.gen) == 0


def test_costs_may_be_absent():
    case, _ = parse(SMALL.partition("mpc.gencost")[0])
    assert (len(case.cost), case.cost_data.shape) == (0, (0, 0))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mpc.version = '2'", "mpc.version = '1'", ("grid.version", "version (line 2)")),
        ("mpc.version = '2'", "mpc.comment = '2'", ("grid.section_missing", "mpc.version")),
        ("mpc.baseMVA = 100", "mpc.baseMVA = base", ("grid.not_a_number", "baseMVA (line 3)")),
        ("50	10	0", "50	1O	0", ("grid.not_a_number", "bus (line 6)")),
        ("50	10	0", "50	1_0	0", ("grid.not_a_number", "bus (line 6)")),
        ("50	10	0", "50	１０	0", ("grid.not_a_number", "bus (line 6)")),
        ("50	10	0", "50	10-1	0", ("grid.not_a_number", "bus (line 6)")),
        ("50	10	0", "50	10	0	0", ("grid.row_width", "bus row 2 (line 6)")),
        ("2	1	50", "2.5	1	50", ("grid.not_whole", "bus row 2 (line 6)")),
        ("2	1	50", "NaN	1	50", ("grid.not_whole", "bus row 2 (line 6)")),
        ("2	1	50", "1e300	1	50", ("grid.not_whole", "bus row 2 (line 6)")),
        ("-360	360;", ";", ("grid.columns_missing", "branch (line 11)")),
        ("0.9;\n];\nmpc.gen", "0.9;\n\nmpc.gen", ("grid.unterminated", "bus (line 4)")),
        ("5;\n];", "5;\n", ("grid.unterminated", "gencost (line 14)")),
        ("mpc.gencost", "mpc.bus(:, 3) = 2 * mpc.bus(:, 3);\nmpc.gencost", ("grid.computed", "line 14")),
        ("mpc.gencost", "define_constants;\nmpc.gencost", ("grid.computed", "line 14")),
        ("5;\n];", "5;\n]';", ("grid.computed", "gencost (line 14)")),
        ("5;\n];", "5;\n] * 2;", ("grid.computed", "gencost (line 14)")),
        ("mpc.gencost", "other.gencost", ("grid.computed", "gencost (line 14)")),
        ("mpc.gencost", "mpc.bus.gencost", ("grid.computed", "bus.gencost (line 14)")),
        ("mpc.gencost = [", "function y = f(x)\nmpc.gencost = [", ("grid.computed", "line 14")),
    ],
)
def test_a_fault_is_reported_at_its_line(old, new, expected):
    assert old in SMALL
    assert faults(SMALL.replace(old, new, 1))[0] == expected


def test_the_old_version_1_header_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="line 1.*savecase"):
        parse("function [baseMVA, bus, gen, branch] = case9\nbaseMVA = 100;\n")


def test_all_faults_of_a_file_are_reported_in_one_pass():
    text = (
        SMALL.replace("50	10	0", "50	x	0")
        .replace("0.02	60", "0.02	60	1	2")
        .replace("mpc.baseMVA", "mpc.base")
    )
    found = faults(text.replace("'2'", "'3'"))
    assert {code for code, _ in found} == {"grid.not_a_number", "grid.version", "grid.section_missing"}
    assert len(faults(text.replace("	1	-360", "	1	2	-360"))) == 2


def test_a_million_faults_give_a_report_a_person_can_read():
    rows = "1	3	x	0	0	0	1	1	0	230	1	1.1	0.9;\n" * 5000
    with pytest.raises(InputError) as caught:
        parse(SMALL.replace("mpc.bus = [\n", "mpc.bus = [\n" + rows))
    assert len(caught.value.findings) == 101
    assert caught.value.findings[-1].arguments == {"count": 4900, "kind": "grid.not_a_number"}


def test_an_unclosed_bracket_does_not_hide_what_follows():
    found = faults(SMALL.replace("0.9;\n];\nmpc.gen", "0.9;\n\nmpc.gen").replace("80	0;", "80	zero;"))
    assert found == [("grid.unterminated", "bus (line 4)"), ("grid.not_a_number", "gen (line 9)")]
