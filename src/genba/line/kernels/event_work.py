"""A server's work on a part: setup, work, failures, repairs, breaks.

Work that failures interrupt is done at `begin + (work + lost)`, in this order of additions, as in the time
recursion; after a break, or a failure of calendar time, what remains begins anew. A failure of operating time
strikes when less of it is left than of the work; both clocks stand still during breaks, repairs go on.
"""

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_accounts import (
    count_hired,
    count_state,
    foresee,
    foresee_calendar,
    is_off,
    touch,
)
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_draws import draw
from genba.line.kernels.event_world import (
    BROKEN,
    CALENDRICAL,
    FAILED,
    FINISHED,
    HELD,
    NONE,
    OPERATING,
    REPAIRED,
    SCRAPPED,
    SETUP,
    WORK,
)
from genba.num.jit import inlined, kernel


@inlined
def draw_job(m: Cells, x: Numbers, server: int) -> None:
    """Draw how long a server's part takes and where it goes after."""
    station = m[server + at.SERVER_STATION]
    part = m[server + at.SERVER_PART]
    job = m[station + at.STATION_JOBS] + m[part + at.PART_PRODUCT] * at.JOB
    again = m[part + at.PART_REWORKS] > 0 and m[station + at.STATION_AGAIN] != NONE
    stream = m[station + at.STATION_AGAIN] if again else m[station + at.STATION_WORK]
    x[server + at.SERVER_WORK] = draw(m, x, stream) * x[job + (at.JOB_AGAIN if again else at.JOB_FACTOR)]
    m[server + at.SERVER_ROUTE] = m[job + at.JOB_ROUTE]
    if m[station + at.STATION_QUALITY] != NONE:
        luck = draw(m, x, m[station + at.STATION_QUALITY])
        if luck < x[station + at.STATION_SCRAP_SHARE]:
            m[server + at.SERVER_ROUTE] = SCRAPPED
        elif luck < x[station + at.STATION_SCRAP_SHARE] + x[station + at.STATION_REWORK_SHARE]:
            spent = 0 <= m[station + at.STATION_REWORK_LIMIT] <= m[part + at.PART_REWORKS]
            m[server + at.SERVER_ROUTE] = SCRAPPED if spent else m[station + at.STATION_REWORK]


@inlined
def begin(m: Cells, x: Numbers, server: int) -> None:
    """Begin with the setup, where there is one, or the work."""
    if x[server + at.SERVER_REMAINING] > 0.0:
        m[server + at.SERVER_PHASE] = SETUP
        count_state(m, x, server)
        run_anew(m, x, server)
    else:
        begin_work(m, x, server)


@inlined
def begin_work(m: Cells, x: Numbers, server: int) -> None:
    """Begin with the work."""
    m[server + at.SERVER_PHASE] = WORK
    x[server + at.SERVER_REMAINING] = x[server + at.SERVER_WORK]
    count_state(m, x, server)
    run_anew(m, x, server)


@kernel
def run_anew(m: Cells, x: Numbers, server: int) -> None:
    """Let what remains begin now, unless the server is broken or has a break."""
    if m[server + at.SERVER_DOWN] == 0 and not is_off(m, x, m[server + at.SERVER_STATION]):
        x[server + at.SERVER_BEGIN] = x[at.NOW]
        x[server + at.SERVER_LOST] = 0.0
        if m[server + at.SERVER_PHASE] == WORK:
            x[server + at.SERVER_WORK] = x[server + at.SERVER_REMAINING]
        run(m, x, server)


@inlined
def run(m: Cells, x: Numbers, server: int) -> None:
    """Foresee how the present run ends, unless a break or calendar failure, foreseen before, cuts it off."""
    station = m[server + at.SERVER_STATION]
    m[server + at.SERVER_RUNNING] = 1
    x[server + at.SERVER_MARK] = x[at.NOW]
    kind, time = FINISHED, x[server + at.SERVER_BEGIN]
    if m[server + at.SERVER_PHASE] == SETUP:
        time += x[server + at.SERVER_REMAINING]
    elif _wears_out(m, x, server):
        kind, time = FAILED, x[at.NOW] + x[server + at.SERVER_UPTIME]
    else:
        time += x[server + at.SERVER_WORK] + x[server + at.SERVER_LOST]
    calendar = m[station + at.STATION_CALENDAR]
    if calendar != NONE and time > x[calendar + at.CALENDAR_NEXT]:
        return
    if m[station + at.STATION_CLOCK] == CALENDRICAL and time > x[server + at.SERVER_FAILURE]:
        return
    foresee(m, x, time, kind, server)


