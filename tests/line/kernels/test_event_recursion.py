"""Both engines give the same departures to the last bit on lines that both can express."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genba.line.kernels.event_plan import (
    END,
    EventPlan,
    EventQueue,
    EventRoute,
    EventSource,
    EventStation,
)
from genba.line.kernels.event_run import run, trace_of
from genba.line.kernels.event_template import start, template_of
from genba.line.kernels.flow_model import FlowLink, FlowStation, model_of, unordered
from genba.line.kernels.laws import Law, deterministic, exponential, gamma_law, lognormal, triangular, weibull
from genba.line.kernels.occupations import CALENDAR, NEVER, OPERATING
from genba.line.kernels.random_blocks import DRAWS
from genba.line.kernels.replications import Blocks, Run

Floats = NDArray[np.float64]
PARTS = 256
LANE = 3
"""The replication that is compared."""
CLOCKS = {NEVER: "none", OPERATING: "operating", CALENDAR: "calendar"}
LAWS = st.sampled_from(
    [
        exponential(1.0),
        lognormal(0.9, 0.5),
        gamma_law(1.1, 0.3),
        weibull(1.0, 0.8),
        triangular(0.5, 0.8, 1.6),
        deterministic(1.0),
        deterministic(0.0),
    ]
)


def by_recursion(
    stations: list[FlowStation], links: list[FlowLink], arrivals: Law | None, wait: bool, seed: int
) -> Floats:
    """Give when parts left each station, shape (stations, at least PARTS), s; NaN beyond."""
    model = model_of(stations, links, arrivals=arrivals, wait_to_start=wait).seeded(seed)
    running, blocks = Run(model, 0), Blocks(model, 0)
    count = PARTS // DRAWS + 1 + int(model.plan.lag.max()) // DRAWS + 1
    first = 1 if arrivals is not None else 0
    left = np.full((len(stations), count * DRAWS), np.nan)
    for block in range(count):
        blocks.draw(block)
        running.advance(block, blocks.work, blocks.down)
        for k in range(len(stations)):
            behind = int(model.plan.lag[first + k] + model.plan.servers[first + k] - 1)
            for row in range(DRAWS):
                n = block * DRAWS + row - behind
                if n >= 0:
                    ring = running.state.left.shape[1]
                    left[k, n] = running.state.left[first + k, n % ring, LANE]
    return left


def by_events(
    stations: list[FlowStation], links: list[FlowLink], arrivals: Law | None, wait: bool, seed: int
) -> Floats:
    """Give when the first PARTS parts left each station, shape (stations, PARTS), s."""
    fed = {link.target for link in links}
    entries = [k for k in range(len(stations)) if k not in fed]
    queues = [(link.target, link.places) for link in links] + [(k, None) for k in entries]
    order = sorted(range(len(queues)), key=lambda q: queues[q][0])
    place = {q: at for at, q in enumerate(order)}
    plan = EventPlan(
        stations=tuple(_station(station, k, links, wait) for k, station in enumerate(stations)),
        queues=tuple(EventQueue(station=queues[q][0], places=queues[q][1]) for q in order),
        routes=tuple(
            EventRoute(station=link.source, queue=place[at], time=link.travel)
            for at, link in enumerate(links)
        ),
        sources=tuple(
            EventSource(queue=place[len(links) + at], between=arrivals) for at in range(len(entries))
        ),
        seed=seed,
    )
    last = next(k for k in reversed(range(len(stations))) if k not in {link.source for link in links})
    trace = trace_of(run(start(template_of(plan), LANE, parts=PARTS, leaves=PARTS)))
    assert trace.ending == "done"
    assert np.array_equal(trace.leaves[last], trace.departed)
    assert trace.entered == PARTS + trace.merged + trace.inside
    return trace.leaves


def _station(station: FlowStation, k: int, links: list[FlowLink], wait: bool) -> EventStation:
    onward = next((at for at, link in enumerate(links) if link.source == k), END)
    never = deterministic(0.0)
    return EventStation(
        work=station.work,
        servers=station.servers,
        onward=(onward,),
        reserves=wait,
        clock=CLOCKS[station.clock],  # type: ignore[arg-type]  # one of the three
        uptime=station.failure or never,
        repair=station.repair or never,
    )


def assert_equal(
    stations: list[FlowStation], links: list[FlowLink], arrivals: Law | None, wait: bool, seed: int
) -> None:
    """Compare both engines' departures from every station."""
    theirs = by_recursion(stations, links, arrivals, wait, seed)[:, :PARTS]
    ours = by_events(stations, links, arrivals, wait, seed)
    seen = ~np.isnan(ours)
    assert seen.any(axis=1).all()
    assert np.array_equal(ours[seen], theirs[seen])


