"""What an outage takes away, and the state of what is left."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.headroom import spread
from genba.grid.kernels.islands import remaining
from genba.grid.kernels.network import Bools, Ints, bus_sum
from genba.grid.kernels.restarts import operable, restarted
from genba.grid.kernels.steady_state import Model, Schedule, State, solve


@dataclass(frozen=True, eq=False)
class Outage:
    """Branches and units lost together, by row."""

    branches: Ints
    units: Ints


@dataclass(frozen=True, eq=False)
class Aftermath:
    """What is left after an outage.

    Arguments:
        schedule: what is in service, and what each unit is to produce.
        cut_off: buses that lose their supply, shape (n,).
        islanded: whether demand or a unit in service is at one of them.
        lost_load: active demand cut off, p.u.
        lost_generation: output of the units lost and cut off, p.u.
    """

    schedule: Schedule
    cut_off: Bools
    islanded: bool
    lost_load: float
    lost_generation: float


def aftermath(model: Model, base: Schedule, outage: Outage, *, splits: bool) -> Aftermath:
    """Take an outage out of a schedule whose outputs are those of the solved base.

    The output of lost units whose bus stays energised is spread over the headroom of the units that remain in
    their island; all other imbalance is left to the slack.

    Arguments:
        model: the grid.
        base: what is in service before.
        outage: what is lost.
        splits: whether the outage may cut buses off; when not, islands stay as they are.
    """
    network = model.network
    branch_on, unit_on = base.branch_on.copy(), base.unit_on.copy()
    branch_on[outage.branches] = False
    unit_on[outage.units] = False
    island = base.island
    if splits:
        island = remaining(network, base.island, branch_on, unit_on=unit_on)
    cut_off = (base.island > 0) & (island == 0)
    isolated_units = unit_on & cut_off[network.unit_bus]
    unit_on &= island[network.unit_bus] > 0
    p = np.where(unit_on, base.p, 0.0)
    left = Schedule(branch_on, unit_on, island, p)
    lost = outage.units[base.unit_on[outage.units]]
    need = bus_sum(island[network.unit_bus[lost]], base.p[lost], int(base.island.max(initial=0)) + 1)
    picked_up = spread(network, p, need=need, unit_group=left.unit_group(network))
    demand = network.demand[cut_off]
    return Aftermath(
        schedule=Schedule(branch_on, unit_on, island, picked_up),
        cut_off=cut_off,
        islanded=bool((demand != 0).any() or isolated_units.any()),
        lost_load=float(demand.real.sum()),
        lost_generation=float(base.p[base.unit_on & ~unit_on].sum()),
    )


def solve_after(model: Model, base: State, left: Aftermath) -> State:
    """Solve what an outage leaves, from the state before it, or else from other first voltages.

    Those are also tried where that state leads to voltages at which the grid cannot be run.
    """
    at = base.at
    after = solve(model, left.schedule, vm=at.vm, va=at.va, side=base.side)
    if not after.converged and base.side.any():
        # buses held at a limit before may be what stands in the way: let all units try their set points again
        after = solve(model, left.schedule, vm=at.vm, va=at.va)
    if operable(after, left.schedule):
        return after
    return restarted(model, left.schedule, after, vm=at.vm, va=at.va)
