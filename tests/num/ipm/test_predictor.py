"""The predictor and its corrections against plain formulas, on points with bounds of every kind."""

import numpy as np
import pytest

from genba.num.ipm.predictor import GAIN, POWER, SHARES, farthest, mix, turned
from genba.num.ipm.reductions import BLOCK
from genba.num.ipm.vectors import bound_steps, judged, step_to

COUNTS = (1, 3, 7, BLOCK - 1, BLOCK, BLOCK + 2, 3 * BLOCK + 5)
LEAST, MEAN, MOST = 1e-9, 0.2, 0.5


class Point:
    """Distances, multipliers and steps of variables that have both bounds, one, none, or cannot move."""

    def __init__(self, n: int, seed: int) -> None:
        random = np.random.default_rng([n, seed])
        kind = random.integers(0, 5, n)  # 0: fixed, 1: free, 2: below, 3: above, 4: both
        self.low, self.high = np.isin(kind, (2, 4)), np.isin(kind, (3, 4))
        self.fixed = kind == 0
        self.gl = np.where(self.fixed, 0.0, np.where(self.low, random.uniform(0.1, 2, n), np.inf))
        self.gu = np.where(self.fixed, 0.0, np.where(self.high, random.uniform(0.1, 2, n), np.inf))
        self.zl = np.where(self.low, random.uniform(0.1, 2, n), 0.0)
        self.zu = np.where(self.high, random.uniform(0.1, 2, n), 0.0)
        self.first, self.second = (
            np.where(self.fixed, 0.0, random.normal(0, size, n)) for size in (0.3, 0.4)
        )
        self.r, self.w = np.where(self.fixed, 0.0, random.normal(size=n)), random.normal(size=n)

    @property
    def bounds(self) -> tuple[np.ndarray, ...]:
        return self.gl, self.gu, self.zl, self.zu

    def multipliers(self, dw: np.ndarray, low: object, high: object) -> tuple[np.ndarray, np.ndarray]:
        """Give the steps of multipliers that lead to products `low` and `high`."""
        with np.errstate(all="ignore"):
            dzl = (low - self.zl * dw) / self.gl - self.zl
            dzu = (high + self.zu * dw) / self.gu - self.zu
        return np.where(self.low, dzl, 0.0), np.where(self.high, dzu, 0.0)

    def missed(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the predictor's products, clipped."""
        dzl, dzu = self.multipliers(self.first, LEAST, LEAST)
        return np.clip(self.first * dzl, -MOST, MOST), np.clip(-self.first * dzu, -MOST, MOST)

    def reach(self, dw: np.ndarray, dzl: np.ndarray, dzu: np.ndarray, tau: float) -> tuple[float, float]:
        """Give how far the distances and the multipliers can go."""
        primal = [-dw[self.low] / self.gl[self.low], dw[self.high] / self.gu[self.high]]
        dual = [-dzl[self.low] / self.zl[self.low], -dzu[self.high] / self.zu[self.high]]
        return tuple(tau / max([tau, *np.concatenate(parts)]) for parts in (primal, dual))  # type: ignore[return-value]


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("convex", [True, False])
def test_the_barrier_and_the_gradient_are_those_of_plain_formulas(n: int, convex: bool) -> None:
    point, bent = Point(n, 1), np.full(n, np.nan)
    count = int(point.low.sum() + point.high.sum())
    at = [point.gl[point.low] * point.zl[point.low], point.gu[point.high] * point.zu[point.high]]
    mean = float(np.concatenate(at).sum()) / max(count, 1)
    mu = turned(*point.bounds, point.first, (LEAST, mean, MOST), count, convex, point.r, bent)

    dzl, dzu = point.multipliers(point.first, LEAST, LEAST)
    primal, dual = point.reach(point.first, dzl, dzu, 1.0)
    with np.errstate(all="ignore"):
        low = ((point.gl + primal * point.first) * (point.zl + dual * dzl))[point.low]
        high = ((point.gu - primal * point.first) * (point.zu + dual * dzu))[point.high]
    left = float(low.sum() + high.sum()) / max(count, 1)
    wanted = max(LEAST, mean * (left / mean) ** POWER) if left < mean else mean
    wanted = wanted if convex else mean
    assert mu == pytest.approx(wanted, rel=1e-9)

    below, above = point.missed()
    with np.errstate(all="ignore"):
        r = point.r + np.where(point.low, (LEAST - mu + below) / point.gl, 0.0)
        r -= np.where(point.high, (LEAST - mu + above) / point.gu, 0.0)
    np.testing.assert_allclose(bent, r, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_steps_of_multipliers_stay_below_the_barrier_by_a_share(n: int, share: float) -> None:
    point, slope = Point(n, 2), np.linspace(-1, 1, n // 2)
    dzl, dzu = np.empty(n), np.empty(n)
    bend = (point.first, LEAST, MOST, share)
    found = bound_steps(*point.bounds, point.second, bend, 0.1, 0.99, slope, dzl, dzu)
    below, above = point.missed()
    wanted = point.multipliers(point.second, 0.1 - share * below, 0.1 - share * above)
    np.testing.assert_allclose(dzl, wanted[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dzu, wanted[1], rtol=1e-12, atol=1e-12)
    descent = slope @ point.second[: len(slope)]
    descent -= 0.1 * (point.second[point.low] / point.gl[point.low]).sum()
    descent += 0.1 * (point.second[point.high] / point.gu[point.high]).sum()
    assert found == pytest.approx((*point.reach(point.second, *wanted, 0.99), descent), rel=1e-10)


@pytest.mark.parametrize("n", COUNTS[1:])
@pytest.mark.parametrize("seed", range(4))
def test_a_share_of_the_correction_is_taken_where_it_leads_farther(n: int, seed: int) -> None:
    point, mu, tau = Point(n, seed), 0.1, 0.99
    below, above = point.missed()

    def far(share: float) -> float:
        dw = point.first + share * (point.second - point.first)
        aim = LEAST + share * (mu - LEAST)
        steps = point.multipliers(dw, aim - share * below, aim - share * above)
        return float(np.prod(point.reach(dw, *steps, tau)))

    found = farthest(*point.bounds, point.first, point.second, (LEAST, mu, MOST, tau), far(1.0))
    best = 1.0
    for share in SHARES:
        best = share if far(share) > GAIN * far(best) else best
    assert found == best


def test_mixed_vectors_lie_between_both() -> None:
    first = tuple(np.arange(k, dtype=float) for k in (3, 2, 0, 1))
    second = tuple(one + 4.0 for one in first)
    mix(0.25, first, second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(other, one + 1.0)


@pytest.mark.parametrize("n", COUNTS)
def test_errors_are_those_of_plain_formulas(n: int) -> None:
    point, half = Point(n, 3), n // 2
    slope, yd = np.linspace(-1, 1, half), np.linspace(0, 2, n - half)
    yc, gradient = np.array([-2.0, 1.5]), point.r.copy()
    found = judged(slope, point.w, *point.bounds, yc, yd, gradient)
    whole = np.concatenate([point.r[:half] + slope, -yd])
    np.testing.assert_array_equal(gradient, whole)
    errors = np.abs(whole - point.zl + point.zu)[~point.fixed]
    products = [point.gl[point.low] * point.zl[point.low], point.gu[point.high] * point.zu[point.high]]
    both = np.concatenate(products)
    wanted = (
        *(errors.max(initial=0.0), both.max(initial=0.0), both.min(initial=np.inf), both.sum()),
        *(point.zl.sum() + point.zu.sum(), np.abs(yc).sum() + np.abs(yd).sum(), len(both)),
        np.abs(point.w[:half]).max(initial=0.0),
    )
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("n", COUNTS)
def test_an_error_that_is_no_number_is_infinite(n: int) -> None:
    point = Point(n, 4)
    point.gl[-1], point.gu[-1] = 1.0, 1.0
    point.zl[-1] = np.nan
    found = judged(np.zeros(n), point.w, *point.bounds, np.zeros(0), np.zeros(0), point.r)
    assert found[0] == np.inf


@pytest.mark.parametrize("n", COUNTS)
def test_a_point_along_a_step_has_its_distances_and_their_logarithms(n: int) -> None:
    point = Point(n, 5)
    out = np.empty(n), np.empty(n), np.empty(n)
    step = 0.05  # inside: distances are 0.1 at least, steps seldom above 1
    dw = np.clip(point.first, -1, 1)
    logarithms = step_to(point.w, point.gl, point.gu, dw, step, out)
    move = np.where(point.fixed, 0.0, step * dw)
    for found, wanted in zip(out, (point.w + move, point.gl + move, point.gu - move), strict=True):
        np.testing.assert_array_equal(found, wanted)
    inside = [np.log(out[1][point.low]).sum(), np.log(out[2][point.high]).sum()]
    assert logarithms == pytest.approx(sum(inside), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [1, 4, BLOCK, BLOCK + 3])
def test_a_point_beyond_a_bound_has_no_barrier(n: int) -> None:
    for place in {0, n // 2, n - 1}:
        gl, gu, dw = np.full(n, 1e-3), np.full(n, np.inf), np.zeros(n)
        dw[place] = -1.0
        out = np.empty(n), np.empty(n), np.empty(n)
        assert step_to(np.zeros(n), gl, gu, dw, 1.0, out) == -np.inf
