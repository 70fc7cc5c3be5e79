"""Buses that are switched after an outage: held at a reactive limit, or given their voltage back."""

import math
from typing import NamedTuple

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_changes import CONTROLS, UNCONTROLLED
from genba.num.jit import borrowing
from genba.num.lu.lanes import LANES

KEPT, SWITCHES, TOO_MANY = 0, 1, 2
"""What limits say of a solution: no bus is switched, some are, or more than there is room for."""


class Guard(NamedTuple):
    """Reactive limits of the buses whose units control their voltage.

    Arguments:
        controls: 1 at such buses, else 0, shape (n,).
        side: at which limit a bus is held: 1 upper, -1 lower, else 0, shape (n,).
        lowest: smallest reactive output of its units, shape (n,), p.u.
        highest: largest.
        setpoint: voltage that a held bus would get back, shape (n,), p.u.
        kept: position of the bus of which an outage takes a unit and not the last, -1 for none, shape (k,).
        left: reactive limits of the units left there, shape (k, 2), p.u.
        slack: how far limits and set points may be passed, shape (2,), p.u.
    """

    controls: Floats
    side: Floats
    lowest: Floats
    highest: Floats
    setpoint: Floats
    kept: Ints
    left: Floats
    slack: Floats


@borrowing
def lay_switches(
    guard: Guard, switched: Ints, numbers: Ints, odd: Bools, voltage: Floats, planned: Floats
) -> None:
    """Plan what buses that are switched produce, and start those that control their voltage from it."""
    for lane in range(LANES):
        number = numbers[lane]
        for which in range(switched.shape[1]):
            i, becomes = switched[number, which, 0], switched[number, which, 1]
            if i < 0:
                continue
            odd[lane] = True
            planned[i, 1, lane] -= _held(_limits(guard, -1, i), int(guard.side[i]))
            if becomes == UNCONTROLLED:
                continue
            planned[i, 1, lane] += _held(_limits(guard, number, i), becomes)
            if becomes == CONTROLS:
                e, f = voltage[i, 0, lane], voltage[i, 1, lane]
                longer = guard.setpoint[i] / math.sqrt(e * e + f * f)
                voltage[i, 0, lane], voltage[i, 1, lane] = longer * e, longer * f


@borrowing
def _limits(guard: Guard, number: int, i: int) -> tuple[float, float]:
    """Give the smallest and the largest reactive output at a bus after an outage, or before any (-1)."""
    if number >= 0 and i == guard.kept[number]:
        return guard.left[number, 0], guard.left[number, 1]
    return guard.lowest[i], guard.highest[i]


@borrowing
def _held(limits: tuple[float, float], side: int) -> float:
    """Give the reactive output of a bus that is held at a limit, 0 for one that is not."""
    return limits[1] if side > 0 else limits[0] if side < 0 else 0.0


@borrowing
def switches(
    guard: Guard, switched: Ints, number: int, lane: int, voltage: Floats, reactive: Floats, into: Ints
) -> int:
    """Write what buses become by the rules of `reactive_limits.switched`, when all change that have to.

    Arguments:
        guard: limits.
        switched: what buses were in this solution, as in `Outages`.
        number: the outage.
        lane: its lane.
        voltage: of the solution, 0 at buses that are cut off, shape (n, 2, 8), p.u.
        reactive: reactive output where a bus controls its voltage, shape (n, 1, 8), p.u.
        into: as `switched`; its row of the outage is written.

    Returns:
        KEPT, SWITCHES or TOO_MANY.
    """
    used, room, changed = 0, into.shape[1], False
    for which in range(switched.shape[1]):
        if switched[number, which, 0] >= 0 and switched[number, which, 1] == UNCONTROLLED and used < room:
            into[number, used, 0], into[number, used, 1] = switched[number, which, 0], UNCONTROLLED
            used += 1
    for i in range(len(guard.controls)):
        if guard.controls[i] == 0.0 or voltage[i, 0, lane] == 0.0:
            continue
        side = int(guard.side[i])
        for which in range(switched.shape[1]):
            if switched[number, which, 0] == i:
                side = switched[number, which, 1]
        if side == UNCONTROLLED:
            continue
        becomes = _becomes(guard, number, i, side, voltage, reactive, lane)
        changed = changed or becomes != side
        # at a bus that is held all along, fewer units have another limit
        if becomes != int(guard.side[i]) or (becomes != CONTROLS and i == guard.kept[number]):
            if used == room:
                return TOO_MANY
            into[number, used, 0], into[number, used, 1] = i, becomes
            used += 1
    for which in range(used, room):
        into[number, which, 0] = -1
    return SWITCHES if changed else KEPT


@borrowing
def _becomes(
    guard: Guard, number: int, i: int, side: int, voltage: Floats, reactive: Floats, lane: int
) -> int:
    """Give at which limit a bus is to be held that was held at `side`."""
    if side == CONTROLS:
        low, high = _limits(guard, number, i)
        q = reactive[i, 0, lane]
        if not max(q - high, low - q) <= guard.slack[0]:
            return 1 if q > high else -1
        return CONTROLS
    e, f = voltage[i, 0, lane], voltage[i, 1, lane]
    past = side * (math.sqrt(e * e + f * f) - guard.setpoint[i])
    return CONTROLS if past > guard.slack[1] else side


__all__ = ["KEPT", "SWITCHES", "TOO_MANY", "Guard", "lay_switches", "switches"]
