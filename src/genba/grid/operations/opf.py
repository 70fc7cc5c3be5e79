"""`grid.opf`: the cheapest state of a grid within its limits, with prices; or which limits to relax."""

from dataclasses import replace
from operator import itemgetter

import numpy as np

from genba.core.context import Context
from genba.core.errors import Cancelled, DeviceError
from genba.core.findings import Finding
from genba.core.inputs import InputFile
from genba.core.operation import operation
from genba.grid.certify.opf import certify_opf
from genba.grid.checks.opf import FAR_START, NO_BOUND, OTHER_OPTIMA
from genba.grid.io.opening import open_case
from genba.grid.io.optimum import optimum
from genba.grid.kernels.ac_opf import Start, solve_ac_opf
from genba.grid.kernels.dc_opf import dc_opf
from genba.grid.kernels.lagrangian import lower_bound, trimmed
from genba.grid.kernels.opf_model import IterationTrace, OpfModel, Standing, StartEnd
from genba.grid.kernels.opf_state import (
    ac_state,
    dc_state,
    nowhere,
    soc_state,
)
from genba.grid.kernels.opf_warm import Ended, is_near
from genba.grid.kernels.soc import SocSolution, soc_opf
from genba.grid.operations.dispatch import COST_NOT_SOLVED, curves_of, dc_network, grid_of
from genba.grid.operations.opf_report import Ending, result_of
from genba.grid.operations.opf_study import Study, study_of
from genba.grid.records.dispatch import DispatchParams
from genba.grid.records.opf import EXACT, OpfParams, OpfResult
from genba.grid.records.unused import refuse_unused
from genba.grid.views.opf import headlines_opf, view_opf
from genba.num.linsolvers.choice import symmetric_solver
from genba.num.solvers.clarabel import ConicStanding

UNUSED = {
    "ac": (),
    "dc": ("start", "bound", "voltage_margin", "tolerance", "max_iterations", "linear_solver"),
    "soc": ("start", "linear_solver"),
}
"""Options without effect on a formulation."""
SOFT = 40  # iterations at which half of a solve's share of progress is reported
SAME_COST = 1e-6  # share of a cost by which optima of one point may differ
UNPROVEN = 1e-6  # p.u.: a smaller total violation is no proof


@operation(
    "grid.opf",
    certify=certify_opf,
    views=view_opf,
    headlines=headlines_opf,
    example="pglib:case118_ieee",
)
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
    _check(params)
    case = open_case(params, ctx)
    ctx.progress(0.05, "preparing")
    study = study_of(params, case, ctx)
    ctx.progress(0.05, "starting")
    ending = {"ac": _by_ac, "dc": _by_dc, "soc": _by_soc}[params.formulation](params, study, ctx)
    ctx.progress(0.97, "reporting")
    return result_of(params, study, ending, ctx)


def _check(params: OpfParams) -> None:
    """Refuse options that another one leaves without effect.

    Raises:
        InputError: when there are some.
    """
    chosen = f"formulation {params.formulation}"
    refuse_unused(params, UNUSED[params.formulation], beside=chosen, remedy="choose formulation ac")
    if not params.branch_limits:
        beside = "branch_limits false"
        refuse_unused(params, ("flow_margin",), beside=beside, remedy="keep branch_limits")


class _Watch:
    """Tells progress, notices a cancellation, and says when the time is up."""

    def __init__(self, params: OpfParams, ctx: Context, *, start: float, share: float) -> None:
        self._ctx, self._start, self._share = ctx, start, share
        self._end = np.inf if params.time_limit is None else ctx.clock() + 1e9 * params.time_limit

    def late(self) -> bool:
        """Tell whether the time is up.

        Raises:
            Cancelled: when the user asked to stop.
        """
        if self._ctx.cancelled():
            raise Cancelled("cancelled on request")
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


def _by_ac(params: OpfParams, study: Study, ctx: Context) -> Ending:
    watch = _Watch(params, ctx, start=0.05, share=0.55)
    found = solve_ac_opf(
        study.model,
        start=_start(params, study, ctx),
        tolerance=params.tolerance,
        max_iterations=params.max_iterations,
        watch=watch.interior,
        in_time=lambda: not watch.late(),
        solver=symmetric_solver(params.linear_solver, ctx.backend),
    )
    ctx.check(_other_optima(found.ends))
    state = ac_state(study.model, study.rows, found)
    ending = Ending(found.outcome, state, found.iterations, found.trace, starts=found.ends)
    infeasible = found.outcome == "infeasible"
    if not (infeasible or (params.bound and found.outcome in ("optimal", "feasible"))):
        return ending
    if not _convex(study.model):
        ctx.check([NO_BOUND.at("gencost")])
        return ending
    relaxed = _relaxed(params, study, ctx, elastic=infeasible)[0]
    return _with_proof(study.model, ending, relaxed, elastic=infeasible)


def _other_optima(ends: tuple[StartEnd, ...]) -> list[Finding]:
    """Tell the costs of the optima to which starts led, where those are not one."""
    costs = {end.start: end.cost for end in ends if end.outcome == "optimal"}
    least = min(costs.values(), default=0.0)
    if all(cost - least <= SAME_COST * abs(least) for cost in costs.values()):
        return []
    told = (f"{name} {cost:,.2f}" for name, cost in sorted(costs.items(), key=itemgetter(1)))
    return [OTHER_OPTIMA.at("start", costs=", ".join(told))]


def _start(params: OpfParams, study: Study, ctx: Context) -> Start | Ended:
    """Give where to begin; where another study ended when that is named and near.

    Raises:
        InputError: when what is named is no AC optimum of these buses.
    """
    if not isinstance(params.start, InputFile):
        return params.start
    buses = optimum(ctx.path(params.start), study.case, study.island > 0).where(study.model.bus_rows)
    base = study.case.base_mva
    ended = Ended(
        vm=buses["vm"],
        va=np.radians(buses["va"]),
        demand=(buses["pd"] + 1j * buses["qd"]) / base,
        price=(buses["price"] + 1j * buses["reactive_price"]) * base,
        vm_price=buses["voltage_price"],
    )
    if is_near(study.model, ended):
        return ended
    ctx.check([FAR_START.at("start")])
    return "auto"


def _by_soc(params: OpfParams, study: Study, ctx: Context) -> Ending:
    steep = study.model.cost[:, 3:].any(axis=1) | (study.model.cost[:, 2] < 0)
    ctx.check(COST_NOT_SOLVED.at(f"gen {row + 1}") for row in study.model.unit_rows[steep])
    found, trace = _relaxed(params, study, ctx, elastic=False)
    state = soc_state(study.model, study.rows, found, elastic=False)
    ending = _with_proof(
        study.model, Ending("unsolved", state, found.iterations, trace), found, elastic=False
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
        study.model, Ending("infeasible", state, short.iterations, trace), short, elastic=True
    )
    return elastic if elastic.proof is not None else replace(ending, proof=None)


def _by_dc(params: OpfParams, study: Study, ctx: Context) -> Ending:
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
        return Ending("unsolved", nowhere(study.rows), max(heard), _no_trace())
    state = dc_state(net, study.model, study.rows, found)
    return Ending("optimal" if found.possible else "infeasible", state, max(heard), _no_trace())


class _TimeIsUp(Cancelled):
    """The time limit, in the only form that a solver lets through."""


def _relaxed(
    params: OpfParams, study: Study, ctx: Context, *, elastic: bool
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


def _with_proof(model: OpfModel, ending: Ending, found: SocSolution, *, elastic: bool) -> Ending:
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
