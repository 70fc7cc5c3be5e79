"""What cannot be asked of places and staff, each refused with its reason."""

from genba.core.errors import InputError, input_error
from genba.line.checks.asked import FEW_PLACES, NO_TARGET, TARGET_AND_BUDGET
from genba.line.kernels.buffer_search import spread
from genba.line.operations.buffers_task import HOUR, Task


def check_task(task: Task) -> None:
    """Refuse what cannot be.

    Raises:
        InputError: naming the param.
    """
    params = task.params
    if task.for_money:
        _check_money(task)
    else:
        _check_totals(task)
    if params.target is not None and params.target >= task.bound * HOUR:
        raise InputError(
            f"found a target of {params.target:g} per hour; the slowest station alone, never blocked or "
            f"starved, makes {task.bound * HOUR:.6g}, and no places change that",
            where="target",
        )
    if params.staffing == "team" and any(one.servers > 1 for one in task.flow.stations):
        raise InputError("teams are spread over stations of one place each; use parallel", where="staffing")
    if not _can_begin(task):
        raise InputError("branches of parallel places meet at too few places for their order", where="places")


def _check_money(task: Task) -> None:
    params = task.params
    if params.target is None and params.least == "cost":
        raise input_error(NO_TARGET, "target")
    if params.target is not None and params.least == "places":
        raise input_error(TARGET_AND_BUDGET, "least")
    if not task.prices.any():
        raise InputError(
            "nothing has a price; write place_cost in the buffers, or investments and wages where staff is "
            "spread",
            where="buffers",
        )
    if params.places is not None and task.totals[0] > params.places:
        raise input_error(FEW_PLACES, "places", places=params.places, today=int(task.totals[0]))


def _check_totals(task: Task) -> None:
    space, params = task.space, task.params
    for kind, (total, what) in enumerate(zip(task.totals, ("places", "staff"), strict=False)):
        own = space.kind == kind
        least, most = int(space.least[own].sum()), int(space.most[own].sum())
        if not least <= total <= most and (kind or params.target is None):
            raise InputError(f"found {total} to spread; {least} to {most} can be", where=what)
    if params.target is None and not task.totals[0]:
        raise InputError("found 0 places to spread; give places, 1 at least", where="places")


def _can_begin(task: Task) -> bool:
    """Tell whether the engine can express the first design that is tried."""
    if task.for_money:
        return task.space.possible(task.start)
    totals = task.totals if task.params.target is None else task.with_places(0)
    return task.space.possible(spread(task.space, totals, task.weights))


__all__ = ["check_task"]
