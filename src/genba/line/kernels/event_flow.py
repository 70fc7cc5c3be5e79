"""How parts move on: from a server that is done into the next queue, and from queues into free servers."""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_accounts import count_state, foresee, is_off, touch
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_parts import (
    arrive,
    complete,
    dequeue,
    drop_part,
    has_part,
    has_place,
    product_ahead,
    set_out,
)
from genba.line.kernels.event_vehicles import call_vehicle
from genba.line.kernels.event_work import (
    begin,
    begin_work,
    call_worker,
    draw_job,
    fire,
    work_again,
)
from genba.line.kernels.event_world import (
    AGAIN,
    ARRIVED,
    BLOCKED,
    CONVEYED,
    DRIVEN,
    EMPTY,
    NEVER,
    NONE,
    OPERATING,
    OUT,
    SCRAPPED,
    SETUP,
    STARVED,
)
from genba.num.jit import inlined, kernel

WOKEN = 2
"""How a station was touched: because a place ahead has become free."""


@inlined
def finish(m: Cells, x: Numbers, server: int) -> None:
    """End a setup, or the work; a part that is done goes on at once where it can."""
    station = m[server + at.SERVER_STATION]
    m[server + at.SERVER_RUNNING] = 0
    if m[server + at.SERVER_PHASE] == SETUP:
        begin_work(m, x, server)
        return
    if m[station + at.STATION_CLOCK] == OPERATING:
        x[server + at.SERVER_UPTIME] -= x[server + at.SERVER_REMAINING]
    if m[server + at.SERVER_ROUTE] == AGAIN:
        work_again(m, x, server)
        return
    if m[server + at.SERVER_WORKER] != NONE:
        team, m[server + at.SERVER_WORKER] = m[server + at.SERVER_WORKER], NONE
        fire(m, x, team)
    if m[server + at.SERVER_ROUTE] >= 0:
        go_on(m, x, server)
        return
    if m[server + at.SERVER_ROUTE] == SCRAPPED:
        m[station + at.STATION_SCRAPPED] += 1
        m[at.SCRAP] += 1
        m[at.UNITS_SCRAPPED] += m[m[server + at.SERVER_PART] + at.PART_UNIT]
        drop_part(m, x, m[server + at.SERVER_PART])
    elif m[server + at.SERVER_ROUTE] == OUT:
        complete(m, x, m[server + at.SERVER_PART])
    vacate(m, x, server)


@inlined
def go_on(m: Cells, x: Numbers, server: int) -> None:
    """Let a part that is done take its route, or wait behind others for a place."""
    station = m[server + at.SERVER_STATION]
    if m[server + at.SERVER_ROUTE] == m[station + at.STATION_REWORK]:
        m[station + at.STATION_REWORKED] += 1
        m[m[server + at.SERVER_PART] + at.PART_REWORKS] += 1
    queue = m[m[server + at.SERVER_ROUTE] + at.ROUTE_QUEUE]
    if m[server + at.SERVER_RESERVED] != 0 or (
        m[queue + at.QUEUE_BLOCKED] == NONE and has_place(m, x, m[server + at.SERVER_ROUTE])
    ):
        depart(m, x, server)
        return
    m[server + at.SERVER_PHASE] = BLOCKED
    m[server + at.SERVER_NEXT] = NONE
    if m[queue + at.QUEUE_BLOCKED] == NONE:
        m[queue + at.QUEUE_BLOCKED] = server
    else:
        m[m[queue + at.QUEUE_LAST_BLOCKED] + at.SERVER_NEXT] = server
    m[queue + at.QUEUE_LAST_BLOCKED] = server
    count_state(m, x, server)


@inlined
def depart(m: Cells, x: Numbers, server: int) -> None:
    """Let a part that has a place ahead take its route."""
    route = m[server + at.SERVER_ROUTE]
    if m[server + at.SERVER_RESERVED] == 0:
        set_out(m, x, m[server + at.SERVER_ROUTE])
    m[server + at.SERVER_RESERVED] = 0
    if m[route + at.ROUTE_KIND] == DRIVEN:
        m[server + at.SERVER_PHASE] = BLOCKED
        count_state(m, x, server)
        call_vehicle(m, x, server)
    else:
        if m[route + at.ROUTE_KIND] == CONVEYED:
            m[m[server + at.SERVER_PART] + at.PART_ROUTE] = m[server + at.SERVER_ROUTE]
            foresee(m, x, x[at.NOW] + x[route + at.ROUTE_TIME], ARRIVED, m[server + at.SERVER_PART])
        else:
            arrive(m, x, m[server + at.SERVER_ROUTE], m[server + at.SERVER_PART])
        vacate(m, x, server)


