"""Certificate of scenarios of `grid.powerflow`: all accounted for, the worst and a sample solved again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats, circuit
from genba.grid.certify.newton import Pattern, pattern
from genba.grid.certify.pool import heeding
from genba.grid.certify.retry import (
    STARTS,
    Settled,
    attempt,
    granted,
    outputs,
    plausible,
    settle,
    sides,
    solved_from,
)
from genba.grid.certify.rows import worst
from genba.grid.certify.schedule import schedule
from genba.grid.certify.twoport import flows, two_ports, withdrawals
from genba.grid.io import scenarios as io
from genba.grid.io.recorded import Recorded, recorded
from genba.grid.records.powerflow import PowerflowParams, PowerflowResult
from genba.grid.records.scenarios import PASSED

BLOCK = 256  # scenarios whose demand is summed at once
STEPS = 30  # Newton steps granted to a scenario
BATCH = 16  # scenarios between two reports
RETRIED = 20  # divergences tried again, at most
AGAIN = 0.5  # share of the progress after which they are
SUM_MW = 1e-5  # what two ways of summing the same demand may differ by
STATED_MW = 1e-3  # what two solutions within tolerance may differ by in a sum, besides their mismatches
VOLTAGE_PU = 1e-6
LOADING_PERCENT = 1e-3
RELATIVE = 1e-6
LISTED = "Scenarios, times and recorded elements against the file read anew, row by row and in order."
NUMBERS = ("generation", "losses", "lowest_voltage", "highest_voltage")
COUNTS = ("lowest_bus", "highest_bus", "largest_branch", "voltage_violations", "overloads", "limited")


@dataclass(frozen=True)
class _Study:
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
class _Anew:
    """A scenario solved again: its circuit, voltages (p.u.), outputs (MW) and buses at reactive limits."""

    grid: Circuit
    found: Settled


def scenario_claims(
    grid: Circuit, params: PowerflowParams, result: PowerflowResult, v: Complexes | None, ctx: Context
) -> tuple[Claim, ...]:
    """Claim what can be said of scenarios; `v` holds the base's voltages, None when it has no state."""
    if params.scenarios is None:
        return _none(result)
    file, _ = io.read(ctx.path(params.scenarios), grid.case)
    kept = recorded(params.record, grid.case)
    listed = _listed(file, kept, result)
    if not listed.holds:  # nothing else can be asked of other rows
        return (listed,)
    study = _Study(params, grid, pattern(grid), v, sides(grid, result.units), file, kept, result)
    return (listed, _accounts(study), _demand(study), *_again(study, ctx), _no_solution(study, ctx))


def _none(result: PowerflowResult) -> tuple[Claim, ...]:
    """Claim that nothing is said of scenarios where none were asked for; no claim when that is so."""
    said = len(result.scenarios) + len(result.recorded)
    said += result.scenarios_studied + result.scenarios_diverged + result.scenarios_violated
    return (equal("scenarios_listed", said, expected=0, method=LISTED),) if said else ()


def _listed(file: io.Scenarios, kept: Recorded, result: PowerflowResult) -> Claim:
    table, values = result.scenarios, result.recorded
    names, elements = np.array(file.names, object), np.array(kept.names, object)
    pairs = (
        (table["scenario"], names),
        (table["time"], np.array(file.times, object)),
        (values["scenario"], np.repeat(names, len(elements))),
        (values["element"], np.tile(elements, len(names))),
    )
    return equal(
        "scenarios_listed",
        sum(_unlike(found, expected) for found, expected in pairs),
        expected=0,
        method=LISTED,
    )


def _unlike(found: NDArray[np.object_], expected: NDArray[np.object_]) -> int:
    if found.shape != expected.shape:
        return max(len(found), len(expected))
    return int((found != expected).sum())


