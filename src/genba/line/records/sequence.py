"""Params and Result of `line.sequence`."""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import One, Second
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

LAUNCHES = Columns(
    "launches",
    (
        Column("place", "int", "1", "Place in the order, from 1."),
        Column("product", "text", "", "Product that is launched."),
        Column("overload", "float", "s", "Work on this unit that its workers cannot finish, all stations."),
        Column(
            "deviation",
            "float",
            "1",
            "Sum over products of the squared distance from an even mix after this unit, units squared.",
        ),
        Column(
            "place_price",
            "float",
            "1",
            "Multiplier of this place in the proof that no order is more even; missing for overload.",
        ),
    ),
)
MIX = Columns(
    "mix",
    (
        Column("product", "text", "", "Product."),
        Column("share", "float", "1", "Share of all units as the line gives it."),
        Column("units", "int", "1", "Units of it in the order."),
    ),
)
SEQUENCED_STATIONS = Columns(
    "sequenced_stations",
    (
        Column("station", "text", "", "Station."),
        Column("work", "float", "s", "Work on all units of the order, over the station's places."),
        Column("overload", "float", "s", "Work that cannot be finished within the station."),
        Column("drift", "float", "s", "Latest finish after the unit came in; the window is the most."),
    ),
)


class SequenceParams(LineParams):
    """How to order the units of several products on one line."""

    goal: Literal["overload", "levelling"] = "overload"
    """Least work overload at the stations, or products spread as evenly as can be."""
    units: int = Field(default=20, ge=2, le=200)
    """Units in the order; products get the whole numbers nearest to their shares (largest remainder)."""
    cycle_time: Annotated[Second, Field(gt=0, le=86_400)] | None = None
    """Time between launches; null: the planned cycle of the line."""
    window: Annotated[One, Field(ge=1, le=20)] = 1.2
    """Length of a station over the way of a unit in one cycle: how far a worker may drift with it."""
    time_limit: Annotated[Second, Field(gt=0, le=86_400)] = 30.0
    """When to stop searching with the best order so far."""


class SequenceResult(Result):
    """An order of launches, and how far from the best it can be."""

    outcome: Literal["optimal", "feasible"]
    """`optimal` where no order is better, `feasible` where the search was stopped before that was known."""
    proof: Literal["capacity", "search", "assignment", "none"]
    """Why no order is better: work exceeds time as much, all orders were searched, multipliers prove it."""
    cycle_time: Second
    """Time between launches."""
    overload: Second
    """Work that cannot be finished within the stations, all units and stations together."""
    overload_bound: Second
    """Least overload that any order has, as far as is proven."""
    deviation: One
    """Sum over places and products of the squared distance from an even mix, units squared."""
    deviation_bound: One
    """Least deviation that any order has, as far as is proven; 0 where overload was the goal."""
    launches: Annotated[Table, TableOf(LAUNCHES)]
    """The order, with what each unit costs."""
    mix: Annotated[Table, TableOf(MIX)]
    """How many units of each product."""
    stations: Annotated[Table, TableOf(SEQUENCED_STATIONS)]
    """What the order means for each station."""
