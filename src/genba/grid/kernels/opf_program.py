"""The AC optimal power flow as a nonlinear program whose KKT systems a block LDL^T over the buses solves."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from genba.grid.kernels import opf_flows, opf_kkt, opf_whole
from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.opf_model import OpfModel
from genba.grid.kernels.opf_whole import Parts
from genba.num.elimination import Fill, fill_of
from genba.num.ipm.program import Weights
from genba.num.ldl.blocks import BlockLdl
from genba.num.local_fill import less_fill
from genba.num.ordering import adjacency

REFINEMENTS = 8
"""Refinements of one solve at most."""
ENOUGH = 1e-8
"""Relative residual at which refinement stops."""
DENSE = 25.0
"""Updates of a factorisation per bus from which the time of a second, slower ordering is regained."""
AMPLE = 10.0
"""Times all that demand, shunts and charging come to, what an output without an end is held within."""
MEASURE_LEAST = 1e-2
"""A squared rating is measured in itself, but at least in this, p.u.^2."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The model in the order of elimination, and where each branch adds to the KKT matrix.

    Arguments:
        fill: order of the buses and fill of the factor.
        branch: rows of the model's branches in the order used here, neighbours when they join the same buses.
        start, end: buses of each branch, in the order of elimination.
        entry: block of each branch (see `opf_kkt.assemble`).
        entry_start, entry_rows: compressed columns of the blocks of the strict upper triangle.
        row: place in d of each branch's from, to and angle limit, -1 without, shape (m, 3).
        source_bus: bus of each source.
        anchored: the reference of each island.
    """

    fill: Fill
    branch: Ints
    start: Ints
    end: Ints
    entry: Ints
    entry_start: Ints
    entry_rows: Ints
    row: Ints
    source_bus: Ints
    anchored: Ints


def plan_of(model: OpfModel) -> Plan:
    """Order the buses and branches of a model."""
    n = len(model.demand)
    edges = adjacency(n, model.start, model.end)
    fill = less_fill(n, *edges, fill_of(n, *edges), dense=DENSE)
    start, end = fill.position[model.start], fill.position[model.end]
    low, high = np.minimum(start, end), np.maximum(start, end)
    branch = np.argsort(high * n + low, kind="stable")
    start, end, low, high = start[branch], end[branch], low[branch], high[branch]
    apart = low != high
    pair = high[apart] * n + low[apart]  # ascending
    first = np.concatenate([pair[:1] >= 0, pair[1:] != pair[:-1]])
    keys, place = pair[first], np.cumsum(first) - 1
    entry = np.zeros(len(branch), np.int64)
    entry[apart] = np.where(start[apart] < end[apart], place, -1 - place)
    return Plan(
        fill=fill,
        branch=branch,
        start=start,
        end=end,
        entry=entry,
        entry_start=np.searchsorted(keys, np.arange(n + 1) * n).astype(np.int64),
        entry_rows=keys % n,
        row=_rows(model, branch),
        source_bus=fill.position[model.source_bus],
        anchored=fill.position[model.reference],
    )


def _rows(model: OpfModel, branch: Ints) -> Ints:
    rated = np.isfinite(model.rating[branch])
    angled = np.isfinite(model.angle_min[branch]) | np.isfinite(model.angle_max[branch])
    row = np.full((len(branch), 3), -1)
    count = int(rated.sum())
    row[rated, 0] = np.arange(count)
    row[rated, 1] = count + np.arange(count)
    row[angled, 2] = 2 * count + np.arange(int(angled.sum()))
    return row


def _ample(model: OpfModel) -> float:
    """Give more reactive power than any unit can be asked for, p.u."""
    yff, yft, ytf, ytt = model.two_port
    parts = (model.demand, model.shunt, yff + yft, ytt + ytf, np.ones(1))
    return AMPLE * float(sum(np.abs(part).sum() for part in parts))


def measures(square: Floats) -> Floats:
    """Give in what a squared rating's violation is measured, p.u.^2."""
    return np.maximum(square, MEASURE_LEAST)


class KktFactors(Protocol):
    """Factors of the KKT matrix in blocks; `ldl.blocks.BlockLdl` unless another solver is asked for."""

    def factorize(self, entries: Floats, diagonal: Floats) -> int:
        """Factorise; give the number of negative eigenvalues, below 0 when singular."""

    def solve(self, x: Floats) -> None:
        """Solve in place, by blocks in the order of elimination, shape (n, 4)."""


