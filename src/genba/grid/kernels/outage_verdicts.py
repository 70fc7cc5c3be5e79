"""What a study of outages reads, and what it finds of each outage, whichever way it is solved."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.limits import VMIN, Limits, Measured
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.steady_state import Model, Schedule, State
from genba.num.jit import kernel


@dataclass(frozen=True, eq=False)
class Study:
    """What all tiers read.

    Arguments:
        model: the grid, with a budget for outages.
        schedule: what is in service; outputs are those of the solved base.
        state: the solved base.
        limits: what is monitored.
        measured: the limits in the base.
        band: share of a limit by which rounding may pass it.
        worse_by: growth of the excess from which a limit broken in the base counts, %.
    """

    model: Model
    schedule: Schedule
    state: State
    limits: Limits
    measured: Measured
    band: float
    worse_by: float


@dataclass(frozen=True, eq=False)
class Lost:
    """Branches and units, by row, that each of k outages takes."""

    branches: Sequence[tuple[int, ...]]
    units: Sequence[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Passed:
    """Limits that outages pass, one row each; excess in %."""

    outage: Ints
    limit: Ints
    value: Floats
    excess: Floats


@dataclass(eq=False)
class Verdicts:
    """What each of k outages does; filled by the tiers.

    Arguments:
        converged: whether what is left has a solution, shape (k,).
        steps: Newton steps taken.
        islanded: whether demand or a unit is cut off.
        cut_off: number of buses cut off.
        lost_load: demand cut off, p.u.
        lost_generation: output lost and cut off, p.u.
        screened: whether the outage was found secure by the linearised tier, and not solved.
        audited: outages that were solved although the linearised tier had found them secure.
        pieces: outage, limit and value of what passes a limit, as it was found.
    """

    converged: Bools
    steps: Ints
    islanded: Bools
    cut_off: Ints
    lost_load: Floats
    lost_generation: Floats
    screened: Bools
    audited: Ints
    pieces: list[tuple[NDArray[np.int32], NDArray[np.int32], Floats]] = field(default_factory=list)


def verdicts_of(count: int) -> Verdicts:
    """Give room for the verdicts on some outages."""
    return Verdicts(
        converged=np.zeros(count, bool),
        steps=np.zeros(count, np.int64),
        islanded=np.zeros(count, bool),
        cut_off=np.zeros(count, np.int64),
        lost_load=np.zeros(count),
        lost_generation=np.zeros(count),
        screened=np.zeros(count, bool),
        audited=np.zeros(0, np.int64),
    )


def passed(given: Study, verdicts: Verdicts) -> Passed:
    """Give what outages pass, by outage and the worst first."""
    pieces = [piece for piece in verdicts.pieces if len(piece[0])]
    if not pieces:
        return Passed(*(np.zeros(0, kind) for kind in (np.int64, np.int64, float, float)))
    outage, limit, value = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    limits = given.limits.kind, given.limits.limit, given.measured.excess
    outage, limit, value, excess = _counted(*limits, given.band, given.worse_by, outage, limit, value)
    order = np.lexsort((limit, -excess, outage))
    return Passed(outage[order], limit[order], value[order], excess[order])


@kernel
def _counted(
    kind: Ints,
    allowed: Floats,
    before: Floats,
    band: float,
    worse_by: float,
    outage: NDArray[np.int32],
    limit: NDArray[np.int32],
    value: Floats,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Give rows that count, and the excess of each; arguments as in `Limits`, `Measured` and `Study`."""
    used, most = 0, len(value)
    outages, limits = np.empty(most, np.int64), np.empty(most, np.int64)
    values, excesses = np.empty(most), np.empty(most)
    for k in range(most):
        number = limit[k]
        beyond = value[k] - allowed[number]
        excess = 100.0 * (-beyond if kind[number] == VMIN else beyond) / allowed[number]
        broken = before[number] > 100.0 * band
        if excess > 100.0 * band and (not broken or excess - before[number] > worse_by):
            outages[used], limits[used], values[used], excesses[used] = outage[k], number, value[k], excess
            used += 1
    return outages[:used], limits[:used], values[:used], excesses[:used]


__all__ = ["Lost", "Passed", "Study", "Verdicts", "passed", "verdicts_of"]
