"""Params and Result of `line.simulate`.

Time is net working time: breaks and the hours outside shifts are left out, and the line goes on after them as
it stood. With `breaks` it is time on the clock from the beginning of the first shift, through events:
stations stop in breaks and outside shifts, while repairs, vehicles and conveyors go on. A station does its
tasks on one part at a time in each of its places. The window begins after the warm-up; each replication
starts with what buffers hold at the start and its own random numbers.

States of a station add to 100 %: working (changeovers too); down (failed, or under repair, whether a part is
in it or not); blocked (its part is finished and has no place to go); waiting (its part waits for a worker);
starved (no part); off (a break, or no shift).

KPIs after ISO 22400-2, of a station within the window, all its places together:
availability = working / time but for breaks (actual production time over planned busy time);
effectiveness = planned time per part x parts / working; quality = good parts / parts;
OEE = availability x effectiveness x quality.
"""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import One, Percent, Second, Unit
from genba.line.records.line import LineParams
from genba.num.table import Table, TableOf

PerHour = Annotated[float, Unit("1/h")]
Hour = Annotated[float, Unit("h")]
KWh = Annotated[float, Unit("kWh")]


def _half(name: str, unit: str) -> Column:
    return Column(f"{name}_half_width", "float", unit, f"Half-width of the interval of {name}.")


STATIONS = Columns(
    "simulated_stations",
    (
        Column("station", "text", "", "Id of the station."),
        Column("servers", "int", "1", "Equal places that work side by side."),
        Column("working", "float", "%", "Time at work."),
        _half("working", "%"),
        Column("down", "float", "%", "Time failed or under repair."),
        _half("down", "%"),
        Column("blocked", "float", "%", "Time with a finished part that has no place to go."),
        _half("blocked", "%"),
        Column("waiting", "float", "%", "Time with a part that waits for a worker."),
        _half("waiting", "%"),
        Column("starved", "float", "%", "Time without a part."),
        _half("starved", "%"),
        Column("off", "float", "%", "Time in breaks and outside shifts."),
        _half("off", "%"),
        Column("availability", "float", "%", "Working over planned busy time (ISO 22400-2)."),
        Column("effectiveness", "float", "%", "Planned time of the parts over working time (ISO 22400-2)."),
        Column("quality", "float", "%", "Good parts over all parts (ISO 22400-2)."),
        Column("oee", "float", "%", "Availability x effectiveness x quality."),
        _half("oee", "%"),
        Column(
            "gain",
            "float",
            "%",
            "Rise of throughput when the station's work is 1 % shorter, failures per part unchanged.",
        ),
        _half("gain", "%"),
        Column("repair_gain", "float", "%", "Rise of throughput when its repairs are 1 % shorter."),
        _half("repair_gain", "%"),
        Column("rank", "int", "1", "Place among the bottlenecks by the sum of both gains, 1 is the worst."),
        Column("rank_by_use", "int", "1", "Place by the share of time working or down, as is often done."),
    ),
)
BUFFERS = Columns(
    "simulated_buffers",
    (
        Column("source", "text", "", "Id of the station that parts come from; empty: from outside."),
        Column("target", "text", "", "Id of the station that they wait for."),
        Column("capacity", "float", "1", "Places; missing where there is no limit."),
        Column("parts", "float", "1", "Parts that wait on average over time."),
        _half("parts", "1"),
        Column("place_gain", "float", "1/h", "Units per hour more with one more place."),
        _half("place_gain", "1/h"),
    ),
)
RUNS = Columns(
    "simulated_runs",
    (
        Column("replication", "int", "1", "Number of the replication, or of the batch of one long run."),
        Column("at_start", "float", "1", "Units in the line when the window begins."),
        Column("entered", "float", "1", "Units that entered within it."),
        Column("left", "float", "1", "Units that left within it."),
        Column("scrapped", "float", "1", "Units thrown away within it."),
        Column("merged", "float", "1", "Units that became part of others within it."),
        Column("at_end", "float", "1", "Units in the line when it ends."),
        Column("throughput", "float", "1/h", "Units that left per hour."),
        Column("lead_time", "float", "s", "Mean time in the line of the units that left."),
        Column("units", "float", "1", "Units in the line, mean over time."),
        Column("energy", "float", "kWh", "Energy of all stations over units that left."),
    ),
)
RUN_STATIONS = Columns(
    "simulated_run_stations",
    (
        Column("replication", "int", "1", "Number of the replication, or of the batch of one long run."),
        Column("station", "text", "", "Id of the station."),
        Column("working", "float", "s", "Time of all its places at work."),
        Column("down", "float", "s", "Failed or under repair."),
        Column("blocked", "float", "s", "With a finished part that has no place to go."),
        Column("waiting", "float", "s", "With a part that waits for a worker."),
        Column("starved", "float", "s", "Without a part."),
        Column("off", "float", "s", "In breaks and outside shifts."),
    ),
)
SPANS = Columns(
    "simulated_spans",
    (
        Column("station", "text", "", "Id of the station."),
        Column("unit", "int", "1", "Number of the part at this station, from 1; 0 where it has none."),
        Column(
            "state",
            "text",
            "",
            "Occupied (work, and repairs that interrupt it) or blocked; of lines of events working, "
            "changeover, down, blocked, waiting (for a worker) or off.",
            ("occupied", "blocked", "working", "changeover", "down", "waiting", "off"),
        ),
        Column("start", "float", "s", "When it began, after the window's beginning."),
        Column("end", "float", "s", "When it ended."),
    ),
)
LEVELS = Columns(
    "simulated_levels",
    (
        Column("target", "text", "", "Id of the station that parts wait for."),
        Column("source", "text", "", "Id of the station that they come from; empty: from outside."),
        Column("time", "float", "s", "Time after the window's beginning."),
        Column("parts", "float", "1", "Parts that wait."),
    ),
)


