"""Certificate of `grid.dispatch`: feasible bus by bus, and optimal or impossible by weak duality."""

from dataclasses import dataclass

import numpy as np

from genba.core.certificate import Certificate, Claim, at_least, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Bools, Circuit, Floats, circuit
from genba.grid.certify.cost import Costs, costs
from genba.grid.certify.rows import Expected, branch_rows, excess, finite_or_zero, gaps, identity, worst
from genba.grid.io import changes, matpower
from genba.grid.io.ends import with_ends
from genba.grid.records.case import Case
from genba.grid.records.dispatch import SMALLEST_REACTANCE, DispatchParams, DispatchResult

POWER_MW = 1e-4  # hundred watts: a hundred times the solver's own feasibility tolerance of 1e-8 p.u.
ANGLE_DEGREES = 1e-6
PRICE = 1e-6  # relative
RELATIVE = 1e-6  # of cost, bound and shortfall: what the law calls optimal
WIDEST_DEGREES = 360.0  # angle difference granted to a branch without any limit


@dataclass(frozen=True)
class Lines:
    """The DC model of every branch: `flow = stiffness * (angle difference - shift)`.

    Arguments:
        stiffness: MW per degree; 0 where no power can flow.
        shift: degrees.
        rating: MW; infinite where there is no limit.
        low, high: least and largest angle difference, degrees; infinite where there is no limit.
    """

    stiffness: Floats
    shift: Floats
    rating: Floats
    low: Floats
    high: Floats


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_dispatch(params: DispatchParams, result: DispatchResult, ctx: Context) -> Certificate:
    """Certify a dispatch, or the proof that there is none, from the case and the reported numbers alone.

    The model is linear with convex costs, so multipliers prove: the Lagrangian at the reported prices,
    minimised over the limits, is a lower bound of the cost (or of the imbalance) of every dispatch.

    Source: Boyd and Vandenberghe, Convex Optimization (2004), sections 5.1 and 5.8; for angles that cancel
    only up to rounding, Neumaier and Shcherbina, Safe bounds in linear and mixed-integer programming (2004).
    """
    case = with_ends(changes.apply(matpower.read(ctx.path(params.case))[0], params.set))
    return Certificate(claims=dispatch_claims(case, params, result))


def dispatch_claims(
    case: Case, params: DispatchParams, result: DispatchResult, *, bounded: bool = True
) -> tuple[Claim, ...]:
    """Claim that a result is a dispatch of this case; `bounded` where it states the bound that it proves."""
    grid, lines = circuit(case), _lines(params, circuit(case))
    same = identity(
        (result.units, _unit_rows(grid)),
        (result.buses, _bus_rows(grid)),
        (result.branches, branch_rows(grid)),
    )
    if not same.holds:  # nothing else can be asked of other rows
        return (same,)
    feasible = (same, *_state(grid, lines, result), *_totals(grid, result))
    if result.outcome == "optimal":
        optimal = _optimal(grid, lines, costs(case), result)
        return (*feasible, *(claim for claim in optimal if bounded or claim.name != "bound"))
    return (*feasible, *_impossible(grid, lines, result))


def _lines(params: DispatchParams, grid: Circuit) -> Lines:
    branch, base = grid.case.branch, grid.case.base_mva
    x, ratio = branch["x"], np.where(branch["ratio"] == 0, 1.0, branch["ratio"])
    per_unit = np.zeros(len(x))
    on = grid.conducts
    if params.formulation == "dcp":
        per_unit[on] = x[on] / (branch["r"][on] ** 2 + x[on] ** 2)
        shift = np.zeros(len(x))
    else:
        per_unit[on] = 1 / (np.where(x == 0, SMALLEST_REACTANCE, x) * ratio)[on]
        shift = branch["shift"]
    free = (branch["angmin"] == 0) & (branch["angmax"] == 0) | (not params.angle_limits) | ~on
    rated = (branch["rate_a"] > 0) & params.branch_limits & on
    return Lines(
        stiffness=per_unit * base * np.pi / 180,
        shift=shift,
        rating=np.where(rated, branch["rate_a"], np.inf),
        low=np.where(free | (branch["angmin"] <= -360), -np.inf, branch["angmin"]),
        high=np.where(free | (branch["angmax"] >= 360), np.inf, branch["angmax"]),
    )


def _unit_rows(grid: Circuit) -> Expected:
    gen = grid.case.gen
    rows = np.arange(1, len(gen) + 1)
    return {
        "unit": rows,
        "bus": gen["bus"],
        "in_service": grid.runs,
        **{name: gen[name] for name in ("pmin", "pmax", "qmin", "qmax")},
        **{name: np.full(len(gen), np.nan) for name in ("q", "vm")},
    }


