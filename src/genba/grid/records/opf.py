"""Params and Result of `grid.opf`, and the rules by which a case becomes an optimal power flow.

Energised: as in `powerflow`; so are each island's reference, which keeps the case's angle, and its kinds of
bus.
Minimised: the costs of active power of all units in service; reactive power costs nothing.
Start: where another optimal power flow of the same buses ended, given by its `opf_buses`, its voltages and
prices are taken over; where the sum of the demand has moved by more than 2 %, or 20 iterations from there do
not end, the solve begins afresh as `auto` does.
Limits: outputs, those beyond `ENDLESS_MW` counting as that; voltages, an infinite vmax counting as
`HIGHEST_PU` and a vmin below 0 as 0, narrowed by `voltage_margin` on both sides but not beyond their middle;
apparent power at both ends of a branch within rate A (0 means none) less `flow_margin`; angle differences
between `angmin` and `angmax` (none at -360 and 360, or where both are 0). Angles are those of the buses:
shifts do not count.
Formulations: `ac`, the full equations, solved to a local optimum. `dc`, as in `dispatch` with dcmp: no
losses, no reactive power, the active flow held to the rating. `soc`, a relaxation: its cost is below every
AC cost, its point need not exist, and angles are missing.
Bound: a cost below which no AC state of the grid lies, by weak duality from the multipliers in
`bound_buses` and `bound_branches`. A DC cost bounds nothing: it can exceed the AC cost.
Prices: `price = energy + loss + congestion`. Energy is the price at the island's reference. Loss is energy
times (d - 1), where d is what one more MW injected at the bus saves at the reference in the linearised
power flow, all buses with a unit whose reactive range is not empty holding their voltage. Congestion is the
rest: what the multipliers of flow, angle, voltage and reactive limits cause through the same sensitivities.
Without losses (`dc`) d is 1; the relaxation has no split. Source: Cheng and Overbye, An energy reference
bus independent LMP decomposition algorithm, IEEE Trans. Power Systems 21 (2006); Litvinov et al., Marginal
loss modeling in LMP calculation, IEEE Trans. Power Systems 19 (2004).
Shadow price: what one unit more of a limit saves, never negative; of a unit's limit, the difference of price
and marginal cost. Binding: limits whose shadow price is above `PRICED`, voltages 100 times that; gain is the
shadow price times 1 % of the limit, of a voltage 0.01 p.u.
Infeasible: the state of least total violation, in p.u. and radians, that was found: demand left over
(surplus negative), flows beyond ratings, angles beyond limits; outputs and voltages keep theirs. `proof`
tells whether that it cannot be met anywhere is proven (`global`, by the bound's multipliers) or only that
no small step lessens the violations (`local`). Its prices are multipliers: violation per unit of demand.
"""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.inputs import Accepts, InputFile
from genba.core.records import Result
from genba.core.units import MW, DollarPerHour, Mvar, One, Percent, PerUnit, Second
from genba.grid.records.case import CaseParams
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.grid.records.powerflow import KINDS
from genba.num.table import Table, TableOf, table

PRICED = 1e-2
"""Shadow price from which a limit counts as binding, $/h per MW, Mvar, MVA or degree."""
PER_VOLT = 100.0
"""How many times that a voltage limit's must be, per p.u."""
KINK = 1e-2
"""An output this close to a corner of a piecewise cost is priced by either side, MW."""
EXACT = 5e-4
"""Relative gap between cost and bound within which a relaxation counts as solved."""