@inlined
def _wears_out(m: Cells, x: Numbers, server: int) -> bool:
    """Tell whether a failure of operating time comes before the work is done."""
    clock = m[m[server + at.SERVER_STATION] + at.STATION_CLOCK]
    return bool(clock == OPERATING and x[server + at.SERVER_UPTIME] < x[server + at.SERVER_REMAINING])


@kernel
def halt(m: Cells, x: Numbers, server: int) -> None:
    """Stop a running server."""
    if m[server + at.SERVER_RUNNING] == 0:
        return
    m[server + at.SERVER_RUNNING] = 0
    done = x[at.NOW] - x[server + at.SERVER_MARK]
    x[server + at.SERVER_REMAINING] = max(x[server + at.SERVER_REMAINING] - done, 0.0)
    if (
        m[server + at.SERVER_PHASE] == WORK
        and m[m[server + at.SERVER_STATION] + at.STATION_CLOCK] == OPERATING
    ):
        x[server + at.SERVER_UPTIME] -= done


@kernel
def fail(m: Cells, x: Numbers, server: int, kind: int) -> None:
    """Break a server and call for repair."""
    station = m[server + at.SERVER_STATION]
    if kind == FAILED:
        m[server + at.SERVER_RUNNING] = 0
        x[server + at.SERVER_REMAINING] -= x[server + at.SERVER_UPTIME]
        x[server + at.SERVER_UPTIME] = draw(m, x, m[station + at.STATION_UPTIME])
    else:
        halt(m, x, server)
    m[station + at.STATION_FAILURES] += 1
    m[server + at.SERVER_DOWN] = 1
    x[server + at.SERVER_FAILED] = x[at.NOW]
    count_state(m, x, server)
    if m[station + at.STATION_CREW] == 0:
        mend(m, x, server)
        return
    m[server + at.SERVER_MENDER] = hire(m, x, m[station + at.STATION_CREW])
    if m[server + at.SERVER_MENDER] != NONE:
        mend(m, x, server)
    else:
        _wait_for_crew(m, x, server)


@kernel
def _wait_for_crew(m: Cells, x: Numbers, i: int) -> None:
    m[i + at.SERVER_NEXT_DOWN] = NONE
    if m[at.MENDED] == NONE:
        m[at.MENDED] = i
    else:
        m[m[at.LAST_MENDED] + at.SERVER_NEXT_DOWN] = i
    m[at.LAST_MENDED] = i


@kernel
def mend(m: Cells, x: Numbers, server: int) -> None:
    """Begin a repair."""
    now = x[at.NOW]
    time = draw(m, x, m[m[server + at.SERVER_STATION] + at.STATION_REPAIR])
    x[server + at.SERVER_LOST] += (
        time if now == x[server + at.SERVER_FAILED] else now + time - x[server + at.SERVER_FAILED]
    )
    foresee_calendar(m, x, now + time, REPAIRED, server)


@kernel
def repaired(m: Cells, x: Numbers, server: int) -> None:
    """Let a server go on after its repair, and its mender to the next."""
    station = m[server + at.SERVER_STATION]
    m[server + at.SERVER_DOWN] = 0
    count_state(m, x, server)
    if m[station + at.STATION_CLOCK] == CALENDRICAL:
        x[server + at.SERVER_FAILURE] = x[at.NOW] + draw(m, x, m[station + at.STATION_UPTIME])
        foresee_calendar(m, x, x[server + at.SERVER_FAILURE], BROKEN, server)
    if m[server + at.SERVER_PHASE] in (SETUP, WORK):
        if m[station + at.STATION_CLOCK] == CALENDRICAL:
            run_anew(m, x, server)
        elif not is_off(m, x, m[server + at.SERVER_STATION]):
            run(m, x, server)
    if m[server + at.SERVER_MENDER] != NONE:
        mender, m[server + at.SERVER_MENDER] = m[server + at.SERVER_MENDER], NONE
        fire(m, x, mender)
    touch(m, x, m[server + at.SERVER_STATION])


