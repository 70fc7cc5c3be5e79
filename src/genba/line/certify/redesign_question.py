"""The question of `line.redesign`, read from the file again: what each place may do, and what it costs."""

from genba.line.certify.move_search import Asked
from genba.line.records.line import Line, Station, Task
from genba.line.records.pace import planned_cycle
from genba.line.records.redesign import RedesignParams
from genba.line.records.whole import whole

CENTS = 100


def today_of(line: Line) -> tuple[int, ...]:
    """Give the place of each task in the line as it is, -1 where it has none."""
    now = {task: number for number, station in enumerate(line.stations) for task in station.tasks}
    return tuple(now.get(task.id, -1) for task in line.tasks)


def asked_of(line: Line, params: RedesignParams, most: int, names: list[str]) -> Asked:
    """Give the question about so many stations; the places are those that the result names."""
    there = {station.id: number for number, station in enumerate(line.stations)}
    numbers = [there.get(name) for name in names]
    place_of = {number: place for place, number in enumerate(numbers) if number is not None}
    index = {task.id: at for at, task in enumerate(line.tasks)}
    moves = tuple(round(task.move_cost * CENTS) for task in line.tasks)
    costs = (moves, round(params.opening_cost * CENTS), round(params.place_cost * CENTS))
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    cap = line.rules.ergonomic_cap
    return Asked(
        times=_times(line, params),
        before=tuple(tuple(index[one] for one in task.after) for task in line.tasks),
        cycle=whole(given or 0.0),
        servers=tuple(1 if number is None else line.stations[number].servers for number in numbers),
        new=tuple(number is None for number in numbers),
        today=tuple(place_of.get(number, -1) for number in today_of(line)),
        allowed=tuple(_allowed(line, params, task, numbers) for task in line.tasks),
        together=tuple(tuple(index[one] for one in group) for group in line.rules.together),
        apart=tuple(tuple(index[one] for one in group) for group in line.rules.apart),
        scores=tuple(round(task.ergonomic * 1000) for task in line.tasks),
        cap=None if cap is None else round(cap * 1000),
        most=most,
        spare=params.extra_places,
        folded=line.shape == "u",
        prices=costs if params.goal == "cost" else ((1,) * len(moves), 0, 0),
        costs=costs,
        limit=None if params.cost_limit is None else round(params.cost_limit * CENTS),
    )


def _times(line: Line, params: RedesignParams) -> tuple[tuple[int, ...], ...]:
    """Give the times of each task with each product that counts, or with the average unit."""
    made = [p for p in line.products if (p.id in params.made if params.made else p.share > 0)]
    found = []
    for task in line.tasks:
        each = [task.times.get(product.id, task.time) for product in made] or [task.time]
        if params.mix == "average" and made and task.times:
            share = sum(product.share for product in made)
            mean = sum(product.share * time for product, time in zip(made, each, strict=True)) / share
            each = [mean]
        found.append(tuple(whole(time) for time in (each[:1] if params.mix == "average" else each)))
    return tuple(found)


def _allowed(line: Line, params: RedesignParams, task: Task, numbers: list[int | None]) -> frozenset[int]:
    rules = [rule.stations for rule in line.rules.fixed if rule.task == task.id]
    found = set()
    for place, number in enumerate(numbers):
        if number is None:
            fits = not rules
        else:
            fits = all(number + 1 in stations for stations in rules)
            fits &= params.staffing == "free" or _staffed(line, line.stations[number], task)
        if fits:
            found.add(place)
    return frozenset(found)


def _staffed(line: Line, station: Station, task: Task) -> bool:
    """Give whether today's people and groups of a station are able to do a task."""
    if task.id in station.tasks:
        return True
    skills = [set(worker.skills) for worker in line.workers if worker.id in station.workers]
    if task.by != "robot" and task.skill and skills and task.skill not in set().union(*skills):
        return False
    if all(not other.groups for other in line.stations):
        return True
    kinds = ("robot",) if task.by == "robot" else ("human", "robot", "jig", "agv")
    groups = [group for group in line.groups if group.id in station.groups and group.kind in kinds]
    if task.by == "robot" and not groups:
        return False
    return not task.capability or any(task.capability in group.capabilities for group in groups)
