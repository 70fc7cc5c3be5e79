"""Where each task may be, from the work that must be done before and after it, as in SALBP.

Work is counted in stations that can be open: stations may be closed, and places for new ones may lie anywhere
between.
"""

import numpy as np

from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints, members
from genba.line.kernels.precedence import closure, transposed


def windows(given: Assigning) -> list[tuple[int, ...]]:
    """Give the positions at which each task may be."""
    first, last = _stations_needed(given)
    found = (_folded if given.folded else _straight)(given, first, last)
    everywhere = frozenset(range(given.stations))
    nobody = frozenset(range(given.tasks)).difference(*(one.able for one in given.resources))
    lost = nobody if given.resources else frozenset()
    return [
        ()
        if task in lost
        else tuple(p for p in window if given.station(p) in given.allowed.get(task, everywhere))
        for task, window in enumerate(found)
    ]


def _stations_needed(given: Assigning) -> tuple[list[int], list[int]]:
    """Give the stations that each task with all before it needs, and with all after it."""
    before = closure(given.tasks, given.start, given.end)
    room = np.empty(given.tasks, np.int64)
    times, full = given.fastest, given.cycle * int(given.places.max() + given.deeper)
    found: tuple[list[int], list[int]] = [], []
    for sets, needed in zip((before, transposed(before)), found, strict=True):
        for task, others in enumerate(sets):
            work = times[:, [task, *room[: members(others, room)]]].sum(axis=1).max()
            needed.append(max(1, -(-int(work) // full)))
    return found


def _straight(given: Assigning, first: list[int], last: list[int]) -> list[tuple[int, ...]]:
    openable = _openable(given.new, given.most)  # (stations,) that may be open up to each
    behind = _openable(given.new[::-1], given.most)[::-1]
    found = []
    for head, tail in zip(first, last, strict=True):
        places = np.flatnonzero((openable >= head) & (behind >= tail))
        fits = head + tail - 1 <= given.most and len(places)
        found.append(tuple(range(int(places[0]), int(places[-1]) + 1)) if fits else ())
    return found


def _folded(given: Assigning, first: list[int], last: list[int]) -> list[tuple[int, ...]]:
    """On the way in all before a task is done up to its station, on the way out all after it."""
    openable, stations = _openable(given.new, given.most), range(given.stations)
    return [
        (
            *(s for s in stations if openable[s] >= head),
            *sorted(2 * given.stations - 1 - s for s in stations if openable[s] >= tail),
        )
        for head, tail in zip(first, last, strict=True)
    ]


def _openable(new: Ints, most: int) -> Ints:
    """Give how many stations can be open up to each; of new ones no more than all that are asked for."""
    today = np.cumsum(1 - new)
    return np.asarray(np.minimum(today + np.minimum(np.cumsum(new), most), most))
