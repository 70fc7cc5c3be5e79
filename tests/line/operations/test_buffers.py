"""`line.buffers` on small lines: what it finds, how sure it says to be, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.io.opening import read_line
from genba.line.kernels.design_trials import Staffing
from genba.line.operations.buffers import buffers
from genba.line.operations.buffers_task import task_of
from genba.line.records.buffers import BuffersParams

LINE = """
name = "three machines"
tasks = [{id = "a", time = 1}]
stations = [
  {id = "S1", work = {kind = "exponential", mean = 1.0}},
  {id = "S2", work = {kind = "exponential", mean = 1.0}},
  {id = "S3", work = {kind = "exponential", mean = 1.0}},
]
buffers = [{id = "B2", before = "S2", capacity = 6}, {id = "B3", before = "S3", capacity = 0}]
"""
FAST = {"units": 300, "replications": 320, "indifference": 2.0}


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "line.toml"
    path.write_text(LINE)
    return path


def run(line: Path, context: Context | None = None, **more: Any) -> Any:
    return buffers(*([context] if context else []), line=str(line), **{**FAST, **more})


def test_places_go_where_they_bring_most(line: Path) -> None:
    outcome = run(line)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.outcome == "selected"
    assert outcome.result.buffers["after"].tolist() == [3, 3]
    assert outcome.result.throughput > outcome.result.throughput_before
    assert outcome.result.probability >= 0.95


def test_the_published_line_is_staffed_and_buffered_as_published(line: Path) -> None:
    """Two designs are equally good: (6, 7, 7) with 11 and 7 waiting places, and its mirror image."""
    outcome = run(line, staffing="team", staff=20, places=18, units=1000, indifference=0.5)
    assert outcome.certificate.holds, outcome.certificate.failed
    staff, places = outcome.result.staff["after"].tolist(), outcome.result.buffers["after"].tolist()
    assert sorted(staff) == [6, 7, 7]
    assert staff[1] == 7
    assert abs(places[0] - (11 if staff[0] == 6 else 7)) <= 1
    rate = outcome.result.throughput / 3600
    assert abs(rate - 5.776) < 3 * outcome.result.throughput_half_width / 3600 + 0.005 * 5.776


def test_parallel_places_go_to_the_slowest_station(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(
        LINE.replace(
            '"S2", work = {kind = "exponential", mean = 1.0}',
            '"S2", work = {kind = "exponential", mean = 3.0}',
        )
    )
    outcome = run(path, staffing="parallel", staff=5, places=6)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.staff["after"].tolist() == [1, 3, 1]


def test_an_assembly_gives_each_feeder_its_own_places(tmp_path: Path) -> None:
    """Two alike machines feed a third: by symmetry neither deserves more than one place more."""
    path = tmp_path / "line.toml"
    work = 'work = {kind = "exponential", mean = 1.0}'
    path.write_text(
        f"""
