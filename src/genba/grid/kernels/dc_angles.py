"""The DC power flow: voltage angles and flows when losses and magnitudes are left out."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from genba.grid.kernels.network import Floats, Ints, Network, bus_sum

SMALLEST_REACTANCE = 1e-4
"""Stands in for a reactance of 0, p.u."""


def dc_angles(network: Network, injection: Floats, *, island: Ints, references: Ints) -> Floats | None:
    """Give the angles (n,), rad, of a DC power flow with taps and phase shifts.

    Arguments:
        network: the grid.
        injection: active power into each bus, shape (n,), p.u.
        island: island of each bus; 0 when de-energised, and its angle stays 0.
        references: reference bus of each island, -1 for none.

    Returns:
        Angles, or None when the susceptances cancel and there is no DC solution.

    Source: MATPOWER manual 8.0, section 3.7.
    """
    f, t = network.from_bus, network.to_bus
    b = _susceptance(network)
    shift = np.angle(network.tap)
    fixed = island == 0
    fixed[references[references >= 0]] = True
    rows = np.concatenate([f, f, t, t])
    cols = np.concatenate([f, t, f, t])
    data = np.concatenate([b, -b, -b, b]) * ~fixed[rows]
    given = np.flatnonzero(fixed)
    n = network.n_bus
    matrix = coo_matrix(
        (np.append(data, np.ones(len(given))), (np.append(rows, given), np.append(cols, given))), shape=(n, n)
    ).tocsc()
    right = injection + bus_sum(f, b * shift, n) - bus_sum(t, b * shift, n)
    right[fixed] = np.where(island[fixed] > 0, network.va[fixed], 0.0)
    return _solved(matrix, right)


def dc_flows(network: Network, angles: Floats) -> Floats:
    """Give the active flow from the from end to the to end of each branch, shape (m,), p.u."""
    difference = angles[network.from_bus] - angles[network.to_bus] - np.angle(network.tap)
    return _susceptance(network) * difference


def estimated_losses(network: Network, angles: Floats, *, island: Ints) -> Floats:
    """Give the series losses r f^2 of each island at 1 p.u. voltage, shape (islands + 1,), p.u."""
    lost = network.impedance.real * dc_flows(network, angles) ** 2
    return bus_sum(island[network.from_bus], lost, int(island.max(initial=0)) + 1)


def _susceptance(network: Network) -> Floats:
    x = network.impedance.imag
    reactance = np.where(x == 0, SMALLEST_REACTANCE, x)
    return np.where(network.branch_on, 1.0 / (reactance * np.abs(network.tap)), 0.0)


def _solved(matrix: coo_matrix, right: Floats) -> Floats | None:
    try:
        angles: Floats = splu(matrix, permc_spec="COLAMD").solve(right)
    except RuntimeError:
        return None
    return angles if np.isfinite(angles).all() else None
