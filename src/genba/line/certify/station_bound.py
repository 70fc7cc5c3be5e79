"""Lower bounds on stations, for certificates: LB1 to LB3, dual feasible functions, work behind each task.

Written apart from the kernels: every function is stated as the share of a station that a task counts for, and
no load that fits counts for more than a whole one.
"""

from collections.abc import Iterator, Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
PARTS = 30
CUT_PARTS = 8


def stations_needed(times: Sequence[int], before: Sequence[frozenset[int]], cycle: int) -> int:
    """Give how many stations any line needs at least.

    Arguments:
        times: whole numbers; one above the cycle makes every line impossible, which counts n + 1.
        before: all direct and indirect predecessors of each task.
        cycle: whole number, in the same unit.
    """
    n = len(times)
    if max(times) > cycle:
        return n + 1
    unit = gcd(*times) or 1
    scaled, cycle = np.array(times, np.int64) // unit, cycle // unit
    chains = np.zeros((1 + 2 * n, n), bool)  # all tasks; each with what is before; each with what is after
    chains[0] = True
    for task, heads in enumerate(before):
        chains[1 + task, [task, *heads]] = True
        chains[1 + n + np.array([task, *heads]), task] = True
    best = 0
    for counted, whole in shares(scaled, cycle):
        best = max(best, int((-(-(chains @ counted) // whole)).max()))
    return best


def shares(times: Ints, cycle: int) -> Iterator[tuple[Ints, int]]:
    """Yield what each task counts for, and what a whole station counts for."""
    yield times, cycle
    yield from ((_parts(times, cycle, k), k * cycle) for k in range(1, PARTS + 1))
    candidates = {int(t) for time in times for t in (time, cycle - time, cycle - time + 1)}
    for least in sorted(t for t in candidates if 0 < 2 * t <= cycle):
        kept = np.select([times + least > cycle, times >= least], [cycle, times], 0)
        yield kept, cycle
        yield from ((_parts(kept, cycle, k), k * cycle) for k in range(1, CUT_PARTS + 1))
        yield _steps(times, cycle, least), 2 * (cycle // least)


def _parts(times: Ints, cycle: int, k: int) -> Ints:
    """Count whole (k + 1)-ths of a cycle as k-ths; what is an exact multiple counts as it is."""
    multiple = (k + 1) * times
    return np.where(multiple % cycle == 0, k * times, multiple // cycle * cycle)


def _steps(times: Ints, cycle: int, step: int) -> Ints:
    """Count steps that fit into a short task, and for a long one those that no longer fit beside it."""
    short, long = 2 * (times // step), 2 * (cycle // step) - 2 * ((cycle - times) // step)
    return np.select([2 * times > cycle, 2 * times == cycle], [long, cycle // step], short)
