"""Reactive power of units: how those at a bus share it, and when a limit takes the voltage from them."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network, bus_sum

BEYOND = 1e-6
"""How far a limit or set point may be passed before a bus is switched, p.u."""
RETURNS = 2
"""How often a bus may get its set point back; after that it stays at its limit, so that switching ends."""


@dataclass(frozen=True, eq=False)
class Held:
    """Which buses are held at a reactive limit.

    Arguments:
        side: 1 at the upper limit, -1 at the lower, 0 free; shape (n,).
        returns: how often each bus got its set point back, shape (n,).
    """

    side: Ints
    returns: Ints

    @classmethod
    def nowhere(cls, n_bus: int) -> "Held":
        """Give the state in which every unit holds its set point."""
        return cls(np.zeros(n_bus, dtype=np.int64), np.zeros(n_bus, dtype=np.int64))


def bus_limits(network: Network, unit_on: Bools) -> tuple[Floats, Floats]:
    """Give smallest and largest reactive output of the units at each bus, shape (n,) each, p.u."""
    n = network.n_bus
    lowest = np.where(unit_on, network.unit_qmin, 0.0)
    highest = np.where(unit_on, network.unit_qmax, 0.0)
    return bus_sum(network.unit_bus, lowest, n), bus_sum(network.unit_bus, highest, n)


def switched(
    held: Held, *, controls: Bools, q: Floats, vm: Floats, limits: tuple[Floats, Floats, Floats]
) -> Held:
    """Give which buses are held after a solution.

    Arguments:
        held: what held during the solution.
        controls: whether a bus's units would control its voltage, shape (n,).
        q: reactive output of the units at each bus, shape (n,), p.u.
        vm: voltage magnitudes, shape (n,).
        limits: smallest and largest reactive output and voltage set point of each bus.

    Source: MATPOWER manual 8.0, section 4.4 (enforcing reactive limits), here with the way back.
    """
    lowest, highest, setpoint = limits
    free = controls & (held.side == 0)
    side = held.side.copy()
    side[free & (q > highest + BEYOND)] = 1
    side[free & (q < lowest - BEYOND)] = -1
    too_high = (held.side == 1) & (vm > setpoint + BEYOND)
    too_low = (held.side == -1) & (vm < setpoint - BEYOND)
    back = (too_high | too_low) & (held.returns < RETURNS)
    side[back | ~controls] = 0
    return Held(side, held.returns + back)


def shared(network: Network, bus_q: Floats, *, unit_on: Bools) -> Floats:
    """Give each unit's reactive output from that of its bus, shape (g,), p.u.

    In proportion to the units' ranges above their lower limits; evenly where one is infinite or all are 0.

    Source: MATPOWER, pfsoln.m.
    """
    n, bus = network.n_bus, network.unit_bus
    lowest, highest = bus_limits(network, unit_on)
    count = np.maximum(bus_sum(bus, unit_on.astype(float), n), 1.0)[bus]
    total = bus_q[bus]
    with np.errstate(invalid="ignore"):
        width = (highest - lowest)[bus]
        bounded = np.isfinite(width) & (width > 0)
        weight = np.where(bounded, network.unit_qmax - network.unit_qmin, 1.0) / np.where(
            bounded, width, count
        )
        floor = np.where(np.isfinite(lowest[bus]), network.unit_qmin, 0.0)
        above = total - np.where(np.isfinite(lowest[bus]), lowest[bus], 0.0)
        output = np.where(np.isfinite(width), floor + above * weight, total / count)
    return np.where(unit_on, output, 0.0)
