"""Params and Result of `line.buffers`.

A design says how many places lie on each way between stations and, where staff is chosen too, how many places
or people each station has. Designs are compared on common random numbers: replication r of every design sees
the same working and repair times. What is observed of a replication is its mean time between departures, so
throughput is one over the mean of that, and its interval is that of the mean carried over.
"""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import Currency, One, Percent, Second, Unit
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

PerHour = Annotated[float, Unit("1/h")]
Hour = Annotated[float, Unit("h")]

ALLOCATED = Columns(
    "allocated_places",
    (
        Column("source", "text", "", "Station that parts come from."),
        Column("target", "text", "", "Station that they wait for."),
        Column("before", "int", "1", "Places as the line has them today."),
        Column("after", "int", "1", "Places in the selected design."),
        Column("price", "float", "currency", "Price of one more place."),
    ),
)
STAFFED = Columns(
    "allocated_staff",
    (
        Column("station", "text", "", "Station."),
        Column("before", "int", "1", "Equal places, or people of its team, as the line has them today."),
        Column("after", "int", "1", "The same in the selected design."),
        Column("price", "float", "currency", "Price of one more, wages over the hours asked for included."),
    ),
)
DESIGNS = Columns(
    "designs",
    (
        Column("design", "int", "1", "Number of the design, from 1."),
        Column(
            "role",
            "text",
            "",
            "selected, finalist (compared with it), before (today), or frontier (other places or budgets).",
            ("selected", "finalist", "before", "frontier"),
        ),
        Column("places", "int", "1", "Places on all ways together."),
        Column("cost", "float", "currency", "Price of all places and staff beyond today's."),
        Column("throughput", "float", "1/h", "Units that leave per hour."),
        Column("half_width", "float", "1/h", "Half-width of the interval of throughput."),
        Column("behind", "float", "%", "How much more time per unit it takes than the selected design does."),
        Column("behind_half_width", "float", "%", "Half-width of its interval, from paired replications."),
        Column(
            "probability",
            "float",
            "1",
            "Probability that it is not better than the selected design by the indifference or more; "
            "missing where it is no finalist.",
        ),
    ),
)
NUMBERS = Columns(
    "design_numbers",
    (
        Column("design", "int", "1", "Number of the design."),
        Column("source", "text", "", "Station that parts come from; empty where staff is meant."),
        Column("target", "text", "", "Station that they wait for, or whose staff it is."),
        Column("amount", "int", "1", "Places, or staff."),
    ),
)
OBSERVED = Columns(
    "design_runs",
    (
        Column("design", "int", "1", "Number of the design."),
        Column("replication", "int", "1", "Number of the replication: equal numbers, equal random numbers."),
        Column("cycle", "float", "s", "Mean time between departures within the replication."),
    ),
)


class BuffersParams(LineParams):
    """How many places to spread over a line, and how sure to be of it."""

    places: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Places to spread over all ways that have a buffer of limited room; null: as many as there are today."""
    target: Annotated[PerHour, Field(gt=0)] | None = None
    """Throughput needed, with the fewest places that reach it; null: the most throughput."""
    budget: Annotated[Currency, Field(ge=0)] | None = None
    """Most that places and staff beyond today's may cost; nothing without a price is bought. Null: any."""
    least: Literal["places", "cost"] = "places"
    """What is to be least where a target is given: the places, or what they cost beyond today's."""
    wage_hours: Annotated[Hour, Field(gt=0, le=1_000_000)] = 2000.0
    """Hours over which wages and write-offs of staff beyond today's count as its price."""
    per_buffer: Annotated[int, Field(ge=0, le=1000)] = 50
    """Most places on one way."""
    engine: Literal["auto", "recursion", "events"] = "auto"
    """The exact recursion in time where it can express the line, else events; or one of them by force."""
    staffing: Literal["fixed", "parallel", "team"] = "fixed"
    """Whether staff is spread too: as equal places side by side, or as people who share each unit's work."""
    staff: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Places or people to spread over all stations; null: as many as there are today."""
    indifference: Annotated[Percent, Field(gt=0, le=20)] = 0.5
    """Difference of throughput that does not matter."""
    confidence: Annotated[Percent, Field(ge=50, le=99.9)] = 95.0
    """Probability of correct selection that is asked for, and confidence of intervals."""
    finalists: Annotated[int, Field(ge=2, le=50)] = 10
    """Designs of the search that are compared at the end."""
    units: Annotated[int, Field(ge=64, le=100_000)] = 1000
    """Units that leave in a replication after its warm-up."""
    replications: Annotated[int, Field(ge=32, le=20_000)] = 2048
    """Most replications of a design in the comparison; they come in groups of 16."""
    blocking: Literal["after", "before"] = "after"
    """Whether a station without a place behind it works on (after service) or waits to begin (before)."""
    time_limit: Annotated[Second, Field(gt=0, le=86_400)] = 60.0
    """When to stop with the best design so far."""


class BuffersResult(Result):
    """Where places belong, what they bring, and how sure that is."""

    outcome: Literal["selected", "open", "unreachable"]
    """`selected` where the design is correct as surely as asked for; `open` where it stopped before;
    `unreachable` where not even full buffers reach the target."""
    places: int
    """Places of the selected design together."""
    cost: Currency
    """Price of the places and staff that the selected design has beyond today's."""
    throughput: PerHour
    """Units that leave per hour with the selected design."""
    throughput_half_width: PerHour
    """Half-width of its interval."""
    throughput_before: PerHour
    """The same of the line as it is today."""
    throughput_before_half_width: PerHour
    """Half-width of its interval."""
    bound: PerHour
    """What no places can exceed: the slowest station, never blocked or starved, failures included."""
    probability: One
    """Probability of correct selection, at least: no finalist is better by the indifference (Bonferroni)."""
    probability_slepian: One
    """The same by Slepian's inequality, which holds where differences from one design go together."""
    target_probability: One | None
    """Probability that the selected design reaches the target; null where none was given."""
    indifference: Second
    """Difference of the mean time between departures that does not matter."""
    complete: bool
    """Whether search and comparison came to their own ends, not to the limit of time or replications."""
    engine: Literal["recursion", "events"]
    """Which engine simulated the designs."""
    engine_reasons: tuple[str, ...]
    """Why the recursion cannot express this line; none where it can."""
    warm_up: int
    """Units that leave before those that count."""
    tried: int
    """Designs that the search simulated."""
    buffers: Annotated[Table, TableOf(ALLOCATED)]
    """Places by way, today and after."""
    staff: Annotated[Table, TableOf(STAFFED)]
    """Staff by station, today and after."""
    designs: Annotated[Table, TableOf(DESIGNS)]
    """The selected design, the finalists, today's line and other numbers of places or budgets."""
    numbers: Annotated[Table, TableOf(NUMBERS)]
    """What each design has where."""
    runs: Annotated[Table, TableOf(OBSERVED)]
    """Every replication of every design."""


__all__ = ["ALLOCATED", "DESIGNS", "NUMBERS", "OBSERVED", "STAFFED", "BuffersParams", "BuffersResult"]
