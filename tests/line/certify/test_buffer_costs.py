"""Prices of places and staff against sums by hand."""

from typing import Any

import pytest

from genba.line.certify.buffer_costs import price_of
from genba.line.records.buffers import BuffersParams
from genba.line.records.line import Line

LINE = Line.model_validate(
    {
        "name": "priced",
        "tasks": [{"id": "a", "time": 1}],
        "stations": [
            {"id": "S1", "workers": ["new", "old"], "groups": ["robot"]},
            {"id": "S2", "groups": ["robot", "team"]},
            {"id": "S3"},
        ],
        "buffers": [
            {"id": "B2", "before": "S2", "after": "S1", "place_cost": 7},
            {"id": "B3", "before": "S3", "place_cost": 5},
        ],
        "workers": [{"id": "new", "cost": 3}, {"id": "old", "cost": 4}],
        "groups": [
            {"id": "robot", "kind": "robot", "investment": 100, "cost": 2},
            {"id": "team", "kind": "human", "investment": 10, "cost": 6},
        ],
    }
)


@pytest.mark.parametrize(
    ("staffing", "key", "price"),
    [
        ("parallel", ("S1", "S2"), 7.0),
        ("parallel", ("S2", "S3"), 5.0),
        ("parallel", ("S3", "S2"), 0.0),  # no buffer there
        ("parallel", ("", "S1"), 3 * 8 + 100 + 2 * 8),  # the cheapest worker, and the robot again
        ("parallel", ("", "S2"), 100 + 2 * 8 + 10 + 6 * 8),
        ("parallel", ("", "S3"), 0.0),
        ("team", ("", "S1"), 3 * 8),
        ("team", ("", "S2"), 10 + 6 * 8),
        ("team", ("", "S3"), 0.0),
    ],
)
def test_one_more_costs_what_the_line_says(staffing: str, key: tuple[str, str], price: float) -> None:
    given: dict[str, Any] = {"line": "a.json", "places": 1, "staffing": staffing, "wage_hours": 8}
    params = BuffersParams.model_construct(**given)
    assert price_of(LINE, params, key) == pytest.approx(price)
