"""What is written reads back the same, in every format."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.core.tally import Tally
from genba.line.checks.line import check
from genba.line.checks.tally import MORE
from genba.line.io import alb, cells, csv, example, excel, json, scholl, template, toml
from genba.line.io.opening import open_line
from genba.line.io.scholl import graph
from genba.line.records.line import LineParams

WHOLE = {
    "name": "whole",
    "description": 'quotes " and \\ and\n日本語',
    "currency": "JPY",
    "shape": "two-sided",
    "products": [{"id": "A", "share": 0.6, "priority": -1}, {"id": "B.2", "share": 0.4}],
    "tasks": [
        {
            "id": "1",
            "name": "=1+1",
            "time": 10.25,
            "times": {"B.2": 0.0},
            "tools": ["a b", "c"],
            "skill": "s",
        },
        {
            "id": "2",
            "time": 8,
            "after": ["1"],
            "zone": "top",
            "move_cost": 5.5,
            "by": "robot",
            "side": "left",
        },
        {"id": "3", "time": 1 / 3, "after": ["1", "2"], "ergonomic": 2, "value_class": "NNVA"},
    ],
    "stations": [
        {
            "id": "S1",
            "tasks": ["2", "1"],
            "workers": ["w"],
            "after": [],
            "breakdown": {"mtbf": 3600, "mttr": {"kind": "lognormal", "mean": 60, "cv": 0.4}, "crew": "w"},
            "power": {"working": 1.5, "off": 0.1},
        },
        {
            "id": "S2",
            "tasks": ["3"],
            "servers": 2,
            "work": {"kind": "gamma", "cv": 0.2},
            "rework": {"share": 0.1, "to": "S1", "work": 3},
            "position": {"x": 1, "y": 2.5},
            "scrap": 0.01,
        },
    ],
    "groups": [
        {
            "id": "R",
            "kind": "robot",
            "capabilities": ["weld", "screw"],
            "travel": 0.5,
            "breakdown": {
                "mtbf": {"kind": "weibull", "mean": 1e4, "cv": 0.5},
                "mttr": {"kind": "triangular", "low": 1, "mode": 2, "high": 3},
                "clock": "calendar",
            },
        }
    ],
    "buffers": [
        {"id": "b", "before": "S2", "after": "S1", "capacity": 5, "contents": 1, "place_cost": 120.5}
    ],
    "links": [{"source": "S1", "target": "S2", "by": "agv", "group": "R", "distance": 2}],
    "shifts": [
        {
            "id": "d",
            "start": "22:00",
            "end": "06:00:30",
            "breaks": [{"start": f"0{hour}:00", "end": f"0{hour}:05"} for hour in range(6)],
        }
    ],
    "workers": [{"id": "w", "skills": ["s", "t"], "count": 3, "cost": 40}],
    "floor": {"width": 10, "depth": 5},
    "rules": {
        "together": [["1", "2"]],
        "apart": [["1", "3"]],
        "fixed": [{"task": "3", "stations": [2]}],
        "ergonomic_cap": 9,
        "setups": [{"task": "1", "then": "2", "time": 1}],
        "walks": [{"zone": "top", "then": "bottom", "time": 2}],
    },
    "demand": {"per_day": 900, "allowance": 0.9},
    "arrivals": {"kind": "empirical", "values": [1, 2, 3]},
}
FORMATS = [toml, json, excel]


def back(form, written, name="x"):
    tally = Tally(MORE)
    content = written if isinstance(written, bytes) else written.encode()
    return form.read(content, tally, name=name), tally.findings()


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__.rpartition(".")[2])
def test_a_whole_line_survives(make, form):
    line = make(**WHOLE)
    assert back(form, form.write(line)) == (line, ())


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__.rpartition(".")[2])
def test_the_example_survives_and_nothing_is_to_be_said_about_it(form):
    line, findings = back(toml, example.path("inverter").read_bytes())
    assert (findings, check(line)) == ((), ())
    assert back(form, form.write(line)) == (line, ())


def test_the_example_is_about_what_it_says_it_is():
    line, _ = back(toml, example.path("inverter").read_bytes())
    assert 40 <= len(line.tasks) <= 80
    assert len(line.products) == 2
    assert "invented" in line.description.lower()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("suffix", [".toml", ".xlsx"])
def test_the_template_reads_without_a_fault(tmp_path, suffix, language):
    path = tmp_path / f"line{suffix}"
    path.write_bytes(template.content(suffix, language))
    ctx = Context()
    line = open_line(LineParams(line=InputFile(str(path))), ctx)
    assert [task.id for task in line.tasks] == ["T1", "T2", "T3", "T4", "T5", "T6"]
    assert ctx.findings == []


def test_tasks_survive_csv_with_their_stations_and_the_order_there(make):
    line = make(**WHOLE)
    found, findings = back(csv, csv.write(line))
    assert found.tasks == line.tasks
    assert {station.id: station.tasks for station in found.stations} == {"S1": ("2", "1"), "S2": ("3",)}
    assert findings == ()


def test_published_graphs_survive_in2(published):
    for said in published("salbp_scholl"):
        line = graph(said["id"], said["t"], said["pr"])
        assert back(scholl, scholl.write(line), name=said["id"]) == (line, ())


def test_published_instances_survive_alb_and_their_order_strength_is_ours(published):
    for said in published("salbp_otto_n50")[:40]:
        bare = graph(said["id"], said["t"], said["pr"])
        line = bare.model_copy(update={"demand": bare.demand.model_copy(update={"cycle": said["c"]})})
        assert back(alb, alb.write(line), name=said["id"]) == (line, ())
        assert alb.order_strength(line) == pytest.approx(said["order_strength"], abs=5.1e-4)


TIMES = st.builds(dt.time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
NUMBERS = st.floats(0, 1e9).map(lambda x: x + 0.0)
SPREADS = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["exponential", "deterministic"]), "mean": NUMBERS}),
    st.fixed_dictionaries({"kind": st.sampled_from(["gamma", "normal"]), "cv": st.floats(0.01, 9)}),
    st.fixed_dictionaries({"kind": st.just("empirical"), "values": st.lists(NUMBERS, min_size=1)}),
    st.fixed_dictionaries({"kind": st.just("triangular"), "low": NUMBERS, "mode": NUMBERS, "high": NUMBERS}),
)


@given(SPREADS)
def test_every_distribution_survives_a_cell(spread):
    assert cells.value_in(cells.written(spread, "spread"), "spread") == spread


@given(TIMES)
def test_every_time_of_day_survives_a_cell(moment):
    assert cells.value_in(cells.written(moment, "clock"), "clock") == moment


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=8),
        st.floats(allow_nan=False, allow_infinity=True),
        max_size=3,
    ),
    st.text(st.characters(codec="utf-8")),
)
def test_no_text_breaks_out_of_toml(times, name):
    line = graph(name, [1.0], [])
    line = line.model_copy(update={"tasks": (line.tasks[0].model_copy(update={"times": times}),)})
    found, _ = back(toml, toml.write(line))
    assert (found.name, found.tasks) == (name, line.tasks)


def test_the_link_in_examples_leads_to_the_example():
    linked = Path(__file__).parents[3] / "examples" / "inverter-line.toml"
    assert linked.read_bytes() == example.path("inverter").read_bytes()
