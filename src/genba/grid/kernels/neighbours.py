"""Pairs of neighbouring buses: what parallel branches share, and how far their angles may lie apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.opf_model import OpfModel

Plane = tuple[Floats, Floats, Floats]
"""Coefficients of w at the start, of w at the end, and a constant, shape (k,) each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Every two buses that branches join, k pairs; the angle is that of the start less that of the end.

    Arguments:
        start, end: buses, shape (k,), the lower number first.
        of_branch: pair of each branch, shape (m,).
        sign: 1 where the branch runs as its pair does, else -1, shape (m,).
        low, high: narrowest angle limits of the branches, infinite where there are none, shape (k,).
        vm_min, vm_max: magnitudes allowed at both buses, shape (2, k) each.
    """

    start: Ints
    end: Ints
    of_branch: Ints
    sign: Floats
    low: Floats
    high: Floats
    vm_min: Floats
    vm_max: Floats

    @property
    def count(self) -> int:
        """Give the number of pairs."""
        return len(self.start)

    @property
    def narrow(self) -> Bools:
        """Tell which pairs lie in a sector narrower than a half turn, so that it is convex."""
        return np.asarray(self.high - self.low < np.pi)

    def planes(self, some: Ints) -> Iterator[Plane]:
        """Yield two planes in w that lie nowhere above `v v'`: its lower envelope over the voltage limits.

        From McCormick's `v v' >= v b' + v' b - b b'` at both limits b of each, and the chord of the root:
        `v >= (w + low high) / (low + high)`.
        """
        low, high = self.vm_min[:, some], self.vm_max[:, some]
        for corner in (low, high):
            slope = corner[::-1] / (low + high)
            yield slope[0], slope[1], (slope * low * high).sum(axis=0) - corner[0] * corner[1]


def neighbours_of(model: OpfModel) -> Neighbours:
    """Find the pairs of a model."""
    n = len(model.demand)
    first, second = np.minimum(model.start, model.end), np.maximum(model.start, model.end)
    keys, of_branch = np.unique(first * n + second, return_inverse=True)
    start, end = np.divmod(keys, n)
    forward = model.start == first
    low, high = np.full(len(keys), -np.inf), np.full(len(keys), np.inf)
    np.maximum.at(low, of_branch, np.where(forward, model.angle_min, -model.angle_max))
    np.minimum.at(high, of_branch, np.where(forward, model.angle_max, -model.angle_min))
    return Neighbours(
        start=start,
        end=end,
        of_branch=of_branch,
        sign=np.where(forward, 1.0, -1.0),
        low=low,
        high=high,
        vm_min=np.stack([model.vm_min[start], model.vm_min[end]]),
        vm_max=np.stack([model.vm_max[start], model.vm_max[end]]),
    )
