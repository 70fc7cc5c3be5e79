"""Params and Result of `line.redesign`."""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import Currency, One, Second
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

OUTCOMES = ("optimal", "feasible", "infeasible", "unsolved")
"""Of each number of stations."""
FRONTIER = Columns(
    "frontier",
    (
        Column("most", "int", "1", "Stations with work that are allowed at most."),
        Column(
            "outcome",
            "text",
            "",
            "`optimal`, `feasible` (best so far), `infeasible` (proved), or `unsolved` within the limits.",
            OUTCOMES,
        ),
        Column("stations", "int", "1", "Stations with work; 0 without a line."),
        Column("moves", "int", "1", "Tasks moved to another station than today's; -1 without a line."),
        Column(
            "moves_bound",
            "int",
            "1",
            "No such line needs fewer moves (0: nothing is proven); -1 if none exists.",
        ),
        Column(
            "cost", "float", "currency", "Cost of moves, new stations and places; missing without a line."
        ),
        Column(
            "cost_bound",
            "float",
            "currency",
            "No such line costs less to change to (0: nothing is proven); missing if none exists.",
        ),
        Column("opened", "int", "1", "Stations that are not there today."),
        Column("closed", "int", "1", "Stations with work today and none after."),
        Column("places", "int", "1", "Places added side by side at stations."),
    ),
)
PLACEMENTS = Columns(
    "placements",
    (
        Column("most", "int", "1", "Point of the frontier: stations allowed at most."),
        Column("task", "text", "", "Task id."),
        Column("name", "text", "", "What is done."),
        Column("today", "text", "", "Station where it is done today; empty: nowhere."),
        Column("station", "text", "", "Station where it is done after."),
        Column(
            "place", "int", "1", "Number of that station along the line, closed ones counted too, from 1."
        ),
        Column("way", "text", "", "`in` or `out`: the leg of a U; empty for a straight line.", ("in", "out")),
        Column("time", "float", "s", "Its longest time among the products that count."),
        Column("moved", "int", "1", "1 when it moves to another station, else 0."),
        Column("cost", "float", "currency", "Cost of its move."),
    ),
)
SITES = Columns(
    "sites",
    (
        Column("most", "int", "1", "Point of the frontier: stations allowed at most."),
        Column("place", "int", "1", "Number along the line, closed stations counted too, from 1."),
        Column("station", "text", "", "Station id; `new 1` and so on where it is not there today."),
        Column(
            "state",
            "text",
            "",
            "`kept`, `opened`, `closed`, or `empty` today and after.",
            ("kept", "opened", "closed", "empty"),
        ),
        Column("tasks", "int", "1", "Number of its tasks."),
        Column("servers", "int", "1", "Places side by side."),
        Column("load", "float", "s", "Work of the product with the most of it here, over the places."),
        Column("idle", "float", "s", "What the load leaves of the cycle."),
        Column("ergonomic", "float", "1", "Sum of the ergonomic scores of its tasks."),
    ),
)


class RedesignParams(LineParams):
    """How to change today's line."""

    cycle_time: Annotated[Second, Field(gt=0, le=86_400)] | None = None
    """New time of a station for each unit; null: the planned cycle of the line, from its demand."""
    mix: Literal["worst", "average"] = "worst"
    """Keep the cycle with every product that is made, or only with the average unit."""
    made: tuple[str, ...] = ()
    """Ids of the products that are made from now on; empty: all with a share of their own."""
    goal: Literal["moves", "cost"] = "moves"
    """What is least at each point: moved tasks, or the cost of change (and moves among equal costs)."""
    cost_limit: Annotated[Currency, Field(ge=0)] | None = None
    """Largest cost of change; null: any."""
    opening_cost: Annotated[Currency, Field(ge=0)] = 0.0
    """Cost of a new station."""
    most_stations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Largest number of stations; null: today's, or as many more as are needed."""
    extra_places: Annotated[int, Field(ge=0, le=20)] = 0
    """Places that may be added side by side at stations, all together."""
    place_cost: Annotated[Currency, Field(ge=0)] = 0.0
    """Cost of such a place."""
    staffing: Literal["today", "free"] = "today"
    """Tasks go only where today's workers and groups are able to do them, or people and groups move along."""
    work_limit: Annotated[One, Field(gt=0, le=1e6)] = 5.0
    """Work for each point as CP-SAT counts it, about a second each: the same end on every machine."""
    time_limit: Annotated[Second, Field(gt=0, le=86_400)] = 120.0
    """When to stop altogether with what is known."""


class RedesignResult(Result):
    """The fewest moves, or the least cost, for every number of stations."""

    outcome: Literal["optimal", "feasible", "infeasible", "unsolved"]
    """Every point proved; a point without proof; proved that no line exists; or nothing found in time."""
    cycle_time: Second
    """Cycle that every station keeps."""
    stations_today: int
    """Stations with work today."""
    fewest_stations: int | None
    """Stations of the shortest line found; null without a line."""
    stations_bound: int
    """No line at these places that keeps cycle and rules has fewer stations."""
    least_moves: int | None
    """Moves of the point with the fewest of them; null without a line."""
    frontier: Annotated[Table, TableOf(FRONTIER)]
    """For each number of stations, what it takes to get there; one row from the most to the fewest."""
    placements: Annotated[Table, TableOf(PLACEMENTS)]
    """Where each task is done, at every point of the frontier with a line."""
    sites: Annotated[Table, TableOf(SITES)]
    """Every station of those lines."""
