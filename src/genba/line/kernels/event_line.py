"""The event engine: a line whose course depends on its state, one event after the other.

Steppable: `advance` works off a number of events and leaves everything in the world that it was given.
"""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_accounts import (
    book_all,
    count_state,
    foresee,
    foresee_calendar,
    touch,
)
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_draws import draw
from genba.line.kernels.event_flow import finish, free_server, is_ready, next_queue, settle, vacate
from genba.line.kernels.event_heap import pop
from genba.line.kernels.event_parts import arrive, enqueue, keep_place, make_part
from genba.line.kernels.event_vehicles import load, unload
from genba.line.kernels.event_work import fail, halt, repaired, run_anew
from genba.line.kernels.event_world import (
    ARRIVED,
    BLOCKED,
    BROKEN,
    CALENDAR,
    CALENDRICAL,
    DEADLOCK,
    DRAINED,
    DROPPED,
    ENDLESS,
    FAILED,
    FINISHED,
    FULL,
    HELD,
    HORIZON,
    NO_CLOCK,
    NONE,
    PICKED,
    RELEASED,
    REPAIRED,
    RUNNING,
    SETUP,
    SHIFT,
    WORK,
)
from genba.num.jit import inlined, kernel

BURST = 1_000_000
"""Events at one time after which the line is taken to go in circles in no time."""


@kernel
def open_line(m: Cells, x: Numbers) -> None:
    """Put parts into queues, foresee the first failures, breaks and arrivals, and let the first parts in."""
    for queue in range(m[at.QUEUES_END] - at.QUEUE, m[at.QUEUES] - 1, -at.QUEUE):
        for _ in range(m[queue + at.QUEUE_CONTENTS]):
            keep_place(m, x, queue)
            enqueue(m, x, queue, make_part(m, x, m[queue + at.QUEUE_ORIGIN]))
    for c in range(m[at.CALENDARS], m[at.CALENDARS_END], at.CALENDAR):
        if x[c + at.CALENDAR_NEXT] == 0.0:
            _turn(m, x, c)
        foresee_calendar(m, x, x[c + at.CALENDAR_NEXT], CALENDAR, c)
    for i in range(m[at.SERVERS], m[at.SERVERS_END], at.SERVER):
        _open_server(m, x, i)
    for s in range(m[at.SOURCES], m[at.SOURCES_END], at.SOURCE):
        _next_arrival(m, x, s)
    for station in range(m[at.STATIONS_END] - at.STATION, m[at.STATIONS] - 1, -at.STATION):
        touch(m, x, station)
    settle(m, x)


@kernel
def _open_server(m: Cells, x: Numbers, server: int) -> None:
    station = m[server + at.SERVER_STATION]
    if m[station + at.STATION_CLOCK] != NO_CLOCK:
        time = draw(m, x, m[station + at.STATION_UPTIME])
        x[server + at.SERVER_UPTIME] = time
        if m[station + at.STATION_CLOCK] == CALENDRICAL:
            x[server + at.SERVER_FAILURE] = time
            foresee_calendar(m, x, time, BROKEN, server)
    count_state(m, x, server)


@kernel
def _next_arrival(m: Cells, x: Numbers, source: int) -> None:
    """Foresee a source's next part, where parts come by themselves and not all have come."""
    if m[source + at.SOURCE_STREAM] != NONE and m[source + at.SOURCE_MADE] != m[source + at.SOURCE_LIMIT]:
        x[source + at.SOURCE_LAST] += draw(m, x, m[source + at.SOURCE_STREAM])
        foresee(m, x, x[source + at.SOURCE_LAST], RELEASED, source)


@kernel
def advance(m: Cells, x: Numbers, budget: int) -> int:
    """Work off at most `budget` events; give the status, RUNNING where there is more to do."""
    for _ in range(budget):
        if m[at.STATUS] != RUNNING:
            break
        if m[at.LIVE] == 0 and is_stuck(m, x):
            m[at.STATUS] = _ending(m, x)
            break
        if x[m[at.HEAP] + at.EVENT_TIME] > x[at.HORIZON_TIME]:
            x[at.NOW] = x[at.HORIZON_TIME]
            m[at.STATUS] = HORIZON
            break
        if not has_room(m, x):
            return FULL
        take_event(m, x)
    return int(m[at.STATUS])


@inlined
def has_room(m: Cells, x: Numbers) -> bool:
    """Tell whether parts may enter at the next event: one per server and per source."""
    return bool(m[at.PART_ROOM] - m[at.INSIDE] > m[at.MARGIN])


@inlined
def take_event(m: Cells, x: Numbers) -> None:
    """Work off the first event."""
    first = m[at.HEAP]
    time, rank, who = x[first + at.EVENT_TIME], m[first + at.EVENT_RANK], m[first + at.EVENT_WHO]
    m[at.PENDING] = pop(m, x, m[at.PENDING])
    kind = rank >> SHIFT
    m[at.LIVE] -= kind != REPAIRED and kind != BROKEN and kind != CALENDAR
    m[at.BURST] = m[at.BURST] + 1 if time == x[at.NOW] else 0
    if m[at.BURST] > BURST:
        m[at.STATUS] = ENDLESS
    x[at.NOW] = time
    m[at.EVENTS] += 1
    happen(m, x, kind, who)
    settle(m, x)


