"""Faults of branches: lines and transformers."""

import numpy as np
from numpy.typing import NDArray

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.faults import RowFault, Rows, mark_faults
from genba.grid.checks.places import bus_rows, mark, summarise
from genba.grid.records.case import LARGEST_ANGLE, Case

BRANCH_BUS = FindingKind(
    "grid.branch_bus",
    Severity.ERROR,
    "The branch runs from bus {from_bus} to bus {to_bus}, of which one is not in the bus table.",
)
BRANCH_LOOP = FindingKind(
    "grid.branch_loop",
    Severity.ERROR,
    "The branch runs from bus {from_bus} to itself; take it out of service.",
)
BRANCH_STATUS = FindingKind(
    "grid.branch_status", Severity.ERROR, "The status is {status}; it is 1 in service and 0 out of service."
)
ZERO_IMPEDANCE = FindingKind(
    "grid.zero_impedance",
    Severity.ERROR,
    "r and x are both 0, so its current has no bound; merge the buses or give it a small x, such as 0.0001.",
)
ZERO_IMPEDANCE_OFF = FindingKind(
    "grid.zero_impedance_off", Severity.NOTE, "r and x are both 0; the branch is out of service."
)
TINY_IMPEDANCE = FindingKind(
    "grid.tiny_impedance",
    Severity.ERROR,
    "r is {r} and x is {x} p.u.; a study takes no x, nor r where x is 0, of less than {least} p.u. Merge the "
    "buses or give it a small x, such as 0.0001.",
)
ZERO_REACTANCE = FindingKind(
    "grid.zero_reactance", Severity.WARNING, "x is 0 and r is {r}; a DC study cannot represent the branch."
)
NEGATIVE_REACTANCE = FindingKind(
    "grid.negative_reactance",
    Severity.NOTE,
    "{count} branches have x < 0 (series capacitors or equivalents).",
)
NEGATIVE_RESISTANCE = FindingKind(
    "grid.negative_resistance",
    Severity.WARNING,
    "{count} branches have r < 0 and produce power (equivalents).",
)
NEGATIVE_RATIO = FindingKind("grid.negative_ratio", Severity.ERROR, "The tap ratio {ratio} is negative.")
TINY_RATIO = FindingKind(
    "grid.tiny_ratio",
    Severity.ERROR,
    "The tap ratio {ratio} is below {least}; write 0 where there is no transformer.",
)
HUGE_RATIO = FindingKind(
    "grid.huge_ratio",
    Severity.ERROR,
    "The tap ratio {ratio} is above {most}; write 0 where there is no transformer.",
)
UNUSUAL_RATIO = FindingKind(
    "grid.unusual_ratio",
    Severity.WARNING,
    "The tap ratio {ratio} is outside 0.5 to 2; 0 means no transformer.",
)
UNUSUAL_SHIFT = FindingKind(
    "grid.unusual_shift", Severity.WARNING, "The phase shift is {shift}°, more than a full turn."
)
ANGLE_LIMITS = FindingKind(
    "grid.angle_limits", Severity.ERROR, "angmin {angmin}° is above angmax {angmax}°; no angle lies between."
)
ANGLE_LIMITS_ONE_SIDED = FindingKind(
    "grid.angle_limits_one_sided",
    Severity.NOTE,
    "The angle limits {angmin}° to {angmax}° exclude 0, so power must flow.",
)
NEGATIVE_RATING = FindingKind(
    "grid.negative_rating", Severity.ERROR, "A rating is negative: A {rate_a}, B {rate_b}, C {rate_c} MVA."
)
TINY_RATING = FindingKind(
    "grid.tiny_rating",
    Severity.ERROR,
    "A rating is nearly 0: A {rate_a}, B {rate_b}, C {rate_c} MVA. It is {least} MVA or more; write 0 where "
    "there is none.",
)
UNRATED = FindingKind(
    "grid.unrated", Severity.NOTE, "{count} branches in service have rate_a = 0: no limit is checked there."
)
PARALLEL = FindingKind("grid.parallel", Severity.NOTE, "{count} branches run parallel to an earlier one.")
RATINGS = ("rate_a", "rate_b", "rate_c")
RATIOS = (0.5, 2.0)
SMALLEST_RATIO = 1e-2
"""Below it a ratio is none that a transformer has, and its inverse is no number to calculate with."""
LARGEST_RATIO = 1e2
SMALLEST_IMPEDANCE_PU = 1e-6
"""Below it rounding in the power balance passes what certificates allow."""
SMALLEST_RATING_MVA = 1e-6
"""Below it loadings lose the digits that certificates ask for."""
FULL_TURN = 360.0


def _tiny_impedance(branch: Rows) -> NDArray[np.bool_]:
    decisive = np.abs(np.where(branch["x"] == 0, branch["r"], branch["x"]))
    return (decisive > 0) & (decisive < SMALLEST_IMPEDANCE_PU)


