"""Numbers that are not finite, or beyond what any solver takes: a limit may be infinite, the rest may not."""

import numpy as np

from genba.core.columns import Column
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.places import place, rows_of, summarise
from genba.grid.records.case import (
    BASES_MVA,
    ENDLESS_MW,
    HIGHEST_PU,
    LARGEST_ANGLE,
    LARGEST_IMPEDANCE_PU,
    LARGEST_MW,
    LARGEST_VOLTAGE_PU,
    Case,
)

NOT_FINITE = FindingKind(
    "grid.not_finite", Severity.ERROR, "{column} is {found}; a study needs a number there that is finite."
)
NOT_FINITE_UNUSED = FindingKind(
    "grid.not_finite_unused", Severity.WARNING, "{column} is {found}; no study here uses it."
)
TOO_LARGE = FindingKind(
    "grid.too_large",
    Severity.ERROR,
    "{column} is {found} {unit}; a study takes at most {most} {unit}, of either sign. Look at the number and "
    "its unit.",
)
TOO_FAR = FindingKind(
    "grid.too_far",
    Severity.ERROR,
    "{column} is {found} {unit}; a limit is at most {most} {unit}, of either sign. Write Inf (-Inf for a "
    "lower one) where there is none.",
)
ENDLESS_OUTPUT = FindingKind(
    "grid.endless_output",
    Severity.NOTE,
    "{count} units have a pmin or pmax beyond {most} MW, which counts as that; write what they can give.",
)
ENDLESS_VOLTAGE = FindingKind(
    "grid.endless_voltage",
    Severity.NOTE,
    "{count} buses have an infinite vmax or a vmin below 0, which count as {most} p.u. and as 0.",
)
BASE_MVA = FindingKind("grid.base_mva", Severity.ERROR, "baseMVA is {found}; it is from {least} to {most}.")
LARGEST = {
    **dict.fromkeys(("pd", "qd", "gs", "bs", "pg", "qg"), LARGEST_MW),
    **dict.fromkeys(("vm", "vg"), LARGEST_VOLTAGE_PU),
    **dict.fromkeys(("r", "x", "b"), LARGEST_IMPEDANCE_PU),
    **dict.fromkeys(("va", "shift"), LARGEST_ANGLE),
}
"""Largest size of what is no limit, in the column's unit."""
FARTHEST = {
    **dict.fromkeys(("qmax", "qmin", "rate_a", "rate_b", "rate_c"), ENDLESS_MW),
    "vmax": LARGEST_VOLTAGE_PU,
}
"""Largest size of limits where they are finite, in the column's unit."""
UPPER_LIMITS = frozenset(("qmax", "pmax", "vmax", "angmax", "rate_a", "rate_b", "rate_c"))
LOWER_LIMITS = frozenset(("qmin", "pmin", "vmin", "angmin"))
UNUSED = frozenset(("mbase", "base_kv", "startup", "shutdown"))


def check_numbers(case: Case, tally: Tally) -> None:
    """Report numbers that are not finite where no limit stands, and those that no study takes."""
    least, most = BASES_MVA
    if not least <= case.base_mva <= most:
        tally.add(BASE_MVA, "baseMVA", found=case.base_mva, least=least, most=most)
    for name in ("bus", "gen", "branch", "gencost"):
        table = rows_of(case, name)
        for column in table.columns.columns:
            if column.dtype == "float":
                _check_column(case, name, column.name, tally)
                _check_size(case, name, column, tally)
    endless = (case.gen["pmax"] > ENDLESS_MW) | (case.gen["pmin"] < -ENDLESS_MW)
    summarise(tally, ENDLESS_OUTPUT, case, "gen", endless, most=ENDLESS_MW)
    beyond = (case.bus["vmax"] == np.inf) | (case.bus["vmin"] < 0)
    summarise(tally, ENDLESS_VOLTAGE, case, "bus", beyond, most=HIGHEST_PU)


def _check_column(case: Case, table: str, column: str, tally: Tally) -> None:
    values = rows_of(case, table)[column]
    wrong = ~np.isfinite(values)
    if column in UPPER_LIMITS:
        wrong &= values != np.inf
    if column in LOWER_LIMITS:
        wrong &= values != -np.inf
    kind = NOT_FINITE_UNUSED if column in UNUSED else NOT_FINITE
    for row in np.flatnonzero(wrong).tolist():
        tally.add(kind, place(case, table, row), column=column, found=values[row].item())


def _check_size(case: Case, table: str, column: Column, tally: Tally) -> None:
    most = LARGEST.get(column.name, FARTHEST.get(column.name, np.inf))
    values = rows_of(case, table)[column.name]
    kind = TOO_FAR if column.name in FARTHEST else TOO_LARGE
    for row in np.flatnonzero(np.isfinite(values) & (np.abs(values) > most)).tolist():
        found, where = values[row].item(), place(case, table, row)
        tally.add(kind, where, column=column.name, found=found, most=most, unit=column.unit)
