"""Declared columns of bulk data, and the reference that stands for a table in JSON."""

from dataclasses import dataclass
from typing import Literal

from genba.core.records import Record

Dtype = Literal["int", "float", "bool", "text"]
Cell = int | float | bool | str | None
HEAD_ROWS = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One named column: its dtype, its unit (`1` if dimensionless, empty for text) and one sentence."""

    name: str
    dtype: Dtype
    unit: str
    sentence: str
    words: tuple[str, ...] = ()
    """All that a text column says in words of ours, # for each number; none where it holds names."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table must have, in order; annotate a field as `Annotated[Table, COLUMNS]`."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Give the column names in order."""
        return tuple(column.name for column in self.columns)


class ColumnRef(Record):
    """A column as JSON names it."""

    name: str
    dtype: Dtype
    unit: str
    sentence: str


class TableRef(Record):
    """A table in JSON: where its rows are, what they mean and the first of them; never all rows."""

    artifact: str | None
    """SHA-256 of the Parquet file; null when the table was never stored."""
    rows: int
    columns: tuple[ColumnRef, ...]
    head: tuple[dict[str, Cell], ...]
    """At most 20 rows; a missing number is null."""
