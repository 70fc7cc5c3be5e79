"""Whether a reported state meets balances and limits: claims that every optimal power flow owes."""

import numpy as np

from genba.core.certificate import Claim, at_most
from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats
from genba.grid.certify.opf_limits import Asked
from genba.grid.certify.rows import excess, finite_or_zero, gaps, worst
from genba.grid.certify.schedule import schedule_of
from genba.grid.certify.twoport import TwoPorts, flows, two_ports, withdrawals
from genba.grid.records.opf import OpfResult

POWER_PU = 1e-6
RELAXED_PU = 1e-4  # a conic solver's residual
RELAXED = 1e-4  # relative to w: how far a product of voltages may pass what the relaxation allows
FLOW_MVA = 1e-5
ANGLE_DEGREES = 1e-4
PERCENT = 1e-4
STATED = 1e-9
PRICE = 1e-6  # of the largest price: prices of unlimited outputs are zero in the proof, but for rounding here
ENDS = ("from", "to")


def ac_claims(grid: Circuit, limits: Asked, result: OpfResult) -> tuple[Claim, ...]:
    """Claim that voltages and outputs meet the AC equations and, shortfalls counted, every limit."""
    ports, v = two_ports(grid), _voltages(grid, result)
    s_from, s_to = flows(grid, ports, v)
    left = withdrawals(grid, ports, v)
    return (
        *_balance(grid, result, left, POWER_PU),
        _flows(grid, result, s_from, s_to),
        _columns(grid, limits, result),
        *_limits(grid, limits, result, POWER_PU),
        _angles(grid, limits, result),
    )


def relaxed_claims(grid: Circuit, limits: Asked, result: OpfResult) -> tuple[Claim, ...]:
    """Claim that a point meets the relaxation: both flows of a branch come from one product of voltages."""
    ports, branches, base = two_ports(grid), result.branches, grid.case.base_mva
    on = grid.conducts
    w = np.where(grid.alive, result.buses["vm"] ** 2, 0.0)
    s_from = np.where(on, branches["p_from"] + 1j * branches["q_from"], 0.0)
    s_to = np.where(on, branches["p_to"] + 1j * branches["q_to"], 0.0)
    left = base * w * ports.shunt.conj()
    np.add.at(left, grid.start, s_from)
    np.add.at(left, grid.end, s_to)
    return (
        *_balance(grid, result, left, RELAXED_PU),
        _columns(grid, limits, result),
        *_limits(grid, limits, result, RELAXED_PU),
        _products(grid, ports, w, s_from, s_to),
        _relaxed_prices(grid, limits, result),
    )


def dc_claims(grid: Circuit, limits: Asked, result: OpfResult) -> tuple[Claim, ...]:
    """Claim that the columns of a DC state follow from its flows, and that it states no voltage."""
    branches, on = result.branches, grid.conducts
    none = [result.buses[name] for name in ("vm", "reactive_price", "voltage_price")]
    none += [branches[name] for name in ("q_from", "q_to")]
    stray = np.concatenate([np.isfinite(column) for column in none]).astype(float)
    both = (branches["p_from"] + branches["p_to"])[on]
    return (
        _columns(grid, limits, result),
        at_most(
            "lossless",
            worst(np.abs(both), stray),
            bound=STATED * grid.case.base_mva,
            unit="MW",
            method="What enters a branch leaves it; voltages and reactive quantities are missing.",
        ),
    )


def _voltages(grid: Circuit, result: OpfResult) -> Complexes:
    v = result.buses["vm"] * np.exp(1j * np.radians(result.buses["va"]))
    return np.where(grid.alive, v, 0.0)


def _balance(grid: Circuit, result: OpfResult, taken: Complexes, bound: float) -> tuple[Claim, ...]:
    """Claim the balance of every bus, given what branches and shunts take, MVA."""
    off = _off_balance(grid, result, taken)
    idle = np.concatenate([result.units[name][~grid.runs] for name in ("p", "q")])
    short = [result.buses[name][~grid.alive] for name in ("shortfall", "reactive_shortfall")]
    return (
        at_most(
            "power_balance",
            worst(np.array([off]), np.abs(idle), np.abs(np.concatenate(short))),
            bound=bound,
            unit="p.u.",
            method=(
                "Power into branches and shunts recomputed at every energised bus, demand less stated "
                "shortfall and outputs summed, worst bus; what is out of service has no output."
            ),
        ),
        mismatch_claim(off, result),
    )


