"""The most even order of products, exactly: an assignment of copies to places, with multipliers as proof.

Measure: sum over places k and products i of (x[i, k] - k d[i] / K)^2, where x is the number launched by then.
The j-th copy of a product at place k changes it by the sum over l >= k of 2 j - 1 - 2 l d / K, whatever else
happens, so the best order is a cheapest assignment. Times K^2 every cost is a whole number: no rounding.

Source: Kubiak and Sethi, A note on "Level schedules for mixed-model assembly lines", Management Science 37
(1991); Miltenburg (1989) for the measure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class EvenOrder:
    """The most even order.

    Arguments:
        product: launched at each place, shape (K,).
        deviation: the measure times K^2, a whole number.
        price: multiplier of each place, times K^2, shape (K,).
    """

    product: Ints
    deviation: int
    price: Ints


def even_order(counts: Ints) -> EvenOrder:
    """Give the order of `counts[i]` copies of each product i that deviates least from an even mix."""
    total = int(counts.sum())
    owner = np.repeat(np.arange(len(counts)), counts)
    costs = np.concatenate([copy_costs(int(count), total) for count in counts])  # (copies, places)
    rows, places = linear_sum_assignment(costs)
    product = np.empty(total, np.int64)
    product[places] = owner[rows]
    deviation = constant(counts) + int(costs[rows, places].sum())
    return EvenOrder(product, deviation, _prices(costs, rows, places))


def constant(counts: Ints) -> int:
    """Give the measure of an order in which nothing is launched, times K^2."""
    places = np.arange(1, counts.sum() + 1)
    return int((np.outer(counts, places) ** 2).sum())


def copy_costs(count: int, total: int) -> Ints:
    """Give what each copy adds to the measure at each place, times K^2, shape (count, K)."""
    copy = np.arange(1, count + 1)[:, None]
    place = np.arange(1, total + 1)[None, :]
    each = total * ((2 * copy - 1) * total - 2 * place * count)
    return np.ascontiguousarray(each[:, ::-1].cumsum(axis=1)[:, ::-1], np.int64)


def _prices(costs: Ints, rows: Ints, places: Ints) -> Ints:
    """Give a multiplier of each place: shortest ways over exchanges, none of which is a gain."""
    own = costs[rows, places]
    step = costs[rows] - own[:, None]  # (copies, places): from the copy's place to another
    price = np.zeros(len(places), np.int64)
    for _ in range(len(places)):
        shorter = np.minimum(price, (price[places][:, None] + step).min(axis=0))
        if np.array_equal(shorter, price):
            break
        price = shorter
    return price
