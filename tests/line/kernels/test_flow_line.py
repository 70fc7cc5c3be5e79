"""The recursion: SimPy's departures to the last bit, and the laws that every line obeys."""

from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.line.kernels import laws as known
from genba.line.kernels.flow_model import FlowLink, FlowStation, Model, model_of, unordered
from genba.line.kernels.occupations import CALENDAR, OPERATING
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.replications import Blocks, Run

pytest.importorskip("simpy", reason="simpy is not installed: pip install 'genba[dev]'")
SPEC = util.spec_from_file_location("simpy_lines", Path(__file__).with_name("simpy_lines.py"))
assert SPEC
assert SPEC.loader
oracle: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(oracle)

BLOCKS = 5
FAILING = {"failure": known.exponential(20.0), "repair": known.gamma_law(4.0, 0.6), "clock": OPERATING}


def lognormal(**more: Any) -> FlowStation:
    return FlowStation(known.lognormal(1.0, 0.3), **more)


def row(places: Sequence[int | None]) -> list[FlowLink]:
    return [FlowLink(k, k + 1, room) for k, room in enumerate(places)]


def simulated(model: Model, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give times by start and departures in order, shape (stations, parts, LANES) each."""
    run, blocks = Run(model, first), Blocks(model, first)
    held, left = [], []
    stations, cut = len(model.plan.servers), blocks.work.shape[1]
    for block in range(BLOCKS):
        blocks.draw(block)
        run.advance(block, blocks.work, blocks.down)
        begins = (block * DRAWS) % cut
        held.append((blocks.work + blocks.down)[:, begins : begins + DRAWS])
        ring = run.state.left.shape[1]
        rows = block * DRAWS + np.arange(DRAWS)[None] - (model.plan.lag + model.plan.servers - 1)[:, None]
        left.append(run.state.left[np.arange(stations)[:, None], rows % ring])
    late = model.plan.lag + model.plan.servers - 1
    departures = [np.concatenate(left, 1)[k, late[k] :] for k in range(stations)]
    shortest = min(len(one) for one in departures)
    return np.concatenate(held, 1), np.stack([one[:shortest] for one in departures])


LINES = {
    "row": ([lognormal(**FAILING) for _ in range(6)], row([5, 0, 1, 2, 3])),
    "unlimited": ([lognormal() for _ in range(3)], row([None, 70])),
    "servers": (
        [lognormal(), FlowStation(known.exponential(2.7), servers=3), lognormal(), lognormal(servers=2)],
        row([2, 1, 0]),
    ),
    "assembly": (
        [lognormal(**FAILING), lognormal(), lognormal(**FAILING), lognormal(), lognormal()],
        [FlowLink(0, 1, 2), FlowLink(2, 3, 1), FlowLink(1, 4, 3), FlowLink(3, 4, 1)],
    ),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("lane", [0, 7, LANES - 1])
def test_departures_are_those_of_simpy_to_the_last_bit(name: str, lane: int) -> None:
    stations, links = LINES[name]
    held, left = simulated(model_of(stations, links).seeded(3))
    given = [(link.source, link.target, link.places) for link in links]
    expected = oracle.departures(held[:, :, lane], given, [station.servers for station in stations])
    assert np.array_equal(left[:, :, lane], expected[:, : left.shape[1]])


@pytest.mark.parametrize("name", LINES)
def test_replications_do_not_depend_on_their_group(name: str) -> None:
    model = model_of(*LINES[name]).seeded(4)
    _, together = simulated(model, first=0)
    _, moved = simulated(model, first=3)
    assert np.array_equal(together[:, :, 3:], moved[:, :, : LANES - 3])


@pytest.mark.parametrize("link", range(5))
def test_a_bigger_buffer_never_delays_a_part(link: int) -> None:
    model = model_of(*LINES["row"]).seeded(5)
    _, narrow = simulated(model)
    _, wide = simulated(model.wider(link))
    assert (wide[-1] <= narrow[-1]).all()
    assert (wide[-1] < narrow[-1]).any()


def test_twice_the_times_are_twice_the_departures() -> None:
    def line(scale: float) -> Model:
        one = FlowStation(known.triangular(scale, 2 * scale, 4 * scale))
        return model_of([one] * 4, row([1, 2, 0]))

    _, once = simulated(line(1.0))
    _, twice = simulated(line(2.0))
    np.testing.assert_array_equal(2 * once, twice)  # a power of two changes no digit


def test_blocking_before_service_never_makes_more_than_after() -> None:
    stations, links = LINES["row"]
    _, after = simulated(model_of(stations, links).seeded(6))
    _, before = simulated(model_of(stations, links, wait_to_start=True).seeded(6))
    assert (before[-1] >= after[-1]).all()
    assert before[-1].sum() > after[-1].sum()


def test_a_failure_by_the_calendar_strikes_idle_machines_too() -> None:
    slow = FlowStation(known.deterministic(10.0))
    failing = FlowStation(
        known.deterministic(1.0), 1, known.deterministic(13.0), known.deterministic(5.0), CALENDAR
    )
    _, left = simulated(model_of([slow, failing], [FlowLink(0, 1, 1)]))
    # down 13-18, 31-36, 49-54, 67-72, the third and fourth time while it waits for parts of 50 and 70
    assert left[1, :7, 0].tolist() == [11.0, 21.0, 31.0, 41.0, 55.0, 61.0, 73.0]


def test_branches_of_unlike_lag_are_found() -> None:
    stations = [lognormal(servers=4), lognormal(), lognormal()]
    assert unordered(stations, [FlowLink(0, 2, 1), FlowLink(1, 2, 1)])
    assert not unordered(stations, [FlowLink(0, 2, 1), FlowLink(1, 2, 3)])
