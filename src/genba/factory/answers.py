"""What the factory answers besides runs."""

from typing import Generic, TypeVar

from genba.core.columns import Cell
from genba.core.records import Record

T = TypeVar("T")


class Page(Record, Generic[T]):
    """Some items, and where to go on."""

    items: tuple[T, ...]
    next: str | None
    """Cursor of the next page; null on the last."""


class LogChunk(Record):
    """Part of the newest attempt's log."""

    text: str
    next: int
    """Byte offset to ask for next."""
    ended: bool
    """Whether the run has ended and this is the last of its log."""
    attempt: int
    """Attempt whose log this is; when it changes, start at 0."""


class Difference(Record):
    """One place where two runs differ."""

    path: str
    left: Cell
    right: Cell


class Comparison(Record):
    """Two runs side by side: params, inputs, results, claims and versions, flattened."""

    left: str
    right: str
    rows: tuple[Difference, ...]
    """What differs, in the order of the records."""
    same: int
    """How many places are equal."""


class Health(Record):
    """How this home stands."""

    home: str
    supervisor: str | None
    """Process id of the supervisor that `genba up` runs; null when there is none."""
    runs: dict[str, int]
    """Number of runs in each state that has any."""
    disk_free: int
    """Bytes."""
    writable: bool
    versions: dict[str, str]
