"""Every fault that a line can have is told, with its place, and nothing is told about a sound one."""

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.checks.line import check
from genba.line.checks.pace import check_cycle
from genba.line.checks.precedence import cycles
from genba.line.records.line import Line

DAY = {"id": "day", "start": "08:00", "end": "16:00"}
TWO = [{"id": "a", "time": 4.0}, {"id": "b", "time": 5.0, "after": ["a"]}]
STATIONS = [{"id": "s", "tasks": ["a"]}, {"id": "t", "tasks": ["b"]}]


def line(**fields):
    return Line.model_validate({"name": "x", "tasks": TWO, **fields})


def told(**fields):
    return {(finding.code.removeprefix("line."), finding.where) for finding in check(line(**fields))}


def test_nothing_is_told_about_a_sound_line():
    assert told(stations=STATIONS, shifts=[DAY], demand={"per_day": 400, "allowance": 0.9}) == set()


def spread(**fields):
    return {"stations": [{**STATIONS[0], "work": fields}, STATIONS[1]]}


def broken(**fields):
    return {"stations": [{**STATIONS[0], "breakdown": {"mtbf": 100.0, "mttr": 5.0, **fields}}, STATIONS[1]]}


def ruled(**fields):
    return {"stations": STATIONS, "rules": fields}


def tasked(**fields):
    return {"tasks": [TWO[0], {**TWO[1], **fields}]}


def shifted(**fields):
    return {"shifts": [{**DAY, **fields}]}


