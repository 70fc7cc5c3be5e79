"""Params and Result of `line.balance`."""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import Percent, Second
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

ASSIGNMENTS = Columns(
    "assignments",
    (
        Column("task", "text", "", "Task id."),
        Column("name", "text", "", "What is done."),
        Column("station", "int", "1", "Number of its station, from 1 along the line."),
        Column("time", "float", "s", "Time that is planned for it."),
        Column("start", "float", "s", "When it starts within its station, tasks one after another."),
        Column("after", "text", "", "Ids of the tasks that must be finished before."),
        Column("value_class", "text", "", "VA adds value, NVA does not, NNVA does not but is necessary."),
    ),
)
WORKPLACES = Columns(
    "workplaces",
    (
        Column("station", "int", "1", "Number of the station, from 1 along the line."),
        Column("tasks", "int", "1", "Number of its tasks."),
        Column("load", "float", "s", "Time of its tasks."),
        Column("idle", "float", "s", "What the load leaves of the cycle."),
        Column("use", "float", "%", "Load over cycle."),
        Column("ergonomic", "float", "1", "Sum of the ergonomic scores of its tasks."),
    ),
)


class BalanceParams(LineParams):
    """How to give tasks to stations."""

    cycle_time: Annotated[Second, Field(gt=0)] | None = None
    """Time of a station for each unit; none: the planned cycle of the line, from its demand."""
    objective: Literal["stations", "cycle", "feasible"] = "stations"
    """Fewest stations for the cycle, shortest cycle for the stations, or whether both are possible."""
    stations: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Number of stations, where it is given: for the shortest cycle, and to ask what is feasible."""
    mix: Literal["longest", "average"] = "longest"
    """Time of a task where variants differ: the longest of any, or that of the average unit."""
    rules: bool = True
    """Whether the line's rules hold: together, apart, fixed stations, ergonomic cap."""
    time_limit: Annotated[Second, Field(gt=0)] = 60.0
    """When to stop with the best line and the best bound so far."""


class BalanceResult(Result):
    """Which task is done where, and how far from the best possible that is at most."""

    outcome: Literal["optimal", "feasible", "infeasible", "unsolved"]
    """Proved best; a line without that proof; proved impossible; or neither line nor proof in time."""
    stations: int | None
    """Stations of the line; null without one."""
    lower_bound: int
    """No line with this cycle time has fewer stations."""
    cycle_time: Second
    """Cycle time: as asked, or the shortest found."""
    cycle_bound: Second | None
    """No line of these stations has a shorter cycle; null unless the shortest cycle was asked for."""
    takt: Second | None
    """Net working time over demand; null when the line does not say."""
    proof: Literal["bound", "exhausted"]
    """What the bound rests on: it was computed from times and precedence, or a search found nothing below."""
    method: Literal["remember", "cpsat"]
    """Who searched: branch, bound and remember, or CP-SAT where rules bind."""
    explored: int
    """Partial lines that the search has expanded."""
    efficiency: Percent | None
    """Time of all tasks over stations times cycle; null without a line."""
    balance_delay: Percent | None
    """Share of paid time without work, 100 % less the efficiency; null without a line."""
    smoothness: Second | None
    """Root of the summed squares of what each station is below the fullest; null without a line."""
    largest_load: Second | None
    """Load of the fullest station; null without a line."""
    assignments: Annotated[Table, TableOf(ASSIGNMENTS)]
    """Every task with its station, in the order of the line."""
    workplaces: Annotated[Table, TableOf(WORKPLACES)]
    """Every station with its load."""
