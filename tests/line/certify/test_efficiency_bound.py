"""The bound on efficiency: accepted where it is true, refused one unit of product above."""

import pytest

from genba.line.certify.efficiency_bound import least_product

TIMES = [1, 5, 4, 3, 5, 6, 5]
BEFORE = [
    frozenset[int](),
    frozenset([0]),
    frozenset([0, 1]),
    frozenset([0]),
    frozenset([0, 1]),
    frozenset([0, 1, 4]),
    frozenset([0, 3]),
]
"""Mertens (1967); its optima for cycles of 6, 7, 8, 10, 15 and 18 are 6, 5, 5, 3, 2 and 2 stations."""


@pytest.mark.parametrize(
    ("limits", "least"), [((1, 7, 14), 30), ((4, 7, 14), 35), ((6, 7, 14), 36), ((2, 2, 29), 30)]
)
def test_the_least_product_is_proved_and_one_more_is_not(limits: tuple[int, int, int], least: int) -> None:
    claim = least_product(TIMES, BEFORE, limits, least)
    assert claim.holds
    assert claim.value == 0
    assert not least_product(TIMES, BEFORE, limits, least + 1).holds


def test_numbers_that_cannot_be_proved_again_are_told() -> None:
    times = [10] * 38 + [7, 9, 11] * 4  # fifty tasks free of each other: too many sets, too many loads
    claim = least_product(times, [frozenset()] * len(times), (5, 9, 99), 5 * 99)
    assert claim.holds
    assert claim.bound == 5
    assert claim.value in (1, 2, 3, 4, 5)
