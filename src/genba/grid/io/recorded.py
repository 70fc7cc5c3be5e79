"""What to record of every scenario, as a user names it: `bus.7.vm`, `branch.12.loading`, `gen.*.q`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.core.findings import Finding, FindingKind, Severity
from genba.grid.records.case import Case
from genba.grid.records.scenarios import QUANTITIES

NAME = re.compile(r"(?P<table>bus|branch|gen)\.(?P<number>[0-9]{1,9}|\*)\.(?P<quantity>\w{1,16})", re.ASCII)

FORM = FindingKind(
    "grid.record_form",
    Severity.ERROR,
    "found {found}, need bus.7.vm, branch.12.loading, gen.3.q or * as number",
)
QUANTITY = FindingKind(
    "grid.record_quantity",
    Severity.ERROR,
    "found {found}; of a {table} can be recorded: {allowed}",
)
NONE = FindingKind(
    "grid.record_none",
    Severity.ERROR,
    "{case} has no {table} {number}",
)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Values asked for of every scenario, one entry each.

    Arguments:
        names: as they are written with their number.
        table: bus, branch or gen.
        row: row of the table.
        quantity: place of the quantity among those of its table.
    """

    names: tuple[str, ...]
    table: NDArray[np.str_]
    row: NDArray[np.int64]
    quantity: NDArray[np.int64]


def recorded(texts: Iterable[str], case: Case) -> Recorded:
    """Read what is asked for; what is named twice is recorded once.

    Raises:
        InputError: naming every text that has another form or means what the case does not have.
    """
    found: dict[str, tuple[str, int, int]] = {}
    faults = [fault for text in texts if (fault := _add(found, text.strip(), case))]
    if faults:
        raise InputError("; ".join(fault.message for fault in faults), where="record", findings=faults)
    table, row, quantity = zip(*found.values(), strict=True) if found else ((), (), ())
    rows, quantities = np.array(row, np.int64), np.array(quantity, np.int64)
    return Recorded(tuple(found), np.array(table, np.str_), rows, quantities)


def _add(found: dict[str, tuple[str, int, int]], text: str, case: Case) -> Finding | None:
    """Add what a text means; give what is wrong with it, else None."""
    match = NAME.fullmatch(text)
    if match is None:
        return FORM.at("record", found=repr(text[:80]))
    table, quantity = match["table"], match["quantity"]
    allowed = QUANTITIES[table]
    if quantity not in allowed:
        return QUANTITY.at("record", found=repr(text[:80]), table=table, allowed=", ".join(allowed))
    rows = getattr(case, table)
    numbers: list[int] = case.bus["bus"].tolist() if table == "bus" else list(range(1, len(rows) + 1))
    if match["number"] == "*":
        wanted = list(enumerate(numbers))
    else:
        wanted = [(row, number) for row, number in enumerate(numbers) if number == int(match["number"])]
    if not wanted:
        return NONE.at("record", case=case.name, table=table, number=match["number"])
    for row, number in wanted:
        found[f"{table}.{number}.{quantity}"] = table, row, allowed.index(quantity)
    return None
