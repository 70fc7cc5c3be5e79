import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.core.errors import InputError
from genba.grid.io.matpower import identifier, parse, write
from genba.grid.records.case import BRANCH, BUS, COST, UNIT, Case
from genba.num.table import table

FLOATS = st.floats(allow_nan=False) | st.sampled_from(
    [float("nan"), 0.1, -0.0, 5e-324, 1.7976931348623157e308]
)
INTEGERS = st.integers(-(2**53), 2**53)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: name not in {"bus", "gen", "branch", "gencost", "version"}
)
VALUES = st.sampled_from(
    [
        "'a'",
        "{}",
        "5 ... more",
        "[1 2; 3 4]",
        "{\n'x; ]' % y\n 'it''s'}",
        "struct('a', {1, 2})",
        "zeros(0, 3)",
        "'unclosed",
    ]
)


@st.composite
def tables(draw, columns, rows):
    cells = {
        column.name: draw(
            st.lists(INTEGERS if column.dtype == "int" else FLOATS, min_size=rows, max_size=rows)
        )
        for column in columns.columns
    }
    return table(columns, **cells)


@st.composite
def cases(draw):
    buses, units, branches = (draw(st.integers(low, 3)) for low in (1, 0, 0))
    costs = draw(st.sampled_from([0, units]))
    width = draw(st.integers(1, 4)) if costs else 0
    wider = {"bus": buses, "gen": units, "branch": branches}
    extra = {
        name: np.array(draw(st.lists(FLOATS, min_size=2 * rows, max_size=2 * rows))).reshape(rows, 2)
        for name, rows in wider.items()
        if rows and draw(st.booleans())
    }
    return Case(
        name=identifier(draw(st.text(max_size=80))),
        base_mva=draw(st.floats(allow_nan=False)),
        bus=draw(tables(BUS, buses)),
        gen=draw(tables(UNIT, units)),
        branch=draw(tables(BRANCH, branches)),
        cost=draw(tables(COST, costs)),
        cost_data=np.array(draw(st.lists(FLOATS, min_size=costs * width, max_size=costs * width))).reshape(
            costs, width
        ),
        extra_columns=extra,
        extra_sections=draw(st.dictionaries(NAMES, VALUES, max_size=3)),
    )


def bits(case: Case) -> dict[str, object]:
    """Give all that a case holds as bytes, but for the lines of its file; every not-a-number is the same."""
    named = {
        (part.columns.name, name): array
        for part in (case.bus, case.gen, case.branch, case.cost)
        for name, array in part.arrays.items()
    }
    arrays = {**named, "cost_data": case.cost_data, **case.extra_columns}
    return {
        "name": case.name,
        "base_mva": case.base_mva,
        "sections": list(case.extra_sections.items()),
        **{
            key: (array.shape, np.where(array == array, array, np.nan).tobytes())
            for key, array in arrays.items()
        },
    }


@settings(max_examples=200, deadline=None)
@given(cases())
def test_a_written_case_reads_back_bit_for_bit(case):
    back, _ = parse(write(case))
    assert bits(back) == bits(case)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab'\"%.;,[]{}() \n\t=1", max_size=30), NAMES)
def test_whatever_section_was_kept_is_kept_again(value, name):
    small = "function mpc = s\nmpc.version = '2';\nmpc.baseMVA = 1;\nmpc.bus = [1 3 0 0 0 0 1 1 0 1 1 2 0];\n"
    try:
        case, _ = parse(f"{small}mpc.gen = [];\nmpc.branch = [];\nmpc.{name} = {value}\n")
    except InputError:
        return  # it was no section
    back, _ = parse(write(case))
    assert bits(back) == bits(case)


@given(st.text(max_size=100))
def test_every_name_becomes_one_valid_identifier(name):
    plain = identifier(name)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", plain)
    assert identifier(plain) == plain


def test_a_reserved_word_and_a_leading_digit_are_no_names():
    assert [identifier(name) for name in ("end", "9bus", "", "my case")] == [
        "case_end", "case_9bus", "case_", "my_case",
    ]  # fmt: skip


def test_an_independent_reader_finds_the_same_numbers_in_what_is_written(pglib: Path):
    case, _ = parse((pglib / "pglib_opf_case118_ieee.m").read_text())
    changed = dataclasses.replace(case, bus=case.bus.replace(pd=case.bus["pd"] / 3))
    block = write(changed).partition("mpc.bus = [")[2].partition("]")[0]
    rows = [[float(cell) for cell in row.split()] for row in block.split(";") if row.strip()]
    assert [row[2] for row in rows] == (case.bus["pd"] / 3).tolist()


@pytest.mark.parametrize("value", ["Inf", "-Inf", "NaN"])
def test_numbers_that_are_not_finite_are_written_as_matlab_names_them(value):
    text = "function mpc = s\nmpc.version = '2';\nmpc.baseMVA = 1;\nmpc.bus = [1 3 0 0 0 0 1 1 0 1 1 {} 0];\n"
    case, _ = parse(text.format(value) + "mpc.gen = [];\nmpc.branch = [];\n")
    assert f"	{value}	" in write(case)
