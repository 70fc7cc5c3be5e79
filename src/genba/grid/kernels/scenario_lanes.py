"""Eight scenarios of a grid posed side by side, and what their states show."""

import math
from typing import NamedTuple

import numpy as np

from genba.grid.kernels.headroom import NEGLIGIBLE
from genba.grid.kernels.lane_numbers import cross
from genba.grid.kernels.network import PQ, Bools, Floats, Ints
from genba.num.jit import inlined, kernel
from genba.num.lu.lanes import LANES, Lane, larger, load, plus, product, scaled, times, total

FIGURES = 8
GENERATION, LOAD, UNSERVED, LOSSES, LOWEST, HIGHEST, LOADING, LIMITED = range(FIGURES)
"""Rows of the figures of a scenario, in MW, p.u. and %."""
PLACES = 5
LOWEST_BUS, HIGHEST_BUS, BRANCH, VOLTAGES, OVERLOADS = range(PLACES)
"""Rows of the places and counts of a scenario; places by row of the case, -1 for none."""


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


def posed_of(fixture: Fixture) -> Posed:
    """Give room for eight scenarios."""
    n, g, islands = len(fixture.island), len(fixture.unit_bus), len(fixture.reference_unit)
    return Posed(
        p=np.empty((g, LANES)),
        weights=np.empty((g, LANES)),
        setpoint=np.empty((n, LANES)),
        lowest=np.empty((n, LANES)),
        highest=np.empty((n, LANES)),
        scheduled=np.empty((2, n, LANES)),
        free_magnitude=np.empty((1, n, LANES)),
        share=np.empty((1, n, LANES)),
        side=np.zeros((n, LANES), np.int64),
        upwards=np.ones((islands, LANES), np.bool_),
    )


@inlined
def _row(column: Floats, scenario: int) -> int:
    """Give the row of a column that holds a scenario's values."""
    return scenario if column.shape[0] > 1 else 0


@kernel
def pose(fixture: Fixture, columns: Columns, members: Ints, posed: Posed, vm: Floats) -> None:
    """Write what is to be solved, and set points over the first magnitudes where they are held.

    Arguments:
        fixture: what all share.
        columns: of the block that the scenarios belong to.
        members: the scenarios, by row of the block, shape (8,).
        posed: with `p`, `side` and `upwards`; the rest is written.
        vm: first magnitudes, shape (n, 8).
    """
    _weigh(fixture, columns, members, posed)
    for lane in range(LANES):
        for bus in range(len(fixture.island)):
            posed.setpoint[bus, lane] = 1.0
            posed.lowest[bus, lane], posed.highest[bus, lane] = 0.0, 0.0
            posed.scheduled[0, bus, lane], posed.scheduled[1, bus, lane] = 0.0, 0.0
            posed.share[0, bus, lane] = 0.0
        _pose_units(fixture, columns, members[lane], posed, lane)
        _pose_buses(fixture, columns, members[lane], posed, lane)
        for bus in range(len(fixture.island)):
            if posed.free_magnitude[0, bus, lane] == 0.0 and fixture.island[bus] > 0:
                vm[bus, lane] = posed.setpoint[bus, lane]


@kernel
def _weigh(fixture: Fixture, columns: Columns, members: Ints, posed: Posed) -> None:
    """Share the slack of each island among its units."""
    unit, weights = fixture.reference_unit, posed.weights
    room = np.zeros((len(unit), LANES))
    weights[:] = 0.0
    if fixture.distributed:
        for k in range(len(fixture.unit_bus)):
            island = fixture.island[fixture.unit_bus[k]]
            if not fixture.unit_on[k] or island == 0:
                continue
            for lane in range(LANES):
                row = members[lane]
                most = columns.pmax[_row(columns.pmax, row), k] / fixture.base_mva
                least = columns.pmin[_row(columns.pmin, row), k] / fixture.base_mva
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


@kernel
def _pose_units(fixture: Fixture, columns: Columns, row: int, posed: Posed, lane: int) -> None:
    """Add what the units in service do at their buses."""
    base = fixture.base_mva
    vg, qg = columns.vg[_row(columns.vg, row)], columns.qg[_row(columns.qg, row)]
    qmin, qmax = columns.qmin[_row(columns.qmin, row)], columns.qmax[_row(columns.qmax, row)]
    for k in range(len(fixture.unit_bus)):
        if not fixture.unit_on[k]:
            continue
        bus = fixture.unit_bus[k]
        posed.setpoint[bus, lane] = vg[k]
        posed.lowest[bus, lane] += qmin[k] / base
        posed.highest[bus, lane] += qmax[k] / base
        posed.scheduled[0, bus, lane] += posed.p[k, lane]
        posed.share[0, bus, lane] += posed.weights[k, lane]
        if fixture.kind[bus] == PQ:
            posed.scheduled[1, bus, lane] += qg[k] / base


