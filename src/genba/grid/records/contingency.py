"""Params and Result of `grid.contingency`, and the rules by which an outage is judged.

Studied: branches and units that are in service and energised in the base.
Parts: where an outage splits an island, the part with the most buses among those that keep a unit in
service stays energised (the one with the first bus row of equals); the others are cut off and lose load and
units.
Lost units at buses that stay energised: the sum of their outputs is spread over the headroom (see
`powerflow`) of the remaining units of the island, measured at base outputs; what exceeds the headroom, and
the imbalance of what is cut off, goes to the slack, whose shares follow the headroom left. Base outputs are
the schedule.
State: all else is `powerflow` of what is left, by the same rules (reference, kinds, set points, reactive
limits), solved from the base state, or else from the angles of a DC power flow or 1 p.u. everywhere; a
reference keeps its base angle.
Rating: rate C, else rate B, else rate A; 0 means none; the same before and after an outage.
Violated: beyond the limit by more than `BAND` of it. It counts when the base does not violate the same
limit, or when the excess (value - limit, both in % of the limit) grew by more than `worse_by`.
Monitored: energised buses and branches; a branch lies in the areas of both its ends and has the higher of
their nominal voltages. All filters apply together, to the base too.
Islanded: a bus that is cut off has demand (active or reactive) or a unit in service.
Screened: with `screen=linear` an outage is left after the first Newton step from the base that leaves every
monitored limit, and every reactive limit that is to be kept, farther than the step can still err. The
error is taken as at most the mismatch that is left times a factor: two and a half times the largest error
per mismatch, after one step and two, of a random sample of outages solved in full. Screened outages count as
secure, or as islanded when they cut off demand or units; a random sample of them is solved in full all the
same. Outages that release or switch a voltage, or change what the screen cannot follow, are always solved in
full; so are all of them where they are fewer than 320 or more than a quarter of the sample passes a limit,
because the screen would spare less than it takes.
Pairs: with `pairs=k`, the k pairs of branches of the largest joint excess are studied as well. Flows after
the loss of two branches are the base's plus what DC equations move: without losses, each branch a reactance
times its tap ratio, a reactance of 0 taken as 1e-4 p.u. A base flow is the mean active power of both ends.
The joint excess is the largest of all monitored ratings that stay: the flow after the loss of both over the
rating, less the largest of 1 and the same share in the base, after the loss of the first, and of the second
alone. Pairs are made of the 500 branches whose loss alone changes another's flow most, in shares of its
monitored rating; not of branches whose loss alone parts the grid, and without the pairs that part it.
Voltages have no part in the ranking. Equal to 9 digits are ranked by row.
Worst first: diverged, then by the largest excess over a limit in % of it, then by lost load, lost
generation, and the order studied (branches, units, named, listed, pairs).
"""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.columns import Column, Columns
from genba.core.inputs import Accepts, InputFile
from genba.core.records import Result
from genba.core.units import KV, MW, Percent, PerUnit
from genba.grid.records.powerflow import BRANCHES, BUSES, UNITS, StateParams
from genba.num.table import Table, TableOf, table

BAND = 1e-6
"""Share of a limit by which rounding may pass it."""

STATUSES = ("secure", "violated", "islanded", "diverged")
REASONS = (
    "no solution was found",
    "branch.# (#-#) at # % of # MVA",
    "bus.# at # p.u., below # p.u.",
    "bus.# at # p.u., above # p.u.",
    *(
        f"cuts off {lost} at {buses}"
        for lost in ("# MW load", "# MW generation", "# MW load and # MW generation")
        for buses in ("# bus", "# buses")
    ),
)
"""What `why` says, # for each number."""
VIOLATION = (
    Column("element", "text", "", "What is violated: `branch.12` or `bus.7`."),
    Column("limit_kind", "text", "", "rating, vmin or vmax.", ("rating", "vmin", "vmax")),
    Column("value", "float", "MVA or p.u.", "Larger apparent power of both ends, or voltage magnitude."),
    Column("limit", "float", "MVA or p.u.", "What is allowed."),
    Column(
        "percent", "float", "%", "Value over limit for a branch; voltage beyond its limit, over the limit."
    ),
)
OUTAGES = Columns(
    "outages",
    (
        Column(
            "outage", "text", "", "What is lost: `branch.12`, `gen.3`, or the name of a named contingency."
        ),
        Column(
            "status", "text", "", "secure, violated, islanded or diverged; the last that applies.", STATUSES
        ),
        Column("lost_load", "float", "MW", "Demand that is cut off."),
        Column(
            "lost_generation", "float", "MW", "Generation that is lost or cut off, the lost unit included."
        ),
        Column("violations", "int", "1", "New or worsened violations."),
        Column("worst", "float", "%", "Largest excess over a limit, in % of it; missing when there is none."),
        Column("why", "text", "", "The worst element and by how much, or what is cut off.", REASONS),
        Column("iterations", "int", "1", "Newton steps taken."),
        Column(
            "solved",
            "text",
            "",
            "ac: in full; screened: only found to be far from every limit.",
            ("ac", "screened"),
        ),
    ),
)
VIOLATIONS = Columns(
    "violations",
    (
        Column("outage", "text", "", "What is lost."),
        *VIOLATION,
        Column("base_value", "float", "MVA or p.u.", "The same quantity before the outage."),
    ),
)
BASE_VIOLATIONS = Columns("base_violations", VIOLATION)
RANKED = Columns(
    "ranked",
    (
        Column("outage", "text", "", "The two branches: `branch.12+branch.30`."),
        Column("index", "float", "%", "Joint excess in DC: beyond the rating and what each loss alone does."),
        Column("element", "text", "", "The branch that passes its rating by it."),
    ),
)


