"""Search, comparison and frontier of designs: which places belong where, and how many are enough.

Designs are asked for by level: a number of places, or so many times the smallest price.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.buffer_search import Search, spread
from genba.line.kernels.design_trials import Design, Trials
from genba.line.kernels.random_blocks import LANES
from genba.line.kernels.ranking_selection import Selection, select
from genba.line.operations.buffers_task import Task

Floats = NDArray[np.float64]
FRESH = 4096
"""First group of the comparison: other replications than those by which finalists were found."""
FIRST = 2
"""Groups of its first stage, and of designs that are not compared."""
OTHERS = (0.0, 0.5, 1.5, 2.0)
"""Other numbers of places, or budgets, that are shown, over those of the selected design."""
TURNS = 6
"""Most levels that are compared before the least one is left open."""


@dataclass(frozen=True, eq=False)
class Found:
    """Designs that were compared, the selected one first, and how that went.

    Arguments:
        designs: the finalists.
        selection: how they were compared, in that order.
        fewer: the design selected a level lower and what was observed of it; none where none was.
    """

    designs: list[Design]
    selection: Selection
    fewer: tuple[tuple[Design, Floats], ...] = ()


@dataclass(frozen=True, eq=False)
class Aim:
    """Where to search.

    Arguments:
        search: the search, within its limits.
        totals: of the designs that are meant, by kind; none: of any.
        starts: designs to begin with.
    """

    search: Search
    totals: tuple[int, ...] | None
    starts: tuple[Design, ...]

    def climb(self) -> list[Design]:
        """Give where the search ends from each start; time that is up leaves out the later ones."""
        starts = [start for start in dict.fromkeys(self.starts) if self.search.space.holds(start)]
        ends = [self.search.climb(starts[0])] if starts else []
        return ends + [self.search.climb(start) for start in starts[1:] if not self.search.late()]


def aim_at(task: Task, search: Search, level: int) -> Aim:
    """Give where to search for the best designs of a level."""
    if task.for_money:
        return aim_for(task, search, level * unit_price(task))
    totals = task.with_places(level)
    return Aim(
        search, totals, (spread(task.space, totals, task.likeness), spread(task.space, totals, task.weights))
    )


def aim_for(task: Task, search: Search, budget: float) -> Aim:
    """Give where to search for the best designs within a budget: from today's on, and the best known."""
    within = replace(search, space=task.within(budget), price=task.cost)
    return Aim(within, None, (*within.best(1, None), task.start))


def unit_price(task: Task) -> float:
    """Give the smallest price there is."""
    return float(task.prices[task.prices > 0].min())


def best_of(task: Task, search: Search) -> Aim:
    """Give where to search for the most throughput: of the places there are to spread, or of the budget."""
    budget = task.params.budget
    return aim_at(task, search, task.totals[0]) if budget is None else aim_for(task, search, budget)


def selected(task: Task, trials: Trials, aim: Aim, late: Callable[[], bool]) -> Found:
    """Search designs and select the best; the comparison ends when it is `late`."""
    params = task.params
    aim.climb()
    designs = aim.search.best(params.finalists, aim.totals)
    selection = select(
        lambda rows, group: trials.observe(
            [designs[row] for row in rows], range(FRESH + group, FRESH + group + 1)
        ),
        len(designs),
        zone=lambda best: best * params.indifference / 100,
        confidence=params.confidence / 100,
        first=FIRST,
        most=params.replications // LANES,
        late=late,
    )
    first = selection.selected
    order = [first, *(row for row in range(len(designs)) if row != first)]
    return Found([designs[row] for row in order], selection.ordered(order))


def fewest(
    task: Task, trials: Trials, search: Search, cycle: float, late: Callable[[], bool]
) -> tuple[Found, bool]:
    """Find the lowest level whose selected design leaves no more than `cycle` between departures, s.

    Returns:
        What was compared at that level, and whether it is known to be the lowest (or never enough).
    """
    most = _most(task)
    level = _first_enough(lambda some: _least(aim_at(task, search, some)) <= cycle, most, search.late)
    seen: dict[int, Found] = {}
    for _ in range(TURNS):
        if level not in seen:
            seen[level] = selected(task, trials, aim_at(task, search, level), late)
        enough = _mean(seen[level]) <= cycle
        if search.late() or late():
            return seen[level], False
        if not enough and level == most:
            return _beside(seen, level), True
        if enough and (level == 0 or (level - 1 in seen and _mean(seen[level - 1]) > cycle)):
            return _beside(seen, level), True
        level += -1 if enough else 1
    return seen[max(seen)], False


def _most(task: Task) -> int:
    """Give the highest level: all places, or all that the budget allows."""
    if not task.for_money:
        return task.most
    full = task.cost(tuple(task.within(math.inf).most.tolist()))
    allowed = full if task.params.budget is None else min(full, task.params.budget)
    return math.ceil(allowed / unit_price(task))


def _beside(seen: dict[int, Found], level: int) -> Found:
    """Give what was selected, with what a level lower was selected to."""
    if level - 1 not in seen:
        return seen[level]
    less = seen[level - 1]
    return replace(seen[level], fewer=((less.designs[0], less.selection.observed[0]),))


def _mean(found: Found) -> float:
    return float(found.selection.observed[0].mean())


def _least(aim: Aim) -> float:
    """Give the least mean time between departures that the search finds, s."""
    return float(aim.search.means(aim.climb()).min())


def _first_enough(enough: Callable[[int], bool], most: int, late: Callable[[], bool]) -> int:
    """Give the smallest number that is enough, or `most`; more is never less."""
    low, high = -1, 1
    while high < most and not late() and not enough(high):
        low, high = high, 2 * high
    high = min(high, most)
    while high - low > 1 and not late():
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def frontier(task: Task, search: Search, found: Found) -> list[Design]:
    """Give good designs of other numbers of places, or of other budgets."""
    if task.for_money:
        return _frontier_for_money(task, search, found)
    places = task.totals_of(found.designs[0])[0]
    wanted = {min(round(share * places), task.most) for share in OTHERS}
    wanted -= {task.space.total(design, 0) for design, _ in found.fewer}
    designs = []
    for some in sorted(wanted - {places}):
        start = spread(task.space, task.with_places(some), np.array(found.designs[0]) + 0.25)
        if task.space.holds(start):
            designs.append(start if search.late() else search.climb(start))
    return designs


def _frontier_for_money(task: Task, search: Search, found: Found) -> list[Design]:
    spent = max(task.cost(found.designs[0]), unit_price(task))
    designs = []
    for share in OTHERS:
        aim = aim_for(task, search, share * spent)
        if not search.late():
            aim.climb()
        designs += aim.search.best(1, None)
    shown = (found.designs[0], *(design for design, _ in found.fewer))
    return [design for design in dict.fromkeys(designs) if design not in shown]


__all__ = ["FIRST", "FRESH", "Found", "best_of", "fewest", "frontier", "selected"]
