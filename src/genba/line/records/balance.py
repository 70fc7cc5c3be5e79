"""Params and Result of `line.balance`."""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import CurrencyPerHour, Percent, Second
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

ASSIGNMENTS = Columns(
    "assignments",
    (
        Column("task", "text", "", "Task id."),
        Column("name", "text", "", "What is done."),
        Column("station", "int", "1", "Number of its station, from 1 along the line."),
        Column("leg", "text", "", "`in` or `out`: the leg of a U; empty for a straight line.", ("in", "out")),
        Column(
            "side",
            "text",
            "",
            "`left` or `right` of a two-sided line; empty for one side.",
            ("left", "right"),
        ),
        Column("time", "float", "s", "Time that is planned for it."),
        Column("start", "float", "s", "When it starts within its station, waiting included."),
        Column(
            "lost", "float", "s", "Setup and walking before it; before the first one, since the last unit."
        ),
        Column("after", "text", "", "Ids of the tasks that must be finished before."),
        Column("value_class", "text", "", "VA adds value, NVA does not, NNVA does not but is necessary."),
    ),
)
WORKPLACES = Columns(
    "workplaces",
    (
        Column("station", "int", "1", "Number of the station, from 1 along the line."),
        Column("tasks", "int", "1", "Number of its tasks."),
        Column("places", "int", "1", "Equal places side by side, or sides at which something is done."),
        Column("resource", "text", "", "Worker or group at each place; empty where that does not matter."),
        Column("load", "float", "s", "Work of the product with the most of it here, over the places."),
        Column("lost", "float", "s", "Setups and walking, over the places."),
        Column("idle", "float", "s", "What load and losses leave of the cycle."),
        Column("use", "float", "%", "Load over cycle."),
        Column("ergonomic", "float", "1", "Sum of the ergonomic scores of its tasks."),
    ),
)


class BalanceParams(LineParams):
    """How to give tasks to stations."""

    cycle_time: Annotated[Second, Field(gt=0)] | None = None
    """Time of a station for each unit, for efficiency the longest; none: the planned cycle, from demand."""
    objective: Literal["stations", "cycle", "feasible", "cost", "efficiency"] = "stations"
    """Fewest stations, shortest cycle, whether both can be, cheapest staff, or the greatest efficiency."""
    stations: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Number of stations (of places, where stations may have several) that a line has at most."""
    stations_from: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Fewest stations that the most efficient line may have; none: as few as its longest cycle allows."""
    mix: Literal["longest", "average", "each"] = "longest"
    """Times where products differ: the longest of a task, those of the average unit, or of each product."""
    places: Annotated[int, Field(ge=1, le=20)] = 1
    """Most equal places side by side at a station; with several, the fewest places are asked for."""
    staff: bool = False
    """Whether every station needs one kind of worker or group of the line that can do all its tasks."""
    smooth: bool = False
    """Whether work is spread evenly afterwards: the fullest place first, then differences among products."""
    rules: bool = True
    """Whether the line's rules hold: together, apart, fixed stations, ergonomic cap, setups, walking."""
    time_limit: Annotated[Second, Field(gt=0)] = 60.0
    """When to stop with the best line and the best bound so far."""


class BalanceResult(Result):
    """Which task is done where, and how far from the best possible that is at most."""

    outcome: Literal["optimal", "feasible", "infeasible", "unsolved"]
    """Proved best; a line without that proof; proved impossible; or neither line nor proof in time."""
    stations: int | None
    """Stations of the line; null without one."""
    places: int | None
    """Places of all stations, of both sides: as many as stations where each has one; null without a line."""
    places_bound: int | None
    """No line of so few stations has fewer places; null unless the line has two sides."""
    lower_bound: int
    """No line with this cycle time has fewer stations; fewer places, where stations may have several."""
    cycle_time: Second
    """Cycle time: as asked, or the shortest found."""
    cycle_bound: Second | None
    """No line of these stations has a shorter cycle; null unless the shortest cycle was asked for."""
    cost: CurrencyPerHour | None
    """Wages and write-off of what works at the stations; null unless it is planned."""
    cost_bound: CurrencyPerHour | None
    """No staff for this cycle costs less; null unless the cheapest was asked for."""
    takt: Second | None
    """Net working time over demand; null when the line does not say."""
    proof: Literal["bound", "exhausted"]
    """What the bound rests on: it was computed from times and precedence, or a search found nothing below."""
    method: Literal["remember", "cpsat"]
    """Who searched: branch, bound and remember, or CP-SAT where rules bind."""
    explored: int
    """Partial lines that the search has expanded."""
    efficiency: Percent | None
    """Work at all stations over places times cycle; null without a line."""
    balance_delay: Percent | None
    """Share of paid time without work, 100 % less the efficiency; null without a line."""
    efficiency_bound: Percent | None
    """No line within the limits is more efficient; null unless the greatest efficiency was asked for."""
    smoothness: Second | None
    """Root of the summed squares of what each place is below the fullest; null without a line."""
    largest_load: Second | None
    """Load of the fullest place; null without a line."""
    load_bound: Second | None
    """No line as good otherwise has a smaller largest load; null unless work was spread evenly."""
    spread: Second | None
    """Between products with most and least work at a station, over all stations; null without a line."""
    spread_bound: Second | None
    """No line as good otherwise, of this largest load, has less of it; null unless it was made small."""
    assignments: Annotated[Table, TableOf(ASSIGNMENTS)]
    """Every task with its station, in the order of the line."""
    workplaces: Annotated[Table, TableOf(WORKPLACES)]
    """Every station with its load."""
