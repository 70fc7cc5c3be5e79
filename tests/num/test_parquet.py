"""Parquet files keep a table exactly, give equal bytes for equal tables, and refuse what is not theirs."""

import hashlib
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.core.columns import Column, Columns
from genba.core.errors import DeviceError, InputError
from genba.num import parquet
from genba.num.table import Table, table

MIXED = Columns(
    "mixed",
    (
        Column("n", "int", "1", "A count."),
        Column("p", "float", "MW", "A power."),
        Column("on", "bool", "1", "A flag."),
        Column("name", "text", "", "A name."),
    ),
)


def mixed(rows: int = 3) -> Table:
    return table(
        MIXED,
        n=np.arange(rows) - 1,
        p=np.where(np.arange(rows) == 1, np.nan, np.arange(rows) * 0.1),
        on=np.arange(rows) % 2 == 0,
        name=np.array([f"現場 '{row}\"" for row in range(rows)], dtype=object),
    )


def assert_same(left: Table, right: Table) -> None:
    assert left.columns == right.columns
    for name in left.columns.names:
        np.testing.assert_array_equal(left[name], right[name])


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("rows", [0, 1, 3, 5000])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, rows: int) -> None:
    parquet.write(mixed(rows), tmp_path / "t.parquet")
    assert_same(parquet.read(MIXED, tmp_path / "t.parquet"), mixed(rows))


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    rows = 300_000  # more than one row group
    parquet.write(mixed(rows), tmp_path / "a.parquet")
    parquet.write(mixed(rows), tmp_path / "b.parquet")
    assert digest(tmp_path / "a.parquet") == digest(tmp_path / "b.parquet")
    assert_same(parquet.read(MIXED, tmp_path / "a.parquet"), mixed(rows))


def test_writing_again_replaces_the_file(tmp_path: Path) -> None:
    parquet.write(mixed(9), tmp_path / "t.parquet")
    parquet.write(mixed(2), tmp_path / "t.parquet")
    assert len(parquet.read(MIXED, tmp_path / "t.parquet")) == 2


@pytest.mark.parametrize("name", ["it's.parquet", "a*[1]?.parquet", "現場 1.parquet"])
def test_any_file_name_is_taken_literally(tmp_path: Path, name: str) -> None:
    parquet.write(mixed(7), tmp_path / "a1b.parquet")
    parquet.write(mixed(2), tmp_path / name)
    assert len(parquet.read(MIXED, tmp_path / name)) == 2


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20),
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20),
)
def test_every_finite_number_and_text_survives(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float], texts: list[str]
) -> None:
    rows = min(len(numbers), len(texts))
    path = tmp_path_factory.mktemp("any") / "t.parquet"
    before = mixed(rows).replace(
        p=np.array(numbers[:rows], dtype=float), name=np.array(texts[:rows], dtype=object)
    )
    parquet.write(before, path)
    assert_same(parquet.read(MIXED, path), before)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.parquet"):
        parquet.read(MIXED, tmp_path / "none.parquet")


@pytest.mark.parametrize("keep", [0, 4, 200, -6])
def test_a_damaged_file_is_an_input_error(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "t.parquet"
    parquet.write(mixed(100), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="no readable Parquet"):
        parquet.read(MIXED, path)


def test_other_columns_are_an_input_error_that_names_both(tmp_path: Path) -> None:
    other = Columns("other", (Column("n", "float", "1", "A number."),))
    parquet.write(table(other, n=np.ones(2)), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="n DOUBLE; mixed needs n BIGINT"):
        parquet.read(MIXED, tmp_path / "t.parquet")


def test_a_missing_count_is_an_input_error(tmp_path: Path) -> None:
    gappy = Columns("gappy", (Column("n", "int", "1", "A count."),))
    duckdb.execute(f"COPY (SELECT CAST(NULL AS BIGINT) AS n) TO '{tmp_path}/t.parquet' (FORMAT parquet)")
    with pytest.raises(InputError, match="n misses a value"):
        parquet.read(gappy, tmp_path / "t.parquet")


def test_a_folder_that_is_not_there_is_a_device_error(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot write"):
        parquet.write(mixed(), tmp_path / "none" / "t.parquet")


def test_threads_and_forked_processes_read_at_a_time(tmp_path: Path) -> None:
    paths = [tmp_path / f"{rows}.parquet" for rows in range(8)]
    for rows, path in enumerate(paths):
        parquet.write(mixed(rows), path)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_length, paths * 4)) == list(range(8)) * 4
    with multiprocessing.get_context("fork").Pool(2) as children:
        assert children.map(_length, paths) == list(range(8))


def test_a_file_is_read_anew(tmp_path: Path) -> None:
    path, other = tmp_path / "t.parquet", tmp_path / "other.parquet"
    for rows in range(1, 6):
        parquet.write(mixed(rows), other)
        path.write_bytes(other.read_bytes())
        assert_same(parquet.read(MIXED, path), mixed(rows))


def _length(path: Path) -> int:
    return len(parquet.read(MIXED, path))
