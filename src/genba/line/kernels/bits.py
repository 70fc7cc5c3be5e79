"""Sets of tasks as rows of 64-bit words: task j is bit j % 64 of word j // 64."""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined, kernel

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

ONE = np.uint64(1)
ZERO = np.uint64(0)
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Every window of six bits occurs once, so that a shift by k places shows k in the top six bits."""
PLACES = np.zeros(64, np.int64)
for _place in range(64):
    PLACES[((0x03F79D71B4CB0A89 << _place) & 0xFFFFFFFFFFFFFFFF) >> 58] = _place


def words_for(tasks: int) -> int:
    """Give how many words a set of so many tasks takes."""
    return max(1, (tasks + 63) // 64)


@inlined
def lowest(word: np.uint64) -> int:
    """Give the place of the lowest bit of a word that is not 0."""
    return int(PLACES[((word & (~word + ONE)) * DE_BRUIJN) >> np.uint64(58)])


@inlined
def has(row: Words, task: int) -> bool:
    """Give whether a set has a task."""
    found: bool = (row[task >> 6] >> np.uint64(task & 63)) & ONE != ZERO
    return found


@inlined
def put(row: Words, task: int) -> None:
    """Put a task into a set."""
    row[task >> 6] |= ONE << np.uint64(task & 63)


@inlined
def drop(row: Words, task: int) -> None:
    """Take a task out of a set."""
    row[task >> 6] &= ~(ONE << np.uint64(task & 63))


@kernel
def members(row: Words, found: Ints) -> int:
    """Write the tasks of a set into `found`, ascending, and give how many there are."""
    count = 0
    for place in range(len(row)):
        word = row[place]
        while word != ZERO:
            found[count] = 64 * place + lowest(word)
            count += 1
            word &= word - ONE
    return count
