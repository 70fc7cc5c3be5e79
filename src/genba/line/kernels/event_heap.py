"""Pending events in a binary heap within the cells: the earliest first, ties by rank."""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, Numbers
from genba.num.jit import inlined, kernel


@inlined
def push(m: Cells, x: Numbers, count: int, time: float, rank: int, who: int) -> int:
    """Add an event to the `count` pending ones; give how many there are then."""
    heap = m[at.HEAP]
    place = count
    while place > 0:
        above = (place - 1) >> 1
        parent = heap + above * at.EVENT
        if not _before(m, x, time, rank, parent):
            break
        _move(m, x, parent, heap + place * at.EVENT)
        place = above
    _put(m, x, heap + place * at.EVENT, time, rank, who)
    return count + 1


@kernel
def pop(m: Cells, x: Numbers, count: int) -> int:
    """Take the first event, at `m[HEAP]`, away; give how many are left."""
    heap = m[at.HEAP]
    last = count - 1
    end = heap + last * at.EVENT
    time, rank, who = x[end + at.EVENT_TIME], m[end + at.EVENT_RANK], m[end + at.EVENT_WHO]
    place, below = 0, 1
    while below < last:
        child = heap + below * at.EVENT
        right = child + at.EVENT
        if below + 1 < last and _before(m, x, x[right + at.EVENT_TIME], m[right + at.EVENT_RANK], child):
            below += 1
            child = right
        if _before(m, x, time, rank, child):
            break
        _move(m, x, child, heap + place * at.EVENT)
        place = below
        below = 2 * place + 1
    _put(m, x, heap + place * at.EVENT, time, rank, who)
    return last


@inlined
def _before(m: Cells, x: Numbers, time: float, rank: int, event: int) -> bool:
    """Tell whether a time and rank come before an event."""
    other = x[event + at.EVENT_TIME]
    return bool(time < other or (time == other and rank < m[event + at.EVENT_RANK]))


@inlined
def _move(m: Cells, x: Numbers, source: int, target: int) -> None:
    _put(m, x, target, x[source + at.EVENT_TIME], m[source + at.EVENT_RANK], m[source + at.EVENT_WHO])


@inlined
def _put(m: Cells, x: Numbers, event: int, time: float, rank: int, who: int) -> None:
    x[event + at.EVENT_TIME] = time
    m[event + at.EVENT_RANK] = rank
    m[event + at.EVENT_WHO] = who


__all__ = ["pop", "push"]
