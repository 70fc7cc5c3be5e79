"""What an optimal power flow is held to, read from case and params for the certificates alone."""

from dataclasses import dataclass

import numpy as np

from genba.grid.certify.circuit import Circuit, Floats
from genba.grid.records.opf import OpfParams


@dataclass(frozen=True)
class Asked:
    """Limits by row of the case; NaN where there is none.

    Arguments:
        limit: apparent power at either end of a branch, MVA.
        angmin, angmax: angle difference, degrees.
        vmin, vmax: voltage magnitude, p.u.
    """

    limit: Floats
    angmin: Floats
    angmax: Floats
    vmin: Floats
    vmax: Floats


def asked(grid: Circuit, params: OpfParams) -> Asked:
    """Give the limits, margins included."""
    bus, branch = grid.case.bus, grid.case.branch
    limit = branch["rate_a"] - branch["rate_a"] * params.flow_margin / 100
    limit[(branch["rate_a"] <= 0) | (not params.branch_limits)] = np.nan
    low, high = branch["angmin"].copy(), branch["angmax"].copy()
    none = (low == 0) & (high == 0) | (not params.angle_limits)
    low[none | (low <= -360)] = np.nan
    high[none | (high >= 360)] = np.nan
    half = (bus["vmax"] - bus["vmin"]) / 2
    inside = np.minimum(params.voltage_margin, half)
    return Asked(limit, low, high, bus["vmin"] + inside, bus["vmax"] - inside)
