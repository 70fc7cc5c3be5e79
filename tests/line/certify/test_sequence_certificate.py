"""The certificate of an order of launches refuses what is not so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genba.core.context import Context
from genba.line.certify.sequence import certify_sequence
from genba.line.operations.sequence import sequence
from genba.line.records.sequence import SequenceResult

LINE = """
name = "two variants"
tasks = [
  {id = "a", time = 50, times = {long = 70}},
  {id = "b", time = 55, times = {long = 62}, after = ["a"]},
]
products = [{id = "short", share = 0.6}, {id = "long", share = 0.4}]
stations = [{id = "S1", tasks = ["a"]}, {id = "S2", tasks = ["b"]}]
demand = {cycle = 60}
"""
UNEVEN = """
name = "three variants of which an even mix is not the best order"
tasks = [
  {id = "a", time = 62, times = {n = 51, w = 66}},
  {id = "b", time = 77, times = {n = 72, w = 40}, after = ["a"]},
]
products = [{id = "m", share = 0.375}, {id = "n", share = 0.375}, {id = "w", share = 0.25}]
stations = [{id = "S1", tasks = ["a"]}, {id = "S2", tasks = ["b"]}]
demand = {cycle = 60}
"""
Mutant = Callable[[SequenceResult], SequenceResult]


def swapped(result: SequenceResult) -> SequenceResult:
    order = result.launches["product"].copy()
    place = int(np.flatnonzero(order[1:] != order[:-1])[0])
    order[[place, place + 1]] = order[[place + 1, place]]
    return result.model_copy(update={"launches": result.launches.replace(product=order)})


def relaunched(result: SequenceResult) -> SequenceResult:
    order = result.launches["product"].copy()
    order[order == "long"] = "short"
    return result.model_copy(update={"launches": result.launches.replace(product=order)})


def moved(table: str, column: str, by: float) -> Mutant:
    def mutate(result: SequenceResult) -> SequenceResult:
        old = getattr(result, table)
        values = old[column].copy()
        values[0] += by
        return result.model_copy(update={table: old.replace(**{column: values})})

    return mutate


def changed(**values: object) -> Mutant:
    return lambda result: result.model_copy(update=values)


def shifted(name: str, by: float) -> Mutant:
    return lambda result: result.model_copy(update={name: getattr(result, name) + by})


COMMON = {
    "two launches swapped": swapped,
    "a product never launched": relaunched,
    "less overload": shifted("overload", -1.0),
    "another cycle": shifted("cycle_time", 1.0),
    "a launch without its overload": moved("launches", "overload", 0.5),
    "a deviation": moved("launches", "deviation", 1.0),
    "total deviation": shifted("deviation", -0.5),
    "a station's overload": moved("stations", "overload", 0.5),
    "a station's work": moved("stations", "work", 1.0),
    "a station's drift": moved("stations", "drift", -1.0),
    "units of a product": moved("mix", "units", 1),
    "a share": moved("mix", "share", 0.1),
    "a proof of another kind": changed(proof="none"),
    "overload bound too high": shifted("overload_bound", 1.0),
    "not a number": changed(overload=float("nan")),
}
LEVELLING = COMMON | {
    "deviation bound too high": shifted("deviation_bound", 0.5),
    "deviation bound too low": shifted("deviation_bound", -0.5),
    "a price": moved("launches", "place_price", 3.0),
    "proof by search": changed(proof="search"),
}
OVERLOAD = COMMON | {
    "bound below the value": shifted("overload_bound", -1.0),
    "proof by capacity": changed(proof="capacity"),
    "deviation bound": shifted("deviation_bound", 0.5),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("line") / "line.toml"
    found.write_text(LINE)
    return found


def judged(path: Path, goal: str, mutant: Mutant) -> bool:
    params = sequence.parse({"line": str(path), "goal": goal, "units": 10, "window": 1.05})
    context = Context(path=sequence.path)
    return certify_sequence(params, mutant(sequence.function(params, context)), context).holds


@pytest.mark.parametrize("goal", ["overload", "levelling"])
def test_the_result_itself_holds(path: Path, goal: str) -> None:
    assert judged(path, goal, lambda result: result)


@pytest.mark.parametrize("mutant", OVERLOAD.values(), ids=OVERLOAD.keys())
def test_a_mutant_of_an_overload_study_is_refused(path: Path, mutant: Mutant) -> None:
    assert not judged(path, "overload", mutant)


@pytest.mark.parametrize("mutant", LEVELLING.values(), ids=LEVELLING.keys())
def test_a_mutant_of_a_levelling_study_is_refused(path: Path, mutant: Mutant) -> None:
    assert not judged(path, "levelling", mutant)


def test_a_worse_order_that_claims_to_be_optimal_is_refused(tmp_path: Path) -> None:
    """Its numbers are right; only the search shows that another order is better."""
    path = tmp_path / "line.toml"
    path.write_text(UNEVEN)
    params = sequence.parse({"line": str(path), "units": 8, "window": 1.1})
    ticks = iter(range(0, 10**15, 10**12))
    stopped = sequence.function(params, Context(path=sequence.path, clock=lambda: next(ticks)))
    best = sequence.function(params, Context(path=sequence.path))
    assert (stopped.overload, best.overload) == (75.0, 69.0)
    assert certify_sequence(params, best, Context(path=sequence.path)).holds
    claimed = changed(outcome="optimal", proof="search", overload_bound=stopped.overload)(stopped)
    assert not certify_sequence(params, claimed, Context(path=sequence.path)).holds
