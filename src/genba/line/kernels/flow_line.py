"""The exact recursion of a line in time: when each part starts, is finished and leaves each station.

With one server, part n starts at station k when it is there and part n - 1 has left; it leaves when it is
finished and there is a place: when part n - B - 1 has left the station behind a buffer of B places. Assembly
waits for all that feed it. c servers take the n-th start when the (n - c)-th part has left; the j-th to leave
is the j-th to be finished, found among the c in work. So a station of c servers lags c - 1 parts behind what
feeds it. Blocked before service, a part starts only when the place that it will go to is free.

All is max and plus, in the order of a simulation by events: the times are the same to the last bit.

Source: Buzacott and Shanthikumar, Stochastic Models of Manufacturing Systems (1993), chapters 5 and 6;
Baccelli, Cohen, Olsder and Quadrat, Synchronization and Linearity (1992), chapter 2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.calendar_failures import Chance, finish
from genba.line.kernels.occupations import CALENDAR
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.num.jit import inlined, kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Plan(NamedTuple):
    """A line of stations, each after those that feed it.

    Arguments:
        servers: equal places of each station, shape (stations,).
        lag: parts by which a station's starts are behind the iteration, shape (stations,).
        clock: clocks of its failures, shape (stations,).
        before: where each station's feeding links begin in `feeds`, shape (stations + 1,).
        feeds: links by the station they lead to, shape (links,).
        behind: where the links that a station feeds begin in `fed`, shape (stations + 1,).
        fed: links by the station they come from, shape (links,).
        source: station a link comes from, shape (links,).
        target: station it leads to, shape (links,).
        back: how many parts ago one must have left the target; -1 where there is always a place, (links,).
        travel: time on the link, s, shape (links,).
        feed: the one station that feeds a plain station, or the one past the last: nobody, shape (stations,).
        place: the one station that a plain station feeds and may be blocked by, or nobody, same shape.
        reach: `back` of the link to that place, shape (stations,).
        plain: whether a station has one server, at most one feed and one place, and none of the rest below.
        wait_to_start: whether a part without a place behind is not even begun.
    """

    servers: Ints
    lag: Ints
    clock: Ints
    before: Ints
    feeds: Ints
    behind: Ints
    fed: Ints
    source: Ints
    target: Ints
    back: Ints
    travel: Floats
    feed: Ints
    place: Ints
    reach: Ints
    plain: NDArray[np.bool_]
    wait_to_start: bool


class State(NamedTuple):
    """Where LANES replications of a line stand; times in s.

    Arguments:
        left: when parts left each station, a ring over parts, shape (stations + 1, ring, LANES); the last
            row, nobody's, stays 0.
        pending: when the parts in work will be finished, shape (stations, most servers, LANES).
        started: when the last block's parts started, shape (stations, DRAWS, LANES).
        finished: when they were finished, same shape.
    """

    left: Floats
    pending: Floats
    started: Floats
    finished: Floats


def new_state(plan: Plan) -> State:
    """Give the state of an empty line at time 0."""
    stations = len(plan.servers)
    reach = int(max(plan.back.max(initial=0), plan.lag.max(initial=0) + plan.servers.max())) + 1
    ring = 1 << (reach + DRAWS - 1).bit_length()
    return State(
        left=np.zeros((stations + 1, ring, LANES)),
        pending=np.full((stations, int(plan.servers.max()), LANES), np.inf),
        started=np.zeros((stations, DRAWS, LANES)),
        finished=np.zeros((stations, DRAWS, LANES)),
    )


@inlined
def _plain(plan: Plan, state: State, k: int, n: int, work: Floats, down: Floats) -> None:
    """Move a plain station on by a part, all in one loop; `retrace` tells later when it started."""
    left, ring, held = state.left, state.left.shape[1] - 1, n & (work.shape[1] - 1)
    feed, place, here = plan.feed[k], plan.place[k], n & ring
    gone, there = (n - 1) & ring, (n - plan.reach[k]) & ring
    for lane in range(LANES):
        now = max(left[k, gone, lane], left[feed, here, lane])
        done = now + (work[k, held, lane] + down[k, held, lane])
        left[k, here, lane] = max(done, left[place, there, lane])


@kernel
def _advance_plain(plan: Plan, state: State, block: int, work: Floats, down: Floats) -> None:
    """Move plain stations on by DRAWS parts: without the other ways in sight this is three times faster."""
    for n in range(block * DRAWS, (block + 1) * DRAWS):
        for k in range(plan.servers.size):
            _plain(plan, state, k, n, work, down)


@kernel
def advance(plan: Plan, state: State, chance: Chance, block: int, work: Floats, down: Floats) -> None:
    """Move every station on by DRAWS parts.

    Arguments:
        plan: the line.
        state: where it stands; moved on.
        chance: what failures by the calendar draw.
        block: number of this block of parts.
        work: working times, a ring over parts, s, shape (stations, a power of two, LANES).
        down: repairs on operating time, s, same shape.
    """
    if plan.plain.all():
        _advance_plain(plan, state, block, work, down)
        return
    for t in range(block * DRAWS, (block + 1) * DRAWS):
        row = t % DRAWS
        for k in range(plan.servers.size):
            n = t - plan.lag[k]
            if plan.plain[k]:
                _plain(plan, state, k, n, work, down)
            elif n >= 0:
                _start(plan, state, k, n, row)
                if plan.clock[k] == CALENDAR:
                    _finish_by_calendar(state, chance, k, n, row, work)
                else:
                    _finish(state, k, n, row, work, down)
                if plan.servers[k] == 1:
                    _pass_on(state, k, n, row)
                else:
                    _exchange(plan, state, k, n, row)
                if not plan.wait_to_start:
                    _block(plan, state, k, n - plan.servers[k] + 1)


@kernel
def retrace(plan: Plan, state: State, block: int, work: Floats, down: Floats) -> None:
    """Write when the last block's parts started and were finished at plain stations."""
    left, started, finished = state.left, state.started, state.finished
    ring, cut = left.shape[1] - 1, work.shape[1] - 1
    for k in range(plan.servers.size):
        if plan.plain[k]:
            feed, lag = plan.feed[k], plan.lag[k]
            for row in range(DRAWS):
                n = block * DRAWS + row - lag
                here, gone, held = n & ring, (n - 1) & ring, n & cut
                for lane in range(LANES):
                    started[k, row, lane] = max(left[k, gone, lane], left[feed, here, lane])
                for lane in range(LANES):
                    finished[k, row, lane] = started[k, row, lane] + (
                        work[k, held, lane] + down[k, held, lane]
                    )


