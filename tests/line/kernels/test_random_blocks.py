"""Random times: the published generator, the stated distributions, one number per address."""

import numpy as np
import pytest
from scipy import stats

from genba.line.kernels import laws as known
from genba.line.kernels.laws import Law, laws
from genba.line.kernels.philox import philox_words
from genba.line.kernels.random_blocks import (
    DRAWS,
    FAILURE,
    LANES,
    WORK,
    draw_block,
    draw_lanes,
    key_of,
    standard_normal,
    uniform_lanes,
)

VECTORS = (  # Random123 1.14, tests/kat_vectors, philox4x32 with 10 rounds: counter, key, result
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)
SPREADS = {
    "exponential": (known.exponential(2.0), stats.expon(scale=2.0)),
    "normal": (known.normal(1.0, 0.4), stats.truncnorm(-2.5, np.inf, loc=1.0, scale=0.4)),
    "lognormal": (
        known.lognormal(3.0, 0.3),
        stats.lognorm(np.sqrt(np.log1p(0.09)), scale=3 / np.sqrt(1.09)),
    ),
    "gamma": (known.gamma_law(1.0, 0.7), stats.gamma(1 / 0.49, scale=0.49)),
    "spread_gamma": (known.gamma_law(1.0, 3.0), stats.gamma(1 / 9, scale=9)),
    "weibull": (known.weibull(2.0, 1.0), stats.expon(scale=2.0)),
    "triangular": (known.triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0)),
}
EXACT = 1e-8  # relative: gamma quantiles are interpolated to about this, all others are better


def words(text: str) -> np.ndarray:
    return np.array([int(word, 16) for word in text.split()], np.uint64)


def drawn(law: Law, seed: int, blocks: int) -> np.ndarray:
    one = laws([law])
    out = np.empty((blocks, DRAWS, LANES))
    for block in range(blocks):
        draw_lanes(out[block], key_of(seed), 0, 1, WORK, block, one.rows[0], one.table)
    return out


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_philox_gives_the_published_vectors(counter: str, key: str, expected: str) -> None:
    out = np.empty(4, np.uint64)
    philox_words(words(counter), words(key), out)
    assert out.tolist() == words(expected).tolist()


@pytest.mark.parametrize("name", SPREADS)
def test_a_draw_is_the_quantile_of_its_uniform_number(name: str) -> None:
    law, truth = SPREADS[name]
    one = laws([known.deterministic(1.0), law])
    out, uniform = np.empty((DRAWS, LANES)), np.empty((DRAWS, LANES))
    draw_lanes(out, key_of(7), 32, 4, FAILURE, 2, one.rows[1], one.table)
    uniform_lanes(uniform, key_of(7), 32, 4, FAILURE, 2)
    np.testing.assert_allclose(out, truth.ppf(uniform), rtol=EXACT)


def test_normal_quantiles_hold_far_into_the_tails() -> None:
    p = np.array([2.0**-53, 1e-15, 1e-9, 1e-5, 4.8e-4, 4.9e-4, 0.03, 0.5 - 1e-9] * 2)
    p[8:] = 1 - p[8:]
    z = p.copy()
    standard_normal(z)
    np.testing.assert_allclose(z, stats.norm.ppf(p), rtol=1e-13)  # near 1/2 both lose the same digits


@pytest.mark.parametrize("name", SPREADS)
def test_the_mean_is_as_stated(name: str) -> None:
    law, truth = SPREADS[name]
    found = drawn(law, 11, 40)
    assert law.mean == pytest.approx(truth.mean(), rel=1e-12)
    assert abs(found.mean() - law.mean) < 4 * truth.std() / np.sqrt(found.size)  # one in 16,000 seeds fails


def test_an_empirical_law_gives_each_value_alike() -> None:
    found = drawn(known.empirical([3.0, 1.0, 2.0, 2.0]), 5, 20).ravel()
    assert set(found.tolist()) == {1.0, 2.0, 3.0}
    assert (found == 2.0).mean() == pytest.approx(0.5, abs=0.015)


@pytest.mark.parametrize("name", SPREADS)
def test_a_replication_draws_the_same_alone_and_beside_others(name: str) -> None:
    one = laws([SPREADS[name][0]])
    lanes, alone = np.empty((DRAWS, LANES)), np.empty(DRAWS)
    draw_lanes(lanes, key_of(1 << 40), 48, 9, WORK, 3, one.rows[0], one.table)
    for lane in range(LANES):
        draw_block(alone, key_of(1 << 40), 48 + lane, 9, WORK, 3, one.rows[0], one.table)
        assert np.array_equal(alone, lanes[:, lane])


def test_streams_purposes_replications_and_seeds_share_no_number() -> None:
    law = laws([known.exponential(1.0)])
    seen = []
    for seed, replication, stream, purpose, block in (
        *((1, 0, 0, 0, 0), (1, 0, 0, 0, 1), (1, 0, 0, 1, 0)),
        *((1, 0, 1, 0, 0), (1, 1, 0, 0, 0), (2, 0, 0, 0, 0), (1 << 32, 0, 0, 0, 0)),
    ):
        out = np.empty(DRAWS)
        draw_block(out, key_of(seed), replication, stream, purpose, block, law.rows[0], law.table)
        seen.append(out)
    assert len(np.unique(np.concatenate(seen))) == len(seen) * DRAWS


def test_neighbouring_streams_are_not_correlated() -> None:
    normal = known.normal(10.0, 0.1)
    one = laws([normal])
    rows = []
    for stream in range(8):
        out = np.empty((DRAWS, LANES))
        draw_lanes(out, key_of(3), 0, stream, WORK, 0, one.rows[0], one.table)
        rows += [out.ravel(), out.T.ravel()[::-1]]
    correlation = np.corrcoef(rows)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(DRAWS * LANES)
