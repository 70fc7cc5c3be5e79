import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.core.certificate import Certificate, at_most, equal


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_at_most_holds_exactly_when_the_value_is_within_the_bound(value: float, bound: float) -> None:
    assert at_most("x", value, bound=bound, unit="1", method="m").holds == (value <= bound)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_claim_about_no_finite_number_does_not_hold(value: float) -> None:
    for claim in (
        at_most("x", value, bound=1.0, unit="1", method="m"),
        equal("x", value, expected=1.0, method="m"),
    ):
        assert not claim.holds
        assert claim.value is None


def test_a_certificate_without_claims_does_not_hold() -> None:
    assert not Certificate(claims=()).holds


def test_one_failed_claim_fails_the_certificate_and_is_named() -> None:
    good = equal("good", 1, expected=1, method="m")
    bad = equal("bad", 2, expected=1, method="m")
    certificate = Certificate(claims=(good, bad))
    assert not certificate.holds
    assert certificate.failed == (bad,)
    assert certificate.model_dump(mode="json")["holds"] is False
