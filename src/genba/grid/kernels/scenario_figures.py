"""What the states of eight scenarios show: sums, extremes and their places, and the outputs of units."""

import math

import numpy as np

from genba.grid.kernels.lane_numbers import cross
from genba.grid.kernels.network import PQ, Floats, Ints
from genba.grid.kernels.scenario_lanes import Columns, Fixture, Posed, row_of
from genba.num.jit import borrowing, kernel
from genba.num.lu.lanes import LANES, Lane, larger, load, plus, product, scaled, times, total

FIGURES = 8
GENERATION, LOAD, UNSERVED, LOSSES, LOWEST, HIGHEST, LOADING, LIMITED = range(FIGURES)
"""Rows of the figures of a scenario, in MW, p.u. and %."""
PLACES = 5
LOWEST_BUS, HIGHEST_BUS, BRANCH, VOLTAGES, OVERLOADS = range(PLACES)
"""Rows of the places and counts of a scenario; places by row of the case, -1 for none."""


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
    """Give what eight solved states show, shapes (FIGURES, 8) and (PLACES, 8); arguments as there."""
    figures, places = np.empty((FIGURES, LANES)), np.empty((PLACES, LANES), np.int64)
    write_figures(fixture, columns, members, posed, v, slack, ports, figures, places)
    return figures, places


@borrowing
def write_figures(
    fixture: Fixture,
    columns: Columns,
    members: Ints,
    posed: Posed,
    v: Floats,
    slack: Floats,
    ports: Floats,
    figures: Floats,
    places: Ints,
) -> None:
    """Write what eight solved states show.

    Arguments:
        fixture: what all share.
        columns: of the block.
        members: the scenarios, by row of the block, shape (8,).
        posed: as they were solved.
        v: real and imaginary voltages, shape (2, n, 8).
        slack: power that each island's units add, shape (islands + 1, 8), p.u.
        ports: two-ports of the branches by parts, shape (m, 8) or (m, 8, 8).
        figures: becomes sums and extremes, shape (FIGURES, 8).
        places: becomes places and counts, shape (PLACES, 8).
    """
    figures[:, :], places[:, :] = 0.0, -1
    for lane in range(LANES):
        figures[LOWEST, lane], figures[HIGHEST, lane], figures[LOADING, lane] = math.inf, -math.inf, -1.0
        places[VOLTAGES, lane], places[OVERLOADS, lane] = 0, 0
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


@borrowing
def _sum_power(
    fixture: Fixture, columns: Columns, members: Ints, posed: Posed, slack: Floats, figures: Floats
) -> None:
    for lane in range(LANES):
        row = members[lane]
        load, unserved, given = 0.0, 0.0, 0.0
        for bus in range(len(fixture.island)):
            demand = columns.pd[row_of(columns.pd, row), bus]
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


@borrowing
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


@borrowing
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
            rating = columns.rate_a[row_of(columns.rate_a, members[lane]), k] / fixture.base_mva
            if rating <= 0.0:
                continue
            share = squares[lane] / (rating * rating)
            if share > figures[LOADING, lane]:
                figures[LOADING, lane], places[BRANCH, lane] = share, k
            if share > most:
                places[OVERLOADS, lane] += 1


@borrowing
def _larger_square(v: Floats, ports: Floats, f: int, t: int, k: int) -> Lane:
    """Give the square of the larger apparent power of both ends."""
    from_end = _square(v, ports, f, t, k, 0)
    to_end = _square(v, ports, f, t, k, 4)
    own = load(v, 0, f), load(v, 1, f)
    other = load(v, 0, t), load(v, 1, t)
    at_from = product(from_end, times(own[0], own[0], own[1], own[1]))
    at_to = product(to_end, times(other[0], other[0], other[1], other[1]))
    return larger(at_from, at_to)


@borrowing
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
            low = columns.qmin[row_of(columns.qmin, row), k] / base
            high = columns.qmax[row_of(columns.qmax, row), k] / base
            width = posed.highest[bus, lane] - posed.lowest[bus, lane]
            given = excess[1, bus, lane]
            if side != 0:
                output[k, lane] = high if side > 0 else low
            elif fixture.kind[bus] == PQ:
                output[k, lane] = columns.qg[row_of(columns.qg, row), k] / base
            elif math.isfinite(width) and width != 0.0:
                output[k, lane] = low + (given - posed.lowest[bus, lane]) * (high - low) / width
            else:
                output[k, lane] = given / count[bus]
    return output
