"""Tables as CSV, as JSON and as Excel workbooks."""

import csv
import io
import math
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.core.columns import Column, Columns
from genba.core.errors import MissingExtra, TooLarge
from genba.faces import excel
from genba.faces.tables import UTF8_BOM, csv_pieces, file_name, harmless, page
from genba.num.table import Table, table

COLUMNS = Columns(
    "buses",
    (
        Column("bus", "int", "1", "Bus number."),
        Column("vm", "float", "p.u.", "Voltage magnitude."),
        Column("on", "bool", "1", "Whether it is energised."),
        Column("name", "text", "", "What it is called."),
    ),
)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://evil.example")']


def buses(*, vm: list[float], names: list[str | None]) -> Table:
    rows = len(vm)
    return table(COLUMNS, bus=range(1, rows + 1), vm=vm, on=[True] * rows, name=names)


def as_csv(rows: Table, **options: Any) -> list[list[str]]:
    text = b"".join(csv_pieces(rows, **options)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_has_units_in_the_header_and_ends_lines_as_rfc_4180_says() -> None:
    rows = buses(vm=[1.05, math.nan], names=['say "hi", then go', "two\nlines"])
    assert b"".join(csv_pieces(rows)) == (
        b'bus,vm [p.u.],on,name\r\n1,1.05,true,"say ""hi"", then go"\r\n2,,true,"two\nlines"\r\n'
    )


def test_csv_begins_with_a_mark_only_when_asked() -> None:
    rows = buses(vm=[1.0], names=["大阪"])
    assert b"".join(csv_pieces(rows, bom=True)).startswith(UTF8_BOM)
    assert not b"".join(csv_pieces(rows)).startswith(UTF8_BOM)
    assert as_csv(rows, bom=True)[1][3] == "大阪"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_in_csv(text: str) -> None:
    assert as_csv(buses(vm=[1.0], names=[text]))[1][3] == f"'{text}"


def test_negative_numbers_stay_numbers_in_csv() -> None:
    assert as_csv(buses(vm=[-1.5], names=[""]))[1][1] == "-1.5"


@given(st.lists(st.tuples(st.floats(), st.text(st.characters(exclude_categories=["Cs"]))), max_size=20))
def test_csv_gives_back_what_was_written(cells: list[tuple[float, str]]) -> None:
    rows = buses(vm=[number for number, _ in cells], names=[text for _, text in cells])
    read = as_csv(rows)[1:]
    assert [row[3] for row in read] == [harmless(text) for _, text in cells]
    for row, (number, _) in zip(read, cells, strict=True):
        assert row[1] == "" if not math.isfinite(number) else float(row[1]) == number


def test_a_large_table_comes_in_pieces() -> None:
    count = 10_000
    rows = buses(vm=[1.0] * count, names=["a"] * count)
    assert max(map(len, csv_pieces(rows))) < 100_000
    assert len(as_csv(rows)) == count + 1


def test_pages_cover_a_table_once() -> None:
    rows = buses(vm=[1.0, math.nan, 3.0], names=["a", None, "c"])
    first = page(rows, offset=0, limit=2)
    assert first.next == 2
    second = page(rows, offset=2, limit=2)
    assert second.next is None
    assert [*first.items, *second.items] == rows.rows()
    assert first.items[1] == {"bus": 2, "vm": None, "on": True, "name": None}
    assert page(rows, offset=99, limit=2).model_dump(mode="json") == {"items": [], "next": None}


def as_sheet(rows: Table, path: Path) -> Any:
    excel.write(rows, path)
    return openpyxl.load_workbook(path).active


def test_excel_has_bold_names_units_and_a_frozen_head(tmp_path: Path) -> None:
    sheet = as_sheet(buses(vm=[1.05], names=["a"]), tmp_path / "a.xlsx")
    assert sheet.title == "buses"
    assert sheet.freeze_panes == "A3"
    assert [cell.value for cell in sheet[1]] == ["bus", "vm", "on", "name"]
    assert all(cell.font.bold for cell in sheet[1])
    assert [cell.value for cell in sheet[2]] == ["1", "p.u.", "1", None]
    assert sheet.column_dimensions["B"].width >= 9


def test_excel_cells_are_typed_and_a_missing_number_is_empty(tmp_path: Path) -> None:
    sheet = as_sheet(buses(vm=[1.05, math.nan, math.inf], names=["a", None, ""]), tmp_path / "a.xlsx")
    assert [cell.value for cell in sheet[3]] == [1, 1.05, True, "a"]
    assert [cell.data_type for cell in sheet[3]] == ["n", "n", "b", "s"]
    assert [sheet["B4"].value, sheet["B5"].value, sheet["D4"].value, sheet["D5"].value] == [None] * 4


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_in_excel(tmp_path: Path, text: str) -> None:
    cell = as_sheet(buses(vm=[1.0], names=[text]), tmp_path / "a.xlsx")["D3"]
    assert cell.data_type == "s"
    assert cell.value == text.replace("\r", "\n")
    assert cell.quotePrefix


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\ud800b", "a\uffffb"])
def test_excel_survives_what_xml_cannot_hold(tmp_path: Path, text: str) -> None:
    assert as_sheet(buses(vm=[1.0], names=[text]), tmp_path / "a.xlsx")["D3"].value == "a\ufffdb"


def test_excel_keeps_large_integers_exact(tmp_path: Path) -> None:
    columns = Columns("ids", (Column("id", "int", "1", "Identity."),))
    sheet = as_sheet(table(columns, id=[2**53 - 1, 2**62]), tmp_path / "a.xlsx")
    assert [sheet["A3"].value, sheet["A4"].value] == [2**53 - 1, str(2**62)]


def test_a_table_beyond_a_sheet_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    columns = Columns("ids", (Column("id", "int", "1", "Identity."),))
    with pytest.raises(TooLarge, match="CSV or Parquet"):
        excel.write(table(columns, id=np.zeros(excel.MOST_ROWS, dtype=np.int64)), tmp_path / "a.xlsx")
    assert not (tmp_path / "a.xlsx").exists()


def test_without_openpyxl_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    for module in ("genba.faces.excel", "genba.num.workbook"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("genba.num.workbook")
    with pytest.raises(MissingExtra, match=r"pip install 'genba\[excel\]'"):
        import_module("genba.faces.excel")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("buses", "buses"), ("a/b*[c]:?", "a b  c"), ("'x'", "x"), ("", "table"), ("x" * 99, "x" * 31)],
)
def test_sheet_names_are_what_excel_accepts(name: str, shown: str) -> None:
    assert excel.sheet_name(name) == shown


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_file_names_are_safe_in_a_header_and_on_a_disk(parts: list[str]) -> None:
    name = file_name(*parts, suffix=".csv")
    assert name.isascii()
    assert not set(name) & set('/\\"\r\n;\0 ')
    assert len(name) <= 124
