"""Pairs of branches ranked by what their joint loss overloads beyond what each alone does, in DC.

Source: Wood, Wollenberg and Sheble (2014), Power Generation, Operation, and Control, 3rd edition, chapter 7
(outage distribution factors, of two lines too); Davis and Overbye (2011), Multiple-element contingency
screening, IEEE Trans. Power Systems 26 (candidates by the impact of one outage alone).
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import SuperLU, splu

from genba.grid.kernels.dc_angles import susceptance
from genba.grid.kernels.network import Bools, Floats, Ints, Network
from genba.num.jit import kernel
from genba.num.lu.lanes import LANES
from genba.num.threads import pool_of

CANDIDATES = 500
"""Branches of which pairs are made: those whose loss alone moves most onto another."""
SINGULAR = 1e-6
"""Determinant of a pair below which its loss parts the grid, or leaves DC no solution."""
ALIKE = 9
"""Digits to which numbers are ranked, so that rounding does not decide between equals."""
BLOCK = 256
"""Branches whose factors are found at once."""
ROWS = 8
"""Candidates whose pairs a thread compares at a time."""


@dataclass(frozen=True, eq=False)
class Monitored:
    """What the loss of two branches is judged by.

    Arguments:
        flow: active power from the from end to the to end in the base, mean of both ends, shape (m,), p.u.
        rows: branches whose rating is monitored, shape (k,).
        rating: of each, shape (k,), p.u.
    """

    flow: Floats
    rows: Ints
    rating: Floats


@dataclass(eq=False)
class Ranking:
    """Pairs of branches, the most dangerous first; filled by `rank`.

    Arguments:
        first: row of the first branch of each pair, shape (k,).
        second: row of the second, a later one.
        index: joint excess over a rating, p.u. of the rating.
        element: row of the branch that would pass it.
    """

    first: Ints
    second: Ints
    index: Floats
    element: Ints


def ranking_of() -> Ranking:
    """Give a ranking of no pairs."""
    none = np.zeros(0, np.int64)
    return Ranking(none, none, np.zeros(0), none)


def rank(
    network: Network, lost: Bools, judged: Monitored, into: Ranking, *, fixed: Bools, most: int, threads: int
) -> Iterator[float]:
    """Rank pairs of branches by their joint excess.

    Arguments:
        network: the grid, its branches in service those of the base.
        lost: branches that may be lost: in service, and no bridges; shape (m,).
        judged: base flows and ratings.
        into: becomes the `most` most dangerous pairs, fewer when there are not as many.
        fixed: buses whose angle is given, or that are de-energised, shape (n,).
        most: pairs wanted.
        threads: kernels at work at once.

    Yields:
        The share that is done, several times a second.
    """
    factors = _factors(network, fixed)
    if factors is None or not len(judged.rows):
        return
    rows = np.flatnonzero(lost)
    impact = np.zeros(len(rows))
    for start in range(0, len(rows), BLOCK):
        some = slice(start, start + BLOCK)
        impact[some] = _impact(factors, judged, rows[some])
        yield 0.5 * start / len(rows)
    order = np.lexsort((rows, -_rounded(impact)))
    chosen = np.sort(rows[order[:CANDIDATES]])
    moved = _moved(factors, judged, chosen)
    index = yield from _compared(moved, threads)
    one, other = np.nonzero(np.isfinite(index))
    ranked = np.lexsort((other, one, -_rounded(index[one, other])))[:most]
    one, other = one[ranked], other[ranked]
    into.first, into.second, into.index = chosen[one], chosen[other], index[one, other]
    into.element = judged.rows[_reached(moved, one, other)]


@dataclass(frozen=True, eq=False)
class _Factors:
    """The DC equations of a grid, factorised; buses whose angle is given are left out."""

    network: Network
    susceptance: Floats
    place: Ints
    solver: SuperLU

    def incidence(self, rows: Ints) -> csc_matrix:
        """Give 1 at the from end and -1 at the to end of each branch, shape (free buses, rows)."""
        ends = self.place[self.network.from_bus[rows]], self.place[self.network.to_bus[rows]]
        column = np.arange(len(rows))
        entries = [(end[end >= 0], column[end >= 0], np.full((end >= 0).sum(), sign))
                   for end, sign in zip(ends, (1.0, -1.0), strict=True)]  # fmt: skip
        bus, branch, value = (np.concatenate([part[i] for part in entries]) for i in range(3))
        return csc_matrix((value, (bus, branch)), (int(self.place.max(initial=-1)) + 1, len(rows)))

    def moved(self, onto: Ints, rows: Ints) -> tuple[Floats, Floats]:
        """Give what 1 p.u. along each branch moves onto others, (onto, rows), and onto itself, (rows,)."""
        incidence = self.incidence(rows)
        angles = self.solver.solve(incidence.toarray())  # (free buses, rows)
        own = np.asarray(incidence.multiply(angles).sum(axis=0)).ravel()
        others = self.incidence(onto).T @ angles
        return self.susceptance[onto, None] * others, self.susceptance[rows] * own


def _factors(network: Network, fixed: Bools) -> _Factors | None:
    """Factorise the DC equations; None when they have no solution."""
    place = np.where(fixed, -1, np.cumsum(~fixed) - 1)
    b = susceptance(network)
    bare = _Factors(network, b, place, None)
    incidence = bare.incidence(np.arange(len(b)))
    try:
        return _Factors(network, b, place, splu((incidence.multiply(b) @ incidence.T).tocsc()))
    except RuntimeError:  # susceptances cancel
        return None


def _impact(factors: _Factors, judged: Monitored, rows: Ints) -> Floats:
    """Give the most that the loss of each branch moves onto another, p.u. of its rating, shape (rows,)."""
    others, own = factors.moved(judged.rows, rows)
    share = np.abs(others * (judged.flow[rows] / (1.0 - own))) / judged.rating[:, None]
    share[judged.rows[:, None] == rows] = 0.0
    return np.asarray(share.max(axis=0))


@dataclass(frozen=True, eq=False)
class _Moved:
    """What candidates move, in p.u. of ratings.

    Arguments:
        flow: base flow of each candidate, shape (c,), p.u.
        between: part of the flow of a candidate (column) that another (row) takes over, shape (c, c).
        base: loading of each monitored branch, with its sign, shape (k,).
        onto: loading that 1 p.u. of each candidate's flow adds, shape (c, k).
        alone: what must be passed: the rating, or the loading after either outage alone, shape (c, k);
            infinite where the branch itself is lost.
    """

    flow: Floats
    between: Floats
    base: Floats
    onto: Floats
    alone: Floats


def _moved(factors: _Factors, judged: Monitored, chosen: Ints) -> _Moved:
    between, own = factors.moved(chosen, chosen)
    others, _ = factors.moved(judged.rows, chosen)
    flow, base = judged.flow[chosen], judged.flow[judged.rows] / judged.rating
    onto = np.ascontiguousarray((others / (1.0 - own) / judged.rating[:, None]).T)  # (c, k)
    alone = np.maximum(np.maximum(1.0, np.abs(base)), np.abs(base + onto * flow[:, None]))
    alone[chosen[:, None] == judged.rows] = np.inf
    return _Moved(flow, between / (1.0 - own), base, onto, alone)


def _compared(moved: _Moved, threads: int) -> Generator[float, None, Floats]:
    """Give the index of every pair of candidates, NaN where there is none, shape (c, c)."""
    count = len(moved.flow)
    index = np.full((count, count), np.nan)
    base, onto = _laned(moved.base[None], 0.0), _laned(moved.onto, 0.0)
    alone = _laned(moved.alone, np.inf)

    def compare(first: int) -> None:
        end = min(first + ROWS, count)
        _compare(moved.flow, moved.between, base, onto, alone, first, end, index)

    starts = range(0, count, ROWS)
    with pool_of(threads) as pool:
        for done in range(0, len(starts), threads):
            list(pool.map(compare, starts[done : done + threads]))
            yield 0.5 + 0.5 * done / len(starts)
    return index


def _reached(moved: _Moved, one: Ints, other: Ints) -> Ints:
    """Give the monitored branch that each pair drives furthest beyond its limit, shape (pairs,)."""
    found = np.zeros(len(one), np.int64)
    for pair, (i, j) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        first, second = _lost(moved.flow, moved.between, i, j)
        loading = np.abs(moved.base + moved.onto[i] * first + moved.onto[j] * second)
        found[pair] = np.argmax(loading - np.maximum(moved.alone[i], moved.alone[j]))
    return found


@kernel
def _lost(flow: Floats, between: Floats, i: int, j: int) -> tuple[float, float]:
    """Give what the rest must take over of both flows: each has part of the other's before it is lost."""
    determinant = 1.0 - between[i, j] * between[j, i]
    return (flow[i] + between[i, j] * flow[j]) / determinant, (
        flow[j] + between[j, i] * flow[i]
    ) / determinant


