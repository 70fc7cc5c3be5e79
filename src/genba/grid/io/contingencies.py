"""Outages and monitored elements as a user names them: `branch.12`, `bus.7`, `storm=branch.12+gen.3`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import InputError
from genba.grid.records.case import Case

ELEMENT = re.compile(r"(?P<table>branch|gen|bus)\.(?P<number>[0-9]{1,9})", re.ASCII)
NAMED = re.compile(r"\s*(?P<name>[^=\s][^=]{0,63}?)\s*=\s*(?P<elements>\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Contingency:
    """Branches and units lost together, by row, under one name."""

    name: str
    branches: tuple[int, ...] = ()
    units: tuple[int, ...] = ()


def named(texts: Iterable[str], case: Case) -> tuple[Contingency, ...]:
    """Read named contingencies, `name=branch.12+gen.3`.

    Raises:
        InputError: when one has another form, names what the case does not have, or repeats a name.
    """
    found: dict[str, Contingency] = {}
    for text in texts:
        contingency = _named(text, case)
        if contingency.name in found:
            raise InputError(f"found two contingencies called {contingency.name!r}", where="named")
        found[contingency.name] = contingency
    return tuple(found.values())


def singles(branch_on: NDArray[np.bool_], unit_on: NDArray[np.bool_]) -> tuple[Contingency, ...]:
    """Give the loss of each of these branches, then of each of these units, by row."""
    branches = [Contingency(f"branch.{row + 1}", (row,)) for row in np.flatnonzero(branch_on).tolist()]
    units = [Contingency(f"gen.{row + 1}", (), (row,)) for row in np.flatnonzero(unit_on).tolist()]
    return (*branches, *units)


def monitored(names: Iterable[str], case: Case) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give which branches (m,) and buses (n,) are named; all of both when nothing is.

    Raises:
        InputError: when a name is not of the form `branch.12` or `bus.7`, or the case has no such element.
    """
    listed = [_element(name, case, allowed=("branch", "bus"), where="monitored") for name in names]
    branches = np.full(len(case.branch), not listed)
    buses = np.full(len(case.bus), not listed)
    for table, row in listed:
        (branches if table == "branch" else buses)[row] = True
    return branches, buses


def _named(text: str, case: Case) -> Contingency:
    match = NAMED.fullmatch(text)
    if match is None:
        raise InputError(f"found {text[:80]!r}, need name=branch.12+gen.3", where="named")
    name = match["name"]
    if ELEMENT.fullmatch(name):
        raise InputError(
            f"found the name {name!r}, which is that of an element; choose another", where="named"
        )
    elements = [
        _element(part, case, allowed=("branch", "gen"), where="named")
        for part in match["elements"].split("+")
    ]
    branches = tuple(sorted({row for table, row in elements if table == "branch"}))
    return Contingency(name, branches, tuple(sorted({row for table, row in elements if table == "gen"})))


def _element(name: str, case: Case, *, allowed: tuple[str, ...], where: str) -> tuple[str, int]:
    """Give table and row of an element; a bus goes by its number, a branch or unit by its row from 1."""
    match = ELEMENT.fullmatch(name.strip())
    if match is None or match["table"] not in allowed:
        forms = " or ".join(f"{table}.<number>" for table in allowed)
        raise InputError(f"found {name[:80]!r}, need {forms}", where=where)
    table, number = match["table"], int(match["number"])
    rows = len(getattr(case, table))
    found = (
        np.flatnonzero(case.bus["bus"] == number) if table == "bus" else np.arange(rows)[number - 1 : number]
    )
    if number < 1 or len(found) == 0:
        raise InputError(f"{case.name} has no {table} {number}", where=where)
    return table, int(found[0])
