"""SALBP-1, the fewest stations for a cycle time: bounds and heuristics, then branch, bound and remember.

The search is made in pieces: `advance` works for a while and gives a state with the best line and the best
bound so far. Two searches take turns until they meet: one asks for a line of one station less, the other
raises the bound by packing tasks into stations without regard to precedence.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from genba.line.kernels.bits import Ints, members
from genba.line.kernels.branch_remember import (
    BEST,
    EXHAUSTED,
    EXPLORED,
    FOUND,
    FULL,
    TARGET,
    Search,
    explore,
    root,
    search_of,
)
from genba.line.kernels.hoffmann import Worth, hoffmann, worths
from genba.line.kernels.lessons import Learner, learner_of, weighed
from genba.line.kernels.memory import PER_STATE, Memory, enlarged, memory_of
from genba.line.kernels.salbp import Salbp, salbp_of, stations_at_least
from genba.line.kernels.station_loads import Loads, loads_of

Proof = Literal["none", "bound", "exhausted"]
VALUATIONS, HOFFMANN_LOADS = 10, 100
"""Every so many of the heuristic's valuations is tried, with so many loads per station."""
FIRST_LOADS = 30
"""Loads of a state before the rest is put off; a small number dives, a large one prefers states with many."""
FIRST_STATES = 50_000
MEMORY_BYTES = 1 << 30
PACKING_SHARE = 4
"""The search for packings gets one turn in so many."""
LEVELS = 5
"""Stations from either end over which directions are compared."""


@dataclass(eq=False)
class Hunt:
    """One search of branch, bound and remember, with its memory.

    Arguments:
        problem: what is searched.
        learner: what it learns on the way.
        full: whether it ended for want of memory.
    """

    problem: Salbp
    memory: Memory
    search: Search
    loads: Loads
    learner: Learner
    full: bool = False


@dataclass(frozen=True, eq=False)
class Balancing:
    """Where the work on an instance stands.

    Arguments:
        ways: the problem read from its start and from its end.
        station: station of each task from 0 in the best line known, shape (n,).
        stations: its number of stations.
        bound: proven least number of stations.
        proof: what proves the end: the `bound` alone, or a search that was `exhausted`; `none` before.
        goal: stations that are few enough; 0 for as few as possible.
        searched: whether weights of loads or a search for packings have raised the bound.
        weighed: whether weights of loads were asked for the bound.
        tried: valuations of the heuristic that were tried, in both directions.
        expanded: partial lines that the search for fewer stations has expanded.
        line: search for a line of fewer stations.
        packing: search for a packing into `bound` stations; None when one is known or memory ran out.
        turn: turns of the two searches.
    """

    ways: tuple[Salbp, Salbp]
    station: Ints
    stations: int
    bound: int
    proof: Proof
    goal: int = 0
    searched: bool = False
    weighed: bool = False
    tried: int = 0
    expanded: int = 0
    line: Hunt | None = None
    packing: Hunt | None = None
    turn: int = 0

    @property
    def ended(self) -> bool:
        """Give whether there is nothing left to do: proved, or out of memory."""
        return self.proof != "none" or self.stuck

    @property
    def asked(self) -> int:
        """Give how many stations the next line may have."""
        return min(self.goal, self.stations - 1) if self.goal else self.stations - 1

    @property
    def opened(self) -> bool:
        """Give whether the heuristic has ended."""
        return self.tried >= 2 * len(worths(1)[::VALUATIONS])

    @property
    def stuck(self) -> bool:
        """Give whether the search for fewer stations ended for want of memory."""
        return self.line is not None and self.line.full

    @property
    def rests_on(self) -> Proof:
        """Give what the bound rests on so far."""
        if self.proof != "none":
            return self.proof
        return "exhausted" if self.searched else "bound"

    def shortened(self, station: Ints, stations: int) -> "Balancing":
        """Give the state with a shorter line that was found elsewhere; searches for one begin anew."""
        return _met(replace(self, station=station, stations=stations, line=None, packing=None))


def begin(times: Ints, start: Ints, end: Ints, cycle: int, *, goal: int = 0) -> Balancing:
    """Bound an instance and put a task into each station, or as many as follow one another.

    Arguments:
        times: whole numbers within 1..cycle, shape (n,).
        start, end: the two tasks of each direct precedence; no cycle among them.
        cycle: cycle time in the same unit.
        goal: stations that are few enough: the work ends with such a line, or a proof that there is none.
    """
    unit = int(np.gcd.reduce(np.append(times, 0)))
    times, cycle = times // max(unit, 1), cycle // max(unit, 1)
    forward = salbp_of(times, start, end, cycle)
    backward = salbp_of(times, start, end, cycle, backward=True)
    bound = max(stations_at_least(forward.values, forward.wholes), forward.tail.max(), backward.tail.max())
    station, stations = _in_order(forward)
    return _met(Balancing((forward, backward), station, stations, int(bound), "none", goal))


def advance(state: Balancing, steps: int) -> Balancing:
    """Work for about so many steps of the enumeration, or one try of the heuristic."""
    if state.ended:
        return state
    if not state.opened:
        return _met(_try_hoffmann(state))
    if not state.weighed:
        return _met(_weigh(state))
    line = state.line
    if line is None:
        return _with_searches(state)
    state = replace(state, turn=state.turn + 1)
    if state.packing is not None and state.turn % PACKING_SHARE == 0:
        return _met(_pack(state, state.packing, steps))
    return _met(_shorten(state, line, steps))


def _in_order(problem: Salbp) -> tuple[Ints, int]:
    """Give a first line: one valuation with one load per station."""
    return _filled(problem, worths(problem.cycle)[0], len(problem.times), 1)


