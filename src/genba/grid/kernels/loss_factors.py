"""What a megawatt injected at each bus is worth at the reference, marginal losses counted.

Source: Litvinov, Zheng, Rosenwald and Shamsollahi, Marginal loss modeling in LMP calculation, IEEE Trans.
Power Systems 19 (2004); derivatives: Zimmerman, AC power flows and their derivatives, MATPOWER technical note
2 (2010).
"""

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints, Phasors
from genba.grid.kernels.opf_model import OpfModel
from genba.num import sparse

DENSE = 600
"""Unknowns up to which a dense solution costs less than importing a sparse one."""


def delivery_factors(model: OpfModel, voltage: Phasors) -> Floats | None:
    """Give d, shape (n,): what one more unit of injection saves at its island's reference; 1 there.

    The power flow is linearised at a state. Reference angles stay, and so do magnitudes at buses with a
    source of reactive power, whose reactive balance it meets. All other magnitudes and angles move. With
    J the derivatives of what the network takes at the balances that remain, `J' d` is less the derivatives of
    what it takes at the reference.

    Arguments:
        model: n buses.
        voltage: complex, shape (n,).

    Returns:
        None where J is singular.
    """
    n = len(voltage)
    rows, columns, values = _derivatives(model, voltage)
    free = np.ones(2 * n, bool)
    free[model.reference], free[n:] = False, ~holding(model)
    at_reference = np.isin(rows, model.reference)
    right = np.zeros(2 * n)
    np.subtract.at(right, columns[at_reference], values[at_reference])
    place, inner = np.cumsum(free) - 1, free[rows] & free[columns]
    # transposed
    found = _solved(place[columns[inner]], place[rows[inner]], values[inner], right[free])
    factors = np.zeros(2 * n)
    factors[model.reference] = 1.0
    if found is None or not np.isfinite(found).all():
        return None
    factors[free] = found
    return factors[:n]


def holding(model: OpfModel) -> Bools:
    """Tell which buses have a source whose reactive range is not empty, shape (n,)."""
    held = np.zeros(len(model.demand), bool)
    held[model.source_bus[model.q_max > model.q_min]] = True
    return held


def _derivatives(model: OpfModel, voltage: Phasors) -> tuple[Ints, Ints, Floats]:
    """Give the derivatives of P and Q taken at each bus by angles and magnitudes: rows, columns and values.

    Values at the same place add up; shape (k,) each. Rows are P, then Q; columns angles, then magnitudes.
    """
    n, (yff, yft, ytf, ytt) = len(voltage), model.two_port
    buses, vm = np.arange(n), np.abs(voltage)
    rows = np.concatenate([model.start, model.start, model.end, model.end, buses])
    columns = np.concatenate([model.start, model.end, model.start, model.end, buses])
    admittance = np.concatenate([yff, yft, ytf, ytt, model.shunt])
    taken = voltage[rows] * (admittance * voltage[columns]).conj()
    whole = np.bincount(rows, taken.real, n) + 1j * np.bincount(rows, taken.imag, n)
    by_angle = np.concatenate([-1j * taken, 1j * whole])
    by_magnitude = np.concatenate([taken / vm[columns], whole / vm])
    rows, columns = np.append(rows, buses), np.append(columns, buses)
    return (
        np.concatenate([rows, rows, rows + n, rows + n]),
        np.concatenate([columns, columns + n, columns, columns + n]),
        np.concatenate([by_angle.real, by_magnitude.real, by_angle.imag, by_magnitude.imag]),
    )


def _solved(rows: Ints, columns: Ints, values: Floats, right: Floats) -> Floats | None:
    """Solve a square system whose values add up where they have the same place; None where it is singular."""
    size = len(right)
    if size > DENSE:
        matrix = sparse.coo_matrix((values, (rows, columns)), shape=(size, size)).tocsc()
        try:
            return np.asarray(sparse.linalg.splu(matrix).solve(right))
        except RuntimeError:
            return None
    whole = np.bincount(size * rows + columns, values, size * size).reshape(size, size)
    try:
        return np.asarray(np.linalg.solve(whole, right), np.float64)
    except np.linalg.LinAlgError:
        return None
