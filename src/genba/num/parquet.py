"""Tables as Parquet files: equal tables give equal bytes under one DuckDB version."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Column, Columns, Dtype
from genba.core.errors import DeviceError, GenbaError, InputError, input_error, too_large
from genba.core.findings import FindingKind, Severity
from genba.num.table import DTYPES, Table

PLAIN = frozenset(("DOUBLE", "FLOAT", "BOOLEAN"))
"""Types of SQL besides integers and decimals that are read as numbers."""
SQL_TYPES: dict[Dtype, str] = {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "text": "VARCHAR"}

OTHER_COLUMNS = FindingKind(
    "num.parquet_columns", Severity.ERROR, "{name}: found the columns {found}; {table} needs {needed}"
)
MANY_CELLS = FindingKind(
    "num.parquet_large", Severity.ERROR, "{name} has {cells} cells; at most {most} are read"
)
UNREADABLE = FindingKind(
    "num.parquet_unreadable", Severity.ERROR, "{name} is no readable Parquet file: {reason}"
)
MISSES = FindingKind("num.parquet_misses", Severity.ERROR, "{name}: {column} misses a value in some row")


def write(table: Table, path: Path) -> None:
    """Write `table` to `path`, replacing what is there; a NaN becomes NULL.

    Raises:
        DeviceError: when the file cannot be written.
    """
    chosen = ", ".join(
        f'CAST("{c.name}" AS {SQL_TYPES[c.dtype]}) AS "{c.name}"' for c in table.columns.columns
    )
    target = str(path).replace("'", "''")
    with _database() as database:
        database.register("given", dict(table.arrays))
        try:
            database.execute(
                f"COPY (SELECT {chosen} FROM given) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
            )
        except _engine().Error as error:
            raise DeviceError(f"cannot write {path.name}: {error}", where=str(path)) from error


def read(columns: Columns, path: Path) -> Table:
    """Read the table that `write` left at `path`; a NULL number becomes NaN.

    Raises:
        InputError: when the file is missing or damaged, or holds other columns than `columns` declares.
    """
    found, arrays = _contents(path)
    wanted = {column.name: SQL_TYPES[column.dtype] for column in columns.columns}
    if found != wanted:
        told = {"found": _listed(found), "table": columns.name, "needed": _listed(wanted)}
        raise input_error(OTHER_COLUMNS, str(path), name=path.name, **told)
    return Table(columns, {c.name: _column(c, arrays[c.name], path) for c in columns.columns})


def read_any(path: Path, *, most_cells: int) -> dict[str, np.ma.MaskedArray[Any, Any]]:
    """Read whatever columns a Parquet file of unknown origin has, missing cells masked.

    Numbers and truth values come as floats, times as RFC 3339 text, everything else as text.

    Raises:
        TooLarge: before anything is read, when it has more than `most_cells` cells.
        InputError: when the file is missing or damaged.
    """
    source = [glob.escape(str(path))]
    with _database() as database:
        try:
            types = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", source).fetchall()
            counted = database.execute("SELECT count(*) FROM read_parquet(?)", source).fetchone()
            cells = (counted[0] if counted else 0) * len(types)
            if cells > most_cells:
                told = {"cells": f"{cells:,}", "most": f"{most_cells:,}"}
                raise too_large(MANY_CELLS, path.name, name=path.name, **told)
            chosen = ", ".join(_as_number_or_text(name, kind) for name, kind, *_ in types)
            arrays = database.execute(f"SELECT {chosen} FROM read_parquet(?)", source).fetchnumpy()
        except (_engine().Error, UnicodeError) as error:
            raise _unreadable(path, error) from error
    return {name: np.ma.asarray(array) for name, array in arrays.items()}


def _as_number_or_text(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.endswith("INT") or kind.endswith("INTEGER") or kind.startswith("DECIMAL") or kind in PLAIN:
        return f"CAST({quoted} AS DOUBLE) AS {quoted}"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(make_timestamp(epoch_us({quoted})), '%Y-%m-%dT%H:%M:%SZ') AS {quoted}"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({quoted}, '%Y-%m-%dT%H:%M:%S') AS {quoted}"
    return f"CAST({quoted} AS VARCHAR) AS {quoted}"


def _unreadable(path: Path, error: Exception) -> InputError:
    return input_error(UNREADABLE, str(path), name=path.name, reason=str(error).splitlines()[0])


def _engine() -> ModuleType:
    # Loaded at the first table that is read or written: a run in the command's own process has none.
    import duckdb

    return duckdb


@contextmanager
def _database() -> Iterator[Any]:
    """Give a connection of its own to the database of this process."""
    try:
        with _instance(os.getpid()).cursor() as connection:
            yield connection
    except GenbaError:
        _instance.cache_clear()  # after a fatal error it would serve nobody
        raise


@cache
def _instance(process: int) -> Any:
    """Give the database of a process, which takes 14 ms to set up; it does not survive a fork.

    One thread keeps the order of rows, and so the bytes; extensions would be fetched from the network; a file
    that is read again may have changed.
    """
    config = {"threads": 1, "autoinstall_known_extensions": False, "enable_external_file_cache": False}
    return _engine().connect(":memory:", config=config)


def _contents(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Give SQL types and arrays by column name."""
    source = [glob.escape(str(path))]
    with _database() as database:
        try:
            described = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", source).fetchall()
            arrays = database.execute("SELECT * FROM read_parquet(?)", source).fetchnumpy()
        except (_engine().Error, UnicodeError) as error:
            raise _unreadable(path, error) from error
    return {row[0]: row[1] for row in described}, arrays


def _column(column: Column, array: NDArray[Any], path: Path) -> NDArray[Any]:
    """Give one column without a mask."""
    if not np.ma.is_masked(array):
        return np.ascontiguousarray(np.ma.getdata(array), dtype=DTYPES[column.dtype])
    if column.dtype not in ("float", "text"):
        raise input_error(MISSES, str(path), name=path.name, column=column.name)
    missing = np.nan if column.dtype == "float" else None
    filled: NDArray[Any] = np.ma.getdata(array).astype(DTYPES[column.dtype])
    filled[np.ma.getmaskarray(array)] = missing
    return filled


def _listed(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in types.items())
