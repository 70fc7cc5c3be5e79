"""The AC optimal power flow solved: starts, switches between them, a diagnosis where limits cannot be met."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from genba.grid.kernels.network import Floats
from genba.grid.kernels.opf_answer import Traces, answer
from genba.grid.kernels.opf_matrix import DoorFactors
from genba.grid.kernels.opf_model import AcOutcome, AcSolution, OpfModel, Standing, StartEnd
from genba.grid.kernels.opf_program import OpfProgram, Plan, measures, plan_of
from genba.grid.kernels.opf_reading import Reading
from genba.grid.kernels.opf_start import case_start, dc_start, flat_start
from genba.grid.kernels.opf_warm import Ended, warm_of_ended
from genba.num.ipm.options import Options
from genba.num.ipm.restoration import Elastic, elastic_state
from genba.num.ipm.solver import Solve, advance, begin
from genba.num.ipm.state import State
from genba.num.ipm.warm import begin_warm, warm_of
from genba.num.linsolvers.contract import LinearSolver

Start = Literal["auto", "best", "dc", "flat", "case"]
Watch = Callable[[Standing], None]

STARTS = {"dc": dc_start, "flat": flat_start, "case": case_start}
WARM = "warm"
OUTCOMES: tuple[AcOutcome, ...] = ("optimal", "feasible", "infeasible", "unsolved")
"""What is kept of several starts, the first first."""
FEASIBLE = 1e-6
"""Largest violation of a scaled balance or limit at which a point counts as feasible."""
HOPELESS = 1e-2
"""A start is given up for the next one when steps stay below this ten times in a row."""
DOUBTFUL = 100
"""A solve of more iterations came from a poor start: it waits until the next one has been tried."""
PUSH = 0.12
"""Share of the distance between bounds by which a first point is moved off them: predictors like room."""
GAP = 2e-7
"""Share of the cost that may be saved at most beyond an optimal point, by first order."""
CLOSE = 1e-8
"""First barrier, and push off the bounds, of a warm start."""
BRIEF = 20
"""Iterations of a warm start after which its multipliers are in the way and a cold one is quicker."""
FLAT = 1e-3
"""Scaled price below which an optimum was judged by costs far steeper than those that set its prices."""
STEEPEST = 1e-2
"""Share of the steepest cost at an optimum that counts as its price where no price is as high."""
GRADIENT = 1.0
"""The cost is scaled until its largest derivative at the start is this; Ipopt's 100 makes solves longer."""


@dataclass(slots=True, eq=False)
class _Work:
    """What all attempts share: the model, how long to go on, whom to tell, and the iterates so far."""

    model: OpfModel
    plan: Plan
    tolerance: float
    asked: int
    max_iterations: int
    watch: Watch
    in_time: Callable[[], bool]
    solver: LinearSolver | None
    ended: Ended | None
    traces: Traces = field(default_factory=list)
    iterations: int = 0
    ends: tuple[StartEnd, ...] = ()

    @property
    def spent(self) -> bool:
        """Tell whether time or iterations have run out."""
        return self.iterations >= self.max_iterations or not self.in_time()


def solve_ac_opf(
    model: OpfModel,
    *,
    start: Start | Ended = "auto",
    tolerance: float = 1e-8,
    max_iterations: int = 500,
    watch: Watch = lambda standing: None,
    in_time: Callable[[], bool] = lambda: True,
    solver: LinearSolver | None = None,
) -> AcSolution:
    """Find a local optimum, or the least total violation where no start leads to a feasible point.

    Arguments:
        model: the optimal power flow.
        start: first point; `auto` begins with DC angles and turns to a flat one when steps stay short or are
            very many, and back when that leads nowhere; `best` keeps the cheapest of the optima to which all
            three lead; where another optimum ended, its multipliers are taken over too, and `auto` follows
            when that leads nowhere.
        tolerance: scaled error of the optimality conditions at which a point is optimal.
        max_iterations: iterations at most, over all attempts, of `best` from each start; a diagnosis may take
            as many again.
        watch: hears of every iterate; what it raises ends the solve.
        in_time: asked at every iterate; the solve ends `feasible` or `unsolved` once it says no.
        solver: method for the KKT systems; the own block LDL^T when None.
    """
    ended = start if isinstance(start, Ended) else None
    work = _Work(
        model, plan_of(model), tolerance, max_iterations, max_iterations, watch, in_time, solver, ended
    )
    names: tuple[str, ...] = ("dc", "flat") if ended or start == "auto" else (str(start),)
    if ended is not None:
        names = (WARM, *names)
    if start == "best":
        solve, outcome = _best(work)
    else:
        solve, outcome = _ended(work, *_attempted(work, names))
    return answer(model, solve, outcome, work.traces, iterations=work.iterations, ends=work.ends)


