"""One solution of the power flow, reactive limits and shares of slack as they stand, in one call of a kernel.

On small grids the calls from Python are most of the time: each looks at the types of all that it is given.
"""

import numpy as np

from genba.grid.kernels.admittance import entries_of
from genba.grid.kernels.islands import numbered, references_of
from genba.grid.kernels.network import PQ, PV, REFERENCE, Bools, Floats, Ints, Phasors
from genba.grid.kernels.newton_steps import SOLVED, STOPPED, Equations, advance, working_of
from genba.grid.kernels.reactive_limits import shared_among
from genba.num.jit import kernel
from genba.num.lu.structure import unpacked

Found = tuple[
    int, int, int, float, float, Floats, Floats, Phasors, Floats, Ints, Floats, Floats
]  # fmt: skip


@kernel
def solution_of(
    packed: Ints,
    indptr: Ints,
    cols: Ints,
    diagonal: Ints,
    places: Ints,
    two_port: Phasors,
    shunt: Phasors,
    bus_type: Ints,
    demand: Phasors,
    unit_bus: Ints,
    unit_s: Phasors,
    vset: Floats,
    pmax: Floats,
    qmin: Floats,
    qmax: Floats,
    branch_on: Bools,
    unit_on: Bools,
    island: Ints,
    p: Floats,
    side: Ints,
    weights: Floats,
    vm: Floats,
    va: Floats,
    distributed: bool,
    tolerance: float,
    factorisations: int,
    reuse: float,
    smallest: float,
    work: int,
    lowest: float,
) -> Found:
    """Pose a power flow, solve it and read it back by unit.

    Arguments are fields of these names of `JacobianPlan`, `Admittance`, `Network`, `Schedule` and `Budget`;
    `side` and the voltage as in `steady_state.solve`; `weights` is what part of its island's slack each unit
    produces, shape (g,), or (0,) where the reference units alone do; `work` is how many blocks of the factors
    may be made.

    Returns:
        How it ended (see `newton_steps.advance`), steps, factorisations, largest mismatch, norm; magnitudes,
        angles, excess, slack, kind; and the outputs of units.
    """
    reference, first = references_of(island, bus_type, unit_bus, unit_on, pmax)
    if len(weights) == 0:
        weights = np.zeros(len(p))
        for unit in first:
            if unit >= 0:
                weights[unit] = 1.0
    controls = controls_in(bus_type, unit_bus, unit_on, vset, qmin, qmax, reference)
    controlled, setpoint, least, most = controls
    scheduled, share, kind, free_angle, free_magnitude, start = pose(
        unit_bus, unit_on, p, unit_s, weights, controlled, setpoint, least, most, side, demand, island, vm
    )
    structure = unpacked(packed)
    y = entries_of(two_port, branch_on, places, shunt, diagonal, len(cols))
    equations = Equations(
        structure,
        indptr,
        cols,
        diagonal,
        y,
        scheduled,
        island,
        free_angle,
        free_magnitude,
        share,
        distributed,
    )
    working = working_of(equations, start, va)
    steps = max(1, work // (len(structure.lower_columns) + len(vm)))
    ended = advance(equations, working, tolerance, factorisations, reuse, smallest, steps)
    excess = np.empty(len(vm), np.complex128)
    for bus in range(len(vm)):
        excess[bus] = complex(working.p[bus], working.q[bus])
        if ended == SOLVED and island[bus] > 0 and not working.vm[bus] >= lowest:
            ended = STOPPED  # it has collapsed
    q = shared_among(unit_bus, unit_on, qmin, qmax, working.q)
    given = outputs(
        p, unit_on, unit_bus, weights, working.slack, island, controlled, side, unit_s, qmin, qmax, q
    )
    counts, sizes = working.counts, working.sizes
    found = working.vm, working.va, excess, working.slack, kind, given, q
    return ended, counts[0], counts[1], sizes[0], sizes[1], *found


@kernel
def in_service(
    n: int, f: Ints, t: Ints, branch_on: Bools, unit_bus: Ints, unit_on: Bools, unit_s: Phasors
) -> tuple[Ints, Floats]:
    """Give the island of each bus and the active output of each unit in service, by `islands.islands`."""
    p = np.zeros(len(unit_bus))
    for k in range(len(unit_bus)):
        if unit_on[k]:
            p[k] = unit_s[k].real
    return numbered(n, f, t, branch_on, unit_bus, unit_on), p


@kernel
def controls_in(
    bus_type: Ints, unit_bus: Ints, unit_on: Bools, vset: Floats, qmin: Floats, qmax: Floats, reference: Ints
) -> tuple[Ints, Floats, Floats, Floats]:
    """Give kind, set point (of the last unit), smallest and largest reactive output of every bus."""
    n = len(bus_type)
    kind, setpoint, lowest, highest = np.full(n, PQ), np.ones(n), np.zeros(n), np.zeros(n)
    for k in range(len(unit_bus)):
        bus = unit_bus[k]
        if unit_on[k]:
            setpoint[bus] = vset[k]
            lowest[bus] += qmin[k]
            highest[bus] += qmax[k]
            if bus_type[bus] != PQ:
                kind[bus] = PV
    for bus in reference:
        if bus >= 0:
            kind[bus] = REFERENCE
    return kind, setpoint, lowest, highest


@kernel
def pose(
    unit_bus: Ints,
    unit_on: Bools,
    p: Floats,
    s: Phasors,
    weights: Floats,
    controlled: Ints,
    setpoint: Floats,
    lowest: Floats,
    highest: Floats,
    side: Ints,
    demand: Phasors,
    island: Ints,
    vm: Floats,
) -> tuple[Phasors, Floats, Ints, Floats, Floats, Floats]:
    """Give scheduled power, share of slack, kind, unknowns (1 or 0) and first magnitude of every bus."""
    n = len(demand)
    scheduled, share, kind = np.zeros(n, np.complex128), np.zeros(n), np.empty(n, np.int64)
    free_angle, free_magnitude, start = np.zeros(n), np.zeros(n), np.empty(n)
    for k in range(len(unit_bus)):
        bus = unit_bus[k]
        if unit_on[k]:
            scheduled[bus] += complex(p[k], s[k].imag if controlled[bus] == PQ else 0.0)
        share[bus] += weights[k]
    for bus in range(n):
        kind[bus] = controlled[bus] if side[bus] == 0 else PQ
        start[bus] = vm[bus] if kind[bus] == PQ else setpoint[bus]
        if side[bus] != 0:
            held = highest[bus] if side[bus] > 0 else lowest[bus]
            scheduled[bus] = complex(scheduled[bus].real, held)
        if island[bus] > 0:
            scheduled[bus] -= demand[bus]
            free_angle[bus] = 1.0 if kind[bus] != REFERENCE else 0.0
            free_magnitude[bus] = 1.0 if kind[bus] == PQ else 0.0
        else:
            scheduled[bus] = 0.0
    return scheduled, share, kind, free_angle, free_magnitude, start


@kernel
def outputs(
    scheduled: Floats,
    unit_on: Bools,
    unit_bus: Ints,
    weights: Floats,
    slack: Floats,
    island: Ints,
    controlled: Ints,
    side: Ints,
    s: Phasors,
    qmin: Floats,
    qmax: Floats,
    q: Floats,
) -> Floats:
    """Give active outputs with slack, and write reactive ones over `q` where a unit does not control."""
    p = np.zeros_like(scheduled)
    for k in range(len(p)):
        bus = unit_bus[k]
        if not unit_on[k]:
            q[k] = 0.0
            continue
        p[k] = scheduled[k] + weights[k] * slack[island[bus]]
        if side[bus] != 0:
            q[k] = qmax[k] if side[bus] > 0 else qmin[k]
        elif controlled[bus] == PQ:
            q[k] = s[k].imag
    return p
