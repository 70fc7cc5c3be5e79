"""Warm-up, intervals and derivatives: against known series, known quantiles and small changes."""

import numpy as np
import pytest

from genba.line.kernels import laws as known
from genba.line.kernels.flow_model import FlowLink, FlowStation, Model, model_of
from genba.line.kernels.occupations import OPERATING
from genba.line.kernels.output_analysis import interval, mser, needed, ratio_interval
from genba.line.kernels.random_blocks import DRAWS
from genba.line.kernels.replications import Blocks, Run, observe, story
from genba.line.kernels.sensitivity import sensitivities


def test_the_interval_is_students() -> None:
    found = interval(np.array([1.0, 2.0, 3.0, 4.0]), 0.95)
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(
        3.182446305284263 * np.sqrt(5 / 3) / 2, rel=1e-12
    )  # t(3), 97.5 %


def test_one_value_has_no_interval() -> None:
    assert interval(np.array([3.0]), 0.95).half_width == np.inf


def test_a_ratio_of_proportional_values_is_certain() -> None:
    below = np.array([1.0, 2.0, 5.0])
    found = ratio_interval(3 * below, below, 0.95)
    assert found.mean == 3.0
    assert found.half_width == pytest.approx(0.0, abs=1e-12)


def test_replications_needed_grow_with_the_square() -> None:
    found = interval(np.array([90.0, 110.0, 95.0, 105.0]), 0.95)
    assert needed(found, found.relative / 3) == 36


def test_mser_cuts_where_a_transient_ends() -> None:
    rng = np.random.default_rng(1)
    series = rng.normal(10.0, 1.0, 2000)
    series[:200] += 8.0
    cut = mser(series)
    assert cut is not None
    assert 195 <= cut <= 230


def test_mser_says_when_a_series_never_settles() -> None:
    assert mser(np.linspace(0.0, 1.0, 500)) is None


def test_mser_says_when_a_series_is_too_short() -> None:
    assert mser(np.ones(30)) is None


PLACES = (2, 0, 5)
FIRST, LAST = 100, 1500
STEP = 1e-6


def line(*, work: int = -1, repair: int = -1, scale: float = 1.0) -> Model:
    """Give four stations; one's work and time to failure, or its repairs, multiplied."""
    stations = []
    for k in range(4):
        times = scale if k == work else 1.0
        failure = known.exponential(30.0 * times)
        mending = known.lognormal(4.0 * (scale if k == repair else 1.0), 0.5)
        stations.append(
            FlowStation(known.lognormal((1.0 + 0.1 * k) * times, 0.3), 1, failure, mending, OPERATING)
        )
    return model_of(stations, [FlowLink(k, k + 1, room) for k, room in enumerate(PLACES)]).seeded(9)


def rates(model: Model) -> np.ndarray:
    run, blocks = Run(model, 0), Blocks(model, 0)
    left = []
    for block in range(LAST // DRAWS + 1):
        blocks.draw(block)
        run.advance(block, blocks.work, blocks.down)
        left.append(run.leaving(3, block).copy())
    times = np.concatenate(left)
    return (LAST - FIRST) / (times[LAST] - times[FIRST])


@pytest.mark.parametrize("station", range(4))
def test_derivatives_along_the_path_are_those_of_small_changes(station: int) -> None:
    found = sensitivities(line(), 0, FIRST, LAST)
    assert found.exact
    base = rates(line())
    for part, name in ((found.work, "work"), (found.repair, "repair")):
        changed = rates(line(**{name: station}, scale=1 - STEP))
        np.testing.assert_allclose(part[:, station], (changed / base - 1) / STEP, atol=2e-5)


def test_shares_of_the_path_add_to_one() -> None:
    found = sensitivities(line(), 0, FIRST, LAST)
    np.testing.assert_allclose((found.work + found.repair).sum(axis=1), 1.0, rtol=1e-12)


def test_a_place_adds_what_a_wider_line_makes_more() -> None:
    found = sensitivities(line(), 0, FIRST, LAST)
    np.testing.assert_allclose(found.place[:, 1], rates(line().wider(1)) - rates(line()), rtol=1e-9)
    assert (found.place >= 0).all()


def test_windows_side_by_side_see_what_one_sees() -> None:
    parts, _ = observe(line(), 0, [(200.0, 500.0), (500.0, 900.0), (900.0, 1400.0)])
    whole, _ = observe(line(), 0, [(200.0, 1400.0)])
    for name in ("exits", "entries", "lead", "units", "blocked", "starved", "queued"):
        together = sum(getattr(part, name) for part in parts)
        np.testing.assert_allclose(together, getattr(whole[0], name), atol=1e-6, err_msg=name)


def test_a_story_is_what_the_first_replication_saw() -> None:
    told = story(line(), 0, 600.0)
    _, series = observe(line(), 0, [(0.0, 600.0)])
    units = min(told.left.shape[1], len(series.left))
    assert np.array_equal(told.left[3, :units], series.left[:units, 0])
    assert (told.finished <= told.left).all()
    assert (told.started < told.finished).all()
