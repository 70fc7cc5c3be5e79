"""The time left is estimated from the share done, and does not jump."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.faces.cli.eta import EARLY, TRUST, Estimate


def test_nothing_is_said_before_enough_is_known() -> None:
    estimate = Estimate(began=0.0).seen(EARLY / 2, 5.0)
    assert estimate.left(5.0) is None


@given(st.floats(0.1, 1e4), st.integers(2, 50))
def test_steady_work_is_estimated_exactly(total: float, steps: int) -> None:
    estimate = Estimate(began=0.0)
    for step in range(1, steps):
        now = total * step / steps
        estimate = estimate.seen(step / steps, now)
        left = estimate.left(now)
        assert left is None or left == pytest.approx(total - now, rel=1e-6, abs=1e-9 * total)


def test_it_counts_down_between_reports() -> None:
    estimate = Estimate(began=0.0).seen(0.5, 10.0)
    assert estimate.left(10.0) == pytest.approx(10.0)
    assert estimate.seen(0.5, 14.0).left(14.0) == pytest.approx(6.0)
    assert estimate.left(25.0) == 0.0


def test_one_slow_step_moves_it_by_its_share_only() -> None:
    estimate = Estimate(began=0.0).seen(0.5, 10.0)  # ends at 20
    slow = estimate.seen(0.51, 30.0)  # alone it would say 58.8
    assert slow.finish == pytest.approx(20.0 + TRUST * (30.0 / 0.51 - 20.0))


def test_a_new_attempt_starts_afresh() -> None:
    estimate = Estimate(began=0.0).seen(0.8, 10.0).seen(0.1, 20.0)
    assert estimate.began == 20.0
    assert estimate.left(20.0) is None
