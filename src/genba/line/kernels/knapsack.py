"""Loads without regard to precedence: the one of the greatest value, and as few as hold everything."""

import numpy as np

from genba.line.kernels.bits import Ints
from genba.num.jit import kernel


@kernel
def fullest(values: Ints, size: Ints, held: Ints, room: int, load: Ints) -> int:
    """Give the most that a load is worth.

    Arguments:
        values: worth of one task of each kind, shape (m,).
        size: its time.
        held: how many there are of each kind at most.
        room: time of the load.
        load: number of each kind in the best load, shape (m,); written.
    """
    m = len(size)
    best = np.zeros((m + 1, room + 1), np.int64)
    for kind in range(m):
        time, worth = size[kind], values[kind]
        for within in range(room + 1):
            top = best[kind, within]
            for count in range(1, held[kind] + 1):
                if count * time > within:
                    break
                top = max(top, best[kind, within - count * time] + count * worth)
            best[kind + 1, within] = top
    left = room
    for back in range(m):
        kind = m - 1 - back
        load[kind] = 0
        while best[kind + 1, left] != best[kind, left - load[kind] * size[kind]] + load[kind] * values[kind]:
            load[kind] += 1
        left -= load[kind] * size[kind]
    return int(best[m, room])


@kernel
def best_fit(size: Ints, number: Ints, room: int, most: int) -> bool:
    """Give whether at most `most` loads do: long tasks first, each into the fullest load that holds it.

    Arguments:
        size: time of each kind of task, ascending, shape (m,).
        number: how many tasks there are of each kind.
        room: time of a load.
        most: loads allowed.
    """
    left = np.empty(most, np.int64)
    used = 0
    for back in range(len(size)):
        kind = len(size) - 1 - back
        for _ in range(number[kind]):
            best = -1
            for load in range(used):
                if left[load] >= size[kind] and (best < 0 or left[load] < left[best]):
                    best = load
            if best < 0:
                if used == most:
                    return False
                best, used = used, used + 1
                left[best] = room
            left[best] -= size[kind]
    return True
