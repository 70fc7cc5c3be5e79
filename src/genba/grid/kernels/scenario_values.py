"""Single quantities of buses, branches and units that are kept of every scenario."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.lane_states import Ended
from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.scenario_figures import unit_reactive
from genba.grid.kernels.scenario_lanes import Columns, Fixture, Posed
from genba.num.lu.lanes import LANES


@dataclass(frozen=True, eq=False)
class Asked:
    """What to keep of every scenario: quantities of elements by row.

    Arguments:
        bus: rows, and whether the angle is meant (else the magnitude).
        branch: rows, and which of p_from, q_from, p_to, q_to and loading (0 to 4).
        unit: rows, and whether the reactive output is meant.
        places: where the three kinds stand among all that is asked for.
    """

    bus: tuple[Ints, Ints]
    branch: tuple[Ints, Ints]
    unit: tuple[Ints, Ints]
    places: tuple[Ints, Ints, Ints]

    @property
    def count(self) -> int:
        """Give how many values there are of each scenario."""
        return sum(len(places) for places in self.places)


def values_of(
    asked: Asked, fixture: Fixture, columns: Columns, members: Ints, state: tuple[Posed, Ended, Floats]
) -> Floats:
    """Give the values asked for of each lane, shape (values, 8), in MW, Mvar, p.u., degrees and %."""
    rows = np.concatenate([members, np.repeat(members[-1:], LANES - len(members))])
    found = np.empty((asked.count, LANES))
    posed, ended, ports = state
    va, vm = ended.polar
    at, angle = asked.bus
    found[asked.places[0]] = np.where(angle[:, None] == 1, np.degrees(va[at]), vm[at])
    if len(asked.places[1]):
        found[asked.places[1]] = _branch_values(*asked.branch, fixture, columns, rows, ended, ports)
    if len(asked.places[2]):
        at, reactive = asked.unit
        island = fixture.island[fixture.unit_bus]
        p = posed.p + posed.weights * ended.slack[island]
        q = unit_reactive(fixture, columns, rows, posed, ended.excess)
        on = fixture.unit_on[at][:, None]
        values = np.where(reactive[:, None] == 1, q[at], p[at]) * fixture.base_mva
        found[asked.places[2]] = np.where(on, values, 0.0)
    return found


def _branch_values(
    at: Ints, which: Ints, fixture: Fixture, columns: Columns, rows: Ints, ended: Ended, ports: Floats
) -> Floats:
    ports = ports[at] if ports.ndim == 3 else ports[at][:, :, None]  # (k, 8 parts, lanes)
    ff, ft, tf, tt = (ports[:, 2 * k] + 1j * ports[:, 2 * k + 1] for k in range(4))
    v = ended.v[0] + 1j * ended.v[1]
    v_from, v_to = v[fixture.from_bus[at]], v[fixture.to_bus[at]]
    s_from = v_from * np.conj(ff * v_from + ft * v_to) * fixture.base_mva
    s_to = v_to * np.conj(tf * v_from + tt * v_to) * fixture.base_mva
    rating = columns.rate_a[np.where(len(columns.rate_a) > 1, rows, 0)][:, at].T  # (k, lanes)
    loading = 100.0 * np.maximum(np.abs(s_from), np.abs(s_to)) / np.where(rating > 0, rating, np.nan)
    every = np.stack([s_from.real, s_from.imag, s_to.real, s_to.imag, loading])
    picked = np.take_along_axis(every, which[None, :, None], axis=0)[0]
    return np.where(fixture.flowing[at][:, None], picked, np.nan)
