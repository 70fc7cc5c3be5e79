"""Which outages lanes can take, and what each is there: branches out of Y, what is produced instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from genba.grid.kernels.headroom import headroom
from genba.grid.kernels.network import PQ, PV, REFERENCE, Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point
from genba.grid.kernels.outage_analysis import Analysis
from genba.grid.kernels.outage_changes import FROM, MOST, TO, UNCONTROLLED, Outages
from genba.grid.kernels.outage_lanes import Plans
from genba.grid.kernels.outage_losses import NONE, Losses, lists_of, losses_of
from genba.grid.kernels.outage_switches import Guard
from genba.grid.kernels.partings import Partings
from genba.grid.kernels.reactive_limits import ABOVE, BEYOND, bus_limits
from genba.grid.kernels.steady_state import Model, Schedule, State
from genba.num.jit import kernel


@dataclass(frozen=True, eq=False)
class Ground:
    """A solved base, and what all outages of it have in common.

    Arguments:
        model: the grid.
        schedule: what is in service; outputs are those of the solved base.
        state: the solved base.
        known: what is known of it.
    """

    model: Model
    schedule: Schedule
    state: State
    known: Analysis

    @property
    def point(self) -> Point:
        """Give the base by position."""
        return self.known.point

    @property
    def parts(self) -> Partings:
        """Give what each branch holds together."""
        return self.known.parts

    @property
    def position(self) -> Ints:
        """Give the position of each bus, shape (n,)."""
        return self.known.point.structure.position

    @cached_property
    def limits(self) -> tuple[Floats, Floats]:
        """Give the smallest and the largest reactive output of each bus, shape (n,), p.u."""
        return bus_limits(self.model.network, self.schedule.unit_on)

    @cached_property
    def base_plans(self) -> Plans:
        """Give what is produced in the base."""
        if not self.model.distributed:
            return self.known.plans
        none = np.zeros(0, np.int64)
        return _plans(self, none, _alive(self, none, np.zeros(0, bool)))[0]

    @cached_property
    def base_guard(self) -> Guard:
        """Give the reactive limits of the base, for no outage."""
        return _guard(self, np.zeros(0, np.int64), np.zeros((0, 2)))


def taken(ground: Ground, branches: Sequence[Sequence[int]], units: Sequence[Sequence[int]]) -> Losses:
    """Give what outages take, and which of them lanes can take.

    The others change what lanes keep: the reference, a set point, more than one island at once, more elements
    than there is room for.
    """
    network, parts, schedule, names = ground.model.network, ground.parts, ground.schedule, lists_of(units)
    unit_fits, island = _unit_fits(ground) if len(names[1]) else np.zeros(0, bool), schedule.island
    if ground.model.distributed and island.max(initial=0) != 1:
        unit_fits, island = np.zeros(len(network.unit_bus), bool), np.zeros(0, np.int64)
    of_network = network.from_bus, network.to_bus, schedule.branch_on, network.unit_bus
    of_parts = parts.bridge, parts.loses_reference, parts.label
    return losses_of(lists_of(branches), names, unit_fits, of_network, island, ground.position, *of_parts)


def _unit_fits(ground: Ground) -> Bools:
    network, schedule, state = ground.model.network, ground.schedule, ground.state
    bus, on = network.unit_bus, schedule.unit_on
    others = np.bincount(bus[on], minlength=network.n_bus)[bus] - 1
    in_island = np.bincount(schedule.unit_group(network))[schedule.island[bus]] - 1
    kept_reference = (state.kind[bus] != REFERENCE) | ((others > 0) & (network.bus_type[bus] == REFERENCE))
    same_setpoint = (others == 0) | (_setpoint_without(ground) == network.unit_vset[_last_unit(ground)[bus]])
    return np.asarray(on & (in_island > 0) & kept_reference & same_setpoint)


def _last_unit(ground: Ground) -> Ints:
    """Give the last unit in service of each bus, which sets its voltage; NONE where there is none."""
    last = np.full(ground.model.network.n_bus, NONE)
    on = np.flatnonzero(ground.schedule.unit_on)
    np.maximum.at(last, ground.model.network.unit_bus[on], on)
    return last


def _setpoint_without(ground: Ground) -> Floats:
    """Give the set point of each unit's bus after its loss, shape (g,); NaN where no unit is left."""
    network, on = ground.model.network, ground.schedule.unit_on
    last, before = _last_unit(ground), np.full(network.n_bus, NONE)
    inner = np.flatnonzero(on & (np.arange(len(on)) != last[network.unit_bus]))
    np.maximum.at(before, network.unit_bus[inner], inner)
    bus = network.unit_bus
    left = np.where(np.arange(len(on)) == last[bus], before[bus], last[bus])
    return np.where(left == NONE, np.nan, network.unit_vset[left])


