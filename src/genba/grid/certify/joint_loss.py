"""What the loss of two branches overloads beyond what each alone does, in DC, for the certificates alone.

Lost branches are kept, and power is sent along them so that what they carry is all of it: the rest then sees
what it sees without them (the compensation of Alsac, Stott and Tinney, 1983, Sparsity-oriented compensation
methods for modified network solutions, IEEE Trans. PAS-102).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import SuperLU, splu

from genba.core.context import Context
from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats, Ints
from genba.grid.certify.outages import bridges
from genba.grid.certify.schedule import Schedule
from genba.grid.certify.twoport import flows, two_ports
from genba.grid.certify.violations import Limits

CANDIDATES = 500  # of the rule in `records/contingency`
LEAST_REACTANCE = 1e-4  # p.u., where a branch has none
UNSURE = 1e-6  # what two ways of computing a share may differ by
CERTAIN, POSSIBLE = 1e-5, 1e-7  # determinants from which a pair must, or may, leave a solution
BLOCK = 256  # right-hand sides at once
BEFORE_A_LOOK = 50  # candidates between two looks at a wish to stop


@dataclass(frozen=True)
class Joint:
    """Pairs of candidates.

    Arguments:
        rows: candidates, ascending, those that rounding may have let in among them, shape (c,).
        seen: branches whose rating is monitored, shape (k,).
        index: joint excess, NaN where there is none, shape (c, c), %; pairs stand above the diagonal.
        sure: pairs that must have one, whatever rounding does, shape (c, c).
        flow: base flow of each candidate, shape (c,), p.u.
        base: loading of what is seen, with its sign, shape (k,).
        onto: loading by power along each candidate, shape (c, k).
        between: change of a candidate's flow (row) by power along another (column), shape (c, c).
        allowed: what each candidate's loss alone leads to, at least 1, shape (c, k); infinite for itself.
    """

    rows: Ints
    seen: Ints
    index: Floats
    sure: Bools
    flow: Floats
    base: Floats
    onto: Floats
    between: Floats
    allowed: Floats

    def sent(self, i: int, j: Ints) -> tuple[Floats, Floats, Floats]:
        """Give the power along i and each j that stands for their loss, and the determinant, shape (j,)."""
        a, d = 1 - self.between[i, i], 1 - np.diagonal(self.between)[j]
        there, back = self.between[i, j], self.between[j, i]
        determinant = a * d - there * back
        by_i = (d * self.flow[i] + there * self.flow[j]) / determinant
        by_j = (a * self.flow[j] + back * self.flow[i]) / determinant
        return by_i, by_j, determinant / (a * d)

    def excesses(self, i: int, j: Ints) -> Floats:
        """Give the joint excess of i with each j over every rating seen, shape (j, k), %."""
        by_i, by_j, _ = self.sent(i, j)
        loading = self.onto[j] * by_j[:, None]
        loading += by_i[:, None] * self.onto[i]
        loading += self.base
        np.abs(loading, out=loading)
        loading -= np.maximum(self.allowed[i], self.allowed[j])
        loading *= 100
        return loading

    def excess(self, i: int, j: int) -> Floats:
        """Give the joint excess of one pair over every rating seen, shape (k,), %."""
        return np.asarray(self.excesses(i, np.array([j]))[0])


@dataclass(frozen=True)
class _Dc:
    """DC equations: susceptances (m,), ends of branches over free buses (b, m), factors."""

    stiff: Floats
    ends: csc_matrix
    factors: SuperLU

    def across(self, rows: Ints) -> Floats:
        """Give the angle across every branch by 1 p.u. along each of these, shape (m, rows)."""
        return np.asarray(self.ends.T @ self.factors.solve(self.ends[:, rows].toarray()))


@np.errstate(all="ignore")  # what is no number is no index
def joint_losses(grid: Circuit, plan: Schedule, v: Complexes, bounds: Limits, ctx: Context) -> Joint:
    """Give the joint excess of all pairs of candidates."""
    base_mva = grid.case.base_mva
    at_from, at_to = flows(grid, two_ports(grid), v)
    flow = (at_from - at_to).real / 2 / base_mva
    seen = np.flatnonzero(bounds.seen[: len(flow)] & grid.conducts)
    rating = bounds.limit[seen] / base_mva
    alone = np.flatnonzero(grid.conducts & ~bridges(grid) & (grid.start != grid.end))
    dc = _dc(grid, plan)
    if dc is None or not len(seen):
        alone = alone[:0]
    impact = np.concatenate([np.zeros(0), *_impacts(dc, flow, seen, rating, alone)]) if dc else np.zeros(0)
    border = np.sort(impact)[-CANDIDATES] if len(impact) > CANDIDATES else -np.inf
    doubt = UNSURE * (1 + np.abs(impact))
    may, must = impact >= border - doubt, impact > border + doubt
    rows = alone[may]
    return _all_pairs(_joint(dc, flow, seen, rating, rows), must[may], ctx)


def _dc(grid: Circuit, plan: Schedule) -> _Dc | None:
    """Factorise; None when susceptances cancel."""
    branch, on = grid.case.branch, np.flatnonzero(grid.conducts)
    x = np.where(branch["x"] == 0, LEAST_REACTANCE, branch["x"])
    ratio = np.where(branch["ratio"] == 0, 1.0, branch["ratio"])
    stiff = np.where(grid.conducts, 1 / (x * ratio), 0.0)
    free = np.flatnonzero(grid.alive & ~plan.reference)
    ones = np.ones(len(on))
    shape = (len(grid.island), len(stiff))
    ends = csc_matrix((ones, (grid.start[on], on)), shape) - csc_matrix((ones, (grid.end[on], on)), shape)
    ends = ends.tocsr()[free].tocsc()
    try:
        return _Dc(stiff, ends, splu((ends.multiply(stiff) @ ends.T).tocsc()))
    except (RuntimeError, ValueError):  # singular, or no free bus
        return None


def _impacts(dc: _Dc, flow: Floats, seen: Ints, rating: Floats, alone: Ints) -> list[Floats]:
    """Give the most that each branch's loss changes another's loading, by blocks."""
    found = []
    for start in range(0, len(alone), BLOCK):
        rows = alone[start : start + BLOCK]
        across = dc.across(rows)
        own = dc.stiff[rows] * across[rows, np.arange(len(rows))]
        changed = np.abs(dc.stiff[seen, None] * across[seen] * (flow[rows] / (1 - own))) / rating[:, None]
        found.append(np.where(seen[:, None] == rows, 0.0, changed).max(axis=0))
    return found


def _joint(dc: _Dc | None, flow: Floats, seen: Ints, rating: Floats, rows: Ints) -> Joint:
    """Lay out candidates; their pairs have no index yet."""
    across = dc.across(rows) if dc is not None and len(rows) else np.zeros((len(flow), 0))
    stiff = np.zeros(len(flow)) if dc is None else dc.stiff
    onto = np.ascontiguousarray((stiff[seen, None] * across[seen] / rating[:, None]).T)
    between = stiff[rows, None] * across[rows]
    base = flow[seen] / rating
    single = np.abs(base + onto * (flow[rows] / (1 - np.diagonal(between)))[:, None])
    allowed = np.maximum(np.maximum(1, np.abs(base)), single)
    allowed[rows[:, None] == seen] = np.inf
    count = len(rows)
    index, sure = np.full((count, count), np.nan), np.zeros((count, count), bool)
    return Joint(rows, seen, index, sure, flow[rows], base, onto, between, allowed)


def _all_pairs(joint: Joint, certain: Bools, ctx: Context) -> Joint:
    """Fill in the index of every pair; `certain` are candidates whatever rounding does."""
    count = len(joint.rows)
    for i in range(count - 1):
        if i % BEFORE_A_LOOK == 0:
            ctx.progress(1.0, f"certifying: pairs of {i} of {count} branches")
        j = np.arange(i + 1, count)
        size = np.abs(joint.sent(i, j)[2])
        largest = joint.excesses(i, j).max(axis=1)
        joint.index[i, j] = np.where((size > POSSIBLE) & np.isfinite(largest), largest, np.nan)
        joint.sure[i, j] = certain[i] & certain[j] & (size > CERTAIN)
    return joint
