"""A balance of a line whose tasks have a start: two sides, setups, walking; greedy first, then CP-SAT."""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.kernels.bits import Ints
from genba.line.kernels.salbp1 import Proof
from genba.line.kernels.timed_bounds import (
    Work,
    places_needed,
    shortest_cycle,
    stations_needed,
    windows,
    work_around,
)
from genba.line.kernels.timed_line import EITHER, LEFT, RIGHT, Scheduled, Timed, settled
from genba.line.kernels.timed_model import PosedTimes, fewest_places, fewest_stations, pose_times, shortest
from genba.line.kernels.timed_start import attempts, quick_lines
from genba.line.operations.balance_course import Course
from genba.line.operations.balance_model import Found, Job, assigning
from genba.line.operations.balance_solve import solved
from genba.line.records.balance import BalanceParams
from genba.line.records.line import Line, Task
from genba.line.records.whole import seconds, whole
from genba.num.solvers import cpsat

SPARE = 3
"""Stations that are first granted above the bound where the greedy rule finds no line."""
TRIES = 300
"""Of the greedy rule."""
LARGEST = 2_000_000
"""Pairs of tasks that can meet at a place, up to which CP-SAT is asked."""
SIDES = {"left": LEFT, "right": RIGHT, "either": EITHER}
_COMPUTED: Proof = "bound"
NOTHING = cpsat.FlagAnswer("unclear", None, None, (), 0)


@dataclass(frozen=True, eq=False)
class Search:
    """What is searched, in the largest unit of which all times are multiples, and until when.

    Arguments:
        timed: for the most stations that any line can use.
        work: around each task.
        unit: whole microseconds.
        ctx: of the run.
        until: when the time is over.
    """

    timed: Timed
    work: Work
    unit: int
    ctx: Context
    until: int

    def within(self, most: int, **more: int | None) -> Timed:
        """Give the question for so many stations at most."""
        ones = np.ones(most, np.int64)
        given = replace(self.timed.given, places=ones, new=ones, most=most, **more)  # type: ignore[arg-type]
        return replace(self.timed, given=given)


def is_timed(line: Line, params: BalanceParams) -> bool:
    """Give whether it matters when a task starts.

    Setups and walking are left out in a U, and where what is asked is not planned together with them.

    Raises:
        InputError: when something is asked that is not planned together with two sides.
    """
    others = _others(params)
    if line.shape == "two-sided":
        if others:
            raise InputError("this is not planned together with two sides; leave it out", where=others[0])
        return True
    return line.shape != "u" and params.rules and not others and _losses(line) is not None


def _others(params: BalanceParams) -> list[str]:
    """Name what is asked that is not planned together with starts of tasks."""
    asked = {
        "places": params.places > 1,
        "staff": params.staff,
        "smooth": params.smooth,
        "mix": params.mix == "each",
        "objective": params.objective not in ("stations", "cycle", "feasible"),
    }
    return [field for field, given in asked.items() if given]


def balance_timed(job: Job, params: BalanceParams, ctx: Context, until: int) -> Found:
    """Balance a line whose tasks have a start."""
    search = _search(job, params, ctx, until)
    return _shortest(job, search) if params.objective == "cycle" else _fewest(job, params, search)