@inlined
def vacate(m: Cells, x: Numbers, server: int) -> None:
    """Let a server be free."""
    station = m[server + at.SERVER_STATION]
    now = x[at.NOW]
    if m[station + at.STATION_LEFT] < m[at.LEAVES_ROOM]:
        x[m[station + at.STATION_LEAVES] + m[station + at.STATION_LEFT]] = now
    m[station + at.STATION_LEFT] += 1
    m[station + at.STATION_BUSY] -= 1
    m[server + at.SERVER_PHASE] = EMPTY
    m[server + at.SERVER_PART] = NONE
    x[server + at.SERVER_FREE] = now
    count_state(m, x, server)
    touch(m, x, station)


@kernel
def settle(m: Cells, x: Numbers) -> None:
    """Give away all that the last event has set free."""
    while m[at.TOUCHED] > 0:
        m[at.TOUCHED] -= 1
        k = m[m[at.TOUCHED_LIST] + m[at.TOUCHED]]
        woken = m[k + at.STATION_TOUCHED] == WOKEN
        m[k + at.STATION_TOUCHED] = 0
        serve(m, x, k, woken)


@inlined
def serve(m: Cells, x: Numbers, station: int, woken: bool) -> None:
    """Let parts into a station's queues and servers as long as any can move.

    Feeders that keep places ahead hear of it; but not from a station that was woken itself in vain, or a ring
    of such stations would wake each other for ever.
    """
    moved, changed = True, not woken
    while moved:
        moved = False
        for q in range(m[station + at.STATION_QUEUE], m[station + at.STATION_QUEUE_END], at.QUEUE):
            moved |= admit(m, x, q)
        moved |= start_next(m, x, station)
        changed |= moved
    if not changed:
        return
    for q in range(m[station + at.STATION_QUEUE], m[station + at.STATION_QUEUE_END], at.QUEUE):
        if m[q + at.QUEUE_FED_AHEAD] != 0:
            _wake_feeders(m, x, q)


@inlined
def admit(m: Cells, x: Numbers, queue: int) -> bool:
    """Let parts that wait for a place in a queue set out; tell whether one did."""
    moved = False
    while m[queue + at.QUEUE_BLOCKED] != NONE and has_place(
        m, x, m[m[queue + at.QUEUE_BLOCKED] + at.SERVER_ROUTE]
    ):
        i = m[queue + at.QUEUE_BLOCKED]
        m[queue + at.QUEUE_BLOCKED] = m[i + at.SERVER_NEXT]
        depart(m, x, i)
        moved = True
    return moved


@kernel
def _wake_feeders(m: Cells, x: Numbers, q: int) -> None:
    """Look at the stations that begin only when this queue has a place, where it has one now."""
    for r in range(m[at.ROUTES], m[at.ROUTES_END], at.ROUTE):
        if m[r + at.ROUTE_QUEUE] == q and has_place(m, x, r):
            k = m[r + at.ROUTE_STATION]
            if (
                m[k + at.STATION_RESERVES] != 0
                and free_server(m, x, k) != NONE
                and next_queue(m, x, k) != NONE
            ):
                wake(m, x, k)


@inlined
def wake(m: Cells, x: Numbers, k: int) -> None:
    """Touch a station for the sake of a place ahead of it only."""
    if m[k + at.STATION_TOUCHED] == 0:
        touch(m, x, k)
        m[k + at.STATION_TOUCHED] = WOKEN


@kernel
def free_server(m: Cells, x: Numbers, station: int) -> int:
    """Give the server that has been free longest, NONE where none is."""
    if m[station + at.STATION_BUSY] == m[station + at.STATION_SERVERS]:
        return NONE
    best, since = NONE, NEVER
    for server in range(m[station + at.STATION_SERVER], m[station + at.STATION_SERVER_END], at.SERVER):
        if m[server + at.SERVER_PHASE] == EMPTY and m[server + at.SERVER_DOWN] == 0:
            free = x[server + at.SERVER_FREE]
            if free < since:
                best, since = server, free
    return best


