"""Limits and what passes them, as the certificates see them: hand results."""

from typing import Any

import numpy as np
import pytest

from genba.grid.certify.circuit import circuit
from genba.grid.certify.violations import UNSURE_PERCENT, Loads, limits, violated
from genba.grid.io import matpower
from genba.grid.records.contingency import BAND, ContingencyParams


@pytest.mark.parametrize(
    ("rates", "rating"),
    [
        ("3 2 0.5", 0.5),
        ("3 0.5 0", 0.5),
        ("0.5 0 0", 0.5),
        ("0.5 2 0", 2.0),
        ("0.5 2 3", 3.0),
        ("0 0 0", None),
    ],
)
def test_the_rating_is_the_shortest_term_that_is_given(rates: str, rating: float | None) -> None:
    case = matpower.parse(
        "function mpc = r\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
        "mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 1 0 0 0 0 1 1 0 1 1 1.1 0.9 ];\n"
        f"mpc.gen = [ 1 0 0 9 -9 1 100 1 9 0 ];\nmpc.branch = [ 1 2 0 0.1 0 {rates} 0 0 1 0 0 ];\n"
    )[0]
    found = limits(circuit(case), ContingencyParams.model_validate({"case": "case.m"}))
    assert bool(found.seen[0]) == (rating is not None)
    assert found.limit[0] == (rating or 0)


@pytest.mark.parametrize(
    ("params", "buses", "branches"),
    [
        ({}, [1, 1, 1], [1, 1]),
        ({"min_kv": 110}, [1, 1, 0], [1, 1]),  # a branch counts with either end
        ({"min_kv": 220}, [1, 0, 0], [1, 0]),
        ({"min_kv": 221}, [0, 0, 0], [0, 0]),
        ({"areas": (1,)}, [1, 0, 0], [1, 0]),
        ({"areas": (2,), "min_kv": 110}, [0, 1, 0], [1, 1]),
        ({"monitored": ("bus.2", "branch.2")}, [0, 1, 0], [0, 1]),
    ],
)
def test_what_is_monitored_has_the_voltage_and_the_area_asked_for(
    params: dict[str, Any], buses: list[int], branches: list[int]
) -> None:
    case = matpower.parse(
        "function mpc = m\nmpc.version = '2';\nmpc.baseMVA = 100;\nmpc.bus = [\n"
        + "".join(
            f" {n} 1 0 0 0 0 {area} 1 0 {kv} 1 1.1 0.9;\n"
            for n, area, kv in ((1, 1, 220), (2, 2, 110), (3, 2, 20))
        )
        + "];\nmpc.gen = [ 1 0 0 9 -9 1 100 1 9 0 ];\n"
        "mpc.branch = [ 1 2 0 0.1 0 5 0 0 0 0 1 0 0; 2 3 0 0.1 0 5 0 0 0 0 1 0 0 ];\n"
    )[0]
    found = limits(circuit(case), ContingencyParams.model_validate({"case": "case.m", **params}))
    assert found.seen.tolist() == [bool(one) for one in (*branches, *buses, *buses)]


@pytest.mark.parametrize(
    ("before", "now", "surely", "perhaps"),
    [
        (-5.0, -2.0, False, False),
        (-5.0, 0.5, False, True),  # in doubts beyond the band
        (-5.0, -0.5, False, True),
        (-5.0, 2.0, True, True),
        (0.5, 50.0, False, True),  # whether the base passed it is in doubt
        (-0.5, 50.0, False, True),
        (2.0, 50.0, False, False),  # it did, and 50 doubts are no worse
        (np.nan, 2.0, True, True),
        (2.0, np.nan, False, False),
    ],
)
def test_what_is_violated_anew_is_told_surely_or_perhaps(
    before: float, now: float, surely: bool, perhaps: bool
) -> None:
    base, after = (
        Loads(np.zeros(1), np.array([100 * BAND + doubts * UNSURE_PERCENT])) for doubts in (before, now)
    )
    for doubt, expected in ((UNSURE_PERCENT, surely), (-UNSURE_PERCENT, perhaps)):
        assert violated(base, after, 1.0, doubt=doubt).tolist() == [expected]


@pytest.mark.parametrize(
    ("more", "surely", "perhaps"), [(-2, False, False), (0.5, False, True), (2, True, True)]
)
def test_what_was_violated_must_be_worse_by_as_much_as_asked(
    more: float, surely: bool, perhaps: bool
) -> None:
    base, after = (Loads(np.zeros(1), np.array([x])) for x in (10.0, 13.0 + more * UNSURE_PERCENT))
    for doubt, expected in ((UNSURE_PERCENT, surely), (-UNSURE_PERCENT, perhaps)):
        assert violated(base, after, 3.0, doubt=doubt).tolist() == [expected]
