"""Search and selection against exact Markov chains, and what the procedures promise."""

from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from genba.line.kernels.buffer_search import Search, Space, spread
from genba.line.kernels.design_trials import Design, Frame, Trials
from genba.line.kernels.flow_model import FlowLink, FlowStation
from genba.line.kernels.laws import exponential, lognormal
from genba.line.kernels.ranking_selection import bonferroni, in_zone, select

SPEC = util.spec_from_file_location("markov_lines", Path(__file__).with_name("markov_lines.py"))
assert SPEC
assert SPEC.loader
markov: Any = util.module_from_spec(SPEC)
SPEC.loader.exec_module(markov)

PUBLISHED = 5.776
"""Most throughput of rates and buffers that sum to 20 (Pichitlamken, Nelson and Hong 2006); they count the
place of the part in service among the buffer's, so that 18 of the 20 are for waiting."""


def row(means: tuple[float, ...], **more: Any) -> Frame:
    links = tuple(FlowLink(k, k + 1, 0) for k in range(len(means) - 1))
    stations = tuple(FlowStation(exponential(mean)) for mean in means)
    return Frame(stations, links, tuple(range(len(links))), **more)


def space(entries: int, kinds: int = 1, most: int = 30) -> Space:
    kind = np.repeat(np.arange(kinds), [entries, 3][:kinds])
    return Space(kind.copy(), np.full(len(kind), most), kind)


def test_the_chain_has_the_published_optimum() -> None:
    found = {
        (a, b, 20 - a - b, x): markov.throughput((a, b, 20 - a - b), (x - 1, 19 - x))
        for a in range(5, 9)
        for b in range(5, 9)
        for x in range(6, 15)
    }
    best = sorted(found, key=lambda key: found[key])[-2:]
    assert set(best) == {(6, 7, 7, 12), (7, 7, 6, 8)}
    assert found[best[0]] == pytest.approx(PUBLISHED, abs=5e-4)


def test_no_place_makes_more_than_one_and_two_places() -> None:
    """By hand: three equal exponential stations without buffers make 22/39 (Hunt 1956)."""
    assert markov.throughput((1, 1, 1), (0, 0)) == pytest.approx(22 / 39, rel=1e-12)


@pytest.mark.parametrize("design", [(0, 0), (4, 1), (2, 9)])
def test_trials_agree_with_the_chain(design: Design) -> None:
    spent = Trials(row((1.0, 0.8, 1.1), seed=2), 300, 1000).observe([design], range(8))[0]
    error = spent.std(ddof=1) / len(spent) ** 0.5
    exact = 1 / markov.throughput((1.0, 1 / 0.8, 1 / 1.1), design)
    assert abs(spent.mean() - exact) < 4 * error


def test_more_places_never_delay_departures_from_an_empty_line() -> None:
    """From the first unit on, so that the whole time until the last departure is compared."""
    frame = Frame(
        tuple(FlowStation(lognormal(1.0, 0.8)) for _ in range(4)),
        tuple(FlowLink(k, k + 1, 0) for k in range(3)),
        (0, 1, 2),
        seed=5,
    )
    designs = [(0, 0, 0), (1, 0, 0), (1, 0, 2), (1, 3, 2), (4, 3, 2)]
    units = 400
    trials = Trials(frame, 0, units)
    spent = trials.observe(designs, range(1))
    late = trials.observe([(20, 20, 20)], range(1))  # the first departure is the same whatever the places
    assert (np.diff(spent, axis=0) <= 1e-12).all()
    assert (spent[-1] >= late).all()


@pytest.mark.parametrize("staffing", ["parallel", "team"])
def test_what_is_found_does_not_depend_on_threads_or_company(staffing: Any) -> None:
    frame = row((1.0, 2.0, 1.0), staffing=staffing, seed=3)
    designs = [(k, 4 - k, 1, 2, 1) for k in range(5)] + [(2, 2, 2, 1, 1)]
    alone = np.concatenate([Trials(frame, 50, 200).observe([one], range(2)) for one in designs])
    assert np.array_equal(Trials(frame, 50, 200, threads=3).observe(designs, range(2)), alone)


def test_a_spread_keeps_totals_limits_and_weights() -> None:
    limits = Space(np.array([0, 0, 0, 1, 1]), np.array([2, 9, 9, 4, 4]), np.array([0, 0, 0, 1, 1]))
    assert spread(limits, (10, 5), np.array([9.0, 1.0, 1.0, 2.0, 1.0])) == (2, 4, 4, 3, 2)


def test_the_search_finds_the_best_of_a_known_cost() -> None:
    best = np.array([7, 1, 3, 9, 2, 8])
    search = Search(space(6), lambda some: ((np.array(some)[:, None, :] - best) ** 2.0).sum(axis=2))
    assert search.climb((5, 5, 5, 5, 5, 5)) == tuple(best.tolist())
    assert search.best(1, (30,)) == [tuple(best.tolist())]
    assert len(search.known) < 300  # of 324,632 designs


def test_a_search_that_is_late_keeps_its_start() -> None:
    search = Search(space(2), lambda some: np.array(some, float)[:, :1], late=lambda: True)
    assert search.climb((5, 5)) == (5, 5)


def correlated(means: np.ndarray, seed: int) -> Any:
    def sample(rows: np.ndarray, group: int) -> np.ndarray:
        rng = np.random.default_rng((seed, group))
        noise = rng.normal(size=(len(means) + 1, 16))
        return means[rows][:, None] + noise[rows] + 3 * noise[-1]

    return sample


def test_the_best_is_selected_as_often_as_promised() -> None:
    """The hardest case: all others lie one zone behind. 0.9 is promised; 200 seeds, 3 deviations below."""
    means = np.array([0.3, 0.3, 0.0, 0.3, 0.3])
    right = [
        select(correlated(means, seed), 5, zone=lambda best: 0.3, confidence=0.9, first=2, most=400).selected
        == 2
        for seed in range(200)
    ]
    assert np.mean(right) > 0.9 - 3 * (0.09 / 200) ** 0.5


def test_selection_stops_early_where_differences_are_large() -> None:
    near, far = (
        select(
            correlated(np.array([0.0, gap, gap]), 1),
            3,
            zone=lambda best: 0.2,
            confidence=0.95,
            first=2,
            most=400,
        )
        for gap in (0.2, 3.0)
    )
    assert sum(len(one) for one in far.observed) < sum(len(one) for one in near.observed) / 3
    assert far.settled
    assert far.probability >= 0.95


def test_selection_that_runs_out_says_so() -> None:
    found = select(correlated(np.zeros(4), 1), 4, zone=lambda best: 1e-4, confidence=0.95, first=2, most=3)
    assert not found.settled
    assert found.probability < 0.95
    assert max(len(one) for one in found.observed) <= 48


def test_probabilities_are_those_of_paired_differences() -> None:
    rng = np.random.default_rng(7)
    common = rng.normal(size=40)
    observed = [common, common + 0.1 + 0.2 * rng.normal(size=40)]
    gap = observed[1] - observed[0]
    expected = 1 - ttest_1samp(gap, -0.05, alternative="greater").pvalue
    assert in_zone(observed, 0, 0.05)[1] == pytest.approx(expected, rel=1e-9)
    assert bonferroni(observed, 0, 0.05) == pytest.approx(expected, rel=1e-9)
