"""Breaks, parts at the start, gains by differences and what is shown of a line of events."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.operations.simulate import simulate

HEAD = 'name = "t"\ntasks = [{id = "a", time = 1.0}]\n'
EXPONENTIAL = 'work = {kind = "exponential", mean = 1.0}'
SLOW = 'work = {kind = "exponential", mean = 1.4}'
BROKEN = "breakdown = {mtbf = 60, mttr = 6}"
ROW = f"""
stations = [
  {{id = "A", {EXPONENTIAL}}}, {{id = "B", {SLOW}, {BROKEN}}}, {{id = "C", {EXPONENTIAL}}},
]
buffers = [{{id = "b", before = "B", capacity = 3}}, {{id = "c", before = "C", capacity = 1}}]
"""
DAY_OF_WORK = """
stations = [{id = "A", work = 60, power = {working = 2.0, idle = 1.0, off = 0.5}}]
[[shifts]]
id = "early"
start = 06:00:00
end = 14:00:00
breaks = [{start = 09:00:00, end = 09:15:00}, {start = 11:45:00, end = 12:00:00}]
[[shifts]]
id = "late"
start = 20:00:00
end = 01:00:00
"""
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes a line and names its file."""

    def written(body: str) -> str:
        path = tmp_path / "line.toml"
        path.write_text(HEAD + body)
        return str(path)

    return written


def run(line: str, threads: int = 1, **more: Any) -> Any:
    context = Context(path=simulate.path, seed=1, threads=threads)
    outcome = simulate(context, line=line, **{"hours": 1.0, **more})
    assert outcome.certificate.holds, outcome.certificate.failed
    return outcome.result


def test_a_day_has_the_units_of_its_net_time(write: Write) -> None:
    """By hand: 7.5 h and 5 h of work at 60 s, units wait over night: 750 in 24 h."""
    result = run(write(DAY_OF_WORK), breaks=True, hours=24.0, warm_up=24.0)
    assert result.engine == "events"
    assert result.throughput * 24 == pytest.approx(750)
    stations = result.stations
    assert stations["off"][0] == pytest.approx(100 * 11.5 / 24)
    assert stations["working"][0] == pytest.approx(100 * 12.5 / 24)
    assert (stations["availability"][0], stations["oee"][0]) == pytest.approx((100.0, 100.0))
    assert result.energy == pytest.approx((12.5 * 2.0 + 11.5 * 0.5) / 750)


def test_a_window_with_breaks_begins_with_a_shift(write: Write) -> None:
    result = run(write(DAY_OF_WORK), breaks=True, hours=3.0)
    assert result.warm_up % 86_400 == 0
    assert result.throughput == pytest.approx(60.0)
    with_break = run(write(DAY_OF_WORK), breaks=True, hours=3.25).throughput
    assert with_break == pytest.approx(60 * 3 / 3.25)


def test_batches_may_lie_within_a_break(write: Write) -> None:
    """OEE is what all batches earn of the time planned in all: a station that never waits earns all of it."""
    result = run(write(DAY_OF_WORK), breaks=True, hours=3.25, method="batches", half_width=50.0)
    assert (result.run_stations["off"] == result.span).any()
    assert result.oee == pytest.approx(100.0)


def test_without_breaks_the_hours_are_net(write: Write) -> None:
    result = run(write(DAY_OF_WORK), hours=24.0)
    assert result.throughput == pytest.approx(60.0)
    assert result.stations["off"][0] == 0


def test_breaks_need_shifts_and_events(write: Write) -> None:
    with pytest.raises(InputError, match="no shifts"):
        run(write(ROW), breaks=True)
    with pytest.raises(InputError, match="leaves breaks out"):
        run(write(DAY_OF_WORK), breaks=True, engine="recursion")


def test_parts_at_the_start_leave_first_and_go_through_events(write: Write) -> None:
    """By hand: two wait before B, which takes 10 s each; A's first part comes after 4 s and leaves third."""
    line = write(
        'stations = [{id = "A", work = 4}, {id = "B", work = 10}]\n'
        'buffers = [{id = "b", before = "B", capacity = 5, contents = 2}]\n'
    )
    result = run(line, warm_up=0.0, hours=0.01, replications=16, sensitivities=False)
    assert (result.engine, result.engine_reasons) == ("events", ("parts wait in buffers at the start",))
    assert result.runs["at_start"].tolist() == [3.0] * 16  # A takes one as the window begins
    assert result.runs["left"].tolist() == [3.0] * 16
    assert result.lead_time == pytest.approx((10 + 20 + 30) / 3)
    with pytest.raises(InputError, match="wait in buffers at the start"):
        run(line, engine="recursion")


RETURNS = """
products = [{{id = "p", share = 0.5}}, {{id = "q", share = 0.5}}]
tasks = [{{id = "b", time = 8, times = {{q = 12}}}}]
stations = [
  {{id = "A", work = 1}}, {{id = "B", tasks = ["b"]}},
  {{id = "C", work = 1, rework = {{share = 0.5, {given}}}}},
]
buffers = [{{id = "b", before = "B", capacity = 5}}, {{id = "c", before = "C", capacity = 5}}]
"""


