"""Limits and what passes them, by the rules of `records/contingency` anew.

Every limit has a place in one vector: the rating of each branch, then vmin and then vmax of each bus.
"""

from dataclasses import dataclass

import numpy as np

from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats, Ints, bus_rows
from genba.grid.certify.twoport import TwoPorts, flows
from genba.grid.records.contingency import BAND, ContingencyParams
from genba.num.table import Table

UNSURE_PERCENT = 1e-4  # what can be computed from the rows alone agrees to this, in % of a limit
SWAY = 100.0  # times their mismatch two solutions may differ by, in p.u. of power and of voltage


@dataclass(frozen=True)
class Limits:
    """Every limit.

    Arguments:
        limit: MVA or p.u.
        seen: whether it is monitored.
        unsure: what two solutions to the tolerance may differ by there, in % of the limit.
    """

    limit: Floats
    seen: Bools
    unsure: Floats


@dataclass(frozen=True)
class Loads:
    """What stands against every limit, and how far it passes it in % of the limit; NaN where nothing does."""

    value: Floats
    excess: Floats


def limits(grid: Circuit, params: ContingencyParams) -> Limits:
    """Give the limits of a case."""
    branch, bus = grid.case.branch, grid.case.bus
    rating = np.where(branch["rate_c"] > 0, branch["rate_c"], branch["rate_b"])
    rating = np.where(rating > 0, rating, branch["rate_a"])
    vmin = bus["vmin"] if params.vmin is None else np.full(len(bus), params.vmin)
    vmax = bus["vmax"] if params.vmax is None else np.full(len(bus), params.vmax)
    inside = np.isin(bus["area"], params.areas) if params.areas else np.ones(len(bus), bool)
    high = bus["base_kv"] >= params.min_kv
    named_branches, named_buses = _named(grid, params)
    buses = inside & high & named_buses
    branches = (inside[grid.start] | inside[grid.end]) & (high[grid.start] | high[grid.end]) & named_branches
    sway = np.full(len(rating) + 2 * len(bus), 100 * SWAY * params.tolerance)
    sway[: len(rating)] *= grid.case.base_mva
    limit, seen = (
        np.concatenate([rating, vmin, vmax]),
        np.concatenate([branches & (rating > 0), buses, buses]),
    )
    unsure = np.divide(sway, limit, out=np.zeros_like(limit), where=limit > 0)
    return Limits(limit, seen, np.maximum(unsure, UNSURE_PERCENT))


def _named(grid: Circuit, params: ContingencyParams) -> tuple[Bools, Bools]:
    if not params.monitored:
        return np.ones(len(grid.start), bool), np.ones(len(grid.island), bool)
    parts = [name.strip().partition(".") for name in params.monitored]
    branches, buses = ([int(number) for kind, _, number in parts if kind == one] for one in ("branch", "bus"))
    return np.isin(np.arange(1, len(grid.start) + 1), branches), np.isin(grid.case.bus["bus"], buses)


def loads(grid: Circuit, ports: TwoPorts, v: Complexes, bounds: Limits) -> Loads:
    """Give what a state puts on every limit."""
    s_from, s_to = flows(grid, ports, v)
    vm = np.abs(v)
    value = np.concatenate([np.maximum(np.abs(s_from), np.abs(s_to)), vm, vm])
    there = np.concatenate([grid.conducts, grid.alive, grid.alive]) & bounds.seen
    value, limit = np.where(there, value, np.nan), np.where(there, bounds.limit, 1.0)
    below = np.zeros(len(value), bool)
    below[len(grid.start) : len(grid.start) + len(vm)] = True
    return Loads(value, 100 * np.where(below, limit - value, value - limit) / limit)


def violated(before: Loads | None, now: Loads, worse_by: float, *, doubt: float | Floats) -> Bools:
    """Give the limits violated anew or worse; a positive doubt asks for more, a negative one for less."""
    band = 100 * BAND
    with np.errstate(invalid="ignore"):
        passed = now.excess > band + doubt
        if before is None:
            return passed
        new = ~(before.excess > band - doubt)
        return passed & (new | (now.excess - before.excess > worse_by + doubt))


def places(grid: Circuit, table: Table) -> Ints:
    """Give the place in the vector of limits of each row of a violation table; -1 where there is none."""
    branches, buses = len(grid.start), len(grid.island)
    offset = {"vmin": branches, "vmax": branches + buses}
    found = np.full(len(table), -1)
    for row, (element, kind) in enumerate(zip(table["element"], table["limit_kind"], strict=True)):
        name, _, number = str(element).partition(".")
        if not number.isascii() or not number.isdigit():
            continue
        if (name, kind) == ("branch", "rating") and 1 <= int(number) <= branches:
            found[row] = int(number) - 1
        elif name == "bus" and kind in offset and int(number) in grid.case.bus["bus"]:
            found[row] = offset[kind] + bus_rows(grid.case, np.array([int(number)]))[0]
    return found
