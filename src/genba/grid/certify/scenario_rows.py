"""Rows of scenarios beside a second solution: statistics, recorded values, counts."""

from dataclasses import dataclass

import numpy as np

from genba.grid.certify.circuit import Circuit, Complexes, Floats
from genba.grid.certify.newton import Pattern
from genba.grid.certify.retry import Settled
from genba.grid.certify.rows import worst
from genba.grid.certify.schedule import schedule
from genba.grid.certify.twoport import flows, two_ports, withdrawals
from genba.grid.io import scenarios as io
from genba.grid.io.recorded import Recorded
from genba.grid.records.powerflow import PowerflowParams, PowerflowResult
from genba.grid.records.scenarios import PASSED

STATED_MW = 1e-3  # what two solutions within tolerance may differ by in a sum, besides their mismatches
VOLTAGE_PU = 1e-6
LOADING_PERCENT = 1e-3
RELATIVE = 1e-6
NUMBERS = ("generation", "losses", "lowest_voltage", "highest_voltage")
COUNTS = ("lowest_bus", "highest_bus", "largest_branch", "voltage_violations", "overloads", "limited")


@dataclass(frozen=True)
class Study:
    """The base, and what its scenarios are solved again from.

    Arguments:
        params: the rules.
        grid: circuit of the case.
        shape: its Jacobian's pattern, which every scenario shares.
        v: reported voltages of the base, p.u.; None when it has no state.
        side: reactive limits that hold buses of the base.
        file: the scenarios.
        kept: what is recorded of each.
        result: what is certified.
    """

    params: PowerflowParams
    grid: Circuit
    shape: Pattern
    v: Complexes | None
    side: Floats
    file: io.Scenarios
    kept: Recorded
    result: PowerflowResult


@dataclass(frozen=True)
class Anew:
    """A scenario solved again: its circuit, voltages (p.u.), outputs (MW) and buses at reactive limits."""

    grid: Circuit
    found: Settled


def agrees(study: Study, anew: Anew, row: int) -> bool:
    """Tell whether a row says what a second solution shows."""
    grid, v, table = anew.grid, anew.found.v, study.result.scenarios
    said = {name: float(table[name][row]) for name in (*NUMBERS, *COUNTS, "largest_loading")}
    vm, loading = np.abs(v), _loading(grid, v)
    given = anew.found.p[grid.runs].sum() + _reference_part(study, anew)
    doubt = STATED_MW + 2 * study.params.tolerance * grid.case.base_mva * len(vm) + RELATIVE * abs(given)
    lost = given - grid.case.bus["pd"][grid.alive].sum()
    live, loose = vm[grid.alive], _loose(study.params)
    extremes = [(live.min(), "lowest"), (live.max(), "highest")] if len(live) else []
    near = [
        bool(len(live)) or said["lowest_bus"] == 0,
        abs(said["generation"] - given) <= doubt,
        abs(said["losses"] - lost) <= doubt,
    ]
    for value, name in extremes:
        at = np.flatnonzero(grid.case.bus["bus"] == said[f"{name}_bus"])
        near.append(abs(said[f"{name}_voltage"] - value) <= VOLTAGE_PU * loose)
        near.append(bool(grid.alive[at].all() and abs(vm[at] - value).max(initial=0.0) <= VOLTAGE_PU * loose))
    near.append(_loading_agrees(loading, said, loose))
    near.append(_counts_agree(grid, vm, loading, said, loose))
    near.append(abs(int((anew.found.side != 0).sum()) - said["limited"]) == 0)
    return all(near)


def _reference_part(study: Study, anew: Anew) -> float:
    """Give what the reference units add where they alone take the slack, MW."""
    if study.params.slack == "distributed":
        return 0.0
    grid, v = anew.grid, anew.found.v
    taken = withdrawals(grid, two_ports(grid), v).real + grid.case.bus["pd"]
    return float(taken[grid.alive].sum() - anew.found.p[grid.runs].sum())


def _loading(grid: Circuit, v: Complexes) -> Floats:
    """Give the loading of every branch in %, NaN where it has none."""
    s_from, s_to = flows(grid, two_ports(grid), v)
    rating = np.where(grid.conducts & (grid.case.branch["rate_a"] > 0), grid.case.branch["rate_a"], np.nan)
    return 100 * np.maximum(np.abs(s_from), np.abs(s_to)) / rating


