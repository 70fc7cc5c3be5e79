"""What `grid.powerflow` says of scenarios, and the rules by which a scenario is studied.

Scenario: the case with `set`, then the units of a dispatch where `generation` names one, then the scenario's
changes in the order of its file's columns; a power flow by the rules of `records/powerflow`, balanced anew
where `generation` is balanced. It starts from the state of the case itself; where that leads nowhere or the
case has none, from the first voltage of `start`, then from the angles of a DC power flow and from 1 p.u.
everywhere. Only when all find nothing its status is `diverged`.
Loading: larger apparent power of both ends over rate A, in % of it. A limit is violated when it is passed by
more than `PASSED` of itself; de-energised buses and branches violate nothing.
"""

from genba.core.columns import Column, Columns

PASSED = 1e-6
"""Share of a limit by which rounding may pass it."""
MOST_RECORDED = 4_000_000
"""Values of all scenarios together that are recorded."""
QUANTITIES = {
    "bus": ("vm", "va"),
    "branch": ("p_from", "q_from", "p_to", "q_to", "loading"),
    "gen": ("p", "q"),
}
"""What can be recorded of each kind of element."""

SCENARIOS = Columns(
    "scenarios",
    (
        Column("scenario", "text", "", "Name of the scenario."),
        Column("time", "text", "", "What the file says of its time; empty when nothing."),
        Column("status", "text", "", "converged or diverged.", ("converged", "diverged")),
        Column("iterations", "int", "1", "Newton steps taken."),
        Column("load", "float", "MW", "Active power demand served."),
        Column("unserved", "float", "MW", "Demand at de-energised buses."),
        Column("generation", "float", "MW", "Active power generated; missing when diverged."),
        Column("losses", "float", "MW", "Active power lost; missing when diverged."),
        Column("lowest_voltage", "float", "p.u.", "Lowest voltage magnitude; missing when diverged."),
        Column("lowest_bus", "int", "1", "Bus that has it; 0 when there is none."),
        Column("highest_voltage", "float", "p.u.", "Highest voltage magnitude; missing when diverged."),
        Column("highest_bus", "int", "1", "Bus that has it; 0 when there is none."),
        Column(
            "largest_loading", "float", "%", "Largest loading of a rated branch; missing when there is none."
        ),
        Column("largest_branch", "int", "1", "Row of the branch that has it, from 1; 0 when there is none."),
        Column("voltage_violations", "int", "1", "Buses beyond their voltage limits."),
        Column("overloads", "int", "1", "Branches above their rating."),
        Column("limited", "int", "1", "Buses that a reactive limit holds."),
    ),
)
RECORDED = Columns(
    "recorded",
    (
        Column("scenario", "text", "", "Name of the scenario."),
        Column("element", "text", "", "What was recorded: `bus.7.vm`, `branch.12.loading` or `gen.3.q`."),
        Column(
            "value", "float", "p.u., °, MW, Mvar or %", "Its value; missing when diverged or out of service."
        ),
    ),
)
