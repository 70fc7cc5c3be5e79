"""The point at which an AC optimal power flow ends, in the order and the units of its model."""

from itertools import chain

import numpy as np

from genba.grid.kernels.network import Floats
from genba.grid.kernels.opf_model import AcOutcome, AcSolution, IterationTrace, OpfModel, StartEnd
from genba.grid.kernels.opf_program import OpfProgram
from genba.grid.kernels.opf_reading import Reading
from genba.num.ipm.restoration import Elastic
from genba.num.ipm.solver import Solve
from genba.num.ipm.state import State

Traces = list[tuple[State, float]]
"""States that hold the iterates of an attempt, each with the scale of its cost."""


def answer(
    model: OpfModel,
    solve: Solve,
    outcome: AcOutcome,
    traces: Traces,
    *,
    iterations: int,
    ends: tuple[StartEnd, ...],
) -> AcSolution:
    """Read a point back in the model's order and units.

    Arguments:
        model: the optimal power flow.
        solve: whose last point is the answer.
        outcome: what it is.
        traces: iterates of every attempt, and the scale of its cost.
        iterations: over all attempts.
        ends: where each start led, where all were tried.
    """
    state = solve.state
    program, elastic = solve.program, None
    if isinstance(program, Elastic):
        elastic, program = program, program.inner
    assert isinstance(program, OpfProgram)
    reading = Reading(program)
    point = reading.point(state.x[: program.n])
    cost = 1.0 if elastic else state.scale[0]
    low, high = (reading.split(part / cost) for part in _bound_multipliers(solve, program.n))
    price_p, price_q = reading.balances(state.yc / cost)
    from_price, to_price, angle_price = reading.limits(state.yd / cost)
    unmet = reading.unmet(state.x[: program.n]) if elastic else reading.nothing()
    return AcSolution(
        outcome=outcome,
        objective=np.nan if elastic else model.cost_at(point.p),
        iterations=iterations,
        vm=point.vm,
        va=point.va,
        p=point.p,
        q=point.q,
        price_p=price_p,
        price_q=price_q,
        low_vm=low.vm,
        high_vm=high.vm,
        low_p=low.p,
        high_p=high.p,
        low_q=low.q,
        high_q=high.q,
        from_price=np.maximum(from_price, 0.0),
        to_price=np.maximum(to_price, 0.0),
        low_angle=np.maximum(-angle_price, 0.0),
        high_angle=np.maximum(angle_price, 0.0),
        short_p=unmet.p,
        short_q=unmet.q,
        over_from=unmet.over_from,
        over_to=unmet.over_to,
        over_angle=unmet.over_angle,
        trace=_trace(model, traces),
        ends=ends,
    )


def _bound_multipliers(solve: Solve, n: int) -> tuple[Floats, Floats]:
    """Give the multipliers of lower and upper bounds; those of equal bounds follow from the stationarity."""
    state = solve.state
    gradient = np.empty(state.n)
    solve.program.transposed(state.yc, state.yd, gradient)
    gradient += state.gradient
    fixed = state.lo[: state.n] == state.hi[: state.n]
    low = np.where(fixed, np.maximum(gradient, 0.0), state.zl[: state.n])
    high = np.where(fixed, np.maximum(-gradient, 0.0), state.zu[: state.n])
    return low[:n], high[:n]


def _trace(model: OpfModel, traces: Traces) -> IterationTrace:
    """Join the iterates of all attempts; a restoration's have no cost."""

    def joined(name: str) -> Floats:
        return np.array(list(chain.from_iterable(getattr(one.trace, name) for one, _ in traces)), float)

    scales = np.concatenate([np.zeros(0), *(np.full(len(s.trace.objective), f) for s, f in traces)])
    restoring = joined("restoring") > 0
    cost = joined("objective") / scales + model.cost_constant
    return IterationTrace(
        objective=np.where(restoring, np.nan, cost),
        infeasibility=joined("infeasibility"),
        dual_infeasibility=joined("dual_infeasibility"),
        barrier=joined("barrier"),
        step=joined("step"),
        regularisation=joined("regularisation"),
        restoring=restoring,
    )
