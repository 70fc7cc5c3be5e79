"""Certificate of `grid.opf`: balance and limits anew, first-order conditions, bounds, prices, lists."""

import numpy as np

from genba.core.certificate import Certificate, Claim, at_least, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, circuit
from genba.grid.certify.cost import Costs, costs
from genba.grid.certify.dispatch import dispatch_claims
from genba.grid.certify.opf_bound import proven
from genba.grid.certify.opf_limits import Asked, asked
from genba.grid.certify.opf_lists import binding_claim, relaxations_claim
from genba.grid.certify.opf_optimality import first_order, steepness
from genba.grid.certify.opf_prices import price_claims
from genba.grid.certify.opf_starts import starts_claims
from genba.grid.certify.opf_state import ac_claims, dc_claims, last_iterate_claim, relaxed_claims
from genba.grid.certify.rows import Expected, branch_rows, finite_or_zero, identity, worst
from genba.grid.certify.schedule import schedule_of
from genba.grid.io import changes, matpower
from genba.grid.io.ends import with_ends
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_BRANCHES, DISPATCH_BUSES, DispatchParams, DispatchResult
from genba.grid.records.opf import EXACT, KINK, OpfParams, OpfResult
from genba.num.table import Table, table

POWER_PU = 1e-6
COST = 1e-7  # relative
BOUND = 1e-6  # relative: two ways of summing the same terms, most of which cancel
UNPROVEN_PU = 1e-6
ABOVE_PERCENT = 1e-3  # of the cost: how far a bound may lie above it by the residuals of both


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_opf(params: OpfParams, result: OpfResult, ctx: Context) -> Certificate:
    """Certify an optimal power flow from the case and the reported numbers alone.

    An AC optimum is claimed locally, by first-order conditions; a DC dispatch by weak duality; a bound from
    the multipliers that the result carries. Infeasible is claimed by such multipliers, or near the state.
    """
    case = with_ends(changes.apply(matpower.read(ctx.path(params.case))[0], params.set))
    grid = circuit(case)
    limits = asked(grid, params)
    same = identity(
        (result.units, _unit_rows(grid)),
        (result.buses, _bus_rows(grid, limits)),
        (result.branches, _branch_rows(grid, limits)),
        (result.trace, {"iteration": np.arange(len(result.trace))}),
        *_proof_rows(grid, result),
    )
    if not same.holds:  # nothing else can be asked of other rows
        return Certificate(claims=(same,))
    chosen = starts_claims(params, result)
    if result.outcome == "unsolved":
        last = (last_iterate_claim(grid, result),) if params.formulation == "ac" else ()
        return Certificate(claims=(same, _nothing_stated(result), *last, *chosen))
    claims = (same, *chosen, *_state(grid, limits, params, result), *_totals(grid, result))
    if result.outcome == "infeasible":
        claims = (
            *claims,
            *_infeasible(grid, limits, params, result),
            relaxations_claim(grid, limits, result),
        )
    else:
        claims = (*claims, *_costed(grid, limits, params, result))
    return Certificate(claims=claims)


def _unit_rows(grid: Circuit) -> Expected:
    gen = grid.case.gen
    limits = {name: gen[name] for name in ("pmin", "pmax", "qmin", "qmax")}
    return {"unit": np.arange(1, len(gen) + 1), "bus": gen["bus"], "in_service": grid.runs, **limits}


def _bus_rows(grid: Circuit, limits: Asked) -> Expected:
    bus = grid.case.bus
    served = np.zeros(len(bus), bool)
    served[grid.host[grid.runs]] = True
    reference = schedule_of(grid, np.zeros(len(grid.runs))).reference
    kind = np.where(reference, "reference", np.where(served, "pv", "pq"))
    return {
        "bus": bus["bus"],
        "island": grid.island,
        "kind": np.where(grid.alive, kind, "off").astype(object),
        "base_kv": bus["base_kv"],
        "pd": np.where(grid.alive, bus["pd"], 0.0),
        "qd": np.where(grid.alive, bus["qd"], 0.0),
    }


def _branch_rows(grid: Circuit, limits: Asked) -> Expected:
    return {**branch_rows(grid), "angmin": limits.angmin, "angmax": limits.angmax}