BUS = (Column("bus", "int", "1", "Bus number."),)
BRANCH = (Column("branch", "int", "1", "Row of the branch in the case, from 1."),)
OPF_BUSES = Columns(
    "opf_buses",
    (
        *BUS,
        Column("island", "int", "1", "Island number from 1; 0 when de-energised."),
        Column("kind", "text", "", "reference, pv (with a unit), pq, or off when de-energised.", KINDS),
        Column("base_kv", "float", "kV", "Nominal voltage."),
        Column("vm", "float", "p.u.", "Voltage magnitude; missing when de-energised or dc."),
        Column("va", "float", "°", "Voltage angle; missing when de-energised or soc."),
        Column("pd", "float", "MW", "Active power demand; 0 when de-energised."),
        Column("qd", "float", "Mvar", "Reactive power demand; 0 when de-energised."),
        Column("vmin", "float", "p.u.", "Smallest voltage magnitude allowed, margin included."),
        Column("vmax", "float", "p.u.", "Largest voltage magnitude allowed, margin included."),
        Column("price", "float", "$/MWh", "Cost of the next MWh of demand here; missing when de-energised."),
        Column("energy", "float", "$/MWh", "Part of the price: that of the island's reference."),
        Column("loss", "float", "$/MWh", "Part of the price: marginal losses."),
        Column("congestion", "float", "$/MWh", "Part of the price: limits of flows, angles, voltages."),
        Column("reactive_price", "float", "$/Mvarh", "Cost of the next Mvarh of demand here."),
        Column(
            "voltage_price",
            "float",
            "$/h per p.u.",
            "Multiplier of the voltage limit; negative at its upper side.",
        ),
        Column("shortfall", "float", "MW", "Active demand left over, surplus negative; 0 unless infeasible."),
        Column("reactive_shortfall", "float", "Mvar", "Reactive demand left over, likewise."),
    ),
)
OPF_BRANCHES = Columns(
    "opf_branches",
    (
        *BRANCH,
        Column("from_bus", "int", "1", "Bus at the from end."),
        Column("to_bus", "int", "1", "Bus at the to end."),
        Column("in_service", "bool", "1", "Whether current can flow."),
        Column("p_from", "float", "MW", "Active power into the branch at the from end."),
        Column("q_from", "float", "Mvar", "Reactive power into the branch at the from end."),
        Column("p_to", "float", "MW", "Active power into the branch at the to end."),
        Column("q_to", "float", "Mvar", "Reactive power into the branch at the to end."),
        Column("losses", "float", "MW", "Active power lost in the branch."),
        Column("rating", "float", "MVA", "Normal rating (rate A); missing when there is none."),
        Column("limit", "float", "MVA", "What the flow was held to: rating less margin; missing when none."),
        Column("loading", "float", "%", "Larger apparent power of both ends over the rating."),
        Column("from_price", "float", "$/MVAh", "Shadow price of the limit at the from end."),
        Column("to_price", "float", "$/MVAh", "Shadow price of the limit at the to end."),
        Column("angle", "float", "°", "Angle difference, from bus less to bus; missing when soc."),
        Column("angmin", "float", "°", "Smallest angle difference allowed; missing when there is none."),
        Column("angmax", "float", "°", "Largest angle difference allowed; missing when there is none."),
        Column("angle_price", "float", "$/°h", "Multiplier of the angle limit; negative at its upper side."),
        Column("over", "float", "MVA", "How far the flow passes its limit; 0 unless infeasible."),
        Column("over_angle", "float", "°", "How far the angle passes its limit; 0 unless infeasible."),
    ),
)
LIMITS = (
    "rating_from",
    "rating_to",
    "angmin",
    "angmax",
    "vmin",
    "vmax",
    "pmin",
    "pmax",
    "qmin",
    "qmax",
)
OUTCOMES = ("optimal", "feasible", "infeasible", "unsolved")
"""How a solve can end, the best first."""
STARTS = ("dc", "flat", "case")
"""First points of `best`, in their order."""
UNMET = ("demand", "surplus", "reactive_demand", "reactive_surplus", "rating", "angmin", "angmax")
OPF_BINDING = Columns(
    "opf_binding",
    (
        Column("element", "text", "", "What is at its limit: `branch.12`, `bus.7` or `gen.3`."),
        Column(
            "limit_kind",
            "text",
            "",
            "rating_from, rating_to, angmin, angmax, vmin, vmax, pmin, pmax, qmin or qmax.",
            LIMITS,
        ),
        Column("value", "float", "MVA, °, p.u., MW or Mvar", "Where it stands."),
        Column("limit", "float", "MVA, °, p.u., MW or Mvar", "What is allowed."),
        Column("price", "float", "$/h per unit of the limit", "Shadow price."),
        Column("gain", "float", "$/h", "Saved, to first order, by relaxing the limit by 1 %."),
    ),
)
OPF_RELAXATIONS = Columns(
    "opf_relaxations",
    (
        Column("element", "text", "", "What cannot be met: `bus.7` or `branch.12`."),
        Column(
            "limit_kind",
            "text",
            "",
            "demand, surplus, reactive_demand, reactive_surplus, rating, angmin or angmax.",
            UNMET,
        ),
        Column("amount", "float", "MW, Mvar, MVA or °", "By how much to relax it."),
        Column("limit", "float", "MW, Mvar, MVA or °", "What stands now: demand or limit."),
    ),
)
OPF_ITERATIONS = Columns(
    "opf_iterations",
    (
        Column("iteration", "int", "1", "Number from 0."),
        Column("objective", "float", "$/h", "Cost at the iterate."),
        Column("infeasibility", "float", "p.u.", "Largest violation of a balance or limit."),
        Column("dual_infeasibility", "float", "1", "Largest scaled residual of the stationarity."),
        Column("barrier", "float", "1", "Barrier parameter, or measure of complementarity."),
        Column("step", "float", "1", "Share of the step taken."),
        Column("regularisation", "float", "1", "What was added to the Hessian's diagonal."),
        Column("restoring", "bool", "1", "Whether only the violations were being reduced."),
    ),
)
OPF_STARTS = Columns(
    "opf_starts",
    (
        Column("start", "text", "", "First point: dc (angles of a DC power flow), flat, case.", STARTS),
        Column(
            "outcome",
            "text",
            "",
            "Where it led: optimal, feasible if stopped early, infeasible or unsolved.",
            OUTCOMES,
        ),
        Column("iterations", "int", "1", "Iterations made from there."),
        Column("cost", "float", "$/h", "Cost there; missing when infeasible or unsolved."),
        Column("difference", "float", "$/h", "Cost less that of the state given; missing without both."),
        Column("kept", "bool", "1", "Whether its state is the one given."),
    ),
)
OPF_BOUND_BUSES = Columns(
    "opf_bound_buses",
    (
        *BUS,
        Column("price", "float", "$/MWh", "Multiplier of the active balance; 0 when de-energised."),
        Column("reactive_price", "float", "$/Mvarh", "Multiplier of the reactive balance."),
        Column("vm", "float", "p.u.", "Magnitudes whose ratios tangents are drawn at; 1 when de-energised."),
    ),
)
OPF_BOUND_BRANCHES = Columns(
    "opf_bound_branches",
    (
        *BRANCH,
        Column("from_p", "float", "$/MWh", "Multiplier of the active part of the limit at the from end."),
        Column("from_q", "float", "$/Mvarh", "Multiplier of its reactive part."),
        Column("to_p", "float", "$/MWh", "Multiplier of the active part of the limit at the to end."),
        Column("to_q", "float", "$/Mvarh", "Multiplier of its reactive part."),
    ),
)