def _bus_rows(grid: Circuit) -> Expected:
    return {"bus": grid.case.bus["bus"], "demand": _demand(grid)}


def _demand(grid: Circuit) -> Floats:
    bus = grid.case.bus
    return np.where(grid.alive, bus["pd"] + bus["gs"], 0.0)


def _difference(grid: Circuit, angle: Floats) -> Floats:
    """Give the angle difference over each branch, degrees; 0 where it is open, NaN where an angle is."""
    return np.where(grid.conducts, angle[grid.start] - angle[grid.end], 0.0)


def _state(grid: Circuit, lines: Lines, result: DispatchResult) -> tuple[Claim, ...]:
    """Give the claims that hold for every dispatch, with its shortfall counted."""
    p, shortfall, flow = result.units["p"], result.buses["shortfall"], result.branches["p"]
    difference = _difference(grid, result.buses["va"])
    own = lines.stiffness * (difference - lines.shift)
    balance = shortfall - _demand(grid)
    np.add.at(balance, grid.host, np.where(grid.runs, p, 0.0))
    np.add.at(balance, grid.start, -own)
    np.add.at(balance, grid.end, own)
    gen = grid.case.gen
    low, high = (np.where(grid.runs, gen[name], 0.0) for name in ("pmin", "pmax"))
    loading = np.where(grid.case.branch["rate_a"] > 0, 100 * np.abs(flow) / result.branches["rating"], np.nan)
    off = ~grid.alive
    stray = [np.isfinite(result.buses[name][off]).astype(float) for name in ("va", "price")]
    return (
        at_most(
            "power_balance",
            worst(np.abs(balance)),
            bound=POWER_MW,
            unit="MW",
            method="Output and stated shortfall less demand and flows recomputed from the angles, worst bus.",
        ),
        at_most(
            "flows",
            worst(np.abs(own - flow)),
            bound=POWER_MW,
            unit="MW",
            method="Each flow recomputed from the angles and the branch's own data.",
        ),
        at_most(
            "unit_limits",
            excess(p, low, high),
            bound=POWER_MW,
            unit="MW",
            method="Largest excess of an output over the case's limits; 0 is required out of service.",
        ),
        at_most(
            "branch_limits",
            excess(own, -lines.rating, lines.rating),
            bound=POWER_MW,
            unit="MW",
            method="Largest excess of a recomputed flow over rating A, where the study limits flows.",
        ),
        at_most(
            "angle_limits",
            excess(difference, lines.low, lines.high),
            bound=ANGLE_DEGREES,
            unit="°",
            method="Largest excess of an angle difference over its limits, where the study sets them.",
        ),
        at_most(
            "loading",
            worst(*gaps(result.branches["loading"], loading), *stray),
            bound=POWER_MW,
            unit="%",
            method="Flow over rating recomputed; what is de-energised must have neither angle nor price.",
        ),
    )


def _totals(grid: Circuit, result: DispatchResult) -> tuple[Claim, ...]:
    unserved = grid.case.bus["pd"][~grid.alive].sum()
    return (
        at_most(
            "load",
            max(abs(result.load - _demand(grid).sum()), abs(result.unserved - unserved), key=_finite_last),
            bound=POWER_MW,
            unit="MW",
            method="Energised and de-energised demand summed from the case, against the stated totals.",
        ),
    )


def _finite_last(value: float) -> float:
    return value if np.isfinite(value) else np.inf


def _optimal(grid: Circuit, lines: Lines, curve: Costs, result: DispatchResult) -> tuple[Claim, ...]:
    p = result.units["p"]
    cost = float(curve.at(p)[grid.runs].sum())
    bound = _lagrangian(grid, lines, result, curve)
    stated_cost, stated_bound = (np.nan if v is None else v for v in (result.cost, result.bound))
    below, above = curve.marginal(p)
    stated = result.units["marginal_cost"]
    scale = np.maximum(1.0, np.abs(stated))
    tolerance = RELATIVE * max(1.0, finite_or_zero(abs(cost)))
    return (
        at_most(
            "cost",
            abs(cost - stated_cost),
            bound=tolerance / 10,
            unit="$/h",
            method="Every unit's cost recomputed from the case's cost table at its reported output.",
        ),
        at_most(
            "optimality_gap",
            cost - bound,
            bound=tolerance,
            unit="$/h",
            method=(
                "Recomputed cost less the lower bound that the reported prices and multipliers prove "
                "(Lagrangian minimised exactly over unit, flow and angle limits)."
            ),
        ),
        at_most(
            "bound",
            abs(bound - stated_bound),
            bound=tolerance,
            unit="$/h",
            method="The stated lower bound compared with the one proven here.",
        ),
        at_most(
            "marginal_cost",
            max(worst(((below - stated) / scale)[grid.runs], ((stated - above) / scale)[grid.runs]), 0.0),
            bound=PRICE,
            unit="1",
            method="Each running unit's marginal cost lies between its cost of the last and of the next MWh.",
        ),
        equal(
            "no_shortfall",
            float(np.abs(result.buses["shortfall"]).sum()) + abs(result.shortfall),
            expected=0,
            unit="MW",
            method="An optimal dispatch leaves no bus short.",
        ),
    )


