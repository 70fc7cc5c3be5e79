"""What tasks ask of people and machines, against what the line has."""

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.records.line import Line, Station, Task

NO_SKILL = FindingKind("line.skill", Severity.ERROR, "It needs the skill {skill}, which no worker has.")
NO_WORKERS = FindingKind(
    "line.skills_unknown",
    Severity.NOTE,
    "{count} tasks need a skill, and no workers are given; nothing is known about who can do them.",
)
NO_CAPABILITY = FindingKind(
    "line.capability", Severity.ERROR, "It needs the capability {capability}, which no resource group has."
)
NO_ROBOT = FindingKind(
    "line.robot", Severity.ERROR, "Only a robot can do it, and no resource group is of robots."
)
NOT_SKILLED = FindingKind(
    "line.station_skill", Severity.WARNING, "Its workers lack the skill {skill}, which task {task} needs."
)
NOT_CAPABLE = FindingKind(
    "line.station_capability",
    Severity.WARNING,
    "Its resource groups lack the capability {capability}, which task {task} needs.",
)


def check_skills(line: Line, tally: Tally) -> None:
    """Report tasks that nobody and nothing can do, and stations whose people or machines cannot."""
    skills = {skill for worker in line.workers for skill in worker.skills}
    able = {capability for group in line.groups for capability in group.capabilities}
    robots = any(group.kind == "robot" for group in line.groups)
    for task in line.tasks:
        if task.skill and line.workers and task.skill not in skills:
            tally.add(NO_SKILL, f"task {task.id}", skill=task.skill)
        if task.capability and task.capability not in able:
            tally.add(NO_CAPABILITY, f"task {task.id}", capability=task.capability)
        if task.by == "robot" and not robots:
            tally.add(NO_ROBOT, f"task {task.id}")
    unsure = sum(bool(task.skill) for task in line.tasks)
    if unsure and not line.workers:
        tally.add(NO_WORKERS, "workers", count=unsure)
    tasks = {task.id: task for task in line.tasks}
    for station in line.stations:
        _check_station(line, station, [tasks[i] for i in station.tasks if i in tasks], tally)


def _check_station(line: Line, station: Station, tasks: list[Task], tally: Tally) -> None:
    here = [worker for worker in line.workers if worker.id in station.workers]
    groups = [group for group in line.groups if group.id in station.groups]
    skills = {skill for worker in here for skill in worker.skills}
    able = {capability for group in groups for capability in group.capabilities}
    for task in tasks:
        if here and task.skill and task.skill not in skills:
            tally.add(NOT_SKILLED, f"station {station.id}", skill=task.skill, task=task.id)
        if groups and task.capability and task.capability not in able:
            tally.add(NOT_CAPABLE, f"station {station.id}", capability=task.capability, task=task.id)