def _off_balance(grid: Circuit, result: OpfResult, taken: Complexes) -> float:
    bus, on, buses = grid.case.bus, grid.runs, result.buses
    left = taken + np.where(grid.alive, bus["pd"] + 1j * bus["qd"], 0.0)
    left -= buses["shortfall"] + 1j * buses["reactive_shortfall"]
    np.add.at(left, grid.host[on], -(result.units["p"] + 1j * result.units["q"])[on])
    left = left[grid.alive] / grid.case.base_mva
    return worst(np.abs(left.real), np.abs(left.imag))


def last_iterate_claim(grid: Circuit, result: OpfResult) -> Claim:
    """Claim that an iterate that solves nothing misses balances by what is stated."""
    taken = withdrawals(grid, two_ports(grid), _voltages(grid, result))
    return mismatch_claim(_off_balance(grid, result, taken), result)


def mismatch_claim(own: float, result: OpfResult) -> Claim:
    """Claim that the stated mismatch is the one found here."""
    stated = np.nan if result.largest_mismatch is None else result.largest_mismatch
    return at_most(
        "mismatch_stated",
        abs(own - stated),
        bound=STATED * max(1.0, own if np.isfinite(own) else 1.0),
        unit="p.u.",
        method="Largest mismatch of any energised bus, recomputed, against the stated one.",
    )


def _flows(grid: Circuit, result: OpfResult, s_from: Complexes, s_to: Complexes) -> Claim:
    own = {"p_from": s_from.real, "q_from": s_from.imag, "p_to": s_to.real, "q_to": s_to.imag}
    on = grid.conducts
    return at_most(
        "flows",
        worst(*(gap for name in own for gap in gaps(result.branches[name], np.where(on, own[name], np.nan)))),
        bound=FLOW_MVA,
        unit="MVA",
        method="Power at both ends of every branch recomputed from its own two-port, worst entry.",
    )


def _columns(grid: Circuit, limits: Asked, result: OpfResult) -> Claim:
    """Claim what follows from other columns: losses, loading, angle differences, and the limits held."""
    branches, buses, on = result.branches, result.buses, grid.conducts
    larger = np.maximum(*(_size(result, end) for end in ("from", "to")))
    loading = np.where(on, 100 * larger / branches["rating"], np.nan)
    angle = np.where(on, buses["va"][grid.start] - buses["va"][grid.end], np.nan)
    losses = np.where(on, branches["p_from"] + branches["p_to"], np.nan)
    vm = np.where(grid.runs, buses["vm"][grid.host], np.nan)
    held = ((branches["limit"], limits.limit), (buses["vmin"], limits.vmin), (buses["vmax"], limits.vmax))
    dead = [buses[name][~grid.alive] for name in ("vm", "va", "price", "reactive_price")]
    return at_most(
        "columns",
        worst(
            *gaps(branches["loading"], loading),
            *gaps(branches["angle"], angle),
            *gaps(branches["losses"], losses),
            *gaps(result.units["vm"], vm),
            *(gap for found, expected in held for gap in gaps(found, expected)),
            *(np.isfinite(column).astype(float) for column in dead),
        ),
        bound=PERCENT,
        unit="1",
        method=(
            "Loadings, losses, angle differences, voltages at units and the limits held, recomputed from "
            "other columns and the case; what is de-energised has neither voltage nor price."
        ),
    )


def _size(result: OpfResult, end: str) -> Floats:
    reactive = np.nan_to_num(result.branches[f"q_{end}"])
    size: Floats = np.hypot(result.branches[f"p_{end}"], reactive)
    return size


