"""Work and people at the stations of an assignment: the cycle, parallel places, caps, who can do what."""

import numpy as np

from genba.line.kernels.assignment_model import Assigning, Posed, Terms, at_most, equal_to, here
from genba.line.kernels.bits import Ints


def load(posed: Posed, given: Assigning, station: int) -> None:
    """Ask for the cycle with every product at a station, for the cap on scores, and that it is open."""
    used = posed.used[station]
    flags = [(flag, task) for task in range(given.tasks) for flag in here(posed, given, task, station)]
    for flag, _ in flags:
        at_most(posed.program, [(flag, 1), (used, -1)], 0)
    if posed.added:
        at_most(posed.program, [(posed.added[station], 1), (used, -given.deeper)], 0)
    for times, when in _by_speed(posed, given, station):
        _keep_cycle(posed, given, station, [(flags, row) for row in np.unique(times, axis=0)], when)
    if given.cap is not None and given.scores is not None:
        scores = given.scores.tolist()
        at_most(posed.program, [(f, scores[t]) for f, t in flags if scores[t]], given.cap)


def places(posed: Posed, given: Assigning, station: int) -> Terms:
    """Give the number of places of a station as a sum, 0 where it is closed."""
    own = [(posed.used[station], int(given.places[station]))]
    return [*own, (posed.added[station], 1)] if posed.added else own


def _by_speed(posed: Posed, given: Assigning, station: int) -> list[tuple[Ints, tuple[int, ...]]]:
    """Give times of tasks, with the flag of the resources that they are for; the least hold in any case."""
    found: list[tuple[Ints, tuple[int, ...]]] = [(given.fastest, ())]
    alike: dict[bytes, list[int]] = {}
    for at, one in enumerate(given.resources):
        alike.setdefault(one.times.tobytes(), []).append(at)
    for members in alike.values() if len(alike) > 1 else ():
        flags = [posed.staff[station][at] for at in members]
        together = flags[0] if len(flags) == 1 else posed.program.column(0, 1)
        if len(flags) > 1:
            equal_to(posed.program, [(together, -1), *((flag, 1) for flag in flags)], 0)
        found.append((given.resources[members[0]].times, (together,)))
    return found


def _keep_cycle(
    posed: Posed,
    given: Assigning,
    station: int,
    loads: list[tuple[list[tuple[int, int]], Ints]],
    when: tuple[int, ...],
) -> None:
    open_places = [(column, -given.cycle * factor) for column, factor in places(posed, given, station)]
    for flags, times in loads:
        work = [(flag, int(times[task])) for flag, task in flags if times[task]]
        at_most(posed.program, [*work, *open_places], 0, when)
        if posed.pace is not None and work:
            own = int(given.places[station])
            for more, flag in enumerate(posed.depth[station]) if posed.depth else [(0, None)]:
                also = when if flag is None else (*when, flag)
                at_most(posed.program, [*work, (posed.pace, -own - more)], 0, also)


def deepen(posed: Posed, given: Assigning) -> None:
    """Tie the flags of numbers of places to these numbers."""
    for flags, column in zip(posed.depth, posed.added, strict=bool(posed.depth)):
        equal_to(posed.program, [(flag, 1) for flag in flags], 1)
        equal_to(posed.program, [(column, -1), *((flag, more) for more, flag in enumerate(flags) if more)], 0)


def staff(posed: Posed, given: Assigning) -> None:
    """Ask for one resource at each station with tasks, at each place, that can do all of them."""
    fixed = max((max(stations) for stations in given.allowed.values() if stations), default=0)
    for station, flags in enumerate(posed.staff):
        manned = [*((flag, 1) for flag in flags), (posed.used[station], -1)]
        at_most(posed.program, manned, 0)
        if station >= fixed:  # before the last fixed station some may stand empty
            equal_to(posed.program, manned, 0)
        for task in range(given.tasks):
            able = [(flags[at], -1) for at, one in enumerate(given.resources) if task in one.able]
            for flag in here(posed, given, task, station):
                at_most(posed.program, [(flag, 1), *able], 0)
        if posed.added:
            _man(posed, given, station)
    for at, one in enumerate(given.resources):
        at_most(posed.program, [(row[at], 1) for row in posed.heads], one.count)
    _enough(posed, given)
    if given.cheapest:
        at_most(posed.program, [(column, -cost) for column, cost in wages(posed, given)], -given.cheapest)


def _enough(posed: Posed, given: Assigning) -> None:
    """Ask for as many resources as the tasks need that only they can do: whole ones, not shares."""
    who = [
        frozenset(at for at, one in enumerate(given.resources) if task in one.able)
        for task in range(given.tasks)
    ]
    kinds = sorted(set(who), key=sorted)
    for able in {one | other for one in kinds for other in kinds}:
        only = [task for task, others in enumerate(who) if others <= able]
        needed = -(-int(given.fastest[:, only].sum(axis=1).max()) // given.cycle)
        heads = [(row[at], -1) for row in posed.heads for at in able]
        at_most(posed.program, heads, -max(needed, 1))


def _man(posed: Posed, given: Assigning, station: int) -> None:
    """Give a station as many of its resource as it has places."""
    most = int(given.places[station]) + given.deeper
    for flag, heads in zip(posed.staff[station], posed.heads[station], strict=True):
        at_most(posed.program, [(heads, 1), (flag, -most)], 0)
        at_most(posed.program, [*places(posed, given, station), (heads, -1)], 0, (flag,))


def wages(posed: Posed, given: Assigning) -> Terms:
    """Give the cost of all resources at stations as a sum."""
    return [
        (heads, one.cost)
        for row in posed.heads
        for heads, one in zip(row, given.resources, strict=True)
        if one.cost
    ]


def spread(posed: Posed, given: Assigning) -> None:
    """Hold largest and least work of any product at a station apart."""
    if given.variants is None:
        return
    for station, (largest, least) in enumerate(posed.gaps):
        flags = [(flag, task) for task in range(given.tasks) for flag in here(posed, given, task, station)]
        for times in np.unique(given.variants, axis=0).tolist():
            work = [(flag, times[task]) for flag, task in flags if times[task]]
            at_most(posed.program, [*work, (largest, -1)], 0)
            at_most(posed.program, [(least, 1), *((flag, -time) for flag, time in work)], 0)
    totals = given.variants.sum(axis=1)
    gaps = [term for largest, least in posed.gaps for term in ((largest, -1), (least, 1))]
    at_most(posed.program, gaps, -int(totals.max() - totals.min()))  # all work differs by no more than this