def _loading_agrees(loading: Floats, said: dict[str, float], loose: float) -> bool:
    if not np.isfinite(loading).any():
        return not np.isfinite(said["largest_loading"])
    most, place = float(np.nanmax(loading)), int(said["largest_branch"]) - 1
    doubt = LOADING_PERCENT * loose + RELATIVE * most
    near = 0 <= place < len(loading) and loading[place] >= most - doubt
    return bool(near and abs(said["largest_loading"] - most) <= doubt)


def _counts_agree(grid: Circuit, vm: Floats, loading: Floats, said: dict[str, float], loose: float) -> bool:
    """Tell whether violations are as many as there are, those within doubt left open."""
    bus, alive = grid.case.bus, grid.alive
    beyond = np.maximum(bus["vmin"] * (1 - PASSED) - vm, vm - bus["vmax"] * (1 + PASSED))[alive]
    over = loading[np.isfinite(loading)] - 100 * (1 + PASSED)
    doubts = VOLTAGE_PU * loose, LOADING_PERCENT * loose
    pairs = zip(("voltage_violations", "overloads"), (beyond, over), doubts, strict=True)
    return all((x > doubt).sum() <= said[name] <= (x > -doubt).sum() for name, x, doubt in pairs)


def _loose(params: PowerflowParams) -> float:
    """Give how many times more two solutions may differ by than those to 1e-8 p.u."""
    return max(1.0, params.tolerance / 1e-8)


def values_apart(study: Study, anew: Anew, row: int) -> float:
    """Give the largest difference of recorded values, in tolerances."""
    kept, count = study.kept, len(study.kept.names)
    said = study.result.recorded["value"][row * count : (row + 1) * count]
    own = _values(study, anew)
    absolute = np.where(kept.table == "bus", np.where(kept.quantity == 0, VOLTAGE_PU, 1e-4), STATED_MW)
    missing = np.isnan(own)
    gap = np.abs(said - own) / (absolute * _loose(study.params) + RELATIVE * np.abs(own))
    stray = np.where(np.isfinite(said[missing]), np.inf, 0.0)
    return worst(gap[~missing], stray)


def _values(study: Study, anew: Anew) -> Floats:
    """Give the recorded values of a second solution."""
    kept, grid, v = study.kept, anew.grid, anew.found.v
    s_from, s_to = flows(grid, two_ports(grid), v)
    flow = [s_from.real, s_from.imag, s_to.real, s_to.imag]
    off = ~grid.conducts
    columns = {
        "bus": [np.where(grid.alive, x, np.nan) for x in (np.abs(v), np.degrees(np.angle(v)))],
        "branch": [*(np.where(off, np.nan, x) for x in flow), _loading(grid, v)],
        "gen": list(_unit_outputs(study, anew)),
    }
    found = [columns[t][q][r] for t, q, r in zip(kept.table, kept.quantity, kept.row, strict=True)]
    return np.array(found, np.float64)


def _unit_outputs(study: Study, anew: Anew) -> tuple[Floats, Floats]:
    """Give active and reactive output of every unit, MW and Mvar; 0 where it does not run."""
    grid, v, gen = anew.grid, anew.found.v, anew.grid.case.gen
    plan, of = schedule(grid), grid.island[grid.host]
    taken = withdrawals(grid, two_ports(grid), v) + grid.case.bus["pd"] + 1j * grid.case.bus["qd"]
    p = np.where(grid.runs, anew.found.p, 0.0)
    if study.params.slack != "distributed":
        missing = np.bincount(grid.island, np.where(grid.alive, taken.real, 0.0), len(plan.slack))
        missing -= np.bincount(of[grid.runs], p[grid.runs], len(plan.slack))
        p[plan.slack[1:]] += missing[1:]
    side = anew.found.side[grid.host]
    limited = np.where(side > 0, gen["qmax"], np.where(side < 0, gen["qmin"], gen["qg"]))
    free = (plan.held & (anew.found.side == 0))[grid.host]
    q = np.where(free, _by_range(grid, taken.imag), limited)
    return p, np.where(grid.runs, q, 0.0)


def _by_range(grid: Circuit, needed: Floats) -> Floats:
    """Share what each bus gives among its units by their ranges; evenly where they are no numbers or 0."""
    gen, on, buses = grid.case.gen, grid.runs, len(grid.island)
    span = gen["qmax"] - gen["qmin"]
    at = grid.host[on]
    count, low, width = (np.bincount(at, x, buses) for x in (np.ones(len(at)), gen["qmin"][on], span[on]))
    even = ~np.isfinite(width) | (width == 0)
    by_range = gen["qmin"] + (needed - low)[grid.host] * span / width[grid.host]
    return np.where(even[grid.host], (needed / count)[grid.host], by_range)