class SimulateParams(LineParams):
    """How to simulate a line."""

    engine: Literal["auto", "recursion", "events"] = "auto"
    """The exact recursion in time where it can express the line, else events; or one of them by force."""
    method: Literal["replications", "batches"] = "replications"
    """Independent replications, or batch means of one long run."""
    hours: Annotated[Hour, Field(gt=0, le=100_000)] = 8.0
    """Length of the window of a replication, or of a batch."""
    warm_up: Annotated[Hour | None, Field(ge=0, le=100_000)] = None
    """Time before the window; none: by MSER-5 from a pilot."""
    half_width: Annotated[Percent, Field(gt=0, le=100)] = 1.0
    """Half-width of the throughput's interval that is simulated for, as a share of throughput."""
    confidence: Annotated[Percent, Field(ge=50, le=99.99)] = 95.0
    """Confidence of all intervals."""
    replications: Annotated[int, Field(ge=16, le=100_000)] = 1024
    """Most replications or batches; they come in groups of 16."""
    blocking: Literal["after", "before"] = "after"
    """Whether a station without a place behind it works on (after service) or waits to begin (before)."""
    breaks: bool = False
    """Whether breaks and hours outside shifts pass on the clock, from the beginning of the first shift on."""
    sensitivities: bool = True
    """Whether to find how throughput answers to every time and buffer place."""
    differences: Literal["cheap", "always", "never"] = "cheap"
    """Whether lines of events, too, are asked how they answer: where that takes seconds, always, or never."""
    shown: Annotated[Second, Field(ge=0, le=86_400)] = 1800.0
    """Length of the beginning of the window whose parts and buffers are shown one by one."""


class SimulateResult(Result):
    """What a line makes, with intervals, and where it loses time."""

    outcome: Literal["settled", "open"]
    """`settled` when throughput is known as well as asked for, `open` when replications ran out before."""
    engine: Literal["recursion", "events"]
    """Which engine simulated."""
    engine_reasons: tuple[str, ...]
    """Why the recursion cannot express this line; none where it can."""
    gains: Literal["derivative", "difference", "none"]
    """How gains were found under the same random numbers: exactly along critical paths, by differences (times
    5 % shorter and longer through events, 2 % shorter in the recursion), or not at all."""
    throughput: PerHour
    """Good units that leave the line per hour."""
    throughput_half_width: PerHour
    """Half-width of its interval."""
    lead_time: Second
    """Mean time of a unit from entering to leaving."""
    lead_time_half_width: Second
    """Half-width of its interval."""
    units: One
    """Units in the line, mean over time."""
    units_half_width: One
    """Half-width of its interval."""
    energy: KWh
    """Energy per unit; 0 where no station has a power."""
    energy_half_width: KWh
    """Half-width of its interval."""
    oee: Percent
    """OEE of the worst bottleneck (ISO 22400-2)."""
    bottleneck: str
    """Id of the station whose times throughput depends on most."""
    takt: Second | None
    """Time in which each unit is needed; null where no demand is given."""
    replications: int
    """How many replications or batches the intervals rest on."""
    confidence: Percent
    """Confidence of all intervals."""
    warm_up: Second
    """Time before the window."""
    warm_up_found: bool
    """Whether it was found by MSER-5; else it was given, or half of a pilot where that found no place."""
    span: Second
    """Length of the window."""
    stations: Annotated[Table, TableOf(STATIONS)]
    """States, KPIs and gains of every station."""
    buffers: Annotated[Table, TableOf(BUFFERS)]
    """What waits on every way between stations."""
    runs: Annotated[Table, TableOf(RUNS)]
    """Every replication."""
    run_stations: Annotated[Table, TableOf(RUN_STATIONS)]
    """Every station in every replication."""
    spans: Annotated[Table, TableOf(SPANS)]
    """Parts one by one in the first replication, from the beginning of the window."""
    levels: Annotated[Table, TableOf(LEVELS)]
    """What waits on every way over that time."""


__all__ = [
    "BUFFERS",
    "LEVELS",
    "RUNS",
    "RUN_STATIONS",
    "SPANS",
    "STATIONS",
    "SimulateParams",
    "SimulateResult",
]
