"""The buses of an optimal power flow as the place where another begins."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.grid.records.case import Case
from genba.grid.records.opf import OPF_BUSES
from genba.num import parquet
from genba.num.table import Table

KNOWN = ("vm", "va", "pd", "qd", "price", "reactive_price", "voltage_price")
"""What an energised bus must have."""
SHORT = ("shortfall", "reactive_shortfall")
OTHER = FindingKind(
    "grid.start_other",
    Severity.ERROR,
    "{file} holds {found} buses which are not the {buses} of {case}; "
    "give the buses of an optimal ac run of the same grid",
)
LACKING = FindingKind(
    "grid.start_lacking",
    Severity.ERROR,
    "{file} has no voltage or no price at {missing} buses that {case} energises, bus {first} the first; "
    "give the buses of an optimal ac run of the same grid",
)
UNBALANCED = FindingKind(
    "grid.start_unbalanced",
    Severity.ERROR,
    "{file} is of a grid that cannot be balanced, so its prices are none; "
    "give the buses of an optimal ac run of the same grid",
)


def optimum(path: Path, case: Case, energised: NDArray[np.bool_]) -> Table:
    """Give the buses that an optimal power flow left, in the order of a case.

    Arguments:
        path: a table `opf_buses`, in any order.
        case: what is to be studied; demands, costs, limits and branches may differ from the other's.
        energised: which of its buses are alive, shape (buses,).

    Raises:
        InputError: when the file is damaged, holds other buses, or not an AC state with prices.
    """
    found = parquet.read(OPF_BUSES, path)
    numbers, own = found["bus"], case.bus["bus"]
    order, places = np.argsort(numbers, kind="stable"), np.argsort(own, kind="stable")
    if not np.array_equal(numbers[order], own[places]):
        raise input_error(OTHER, "start", file=path.name, found=len(numbers), buses=len(own), case=case.name)
    rows = np.empty(len(own), np.int64)
    rows[places] = order
    found = found.where(rows)
    known = np.all([np.isfinite(found[name]) for name in KNOWN], axis=0) & (found["vm"] > 0)
    missing = np.flatnonzero(energised & ~known)
    if len(missing):
        first = int(own[missing[0]])
        raise input_error(LACKING, "start", file=path.name, missing=len(missing), case=case.name, first=first)
    if any((found[name] != 0).any() for name in SHORT):
        raise input_error(UNBALANCED, "start", file=path.name)
    return found
