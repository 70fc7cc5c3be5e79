"""Whether the pairs studied are those of the largest joint excess: `records/contingency` read anew.

Where rounding could decide who is a candidate, or which pair comes first, either choice is let pass.
"""

from dataclasses import dataclass

import numpy as np

from genba.core.certificate import Claim, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats, Ints
from genba.grid.certify.joint_loss import UNSURE, Joint, above, joint_losses
from genba.grid.certify.outages import pair_of
from genba.grid.certify.schedule import Schedule
from genba.grid.certify.violations import Limits
from genba.grid.records.contingency import ContingencyParams
from genba.num.table import Table

Pair = tuple[int, int]


@dataclass(frozen=True)
class _Listed:
    """What is listed: rows of each pair, and its own joint excess, NaN where it can have none."""

    pairs: list[Pair | None]
    first: Ints
    second: Ints
    index: Floats


def pair_claims(
    grid: Circuit,
    plan: Schedule,
    params: ContingencyParams,
    ranked: Table,
    *,
    v: Complexes,
    bounds: Limits,
    ctx: Context,
) -> tuple[Claim, ...]:
    """Claim that the ranked pairs are the most dangerous."""
    if not params.pairs and not len(ranked):
        return ()
    own = joint_losses(grid, plan, v, bounds, ctx)
    listed = _placed(own, [pair_of(str(name)) for name in ranked["outage"]])
    known = np.isfinite(listed.index)
    wrong = int((~known).sum()) + _left_out(own, listed, params.pairs, ctx) + _rises(listed.index)
    off = np.abs(ranked["index"] - listed.index)[known] / (1 + np.abs(listed.index[known]) / 100)
    return (
        equal(
            "pairs_ranked",
            float(wrong),
            expected=0,
            method=(
                "Joint excess of all pairs of candidates, by updates of the inverse of the DC equations; "
                "listed pairs that are unknown, repeated, too many or out of order, and others left out."
            ),
        ),
        at_most(
            "pairs_index",
            float(np.nan_to_num(off, nan=np.inf).max(initial=0.0)),
            bound=100 * UNSURE,
            unit="%",
            method="Joint excess of each ranked pair computed anew.",
        ),
        equal(
            "pairs_element",
            float(_elsewhere(own, listed, ranked)),
            expected=0,
            method="Ranked pairs that name another branch than the one they drive furthest beyond.",
        ),
    )


def _placed(own: Joint, pairs: list[Pair | None]) -> _Listed:
    place = {row: at for at, row in enumerate(own.rows.tolist())}
    at = [(place.get(one, -1), place.get(other, -1)) for one, other in (pair or (-1, -1) for pair in pairs)]
    first, second = (np.array([pair[side] for pair in at], np.int64) for side in (0, 1))
    inside = np.flatnonzero((first >= 0) & (second > first))
    index = np.full(len(pairs), np.nan)
    index[inside] = [own.index(int(first[row]), int(second[row])) for row in inside]
    return _Listed(pairs, first, second, index)


def _left_out(own: Joint, listed: _Listed, asked: int, ctx: Context) -> int:
    """Count the pairs that repeat others or are too many, and those left out though ranked higher."""
    known = np.isfinite(listed.index)
    taken = np.zeros(own.sure.shape, bool)
    taken[listed.first[known], listed.second[known]] = True
    count = len(listed.pairs)
    lowest = float(listed.index[known].min(initial=np.inf)) if count >= asked else -np.inf
    border = lowest + 100 * UNSURE * (1 + abs(lowest) / 100) if np.isfinite(lowest) else lowest
    missing = own.sure & ~taken & above(own, border, ctx)
    return int(known.sum()) - int(taken.sum()) + max(count - asked, 0) + int(missing.sum())


def _rises(index: Floats) -> int:
    before, after = index[:-1], index[1:]
    with np.errstate(invalid="ignore"):
        return int((after > before + 100 * UNSURE * (1 + np.abs(before) / 100)).sum())


def _elsewhere(own: Joint, listed: _Listed, ranked: Table) -> int:
    """Count the pairs that name a branch which they do not drive furthest beyond its limit."""
    wrong = 0
    for row in np.flatnonzero(np.isfinite(listed.index)).tolist():
        excess = own.excess(int(listed.first[row]), int(listed.second[row]))
        number = str(ranked["element"][row]).removeprefix("branch.")
        known = number.isascii() and number.isdigit()
        at = np.flatnonzero(own.seen == int(number) - 1) if known else np.zeros(0, np.int64)
        top = float(excess.max())
        near = len(at) and excess[at[0]] >= top - 100 * UNSURE * (1 + abs(top) / 100)
        wrong += not (near and ranked["element"][row] == f"branch.{number}")
    return wrong
