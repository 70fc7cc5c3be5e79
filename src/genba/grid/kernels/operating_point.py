"""A solved base as the lanes of an outage study read it: by position in the order of elimination."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import PQ, REFERENCE, Floats, Ints
from genba.grid.kernels.steady_state import Model, Schedule, State
from genba.num.jit import kernel
from genba.num.lu.factor import HOLDS, Factors, factorize, factors_of
from genba.num.lu.structure import Structure


class Point(NamedTuple):
    """A base and the factors of its Jacobian; unknowns are each bus's angle and logarithm of the voltage.

    With the logarithm, a column of the Jacobian needs no division and an update no magnitude: the step (a, u)
    turns V into V (1 + u) exp(ja), which is what Newton's method in polar coordinates does.

    Arguments:
        structure: order of elimination; everything else stands by position in it.
        factors: of the Jacobian, with rows and columns of given unknowns those of the identity.
        start: first entry of each row of Y, shape (n + 1,).
        columns: position of the column of each entry, shape (nnz,).
        diagonal: entry of each bus on the diagonal, shape (n,).
        admittance: real and imaginary part of each entry, shape (nnz, 2).
        voltage: real and imaginary parts, shape (n, 2), p.u.
        free: 1 where P, or Q, is an equation, else 0; shape (n, 2).
        live: 1 at energised buses, else 0, shape (n,).
        references: positions whose angle is given, shape (r,).
    """

    structure: Structure
    factors: Factors
    start: Ints
    columns: Ints
    diagonal: Ints
    admittance: Floats
    voltage: Floats
    free: Floats
    live: Floats
    references: Ints


def point_of(model: Model, schedule: Schedule, state: State) -> Point | None:
    """Give a solved base by position; None when its Jacobian has no factors without pivoting."""
    admittance = model.admittance
    structure = model.plan.structure
    places, order = structure.entry_places, structure.order
    entries = admittance.values(schedule.branch_on)[places]
    live = schedule.island > 0
    free = np.stack([live & (state.kind != REFERENCE), live & (state.kind == PQ)], axis=1)
    diagonal = np.flatnonzero(
        np.repeat(np.arange(structure.n), np.diff(structure.entry_start)) == structure.entry_columns
    )
    point = Point(
        structure=structure._replace(entry_places=np.arange(len(places))),
        factors=factors_of(structure),
        start=structure.entry_start,
        columns=structure.entry_columns,
        diagonal=diagonal,
        admittance=np.stack([entries.real, entries.imag], axis=1),
        voltage=np.stack([state.at.voltage.real, state.at.voltage.imag], axis=1)[order],
        free=free[order].astype(float),
        live=live[order].astype(float),
        references=structure.position[np.flatnonzero(live & (state.kind == REFERENCE))],
    )
    blocks = np.empty((len(places), 4))
    _jacobian(point, blocks)
    return point if factorize(point.structure, blocks, point.factors) == HOLDS else None


@kernel
def _jacobian(point: Point, blocks: Floats) -> None:
    """Fill the blocks dP/da, dP/du, dQ/da, dQ/du of every entry of Y, shape (nnz, 4).

    Source: Zimmerman (2010), AC power flows and their derivatives, MATPOWER technical note 2.
    """
    start, columns, v, free = point.start, point.columns, point.voltage, point.free
    for i in range(len(v)):
        p, q = 0.0, 0.0
        for place in range(start[i], start[i + 1]):
            j = columns[place]
            real, imaginary = sent(point.admittance[place, 0], point.admittance[place, 1], v[i], v[j])
            p += real
            q += imaginary
            # i sends T because of j: dS_i/da_j = -jT and dS_i/du_j = T
            blocks[place, 0], blocks[place, 1] = imaginary * free[j, 0], real * free[j, 1]
            blocks[place, 2], blocks[place, 3] = -real * free[j, 0], imaginary * free[j, 1]
        own = point.diagonal[i]
        blocks[own, 0] -= q * free[i, 0]
        blocks[own, 1] += p * free[i, 1]
        blocks[own, 2] += p * free[i, 0]
        blocks[own, 3] += q * free[i, 1]
        for place in range(start[i], start[i + 1]):
            blocks[place, 0] *= free[i, 0]
            blocks[place, 1] *= free[i, 0]
            blocks[place, 2] *= free[i, 1]
            blocks[place, 3] *= free[i, 1]
        blocks[own, 0] += 1.0 - free[i, 0]
        blocks[own, 3] += 1.0 - free[i, 1]


@kernel
def sent(g: float, b: float, v: Floats, w: Floats) -> tuple[float, float]:
    """Give v conj(y w) for y = g + jb: the power that leaves voltage v because of w."""
    real, imaginary = g * w[0] - b * w[1], g * w[1] + b * w[0]
    return v[0] * real + v[1] * imaginary, v[1] * real - v[0] * imaginary


__all__ = ["Point", "point_of", "sent"]
