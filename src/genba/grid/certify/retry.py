"""The certificates' own attempt at a power flow, slack and reactive limits included."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from genba.grid.certify.circuit import Bools, Circuit, Complexes, Floats
from genba.grid.certify.newton import Pattern, Solution, Task, newton, pattern
from genba.grid.certify.schedule import Schedule, headroom
from genba.grid.certify.twoport import TwoPorts, two_ports, withdrawals
from genba.grid.records.powerflow import COLLAPSED, StateParams
from genba.num import sparse
from genba.num.table import Table

ROUNDS = 40  # of slack and reactive limits around the iteration
JOINT = 20  # of them: in those after, only the bus that passes its limit or set point most is switched
SLIGHT_PU = 1e-8  # by which a limit or a set point may be passed: where units stand at both, rounding does
STEPS = 50
FEW = 30  # steps: where fewer were granted, they and not the grid may be what lacks
NO_REACTANCE = 1e-4  # what a reactance of 0 is taken as in a DC power flow, p.u.
STARTS = ("dc", "flat")  # tried where another first voltage leads nowhere, before a solution counts as none
PLAUSIBLE_PU = 0.5  # a solution with a voltage below this refutes no divergence: the grid cannot be run there

Method = Callable[..., Solution]
"""`newton` or `halved`."""


@dataclass(frozen=True)
class Settled:
    """A solved state: voltages (p.u.), outputs (MW) and the sum of the rounds' Newton steps.

    `p` lacks what a single slack adds at the reference; `side` is 1 or -1 at buses that an upper or a lower
    reactive limit holds.
    """

    v: Complexes
    p: Floats
    steps: int
    side: Floats


def attempt(grid: Circuit, plan: Schedule, params: StateParams, *, steps: int = STEPS) -> Settled | None:
    """Solve the power flow that was asked for, from its own start; None when that fails or is implausible."""
    found = solved_from(params.start, grid, plan, params, steps=steps)
    return found if found is not None and plausible(grid, found) else None


def solved_from(
    start: str, grid: Circuit, plan: Schedule, params: StateParams, *, steps: int = STEPS
) -> Settled | None:
    """Solve the power flow that was asked for from a first voltage; None when that fails."""
    ports, shape = two_ports(grid), pattern(grid)
    plan = replace(plan, p=outputs(grid, plan, params))
    v = first_voltage(grid, plan, start)
    return next(settlements(grid, plan, shape, ports, v, params, steps=steps), None)


def plausible(grid: Circuit, found: Settled) -> bool:
    """Tell whether the grid can be run in a state."""
    return not (np.abs(found.v)[grid.alive] < PLAUSIBLE_PU).any()


def granted(params: StateParams, steps: int = STEPS) -> int:
    """Give the steps in which a solution refutes a divergence: half of those granted where they are few."""
    return steps if params.max_iterations >= FEW else params.max_iterations // 2


def sides(grid: Circuit, units: Table) -> Floats:
    """Give at which reactive limit each bus stands in a table of units, as in `Settled`."""
    side = np.zeros(len(grid.island))
    for sign, name in ((1.0, "qmax"), (-1.0, "qmin")):
        side[grid.host[grid.runs & (units["limit"] == name)]] = sign
    return side


def outputs(grid: Circuit, plan: Schedule, params: StateParams) -> Floats:
    """Give the outputs a power flow starts with, MW; balanced ones with the losses of a DC power flow."""
    if params.generation != "balanced":
        return plan.p
    need = lossless_need(grid, plan)
    return plan.p + spread(grid, plan.p, need + dc_losses(grid, plan, need))


def dc_losses(grid: Circuit, plan: Schedule, need: Floats) -> Floats:
    """Give the losses of the DC power flow of outputs that meet each island's need without any, MW."""
    lossless = replace(plan, p=plan.p + spread(grid, plan.p, need))
    flow = _dc_flow(grid, _dc_angles(grid, lossless))
    lost = np.where(grid.conducts, grid.case.branch["r"], 0.0) * flow**2 / grid.case.base_mva
    total = np.zeros(len(need))
    np.add.at(total, grid.island[grid.start], lost)
    return np.nan_to_num(total)  # nothing is estimated where there is no DC power flow


def lossless_need(grid: Circuit, plan: Schedule) -> Floats:
    """Give what each island's demand and shunts take beyond the outputs asked for, MW."""
    need = np.zeros(len(plan.slack))
    np.add.at(need, grid.island, np.where(grid.alive, grid.case.bus["pd"] + grid.case.bus["gs"], 0.0))
    np.add.at(need, grid.island[grid.host], -plan.p)
    return need


def spread(grid: Circuit, p: Floats, need: Floats) -> Floats:
    """Give how units move to meet each island's need (MW, by island from 1), as far as headroom goes."""
    of = grid.island[grid.host]
    up, down = headroom(grid, p)
    room = np.where(need[of] > 0, up, down)
    total = np.zeros(len(need))  # of floats also where no unit runs
    np.add.at(total, of[grid.runs], room[grid.runs])
    used = np.divide(np.minimum(np.abs(need), total), total, out=np.zeros_like(total), where=total > 0)
    return np.sign(need[of]) * room * used[of]


