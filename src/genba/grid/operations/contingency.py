"""`grid.contingency`: what every outage does to a converged base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Columns
from genba.core.context import Context
from genba.core.errors import input_error
from genba.core.operation import operation
from genba.grid.certify.contingency import certify_contingency
from genba.grid.checks.asked import NO_AREA, NO_NAMES, NO_OUTAGES, NO_VOLTAGE
from genba.grid.io.contingencies import Contingency, listed, monitored, named, pairs, singles
from genba.grid.io.opening import open_case
from genba.grid.kernels import outage_study, outage_verdicts
from genba.grid.kernels.admittance import branch_powers
from genba.grid.kernels.islands import bridges
from genba.grid.kernels.limits import RATING, Limits, broken, limits_of, measure
from genba.grid.kernels.network import REFERENCE, Bools, Floats, Ints
from genba.grid.kernels.outage_pairs import Monitored, Ranking, rank, ranking_of
from genba.grid.kernels.outage_verdicts import Lost, Passed, Verdicts, verdicts_of
from genba.grid.kernels.restarts import solve_or_restart
from genba.grid.kernels.steady_state import State
from genba.grid.operations.powerflow import Study, prepare, state_tables, with_outputs
from genba.grid.records.case import Case
from genba.grid.records.contingency import (
    BAND,
    BASE_VIOLATIONS,
    OUTAGES,
    RANKED,
    VIOLATIONS,
    ContingencyParams,
    ContingencyResult,
)
from genba.grid.views.contingency import headlines_contingency, view_contingency
from genba.num.table import Table, table

REUSE = 0.3
"""Factors of the Jacobian serve again while a step leaves less than this share of the mismatch (measured)."""
KIND_NAMES = np.array(["rating", "vmin", "vmax"], dtype=object)
AREAS_NAMED = 10
"""How many areas of a case a message names."""


@dataclass(frozen=True, eq=False)
class Base:
    """What outages are compared with.

    Arguments:
        case: what was read.
        given: the solved base and its limits.
        elements: name of the element of each limit, shape (k,).
    """

    case: Case
    given: outage_verdicts.Study
    elements: NDArray[Any]

    @property
    def limits(self) -> Limits:
        """Give what is monitored."""
        return self.given.limits


@dataclass(frozen=True, eq=False)
class Judged:
    """All outages, in the order studied, and what they pass.

    Arguments:
        names: of k outages.
        verdicts: what each does.
        passed: limits passed, by outage and the worst first.
        count: number of limits passed by each, shape (k,).
        worst: row of `passed` of the worst of each, -1 for none, shape (k,).
    """

    names: NDArray[Any]
    verdicts: Verdicts
    passed: Passed
    count: Ints
    worst: Ints


@operation(
    "grid.contingency",
    certify=certify_contingency,
    views=view_contingency,
    headlines=headlines_contingency,
    example="pglib:case118_ieee --generation balanced",
)
def contingency(params: ContingencyParams, ctx: Context) -> ContingencyResult:
    """Study the outage of every branch and unit: overloads, voltages, what is cut off.

    Every outage is solved as a full AC power flow from the converged base, to the same tolerance; with
    `screen=linear` only those that first Newton steps do not clear of all limits.

    >>> import genba.grid
    >>> genba.grid.contingency(case="pglib:case14_ieee", generation="balanced").result.studied
    25
    """
    _check(params)
    case = open_case(params, ctx)
    contingencies = _asked(params, case, ctx)
    monitor = _monitored(params, case)
    ctx.progress(0.0, "solving the base")
    study = prepare(params, with_outputs(params, case, ctx))
    state = solve_or_restart(study.model, study.schedule, vm=study.vm, va=study.va)
    if not state.converged:
        return _without_base(study, state)
    base = _base(params, study, state, monitor)
    if params.outages != "named":
        contingencies = (*_singles(params, base), *contingencies)
    ranking = _ranked(params, base, ctx)
    contingencies = (*contingencies, *pairs(ranking.first, ranking.second))
    if not contingencies:
        raise input_error(NO_OUTAGES, "outages", case=case.name)
    return _report(study, base, _judged(params, base, contingencies, ctx), ranking)


def _check(params: ContingencyParams) -> None:
    """Refuse what would study nothing, or hold nothing to be right.

    Raises:
        InputError: when no outage is asked for, or no voltage is allowed.
    """
    if params.outages == "named" and not (params.named or params.contingencies or params.pairs):
        raise input_error(NO_NAMES, "outages")
    if params.vmin is not None and params.vmax is not None and params.vmin > params.vmax:
        raise input_error(NO_VOLTAGE, "vmin", vmin=f"{params.vmin:g}", vmax=f"{params.vmax:g}")


def _asked(params: ContingencyParams, case: Case, ctx: Context) -> tuple[Contingency, ...]:
    """Give the contingencies that have names, of the command and of the file."""
    given = named(params.named, case)
    if params.contingencies is None:
        return given
    more, findings = listed(ctx.path(params.contingencies), case, taken=[one.name for one in given])
    ctx.check(findings)
    return (*given, *more)


def _monitored(params: ContingencyParams, case: Case) -> tuple[Bools, Bools]:
    """Give which branches (m,) and buses (n,) all filters let through."""
    branches, buses = monitored(params.monitored, case)
    held = sorted(set(case.bus["area"].tolist()))
    unknown = sorted(set(params.areas) - set(held))
    if unknown:
        allowed = ", ".join(map(str, held[:AREAS_NAMED])) + (", ..." if len(held) > AREAS_NAMED else "")
        raise input_error(NO_AREA, "areas", case=case.name, area=unknown[0], allowed=allowed)
    order = np.argsort(case.bus["bus"])
    ends = [
        order[np.searchsorted(case.bus["bus"][order], case.branch[end])] for end in ("from_bus", "to_bus")
    ]
    inside = np.isin(case.bus["area"], params.areas) | (not params.areas)
    high = case.bus["base_kv"] >= params.min_kv
    either = [passing[ends[0]] | passing[ends[1]] for passing in (inside, high)]
    return branches & either[0] & either[1], buses & inside & high


def _limits(params: ContingencyParams, case: Case, monitor: tuple[Bools, Bools]) -> Limits:
    rate_a, rate_b, rate_c = (case.branch[name] for name in ("rate_a", "rate_b", "rate_c"))
    rating = np.where(rate_c > 0, rate_c, np.where(rate_b > 0, rate_b, rate_a)) / case.base_mva
    vmin = case.bus["vmin"] if params.vmin is None else np.full(len(case.bus), params.vmin)
    vmax = case.bus["vmax"] if params.vmax is None else np.full(len(case.bus), params.vmax)
    return limits_of(rating, vmin, vmax, branches=monitor[0], buses=monitor[1])


def _base(params: ContingencyParams, study: Study, state: State, monitor: tuple[Bools, Bools]) -> Base:
    model = replace(study.model, budget=replace(study.model.budget, reuse=REUSE))
    limits = _limits(params, study.case, monitor)
    schedule = replace(study.schedule, p=state.unit_p)
    measured = measure(
        limits,
        model.network,
        model.admittance,
        voltage=state.at.voltage,
        branch_on=schedule.branch_on,
        live=schedule.island > 0,
    )
    given = outage_verdicts.Study(
        model, schedule, state, limits, measured, band=BAND, worse_by=params.worse_by
    )
    return Base(study.case, given, _elements(study.case, limits))


def _singles(params: ContingencyParams, base: Base) -> tuple[Contingency, ...]:
    schedule = base.given.schedule
    energised = schedule.island[base.given.model.network.from_bus] > 0
    branches = schedule.branch_on & energised & (params.outages in ("all", "branches"))
    return singles(branches, schedule.unit_on & (params.outages in ("all", "units")))


def _ranked(params: ContingencyParams, base: Base, ctx: Context) -> Ranking:
    """Rank the pairs that are asked for."""
    ranking, schedule, state = ranking_of(), base.given.schedule, base.given.state
    if not params.pairs:
        return ranking
    network = replace(base.given.model.network, branch_on=schedule.branch_on)
    f, t = network.from_bus, network.to_bus
    into_from, into_to = branch_powers(base.given.model.admittance.two_port, state.at.voltage, ends=(f, t))
    flowing = schedule.branch_on & (schedule.island[f] > 0)
    rated = base.limits.kind == RATING
    rated[rated] = flowing[base.limits.row[rated]]
    judged = Monitored(0.5 * (into_from - into_to).real, base.limits.row[rated], base.limits.limit[rated])
    lost = flowing & (f != t) & ~bridges(network)
    if lost.sum() < 2:  # a radial grid: every branch alone parts it
        return ranking
    fixed = (schedule.island == 0) | (state.kind == REFERENCE)
    threads = max(ctx.threads, 1)
    for done in rank(network, lost, judged, ranking, fixed=fixed, most=params.pairs, threads=threads):
        ctx.progress(0.0, f"ranking pairs of branches, {done:.0%}")
    return ranking


def _judged(
    params: ContingencyParams, base: Base, contingencies: Sequence[Contingency], ctx: Context
) -> Judged:
    """Judge every outage, on all threads; what one gives does not depend on them."""
    count = len(contingencies)
    lost = Lost([one.branches for one in contingencies], [one.units for one in contingencies])
    verdicts, screen = verdicts_of(count), ctx.seed if params.screen == "linear" else None
    ctx.progress(0.0, f"0 of {count:,} outages")
    for done in outage_study.study(base.given, lost, verdicts, threads=max(ctx.threads, 1), screen=screen):
        ctx.progress(done / count, f"{done:,} of {count:,} outages")
    passed = outage_verdicts.passed(base.given, verdicts)
    start = np.searchsorted(passed.outage, np.arange(count + 1))
    number = np.diff(start)
    names = np.array([one.name for one in contingencies], dtype=object)
    return Judged(names, verdicts, passed, number, np.where(number > 0, start[:-1], -1))


def _report(study: Study, base: Base, judged: Judged, ranking: Ranking) -> ContingencyResult:
    buses, branches, units = state_tables(study, base.given.state)
    verdicts, audited = judged.verdicts, judged.verdicts.audited
    outages = _outage_table(base, judged)
    return ContingencyResult(
        outcome="secure" if (outages["status"] == "secure").all() else "insecure",
        studied=len(outages),
        violated=int((outages["violations"] > 0).sum()),
        islanded=int((outages["status"] == "islanded").sum()),
        diverged=int((outages["status"] == "diverged").sum()),
        screened=int(verdicts.screened.sum()),
        screen_audited=len(audited),
        screen_missed=int(((judged.count[audited] > 0) | ~verdicts.converged[audited]).sum()),
        load=float(buses["pd"].sum()),
        buses=buses,
        branches=branches,
        units=units,
        outages=outages,
        violations=_violation_table(base, judged),
        base_violations=_base_violation_table(base),
        ranked=_ranked_table(ranking),
    )


def _without_base(study: Study, state: State) -> ContingencyResult:
    buses, branches, units = state_tables(study, state)
    return ContingencyResult(
        outcome="base_diverged",
        studied=0,
        violated=0,
        islanded=0,
        diverged=0,
        screened=0,
        screen_audited=0,
        screen_missed=0,
        load=float(buses["pd"].sum()),
        buses=buses,
        branches=branches,
        units=units,
        outages=_empty(OUTAGES),
        violations=_empty(VIOLATIONS),
        base_violations=_empty(BASE_VIOLATIONS),
    )


def _empty(columns: Columns) -> Table:
    return table(columns, **{name: [] for name in columns.names})


def _outage_table(base: Base, judged: Judged) -> Table:
    """List every outage, the worst first."""
    verdicts, mva = judged.verdicts, base.case.base_mva
    excess = np.append(judged.passed.excess, np.nan)[judged.worst]
    largest = np.where(np.isnan(excess), -np.inf, excess)
    order = np.lexsort((-verdicts.lost_generation, -verdicts.lost_load, -largest, verdicts.converged))
    status = np.where(judged.count > 0, "violated", "secure").astype(object)
    status[verdicts.islanded] = "islanded"
    status[~verdicts.converged] = "diverged"
    return table(
        OUTAGES,
        outage=judged.names[order],
        status=status[order],
        lost_load=verdicts.lost_load[order] * mva,
        lost_generation=verdicts.lost_generation[order] * mva,
        violations=judged.count[order],
        worst=excess[order],
        why=[_why(base, judged, number) for number in order.tolist()],
        iterations=verdicts.steps[order],
        solved=np.where(verdicts.screened, "screened", "ac").astype(object)[order],
    )


def _why(base: Base, judged: Judged, number: int) -> str:
    """Word the reason of a status; empty when secure."""
    reasons = []
    if not judged.verdicts.converged[number]:
        reasons.append("no solution was found")
    if judged.count[number]:
        reasons.append(_worst_in_words(base, judged.passed, int(judged.worst[number])))
    if judged.verdicts.islanded[number]:
        reasons.append(_cut_off_in_words(base, judged.verdicts, number))
    return "; ".join(reasons)


def _cut_off_in_words(base: Base, verdicts: Verdicts, number: int) -> str:
    lost = {"load": verdicts.lost_load[number], "generation": verdicts.lost_generation[number]}
    named = [f"{amount * base.case.base_mva:.4g} MW {what}" for what, amount in lost.items() if amount]
    count = int(verdicts.cut_off[number])
    return f"cuts off {' and '.join(named) or '0 MW load'} at {'1 bus' if count == 1 else f'{count} buses'}"


def _worst_in_words(base: Base, passed: Passed, row: int) -> str:
    number, value = passed.limit[row], passed.value[row]
    element, limit = base.elements[number], base.limits.limit[number]
    if base.limits.kind[number] != RATING:
        beyond = "below" if value < limit else "above"
        return f"{element} at {value:.4f} p.u., {beyond} {limit:.4g} p.u."
    branch = base.case.branch
    ends = "-".join(str(branch[end][base.limits.row[number]]) for end in ("from_bus", "to_bus"))
    return f"{element} ({ends}) at {100 * value / limit:.4g} % of {limit * base.case.base_mva:.4g} MVA"


def _elements(case: Case, limits: Limits) -> NDArray[Any]:
    """Name the element of every limit, shape (k,)."""
    branches = [f"branch.{row + 1}" for row in limits.row[limits.kind == RATING].tolist()]
    buses = [f"bus.{number}" for number in case.bus["bus"][limits.row[limits.kind != RATING]].tolist()]
    return np.array([*branches, *buses], dtype=object)


def _violation_table(base: Base, judged: Judged) -> Table:
    """List every new or worsened violation, the worst first."""
    passed = judged.passed
    order = np.argsort(-passed.excess, kind="stable")
    rows = passed.limit[order]
    return table(
        VIOLATIONS,
        outage=judged.names[passed.outage[order]],
        **_violation_columns(base, rows, passed.value[order], passed.excess[order]),
        base_value=base.given.measured.value[rows] * _scale(base, rows),
    )


def _base_violation_table(base: Base) -> Table:
    measured = base.given.measured
    rows = np.flatnonzero(broken(measured.excess, band=BAND))
    rows = rows[np.argsort(-measured.excess[rows], kind="stable")]
    columns = _violation_columns(base, rows, measured.value[rows], measured.excess[rows])
    return table(BASE_VIOLATIONS, **columns)


def _ranked_table(ranking: Ranking) -> Table:
    """List the pairs in the order of their joint excess."""
    return table(
        RANKED,
        outage=[pair.name for pair in pairs(ranking.first, ranking.second)],
        index=100.0 * ranking.index,
        element=[f"branch.{row + 1}" for row in ranking.element.tolist()],
    )


def _violation_columns(base: Base, rows: Ints, value: Floats, excess: Floats) -> dict[str, NDArray[Any]]:
    kind = base.limits.kind[rows]
    return {
        "element": base.elements[rows],
        "limit_kind": KIND_NAMES[kind],
        "value": value * _scale(base, rows),
        "limit": base.limits.limit[rows] * _scale(base, rows),
        "percent": np.where(kind == RATING, 100.0 + excess, excess),
    }


def _scale(base: Base, rows: Ints) -> Floats:
    """Give what turns per unit into the unit of each limit: MVA for a rating, p.u. for a voltage."""
    return np.where(base.limits.kind[rows] == RATING, base.case.base_mva, 1.0)
