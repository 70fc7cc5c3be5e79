"""A grid of which nothing is known, from its arrays to its solved state in one call of a kernel.

On small grids half the time goes into calls, and into bringing their code and records into empty caches. So
analysis, islands, DC start and Newton are one call, and records are made when somebody asks for them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genba.grid.kernels.balance import first_angles_of, first_voltage
from genba.grid.kernels.jacobian import pattern_and_order, records_of
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors
from genba.grid.kernels.newton import SMALLEST_STEP, WORK, Budget
from genba.grid.kernels.one_solution import Found, in_service, solution_of
from genba.grid.kernels.restarts import restarted, solve_or_restart
from genba.grid.kernels.steady_state import NO_WEIGHTS, Model, Schedule, State, continued, state_of
from genba.num.copies import copy_to
from genba.num.jit import kernel

Whole = tuple[Phasors, Ints, Floats, Floats, bool, Ints, Found]
"""Two-ports; what is known of entries, branches and buses as one array; outputs; angles of the DC start and
whether they are any; sides; the solution."""


@dataclass(frozen=True, eq=False)
class Afresh:
    """What one call found of a grid; what it knew on the way is made by name where it is asked for.

    Arguments:
        network: the grid.
        budget: how it was solved.
        vm: first magnitudes, shape (n,), p.u.
        whole: what the kernel gave.
    """

    network: Network
    budget: Budget
    vm: Floats
    whole: Whole

    @cached_property
    def _patterns(self) -> list[Ints]:
        """Packed structure, rows, columns, row starts, places, diagonal and islands."""
        packed, n = self.whole[1], self.network.n_bus
        entries, terms = int(packed[2]), 4 * len(self.network.from_bus)
        sizes = entries, entries, n + 1, terms, n, n
        return np.split(packed, len(packed) - np.cumsum(sizes[::-1])[::-1])

    @cached_property
    def model(self) -> Model:
        """Give the grid, analysed; the reference units alone produce the slack, without reactive limits."""
        packed, rows, cols, indptr, places, diagonal, _ = self._patterns
        analysis = self.whole[0], packed, rows, cols, indptr, places.reshape(4, -1), diagonal
        return Model(self.network, *records_of(self.network, analysis), False, False, self.budget)

    @cached_property
    def schedule(self) -> Schedule:
        """Give what the case has in service, with the case's outputs."""
        return Schedule(self.network.branch_on, self.network.unit_on, self._patterns[-1], self.whole[2])

    @cached_property
    def va(self) -> Floats:
        """Give the first angles, shape (n,), rad: flat ones where there is no DC power flow."""
        _, _, _, angles, holds, _, _ = self.whole
        return angles if holds else first_voltage(self.model, self.schedule, "dc")[1]

    @property
    def state(self) -> State:
        """Give the solved state, or the last iterate of one that has none."""
        _, _, _, _, holds, side, found = self.whole
        if not holds:
            return solve_or_restart(self.model, self.schedule, vm=self.vm, va=self.va, follows=True)
        state = state_of(found, side)
        if state is None:
            state = continued(self.model, self.schedule, side, NO_WEIGHTS, found)
        if state.converged:
            return state
        return restarted(self.model, self.schedule, state, vm=self.vm, va=self.va, follows=True)


def solve_afresh(network: Network, budget: Budget, vm: Floats | None = None) -> Afresh:
    """Analyse a grid and solve it from the angles of its DC power flow, as `steady_state.solve` does.

    Arguments:
        network: the grid, with the outputs that its units are to have.
        budget: when to stop.
        vm: first magnitudes, shape (n,), p.u.; 1 where not given.
    """
    vm = np.ones(network.n_bus) if vm is None else vm
    grid = network
    limits = budget.tolerance, budget.factorisations, budget.reuse, SMALLEST_STEP, WORK, budget.lowest
    whole = _whole(
        grid.from_bus, grid.to_bus, grid.impedance, grid.charging, grid.tap, grid.shunt, grid.bus_type,
        grid.demand, grid.unit_bus, grid.unit_s, grid.unit_vset, grid.unit_pmax, grid.unit_qmin,
        grid.unit_qmax, grid.branch_on, grid.unit_on, vm, grid.va, *limits
    )  # fmt: skip
    return Afresh(network, budget, vm, whole)


@kernel
def _whole(
    f: Ints,
    t: Ints,
    impedance: Phasors,
    charging: Floats,
    tap: Phasors,
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
    vm: Floats,
    va: Floats,
    tolerance: float,
    factorisations: int,
    reuse: float,
    smallest: float,
    work: int,
    lowest: float,
) -> Whole:
    """Arguments are fields of these names of `Network` and `Budget`, and as for `solution_of`."""
    n = len(bus_type)
    two_port, packed, rows, cols, indptr, places, diagonal = pattern_and_order(
        n, f, t, impedance, charging, tap
    )
    island, p = in_service(n, f, t, branch_on, unit_bus, unit_on, unit_s)
    angles, holds = first_angles_of(
        packed, places, diagonal, f, t, impedance, tap, branch_on, island, va, bus_type, demand, shunt,
        unit_bus, unit_on, p, pmax, len(cols)
    )  # fmt: skip
    side, weights = np.zeros(n, np.int64), np.zeros(0)
    found = solution_of(
        packed, indptr, cols, diagonal, places, two_port, shunt, bus_type, demand, unit_bus, unit_s, vset,
        pmax, qmin, qmax, branch_on, unit_on, island, p, side, weights, vm, angles, False, tolerance,
        factorisations, reuse, smallest, work, lowest
    )  # fmt: skip
    patterns = _joined(packed, rows, cols, indptr, places, diagonal, island)
    return two_port, patterns, p, angles, holds, side, found


@kernel
def _joined(
    packed: Ints, rows: Ints, cols: Ints, indptr: Ints, places: Ints, diagonal: Ints, island: Ints
) -> Ints:
    """Give all in one array: Python pays for every array that it is handed."""
    n, m, entries, end = len(diagonal), places.shape[1], len(cols), len(packed)
    joined = np.empty(end + 2 * entries + 3 * n + 1 + 4 * m, np.int64)
    copy_to(joined, packed)
    for one in (rows, cols, indptr):
        copy_to(joined[end:], one)
        end += len(one)
    for term in range(4):
        copy_to(joined[end:], places[term])
        end += m
    copy_to(joined[end:], diagonal)
    copy_to(joined[end + n :], island)
    return joined


__all__ = ["Afresh", "solve_afresh"]
