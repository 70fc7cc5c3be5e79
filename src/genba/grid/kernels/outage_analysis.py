"""A solved base as an outage study reads it: its factors, what branches hold together, and its limits.

On small grids an analysis piece by piece takes as long as the study: every call has arrays to hand over, and
code to bring into empty caches. So all of it is one call of a kernel.
"""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.limits import Limits
from genba.grid.kernels.network import PQ, REFERENCE, Bools, Floats, Ints, Phasors
from genba.grid.kernels.operating_point import Point, Terms, factorized, terms_of
from genba.grid.kernels.outage_changes import Branches
from genba.grid.kernels.outage_inverse import Inverse, inverse_of
from genba.grid.kernels.outage_lanes import Plans
from genba.grid.kernels.outage_limits import Watch, watch_of
from genba.grid.kernels.partings import Partings, partings
from genba.grid.kernels.steady_state import Model, Schedule, State
from genba.num.jit import kernel
from genba.num.lu.factor import HOLDS
from genba.num.lu.structure import Structure


class Analysis(NamedTuple):
    """What all outages of a base have in common.

    Arguments:
        point: the base by position.
        inverse: blocks of the inverse of its Jacobian.
        parts: what each branch holds together.
        branches: two-ports by position.
        watch: the limits.
        plans: what is produced where the references alone make up for what is missing.
        need: demand less output, losses left out, p.u.
    """

    point: Point
    inverse: Inverse
    parts: Partings
    branches: Branches
    watch: Watch
    plans: Plans
    need: float


def analysis_of(
    model: Model,
    schedule: Schedule,
    state: State,
    *,
    limits: Limits,
    excess: Floats,
    band: float,
    worse_by: float,
) -> Analysis | None:
    """Analyse a solved base; None where its Jacobian has no factors without pivoting.

    Arguments:
        model: the grid.
        schedule: what is in service; outputs are those of the solved base.
        state: the solved base.
        limits: k limits.
        excess: of each in the base, shape (k,), %; NaN where its element is out of service.
        band: share of a limit by which rounding may pass it.
        worse_by: growth of the excess from which a limit broken in the base counts, %.
    """
    network = model.network
    of_units = network.unit_s, network.unit_qmin, network.unit_qmax
    ended, found = _analysed(
        model.plan.structure,
        terms_of(model.admittance),
        (network.from_bus, network.to_bus, schedule.branch_on),
        (network.unit_bus, schedule.unit_on, schedule.p, *of_units),
        (schedule.island, state.kind, state.side, network.demand, network.shunt, state.at.voltage),
        (limits.kind, limits.row, limits.limit, excess),
        (band, worse_by),
    )
    return found if ended == HOLDS else None


@kernel
def _analysed(
    structure: Structure,
    terms: Terms,
    branches: tuple[Ints, Ints, Bools],
    units: tuple[Ints, Bools, Floats, Phasors, Floats, Floats],
    buses: tuple[Ints, Ints, Ints, Phasors, Phasors, Phasors],
    limits: tuple[Ints, Ints, Floats, Floats],
    counting: tuple[float, float],
) -> tuple[int, Analysis]:
    """Give how the factorisation ended, and all that `Analysis` holds.

    Arguments:
        structure: of the Jacobian.
        terms: what Y is made of.
        branches: from and to bus, whether in service, shape (m,) each.
        units: bus, whether in service, active output, power and reactive limits, shape (g,) each, p.u.
        buses: island, kind, side, demand, shunt and voltage, shape (n,) each, p.u.
        limits: kind, row, limit and excess, shape (k,) each.
        counting: band and `worse_by`.
    """
    (f, t, on), (bus, running, p, s, lowest, highest) = branches, units
    (island, kind, side, demand, shunt, voltage), position = buses, structure.position
    ended, point = factorized(structure, terms, on, (island, kind, voltage))
    parts = partings(branches, (bus, running, p), (island, demand, shunt, kind == REFERENCE))
    two_ports = _branches(f, t, terms[0], position)
    watch = watch_of(limits, counting, position, point.free, two_ports.admittance)
    produced = _produced((bus, running, p, s), (kind, side, lowest, highest), demand, island, position)
    plans = Plans(produced, np.zeros((1, 2, len(island))), position[parts.preorder])
    need = -p.sum()
    for i in range(len(island)):
        if island[i] > 0:
            need += demand[i].real + shunt[i].real
    return ended, Analysis(point, inverse_of(point), parts, two_ports, watch, plans, need)


@kernel
def _branches(f: Ints, t: Ints, two_port: Phasors, position: Ints) -> Branches:
    """Give the two-ports by position; shape (4, m) before."""
    ends, admittance = np.empty((len(f), 2), np.int64), np.empty((len(f), 8))
    for row in range(len(f)):
        ends[row, 0], ends[row, 1] = position[f[row]], position[t[row]]
        for term in range(4):
            y = two_port[term, row]
            admittance[row, 2 * term], admittance[row, 2 * term + 1] = y.real, y.imag
    return Branches(ends, admittance)


@kernel
def _produced(
    units: tuple[Ints, Bools, Floats, Phasors],
    held: tuple[Ints, Ints, Floats, Floats],
    demand: Phasors,
    island: Ints,
    position: Ints,
) -> Floats:
    """Give what is produced by position, shape (1, n, 2), p.u.

    Arguments:
        units: bus, whether in service, active output and power of each unit, shape (g,) each, p.u.
        held: kind and side of each bus, shape (n,) each; reactive limits of each unit, shape (g,) each, p.u.
        demand: of each bus, shape (n,), p.u.
        island: island of each bus, 0 when de-energised, shape (n,).
        position: of each bus, shape (n,).
    """
    (bus, on, p, s), (kind, side, lowest, highest), n = units, held, len(demand)
    power = np.zeros((1, n, 2))
    for i in range(n):
        power[0, position[i], 0], power[0, position[i], 1] = -demand[i].real, -demand[i].imag
    for k in range(len(bus)):
        if on[k]:
            i, at = bus[k], position[bus[k]]
            power[0, at, 0] += p[k]
            if side[i] != 0:
                power[0, at, 1] += highest[k] if side[i] > 0 else lowest[k]
            elif kind[i] == PQ:
                power[0, at, 1] += s[k].imag
    for i in range(n):
        if island[i] <= 0:
            power[0, position[i], 0], power[0, position[i], 1] = 0.0, 0.0
    return power


__all__ = ["Analysis", "analysis_of"]
