"""Takt arithmetic against numbers worked out by hand."""

import pytest

from genba.line.records.line import Line
from genba.line.records.loads import balance, station_loads
from genba.line.records.pace import average, longest, net_time, planned_cycle, takt, working


def line(**fields):
    return Line.model_validate({"name": "x", "tasks": [{"id": "a", "time": 10.0}], **fields})


def shift(start, end, *breaks):
    pauses = [{"start": a, "end": b} for a, b in breaks]
    return {"id": "day", "start": start, "end": end, "breaks": pauses}


def test_480_minutes_for_500_units_is_a_takt_of_57_6_seconds():
    day = line(shifts=[shift("08:00", "16:00")], demand={"per_day": 500})
    assert takt(day) == pytest.approx(57.6, abs=1e-12)


def test_the_planned_cycle_is_takt_times_allowance_and_takt_stays():
    day = line(shifts=[shift("08:00", "16:00")], demand={"per_day": 500, "allowance": 0.9})
    assert planned_cycle(day) == pytest.approx(51.84, abs=1e-12)
    assert takt(day) == pytest.approx(57.6, abs=1e-12)


def test_a_cycle_given_outright_is_planned_on():
    given = line(shifts=[shift("08:00", "16:00")], demand={"per_day": 500, "allowance": 0.9, "cycle": 55})
    assert planned_cycle(given) == 55.0


@pytest.mark.parametrize("fields", [{}, {"demand": {"per_day": 500}}, {"shifts": [shift("08:00", "16:00")]}])
def test_without_demand_or_shifts_there_is_no_takt(fields):
    assert takt(line(**fields)) is None
    assert planned_cycle(line(**fields)) is None


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        (shift("08:00", "17:00", ("12:00", "13:00")), 8.0),
        (shift("22:00", "06:00", ("01:30", "02:00")), 7.5),  # past midnight
        (shift("22:00", "06:00", ("23:45", "00:15")), 7.5),  # the break passes midnight itself
        (shift("08:00", "17:00", ("12:00", "13:00"), ("12:30", "13:30")), 7.5),  # overlapping breaks
        (shift("08:00", "17:00", ("16:30", "18:00")), 8.5),  # only what lies within counts
        (shift("08:00", "08:00"), 24.0),
    ],
)
def test_breaks_are_taken_off_a_shift(given, hours):
    assert working(line(shifts=[given]).shifts[0]) == hours * 3600


def test_two_shifts_add():
    both = line(shifts=[shift("06:00", "14:00"), {**shift("14:00", "22:00"), "id": "late"}])
    assert net_time(both) == 16 * 3600


def test_times_by_product_are_weighted_by_share_and_the_longest_counts_what_is_made():
    products = [{"id": "p", "share": 0.75}, {"id": "q", "share": 0.25}, {"id": "old", "share": 0}]
    mixed = line(products=products, tasks=[{"id": "a", "time": 10, "times": {"q": 30, "old": 99}}])
    assert average(mixed.tasks[0], mixed) == pytest.approx(15.0, abs=1e-12)
    assert longest(mixed.tasks[0], mixed) == 30.0


def test_the_measures_of_a_balance_follow_their_formulas():
    measured = balance([10.0, 8.0, 6.0], 12.0)
    assert measured.efficiency == pytest.approx(24 / 36)
    assert measured.delay == pytest.approx(12 / 36)
    assert measured.smoothness == pytest.approx((0 + 4 + 16) ** 0.5)
    assert measured.bottleneck == 10.0


def test_parallel_places_share_a_load():
    assert balance([20.0, 10.0], 10.0, [2, 1]).efficiency == pytest.approx(1.0)


def test_a_stations_load_is_its_tasks_unless_its_time_is_given():
    stations = [
        {"id": "1", "tasks": ["a"]},
        {"id": "2", "work": 7},
        {"id": "3", "work": {"kind": "gamma", "cv": 0.2}},
    ]
    assert station_loads(line(stations=stations)) == (10.0, 7.0, 0.0)
