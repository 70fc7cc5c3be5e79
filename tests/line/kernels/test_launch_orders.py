"""Orders of launches against all orders of small mixes."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.kernels.product_rates import even_order
from genba.line.kernels.work_overload import (
    Launching,
    capacity_bound,
    first_layer,
    next_layer,
    overload,
    traced,
)

MIXES = st.lists(st.integers(1, 3), min_size=1, max_size=3)


@st.composite
def launchings(draw: st.DrawFn) -> Launching:
    counts = np.array(draw(MIXES), np.int64)
    stations = draw(st.integers(1, 3))
    shape = len(counts) * stations
    times = draw(st.lists(st.integers(0, 30), min_size=shape, max_size=shape))
    cycle = draw(st.integers(5, 20))
    window = cycle + draw(st.integers(0, 15))
    return Launching(counts, np.array(times, np.int64).reshape(len(counts), stations), cycle, window)


def every_order(counts: np.ndarray) -> Iterator[np.ndarray]:
    copies = np.repeat(np.arange(len(counts)), counts).tolist()
    return (np.array(order, np.int64) for order in dict.fromkeys(permutations(copies)))


def searched(work: Launching, best: int) -> np.ndarray | None:
    """Give an order below `best` from a search that drops nothing but dominated states."""
    layers = [first_layer(work)]
    for _ in range(work.total):
        layers.append(next_layer(work, layers[-1], best))
        if not len(layers[-1].cost):
            return None
    return traced(layers, int(np.argmin(layers[-1].cost)))


def deviation(order: np.ndarray, counts: np.ndarray) -> float:
    total = len(order)
    return sum(
        float(((np.cumsum(order == product) - np.arange(1, total + 1) * count / total) ** 2).sum())
        for product, count in enumerate(counts)
    )


@settings(max_examples=60, deadline=None)
@given(launchings())
def test_the_search_finds_the_least_overload_of_all_orders(work: Launching) -> None:
    least = min(overload(work, order) for order in every_order(work.counts))
    found = searched(work, least + 1)
    assert found is not None
    assert np.bincount(found, minlength=len(work.counts)).tolist() == work.counts.tolist()
    assert overload(work, found) == least
    assert searched(work, least) is None


@settings(max_examples=60, deadline=None)
@given(launchings())
def test_no_order_has_less_overload_than_the_bound(work: Launching) -> None:
    bound = int(capacity_bound(work, first_layer(work))[0])
    assert bound <= min(overload(work, order) for order in every_order(work.counts))


@settings(max_examples=60, deadline=None)
@given(launchings(), st.integers(2, 5))
def test_the_unit_of_time_does_not_matter(work: Launching, factor: int) -> None:
    order = even_order(work.counts).product
    scaled = Launching(work.counts, factor * work.times, factor * work.cycle, factor * work.window)
    assert overload(scaled, order) == factor * overload(work, order)


@settings(max_examples=60, deadline=None)
@given(MIXES)
def test_no_order_is_more_even(mix: list[int]) -> None:
    counts = np.array(mix, np.int64)
    found = even_order(counts)
    least = min(deviation(order, counts) for order in every_order(counts))
    assert deviation(found.product, counts) == pytest.approx(least, abs=1e-9)
    assert found.deviation / counts.sum() ** 2 == pytest.approx(least, abs=1e-9)


def test_two_equal_products_take_turns() -> None:
    order = even_order(np.array([5, 5])).product
    assert (order[1:] != order[:-1]).sum() >= 8
