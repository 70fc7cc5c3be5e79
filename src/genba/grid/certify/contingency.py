"""Certificate of `grid.contingency`: every outage accounted for, violations and divergences solved again."""

import numpy as np

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.grid.certify.circuit import Bools, Circuit, Floats, Ints
from genba.grid.certify.newton import pattern
from genba.grid.certify.outages import Aftermath, Outage, aftermath, bridges, paired, requested
from genba.grid.certify.pairs import pair_claims
from genba.grid.certify.powerflow import OUTPUT_MW, state_claims, voltages
from genba.grid.certify.replay import BEFORE, Study, solvable, solve_again
from genba.grid.certify.retry import attempt, granted, sides
from genba.grid.certify.rows import gaps, worst
from genba.grid.certify.schedule import Schedule, schedule, studied
from genba.grid.certify.twoport import two_ports
from genba.grid.certify.violation_rows import base_violations, excess_of, row_claims, unlike_rows, value_gaps
from genba.grid.certify.violations import SWAY, Loads, limits, loads, places, violated
from genba.grid.records.contingency import ContingencyParams, ContingencyResult
from genba.num.table import Table

RESOLVED = 2000  # violations solved again: the worst
LOOK = 256  # outages accounted for between two looks at a wish to stop


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_contingency(params: ContingencyParams, result: ContingencyResult, ctx: Context) -> Certificate:
    """Certify a contingency study: its base, that no outage is left out, and what is said of the outages."""
    grid = studied(params, ctx)
    plan = schedule(grid)
    if result.outcome == "base_diverged":
        return Certificate(claims=_no_base(grid, plan, params, result))
    base = state_claims(grid, plan, params, result)
    if not base[0].holds:  # nothing else can be asked of other rows
        return Certificate(claims=base)
    study = _study(grid, params, result)
    ranked = pair_claims(grid, plan, params, result.ranked, v=study.v, bounds=study.bounds, ctx=ctx)
    outages = (*requested(grid, params, ctx), *paired(result.ranked))
    listed = _listed(outages, result)
    base = (*base, *ranked)
    if not listed.holds:
        return Certificate(claims=(*base, listed))
    order = {outage.name: outage for outage in outages}
    asked = tuple(order[str(name)] for name in result.outages["outage"])
    accounts, left = _accounts(study, asked, result, ctx)
    claims = (*base, listed, *accounts, _screened(params, result), *base_violations(study, result))
    claims = (*claims, *row_claims(study, result))
    return Certificate(claims=(*claims, *_again(study, asked, left, result, ctx)))


def _no_base(
    grid: Circuit, plan: Schedule, params: ContingencyParams, result: ContingencyResult
) -> tuple[Claim, ...]:
    tables = (result.outages, result.violations, result.base_violations, result.ranked)
    counts = (result.studied, result.violated, result.islanded, result.diverged, *_screening(result))
    return (
        equal(
            "nothing_studied",
            sum(len(table) for table in tables) + sum(counts),
            expected=0,
            method="Without a base there is no outage and no violation.",
        ),
        equal(
            "no_independent_solution",
            float(attempt(grid, plan, params, steps=granted(params)) is not None),
            expected=0,
            method=(
                "Newton's method on complex voltages in rectangular coordinates from the same start: "
                "solutions found with every voltage above half its nominal value."
            ),
        ),
    )


def _listed(outages: tuple[Outage, ...], result: ContingencyResult) -> Claim:
    asked, found = [outage.name for outage in outages], [str(name) for name in result.outages["outage"]]
    unlike = len(set(asked) ^ set(found)) + len(found) - len(set(found))
    return equal(
        "outages_listed",
        unlike,
        expected=0,
        method="Outages asked for, enumerated anew from the case; missing, unknown and repeated ones.",
    )


def _study(grid: Circuit, params: ContingencyParams, result: ContingencyResult) -> Study:
    v, bounds = voltages(grid, result), limits(grid, params)
    p = np.where(grid.runs, result.units["p"], 0.0)
    side = sides(grid, result.units)
    return Study(params, grid, pattern(grid), bounds, v, p, side, loads(grid, two_ports(grid), v, bounds))


