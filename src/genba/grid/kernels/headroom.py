"""Sharing an amount of power among units in proportion to what each can still move."""

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Network

NEGLIGIBLE = 1e-8
"""Headroom below this is rounding and counts as none, p.u."""


def headroom(network: Network, p: Floats, *, upwards: Bools) -> Floats:
    """Give how far each unit can move from `p` in its direction, shape (g,), p.u.; never negative."""
    room = np.where(upwards, network.unit_pmax - p, p - network.unit_pmin)
    return np.where(room > NEGLIGIBLE, room, 0.0)


def spread(network: Network, p: Floats, *, need: Floats, unit_group: Ints) -> Floats:
    """Give unit outputs after each group's need was spread over its headroom.

    Arguments:
        network: limits of the units.
        p: outputs before, shape (g,), p.u.
        need: what each group is to produce more (negative: less), shape (groups,), p.u.
        unit_group: group of each unit, shape (g,); units of group 0 do not move.

    Returns:
        Outputs after, shape (g,). A need beyond the headroom of its group is met as far as the headroom goes.
    """
    wanted = need[unit_group]
    room = np.where(unit_group > 0, headroom(network, p, upwards=wanted > 0), 0.0)
    total = np.bincount(unit_group, weights=room, minlength=len(need))
    used = np.divide(np.minimum(np.abs(need), total), total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(p + np.sign(wanted) * room * used[unit_group])


def shares(room: Floats, unit_group: Ints, *, fallback: Ints) -> Floats:
    """Give each unit's share of its group's slack, shape (g,); the shares of a group sum to 1.

    Arguments:
        room: headroom of each unit, shape (g,); only units of groups from 1 count.
        unit_group: group of each unit.
        fallback: the unit of each group that takes all where there is no headroom, shape (groups,); -1: none.
    """
    counted = np.where(unit_group > 0, room, 0.0)
    total = np.bincount(unit_group, weights=counted, minlength=len(fallback))
    share = np.divide(counted, total[unit_group], out=np.zeros_like(counted), where=total[unit_group] > 0)
    alone = fallback[(total == 0) & (fallback >= 0)]
    share[alone] = 1.0
    return share