@dataclass(frozen=True, eq=False)
class Batch:
    """Outages for lanes, with what is produced after each; `guard` holds their reactive limits."""

    outages: Outages
    plans: Plans
    guard: Guard


def batch_of(ground: Ground, losses: Losses, numbers: Ints) -> Batch:
    """Lay out some outages of those that lanes can take."""
    parts, base, shared = ground.parts, ground.known.need, ground.model.distributed
    of_losses, buses = (losses.branches, losses.units, numbers), ground.model.network.n_bus
    outages, need, guard = _laid_out(of_losses, parts, base, shared, buses)
    rows = np.flatnonzero(outages.plan)
    if not len(rows):
        if ground.model.reactive_limits:
            guard = ground.base_guard._replace(kept=guard.kept, left=guard.left)
        return Batch(outages, ground.base_plans, guard)
    unit, one = losses.units[numbers], outages.branches[rows, 0]
    kept, left, switched = _held(ground, unit)
    plans, produced = _plans(ground, unit[rows], _alive(ground, one, (one != NONE) & parts.bridge[one]))
    need[unit != NONE] = (base + produced[0] - produced)[outages.plan[unit != NONE]]
    return Batch(outages._replace(switched=switched, upwards=need >= 0.0), plans, _guard(ground, kept, left))


@kernel
def _laid_out(
    losses: tuple[Ints, Ints, Ints], parts: Partings, need: float, shared: bool, n: int
) -> tuple[Outages, Floats, Guard]:
    """Give outages without what lost units change, what is to be produced after each, and limits of nothing.

    Arguments:
        losses: branches and unit of all outages, as in `Losses`, and the numbers of those wanted, shape (k,).
        parts: what each branch holds together.
        need: what is to be produced in the base, p.u.
        shared: whether all units produce the slack.
        n: buses.
    """
    numbers = losses[2]
    count = len(numbers)
    branches, unit = np.empty((count, MOST), np.int64), np.empty(count, np.int64)
    for k in range(count):
        unit[k] = losses[1][numbers[k]]
        for which in range(MOST):
            branches[k, which] = losses[0][numbers[k], which]
    keeps, dead = np.zeros((count, MOST), np.int64), np.zeros((count, 3), np.int64)
    plan, needs, plans = np.zeros(count, np.int64), np.full(count, need), 0
    for k in range(count):
        row = branches[k, 0]
        cuts = row >= 0 and parts.bridge[row]
        for which in range(MOST):
            keeps[k, which] = FROM + TO if branches[k, which] >= 0 else 0
        if cuts:
            keeps[k, 0] = FROM if parts.keeps_from[row] else TO
            dead[k, 0], dead[k, 1], dead[k, 2] = parts.first[row], parts.end[row], int(parts.rest[row])
            needs[k] -= parts.lost_need[row] - parts.lost_generation[row]
        if unit[k] >= 0 or (cuts and shared and parts.loses_units[row]):
            plans += 1
            plan[k] = plans
    switched, nothing, none = np.full((count, 1, 2), NONE), np.zeros(n), np.full(count, NONE)
    guard = Guard(nothing, nothing, nothing, nothing, nothing, none, np.zeros((count, 2)), np.zeros(2))
    return Outages(branches, keeps, switched, plan, dead, needs >= 0.0), needs, guard


def _alive(ground: Ground, branch: Ints, cuts: Bools) -> Bools:
    """Tell which units run after these outages, those lost by name still among them; shape (k, g)."""
    network, parts = ground.model.network, ground.parts
    place = np.empty(network.n_bus, np.int64)
    place[parts.preorder] = np.arange(network.n_bus)
    at = place[network.unit_bus]
    within = (at >= parts.first[branch][:, None]) & (at < parts.end[branch][:, None])
    return np.asarray(ground.schedule.unit_on & ~(cuts[:, None] & (within != parts.rest[branch][:, None])))


