"""Where everything lies in the state of a line: one array of cells of 8 bytes, integers or numbers.

An entity (a station, a server, a part) is a row of cells, and its name is the address of its first one:
`m[server + SERVER_PHASE]` is an integer field, `x[server + SERVER_WORK]` a number in the same memory. So a
kernel is handed two arrays and not thirty: as thirty arrays of records, whose handing on costs more than the
work on them, an event took fifteen times as long and the kernels four times as long to compile. A kernel that
returns leaves everything in the cells, so that it can go on later; a replication starts from a copy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.random_blocks import DRAWS

Cells = NDArray[np.int64]
Numbers = NDArray[np.float64]

(NOW, HORIZON_TIME, AREA, CHANGED) = range(4)
"""Numbers: the time and its end, s; units times seconds, and when the number of units changed last."""
(EVENTS, ORDER, LIVE, PENDING, STATUS, BURST, TOUCHED, TARGET, EXITS, ENTERED, SCRAP, MERGED, INSIDE) = range(
    4, 17
)
"""Events so far; numbers given to events and queued parts so far; events pending that concern a part, and all
pending; status; events at this time; stations to look at; parts asked for, made, entered, scrapped, merged
into others, in the line."""
(FREE_PART, HIRED, LAST_HIRED, MENDED, LAST_MENDED, REPLICATION, TRACED) = range(17, 24)
"""First free part; lists of servers that wait for a worker and for a repair; replication; states traced."""
(STATIONS, STATIONS_END, SERVERS, SERVERS_END, QUEUES, QUEUES_END, ROUTES, ROUTES_END) = range(24, 32)
(TEAMS, TEAMS_END, SOURCES, SOURCES_END, CALENDARS, CALENDARS_END, PRODUCTS, STATION_COUNT) = range(32, 40)
"""Addresses of the first entity and behind the last; how many products and stations there are."""
(SEQUENCE, SEQUENCE_LENGTH, PRIORITIES, TABLE, TABLE_END, KEY, HEAP, TOUCHED_LIST) = range(40, 48)
"""Products in the order of launch; their priorities; table of the laws; key of the seed; pending
events; stations to look at."""
(PART_ROOM, MARGIN, LEVELS, EXIT_ROWS, EXIT_ROOM, LEAVES_ROOM, TRACE_ROWS, TRACE_ROOM) = range(48, 56)
(FLEETS, FLEETS_END, UNITS, UNITS_ENTERED, UNITS_SCRAPPED, UNITS_MERGED, HEADER) = range(56, 63)
"""Parts that there is room for, and how many more may enter at one event; levels counted of each queue; rows
of exits and of traced states and room for them; departures kept of each station; fleets; units (parts of the
first source) in the line, entered, scrapped, become part of others; cells of all this."""

(EVENT_TIME, EVENT_RANK, EVENT_WHO, EVENT) = range(4)
"""When it happens, s; kind and number, which decide ties; whom it concerns."""

STATES = 8
(
    STATION_NUMBER, STATION_SERVER, STATION_SERVER_END, STATION_SERVERS, STATION_QUEUE, STATION_QUEUE_END,
    STATION_MERGES, STATION_RESERVES, STATION_CLOCK, STATION_CREW, STATION_WORKERS, STATION_CALENDAR,
    STATION_PRIORITY, STATION_REWORK, STATION_REWORK_LIMIT, STATION_WORK, STATION_AGAIN, STATION_UPTIME,
    STATION_REPAIR, STATION_QUALITY, STATION_JOBS, STATION_SETUPS, STATION_LEAVES, STATION_SCRAP_SHARE,
    STATION_REWORK_SHARE, STATION_STANDBY, STATION_WAKE, STATION_BUSY, STATION_EXCESS, STATION_TOUCHED,
    STATION_STARTED, STATION_LEFT, STATION_SCRAPPED, STATION_REWORKED, STATION_FAILURES, STATION,
) = range(36)  # fmt: skip  # a table
"""Its servers and queues; whether it takes parts of any queue, and whether it needs a place ahead before it
starts; clock of failures; bits of the teams that repair and that work, 0: nobody; calendar; priority
among those who wait for workers; route of rework or AGAIN, and how often at most; streams of draws; jobs and
setups by product; departures kept; shares; limit of standby and time to wake, s. Then: servers with a part;
parts beyond the places of its queues; whether it is to be looked at; counts."""
(
    SERVER_STATION, SERVER_NUMBER, SERVER_PHASE, SERVER_STATE, SERVER_PART, SERVER_PRODUCT, SERVER_ROUTE,
    SERVER_RESERVED, SERVER_DOWN, SERVER_RUNNING, SERVER_WORKER, SERVER_MENDER, SERVER_NEXT, SERVER_NEXT_DOWN,
    SERVER_WORK, SERVER_REMAINING, SERVER_LOST, SERVER_BEGIN, SERVER_MARK, SERVER_UPTIME, SERVER_FAILED,
    SERVER_FAILURE, SERVER_FREE, SERVER_SINCE, SERVER_TIMES,
) = range(25)  # fmt: skip  # a table
SERVER = SERVER_TIMES + STATES
"""What it does and the state that time is counted in; its part, that part's route and whether a place is kept
ahead; the product before; whether it is broken, and running; who works and who repairs; the next in lists.
Numbers, s: work and what remains of it; what failures have lost since it began; when it began, ran last;
operating time to the next failure; when it failed, will fail (calendar), became free, changed its state; time
in each state."""
(
    QUEUE_STATION, QUEUE_NUMBER, QUEUE_CAPACITY, QUEUE_SOURCE, QUEUE_PRIORITY, QUEUE_FED_AHEAD, QUEUE_HELD,
    QUEUE_WAITING, QUEUE_HEAD, QUEUE_TAIL, QUEUE_BLOCKED, QUEUE_LAST_BLOCKED, QUEUE_MOST, QUEUE_LEVELS,
    QUEUE_SINCE, QUEUE_AREA, QUEUE_CONTENTS, QUEUE_ORIGIN, QUEUE,
) = range(19)  # fmt: skip  # a table
"""Places (NONE: any number); source; priority; whether a feeder keeps places ahead. Parts with a place here,
on the way included; those that wait here, as a list; servers whose part waits for a place, as a list; time of
each number of waiting parts, and their sum weighted by it; parts that wait at the start, and the source that
they are taken to come from."""
(ROUTE_STATION, ROUTE_QUEUE, ROUTE_KIND, ROUTE_FLEET, ROUTE_CAPACITY, ROUTE_UNDER_WAY, ROUTE_TIME, ROUTE) = (
    range(8)
)
(VEHICLE_FLEET, VEHICLE_AT, VEHICLE_SERVER, VEHICLE_PART, VEHICLE_ROUTE, VEHICLE_BUSY, VEHICLE_LOADS) = range(
    7
)
(VEHICLE_EMPTY, VEHICLE_LOADED, VEHICLE) = range(7, 10)
"""Where it stands (a station); whom it serves, what it carries where; loads brought; time driven, s."""
(FLEET_VEHICLE, FLEET_VEHICLE_END, FLEET_NEAREST, FLEET_CALLS, FLEET_LAST_CALL, FLEET_TRAVEL, FLEET) = range(
    7
)
"""Its vehicles; whether they take the nearest call; servers that call; times from station to station, s."""
(TEAM_BIT, TEAM_COUNT, TEAM_FREE, TEAM_SINCE, TEAM_AREA, TEAM) = range(6)
(SOURCE_QUEUE, SOURCE_STREAM, SOURCE_LIMIT, SOURCE_MADE, SOURCE_LAST, SOURCE) = range(6)
"""Its stream of times between parts, NONE: always one ready; parts at most (NONE: any number), and made; the
last arrival."""
(
    CALENDAR_FIRST, CALENDAR_COUNT, CALENDAR_AT, CALENDAR_OFF, CALENDAR_PERIOD, CALENDAR_BASE, CALENDAR_NEXT,
    CALENDAR,
) = range(8)  # fmt: skip  # a table
"""Its breaks; the present or next one; whether it is now; start of the period; next change, s."""
(PART_PRODUCT, PART_PRIORITY, PART_REWORKS, PART_NEXT, PART_ORDER, PART_ROUTE, PART_UNIT) = range(7)
(PART_ENTRY, PART) = range(7, 9)
"""`PART_UNIT`: whether it is a unit, not a part that becomes part of one."""
(STREAM_KIND, STREAM_NUMBER, STREAM_PURPOSE, STREAM_LAW, STREAM_BEGIN, STREAM_COUNT, STREAM_USED) = range(7)
(STREAM_VALUE, STREAM_BLOCK) = range(7, 9)
STREAM = STREAM_BLOCK + DRAWS
"""Kind, station's number and purpose in `random_blocks`; its law, or place and number of given draws; how
many have been used; the constant; the random block that it is in."""
(JOB_FACTOR, JOB_AGAIN, JOB_ROUTE, JOB) = range(4)
"""Of a station and a product: what the drawn work, and the repeated work, is multiplied with; where the part
goes."""
(EXIT_TIME, EXIT_ENTRY, EXIT_PRODUCT, EXIT_REWORKS, EXIT) = range(5)
(TRACE_TIME, TRACE_SERVER, TRACE_STATE, TRACE_PART, TRACE) = range(5)


def numbers(cells: Any) -> Any:
    """Give the cells read as numbers, in the same memory."""
    return cells.view(np.float64)
