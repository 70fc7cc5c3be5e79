"""Which of some designs is the best, and how sure that is: KN, a fully sequential procedure.

All designs are observed on common random numbers. After a first stage, each difference of two has a variance
estimate and with it a triangle around zero that gets narrower with every observation; who falls behind
another by more than the triangle's width is out. The last one in is the best with the probability asked for,
whenever the best is better than all others by the indifference zone at least; else it is one within the zone.

What is told afterwards comes from the paired observations alone: by Student's t, how probable it is that a
design is not better than the selected one by the zone or more; by Bonferroni for all of them together.

Sources: Kim and Nelson, A fully sequential procedure for indifference-zone selection in simulation (ACM
TOMACS 11, 2001); Chen, Lin, Yuecesan and Chick, Simulation budget allocation (Discrete Event Dynamic Systems
10, 2000) for the probability afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sample = Callable[[Ints, int], Floats]
"""Gives the next group of observations of some designs (rows, number of the group), shape (rows, group)."""


@dataclass(frozen=True, eq=False)
class Selection:
    """What was selected.

    Arguments:
        selected: row of the design with the smallest mean among those still in.
        observed: observations of each design, in order of common random numbers; (observations,) each.
        zone: difference that does not matter.
        probability: that no other design is better by the zone or more, at least (Bonferroni).
        ended: whether the procedure ended by itself, not by time or number of observations.
        settled: whether it did, and the probability is what was asked for.
    """

    selected: int
    observed: list[Floats]
    zone: float
    probability: float
    ended: bool
    settled: bool

    def ordered(self, order: list[int]) -> "Selection":
        """Give the same with the designs in another order."""
        observed = [self.observed[row] for row in order]
        return replace(self, selected=order.index(self.selected), observed=observed)


def select(
    sample: Sample,
    designs: int,
    *,
    zone: Callable[[float], float],
    confidence: float,
    first: int,
    most: int,
    late: Callable[[], bool] = lambda: False,
) -> Selection:
    """Select the design of the smallest mean.

    Arguments:
        sample: gives observations, group by group.
        designs: how many designs there are.
        zone: difference that does not matter, from the smallest mean of the first stage.
        confidence: probability of correct selection that is asked for, 0 to 1.
        first: groups of the first stage, at least one.
        most: groups of one design after which to stop in any case.
        late: whether to stop with the best so far.
    """
    rows = np.arange(designs)
    start = np.concatenate([sample(rows, group) for group in range(first)], axis=1)
    seen = _Seen(sample, list(start), start.shape[1] // first)
    delta = zone(float(start.mean(axis=1).min()))
    reach = _reach(start, delta, confidence)
    alive = _kept(seen.rows, rows, reach, delta)
    while len(alive) > 1 and seen.groups(alive) < most and not late():
        for row in alive:
            seen.more(row)
        alive = _kept(seen.rows, alive, reach, delta)
    ended = len(alive) == 1
    selected = int(min(alive, key=lambda row: float(seen.rows[row].mean())))
    while not late():
        missed = 1 - in_zone(seen.rows, selected, delta)
        doubtful = int(np.argmax(missed))
        if missed.sum() <= 1 - confidence or seen.groups(rows) >= most:
            break
        seen.more(doubtful)
        while len(seen.rows[selected]) < len(seen.rows[doubtful]):
            seen.more(selected)
        if behind(seen.rows, selected)[doubtful].mean() < 0:
            selected = doubtful
    probability = bonferroni(seen.rows, selected, delta)
    return Selection(selected, seen.rows, delta, probability, ended, ended and probability >= confidence)


class _Seen:
    """Observations so far, and how to get more."""

    def __init__(self, sample: Sample, rows: list[Floats], size: int) -> None:
        self.sample, self.rows, self.size = sample, rows, size

    def more(self, row: int) -> None:
        """Observe a design's next group."""
        group = len(self.rows[row]) // self.size
        self.rows[row] = np.append(self.rows[row], self.sample(np.array([row]), group)[0])

    def groups(self, rows: Ints) -> int:
        """Give the most groups that any of some designs has."""
        return max(len(self.rows[row]) for row in rows) // self.size


def _reach(start: Floats, delta: float, confidence: float) -> Floats:
    """Give h^2 S^2 / (2 delta) of every two designs: half the triangle's width times the observations."""
    designs, count = start.shape
    if designs < 2:
        return np.zeros((designs, designs))
    eta = ((2 * (1 - confidence) / (designs - 1)) ** (-2 / (count - 1)) - 1) / 2
    spread = (start[:, None] - start[None]).var(axis=2, ddof=1)
    reach: Floats = 2 * eta * (count - 1) * spread / (2 * delta)
    return reach


def _kept(observed: list[Floats], alive: Ints, reach: Floats, delta: float) -> Ints:
    """Give the designs that are not too far behind any other; all have been observed as often."""
    count = len(observed[alive[0]])
    means = np.array([observed[row].mean() for row in alive])
    width = np.maximum(reach[np.ix_(alive, alive)] / count - delta / 2, 0.0)
    kept: Ints = alive[(means[:, None] <= means[None] + width).all(axis=1)]
    return kept


def behind(observed: list[Floats], selected: int) -> list[Floats]:
    """Give by how much each design is worse than the selected one, over the observations that both have."""
    best = observed[selected]
    return [rows[: len(best)] - best[: len(rows)] for rows in observed]


def in_zone(observed: list[Floats], selected: int, delta: float) -> Floats:
    """Give how probable it is that each design is not better than the selected one by the zone or more."""
    found = np.ones(len(observed))
    for row, gap in enumerate(behind(observed, selected)):
        if row != selected:
            error = float(gap.std(ddof=1)) / len(gap) ** 0.5
            lead = float(gap.mean()) + delta
            found[row] = stdtr(len(gap) - 1, lead / error) if error > 0 else float(lead > 0)
    return found


def bonferroni(observed: list[Floats], selected: int, delta: float) -> float:
    """Give the least probability that all designs are in the zone together."""
    return max(0.0, 1 - float((1 - in_zone(observed, selected, delta)).sum()))


__all__ = ["Selection", "behind", "bonferroni", "in_zone", "select"]
