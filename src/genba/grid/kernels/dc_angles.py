"""The DC power flow: voltage angles and flows when losses and magnitudes are left out."""

import math

import numpy as np

from genba.grid.kernels.admittance import admittance_of
from genba.grid.kernels.jacobian import JacobianPlan, factorise, plan_of
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors, bus_sum
from genba.num.jit import kernel
from genba.num.lu.factor import HOLDS, Factors, factorize, factors_of
from genba.num.lu.solve import solve
from genba.num.lu.structure import Structure

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
    blocks, right = _equations(
        plan.places, plan.diagonal, *branches, injection, island, references, network.va, len(plan.cols)
    )
    x = right[plan.structure.order]
    factors = factors_of(plan.structure)
    if not _solved(plan.structure, blocks, factors, x):
        pivoted = factorise(plan.matrix(blocks))
        if pivoted is None:
            return None
        x = pivoted.solve(x.ravel()).reshape(x.shape)
    angles: Floats = x[plan.position, 0]
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
    """Give the blocks of the matrix (nnz, 4) and the right-hand side (n, 2), whose second unknown is 0."""
    n = len(diagonal)
    blocks, right, fixed = np.zeros((size, 4)), np.zeros((n, 2)), island == 0
    for bus in references:
        if bus >= 0:
            fixed[bus] = True
    for i in range(n):
        right[i, 0] = injection[i]
    for k in range(len(f)):
        if not branch_on[k]:
            continue
        i, j, x = f[k], t[k], impedance[k].imag
        b = 1.0 / ((SMALLEST_REACTANCE if x == 0.0 else x) * abs(tap[k]))
        shifted = b * math.atan2(tap[k].imag, tap[k].real)
        right[i, 0] += shifted
        right[j, 0] -= shifted
        if not fixed[i]:
            blocks[places[0, k], 0] += b
            blocks[places[1, k], 0] -= b
        if not fixed[j]:
            blocks[places[2, k], 0] -= b
            blocks[places[3, k], 0] += b
    for i in range(n):
        blocks[diagonal[i], 3] = 1.0
        if fixed[i]:
            blocks[diagonal[i], 0] = 1.0
            right[i, 0] = va[i] if island[i] > 0 else 0.0
    return blocks, right


@kernel
def _solved(structure: Structure, blocks: Floats, factors: Factors, x: Floats) -> bool:
    """Turn a right-hand side by position into the solution; tell whether there are factors."""
    if factorize(structure, blocks, factors) != HOLDS:
        return False
    solve(structure, factors, x)
    return True
