"""Runs of the event engine, in pieces, and what they leave behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, numbers
from genba.line.kernels.event_line import advance, close_books, open_line
from genba.line.kernels.event_plan import Floats
from genba.line.kernels.event_template import grow
from genba.line.kernels.event_world import DOWN, FULL, OFF, RUNNING, SETTING, STANDBY, STARVED, STUCK, WAITING
from genba.line.kernels.event_world import WORKING as AT_WORK

Ints = NDArray[np.int64]
Ending = Literal["running", "done", "horizon", "drained", "deadlock", "endless", "full", "draws spent"]
ENDINGS: tuple[Ending, ...] = (
    "running",
    "done",
    "horizon",
    "drained",
    "deadlock",
    "endless",
    "full",
    "draws spent",
)
"""By status: parts made; time over; no part left; parts that can never move again; events without end at one
time; given draws used up."""
STATE_NAMES = {
    STARVED: "starved",
    WAITING: "waiting",
    SETTING: "setup",
    AT_WORK: "working",
    STUCK: "blocked",
    DOWN: "down",
    OFF: "off",
    STANDBY: "standby",
}
BUDGET = 200_000
"""Events between two looks at whether to go on: less than 0.2 s."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EventTrace:
    """What a run of the event engine leaves behind; times in s.

    Arguments:
        ending: why it ended.
        now: when it ended, s.
        events: events worked off.
        entered: parts that came in; scrapped: thrown away; merged: become part of others; inside: still in.
        departed: when good parts left, shape (parts,), s.
        lead: time that each of them was in the line, shape (parts,), s.
        product: their products, shape (parts,).
        reworks: how often each was worked on again, shape (parts,).
        states: time of each server in each state of `STATE_NAMES`, shape (servers, states), s.
        station: of each server, shape (servers,).
        started: jobs begun at each station; left: ended; rejected: scrapped there; reworked: sent back;
            failures: breakdowns; each of shape (stations,).
        waiting: parts that waited in each queue, on average over time, shape (queues,).
        most: the most that ever did, shape (queues,).
        levels: time of each number of waiting parts, shape (queues, levels), s.
        units: units in the line, on average over time.
        loads: of each vehicle, empty and loaded: time it drove, s; shape (vehicles,).
        hired: workers of each team at work, on average over time, shape (teams,).
        leaves: when parts left each station, shape (stations, parts asked for), s; NaN where none did.
        changes: time, server, state and part of each change of state that was kept.
    """

    ending: Ending
    now: float
    events: int
    entered: int
    scrapped: int
    merged: int
    inside: int
    departed: Floats
    lead: Floats
    product: Ints
    reworks: Ints
    states: Floats
    station: Ints
    started: Ints
    left: Ints
    rejected: Ints
    reworked: Ints
    failures: Ints
    waiting: Floats
    most: Ints
    levels: Floats
    units: float
    loads: Ints
    empty: Floats
    loaded: Floats
    hired: Floats
    leaves: Floats
    changes: tuple[Floats, Ints, Ints, Ints]


def run(m: Cells, *, budget: int = BUDGET, go_on: Callable[[Cells], bool] = lambda m: True) -> Cells:
    """Run a line until it ends, or `go_on` says no; give its cells, which may have moved.

    Arguments:
        m: of `start`, or of a run that was not at its end.
        budget: events between two questions.
        go_on: asked after each budget of events, with the cells.
    """
    if m[at.EVENTS] == 0 and m[at.PENDING] == 0:
        open_line(m, numbers(m))
    while True:
        status = advance(m, numbers(m), budget)
        if status == FULL:
            m = grow(m)
        elif status != RUNNING or not go_on(m):
            return m


def trace_of(m: Cells) -> EventTrace:
    """Read what has happened so far; the books are closed, and the run may go on after."""
    x = numbers(m)
    close_books(m, x)
    now = float(x[at.NOW])
    span = now if now > 0 else 1.0
    servers = _rows(m, at.SERVERS, at.SERVERS_END, at.SERVER)
    stations = _rows(m, at.STATIONS, at.STATIONS_END, at.STATION)
    queues = _rows(m, at.QUEUES, at.QUEUES_END, at.QUEUE)
    teams = _rows(m, at.TEAMS, at.TEAMS_END, at.TEAM)
    vehicles = _vehicles(m)
    exits = m[at.EXIT_ROWS] + at.EXIT * np.arange(max(min(m[at.EXITS], m[at.TARGET]), 0))
    return EventTrace(
        ending=ENDINGS[m[at.STATUS]],
        now=now,
        events=int(m[at.EVENTS]),
        entered=int(m[at.ENTERED]),
        scrapped=int(m[at.SCRAP]),
        merged=int(m[at.MERGED]),
        inside=int(m[at.INSIDE]),
        departed=x[exits + at.EXIT_TIME],
        lead=x[exits + at.EXIT_TIME] - x[exits + at.EXIT_ENTRY],
        product=m[exits + at.EXIT_PRODUCT],
        reworks=m[exits + at.EXIT_REWORKS],
        states=x[servers[:, None] + at.SERVER_TIMES + np.arange(at.STATES)],
        station=m[m[servers + at.SERVER_STATION] + at.STATION_NUMBER],
        started=m[stations + at.STATION_STARTED],
        left=m[stations + at.STATION_LEFT],
        rejected=m[stations + at.STATION_SCRAPPED],
        reworked=m[stations + at.STATION_REWORKED],
        failures=m[stations + at.STATION_FAILURES],
        waiting=x[queues + at.QUEUE_AREA] / span,
        most=m[queues + at.QUEUE_MOST],
        levels=x[m[queues + at.QUEUE_LEVELS][:, None] + np.arange(m[at.LEVELS])],
        units=float(x[at.AREA]) / span,
        loads=m[vehicles + at.VEHICLE_LOADS],
        empty=x[vehicles + at.VEHICLE_EMPTY],
        loaded=x[vehicles + at.VEHICLE_LOADED],
        hired=x[teams + at.TEAM_AREA] / span,
        leaves=_leaves(m, stations),
        changes=_changes(m),
    )


def _rows(m: Cells, first: int, end: int, size: int) -> Ints:
    return np.arange(m[first], m[end], size)


def _vehicles(m: Cells) -> Ints:
    """Give the addresses of all vehicles; those of a fleet lie together."""
    fleets = _rows(m, at.FLEETS, at.FLEETS_END, at.FLEET)
    rows = [np.arange(m[row + at.FLEET_VEHICLE], m[row + at.FLEET_VEHICLE_END], at.VEHICLE) for row in fleets]
    return np.concatenate([np.empty(0, np.int64), *rows])


def _leaves(m: Cells, stations: Ints) -> Floats:
    asked = np.arange(m[at.LEAVES_ROOM])
    kept = numbers(m)[m[stations + at.STATION_LEAVES][:, None] + asked]
    return np.where(asked < m[stations + at.STATION_LEFT][:, None], kept, np.nan)


def _changes(m: Cells) -> tuple[Floats, Ints, Ints, Ints]:
    rows = m[at.TRACE_ROWS] + at.TRACE * np.arange(m[at.TRACED])
    fields: list[Any] = [numbers(m)[rows + at.TRACE_TIME]]
    fields += [m[rows + field] for field in (at.TRACE_SERVER, at.TRACE_STATE, at.TRACE_PART)]
    return fields[0], fields[1], fields[2], fields[3]


__all__ = ["BUDGET", "ENDINGS", "STATE_NAMES", "Ending", "EventTrace", "run", "trace_of"]
