"""What branch, bound and remember keeps: states, a heap of open ones for each number of stations, a memory.

A state is a set of finished tasks and a number of stations. The memory finds the state with a given set; the
heaps are pairing heaps, threaded through the states.

Source: Sewell and Jacobson (2012) for the memory; Fredman, Sedgewick, Sleator and Tarjan (1986) for the heap.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.bits import Ints, Words
from genba.num.jit import inlined, kernel

NONE = -1
OPEN, CLOSED = 1, 0
PER_STATE = ("done", "parent", "stations", "status", "key", "child", "sibling")
MIX = np.uint64(0x9E3779B97F4A7C15)
HALF = np.uint64(32)
Indices = NDArray[np.int32]


class Memory(NamedTuple):
    """States in the order in which they were found; k of them have room.

    Arguments:
        states: states so far, shape (1,).
        done: finished tasks, shape (k, words).
        parent: the state one station before; -1 at the root.
        stations: stations finished.
        status: OPEN or CLOSED.
        key: order among the open ones of a number of stations; the least comes first.
        child, sibling: links of the pairing heaps; siblings also link what is put off.
        slot: place of states by the hash of their sets, -1 where free; a power of two, at least 2 k.
        top: the first state of each heap, by number of stations.
    """

    states: Ints
    done: Words
    parent: Indices
    stations: NDArray[np.int16]
    status: NDArray[np.int8]
    key: NDArray[np.float32]
    child: Indices
    sibling: Indices
    slot: Indices
    top: Indices


def memory_of(room: int, words: int, most_stations: int) -> Memory:
    """Give an empty memory with room for so many states."""
    return Memory(
        states=np.zeros(1, np.int64),
        done=np.zeros((room, words), np.uint64),
        parent=np.full(room, NONE, np.int32),
        stations=np.zeros(room, np.int16),
        status=np.zeros(room, np.int8),
        key=np.zeros(room, np.float32),
        child=np.full(room, NONE, np.int32),
        sibling=np.full(room, NONE, np.int32),
        slot=np.full(2 << (room - 1).bit_length(), NONE, np.int32),
        top=np.full(most_stations + 2, NONE, np.int32),
    )


def enlarged(memory: Memory, room: int) -> Memory:
    """Give the same memory with room for more states."""
    larger = memory_of(room, memory.done.shape[1], len(memory.top) - 2)
    used = int(memory.states[0])
    for name in PER_STATE:
        getattr(larger, name)[:used] = getattr(memory, name)[:used]
    larger.states[:], larger.top[:] = memory.states, memory.top
    _remember_again(memory, larger)
    return larger


@kernel
def _remember_again(memory: Memory, larger: Memory) -> None:
    """Fill the larger memory's slots; only the states that the memory finds are taken over."""
    for place in range(len(memory.slot)):
        state = memory.slot[place]
        if state != NONE:
            larger.slot[place_of(larger, larger.done[state])] = state


@inlined
def digest(row: Words) -> np.uint64:
    """Give a hash of a set."""
    found = MIX
    for word in row:
        found = (found ^ word) * MIX
        found ^= found >> HALF
    return found


@kernel
def place_of(memory: Memory, row: Words) -> int:
    """Give the slot of the state with this set, or the free slot where it belongs."""
    mask = len(memory.slot) - 1
    place = np.int64(digest(row) & np.uint64(mask))
    while memory.slot[place] != NONE:
        state = memory.slot[place]
        same = True
        for word in range(len(row)):
            if memory.done[state, word] != row[word]:
                same = False
                break
        if same:
            return int(place)
        place = (place + 1) & mask
    return int(place)


@inlined
def meld(memory: Memory, one: int, other: int) -> int:
    """Join two heaps and give their top."""
    top, below = one, other
    if memory.key[other] < memory.key[one]:
        top, below = other, one
    memory.sibling[below] = memory.child[top]
    memory.child[top] = below
    return top


@kernel
def push(memory: Memory, state: int, key: float) -> None:
    """Put a state into the heap of its number of stations."""
    memory.key[state], memory.status[state] = key, OPEN
    memory.child[state] = memory.sibling[state] = NONE
    level = memory.stations[state]
    if memory.top[level] == NONE:
        memory.top[level] = state
    else:
        memory.top[level] = meld(memory, memory.top[level], state)


@kernel
def pop(memory: Memory, level: int) -> int:
    """Take the first state out of a heap, -1 when it is empty."""
    first = memory.top[level]
    if first == NONE:
        return NONE
    paired, one = NONE, memory.child[first]
    while one != NONE:  # join by twos from the left
        other = memory.sibling[one]
        if other == NONE:
            memory.sibling[one] = paired
            paired = one
            break
        after = memory.sibling[other]
        joined = meld(memory, one, other)
        memory.sibling[joined] = paired
        paired, one = joined, after
    heap = NONE
    while paired != NONE:  # then all from the right
        after = memory.sibling[paired]
        heap = paired if heap == NONE else meld(memory, heap, paired)
        paired = after
    memory.top[level] = heap
    if heap != NONE:
        memory.sibling[heap] = NONE
    return int(first)