def _no_starts() -> Table:
    return table(OPF_STARTS, **dict.fromkeys(OPF_STARTS.names, ()))


class OpfParams(CaseParams):
    """How to dispatch units at least cost within the limits of the grid."""

    formulation: Literal["ac", "dc", "soc"] = "ac"
    """The full AC equations, a DC approximation, or a relaxation that bounds the AC cost from below."""
    start: Annotated[
        Literal["auto", "best", "dc", "flat", "case"] | Annotated[InputFile, Accepts(output="opf_buses")],
        Field(union_mode="left_to_right"),
    ] = "auto"
    """AC start: DC angles, flat, the case's, an optimum's (@run); auto: dc, then flat; best: all three."""
    bound: bool = False
    """Whether the relaxation is solved after an AC solve, to prove how far the cost can be from the least."""
    branch_limits: bool = True
    """Whether ratings bound the flows."""
    angle_limits: bool = True
    """Whether angle differences are bounded as the case says."""
    flow_margin: Annotated[Percent, Field(ge=0, lt=100)] = 0.0
    """Share of each rating that is kept free, so that a lost branch finds room."""
    voltage_margin: Annotated[PerUnit, Field(ge=0, le=0.2)] = 0.0
    """How far voltages stay inside their limits."""
    tolerance: Annotated[One, Field(gt=0, le=1e-6)] = 1e-8  # looser ones miss balances by more than 1e-6 p.u.
    """Scaled residual of the optimality conditions at which a solve ends."""
    max_iterations: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Iterations before a solve ends as feasible or unsolved; with best, from each start."""
    time_limit: Annotated[Second, Field(gt=0)] | None = None
    """Time before a solve ends as feasible or unsolved; none when not given."""
    linear_solver: Literal["auto", "block", "pardiso", "cudss"] = "auto"
    """What solves an AC iteration's equations: the own blocks, oneMKL, a GPU, or what fits the backend."""


