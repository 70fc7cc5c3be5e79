"""The DC power flow: voltage angles and flows when losses and magnitudes are left out."""

import math

import numpy as np

from genba.grid.kernels.admittance import admittance_of
from genba.grid.kernels.jacobian import JacobianPlan, factorise, plan_of
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors, bus_sum
from genba.num.jit import kernel
from genba.num.lu.scalars import solve_scalars
from genba.num.lu.structure import unpacked

SMALLEST_REACTANCE = 1e-4
"""Stands in for a reactance of 0, p.u."""


def dc_angles(
    network: Network,
    injection: Floats,
    *,
    island: Ints,
    references: Ints,
    plan: JacobianPlan | None = None,
) -> Floats | None:
    """Give the angles (n,), rad, of a DC power flow with taps and phase shifts.

    Arguments:
        network: the grid.
        injection: active power into each bus, shape (n,), p.u.
        island: island of each bus; 0 when de-energised, and its angle stays 0.
        references: reference bus of each island, -1 for none.
        plan: pattern of the grid where it is known; its blocks hold the angles, magnitudes stay given.

    Returns:
        Angles, or None when the susceptances cancel and there is no DC solution.

    Source: MATPOWER manual 8.0, section 3.7.
    """
    plan = plan or plan_of(admittance_of(network))
    branches = network.from_bus, network.to_bus, network.impedance, network.tap, network.branch_on
    posed = plan.places, plan.diagonal, *branches, injection, island, references, network.va, len(plan.cols)
    angles, holds = angles_of(plan.packed, *posed)
    return angles if holds else _pivoted(plan, *_equations(*posed))


def _pivoted(plan: JacobianPlan, values: Floats, right: Floats) -> Floats | None:
    """Give the angles by factors that pivot over the whole matrix; None where there are none."""
    blocks = np.zeros((len(values), 4))
    blocks[:, 0], blocks[plan.diagonal, 3] = values, 1.0
    factors = factorise(plan.matrix(blocks))
    if factors is None:
        return None
    angles: Floats = plan.unpack(factors.solve(plan.pack(right, np.zeros_like(right))))[0]
    return angles if np.isfinite(angles).all() else None


def dc_flows(network: Network, angles: Floats) -> Floats:
    """Give the active flow from the from end to the to end of each branch, shape (m,), p.u."""
    difference = angles[network.from_bus] - angles[network.to_bus] - np.angle(network.tap)
    return susceptance(network) * difference


def estimated_losses(network: Network, angles: Floats, *, island: Ints) -> Floats:
    """Give the series losses r f^2 of each island at 1 p.u. voltage, shape (islands + 1,), p.u."""
    lost = network.impedance.real * dc_flows(network, angles) ** 2
    return bus_sum(island[network.from_bus], lost, int(island.max(initial=0)) + 1)


def susceptance(network: Network) -> Floats:
    """Give the DC susceptance of each branch, 0 out of service, shape (m,), p.u."""
    x = network.impedance.imag
    reactance = np.where(x == 0, SMALLEST_REACTANCE, x)
    return np.where(network.branch_on, 1.0 / (reactance * np.abs(network.tap)), 0.0)


@kernel
def _equations(
    places: Ints,
    diagonal: Ints,
    f: Ints,
    t: Ints,
    impedance: Phasors,
    tap: Phasors,
    branch_on: Bools,
    injection: Floats,
    island: Ints,
    references: Ints,
    va: Floats,
    size: int,
) -> tuple[Floats, Floats]:
    """Give the entries of the matrix, shape (nnz,), and the right-hand side, shape (n,)."""
    n = len(diagonal)
    values, right, fixed = np.zeros(size), np.zeros(n), island == 0
    for bus in references:
        if bus >= 0:
            fixed[bus] = True
    for i in range(n):
        right[i] = injection[i]
    for k in range(len(f)):
        if not branch_on[k]:
            continue
        i, j, x = f[k], t[k], impedance[k].imag
        b = 1.0 / ((SMALLEST_REACTANCE if x == 0.0 else x) * abs(tap[k]))
        shifted = b * math.atan2(tap[k].imag, tap[k].real)
        right[i] += shifted
        right[j] -= shifted
        if not fixed[i]:
            values[places[0, k]] += b
            values[places[1, k]] -= b
        if not fixed[j]:
            values[places[2, k]] -= b
            values[places[3, k]] += b
    for i in range(n):
        if fixed[i]:
            values[diagonal[i]] = 1.0
            right[i] = va[i] if island[i] > 0 else 0.0
    return values, right


@kernel
def angles_of(
    packed: Ints,
    places: Ints,
    diagonal: Ints,
    f: Ints,
    t: Ints,
    impedance: Phasors,
    tap: Phasors,
    branch_on: Bools,
    injection: Floats,
    island: Ints,
    references: Ints,
    va: Floats,
    size: int,
) -> tuple[Floats, bool]:
    """Give the angles, and whether every pivot has an inverse and every angle is finite."""
    values, right = _equations(
        places, diagonal, f, t, impedance, tap, branch_on, injection, island, references, va, size
    )
    structure = unpacked(packed)
    if not solve_scalars(structure, values, right):
        return right, False
    angles, finite = np.empty(len(right)), True
    for bus in range(len(right)):
        angles[bus] = right[structure.position[bus]]
        finite &= math.isfinite(angles[bus])
    return angles, finite
