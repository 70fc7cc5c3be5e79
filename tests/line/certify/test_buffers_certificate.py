"""The certificate of a choice of places refuses what is not so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genba.core.context import Context
from genba.line.certify.buffers import certify_buffers
from genba.line.operations.buffers import buffers
from genba.line.records.buffers import BuffersParams, BuffersResult

LINE = """
name = "three machines"
tasks = [{id = "a", time = 1}]
stations = [
  {id = "S1", work = {kind = "exponential", mean = 1.0}},
  {id = "S2", work = {kind = "normal", mean = 1.0, cv = 0.6}, breakdown = {mtbf = 50, mttr = 5}},
  {id = "S3", work = {kind = "triangular", low = 0.2, mode = 0.9, high = 1.6}},
]
buffers = [{id = "B2", before = "S2", capacity = 6}, {id = "B3", before = "S3", capacity = 1}]
"""
Mutant = Callable[[BuffersResult], BuffersResult]


def changed(**values: object) -> Mutant:
    return lambda result: result.model_copy(update=values)


def shifted(name: str, by: float) -> Mutant:
    return lambda result: result.model_copy(update={name: getattr(result, name) + by})


def moved(table: str, column: str, by: float, row: int = 0) -> Mutant:
    def mutate(result: BuffersResult) -> BuffersResult:
        old = getattr(result, table)
        values = old[column].copy()
        values[row] += by
        return result.model_copy(update={table: old.replace(**{column: values})})

    return mutate


def scaled(by: float) -> Mutant:
    """Make all replications faster, with every number that follows from them."""

    def mutate(result: BuffersResult) -> BuffersResult:
        designs = result.designs
        designs = designs.replace(
            throughput=designs["throughput"] / by, half_width=designs["half_width"] / by
        )
        names = ("throughput", "throughput_half_width", "throughput_before", "throughput_before_half_width")
        return result.model_copy(
            update={
                "runs": result.runs.replace(cycle=result.runs["cycle"] * by),
                "designs": designs,
                "indifference": result.indifference * by,
                **{name: getattr(result, name) / by for name in names},
            }
        )

    return mutate


def exchanged(result: BuffersResult) -> BuffersResult:
    """Let a finalist stand as the selected design, without its replications."""
    amount = result.numbers["amount"].copy()
    amount[:2], amount[2:4] = amount[2:4].copy(), amount[:2].copy()
    return result.model_copy(
        update={
            "numbers": result.numbers.replace(amount=amount),
        }
    )


def misplaced(result: BuffersResult) -> BuffersResult:
    """Give the replications to another design of as many places, in all tables."""
    total = result.places
    amount, after = result.numbers["amount"].copy(), result.buffers["after"].copy()
    amount[:2] = after[:] = (0, total)
    return result.model_copy(
        update={
            "numbers": result.numbers.replace(amount=amount),
            "buffers": result.buffers.replace(after=after),
        }
    )


def shuffled(result: BuffersResult) -> BuffersResult:
    cycle = result.runs["cycle"].copy()
    cycle[:32] = cycle[:32][::-1]
    return result.model_copy(update={"runs": result.runs.replace(cycle=cycle)})


def without_last(result: BuffersResult) -> BuffersResult:
    return result.model_copy(update={"runs": result.runs.where(np.arange(len(result.runs) - 1))})


def relabelled(result: BuffersResult) -> BuffersResult:
    role = result.designs["role"].copy()
    role[1] = "frontier"
    return result.model_copy(update={"designs": result.designs.replace(role=role)})


MUTANTS = {
    "a place more than asked for": moved("numbers", "amount", 1),
    "a negative place": moved("numbers", "amount", -20),
    "places after": moved("buffers", "after", 1),
    "places before": moved("buffers", "before", 1),
    "staff after": moved("staff", "after", 1),
    "total": shifted("places", 1),
    "a design's total": moved("designs", "places", 1),
    "a price": moved("buffers", "price", 5.0),
    "a price of staff": moved("staff", "price", 5.0),
    "a design's cost": moved("designs", "cost", 1.0),
    "cost": shifted("cost", -1.0),
    "more throughput": shifted("throughput", 1.0),
    "a narrower interval": shifted("throughput_half_width", -0.5),
    "less before": shifted("throughput_before", -1.0),
    "a design's throughput": moved("designs", "throughput", 1.0, 1),
    "a design's distance": moved("designs", "behind", 0.1, 1),
    "its interval": moved("designs", "behind_half_width", 0.01, 1),
    "its probability": moved("designs", "probability", -0.01, 1),
    "more probable": shifted("probability", -0.001),
    "more probable by Slepian": shifted("probability_slepian", -0.001),
    "not a number": changed(probability=float("nan")),
    "a wider zone": lambda result: result.model_copy(update={"indifference": 3 * result.indifference}),
    "bound": shifted("bound", 100.0),
    "one replication": moved("runs", "cycle", 0.01),
    "replications in another order": shuffled,
    "a replication lost": without_last,
    "a negative time": moved("runs", "cycle", -10.0),
    "a finalist hidden": relabelled,
    "another design selected": exchanged,
    "another design stands for it": misplaced,
    "faster than the slowest station": scaled(0.5),
    "open": changed(outcome="open"),
    "not complete": changed(complete=False),
    "unreachable": changed(outcome="unreachable"),
    "a target's probability": changed(target_probability=0.99),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuffersParams, BuffersResult]:
    path = tmp_path_factory.mktemp("line") / "line.toml"
    path.write_text(LINE)
    params = buffers.parse({"line": str(path), "units": 300, "indifference": 2.0, "replications": 640})
    return params, buffers.function(params, Context(path=buffers.path))


def judged(found: tuple[BuffersParams, BuffersResult], mutant: Mutant) -> bool:
    params, result = found
    return certify_buffers(params, mutant(result), Context(path=buffers.path)).holds


def test_the_result_itself_holds(found: tuple[BuffersParams, BuffersResult]) -> None:
    assert found[1].outcome == "selected"
    assert judged(found, lambda result: result)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mutant_is_refused(found: tuple[BuffersParams, BuffersResult], mutant: Mutant) -> None:
    assert not judged(found, mutant)


def test_a_budget_that_is_passed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(LINE.replace("capacity = 1", "capacity = 1, place_cost = 100"))
    params = buffers.parse({"line": str(path), "units": 300, "indifference": 2.0, "budget": 250.0})
    context = Context(path=buffers.path)
    result = buffers.function(params, context)
    assert result.cost == 200
    assert certify_buffers(params, result, context).holds
    assert not certify_buffers(params.model_copy(update={"budget": 150.0}), result, context).holds
    cheaper = result.designs.replace(cost=result.designs["cost"] / 2)
    half = result.model_copy(update={"cost": result.cost / 2, "designs": cheaper})
    assert not certify_buffers(params, half, context).holds
    path.write_text(path.read_text().replace("place_cost = 100", "place_cost = 150"))
    assert not certify_buffers(params, result, context).holds
    path.write_text(path.read_text().replace(", place_cost = 150", ""))
    assert not certify_buffers(params, result, context).holds


def test_a_target_that_is_missed_is_not_reached(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(LINE)
    params = buffers.parse({"line": str(path), "units": 300, "indifference": 2.0, "target": 2500.0})
    context = Context(path=buffers.path)
    result = buffers.function(params, context)
    assert certify_buffers(params, result, context).holds
    assert not certify_buffers(params.model_copy(update={"target": 2800.0}), result, context).holds
    fewer = result.designs["role"].copy()
    fewer[fewer == "frontier"] = "finalist"
    hidden = result.model_copy(update={"designs": result.designs.replace(role=fewer)})
    assert not certify_buffers(params, hidden, context).holds
