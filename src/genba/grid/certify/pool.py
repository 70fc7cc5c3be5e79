"""Work on a pool of threads that heeds a wish to stop after every piece, not only after a batch."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def heeding(
    pool: Executor, work: Callable[[T], R], pieces: Iterable[T], heed: Callable[[], None]
) -> Iterator[R]:
    """Yield what becomes of each piece, in their order.

    Arguments:
        pool: where the work is done.
        work: done for each piece.
        pieces: what there is to do.
        heed: called after each piece; what it raises gives up the pieces that nobody has begun.
    """
    with closing(pool.map(work, pieces)) as made:  # type: ignore[type-var]  # a generator, though typed less
        for one in made:
            heed()
            yield one
