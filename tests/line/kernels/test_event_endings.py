"""How runs of the event engine end, and that nothing is lost on the way."""

import numpy as np
import pytest

from genba.core.errors import InputError
from genba.line.kernels.event_observe import observe_events
from genba.line.kernels.event_plan import (
    EventCalendar,
    EventPlan,
    EventQueue,
    EventRoute,
    EventSource,
    EventStation,
)
from genba.line.kernels.event_run import EventTrace, run, trace_of
from genba.line.kernels.event_template import start, template_of
from genba.line.kernels.event_world import OFF, STANDBY, WAITING, WORKING
from genba.line.kernels.laws import deterministic, exponential


def loop(share: float, *, clock: str = "none", time: float = 1.0) -> EventPlan:
    """Give two stations without buffers, the second of which sends a share of the parts back."""
    first = EventStation(work=deterministic(time), onward=(0,))
    second = EventStation(
        work=deterministic(time),
        rework=share,
        rework_route=1,
        clock=clock,  # type: ignore[arg-type]  # one of the three
        uptime=exponential(5.0),
        repair=exponential(1.0),
    )
    return EventPlan(
        stations=(first, second),
        queues=(EventQueue(station=0, places=0), EventQueue(station=1, places=0)),
        routes=(EventRoute(station=0, queue=1), EventRoute(station=1, queue=0)),
        sources=(EventSource(queue=0),),
    )


def single(**given: object) -> EventPlan:
    """Give one station that is never short of parts."""
    source = {"between": given.pop("between", None), "limit": given.pop("limit", None)}
    calendars = given.pop("calendars", ())
    teams = given.pop("teams", ())
    return EventPlan(
        stations=(EventStation(**{"work": deterministic(2.0), **given}),),  # type: ignore[arg-type]  # fields
        queues=(EventQueue(station=0),),
        routes=(),
        sources=(EventSource(queue=0, **source),),  # type: ignore[arg-type]  # as above
        calendars=calendars,  # type: ignore[arg-type]  # as above
        teams=teams,  # type: ignore[arg-type]  # as above
    )


def ran(plan: EventPlan, **given: float) -> EventTrace:
    """Run a line to its end."""
    return trace_of(run(start(template_of(plan), **given)))  # type: ignore[arg-type]  # whole numbers


def test_parts_that_wait_for_each_others_places_are_told() -> None:
    trace = ran(loop(1.0), parts=10)
    assert trace.ending == "deadlock"
    assert trace.inside == 2


def test_failures_by_the_calendar_do_not_hide_a_deadlock() -> None:
    assert ran(loop(1.0, clock="calendar"), parts=10).ending == "deadlock"


def test_a_deadlock_is_told_to_whoever_looks_at_windows() -> None:
    with pytest.raises(InputError, match="wait for each other's places"):
        observe_events(loop(1.0), 0, [(0.0, 100.0)], links=[1])


def test_rework_in_no_time_without_end_is_told() -> None:
    plan = single(work=deterministic(0.0), rework=1.0)
    assert ran(plan, parts=10).ending == "endless"


def test_a_loop_in_no_time_ends_when_its_draws_let_it() -> None:
    trace = ran(single(work=deterministic(0.0), rework=0.5), parts=50)
    assert trace.ending == "done"
    assert trace.now == 0.0


def test_a_source_that_ends_drains_the_line() -> None:
    trace = ran(single(between=deterministic(3.0), limit=7), parts=10)
    assert trace.ending == "drained"
    assert (trace.entered, trace.inside) == (7, 0)


def test_draws_made_before_are_not_used_twice() -> None:
    trace = ran(single(work=np.ones(5)), parts=10)
    assert trace.ending == "draws spent"


def test_a_crowd_of_parts_finds_room() -> None:
    trace = ran(single(between=deterministic(0.5)), horizon=4000.0)
    assert trace.ending == "horizon"
    assert trace.inside > 5000


def test_breaks_stop_the_work_and_no_more() -> None:
    calendar = EventCalendar(10.0, ((0.0, 1.0), (5.0, 6.5)))
    trace = ran(single(calendar=0, calendars=(calendar,)), horizon=100.0)
    assert trace.states[0, OFF] == pytest.approx(25.0)
    assert trace.states[0, WORKING] == pytest.approx(75.0)
    assert trace.left[0] == 37


def test_a_worker_serves_one_station_at_a_time() -> None:
    station = EventStation(work=deterministic(1.0), workers=(0,))
    plan = EventPlan(
        stations=(station, station),
        queues=(EventQueue(station=0), EventQueue(station=1)),
        routes=(),
        sources=(EventSource(queue=0), EventSource(queue=1)),
        teams=(1,),
    )
    trace = ran(plan, horizon=1000.0)
    assert trace.states[:, WORKING] == pytest.approx([500.0, 500.0], abs=1.0)
    assert trace.states[:, WAITING].sum() == pytest.approx(1000.0, abs=2.0)
    assert trace.hired == pytest.approx([1.0])


def test_without_a_worker_nothing_moves() -> None:
    assert ran(single(workers=(0,), teams=(0,)), horizon=10.0).ending == "deadlock"


def test_a_long_wait_is_standby_and_takes_time_to_end() -> None:
    plan = single(between=deterministic(10.0), standby=3.0, wake=1.0)
    trace = ran(plan, parts=10)
    assert trace.departed[0] == 13.0  # comes at 10, wakes for 1, takes 2
    assert trace.states[0, STANDBY] == pytest.approx(7.0 + 9 * 4.0)


def test_a_run_in_pieces_is_the_same_run() -> None:
    plan = loop(0.0, clock="operating", time=1.0)
    whole = trace_of(run(start(template_of(plan), parts=200)))
    pieces = trace_of(run(start(template_of(plan), parts=200), budget=7))
    assert np.array_equal(whole.departed, pieces.departed)
    assert np.array_equal(whole.states, pieces.states)
