"""The order of launches with least work overload: dynamic programming over mixes, with dominance.

A worker meets each unit at the upstream border of the station or where the last one let go of it, works
downstream with it, and walks back; work that would pass the downstream border is overload, done by a helper.
With time t at a station: finish f = drift + t; overload w = max(0, f - window); the next drift is
max(0, min(f, window) - cycle). The state after some launches is what was launched and every drift; of two
states with one mix the one that is nowhere later and costs no more is enough.

Source: Yano and Rachamadugu, Sequencing to minimize work overload in assembly lines with product options,
Management Science 37 (1991); Bautista and Cano, Solving mixed model sequencing problem in assembly lines with
serial workstations by bounded dynamic programming, EJOR 210 (2011).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import kernel

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Launching:
    """What there is to order; times are whole numbers of one unit.

    Arguments:
        counts: units of each product, shape (P,).
        times: work per unit, shape (P, S).
        cycle: between launches.
        window: from a unit's arrival to the downstream border.
    """

    counts: Ints
    times: Ints
    cycle: int
    window: int

    @property
    def total(self) -> int:
        """Give the number of units."""
        return int(self.counts.sum())

    @property
    def strides(self) -> Ints:
        """Give the weight of each product in the number that stands for a mix."""
        return np.concatenate([[1], np.cumprod(self.counts + 1)[:-1]]).astype(np.int64)


@dataclass(frozen=True)
class Layer:
    """States after equally many launches.

    Arguments:
        mix: number that stands for what was launched, shape (m,).
        launched: units of each product, shape (m, P).
        drift: where the workers stand, shape (m, S).
        cost: overload so far, shape (m,).
        parent: row in the layer before, shape (m,).
        product: launched last, shape (m,).
    """

    mix: Ints
    launched: Ints
    drift: Ints
    cost: Ints
    parent: Ints
    product: Ints

    def rows(self, chosen: NDArray[np.int64] | Bools) -> "Layer":
        """Give some of the states."""
        return Layer(
            self.mix[chosen],
            self.launched[chosen],
            self.drift[chosen],
            self.cost[chosen],
            self.parent[chosen],
            self.product[chosen],
        )


def first_layer(work: Launching) -> Layer:
    """Give the state before any launch."""
    none = np.zeros(1, np.int64)
    products, stations = work.times.shape
    return Layer(none, np.zeros((1, products), np.int64), np.zeros((1, stations), np.int64), none, none, none)


def overload(work: Launching, order: Ints) -> int:
    """Give the overload of an order of products, all stations together."""
    drift, total = np.zeros(work.times.shape[1], np.int64), 0
    for product in order:
        finish = drift + work.times[product]
        total += int(np.maximum(finish - work.window, 0).sum())
        drift = np.maximum(np.minimum(finish, work.window) - work.cycle, 0)
    return total


def capacity_bound(work: Launching, layer: Layer) -> Ints:
    """Give the overload that every completion of a state has: work to come over time to come, shape (m,)."""
    left = work.counts - layer.launched  # (m, P)
    units = left.sum(axis=1)
    time = np.where(units > 0, (units - 1) * work.cycle + work.window, 0)
    excess = left @ work.times + np.where(units > 0, 1, 0)[:, None] * layer.drift - time[:, None]
    bound: Ints = np.maximum(excess, 0).sum(axis=1)
    return bound


def next_layer(work: Launching, layer: Layer, best: int) -> Layer:
    """Give all states one launch later that could still lead below `best`, the undominated ones only."""
    parts = [_launch(work, layer, product) for product in range(len(work.counts))]
    grown = Layer(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Layer.__annotations__)
    )
    grown = grown.rows(grown.cost + capacity_bound(work, grown) < best)
    order = np.lexsort((grown.cost, grown.mix))
    grown = grown.rows(order)
    return grown.rows(_undominated(grown.mix, grown.cost, grown.drift))


def _launch(work: Launching, layer: Layer, product: int) -> Layer:
    rows = np.flatnonzero(layer.launched[:, product] < work.counts[product])
    finish = layer.drift[rows] + work.times[product]
    launched = layer.launched[rows]
    launched[:, product] += 1
    return Layer(
        mix=layer.mix[rows] + work.strides[product],
        launched=launched,
        drift=np.maximum(np.minimum(finish, work.window) - work.cycle, 0),
        cost=layer.cost[rows] + np.maximum(finish - work.window, 0).sum(axis=1),
        parent=rows,
        product=np.full(len(rows), product, np.int64),
    )


@kernel
def _undominated(mix: Ints, cost: Ints, drift: Ints) -> Bools:
    """Give which states none of the same mix is as good as; rows sorted by mix, then by cost."""
    states, stations = drift.shape
    kept = np.ones(states, np.bool_)
    start = 0
    for row in range(states):
        if mix[row] != mix[start]:
            start = row
        for other in range(start, row):
            if not kept[other]:
                continue
            worse = False
            for station in range(stations):
                if drift[other, station] > drift[row, station]:
                    worse = True
                    break
            if not worse:
                kept[row] = False
                break
    return kept


def most_promising(work: Launching, layer: Layer, width: int) -> Layer:
    """Give the `width` states with the least overload to be expected."""
    expected = layer.cost + capacity_bound(work, layer)
    return layer.rows(np.sort(np.lexsort((layer.drift.sum(axis=1), expected))[:width]))


def traced(layers: list[Layer], row: int) -> Ints:
    """Give the order of products that led to a row of the last layer."""
    order = np.empty(len(layers) - 1, np.int64)
    for place in range(len(layers) - 1, 0, -1):
        order[place - 1] = layers[place].product[row]
        row = int(layers[place].parent[row])
    return order
