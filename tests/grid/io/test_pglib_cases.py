"""Chosen PGLib files, read, checked and written, against a reader that shares nothing with ours."""

from pathlib import Path

import pytest

from genba.core.findings import errors_in
from genba.grid.checks.case import check
from genba.grid.io.matpower import parse, read, write
from genba.grid.records.case import Case

CHOSEN = [
    *("case3_lmbd", "case5_pjm", "case14_ieee", "case24_ieee_rts__api", "case30_as__sad", "case39_epri"),
    *("case57_ieee__api", "case60_c", "case73_ieee_rts__sad", "case89_pegase", "case118_ieee__api"),
    *("case162_ieee_dtc__sad", "case179_goc", "case197_snem", "case200_activ__api", "case240_pserc__sad"),
    *("case300_ieee", "case500_goc__api", "case588_sdet__sad", "case793_goc", "case1354_pegase"),
    *("case1803_snem__api", "case2869_pegase__sad", "case10000_goc"),
]


def naive(path: Path) -> dict[str, list[list[float]]]:
    """Read matrices line by line, as a reader written in ten minutes does."""
    matrices: dict[str, list[list[float]]] = {}
    name = ""
    for raw in path.read_text().splitlines():
        line = raw.split("%")[0].strip()
        if line.startswith("mpc.") and line.endswith("["):
            name = line.split("=")[0].strip().removeprefix("mpc.")
            matrices[name] = []
        elif line.startswith("]"):
            name = ""
        elif name and line:
            matrices[name].append([float(cell) for cell in line.rstrip(";").split()])
    return matrices


def rows(case: Case, name: str) -> list[list[float]]:
    table = {"bus": case.bus, "gen": case.gen, "branch": case.branch, "gencost": case.cost}[name]
    columns = [table[column].tolist() for column in table.columns.names]
    more = case.cost_data if name == "gencost" else case.extra_columns.get(name)
    columns += [] if more is None else more.T.tolist()
    return [list(row) for row in zip(*columns, strict=True)]


def folder_of(pglib: Path, name: str) -> Path:
    return pglib / name.partition("__")[2] / f"pglib_opf_{name}.m"


@pytest.mark.parametrize("name", CHOSEN)
def test_a_pglib_file_is_read_checked_and_written(pglib, name):
    path = folder_of(pglib, name)
    case, findings = read(path)
    assert {finding.code for finding in findings} <= {"grid.section_kept"}
    assert errors_in(check(case)) == ()
    expected = naive(path)
    again, _ = parse(write(case))
    for table in ("bus", "gen", "branch", "gencost"):
        assert rows(case, table) == expected[table]
        assert rows(again, table) == expected[table]
    assert again.extra_sections == case.extra_sections
    assert again.name == case.name == f"pglib_opf_{name}"


def test_the_areas_of_pglib_are_kept_with_their_text(pglib):
    case, findings = read(pglib / "pglib_opf_case5_pjm.m")
    assert case.extra_sections == {"areas": "[\n\t1\t 4;\n]"}
    assert findings[0].where == "areas (line 32)"
