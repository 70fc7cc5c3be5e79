"""Blocks of order 4: their factors multiply back to them, and their pivots tell their inertia."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.num.ldl.pivot import FACTOR, ORDER, STEEP, by_determinant, by_size, kept

ROUNDING = 1e-14
"""Of the product of the factors, relative to what adds up in it."""
SIGNS = st.lists(st.sampled_from((-1.0, 0.0, 1.0)), min_size=10, max_size=10)
SIZES = st.lists(st.floats(-5, 5), min_size=10, max_size=10)


def factored(a: np.ndarray, *, completely: bool) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Give the number of negative eigenvalues, the order, L and the inverse of B."""
    pivots, factor = np.full(ORDER, 9, np.uint8), np.full(FACTOR, np.nan)
    stable, found = by_determinant(np.ascontiguousarray(a.ravel()), 0.0)
    if completely or not stable:
        found = by_size(*a[np.tril_indices(ORDER)], 0.0)
    negative = kept(found, pivots, factor)
    low = np.eye(ORDER)
    low[np.tril_indices(ORDER, -1)] = factor[:6]
    inverse = np.diag(factor[6:10]) + np.diag(factor[10:13], 1) + np.diag(factor[10:13], -1)
    return negative, pivots, low, inverse


@settings(deadline=None)  # the first example compiles
@given(signs=SIGNS, sizes=SIZES, completely=st.booleans())
def test_factors_multiply_back_to_the_block(signs: list[float], sizes: list[float], completely: bool) -> None:
    a = np.zeros((ORDER, ORDER))
    a[np.tril_indices(ORDER)] = np.array(signs) * 10.0 ** np.array(sizes)
    a = a + np.tril(a, -1).T
    negative, pivots, low, inverse = factored(a, completely=completely)
    if negative < 0:
        return
    assert sorted(pivots) == list(range(ORDER))
    middle = np.linalg.inv(inverse)
    summed = abs(low) @ abs(middle) @ abs(low).T
    assert (abs(low @ middle @ low.T - a[np.ix_(pivots, pivots)]) <= ROUNDING * summed).all()
    assert abs(low).max() <= STEEP
    assert negative == int((np.linalg.eigvalsh(middle) < 0).sum())


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)])
@pytest.mark.parametrize("diagonal", [(0, 0, 0, 0), (9, 0, 0, 0), (9, -8, 0, 0), (9, 8, -7, 6)])
def test_inertia_is_that_of_the_eigenvalues_in_every_order(
    order: tuple[int, ...], diagonal: tuple[float, ...]
) -> None:
    a = np.diag(np.array(diagonal, float)) + np.fliplr(np.diag([2.0, 3.0, 3.0, 2.0]))
    a = a[np.ix_(order, order)]
    for completely in (False, True):
        assert factored(a, completely=completely)[0] == int((np.linalg.eigvalsh(a) < 0).sum())


@pytest.mark.parametrize("row", range(ORDER))
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_row_of_zeros_or_of_no_number_is_singular(row: int, value: float) -> None:
    a = np.diag([4.0, -3.0, 2.0, 1.0])
    a[row, row] = value
    assert factored(a, completely=False)[0] == -1
