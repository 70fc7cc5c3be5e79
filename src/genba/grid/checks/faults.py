"""Faults that a row has by itself once it is in service: looked for in cases, and in what scenarios make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind
from genba.core.tally import Tally
from genba.grid.checks.places import mark, rows_of
from genba.grid.records.case import Case
from genba.num.table import Table

Rows = Table | Mapping[str, NDArray[np.float64]]
"""Columns of one table, all of one shape."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault that no study can calculate with.

    Arguments:
        kind: what it is told as.
        wrong: gives which rows have it, of the shape of the columns.
        shown: columns that the message names.
        more: what else the message names.
        always: whether it is told of a row out of service too.
    """

    kind: FindingKind
    wrong: Callable[[Rows], NDArray[np.bool_]]
    shown: tuple[str, ...]
    more: Mapping[str, float] = field(default_factory=dict)
    always: bool = False


def mark_faults(
    tally: Tally, faults: tuple[RowFault, ...], case: Case, table: str, on: NDArray[np.bool_]
) -> None:
    """Report every row in service that has one of the faults."""
    rows = rows_of(case, table)
    for fault in faults:
        found = fault.wrong(rows) & (on | fault.always)
        mark(tally, fault.kind, case, table, found, *fault.shown, **fault.more)
