"""The certificate's own search on small timed lines against all lines, and its bound below both."""

from importlib import util
from pathlib import Path

import numpy as np
import pytest

from genba.line.certify.timed_enumeration import fewest_sided, fewest_with_losses
from genba.line.certify.timed_line import lost_between, timed_stations_needed
from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.timed_line import Timed
from genba.line.records.line import Line, Rules, Setup, Task

SPEC = util.spec_from_file_location(
    "timed_enumeration", Path(__file__).parents[1] / "kernels" / "timed_enumeration.py"
)
assert SPEC is not None
assert SPEC.loader is not None
every = util.module_from_spec(SPEC)
SPEC.loader.exec_module(every)
TASKS, CYCLE = 6, 9
SIDES = ("left", "right", "either")


def drawn(seed: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Give times and direct precedences of six tasks."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(TASKS) for b in range(a + 1, TASKS) if rng.random() < 0.3]
    return rng.integers(0, 7, TASKS).tolist(), pairs or [(0, 1)]


def posed(times: list[int], pairs: list[tuple[int, int]], most: int) -> Assigning:
    start, end = np.array(pairs, np.int64).T
    ones = np.ones(most, np.int64)
    return Assigning(np.array([times], np.int64), start, end, CYCLE, ones, ones, most)


def closed(pairs: list[tuple[int, int]]) -> tuple[frozenset[int], ...]:
    found: list[frozenset[int]] = []
    for task in range(TASKS):
        direct = frozenset(a for a, b in pairs if b == task)
        found.append(direct.union(*(found[one] for one in direct)))
    return tuple(found)


def line_of(times: list[int], sides: list[str], lost: dict[tuple[int, int], int]) -> Line:
    """Give the line with the same numbers, a microsecond for each unit."""
    tasks = tuple(
        Task.model_validate({"id": str(at), "time": time * 1e-6, "side": side})
        for at, (time, side) in enumerate(zip(times, sides, strict=True))
    )
    setups = tuple(Setup(task=str(a), then=str(b), time=time * 1e-6) for (a, b), time in lost.items())
    shape = "two-sided" if set(sides) != {""} else "straight"
    return Line.model_validate(
        {"name": "drawn", "shape": shape, "tasks": tasks, "rules": Rules(setups=setups)}
    )


@pytest.mark.parametrize("seed", range(6))
def test_two_sided_lines_need_what_all_lines_say(seed: int) -> None:
    times, pairs = drawn(seed)
    sides = np.random.default_rng(seed + 99).integers(0, 3, TASKS)
    true = every.fewest_places(Timed(posed(times, pairs, 3), sides))
    names = [SIDES[side] for side in sides]
    assert true is not None
    assert fewest_sided(times, closed(pairs), names, CYCLE) == true
    line = line_of(times, names, {})
    assert timed_stations_needed(line, times, closed(pairs), CYCLE, lost_between(line)) <= true[0]


@pytest.mark.parametrize("seed", range(6))
def test_lines_with_setups_need_what_all_lines_say(seed: int) -> None:
    times, pairs = drawn(seed)
    rng = np.random.default_rng(seed + 99)
    losses = rng.integers(0, 4, (TASKS, TASKS)) * (rng.random((TASKS, TASKS)) < 0.7)
    lost = {(a, b): int(losses[a, b]) for a in range(TASKS) for b in range(TASKS) if losses[a, b]}
    true = every.fewest_places(Timed(posed(times, pairs, 4), None, losses))
    found = fewest_with_losses(times, closed(pairs), lost, CYCLE)
    assert found is not None
    assert found > 4 if true is None else found == true[0]
    line = line_of(times, ["either"] * TASKS, lost).model_copy(update={"shape": "straight"})
    assert timed_stations_needed(line, times, closed(pairs), CYCLE, lost_between(line)) <= found


def test_a_setup_that_no_task_escapes_makes_every_line_impossible() -> None:
    times, pairs = drawn(1)
    lost = {(a, 2): CYCLE + 1 for a in range(TASKS)}
    line = line_of(times, ["either"] * TASKS, lost).model_copy(update={"shape": "straight"})
    assert timed_stations_needed(line, times, closed(pairs), CYCLE, lost_between(line)) == TASKS + 1
    assert fewest_with_losses(times, closed(pairs), lost, CYCLE) == TASKS + 1


def test_a_search_that_grows_too_large_says_so() -> None:
    assert fewest_sided([3] * 14, [frozenset()] * 14, ["either"] * 14, 10) is None