@kernel
def _pose_buses(fixture: Fixture, columns: Columns, row: int, posed: Posed, lane: int) -> None:
    """Take the demand off, and say whether magnitudes are free."""
    pd, qd = columns.pd[_row(columns.pd, row)], columns.qd[_row(columns.qd, row)]
    for bus in range(len(fixture.island)):
        side = posed.side[bus, lane]
        kind = fixture.kind[bus] if side == 0 else PQ
        if side != 0:
            held = posed.highest[bus, lane] if side > 0 else posed.lowest[bus, lane]
            posed.scheduled[1, bus, lane] = held
        if fixture.island[bus] > 0:
            posed.scheduled[0, bus, lane] -= pd[bus] / fixture.base_mva
            posed.scheduled[1, bus, lane] -= qd[bus] / fixture.base_mva
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
            taken = columns.pd[_row(columns.pd, row), bus] + columns.gs[_row(columns.gs, row), bus]
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
            given = columns.ratio[_row(columns.ratio, members[lane]), k]
            shift = columns.shift[_row(columns.shift, members[lane]), k] * (math.pi / 180.0)
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
            y[diagonal[bus], 0, lane] += columns.gs[_row(columns.gs, row), bus] / fixture.base_mva
            y[diagonal[bus], 1, lane] += columns.bs[_row(columns.bs, row), bus] / fixture.base_mva
    return y


@kernel
def figures_of(
    fixture: Fixture,
    columns: Columns,
    members: Ints,
    posed: Posed,
    v: Floats,
    slack: Floats,
    ports: Floats,
) -> tuple[Floats, Ints]:
    """Give what eight solved states show, shapes (FIGURES, 8) and (PLACES, 8).

    Arguments:
        fixture: what all share.
        columns: of the block.
        members: the scenarios, by row of the block, shape (8,).
        posed: as they were solved.
        v: real and imaginary voltages, shape (2, n, 8).
        slack: power that each island's units add, shape (islands + 1, 8), p.u.
        ports: two-ports of the branches by parts, shape (m, 8) or (m, 8, 8).
    """
    figures, places = np.zeros((FIGURES, LANES)), np.full((PLACES, LANES), -1)
    figures[LOWEST], figures[HIGHEST], figures[LOADING] = math.inf, -math.inf, -1.0
    places[VOLTAGES], places[OVERLOADS] = 0, 0
    _sum_power(fixture, columns, members, posed, slack, figures)
    _find_voltages(fixture, posed, v, figures, places)
    _find_loadings(fixture, columns, members, v, ports, figures, places)
    for lane in range(LANES):
        if places[BRANCH, lane] >= 0:
            figures[LOADING, lane] = 100.0 * math.sqrt(figures[LOADING, lane])
        else:
            figures[LOADING, lane] = math.nan
        if places[LOWEST_BUS, lane] < 0:
            figures[LOWEST, lane], figures[HIGHEST, lane] = math.nan, math.nan
    return figures, places


@kernel
def _sum_power(
    fixture: Fixture, columns: Columns, members: Ints, posed: Posed, slack: Floats, figures: Floats
) -> None:
    for lane in range(LANES):
        row = members[lane]
        load, unserved, given = 0.0, 0.0, 0.0
        for bus in range(len(fixture.island)):
            demand = columns.pd[_row(columns.pd, row), bus]
            if fixture.island[bus] > 0:
                load += demand
            else:
                unserved += demand
        for k in range(len(fixture.unit_bus)):
            if fixture.unit_on[k]:
                island = fixture.island[fixture.unit_bus[k]]
                given += posed.p[k, lane] + posed.weights[k, lane] * slack[island, lane]
        figures[LOAD, lane], figures[UNSERVED, lane] = load, unserved
        figures[GENERATION, lane] = given * fixture.base_mva
        figures[LOSSES, lane] = figures[GENERATION, lane] - load


@kernel
def _find_voltages(fixture: Fixture, posed: Posed, v: Floats, figures: Floats, places: Ints) -> None:
    for bus in range(len(fixture.island)):
        if fixture.island[bus] == 0:
            continue
        low, high = fixture.vmin[bus], fixture.vmax[bus]
        for lane in range(LANES):
            magnitude = math.sqrt(v[0, bus, lane] * v[0, bus, lane] + v[1, bus, lane] * v[1, bus, lane])
            if magnitude < figures[LOWEST, lane]:
                figures[LOWEST, lane], places[LOWEST_BUS, lane] = magnitude, bus
            if magnitude > figures[HIGHEST, lane]:
                figures[HIGHEST, lane], places[HIGHEST_BUS, lane] = magnitude, bus
            if magnitude < low * (1.0 - fixture.band) or magnitude > high * (1.0 + fixture.band):
                places[VOLTAGES, lane] += 1
            if posed.side[bus, lane] != 0:
                figures[LIMITED, lane] += 1.0


