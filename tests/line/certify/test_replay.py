"""The line simulated anew for certificates, against the exact Markov chain and the recursion."""

from importlib import util
from pathlib import Path
from typing import Any

import pytest

from genba.core.tally import Tally
from genba.line.certify.replay import replay, speaks_for
from genba.line.checks.tally import MORE
from genba.line.io.document import line_of
from genba.line.records.line import Line

SPEC = util.spec_from_file_location("markov_lines", Path(__file__).parents[1] / "kernels" / "markov_lines.py")
assert SPEC
assert SPEC.loader
markov: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(markov)

WAYS = (("S1", "S2"), ("S2", "S3"))


def line(*works: dict[str, Any], **more: Any) -> Line:
    stations = [{"id": f"S{k + 1}", "work": work} for k, work in enumerate(works)]
    tally = Tally(MORE)
    found = line_of({"tasks": [{"id": "a", "time": 1.0}], "stations": stations, **more}, tally, name="test")
    assert found is not None
    assert tally.findings() == ()
    return found


def exponential(mean: float) -> dict[str, Any]:
    return {"kind": "exponential", "mean": mean}


@pytest.mark.parametrize("places", [(0, 0), (3, 1)])
def test_throughput_is_that_of_the_chain(places: tuple[int, int]) -> None:
    three = line(exponential(1.0), exponential(0.8), exponential(1.1))
    spent = replay(three, dict(zip(WAYS, places, strict=True)), {}, (200, 3000), 1, wait=False)
    error = spent.std(ddof=1) / len(spent) ** 0.5
    exact = 1 / markov.throughput((1.0, 1 / 0.8, 1 / 1.1), places)
    assert abs(spent.mean() - exact) < 4 * error
    assert error < 0.006 * exact


def test_people_of_a_team_share_the_work() -> None:
    three = line(exponential(1.0), exponential(2.0), exponential(1.0))
    even = line(exponential(1.0), exponential(1.0), exponential(1.0))
    places = dict(zip(WAYS, (2, 2), strict=True))
    shared = replay(three, places, {"S2": 2}, (10, 100), 3, wait=False)
    assert shared == pytest.approx(replay(even, places, {}, (10, 100), 3, wait=False))


@pytest.mark.parametrize("kind", ["normal", "lognormal", "gamma", "weibull"])
def test_times_have_their_mean_and_spread(kind: str) -> None:
    """Alone, a station that never waits leaves a unit per working time."""
    alone = line({"kind": kind, "mean": 10.0, "cv": 0.2})
    spent = replay(alone, {}, {}, (0, 2000), 5, wait=False)
    assert spent.mean() == pytest.approx(10.0, rel=2e-3)
    assert spent.std(ddof=1) * 2000**0.5 == pytest.approx(2.0, rel=0.4)


def test_it_does_not_speak_for_what_it_cannot_simulate() -> None:
    three = line(exponential(1.0), exponential(1.0), exponential(1.0))
    assert speaks_for(three, 1000)
    assert not speaks_for(three, 10**6)
    first = three.stations[0]
    twice = three.model_copy(
        update={"stations": (first.model_copy(update={"servers": 2}), *three.stations[1:])}
    )
    assert not speaks_for(twice, 1000)