def settlements(
    grid: Circuit,
    plan: Schedule,
    shape: Pattern,
    ports: TwoPorts,
    v: Complexes,
    params: StateParams,
    *,
    steps: int,
    side: Floats | None = None,
    method: Method = newton,
) -> Iterator[Settled]:
    """Solve from `v` with the plan's outputs, its slack rule and its reactive limits; yield what is found.

    `side` holds the reactive limits to start from, none when not given. Shares of the slack follow the need
    at `v`, then the opposite: units have other headroom there.
    """
    side = np.zeros(len(grid.island)) if side is None else side
    v = np.where(plan.reference, plan.magnitude * np.exp(1j * np.angle(v)), np.where(grid.alive, v, 0.0))
    need = _imbalance(grid, plan, withdrawals(grid, ports, v).real + grid.case.bus["pd"])
    solve = partial(method, shape, ports, tolerance=params.tolerance, steps=steps)
    for expected in (need, -need) if params.slack == "distributed" else (need,):
        found = _settled(grid, plan, ports, v, params, solve=solve, side=side, need=expected)
        if found is not None:
            yield found


def _settled(
    grid: Circuit,
    plan: Schedule,
    ports: TwoPorts,
    v: Complexes,
    params: StateParams,
    *,
    solve: Callable[[Task, Complexes], Solution],
    side: Floats,
    need: Floats,
) -> Settled | None:
    """Solve in rounds, the slack first shared by an expected need of each island (MW, by island from 1)."""
    of, shared, steps_taken = grid.island[grid.host], params.slack == "distributed", 0
    for number in range(ROUNDS):
        weights = _weights(grid, plan, need) if shared else None
        task = _task(grid, plan, side, weights)
        done = solve(task, v)
        v, steps_taken, again = done.v, steps_taken + done.steps, False
        if not done.mismatch <= params.tolerance or (np.abs(v)[grid.alive] < COLLAPSED).any():
            return None
        p, slack = plan.p, done.slack * grid.case.base_mva
        if weights is not None:
            p = plan.p + slack[of] * weights
            # shares follow the headroom in the direction of the need, which may have begun at exactly 0
            turned = (slack > 0) != (need > 0)
            again = bool((turned & (np.abs(slack) > params.tolerance * grid.case.base_mva)).any())
            need = slack
        if params.reactive_limits:
            taken = withdrawals(grid, ports, v).imag + grid.case.bus["qd"]
            before, side = side, _sides(grid, plan, side, taken, np.abs(v), joint=number < JOINT)
            again |= bool((side != before).any())
        if not again:
            return Settled(v, p, steps_taken, side)
    return None


def _imbalance(grid: Circuit, plan: Schedule, taken: Floats) -> Floats:
    """Give what each island takes at some voltage beyond what its units are asked for, MW."""
    missing = np.bincount(grid.island[grid.alive], taken[grid.alive], len(plan.slack))
    at = grid.island[grid.host[grid.runs]]
    return np.asarray(missing - np.bincount(at, plan.p[grid.runs], len(plan.slack)))


def mismatches(grid: Circuit, plan: Schedule, params: StateParams, v: Complexes) -> Floats:
    """Give the power mismatch of every bus that has one to meet, p.u.; NaN where a voltage is missing."""
    task = _task(grid, replace(plan, p=outputs(grid, plan, params)), np.zeros(len(v)), None)
    off = withdrawals(grid, two_ports(grid), v) / grid.case.base_mva - task.injection
    active, reactive = grid.alive & ~plan.reference, grid.alive & ~plan.held
    return np.concatenate([np.abs(off.real)[active], np.abs(off.imag)[reactive]])


def unsettled(grid: Circuit, plan: Schedule, params: StateParams, v: Complexes) -> Bools:
    """Tell which buses neither hold their voltage within reactive limits that are kept nor stand at one."""
    if not params.reactive_limits:
        return np.zeros(len(v), bool)
    low, high = _reactive_room(grid)
    needed = withdrawals(grid, two_ports(grid), v).imag + grid.case.bus["qd"]
    above, slight = np.abs(v) - plan.magnitude, params.tolerance + SLIGHT_PU
    over, under = (needed - high) / grid.case.base_mva, (low - needed) / grid.case.base_mva
    holds = (np.abs(above) <= slight) & (over <= slight) & (under <= slight)
    stands = ((np.abs(over) <= slight) & (above <= slight)) | ((np.abs(under) <= slight) & (above >= -slight))
    return np.asarray(plan.held & ~plan.reference & grid.alive & ~(holds | stands))


