"""Eight scenarios of a grid posed side by side."""

import math
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.headroom import NEGLIGIBLE
from genba.grid.kernels.network import PQ, Bools, Floats, Ints
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import LANES, aligned


class Columns(NamedTuple):
    """Columns of a case that scenarios may change, in the case's units.

    Each has shape (scenarios, rows), or (1, rows) where no scenario changes it; `pd` to `bs` of buses, `pg`
    to `pmin` of units, `ratio` to `rate_a` of branches.
    """

    pd: Floats
    qd: Floats
    gs: Floats
    bs: Floats
    pg: Floats
    qg: Floats
    vg: Floats
    qmax: Floats
    qmin: Floats
    pmax: Floats
    pmin: Floats
    ratio: Floats
    shift: Floats
    rate_a: Floats


class Fixture(NamedTuple):
    """What no scenario changes.

    Arguments:
        base_mva: power base, MVA.
        island: island of each bus, 0 when de-energised, shape (n,).
        kind: PQ, PV or REFERENCE before reactive limits, shape (n,).
        unit_bus: bus row of each unit, shape (g,).
        unit_on: units in service, shape (g,).
        reference_unit: first unit at each island's reference bus, -1 for none, shape (islands + 1,).
        vmin, vmax: limits of each bus, p.u.
        from_bus, to_bus: bus rows at the ends of each branch, shape (m,).
        flowing: branches that carry power, shape (m,).
        distributed: whether more than the reference buses produce slack.
        band: share of a limit by which rounding may pass it.
    """

    base_mva: float
    island: Ints
    kind: Ints
    unit_bus: Ints
    unit_on: Bools
    reference_unit: Ints
    vmin: Floats
    vmax: Floats
    from_bus: Ints
    to_bus: Ints
    flowing: Bools
    distributed: bool
    band: float


class Posed(NamedTuple):
    """Eight scenarios as they are to be solved; n buses, g units, last axis the lanes.

    Arguments:
        p: active output asked of each unit, shape (g, 8), p.u.
        weights: what part of its island's slack each unit produces, shape (g, 8).
        setpoint: voltage that the units of each bus hold, shape (n, 8).
        lowest: smallest reactive output of the units at each bus, shape (n, 8), p.u.
        highest: the largest.
        scheduled: power injected by units less demand, shape (2, n, 8), p.u.
        free_magnitude: 1 where a bus's magnitude is unknown, shape (1, n, 8).
        share: what part of its island's slack a bus produces, shape (1, n, 8).
        side: 1 at buses held at their upper reactive limit, -1 at the lower, else 0, shape (n, 8).
        upwards: direction of each island's slack, shape (islands + 1, 8).
        room: headroom of each island's units that way, shape (islands + 1, 8), p.u.
    """

    p: Floats
    weights: Floats
    setpoint: Floats
    lowest: Floats
    highest: Floats
    scheduled: Floats
    free_magnitude: Floats
    share: Floats
    side: Ints
    upwards: Bools
    room: Floats


def posed_of(fixture: Fixture) -> Posed:
    """Give room for eight scenarios."""
    n, g, islands = len(fixture.island), len(fixture.unit_bus), len(fixture.reference_unit)
    return Posed(
        p=np.empty((g, LANES)),
        weights=np.empty((g, LANES)),
        setpoint=np.empty((n, LANES)),
        lowest=np.empty((n, LANES)),
        highest=np.empty((n, LANES)),
        scheduled=aligned(2, n),
        free_magnitude=aligned(1, n),
        share=aligned(1, n),
        side=np.zeros((n, LANES), np.int64),
        upwards=np.ones((islands, LANES), np.bool_),
        room=np.empty((islands, LANES)),
    )


@inlined
def row_of(column: Floats, scenario: int) -> int:
    """Give the row of a column that holds a scenario's values."""
    return scenario if column.shape[0] > 1 else 0


@borrowing
def pose(fixture: Fixture, columns: Columns, members: Ints, posed: Posed, vm: Floats) -> None:
    """Write what is to be solved, and set points over the first magnitudes where they are held.

    Arguments:
        fixture: what all share.
        columns: of the block that the scenarios belong to.
        members: the scenarios, by row of the block, shape (8,).
        posed: with `p`, `side` and `upwards`; the rest is written.
        vm: first magnitudes, shape (1, n, 8).
    """
    _weigh(fixture, columns, members, posed)
    for bus in range(len(fixture.island)):
        for lane in range(LANES):
            posed.setpoint[bus, lane] = 1.0
            posed.lowest[bus, lane], posed.highest[bus, lane] = 0.0, 0.0
            posed.scheduled[0, bus, lane], posed.scheduled[1, bus, lane] = 0.0, 0.0
            posed.share[0, bus, lane] = 0.0
    for k in range(len(fixture.unit_bus)):
        if fixture.unit_on[k]:
            _pose_unit(fixture, columns, members, posed, k)
    for bus in range(len(fixture.island)):
        _pose_bus(fixture, columns, members, posed, bus)
        for lane in range(LANES):
            if posed.free_magnitude[0, bus, lane] == 0.0 and fixture.island[bus] > 0:
                vm[0, bus, lane] = posed.setpoint[bus, lane]


