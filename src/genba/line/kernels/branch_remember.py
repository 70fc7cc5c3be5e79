"""Branch, bound and remember: a line of at most so many stations is found, or proved not to exist.

States are taken in turn from each number of stations, best first; their children are the loads of one more
station that pass the bounds and whose set of finished tasks was not reached before with as few stations.
Where a state has very many loads the rest is put off until all else is explored, so that nothing is lost.

Source: Sewell and Jacobson (2012), A branch, bound, and remember algorithm for the simple assembly line
balancing problem; Morrison, Sewell and Jacobson (2014) for the cyclic order.
"""

from typing import NamedTuple

import numpy as np

from genba.line.kernels.bits import ONE, ZERO, Ints, Words, lowest
from genba.line.kernels.dual_feasible import FUNCTIONS
from genba.line.kernels.memory import CLOSED, NONE, OPEN, Memory, place_of, pop, push
from genba.line.kernels.salbp import Salbp
from genba.line.kernels.station_loads import LOAD, PAUSED, Loads, begin_loads, next_load
from genba.num.copies import copy_to
from genba.num.jit import inlined, kernel

RUNNING, EXHAUSTED, FULL, FOUND = 0, 1, 2, 3
TARGET, CURRENT, LEVEL, PUT_OFF, CAP, BEST, EXPLORED, GENERATED = range(8)
WIDER = 10
SMALL_TASKS = 0.02
"""Weight of the number of tasks left, against the idle time of a station: few long tasks are worth more."""


class Search(NamedTuple):
    """Where a search stands.

    Arguments:
        at: [stations allowed, state being expanded or -1, its level, first state put off, loads per state
            before it is put off, state that leads to the best line, states expanded, loads seen].
        totals: values of all tasks left in the state being expanded, shape (FUNCTIONS,).
        child: set of finished tasks of a child, shape (words,).
    """

    at: Ints
    totals: Ints
    child: Words


def search_of(words: int, target: int, cap: int) -> Search:
    """Give a search for a line of at most `target` stations, not begun."""
    at = np.array([target, NONE, 0, NONE, cap, NONE, 0, 0], np.int64)
    return Search(at, np.zeros(FUNCTIONS, np.int64), np.zeros(words, np.uint64))


@kernel
def explore(problem: Salbp, memory: Memory, search: Search, loads: Loads, budget: Ints) -> int:
    """Search until a line is FOUND, the space is EXHAUSTED, the memory FULL, or the budget spent (RUNNING).

    A found line is at `search.at[BEST]`; the target goes on to one station less.
    """
    at = search.at
    while budget[0] > 0:
        if at[CURRENT] == NONE and not _expand_next(problem, memory, search, loads, budget):
            return EXHAUSTED
        if memory.states[0] >= len(memory.parent):
            return FULL
        word = next_load(problem, loads, budget)
        if word == PAUSED:
            return RUNNING
        if word == LOAD:
            at[GENERATED] += 1
            if _branch(problem, memory, search, loads):
                return FOUND
            if loads.at[1] >= at[CAP]:
                _put_off(memory, at)
        else:
            at[CURRENT] = NONE
    return RUNNING


@kernel
def _put_off(memory: Memory, at: Ints) -> None:
    """Leave the rest of a state's loads for later."""
    memory.sibling[at[CURRENT]] = at[PUT_OFF]
    at[PUT_OFF], at[CURRENT] = at[CURRENT], NONE


@kernel
def _take_up(memory: Memory, at: Ints) -> None:
    """Open again what was put off, with more loads per state."""
    state = at[PUT_OFF]
    while state != NONE:
        after = memory.sibling[state]
        push(memory, state, memory.key[state])
        state = after
    at[PUT_OFF] = NONE
    at[CAP] *= WIDER


