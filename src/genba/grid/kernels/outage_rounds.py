"""Outages that are to be solved in a round, with what reactive limits and slack have made of them so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_changes import Outages, room_around

ROUNDS = 8
"""Solutions of an outage side by side while its reactive limits settle; most need two or three."""


@dataclass(frozen=True, eq=False)
class Todo:
    """Some outages.

    Arguments:
        numbers: of the outages, shape (k,).
        switched: what buses become, as in `Outages`; None in the first round.
        turned: whether the slack flows the other way than is expected in the first round, shape (k,).
        picked: whether each is solved even where the screen clears it, shape (k,); None where nothing is
            screened.
    """

    numbers: Ints
    switched: Ints | None
    turned: Bools
    picked: Bools | None = None

    def at(self, some: Ints) -> "Todo":
        """Give those at some places of this list, or those chosen of all."""
        switched = None if self.switched is None else self.switched[some]
        picked = None if self.picked is None else self.picked[some]
        return Todo(self.numbers[some], switched, self.turned[some], picked)

    def lay_into(self, outages: Outages) -> Outages:
        """Write what has become of these outages into what they are without."""
        if self.switched is None:
            return outages
        return outages._replace(switched=self.switched, upwards=outages.upwards ^ self.turned)


def first_of(numbers: Ints, picked: Bools | None = None) -> Todo:
    """Give outages of which nothing is known."""
    return Todo(numbers, None, np.zeros(len(numbers), bool), picked)


def next_of(point: Point, parts: Sequence[Todo]) -> Todo:
    """Give those outages that have somewhere to go on from, and buses for which lanes have room.

    One whose buses and slack are those of the base again goes round in circles.
    """
    switched = [part.switched for part in parts if part.switched is not None]
    if not switched:
        return first_of(np.zeros(0, np.int64))
    every = Todo(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate(switched),
        np.concatenate([part.turned for part in parts]),
    )
    bus = np.concatenate(switched)[:, :, 0]
    entries = np.append(np.diff(point.start), 0)[bus].sum(axis=1)  # the last stands for no bus
    return every.at(np.flatnonzero((entries <= room_around(point)) & (every.turned | (bus[:, 0] >= 0))))


__all__ = ["ROUNDS", "Todo", "first_of", "next_of"]
