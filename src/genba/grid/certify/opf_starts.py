"""Whether what is kept of several starts is the best of what their solves are stated to have ended as."""

import numpy as np

from genba.core.certificate import Claim, equal
from genba.grid.records.opf import OUTCOMES, STARTS, OpfParams, OpfResult
from genba.num.table import Table

SAME = 1e-6  # relative: what costs of one point summed in two ways may differ by
COSTED = ("optimal", "feasible")
METHOD = (
    "Starts in their order, one of which is kept: it ended best and, among equals, cheapest, and has the "
    "outcome and cost that are given; iterations sum up, differences are those of the costs. Wrong "
    "statements are counted."
)


def starts_claims(params: OpfParams, result: OpfResult) -> tuple[Claim, ...]:
    """Claim what the table of starts says of the state given; no claim without starts to choose from.

    States that are not kept are gone: their costs are compared as stated.
    """
    several = params.formulation == "ac" and params.start == "best"
    if not (several or len(result.starts)):
        return ()
    wrong = _wrong(result) if several and len(result.starts) else max(len(result.starts), 1)
    return (equal("starts", wrong, expected=0, method=METHOD),)


def _wrong(result: OpfResult) -> int:
    """Count wrong statements."""
    rows = result.starts
    names, outcomes, kept = rows["start"].tolist(), rows["outcome"].tolist(), rows["kept"]
    if names != list(STARTS[: len(names)]) or not set(outcomes) <= set(OUTCOMES) or kept.sum() != 1:
        return len(names)
    place = int(kept.argmax())
    ranks = [OUTCOMES.index(outcome) for outcome in outcomes]
    wrong = int(outcomes[place] != result.outcome) + int(min(ranks) != ranks[place])
    wrong += int(rows["iterations"].sum() != result.iterations) + int((rows["iterations"] < 0).sum())
    return wrong + _wrong_costs(rows, place, np.nan if result.cost is None else result.cost)


def _wrong_costs(rows: Table, place: int, given: float) -> int:
    """Count wrong statements on costs; `given` is the result's, nan where it has none."""
    cost, difference = rows["cost"], rows["difference"]
    least, scale = cost[place], SAME * max(1.0, abs(np.nan_to_num(given)))
    costed = np.isin(rows["outcome"].astype(str), COSTED)
    equals = costed & (rows["outcome"] == rows["outcome"][place])
    wrong = int((np.isfinite(cost) != costed).sum()) + int((cost[equals] < least - scale).sum())
    wrong += int(not (abs(least - given) <= scale or np.isnan([least, given]).all()))
    known = np.isfinite(cost - least)
    wrong += int((np.isfinite(difference) != known).sum())
    return wrong + int((np.abs(difference - (cost - least))[known] > scale).sum())
