"""Steps mixed with those before: they find what constant factors leave, and forget what misleads."""

import numpy as np
import pytest

from genba.grid.kernels.outage_mixing import (
    GROWTH,
    MIXED,
    clear,
    forget,
    move_on,
    past_of,
    remember,
    take_over,
    weigh,
)
from genba.num.lu.lanes import LANES

WANTED = 1e-3
"""Angles and logarithms looked for: small enough for a step to be exact to rounding."""
LEFT = np.array([0.8, -0.4])
"""Share of an error that a step with constant factors leaves, in turns by position."""


class Lines:
    """Eight lanes whose Newton steps leave two different shares of two kinds of errors."""

    def __init__(self, n: int) -> None:
        self.rates = np.resize(LEFT, n)[:, None, None]
        self.voltage = np.zeros((n, 2, LANES))
        self.voltage[:, 0] = 1.0
        self.past = past_of(n)
        forget(self.past)
        self.past.before[:] = np.inf

    def error(self) -> np.ndarray:
        """Give how far the lanes are from what is looked for, shape (n, 2, 8)."""
        v = self.voltage[:, 0] + 1j * self.voltage[:, 1]
        return WANTED - np.stack([np.angle(v), np.log(np.abs(v))], axis=1)

    def step(self, mismatch: float = 1.0) -> None:
        """Take one step in every lane."""
        newton = (1.0 - self.rates) * self.error()
        remember(newton, self.past)
        weigh(np.full(LANES, mismatch), self.past)
        move_on(self.voltage, newton, self.past)


@pytest.mark.parametrize("n", [2, 5, 118, 900])
def test_two_rates_of_convergence_are_known_after_three_steps(n: int) -> None:
    lines = Lines(n)
    for _ in range(4):
        lines.step()
    assert np.abs(lines.error()).max() < 1e-4 * WANTED  # constant factors leave 0.8**4, 41 %


def test_a_mismatch_that_grows_is_followed_by_the_newton_step() -> None:
    lines = Lines(10)
    for _ in range(3):
        lines.step()
    assert np.abs(lines.past.weight[0, 1:3]).min() > 0.01
    lines.step(1.01 * GROWTH)
    assert (lines.past.weight[0, 0] == 1.0).all()
    assert (lines.past.weight[0, 1:3] == 0.0).all()
    assert (lines.past.held == 1).all()


def test_steps_that_change_nothing_are_not_divided_by() -> None:
    past = past_of(4)
    forget(past)
    for _ in range(3):
        remember(np.full((4, 2, LANES), 0.1), past)
        weigh(np.ones(LANES), past)
        assert (past.weight[0, 0] == 1.0).all()


def test_a_lane_goes_on_as_where_it_comes_from() -> None:
    """One that found no solution has been there before."""
    one, other = Lines(40), Lines(40)
    one.step()
    for part in (other.past.off, other.past.seen, other.past.gram):
        part[..., 5] = np.nan
    clear(other.past, 5)
    other.voltage[:, :, 5] = one.voltage[:, :, 2]
    take_over(one.past, 2, other.past, 5)
    assert other.past.held[5] == 1
    for _ in range(3):
        one.step()
        other.step()
        assert np.array_equal(one.voltage[:, :, 2], other.voltage[:, :, 5])


def test_forgotten_steps_leave_the_newton_step() -> None:
    lines, fresh = Lines(40), Lines(40)
    for _ in range(3):
        lines.step()
    forget(lines.past)
    fresh.voltage[:] = lines.voltage
    lines.step()
    fresh.step()
    assert np.array_equal(lines.voltage, fresh.voltage)


def test_large_grids_keep_nothing() -> None:
    assert past_of(MIXED).off.shape == (MIXED, 4, LANES)
    assert past_of(MIXED + 1).off.size == past_of(MIXED + 1).seen.size == 0