def _plans(ground: Ground, unit: Ints, alive: Bools) -> tuple[Plans, Floats]:
    """Give what is produced in the base and after each of these outages, and its sum: 1 + k rows."""
    network, schedule = ground.model.network, ground.schedule
    alive = np.concatenate([schedule.unit_on[None], alive])
    lost = np.append(NONE, unit)
    rows = np.flatnonzero(lost != NONE)
    alive[rows, lost[rows]] = False
    p = np.where(alive, schedule.p, 0.0)
    p[rows] = picked_up(ground, p[rows], lost[rows])
    reactive = _reactive(ground, alive)
    demand = network.demand
    live = schedule.island > 0
    at_bus = _incidence(ground)
    power = np.stack([(at_bus @ p.T).T - demand.real, (at_bus @ reactive.T).T - demand.imag], axis=2)
    power = np.where(live[:, None], power + _held_output(ground)[:, None] * [0.0, 1.0], 0.0)
    share = np.zeros((len(p), 2, network.n_bus))
    if ground.model.distributed:
        for way, upwards in enumerate((False, True)):
            room = np.where(alive, headroom(network, p, upwards=np.full(len(schedule.p), upwards)), 0.0)
            total = room.sum(axis=1)
            room[total == 0, 0] = np.nan  # no headroom: a lane that cannot be solved
            share[:, way] = (at_bus @ (room / np.where(total > 0, total, 1.0)[:, None]).T).T
    order = ground.point.structure.order
    plans = Plans(
        np.ascontiguousarray(power[:, order]),
        np.ascontiguousarray(share[:, :, order]),
        ground.position[ground.parts.preorder],
    )
    return plans, p.sum(axis=1)


def picked_up(ground: Ground, p: Floats, lost: Ints) -> Floats:
    """Spread the output of a lost unit over the headroom of its island, as `headroom.spread` does.

    Arguments:
        ground: the base.
        p: output of each unit without the lost one, shape (k, g), p.u.
        lost: the lost unit, shape (k,).
    """
    network, schedule = ground.model.network, ground.schedule
    island = schedule.island[network.unit_bus]
    need = schedule.p[lost][:, None]
    others = (island == island[lost][:, None]) & schedule.unit_on
    others[np.arange(len(lost)), lost] = False
    room = np.where(others, headroom(network, p, upwards=np.broadcast_to(need > 0, p.shape)), 0.0)
    total = room.sum(axis=1, keepdims=True)
    used = np.divide(np.minimum(np.abs(need), total), total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(p + np.sign(need) * room * used)


def _reactive(ground: Ground, alive: Bools) -> Floats:
    """Give the reactive output of units that have one of their own, those at buses without control."""
    network = ground.model.network
    own = (ground.state.kind[network.unit_bus] == PQ) & (ground.state.side[network.unit_bus] == 0)
    return np.where(alive & own, network.unit_s.imag, 0.0)


def _held_output(ground: Ground) -> Floats:
    """Give the reactive output at buses that are held at a limit, shape (n,)."""
    lowest, highest = ground.limits
    side = ground.state.side
    return np.where(side > 0, highest, np.where(side < 0, lowest, 0.0))


def _incidence(ground: Ground) -> csr_matrix:
    """Give the matrix that sums units by bus, (n, g)."""
    network = ground.model.network
    units = len(network.unit_bus)
    return csr_matrix((np.ones(units), (network.unit_bus, np.arange(units))), shape=(network.n_bus, units))


def _held(ground: Ground, unit: Ints) -> tuple[Ints, Floats, Ints]:
    """Give the bus that keeps its control without a lost unit, its limits then, and what buses become.

    One that is held at a limit and has other units is held at theirs.
    """
    network, on, side = ground.model.network, ground.schedule.unit_on, ground.state.side
    bus = network.unit_bus[unit]
    others = np.bincount(network.unit_bus[on], minlength=network.n_bus)[bus] > 1
    controls = (unit != NONE) & ((ground.state.kind[bus] == PV) | (side[bus] != 0))
    switched = np.full((len(unit), 1, 2), UNCONTROLLED)
    switched[:, 0, 0] = np.where(controls & (~others | (side[bus] != 0)), ground.position[bus], NONE)
    switched[others, 0, 1] = side[bus[others]]
    kept = np.where(controls & others, ground.position[bus], NONE)
    rows, left = np.flatnonzero(kept != NONE), np.zeros((len(unit), 2))
    stay = on & (network.unit_bus == bus[rows, None]) & (np.arange(len(on)) != unit[rows, None])
    for part, limit in enumerate((network.unit_qmin, network.unit_qmax)):
        left[rows, part] = np.where(stay, limit, 0.0).sum(axis=1)  # limits may be infinite
    return kept, left, switched


def _guard(ground: Ground, kept: Ints, left: Floats) -> Guard:
    network, schedule, state = ground.model.network, ground.schedule, ground.state
    order = ground.point.structure.order
    lowest, highest = ground.limits
    setpoint = np.ones(network.n_bus)
    setpoint[network.unit_bus[schedule.unit_on]] = network.unit_vset[schedule.unit_on]  # the last decides
    controls = (state.kind == PV) | (state.side != 0)
    return Guard(
        controls=controls[order].astype(float),
        side=state.side[order].astype(float),
        lowest=lowest[order],
        highest=highest[order],
        setpoint=setpoint[order],
        kept=kept,
        left=left,
        slack=np.array([BEYOND, ABOVE]),
    )


__all__ = ["Batch", "Ground", "batch_of", "picked_up", "taken"]
