"""Which limits cost something in an optimal state, and how much."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.opf_state import OpfState

BRANCH_KINDS = ("rating_from", "rating_to", "angmin", "angmax")
BUS_KINDS = ("vmin", "vmax")
UNIT_KINDS = ("pmin", "pmax", "qmin", "qmax")
KINDS = (*BRANCH_KINDS, *BUS_KINDS, *UNIT_KINDS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What a state was held to by row of the case, in MW, Mvar, MVA, degrees and p.u.; NaN where nothing.

    Arguments:
        limit: of the flows, shape (branches,).
        angmin, angmax: of the angle differences, shape (branches,).
        vmin, vmax: of the voltages, shape (buses,).
        pmin, pmax, qmin, qmax: of the outputs, shape (units,).
        runs: whether each unit runs.
        host: bus row of each unit.
    """

    limit: Floats
    angmin: Floats
    angmax: Floats
    vmin: Floats
    vmax: Floats
    pmin: Floats
    pmax: Floats
    qmin: Floats
    qmax: Floats
    runs: Bools
    host: Ints


@dataclass(frozen=True, eq=False)
class Binding:
    """Limits with a shadow price, shape (k,) each: the place of their kind in `KINDS`, row, and numbers."""

    kind: Ints
    row: Ints
    value: Floats
    limit: Floats
    price: Floats
    gain: Floats


def binding(state: OpfState, held: Held, marginal: tuple[Floats, Floats], thresholds: Floats) -> Binding:
    """List what binds, largest gain first.

    Arguments:
        state: with its multipliers.
        held: the limits.
        marginal: cost of the last and of the next MWh of each unit, $/MWh.
        thresholds: least shadow price of each kind, shape (kinds,).
    """
    below, above = marginal
    paid, paid_reactive = state.price[held.host], state.reactive_price[held.host]
    flow_from, flow_to = np.abs(state.into_from), np.abs(state.into_to)
    table = [
        (flow_from, held.limit, state.from_price),
        (flow_to, held.limit, state.to_price),
        (state.angle, held.angmin, state.angle_price),
        (state.angle, held.angmax, -state.angle_price),
        (state.vm, held.vmin, state.voltage_price),
        (state.vm, held.vmax, -state.voltage_price),
        (state.p, held.pmin, np.where(held.runs, below - paid, 0.0)),
        (state.p, held.pmax, np.where(held.runs, paid - above, 0.0)),
        (state.q, held.qmin, np.where(held.runs, -paid_reactive, 0.0)),
        (state.q, held.qmax, np.where(held.runs, paid_reactive, 0.0)),
    ]
    parts = [_above(*columns, kind, thresholds[kind]) for kind, columns in enumerate(table)]
    joined = Binding(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))
    order = np.lexsort((joined.row, joined.kind, -joined.price, -joined.gain))
    return Binding(*(column[order] for column in vars(joined).values()))


def _above(value: Floats, limit: Floats, price: Floats, kind: int, threshold: float) -> Binding:
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(price > threshold)
    relaxed = 0.01 if KINDS[kind] in BUS_KINDS else 0.01 * np.abs(np.nan_to_num(limit[rows]))
    return Binding(
        kind=np.full(len(rows), kind),
        row=rows,
        value=value[rows],
        limit=limit[rows],
        price=price[rows],
        gain=price[rows] * relaxed,
    )
