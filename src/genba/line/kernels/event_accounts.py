"""What is counted while events happen: time in states, parts that wait, parts inside."""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_heap import push
from genba.line.kernels.event_world import DOWN, NONE, OFF, SHIFT, STANDBY, STARVED
from genba.num.jit import inlined, kernel


@inlined
def foresee(m: Cells, x: Numbers, time: float, kind: int, who: int) -> None:
    """Put an event of a part into the heap."""
    m[at.PENDING] = push(m, x, m[at.PENDING], time, (kind << SHIFT) | m[at.ORDER], who)
    m[at.ORDER] += 1
    m[at.LIVE] += 1


@inlined
def foresee_calendar(m: Cells, x: Numbers, time: float, kind: int, who: int) -> None:
    """Put an event into the heap that happens whether there are parts or not."""
    foresee(m, x, time, kind, who)
    m[at.LIVE] -= 1


@inlined
def touch(m: Cells, x: Numbers, station: int) -> None:
    """Note that something about a station has changed, so that it is looked at before the next event."""
    before = m[station + at.STATION_TOUCHED]
    m[station + at.STATION_TOUCHED] = 1
    if before == 0:
        m[m[at.TOUCHED_LIST] + m[at.TOUCHED]] = station
        m[at.TOUCHED] += 1


@inlined
def is_off(m: Cells, x: Numbers, station: int) -> bool:
    """Tell whether a station has a break."""
    calendar = m[station + at.STATION_CALENDAR]
    return bool(calendar != NONE and m[calendar + at.CALENDAR_OFF] != 0)


@kernel
def count_state(m: Cells, x: Numbers, server: int) -> None:
    """Book a server's time since its last change of state and note the state that it has now."""
    state = m[server + at.SERVER_PHASE]
    if m[server + at.SERVER_DOWN] != 0:
        state = DOWN
    elif is_off(m, x, m[server + at.SERVER_STATION]):
        state = OFF
    if state != m[server + at.SERVER_STATE]:
        book_state(m, x, server)
        m[server + at.SERVER_STATE] = state
        if m[at.TRACED] < m[at.TRACE_ROOM]:
            row = m[at.TRACE_ROWS] + m[at.TRACED] * at.TRACE
            x[row + at.TRACE_TIME] = x[at.NOW]
            m[row + at.TRACE_SERVER] = m[server + at.SERVER_NUMBER]
            m[row + at.TRACE_STATE] = state
            m[row + at.TRACE_PART] = m[server + at.SERVER_PART]
            m[at.TRACED] += 1


@inlined
def book_state(m: Cells, x: Numbers, server: int) -> None:
    """Add the time since the last change to the state's account; a long wait for parts counts as standby."""
    now = x[at.NOW]
    spent = now - x[server + at.SERVER_SINCE]
    limit = x[m[server + at.SERVER_STATION] + at.STATION_STANDBY]
    if m[server + at.SERVER_STATE] == STARVED and spent > limit:
        x[server + at.SERVER_TIMES + STANDBY] += spent - limit
        spent = limit
    x[server + at.SERVER_TIMES + m[server + at.SERVER_STATE]] += spent
    x[server + at.SERVER_SINCE] = now


@inlined
def count_waiting(m: Cells, x: Numbers, queue: int, change: int) -> None:
    """Change how many parts wait in a queue and book the time with the former number."""
    now = x[at.NOW]
    spent = now - x[queue + at.QUEUE_SINCE]
    x[queue + at.QUEUE_AREA] += spent * m[queue + at.QUEUE_WAITING]
    if m[at.LEVELS] > 0:
        x[m[queue + at.QUEUE_LEVELS] + min(m[queue + at.QUEUE_WAITING], m[at.LEVELS] - 1)] += spent
    x[queue + at.QUEUE_SINCE] = now
    m[queue + at.QUEUE_WAITING] += change
    m[queue + at.QUEUE_MOST] = max(m[queue + at.QUEUE_MOST], m[queue + at.QUEUE_WAITING])


@inlined
def count_units(m: Cells, x: Numbers, change: int) -> None:
    """Change how many units are in the line and book the time with the former number."""
    x[at.AREA] += (x[at.NOW] - x[at.CHANGED]) * m[at.UNITS]
    x[at.CHANGED] = x[at.NOW]
    m[at.UNITS] += change


@kernel
def count_hired(m: Cells, x: Numbers, team: int, change: int) -> None:
    """Change how many of a team are free and book the time of those that were not."""
    row = team
    now = x[at.NOW]
    x[row + at.TEAM_AREA] += (now - x[row + at.TEAM_SINCE]) * (m[row + at.TEAM_COUNT] - m[row + at.TEAM_FREE])
    x[row + at.TEAM_SINCE] = now
    m[row + at.TEAM_FREE] += change


@kernel
def book_all(m: Cells, x: Numbers) -> None:
    """Book all times up to now, changing nothing else."""
    for i in range(m[at.SERVERS], m[at.SERVERS_END], at.SERVER):
        book_state(m, x, i)
    for q in range(m[at.QUEUES], m[at.QUEUES_END], at.QUEUE):
        count_waiting(m, x, q, 0)
    for team in range(m[at.TEAMS], m[at.TEAMS_END], at.TEAM):
        count_hired(m, x, team, 0)
    count_units(m, x, 0)


__all__ = [
    "book_all",
    "book_state",
    "count_hired",
    "count_units",
    "count_state",
    "count_waiting",
    "foresee",
    "foresee_calendar",
    "is_off",
    "touch",
]
