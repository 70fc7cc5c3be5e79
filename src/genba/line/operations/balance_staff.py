"""Who and what can work at a station: the workers of a line, and its groups of people or robots."""

from collections.abc import Iterator

import numpy as np

from genba.line.kernels.assignment_model import Resource
from genba.line.kernels.bits import Ints
from genba.line.records.line import Line, ResourceGroup, Task, Worker

PRICES = 10_000
"""Costs per hour are compared to four decimals."""


def staff_of(line: Line, times: Ints) -> dict[str, Resource]:
    """Give the resources that a station can have, by id.

    Workers need the skill of a task, and where it asks for a capability some group of people or jigs that has
    it. Groups need the capability; those of people cannot do what needs a skill where the line has workers
    with skills. Whoever repairs and stands at no station is not counted.

    Arguments:
        line: its workers and groups.
        times: whole microseconds at a speed of 1, shape (products, n).
    """
    found: dict[str, Resource] = {}
    equipped = {
        capability
        for group in line.groups
        if group.kind in ("jig", "human")
        for capability in group.capabilities
    }
    for worker in _workers(line):
        able = frozenset(at for at, task in enumerate(line.tasks) if _trained(worker, task, equipped))
        found[worker.id] = Resource(able, times, round(worker.cost * PRICES), worker.count)
    for group in line.groups:
        if group.kind in ("human", "robot") and group.count > 0:
            able = frozenset(at for at, task in enumerate(line.tasks) if _capable(line, group, task))
            own = np.rint(times / group.speed).astype(np.int64)
            found[_free(group.id, found)] = Resource(able, own, round(group.cost * PRICES), group.count)
    return found


def _free(name: str, found: dict[str, Resource]) -> str:
    return name if name not in found else f"{name} (group)"


def _workers(line: Line) -> Iterator[Worker]:
    breakdowns = [*(one.breakdown for one in line.stations), *(one.breakdown for one in line.groups)]
    crews = {breakdown.crew for breakdown in breakdowns if breakdown is not None}
    placed = {worker for station in line.stations for worker in station.workers}
    return (one for one in line.workers if one.count > 0 and (one.id not in crews or one.id in placed))


def _trained(worker: Worker, task: Task, equipped: set[str]) -> bool:
    by_hand = task.by != "robot" and (not task.capability or task.capability in equipped)
    return by_hand and (not task.skill or task.skill in worker.skills)


def _capable(line: Line, group: ResourceGroup, task: Task) -> bool:
    if task.capability and task.capability not in group.capabilities:
        return False
    if group.kind == "robot":
        return task.by != "manual"
    skilled = not task.skill or task.skill in group.capabilities or not line.workers
    return task.by != "robot" and skilled
