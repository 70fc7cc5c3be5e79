"""Unit outputs that balance demand and estimated losses before a power flow is solved."""

from dataclasses import replace
from typing import Literal

import numpy as np

from genba.grid.kernels.admittance import admittance_of
from genba.grid.kernels.dc_angles import angles_of, dc_angles, estimated_losses
from genba.grid.kernels.headroom import spread
from genba.grid.kernels.islands import references, references_of
from genba.grid.kernels.jacobian import JacobianPlan, plan_of
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors, bus_sum
from genba.grid.kernels.steady_state import Model, Schedule, schedule_of
from genba.num.jit import kernel

First = Literal["flat", "dc", "case"]
"""A first voltage: 1 p.u. at the reference's angle, at the angles of a DC power flow, or the case's own."""


def scheduled(model: Model, network: Network, *, balance: bool) -> Schedule:
    """Give what a network has in service, with its outputs or, when asked, with balanced ones."""
    schedule = schedule_of(network)
    return replace(schedule, p=balanced(network, schedule, model.plan)) if balance else schedule


def first_voltage(model: Model, schedule: Schedule, first: First) -> tuple[Floats, Floats]:
    """Give first magnitudes (n,), p.u., and angles (n,), rad."""
    network = model.network
    if first == "case":
        return np.where(network.vm > 0, network.vm, 1.0), network.va
    bus, _ = references(network, schedule.island, schedule.unit_on)
    flat = np.where(schedule.island > 0, network.va[bus[schedule.island]], 0.0)
    angles = first_angles(network, schedule, schedule.p, model.plan) if first == "dc" else None
    return np.ones(network.n_bus), flat if angles is None else angles


def balanced(network: Network, schedule: Schedule, plan: JacobianPlan | None = None) -> Floats:
    """Give outputs (g,), p.u., with each island's imbalance spread over the headroom of its units.

    Losses are those of the DC power flow of a first, lossless spread; `plan` is the pattern where known.
    """
    group = schedule.unit_group(network)
    size = int(schedule.island.max(initial=0)) + 1
    demand = bus_sum(schedule.island, network.demand.real + network.shunt.real, size)
    need = demand - bus_sum(group, schedule.p, size)
    lossless = spread(network, schedule.p, need=need, unit_group=group)
    angles = first_angles(network, schedule, lossless, plan)
    if angles is None:
        return lossless
    losses = estimated_losses(network, angles, island=schedule.island)
    return spread(network, schedule.p, need=need + losses, unit_group=group)


def first_angles(
    network: Network, schedule: Schedule, p: Floats, plan: JacobianPlan | None = None
) -> Floats | None:
    """Give the angles (n,), rad, of the DC power flow of some unit outputs; None when there is none."""
    plan = plan or plan_of(admittance_of(network))
    network = replace(network, branch_on=schedule.branch_on)
    branches = network.from_bus, network.to_bus, network.impedance, network.tap, network.branch_on
    units = network.unit_bus, schedule.unit_on, p, network.unit_pmax
    angles, holds = first_angles_of(
        plan.packed, plan.places, plan.diagonal, *branches, schedule.island, network.va, network.bus_type,
        network.demand, network.shunt, *units, len(plan.cols)
    )  # fmt: skip
    if holds:
        return angles
    injection = _injected(*units[:3], schedule.island, network.demand, network.shunt)
    bus, _ = references(network, schedule.island, schedule.unit_on)
    return dc_angles(network, injection, island=schedule.island, references=bus, plan=plan)


@kernel
def first_angles_of(
    packed: Ints,
    places: Ints,
    diagonal: Ints,
    f: Ints,
    t: Ints,
    impedance: Phasors,
    tap: Phasors,
    branch_on: Bools,
    island: Ints,
    va: Floats,
    bus_type: Ints,
    demand: Phasors,
    shunt: Phasors,
    unit_bus: Ints,
    unit_on: Bools,
    p: Floats,
    pmax: Floats,
    size: int,
) -> tuple[Floats, bool]:
    """Give the angles, and whether they are any without pivoting."""
    injection = _injected(unit_bus, unit_on, p, island, demand, shunt)
    reference, _ = references_of(island, bus_type, unit_bus, unit_on, pmax)
    return angles_of(
        packed, places, diagonal, f, t, impedance, tap, branch_on, injection, island, reference, va, size
    )


@kernel
def _injected(
    unit_bus: Ints, unit_on: Bools, p: Floats, island: Ints, demand: Phasors, shunt: Phasors
) -> Floats:
    """Give the active power into every bus, shunts at 1 p.u. of voltage, shape (n,)."""
    injection = np.empty(len(demand))
    for bus in range(len(demand)):
        injection[bus] = -demand[bus].real - shunt[bus].real
    for k in range(len(unit_bus)):
        if unit_on[k] and island[unit_bus[k]] > 0:
            injection[unit_bus[k]] += p[k]
    return injection