@pytest.mark.parametrize(
    ("given", "each"),
    [
        ('to = "B"', 10 * 2),
        ('to = "B", work = 4', 10 + 4),
        ('to = "C", work = 4', 10),
        ("work = 24", 1 + 24),
    ],
)
def test_parts_are_sent_back_to_the_station_that_is_named(tmp_path: Path, given: str, each: float) -> None:
    """By hand: half of the parts go back each time, so one more visit of the slowest station on average."""
    path = tmp_path / "line.toml"
    path.write_text('name = "t"\n' + RETURNS.format(given=given))
    result = run(str(path), hours=8.0, half_width=0.5, sensitivities=False)
    assert result.throughput == pytest.approx(3600 / each, rel=0.02)
    slowest = "C" if each == 25 else "B"
    assert result.stations["station"][np.argmin(result.stations["rank_by_use"])] == slowest


def test_parts_cannot_go_back_to_an_assembly(write: Write) -> None:
    line = write(
        'stations = [{id = "A", work = 1, after = []}, {id = "B", work = 1, after = []},\n'
        '  {id = "C", work = 1, after = ["A", "B"], rework = {share = 0.1, to = "A"}},\n'
        '  {id = "D", work = 1, rework = {share = 0.1, to = "C"}}]\n'
    )
    with pytest.raises(InputError, match="assembly of several streams"):
        run(line)


def test_differences_agree_with_the_exact_derivative(write: Write) -> None:
    """Within half-widths, and what a difference of 5 % differs from a derivative."""
    line = write(ROW)
    exact = run(line, hours=3.0, warm_up=0.2)
    found = run(line, hours=3.0, warm_up=0.2, engine="events", differences="always")
    assert (exact.gains, found.gains) == ("derivative", "difference")
    assert found.bottleneck == exact.bottleneck == "B"
    for name in ("gain", "repair_gain"):
        wide = found.stations[f"{name}_half_width"] + np.nan_to_num(exact.stations[f"{name}_half_width"])
        assert (np.abs(found.stations[name] - np.nan_to_num(exact.stations[name])) < wide + 0.02).all(), name
    np.testing.assert_allclose(found.buffers["place_gain"], exact.buffers["place_gain"], rtol=1e-6, atol=1e-6)


def test_differences_are_made_as_asked(write: Write) -> None:
    line = write(ROW)
    some = run(line, engine="events", differences="cheap")
    assert some.gains == "difference"
    assert run(line, engine="events", differences="never").gains == "none"
    assert run(line, engine="events", sensitivities=False).gains == "none"
    again = run(line, threads=3, engine="events", differences="cheap")
    assert again.model_dump(mode="json") == some.model_dump(mode="json")


def test_gains_that_take_long_are_left_out_and_said_to_be(write: Write) -> None:
    stations = "".join(f'  {{id = "S{k}", {EXPONENTIAL}}},\n' for k in range(60))
    line = write(f"stations = [\n{stations}]\n")
    context = Context(path=simulate.path, seed=1)
    asked = {"engine": "events", "hours": 0.1, "half_width": 20.0, "replications": 16, "warm_up": 0.2}
    outcome = simulate(context, line=line, **asked)
    assert outcome.result.gains == "none"
    assert [finding.code for finding in outcome.findings] == ["line.gains_left_out"]
    assert "180 simulations" in outcome.findings[0].message  # 1 + 2 x 60 + 59 ways


def test_both_engines_show_the_same_course(write: Write) -> None:
    """Work is what one calls occupied where nothing fails; buffers rise and fall at the same times."""
    line = write(ROW.replace(f", {BROKEN}", "") + 'arrivals = {kind = "exponential", mean = 1.5}\n')
    asked = {"warm_up": 0.1, "shown": 300.0, "sensitivities": False, "replications": 16}
    one, other = (run(line, engine=engine, **asked) for engine in ("recursion", "events"))
    columns = ("station", "unit", "start", "end")
    spans = [
        sorted(zip(*(found.spans[name].tolist() for name in columns), strict=True)) for found in (one, other)
    ]
    whole = [[row for row in rows if row[2] > 0 and row[3] < 300] for rows in spans]
    assert len(whole[0]) > 300
    assert [row[:2] for row in whole[0]] == [row[:2] for row in whole[1]]
    np.testing.assert_allclose([row[2:] for row in whole[0]], [row[2:] for row in whole[1]], atol=1e-9)
    levels = [
        list(zip(*(found.levels[name].tolist() for name in ("source", "target", "parts")), strict=True))
        for found in (one, other)
    ]
    changes = [[now for before, now in pairwise(rows) if now != before] for rows in levels]
    assert len(changes[0]) > 100
    assert changes[0] == changes[1]


def test_a_line_of_events_shows_failures_and_waiting(write: Write) -> None:
    line = write(
        f"""
stations = [
  {{id = "A", {EXPONENTIAL}, {BROKEN}, workers = ["w"]}},
  {{id = "B", {SLOW}, workers = ["w"], changeover = 1}},
]
products = [{{id = "p", share = 0.5}}, {{id = "q", share = 0.5}}]
workers = [{{id = "w", count = 1}}]
buffers = [{{id = "b", before = "B", capacity = 0}}]
"""
    )
    result = run(line, shown=900.0, sensitivities=False)
    spans = result.spans
    assert set(spans["state"].tolist()) == {"working", "changeover", "down", "blocked", "waiting"}
    assert (spans["end"] > spans["start"]).all()
    for name in ("A", "B"):
        mine = spans.where(spans["station"] == name)
        order = np.argsort(mine["start"])
        assert (mine["start"][order][1:] >= mine["end"][order][:-1]).all()
    at_work = np.isin(spans["state"], ("working", "changeover")) & (spans["station"] == "B")
    busy = (spans["end"] - spans["start"])[at_work].sum()
    assert busy / 900 == pytest.approx(result.stations["working"][1] / 100, abs=0.15)