def _task(grid: Circuit, plan: Schedule, side: Floats, weights: Floats | None) -> Task:
    """Give what to solve; buses on a side have let go of their voltage, their units at that limit."""
    case, on = grid.case, grid.runs
    at = side[grid.host]
    q = np.where(at > 0, case.gen["qmax"], np.where(at < 0, case.gen["qmin"], case.gen["qg"]))
    power = -(case.bus["pd"] + 1j * case.bus["qd"])
    np.add.at(power, grid.host[on], (plan.p + 1j * q)[on])
    share = None if weights is None else np.bincount(grid.host, weights, len(grid.island)).astype(float)
    pinned = plan.reference | ~grid.alive
    held = plan.held & (side == 0) & ~pinned
    magnitude = np.where(held, plan.magnitude, 0.0)
    return Task(power / case.base_mva, held, magnitude, pinned, share, grid.island)


def _weights(grid: Circuit, plan: Schedule, missing: Floats) -> Floats:
    """Give each unit's share of its island's slack: headroom in the direction of the need."""
    of = grid.island[grid.host]
    up, down = headroom(grid, plan.p)
    room = np.where(missing[of] > 0, up, down)
    total = np.zeros(len(missing))
    np.add.at(total, of[grid.runs], room[grid.runs])
    share = np.divide(room, total[of], out=np.zeros_like(room), where=total[of] > 0)
    for island in np.unique(grid.island[grid.alive]):
        share[plan.slack[island]] += total[island] == 0
    return np.where(grid.runs, share, 0.0)


def _sides(grid: Circuit, plan: Schedule, side: Floats, needed: Floats, vm: Floats, *, joint: bool) -> Floats:
    """Give at which reactive limit each bus stands next: 1 upper, -1 lower, 0 none."""
    case, (low, high) = grid.case, _reactive_room(grid)
    movable = plan.held & ~plan.reference & grid.alive
    passed = np.where(
        side == 0, np.maximum(needed - high, low - needed) / case.base_mva, side * (vm - plan.magnitude)
    )
    moves = movable & (passed > SLIGHT_PU)
    if moves.any() and not joint:
        moves &= passed == passed[moves].max()
    return np.where(moves, np.where(side == 0, np.where(needed > high, 1.0, -1.0), 0.0), side)


def _reactive_room(grid: Circuit) -> tuple[Floats, Floats]:
    """Give the least and the most reactive power that the units of each bus give, Mvar."""
    gen, on, buses = grid.case.gen, grid.runs, len(grid.island)
    low, high = (np.bincount(grid.host[on], gen[name][on], buses) for name in ("qmin", "qmax"))
    return low.astype(np.float64), high.astype(np.float64)


def first_voltage(grid: Circuit, plan: Schedule, start: str) -> Complexes:
    """Give the first voltage of this name, p.u.: flat, dc or case."""
    bus = grid.case.bus
    vm = np.where(plan.held, plan.magnitude, bus["vm"] if start == "case" else 1.0)
    if start == "dc":
        va = _dc_angles(grid, plan)
        va = np.where(np.isnan(va), _reference_angles(grid, plan), va)
    else:
        va = np.radians(bus["va"]) if start == "case" else _reference_angles(grid, plan)
    return np.where(grid.alive, vm * np.exp(1j * va), 0.0)


def _reference_angles(grid: Circuit, plan: Schedule) -> Floats:
    """Give every bus the angle of its island's reference, radians."""
    by_island = np.zeros(len(plan.slack))
    at = np.flatnonzero(plan.reference)
    by_island[grid.island[at]] = np.radians(grid.case.bus["va"][at])
    return by_island[grid.island]


def _stiffness(grid: Circuit) -> Floats:
    branch, on = grid.case.branch, grid.conducts
    x = np.where(branch["x"] == 0, NO_REACTANCE, branch["x"]) * np.where(
        branch["ratio"] == 0, 1.0, branch["ratio"]
    )
    stiffness: Floats = np.where(on, grid.case.base_mva / np.where(on, x, 1.0), 0.0)
    return stiffness


def _dc_flow(grid: Circuit, angle: Floats) -> Floats:
    turned: Floats = angle[grid.start] - angle[grid.end] - np.radians(grid.case.branch["shift"])
    return _stiffness(grid) * turned


def _dc_angles(grid: Circuit, plan: Schedule) -> Floats:
    """Give the angles of a DC power flow, radians; NaN where there is none."""
    case, buses = grid.case, len(grid.island)
    fixed = plan.reference | ~grid.alive
    angle = _reference_angles(grid, plan)
    stiff = _stiffness(grid)
    power = -(case.bus["pd"] + case.bus["gs"])
    np.add.at(power, grid.host[grid.runs], plan.p[grid.runs])
    flow = _dc_flow(grid, angle)
    np.add.at(power, grid.start, -flow)
    np.add.at(power, grid.end, flow)
    row = np.concatenate([grid.start, grid.start, grid.end, grid.end])
    column = np.concatenate([grid.start, grid.end, grid.start, grid.end])
    values = np.concatenate([stiff, -stiff, -stiff, stiff])
    matrix = sparse.csc_matrix((values, (row, column)), (buses, buses))
    free = np.flatnonzero(~fixed)
    if len(free):
        try:
            angle[free] += sparse.linalg.splu(matrix[free][:, free].tocsc()).solve(power[free])
        except RuntimeError:  # singular, as where a series capacitor cancels what is parallel to it
            angle[free] = np.nan
    return angle