@inlined
def _start(plan: Plan, state: State, k: int, n: int, row: int) -> None:
    """Write when part n starts: when a server is free, it is there, and, where waited for, a place is."""
    left, started, ring = state.left, state.started, state.left.shape[1] - 1
    gone = (n - plan.servers[k]) & ring
    for lane in range(LANES):
        started[k, row, lane] = left[k, gone, lane]
    for at in range(plan.before[k], plan.before[k + 1]):
        link = plan.feeds[at]
        source, here, travel = plan.source[link], n & ring, plan.travel[link]
        for lane in range(LANES):
            started[k, row, lane] = max(started[k, row, lane], left[source, here, lane] + travel)
    if plan.wait_to_start:
        for at in range(plan.behind[k], plan.behind[k + 1]):
            link = plan.fed[at]
            if plan.back[link] >= 0:
                target, place = plan.target[link], (n - plan.back[link]) & ring
                for lane in range(LANES):
                    started[k, row, lane] = max(started[k, row, lane], left[target, place, lane])


@inlined
def _finish(state: State, k: int, n: int, row: int, work: Floats, down: Floats) -> None:
    """Write when the part that has started is finished."""
    started, finished, held = state.started, state.finished, n & (work.shape[1] - 1)
    for lane in range(LANES):
        finished[k, row, lane] = started[k, row, lane] + (work[k, held, lane] + down[k, held, lane])


@inlined
def _finish_by_calendar(state: State, chance: Chance, k: int, n: int, row: int, work: Floats) -> None:
    """Write when the part that has started is finished, outages waited for."""
    held, gone = n & (work.shape[1] - 1), (n - 1) & (state.left.shape[1] - 1)
    for lane in range(LANES):
        free, now = state.left[k, gone, lane], state.started[k, row, lane]
        state.finished[k, row, lane] = finish(chance, k, row, lane, free, now, work[k, held, lane])


@inlined
def _pass_on(state: State, k: int, n: int, row: int) -> None:
    """Let the part leave that is finished."""
    left, finished, here = state.left, state.finished, n & (state.left.shape[1] - 1)
    for lane in range(LANES):
        left[k, here, lane] = finished[k, row, lane]


@inlined
def _block(plan: Plan, state: State, k: int, n: int) -> None:
    """Keep part n at station k until there is a place behind it."""
    left, ring = state.left, state.left.shape[1] - 1
    here = n & ring
    for at in range(plan.behind[k], plan.behind[k + 1]):
        link = plan.fed[at]
        if plan.back[link] >= 0 and n >= 0:
            target, place = plan.target[link], (n - plan.back[link]) & ring
            for lane in range(LANES):
                left[k, here, lane] = max(left[k, here, lane], left[target, place, lane])


@kernel
def _exchange(plan: Plan, state: State, k: int, n: int, row: int) -> None:
    """Put part n among those in work; when all servers are taken, let the earliest of them leave."""
    pending, servers, ring = state.pending[k], plan.servers[k], state.left.shape[1] - 1
    for lane in range(LANES):
        free, least = 0, np.inf
        while pending[free, lane] < np.inf:
            free += 1
        pending[free, lane] = state.finished[k, row, lane]
        for server in range(servers):
            if pending[server, lane] < least:
                free, least = server, pending[server, lane]
        if n >= servers - 1:
            state.left[k, (n - servers + 1) & ring, lane] = least
            pending[free, lane] = np.inf


__all__ = ["Plan", "State", "advance", "new_state", "retrace"]
