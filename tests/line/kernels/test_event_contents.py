"""Parts that wait in buffers at the start: the event engine against SimPy and a recursion of its own."""

from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.kernels.event_plan import END, EventPlan, EventQueue, EventRoute, EventSource, EventStation
from genba.line.kernels.event_run import EventTrace, run, trace_of
from genba.line.kernels.event_template import start, template_of

simpy = pytest.importorskip("simpy")
SPEC = util.spec_from_file_location("simpy_lines", Path(__file__).with_name("simpy_lines.py"))
assert SPEC
assert SPEC.loader
lines: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(lines)
PARTS = 60
Case = tuple[np.ndarray, list[tuple[int, int]], tuple[int, ...]]
"""Times of every station, shape (stations, PARTS); places and contents between them; products launched."""


@st.composite
def rows(draw: st.DrawFn) -> Case:
    """Give stations in a row, with parts between them at the start."""
    count = draw(st.integers(2, 5))
    room = [draw(st.integers(0, 6)) for _ in range(count - 1)]
    held = [draw(st.integers(0, places)) for places in room]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = rng.gamma(2.0, 1.0, (count, PARTS + sum(room) + count))
    return times, list(zip(room, held, strict=True)), (0, 1, 1)


def by_events(case: Case) -> EventTrace:
    times, between, sequence = case
    count = len(times)
    plan = EventPlan(
        stations=tuple(
            EventStation(work=times[k], onward=(k if k + 1 < count else END,)) for k in range(count)
        ),
        queues=tuple(
            EventQueue(station=k, places=between[k - 1][0], contents=between[k - 1][1])
            if k
            else EventQueue(station=0)
            for k in range(count)
        ),
        routes=tuple(EventRoute(station=k, queue=k + 1) for k in range(count - 1)),
        sources=(EventSource(queue=0),),
        sequence=sequence,
        priorities=(0, 0),
    )
    return trace_of(run(start(template_of(plan), parts=PARTS, leaves=PARTS)))


def by_recursion(case: Case) -> np.ndarray:
    """Part n of a station is part n - c of the one before, with c in between at the start."""
    times, between, _ = case
    left = np.full((len(times), PARTS), -np.inf)
    for n in range(PARTS):
        for k in range(len(times)):
            begin = left[k, n - 1] if n else 0.0
            if k and n >= between[k - 1][1]:
                begin = max(begin, left[k - 1, n - between[k - 1][1]])
            done = begin + times[k, n]
            if k + 1 < len(times):
                ago = n + between[k][1] - between[k][0] - 1
                done = max(done, left[k + 1, ago] if ago >= 0 else 0.0)
            left[k, n] = done
    return left


@given(case=rows())
@settings(max_examples=60, deadline=None)
def test_departures_are_those_of_simpy_and_of_the_recursion_to_the_last_bit(case: Case) -> None:
    times, between, _ = case
    trace = by_events(case)
    links = [(k, k + 1, places) for k, (places, _) in enumerate(between)]
    held = {link: parts for link, (_, parts) in zip(links, between, strict=True)}
    theirs = lines.departures(times, links, [1] * len(times), held)
    assert trace.ending == "done"
    assert np.array_equal(trace.departed, theirs[-1][:PARTS])
    assert np.array_equal(trace.departed, by_recursion(case)[-1])
    assert trace.entered == PARTS + trace.inside


@given(case=rows())
@settings(max_examples=30, deadline=None)
def test_what_waits_furthest_down_the_line_was_launched_first(case: Case) -> None:
    trace = by_events(case)
    launched = [case[2][n % len(case[2])] for n in range(PARTS)]
    assert trace.product.tolist() == launched
    waited = sum(parts for _, parts in case[1])
    assert np.array_equal(trace.lead[:waited], trace.departed[:waited])