def _accounts(study: _Study) -> Claim:
    """Claim that statuses, counts and what each row says of itself agree."""
    result, table = study.result, study.result.scenarios
    solved = table["status"] == "converged"
    dark = (table["lowest_bus"] == 0) & (table["load"] == 0)  # everything is off
    numbers = np.array([np.isfinite(table[name]) for name in NUMBERS])
    numbers[2:] |= solved & dark
    rated = np.isfinite(table["largest_loading"])
    wrong = (~solved & (table["status"] != "diverged")) | (numbers != solved).any(axis=0)
    wrong |= np.isfinite(table["largest_loading"]) & ~solved
    wrong |= ~solved & (np.array([table[name] for name in COUNTS]) != 0).any(axis=0)
    wrong |= solved & (np.abs(table["generation"] - table["load"] - table["losses"]) > SUM_MW)
    wrong |= solved & (table["lowest_voltage"] > table["highest_voltage"])
    wrong |= rated != (table["largest_branch"] > 0)
    passed = table["largest_loading"] > 100 * (1 + PASSED) + LOADING_PERCENT
    wrong |= passed & (table["overloads"] == 0)
    wrong |= (table["overloads"] > 0) & ~(table["largest_loading"] > 100 - LOADING_PERCENT)
    known = np.isin(table["lowest_bus"], study.grid.case.bus["bus"])
    wrong |= solved & ~dark & ~(known & np.isin(table["highest_bus"], study.grid.case.bus["bus"]))
    wrong |= ~((table["largest_branch"] >= 0) & (table["largest_branch"] <= len(study.grid.start)))
    values = result.recorded["value"].reshape(len(table), len(study.kept.names))
    wrong |= ~solved & np.isfinite(values).any(axis=1)
    violated = (table["voltage_violations"] > 0) | (table["overloads"] > 0)
    stated = result.scenarios_studied, result.scenarios_diverged, result.scenarios_violated
    counted = len(table), int((~solved).sum()), int(violated.sum())
    differing = sum(a != b for a, b in zip(stated, counted, strict=True))
    return equal(
        "scenarios_accounted",
        float(wrong.sum() + differing),
        expected=0,
        method=(
            "Every row: one of two statuses, numbers where it has a solution and none where not, losses as "
            "generation less load, overloads as the largest loading says; and the stated totals, recounted."
        ),
    )


def _demand(study: _Study) -> Claim:
    """Claim the demand served and unserved of every scenario."""
    table, alive = study.result.scenarios, study.grid.alive
    gaps = [np.zeros(1)]
    for first in range(0, len(table), BLOCK):
        rows = np.arange(first, min(first + BLOCK, len(table)))
        changed = study.file.columns(study.grid.case, rows)
        pd = changed.get(("bus", "pd"), np.repeat(study.grid.case.bus["pd"][None], len(rows), axis=0))
        fed = np.repeat(alive[None], len(rows), axis=0)
        for place in _switched(study, changed, len(rows)).tolist():
            fed[place] = circuit(study.file.case(study.grid.case, int(rows[place]))).alive
        gaps.append(np.abs((pd * fed).sum(axis=1) - table["load"][rows]))
        gaps.append(np.abs((pd * ~fed).sum(axis=1) - table["unserved"][rows]))
    return at_most(
        "scenarios_demand",
        worst(*gaps),
        bound=SUM_MW,
        unit="MW",
        method="Demand served and unserved of every scenario summed anew from the file's changes.",
    )


def _switched(study: _Study, changed: dict[tuple[str, str], Floats], count: int) -> NDArray[np.int64]:
    """Give the scenarios of a block that switch a branch or a unit."""
    case, found = study.grid.case, np.zeros(count, bool)
    for name, table in (("branch", case.branch), ("gen", case.gen)):
        if (name, "status") in changed:
            found |= ((changed[name, "status"] > 0) != (table["status"] > 0)).any(axis=1)
    return np.flatnonzero(found)


def _again(study: _Study, ctx: Context) -> tuple[Claim, ...]:
    """Claim the rows and recorded values of the worst scenarios and of a sample."""
    chosen = _chosen(study, ctx.seed)
    differing, apart = 0, 0.0
    with ThreadPoolExecutor(max(ctx.threads, 1)) as pool:
        for first in range(0, len(chosen), BATCH):
            said = f"certifying: {first} of {len(chosen)} scenarios solved again"
            heed = partial(ctx.progress, AGAIN * first / len(chosen), said)
            heed()
            batch = chosen[first : first + BATCH]
            for unlike, away in heeding(pool, lambda row: _compared(study, row), batch, heed):
                differing += unlike
                apart = worst(np.array([apart, away]))
    return (
        equal(
            "scenarios_solved_again",
            differing,
            expected=0,
            method=(
                f"The worst scenarios by voltage, loading and losses and {study.params.audit} others, drawn "
                "by the run's seed, solved again by Newton's method in rectangular coordinates: rows that "
                "differ."
            ),
        ),
        at_most(
            "scenarios_recorded",
            apart,
            bound=1.0,
            unit="1",
            method=(
                "Recorded values of the same scenarios against the second solution, in tolerances of 1e-6 "
                "p.u., 1e-4 °, 1e-3 MW, Mvar or %, and a millionth of the value; more where the power flow's "
                "own tolerance is looser."
            ),
        ),
    )


