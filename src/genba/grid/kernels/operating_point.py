"""A solved base as the lanes of an outage study read it: by position in the order of elimination."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import PQ, REFERENCE, Bools, Floats, Ints, Phasors
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
        factors: of the Jacobian, with rows of given unknowns those of the identity: whatever stands in their
            columns meets a change of 0.
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
    structure = model.plan.structure
    entries = model.admittance.values(schedule.branch_on)
    places, factors = np.arange(len(entries)), factors_of(structure)
    moved = structure._replace(entry_places=places)
    ended, diagonal, admittance, voltage, free, live, given = _factorized(
        moved, structure.entry_places, entries, schedule.island, state.kind, state.at.voltage, factors
    )
    if ended != HOLDS:
        return None
    start, columns = structure.entry_start, structure.entry_columns
    return Point(moved, factors, start, columns, diagonal, admittance, voltage, free, live, references=given)


@kernel
def _factorized(
    structure: Structure, places: Ints, entries: Phasors, island: Ints, kind: Ints, voltage: Phasors,
    factors: Factors
) -> tuple[int, Ints, Floats, Floats, Floats, Floats, Ints]:  # fmt: skip
    """Factorize the Jacobian; give how that ended, and what `_by_position` gives.

    Arguments:
        structure: as in `Point`.
        places: where each of its entries stands among `entries`, shape (nnz,).
        entries: of Y, shape (nnz,), p.u.
        island: island of each bus, 0 when de-energised, shape (n,).
        kind: PQ, PV or REFERENCE, shape (n,).
        voltage: by bus, shape (n,), p.u.
        factors: receives them.
    """
    pattern = structure.entry_start, structure.entry_columns, places
    found = _by_position(structure.order, pattern, entries, island > 0, kind, voltage)
    diagonal, admittance, at, free, live, given = found
    blocks = np.empty((len(entries), 4))
    _jacobian(structure.entry_start, structure.entry_columns, diagonal, admittance, at, free, blocks)
    ended = factorize(structure, blocks, factors)
    return ended, diagonal, admittance, at, free, live, np.flatnonzero(given)


@kernel
def _by_position(
    order: Ints, pattern: tuple[Ints, Ints, Ints], entries: Phasors, live: Bools, kind: Ints, voltage: Phasors
) -> tuple[Ints, Floats, Floats, Floats, Floats, Bools]:
    """Give diagonal, admittance, voltage, free, live and whether the angle is given, as in `Point`."""
    (start, columns, places), n = pattern, len(order)
    diagonal, admittance = np.empty(n, np.int64), np.empty((len(places), 2))
    at, free, energised = np.empty((n, 2)), np.empty((n, 2)), np.empty(n)
    given = np.empty(n, np.bool_)
    for i in range(n):
        bus = order[i]
        at[i, 0], at[i, 1] = voltage[bus].real, voltage[bus].imag
        energised[i], given[i] = 1.0 if live[bus] else 0.0, live[bus] and kind[bus] == REFERENCE
        free[i, 0] = 0.0 if given[i] else energised[i]
        free[i, 1] = energised[i] if kind[bus] == PQ else 0.0
        for place in range(start[i], start[i + 1]):
            admittance[place, 0], admittance[place, 1] = (
                entries[places[place]].real, entries[places[place]].imag
            )  # fmt: skip
            if columns[place] == i:
                diagonal[i] = place
    return diagonal, admittance, at, free, energised, given


@kernel
def _jacobian(
    start: Ints, columns: Ints, diagonal: Ints, admittance: Floats, v: Floats, free: Floats, blocks: Floats
) -> None:
    """Fill the blocks dP/da, dP/du, dQ/da, dQ/du of every entry of Y, shape (nnz, 4).

    Source: Zimmerman (2010), AC power flows and their derivatives, MATPOWER technical note 2.
    """
    for i in range(len(v)):
        p, q = 0.0, 0.0
        for place in range(start[i], start[i + 1]):
            j = columns[place]
            real, imaginary = sent(admittance[place, 0], admittance[place, 1], v[i], v[j])
            p += real
            q += imaginary
            # i sends T because of j: dS_i/da_j = -jT and dS_i/du_j = T
            blocks[place, 0], blocks[place, 1] = imaginary, real
            blocks[place, 2], blocks[place, 3] = -real, imaginary
        own = diagonal[i]
        blocks[own, 0] -= q
        blocks[own, 1] += p
        blocks[own, 2] += p
        blocks[own, 3] += q
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