@kernel
def _find_loadings(
    fixture: Fixture,
    columns: Columns,
    members: Ints,
    v: Floats,
    ports: Floats,
    figures: Floats,
    places: Ints,
) -> None:
    """Find the largest loading by its square, and count overloads."""
    most = (1.0 + fixture.band) * (1.0 + fixture.band)
    for k in range(len(fixture.from_bus)):
        if not fixture.flowing[k]:
            continue
        squares = _larger_square(v, ports, fixture.from_bus[k], fixture.to_bus[k], k)
        for lane in range(LANES):
            rating = columns.rate_a[_row(columns.rate_a, members[lane]), k] / fixture.base_mva
            if rating <= 0.0:
                continue
            share = squares[lane] / (rating * rating)
            if share > figures[LOADING, lane]:
                figures[LOADING, lane], places[BRANCH, lane] = share, k
            if share > most:
                places[OVERLOADS, lane] += 1


@kernel
def _larger_square(v: Floats, ports: Floats, f: int, t: int, k: int) -> Lane:
    """Give the square of the larger apparent power of both ends."""
    from_end = _square(v, ports, f, t, k, 0)
    to_end = _square(v, ports, f, t, k, 4)
    own = load(v, 0, f), load(v, 1, f)
    other = load(v, 0, t), load(v, 1, t)
    at_from = product(from_end, times(own[0], own[0], own[1], own[1]))
    at_to = product(to_end, times(other[0], other[0], other[1], other[1]))
    return larger(at_from, at_to)


@kernel
def _square(v: Floats, ports: Floats, f: int, t: int, k: int, part: int) -> Lane:
    """Give the square of the current into one end, whose two-port row begins at a part."""
    re_f, im_f, re_t, im_t = load(v, 0, f), load(v, 1, f), load(v, 0, t), load(v, 1, t)
    if ports.ndim == 2:
        a, b, c, d = ports[k, part], ports[k, part + 1], ports[k, part + 2], ports[k, part + 3]
        re = plus(scaled(a, re_f, -b, im_f), c, re_t, -d, im_t)
        im = plus(scaled(a, im_f, b, re_f), c, im_t, d, re_t)
    else:
        g, h = load(ports, k, part), load(ports, k, part + 1)
        i, j = load(ports, k, part + 2), load(ports, k, part + 3)
        re = total(cross(g, re_f, h, im_f), cross(i, re_t, j, im_t))
        im = total(times(g, im_f, h, re_f), times(i, im_t, j, re_t))
    return times(re, re, im, im)


@kernel
def unit_reactive(fixture: Fixture, columns: Columns, members: Ints, posed: Posed, excess: Floats) -> Floats:
    """Give the reactive output of every unit, shape (g, 8), p.u.; as `reactive_limits.shared` shares it.

    Arguments:
        fixture: what all share.
        columns: of the block.
        members: the scenarios, by row of the block, shape (8,).
        posed: as they were solved.
        excess: power that leaves each bus beyond what is scheduled, shape (2, n, 8), p.u.
    """
    base, n = fixture.base_mva, len(fixture.island)
    count, output = np.zeros(n), np.zeros((len(fixture.unit_bus), LANES))
    for k in range(len(fixture.unit_bus)):
        if fixture.unit_on[k]:
            count[fixture.unit_bus[k]] += 1.0
    for k in range(len(fixture.unit_bus)):
        bus = fixture.unit_bus[k]
        if not fixture.unit_on[k]:
            continue
        for lane in range(LANES):
            row, side = members[lane], posed.side[bus, lane]
            low = columns.qmin[_row(columns.qmin, row), k] / base
            high = columns.qmax[_row(columns.qmax, row), k] / base
            width = posed.highest[bus, lane] - posed.lowest[bus, lane]
            given = excess[1, bus, lane]
            if side != 0:
                output[k, lane] = high if side > 0 else low
            elif fixture.kind[bus] == PQ:
                output[k, lane] = columns.qg[_row(columns.qg, row), k] / base
            elif math.isfinite(width) and width != 0.0:
                output[k, lane] = low + (given - posed.lowest[bus, lane]) * (high - low) / width
            else:
                output[k, lane] = given / count[bus]
    return output
