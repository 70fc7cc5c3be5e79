"""`grid.opf`: the cheapest state of a grid within its limits, with prices; or which limits to relax."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from genba.core.columns import Columns
from genba.core.context import Context
from genba.core.errors import Cancelled, DeviceError
from genba.core.findings import Finding
from genba.core.operation import operation
from genba.grid.certify.opf import certify_opf
from genba.grid.checks.opf import LOCAL, NO_BOUND, NOT_CONVEX, STOPPED, UNSOLVED, relaxation_findings
from genba.grid.io.opening import open_case
from genba.grid.kernels.ac_opf import solve_ac_opf
from genba.grid.kernels.binding import BRANCH_KINDS, BUS_KINDS, KINDS, Held, binding
from genba.grid.kernels.dc_opf import dc_opf
from genba.grid.kernels.islands import islands, references
from genba.grid.kernels.lagrangian import Proof, lower_bound, trimmed
from genba.grid.kernels.network import PQ, PV, REFERENCE, Ints, Network, network_of
from genba.grid.kernels.opf_model import IterationTrace, OpfLimits, OpfModel, Standing, opf_model
from genba.grid.kernels.opf_state import (
    OpfState,
    Rows,
    ac_state,
    dc_state,
    losses_of,
    mismatch_of,
    nowhere,
    rows_of,
    soc_state,
)
from genba.grid.kernels.soc import SocSolution, soc_opf
from genba.grid.kernels.sources import CostRows, sources_of
from genba.grid.operations.dispatch import COST_NOT_SOLVED, curves_of, dc_network, grid_of
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_UNITS, DispatchParams
from genba.grid.records.opf import (
    EXACT,
    KINK,
    OPF_BINDING,
    OPF_BOUND_BRANCHES,
    OPF_BOUND_BUSES,
    OPF_BRANCHES,
    OPF_BUSES,
    OPF_ITERATIONS,
    OPF_RELAXATIONS,
    PER_VOLT,
    PRICED,
    OpfParams,
    OpfResult,
)
from genba.grid.views.opf import view_opf
from genba.num.solvers.clarabel import ConicStanding
from genba.num.table import Table, table

KIND_NAMES = np.array(["", "pq", "pv", "reference"], dtype=object)
THRESHOLDS = PRICED * np.where(np.isin(KINDS, BUS_KINDS), PER_VOLT, 1.0)
RELAXED = 1e-6  # p.u. or rad: smaller violations are rounding
SOFT = 40  # iterations at which half of a solve's share of progress is reported
UNPROVEN = 1e-6  # p.u.: a smaller total violation is no proof


@dataclass(frozen=True, eq=False)
class _Study:
    """A case made ready: what is alive, what it is held to, and what it costs."""

    case: Case
    network: Network
    island: Ints
    held: Held
    costs: CostRows
    model: OpfModel
    rows: Rows


@dataclass(frozen=True, eq=False)
class _Ending:
    """How a solve ended: outcome, state, iterations and what proves a bound or that there is no solution."""

    outcome: str
    state: OpfState
    iterations: int
    trace: IterationTrace
    proof: Proof | None = None
    proven: float = -np.inf


@operation("grid.opf", certify=certify_opf, views=view_opf, example="pglib:case118_ieee")
def opf(params: OpfParams, ctx: Context) -> OpfResult:
    """Find the cheapest state of a grid within its limits, with prices; or name the limits to relax.

    The AC equations in polar form by an interior-point method, to a local optimum; a DC approximation by
    linear programming; or a second-order cone relaxation, whose proven bound tells how far the AC cost can be
    from the least. What cannot be met ends as `infeasible` with the least violations found; a limit of
    iterations or time ends as `feasible` or `unsolved`.

    >>> import genba.grid
    >>> genba.grid.opf(case="pglib:case14_ieee").result.outcome
    'optimal'
    """
    case = open_case(params, ctx)
    ctx.progress(0.05, "preparing")
    study = _study(params, case, ctx)
    ending = {"ac": _by_ac, "dc": _by_dc, "soc": _by_soc}[params.formulation](params, study, ctx)
    ctx.progress(0.97, "reporting")
    return _result(params, study, ending, ctx)


def _study(params: OpfParams, case: Case, ctx: Context) -> _Study:
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    island = islands(network)
    held = _held(params, case, network)
    costs = CostRows(
        model=case.cost["model"][: len(case.gen)],
        terms=case.cost["terms"][: len(case.gen)],
        data=case.cost_data[: len(case.gen)],
    )
    sources = sources_of(network, costs)
    ctx.check(NOT_CONVEX.at(f"gen {row + 1}") for row in sources.refused)
    limits = OpfLimits(
        vm_min=held.vmin,
        vm_max=held.vmax,
        rating=np.where(np.isnan(held.limit), np.inf, held.limit / case.base_mva),
        angle_min=np.where(np.isnan(held.angmin), -np.inf, np.radians(held.angmin)),
        angle_max=np.where(np.isnan(held.angmax), np.inf, np.radians(held.angmax)),
    )
    model = opf_model(network, sources, limits, island=island)
    rows = rows_of(model, buses=len(case.bus), branches=len(case.branch), units=len(case.gen))
    return _Study(case, network, island, held, costs, model, rows)


def _held(params: OpfParams, case: Case, network: Network) -> Held:
    """Give what the state is held to, margins included."""
    branch, bus, gen = case.branch, case.bus, case.gen
    rated = (branch["rate_a"] > 0) & params.branch_limits
    free = (branch["angmin"] == 0) & (branch["angmax"] == 0) | (not params.angle_limits)
    middle = (bus["vmin"] + bus["vmax"]) / 2
    return Held(
        limit=np.where(rated, branch["rate_a"] * (1 - params.flow_margin / 100), np.nan),
        angmin=np.where(free | (branch["angmin"] <= -360), np.nan, branch["angmin"]),
        angmax=np.where(free | (branch["angmax"] >= 360), np.nan, branch["angmax"]),
        vmin=np.minimum(bus["vmin"] + params.voltage_margin, middle),
        vmax=np.maximum(bus["vmax"] - params.voltage_margin, middle),
        pmin=gen["pmin"],
        pmax=gen["pmax"],
        qmin=gen["qmin"],
        qmax=gen["qmax"],
        runs=network.unit_on,
        host=network.unit_bus,
    )


class _Watch:
    """Tells progress, notices a cancellation, and says when the time is up."""

    def __init__(self, params: OpfParams, ctx: Context, *, start: float, share: float) -> None:
        self._ctx, self._start, self._share = ctx, start, share
        self._end = np.inf if params.time_limit is None else ctx.clock() + 1e9 * params.time_limit

    def late(self) -> bool:
        """Tell whether the time is up."""
        return self._ctx.clock() > self._end

    def tell(self, iteration: int, message: str) -> bool:
        """Report, and tell whether to stop."""
        done = iteration / (iteration + SOFT)
        self._ctx.progress(self._start + self._share * done, message)
        return self.late()

    def interior(self, at: Standing) -> None:
        """Hear an iteration of the AC solve."""
        doing = "" if at.phase == "solving" else ", restoring feasibility"
        self.tell(
            at.iteration,
            f"{at.iteration} iterations, violation {at.infeasibility:.0e} p.u., "
            f"residual {at.dual_infeasibility:.0e}, barrier {at.barrier:.0e}{doing}",
        )

    def conic(self, at: ConicStanding) -> bool:
        """Hear an iteration of the relaxation."""
        return self.tell(
            at.iteration,
            f"relaxation: {at.iteration} iterations, violation {at.primal:.0e}, "
            f"residual {at.dual:.0e}, barrier {at.barrier:.0e}",
        )


def _by_ac(params: OpfParams, study: _Study, ctx: Context) -> _Ending:
    watch = _Watch(params, ctx, start=0.05, share=0.55)
    found = solve_ac_opf(
        study.model,
        start=params.start,
        tolerance=params.tolerance,
        max_iterations=params.max_iterations,
        watch=watch.interior,
        in_time=lambda: not watch.late(),
    )
    state = ac_state(study.model, study.rows, found)
    ending = _Ending(found.outcome, state, found.iterations, found.trace)
    infeasible = found.outcome == "infeasible"
    if not (infeasible or (params.bound and found.outcome in ("optimal", "feasible"))):
        return ending
    if not _convex(study.model):
        ctx.check([NO_BOUND.at("gencost")])
        return ending
    relaxed = _relaxed(params, study, ctx, elastic=infeasible)[0]
    return _with_proof(study.model, ending, relaxed, elastic=infeasible)


def _by_soc(params: OpfParams, study: _Study, ctx: Context) -> _Ending:
    steep = study.model.cost[:, 3:].any(axis=1) | (study.model.cost[:, 2] < 0)
    ctx.check(COST_NOT_SOLVED.at(f"gen {row + 1}") for row in study.model.unit_rows[steep])
    found, trace = _relaxed(params, study, ctx, elastic=False)
    state = soc_state(study.model, study.rows, found, elastic=False)
    ending = _with_proof(
        study.model, _Ending("unsolved", state, found.iterations, trace), found, elastic=False
    )
    if found.status == "optimal" and found.objective - ending.proven <= EXACT * max(
        1.0, abs(found.objective)
    ):
        return replace(ending, outcome="optimal")
    if found.status == "stopped":
        return replace(ending, proof=None)
    short, trace = _relaxed(params, study, ctx, elastic=True)
    state = soc_state(study.model, study.rows, short, elastic=True)
    elastic = _with_proof(
        study.model, _Ending("infeasible", state, short.iterations, trace), short, elastic=True
    )
    return elastic if elastic.proof is not None else replace(ending, proof=None)


def _by_dc(params: OpfParams, study: _Study, ctx: Context) -> _Ending:
    """Solve as `grid.dispatch` does, with this study's margins."""
    limit = np.where(np.isnan(study.held.limit), 0.0, study.held.limit)
    grid = grid_of(replace(study.case, branch=study.case.branch.replace(rate_a=limit)))
    net = dc_network(grid, DispatchParams(case=params.case, angle_limits=params.angle_limits))
    watch, heard = _Watch(params, ctx, start=0.05, share=0.9), [0]

    def hear(iterations: int, gap: float) -> None:
        heard.append(iterations)
        if watch.tell(iterations // 50, f"{iterations} iterations"):
            raise _TimeIsUp("time is up")

    try:
        found = dc_opf(net, curves_of(grid, ctx), hear)
    except (_TimeIsUp, DeviceError):
        return _Ending("unsolved", nowhere(study.rows), max(heard), _no_trace())
    state = dc_state(net, study.model, study.rows, found)
    return _Ending("optimal" if found.possible else "infeasible", state, max(heard), _no_trace())


class _TimeIsUp(Cancelled):
    """The time limit, in the only form that a solver lets through."""


def _relaxed(
    params: OpfParams, study: _Study, ctx: Context, *, elastic: bool
) -> tuple[SocSolution, IterationTrace]:
    watch, heard = _Watch(params, ctx, start=0.6, share=0.35), list[ConicStanding]()

    def hear(at: ConicStanding) -> bool:
        heard.append(at)
        return watch.conic(at)

    limit = params.max_iterations
    found = soc_opf(study.model, hear, elastic=elastic, max_iterations=limit, tolerance=params.tolerance)
    none = np.zeros(len(heard))
    trace = IterationTrace(
        objective=np.array([at.objective for at in heard]),
        infeasibility=np.array([at.primal for at in heard]),
        dual_infeasibility=np.array([at.dual for at in heard]),
        barrier=np.array([at.barrier for at in heard]),
        step=np.array([at.step for at in heard]),
        regularisation=none,
        restoring=none > 0,
    )
    return found, trace


def _with_proof(model: OpfModel, ending: _Ending, found: SocSolution, *, elastic: bool) -> _Ending:
    """Give the ending with what the relaxation's multipliers prove, where they prove something."""
    proof = trimmed(model, found.proof)
    proven = lower_bound(model, proof, costs=not elastic)
    if not np.isfinite(proven) or (elastic and proven <= UNPROVEN):
        return ending
    return replace(ending, proof=proof, proven=proven)


def _convex(model: OpfModel) -> bool:
    return not (model.cost[:, 3:].any() or (model.cost[:, 2] < 0).any())


def _no_trace() -> IterationTrace:
    none = np.zeros(0)
    return IterationTrace(none, none, none, none, none, none, none > 0)


def _result(params: OpfParams, study: _Study, ending: _Ending, ctx: Context) -> OpfResult:
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
        gap=100 * (cost - bound) / abs(cost) if cost and bound is not None else None,
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
        bound_buses=_bound_buses(study, ending.proof),
        bound_branches=_bound_branches(study, ending.proof),
    )
    ctx.check(_remarks(study.case, result))
    return result


def _proof(params: OpfParams, ending: _Ending) -> Literal["none", "local", "global"]:
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


def _units(study: _Study, state: OpfState) -> Table:
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


def _buses(study: _Study, state: OpfState) -> Table:
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


def _branches(study: _Study, state: OpfState) -> Table:
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


def _binding(study: _Study, state: OpfState) -> Table:
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


def _relaxations(study: _Study, state: OpfState) -> Table:
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


def _bound_buses(study: _Study, proof: Proof | None) -> Table:
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


def _bound_branches(study: _Study, proof: Proof | None) -> Table:
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
