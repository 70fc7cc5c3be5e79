"""What a megawatt injected at each bus is worth at the reference, marginal losses counted.

Source: Litvinov, Zheng, Rosenwald and Shamsollahi, Marginal loss modeling in LMP calculation, IEEE Trans.
Power Systems 19 (2004); derivatives: Zimmerman, AC power flows and their derivatives, MATPOWER technical note
2 (2010).
"""

import numpy as np
from scipy.sparse import bmat, coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu

from genba.grid.kernels.network import Bools, Floats, Phasors
from genba.grid.kernels.opf_model import OpfModel


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
    by_angle, by_magnitude = _derivatives(model, voltage)
    free_angle, free_magnitude = np.ones(n, bool), ~holding(model)
    free_angle[model.reference] = False
    unknown = np.flatnonzero(np.concatenate([free_angle, free_magnitude]))
    whole = csc_matrix(bmat([[by_angle.real, by_magnitude.real], [by_angle.imag, by_magnitude.imag]]))
    at_reference = whole.T @ np.isin(np.arange(2 * n), model.reference)
    factors = np.zeros(2 * n)
    factors[model.reference] = 1.0
    try:
        lu = splu(csc_matrix(whole[unknown][:, unknown]))
    except RuntimeError:
        return None
    factors[unknown] = lu.solve(-at_reference[unknown], trans="T")
    return factors[:n] if np.isfinite(factors).all() else None


def holding(model: OpfModel) -> Bools:
    """Tell which buses have a source whose reactive range is not empty, shape (n,)."""
    held = np.zeros(len(model.demand), bool)
    held[model.source_bus[model.q_max > model.q_min]] = True
    return held


def _derivatives(model: OpfModel, voltage: Phasors) -> tuple[csc_matrix, csc_matrix]:
    """Give the derivatives of the power taken at each bus by angles and by magnitudes, (n, n) each."""
    n, (yff, yft, ytf, ytt) = len(voltage), model.two_port
    buses = np.arange(n)
    rows = np.concatenate([model.start, model.start, model.end, model.end, buses])
    columns = np.concatenate([model.start, model.end, model.start, model.end, buses])
    y = csc_matrix(
        coo_matrix((np.concatenate([yff, yft, ytf, ytt, model.shunt]), (rows, columns)), shape=(n, n))
    )
    current = y @ voltage
    unit = voltage / np.abs(voltage)
    by_magnitude = diags(voltage) @ (y @ diags(unit)).conj() + diags(current.conj() * unit)
    by_angle = 1j * diags(voltage) @ (diags(current) - y @ diags(voltage)).conj()
    return csc_matrix(by_angle), csc_matrix(by_magnitude)
