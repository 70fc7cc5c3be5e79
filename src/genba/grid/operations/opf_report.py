"""The last half of `grid.opf`: where a solve ended, as the result states it row by row of the case."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genba.core.columns import Columns
from genba.core.context import Context
from genba.core.findings import Finding
from genba.grid.checks.opf import LOCAL, STOPPED, UNSOLVED, relaxation_findings
from genba.grid.kernels.binding import BRANCH_KINDS, BUS_KINDS, KINDS, binding
from genba.grid.kernels.islands import references
from genba.grid.kernels.lagrangian import Proof
from genba.grid.kernels.network import PQ, PV, REFERENCE, Ints
from genba.grid.kernels.opf_model import IterationTrace, StartEnd
from genba.grid.kernels.opf_state import OpfState, losses_of, mismatch_of
from genba.grid.operations.opf_study import Study
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.grid.records.opf import (
    KINK,
    OPF_BINDING,
    OPF_BOUND_BRANCHES,
    OPF_BOUND_BUSES,
    OPF_BRANCHES,
    OPF_BUSES,
    OPF_ITERATIONS,
    OPF_RELAXATIONS,
    OPF_STARTS,
    PER_VOLT,
    PRICED,
    OpfParams,
    OpfResult,
)
from genba.num.table import Table, table

KIND_NAMES = np.array(["", "pq", "pv", "reference"], dtype=object)
THRESHOLDS = PRICED * np.where(np.isin(KINDS, BUS_KINDS), PER_VOLT, 1.0)
RELAXED = 1e-6  # p.u. or rad: smaller violations are rounding


@dataclass(frozen=True, eq=False)
class Ending:
    """How a solve ended: outcome, state, iterations, proof of a bound or that nothing is feasible, starts."""

    outcome: str
    state: OpfState
    iterations: int
    trace: IterationTrace
    proof: Proof | None = None
    proven: float = -np.inf
    starts: tuple[StartEnd, ...] = ()


def result_of(params: OpfParams, study: Study, ending: Ending, ctx: Context) -> OpfResult:
    """Give the result, and the findings that a planner can act on."""
    state, outcome, pd = ending.state, ending.outcome, study.case.bus["pd"]
    live, running = study.island > 0, study.held.runs
    priced, mismatch = outcome in ("optimal", "feasible"), mismatch_of(study.network, state, live=live)
    cost = float(study.costs.at(state.p)[running].sum()) if priced else None
    bound = ending.proven if priced and ending.proof is not None else None
    relaxations = _relaxations(study, state) if outcome == "infeasible" else _none(OPF_RELAXATIONS)
    result = OpfResult(
        outcome=outcome,
        cost=cost,
        bound=bound,
        gap=None if cost is None or bound is None else 100 * (cost - bound) / max(abs(cost), 1.0),
        proof=_proof(params, ending),
        load=float(pd[live].sum()),
        generation=None if outcome == "unsolved" else float(state.p[running].sum()),
        losses=None if outcome == "unsolved" else losses_of(study.network, state, live=live),
        unserved=float(pd[~live].sum()),
        shortfall=float(np.abs(state.shortfall).sum()),
        reactive_shortfall=float(np.abs(state.reactive_shortfall).sum()),
        iterations=ending.iterations,
        largest_mismatch=mismatch if np.isfinite(mismatch) else None,
        units=_units(study, state),
        buses=_buses(study, state),
        branches=_branches(study, state),
        binding=_binding(study, state) if priced else _none(OPF_BINDING),
        relaxations=relaxations,
        trace=_trace(ending.trace),
        starts=_starts(ending.starts),
        bound_buses=_bound_buses(study, ending.proof),
        bound_branches=_bound_branches(study, ending.proof),
    )
    ctx.check(_remarks(study.case, result))
    return result


def _proof(params: OpfParams, ending: Ending) -> Literal["none", "local", "global"]:
    if ending.outcome != "infeasible":
        return "none"
    return "global" if ending.proof is not None or params.formulation == "dc" else "local"


def _remarks(case: Case, result: OpfResult) -> Iterator[Finding]:
    early = {"unsolved": UNSOLVED, "feasible": STOPPED}.get(result.outcome)
    mismatch = None if result.largest_mismatch is None else float(f"{result.largest_mismatch:.1e}")
    if early is not None:
        yield early.at("case", iterations=result.iterations, mismatch=mismatch)
    if result.proof == "local":
        yield LOCAL.at("case")
    yield from relaxation_findings(case, result.relaxations)


def _units(study: Study, state: OpfState) -> Table:
    gen, on = study.case.gen, study.held.runs
    above = np.zeros(len(gen))
    if len(study.costs.model):
        above = study.costs.marginal(state.p, kink=KINK)[1]
    return table(
        DISPATCH_UNITS,
        unit=np.arange(1, len(gen) + 1),
        bus=gen["bus"],
        in_service=on,
        p=state.p,
        q=state.q,
        vm=np.where(on, state.vm[study.held.host], np.nan),
        marginal_cost=np.where(on, above, np.nan),
        **{name: gen[name] for name in ("pmin", "pmax", "qmin", "qmax")},
    )


def _buses(study: Study, state: OpfState) -> Table:
    bus, live = study.case.bus, study.island > 0
    chosen, _ = references(study.network, study.island, study.held.runs)
    kind = np.where(np.isin(np.arange(len(bus)), study.held.host[study.held.runs]), PV, PQ)
    kind[chosen[1:]] = REFERENCE
    return table(
        OPF_BUSES,
        bus=bus["bus"],
        island=study.island,
        kind=np.where(live, KIND_NAMES[kind], "off").astype(object),
        base_kv=bus["base_kv"],
        pd=np.where(live, bus["pd"], 0.0),
        qd=np.where(live, bus["qd"], 0.0),
        vmin=study.held.vmin,
        vmax=study.held.vmax,
        **{name: array for name, array in vars(state).items() if name in OPF_BUSES.names},
    )


def _branches(study: Study, state: OpfState) -> Table:
    branch, into_from, into_to = study.case.branch, state.into_from, state.into_to
    rating = np.where(branch["rate_a"] > 0, branch["rate_a"], np.nan)
    reactive = np.where(np.isnan(state.q).all(), np.nan, 1.0)
    return table(
        OPF_BRANCHES,
        branch=np.arange(1, len(branch) + 1),
        from_bus=branch["from_bus"],
        to_bus=branch["to_bus"],
        in_service=np.isin(np.arange(len(branch)), study.model.branch_rows),
        p_from=into_from.real,
        q_from=into_from.imag * reactive,
        p_to=into_to.real,
        q_to=into_to.imag * reactive,
        losses=into_from.real + into_to.real,
        rating=rating,
        limit=study.held.limit,
        loading=100 * np.maximum(np.abs(into_from), np.abs(into_to)) / rating,
        angmin=study.held.angmin,
        angmax=study.held.angmax,
        **{name: array for name, array in vars(state).items() if name in OPF_BRANCHES.names},
    )


def _binding(study: Study, state: OpfState) -> Table:
    marginal = study.costs.marginal(state.p, kink=KINK) if len(study.costs.model) else (0 * state.p,) * 2
    found = binding(state, study.held, marginal, THRESHOLDS)
    return table(
        OPF_BINDING,
        element=_elements(study.case, found.kind, found.row),
        limit_kind=np.array(KINDS, dtype=object)[found.kind],
        **{name: getattr(found, name) for name in ("value", "limit", "price", "gain")},
    )


def _elements(case: Case, kind: Ints, row: Ints) -> list[str]:
    numbers = case.bus["bus"].tolist()
    words = [KINDS[k] for k in kind.tolist()]
    return [
        f"bus.{numbers[r]}" if word in BUS_KINDS else f"{'branch' if word in BRANCH_KINDS else 'gen'}.{r + 1}"
        for word, r in zip(words, row.tolist(), strict=True)
    ]


def _relaxations(study: Study, state: OpfState) -> Table:
    """List what to relax, largest share of the base first; angles count by their radians."""
    case, held = study.case, study.held
    low = np.nan_to_num(state.angle) < (np.nan_to_num(held.angmin) + np.nan_to_num(held.angmax)) / 2
    parts = [
        ("demand", state.shortfall, case.bus["pd"]),
        ("surplus", -state.shortfall, case.bus["pd"]),
        ("reactive_demand", state.reactive_shortfall, case.bus["qd"]),
        ("reactive_surplus", -state.reactive_shortfall, case.bus["qd"]),
        ("rating", state.over, held.limit),
        ("angmin", np.where(low, state.over_angle, 0.0), held.angmin),
        ("angmax", np.where(low, 0.0, state.over_angle), held.angmax),
    ]
    found = []
    for word, amount, limit in parts:
        weight = np.pi / 180 if word.startswith("ang") else 1 / case.base_mva
        for row in np.flatnonzero(amount * weight > RELAXED).tolist():
            at_bus = word not in ("rating", "angmin", "angmax")
            element = f"bus.{case.bus['bus'][row]}" if at_bus else f"branch.{row + 1}"
            found.append((-amount[row] * weight, element, word, amount[row], limit[row]))
    found.sort(key=lambda one: one[0])
    columns = zip(*(one[1:] for one in found), strict=True) if found else ((),) * 4
    return table(OPF_RELAXATIONS, **dict(zip(OPF_RELAXATIONS.names, map(list, columns), strict=True)))


def _trace(trace: IterationTrace) -> Table:
    return table(OPF_ITERATIONS, iteration=np.arange(len(trace.step)), **vars(trace))


def _starts(ends: tuple[StartEnd, ...]) -> Table:
    cost = np.array([end.cost for end in ends], np.float64)
    kept = np.array([end.kept for end in ends], np.bool_)
    return table(
        OPF_STARTS,
        start=np.array([end.start for end in ends], dtype=object),
        outcome=np.array([end.outcome for end in ends], dtype=object),
        iterations=np.array([end.iterations for end in ends], np.int64),
        cost=cost,
        difference=cost - cost[kept].sum(),
        kept=kept,
    )


def _bound_buses(study: Study, proof: Proof | None) -> Table:
    if proof is None:
        return _none(OPF_BOUND_BUSES)
    price = proof.price / study.case.base_mva
    return table(
        OPF_BOUND_BUSES,
        bus=study.case.bus["bus"],
        price=study.rows.at_buses(price.real, 0.0),
        reactive_price=study.rows.at_buses(price.imag, 0.0),
        vm=study.rows.at_buses(proof.vm, 1.0),
    )


def _bound_branches(study: Study, proof: Proof | None) -> Table:
    if proof is None:
        return _none(OPF_BOUND_BRANCHES)
    base = study.case.base_mva
    parts = (proof.pull_from.real, proof.pull_from.imag, proof.pull_to.real, proof.pull_to.imag)
    spread = [study.rows.at_branches(part / base, 0.0) for part in parts]
    names = OPF_BOUND_BRANCHES.names
    return table(
        OPF_BOUND_BRANCHES,
        branch=np.arange(1, len(study.case.branch) + 1),
        **dict(zip(names[1:], spread, strict=True)),
    )


def _none(columns: Columns) -> Table:
    """Give a table without rows."""
    return table(columns, **{name: np.zeros(0) for name in columns.names})
