"""The certificate of a redesign refuses what is not so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.line.certify.redesign import certify_redesign
from genba.line.operations.redesign import redesign
from genba.line.records.redesign import RedesignParams, RedesignResult
from genba.num.table import Table

LINE = """
name = "six tasks"
tasks = [
  {id = "a", time = 4, move_cost = 10, ergonomic = 1},
  {id = "b", time = 3, times = {long = 5}, after = ["a"], move_cost = 1, ergonomic = 1},
  {id = "c", time = 5, after = ["a"], move_cost = 7, skill = "wiring", ergonomic = 1},
  {id = "d", time = 2, after = ["b"], move_cost = 2, ergonomic = 1},
  {id = "e", time = 4, after = ["c", "d"], move_cost = 3, ergonomic = 1},
  {id = "f", time = 3, after = ["e"], move_cost = 1, ergonomic = 1},
]
products = [{id = "short", share = 0.6}, {id = "long", share = 0.4}]
workers = [{id = "w", skills = ["wiring"]}, {id = "v"}]
stations = [
  {id = "S1", tasks = ["a", "b"], workers = ["w"]},
  {id = "S2", tasks = ["c"], workers = ["w"]},
  {id = "S3", tasks = ["d", "e"], workers = ["v"]},
  {id = "S4", tasks = ["f"], workers = ["v"]},
]
rules = {apart = [["a", "c"]], fixed = [{task = "a", stations = [1]}], ergonomic_cap = 4.0}
"""
Mutant = Callable[[RedesignResult], RedesignResult]


def moved(name: str, column: str, by: float, row: int = 0) -> Mutant:
    def mutate(result: RedesignResult) -> RedesignResult:
        old: Table = getattr(result, name)
        values = old[column].copy()
        values[row] += by
        return result.model_copy(update={name: old.replace(**{column: values})})

    return mutate


def told(name: str, column: str, value: str, row: int = 0) -> Mutant:
    def mutate(result: RedesignResult) -> RedesignResult:
        old: Table = getattr(result, name)
        values = np.array(old[column].tolist(), object)
        values[row] = value
        return result.model_copy(update={name: old.replace(**{column: values})})

    return mutate


def changed(**values: object) -> Mutant:
    return lambda result: result.model_copy(update=values)


def elsewhere(task: str, place: int) -> Mutant:
    """Move a task at the first point to another station, table and numbers of the move told as they are."""

    def mutate(result: RedesignResult) -> RedesignResult:
        old = result.placements
        station, places = np.array(old["station"].tolist(), object), old["place"].copy()
        row = next(at for at, name in enumerate(old["task"]) if name == task)
        station[row], places[row] = f"S{place}", place
        return result.model_copy(update={"placements": old.replace(station=station, place=places)})

    return mutate


def without_last(name: str) -> Mutant:
    def mutate(result: RedesignResult) -> RedesignResult:
        old: Table = getattr(result, name)
        return result.model_copy(update={name: old.where(np.arange(len(old) - 1))})

    return mutate


def claimed(result: RedesignResult) -> RedesignResult:
    """Say that one move more is needed at the second point, and move one task more in the line itself."""
    values = result.frontier["moves_bound"] + (result.frontier["moves"] >= 0)
    return result.model_copy(update={"frontier": result.frontier.replace(moves_bound=values)})


def impossible(result: RedesignResult) -> RedesignResult:
    """Say that the first point is the only one, and everything below impossible."""
    first = int(result.frontier["most"][0])
    rows = result.frontier.where(np.array([0, len(result.frontier) - 1]))
    most = rows["most"].copy()
    most[1] = int(rows["stations"][0]) - 1
    kept = {
        name: getattr(result, name).where(getattr(result, name)["most"] == first)
        for name in ("placements", "sites")
    }
    update = {
        "frontier": rows.replace(most=most),
        "fewest_stations": int(rows["stations"][0]),
        "stations_bound": int(rows["stations"][0]),
    }
    return result.model_copy(update=update | kept)


MUTANTS = {
    "a move less": moved("frontier", "moves", -1, 1),
    "a bound lower": moved("frontier", "moves_bound", -1, 1),
    "bounds higher": claimed,
    "cost": moved("frontier", "cost", 1.0),
    "stations": moved("frontier", "stations", -1),
    "closed": moved("frontier", "closed", 1),
    "opened": moved("frontier", "opened", 1),
    "places": moved("frontier", "places", 1),
    "a feasible that is optimal": told("frontier", "outcome", "feasible"),
    "an infeasible that is possible": impossible,
    "a point left out": without_last("frontier"),
    "a task left out": without_last("placements"),
    "a station left out": without_last("sites"),
    "a task before its predecessor": elsewhere("f", 1),
    "a task elsewhere": elsewhere("c", 1),
    "a fixed task elsewhere": elsewhere("a", 2),
    "a task where nobody is able to": elsewhere("c", 3),
    "an unknown task": told("placements", "task", "z"),
    "today's station": told("placements", "today", "S4"),
    "a leg of a straight line": told("placements", "way", "out"),
    "a time": moved("placements", "time", 1.0),
    "a flag": moved("placements", "moved", 1),
    "price of a move": moved("placements", "cost", 1.0),
    "load": moved("sites", "load", -1.0),
    "idle": moved("sites", "idle", 1.0),
    "tasks of a station": moved("sites", "tasks", 1),
    "scores": moved("sites", "ergonomic", -1.0),
    "a station with two places": moved("sites", "servers", 1),
    "state": told("sites", "state", "closed"),
    "order of stations": told("sites", "station", "S2"),
    "fewest stations": changed(fewest_stations=1),
    "bound of stations": changed(stations_bound=4),
    "least moves": changed(least_moves=9),
    "stations today": changed(stations_today=3),
    "outcome": changed(outcome="feasible"),
    "cycle": changed(cycle_time=11.0),
    "not a number": moved("sites", "load", float("nan")),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("line") / "line.toml"
    found.write_text(LINE)
    return found


def solved(path: Path, **more: Any) -> tuple[RedesignParams, RedesignResult, Context]:
    params = redesign.parse({"line": str(path), "cycle_time": 12, "most_stations": 4, **more})
    context = Context(path=redesign.path)
    return params, redesign.function(params, context), context


@pytest.mark.parametrize("goal", ["moves", "cost"])
def test_the_result_itself_holds_and_nothing_is_taken_on_trust(path: Path, goal: str) -> None:
    params, result, context = solved(path, goal=goal)
    certificate = certify_redesign(params, result, context)
    assert certificate.holds, certificate.failed
    assert {claim.name: claim.value for claim in certificate.claims}["bounds_trusted"] == 0


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mutant_is_refused(path: Path, mutant: Mutant) -> None:
    params, result, context = solved(path)
    assert not certify_redesign(params, mutant(result), context).holds


@pytest.mark.parametrize("goal", ["moves", "cost"])
def test_a_worse_line_that_claims_to_be_optimal_is_refused(tmp_path: Path, goal: str) -> None:
    """Its numbers are right; a search shows that 2 moves, or 6 of cost, are enough for two stations."""
    path = tmp_path / "line.toml"
    path.write_text(LINE.split("rules =", maxsplit=1)[0])
    other = "cost" if goal == "moves" else "moves"
    params, best, context = solved(path, cycle_time=14, goal=goal)
    worse = solved(path, cycle_time=14, goal=other)[1]
    assert best.frontier[goal].tolist() < worse.frontier[goal].tolist()
    bounds = {f"{goal}_bound": worse.frontier[goal], f"{other}_bound": 0 * worse.frontier[other]}
    mutant = worse.model_copy(update={"frontier": worse.frontier.replace(**bounds)})
    failed = certify_redesign(params, mutant, context).failed
    assert [claim.name for claim in failed] == ["bounds_again"]


def test_another_lines_result_is_refused(path: Path, tmp_path: Path) -> None:
    _, result, context = solved(path)
    other = tmp_path / "line.toml"
    other.write_text(LINE.replace("time = 5,", "time = 11,"))
    params = redesign.parse({"line": str(other), "cycle_time": 12, "most_stations": 4})
    assert not certify_redesign(params, result, context).holds