@kernel
def _compare(
    flow: Floats,
    between: Floats,
    base: Floats,
    onto: Floats,
    alone: Floats,
    start: int,
    end: int,
    index: Floats,
) -> None:
    """Find the largest joint excess of the pairs of some candidates and all later ones."""
    largest = np.empty(LANES)
    for i in range(start, end):
        for j in range(i + 1, len(flow)):
            if not abs(1.0 - between[i, j] * between[j, i]) > SINGULAR:
                continue
            first, second = _lost(flow, between, i, j)
            largest[:] = -np.inf
            for k in range(base.shape[1]):
                for lane in range(LANES):
                    loading = abs(base[0, k, lane] + onto[i, k, lane] * first + onto[j, k, lane] * second)
                    one, other = alone[i, k, lane], alone[j, k, lane]
                    excess = loading - (one if one > other else other)
                    largest[lane] = excess if excess > largest[lane] else largest[lane]
            index[i, j] = largest.max()


def _laned(values: Floats, filler: float) -> Floats:
    """Give rows (r, k) in lanes, (r, k / 8, 8), filled up."""
    rows, count = values.shape
    filled = np.full((rows, -(-count // LANES) * LANES), filler)
    filled[:, :count] = values
    return filled.reshape(rows, -1, LANES)


def _rounded(values: Floats) -> Floats:
    return np.round(values, ALIKE)


__all__ = ["Monitored", "Ranking", "rank", "ranking_of"]