def _accounts(
    study: Study, asked: tuple[Outage, ...], result: ContingencyResult, ctx: Context
) -> tuple[tuple[Claim, ...], list[Aftermath]]:
    """Claim what can be said of every outage without solving it."""
    splitting = bridges(study.grid)
    left = []
    for place, one in enumerate(asked):
        if place % LOOK == 0:
            said = f"certifying: what {place:,} of {len(asked):,} outages cut off"
            ctx.progress(BEFORE * place / len(asked), said)
        splits = len(one.branches) > 1 or bool(splitting[one.branches].any())
        left.append(aftermath(study.grid, one, study.p, splits=splits))
    table, violations = result.outages, result.violations
    counted = {name: 0 for name in table["outage"]}
    for name in violations["outage"]:
        counted[name] = counted.get(name, 0) + 1
    own = np.array([counted[name] for name in table["outage"]], np.int64)
    cut = np.array([one.islanded for one in left], bool)
    expected = np.where(cut, "islanded", np.where(own > 0, "violated", "secure")).astype(object)
    expected[table["status"] == "diverged"] = "diverged"
    stated = (result.violated, result.islanded, result.diverged, result.studied, result.outcome == "secure")
    recounted = (
        int((own > 0).sum()),
        *(int((table["status"] == name).sum()) for name in ("islanded", "diverged")),
        len(table),
        bool((table["status"] == "secure").all()),
    )
    lost = [
        *gaps(table["lost_load"], np.array([one.lost_load for one in left])),
        *gaps(table["lost_generation"], np.array([one.lost_generation for one in left])),
    ]
    return (
        equal(
            "outages_status",
            float(
                (table["status"] != expected).sum()
                + (table["violations"] != own).sum()
                + len(counted)
                - len(table)
            ),
            expected=0,
            method=(
                "Islanding found by an own graph search, violations counted row by row; statuses and counts "
                "that differ."
            ),
        ),
        equal(
            "outages_counted",
            float(sum(a != b for a, b in zip(stated, recounted, strict=True))),
            expected=0,
            method="Stated totals against the rows; totals that differ.",
        ),
        at_most(
            "outages_lost",
            worst(*lost, np.array([abs(result.load - study.grid.case.bus["pd"][study.grid.alive].sum())])),
            bound=OUTPUT_MW,
            unit="MW",
            method="Demand and generation cut off by each outage, and the demand served before, summed anew.",
        ),
    ), left


def _screening(result: ContingencyResult) -> tuple[int, int, int]:
    return result.screened, result.screen_audited, result.screen_missed


def _screened(params: ContingencyParams, result: ContingencyResult) -> Claim:
    """Claim that what was not solved in full says so, and says nothing that only a solution can tell."""
    table = result.outages
    only = table["solved"] == "screened"
    count, audited, missed = _screening(result)
    wrong = [
        int((~only & (table["solved"] != "ac")).sum()),
        int(only.sum()) if params.screen == "none" else 0,
        int((only & ((table["violations"] != 0) | (table["status"] == "diverged"))).sum()),
        abs(count - int(only.sum())),
        int(not 0 <= missed <= audited <= len(table) - count),
        int(audited > 0 and params.screen == "none"),
        int(count > 0 and audited == 0),
    ]
    return equal(
        "screened",
        float(sum(wrong)),
        expected=0,
        method=(
            f"{count} of {len(table)} outages not solved in full but found to be far from every limit by "
            f"linear steps; of {audited} more, solved all the same, {missed} had a violation or no solution. "
            "Rows and totals that do not say so, and screened ones with a violation."
        ),
    )


