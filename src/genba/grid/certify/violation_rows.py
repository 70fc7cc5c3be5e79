"""What the rows of violations say, without solving an outage again: limits, percentages, order, wording."""

import re

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, at_most, equal
from genba.grid.certify.circuit import Bools, Floats, Ints
from genba.grid.certify.replay import Study
from genba.grid.certify.rows import gaps, worst
from genba.grid.certify.violations import UNSURE_PERCENT, Loads, places, violated
from genba.grid.records.contingency import ContingencyResult
from genba.num.table import Table

ELEMENT = re.compile(r"\b(?:branch|bus)\.\d+")


def base_violations(study: Study, result: ContingencyResult) -> tuple[Claim, ...]:
    """Claim that the violations of the base are listed, each with what it shows."""
    table = result.base_violations
    at = places(study.grid, table)
    must, may = (violated(None, study.base, 0.0, doubt=doubt) for doubt in (UNSURE_PERCENT, -UNSURE_PERCENT))
    return (
        equal(
            "base_violations",
            unlike_rows(at, must, may),
            expected=0,
            method="Every monitored limit compared with the base state; missing, extra and repeated rows.",
        ),
        at_most(
            "base_values",
            worst(value_gaps(study, study.base, table, at)),
            bound=UNSURE_PERCENT,
            unit="%",
            method="Value, limit and percentage of every base violation recomputed, in % of the limit.",
        ),
    )


def unlike_rows(at: Ints, must: Bools, may: Bools) -> float:
    """Count the rows that are missing, not allowed, repeated or nowhere."""
    known = at[at >= 0]
    listed = np.zeros(len(must), bool)
    listed[known] = True
    repeated = len(known) - len(np.unique(known))
    return float((must & ~listed).sum() + (listed & ~may).sum() + repeated + (at < 0).sum())


def value_gaps(study: Study, own: Loads, table: Table, at: Ints) -> Floats:
    """Give how far value, limit and percentage of each row with a place are off, in % of the limit."""
    known = at >= 0
    at, limit = at[known], study.bounds.limit[at[known]]
    branch = at < len(study.grid.start)
    percent = own.excess[at] + np.where(branch, 100.0, 0.0)
    apart = [
        100 * np.abs(table["value"][known] - own.value[at]) / limit,
        100 * np.abs(table["limit"][known] - limit) / limit,
        np.abs(table["percent"][known] - percent),
    ]
    return np.asarray(np.max(apart, axis=0, initial=0.0))


def row_claims(study: Study, result: ContingencyResult) -> tuple[Claim, ...]:
    """Claim what every reported violation says without solving it."""
    table, at = result.violations, places(study.grid, result.violations)
    known = at[at >= 0]
    limit, before = study.bounds.limit[known], study.base.value[known]
    rows = table.where(at >= 0)
    excess = excess_of(study, rows, known)
    by_outage = {name: -np.inf for name in result.outages["outage"]}
    for name, size in zip(rows["outage"], excess, strict=True):
        by_outage[name] = max(by_outage.get(name, -np.inf), size)
    largest = np.array([by_outage[name] for name in result.outages["outage"]])
    ahead = np.where(result.outages["status"] == "diverged", np.inf, largest)
    return (
        at_most(
            "violations_consistent",
            worst(
                np.full(int((at < 0).sum()), np.inf),
                100 * np.abs(rows["limit"] - limit) / limit,
                100 * np.abs(rows["base_value"] - before) / limit,
                np.abs(rows["percent"] - _percent(study, rows["value"], known)),
                *gaps(result.outages["worst"], np.where(np.isfinite(largest), largest, np.nan)),
            ),
            bound=UNSURE_PERCENT,
            unit="%",
            method="Limit, base value and percentage of each violation, and each outage's worst, recomputed.",
        ),
        equal(
            "worst_named",
            float(_misnamed(result, rows, excess, largest)),
            expected=0,
            method=(
                "Outages whose reason names another element than the worst one violated, or one where none "
                "is; the numbers in the wording are those of the tables and are not read."
            ),
        ),
        equal(
            "worst_first",
            float(_rises(excess) + _rises(ahead)),
            expected=0,
            method="Violations and outages in order of their excess, divergences first; rows out of order.",
        ),
    )


def _misnamed(result: ContingencyResult, rows: Table, excess: Floats, largest: Floats) -> int:
    """Count the outages whose reason does not name an element of the largest excess, and it alone."""
    table = result.outages
    top = dict(zip(table["outage"], largest, strict=True))
    worst_of: dict[str, set[str]] = {}
    for name, element, size in zip(rows["outage"], rows["element"], excess, strict=True):
        if size >= top.get(name, np.inf) - UNSURE_PERCENT:
            worst_of.setdefault(name, set()).add(element)
    wrong = 0
    for name, why in zip(table["outage"], table["why"], strict=True):
        named, allowed = set(ELEMENT.findall(str(why))), worst_of.get(name, set())
        wrong += not (named <= allowed and len(named) == bool(allowed))
    return wrong


def _rises(values: NDArray[np.float64]) -> int:
    """Count the rows that are worse than the one before."""
    with np.errstate(invalid="ignore"):
        return int((values[1:] > values[:-1] + UNSURE_PERCENT).sum())


def excess_of(study: Study, rows: Table, at: Ints) -> Floats:
    """Give how far each row with a place is beyond its limit, in % of it."""
    return _percent(study, rows["value"], at) - np.where(at < len(study.grid.start), 100.0, 0.0)


def _percent(study: Study, value: Floats, at: Ints) -> Floats:
    """Give value over limit for a branch, and how far a voltage is beyond its limit, in %."""
    branches, buses, limit = len(study.grid.start), len(study.grid.island), study.bounds.limit[at]
    beyond = np.where(at < branches + buses, limit - value, value - limit)
    return 100 * np.where(at < branches, value, beyond) / limit