def _tiny_ratio(branch: Rows) -> NDArray[np.bool_]:
    return np.asarray((branch["ratio"] > 0) & (branch["ratio"] < SMALLEST_RATIO))


def _tiny_rating(branch: Rows) -> NDArray[np.bool_]:
    ratings = np.stack([branch[name] for name in RATINGS])  # (3, ...)
    return np.asarray(((ratings > 0) & (ratings < SMALLEST_RATING_MVA)).any(axis=0))


BRANCH_FAULTS = (
    RowFault(BRANCH_LOOP, lambda branch: branch["from_bus"] == branch["to_bus"], ("from_bus",)),
    RowFault(ZERO_IMPEDANCE, lambda branch: (branch["r"] == 0) & (branch["x"] == 0), ()),
    RowFault(TINY_IMPEDANCE, _tiny_impedance, ("r", "x"), {"least": SMALLEST_IMPEDANCE_PU}),
    RowFault(NEGATIVE_RATIO, lambda branch: branch["ratio"] < 0, ("ratio",)),
    RowFault(TINY_RATIO, _tiny_ratio, ("ratio",), {"least": SMALLEST_RATIO}, always=True),
    RowFault(
        HUGE_RATIO,
        lambda branch: branch["ratio"] > LARGEST_RATIO,
        ("ratio",),
        {"most": LARGEST_RATIO},
        always=True,
    ),
    RowFault(ANGLE_LIMITS, lambda branch: branch["angmin"] > branch["angmax"], ("angmin", "angmax")),
    RowFault(
        NEGATIVE_RATING,
        lambda branch: np.stack([branch[name] for name in RATINGS]).min(axis=0) < 0,
        RATINGS,
    ),
    RowFault(TINY_RATING, _tiny_rating, RATINGS, {"least": SMALLEST_RATING_MVA}, always=True),
)


def check_branches(case: Case, tally: Tally) -> None:
    """Report wrong ends, status, impedances, taps, angle limits and ratings.

    Numbers that none can calculate with are told out of service too: a scenario may switch them in.
    """
    branch = case.branch
    on = branch["status"] == 1
    known = (bus_rows(case, branch["from_bus"]) >= 0) & (bus_rows(case, branch["to_bus"]) >= 0)
    mark(tally, BRANCH_BUS, case, "branch", ~known, "from_bus", "to_bus")
    mark_faults(tally, BRANCH_FAULTS, case, "branch", on)
    mark(tally, BRANCH_STATUS, case, "branch", ~on & (branch["status"] != 0), "status")
    summarise(tally, PARALLEL, case, "branch", _parallel(case) & on)
    _check_impedances(case, tally, on)
    _check_taps(case, tally, on)
    _check_limits(case, tally, on)


def _check_impedances(case: Case, tally: Tally, on: NDArray[np.bool_]) -> None:
    r, x = case.branch["r"], case.branch["x"]
    tiny = _tiny_impedance(case.branch)
    mark(tally, ZERO_IMPEDANCE_OFF, case, "branch", (r == 0) & (x == 0) & ~on)
    mark(tally, ZERO_REACTANCE, case, "branch", (r != 0) & (x == 0) & ~tiny & on, "r")
    summarise(tally, NEGATIVE_REACTANCE, case, "branch", (x < 0) & on)
    summarise(tally, NEGATIVE_RESISTANCE, case, "branch", (r < 0) & on)


def _check_taps(case: Case, tally: Tally, on: NDArray[np.bool_]) -> None:
    ratio, shift = case.branch["ratio"], case.branch["shift"]
    possible = (ratio >= SMALLEST_RATIO) & (ratio <= LARGEST_RATIO)
    unusual = possible & ((ratio < RATIOS[0]) | (ratio > RATIOS[1]))
    turned = (np.abs(shift) > FULL_TURN) & (np.abs(shift) <= LARGEST_ANGLE)
    mark(tally, UNUSUAL_RATIO, case, "branch", unusual & on, "ratio")
    mark(tally, UNUSUAL_SHIFT, case, "branch", turned & on, "shift")


def _check_limits(case: Case, tally: Tally, on: NDArray[np.bool_]) -> None:
    branch = case.branch
    low, high = branch["angmin"], branch["angmax"]
    one_sided = ((low > 0) | (high < 0)) & (low <= high)
    mark(tally, ANGLE_LIMITS_ONE_SIDED, case, "branch", one_sided & on, "angmin", "angmax")
    summarise(tally, UNRATED, case, "branch", (branch["rate_a"] == 0) & on)


def _parallel(case: Case) -> NDArray[np.bool_]:
    """Give a mask of branches in service that join the same two buses as an earlier one in service."""
    ends = np.sort(
        np.stack([case.branch["from_bus"], case.branch["to_bus"]], axis=1), axis=1
    )  # (n_branch, 2)
    on = np.flatnonzero(case.branch["status"] == 1)
    _, first = np.unique(ends[on], axis=0, return_index=True)
    again = np.zeros(len(ends), np.bool_)
    again[on] = True
    again[on[first]] = False
    return again
