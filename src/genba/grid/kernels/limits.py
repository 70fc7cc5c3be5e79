"""Limits of branches and voltages, and which of them an outage newly breaks."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.admittance import Admittance, apparent, branch_powers
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors

RATING, VMIN, VMAX = 0, 1, 2
"""Kinds of limit."""


@dataclass(frozen=True, eq=False)
class Limits:
    """What is monitored, one row per limit: first branches, then buses' lower and upper voltages.

    Arguments:
        kind: RATING, VMIN or VMAX, shape (k,).
        row: branch row or bus row, shape (k,).
        limit: what is allowed, p.u., shape (k,).
    """

    kind: Ints
    row: Ints
    limit: Floats

    def excess(self, numbers: Ints, value: Floats) -> Floats:
        """Give how far values are beyond these limits, in % of them; negative within."""
        limit = self.limit[numbers]
        beyond = np.where(self.kind[numbers] == VMIN, limit - value, value - limit)
        return np.asarray(100.0 * beyond / limit)


@dataclass(frozen=True, eq=False)
class Measured:
    """What each limit's element shows in one state, shape (k,) each.

    Arguments:
        value: apparent power or voltage magnitude, p.u.; NaN where de-energised.
        excess: how far beyond the limit, in % of it; negative within, NaN where de-energised.
    """

    value: Floats
    excess: Floats


def limits_of(ratings: Floats, vmin: Floats, vmax: Floats, *, branches: Bools, buses: Bools) -> Limits:
    """List the limits of monitored elements; one that is not positive and finite limits nothing."""
    parts = [
        (RATING, np.flatnonzero(branches & _real(ratings)), ratings),
        (VMIN, np.flatnonzero(buses & _real(vmin)), vmin),
        (VMAX, np.flatnonzero(buses & _real(vmax)), vmax),
    ]
    return Limits(
        kind=np.concatenate([np.full(len(rows), kind) for kind, rows, _ in parts]),
        row=np.concatenate([rows for _, rows, _ in parts]),
        limit=np.concatenate([values[rows] for _, rows, values in parts]),
    )


def measure(
    limits: Limits,
    network: Network,
    admittance: Admittance,
    *,
    voltage: Phasors,
    branch_on: Bools,
    live: Bools,
) -> Measured:
    """Measure one state.

    Arguments:
        limits: k limits.
        network: n buses, m branches.
        admittance: two-ports of the branches.
        voltage: bus voltages, shape (n,).
        branch_on: branches in service, shape (m,).
        live: buses energised, shape (n,).
    """
    is_branch = limits.kind == RATING
    branch, bus = limits.row[is_branch], limits.row[~is_branch]
    f, t = network.from_bus[branch], network.to_bus[branch]
    flow = apparent(*branch_powers(admittance.two_port[:, branch], voltage, ends=(f, t)))
    flowing = branch_on[branch] & live[f] & live[t]
    magnitude = np.where(live[bus], np.abs(voltage[bus]), np.nan)
    value = np.concatenate([np.where(flowing, flow, np.nan), magnitude])
    return Measured(value, limits.excess(np.arange(len(value)), value))


def broken(excess: Floats, *, band: float) -> Bools:
    """Tell which limits are passed by more than `band`, a share of the limit."""
    with np.errstate(invalid="ignore"):
        return np.asarray(excess > 100.0 * band)


def newly_broken(base: Floats, after: Floats, *, band: float, worse_by: float) -> Ints:
    """Give the limits broken after an outage: new, or worse than before by more than `worse_by` %."""
    with np.errstate(invalid="ignore"):
        counts = ~broken(base, band=band) | (after - base > worse_by)
    return np.flatnonzero(broken(after, band=band) & counts)


def _real(limit: Floats) -> Bools:
    return np.asarray(np.isfinite(limit) & (limit > 0))