def _again(
    study: Study, asked: tuple[Outage, ...], left: list[Aftermath], result: ContingencyResult, ctx: Context
) -> tuple[Claim, ...]:
    """Solve again: outages of the worst violations, divergences, and a sample of what was not reported."""
    table, violations = result.outages, result.violations
    at = places(study.grid, violations)
    severity = np.full(len(at), np.inf)
    severity[at >= 0] = excess_of(study, violations.where(at >= 0), at[at >= 0])
    chosen = np.zeros(len(at), bool)
    chosen[np.argsort(-severity, kind="stable")[:RESOLVED]] = True
    named = set(violations["outage"][chosen])
    diverged = np.flatnonzero(table["status"] == "diverged")
    reported = np.array([row for row, one in enumerate(asked) if one.name in named], np.int64)
    reported = np.setdiff1d(reported, diverged)
    quiet = np.flatnonzero((table["violations"] == 0) & (table["status"] != "diverged"))
    size = min(study.params.audit, len(quiet))
    sample = np.sort(np.random.default_rng(ctx.seed).choice(quiet, size, replace=False))

    def borne_out(outage: Outage, replay: Loads) -> bool:
        rows = np.flatnonzero(violations["outage"] == outage.name)
        wrong, away = _apart(study, replay, violations.where(rows), at[rows])
        return wrong == 0 and away <= 1

    def told(outage: Outage) -> Floats:
        branches, buses = len(study.grid.start), len(study.grid.island)
        rows = np.flatnonzero((violations["outage"] == outage.name) & (at >= branches))
        magnitude = np.zeros(buses)
        magnitude[(at[rows] - branches) % buses] = np.nan_to_num(violations["value"][rows], posinf=0)
        return magnitude

    work = [(asked[row], left[row]) for row in (*reported, *sample)]
    replays = solve_again(study, work, ctx, borne_out=borne_out, told=told)
    first, third = replays[: len(reported)], replays[len(reported) :]
    second = solvable(study, [(asked[row], left[row]) for row in diverged], ctx)
    return (
        *_resolved(study, [asked[row].name for row in reported], first, result, at, chosen),
        equal(
            "divergences",
            float(sum(second)),
            expected=0,
            method=(
                "Divergences for which an independent Newton finds a solution from the base, or one with "
                "every voltage above half its nominal value from other first voltages."
            ),
        ),
        _missed(study, third, len(quiet), int((table["solved"][sample] == "screened").sum())),
    )


def _resolved(
    study: Study,
    names: list[str],
    replays: list[list[Loads]],
    result: ContingencyResult,
    at: Ints,
    chosen: Bools,
) -> tuple[Claim, ...]:
    unlike, gap = 0.0, 0.0
    of = result.violations["outage"]
    for name, found in zip(names, replays, strict=True):
        rows = np.flatnonzero(of == name)
        apart = [_apart(study, replay, result.violations.where(rows), at[rows]) for replay in found]
        wrong, away = min(apart, default=(len(rows), 0.0))  # it may be any of them
        unlike, gap = unlike + wrong, worst(np.array([gap, away]))
    how = (
        f"{len(names)} outages holding the worst {int(chosen.sum())} of {len(of)} violations solved again "
        "by Newton's method in rectangular coordinates from the base, or else from other first voltages, by "
        "halved steps, or from where reported voltages are held"
    )
    return (
        equal("violations", unlike, expected=0, method=f"{how}; missing, extra and repeated rows."),
        at_most(
            "violation_values",
            gap,
            bound=1.0,
            unit="1",
            method=f"{how}; largest difference of a value, over {SWAY:.0f} times the mismatch accepted.",
        ),
    )


def _apart(study: Study, replay: Loads, table: Table, at: Ints) -> tuple[float, float]:
    """Tell how many rows of an outage a solution does not bear out, and the largest difference of a value."""
    worse, unsure = study.params.worse_by, study.bounds.unsure
    must, may = (violated(study.base, replay, worse, doubt=doubt) for doubt in (unsure, -unsure))
    return unlike_rows(at, must, may), worst(value_gaps(study, replay, table, at) / unsure[at[at >= 0]])


def _missed(study: Study, replays: list[list[Loads]], population: int, screened: int) -> Claim:
    """Claim the rate of violations that were not reported: none in n proves at most 3/n at 95 %."""
    misses = sum(_misses(study, found) for found in replays)
    checked = len(replays)
    proven = 0.0 if checked == population else 3 / checked
    return at_most(
        "missed_rate",
        proven if misses == 0 else max(misses / max(checked, 1), proven) + proven,
        bound=proven,
        unit="1",
        method=(
            f"{checked} of {population} outages reported without violation, drawn by the run's seed, solved "
            f"again: {misses} with a violation in every solution found, or without any ({screened} of those "
            "had only been screened); none in n proves a rate of at most 3/n at 95 %, none in all proves 0."
        ),
    )


def _misses(study: Study, found: list[Loads]) -> bool:
    worse, unsure = study.params.worse_by, study.bounds.unsure
    return all(violated(study.base, replay, worse, doubt=unsure).any() for replay in found)