class OpfResult(Result):
    """The cheapest state found, or which limits to relax and by how much."""

    outcome: Literal["optimal", "feasible", "infeasible", "unsolved"]
    """`optimal` (ac: locally; soc: the relaxation), `feasible` if stopped early, `infeasible`, `unsolved`."""
    cost: DollarPerHour | None
    """Cost of all units; null when infeasible or unsolved."""
    bound: DollarPerHour | None
    """Proven lower bound of the cost of every AC state; null when none was proven."""
    gap: Percent | None
    """How far the bound lies below the cost, in % of it or of 1 $/h if more; null without both."""
    proof: Literal["none", "local", "global"]
    """Of an infeasible outcome: whether it holds near this state only, or is proven for every state."""
    load: MW
    """Active power demand of energised buses."""
    generation: MW | None
    """Active power generated; null when unsolved."""
    losses: MW | None
    """Active power lost in branches and shunts; null when unsolved."""
    unserved: MW
    """Demand at de-energised buses."""
    shortfall: MW
    """Sum of all active imbalances; 0 unless infeasible."""
    reactive_shortfall: Mvar
    """Sum of all reactive imbalances; 0 unless infeasible."""
    iterations: int
    """Iterations made."""
    largest_mismatch: PerUnit | None
    """Largest power mismatch at any bus, stated shortfalls counted; null when not finite."""
    units: Annotated[Table, TableOf(DISPATCH_UNITS)]
    """Output of every unit."""
    buses: Annotated[Table, TableOf(OPF_BUSES)]
    """Voltage and price of every bus."""
    branches: Annotated[Table, TableOf(OPF_BRANCHES)]
    """Flow and shadow prices of every branch."""
    binding: Annotated[Table, TableOf(OPF_BINDING)]
    """Limits that cost something, those whose relaxation saves most first."""
    relaxations: Annotated[Table, TableOf(OPF_RELAXATIONS)]
    """What to relax when infeasible, largest first; empty otherwise."""
    trace: Annotated[Table, TableOf(OPF_ITERATIONS)]
    """Every iteration; empty for dc."""
    starts: Annotated[Table, TableOf(OPF_STARTS)] = Field(default_factory=_no_starts)
    """Where each start led, those of best only; empty otherwise."""
    bound_buses: Annotated[Table, TableOf(OPF_BOUND_BUSES)]
    """Multipliers that prove the bound, or that nothing is feasible; empty when there is no proof."""
    bound_branches: Annotated[Table, TableOf(OPF_BOUND_BRANCHES)]
    """The same for the branches."""
