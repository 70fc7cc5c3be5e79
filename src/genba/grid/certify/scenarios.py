"""Certificate of scenarios of `grid.powerflow`: all accounted for, the worst and a sample solved again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from genba.core.certificate import Claim, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats, circuit
from genba.grid.certify.newton import pattern
from genba.grid.certify.pool import heeding
from genba.grid.certify.retry import (
    STARTS,
    Settled,
    attempt,
    granted,
    outputs,
    plausible,
    settlements,
    sides,
    solved_from,
)
from genba.grid.certify.rows import worst
from genba.grid.certify.scenario_rows import (
    COUNTS,
    LOADING_PERCENT,
    NUMBERS,
    Anew,
    Study,
    agrees,
    values_apart,
)
from genba.grid.certify.schedule import schedule
from genba.grid.certify.twoport import two_ports
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
LISTED = "Scenarios, times and recorded elements against the file read anew, row by row and in order."


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
    study = Study(params, grid, pattern(grid), v, sides(grid, result.units), file, kept, result)
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


def _accounts(study: Study) -> Claim:
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


def _demand(study: Study) -> Claim:
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


def _switched(study: Study, changed: dict[tuple[str, str], Floats], count: int) -> NDArray[np.int64]:
    """Give the scenarios of a block that switch a branch or a unit."""
    case, found = study.grid.case, np.zeros(count, bool)
    for name, table in (("branch", case.branch), ("gen", case.gen)):
        if (name, "status") in changed:
            found |= ((changed[name, "status"] > 0) != (table["status"] > 0)).any(axis=1)
    return np.flatnonzero(found)


def _again(study: Study, ctx: Context) -> tuple[Claim, ...]:
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


def _chosen(study: Study, seed: int) -> list[int]:
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
def _compared(study: Study, row: int) -> tuple[int, float]:
    """Tell whether a row differs from every solution found anew (1 or 0), and how far values are apart."""
    grid = circuit(study.file.case(study.grid.case, row))
    for found in _solutions(study, grid):
        anew = Anew(grid, found)
        if agrees(study, anew, row):
            return 0, values_apart(study, anew, row)
    return 1, 0.0


def _solutions(study: Study, grid: Circuit) -> list[Settled]:
    """Give the solutions from the base's state, with its limits and without, else from other starts."""
    params, plan = study.params, schedule(grid)
    found: list[Settled | None] = []
    if study.v is not None:
        ports, v = two_ports(grid), np.where(study.v == 0, 1.0, study.v)
        asked = replace(plan, p=outputs(grid, plan, params))
        sides = [study.side, np.zeros_like(study.side)] if study.side.any() else [study.side]
        solve = partial(settlements, grid, asked, study.shape, ports, v, params, steps=STEPS)
        found = [next(solve(side=side), None) for side in sides]
    for start in dict.fromkeys((params.start, *STARTS)):
        if not any(plausible(grid, one) for one in found if one is not None):
            found.append(solved_from(start, grid, plan, params))
    return [one for one in found if one is not None]


def _no_solution(study: Study, ctx: Context) -> Claim:
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
