"""Certificate of `grid.powerflow`: balance, flows, set points anew; of a divergence: an independent try."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Certificate, Claim, at_least, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats
from genba.grid.certify.retry import attempt, dc_losses, granted, lossless_need, mismatches, unsettled
from genba.grid.certify.rows import Expected, branch_rows, excess, gaps, identity, worst
from genba.grid.certify.scenarios import scenario_claims
from genba.grid.certify.schedule import Schedule, departure, schedule, studied
from genba.grid.certify.twoport import TwoPorts, flows, two_ports, withdrawals
from genba.grid.records.contingency import ContingencyResult
from genba.grid.records.powerflow import COLLAPSED, PowerflowParams, PowerflowResult, StateParams

ROUNDING_PU = 1e-9  # what two ways of summing the same currents may differ by
FLOW_MVA = 1e-5
SET_POINT_PU = 1e-8
ANGLE_DEGREES = 1e-8
OUTPUT_MW = 1e-4  # a mismatch within tolerance at some bus moves a dependent output by as much
LOADING_PERCENT = 1e-4

State = PowerflowResult | ContingencyResult


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_powerflow(params: PowerflowParams, result: PowerflowResult, ctx: Context) -> Certificate:
    """Certify a state of the grid, or that there is none from this start.

    A convergence is checked bus by bus from the reported voltages and outputs; a divergence by showing that
    the last iterate is no solution and that Newton's method in rectangular coordinates finds none either.
    """
    grid = studied(params, ctx)
    plan = schedule(grid)
    if result.outcome != "converged":
        base = _diverged(grid, plan, params, result, ctx)
        more = scenario_claims(grid, params, result, None, ctx) if base[0].holds else ()
        return Certificate(claims=(*base, *more))
    base = state_claims(grid, plan, params, result)
    if not base[0].holds:
        return Certificate(claims=base)
    more = scenario_claims(grid, params, result, voltages(grid, result), ctx)
    return Certificate(claims=(*base, *_totals(grid, params, result), *more))


def state_claims(grid: Circuit, plan: Schedule, params: StateParams, result: State) -> tuple[Claim, ...]:
    """Claim that the tables of a result hold a solved state of the case."""
    same = identity(
        (result.buses, _bus_rows(grid, plan, result)),
        (result.branches, branch_rows(grid)),
        (result.units, _unit_rows(grid)),
    )
    if not same.holds:  # nothing else can be asked of other rows
        return (same,)
    ports, v = two_ports(grid), voltages(grid, result)
    return (
        same,
        _balance(grid, ports, params, result),
        *_flows(grid, ports, result),
        *_set_points(grid, plan, params, result),
        *_outputs(grid, plan, params, result, withdrawals(grid, ports, v)),
    )


def voltages(grid: Circuit, result: State) -> Complexes:
    """Give the reported complex voltages, p.u.; 0 where de-energised."""
    v = result.buses["vm"] * np.exp(1j * np.radians(result.buses["va"]))
    return np.where(grid.alive, v, 0.0)


def _bus_rows(grid: Circuit, plan: Schedule, result: State) -> Expected:
    bus = grid.case.bus
    return {
        "bus": bus["bus"],
        "island": grid.island,
        "kind": _kinds(grid, plan, result),
        "pd": np.where(grid.alive, bus["pd"], 0.0),
        "qd": np.where(grid.alive, bus["qd"], 0.0),
        "vmin": bus["vmin"],
        "vmax": bus["vmax"],
    }


def _kinds(grid: Circuit, plan: Schedule, result: State) -> NDArray[Any]:
    """Give the kind of every bus; units that stand at a reactive limit leave their bus pq."""
    kinds = np.where(plan.reference, "reference", np.where(plan.held, "pv", "pq"))
    if len(result.units) == len(grid.runs):
        limited = np.zeros(len(kinds), bool)
        limited[grid.host[grid.runs & (result.units["limit"] != "")]] = True
        kinds[limited & (kinds == "pv")] = "pq"
    return np.where(grid.alive, kinds, "off").astype(object)


def _unit_rows(grid: Circuit) -> Expected:
    gen = grid.case.gen
    return {"unit": np.arange(1, len(gen) + 1), "bus": gen["bus"], "in_service": grid.runs}


def _balance(grid: Circuit, ports: TwoPorts, params: StateParams, result: State) -> Claim:
    bus, on = grid.case.bus, grid.runs
    left = withdrawals(grid, ports, voltages(grid, result)) + np.where(
        grid.alive, bus["pd"] + 1j * bus["qd"], 0.0
    )
    np.add.at(left, grid.host[on], -(result.units["p"] + 1j * result.units["q"])[on])
    left = left[grid.alive] / grid.case.base_mva
    return at_most(
        "power_balance",
        worst(np.abs(left.real), np.abs(left.imag)),
        bound=2 * params.tolerance + ROUNDING_PU,
        unit="p.u.",
        method=(
            "Complex branch and shunt currents summed at every energised bus from the reported voltages, "
            "against reported outputs and demand, worst bus."
        ),
    )


def _flows(grid: Circuit, ports: TwoPorts, result: State) -> tuple[Claim, ...]:
    s_from, s_to = flows(grid, ports, voltages(grid, result))
    table, on = result.branches, grid.conducts
    own = {"p_from": s_from.real, "q_from": s_from.imag, "p_to": s_to.real, "q_to": s_to.imag}
    loading = 100 * np.maximum(np.abs(s_from), np.abs(s_to)) / table["rating"]
    return (
        at_most(
            "flows",
            worst(*(gap for name in own for gap in gaps(table[name], np.where(on, own[name], np.nan)))),
            bound=FLOW_MVA,
            unit="MVA",
            method="Power at both ends of every branch recomputed from its own two-port, worst entry.",
        ),
        at_most(
            "loading",
            worst(*gaps(table["loading"], np.where(on, loading, np.nan))),
            bound=LOADING_PERCENT,
            unit="%",
            method="Larger apparent power of both ends over rating A, recomputed.",
        ),
    )


def _set_points(grid: Circuit, plan: Schedule, params: StateParams, result: State) -> tuple[Claim, ...]:
    kind, vm, va = result.buses["kind"], result.buses["vm"], result.buses["va"]
    limited = plan.held & (kind == "pq")
    away = np.where(plan.held, vm - plan.magnitude, 0.0)
    low, high = (_limited(grid, result, name) for name in ("qmin", "qmax"))
    # At its upper reactive limit a unit cannot lift the voltage to the set point: it lies below, never above.
    wrong = np.where(limited, np.maximum(np.where(high, away, 0.0), np.where(low, -away, 0.0)), np.abs(away))
    angle = np.abs(va - grid.case.bus["va"])[plan.reference]
    stray = np.concatenate([np.isfinite(column[~grid.alive]) for column in (vm, va)]).astype(float)
    return (
        at_most(
            "set_points",
            max(worst(wrong[grid.alive], stray), 0.0),
            bound=SET_POINT_PU,
            unit="p.u.",
            method=(
                "Voltage of every held bus against its set point; beyond it only on the side of a limit; "
                "none where a bus is de-energised."
            ),
        ),
        at_most(
            "reference_angle",
            worst(angle),
            bound=ANGLE_DEGREES,
            unit="°",
            method="Angle of every island's reference bus against the case.",
        ),
        at_most(
            "reactive_limits",
            _beyond_reactive(grid, plan, result) if params.reactive_limits else _limit_words(result),
            bound=OUTPUT_MW,
            unit="Mvar",
            method=(
                "Outputs of buses that hold their voltage stay within the sum of their units' limits, and a "
                "limited unit stands at its limit (where limits are asked for; else no unit may be limited)."
            ),
        ),
    )


def _limited(grid: Circuit, result: State, which: str) -> NDArray[Any]:
    """Give the buses that a reactive limit of this name holds."""
    at = np.zeros(len(grid.island), bool)
    at[grid.host[grid.runs & (result.units["limit"] == which)]] = True
    return at


def _limit_words(result: State) -> float:
    return float((result.units["limit"] != "").sum())


def _beyond_reactive(grid: Circuit, plan: Schedule, result: State) -> float:
    gen, q, limit = grid.case.gen, result.units["q"], result.units["limit"]
    on = grid.runs
    at_limit = np.where(limit == "qmax", gen["qmax"], np.where(limit == "qmin", gen["qmin"], q))
    total, low, high = np.zeros((3, len(grid.island)))
    for sums, column in ((total, q), (low, gen["qmin"]), (high, gen["qmax"])):
        np.add.at(sums, grid.host[on], column[on])
    holding = plan.held & ~plan.reference & (result.buses["kind"] == "pv")
    known = on & ~np.isin(limit, ("", "qmax", "qmin"))
    stray = on & (limit != "") & (plan.reference | ~plan.held)[grid.host]
    return max(
        worst(np.abs(at_limit - q)[on]),
        excess(total[holding], low[holding], high[holding]),
        float(known.sum() + stray.sum()),
    )


def _outputs(
    grid: Circuit, plan: Schedule, params: StateParams, result: State, taken: Complexes
) -> tuple[Claim, ...]:
    p, q = result.units["p"], result.units["q"]
    off = ~grid.runs
    idle = worst(np.abs(np.nan_to_num(p[off])), np.abs(np.nan_to_num(q[off])))
    balanced = params.generation == "balanced"
    lost = dc_losses(grid, plan, lossless_need(grid, plan)) if balanced else np.zeros(len(plan.slack))
    return (
        at_most(
            "schedule",
            max(departure(grid, plan, params, p, taken=taken, dc_losses=lost), idle),
            bound=OUTPUT_MW,
            unit="MW",
            method=(
                "Each output against what was asked; slack and balancing may only move units along the "
                "headroom in the direction of the need, by what the reported voltages leave to cover; "
                "balancing may estimate losses from none to twice the actual ones, or as a DC flow does."
            ),
        ),
        at_most(
            "reactive_sharing",
            worst(np.abs(q - _shared(grid, plan, result, taken))[grid.runs]),
            bound=OUTPUT_MW,
            unit="Mvar",
            method="Reactive output of each bus recomputed and shared among its units by their ranges.",
        ),
    )


def _shared(grid: Circuit, plan: Schedule, result: State, taken: Complexes) -> Floats:
    """Give each unit's reactive output: as given at a pq bus, else its share of what its bus must give."""
    gen, on = grid.case.gen, grid.runs
    low, span = gen["qmin"], gen["qmax"] - gen["qmin"]
    buses = len(grid.island)
    units, bottom, ranges, unbounded = (
        np.bincount(grid.host[on], weights, buses)
        for weights in (np.ones(on.sum()), low[on], span[on], (~np.isfinite(span[on])).astype(float))
    )
    needed = taken.imag + grid.case.bus["qd"]
    at = grid.host
    even = (unbounded[at] > 0) | (ranges[at] == 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_range = low + (needed - bottom)[at] * span / ranges[at]
        share = np.where(even, needed[at] / units[at], by_range)
    given = np.where(result.units["limit"] == "", gen["qg"], result.units["q"])
    free = np.isin(result.buses["kind"], ("reference", "pv"))[at]
    return np.where(free, share, given)


def _totals(grid: Circuit, params: PowerflowParams, result: PowerflowResult) -> tuple[Claim, ...]:
    bus, on = grid.case.bus, grid.runs
    load, unserved = bus["pd"][grid.alive].sum(), bus["pd"][~grid.alive].sum()
    p, q = result.units["p"][on].sum(), result.units["q"][on].sum()
    stated = [
        np.nan if value is None else value
        for value in (
            result.load,
            result.unserved,
            result.generation,
            result.losses,
            result.reactive_generation,
        )
    ]
    mismatch = np.nan if result.largest_mismatch is None else result.largest_mismatch
    return (
        at_most(
            "totals",
            worst(np.abs(np.array([load, unserved, p, p - load, q]) - stated)),
            bound=OUTPUT_MW,
            unit="MW",
            method="Demand, unserved demand, generation and losses summed anew, against the stated totals.",
        ),
        equal(
            "islands",
            result.islands,
            expected=grid.island.max(initial=0),
            method="Energised islands counted by an own graph search.",
        ),
        at_most(
            "stated_mismatch",
            mismatch if mismatch >= 0 else np.nan,
            bound=params.tolerance,
            unit="p.u.",
            method="The stated mismatch, against the tolerance asked for.",
        ),
    )


def _diverged(
    grid: Circuit, plan: Schedule, params: PowerflowParams, result: PowerflowResult, ctx: Context
) -> tuple[Claim, ...]:
    kinds = {"bus": grid.case.bus["bus"], "island": grid.island}
    same = identity(
        (result.buses, kinds), (result.branches, branch_rows(grid)), (result.units, _unit_rows(grid))
    )
    if not same.holds:
        return (same,)
    outputs = [
        *(result.branches[name] for name in ("p_from", "q_from", "p_to", "q_to")),
        *_unit_numbers(result),
    ]
    stated = [result.generation, result.losses, result.reactive_generation]
    numbers = sum(int(np.isfinite(column).sum()) for column in outputs) + sum(x is not None for x in stated)
    v = voltages(grid, result)
    off = mismatches(grid, plan, params, v)
    unfit = (np.abs(v) < COLLAPSED)[grid.alive] | unsettled(grid, plan, params, v)[grid.alive]
    ctx.progress(0.5, "certifying: an independent Newton from the same start")
    found = attempt(grid, plan, params, steps=granted(params))
    return (
        same,
        equal(
            "no_flows",
            numbers,
            expected=0,
            method="A divergence states no flow, output or loss; those that are stated are counted.",
        ),
        at_least(
            "iterate_is_no_solution",
            float((~(off <= params.tolerance)).sum() + unfit.sum()),
            bound=1.0,
            unit="1",
            method=(
                "Buses whose power mismatch at the reported iterate, recomputed, is not within tolerance, "
                "whose voltage has collapsed, or which pass a reactive limit that is to be kept."
            ),
        ),
        equal(
            "no_independent_solution",
            float(found is not None),
            expected=0,
            method=(
                "Newton's method on complex voltages in rectangular coordinates from the same start: "
                "solutions found with every voltage above half its nominal value."
            ),
        ),
    )


def _unit_numbers(result: PowerflowResult) -> tuple[Floats, Floats]:
    return result.units["p"], result.units["q"]
