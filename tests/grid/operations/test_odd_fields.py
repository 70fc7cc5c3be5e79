"""Odd numbers in any field of a case: told as a fault of it, or studied with a certificate that holds."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genba.grid
from genba.core.errors import InputError
from genba.core.findings import Finding

TABLES = ("bus", "gen", "branch", "gencost")
VALUES = ("NaN", "Inf", "-Inf", "0", "-1", "1e9", "-1e9", "999999999999", "1e-300", "1e5", "-1e5")
STUDIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("powerflow", {}),
    ("opf", {}),
    ("opf", {"formulation": "dc"}),
    ("contingency", {}),
)
SAMPLE = 3
"""Values that are tried in each column; all of them, in many rows, take a quarter of an hour."""


@pytest.fixture
def text(pglib: Path) -> str:
    return (pglib / "pglib_opf_case14_ieee.m").read_text()


def rows_of(text: str, table: str) -> tuple[str, list[list[str]], str]:
    """Give what stands before a table, its rows of cells, and what stands behind."""
    found = re.search(rf"mpc\.{table} = \[\n(.*?)\];", text, re.DOTALL)
    assert found is not None
    lines = (line.partition("%")[0].replace(";", "").split() for line in found[1].splitlines())
    return text[: found.start(1)], [line for line in lines if line], text[found.end(1) :]


def written(before: str, rows: list[list[str]], after: str) -> str:
    return before + "".join(f"{' '.join(row)};\n" for row in rows) + after


def told_or_certified(path: Path, text: str) -> None:
    path.write_text(text)
    for verb, params in STUDIES:
        told: tuple[Finding, ...] = ()
        try:
            outcome = getattr(genba.grid, verb)(case=str(path), **params)
        except InputError as error:
            told = error.findings
        assert told or outcome.certificate.holds, (verb, params, outcome.certificate.failed)


@pytest.mark.parametrize("table", TABLES)
def test_any_number_in_any_field_is_told_or_studied(text: str, tmp_path: Path, table: str) -> None:
    random = np.random.default_rng(1)
    before, rows, after = rows_of(text, table)
    for column in range(len(rows[0])):
        for value in random.choice(VALUES, SAMPLE, replace=False):
            changed = [list(row) for row in rows]
            changed[random.integers(len(rows))][column] = str(value)
            told_or_certified(tmp_path / "case.m", written(before, changed, after))


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_are_missing_or_twice_are_told_or_studied(text: str, tmp_path: Path, table: str) -> None:
    before, rows, after = rows_of(text, table)
    for left in ([], rows[:1], rows[1:], rows[:-1], [*rows, rows[0]]):
        told_or_certified(tmp_path / "case.m", written(before, left, after))


@pytest.mark.parametrize(
    ("name", "unit", "square"),
    [("case14_ieee", 2, "1e5"), ("case57_ieee", 3, "1e9"), ("case118_ieee", 37, "1e6")],
)
@pytest.mark.parametrize("start", ["auto", "best"])
def test_a_cost_far_steeper_than_prices_leaves_a_certified_optimum(
    pglib: Path, tmp_path: Path, name: str, unit: int, square: str, start: str
) -> None:
    """The unit's cost is steep in the middle of its range and flat where it stands, at its lower limit."""
    before, rows, after = rows_of((pglib / f"pglib_opf_{name}.m").read_text(), "gencost")
    rows[unit - 1][4] = square
    path = tmp_path / "case.m"
    path.write_text(written(before, rows, after))
    outcome = genba.grid.opf(case=str(path), start=start)
    assert outcome.result.outcome == "optimal"
    assert outcome.certificate.holds, outcome.certificate.failed
