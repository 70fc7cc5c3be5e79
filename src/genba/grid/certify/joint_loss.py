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
USUAL = 0.99  # share of a candidate's pairs for whose power the ratings to look at are chosen
IN_CACHE = 1 << 15  # loadings at once: 256 KiB
BEFORE_A_LOOK = 50  # candidates between two looks at a wish to stop


@dataclass(frozen=True)
class Joint:
    """Pairs of candidates.

    Arguments:
        rows: candidates, ascending, those that rounding may have let in among them, shape (c,).
        seen: branches whose rating is monitored, shape (k,).
        base: loading of what is seen, with its sign, shape (k,).
        onto: loading by power along each candidate, shape (k, c).
        allowed: what each candidate's loss alone leads to, at least 1, shape (k, c); infinite for itself.
        sent: power along each candidate (row) that stands for its loss with another, shape (c, c), p.u.
        possible: pairs that may leave a solution, and of these, shape (c, c), those that must, and whose
        sure: candidates must be such, whatever rounding does.
    """

    rows: Ints
    seen: Ints
    base: Floats
    onto: Floats
    allowed: Floats
    sent: Floats
    possible: Bools
    sure: Bools

    def excess(self, i: int, j: int) -> Floats:
        """Give the joint excess of one pair over every rating seen, shape (k,), %."""
        loading = self.base + self.sent[i, j] * self.onto[:, i] + self.sent[j, i] * self.onto[:, j]
        return np.asarray(100 * (np.abs(loading) - np.maximum(self.allowed[:, i], self.allowed[:, j])))

    def index(self, i: int, j: int) -> float:
        """Give the joint excess of one pair, %; NaN where there is none."""
        largest = float(self.excess(i, j).max(initial=-np.inf))
        return largest if self.possible[i, j] and np.isfinite(largest) else np.nan

    def largest(self, i: int, j: Ints, at: Ints) -> Floats:
        """Give the largest joint excess of i with each j over some of the ratings seen, shape (j,), %."""
        found, columns = np.full(len(j), -np.inf), _span(j)
        size = max(1, IN_CACHE // max(len(j), 1))
        for start in range(0, len(at), size):
            rows = _span(at[start : start + size])
            loading = self.onto[rows][:, columns] * self.sent[j, i]
            loading += self.onto[rows, i, None] * self.sent[i, j]
            loading += self.base[rows, None]
            np.abs(loading, out=loading)
            loading -= np.maximum(self.allowed[rows, i, None], self.allowed[rows][:, columns])
            np.maximum(found, loading.max(axis=0), out=found)
        return 100 * found


def _span(at: Ints) -> slice | Ints:
    """Give ascending places as a slice where they have no gap: nothing is copied then."""
    whole = len(at) > 0 and at[-1] - at[0] == len(at) - 1
    return slice(int(at[0]), int(at[-1]) + 1) if whole else at


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
    return _joint(dc, flow, seen, rating, rows, must[may])


@np.errstate(all="ignore")
def above(joint: Joint, border: float, ctx: Context) -> Bools:
    """Tell which pairs, of all, have a joint excess above a border in %; shape (c, c), above the diagonal.

    Loading beyond the border is at least 1 more than it, so what two losses send along a branch must make up
    for what its base lacks of that, and one of them for half: where neither does, the branch is passed over.
    """
    count, every = len(joint.rows), np.arange(len(joint.seen))
    lacks = 1 + border / 100 - np.abs(joint.base)
    if not count:
        return joint.possible
    size = np.abs(joint.sent)
    usual = np.quantile(np.where(np.isfinite(size), size, np.inf), USUAL, axis=1, method="lower")
    whole = bool((lacks <= 0).all())  # nothing can be passed over
    wild = ~(size <= usual[:, None]) | whole
    wild = np.triu(wild | wild.T, 1)
    found = np.full((count, count), -np.inf)
    for i in range(count):
        if i % BEFORE_A_LOOK == 0:
            ctx.progress(0.0, f"certifying: pairs of {i} of {count} branches")
        felt = np.flatnonzero(~(2 * usual[i] * np.abs(joint.onto[:, i]) < lacks) & ~whole)
        found[i] = joint.largest(i, np.arange(count), felt)
        some = np.flatnonzero(wild[i])
        found[i, some] = joint.largest(i, some, every)
    return np.triu(joint.possible & (np.fmax(found, found.T) > border), 1)


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


def _joint(dc: _Dc | None, flow: Floats, seen: Ints, rating: Floats, rows: Ints, certain: Bools) -> Joint:
    """Lay out candidates, `certain` those that are such whatever rounding does."""
    across = dc.across(rows) if dc is not None and len(rows) else np.zeros((len(flow), 0))
    stiff = np.zeros(len(flow)) if dc is None else dc.stiff
    onto = np.ascontiguousarray(stiff[seen, None] * across[seen] / rating[:, None])
    between = stiff[rows, None] * across[rows]  # change of a flow (row) by power along another (column)
    base, moved, left = flow[seen] / rating, flow[rows], 1 - np.diagonal(between)
    single = np.abs(base[:, None] + onto * (moved / left))
    allowed = np.maximum(np.maximum(1, np.abs(base))[:, None], single)
    allowed[seen[:, None] == rows] = np.inf
    alone = left[:, None] * left
    determinant = alone - between * between.T
    sent = (left * moved[:, None] + between * moved) / determinant
    size = np.abs(determinant / alone)
    sure = (size > CERTAIN) & certain[:, None] & certain
    return Joint(rows, seen, base, onto, allowed, sent, size > POSSIBLE, sure)