def _chosen(study: _Study, seed: int) -> list[int]:
    """Give the solved scenarios that are solved again: extremes, then a random sample."""
    table = study.result.scenarios
    solved = np.flatnonzero(table["status"] == "converged")
    if not len(solved):
        return []
    extremes = set()
    for name, sign in (
        ("lowest_voltage", 1),
        ("highest_voltage", -1),
        ("largest_loading", -1),
        ("losses", -1),
    ):
        ranked = np.nan_to_num(sign * table[name][solved], nan=np.inf)
        extremes.add(int(solved[np.argmin(ranked)]))
    others = np.array([row for row in solved.tolist() if row not in extremes], np.int64)
    drawn = np.random.default_rng(seed).permutation(others)[: study.params.audit]
    return sorted(extremes | set(drawn.tolist()))


@np.errstate(all="ignore")  # every thread has its own
def _compared(study: _Study, row: int) -> tuple[int, float]:
    """Tell whether a row differs from every solution found anew (1 or 0), and how far values are apart."""
    grid = circuit(study.file.case(study.grid.case, row))
    for found in _solutions(study, grid):
        anew = _Anew(grid, found)
        if _agrees(study, anew, row):
            return 0, _apart(study, anew, row)
    return 1, 0.0


def _solutions(study: _Study, grid: Circuit) -> list[Settled]:
    """Give the solutions from the base's state, with its limits and without, else from other starts."""
    params, plan = study.params, schedule(grid)
    found: list[Settled | None] = []
    if study.v is not None:
        ports, v = two_ports(grid), np.where(study.v == 0, 1.0, study.v)
        asked = replace(plan, p=outputs(grid, plan, params))
        sides = [study.side, np.zeros_like(study.side)] if study.side.any() else [study.side]
        found = [settle(grid, asked, study.shape, ports, v, params, steps=STEPS, side=side) for side in sides]
    for start in dict.fromkeys((params.start, *STARTS)):
        if not any(plausible(grid, one) for one in found if one is not None):
            found.append(solved_from(start, grid, plan, params))
    return [one for one in found if one is not None]


def _agrees(study: _Study, anew: _Anew, row: int) -> bool:
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


def _reference_part(study: _Study, anew: _Anew) -> float:
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


def _apart(study: _Study, anew: _Anew, row: int) -> float:
    """Give the largest difference of recorded values, in tolerances."""
    kept, count = study.kept, len(study.kept.names)
    said = study.result.recorded["value"][row * count : (row + 1) * count]
    own = _values(study, anew)
    absolute = np.where(kept.table == "bus", np.where(kept.quantity == 0, VOLTAGE_PU, 1e-4), STATED_MW)
    missing = np.isnan(own)
    gap = np.abs(said - own) / (absolute * _loose(study.params) + RELATIVE * np.abs(own))
    stray = np.where(np.isfinite(said[missing]), np.inf, 0.0)
    return worst(gap[~missing], stray)


def _values(study: _Study, anew: _Anew) -> Floats:
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


def _unit_outputs(study: _Study, anew: _Anew) -> tuple[Floats, Floats]:
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


def _no_solution(study: _Study, ctx: Context) -> Claim:
    """Claim that a sample of the scenarios without a solution has none from its own start either."""
    rows = np.flatnonzero(study.result.scenarios["status"] == "diverged")
    drawn = np.random.default_rng(ctx.seed).permutation(rows)[:RETRIED]
    found = 0
    for place, row in enumerate(sorted(drawn.tolist())):
        done = AGAIN + (1 - AGAIN) * place / len(drawn)
        ctx.progress(done, f"certifying: {place} of {len(drawn)} divergences tried again")
        grid = circuit(study.file.case(study.grid.case, row))
        found += attempt(grid, schedule(grid), study.params, steps=granted(study.params)) is not None
    return equal(
        "scenarios_without_solution",
        found,
        expected=0,
        method=(
            f"At most {RETRIED} scenarios without a solution, drawn by the run's seed, tried by Newton's "
            "method in rectangular coordinates: solutions found with every voltage above half its nominal "
            "value."
        ),
    )