@kernel
def hire(m: Cells, x: Numbers, bits: int) -> int:
    """Take a free worker of the first team that the bits name; NONE where nobody is free."""
    for team in range(m[at.TEAMS], m[at.TEAMS_END], at.TEAM):
        if bits & m[team + at.TEAM_BIT] and m[team + at.TEAM_FREE] > 0:
            count_hired(m, x, team, -1)
            return team
    return NONE


@kernel
def fire(m: Cells, x: Numbers, team: int) -> None:
    """Send a worker who is done to the first repair that waits for one like him, else to the first work."""
    i = _next_repair(m, x, team)
    if i != NONE:
        m[i + at.SERVER_MENDER] = team
        mend(m, x, i)
        return
    i = _next_work(m, x, team)
    if i != NONE:
        m[i + at.SERVER_WORKER] = team
        begin(m, x, i)
        return
    count_hired(m, x, team, 1)


@kernel
def _next_repair(m: Cells, x: Numbers, team: int) -> int:
    """Take the first server out of the list of repairs that the team can do."""
    ahead, i = NONE, m[at.MENDED]
    while i != NONE and not m[m[i + at.SERVER_STATION] + at.STATION_CREW] & m[team + at.TEAM_BIT]:
        ahead, i = i, m[i + at.SERVER_NEXT_DOWN]
    if i != NONE:
        if ahead == NONE:
            m[at.MENDED] = m[i + at.SERVER_NEXT_DOWN]
        else:
            m[ahead + at.SERVER_NEXT_DOWN] = m[i + at.SERVER_NEXT_DOWN]
        if m[at.LAST_MENDED] == i:
            m[at.LAST_MENDED] = ahead
    return int(i)


@kernel
def _next_work(m: Cells, x: Numbers, team: int) -> int:
    """Take the first server out of the list of those that wait for a worker of the team."""
    ahead, i = NONE, m[at.HIRED]
    while i != NONE and not m[m[i + at.SERVER_STATION] + at.STATION_WORKERS] & m[team + at.TEAM_BIT]:
        ahead, i = i, m[i + at.SERVER_NEXT]
    if i != NONE:
        if ahead == NONE:
            m[at.HIRED] = m[i + at.SERVER_NEXT]
        else:
            m[ahead + at.SERVER_NEXT] = m[i + at.SERVER_NEXT]
    return int(i)


@kernel
def call_worker(m: Cells, x: Numbers, server: int) -> None:
    """Begin with a free worker, or wait for one behind all stations of no smaller priority."""
    station = m[server + at.SERVER_STATION]
    m[server + at.SERVER_WORKER] = hire(m, x, m[station + at.STATION_WORKERS])
    if m[server + at.SERVER_WORKER] != NONE:
        begin(m, x, server)
        return
    m[server + at.SERVER_PHASE] = HELD
    count_state(m, x, server)
    ahead, below = NONE, m[at.HIRED]
    while (
        below != NONE
        and m[m[below + at.SERVER_STATION] + at.STATION_PRIORITY] >= m[station + at.STATION_PRIORITY]
    ):
        ahead, below = below, m[below + at.SERVER_NEXT]
    m[server + at.SERVER_NEXT] = below
    if ahead == NONE:
        m[at.HIRED] = server
    else:
        m[ahead + at.SERVER_NEXT] = server


@kernel
def work_again(m: Cells, x: Numbers, server: int) -> None:
    """Work on the same part once more in its place."""
    m[m[server + at.SERVER_STATION] + at.STATION_REWORKED] += 1
    m[m[server + at.SERVER_PART] + at.PART_REWORKS] += 1
    draw_job(m, x, server)
    begin_work(m, x, server)


__all__ = [
    "begin",
    "begin_work",
    "call_worker",
    "draw_job",
    "fail",
    "fire",
    "halt",
    "repaired",
    "run_anew",
    "work_again",
]
