"""Params and Result of `grid.dispatch`."""

from typing import Annotated, Literal

from genba.core.columns import Column, Columns
from genba.core.records import Result
from genba.core.units import MW, DollarPerHour
from genba.grid.records.case import CaseParams
from genba.num.table import Table, TableOf

DISPATCH_UNITS = Columns(
    "dispatch_units",
    (
        Column("unit", "int", "1", "Row of the unit in the case, from 1."),
        Column("bus", "int", "1", "Bus number."),
        Column("in_service", "bool", "1", "Whether the unit runs."),
        Column("p", "float", "MW", "Active power output; 0 when out of service."),
        Column(
            "q",
            "float",
            "Mvar",
            "Reactive power output; 0 when out of service, missing in a DC study.",
        ),
        Column(
            "vm", "float", "p.u.", "Voltage to hold at its bus; missing out of service and in a DC study."
        ),
        Column("pmin", "float", "MW", "Smallest output allowed."),
        Column("pmax", "float", "MW", "Largest output allowed."),
        Column("qmin", "float", "Mvar", "Smallest reactive output allowed."),
        Column("qmax", "float", "Mvar", "Largest reactive output allowed."),
        Column(
            "marginal_cost", "float", "$/MWh", "Cost of the next MWh at this output; missing out of service."
        ),
    ),
)
DISPATCH_BUSES = Columns(
    "dispatch_buses",
    (
        Column("bus", "int", "1", "Bus number."),
        Column(
            "va", "float", "°", "Voltage angle, 0 at one reference bus per island; missing when de-energised."
        ),
        Column(
            "demand",
            "float",
            "MW",
            "Active power demand, shunt conductance included; 0 when de-energised.",
        ),
        Column(
            "shortfall",
            "float",
            "MW",
            "Balance that cannot be met: demand positive, surplus negative; 0 when optimal.",
        ),
        Column(
            "price",
            "float",
            "$/MWh",
            "Nodal price: cost of the next MWh of demand here; when infeasible, the multiplier that proves "
            "it (MW of imbalance per MW of demand); missing when de-energised.",
        ),
    ),
)
DISPATCH_BRANCHES = Columns(
    "dispatch_branches",
    (
        Column("branch", "int", "1", "Row of the branch in the case, from 1."),
        Column("from_bus", "int", "1", "Bus at the from end."),
        Column("to_bus", "int", "1", "Bus at the to end."),
        Column("in_service", "bool", "1", "Whether power can flow: closed, between energised buses."),
        Column("p", "float", "MW", "Flow from the from end to the to end; 0 when out of service."),
        Column("rating", "float", "MVA", "Normal rating (rate A); missing when there is none."),
        Column("loading", "float", "%", "Flow over rating."),
        Column("flow_price", "float", "$/MWh", "Multiplier of the flow limit; negative at its upper side."),
        Column("angle_price", "float", "$/°h", "Multiplier of the angle limit; negative at its upper side."),
    ),
)


SMALLEST_REACTANCE = 1e-4
"""Stands in for a reactance of 0 in the formulation dcmp, p.u."""


class DispatchParams(CaseParams):
    """How to dispatch units at least cost through a DC network."""

    formulation: Literal["dcmp", "dcp"] = "dcmp"
    """Branch model: dcmp as MATPOWER (1/x, taps, shifts); dcp as PGLib's DC column (no taps, no shifts)."""
    branch_limits: bool = True
    """Whether ratings bound the flows."""
    angle_limits: bool = True
    """Whether angle differences are bounded as the case says."""


class DispatchResult(Result):
    """The cheapest dispatch with nodal prices, or a proof that there is none."""

    outcome: Literal["optimal", "infeasible"]
    """`optimal`, or `infeasible` with the least shortfall and its proof in the prices."""
    cost: DollarPerHour | None
    """Cost of all units; null when infeasible."""
    bound: DollarPerHour | None
    """Lower bound of the cost by duality; null when infeasible."""
    shortfall: MW
    """Least total imbalance over all buses; 0 when optimal."""
    load: MW
    """Active power demand of energised buses, shunt conductance included."""
    unserved: MW
    """Demand at de-energised buses: those without a path to a unit in service."""
    units: Annotated[Table, TableOf(DISPATCH_UNITS)]
    """Output of every unit."""
    buses: Annotated[Table, TableOf(DISPATCH_BUSES)]
    """Angle and price of every bus."""
    branches: Annotated[Table, TableOf(DISPATCH_BRANCHES)]
    """Flow and multiplier of every branch."""