NAN, INFINITE = float("nan"), float("inf")
FAULTS = [
    ({"tasks": []}, ("no_tasks", "line")),
    ({"tasks": [*TWO, {"id": "a", "time": 1.0}]}, ("id_repeated", "task a")),
    ({"tasks": [{"id": "", "time": 1.0}]}, ("id", "task number 1")),
    ({"tasks": [{"id": "a;b", "time": 1.0}]}, ("id", "task number 1")),
    ({"tasks": [{"id": "a\nb", "time": 1.0}]}, ("id", "task number 1")),
    ({"tasks": [{"id": "x" * 65, "time": 1.0}]}, ("id", "task number 1")),
    (tasked(after=["z"]), ("id_unknown", "task b")),
    (tasked(times={"z": 3.0}), ("id_unknown", "task b")),
    (tasked(after=["b"]), ("cycle", "task b")),
    (tasked(after=["a", "a"]), ("after_repeated", "task b")),
    (tasked(time=NAN), ("not_finite", "task b")),
    (tasked(time=INFINITE), ("not_finite", "task b")),
    (tasked(time=-1.0), ("negative", "task b")),
    (tasked(time=0.0), ("zero_time", "task b")),
    (tasked(ergonomic=-1.0), ("negative", "task b")),
    (tasked(by="robot"), ("robot", "task b")),
    (tasked(capability="weld"), ("capability", "task b")),
    (tasked(skill="weld"), ("skills_unknown", "workers")),
    ({**tasked(skill="weld"), "workers": [{"id": "w"}]}, ("skill", "task b")),
    ({"products": [{"id": "p", "share": 0.5}, {"id": "q", "share": 0.4}]}, ("shares", "products")),
    ({"products": [{"id": "p", "share": 1.5}, {"id": "q", "share": -0.5}]}, ("share", "product p")),
    ({"demand": {"per_day": 400}}, ("no_time", "demand")),
    (
        {"demand": {"per_day": 400}, **shifted(breaks=[{"start": "08:00", "end": "16:00"}])},
        ("no_time", "demand"),
    ),
    ({"demand": {"per_day": 0}}, ("not_positive", "demand")),
    ({"demand": {"per_day": NAN}}, ("not_finite", "demand")),
    ({"demand": {"cycle": 0}}, ("not_positive", "demand")),
    ({"demand": {"allowance": 1.2}}, ("share", "demand")),
    ({"demand": {"cycle": 4.5}}, ("task_longer", "task b")),
    ({"demand": {"per_day": 4800, "cycle": 7}, "shifts": [DAY]}, ("above_takt", "demand")),
    (shifted(breaks=[{"start": "15:50", "end": "16:10"}]), ("break_outside", "shift day")),
    (shifted(breaks=[{"start": "07:00", "end": "07:10"}]), ("break_outside", "shift day")),
    (
        shifted(breaks=[{"start": "10:00", "end": "11:00"}, {"start": "10:30", "end": "10:40"}]),
        ("breaks_overlap", "shift day"),
    ),
    ({"shifts": [DAY, {"id": "n", "start": "15:00", "end": "20:00"}]}, ("shifts_overlap", "shift n")),
    ({"shifts": [DAY, {"id": "n", "start": "22:00", "end": "09:00"}]}, ("shifts_overlap", "shift n")),
    (broken(mttr=-5.0), ("negative", "station s")),
    (broken(mttr=NAN), ("not_finite", "station s")),
    (broken(mtbf=0.0), ("no_time_between", "station s")),
    (broken(mtbf={"kind": "exponential"}), ("no_mean", "station s")),
    (broken(crew="nobody"), ("id_unknown", "station s")),
    (spread(kind="lognormal"), ("no_cv", "station s")),
    (spread(kind="empirical"), ("no_values", "station s")),
    (spread(kind="triangular", low=3.0, mode=2.0, high=4.0), ("triangle", "station s")),
    (spread(kind="exponential", mean=3.0, cv=0.5), ("spread_unused", "station s")),
    (spread(kind="deterministic", mean=0.0), ("zero_station", "station s")),
    (spread(kind="empirical", values=[0.0]), ("zero_station", "station s")),
    ({"stations": [{"id": "s"}]}, ("empty_station", "station s")),
    ({"stations": [{**STATIONS[0], "servers": 0}, STATIONS[1]]}, ("too_small", "station s")),
    ({"stations": [{**STATIONS[0], "scrap": 1.5}, STATIONS[1]]}, ("share", "station s")),
    ({"stations": [{**STATIONS[0], "after": ["t"]}, STATIONS[1]]}, ("flow_cycle", "station t")),
    ({"stations": [*STATIONS, {"id": "u", "work": 1, "after": ["s"]}]}, ("feeds_two", "station s")),
    (
        {"stations": [{"id": "s", "tasks": ["a", "b"]}, {"id": "t", "tasks": ["a"]}]},
        ("assigned_twice", "task a"),
    ),
    ({"stations": [{"id": "s", "tasks": ["a", "b", "b"]}]}, ("assigned_twice", "task b")),
    ({"stations": [{"id": "s", "tasks": ["a"]}]}, ("unassigned", "stations")),
    ({"stations": [{"id": "s", "tasks": ["b", "a"]}]}, ("too_early", "task b")),
    ({"stations": [{"id": "s", "tasks": ["b"]}, {"id": "t", "tasks": ["a"]}]}, ("too_early", "task b")),
    ({"stations": STATIONS, "buffers": [{"id": "q", "before": "z"}]}, ("id_unknown", "buffer q")),
    (
        {"stations": STATIONS, "buffers": [{"id": "q", "before": "t", "capacity": -1}]},
        ("too_small", "buffer q"),
    ),
    (
        {"stations": STATIONS, "buffers": [{"id": "q", "before": "t", "capacity": 1, "contents": 2}]},
        ("overfull", "buffer q"),
    ),
    (
        {"stations": STATIONS, "buffers": [{"id": "q", "before": "t"}, {"id": "r", "before": "t"}]},
        ("buffer_repeated", "buffer r"),
    ),
    ({"stations": STATIONS, "links": [{"source": "s", "target": "t"}]}, ("link_time", "link s to t")),
    (
        {"stations": STATIONS, "links": [{"source": "t", "target": "s", "time": 1}]},
        ("not_fed", "link t to s"),
    ),
    (ruled(together=[["a", "b"]], apart=[["b", "a"]]), ("together_apart", "rule apart 1")),
    (ruled(together=[["a", "z"]]), ("id_unknown", "rule together 1")),
    (ruled(together=[["a"]]), ("rule_empty", "rule together 1")),
    (ruled(fixed=[{"task": "a", "stations": [3]}]), ("fixed_range", "rule fixed 1")),
    (ruled(fixed=[{"task": "a", "stations": [0]}]), ("fixed_range", "rule fixed 1")),
    (
        ruled(fixed=[{"task": "a", "stations": [1]}, {"task": "a", "stations": [2]}]),
        ("fixed_nowhere", "rule fixed 2"),
    ),
    (
        ruled(fixed=[{"task": "a", "stations": [2]}, {"task": "b", "stations": [1]}]),
        ("fixed_order", "task b"),
    ),
    ({**tasked(ergonomic=9.0), "rules": {"ergonomic_cap": 5}}, ("above_cap", "task b")),
]


