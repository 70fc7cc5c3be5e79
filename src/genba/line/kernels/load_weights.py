"""Weights of tasks of which no load holds more than a whole: the strongest bound by linear programming.

The program of Gilmore and Gomory shares tasks out over loads. Its dual gives each task a weight, and the
weights of any tasks, summed and divided by the most that a load can hold, are a bound on their stations.
Where all loads can be listed precedence counts; elsewhere loads are what fits into the cycle, and those that
matter are found one by one with a knapsack. Weights are made whole numbers and the fullest load is found in
whole numbers, so that the bound holds whatever the program's tolerances.

Source: Gilmore and Gomory (1961), A linear programming approach to the cutting stock problem; Farley (1990)
for the bound on the way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genba.line.kernels.bits import Ints
from genba.line.kernels.knapsack import best_fit, fullest
from genba.line.kernels.station_sets import StationSets

Floats = NDArray[np.float64]
SCALE = 1 << 20
"""A whole load in the program is so many units of the whole numbers."""
LEAST = 1e-4
"""What a task counts in the program when it is not asked about: its weight serves other questions."""
KINDS = 40
"""Different times up to which the knapsack is used: more of them fill loads well, and weights say little."""
ROUNDS = 100
"""Loads that are found by the knapsack at most."""
GRID = 10_000
"""A longer cycle is cut into so many parts for the knapsack, times rounded down."""
TOLERANCE = 1e-6


class Weights(NamedTuple):
    """Weight of each task, shape (n,), and the most that a load holds."""

    values: Ints
    whole: int

    def stations(self, asked: NDArray[np.bool_]) -> int:
        """Give the bound on the stations of some tasks."""
        return -(-int(self.values[asked].sum()) // self.whole)


def listed_weights(sets: StationSets, asked: NDArray[np.bool_]) -> Weights | None:
    """Give the strongest weights for the tasks asked about, of loads that are all listed.

    Arguments:
        sets: every load.
        asked: which tasks, shape (n,).
    """
    n, count = len(asked), len(sets.indptr) - 1
    matrix = csr_array((np.ones(len(sets.task), np.int64), sets.task, sets.indptr), shape=(count, n))
    from scipy.optimize import linprog  # takes 0.2 s to import, and most lines need no program

    demand = np.where(asked, 1.0, LEAST)
    tasks = csr_array(matrix.T, dtype=np.float64)
    # parts of a load may be no load: where all tasks are asked about each is met exactly
    rows = {"A_eq": tasks, "b_eq": demand} if asked.all() else {"A_ub": -tasks, "b_ub": -demand}
    answer = linprog(np.ones(count), **rows, method="highs")
    if answer.x is None:
        return None
    dual = answer.eqlin.marginals if asked.all() else -answer.ineqlin.marginals
    values = np.floor(dual * SCALE).astype(np.int64)
    return Weights(values, int((matrix @ values).max()))


def knapsack_weights(times: Ints, cycle: int, asked: NDArray[np.bool_], beyond: int) -> Weights | None:
    """Give weights whose bound is more than `beyond` for the tasks asked about; None where there are none.

    Arguments:
        times: of all tasks, shape (n,).
        cycle: what a load may hold.
        asked: which tasks, shape (n,).
        beyond: bound that is known or of no use.
    """
    if cycle > GRID:
        times, cycle = times * GRID // cycle, GRID
    size, of = np.unique(times, return_inverse=True)
    if len(size) > KINDS or best_fit(size, np.bincount(of[asked], minlength=len(size)), cycle, beyond):
        return None
    held = np.minimum(np.bincount(of), cycle // np.maximum(size, 1))
    demand: Floats = np.bincount(of, np.where(asked, 1.0, LEAST)).astype(np.float64)
    loads = _first_loads(size, held, cycle)
    for _ in range(ROUNDS):
        answer = _dual(demand, np.array(loads))
        if answer is None or demand @ answer <= beyond:
            return None
        values = np.floor(answer * SCALE).astype(np.int64)
        load = np.zeros(len(size), np.int64)
        whole = int(fullest(values, size, held, cycle, load))
        found = Weights(values[of], whole)
        if found.stations(asked) > beyond:
            return found
        if whole <= SCALE * (1 + TOLERANCE):
            return None
        loads.append(load)
    return None


def _first_loads(size: Ints, held: Ints, cycle: int) -> list[Ints]:
    """Give for each time a load of as many as fit, filled up with the longest that still fit."""
    loads = []
    for first in range(len(size)):
        load, room = np.zeros(len(size), np.int64), cycle
        for kind in (first, *range(len(size) - 1, -1, -1)):
            more = min(int(held[kind] - load[kind]), room // max(1, int(size[kind])))
            load[kind] += more
            room -= more * int(size[kind])
        loads.append(load)
    return loads


def _dual(demand: Floats, loads: Ints) -> Floats | None:
    """Give the weights within 0..1 that maximise `demand weights` where no load holds more than 1."""
    from scipy.optimize import linprog  # as above

    answer = linprog(-demand, A_ub=loads, b_ub=np.ones(len(loads)), bounds=(0, 1), method="highs")
    return None if answer.x is None else np.asarray(answer.x)
