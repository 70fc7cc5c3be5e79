"""Unit outputs that balance demand and estimated losses before a power flow is solved."""

from dataclasses import replace
from typing import Literal

import numpy as np

from genba.grid.kernels.dc_angles import dc_angles, estimated_losses
from genba.grid.kernels.headroom import spread
from genba.grid.kernels.islands import references
from genba.grid.kernels.jacobian import JacobianPlan
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
    injection = _injected(
        network.unit_bus, schedule.unit_on, schedule.island, p, network.demand, network.shunt
    )
    bus, _ = references(network, schedule.island, schedule.unit_on)
    return dc_angles(network, injection, island=schedule.island, references=bus, plan=plan)


@kernel
def _injected(
    unit_bus: Ints, unit_on: Bools, island: Ints, p: Floats, demand: Phasors, shunt: Phasors
) -> Floats:
    """Give the active power into every bus, shunts at 1 p.u. of voltage, shape (n,)."""
    injection = np.empty(len(demand))
    for bus in range(len(demand)):
        injection[bus] = -demand[bus].real - shunt[bus].real
    for k in range(len(unit_bus)):
        if unit_on[k] and island[unit_bus[k]] > 0:
            injection[unit_bus[k]] += p[k]
    return injection