@kernel
def _expand_next(problem: Salbp, memory: Memory, search: Search, loads: Loads, budget: Ints) -> bool:
    """Begin the next open state that the bounds leave, in cyclic order; False when there is none."""
    at = search.at
    while True:
        state = _next_open(memory, at)
        if state == NONE:
            if at[PUT_OFF] == NONE:
                return False
            _take_up(memory, at)
            continue
        budget[0] -= 1
        if memory.status[state] != OPEN:  # reached with fewer stations since
            continue
        memory.status[state] = CLOSED
        done = memory.done[state]
        left = _total(problem, done, search.totals)
        rest = at[TARGET] - memory.stations[state]
        if not _may_end(problem, done, search.totals, rest):
            continue
        at[CURRENT] = state
        at[EXPLORED] += 1
        begin_loads(problem, done, rest * problem.cycle - left, loads)
        return True


@kernel
def _next_open(memory: Memory, at: Ints) -> int:
    """Take the best state of the next number of stations that has one."""
    for _ in range(at[TARGET]):
        at[LEVEL] = at[LEVEL] + 1 if at[LEVEL] + 1 < at[TARGET] else 0
        state = pop(memory, at[LEVEL])
        if state != NONE:
            return state
    return NONE


@inlined
def _total(problem: Salbp, done: Words, totals: Ints) -> int:
    """Sum the values of all tasks left; give their time."""
    totals[:] = 0
    left = 0
    for word in range(len(done)):
        rest = problem.everything[word] & ~done[word]
        while rest != ZERO:
            task = 64 * word + lowest(rest)
            rest &= rest - ONE
            left += problem.times[task]
            for place in range(FUNCTIONS):
                totals[place] += problem.values[task, place]
    return left


@inlined
def _may_end(problem: Salbp, done: Words, totals: Ints, rest: int) -> bool:
    """Give whether no bound forbids to finish what is left in `rest` stations."""
    allowed = True
    for place in range(FUNCTIONS):
        if totals[place] > rest * problem.wholes[place]:
            allowed = False
    for word in range(len(done)):
        if problem.late[rest, word] & ~done[word] != ZERO:
            allowed = False
    return allowed


@kernel
def _branch(problem: Salbp, memory: Memory, search: Search, loads: Loads) -> bool:
    """Keep the state that a load leads to, if it is new and may end well; True when it completes a line."""
    at, child = search.at, search.child
    parent = at[CURRENT]
    stations = memory.stations[parent] + 1
    totals = np.empty(FUNCTIONS, np.int64)
    copy_to(totals, search.totals)
    count = 0
    fruitful = False
    for word in range(len(child)):
        child[word] = memory.done[parent, word] | loads.load[word]
        fruitful = fruitful or loads.load[word] & problem.followed[word] != ZERO
        rest = loads.load[word]
        while rest != ZERO:
            task = 64 * word + lowest(rest)
            rest &= rest - ONE
            for place in range(FUNCTIONS):
                totals[place] -= problem.values[task, place]
    waiting = False
    for word in range(len(child)):
        rest = problem.everything[word] & ~child[word]
        waiting = waiting or rest & problem.followed[word] != ZERO
        while rest != ZERO:
            count += 1
            rest &= rest - ONE
    # tasks that nothing waits for can go to a station of their own at the end
    if (waiting and not fruitful) or not _may_end(problem, child, totals, at[TARGET] - stations):
        return False
    place = place_of(memory, child)
    known = memory.slot[place]
    if known != NONE:
        if memory.stations[known] <= stations:
            return False
        memory.status[known] = CLOSED
    state = memory.states[0]
    memory.states[0] += 1
    memory.slot[place] = state
    copy_to(memory.done[state], child)
    memory.parent[state], memory.stations[state] = parent, stations
    left = totals[0]
    if left <= problem.cycle:
        at[BEST] = state
        at[TARGET] = stations if left > 0 else stations - 1
        return True
    idle = stations * problem.cycle - (problem.total - left)
    push(memory, state, idle / stations - SMALL_TASKS * count)
    return False


def root(memory: Memory) -> None:
    """Open the state in which nothing is done."""
    memory.states[0] = 1
    memory.slot[place_of(memory, memory.done[0])] = 0
    push(memory, 0, 0.0)
