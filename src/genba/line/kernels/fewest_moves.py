"""The fewest moved tasks, or the least cost of moving, from one assignment to another."""

from dataclasses import dataclass

import numpy as np

from genba.line.kernels.assignment_model import Assigning, Posed, Terms, at_most, here, minimise
from genba.line.kernels.assignment_rules import pose
from genba.line.kernels.bits import Ints


@dataclass(frozen=True, eq=False)
class Moving:
    """What is there today, and what changes cost, whole numbers.

    Arguments:
        today: station of each task; -1 for one that is new and so is not moved, shape (n,).
        move: cost of moving each task, shape (n,).
        opening: cost of a new station.
        place: cost of one more place at a station.
        limit: largest cost of all changes; None: any.
        by_cost: whether cost is minimised, and moves among equal costs; else moves alone.
    """

    today: Ints
    move: Ints
    opening: int = 0
    place: int = 0
    limit: int | None = None
    by_cost: bool = False


def pose_moves(given: Assigning, moving: Moving) -> Posed | None:
    """Ask for the least change; None when a task has no position left."""
    posed = pose(given)
    if posed is None:
        return None
    moved = _moved(posed, given, moving.today)
    cost: Terms = [(flag, int(moving.move[task])) for flag, task in moved if moving.move[task]]
    cost += [(posed.used[s], moving.opening) for s in np.flatnonzero(given.new) if moving.opening]
    cost += [(column, moving.place) for column in posed.added if moving.place]
    if moving.limit is not None:
        at_most(posed.program, cost, moving.limit)
    moves: Terms = [(flag, 1) for flag, _ in moved]
    weight = step(given)
    scaled = [(column, factor * weight) for column, factor in cost] if moving.by_cost else []
    minimise(posed.program, [*moves, *scaled])
    return posed


def step(given: Assigning) -> int:
    """Give what a unit of cost weighs against moves: more than all moves together."""
    return given.tasks + 1


def _moved(posed: Posed, given: Assigning, today: Ints) -> list[tuple[int, int]]:
    """Give the flags of tasks at other stations than today's."""
    found = []
    for task, row in enumerate(posed.at):
        stays = here(posed, given, task, int(today[task]))
        if today[task] >= 0:
            found += [(flag, task) for flag in row.values() if flag not in stays]
    return found