def _proof_rows(grid: Circuit, result: OpfResult) -> tuple[tuple[Table, Expected], ...]:
    if not (len(result.bound_buses) or len(result.bound_branches)):
        return ()
    branches = np.arange(1, len(grid.case.branch) + 1)
    return (
        (result.bound_buses, {"bus": grid.case.bus["bus"]}),
        (result.bound_branches, {"branch": branches}),
    )


def _nothing_stated(result: OpfResult) -> Claim:
    numbers = (result.cost, result.bound, result.gap, result.generation, result.losses)
    lists = (result.binding, result.relaxations, result.bound_buses, result.bound_branches)
    stated = sum(number is not None for number in numbers) + sum(len(one) for one in lists)
    return equal(
        "nothing_stated",
        stated + (result.proof != "none") + abs(result.shortfall) + abs(result.reactive_shortfall),
        expected=0,
        method="Without a solution there is no cost, bound, loss, price or shortfall; those stated count.",
    )


def _state(grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult) -> tuple[Claim, ...]:
    if params.formulation == "ac":
        return ac_claims(grid, limits, result)
    if params.formulation == "soc":
        return relaxed_claims(grid, limits, result)
    dispatch = dispatch_claims(*_as_dispatch(grid, limits, params, result), bounded=False)
    return (*dispatch, *dc_claims(grid, limits, result))


def _as_dispatch(
    grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult
) -> tuple[Case, DispatchParams, DispatchResult]:
    """Give the dispatch that a DC result is, in a case whose ratings are what the study held."""
    case, buses, branches = grid.case, result.buses, result.branches
    held = Case(**{**vars(case), "branch": case.branch.replace(rate_a=np.nan_to_num(limits.limit))})
    demand = np.where(grid.alive, case.bus["pd"] + case.bus["gs"], 0.0)
    p = np.where(branches["in_service"], branches["p_from"], 0.0)
    return (
        held,
        DispatchParams(case=params.case, angle_limits=params.angle_limits),
        DispatchResult(
            outcome="optimal" if result.outcome == "optimal" else "infeasible",
            cost=result.cost,
            bound=None,
            shortfall=result.shortfall,
            load=float(demand.sum()),
            unserved=result.unserved,
            units=result.units,
            buses=table(
                DISPATCH_BUSES,
                demand=demand,
                **{name: buses[name] for name in ("bus", "va", "shortfall", "price")},
            ),
            branches=table(
                DISPATCH_BRANCHES,
                p=p,
                rating=limits.limit,
                loading=100 * np.abs(p) / limits.limit,
                flow_price=branches["to_price"] - branches["from_price"],
                **{
                    name: branches[name]
                    for name in ("branch", "from_bus", "to_bus", "in_service", "angle_price")
                },
            ),
        ),
    )


def _totals(grid: Circuit, result: OpfResult) -> tuple[Claim, ...]:
    bus, branches, on = grid.case.bus, result.branches, grid.conducts
    w = np.where(np.isnan(result.buses["vm"]), 1.0, result.buses["vm"] ** 2)
    lost = float(branches["losses"][on].sum() + (w * bus["gs"])[grid.alive].sum())
    own = [
        bus["pd"][grid.alive].sum(),
        bus["pd"][~grid.alive].sum(),
        result.units["p"][grid.runs].sum(),
        lost,
        np.abs(result.buses["shortfall"]).sum(),
        np.abs(result.buses["reactive_shortfall"]).sum(),
    ]
    stated = [
        np.nan if value is None else value
        for value in (
            *(result.load, result.unserved, result.generation, result.losses),
            *(result.shortfall, result.reactive_shortfall),
        )
    ]
    return (
        at_most(
            "totals",
            worst(np.abs(np.array(own) - stated)),
            bound=1e-4,
            unit="MW",
            method="Demand, generation, losses and shortfalls summed anew, against the stated totals.",
        ),
    )


def _costed(grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult) -> tuple[Claim, ...]:
    """Claim cost, optimality as far as it is stated, bound, prices and the list of what binds."""
    curve = costs(grid.case)
    cost = float(curve.at(result.units["p"])[grid.runs].sum())
    stated = np.nan if result.cost is None else result.cost
    scale = max(1.0, finite_or_zero(abs(cost)))
    short = abs(result.shortfall) + abs(result.reactive_shortfall) + len(result.relaxations)
    claims = [
        at_most(
            "cost_recomputed",
            abs(cost - stated),
            bound=COST * scale,
            unit="$/h",
            method="Every unit's cost recomputed from the case's cost table at its reported output.",
        ),
        equal(
            "nothing_short",
            short + (result.proof != "none"),
            expected=0,
            method="A state within all limits leaves nothing short and relaxes nothing.",
        ),
        *_bounded(grid, limits, params, result, curve),
        *price_claims(grid, params, result),
        binding_claim(grid, limits, result, curve),
    ]
    if params.formulation != "dc":  # the dispatch's claims have it
        claims.append(_marginal(grid, curve, result))
    if params.formulation == "ac" and result.outcome == "optimal":
        claims += first_order(grid, limits, params, result, curve)
    return tuple(claims)


