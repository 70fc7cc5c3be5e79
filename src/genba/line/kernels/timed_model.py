"""Timed lines as a program for CP-SAT: flags of tasks at places, starts, turns or rounds at each place.

Where no time is lost between tasks, those of a place take turns in any order. Where time is lost, the tasks
of a place and a rest between units make one round: the arcs of the round say who follows whom, and the last
task of a unit with the first of the next what is lost between units.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genba.line.kernels.assignment_model import Terms, at_most, equal_to, minimise
from genba.line.kernels.precedence import closure, reduced
from genba.line.kernels.timed_bounds import Work, windows
from genba.line.kernels.timed_line import Scheduled, Timed
from genba.num.solvers.cpsat import FlagProgram, Span

REST = -1
"""Of a round: what stands between the last task of a unit and the first of the next."""


@dataclass(frozen=True, eq=False)
class PosedTimes:
    """A program with what its columns mean.

    Arguments:
        timed: what is asked about.
        work: around each task.
        program: what CP-SAT solves.
        at: flag of each task at each place where it may be.
        begin: start of each task.
        used: flag of each station: open.
        worked: flag of each place: something is done there.
        pace: the cycle; None where it is given.
        arcs: flag of each arc (from, to) of the round at each place; REST stands for the rest.
    """

    timed: Timed
    work: Work
    program: FlagProgram
    at: tuple[dict[int, int], ...]
    begin: tuple[int, ...]
    used: tuple[int, ...]
    worked: tuple[int, ...]
    pace: int | None
    arcs: tuple[dict[tuple[int, int], int], ...]

    def tasks_at(self, place: int) -> list[int]:
        """Give the tasks that may be at a place."""
        return [task for task, row in enumerate(self.at) if place in row]

    def station_flags(self, task: int, station: int) -> list[int]:
        """Give the flags of a task at a station, one for each side."""
        return [flag for place, flag in self.at[task].items() if place // self.timed.sides == station]

    def flags_by(self, task: int, station: int) -> list[int]:
        """Give the flags of a task at a station or before."""
        return [flag for place, flag in self.at[task].items() if place // self.timed.sides <= station]

    def scheduled(self, values: tuple[int, ...]) -> Scheduled:
        """Give where and when tasks are done from the values of a solution."""
        place = [next(p for p, flag in row.items() if values[flag]) for row in self.at]
        begin = np.array([values[one] for one in self.begin], np.int64)
        rank = np.argsort(np.lexsort((self.timed.times, begin)))
        for arcs in self.arcs:
            follow = {tail: head for (tail, head), flag in arcs.items() if values[flag]}
            task, count = follow.get(REST, REST), 0
            while task != REST:
                rank[task] = count
                task, count = follow[task], count + 1
        return Scheduled(np.array(place, np.int64), begin, rank)

    def start_from(self, found: Scheduled, cycle: int) -> None:
        """Begin the search at a line, or near one, of some cycle."""
        value = dict.fromkeys([*self.used, *self.worked, *(f for row in self.at for f in row.values())], 0)
        for task, place in enumerate(found.place.tolist()):
            value[self.begin[task]] = int(found.begin[task])
            if place in self.at[task]:
                value[self.at[task][place]] = 1
        for place in set(found.place.tolist()):
            value[self.worked[place]] = value[self.used[place // self.timed.sides]] = 1
        for arcs, turn in zip(self.arcs, found.turns(), strict=False):
            follow = set(zip([REST, *turn], [*turn, REST], strict=True))
            value |= {flag: int(arc in follow) for arc, flag in arcs.items()}
        if self.pace is not None:
            value[self.pace] = cycle
        self.program.hint = tuple(value.get(column) for column in range(len(self.program.ranges)))


def pose_times(timed: Timed, work: Work) -> PosedTimes | None:
    """Ask for any line; None when a task has no station left."""
    given, program = timed.given, FlagProgram()
    seen = [
        [s for s in window if s in given.allowed.get(task, {s})]
        for task, window in enumerate(windows(timed, work))
    ]
    if not all(seen):
        return None
    at = tuple(
        {s * timed.sides + side: program.column(0, 1) for s in window for side in timed.reach(task)}
        for task, window in enumerate(seen)
    )
    begin = tuple(program.column(0, given.cycle - int(time)) for time in timed.times)
    used = tuple(program.column(int(s < given.least), 1) for s in range(given.most))
    worked = tuple(program.column(0, 1) for _ in range(given.most * timed.sides))
    pace = None if given.shortest is None else program.column(given.shortest, given.cycle)
    arcs: tuple[dict[tuple[int, int], int], ...] = tuple({} for _ in worked)
    posed = PosedTimes(timed, work, program, at, begin, used, worked, pace, arcs)
    program.one_of += [tuple(row.values()) for row in at]
    for place in range(len(worked)):
        _open(posed, place)
        lost = _round(posed, place) if timed.losses is not None else _turns(posed, place)
        _load(posed, place, lost)
    _keep_pace(posed)
    _precede(posed)
    _group(posed)
    return posed


def fewest_stations(posed: PosedTimes) -> None:
    """Ask for the fewest stations."""
    minimise(posed.program, [(flag, 1) for flag in posed.used])


def fewest_places(posed: PosedTimes, least: int) -> None:
    """Ask for the fewest places at which something is done; fewer than `least` are impossible."""
    minimise(posed.program, [(flag, 1) for flag in posed.worked])
    at_most(posed.program, [(flag, -1) for flag in posed.worked], -least)


def shortest(posed: PosedTimes) -> None:
    """Ask for the shortest cycle."""
    if posed.pace is not None:
        minimise(posed.program, [(posed.pace, 1)])


def _open(posed: PosedTimes, place: int) -> None:
    """Open stations in their order, and a place only at an open one, where something is done."""
    program, timed = posed.program, posed.timed
    station, tasks = place // timed.sides, posed.tasks_at(place)
    for task in tasks:
        at_most(program, [(posed.at[task][place], 1), (posed.worked[place], -1)], 0)
    at_most(program, [(posed.worked[place], 1), (posed.used[station], -1)], 0)
    at_most(program, [(posed.worked[place], 1), *((posed.at[task][place], -1) for task in tasks)], 0)
    if station and place % timed.sides == 0:
        at_most(program, [(posed.used[station], 1), (posed.used[station - 1], -1)], 0)


def _turns(posed: PosedTimes, place: int) -> Terms:
    """Let the tasks of a place take turns; nothing is lost between them."""
    posed.program.in_turn.append(
        tuple(
            Span(posed.begin[task], int(posed.timed.times[task]), posed.at[task][place])
            for task in posed.tasks_at(place)
        )
    )
    return []


def _round(posed: PosedTimes, place: int) -> Terms:
    """Let the tasks of a place make a round, and give what is lost in it."""
    program, timed, tasks = posed.program, posed.timed, posed.tasks_at(place)
    arcs = posed.arcs[place]
    for tail, head in _neighbours(posed, tasks):
        arcs[tail, head] = program.column(0, 1)
    number = {task: at for at, task in enumerate((REST, *tasks))}
    program.rounds.append(
        (
            *((number[tail], number[head], flag) for (tail, head), flag in arcs.items()),
            (0, 0, ~posed.worked[place]),
            *((number[task], number[task], ~posed.at[task][place]) for task in tasks),
        )
    )
    for (tail, head), flag in arcs.items():
        if REST not in (tail, head):
            busy = int(timed.times[tail]) + timed.loss(tail, head)
            at_most(program, [(posed.begin[tail], 1), (posed.begin[head], -1)], -busy, when=(flag,))
    between = _between_units(posed, place, tasks)
    return [*((flag, timed.loss(*arc)) for arc, flag in arcs.items() if REST not in arc), (between, 1)]


def _neighbours(posed: PosedTimes, tasks: list[int]) -> Iterator[tuple[int, int]]:
    """Yield arcs of a round: to and from the rest, and from a task to one that need not be before it."""
    before, alone = posed.work.before, posed.timed.sides == 1
    for task in tasks:
        yield REST, task
        yield task, REST
    for tail in tasks:
        for head in tasks:
            # a task between the two would be at the same station, on one side thus between them in time
            parted = alone and (before[:, tail] & before[head]).sum() > 2
            if tail != head and not before[tail, head] and not (before[head, tail] and parted):
                yield tail, head


def _between_units(posed: PosedTimes, place: int, tasks: list[int]) -> int:
    """Give the column of what is lost from the last task of a unit to the first of the next."""
    program, timed, arcs = posed.program, posed.timed, posed.arcs[place]
    worst = max((timed.loss(last, first) for last in tasks for first in tasks), default=0)
    lost = program.column(0, worst)
    cycle: Terms = [] if posed.pace is None else [(posed.pace, -1)]
    whole = posed.timed.given.cycle if posed.pace is None else 0
    for last in tasks:
        for first in tasks:
            loss = timed.loss(last, first)
            if not loss:
                continue
            ends = (arcs[last, REST], arcs[REST, first])
            at_most(program, [(lost, -1)], -loss, when=ends)
            busy = int(timed.times[last]) + loss
            apart = [(posed.begin[last], 1), (posed.begin[first], -1)] if last != first else []
            at_most(program, [*apart, *cycle], whole - busy, when=ends)
    return lost


def _load(posed: PosedTimes, place: int, lost: Terms) -> None:
    """Ask that work and what is lost fit into the cycle; of what is lost, the least before each task too."""
    timed, tasks = posed.timed, posed.tasks_at(place)
    room = (posed.worked[place], -timed.given.cycle) if posed.pace is None else (posed.pace, -1)
    times = timed.times.tolist()
    work = [(posed.at[task][place], times[task]) for task in tasks if times[task]]
    at_most(posed.program, [*work, *lost, room], 0)
    if lost:
        least = (timed.times + timed.least_loss).tolist()
        at_most(posed.program, [*((posed.at[task][place], least[task]) for task in tasks), room], 0)


def _keep_pace(posed: PosedTimes) -> None:
    for begin, time in zip(posed.begin, posed.timed.times.tolist(), strict=True):
        if posed.pace is not None:
            at_most(posed.program, [(begin, 1), (posed.pace, -1)], -time)


def _precede(posed: PosedTimes) -> None:
    """Ask for predecessors at an earlier station, or done before within the same one."""
    given, times, program = posed.timed.given, posed.timed.times.tolist(), posed.program
    for one, other in _direct(posed):
        for station in range(given.most):
            earlier, later = posed.flags_by(one, station), posed.flags_by(other, station)
            if later and len(earlier) < len(posed.at[one]):
                at_most(program, [*((f, 1) for f in later), *((f, -1) for f in earlier)], 0)
            for here in posed.station_flags(one, station):
                for there in posed.station_flags(other, station):
                    starts = [(posed.begin[one], 1), (posed.begin[other], -1)]
                    at_most(program, starts, -times[one], when=(here, there))


def _direct(posed: PosedTimes) -> list[tuple[int, int]]:
    """Give the precedences that do not follow from others."""
    given = posed.timed.given
    start, end = reduced(given.start, given.end, closure(given.tasks, given.start, given.end))
    return list(zip(start.tolist(), end.tolist(), strict=True))


def _group(posed: PosedTimes) -> None:
    """Keep tasks together and apart at stations, and scores under the cap at places."""
    given = posed.timed.given
    for station in range(given.most):
        for group in given.together:
            for task in group[1:]:
                lead = [(flag, 1) for flag in posed.station_flags(group[0], station)]
                equal_to(posed.program, [*lead, *((f, -1) for f in posed.station_flags(task, station))], 0)
        for group in given.apart:
            flags = [flag for task in set(group) for flag in posed.station_flags(task, station)]
            at_most(posed.program, [(flag, 1) for flag in flags], 1)
    if given.cap is not None and given.scores is not None:
        for place in range(len(posed.worked)):
            scores = [(posed.at[task][place], int(given.scores[task])) for task in posed.tasks_at(place)]
            at_most(posed.program, [term for term in scores if term[1]], given.cap)
