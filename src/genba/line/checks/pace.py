"""Takt, planned cycle and the tasks that do not fit into them."""

from genba.core.findings import Finding, FindingKind, Severity
from genba.core.tally import Tally
from genba.line.checks.tally import MORE
from genba.line.records.line import Line
from genba.line.records.pace import longest, net_time, planned_cycle, takt

NO_TIME = FindingKind(
    "line.no_time",
    Severity.ERROR,
    "{per_day} units a day are needed and the shifts leave no working time, so there is no takt. "
    "Write shifts or a cycle.",
)
ABOVE_TAKT = FindingKind(
    "line.above_takt", Severity.WARNING, "The planned cycle {cycle} s is longer than the takt {takt} s."
)
LONGER = FindingKind(
    "line.task_longer",
    Severity.WARNING,
    "Its time {time} s is longer than the planned cycle {cycle} s; only parallel places can keep up.",
)
TOO_LONG = FindingKind(
    "line.task_too_long",
    Severity.ERROR,
    "Its time {time} s is longer than the cycle {cycle} s; split the task, or plan a longer cycle.",
)
ZERO_TIME = FindingKind("line.zero_time", Severity.WARNING, "The task takes no time on any product.")
ROUNDING = 1 + 1e-9


def check_pace(line: Line, tally: Tally) -> None:
    """Report an impossible takt, a cycle beyond it, and tasks that take no time or too much."""
    needed, cycle, pace = line.demand.per_day, planned_cycle(line), takt(line)
    if needed is not None and needed > 0 and line.demand.cycle is None and net_time(line) <= 0:
        tally.add(NO_TIME, "demand", per_day=needed)
    if cycle is not None and pace is not None and cycle > pace * ROUNDING:
        tally.add(ABOVE_TAKT, "demand", cycle=cycle, takt=pace)
    for task in line.tasks:
        time = longest(task, line)
        if time == 0:
            tally.add(ZERO_TIME, f"task {task.id}")
        if cycle is not None and time > cycle * ROUNDING:
            tally.add(LONGER, f"task {task.id}", time=time, cycle=cycle)


def check_cycle(line: Line, cycle: float) -> tuple[Finding, ...]:
    """Give every task that does not fit into a cycle, s, as an error; for stations with one place."""
    tally = Tally(MORE)
    for task in line.tasks:
        time = longest(task, line)
        if time > cycle * ROUNDING:
            tally.add(TOO_LONG, f"task {task.id}", time=time, cycle=cycle)
    return tally.findings()
