"""The program of an assignment: every rule of the line over flags of tasks at positions, for CP-SAT."""

from collections.abc import Callable

from genba.line.kernels.assignment_loads import deepen, load, spread, staff
from genba.line.kernels.assignment_model import Assigning, Posed, Terms, at_most, equal_to, here
from genba.line.kernels.assignment_windows import windows
from genba.line.kernels.precedence import closure, reduced
from genba.num.solvers.cpsat import FlagProgram

WIDE = 40
"""Positions of a window beyond which sums over it have columns of their own."""


def pose(given: Assigning, look: Callable[[], None] = lambda: None) -> Posed | None:
    """Ask for any assignment; None when a task has no position left.

    Arguments:
        given: tasks, stations and rules.
        look: is called now and then, and may raise to end it.
    """
    seen = windows(given)
    if any(not window for window in seen):
        return None
    posed = _columns(given, seen)
    posed.program.one_of += [tuple(row.values()) for row in posed.at]
    at_most(posed.program, [(flag, 1) for flag in posed.used], given.most)
    at_most(posed.program, [(column, 1) for column in posed.added], given.spare)
    if given.least:
        at_most(posed.program, [(column, -1) for column in (*posed.used, *posed.added)], -given.least)
    for station in range(given.stations):
        look()
        load(posed, given, station)
    for ask in (_precede, deepen, staff, spread, _group, _fill_in_order):
        look()
        ask(posed, given)
    return posed


def _columns(given: Assigning, seen: list[tuple[int, ...]]) -> Posed:
    program, stations, deeper = FlagProgram(), range(given.stations), given.deeper
    paced = given.shortest is not None
    at = tuple({p: program.column(0, 1) for p in window} for window in seen)
    known = 0 if deeper else given.least  # with one place each, the first ones are open
    used = tuple(program.column(int(s < known), 1) for s in stations)
    added = tuple(program.column(0, deeper) for _ in stations if deeper)
    pace = program.column(given.shortest or 0, given.cycle) if paced else None
    depth = tuple(
        tuple(program.column(0, 1) for _ in range(deeper + 1)) for _ in stations if paced and deeper
    )
    staffed = tuple(tuple(program.column(0, 1) for _ in given.resources) for _ in stations)
    most = int(given.places.max()) + deeper
    heads = tuple(tuple(program.column(0, most) for _ in row) for row in staffed) if most > 1 else staffed
    work = 0 if given.variants is None else int(given.variants.sum(axis=1).max())
    gaps = tuple((program.column(0, work), program.column(0, work)) for _ in stations if work)
    return Posed(program, at, used, added, pace, depth, staffed if given.resources else (), heads, gaps)


def _precede(posed: Posed, given: Assigning) -> None:
    """Ask that what is done by a position has all its direct predecessors done by then."""
    before = closure(given.tasks, given.start, given.end)
    start, end = reduced(given.start, given.end, before)
    by = [_done_by(posed.program, row) for row in posed.at]
    for one, other in zip(start.tolist(), end.tolist(), strict=True):
        last = max(posed.at[one])
        for p in posed.at[other]:
            if p < last:
                sooner = [(column, -factor) for column, factor in _until(by[one], p)]
                at_most(posed.program, [*by[other][p], *sooner], 0)


def _done_by(program: FlagProgram, row: dict[int, int]) -> dict[int, Terms]:
    """Give, for each position of a window, a sum that is 1 where the task is done by then.

    Wide windows have a column for it, because sums over all positions up to each grow with the square.
    """
    found: dict[int, Terms] = {}
    done: Terms = []
    for position in sorted(row):
        done = [*done, (row[position], 1)]
        if len(row) > WIDE:
            column = program.column(0, 1)
            equal_to(program, [*done, (column, -1)], 0)
            done = [(column, 1)]
        found[position] = done
    return found


def _until(by: dict[int, Terms], position: int) -> Terms:
    """Give the sum for the last position of a window up to one; nothing before the window."""
    if position in by:
        return by[position]
    earlier = [p for p in by if p <= position]
    return by[max(earlier)] if earlier else []


def _group(posed: Posed, given: Assigning) -> None:
    """Keep tasks together and apart."""
    for station in range(given.stations):
        for group in given.together:
            lead = [(flag, 1) for flag in here(posed, given, group[0], station)]
            for task in group[1:]:
                both = [*lead, *((flag, -1) for flag in here(posed, given, task, station))]
                equal_to(posed.program, both, 0)
        for group in given.apart:
            at_most(
                posed.program,
                [(flag, 1) for task in set(group) for flag in here(posed, given, task, station)],
                1,
            )


def _fill_in_order(posed: Posed, given: Assigning) -> None:
    """Open new stations that stand side by side in their order, since they are all alike."""
    for station in range(1, given.stations):
        if given.new[station] and given.new[station - 1]:
            at_most(posed.program, [(posed.used[station], 1), (posed.used[station - 1], -1)], 0)
