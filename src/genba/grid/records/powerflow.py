"""Params and Result of `grid.powerflow`, and the rules by which a case becomes a power flow.

Energised: buses that are not isolated (type 4), connected over branches in service (status above 0, neither
end isolated) to a unit in service (status above 0, bus not isolated); each such part is an island.
Reference: the island's first bus of type 3 that has a unit in service, else the bus of its unit in service
with the largest pmax (the first of equals). It keeps its angle of the case. Every other bus of type 2 or 3
with a unit in service is pv, the rest pq; units at a pq bus inject p and q as given.
Set point: vg of the last unit in service at a pv or reference bus.
Headroom: pmax - p upwards, p - pmin downwards, none below 1e-8 p.u., units in service of the same island. An
amount is spread in proportion to headroom, and no unit is moved beyond its headroom. A pmax or pmin
beyond `ENDLESS_MW` counts as that.
Slack: single, the first unit in service at the reference bus takes what is missing; distributed, every unit
takes it in proportion to its headroom in the direction of the need (the single rule where there is none),
without a cap.
Reactive output at a pv or reference bus: its units share in proportion to qmax - qmin above their qmin;
evenly when a range is infinite or all are 0.
Reactive limits (when asked for): a pv bus whose units would pass the sum of their limits becomes pq with
each unit at that limit, and pv again when its voltage would pass the set point; the reference bus is never
limited. Where switching does not end there is no solution.
No solution: what has a voltage below `COLLAPSED` anywhere solves the equations, but is no operating state.
"""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.inputs import Accepts, InputFile
from genba.core.records import Result
from genba.core.units import MW, Mvar, PerUnit
from genba.grid.records.case import CaseParams
from genba.grid.records.scenarios import RECORDED, SCENARIOS
from genba.num.table import Table, TableOf, table

COLLAPSED = 0.1
"""Voltage magnitude below which a bus has collapsed, p.u."""

KINDS = ("reference", "pv", "pq", "off")
"""Of a bus."""
BUSES = Columns(
    "buses",
    (
        Column("bus", "int", "1", "Bus number."),
        Column("island", "int", "1", "Island number from 1; 0 when de-energised."),
        Column("kind", "text", "", "reference, pv, pq, or off when de-energised.", KINDS),
        Column("base_kv", "float", "kV", "Nominal voltage."),
        Column("vm", "float", "p.u.", "Voltage magnitude."),
        Column("va", "float", "°", "Voltage angle."),
        Column("pd", "float", "MW", "Active power demand served."),
        Column("qd", "float", "Mvar", "Reactive power demand served."),
        Column("vmin", "float", "p.u.", "Smallest voltage magnitude allowed."),
        Column("vmax", "float", "p.u.", "Largest voltage magnitude allowed."),
    ),
)
BRANCHES = Columns(
    "branches",
    (
        Column("branch", "int", "1", "Row of the branch in the case, from 1."),
        Column("from_bus", "int", "1", "Bus at the from end."),
        Column("to_bus", "int", "1", "Bus at the to end."),
        Column("in_service", "bool", "1", "Whether current can flow."),
        Column("p_from", "float", "MW", "Active power into the branch at the from end."),
        Column("q_from", "float", "Mvar", "Reactive power into the branch at the from end."),
        Column("p_to", "float", "MW", "Active power into the branch at the to end."),
        Column("q_to", "float", "Mvar", "Reactive power into the branch at the to end."),
        Column("rating", "float", "MVA", "Normal rating (rate A); missing when there is none."),
        Column("loading", "float", "%", "Larger apparent power of both ends over the rating."),
    ),
)
UNITS = Columns(
    "units",
    (
        Column("unit", "int", "1", "Row of the unit in the case, from 1."),
        Column("bus", "int", "1", "Bus number."),
        Column("in_service", "bool", "1", "Whether the unit runs."),
        Column("p", "float", "MW", "Active power output."),
        Column("q", "float", "Mvar", "Reactive power output."),
        Column(
            "limit",
            "text",
            "",
            "qmax or qmin where a reactive limit holds the unit, else empty.",
            ("qmin", "qmax"),
        ),
    ),
)


def _empty(columns: Columns) -> Table:
    """Give a table without rows."""
    return table(columns, **dict.fromkeys(columns.names, ()))


class StateParams(CaseParams):
    """How to solve an AC power flow."""

    start: Literal["flat", "dc", "case"] = "dc"
    """First voltages: 1 p.u. at angle 0, angles of a DC power flow, or the case's own."""
    generation: Annotated[
        Literal["case", "balanced"] | Annotated[InputFile, Accepts(output="dispatch_units")],
        Field(union_mode="left_to_right"),
    ] = "case"
    """Unit outputs: the case's own, balanced (imbalance spread over headroom), or @run of a dispatch."""
    slack: Literal["single", "distributed"] = "single"
    """Who covers the rest of the balance: the reference bus alone, or all units by headroom."""
    reactive_limits: bool = False
    """Whether a unit at its reactive limit gives up its voltage set point."""
    tolerance: Annotated[PerUnit, Field(gt=0, le=1e-2)] = 1e-8
    """Largest power mismatch accepted at any bus."""
    max_iterations: Annotated[int, Field(ge=1, le=200)] = 30
    """Newton steps before the attempt counts as diverged."""


class PowerflowParams(StateParams):
    """Which power flow to solve, and which scenarios of it."""

    scenarios: Annotated[InputFile, Accepts((".csv", ".parquet"))] | None = None
    """Scenarios to solve as well: a CSV or Parquet file, a row each, a column per change such as bus.7.pd."""
    record: tuple[str, ...] = ()
    """Values to keep of every scenario, such as `bus.7.vm`, `branch.12.loading` or `gen.*.q`."""
    audit: Annotated[int, Field(ge=4, le=100_000)] = 40  # fewer than 4 prove nothing
    """Scenarios that the certificate solves again besides the worst."""


class PowerflowResult(Result):
    """A state of the grid; when diverged, the last iterate, which solves nothing."""

    outcome: Literal["converged", "diverged"]
    """`converged`, or `diverged` when Newton's method found no solution, from this start or others."""
    iterations: int
    """Newton steps taken."""
    largest_mismatch: PerUnit | None
    """Largest power mismatch at any energised bus; null when it is not finite."""
    load: MW
    """Active power demand served."""
    generation: MW | None
    """Active power generated; null when diverged."""
    losses: MW | None
    """Active power lost in branches and shunts; null when diverged."""
    reactive_generation: Mvar | None
    """Reactive power generated; null when diverged."""
    unserved: MW
    """Demand at de-energised buses."""
    islands: int
    """Energised islands."""
    buses: Annotated[Table, TableOf(BUSES)]
    """State of every bus."""
    branches: Annotated[Table, TableOf(BRANCHES)]
    """Flows of every branch; missing when diverged or out of service."""
    units: Annotated[Table, TableOf(UNITS)]
    """Output of every unit; missing when diverged."""
    scenarios_studied: int = 0
    """Scenarios solved besides the case itself."""
    scenarios_diverged: int = 0
    """Scenarios without a solution."""
    scenarios_violated: int = 0
    """Scenarios with a voltage beyond its limits or a branch above its rating."""
    scenarios: Annotated[Table, TableOf(SCENARIOS)] = Field(default_factory=partial(_empty, SCENARIOS))
    """Every scenario in the order of its file; none without scenarios."""
    recorded: Annotated[Table, TableOf(RECORDED)] = Field(default_factory=partial(_empty, RECORDED))
    """Values asked for of every scenario."""