def _filled(problem: Salbp, worth: Worth, at_most: int, most_loads: int) -> tuple[Ints, int]:
    """Give station by task in the caller's numbers and the number of stations, `at_most` + 1 for failure."""
    n = len(problem.times)
    placed, station = np.zeros(n, np.int64), np.zeros(n, np.int64)
    loads = loads_of(n, len(problem.everything))
    stations = int(hoffmann(problem, loads, worth, at_most, most_loads, placed))
    station[problem.task] = placed
    return station, stations


def _met(state: Balancing) -> Balancing:
    """Note the proof when best line and bound meet, or the goal is reached or out of reach."""
    enough = state.goal and (state.stations <= state.goal or state.bound > state.goal)
    met = state.proof == "none" and (state.stations <= state.bound or enough)
    if not met:
        return state
    return replace(state, proof="exhausted" if state.searched else "bound", line=None, packing=None)


def _try_hoffmann(state: Balancing) -> Balancing:
    number, way = divmod(state.tried, 2)
    problem = state.ways[way]
    worth = worths(problem.cycle)[::VALUATIONS][number]
    station, stations = _filled(problem, worth, state.asked, HOFFMANN_LOADS)
    state = replace(state, tried=state.tried + 1)
    return _better(state, station, stations, way) if stations <= state.asked else state


def _better(state: Balancing, station: Ints, stations: int, way: int) -> Balancing:
    """Give the state with a better line, turned round when it was found from the end."""
    return replace(state, station=stations - 1 - station if way else station, stations=stations)


def _weigh(state: Balancing) -> Balancing:
    """Raise the bound by the strongest weights of tasks over loads."""
    ways, bound = weighed(state.ways, state.bound)
    return replace(
        state, ways=ways, bound=bound, searched=state.searched or bound > state.bound, weighed=True
    )


def _with_searches(state: Balancing) -> Balancing:
    forward, backward = state.ways
    none = np.zeros(0, np.int64)
    times = np.empty_like(forward.times)
    times[forward.task] = forward.times
    free = salbp_of(times, none, none, forward.cycle)
    way = direction(forward, backward)
    return replace(
        state,
        line=_hunt(state.ways[way], state.asked),
        packing=_hunt(free, state.bound) if len(forward.indices) else None,
    )


def direction(forward: Salbp, backward: Salbp) -> int:
    """Give 0 or 1: the end from which fewer tasks can be in the first stations (Sewell and Jacobson 2012)."""
    # a task can be in the first m stations when it and all that is before it need no more than m
    starts = [np.log1p(np.sum(backward.tail <= m)) for m in range(1, LEVELS + 1)]
    ends = [np.log1p(np.sum(forward.tail <= m)) for m in range(1, LEVELS + 1)]
    return int(sum(ends) < sum(starts))


def _hunt(problem: Salbp, target: int) -> Hunt:
    n, words = problem.after.shape
    memory = memory_of(FIRST_STATES, words, n)
    root(memory)
    search = search_of(words, target, FIRST_LOADS)
    return Hunt(problem, memory, search, loads_of(n, words), learner_of(problem))


def _run(hunt: Hunt, steps: int) -> int:
    """Search for so many steps; memory grows as long as it may."""
    budget = np.array([steps], np.int64)
    word = int(explore(hunt.problem, hunt.memory, hunt.search, hunt.loads, budget))
    while word == FULL and not hunt.full:
        room = 2 * len(hunt.memory.parent)
        hunt.full = room * _bytes_per_state(hunt.memory) > MEMORY_BYTES
        if not hunt.full:
            hunt.memory = enlarged(hunt.memory, room)
            word = int(explore(hunt.problem, hunt.memory, hunt.search, hunt.loads, budget))
    return word


def _bytes_per_state(memory: Memory) -> int:
    return sum(int(getattr(memory, name)[:1].nbytes) for name in PER_STATE) + 4 * memory.slot.itemsize


def _pack(state: Balancing, hunt: Hunt, steps: int) -> Balancing:
    """Raise the bound when no packing into so many stations exists; stop when one does."""
    word = _run(hunt, steps)
    if word == EXHAUSTED:
        bound = state.bound + 1
        return replace(state, bound=bound, searched=True, packing=_hunt(hunt.problem, bound))
    return replace(state, packing=None) if word == FOUND or hunt.full else state


def _shorten(state: Balancing, hunt: Hunt, steps: int) -> Balancing:
    """Take a line of fewer stations when one is found; none is left when the search is exhausted."""
    word = _run(hunt, steps)
    state = replace(state, expanded=int(hunt.search.at[EXPLORED]))
    if word == FOUND:
        stations = int(hunt.search.at[TARGET]) + 1
        way = int(hunt.problem is state.ways[1])
        return _better(state, _line_of(hunt, stations), stations, way)
    if word == EXHAUSTED:
        return replace(state, bound=state.asked + 1, proof="exhausted", line=None, packing=None)
    hunt.learner.learn(hunt.problem, hunt.memory, hunt.search)
    return state


def _line_of(hunt: Hunt, stations: int) -> Ints:
    """Give the station of each task, in the caller's numbers, by the states that led to the best one."""
    memory, task = hunt.memory, hunt.problem.task
    station = np.full(len(task), stations - 1, np.int64)
    found = np.empty(len(task), np.int64)
    state = int(hunt.search.at[BEST])
    while memory.parent[state] >= 0:
        load = memory.done[state] & ~memory.done[memory.parent[state]]
        count = members(load, found)
        station[task[found[:count]]] = memory.stations[state] - 1
        state = int(memory.parent[state])
    return station