@st.composite
def station(draw: st.DrawFn, *, parallel: bool) -> FlowStation:
    """Give a station; parallel places never fail."""
    servers = draw(st.integers(1, 3)) if parallel else 1
    clock = draw(st.sampled_from([NEVER, OPERATING, CALENDAR])) if servers == 1 else NEVER
    failure, repair = exponential(draw(st.sampled_from([3.0, 20.0]))), draw(LAWS)
    work = draw(LAWS)
    if clock == NEVER:
        return FlowStation(work, servers)
    return FlowStation(work, servers, failure, repair, clock)


@st.composite
def row(draw: st.DrawFn) -> tuple[list[FlowStation], list[FlowLink], Law | None, bool, int]:
    """Give stations in a row, buffers between them, and the rest that the engines are told."""
    count = draw(st.integers(1, 6))
    stations = [draw(station(parallel=True)) for _ in range(count)]
    places = [draw(st.one_of(st.integers(0, 4), st.none())) for _ in range(count - 1)]
    links = [FlowLink(k, k + 1, room) for k, room in enumerate(places)]
    arrivals = draw(st.one_of(st.none(), st.just(exponential(1.3))))
    wait = draw(st.booleans())
    if wait:  # the recursion looks back to parts that have left; they must come before in its order
        links = [_roomier(link, stations) for link in links]
    return stations, links, arrivals, wait, draw(st.integers(0, 2**40))


def _roomier(link: FlowLink, stations: list[FlowStation]) -> FlowLink:
    least = stations[link.source].servers - 1
    return link if link.places is None else FlowLink(link.source, link.target, max(link.places, least))


@given(case=row())
@settings(max_examples=150, deadline=None)
def test_departures_from_a_row_are_those_of_the_recursion(
    case: tuple[list[FlowStation], list[FlowLink], Law | None, bool, int],
) -> None:
    stations, links, arrivals, wait, seed = case
    if stations[0].work.mean == 0 and arrivals is None:
        stations[0] = FlowStation(exponential(1.0))  # else parts without end come at time 0
    assert_equal(stations, links, arrivals, wait, seed)


@given(
    branches=st.lists(st.lists(station(parallel=False), min_size=1, max_size=3), min_size=2, max_size=3),
    tail=st.lists(station(parallel=False), min_size=1, max_size=3),
    places=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    wait=st.booleans(),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=100, deadline=None)
def test_departures_from_an_assembly_are_those_of_the_recursion(
    branches: list[list[FlowStation]], tail: list[FlowStation], places: list[int], wait: bool, seed: int
) -> None:
    stations, links, ends = [], [], []
    for branch in branches:
        for k, one in enumerate(branch):
            if k:
                links.append(FlowLink(len(stations) - 1, len(stations), places[len(links)]))
            stations.append(one)
        ends.append(len(stations) - 1)
    for k, one in enumerate(tail):
        for end in ends if k == 0 else [len(stations) - 1]:
            links.append(FlowLink(end, len(stations), places[len(links)]))
        stations.append(one)
    if all(one.work.mean == 0 for one in stations):
        stations[0] = FlowStation(exponential(1.0))
    assert not unordered(stations, links)
    assert_equal(stations, links, None, wait, seed)


def test_conveyors_delay_as_in_the_recursion() -> None:
    stations = [FlowStation(exponential(1.0)) for _ in range(4)]
    links = [FlowLink(k, k + 1, None, travel=0.7) for k in range(3)]
    assert_equal(stations, links, None, False, 7)


@pytest.mark.parametrize("servers", [2, 5])
def test_parallel_places_let_parts_overtake_as_in_the_recursion(servers: int) -> None:
    stations = [
        FlowStation(exponential(1.0)),
        FlowStation(exponential(3.0), servers),
        FlowStation(exponential(1.0)),
    ]
    links = [FlowLink(0, 1, 0), FlowLink(1, 2, 0)]
    assert_equal(stations, links, None, False, 11)
