"""Vehicles: who comes for a part, and what a vehicle does after it has unloaded.

A place is kept for the part before a vehicle is called, so a loaded vehicle never waits. The nearest idle one
comes, the first of equally near ones; a vehicle without work takes the call that has waited longest, or,
where its fleet is told so, the nearest. It stays where it has unloaded last.
"""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_accounts import foresee
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_parts import arrive
from genba.line.kernels.event_world import DROPPED, NEVER, NONE, PICKED
from genba.num.jit import kernel


@kernel
def way(m: Cells, x: Numbers, fleet: int, start: int, end: int) -> float:
    """Give how long a vehicle of a fleet drives between two stations, s."""
    row = m[start + at.STATION_NUMBER] * m[at.STATION_COUNT]
    return float(x[m[fleet + at.FLEET_TRAVEL] + row + m[end + at.STATION_NUMBER]])


@kernel
def call_vehicle(m: Cells, x: Numbers, server: int) -> None:
    """Send the nearest idle vehicle to a server, or note the call."""
    fleet = m[m[server + at.SERVER_ROUTE] + at.ROUTE_FLEET]
    best, least = NONE, NEVER
    for v in range(m[fleet + at.FLEET_VEHICLE], m[fleet + at.FLEET_VEHICLE_END], at.VEHICLE):
        if m[v + at.VEHICLE_BUSY] == 0:
            time = way(m, x, fleet, m[v + at.VEHICLE_AT], m[server + at.SERVER_STATION])
            if time < least:
                best, least = v, time
    if best != NONE:
        send(m, x, best, server)
        return
    m[server + at.SERVER_NEXT] = NONE
    if m[fleet + at.FLEET_CALLS] == NONE:
        m[fleet + at.FLEET_CALLS] = server
    else:
        m[m[fleet + at.FLEET_LAST_CALL] + at.SERVER_NEXT] = server
    m[fleet + at.FLEET_LAST_CALL] = server


@kernel
def send(m: Cells, x: Numbers, vehicle: int, i: int) -> None:
    """Let a vehicle drive to a server."""
    time = way(m, x, m[vehicle + at.VEHICLE_FLEET], m[vehicle + at.VEHICLE_AT], m[i + at.SERVER_STATION])
    m[vehicle + at.VEHICLE_BUSY] = 1
    m[vehicle + at.VEHICLE_SERVER] = i
    x[vehicle + at.VEHICLE_EMPTY] += time
    foresee(m, x, x[at.NOW] + time, PICKED, vehicle)


@kernel
def load(m: Cells, x: Numbers, vehicle: int) -> int:
    """Put the server's part on the vehicle and drive; give the server."""
    server = m[vehicle + at.VEHICLE_SERVER]
    route = m[server + at.SERVER_ROUTE]
    m[vehicle + at.VEHICLE_PART] = m[server + at.SERVER_PART]
    m[vehicle + at.VEHICLE_ROUTE] = m[server + at.SERVER_ROUTE]
    x[vehicle + at.VEHICLE_LOADED] += x[route + at.ROUTE_TIME]
    foresee(m, x, x[at.NOW] + x[route + at.ROUTE_TIME], DROPPED, vehicle)
    return int(m[vehicle + at.VEHICLE_SERVER])


@kernel
def unload(m: Cells, x: Numbers, vehicle: int) -> None:
    """Give the part to its queue; then answer a call or stay."""
    queue = m[m[vehicle + at.VEHICLE_ROUTE] + at.ROUTE_QUEUE]
    m[vehicle + at.VEHICLE_AT] = m[queue + at.QUEUE_STATION]
    m[vehicle + at.VEHICLE_LOADS] += 1
    m[vehicle + at.VEHICLE_BUSY] = 0
    arrive(m, x, m[vehicle + at.VEHICLE_ROUTE], m[vehicle + at.VEHICLE_PART])
    i = _next_call(m, x, vehicle)
    if i != NONE:
        send(m, x, vehicle, i)


@kernel
def _next_call(m: Cells, x: Numbers, vehicle: int) -> int:
    """Take the call that a vehicle answers out of its fleet's list; NONE where nobody calls."""
    fleet = m[vehicle + at.VEHICLE_FLEET]
    before, chosen = NONE, m[fleet + at.FLEET_CALLS]
    if m[fleet + at.FLEET_NEAREST] != 0 and chosen != NONE:
        ahead, i = NONE, chosen
        least = NEVER
        while i != NONE:
            time = way(
                m, x, m[vehicle + at.VEHICLE_FLEET], m[vehicle + at.VEHICLE_AT], m[i + at.SERVER_STATION]
            )
            if time < least:
                before, chosen, least = ahead, i, time
            ahead, i = i, m[i + at.SERVER_NEXT]
    if chosen != NONE:
        if before == NONE:
            m[fleet + at.FLEET_CALLS] = m[chosen + at.SERVER_NEXT]
        else:
            m[before + at.SERVER_NEXT] = m[chosen + at.SERVER_NEXT]
        if m[fleet + at.FLEET_LAST_CALL] == chosen:
            m[fleet + at.FLEET_LAST_CALL] = before
    return int(chosen)


__all__ = ["call_vehicle", "load", "unload", "way"]