def _ended(work: _Work, solve: Solve, finished: bool) -> tuple[Solve, AcOutcome]:
    """Tell what a solve ended as; what violates something is diagnosed first, and may be optimal then."""
    if finished:
        return _sharpened(work, solve), "optimal"
    if work.in_time() and not _violation(solve.state) <= FEASIBLE:
        return _diagnosed(work, solve)
    return solve, _unfinished(solve)


def _sharpened(work: _Work, solve: Solve) -> Solve:
    """Go on from an optimum with the cost scaled by its prices, where those are small beside the first scale.

    A unit whose cost is steep in the middle of its range and flat at the end where it stands makes all
    residuals look small; the first optimum stays where this leads nowhere.
    """
    state, program = solve.state, solve.program
    steepest = float(np.abs(state.gradient).max(initial=0.0))
    if work.spent or steepest == 0.0 or not isinstance(program, OpfProgram):
        return solve
    price = float(np.abs(Reading(program).balances(state.yc)[0]).max(initial=0.0))
    level = max(price, STEEPEST * steepest)
    if level >= FLAT:
        return solve
    options = replace(_options(work, 0.0), mu_start=CLOSE, push=CLOSE)
    options = replace(options, objective_gradient=GRADIENT * max(1.0, steepest / level))
    again = begin_warm(_program(work), warm_of(solve.state), options)
    kept = again if _run(work, again, most=work.max_iterations) else solve
    work.traces.sort(key=lambda one: one[0] is kept.state)  # what is kept is told last
    return kept


def _unfinished(solve: Solve) -> AcOutcome:
    return "feasible" if _violation(solve.state) <= FEASIBLE else "unsolved"


def _attempted(work: _Work, names: tuple[str, ...]) -> tuple[Solve, bool]:
    """Solve from one start after the other until a point is optimal; tell whether it is.

    What was not at an end when the next start was tried goes on when that led nowhere.
    """
    waiting: list[Solve] = []
    for name in names:
        last = name == names[-1]
        solve = _first(work, name, hopeless=0.0 if last else HOPELESS)
        if _run(work, solve, most=work.max_iterations if last else DOUBTFUL):
            return solve, True
        if work.spent:
            return solve, False
        if solve.state.status == "solving":
            waiting.append(solve)
    for other in waiting:
        left = work.max_iterations - work.iterations
        if _run(work, other, most=other.state.iterations + left):
            return other, True
    return solve, False


def _best(work: _Work) -> tuple[Solve, AcOutcome]:
    """Solve from every start; give the cheapest optimum, or else what comes nearest to one."""
    ends = list[tuple[int, float, Solve, StartEnd]]()
    for name in STARTS:
        before = work.iterations
        work.max_iterations = before + work.asked
        solve = _first(work, name, hopeless=0.0)
        solve, outcome = _ended(work, solve, _run(work, solve, most=work.asked))
        cost = _cost(work, solve, outcome)
        worth = _worth(solve.state, outcome, cost)
        end = StartEnd(name, outcome, work.iterations - before, cost, kept=False)
        ends.append((OUTCOMES.index(outcome), worth if worth == worth else np.inf, solve, end))
        if not work.in_time():
            break
    _, _, solve, kept = min(ends, key=lambda end: end[:2])
    work.ends = tuple(replace(end, kept=end is kept) for *_, end in ends)
    work.traces.sort(key=lambda one: one[0] is solve.state)  # what is kept is told last
    return solve, kept.outcome


def _worth(state: State, outcome: AcOutcome, cost: float) -> float:
    """Give what is compared among ends of the same outcome, the least first."""
    if outcome == "unsolved":
        return _violation(state)
    return _objective(state) if outcome == "infeasible" else cost


def _cost(work: _Work, solve: Solve, outcome: AcOutcome) -> float:
    """Give the cost of a point that meets everything, $/h."""
    program = solve.program
    if outcome not in ("optimal", "feasible") or not isinstance(program, OpfProgram):
        return np.nan
    return work.model.cost_at(Reading(program).split(solve.state.x[: program.n]).p)


def _first(work: _Work, name: str, *, hopeless: float) -> Solve:
    """Begin a solve at the start of that name."""
    if name == WARM and work.ended is not None:
        options = replace(_options(work, hopeless), mu_start=CLOSE, push=CLOSE)
        options = replace(options, max_iterations=min(BRIEF, options.max_iterations))
        return begin_warm(_program(work), warm_of_ended(work.model, work.plan, work.ended), options)
    return _begun(work, STARTS[name](work.model, work.plan), hopeless=hopeless)


