"""The event engine against SimPy on the same drawn times: AGVs, repair crew, rework, scrap, variants, breaks.

SimPy's processes are those of the benchmark's rival, written apart from the engine. Times are multiples of
2**-20 s, so that sums are exact in any order and departures must be equal to the last bit.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.kernels.event_plan import (
    END,
    EventCalendar,
    EventFleet,
    EventPlan,
    EventQueue,
    EventRoute,
    EventSource,
    EventStation,
)
from genba.line.kernels.event_run import EventTrace, run, trace_of
from genba.line.kernels.event_template import start, template_of

pytest.importorskip("simpy")
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "line" / "rival_events.py"
PARTS = 120
DRAWS = 2000
GRAIN = 2.0**-20


def _rival() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rival_events", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rival_events"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


RIVAL = _rival()


def drawn(yard: Any, seed: int) -> dict[str, np.ndarray]:
    """Give draws of every station, multiples of GRAIN but for quality, shape (stations, DRAWS)."""
    rng = np.random.default_rng(seed)
    shape = (len(yard.work), DRAWS)
    mean = np.array(yard.work)[:, None]
    times = {
        "work": rng.gamma(4.0, mean / 4.0, shape),
        "uptime": rng.exponential(yard.mtbf, shape),
        "repair": rng.exponential(yard.mttr, shape),
    }
    rounded = {name: np.round(values / GRAIN) * GRAIN for name, values in times.items()}
    return {**rounded, "quality": rng.random(shape)}


def by_simpy(yard: Any, given_: dict[str, np.ndarray]) -> Any:
    """Run the rival on draws."""
    calls = {name: [iter(row).__next__ for row in values.tolist()] for name, values in given_.items()}
    return RIVAL.by_simpy(yard, PARTS, RIVAL.Drawn(**calls))


def by_events(yard: Any, given_: dict[str, np.ndarray]) -> EventTrace:
    """Run the event engine on draws."""
    return trace_of(run(start(template_of(plan_of(yard, given_)), parts=PARTS)))


def plan_of(yard: Any, given_: dict[str, np.ndarray]) -> EventPlan:
    """Give the rival's line with these draws."""
    count, bench = len(yard.work), yard.bench
    ways = [(k, k + 1) for k in range(bench - 1)] + [(yard.test, bench), (bench, yard.test - 1)]
    routes = [
        EventRoute(station=a, queue=b, time=yard.travel(a, b), fleet=0)
        if b in yard.driven
        else EventRoute(station=a, queue=b)
        for a, b in ways
    ]
    onward = [*range(bench - 1), END, len(ways) - 1]
    stations = [
        EventStation(
            work=given_["work"][k],
            onward=(onward[k],),
            factor=(1.0, yard.factor[k]),
            setup=yard.setup[k] * (1.0 - np.eye(2)),
            clock="operating",
            uptime=given_["uptime"][k],
            repair=given_["repair"][k],
            crew=(0,),
            calendar=0,
            scrap=yard.scrap if k == yard.test else 0.0,
            rework=yard.rework if k == yard.test else 0.0,
            rework_route=len(ways) - 2 if k == yard.test else None,
            quality=given_["quality"][k],
        )
        for k in range(count)
    ]
    travel = np.array([[yard.travel(a, b) for b in range(count)] for a in range(count)])
    return EventPlan(
        stations=tuple(stations),
        queues=tuple(EventQueue(station=k, places=yard.places[k] if k else None) for k in range(count)),
        routes=tuple(routes),
        sources=(EventSource(queue=0),),
        fleets=(EventFleet(travel=travel, home=(0,) * yard.agvs),),
        teams=(yard.crew,),
        calendars=(EventCalendar(yard.period, yard.breaks),),
        sequence=yard.sequence,
        priorities=(0, 0),
    )


@st.composite
def yards(draw: st.DrawFn) -> Any:
    """Give a line of five to nine stations and a bench."""
    count = draw(st.integers(5, 9))
    some = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    test = draw(st.integers(2, count - 2))
    driven = draw(st.sets(st.integers(1, count - 1), max_size=3))
    return RIVAL.Yard(
        work=(*(float(4 + load) for load in draw(some)), 9.0),
        factor=tuple(1.0 + 0.25 * step for step in draw(some)) + (1.5,),
        setup=tuple(0.5 * step for step in draw(some)) + (0.0,),
        places=(*draw(some), 400),
        mtbf=draw(st.sampled_from([20.0, 100.0])),
        mttr=draw(st.sampled_from([2.0, 10.0])),
        crew=draw(st.integers(1, 3)),
        sequence=tuple(draw(st.lists(st.integers(0, 1), min_size=1, max_size=5))),
        driven=tuple(sorted(driven)),
        agvs=draw(st.integers(1, 4)),
        drive=draw(st.sampled_from([0.25, 1.5])),
        test=test,
        rework=draw(st.sampled_from([0.0, 0.1, 0.4])),
        scrap=draw(st.sampled_from([0.0, 0.1])),
        period=200.0,
        breaks=draw(st.sampled_from([((50.0, 60.0), (150.0, 175.0)), ((0.0, 8.0),), ((190.0, 200.0),)])),
    )


@given(yard=yards(), seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_departures_are_those_of_simpy(yard: Any, seed: int) -> None:
    if yard.breaks[0][0] == 0.0:  # the rival's calendar begins with work
        yard = RIVAL.Yard(**{**vars_of(yard), "breaks": ((50.0, 60.0),)})
    given_ = drawn(yard, seed)
    course, trace = by_simpy(yard, given_), by_events(yard, given_)
    assert trace.ending == "done"
    assert np.array_equal(trace.departed, course.departures)
    assert np.array_equal(trace.departed - trace.lead, course.entries)
    assert np.array_equal(trace.product, course.variants)
    assert trace.scrapped == course.scrapped
    assert trace.loads.sum() == course.carried
    assert trace.entered == PARTS + trace.scrapped + trace.inside


def vars_of(yard: Any) -> dict[str, Any]:
    """Give the fields of a yard."""
    return {name: getattr(yard, name) for name in yard.__dataclass_fields__}


@given(yard=yards(), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_states_of_every_server_add_up(yard: Any, seed: int) -> None:
    trace = by_events(yard, drawn(yard, seed))
    assert np.array_equal(trace.states.sum(axis=1), np.full(len(trace.states), trace.now))
