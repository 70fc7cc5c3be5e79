"""What outages take, by row: branches and a unit; and whether lanes can take them."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_changes import MOST
from genba.grid.kernels.partings import Partings
from genba.num.jit import kernel

NONE = -1
"""No branch, or no unit."""

Lists = tuple[Ints, Ints]
"""How many numbers each of k outages has, shape (k,), and all of them, one outage after the other."""


class Losses(NamedTuple):
    """What each of k outages takes, by row; NONE where it takes less than there is room for.

    Arguments:
        branches: branches lost, shape (k, 2).
        units: unit lost, shape (k,).
        plain: whether that is all of it, shape (k,).
        fits: whether lanes can take it, shape (k,).
        place: first position that it touches, shape (k,).
    """

    branches: Ints
    units: Ints
    plain: Bools
    fits: Bools
    place: Ints


def lists_of(rows: Sequence[Sequence[int]]) -> Lists:
    """Write the numbers of k outages as arrays."""
    return np.fromiter(map(len, rows), np.int64, len(rows)), np.fromiter(chain.from_iterable(rows), np.int64)


@kernel
def losses_of(
    branches: Lists,
    units: Lists,
    unit_fits: Bools,
    network: tuple[Ints, Ints, Bools, Ints],
    island: Ints,
    position: Ints,
    bridge: Bools,
    loses_reference: Bools,
    label: NDArray[np.uint64],
) -> Losses:
    """Write what outages take as rows of arrays, and tell which of them lanes can take.

    Arguments:
        branches: those that each outage takes.
        units: likewise.
        unit_fits: whether lanes can take each unit alone, shape (g,); of no length where none is lost.
        network: from and to bus of each branch, and whether in service, shape (m,) each; bus of each unit,
            shape (g,).
        island: island of each bus, shape (n,); of no length where lanes can take no outage.
        position: of each bus, shape (n,).
        bridge: as in `Partings`, shape (m,), and so are the last two.
    """
    (lost, numbers), (out, names), (f, t, on, unit_bus), count = branches, units, network, len(branches[0])
    taken, unit = np.full((count, MOST), NONE), np.full(count, NONE)
    plain, fits, place = np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.zeros(count, np.int64)
    branch_at, unit_at = 0, 0
    for k in range(count):
        for which in range(min(lost[k], MOST)):
            taken[k, which] = numbers[branch_at + which]
        if out[k] > 0:
            unit[k] = names[unit_at]
        plain[k] = (out[k] == 0 and 0 < lost[k] <= MOST) or (out[k] == 1 and lost[k] == 0)
        branch_at, unit_at = branch_at + lost[k], unit_at + out[k]
        one, two = taken[k, 0], taken[k, 1]
        if unit[k] != NONE:
            place[k] = position[unit_bus[unit[k]]]
            fits[k] = plain[k] and unit_fits[unit[k]]
        elif one != NONE:
            place[k] = min(position[f[one]], position[t[one]])
            fits[k] = plain[k] and (two == NONE or label[one] != label[two])
            for row in (one, two):
                if row != NONE and fits[k]:
                    fits[k] = on[row] and len(island) > 0 and island[f[row]] > 0 and f[row] != t[row]
                    fits[k] = fits[k] and not (bridge[row] and (loses_reference[row] or two != NONE))
    return Losses(taken, unit, plain, fits, place)


@kernel
def account(
    losses: Losses,
    parts: Partings,
    output: Floats,
    islanded: Bools,
    cut_off: Ints,
    load: Floats,
    generation: Floats,
) -> None:
    """Write what outages that lanes can take cut off.

    Arguments:
        losses: k outages.
        parts: what each branch holds together.
        output: of each unit, shape (g,), p.u.
        islanded: becomes whether demand or a unit is cut off, shape (k,).
        cut_off: becomes the number of buses cut off.
        load: becomes the demand cut off, p.u.
        generation: becomes the output lost, p.u.
    """
    for k in range(len(losses.units)):
        one, two, unit = losses.branches[k, 0], losses.branches[k, 1], losses.units[k]
        if not losses.fits[k]:
            continue
        if unit != NONE:
            generation[k] = output[unit]
        elif two == NONE:
            islanded[k], cut_off[k] = parts.islanded[one], parts.cut_off[one]
            load[k], generation[k] = parts.lost_load[one], parts.lost_generation[one]


__all__ = ["NONE", "Lists", "Losses", "account", "lists_of", "losses_of"]
