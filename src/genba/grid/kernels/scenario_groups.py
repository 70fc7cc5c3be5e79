"""Scenarios of a block by one call of a kernel, eight at a time, where limits and slack need not settle."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.lane_states import RUNNING, SOLVED, STOPPED, First, Grid, Task, Work
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.newton_lanes import advance, standing
from genba.grid.kernels.scenario_figures import FIGURES, PLACES, write_figures
from genba.grid.kernels.scenario_lanes import Columns, Fixture, Posed, pose
from genba.num.jit import borrowing
from genba.num.lu.lanes import LANES


class Base(NamedTuple):
    """Where every scenario starts.

    Arguments:
        vm: magnitudes, shape (n,), p.u.
        angles: angles, rad, their cosines and sines, shape (3, n).
        side: reactive limits held, shape (n,).
        chord: whether the grid's factors are those of this start.
        ports: two-ports of the branches by parts, shape (m, 8).
        y: entries of Y, shape (nnz, 2).
    """

    vm: Floats
    angles: Floats
    side: Ints
    chord: bool
    ports: Floats
    y: Floats


class Group(NamedTuple):
    """Room for what is known of eight scenarios beside their states.

    Arguments:
        rows: the scenarios, by row of the block, shape (8,).
        running: RUNNING for lanes that hold one, shape (8,).
        chord: 1 for lanes that begin with the factors of the base, shape (8,).
        stands: whether no bus of a lane has collapsed, shape (8,).
        figures, places: see `scenario_figures`.
    """

    rows: Ints
    running: Ints
    chord: Ints
    stands: Bools
    figures: Floats
    places: Ints


def group_of() -> Group:
    """Give room for eight scenarios."""
    rows, running, chord = np.empty((3, LANES), np.int64)
    figures, places = np.empty((FIGURES, LANES)), np.empty((PLACES, LANES), np.int64)
    return Group(rows, running, chord, np.empty(LANES, np.bool_), figures, places)


class Noted(NamedTuple):
    """What scenarios show, by row of the block: see `scenario_blocks.Answers`."""

    solved: Bools
    steps: Ints
    figures: Floats
    places: Ints


@borrowing
def solve_groups(
    grid: Grid,
    fixture: Fixture,
    columns: Columns,
    base: Base,
    members: Ints,
    p: Floats,
    group: int,
    last: int,
    afresh: bool,
    work: Work,
    posed: Posed,
    now: Group,
    vm: Floats,
    noted: Noted,
    tolerance: float,
    factorisations: int,
    smallest_step: float,
    lowest: float,
    most: int,
) -> tuple[int, bool]:
    """Solve groups of eight scenarios until `last` or, after about `most` steps, sooner.

    Arguments:
        grid: what all share.
        fixture: what no scenario changes.
        columns: of the block.
        base: where they start.
        members: the scenarios, by row of the block, shape (k,).
        p: active output asked of each unit, shape (k, g), p.u.
        group: where to begin; a group is eight members, the last one what is left.
        last: where to end.
        afresh: whether the first group begins now; otherwise it goes on from `work`.
        work, posed, now, vm: room of this thread.
        noted: where the answers go.
        tolerance: largest mismatch accepted.
        factorisations: how many steps with factors of its own a scenario may take.
        smallest_step: share of a step below which the search for less mismatch is given up.
        lowest: voltage magnitude below which a bus has collapsed, p.u.
        most: steps.

    Returns:
        The group to go on with, and whether it begins afresh.
    """
    left = most
    while group < last and left > 0:
        for lane in range(LANES):
            member = LANES * group + lane
            now.rows[lane] = members[min(member, len(members) - 1)]
            now.running[lane] = RUNNING if member < len(members) else STOPPED
            now.chord[lane] = 1 if base.chord else 0
        if afresh:
            _begin(base, p, LANES * group, posed, vm)
            pose(fixture, columns, now.rows, posed, vm)
        task = Task(base.y, posed.scheduled, posed.free_magnitude, posed.share)
        first = First(vm, base.angles, now.running, now.chord, False)
        before = 0 if afresh else _steps(work)
        if advance(grid, task, work, first, afresh, tolerance, factorisations, smallest_step, left, left):
            return group, False
        left -= _steps(work) - before + 1
        at = work.counts[2 * LANES]
        standing(work.polar[at], fixture.island, lowest, now.stands)
        v, slack = work.v[at], work.slack[at]
        write_figures(fixture, columns, now.rows, posed, v, slack, base.ports, now.figures, now.places)
        for lane in range(min(LANES, len(members) - LANES * group)):
            _note(work, now, noted, lane)
        group, afresh = group + 1, True
    return group, True


@borrowing
def _steps(work: Work) -> int:
    """Give how many steps the slowest lane has taken."""
    most = 0
    for lane in range(LANES):
        most = max(most, work.counts[lane])
    return most


@borrowing
def _note(work: Work, now: Group, noted: Noted, lane: int) -> None:
    """Write what a lane shows at its scenario's row."""
    row = now.rows[lane]
    noted.steps[row] = work.counts[lane]
    if work.status[lane] == SOLVED and now.stands[lane]:
        noted.solved[row] = True
        for figure in range(FIGURES):
            noted.figures[row, figure] = now.figures[figure, lane]
        for place in range(PLACES):
            noted.places[row, place] = now.places[place, lane]


@borrowing
def _begin(base: Base, p: Floats, member: int, posed: Posed, vm: Floats) -> None:
    """Write outputs, limits held and first magnitudes of a group."""
    for k in range(p.shape[1]):
        for lane in range(LANES):
            posed.p[k, lane] = p[min(member + lane, len(p) - 1), k]
    for bus in range(len(base.vm)):
        for lane in range(LANES):
            posed.side[bus, lane], vm[0, bus, lane] = base.side[bus], base.vm[bus]


__all__ = ["Base", "Group", "Noted", "group_of", "solve_groups"]
