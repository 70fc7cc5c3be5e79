"""`grid.contingency`: what every outage does to a converged base."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.columns import Columns
from genba.core.context import Context
from genba.core.errors import InputError
from genba.core.operation import operation
from genba.grid.certify.contingency import certify_contingency
from genba.grid.io.contingencies import Contingency, monitored, named, singles
from genba.grid.io.opening import open_case
from genba.grid.kernels.islands import bridges
from genba.grid.kernels.limits import RATING, Limits, Measured, broken, limits_of, measure, newly_broken
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outages import Outage, aftermath, solve_after
from genba.grid.kernels.steady_state import Model, Schedule, State, solve
from genba.grid.operations.powerflow import Study, prepare, state_tables
from genba.grid.records.case import Case
from genba.grid.records.contingency import (
    BAND,
    BASE_VIOLATIONS,
    OUTAGES,
    VIOLATIONS,
    ContingencyParams,
    ContingencyResult,
)
from genba.grid.views.contingency import view_contingency
from genba.num.table import Table, table

REUSE = 0.3
"""Factors of the Jacobian serve again while a step leaves less than this share of the mismatch (measured)."""
BATCH = 8
"""Outages per thread between two looks at whether the run is cancelled."""
KIND_NAMES = np.array(["rating", "vmin", "vmax"], dtype=object)
AREAS_NAMED = 10
"""How many areas of a case a message names."""


@dataclass(frozen=True, eq=False)
class Base:
    """What outages are compared with.

    Arguments:
        case: what was read.
        model: its equations, with a budget for outages.
        schedule: what is in service; outputs are those of the solved base.
        state: the solved base.
        limits: what is monitored.
        elements: name of the element of each limit, shape (k,).
        measured: the limits in the base.
        bridges: branches whose loss cuts buses off, shape (m,).
    """

    case: Case
    model: Model
    schedule: Schedule
    state: State
    limits: Limits
    elements: NDArray[Any]
    measured: Measured
    bridges: Bools


@dataclass(frozen=True, eq=False)
class Verdict:
    """What one outage does.

    Arguments:
        converged: whether what is left has a solution.
        iterations: Newton steps taken.
        islanded: whether demand or a unit is cut off.
        cut_off: number of buses cut off.
        lost_load: demand cut off, MW.
        lost_generation: output lost and cut off, MW.
        rows: limits newly broken, the worst first.
        value: what they show, p.u.
        excess: how far beyond, in %.
    """

    converged: bool
    iterations: int
    islanded: bool
    cut_off: int
    lost_load: float
    lost_generation: float
    rows: Ints
    value: Floats
    excess: Floats

    @property
    def status(self) -> str:
        """Give the last that applies of secure, violated, islanded and diverged."""
        if not self.converged:
            return "diverged"
        if self.islanded:
            return "islanded"
        return "violated" if len(self.rows) else "secure"

    @property
    def worst(self) -> float:
        """Give the largest excess, %; NaN when there is none."""
        return float(self.excess[0]) if len(self.excess) else np.nan


@operation(
    "grid.contingency",
    certify=certify_contingency,
    views=view_contingency,
    example="pglib:case118_ieee --generation balanced",
)
def contingency(params: ContingencyParams, ctx: Context) -> ContingencyResult:
    """Study the outage of every branch and unit: overloads, voltages, what is cut off.

    Every outage is solved as a full AC power flow from the converged base, to the same tolerance.

    >>> import genba.grid
    >>> genba.grid.contingency(case="pglib:case14_ieee", generation="balanced").result.studied
    25
    """
    case = open_case(params, ctx)
    contingencies = named(params.named, case)
    monitor = _monitored(params, case)
    ctx.progress(0.0, "solving the base")
    study = prepare(params, case, ctx)
    state = solve(study.model, study.schedule, vm=study.vm, va=study.va)
    if not state.converged:
        return _without_base(study, state)
    base = _base(params, study, state, monitor)
    if params.outages != "named":
        contingencies = (*_singles(params, base), *contingencies)
    verdicts = _study(params, base, contingencies, ctx)
    return _report(study, base, contingencies, verdicts)


def _monitored(params: ContingencyParams, case: Case) -> tuple[Bools, Bools]:
    """Give which branches (m,) and buses (n,) all filters let through."""
    branches, buses = monitored(params.monitored, case)
    held = sorted(set(case.bus["area"].tolist()))
    unknown = sorted(set(params.areas) - set(held))
    if unknown:
        allowed = ", ".join(map(str, held[:AREAS_NAMED])) + (", ..." if len(held) > AREAS_NAMED else "")
        raise InputError(f"{case.name} has no area {unknown[0]}; it has: {allowed}", where="areas")
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
    measured = _measured(limits, model, schedule, state)
    elements = _elements(study.case, limits)
    return Base(study.case, model, schedule, state, limits, elements, measured, bridges(model.network))


def _measured(limits: Limits, model: Model, schedule: Schedule, state: State) -> Measured:
    return measure(
        limits,
        model.network,
        model.admittance,
        voltage=state.at.voltage,
        branch_on=schedule.branch_on,
        live=schedule.island > 0,
    )


def _singles(params: ContingencyParams, base: Base) -> tuple[Contingency, ...]:
    energised = base.schedule.island[base.model.network.from_bus] > 0
    branches = base.schedule.branch_on & energised & (params.outages in ("all", "branches"))
    return singles(branches, base.schedule.unit_on & (params.outages in ("all", "units")))


def _study(
    params: ContingencyParams, base: Base, contingencies: Sequence[Contingency], ctx: Context
) -> list[Verdict]:
    """Judge every outage, on all threads; what one gives does not depend on the others."""
    verdicts: list[Verdict] = []
    threads = max(ctx.threads, 1)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(contingencies), BATCH * threads):
            ctx.progress(start / len(contingencies), f"{start:,} of {len(contingencies):,} outages")
            batch = contingencies[start : start + BATCH * threads]
            verdicts += pool.map(lambda one: _judge(params, base, one), batch)
    return verdicts


def _judge(params: ContingencyParams, base: Base, one: Contingency) -> Verdict:
    branches, units = np.array(one.branches, np.int64), np.array(one.units, np.int64)
    splits = len(branches) != 1 or len(units) > 0 or bool(base.bridges[branches].any())
    left = aftermath(base.model, base.schedule, Outage(branches, units), splits=splits)
    state = solve_after(base.model, base.state, left)
    rows, after = np.zeros(0, np.int64), base.measured
    if state.converged:
        after = _measured(base.limits, base.model, left.schedule, state)
        rows = newly_broken(base.measured.excess, after.excess, band=BAND, worse_by=params.worse_by)
        rows = rows[np.argsort(-after.excess[rows], kind="stable")]
    return Verdict(
        converged=state.converged,
        iterations=state.iterations,
        islanded=left.islanded,
        cut_off=int(left.cut_off.sum()),
        lost_load=left.lost_load * base.case.base_mva,
        lost_generation=left.lost_generation * base.case.base_mva,
        rows=rows,
        value=after.value[rows],
        excess=after.excess[rows],
    )


def _report(
    study: Study, base: Base, contingencies: Sequence[Contingency], verdicts: Sequence[Verdict]
) -> ContingencyResult:
    order = sorted(range(len(verdicts)), key=lambda number: _badness(verdicts[number]))
    names = [contingencies[number].name for number in order]
    verdicts = [verdicts[number] for number in order]
    buses, branches, units = state_tables(study, base.state)
    outages = _outage_table(base, names, verdicts)
    return ContingencyResult(
        outcome="secure" if (outages["status"] == "secure").all() else "insecure",
        studied=len(outages),
        violated=int((outages["violations"] > 0).sum()),
        islanded=int((outages["status"] == "islanded").sum()),
        diverged=int((outages["status"] == "diverged").sum()),
        load=float(buses["pd"].sum()),
        buses=buses,
        branches=branches,
        units=units,
        outages=outages,
        violations=_violation_table(base, names, verdicts),
        base_violations=_base_violation_table(base),
    )


def _without_base(study: Study, state: State) -> ContingencyResult:
    buses, branches, units = state_tables(study, state)
    return ContingencyResult(
        outcome="base_diverged",
        studied=0,
        violated=0,
        islanded=0,
        diverged=0,
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


def _badness(verdict: Verdict) -> tuple[bool, float, float, float]:
    """Give the key that sorts the worst first."""
    worst = verdict.worst if len(verdict.rows) else -np.inf
    return verdict.converged, -worst, -verdict.lost_load, -verdict.lost_generation


def _outage_table(base: Base, names: Sequence[str], verdicts: Sequence[Verdict]) -> Table:
    return table(
        OUTAGES,
        outage=names,
        status=[verdict.status for verdict in verdicts],
        lost_load=[verdict.lost_load for verdict in verdicts],
        lost_generation=[verdict.lost_generation for verdict in verdicts],
        violations=[len(verdict.rows) for verdict in verdicts],
        worst=[verdict.worst for verdict in verdicts],
        why=[_why(base, verdict) for verdict in verdicts],
        iterations=[verdict.iterations for verdict in verdicts],
    )


def _why(base: Base, verdict: Verdict) -> str:
    """Word the reason of a status; empty when secure."""
    reasons = []
    if not verdict.converged:
        reasons.append("no solution was found")
    if len(verdict.rows):
        reasons.append(_worst_in_words(base, verdict))
    if verdict.islanded:
        reasons.append(_cut_off_in_words(verdict))
    return "; ".join(reasons)


def _cut_off_in_words(verdict: Verdict) -> str:
    amounts = {"load": verdict.lost_load, "generation": verdict.lost_generation}
    named = [f"{amount:.4g} MW {what}" for what, amount in amounts.items() if amount]
    buses = "1 bus" if verdict.cut_off == 1 else f"{verdict.cut_off} buses"
    return f"cuts off {' and '.join(named) or '0 MW load'} at {buses}"


def _worst_in_words(base: Base, verdict: Verdict) -> str:
    row = verdict.rows[0]
    element, limit, value = base.elements[row], base.limits.limit[row], verdict.value[0]
    if base.limits.kind[row] != RATING:
        beyond = "below" if value < limit else "above"
        return f"{element} at {value:.4f} p.u., {beyond} {limit:.4g} p.u."
    branch = base.case.branch
    ends = "-".join(str(branch[end][base.limits.row[row]]) for end in ("from_bus", "to_bus"))
    return f"{element} ({ends}) at {100 * value / limit:.4g} % of {limit * base.case.base_mva:.4g} MVA"


def _elements(case: Case, limits: Limits) -> NDArray[Any]:
    """Name the element of every limit, shape (k,)."""
    branches = [f"branch.{row + 1}" for row in limits.row[limits.kind == RATING].tolist()]
    buses = [f"bus.{number}" for number in case.bus["bus"][limits.row[limits.kind != RATING]].tolist()]
    return np.array([*branches, *buses], dtype=object)


def _violation_table(base: Base, names: Sequence[str], verdicts: Sequence[Verdict]) -> Table:
    """List every new or worsened violation, the worst first."""
    rows = _joined([verdict.rows for verdict in verdicts]).astype(np.int64)
    excess = _joined([verdict.excess for verdict in verdicts])
    value = _joined([verdict.value for verdict in verdicts])
    outage = np.repeat(np.array(names, dtype=object), [len(verdict.rows) for verdict in verdicts])
    order = np.argsort(-excess, kind="stable")
    rows = rows[order]
    return table(
        VIOLATIONS,
        outage=outage[order],
        **_violation_columns(base, rows, value[order], excess[order]),
        base_value=base.measured.value[rows] * _scale(base, rows),
    )


def _base_violation_table(base: Base) -> Table:
    rows = np.flatnonzero(broken(base.measured.excess, band=BAND))
    rows = rows[np.argsort(-base.measured.excess[rows], kind="stable")]
    columns = _violation_columns(base, rows, base.measured.value[rows], base.measured.excess[rows])
    return table(BASE_VIOLATIONS, **columns)


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


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0), *parts])