def _search(job: Job, params: BalanceParams, ctx: Context, until: int) -> Search:
    """Pose the job for as many stations as can be of use."""
    line, losses = job.line, _losses(job.line) if params.rules else None
    fixed = [number for one in line.rules.fixed for number in one.stations] if params.rules else []
    most = job.stations or len(job.times) + max(fixed, default=0)
    unit = gcd(*job.times.tolist(), *(losses.ravel().tolist() if losses is not None else ())) or 1
    worst = 0 if losses is None else int(losses.max(axis=0).sum())
    cycle = int(job.times.sum()) + worst if params.objective == "cycle" else job.cycle
    given = assigning(job, most, rules=params.rules)
    given = replace(given, times=job.times[None, :] // unit, cycle=cycle // unit)
    sides = np.array([SIDES[task.side] for task in line.tasks]) if line.shape == "two-sided" else None
    timed = Timed(given, sides, None if losses is None else losses // unit)
    return Search(timed, work_around(timed), unit, ctx, until)


def _losses(line: Line) -> Ints | None:
    """Give what is lost between tasks, whole microseconds, shape (n, n); of equal rules the longest."""
    setups: dict[tuple[str, str], int] = {}
    for setup in line.rules.setups:
        setups[setup.task, setup.then] = max(whole(setup.time), setups.get((setup.task, setup.then), 0))
    walks: dict[tuple[str, str], int] = {}
    for walk in line.rules.walks:
        walks[walk.zone, walk.then] = max(whole(walk.time), walks.get((walk.zone, walk.then), 0))

    def lost(one: Task, then: Task) -> int:
        return setups.get((one.id, then.id), 0) + walks.get((one.zone, then.zone), 0)

    found = np.array([[lost(one, then) for then in line.tasks] for one in line.tasks], np.int64)
    return found if found.any() else None


def _fewest(job: Job, params: BalanceParams, search: Search) -> Found:
    """Search for the fewest stations, and on two sides for the fewest places of these."""
    top, explored = search.timed.given.most, 0
    least, proof = stations_needed(search.timed, search.work), _COMPUTED
    best = _greedy(search, least) if least <= top else None
    most = _stations(search, best) - 1 if best is not None else min(top, least + SPARE)
    enough = best is not None and params.objective == "feasible"
    while least <= most and not enough:
        posed, answer = _tried(search, most, least)
        explored += answer.branches
        if answer.status == "infeasible":
            least, proof = most + 1, "exhausted"
            most = most if best is not None else min(top, 2 * most)
            continue
        bound = round(np.ceil((answer.bound or 0) - 1e-6))
        if bound > least:
            least, proof = bound, "exhausted"
        if posed is not None and answer.values:
            best = posed.scheduled(answer.values)
        break
    found = _found(job, search, best, least, proof, explored)
    if best is None or search.timed.sides == 1 or params.objective != "stations":
        return replace(found, impossible=best is None and least > top)
    return _with_fewest_places(job, search, best, found)


def _tried(search: Search, most: int, least: int) -> tuple[PosedTimes | None, cpsat.FlagAnswer]:
    """Ask CP-SAT for the fewest stations from `least` to `most`; lines too large for it stay open."""
    timed = search.within(most, least=least)
    if _meetings(timed, search.work) > LARGEST:
        return None, NOTHING
    posed = pose_times(timed, search.work)
    if posed is not None:
        fewest_stations(posed)
    return posed, solved(posed, search.ctx, search.until)


def _meetings(timed: Timed, work: Work) -> int:
    """Give how many pairs of tasks can meet at a place."""
    held = np.zeros(timed.given.most, np.int64)
    for window in windows(timed, work):
        held[window.start : max(window.start, window.stop)] += 1
    return int(held @ held) * timed.sides


def _greedy(search: Search, least: int) -> Scheduled | None:
    """Give the best of some lines of the greedy rule: fewest stations, then fewest places."""
    best: Scheduled | None = None
    fewest, goal = (search.timed.given.most + 1, 0), (least, max(least, places_needed(search.timed)))
    for turn, line in enumerate(attempts(search.timed, search.work, search.ctx.seed)):
        search.ctx.progress(0.1, f"best {fewest[0]} stations, at least {least}")
        if line is not None:
            count = (_stations(search, line), len(np.unique(line.place)))
            best, fewest = (line, count) if count < fewest else (best, fewest)
        if turn >= TRIES or fewest <= goal or search.ctx.clock() >= search.until:
            break
    return best


def _stations(search: Search, line: Scheduled) -> int:
    return int(line.place.max()) // search.timed.sides + 1


def _with_fewest_places(job: Job, search: Search, best: Scheduled, found: Found) -> Found:
    """Search for fewer places at as many stations."""
    stations, count = _stations(search, best), len(np.unique(best.place))
    least = places_needed(search.timed)
    timed = search.within(stations, least=min(found.bound, stations))
    answer = NOTHING
    if count > least and _meetings(timed, search.work) <= LARGEST:
        posed = pose_times(timed, search.work)
        if posed is not None:
            fewest_places(posed, least)
            posed.start_from(best, timed.given.cycle)
            answer = solved(posed, search.ctx, search.until)
            best = posed.scheduled(answer.values) if answer.values else best
    least = max(least, round(np.ceil((answer.bound or 0) - 1e-6)))
    course = replace(_course(search, best), places_bound=least)
    placed = _found(job, search, best, found.bound, found.proof, found.explored + answer.branches)
    return replace(placed, course=course)


def _shortest(job: Job, search: Search) -> Found:
    """Search for the shortest cycle of so many stations."""
    most, explored = search.timed.given.most, 0
    low, proof = shortest_cycle(search.timed, search.work), _COMPUTED
    best, cycle = _quick(search, low)
    top = search.timed.given.cycle if best is None else cycle - 1
    if low <= top and _meetings(search.timed, search.work) <= LARGEST:
        posed = pose_times(search.within(most, shortest=low, cycle=top), search.work)
        if posed is not None:
            shortest(posed)
        answer = solved(posed, search.ctx, search.until)
        explored = answer.branches
        bound = top + 1 if answer.status == "infeasible" else round(np.ceil((answer.bound or 0) - 1e-6))
        if bound > low:
            low, proof = bound, "exhausted"
        if posed is not None and answer.values and posed.pace is not None:
            best, cycle = posed.scheduled(answer.values), answer.values[posed.pace]
    found = _found(job, search, best, most, proof, explored)
    impossible = best is None and low > search.timed.given.cycle
    return replace(found, cycle=cycle * search.unit, cycle_bound=low * search.unit, impossible=impossible)


def _quick(search: Search, low: int) -> tuple[Scheduled | None, int]:
    """Give a line of a short cycle by the greedy rule, and its cycle."""
    found: tuple[Scheduled | None, int] = (None, search.timed.given.cycle)
    for found in quick_lines(search.timed, search.work, low, search.ctx.seed):
        said = f"best cycle {seconds(found[1] * search.unit)} s, at least {seconds(low * search.unit)} s"
        search.ctx.progress(0.1, said)
        if search.ctx.clock() >= search.until:
            break
    return found


def _found(
    job: Job, search: Search, best: Scheduled | None, bound: int, proof: Proof, explored: int
) -> Found:
    if best is None:
        return Found(None, bound, job.cycle, None, proof, explored)
    station = best.place // search.timed.sides
    places = np.bincount(np.unique(best.place) // search.timed.sides)
    course = _course(search, best)
    return Found(
        station, bound, job.cycle, None, proof, explored, places=np.maximum(1, places), course=course
    )


def _course(search: Search, best: Scheduled) -> Course:
    """Give the course of a cycle, every task as early as it can be."""
    timed, line = search.timed, settled(search.timed, best)
    lost = np.zeros_like(line.begin)
    for turn in line.turns():
        for one, then in zip((*turn[-1:], *turn[:-1]), turn, strict=True):
            lost[then] = timed.loss(one, then)
    unit, side = search.unit, line.place % timed.sides
    return Course(side, line.begin * unit, line.rank, lost * unit, sided=timed.side is not None)
