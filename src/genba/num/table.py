"""Bulk data in memory: declared columns over numpy arrays."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from genba.core.columns import HEAD_ROWS, Cell, Column, ColumnRef, Columns, Dtype, TableRef

DTYPES: dict[Dtype, type] = {"int": np.int64, "float": np.float64, "bool": np.bool_, "text": object}


class SaveTable(Protocol):
    """Stores a table and gives the SHA-256 of its file."""

    def __call__(self, name: str, table: "Table") -> str:
        """Store `table` under the name of its columns."""


LoadTable = Callable[[Columns, TableRef], "Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length; a missing number is NaN in memory and null in JSON and Parquet.

    In a record it is declared as `Annotated[Table, TableOf(COLUMNS)]`. Dumping the record with
    `context={"save_table": f}` stores the rows and leaves a `TableRef`; validating with
    `context={"load_table": f}` brings them back.
    """

    columns: Columns
    arrays: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit the declaration."""
        if tuple(self.arrays) != self.columns.names:
            raise ValueError(
                f"{self.columns.name}: found columns {tuple(self.arrays)}, need {self.columns.names}"
            )
        for column in self.columns.columns:
            array = self.arrays[column.name]
            if array.dtype != DTYPES[column.dtype] or array.shape != (len(self),):
                raise ValueError(
                    f"{self.columns.name}.{column.name}: found {array.dtype} {array.shape}, "
                    f"need {column.dtype} ({len(self)},)"
                )

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(next(iter(self.arrays.values()))) if self.arrays else 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Give one column's array, shape (rows,)."""
        return self.arrays[name]

    def where(self, rows: NDArray[Any]) -> "Table":
        """Give the rows that a boolean mask or an index array selects."""
        return Table(self.columns, {name: array[rows] for name, array in self.arrays.items()})

    def replace(self, **arrays: NDArray[Any]) -> "Table":
        """Give the table with some columns exchanged."""
        return table(self.columns, **{**self.arrays, **arrays})

    def rows(self, start: int = 0, stop: int | None = None) -> list[dict[str, Cell]]:
        """Give rows as plain data, for a face or a test; bulk work stays with the arrays."""
        cells = {name: array[start:stop].tolist() for name, array in self.arrays.items()}
        return [
            {name: _cell(column[row]) for name, column in cells.items()}
            for row in range(len(next(iter(cells.values()), [])))
        ]

    def ref(self, artifact: str | None = None) -> TableRef:
        """Give what stands for this table in JSON."""
        columns = tuple(
            ColumnRef(name=c.name, dtype=c.dtype, unit=c.unit, sentence=c.sentence)
            for c in self.columns.columns
        )
        return TableRef(
            artifact=artifact, rows=len(self), columns=columns, head=tuple(self.rows(0, HEAD_ROWS))
        )


def table(columns: Columns, **arrays: Any) -> Table:
    """Build a table, converting each array to its declared dtype.

    Raises:
        ValueError: when a column is missing, unknown, or of another length.
    """
    converted: dict[str, NDArray[Any]] = {
        column.name: np.ascontiguousarray(arrays.pop(column.name), dtype=DTYPES[column.dtype])
        for column in columns.columns
        if column.name in arrays
    }
    if arrays:
        raise ValueError(f"{columns.name}: unknown columns {sorted(arrays)}")
    return Table(columns, converted)


@dataclass(frozen=True, slots=True)
class TableOf:
    """Annotation that binds a `Table` field to its columns."""

    columns: Columns

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept a Table, or a TableRef when the context can load it."""
        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._serialize, info_arg=True, when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the reference, with this table's columns and units."""
        described = [
            {"name": c.name, "dtype": c.dtype, "unit": c.unit, "sentence": c.sentence}
            for c in self.columns.columns
        ]
        return {"type": "object", "format": "table", "title": self.columns.name, "columns": described}

    def _validate(self, value: Any, info: ValidationInfo) -> Table:
        if isinstance(value, Table):
            if value.columns.columns != self.columns.columns:
                raise ValueError(f"found a table {value.columns.name}, need {self.columns.name}")
            return value
        load: LoadTable | None = (info.context or {}).get("load_table")
        if load is None:
            raise ValueError("a stored table needs a store to load it from")
        return load(self.columns, TableRef.model_validate(value))

    def _serialize(self, value: Table, info: SerializationInfo) -> dict[str, Any]:
        save: SaveTable | None = (info.context or {}).get("save_table")
        artifact = save(self.columns.name, value) if save else None
        return value.ref(artifact).model_dump(mode="json")


def _cell(value: Any) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    cell: Cell = value
    return cell


__all__ = ["Column", "Columns", "LoadTable", "SaveTable", "Table", "TableOf", "table"]
