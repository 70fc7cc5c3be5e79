"""Cost curves of units in the form that a linear program takes, or the reason why one has none."""

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.dc_opf import Curves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PIECEWISE = 1
FLAT = 1e-9  # relative; slopes that fall by less are equal but for rounding


def cost_curves(model: Ints, terms: Ints, data: Floats, *, base_mva: float) -> tuple[Curves, Ints]:
    """Give convex curves over per-unit outputs, and the rows whose cost is not convex or of a higher order.

    Arguments:
        model: 1 piecewise linear, 2 polynomial, shape (g,).
        terms: points or coefficients of each row, shape (g,).
        data: points or coefficients, highest order first, in MW and $/h, shape (g, width).
        base_mva: power base, MVA.
    """
    square, slope, constant = np.zeros((3, len(model)))
    refused: list[int] = []
    pieces: list[tuple[int, Floats, Floats]] = []
    for row in range(len(model)):
        if model[row] == PIECEWISE:
            points = data[row, : 2 * terms[row]].reshape(-1, 2)
            steep = np.diff(points[:, 1]) / np.diff(points[:, 0])
            pieces.append((row, steep, points[:-1, 1] - steep * points[:-1, 0]))
            if (np.diff(steep) < -FLAT * np.abs(steep[1:])).any():
                refused.append(row)
        else:
            lowest_first = np.append(data[row, : terms[row]][::-1], np.zeros(3))
            constant[row], slope[row], square[row] = lowest_first[:3]
            if square[row] < 0 or lowest_first[3:].any():
                refused.append(row)
    curves = Curves(
        square=square * base_mva**2,
        slope=slope * base_mva,
        constant=constant,
        piece_unit=np.repeat([row for row, *_ in pieces], [len(steep) for _, steep, _ in pieces]).astype(
            np.int64
        ),
        piece_slope=np.concatenate([np.zeros(0), *(steep for _, steep, _ in pieces)]) * base_mva,
        piece_offset=np.concatenate([np.zeros(0), *(offset for *_, offset in pieces)]),
    )
    return curves, np.array(refused, np.int64)


def marginal_cost(curves: Curves, p: Floats) -> Floats:
    """Give the cost of the next unit of output, $/h per p.u., shape (g,)."""
    marginal: Floats = 2 * curves.square * p + curves.slope
    unit = curves.piece_unit
    height = curves.piece_slope * p[unit] + curves.piece_offset
    top = np.full(len(p), -np.inf)
    np.maximum.at(top, unit, height)
    # At a kink several pieces are highest but for rounding; the next MWh follows the steepest of them.
    highest = height >= top[unit] - FLAT * np.maximum(1.0, np.abs(top[unit]))
    steepest = np.full(len(p), -np.inf)
    np.maximum.at(steepest, unit[highest], curves.piece_slope[highest])
    return marginal + np.where(np.isfinite(steepest), steepest, 0.0)
