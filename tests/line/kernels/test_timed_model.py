"""Timed lines by CP-SAT against all lines of a few tasks: sides, setups, both, and rules on top."""

from collections.abc import Callable
from dataclasses import replace
from importlib import util
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.timed_bounds import places_needed, shortest_cycle, stations_needed, work_around
from genba.line.kernels.timed_line import Scheduled, Timed, settled
from genba.line.kernels.timed_model import fewest_places, fewest_stations, pose_times, shortest
from genba.line.kernels.timed_start import attempts, quick_lines
from genba.num.solvers import cpsat

SPEC = util.spec_from_file_location("timed_enumeration", Path(__file__).with_name("timed_enumeration.py"))
assert SPEC is not None
assert SPEC.loader is not None
every = util.module_from_spec(SPEC)
SPEC.loader.exec_module(every)
TASKS, STATIONS, CYCLE = 5, 3, 9


def quiet(best: float | None, bound: float | None) -> None:
    """Hear nothing."""


def small(seed: int, *, sides: bool, losses: bool) -> Timed:
    """Give a line of five tasks, some of which take no time, at up to three stations."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(TASKS) for b in range(a + 1, TASKS) if rng.random() < 0.35]
    start, end = np.array(pairs or [(0, 1)], np.int64).T
    ones = np.ones(STATIONS, np.int64)
    given = Assigning(
        rng.integers(0, 7, (1, TASKS)),
        start,
        end,
        CYCLE,
        ones,
        ones,
        STATIONS,
        scores=rng.integers(0, 5, TASKS),
    )
    side = rng.integers(0, 3, TASKS) if sides else None
    lost = rng.integers(0, 4, (TASKS, TASKS)) * (rng.random((TASKS, TASKS)) < 0.7) if losses else None
    return Timed(given, side, lost)


KINDS = [{"sides": True, "losses": False}, {"sides": False, "losses": True}, {"sides": True, "losses": True}]
RULES: dict[str, Callable[[Timed], Timed]] = {
    "no rule": lambda timed: timed,
    "together": lambda timed: replace(timed, given=replace(timed.given, together=((0, 3),))),
    "apart": lambda timed: replace(timed, given=replace(timed.given, apart=((1, 2, 4),))),
    "fixed": lambda timed: replace(timed, given=replace(timed.given, allowed={2: frozenset({0, 2})})),
    "cap": lambda timed: replace(timed, given=replace(timed.given, cap=7)),
}


def solved(timed: Timed, *, places: bool = False) -> tuple[Scheduled, int] | None:
    """Give the line of fewest stations or places, and how many these are."""
    posed = pose_times(timed, work_around(timed))
    if posed is None:
        return None
    if timed.given.shortest is not None:
        shortest(posed)
    elif places:
        fewest_places(posed, places_needed(timed))
    else:
        fewest_stations(posed)
    answer = cpsat.solve(posed.program, quiet, limit_s=60)
    assert answer.status in ("optimal", "infeasible")
    return None if answer.objective is None else (posed.scheduled(answer.values), round(answer.objective))


def keeps(timed: Timed, found: Scheduled) -> bool:
    """Give whether a line's own starts keep turns, cycle, losses and precedence."""
    turns = [tuple(turn) for turn in found.turns()]
    earliest = every.starts(timed, turns)
    pairs = zip(timed.given.start.tolist(), timed.given.end.tolist(), strict=True)
    end = found.begin + timed.times
    station = found.place // timed.sides
    return (
        earliest is not None
        and all(
            station[a] < station[b] or (station[a] == station[b] and end[a] <= found.begin[b])
            for a, b in pairs
        )
        and all(
            end[a] + timed.loss(a, b) <= found.begin[b] + (timed.given.cycle if at == len(turn) - 1 else 0)
            for turn in turns
            for at, (a, b) in enumerate(zip(turn, (*turn[1:], *turn[:1]), strict=True))
        )
        and int(end.max()) <= timed.given.cycle
    )


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("kind", KINDS, ids=["sides", "setups", "both"])
@pytest.mark.parametrize("seed", [1, 2])
def test_stations_and_places_are_the_fewest_of_all_lines(
    rule: Callable[[Timed], Timed], kind: dict[str, bool], seed: int
) -> None:
    timed = rule(small(seed, **kind))
    true = every.fewest_places(timed)
    found = solved(timed)
    if true is None:
        assert found is None
        return
    assert found is not None
    assert found[1] == true[0]
    assert keeps(timed, found[0])
    assert keeps(timed, settled(timed, found[0]))
    assert stations_needed(timed, work_around(timed)) <= true[0]
    last = np.ones(true[0], np.int64)
    exact = replace(timed, given=replace(timed.given, most=true[0], places=last, new=last))
    placed = solved(exact, places=True)
    assert placed is not None
    assert placed[1] == true[1]


@pytest.mark.parametrize("kind", KINDS, ids=["sides", "setups", "both"])
@pytest.mark.parametrize("seed", [3, 4])
def test_no_line_has_a_shorter_cycle(kind: dict[str, bool], seed: int) -> None:
    timed = small(seed, **kind)
    two = np.ones(2, np.int64)
    long = replace(timed.given, most=2, places=two, new=two, cycle=60)
    low = shortest_cycle(replace(timed, given=long), work_around(timed))
    found = solved(replace(timed, given=replace(long, shortest=low)))
    assert found is not None
    cycle = found[1]
    assert low <= cycle
    assert every.fewest_places(replace(timed, given=replace(long, cycle=cycle))) is not None
    assert every.fewest_places(replace(timed, given=replace(long, cycle=cycle - 1))) is None
    asked = replace(timed, given=long)
    *_, (quick, reached) = quick_lines(asked, work_around(asked), low)
    assert quick is not None
    assert reached >= cycle
    assert keeps(replace(timed, given=replace(long, cycle=reached)), quick)


@pytest.mark.parametrize("kind", KINDS, ids=["sides", "setups", "both"])
@pytest.mark.parametrize("seed", range(5))
def test_a_first_line_keeps_everything_and_is_a_start(kind: dict[str, bool], seed: int) -> None:
    timed = small(seed, **kind)
    work = work_around(timed)
    found = next((one for one in islice(attempts(timed, work), 20) if one is not None), None)
    if found is None:
        return
    assert keeps(timed, found)
    posed = pose_times(timed, work)
    assert posed is not None
    posed.start_from(found, CYCLE)
    fewest_stations(posed)
    answer = cpsat.solve(posed.program, quiet, limit_s=60)
    assert answer.objective is not None
    assert answer.objective <= found.place.max() // timed.sides + 1
