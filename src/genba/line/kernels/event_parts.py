"""Parts: made, queued, taken, and gone."""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_accounts import count_units, count_waiting, touch
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_world import DONE, NONE
from genba.num.jit import inlined, kernel


@kernel
def make_part(m: Cells, x: Numbers, source: int) -> int:
    """Let a source's next part enter the line; its product is the next of the sequence."""
    part = m[at.FREE_PART]
    m[at.FREE_PART] = m[part + at.PART_NEXT]
    m[part + at.PART_PRODUCT] = m[m[at.SEQUENCE] + m[source + at.SOURCE_MADE] % m[at.SEQUENCE_LENGTH]]
    m[part + at.PART_PRIORITY] = m[m[at.PRIORITIES] + m[part + at.PART_PRODUCT]]
    m[part + at.PART_REWORKS] = 0
    x[part + at.PART_ENTRY] = x[at.NOW]
    m[part + at.PART_NEXT] = NONE
    m[source + at.SOURCE_MADE] += 1
    m[at.ENTERED] += 1
    m[at.INSIDE] += 1
    m[part + at.PART_UNIT] = source == m[at.SOURCES]
    if source == m[at.SOURCES]:
        m[at.UNITS_ENTERED] += 1
        count_units(m, x, 1)
    return int(part)


@inlined
def drop_part(m: Cells, x: Numbers, part: int) -> None:
    """Take a part out of the line."""
    m[part + at.PART_NEXT] = m[at.FREE_PART]
    m[at.FREE_PART] = part
    m[at.INSIDE] -= 1
    if m[part + at.PART_UNIT] != 0:
        count_units(m, x, -1)


@kernel
def complete(m: Cells, x: Numbers, part: int) -> None:
    """Let a good part leave the line; the run ends with the last one that was asked for."""
    row = m[at.EXIT_ROWS] + m[at.EXITS] % m[at.EXIT_ROOM] * at.EXIT
    x[row + at.EXIT_TIME] = x[at.NOW]
    x[row + at.EXIT_ENTRY] = x[part + at.PART_ENTRY]
    m[row + at.EXIT_PRODUCT] = m[part + at.PART_PRODUCT]
    m[row + at.EXIT_REWORKS] = m[part + at.PART_REWORKS]
    m[at.EXITS] += 1
    if m[at.EXITS] == m[at.TARGET]:
        m[at.STATUS] = DONE
    drop_part(m, x, part)


@inlined
def keep_place(m: Cells, x: Numbers, queue: int) -> None:
    """Give a part a place in a queue; where it has more parts than places they count as excess."""
    m[queue + at.QUEUE_HELD] += 1
    if m[queue + at.QUEUE_HELD] > m[queue + at.QUEUE_CAPACITY] >= 0:
        m[m[queue + at.QUEUE_STATION] + at.STATION_EXCESS] += 1


@inlined
def free_place(m: Cells, x: Numbers, queue: int) -> None:
    """Take a part's place in a queue back."""
    if m[queue + at.QUEUE_HELD] > m[queue + at.QUEUE_CAPACITY] >= 0:
        m[m[queue + at.QUEUE_STATION] + at.STATION_EXCESS] -= 1
    m[queue + at.QUEUE_HELD] -= 1


@inlined
def has_place(m: Cells, x: Numbers, route: int) -> bool:
    """Tell whether a part may set out on a route: its queue and the way have a place.

    A station holds one part per server besides its queues' places. An assembly holds so many of each queue;
    where parts of several queues are alike, parts beyond a queue's places must find a server.
    """
    if 0 <= m[route + at.ROUTE_CAPACITY] <= m[route + at.ROUTE_UNDER_WAY]:
        return False
    queue = m[route + at.ROUTE_QUEUE]
    if m[queue + at.QUEUE_CAPACITY] < 0:
        return True
    station = m[queue + at.QUEUE_STATION]
    if m[station + at.STATION_MERGES] != 0:
        return bool(
            m[queue + at.QUEUE_HELD] < m[queue + at.QUEUE_CAPACITY]
            or m[station + at.STATION_BUSY] + m[station + at.STATION_EXCESS] < m[station + at.STATION_SERVERS]
        )
    return bool(
        m[queue + at.QUEUE_HELD] + m[station + at.STATION_BUSY]
        < m[queue + at.QUEUE_CAPACITY] + m[station + at.STATION_SERVERS]
    )


