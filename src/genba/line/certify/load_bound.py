"""The bound on stations by the weights of a linear program over all loads, for certificates.

Written apart from the kernels: loads are sets held in whole numbers, one bit for each task, and grow along an
order that precedence allows. Weights come from the program, but the bound does not rest on it: weights are
made whole numbers, and the most that any of the listed loads holds is found among them.
"""

from collections.abc import Iterator, Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
SCALE = 1 << 24
"""A load in the program is so many units of the whole numbers: finer than any search needs."""
LISTED, LONGEST = 100_000, 2_000
"""Loads and tasks at most; with more of them the bound is not computed."""


def stations_by_loads(
    times: Sequence[int], before: Sequence[frozenset[int]], cycle: int, *, most: int = LISTED
) -> int:
    """Give how many stations any line needs at least; 0 when there are too many tasks, or loads to list.

    Arguments:
        times: whole numbers, none above the cycle.
        before: all direct and indirect predecessors of each task.
        cycle: whole number, in the same unit.
        most: loads that are listed.
    """
    if len(times) > LONGEST:
        return 0
    unit = gcd(*times) or 1
    heads = np.zeros((len(times), len(times)), bool)  # heads[i, j]: j is before i
    for task, tasks in enumerate(before):
        heads[task, list(tasks)] = True
    order = np.argsort(heads.sum(axis=1), kind="stable")
    heads = heads[order][:, order]
    loads = _listed(np.array(times, np.int64)[order] // unit, heads, cycle // unit, most)
    if loads is None:
        return 0
    values = _weights(loads)
    whole = int((loads @ values).max())
    every = np.eye(len(times), dtype=bool)
    # what is before a task with it, and what is after it: no load is torn apart by such a set
    chains = np.vstack([np.ones(len(times), bool), every | heads, every | heads.T])
    return max(1, int((-(-(chains @ values) // whole)).max()))


def _listed(times: Ints, heads: NDArray[np.bool_], cycle: int, most: int) -> csr_array | None:
    """Give every load as a row of ones; None when there are more than `most`."""
    rows: list[list[int]] = []
    for load in _loads(times, heads, cycle):
        rows.append(load)
        if len(rows) > most:
            return None
    places = np.concatenate([np.array(row) for row in rows])
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return csr_array((np.ones(len(places), np.int64), places, starts), shape=(len(rows), len(times)))


def _loads(times: Ints, heads: NDArray[np.bool_], cycle: int) -> Iterator[list[int]]:
    """Yield the loads: what lies between two tasks of one is in it."""
    n = len(times)
    work = heads * times.astype(np.float64)
    between = work @ heads.astype(np.float64)  # exact: sums of whole numbers far below 2^53
    fits = times[:, None] + times + between + between.T <= cycle
    later = [_set(fits[one] & (np.arange(n) > one)) for one in range(n)]
    behind, ahead = [_set(heads[:, one]) for one in range(n)], [_set(heads[one]) for one in range(n)]
    waiting = [([one], 1 << one, int(cycle - times[one]), later[one], behind[one]) for one in range(n)]
    while waiting:
        load, chosen, room, rest, tails = waiting.pop()
        yield load
        while rest:
            one = (rest & -rest).bit_length() - 1
            rest &= rest - 1
            if times[one] <= room and not tails & ahead[one] & ~chosen:
                left = room - int(times[one])
                waiting.append(
                    ([*load, one], chosen | 1 << one, left, rest & later[one], tails | behind[one])
                )


def _set(flags: NDArray[np.bool_]) -> int:
    """Give flags as the bits of a whole number."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def _weights(loads: csr_array) -> Ints:
    """Give the dual of sharing all tasks out over loads, in whole numbers."""
    from scipy.optimize import linprog  # takes 0.2 s to import, and most certificates need no program

    count, n = loads.shape
    answer = linprog(np.ones(count), A_eq=csr_array(loads.T, dtype=np.float64), b_eq=np.ones(n))
    if answer.x is None:
        return np.ones(n, np.int64)  # still a bound: the most tasks of a load
    return np.asarray(np.floor(answer.eqlin.marginals * SCALE).astype(np.int64))
