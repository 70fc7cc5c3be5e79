import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genba.core.digest import canonical_json, run_digest
from genba.core.errors import InputError

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(st.dictionaries(st.text(), documents))
def test_digest_does_not_depend_on_the_order_of_fields(params: dict[str, object]) -> None:
    backwards = dict(reversed(params.items()))
    assert run_digest("a.b", params, {}, version="1") == run_digest("a.b", backwards, {}, version="1")


def test_minus_zero_and_zero_are_one_number() -> None:
    assert canonical_json({"x": [-0.0]}) == canonical_json({"x": [0.0]}) == '{"x":[0.0]}'


def test_floats_keep_every_bit() -> None:
    assert canonical_json(0.1 + 0.2) == repr(0.1 + 0.2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        canonical_json({"x": value})


@pytest.mark.parametrize(
    "other",
    [
        ("a.c", {"x": 1}, {"case": "1"}, "1"),
        ("a.b", {"x": 2}, {"case": "1"}, "1"),
        ("a.b", {"x": 1}, {"case": "2"}, "1"),
        ("a.b", {"x": 1}, {"case": "1"}, "2"),
    ],
)
def test_digest_depends_on_operation_params_inputs_and_version(
    other: tuple[str, dict[str, object], dict[str, str], str],
) -> None:
    operation, params, inputs, version = other
    assert run_digest("a.b", {"x": 1}, {"case": "1"}, version="1") != run_digest(
        operation, params, inputs, version=version
    )
