"""Files of contingencies: what they say, and every fault in one report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genba.core.errors import InputError, TooLarge
from genba.core.findings import Finding
from genba.grid.io import contingencies, matpower
from genba.grid.io.contingencies import Contingency, listed
from genba.grid.records.case import Case

Read = Callable[[str | bytes], tuple[tuple[Contingency, ...], tuple[Finding, ...]]]


@pytest.fixture
def case(pglib: Path) -> Case:
    return matpower.read(pglib / "pglib_opf_case14_ieee.m")[0]


@pytest.fixture
def read(case: Case, tmp_path: Path) -> Read:
    def read(content: str | bytes) -> tuple[tuple[Contingency, ...], tuple[Finding, ...]]:
        path = tmp_path / "contingencies.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return listed(path, case, taken=("taken",))

    return read


def test_a_row_is_a_contingency(read: Read) -> None:
    found, findings = read("name,elements\nstorm, branch.12 + gen.3+branch.2 \n\n 鉄塔 ,branch.1\n")
    assert findings == ()
    assert found == (Contingency("storm", (1, 11), (2,)), Contingency("鉄塔", (0,)))


@pytest.mark.parametrize(
    "text", ["\ufeffName;Elements\r\na;gen.1\r\n", "name\telements\na\tgen.1", 'name,elements\n"a",gen.1\n']
)
def test_separators_marks_and_line_ends_are_read(read: Read, text: str) -> None:
    assert read(text) == ((Contingency("a", (), (0,)),), ())


def test_every_fault_is_told_at_once_with_its_line(read: Read) -> None:
    _, findings = read(
        "name,elements\n"
        "a,branch.0\n"
        "a,branch.21\n"
        "branch.3,branch.4\n"
        "branch.3+branch.4,branch.4\n"
        "taken,gen.6\n"
        "b,bus.1\n"
        "c\n"
        "d,branch.1,branch.2\n"
        "e,\n"
        ",branch.1\n"
        "f,branch.1+\n"
        f"{'g' * 65},branch.1e3\n"
        "h,branch.¹\n"
    )
    assert [(f.code.removeprefix("grid.contingency_"), f.where) for f in findings] == [
        ("missing", "line 2"),
        ("twice", "line 3"),
        ("missing", "line 3"),
        ("name", "line 4"),
        ("name", "line 5"),
        ("twice", "line 6"),
        ("missing", "line 6"),
        ("element", "line 7"),
        ("width", "line 8"),
        ("width", "line 9"),
        ("element", "line 10"),
        ("name", "line 11"),
        ("element", "line 12"),
        ("name", "line 13"),
        ("element", "line 13"),
        ("element", "line 14"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("branch.1\n", "header"),
        ("elements,name\nbranch.1,a\n", "header"),
        ("name,elements\n", "none"),
        ("name,elements\n,\n\n", "none"),
        ("name,elements\na," + "+".join(["branch.1"] * 1001) + "\n", "many"),
    ],
)
def test_a_file_that_says_nothing_or_too_much_is_told(read: Read, text: str, code: str) -> None:
    assert [finding.code for finding in read(text)[1]] == [f"grid.contingency_{code}"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"name,elements\na,branch.1\0", "NUL byte"),
        (b"name,\x01\na,branch.1\n", "line 1: found a control character"),
        (b"PK\x03\x04\x14\0", "Excel workbook or a zip archive; save its sheet as CSV"),
        ("name,elements\n".encode("utf-16"), "UTF-16"),
        (b'name,elements\na,"branch.1', "no CSV"),
        (b'name,elements\n"a"x,branch.1', "no CSV"),
    ],
)
def test_what_is_no_csv_is_refused(read: Read, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(content)


def test_a_million_faults_give_a_report_a_person_can_read(read: Read) -> None:
    _, findings = read("name,elements\n" + "".join(f"a{row},bus.1\n" for row in range(5000)))
    assert len(findings) == 101
    assert findings[-1].code == "grid.more"


def test_a_file_too_large_is_not_read(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: Case
) -> None:
    with pytest.raises(TooLarge, match="at most"):
        read(b"x" * (contingencies.LARGEST + 1))
    monkeypatch.setattr(contingencies, "MOST", 3)
    with pytest.raises(TooLarge, match="more than 3"):
        read("name,elements\n" + "".join(f"a{row},branch.1\n" for row in range(4)))
    with pytest.raises(InputError, match="regular file"):
        listed(tmp_path, case)
    with pytest.raises(InputError, match="cannot be read"):
        listed(tmp_path / "nowhere.csv", case)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(alphabet='name,elts.br+gh1;\n"0 \t', max_size=60)))
def test_no_content_escapes_as_another_error(read: Read, content: str | bytes) -> None:
    body = content if isinstance(content, bytes) else content.encode()
    for head in (b"", b"name,elements\n"):
        try:
            found, findings = read(head + body)
        except InputError:
            continue
        assert findings or found


def test_a_truncated_file_is_told_or_a_shorter_list(read: Read) -> None:
    whole = "name,elements\nstorm,branch.12+gen.3\nline,branch.7+branch.8\n"
    for end in range(1, len(whole)):
        try:
            found, findings = read(whole[:end])
        except InputError:
            continue
        assert findings or all(one.branches or one.units for one in found)
