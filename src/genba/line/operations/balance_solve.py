"""One program of a balance given to CP-SAT, with its progress told."""

from genba.core.context import Context
from genba.line.kernels.assignment_model import Posed
from genba.line.kernels.timed_model import PosedTimes
from genba.num.solvers import cpsat

NANO = 1e9
ROUNDING = 1e-6
"""Of a bound that is a whole number in truth."""


def solved(posed: Posed | PosedTimes | None, ctx: Context, until: int) -> cpsat.FlagAnswer:
    """Solve until a time of the clock, at least for a second; None is a program that no line can keep."""
    if posed is None:
        return cpsat.FlagAnswer("infeasible", None, None, (), 0)
    left = max(1.0, (until - ctx.clock()) / NANO)

    def watch(best: float | None, bound: float | None) -> None:
        ctx.progress(0.9, f"with rules: {_told(best, bound)}")

    return cpsat.solve(posed.program, watch, limit_s=left, seed=ctx.seed, workers=max(1, ctx.threads))


def _told(best: float | None, bound: float | None) -> str:
    """Tell how good the best line is, whatever is made little."""
    if best is None:
        return "looking for a line that keeps them"
    if not bound or bound <= 0:
        return "improving a line that keeps them"
    return f"the line found is at most {100 * max(0.0, best / bound - 1):.1f} % above the best possible"