@kernel
def enqueue(m: Cells, x: Numbers, queue: int, part: int) -> None:
    """Let a part that has a place wait in a queue, behind all that are not less urgent."""
    m[part + at.PART_ORDER] = m[at.ORDER]
    m[at.ORDER] += 1
    m[part + at.PART_NEXT] = NONE
    if m[queue + at.QUEUE_HEAD] == NONE:
        m[queue + at.QUEUE_HEAD] = part
        m[queue + at.QUEUE_TAIL] = part
    elif m[m[queue + at.QUEUE_TAIL] + at.PART_PRIORITY] >= m[part + at.PART_PRIORITY]:
        m[m[queue + at.QUEUE_TAIL] + at.PART_NEXT] = part
        m[queue + at.QUEUE_TAIL] = part
    else:
        _squeeze(m, x, queue, part)
    count_waiting(m, x, queue, 1)
    touch(m, x, m[queue + at.QUEUE_STATION])


@inlined
def set_out(m: Cells, x: Numbers, route: int) -> None:
    """Keep a place on a route and in its queue."""
    m[route + at.ROUTE_UNDER_WAY] += 1
    keep_place(m, x, m[route + at.ROUTE_QUEUE])


@inlined
def arrive(m: Cells, x: Numbers, route: int, part: int) -> None:
    """Let a part leave its route for the queue at its end."""
    m[route + at.ROUTE_UNDER_WAY] -= 1
    enqueue(m, x, m[route + at.ROUTE_QUEUE], part)


@inlined
def _squeeze(m: Cells, x: Numbers, queue: int, part: int) -> None:
    """Put a part into a queue before the first that is less urgent."""
    ahead, below = NONE, m[queue + at.QUEUE_HEAD]
    while m[below + at.PART_PRIORITY] >= m[part + at.PART_PRIORITY]:
        ahead = below
        below = m[below + at.PART_NEXT]
    m[part + at.PART_NEXT] = below
    if ahead == NONE:
        m[queue + at.QUEUE_HEAD] = part
    else:
        m[ahead + at.PART_NEXT] = part


@inlined
def has_part(m: Cells, x: Numbers, queue: int) -> bool:
    """Tell whether a queue has a part for its station, or a source that always has one."""
    if m[queue + at.QUEUE_HEAD] != NONE:
        return True
    if m[queue + at.QUEUE_SOURCE] == NONE:
        return False
    source = m[queue + at.QUEUE_SOURCE]
    return bool(
        m[source + at.SOURCE_STREAM] == NONE and m[source + at.SOURCE_MADE] != m[source + at.SOURCE_LIMIT]
    )


@inlined
def product_ahead(m: Cells, x: Numbers, queue: int) -> int:
    """Give the product of the part that is next."""
    if m[queue + at.QUEUE_HEAD] != NONE:
        return int(m[m[queue + at.QUEUE_HEAD] + at.PART_PRODUCT])
    return int(m[m[at.SEQUENCE] + m[m[queue + at.QUEUE_SOURCE] + at.SOURCE_MADE] % m[at.SEQUENCE_LENGTH]])


@inlined
def dequeue(m: Cells, x: Numbers, queue: int) -> int:
    """Take the next part out of a queue."""
    part = m[queue + at.QUEUE_HEAD]
    if part == NONE:
        return make_part(m, x, m[queue + at.QUEUE_SOURCE])
    m[queue + at.QUEUE_HEAD] = m[part + at.PART_NEXT]
    free_place(m, x, queue)
    count_waiting(m, x, queue, -1)
    return int(part)


__all__ = [
    "arrive",
    "complete",
    "dequeue",
    "drop_part",
    "enqueue",
    "free_place",
    "has_part",
    "has_place",
    "keep_place",
    "make_part",
    "product_ahead",
    "set_out",
]
