"""Work on threads: in order, and given up between two pieces."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from genba.core.errors import Cancelled
from genba.grid.certify.pool import heeding

PIECES = 50


def _looks(allowed: int) -> Callable[[], None]:
    left = iter(range(allowed))

    def heed() -> None:
        if next(left, None) is None:
            raise Cancelled("cancelled on request")

    return heed


@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_come_in_their_order(threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        assert list(heeding(pool, lambda n: n * n, range(PIECES), _looks(PIECES))) == [
            n * n for n in range(PIECES)
        ]


def test_a_wish_to_stop_leaves_the_pieces_that_nobody_has_begun() -> None:
    begun = []

    def work(piece: int) -> int:
        begun.append(piece)
        sleep(0.001)  # work lasts, so that there is something left to give up
        return piece

    with ThreadPoolExecutor(1) as pool, pytest.raises(Cancelled):
        list(heeding(pool, work, range(PIECES), _looks(3)))
    assert 4 <= len(begun) < PIECES