@borrowing
def _weigh(fixture: Fixture, columns: Columns, members: Ints, posed: Posed) -> None:
    """Share the slack of each island among its units."""
    unit, weights, room = fixture.reference_unit, posed.weights, posed.room
    room[:, :] = 0.0
    weights[:, :] = 0.0
    if fixture.distributed:
        for k in range(len(fixture.unit_bus)):
            island = fixture.island[fixture.unit_bus[k]]
            if not fixture.unit_on[k] or island == 0:
                continue
            for lane in range(LANES):
                row = members[lane]
                most = columns.pmax[row_of(columns.pmax, row), k] / fixture.base_mva
                least = columns.pmin[row_of(columns.pmin, row), k] / fixture.base_mva
                up = posed.upwards[island, lane]
                left = most - posed.p[k, lane] if up else posed.p[k, lane] - least
                weights[k, lane] = left if left > NEGLIGIBLE else 0.0
                room[island, lane] += weights[k, lane]
        for k in range(len(fixture.unit_bus)):
            island = fixture.island[fixture.unit_bus[k]]
            for lane in range(LANES):
                if room[island, lane] > 0.0:
                    weights[k, lane] /= room[island, lane]
    for island in range(1, len(unit)):
        for lane in range(LANES):
            if room[island, lane] == 0.0 and unit[island] >= 0:
                weights[unit[island], lane] = 1.0


@borrowing
def _pose_unit(fixture: Fixture, columns: Columns, members: Ints, posed: Posed, k: int) -> None:
    """Add what a unit in service does at its bus."""
    base, bus = fixture.base_mva, fixture.unit_bus[k]
    for lane in range(LANES):
        row = members[lane]
        posed.setpoint[bus, lane] = columns.vg[row_of(columns.vg, row), k]
        posed.lowest[bus, lane] += columns.qmin[row_of(columns.qmin, row), k] / base
        posed.highest[bus, lane] += columns.qmax[row_of(columns.qmax, row), k] / base
        posed.scheduled[0, bus, lane] += posed.p[k, lane]
        posed.share[0, bus, lane] += posed.weights[k, lane]
        if fixture.kind[bus] == PQ:
            posed.scheduled[1, bus, lane] += columns.qg[row_of(columns.qg, row), k] / base


@borrowing
def _pose_bus(fixture: Fixture, columns: Columns, members: Ints, posed: Posed, bus: int) -> None:
    """Take a bus's demand off, and say whether its magnitude is free."""
    base, energised = fixture.base_mva, fixture.island[bus] > 0
    for lane in range(LANES):
        row, side = members[lane], posed.side[bus, lane]
        kind = fixture.kind[bus] if side == 0 else PQ
        if side != 0:
            held = posed.highest[bus, lane] if side > 0 else posed.lowest[bus, lane]
            posed.scheduled[1, bus, lane] = held
        if energised:
            posed.scheduled[0, bus, lane] -= columns.pd[row_of(columns.pd, row), bus] / base
            posed.scheduled[1, bus, lane] -= columns.qd[row_of(columns.qd, row), bus] / base
            posed.free_magnitude[0, bus, lane] = 1.0 if kind == PQ else 0.0
        else:
            posed.scheduled[0, bus, lane], posed.scheduled[1, bus, lane] = 0.0, 0.0
            posed.free_magnitude[0, bus, lane] = 0.0


@kernel
def expect(fixture: Fixture, columns: Columns, members: Ints, posed: Posed) -> None:
    """Write the direction in which each island's slack is expected, from demand, shunts and outputs."""
    need = np.zeros((len(fixture.reference_unit), LANES))
    for lane in range(LANES):
        row = members[lane]
        for bus in range(len(fixture.island)):
            taken = columns.pd[row_of(columns.pd, row), bus] + columns.gs[row_of(columns.gs, row), bus]
            need[fixture.island[bus], lane] += taken / fixture.base_mva
        for k in range(len(fixture.unit_bus)):
            if fixture.unit_on[k]:
                need[fixture.island[fixture.unit_bus[k]], lane] -= posed.p[k, lane]
    posed.upwards[:] = need >= 0.0


@kernel
def ports_of(
    impedance_re: Floats, impedance_im: Floats, charging: Floats, columns: Columns, members: Ints
) -> Floats:
    """Give yff, yft, ytf, ytt of every branch and lane, real and imaginary, shape (m, 8 parts, 8)."""
    ports = np.empty((len(charging), 8, LANES))
    for k in range(len(charging)):
        r, x = impedance_re[k], impedance_im[k]
        size = r * r + x * x
        g, b = r / size, -x / size
        for lane in range(LANES):
            given = columns.ratio[row_of(columns.ratio, members[lane]), k]
            shift = columns.shift[row_of(columns.shift, members[lane]), k] * (math.pi / 180.0)
            turns = 1.0 if given == 0.0 else given
            c, s = math.cos(shift) / turns, math.sin(shift) / turns
            ports[k, 0, lane] = g / (turns * turns)
            ports[k, 1, lane] = (b + 0.5 * charging[k]) / (turns * turns)
            ports[k, 2, lane], ports[k, 3, lane] = -(g * c - b * s), -(g * s + b * c)
            ports[k, 4, lane], ports[k, 5, lane] = -(g * c + b * s), -(b * c - g * s)
            ports[k, 6, lane], ports[k, 7, lane] = g, b + 0.5 * charging[k]
    return ports


@kernel
def admittance_lanes(
    fixture: Fixture, columns: Columns, members: Ints, ports: Floats, places: Ints, diagonal: Ints, size: int
) -> Floats:
    """Give the entries of Y of every lane, shape (nnz, 2, 8)."""
    y = np.zeros((size, 2, LANES))
    for k in range(len(ports)):
        if fixture.flowing[k]:
            for term in range(4):
                for lane in range(LANES):
                    y[places[term, k], 0, lane] += ports[k, 2 * term, lane]
                    y[places[term, k], 1, lane] += ports[k, 2 * term + 1, lane]
    for bus in range(len(diagonal)):
        for lane in range(LANES):
            row = members[lane]
            y[diagonal[bus], 0, lane] += columns.gs[row_of(columns.gs, row), bus] / fixture.base_mva
            y[diagonal[bus], 1, lane] += columns.bs[row_of(columns.bs, row), bus] / fixture.base_mva
    return y