def _marginal(grid: Circuit, curve: Costs, result: OpfResult) -> Claim:
    below, above = curve.marginal(result.units["p"], KINK)
    stated, on = result.units["marginal_cost"], grid.runs
    scale = np.maximum(1.0, np.abs(stated))
    return at_most(
        "marginal_cost",
        max(worst(((below - stated) / scale)[on], ((stated - above) / scale)[on]), 0.0),
        bound=1e-6,
        unit="1",
        method="Each running unit's marginal cost lies between its cost of the last and of the next MWh.",
    )


def _bounded(
    grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult, curve: Costs
) -> tuple[Claim, ...]:
    """Claim the bound that is stated, and that none is where nothing proves one."""
    cost = np.nan if result.cost is None else result.cost
    scale = max(1.0, finite_or_zero(abs(cost)))
    if result.bound is None:
        return (
            equal(
                "no_bound",
                len(result.bound_buses) + len(result.bound_branches) + (result.gap is not None),
                expected=params.formulation == "soc" and result.outcome == "optimal",
                method="Without multipliers there is neither bound nor gap; a solved relaxation has a bound.",
            ),
        )
    own = proven(grid, limits, result, curve) if len(result.bound_buses) else np.nan
    gap = 100 * (cost - result.bound) / scale
    above = ABOVE_PERCENT * max(1.0, steepness(grid, result, curve) / scale)
    stated = np.nan if result.gap is None else result.gap
    claims = [
        at_most(
            "bound_proven",
            result.bound - own,
            bound=BOUND * scale,
            unit="$/h",
            method="The stated bound less the one that the stated multipliers prove by weak duality.",
        ),
        at_most(
            "gap",
            abs(gap - stated) + max(-gap - above, 0.0),
            bound=1e-6,
            unit="%",
            method=(
                "Cost less bound over the cost, or over 1 $/h where it is less, against the stated gap; a "
                "bound is not above a cost."
            ),
        ),
    ]
    if params.formulation == "soc":
        claims.append(
            at_most(
                "relaxation_solved",
                cost - own,
                bound=EXACT * scale,
                unit="$/h",
                method="Cost of the relaxed point less the proven bound: how far it is from the least.",
            )
        )
    return tuple(claims)


def _infeasible(grid: Circuit, limits: Asked, params: OpfParams, result: OpfResult) -> tuple[Claim, ...]:
    """Claim that nothing is feasible, everywhere or near the state, as the result says."""
    costed = sum(value is not None for value in (result.cost, result.bound, result.gap)) + len(result.binding)
    no_cost = equal(
        "no_cost",
        costed + (result.proof == "none"),
        expected=0,
        method="What is infeasible has no cost, no bound, no shadow prices, and says how it is proven.",
    )
    if params.formulation == "dc":  # the dispatch's claims hold the proof
        return (no_cost,)
    if result.proof == "local":
        return (no_cost, *first_order(grid, limits, params, result, costs(grid.case)))
    least = proven(grid, limits, result, None) if len(result.bound_buses) else np.nan
    branches = result.branches
    total = result.shortfall + result.reactive_shortfall + 2 * float(branches["over"].sum())
    angles_kept = not branches["over_angle"].any()  # the proof keeps them, so it says nothing of other states
    return (
        no_cost,
        at_least(
            "violation_unavoidable",
            least,
            bound=UNPROVEN_PU,
            unit="p.u.",
            method=(
                "Least total violation of balances and ratings of any AC state, proven by the multipliers "
                "through weak duality."
            ),
        ),
        at_most(
            "violation_stated",
            least - total / grid.case.base_mva if angles_kept else 0.0,
            bound=EXACT * finite_or_zero(abs(least)) + UNPROVEN_PU,
            unit="p.u.",
            method="The proven least violation is not above what is stated; each rating counts at both ends.",
        ),
    )