@kernel
def next_queue(m: Cells, x: Numbers, station: int) -> int:
    """Give the queue whose part comes next; NONE where no work can begin.

    The first of an assembly whose queues all have a part; of a merge the queue that goes first, among equals
    that whose part has waited longest.
    """
    if m[station + at.STATION_MERGES] == 0:
        for q in range(m[station + at.STATION_QUEUE], m[station + at.STATION_QUEUE_END], at.QUEUE):
            if not has_part(m, x, q):
                return NONE
        return int(m[station + at.STATION_QUEUE])
    best = NONE
    for q in range(m[station + at.STATION_QUEUE], m[station + at.STATION_QUEUE_END], at.QUEUE):
        if has_part(m, x, q) and (best == NONE or _precedes(m, x, q, best)):
            best = q
    return best


@inlined
def _precedes(m: Cells, x: Numbers, first: int, second: int) -> bool:
    if m[first + at.QUEUE_PRIORITY] != m[second + at.QUEUE_PRIORITY]:
        return bool(m[first + at.QUEUE_PRIORITY] > m[second + at.QUEUE_PRIORITY])
    if m[first + at.QUEUE_HEAD] == NONE or m[second + at.QUEUE_HEAD] == NONE:
        return bool(m[first + at.QUEUE_HEAD] != NONE)
    return bool(m[m[first + at.QUEUE_HEAD] + at.PART_ORDER] < m[m[second + at.QUEUE_HEAD] + at.PART_ORDER])


@inlined
def start_next(m: Cells, x: Numbers, station: int) -> bool:
    """Let a free server begin with the next part; tell whether one did."""
    server = free_server(m, x, station)
    if server == NONE:
        return False
    q = next_queue(m, x, station)
    if q == NONE:
        return False
    product = product_ahead(m, x, q)
    route = m[m[station + at.STATION_JOBS] + product * at.JOB + at.JOB_ROUTE]
    if m[station + at.STATION_RESERVES] != 0 and route >= 0 and not has_place(m, x, route):
        return False
    m[server + at.SERVER_PART] = gather(m, x, station, q)
    m[station + at.STATION_BUSY] += 1
    m[station + at.STATION_STARTED] += 1
    draw_job(m, x, server)
    if m[station + at.STATION_RESERVES] != 0 and m[server + at.SERVER_ROUTE] == route >= 0:
        set_out(m, x, route)
        m[server + at.SERVER_RESERVED] = 1
    x[server + at.SERVER_REMAINING] = time_to_set(m, x, server, product)
    m[server + at.SERVER_PRODUCT] = product
    if m[station + at.STATION_WORKERS] != 0:
        call_worker(m, x, server)
    else:
        begin(m, x, server)
    return True


@kernel
def time_to_set(m: Cells, x: Numbers, server: int, product: int) -> float:
    """Give how long an idle server needs before it can work on a product: to wake, and to change over."""
    station = m[server + at.SERVER_STATION]
    time = 0.0
    if m[server + at.SERVER_STATE] == STARVED:
        idle = x[at.NOW] - x[server + at.SERVER_SINCE]
        time = x[station + at.STATION_WAKE] if idle > x[station + at.STATION_STANDBY] else 0.0
    before = m[server + at.SERVER_PRODUCT]
    if before != NONE:
        time += x[m[station + at.STATION_SETUPS] + before * m[at.PRODUCTS] + product]
    return float(time)


@inlined
def gather(m: Cells, x: Numbers, station: int, q: int) -> int:
    """Take the next part of a queue and, in an assembly, one of each other, which becomes part of it."""
    part = dequeue(m, x, q)
    if m[station + at.STATION_MERGES] == 0:
        for other in range(q + at.QUEUE, m[station + at.STATION_QUEUE_END], at.QUEUE):
            member = dequeue(m, x, other)
            m[at.UNITS_MERGED] += m[member + at.PART_UNIT]
            m[at.MERGED] += 1
            drop_part(m, x, member)
    return part


@kernel
def is_ready(m: Cells, x: Numbers, server: int) -> bool:
    """Tell whether an idle server would begin if it were neither broken nor off."""
    hindered = m[server + at.SERVER_DOWN] != 0 or is_off(m, x, m[server + at.SERVER_STATION])
    return bool(
        hindered
        and m[server + at.SERVER_PHASE] == EMPTY
        and next_queue(m, x, m[server + at.SERVER_STATION]) != NONE
    )


__all__ = ["finish", "free_server", "is_ready", "next_queue", "settle", "vacate"]
