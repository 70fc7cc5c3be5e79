"""Scenarios of a block by one call of a kernel, eight at a time, where limits and slack need not settle."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.lane_states import RUNNING, SOLVED, STOPPED, First, Grid, Task, Work
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.newton_lanes import advance, standing
from genba.grid.kernels.scenario_figures import figures_of
from genba.grid.kernels.scenario_lanes import Columns, Fixture, Posed, pose
from genba.num.jit import kernel
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


class Noted(NamedTuple):
    """What scenarios show, by row of the block: see `scenario_blocks.Answers`."""

    solved: Bools
    steps: Ints
    figures: Floats
    places: Ints


@kernel
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
        work, posed, vm: room of this thread.
        noted: where the answers go.
        tolerance: largest mismatch accepted.
        factorisations: how many steps with factors of its own a scenario may take.
        smallest_step: share of a step below which the search for less mismatch is given up.
        lowest: voltage magnitude below which a bus has collapsed, p.u.
        most: steps.

    Returns:
        The group to go on with, and whether it begins afresh.
    """
    left, rows, running = most, np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    chord = np.full(LANES, 1 if base.chord else 0)
    while group < last and left > 0:
        for lane in range(LANES):
            member = min(LANES * group + lane, len(members) - 1)
            rows[lane] = members[member]
            running[lane] = RUNNING if LANES * group + lane < len(members) else STOPPED
        if afresh:
            _begin(base, p, LANES * group, posed, vm)
            pose(fixture, columns, rows, posed, vm)
        task = Task(base.y, posed.scheduled, posed.free_magnitude, posed.share)
        first = First(vm, base.angles, running, chord, False)
        before = 0 if afresh else work.counts[:LANES].max()
        if advance(grid, task, work, first, afresh, tolerance, factorisations, smallest_step, left):
            return group, False
        left -= work.counts[:LANES].max() - before + 1
        at = work.counts[2 * LANES]
        stands = standing(work.polar[at], fixture.island, lowest)
        shown = figures_of(fixture, columns, rows, posed, work.v[at], work.slack[at], base.ports)
        for lane in range(min(LANES, len(members) - LANES * group)):
            noted.steps[rows[lane]] = work.counts[lane]
            if work.status[lane] == SOLVED and stands[lane]:
                noted.solved[rows[lane]] = True
                noted.figures[rows[lane], :] = shown[0][:, lane]
                noted.places[rows[lane], :] = shown[1][:, lane]
        group, afresh = group + 1, True
    return group, True


@kernel
def _begin(base: Base, p: Floats, member: int, posed: Posed, vm: Floats) -> None:
    """Write outputs, limits held and first magnitudes of a group."""
    for lane in range(LANES):
        row = min(member + lane, len(p) - 1)
        for k in range(p.shape[1]):
            posed.p[k, lane] = p[row, k]
        for bus in range(len(base.vm)):
            posed.side[bus, lane], vm[bus, lane] = base.side[bus], base.vm[bus]


__all__ = ["Base", "Noted", "solve_groups"]
