"""Work on many things in threads while the caller listens: a study that is cancelled stops within a second.

Kernels leave the interpreter's lock, so threads are enough. Workers do not talk to the outside: they ask
whether to stop, and only the caller's thread reports.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, wait
from threading import Event
from typing import TypeVar

from genba.num.threads import pool_of

Item = TypeVar("Item")
Found = TypeVar("Found")
Heed = Callable[[], None]
"""Called now and then; raises to stop."""
PATIENCE = 0.2
"""Seconds between two reports of the caller's thread."""


class _Stopped(Exception):
    """Ends a worker whose result nobody waits for any more."""


def side_by_side(
    work: Callable[[Item, Heed], Found], items: Iterable[Item], *, threads: int, heed: Heed
) -> list[Found]:
    """Give what `work` finds of each item, in their order, whatever the number of threads.

    Arguments:
        work: takes an item and what it must call at least every 0.2 s.
        items: what to work on.
        threads: how many at a time.
        heed: called in this thread five times a second; what it raises ends all work.
    """
    if threads <= 1:
        return [work(item, heed) for item in items]
    stop = Event()

    def look() -> None:
        if stop.is_set():
            raise _Stopped

    with pool_of(threads) as pool:
        futures = [pool.submit(work, item, look) for item in items]
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, timeout=PATIENCE, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                heed()
        finally:
            stop.set()
            for future in pending:
                future.cancel()
        return [future.result() for future in futures]


__all__ = ["Heed", "side_by_side"]