@inlined
def happen(m: Cells, x: Numbers, kind: int, who: int) -> None:
    """Change what an event changes itself."""
    if kind == FINISHED:
        finish(m, x, who)
    elif kind == PICKED:
        vacate(m, x, load(m, x, who))
    elif kind == DROPPED:
        unload(m, x, who)
    elif kind == ARRIVED:
        arrive(m, x, m[who + at.PART_ROUTE], who)
    elif kind in (FAILED, BROKEN):
        fail(m, x, who, kind)
    elif kind == REPAIRED:
        repaired(m, x, who)
    elif kind == RELEASED:
        _release(m, x, who)
    elif kind == CALENDAR:
        _turn(m, x, who)
        foresee_calendar(m, x, x[who + at.CALENDAR_NEXT], CALENDAR, who)


@kernel
def _release(m: Cells, x: Numbers, s: int) -> None:
    part = make_part(m, x, s)
    queue = m[s + at.SOURCE_QUEUE]
    keep_place(m, x, queue)
    enqueue(m, x, queue, part)
    _next_arrival(m, x, s)


@kernel
def _turn(m: Cells, x: Numbers, calendar: int) -> None:
    """Begin or end a calendar's break, and halt its servers or let them go on."""
    if m[calendar + at.CALENDAR_OFF] == 0:
        m[calendar + at.CALENDAR_OFF] = 1
        x[calendar + at.CALENDAR_NEXT] = x[calendar + at.CALENDAR_BASE] + x[_break(m, calendar) + 1]
    else:
        m[calendar + at.CALENDAR_OFF] = 0
        m[calendar + at.CALENDAR_AT] += 1
        if m[calendar + at.CALENDAR_AT] == m[calendar + at.CALENDAR_COUNT]:
            m[calendar + at.CALENDAR_AT] = 0
            x[calendar + at.CALENDAR_BASE] += x[calendar + at.CALENDAR_PERIOD]
        x[calendar + at.CALENDAR_NEXT] = x[calendar + at.CALENDAR_BASE] + x[_break(m, calendar)]
    for server in range(m[at.SERVERS], m[at.SERVERS_END], at.SERVER):
        if m[m[server + at.SERVER_STATION] + at.STATION_CALENDAR] == calendar:
            _turn_server(m, x, server, m[calendar + at.CALENDAR_OFF])


@kernel
def _break(m: Cells, calendar: int) -> int:
    """Give where the calendar's present or next break stands."""
    return int(m[calendar + at.CALENDAR_FIRST] + 2 * m[calendar + at.CALENDAR_AT])


@kernel
def _turn_server(m: Cells, x: Numbers, server: int, off: int) -> None:
    phase = m[server + at.SERVER_PHASE]
    if off != 0:
        halt(m, x, server)
    elif phase in (SETUP, WORK):
        run_anew(m, x, server)
    count_state(m, x, server)
    touch(m, x, m[server + at.SERVER_STATION])


@kernel
def is_stuck(m: Cells, x: Numbers) -> bool:
    """Tell whether nothing can move any more.

    Nobody works or repairs for others that wait, and no idle server would begin after its repair or break.
    """
    if m[at.PENDING] == 0:
        return True
    for i in range(m[at.SERVERS], m[at.SERVERS_END], at.SERVER):
        phase = m[i + at.SERVER_PHASE]
        if phase in (SETUP, WORK) or m[i + at.SERVER_MENDER] != NONE or is_ready(m, x, i):
            return False
    return True


@kernel
def _ending(m: Cells, x: Numbers) -> int:
    """Tell why nothing moves: parts stand in each other's way, or there are none."""
    for i in range(m[at.SERVERS], m[at.SERVERS_END], at.SERVER):
        phase = m[i + at.SERVER_PHASE]
        if phase in (BLOCKED, HELD):
            return DEADLOCK
    for k in range(m[at.STATIONS], m[at.STATIONS_END], at.STATION):
        if m[k + at.STATION_RESERVES] != 0 and _could_begin(m, x, k):
            return DEADLOCK
    return DRAINED


@kernel
def _could_begin(m: Cells, x: Numbers, station: int) -> bool:
    """Tell whether a station that keeps places ahead has all parts for its next work."""
    for q in range(m[station + at.STATION_QUEUE], m[station + at.STATION_QUEUE_END], at.QUEUE):
        if m[q + at.QUEUE_HEAD] == NONE and m[station + at.STATION_MERGES] == 0:
            return False
    return bool(next_queue(m, x, station) != NONE and free_server(m, x, station) != NONE)


@kernel
def close_books(m: Cells, x: Numbers) -> None:
    """Book all times up to now."""
    book_all(m, x)


__all__ = ["BURST", "advance", "close_books", "open_line"]
