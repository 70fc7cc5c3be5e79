"""What can be said of simulated numbers: where the warm-up ends, and how far a mean may be off.

Sources: White, An effective truncation heuristic for bias reduction in simulation output (Simulation 69,
1997), MSER-5; Law, Simulation Modeling and Analysis (5th ed., 2015), section 9.4 (replications until a
relative half-width) and 9.5.3 (batch means).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
BATCH = 5


@dataclass(frozen=True)
class Interval:
    """A mean and how far it may be off.

    Arguments:
        mean: of the replications.
        half_width: of the interval around it; infinite for a single replication.
        count: how many replications.
    """

    mean: float
    half_width: float
    count: int

    @property
    def relative(self) -> float:
        """Give the half-width as a share of the mean; infinite when the mean is 0."""
        return self.half_width / abs(self.mean) if self.mean else np.inf


def interval(values: Floats, confidence: float) -> Interval:
    """Give the mean of independent values with its interval by Student's t; shape (values,)."""
    count = len(values)
    if count < 2:
        return Interval(float(values.mean()), np.inf, count)
    quantile = float(stdtrit(count - 1, 0.5 + confidence / 2))
    return Interval(float(values.mean()), quantile * float(values.std(ddof=1)) / count**0.5, count)


def ratio_interval(above: Floats, below: Floats, confidence: float) -> Interval:
    """Give the ratio of two means with its interval by linearisation; shape (values,) each."""
    mean = float(above.sum() / below.sum()) if below.sum() else 0.0
    spread = interval((above - mean * below) / below.mean() if below.mean() else above, confidence)
    return Interval(mean, spread.half_width, spread.count)


def mser(values: Floats) -> int | None:
    """Give how many values to leave out at the beginning by MSER-5, or none when there are too few to tell.

    Arguments:
        values: a series in order, the mean over replications, shape (values,).

    Returns:
        A multiple of 5, at most half of them; none when the best place lies at that limit.
    """
    batches = values[: len(values) // BATCH * BATCH].reshape(-1, BATCH).mean(axis=1)
    if len(batches) < 2 * BATCH:
        return None
    rest = np.arange(len(batches), 0, -1.0)
    total, squares = np.cumsum(batches[::-1])[::-1], np.cumsum(batches[::-1] ** 2)[::-1]
    error = (squares - total**2 / rest) / rest**2
    best = int(np.argmin(error[: len(batches) // 2]))
    return best * BATCH if best < len(batches) // 2 - 1 else None


def needed(found: Interval, relative: float) -> int:
    """Give how many replications are likely to narrow an interval to a share of its mean."""
    if not np.isfinite(found.relative):
        return 2 * found.count
    return int(np.ceil(found.count * (found.relative / relative) ** 2))


__all__ = ["Interval", "interval", "mser", "needed", "ratio_interval"]
