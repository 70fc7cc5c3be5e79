"""What a power flow is asked to hold, from the rules of `records/powerflow`: kinds, set points, outputs."""

from dataclasses import dataclass

import numpy as np

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats, Ints, circuit
from genba.grid.io import changes, matpower
from genba.grid.io.dispatched import dispatched
from genba.grid.io.ends import with_ends
from genba.grid.records.powerflow import StateParams

ESTIMATE = 2.0  # times the actual losses that balancing may estimate, or as a DC power flow does
SAME = 1e-6  # what two DC power flows may differ by in their losses, relative
NEGLIGIBLE_PU = 1e-8  # headroom below this is none
ROUNDING_PU = 1e-9  # what two ways of summing the same currents may differ by, at a bus


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


def studied(params: StateParams, ctx: Context) -> Circuit:
    """Give the circuit of the case that a power flow is about."""
    case = with_ends(changes.apply(matpower.read(ctx.path(params.case))[0], params.set))
    if isinstance(params.generation, InputFile):
        case = dispatched(case, ctx.path(params.generation))
    return circuit(case)


def schedule(grid: Circuit) -> Schedule:
    """Give the schedule of a power flow."""
    return schedule_of(grid, np.where(grid.runs, grid.case.gen["pg"], 0.0))


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
    least = NEGLIGIBLE_PU * grid.case.base_mva
    up, down = grid.case.gen["pmax"] - p, p - grid.case.gen["pmin"]
    return np.where(grid.runs & (up > least), up, 0.0), np.where(grid.runs & (down > least), down, 0.0)


@dataclass(frozen=True)
class _Area:
    """An island's units and what they must cover, MW.

    Arguments:
        units: its running units.
        alone: the same without the slack unit.
        asked: output asked of each unit.
        need: demand and actual losses less the output asked for, from the reported voltages.
        unsure: what mismatches within tolerance may hide of the need.
        balanced: least and most of the need that balancing may have estimated; the rules name no estimate.
    """

    units: Bools
    alone: Bools
    asked: Floats
    need: float
    unsure: float
    balanced: tuple[float, float]


def departure(
    grid: Circuit, plan: Schedule, params: StateParams, p: Floats, *, taken: Complexes, dc_losses: Floats
) -> float:
    """Give the most by which a running unit leaves what its island's rules allow, MW.

    Arguments:
        grid: the circuit.
        plan: what was asked.
        params: the rules that apply.
        p: outputs to judge, MW.
        taken: power that each bus gives to branches and shunts at the reported voltages, MVA.
        dc_losses: those that a DC power flow estimates, by island, MW.
    """
    worst = 0.0
    for island in range(1, len(plan.slack)):
        area = _area(grid, plan, params, taken, island, float(dc_losses[island]))
        balances = _balances(grid, area, params, p) if params.generation == "balanced" else [area.asked]
        away = min(_after_slack(grid, area, params, start, p) for start in balances)
        worst = away if not away <= worst else worst  # a NaN stays
    return worst


def _area(
    grid: Circuit, plan: Schedule, params: StateParams, taken: Complexes, island: int, dc_losses: float
) -> _Area:
    here = grid.alive & (grid.island == island)
    units = grid.runs & (grid.island[grid.host] == island)
    alone = units.copy()
    alone[plan.slack[island]] = False
    need = float(grid.case.bus["pd"][here].sum() - plan.p[units].sum())
    lost, shunts = float(taken.real[here].sum()), float(grid.case.bus["gs"][here].sum())
    unsure = (2 * params.tolerance + ROUNDING_PU) * grid.case.base_mva * int(here.sum())
    unsure += SAME * abs(dc_losses)
    produced = min(0.0, ESTIMATE * lost, dc_losses)  # by negative resistances
    most = max(ESTIMATE * abs(lost), dc_losses)
    estimates = (min(0.0, shunts) + produced - unsure, most + abs(shunts) + unsure)
    return _Area(units, alone, plan.p, need + lost, unsure, (need + estimates[0], need + estimates[1]))


def _balances(grid: Circuit, area: _Area, params: StateParams, p: Floats) -> list[Floats]:
    """Give outputs that balancing may have come to: the least, the most and the best fit between."""
    found = []
    gen, shared = grid.case.gen, params.slack == "distributed"
    up, down = (np.where(area.units, room, 0.0) for room in headroom(grid, area.asked))
    above, below = gen["pmax"] - area.asked, area.asked - gen["pmin"]
    for sign, room, other in ((1.0, up, below), (-1.0, down, above)):
        least, most = np.sort(sign * np.array(area.balanced))
        if most < 0:  # the need cannot have this sign
            continue
        total = room.sum()
        span = np.clip(np.array([least, most]) / total, 0.0, 1.0) if total > 0 else np.zeros(2)
        moved = sign * (p - area.asked)
        shares = [_share(moved, room, other * shared, area)]
        shares += _share_of_those_beyond(moved, room, other, area) if shared else []
        found += [area.asked + sign * part * room for part in (*span, *np.clip(shares, *span))]
    return found


def _share_of_those_beyond(moved: Floats, room: Floats, other: Floats, area: _Area) -> list[float]:
    """Give the share of headroom by which units moved that began beyond their other limit, and still are.

    They have nothing to take back with, so balancing alone has moved them.
    """
    last = np.argmin(np.where(area.units & (room > 0), other / np.where(room > 0, room, 1.0), 0.0))
    return [float(moved[last] / room[last])] if other[last] < 0 and room[last] > 0 else []


def _share(moved: Floats, room: Floats, other: Floats, area: _Area) -> float:
    """Give the share of headroom that explains movements best; a slack may then take back along the other.

    Balancing by c and taking back by b leaves c room - b (other + c room), linear in c (1 - b) and b.
    """
    units = area.units if other.any() else area.alone
    basis = np.array([room[units], -other[units]]).T
    along, back = np.linalg.lstsq(basis, moved[units])[0] if np.isfinite(moved[units]).all() else (0.0, 0.0)
    return float(along / (1 - back)) if back < 1 else 0.0


def _after_slack(grid: Circuit, area: _Area, params: StateParams, start: Floats, p: Floats) -> float:
    """Give the largest part of the movements from balanced outputs that the slack rule does not explain."""
    moved = p - start
    rest = area.need - float((start - area.asked)[area.units].sum())
    rest = float(np.clip(moved[area.units].sum(), rest - area.unsure, rest + area.unsure))
    up, down = headroom(grid, start)
    room = np.where(area.units, up if rest > 0 else down, 0.0)
    total = room.sum()
    if params.slack == "distributed" and total > 0:
        return float(np.abs(moved - rest * room / total)[area.units].max(initial=0.0))
    return float(np.abs(moved)[area.alone].max(initial=0.0))