name = "assembly"
tasks = [{{id = "a", time = 1}}]
stations = [
  {{id = "A", {work}, after = []}},
  {{id = "B", {work}, after = []}},
  {{id = "C", {work}, after = ["A", "B"]}},
]
buffers = [{{id = "C", before = "C", capacity = 3}}]
"""
    )
    outcome = run(path)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert "replayed" in {claim.name for claim in outcome.certificate.claims}
    assert outcome.result.buffers["source"].tolist() == ["A", "B"]
    assert outcome.result.buffers["after"].sum() == 6
    assert np.ptp(outcome.result.buffers["after"]) <= 2


def test_a_target_takes_the_fewest_places(line: Path) -> None:
    """Exactly: 0.7270 per s with 2 and 2 places, 0.7010 with 2 and 1 (Markov chain)."""
    outcome = run(line, target=3600 * 0.715, units=1000)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert (outcome.result.outcome, outcome.result.places) == ("selected", 4)
    assert outcome.result.target_probability > 0.95


def test_a_target_beyond_full_buffers_is_unreachable(line: Path) -> None:
    outcome = run(line, target=3500, per_buffer=2)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.outcome == "unreachable"
    assert outcome.result.buffers["after"].tolist() == [2, 2]


def test_same_seed_same_result_and_threads_do_not_matter(line: Path) -> None:
    results = [run(line, Context(path=buffers.path, seed=5, threads=threads)).result for threads in (1, 1, 3)]
    other = run(line, Context(path=buffers.path, seed=6)).result
    assert all(np.array_equal(results[0].runs["cycle"], one.runs["cycle"]) for one in results[1:])
    assert all(one.model_dump(mode="json") == results[0].model_dump(mode="json") for one in results)
    assert not np.array_equal(results[0].runs["cycle"][:16], other.runs["cycle"][:16])


def test_time_that_is_up_leaves_a_certified_design(line: Path) -> None:
    ticks = iter(range(0, 10**18, 10**12))
    context = Context(path=buffers.path, clock=lambda: next(ticks))
    outcome = run(line, context, indifference=0.01)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.outcome == "open"


def test_a_comparison_that_runs_out_is_open(line: Path) -> None:
    outcome = run(line, places=7, indifference=0.01, replications=48)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.outcome == "open"


def test_a_cancelled_study_stops(line: Path) -> None:
    with pytest.raises(Cancelled):
        run(line, Context(path=buffers.path, cancelled=lambda: True))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"places": 0}, "0 places to spread"),
        ({"places": -1}, "greater than or equal to 0"),
        ({"places": 101}, "0 to 100 can be"),
        ({"staffing": "team", "staff": 2}, "3 to 3000 can be"),
        ({"target": 3600.0}, "slowest station alone"),
        ({"target": -5.0}, "greater than 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(line: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(line, **given)


@pytest.mark.parametrize(
    ("staffing", "design"),
    [("fixed", (2, 1)), ("parallel", (2, 1, 1, 2, 1)), ("team", (0, 3, 1, 2, 1))],
)
def test_a_design_takes_the_same_time_in_both_engines(
    line: Path, staffing: Staffing, design: tuple[int, ...]
) -> None:
    """To the last bit: the same draws by the same addresses, whatever the design."""
    known, _ = read_line(line)
    assert known is not None
    spent = [
        task_of(
            BuffersParams.model_validate({"line": "x", "engine": engine, "staffing": staffing}), known, 3
        ).frame.cycles([design, design], 16, 50, 300, lambda: None)
        for engine in ("recursion", "events")
    ]
    assert np.array_equal(spent[0], spent[1])


def test_a_team_wears_a_machine_by_its_hours_of_work(tmp_path: Path) -> None:
    """Three people take a third of the time, so their machine fails a third as often a part."""
    path = tmp_path / "line.toml"
    path.write_text(
        LINE.replace(
            '"S2", work = {kind = "exponential", mean = 1.0}',
            '"S2", work = 3, breakdown = {mtbf = 9, mttr = 3}',
        )
    )
    known, _ = read_line(path)
    assert known is not None
    spent = [
        task_of(
            BuffersParams.model_validate({"line": "x", "engine": engine, "staffing": "team"}), known, 3
        ).frame.cycles([(9, 9, 9, 3, 9), (9, 9, 9, 1, 9)], 0, 100, 3000, lambda: None)
        for engine in ("recursion", "events")
    ]
    np.testing.assert_allclose(spent[0], spent[1], rtol=1e-12)
    for mean, people in zip(spent[0].mean(axis=1), (3, 1), strict=True):  # one failure each 9 s of work
        assert mean == pytest.approx(3 / people * (1 + 3 / 9), rel=0.02)


def test_a_line_of_vehicles_and_rework_is_buffered_through_events(tmp_path: Path) -> None:
    """The slow middle gets most of the places, on both of its sides alike or nearly so."""
    path = tmp_path / "line.toml"
    path.write_text(
        """
name = "rework"
tasks = [{id = "a", time = 1}]
stations = [
  {id = "S1", work = {kind = "exponential", mean = 0.6}},
  {id = "S2", work = {kind = "exponential", mean = 0.6}},
  {id = "S3", work = {kind = "exponential", mean = 0.9}, rework = {share = 0.1}},
  {id = "S4", work = {kind = "exponential", mean = 0.9}, scrap = 0.02},
  {id = "S5", work = {kind = "exponential", mean = 0.6}},
]
buffers = [
  {id = "B2", before = "S2", capacity = 4}, {id = "B3", before = "S3", capacity = 4},
  {id = "B4", before = "S4", capacity = 0}, {id = "B5", before = "S5", capacity = 4},
]
"""
    )
    outcome = run(path, units=400, replications=320)
    assert outcome.certificate.holds, outcome.certificate.failed
    assert outcome.result.engine == "events"
    assert "parts are scrapped or reworked" in outcome.result.engine_reasons
    after = dict(zip(outcome.result.buffers["target"], outcome.result.buffers["after"], strict=True))
    assert after["S4"] == max(after.values())
    assert outcome.result.throughput > 1.05 * outcome.result.throughput_before
    with pytest.raises(InputError, match="scrapped"):
        run(path, engine="recursion")


def test_threads_do_not_matter_to_events(line: Path) -> None:
    results = [
        run(
            line, Context(path=buffers.path, seed=5, threads=threads), engine="events", replications=32
        ).result
        for threads in (1, 3)
    ]
    assert results[0].model_dump(mode="json") == results[1].model_dump(mode="json")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("buffers =", "# buffers =", "no buffers of limited room"),
        ("stations = [", "stations = []\n#", "no two stations"),
    ],
)
def test_a_line_without_places_to_choose_is_refused(line: Path, old: str, new: str, said: str) -> None:
    text = LINE if "stations" not in old else LINE.split("stations")[0]
    line.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=said):
        run(line)
