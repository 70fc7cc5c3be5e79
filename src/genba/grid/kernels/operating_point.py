"""A solved base as the lanes of an outage study read it: by position in the order of elimination."""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.admittance import Admittance, entries_of
from genba.grid.kernels.network import PQ, REFERENCE, Bools, Floats, Ints, Phasors
from genba.num.jit import kernel
from genba.num.lu.factor import Factors, factorize
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


Terms = tuple[Phasors, Ints, Phasors, Ints]
"""What Y is made of: two-ports, where each of their terms stands, shunts, and where those stand; as in
`Admittance`."""


def terms_of(admittance: Admittance) -> Terms:
    """Give what kernels make Y of."""
    return admittance.two_port, admittance.places, admittance.shunt, admittance.diagonal


@kernel
def factorized(
    structure: Structure, terms: Terms, branch_on: Bools, buses: tuple[Ints, Ints, Phasors]
) -> tuple[int, Point]:
    """Give how the factorisation of a base's Jacobian ended, and the base.

    Arguments:
        structure: of the Jacobian.
        terms: what Y is made of.
        branch_on: branches in service, shape (m,).
        buses: island (0 when de-energised), kind (PQ, PV or REFERENCE) and voltage, p.u., shape (n,) each.
    """
    (two_port, places, shunt, at_diagonal), (island, kind, voltage) = terms, buses
    order, start, columns = structure.order, structure.entry_start, structure.entry_columns
    entries = entries_of(two_port, branch_on, places, shunt, at_diagonal, len(columns))
    pattern = start, columns, structure.entry_places
    diagonal, admittance, at, free, live, given = _by_position(
        order, pattern, entries, island > 0, kind, voltage
    )
    values, blocks, n = np.empty((len(columns), 4)), len(structure.lower_columns), len(order)
    _jacobian(start, columns, diagonal, admittance, at, free, values)
    moved = Structure(
        order, structure.position, structure.parent, structure.lower_start, structure.lower_columns,
        structure.upper_start, structure.upper_columns, start, columns, np.arange(len(columns))
    )  # fmt: skip
    factors = Factors(np.zeros((blocks, 4)), np.zeros((blocks, 4)), np.zeros((n, 4)), np.zeros((n, 4)))
    ended = factorize(moved, values, factors)
    references = np.flatnonzero(given)
    return ended, Point(moved, factors, start, columns, diagonal, admittance, at, free, live, references)


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


__all__ = ["Point", "Terms", "factorized", "sent", "terms_of"]
