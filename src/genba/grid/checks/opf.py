"""What an optimal power flow could not meet, as findings that a planner can act on."""

from collections.abc import Iterator

import numpy as np

from genba.core.findings import Finding, FindingKind, Severity
from genba.grid.checks.places import place
from genba.grid.records.case import Case
from genba.num.table import Table

MOST = 20
"""Findings about limits to relax; what is left is counted."""
NOT_CONVEX = FindingKind(
    "grid.opf_not_convex",
    Severity.ERROR,
    "The cost of {where} is a piecewise-linear curve that is not convex; approximate it by a convex one or "
    "by a polynomial.",
)
NO_BOUND = FindingKind(
    "grid.opf_no_bound",
    Severity.NOTE,
    "Some costs are not convex or above the second order, so no relaxation proves a bound.",
)
FAR_START = FindingKind(
    "grid.opf_far_start",
    Severity.NOTE,
    "The demand has moved by more than 2 % from the run given as start, so this solve began afresh.",
)
OTHER_OPTIMA = FindingKind(
    "grid.opf_other_optima",
    Severity.NOTE,
    "Starts end in different optima, by cost in $/h: {costs}. The cheapest is given.",
)
UNSOLVED = FindingKind(
    "grid.opf_unsolved",
    Severity.WARNING,
    "No state within the limits was found in {iterations} iterations, nor was one excluded; the last iterate "
    "misses balances by {mismatch} p.u. Try another start, more iterations or more time.",
)
STOPPED = FindingKind(
    "grid.opf_stopped",
    Severity.WARNING,
    "The solve stopped after {iterations} iterations at a state within the limits that may not be the "
    "cheapest. Give it more iterations or time.",
)
LOCAL = FindingKind(
    "grid.opf_local",
    Severity.WARNING,
    "No small step lessens the violations below, but it is not proven that no other state is feasible; try "
    "another start.",
)
MORE = FindingKind(
    "grid.opf_more", Severity.WARNING, "{count} further limits cannot be met; see the table of relaxations."
)
DEMAND = FindingKind(
    "grid.opf_demand",
    Severity.WARNING,
    "{amount} MW of demand cannot be served here; lower it, or raise unit outputs or ratings on the way.",
)
SURPLUS = FindingKind(
    "grid.opf_surplus",
    Severity.WARNING,
    "{amount} MW cannot be taken away from here; lower pmin nearby, or raise ratings on the way.",
)
REACTIVE_DEMAND = FindingKind(
    "grid.opf_reactive_demand",
    Severity.WARNING,
    "{amount} Mvar are missing here; add compensation, raise qmax nearby, or widen voltage limits.",
)
REACTIVE_SURPLUS = FindingKind(
    "grid.opf_reactive_surplus",
    Severity.WARNING,
    "{amount} Mvar are too many here; add a reactor, lower qmin nearby, or widen voltage limits.",
)
RATING = FindingKind(
    "grid.opf_rating",
    Severity.WARNING,
    "The flow passes its limit of {limit} MVA by {amount} MVA; raise it by that, or relieve the branch.",
)
ANGMIN = FindingKind(
    "grid.opf_angmin",
    Severity.WARNING,
    "The angle difference falls below its limit of {limit}° by {amount}°; lower angmin by that.",
)
ANGMAX = FindingKind(
    "grid.opf_angmax",
    Severity.WARNING,
    "The angle difference passes its limit of {limit}° by {amount}°; raise angmax by that.",
)
KINDS = {
    "demand": DEMAND,
    "surplus": SURPLUS,
    "reactive_demand": REACTIVE_DEMAND,
    "reactive_surplus": REACTIVE_SURPLUS,
    "rating": RATING,
    "angmin": ANGMIN,
    "angmax": ANGMAX,
}


def relaxation_findings(case: Case, relaxations: Table) -> Iterator[Finding]:
    """Yield one finding for each of the largest relaxations."""
    rows = relaxations.where(np.arange(min(MOST, len(relaxations)))).rows()
    numbers = {number: row for row, number in enumerate(case.bus["bus"].tolist())}
    for row in rows:
        table, _, name = str(row["element"]).partition(".")
        at = numbers[int(name)] if table == "bus" else int(name) - 1
        yield KINDS[str(row["limit_kind"])].at(
            place(case, table, at),
            amount=float(f"{row['amount']:.4g}"),
            limit=None if row["limit"] is None else float(f"{row['limit']:.6g}"),
        )
    if len(relaxations) > MOST:
        yield MORE.at("case", count=len(relaxations) - MOST)
