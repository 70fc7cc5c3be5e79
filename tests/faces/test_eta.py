"""The time left is estimated from the pace of the work, and does not jump."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.faces.eta import EARLY, TRUST, Estimate


def test_nothing_is_said_before_enough_was_seen() -> None:
    estimate = Estimate().seen(0.3, 5.0).seen(0.3 + EARLY / 2, 6.0)
    assert estimate.left(6.0) is None


@given(st.floats(0.1, 1e4), st.floats(0, 1e4), st.integers(3, 50))
def test_steady_work_is_estimated_exactly_however_long_it_waited(
    total: float, wait: float, steps: int
) -> None:
    estimate = Estimate().seen(0.0, 0.0)
    for step in range(1, steps):
        now = wait + total * step / steps
        estimate = estimate.seen(step / steps, now)
        left = estimate.left(now)
        assert left is None or left == pytest.approx(wait + total - now, rel=1e-6, abs=1e-6 * (total + wait))
    assert estimate.finish is not None


def test_it_counts_down_between_reports() -> None:
    estimate = Estimate().seen(0.1, 0.0).seen(0.5, 8.0)
    assert estimate.left(8.0) == pytest.approx(10.0)
    assert estimate.seen(0.5, 12.0).left(12.0) == pytest.approx(6.0)
    assert estimate.left(25.0) == 0.0


def test_one_slow_step_moves_it_by_its_share_only() -> None:
    steady = Estimate().seen(0.1, 0.0).seen(0.5, 8.0)  # ends at 18
    alone = 30.0 + 30.0 * 0.49 / 0.41
    assert steady.seen(0.51, 30.0).finish == pytest.approx(18.0 + TRUST * (alone - 18.0))


def test_a_new_attempt_starts_afresh() -> None:
    estimate = Estimate().seen(0.1, 0.0).seen(0.8, 10.0).seen(0.2, 20.0)
    assert estimate.began == 20.0
    assert estimate.left(20.0) is None
