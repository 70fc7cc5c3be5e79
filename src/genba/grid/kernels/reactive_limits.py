"""Reactive power of units: how those at a bus share it, and when a limit takes the voltage from them."""

import math

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network, bus_sum
from genba.num.jit import borrowing, kernel

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
    """Give at which limit each bus is to be held after a solution, shape (n,).

    Arguments:
        side: 1 at the upper limit, -1 at the lower, 0 free, as held during the solution; shape (n,).
        controls: whether a bus's units would control its voltage, shape (n,).
        q: reactive output of the units at each bus, shape (n,), p.u.
        vm: voltage magnitudes, shape (n,).
        limits: smallest and largest reactive output and voltage set point of each bus.
        single: whether to make only the most urgent change, which ends a cycle of joint ones.
    """
    found, yes = side.reshape(-1, 1).copy(), np.ones(1, np.bool_)
    q, vm, lowest, highest, setpoint = (np.ascontiguousarray(x).reshape(-1, 1) for x in (q, vm, *limits))
    switch_lanes(found, yes, controls, q, vm, lowest, highest, setpoint, np.array([single]), yes.copy())
    return found[:, 0]


@borrowing
def switch_lanes(
    side: Ints,
    lanes: Bools,
    controls: Bools,
    q: Floats,
    vm: Floats,
    lowest: Floats,
    highest: Floats,
    setpoint: Floats,
    single: Bools,
    changed: Bools,
) -> None:
    """Write at which limit each bus is to be held after each of k solutions.

    Arguments:
        side: as held during the solutions, shape (n, k); becomes how buses are to be held.
        lanes: solutions that count, shape (k,).
        controls: whether a bus's units would control its voltage, shape (n,).
        q, vm, lowest, highest, setpoint: as in `switched`, shape (n, k).
        single: whether to make only the most urgent change, shape (k,).
        changed: becomes whether any bus is switched, shape (k,).

    Source: MATPOWER manual 8.0, section 4.4 (enforcing reactive limits), here with the way back.
    """
    for lane in range(side.shape[1]):
        changed[lane] = False
        if not lanes[lane]:
            continue
        least = 0.0
        if single[lane]:
            for i in range(len(side)):
                range_ = lowest[i, lane], highest[i, lane], setpoint[i, lane]
                least = max(least, _urgency(side[i, lane], controls[i], q[i, lane], vm[i, lane], range_))
        for i in range(len(side)):
            if side[i, lane] == 0 and not controls[i]:
                continue
            range_ = lowest[i, lane], highest[i, lane], setpoint[i, lane]
            urgency = _urgency(side[i, lane], controls[i], q[i, lane], vm[i, lane], range_)
            if urgency > 0.0 and urgency >= least:
                changed[lane] = True
                target = 1 if q[i, lane] > highest[i, lane] else -1
                side[i, lane] = 0 if side[i, lane] != 0 else target


@borrowing
def _urgency(side: int, controls: bool, q: float, vm: float, limits: tuple[float, float, float]) -> float:
    """Give by how much a bus passes what it is allowed, 0 or less where it need not be switched."""
    lowest, highest, setpoint = limits
    if side == 0:
        return max(q - highest, lowest - q) - BEYOND if controls else 0.0
    if not controls:
        return math.inf
    return (vm - setpoint if side > 0 else setpoint - vm) - ABOVE


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
