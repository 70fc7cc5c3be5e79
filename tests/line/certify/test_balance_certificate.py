"""Certificates of balances where more than precedence and time bind: mutants of every kind are refused."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic_core import to_json

from genba.core.context import Context
from genba.line.certify.balance_bound import staff_cost
from genba.line.certify.balance_question import MONEY, asked_of
from genba.line.operations.balance import balance
from genba.line.records.balance import BalanceResult

TASKS = [
    {"id": "a", "time": 6, "times": {"long": 8}, "by": "either"},
    {"id": "b", "time": 5, "times": {"long": 3}, "after": ["a"], "by": "either"},
    {"id": "c", "time": 7, "times": {"long": 7}, "after": ["a"], "skill": "test"},
    {"id": "d", "time": 4, "times": {"long": 6}, "after": ["b"], "by": "either", "ergonomic": 2.0},
    {"id": "e", "time": 3, "after": ["c", "d"], "ergonomic": 2.0},
]
LINE: dict[str, Any] = {
    "name": "five tasks",
    "tasks": TASKS,
    "products": [{"id": "short", "share": 0.5}, {"id": "long", "share": 0.5}],
    "workers": [{"id": "tester", "skills": ["test"], "cost": 44}, {"id": "worker", "count": 3, "cost": 36}],
    "groups": [{"id": "robot", "kind": "robot", "cost": 9, "speed": 1.25}],
    "rules": {"ergonomic_cap": 3.0},
}
Mutant = Callable[[BalanceResult], dict[str, Any]]


def solved(folder: Path, shape: str, given: dict[str, Any]) -> tuple[Any, BalanceResult, Context]:
    path, context = folder / "line.json", Context(path=balance.path)
    path.write_bytes(to_json({**LINE, "shape": shape}))
    params = balance.parse({"line": str(path), "cycle_time": 11, **given})
    return params, balance.function(params, context), context


def column(table: str, **changes: Callable[[list[Any]], list[Any]]) -> Mutant:
    """Give a mutant with changed columns of a table."""

    def mutant(result: BalanceResult) -> dict[str, Any]:
        old = getattr(result, table)
        made = {name: np.array(change(list(old[name])), old[name].dtype) for name, change in changes.items()}
        return {table: old.replace(**made)}

    return mutant


def number(name: str, by: float) -> Mutant:
    return lambda result: {name: getattr(result, name) + by}


def first_other(values: list[Any]) -> list[Any]:
    """Replace the first entry by one that differs from it."""
    return [next(one for one in values if one != values[0]), *values[1:]]


def turned(legs: list[Any]) -> list[Any]:
    return ["out" if leg == "in" else "in" for leg in legs]


U, STRAIGHT = "u", "straight"
COST: dict[str, Any] = {"objective": "cost", "mix": "each"}
EVEN: dict[str, Any] = {"mix": "each", "smooth": True}
MUTANTS: dict[str, tuple[str, dict[str, Any], Mutant, str]] = {
    "legs of a U turned": (U, {}, column("assignments", leg=turned), "precedence"),
    "a leg where there is none": (
        STRAIGHT,
        {},
        column("assignments", leg=lambda legs: ["in", *legs[1:]]),
        "every_task_once",
    ),
    "a U shorter than all": (
        U,
        {},
        lambda result: {"lower_bound": result.lower_bound + 1, "proof": "exhausted"},
        "assignments_again",
    ),
    "a place that is not needed by the sum": (
        STRAIGHT,
        {"places": 2},
        column("workplaces", places=lambda counts: [counts[0] + 1, *counts[1:]]),
        "places",
    ),
    "more places than allowed": (
        STRAIGHT,
        {"places": 2},
        column("workplaces", places=lambda counts: [3, *counts[1:]]),
        "places",
    ),
    "more places than allowed, and fewer elsewhere": (
        STRAIGHT,
        {"places": 2},
        column("workplaces", places=lambda counts: [3, *counts[1:-1], counts[-1] + counts[0] - 3]),
        "places",
    ),
    "a bound on places above the best": (STRAIGHT, {"places": 2}, number("lower_bound", 1), "outcome"),
    "someone who is not able": (
        STRAIGHT,
        COST,
        column("workplaces", resource=lambda names: ["robot"] * len(names)),
        "staff",
    ),
    "nobody at a station": (
        STRAIGHT,
        COST,
        column("workplaces", resource=lambda names: ["", *names[1:]]),
        "staff",
    ),
    "somebody unknown": (
        STRAIGHT,
        COST,
        column("workplaces", resource=lambda names: ["nobody", *names[1:]]),
        "staff",
    ),
    "two where there is one": (
        STRAIGHT,
        {"staff": True},
        column("workplaces", resource=lambda names: ["tester"] * len(names)),
        "staff",
    ),
    "staff that costs less than it does": (STRAIGHT, COST, number("cost", -1.0), "cost"),
    "a bound on cost above the best": (
        STRAIGHT,
        COST,
        lambda result: {"cost_bound": (result.cost_bound or 0) + 1, "outcome": "feasible"},
        "cost_again",
    ),
    "a bound on cost below the best, and optimal": (STRAIGHT, COST, number("cost_bound", -1.0), "outcome"),
    "a bound on the fullest place above the best": (STRAIGHT, EVEN, number("load_bound", 1.0), "load_again"),
    "differences that are not those of the line": (STRAIGHT, EVEN, number("spread", -1.0), "measures"),
    "a bound on differences above the best": (STRAIGHT, EVEN, number("spread_bound", 1.0), "spread_again"),
    "a task at another station": (
        STRAIGHT,
        {"mix": "each"},
        column("assignments", station=first_other),
        "loads",
    ),
    "a shortest cycle that is not kept": (
        U,
        {"objective": "cycle", "stations": 3},
        number("cycle_time", -1.0),
        "within_cycle",
    ),
    "a bound on the cycle above the best": (
        U,
        {"objective": "cycle", "stations": 3},
        lambda result: {"cycle_bound": (result.cycle_bound or 0) + 1, "proof": "exhausted"},
        "assignments_again",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refused(name: str, tmp_path: Path) -> None:
    shape, given, mutant, claim = MUTANTS[name]
    params, result, context = solved(tmp_path, shape, given)
    assert result.stations is not None
    assert balance.certify(params, result, context).failed == ()
    changed = result.model_copy(update=mutant(result))
    assert claim in {one.name for one in balance.certify(params, changed, context).failed}


@pytest.mark.parametrize("shape", [U, STRAIGHT])
def test_a_line_said_to_be_impossible_is_searched_again(shape: str, tmp_path: Path) -> None:
    params, result, context = solved(tmp_path, shape, {"mix": "each"})
    nothing = np.zeros(0, np.int64)
    empty = {name: getattr(result, name).where(nothing) for name in ("assignments", "workplaces")}
    without: dict[str, Any] = {
        "outcome": "infeasible",
        "stations": None,
        "places": None,
        "proof": "exhausted",
        "lower_bound": 3,
    }
    lie = result.model_copy(update={**without, **empty})
    assert "assignments_again" in {one.name for one in balance.certify(params, lie, context).failed}


def test_more_stations_than_asked_about_are_refused(tmp_path: Path) -> None:
    params, result, context = solved(tmp_path, STRAIGHT, {"objective": "feasible", "stations": 4})
    assert balance.certify(params, result, context).failed == ()
    fewer = params.model_copy(update={"stations": (result.stations or 0) - 1})
    assert "outcome" in {one.name for one in balance.certify(fewer, result, context).failed}


def test_staff_costs_at_least_each_task_at_its_cheapest(tmp_path: Path) -> None:
    params, _, context = solved(tmp_path, STRAIGHT, COST)
    robot = 9 * (8 + 3 + 6) / 1.25  # a, b and d of the long product
    assert staff_cost(asked_of(params, context), 2) == math.ceil(MONEY * (robot + 44 * 7 + 36 * 3) / 11)
    cheapest = [9, 36, 36, 36, 44]  # one robot, three workers, one tester
    assert staff_cost(asked_of(params, context), 5) == MONEY * sum(cheapest)