def _impossible(grid: Circuit, lines: Lines, result: DispatchResult) -> tuple[Claim, ...]:
    total = float(np.abs(result.buses["shortfall"]).sum())
    proven = _lagrangian(grid, lines, result, None)
    tolerance = POWER_MW + RELATIVE * finite_or_zero(total)
    costed = sum(value is not None for value in (result.cost, result.bound))
    return (
        at_least(
            "imbalance_unavoidable",
            proven,
            bound=tolerance,
            unit="MW",
            method="Least total imbalance of any dispatch, proven by the multipliers through weak duality.",
        ),
        at_most(
            "least_imbalance",
            max(abs(total - result.shortfall), total - proven, key=_finite_last),
            bound=tolerance,
            unit="MW",
            method="Sum of the shortfalls, the stated total and the proven least imbalance compared.",
        ),
        equal("no_cost", costed, expected=0, method="An impossible dispatch has neither cost nor bound."),
    )


def _lagrangian(grid: Circuit, lines: Lines, result: DispatchResult, curve: Costs | None) -> float:
    """Give a lower bound of the cost, or without a curve of the imbalance in MW, of every dispatch.

    `sum price demand + min(cost - price output) + min(multiplier flow) + min(multiplier angle difference)`
    less what the angles could gain where their coefficients do not cancel.
    """
    gen, on = grid.case.gen, grid.conducts
    price = np.where(grid.alive, result.buses["price"], 0.0)
    flow_price, angle_price = result.branches["flow_price"], result.branches["angle_price"]
    if curve is None:  # a bus can be short at 1 MW per MW, so no multiplier may exceed 1
        size = max(1.0, worst(np.abs(price)))
        price, flow_price, angle_price = price / size, flow_price / size, angle_price / size
    paid = price[grid.host]
    if curve is None:
        units = np.minimum(-paid * gen["pmin"], -paid * gen["pmax"])
    else:
        units = curve.least(paid, gen["pmin"], gen["pmax"])
    worth = price[grid.start] - price[grid.end] - flow_price
    pull = np.where(on, lines.stiffness * worth - angle_price, 0.0)  # $/h per degree
    drift = np.zeros(len(price))
    np.add.at(drift, grid.start, pull)
    np.add.at(drift, grid.end, -pull)
    return float(
        price @ _demand(grid)
        + units[grid.runs].sum()
        + _least(flow_price, -lines.rating, lines.rating)
        + _least(angle_price, lines.low, lines.high)
        - (lines.stiffness * lines.shift * worth).sum()
        - np.abs(drift) @ _reach(grid, lines)
    )


def _least(multiplier: Floats, low: Floats, high: Floats) -> float:
    """Give the sum of the least `multiplier * value` of each interval; minus infinity where it has no end."""
    used: Bools = multiplier != 0  # zero times an infinite limit is nothing
    chosen = np.where(multiplier > 0, low, high)
    return float((multiplier[used] * chosen[used]).sum())


def _reach(grid: Circuit, lines: Lines) -> Floats:
    """Give how far each angle can lie from that of its island's first bus, degrees: a shortest path."""
    by_flow = lines.rating / np.abs(lines.stiffness) + np.abs(lines.shift)
    by_angle = np.maximum(np.abs(lines.low), np.abs(lines.high))
    on = grid.conducts
    width = np.minimum(np.minimum(by_flow, by_angle)[on], WIDEST_DEGREES)
    start, end = grid.start[on], grid.end[on]
    reach = np.full(len(grid.island), np.inf)
    reach[~grid.alive] = 0.0
    reach[np.unique(grid.island, return_index=True)[1]] = 0.0
    before = np.empty(0)
    while not np.array_equal(before, reach):  # Bellman and Ford: a round per branch of the longest path
        before = reach.copy()
        np.minimum.at(reach, end, before[start] + width)
        np.minimum.at(reach, start, before[end] + width)
    return reach