def _begun(work: _Work, x: Floats, *, hopeless: float) -> Solve:
    return begin(_program(work), x, _options(work, hopeless))


def _options(work: _Work, hopeless: float) -> Options:
    return Options(
        tolerance=work.tolerance,
        max_iterations=work.max_iterations - work.iterations,
        objective_gradient=GRADIENT,
        gap=GAP,
        predict=True,
        estimate=False,  # a factorisation that saves none
        push=PUSH,
        hopeless=hopeless,
    )


def _program(work: _Work) -> OpfProgram:
    factors = None if work.solver is None else DoorFactors(work.plan, work.solver)
    return OpfProgram(work.model, work.plan, factors)


def _run(work: _Work, solve: Solve, *, most: int) -> bool:
    """Iterate until the solve ends, has `most` iterations, the time is up or `watch` raises.

    Tells whether the point is optimal.
    """
    state = solve.state
    before = work.iterations - state.iterations
    if not any(state is one for one, _ in work.traces):
        work.traces.append((state, state.scale[0]))
    while state.status == "solving" and state.iterations < most and work.in_time():
        advance(solve, 1)
        work.iterations = before + state.iterations
        _tell(work, state)
    return state.status in ("optimal", "acceptable")


def _tell(work: _Work, state: State) -> None:
    trace = state.trace
    if not trace.objective:
        return
    restoring = trace.restoring[-1]
    work.watch(
        Standing(
            iteration=work.iterations,
            objective=np.nan if restoring else _objective(state) + work.model.cost_constant,
            infeasibility=trace.infeasibility[-1],
            dual_infeasibility=trace.dual_infeasibility[-1],
            barrier=trace.barrier[-1],
            phase="restoring" if restoring else "solving",
        )
    )


def _objective(state: State) -> float:
    """Give the objective of the last iterate, unscaled."""
    return float(state.trace.objective[-1] / state.scale[0]) if state.trace.objective else np.nan


def _violation(state: State) -> float:
    """Give the largest violation of a scaled balance or limit."""
    return float(max(np.abs(state.c).max(initial=0.0), np.abs(state.d - state.s).max(initial=0.0)))


def _diagnosed(work: _Work, solve: Solve) -> tuple[Solve, AcOutcome]:
    """Minimise the total violation in p.u. and radians; where it vanishes, try again from there."""
    work.max_iterations += work.asked
    elastic = _elastic(work, solve)
    state = elastic_state(elastic, solve.state, mu=0.1)
    options = Options(tolerance=work.tolerance, max_iterations=work.max_iterations - work.iterations)
    diagnosis = Solve(elastic, options, state)
    found = _run(work, diagnosis, most=work.max_iterations)
    x = elastic.parts(state.x)[0]
    program = solve.program
    c, d = np.empty(program.equalities), np.empty(program.inequalities)
    program.values(x, c, d)
    over = np.maximum(d - program.high, 0.0) + np.maximum(program.low - d, 0.0)
    largest = max(np.abs(c).max(initial=0.0), over.max(initial=0.0))
    if found and largest > FEASIBLE:
        return diagnosis, "infeasible"
    if work.spent or largest > FEASIBLE:
        return solve, _unfinished(solve)
    again = _begun(work, x, hopeless=0.0)
    finished = _run(work, again, most=work.max_iterations)
    return again, "optimal" if finished else _unfinished(again)


def _elastic(work: _Work, solve: Solve) -> Elastic:
    """Give the program of the least total violation, each row weighed so that p.u. and radians count 1."""
    state, program = solve.state, solve.program
    _, scale_c, scale_d = state.scale
    n = state.n
    return Elastic(
        program,
        (state.lo[:n], state.hi[:n], state.lo[n:], state.hi[n:]),
        centre=state.x.copy(),
        near=np.zeros(n),
        penalty_c=1.0 / scale_c,
        penalty_d=_flow_weight(work, scale_d),
    )


def _flow_weight(work: _Work, scale_d: Floats) -> Floats:
    """Give what one unit of a scaled limit's violation is in p.u. or radians, to first order."""
    row, rating = work.plan.row, work.model.rating[work.plan.branch]
    rated = row[:, 0] >= 0
    weight = 1.0 / scale_d
    measure = measures(rating[rated] ** 2)
    for end in (0, 1):
        at = row[rated, end]
        weight[at] *= measure / (2.0 * np.maximum(rating[rated], np.sqrt(measure)))
    return np.asarray(weight)