@pytest.mark.parametrize(
    ("fields", "expected"), FAULTS, ids=[f"{fault[0]}-{at}" for at, (_, fault) in enumerate(FAULTS)]
)
def test_each_fault_is_told_at_its_place(fields, expected):
    assert expected in told(**fields)


def test_a_cycle_is_named_in_its_order():
    tasks = [{"id": i, "time": 1.0, "after": [j]} for i, j in (("a", "c"), ("b", "a"), ("c", "b"))]
    found = [finding.message for finding in check(line(tasks=tasks))]
    assert len(found) == 1
    assert any(order in found[0] for order in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_a_cycle_is_found_exactly_when_there_is_one_and_is_one(pairs):
    after = {str(i): tuple({str(a) for a, b in pairs if b == i}) for i in range(8)}
    graph = networkx.DiGraph((str(a), str(b)) for a, b in pairs)
    found = cycles(after)
    assert bool(found) != networkx.is_directed_acyclic_graph(graph)
    for cycle in found:
        assert all(graph.has_edge(a, b) for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    assert len({task for cycle in found for task in cycle}) == sum(map(len, found))


def test_together_is_followed_through_other_tasks():
    tasks = [{"id": i, "time": 1.0} for i in "abc"]
    rules = {"together": [["a", "b"], ["b", "c"]], "apart": [["a", "c"]]}
    assert ("together_apart", "rule apart 1") in told(tasks=tasks, rules=rules)


def test_a_task_too_long_for_a_cycle_forbids_a_balance():
    found = check_cycle(line(), 4.5)
    assert [(finding.code, finding.severity) for finding in found] == [("line.task_too_long", "error")]
    assert check_cycle(line(), 5.0) == ()


def test_a_hundred_faults_of_a_kind_are_listed_and_the_rest_counted():
    tasks = [{"id": f"t{i}", "time": -1.0} for i in range(150)]
    found = [finding for finding in check(line(tasks=tasks)) if finding.severity == "error"]
    assert len(found) == 101
    assert "50 more" in found[-1].message


HOSTILE = st.one_of(st.text(max_size=5), st.sampled_from(["a", "b", "s", "t"]))


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"id": HOSTILE, "time": st.floats(), "after": st.lists(HOSTILE, max_size=3)}),
        max_size=4,
    ),
    st.lists(
        st.fixed_dictionaries(
            {
                "id": HOSTILE,
                "tasks": st.lists(HOSTILE, max_size=3),
                "after": st.none() | st.lists(HOSTILE, max_size=2),
            }
        ),
        max_size=3,
    ),
    st.lists(
        st.fixed_dictionaries({"task": HOSTILE, "stations": st.lists(st.integers(-2, 5), max_size=3)}),
        max_size=3,
    ),
    st.lists(st.lists(HOSTILE, max_size=3), max_size=3),
)
def test_bad_data_never_raise(tasks, stations, fixed, sets):
    rules = {"fixed": fixed, "together": sets, "apart": sets[::-1], "ergonomic_cap": 1}
    check(line(tasks=tasks, stations=stations, rules=rules, demand={"per_day": 9, "cycle": 1}))