class OpfProgram:
    """Variables (va, vm, p, q); equalities are the active, then the reactive balances of all buses.

    Inequalities are the squared flows at the from and to ends of rated branches, and angle differences. Buses
    stand in the order of elimination, branches in that of `plan.branch`.
    """

    def __init__(self, model: OpfModel, plan: Plan, factors: KktFactors | None = None) -> None:
        order, branch = plan.fill.order, plan.branch
        n, g, m = len(order), len(model.source_bus), len(branch)
        self.model, self.plan = model, plan
        self._factors = factors or BlockLdl(plan.fill, plan.entry_start, plan.entry_rows)
        self.buses, self.sources = n, g
        self.n, self.equalities = 2 * (n + g), 2 * n
        self.inequalities = int(plan.row.max(initial=-1)) + 1
        self._demand = np.concatenate([model.demand.real[order], model.demand.imag[order]])
        self._shunt = np.concatenate([model.shunt.real[order], model.shunt.imag[order]])
        self._lines = np.column_stack([plan.start, plan.end, plan.entry, plan.row])
        self._ports = np.empty((m, opf_flows.PORTS))
        self._ports[:, 0:8:2], self._ports[:, 1:8:2] = (
            model.two_port.real.T[branch],
            model.two_port.imag.T[branch],
        )
        self._set_bounds()
        self._scale = (1.0, np.ones(2 * n), np.ones(self.inequalities))
        self._x, self._waves = np.zeros(self.n), np.zeros((m, opf_flows.WAVES))
        self._vm = np.ones(n)
        self._slope, self._curve = np.zeros((m, opf_flows.SLOPES)), np.zeros((m, opf_kkt.CURVES))
        self._curvature = np.zeros(g)
        self._allocate(n, g)

    def _set_bounds(self) -> None:
        model, order, branch, row = self.model, self.plan.fill.order, self.plan.branch, self.plan.row
        free = np.full(len(order), np.inf)
        # outputs are eliminated by what their limits add to the Hessian, which must be something
        ample = _ample(model)
        q_min = np.where(np.isinf(model.q_min), np.minimum(-ample, model.q_max), model.q_min)
        q_max = np.where(np.isinf(model.q_max), np.maximum(ample, model.q_min), model.q_max)
        self.lower = np.concatenate([-free, model.vm_min[order], model.p_min, q_min])
        self.upper = np.concatenate([free, model.vm_max[order], model.p_max, q_max])
        self.low, self.high = np.full(self.inequalities, -np.inf), np.zeros(self.inequalities)
        angled = row[:, 2] >= 0
        self.low[row[angled, 2]] = model.angle_min[branch[angled]]
        self.high[row[angled, 2]] = model.angle_max[branch[angled]]
        square = np.where(row[:, 0] >= 0, model.rating[branch], 1.0) ** 2
        self._ports[:, 8], self._ports[:, 9] = square, 1.0 / measures(square)

    def _allocate(self, n: int, g: int) -> None:
        md = self.inequalities
        self._entries = np.zeros((len(self.plan.entry_rows), 16))
        self._diagonal = np.zeros((n, 16))
        self._right = np.zeros((n, 4))
        self._spring = np.ones(2 * g)
        self._stiff, self._give_d, self._give_c = np.zeros(md), np.zeros(md), np.zeros(2 * n)
        self._sigma = np.zeros(self.n)
        self._plain = (np.zeros(2 * n), np.zeros(md))
        self._rest = (np.zeros(self.n), np.zeros(2 * n), np.zeros(md))
        self.solves = 0

    @property
    def scaling(self) -> tuple[Floats, Floats]:
        """Give the factors of the equalities and of the inequalities."""
        return self._scale[1:]

    @property
    def blocks(self) -> tuple[Floats, Floats]:
        """Give the last KKT matrix: blocks of the strict upper triangle and of the diagonal, (k, 16) each."""
        return self._entries, self._diagonal

    @property
    def powers(self) -> Floats:
        """Give P_f, Q_f, P_t and Q_t of every branch at the point of the last `values`, shape (m, 4)."""
        return self._waves[:, 4:]

    def scale(self, objective: float, c: Floats, d: Floats) -> None:
        """Multiply the objective and every constraint by these factors from now on."""
        self._scale = (objective, c.copy(), d.copy())
        self.low, self.high = self.low * d, self.high * d

    def values(self, x: Floats, c: Floats, d: Floats) -> float:
        """Give the scaled cost at x, and write the scaled balances and limits."""
        cost = opf_flows.evaluate(
            x,
            self._lines,
            self._ports,
            self.plan.source_bus,
            self._demand,
            self._shunt,
            self.model.cost,
            self._scale,
            self._waves,
            self._x,
            c,
            d,
        )
        return float(cost)

    def linearize(self, gradient: Floats) -> None:
        """Take the derivatives at the point of the last `values`; write the gradient of the cost."""
        self._vm = self._x[self.buses : 2 * self.buses].copy()
        opf_flows.slopes(
            self._x,
            self._lines,
            self._ports,
            self._waves,
            self.model.cost,
            self._scale[0],
            self._slope,
            self._curvature,
            gradient,
        )

    def row_sizes(self) -> tuple[Floats, Floats]:
        """Give the largest absolute derivative of each row of c and of d, unscaled."""
        c, d = np.zeros(self.equalities), np.zeros(self.inequalities)
        grid = self._vm, self._lines, self._shunt, self.plan.source_bus
        opf_flows.row_sizes(*grid, self._slope, c, d)
        return c, d

    def transposed(self, yc: Floats, yd: Floats, out: Floats) -> None:
        """Write Jc' yc + Jd' yd."""
        grid = self._vm, self._lines, self.plan.source_bus, self._shunt
        opf_flows.transposed(*grid, self._slope, self._scale[1], self._scale[2], yc, yd, out)

    def changes(self, dx: Floats, dc: Floats, dd: Floats) -> None:
        """Write Jc dx and Jd dx."""
        grid = self._vm, self._lines, self.plan.source_bus, self._shunt
        opf_flows.changes(*grid, self._slope, dx, dc, dd)
        dc *= self._scale[1]
        dd *= self._scale[2]

    def factorize(self, weights: Weights) -> bool | None:
        """Factorise the KKT matrix in blocks; see `Program.factorize`."""
        self._sigma, self._give_c, self._give_d = weights.sigma, weights.give_c, weights.give_d
        positive = opf_kkt.assemble(
            self._vm,
            self._lines,
            self.plan.source_bus,
            self._shunt,
            self._ports,
            self._waves,
            self._slope,
            (weights.objective * self._scale[0], self._scale[1], self._scale[2]),
            self._curvature,
            weights.yc,
            weights.yd,
            weights.sigma,
            weights.give_c,
            weights.give_d,
            self.plan.anchored,
            self._plain,
            self._stiff,
            self._spring,
            self._curve,
            self._entries,
            self._diagonal,
        )
        if not positive:
            return False
        negative = self._factors.factorize(self._entries, self._diagonal)
        return None if negative < 0 else bool(negative == self.equalities)

    def solve(self, rx: Floats, rc: Floats, rd: Floats, *, rough: bool = False) -> Parts:
        """Solve the last factorised KKT system, refined on the whole system if not rough."""
        target, rest, right = (rx, rc, rd), self._rest, self._right
        at = (np.empty(self.n), np.empty(self.equalities), np.empty(self.inequalities))
        rows = self._lines, self.plan.source_bus, self._slope, self._scale[1], self._scale[2]
        weights = self._stiff, self._spring
        if rough:
            opf_whole.condensed(*rows, *weights, target, right)
            self._factors.solve(right)
            opf_whole.rough(*rows, *weights, target, right, at)
            return at
        goal = max(opf_whole.begin(*rows, *weights, self._sigma, target, at, rest, right), 1e-300)
        best, kept = np.inf, at
        for turn in range(REFINEMENTS + 1):
            if turn:
                opf_whole.condensed(*rows, *weights, rest, right)
            self._factors.solve(right)
            self.solves += 1
            error = self._refined(target, at, rest) / goal
            if not error < best:
                return kept
            if error < ENOUGH or error > 0.5 * best:
                return at
            best, kept = error, (at[0].copy(), at[1].copy(), at[2].copy())
        return kept

    def _refined(self, target: Parts, at: Parts, rest: Parts) -> float:
        """Add the blocks' solution to the whole one; give the size of what it leaves."""
        left = opf_whole.refined(
            self._vm,
            self._lines,
            self.plan.source_bus,
            self._shunt,
            self._slope,
            self._curve,
            self._scale[1],
            self._scale[2],
            self._plain[0],
            self._sigma,
            self._give_c,
            self._give_d,
            self._stiff,
            self._spring,
            self.plan.anchored,
            target,
            at,
            rest,
            self._right,
        )
        return float(left)
