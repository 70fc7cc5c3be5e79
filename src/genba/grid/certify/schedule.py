"""What a power flow is asked to hold, from the rules of `records/powerflow`: kinds, set points, outputs."""

from dataclasses import dataclass

import numpy as np

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.grid.certify.circuit import Bools, Circuit, Floats, Ints
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.grid.records.powerflow import PowerflowParams
from genba.num import parquet

FULL = 1e-9  # share of headroom that counts as all of it


@dataclass(frozen=True)
class Schedule:
    """What every bus and unit is asked to do.

    Arguments:
        reference: whether each bus is its island's reference.
        held: whether each bus holds its voltage, the reference included.
        magnitude: set point, p.u.; NaN where none is held.
        slack: row of the unit that takes what is missing, by island from 1; entry 0 is unused.
        p: output asked of each unit before anything is balanced, MW; 0 when out of service.
    """

    reference: Bools
    held: Bools
    magnitude: Floats
    slack: Ints
    p: Floats


def schedule(grid: Circuit, params: PowerflowParams, ctx: Context) -> Schedule:
    """Give the schedule of a power flow."""
    p = grid.case.gen["pg"]
    if isinstance(params.generation, InputFile):
        p = parquet.read(DISPATCH_UNITS, ctx.path(params.generation))["p"]
    return schedule_of(grid, np.where(grid.runs, p, 0.0))


def schedule_of(grid: Circuit, p: Floats) -> Schedule:
    """Give the schedule of a circuit whose units are asked for `p` (MW)."""
    case, running = grid.case, np.flatnonzero(grid.runs)
    served = np.zeros(len(case.bus), bool)
    served[grid.host[running]] = True
    reference = np.zeros(len(case.bus), bool)
    slack = np.zeros(int(grid.island.max(initial=0)) + 1, np.int64)
    for island in np.unique(grid.island[grid.alive]).tolist():
        chosen = _reference(grid, island, served)
        reference[chosen] = True
        slack[island] = running[grid.host[running] == chosen][0]
    held = reference | (served & np.isin(case.bus["type"], (2, 3)))
    magnitude = np.full(len(case.bus), np.nan)
    magnitude[grid.host[running]] = case.gen["vg"][running]  # the last unit of a bus stays
    return Schedule(reference, held, np.where(held, magnitude, np.nan), slack, p)


def _reference(grid: Circuit, island: int, served: Bools) -> int:
    """Give the bus row of an island's reference."""
    here = grid.island == island
    marked = np.flatnonzero(here & served & (grid.case.bus["type"] == 3))
    if len(marked):
        return int(marked[0])
    units = np.flatnonzero(grid.runs & here[grid.host])
    return int(grid.host[units[np.argmax(grid.case.gen["pmax"][units])]])


def headroom(grid: Circuit, p: Floats) -> tuple[Floats, Floats]:
    """Give how far each running unit can go up and down from `p`, MW."""
    up = np.where(grid.runs, np.maximum(grid.case.gen["pmax"] - p, 0.0), 0.0)
    down = np.where(grid.runs, np.maximum(p - grid.case.gen["pmin"], 0.0), 0.0)
    return up, down


def departure(grid: Circuit, plan: Schedule, params: PowerflowParams, p: Floats) -> float:
    """Give the most by which a running unit leaves what its island's rules allow, MW."""
    of, worst = grid.island[grid.host], 0.0
    given, served = np.zeros((2, len(plan.slack)))
    np.add.at(given, of[grid.runs], p[grid.runs])
    np.add.at(served, grid.island[grid.alive], grid.case.bus["pd"][grid.alive])
    for island in range(1, len(plan.slack)):
        lost = float(given[island] - served[island])
        away = _departure(grid, plan, params, p - plan.p, island, lost)
        worst = away if not away <= worst else worst  # a NaN stays
    return worst


def _departure(
    grid: Circuit, plan: Schedule, params: PowerflowParams, moved: Floats, island: int, lost: float
) -> float:
    """Fit the movements of an island's units by those its rules allow, and give the largest residual."""
    up, down = headroom(grid, plan.p)
    units, slack = grid.runs & (grid.island[grid.host] == island), plan.slack[island]
    alone = units.copy()
    alone[slack] = False
    balanced, shared = params.generation == "balanced", params.slack == "distributed"
    stuck = not (up[units].any() and down[units].any())  # no headroom one way: then the single rule holds
    if balanced and shared:
        fits = [_residual(moved, [up, down], units)]
        return min(fits + [_residual(moved, [up, down], alone)] * stuck)
    if shared:
        fits = [_residual(moved, [room], units) for room in (up, down)]
        return min(fits + [_residual(moved, [], alone)] * stuck)
    if balanced:
        return min(_balanced(moved, room, alone, slack, lost) for room in (up, down))
    return _residual(moved, [], alone)


def _balanced(moved: Floats, room: Floats, alone: Bools, slack: int, lost: float) -> float:
    """Give the residual of a common share of headroom; the slack may add no more than the losses."""
    total = room[alone].sum()
    share = moved[alone].sum() / total if total > 0 else 0.0
    left = abs(moved[slack] - share * room[slack]) - abs(lost)
    capped = total == 0 or abs(share) > 1 - FULL
    return max(_residual(moved, [room], alone), 0.0 if capped else float(left))


def _residual(moved: Floats, columns: list[Floats], units: Bools) -> float:
    """Give the largest part of some units' movements that no mixture of the columns explains."""
    if not np.isfinite(moved[units]).all():
        return float("nan")
    basis = np.array([column[units] for column in columns if column[units].any()]).T
    fitted = basis @ np.linalg.lstsq(basis, moved[units])[0] if basis.size else 0.0
    return float(np.abs(moved[units] - fitted).max(initial=0.0))
