"""Search, comparison and frontier of designs: which places belong where, and how many are enough."""

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
"""Other numbers of places that are shown, over those of the selected design."""
TURNS = 6
"""Most numbers of places that are compared before fewest places are left open."""


@dataclass(frozen=True, eq=False)
class Found:
    """Designs that were compared, the selected one first, and how that went.

    Arguments:
        designs: the finalists.
        selection: how they were compared, in that order.
        fewer: the design selected with one place fewer and what was observed of it; none where none was.
    """

    designs: list[Design]
    selection: Selection
    fewer: tuple[tuple[Design, Floats], ...] = ()


def selected(
    task: Task, trials: Trials, search: Search, totals: tuple[int, ...], late: Callable[[], bool]
) -> Found:
    """Search designs of these totals and select the best; the comparison ends when it is `late`."""
    params = task.params
    starts = [spread(task.space, totals, task.likeness), spread(task.space, totals, task.weights)]
    for start in filter(task.space.holds, dict.fromkeys(starts)):
        search.climb(start)
    designs = search.best(params.finalists, totals)
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
    """Find the fewest places whose selected design leaves no more than `cycle` between departures, s.

    Returns:
        What was compared at that number, and whether it is known to be the fewest (or never enough).
    """
    places = _first_enough(lambda some: _cost(task, search, some) <= cycle, task.most, search.late)
    seen: dict[int, Found] = {}
    for _ in range(TURNS):
        if places not in seen:
            seen[places] = selected(task, trials, search, task.with_places(places), late)
        enough = _mean(seen[places]) <= cycle
        if search.late() or late():
            return seen[places], False
        if not enough and places == task.most:
            return _beside(seen, places), True
        if enough and (places == 0 or (places - 1 in seen and _mean(seen[places - 1]) > cycle)):
            return _beside(seen, places), True
        places += -1 if enough else 1
    return seen[max(seen)], False


def _beside(seen: dict[int, Found], places: int) -> Found:
    """Give what was selected, with what one place fewer was selected to."""
    if places - 1 not in seen:
        return seen[places]
    less = seen[places - 1]
    return replace(seen[places], fewer=((less.designs[0], less.selection.observed[0]),))


def _mean(found: Found) -> float:
    return float(found.selection.observed[0].mean())


def _cost(task: Task, search: Search, places: int) -> float:
    """Give the least mean time between departures that the search finds with some places, s."""
    design = search.climb(spread(task.space, task.with_places(places), task.weights))
    return float(search.means([design])[0])


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
    """Give good designs of other numbers of places."""
    places = task.totals_of(found.designs[0])[0]
    wanted = {min(round(share * places), task.most) for share in OTHERS}
    wanted -= {task.space.total(design, 0) for design, _ in found.fewer}
    designs = []
    for some in sorted(wanted - {places}):
        start = spread(task.space, task.with_places(some), np.array(found.designs[0]) + 0.25)
        if task.space.holds(start):
            designs.append(start if search.late() else search.climb(start))
    return designs


__all__ = ["FIRST", "FRESH", "Found", "fewest", "frontier", "selected"]
