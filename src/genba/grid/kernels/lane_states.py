"""Eight power flows side by side as kernels see them: what they share, what each solves, where they stand."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Floats, Ints
from genba.num.lu.factor import Factors, factors_of
from genba.num.lu.lanes import LANES, aligned
from genba.num.lu.structure import Structure

RUNNING, SOLVED, STOPPED = 0, 1, 2
"""What a lane is."""
NO_FACTORS, BASES, OWN = 0, 1, 2
"""With which factors a lane goes on: it needs new ones, with the base's, or with those of its own."""


class Grid(NamedTuple):
    """What all lanes share; n buses, nnz entries of Y.

    Arguments:
        structure: order of elimination and pattern of the Jacobian's factors.
        indptr: first entry of Y's rows, shape (n + 1,).
        cols: column of each entry, shape (nnz,).
        diagonal: entry of each bus on the diagonal, shape (n,).
        island: island of each bus, 0 when de-energised.
        free_angle: 1 where a bus's angle is unknown, else 0, shape (n,).
        distributed: whether more than the reference buses produce slack.
        factors: those of the base's Jacobian.
    """

    structure: Structure
    indptr: Ints
    cols: Ints
    diagonal: Ints
    island: Ints
    free_angle: Floats
    distributed: bool
    factors: Factors


class Task(NamedTuple):
    """What each lane is to solve.

    Arguments:
        y: entries of Y, real and imaginary, shape (nnz, 2), or (nnz, 2, 8) where they differ by lane.
        scheduled: power injected by units less demand, active and reactive, shape (2, n, 8), p.u.
        free_magnitude: 1 where a bus's magnitude is unknown, else 0, shape (1, n, 8).
        share: what part of its island's slack a bus produces, shape (1, n, 8).
    """

    y: Floats
    scheduled: Floats
    free_magnitude: Floats
    share: Floats


class Flat(NamedTuple):
    """Arrays of `Work` once more, in the same memory, buses and lanes in one axis: for loops over both.

    Arguments:
        polar, v: shape (2, 2, 8 n).
        turn: shape (2, 8 n).
    """

    polar: Floats
    v: Floats
    turn: Floats


class Work(NamedTuple):
    """Where the lanes stand, and room. The first axis of some is 2: where they stand, and what is tried.

    Arguments:
        polar: angles and magnitudes, shape (2, 2, n, 8).
        v: real and imaginary voltages, shape (2, 2, n, 8).
        excess: power beyond what is scheduled, slack included, shape (2, 2, n, 8).
        slack: power that each island's units add, shape (2, islands + 1, 8).
        sizes: largest mismatch and norm, shape (2, 2, 8).
        status: RUNNING, SOLVED or STOPPED, shape (8,).
        chord: NO_FACTORS, BASES or OWN: those with which a lane goes on, shape (8,).
        counts: steps, shape (8,), then factorisations, shape (8,), then where they stand (0 or 1).
        length: share of a step that is tried, shape (8,).
        turn: changes of angle and magnitude that are tried, shape (2, n, 8).
        step: by position, shape (n, 2, 8).
        answer: step per unit of slack, by position, shape (n, 2, 8).
        felt: how slack answers to a step and to itself, shape (2, islands + 1, 8).
        blocks: the Jacobians, shape (nnz, 4, 8).
        factors: theirs.
        failed: position without an inverse, shape (8,).
        flat: some of this without the axis of lanes.
    """

    polar: Floats
    v: Floats
    excess: Floats
    slack: Floats
    sizes: Floats
    status: Ints
    chord: Ints
    counts: Ints
    length: Floats
    turn: Floats
    step: Floats
    answer: Floats
    felt: Floats
    blocks: Floats
    factors: Factors
    failed: Ints
    flat: Flat


class First(NamedTuple):
    """Where the lanes begin.

    Arguments:
        vm: first magnitudes, shape (1, n, 8).
        angles: first angles, their cosines and sines, which all share, shape (3, n).
        status: RUNNING for lanes that take part, shape (8,).
        chord: BASES for lanes whose unknowns are those of the base's factors, else NO_FACTORS, shape (8,).
        again: whether to keep the angles where the lanes stand instead.
    """

    vm: Floats
    angles: Floats
    status: Ints
    chord: Ints
    again: bool


class Ended(NamedTuple):
    """States of lanes that have ended.

    Arguments:
        v: real and imaginary voltages, shape (2, n, 8).
        polar: angles and magnitudes, shape (2, n, 8).
        excess: power that leaves each bus beyond what is scheduled, slack included, shape (2, n, 8).
        slack: power that each island's units add, shape (islands + 1, 8).
    """

    v: Floats
    polar: Floats
    excess: Floats
    slack: Floats


def work_of(grid: Grid) -> Work:
    """Give room for eight lanes."""
    n, entries, islands = len(grid.diagonal), len(grid.cols), int(grid.island.max(initial=0)) + 1
    polar, v, turn = aligned(2, 2, n), aligned(2, 2, n), aligned(2, n)
    flat = Flat(polar.reshape(2, 2, -1), v.reshape(2, 2, -1), turn.reshape(2, -1))
    return Work(
        polar=polar,
        v=v,
        excess=aligned(2, 2, n),
        slack=np.empty((2, islands, LANES)),
        sizes=np.empty((2, 2, LANES)),
        status=np.empty(LANES, np.int64),
        chord=np.empty(LANES, np.int64),
        counts=np.empty(2 * LANES + 1, np.int64),
        length=np.empty(LANES),
        turn=turn,
        step=aligned(n, 2),
        answer=aligned(n, 2),
        felt=np.empty((2, islands, LANES)),
        blocks=aligned(entries, 4),
        factors=factors_of(grid.structure, lanes=True),
        failed=np.empty(LANES, np.int64),
        flat=flat,
    )
