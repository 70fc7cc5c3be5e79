"""The certificate of a simulation refuses what is not so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.line.certify.simulate import certify_simulate
from genba.line.operations.simulate import simulate
from genba.line.records.simulate import SimulateParams, SimulateResult

LINE = """
name = "t"
tasks = [{id = "a", time = 1.0}]
stations = [
  {id = "A", work = {kind = "exponential", mean = 1.0}, power = {working = 3.0, idle = 1.0}},
  {id = "B", work = {kind = "exponential", mean = 1.3}, breakdown = {mtbf = 60, mttr = 6}},
  {id = "C", work = {kind = "exponential", mean = 1.0}},
]
buffers = [{id = "b", before = "B", capacity = 2}, {id = "c", before = "C", capacity = 1}]
"""
Mutant = Callable[[SimulateResult], SimulateResult]


def moved(table: str, column: str, by: float, row: int = 0) -> Mutant:
    def mutate(result: SimulateResult) -> SimulateResult:
        old = getattr(result, table)
        values = old[column].copy()
        values[row] += by
        return result.model_copy(update={table: old.replace(**{column: values})})

    return mutate


def scaled(table: str, column: str, factor: float) -> Mutant:
    def mutate(result: SimulateResult) -> SimulateResult:
        old = getattr(result, table)
        return result.model_copy(update={table: old.replace(**{column: old[column] * factor})})

    return mutate


def changed(**values: Any) -> Mutant:
    return lambda result: result.model_copy(update=values)


def shifted(name: str, by: float) -> Mutant:
    return lambda result: result.model_copy(update={name: getattr(result, name) + by})


def swapped(table: str, column: str) -> Mutant:
    def mutate(result: SimulateResult) -> SimulateResult:
        old = getattr(result, table)
        values = old[column].copy()
        values[[0, 1]] = values[[1, 0]]
        return result.model_copy(update={table: old.replace(**{column: values})})

    return mutate


def dropped(table: str) -> Mutant:
    def mutate(result: SimulateResult) -> SimulateResult:
        old = getattr(result, table)
        return result.model_copy(update={table: old.where(np.arange(len(old)) > 0)})

    return mutate


def traded(result: SimulateResult) -> SimulateResult:
    """Call a second of blocked time work: every sum still agrees."""
    rows = result.run_stations
    working, blocked = rows["working"] + 60.0, rows["blocked"] - 60.0
    return result.model_copy(update={"run_stations": rows.replace(working=working, blocked=blocked)})


def multiplied(result: SimulateResult) -> SimulateResult:
    """Let every replication make three times as much, consistently in rows and totals."""
    runs = result.runs
    more = {name: runs[name] * 3 for name in ("entered", "left", "throughput", "at_start", "at_end", "units")}
    return result.model_copy(
        update={
            "runs": runs.replace(**more),
            "throughput": result.throughput * 3,
            "throughput_half_width": result.throughput_half_width * 3,
            "units": result.units * 3,
            "units_half_width": result.units_half_width * 3,
        }
    )


def cheaper(result: SimulateResult) -> SimulateResult:
    """Let every unit take half the energy, consistently in rows and totals."""
    half = {name: getattr(result, name) / 2 for name in ("energy", "energy_half_width")}
    runs = result.runs.replace(energy=result.runs["energy"] / 2)
    return result.model_copy(update={"runs": runs, **half})


def twofold(result: SimulateResult) -> SimulateResult:
    """Let all gains be twice as large, in the same order."""
    names = ("gain", "repair_gain")
    more = {name: 2 * result.stations[name] for name in names}
    return result.model_copy(update={"stations": result.stations.replace(**more)})


MUTANTS: dict[str, Mutant] = {
    "a unit that never entered": moved("runs", "entered", -1),
    "a unit that never left": moved("runs", "left", 1),
    "a unit lost at the end": moved("runs", "at_end", -1),
    "throughput": shifted("throughput", 5.0),
    "a narrower interval": shifted("throughput_half_width", -0.5),
    "lead time": shifted("lead_time", 0.5),
    "units in the line": shifted("units", 0.1),
    "a replication's throughput": moved("runs", "throughput", 30.0),
    "lead times that break Little's law": scaled("runs", "lead_time", 1.5),
    "replications that make more than the slowest station": multiplied,
    "a station's share of work": moved("stations", "working", 1.0),
    "two stations' shares swapped": swapped("stations", "working"),
    "an interval of a share": moved("stations", "down_half_width", -0.1),
    "time of a replication's station": moved("run_stations", "starved", 30.0),
    "blocked time called work": traded,
    "a negative time": moved("run_stations", "blocked", -1e6),
    "less energy": cheaper,
    "a replication's energy": moved("runs", "energy", 1e-4),
    "gains beyond what all times bring": twofold,
    "another bottleneck": changed(bottleneck="A"),
    "two ranks swapped": swapped("stations", "rank"),
    "a replication dropped": dropped("runs"),
    "a station dropped": dropped("stations"),
    "another station": lambda r: r.model_copy(
        update={"stations": r.stations.replace(station=np.array(["A", "X", "C"], object))}
    ),
    "more replications than there are": shifted("replications", 16),
    "not known well enough": changed(outcome="open"),
    "another window": shifted("span", 60.0),
    "another confidence": changed(confidence=90.0),
    "not a number": changed(throughput=float("nan")),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulateParams, SimulateResult]:
    path = tmp_path_factory.mktemp("line") / "line.toml"
    path.write_text(LINE)
    params = simulate.parse({"line": str(path), "hours": 2.0})
    return params, simulate.function(params, Context(path=simulate.path, seed=3))


def judged(study: tuple[SimulateParams, SimulateResult], mutant: Mutant) -> bool:
    params, result = study
    return certify_simulate(params, mutant(result), Context(path=simulate.path)).holds


def test_the_result_itself_holds(study: tuple[SimulateParams, SimulateResult]) -> None:
    assert judged(study, lambda result: result)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mutant_is_refused(study: tuple[SimulateParams, SimulateResult], mutant: Mutant) -> None:
    assert not judged(study, mutant)
