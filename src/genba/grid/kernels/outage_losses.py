"""What outages take, by row: branches and a unit."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Bools, Ints
from genba.grid.kernels.outage_changes import MOST
from genba.num.jit import kernel

NONE = -1
"""No branch, or no unit."""


class Losses(NamedTuple):
    """What each of k outages takes, by row; NONE where it takes less than there is room for.

    Arguments:
        branches: branches lost, shape (k, 2).
        units: unit lost, shape (k,).
        plain: whether that is all of it, shape (k,).
    """

    branches: Ints
    units: Ints
    plain: Bools


def losses_of(branches: Sequence[Sequence[int]], units: Sequence[Sequence[int]]) -> Losses:
    """Write the branches and units that each of k outages takes as rows of arrays."""
    parts = [
        np.fromiter(numbers, np.int64)
        for rows in (branches, units)
        for numbers in (map(len, rows), chain.from_iterable(rows))
    ]
    return Losses(*_side_by_side(*parts))


@kernel
def _side_by_side(lost: Ints, branches: Ints, out: Ints, units: Ints) -> tuple[Ints, Ints, Bools]:
    """Give the losses of outages of `lost` branches and `out` units, which follow each other."""
    count = len(lost)
    taken, unit = np.full((count, MOST), NONE), np.full(count, NONE)
    plain, branch_at, unit_at = np.zeros(count, np.bool_), 0, 0
    for k in range(count):
        for place in range(min(lost[k], MOST)):
            taken[k, place] = branches[branch_at + place]
        if out[k] > 0:
            unit[k] = units[unit_at]
        plain[k] = (out[k] == 0 and 0 < lost[k] <= MOST) or (out[k] == 1 and lost[k] == 0)
        branch_at, unit_at = branch_at + lost[k], unit_at + out[k]
    return taken, unit, plain


@kernel
def places_of(ends: Ints, position: Ints, unit_bus: Ints, losses: Losses) -> Ints:
    """Give the first position that each outage touches, shape (k,).

    Arguments:
        ends: positions of the from and to bus of each branch, shape (m, 2).
        position: of each bus, shape (n,).
        unit_bus: bus of each unit, shape (g,).
        losses: the outages.
    """
    place = np.zeros(len(losses.units), np.int64)
    for k in range(len(place)):
        branch, unit = losses.branches[k, 0], losses.units[k]
        if unit != NONE:
            place[k] = position[unit_bus[unit]]
        elif branch != NONE:
            place[k] = min(ends[branch, 0], ends[branch, 1])
    return place


__all__ = ["NONE", "Losses", "losses_of", "places_of"]