def _limits(grid: Circuit, limits: Asked, result: OpfResult, bound: float) -> tuple[Claim, ...]:
    gen, units, on, base = grid.case.gen, result.units, grid.runs, grid.case.base_mva
    outputs = [
        excess(units[name][on], gen[low][on], gen[high][on]) / base
        for name, low, high in (("p", "pmin", "pmax"), ("q", "qmin", "qmax"))
    ]
    vm, alive = result.buses["vm"][grid.alive], grid.alive
    over = result.branches["over"]
    rated: Bools = grid.conducts & np.isfinite(limits.limit)
    passed = [(_size(result, end) - limits.limit - over)[rated] / base for end in ("from", "to")]
    return (
        at_most(
            "unit_limits",
            worst(np.array(outputs)),
            bound=bound,
            unit="p.u.",
            method="Largest excess of an active or reactive output over the case's limits.",
        ),
        at_most(
            "voltage_limits",
            excess(vm, limits.vmin[alive], limits.vmax[alive]),
            bound=bound,
            unit="p.u.",
            method="Largest excess of a voltage over its limits, margin included.",
        ),
        at_most(
            "flow_limits",
            max(worst(*passed, -over[rated] / base, np.abs(over[~rated])), 0.0),
            bound=bound,
            unit="p.u.",
            method=(
                "Largest excess of apparent power at either end over its limit and what is stated to pass it."
            ),
        ),
    )


def _angles(grid: Circuit, limits: Asked, result: OpfResult) -> Claim:
    on, va = grid.conducts, result.buses["va"]
    angle, over = va[grid.start] - va[grid.end], result.branches["over_angle"]
    low, high = np.nan_to_num(limits.angmin, nan=-np.inf), np.nan_to_num(limits.angmax, nan=np.inf)
    reference = schedule_of(grid, np.zeros(len(grid.runs))).reference
    held = np.abs(va - grid.case.bus["va"])[reference]
    return at_most(
        "angle_limits",
        max(excess(angle[on], (low - over)[on], (high + over)[on]), worst(held, -over, np.abs(over[~on]))),
        bound=ANGLE_DEGREES,
        unit="°",
        method=(
            "Largest excess of an angle difference over its limits and what is stated to pass them; the "
            "reference of every island keeps the case's angle."
        ),
    )


def _products(grid: Circuit, ports: TwoPorts, w: Floats, s_from: Complexes, s_to: Complexes) -> Claim:
    """Claim that the flows at both ends belong to one W with `|W|^2 <= w w'`."""
    on, base = grid.conducts, grid.case.base_mva
    w_from, w_to = w[grid.start], w[grid.end]
    ft, tf = np.where(on, ports.ft, 1.0), np.where(on, ports.tf, 1.0)
    product = (s_from / base - ports.ff.conj() * w_from) / ft.conj()
    other = ((s_to / base - ports.tt.conj() * w_to) / tf.conj()).conj()
    apart = np.abs(product - other)
    passed = np.abs(product) - np.sqrt(w_from * w_to)
    return at_most(
        "relaxation_met",
        max(worst(apart[on], passed[on]), 0.0),
        bound=RELAXED,
        unit="p.u.",
        method=(
            "Products of neighbouring voltages recomputed from the flows at both ends: they agree, and "
            "none is larger than the magnitudes allow."
        ),
    )


def _relaxed_prices(grid: Circuit, limits: Asked, result: OpfResult) -> Claim:
    """Claim that the prices of a relaxation are the multipliers that prove its bound."""
    buses, branches = result.buses, result.branches
    scale = 1.0 if result.outcome != "infeasible" else grid.case.base_mva
    proof, rows = result.bound_buses, result.bound_branches
    if not len(proof):
        apart = [np.array([np.nan])]
    else:
        held = grid.conducts & np.isfinite(limits.limit)
        pull = [np.hypot(rows[f"{end}_p"], rows[f"{end}_q"]) * scale for end in ("from", "to")]
        apart = [(buses[name] - proof[name] * scale)[grid.alive] for name in ("price", "reactive_price")]
        apart += [
            branches[f"{end}_price"] - np.where(held, p, 0.0) for end, p in zip(ENDS, pull, strict=True)
        ]
    return at_most(
        "relaxed_prices",
        worst(*(np.abs(part) for part in apart)),
        bound=PRICE * max(1.0, finite_or_zero(worst(np.abs(buses["price"][grid.alive])))),
        unit="1",
        method="Prices and shadow prices of the relaxation are the multipliers that prove its bound.",
    )