def _none_ranked() -> Table:
    return table(RANKED, outage=(), index=(), element=())


class ContingencyParams(StateParams):
    """Which outages to study from a converged base, and what counts as a violation."""

    outages: Literal["all", "branches", "units", "named"] = "all"
    """Single outages to study; named and listed contingencies and pairs are always added."""
    named: tuple[str, ...] = ()
    """Named contingencies, `name=branch.12+gen.3`."""
    contingencies: Annotated[InputFile, Accepts((".csv",))] | None = None
    """More of them from a CSV file, one a row: columns `name` and `elements` (branch.12+gen.3)."""
    pairs: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Pairs of branches studied as well: those that jointly overload most in a DC estimate."""
    areas: tuple[int, ...] = ()
    """Areas whose elements are monitored; all when empty."""
    monitored: tuple[str, ...] = ()
    """Elements that are monitored, such as `branch.12` or `bus.7`; all when empty."""
    min_kv: Annotated[KV, Field(ge=0)] = 0.0
    """Elements below this nominal voltage are not monitored."""
    vmin: Annotated[PerUnit, Field(gt=0, lt=2)] | None = None
    """Smallest voltage after an outage; the case's own limits when not given."""
    vmax: Annotated[PerUnit, Field(gt=0, lt=2)] | None = None
    """Largest voltage after an outage; the case's own limits when not given."""
    worse_by: Annotated[Percent, Field(ge=0)] = 1.0
    """A base violation counts again only when worse by more than this share of its limit."""
    screen: Literal["none", "linear"] = "none"
    """Whether all are solved in full, or, of 320 and more, only those a linear step finds near a limit."""
    audit: Annotated[int, Field(ge=4, le=100_000)] = 300  # fewer than 4 prove nothing
    """Unreported outages that the certificate re-solves; n of them prove a missed rate of at most 3/n."""


class ContingencyResult(Result):
    """What each outage does to a converged base."""

    outcome: Literal["secure", "insecure", "base_diverged"]
    """`secure` when no outage violates, islands or diverges; `base_diverged` when no base exists."""
    studied: int
    """Outages studied, screened ones included."""
    violated: int
    """Outages with a new or worsened violation."""
    islanded: int
    """Outages of status islanded: they cut off energised load or generation, and the rest has a solution."""
    diverged: int
    """Outages of status diverged: no solution was found for what stays energised."""
    screened: int
    """Outages found secure by linear steps and not solved in full; none unless asked for."""
    screen_audited: int
    """Outages solved in full although the screen had found them secure, drawn by the run's seed."""
    screen_missed: int
    """How many of them have a violation or no solution after all; each casts doubt on the screen."""
    load: MW
    """Active power demand served before any outage."""
    outages: Annotated[Table, TableOf(OUTAGES)]
    """Every outage studied, worst first."""
    violations: Annotated[Table, TableOf(VIOLATIONS)]
    """Every new or worsened violation, worst first."""
    base_violations: Annotated[Table, TableOf(BASE_VIOLATIONS)]
    """What is violated before any outage."""
    ranked: Annotated[Table, TableOf(RANKED)] = Field(default_factory=_none_ranked)
    """Pairs of branches in the order of their joint excess; none unless asked for."""
    buses: Annotated[Table, TableOf(BUSES)]
    """Base state of every bus."""
    branches: Annotated[Table, TableOf(BRANCHES)]
    """Base flows."""
    units: Annotated[Table, TableOf(UNITS)]
    """Base outputs."""
