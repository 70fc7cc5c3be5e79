"""Times as whole numbers: the one place where seconds become microseconds, so that sums are exact."""

from math import gcd

from genba.line.records.line import Line
from genba.line.records.pace import average, longest

PER_SECOND = 1_000_000


def whole(seconds: float) -> int:
    """Give a time in microseconds, rounded."""
    return round(seconds * PER_SECOND)


def seconds(microseconds: int) -> float:
    """Give a time in seconds."""
    return microseconds / PER_SECOND


def task_times(line: Line, mix: str) -> tuple[int, ...]:
    """Give the time of every task: the `longest` among products, or that of the `average` unit."""
    give = longest if mix == "longest" else average
    return tuple(whole(give(task, line)) for task in line.tasks)


def task_pairs(line: Line) -> tuple[tuple[int, int], ...]:
    """Give every direct precedence as two places in the list of tasks."""
    place = {task.id: at for at, task in enumerate(line.tasks)}
    return tuple((place[before], place[task.id]) for task in line.tasks for before in task.after)


def common_unit(times: tuple[int, ...]) -> int:
    """Give the largest unit of which all times are multiples, at least 1."""
    return max(1, gcd(*times))
