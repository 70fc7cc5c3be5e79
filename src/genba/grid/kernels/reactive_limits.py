"""Reactive power of units: how those at a bus share it, and when a limit takes the voltage from them."""

import math

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network, bus_sum
from genba.num.jit import kernel

BEYOND = 1e-7
"""How far a reactive limit may be passed before a bus is switched, p.u."""
ABOVE = 5e-9
"""How far a held bus may pass its set point before it gets it back, p.u."""


def bus_limits(network: Network, unit_on: Bools) -> tuple[Floats, Floats]:
    """Give smallest and largest reactive output of the units at each bus, shape (n,) each, p.u."""
    n = network.n_bus
    lowest = np.where(unit_on, network.unit_qmin, 0.0)
    highest = np.where(unit_on, network.unit_qmax, 0.0)
    return bus_sum(network.unit_bus, lowest, n), bus_sum(network.unit_bus, highest, n)


def switched(
    side: Ints, *, controls: Bools, q: Floats, vm: Floats, limits: tuple[Floats, Floats, Floats], single: bool
) -> Ints:
    """Give at which limit each bus is to be held after a solution, shape (n,) or (n, k) for k solutions.

    Arguments:
        side: 1 at the upper limit, -1 at the lower, 0 free, as held during the solution; shape (n,).
        controls: whether a bus's units would control its voltage, shape (n,).
        q: reactive output of the units at each bus, shape (n,), p.u.
        vm: voltage magnitudes, shape (n,).
        limits: smallest and largest reactive output and voltage set point of each bus.
        single: whether to make only the most urgent change, which ends a cycle of joint ones.

    Source: MATPOWER manual 8.0, section 4.4 (enforcing reactive limits), here with the way back.
    """
    lowest, highest, setpoint = limits
    free = controls & (side == 0)
    over = np.where(free, np.maximum(q - highest, lowest - q) - BEYOND, 0.0)
    past = np.where(controls, np.where(side > 0, vm - setpoint, setpoint - vm) - ABOVE, np.inf)
    past = np.where(side != 0, past, 0.0)
    urgency = np.maximum(over, past)
    changes = urgency > 0
    if single and changes.any():
        changes &= urgency == urgency.max(axis=0)
    target = np.where(side != 0, 0, np.where(q > highest, 1, -1))
    return np.where(changes, target, side)


def shared(network: Network, bus_q: Floats, *, unit_on: Bools) -> Floats:
    """Give each unit's reactive output from that of its bus, shape (g,), p.u.

    In proportion to the units' ranges above their lower limits; evenly where one is infinite or all are 0.

    Source: MATPOWER, pfsoln.m.
    """
    limits = network.unit_qmin, network.unit_qmax
    return np.asarray(shared_among(network.unit_bus, unit_on, *limits, np.asarray(bus_q, np.float64)))


@kernel
def shared_among(unit_bus: Ints, unit_on: Bools, qmin: Floats, qmax: Floats, bus_q: Floats) -> Floats:
    """Give each unit's part of the reactive output of its bus, shape (g,)."""
    n = len(bus_q)
    count, lowest, width, output = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(len(unit_bus))
    for k in range(len(unit_bus)):
        if unit_on[k]:
            count[unit_bus[k]] += 1.0
            lowest[unit_bus[k]] += qmin[k]
            width[unit_bus[k]] += qmax[k] - qmin[k]
    for k in range(len(unit_bus)):
        bus = unit_bus[k]
        if not unit_on[k]:
            continue
        if math.isfinite(width[bus]) and width[bus] != 0.0:
            output[k] = qmin[k] + (bus_q[bus] - lowest[bus]) * (qmax[k] - qmin[k]) / width[bus]
        else:
            output[k] = bus_q[bus] / count[bus]
    return output
