"""DC optimal power flow as a linear program that grows: limits as they are passed, tangents of curves.

It starts from the cheapest outputs without a network, whose basis is optimal for the grid without limits;
every round adds rows and the dual simplex method goes on from there. A row that never binds is never seen.

Source: Stott, Jardim and Alsac, DC power flow revisited, IEEE Trans. Power Systems 24 (2009); cuts: Kelley,
The cutting-plane method for solving convex programs, J. SIAM 8 (1960).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import DeviceError, InputError
from genba.num import sparse
from genba.num.solvers.highs import BASIC, FIXED, Answer, Basis, LinearProgram, Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Watch = Callable[[int, float], None]
Failure = Literal["infeasible", "unclear"]
Lines = tuple[Ints, Floats, Floats]
"""Unit, slope and offset of lines under costs, each of shape (k,)."""

GAP = 1e-9  # of the cost: where cutting stops
PASSED = 1e-8  # p.u. or rad: where a limit counts as passed
SHORT = 1e-5  # p.u.: a smaller total imbalance is no proof that demand cannot be met
ROUNDS = 200
TANGENTS = 5  # per quadratic unit at the start


@dataclass(frozen=True, kw_only=True)
class DcNetwork:
    """What is alive of a grid, in per unit and radians; n buses, g units, m branches.

    Arguments:
        start, end: bus of each end of a branch, shape (m,).
        susceptance, shift: `flow = susceptance * (angle difference - shift)`, shape (m,).
        rating: largest flow, infinite where there is none, shape (m,).
        low, high: limits of the angle difference, infinite where there is none, shape (m,).
        host: bus of each unit, shape (g,).
        pmin, pmax: limits of the outputs, shape (g,).
        demand: shape (n,).
        reference: one bus of each island; its angle is 0.
    """

    start: Ints
    end: Ints
    susceptance: Floats
    shift: Floats
    rating: Floats
    low: Floats
    high: Floats
    host: Ints
    pmin: Floats
    pmax: Floats
    demand: Floats
    reference: Ints


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Convex costs in $/h over per-unit outputs.

    Arguments:
        square, slope, constant: coefficients by unit, shape (g,).
        piece_unit, piece_slope, piece_offset: lines whose largest is a piecewise cost, added to the rest.
    """

    square: Floats
    slope: Floats
    constant: Floats
    piece_unit: Ints
    piece_slope: Floats
    piece_offset: Floats

    def at(self, p: Floats) -> float:
        """Give the cost of all units, $/h."""
        cost = (self.square * p + self.slope) * p + self.constant
        highest = np.full(len(p), -np.inf)
        np.maximum.at(highest, self.piece_unit, self.piece_slope * p[self.piece_unit] + self.piece_offset)
        return float(cost.sum() + highest[np.isfinite(highest)].sum())


@dataclass(frozen=True, kw_only=True)
class DcDispatch:
    """A solved DC optimal power flow, in per unit, radians and $/h.

    Arguments:
        p: outputs, shape (g,).
        theta: angles, shape (n,).
        flow: by Ohm's law from the angles, shape (m,).
        shortfall: imbalance, shape (n,); zero when the dispatch is possible.
        price: multiplier of each bus's balance: change of the optimum per unit of demand, shape (n,).
        flow_price, angle_price: multipliers of the limits, negative at the upper side, shape (m,).
        bound: proven lower bound of the optimum.
    """

    possible: bool
    p: Floats
    theta: Floats
    flow: Floats
    shortfall: Floats
    price: Floats
    flow_price: Floats
    angle_price: Floats
    bound: float


@dataclass(frozen=True)
class _Problem:
    """What the outputs cost, and how they and the slack columns feed the buses.

    Columns: outputs, demand and surplus left over at every bus (only when that is minimised), the cost of
    each unit with a curve, angles. Rows: balances, lines under the curves, limits in the order of passing.
    """

    net: DcNetwork
    curves: Curves
    curved: Ints
    epigraph: Ints
    lines: Lines
    elastic: bool

    @property
    def feeding(self) -> Ints:
        """Give the bus of each column that enters a balance."""
        buses = np.arange(len(self.net.demand))
        return np.concatenate([self.net.host, buses, buses]) if self.elastic else self.net.host

    @property
    def before_angles(self) -> int:
        return len(self.feeding) + len(self.epigraph)


def dc_opf(net: DcNetwork, curves: Curves, watch: Watch = lambda iterations, gap: None) -> DcDispatch:
    """Solve for the least cost, or for the least total imbalance when no dispatch is possible.

    Arguments:
        net: the grid.
        curves: what its units cost.
        watch: hears the iterations so far and the relative gap, also while a program is built; what it raises
            ends the solve.

    Raises:
        Cancelled: when `watch` raised it.
        InputError: when the limits exclude each other whatever is left unserved.
        DeviceError: when the solver ends without an answer.
    """
    curved = np.flatnonzero(curves.square > 0)
    epigraph = np.union1d(curved, curves.piece_unit)
    none = np.zeros(0, np.int64)
    least_cost = _Problem(net, curves, curved, epigraph, _first_lines(net, curves, curved), elastic=False)
    least_imbalance = _Problem(net, curves, none, none, (none, np.zeros(0), np.zeros(0)), elastic=True)
    short: DcDispatch | Failure = "unclear"
    for whole in (False, True):  # a growing program is fast; where it loses its way, the whole one decides
        found = _solve(least_cost, watch, whole=whole)
        if isinstance(found, DcDispatch):
            return found
        short = _solve(least_imbalance, watch, whole=whole)
        if isinstance(short, DcDispatch) and np.abs(short.shortfall).sum() > SHORT:
            return short
    if short == "infeasible":
        raise InputError(
            "the limits of units, flows and angles exclude each other, whatever demand is left unserved; "
            "look for crossed limits, or study without branch or angle limits",
            where="case",
        )
    raise DeviceError(
        "HiGHS cannot tell whether the grid can be dispatched; widen its limits", where="dc_opf"
    )


def _solve(problem: _Problem, watch: Watch, *, whole: bool) -> DcDispatch | Failure:
    """Solve, adding rows until nothing is passed and the cost meets its bound; `whole` begins with all."""
    net, curves, curved = problem.net, problem.curves, problem.curved
    limits, gap = np.zeros(0, np.int64), np.inf
    if whole:
        limits = np.arange(len(net.start))
        model = Model(_program(problem), interior=True)
        model.add_rows(*_limit_rows(problem, limits))
    else:
        start = _without_network(problem, watch)
        if start is None:
            return "infeasible"
        watch(0, gap)
        program = _program(problem)
        watch(0, gap)
        model = Model(program)
        watch(0, gap)
        model.start_from(start)
        watch(0, gap)
    for _ in range(ROUNDS):
        answer = model.solve(lambda iterations, gap=gap: watch(iterations, gap))  # type: ignore[misc]
        if answer.status != "optimal":
            return answer.status
        p = answer.x[: len(net.host)]
        passed = np.setdiff1d(_passed(net, answer.x[problem.before_angles :]), limits)
        cost = 0.0 if problem.elastic else curves.at(p) - float(curves.constant.sum())
        gap = 0.0 if problem.elastic else (cost - answer.objective) / max(1.0, abs(cost))
        if not len(passed) and gap <= GAP:
            return _read(problem, answer, limits)
        if len(passed):
            model.add_rows(*_limit_rows(problem, passed))
        if gap > GAP:
            model.add_rows(*_line_rows(problem, _tangents(curves, curved, p[curved])))
        limits = np.concatenate([limits, passed, np.full(len(curved) * (gap > GAP), -1)])
    return "unclear"


def _without_network(problem: _Problem, watch: Watch) -> Basis | None:
    """Give the basis of the cheapest outputs of each island, limits of branches left out; None if none."""
    net = problem.net
    island = sparse.csgraph.connected_components(_graph(net), directed=False)[1]
    islands = int(island.max(initial=-1)) + 1
    feeding = sparse.csr_matrix(_feeding(problem))
    merged = sparse.csr_matrix(
        (np.ones(len(island)), (island, np.arange(len(island)))), (islands, len(island))
    )
    watch(0, np.inf)
    full = _program(problem)
    watch(0, np.inf)
    inner = slice(0, problem.before_angles)
    above, lower, upper = _line_rows(problem, problem.lines)
    empty = sparse.csr_matrix((islands, len(problem.epigraph)))
    balances = sparse.csr_matrix(sparse.hstack([merged @ feeding, empty]))
    demand = merged @ net.demand
    program = LinearProgram(
        full.cost[inner],
        full.column_lower[inner],
        full.column_upper[inner],
        sparse.csc_matrix(sparse.vstack([balances, above[:, inner]])),
        np.concatenate([demand, lower]),
        np.concatenate([demand, upper]),
    )
    model = Model(program)
    if model.solve(lambda iterations: watch(iterations, np.inf)).status != "optimal":
        return None
    found = model.basis()
    watch(0, np.inf)
    return _spread_basis(net, found, island, islands)


def _spread_basis(net: DcNetwork, found: Basis, island: Ints, islands: int) -> Basis:
    """Give the basis of the whole grid: angles are basic except references, balances are not."""
    angles = [BASIC] * len(net.demand)
    for bus in net.reference.tolist():
        angles[bus] = FIXED
    rows = [FIXED] * len(net.demand)
    for bus, at in zip(net.reference.tolist(), island[net.reference].tolist(), strict=True):
        rows[bus] = found.rows[at]  # an island without any column keeps its balance basic
    return Basis(found.columns + angles, rows + found.rows[islands:])


def _program(problem: _Problem) -> LinearProgram:
    net, curves = problem.net, problem.curves
    buses, more = len(net.demand), len(problem.feeding) - len(net.host)
    linear = np.where(np.isin(np.arange(len(net.host)), problem.epigraph), 0.0, curves.slope)
    if problem.elastic:
        linear = np.zeros(len(net.host))
    free, curve = np.full(buses, np.inf), np.full(len(problem.epigraph), np.inf)
    free[net.reference] = 0.0
    ends = _ends(net)
    stiffness = ends.T @ ends.multiply(net.susceptance[:, None])
    turned = ends.T @ (net.susceptance * net.shift)
    above, lower, upper = _line_rows(problem, problem.lines)
    empty = sparse.csr_matrix((buses, len(curve)))
    balances = sparse.hstack([_feeding(problem), empty, -stiffness])
    return LinearProgram(
        np.concatenate([linear, np.ones(more + len(curve)), np.zeros(buses)]),
        np.concatenate([net.pmin, np.zeros(more), -curve, -free]),
        np.concatenate([net.pmax, np.full(more, np.inf), curve, free]),
        sparse.csc_matrix(sparse.vstack([balances, above])),
        np.concatenate([net.demand - turned, lower]),
        np.concatenate([net.demand - turned, upper]),
    )


def _feeding(problem: _Problem) -> sparse.csr_matrix:
    """Give how columns enter balances: 1 for outputs and demand left over, -1 for surplus left over."""
    buses, columns = len(problem.net.demand), len(problem.feeding)
    sign = np.ones(columns)
    if problem.elastic:
        sign[-buses:] = -1.0
    return sparse.csr_matrix((sign, (problem.feeding, np.arange(columns))), (buses, columns))


def _ends(net: DcNetwork) -> sparse.csr_matrix:
    """Give the incidence matrix: 1 at the start, -1 at the end, shape (m, n)."""
    branches = np.arange(len(net.start))
    ones = np.ones(len(branches))
    where = np.concatenate([branches, branches]), np.concatenate([net.start, net.end])
    return sparse.csr_matrix((np.concatenate([ones, -ones]), where), (len(branches), len(net.demand)))


def _graph(net: DcNetwork) -> sparse.csr_matrix:
    buses = len(net.demand)
    return sparse.csr_matrix((np.ones(len(net.start)), (net.start, net.end)), (buses, buses))


def _angle_limits(net: DcNetwork) -> tuple[Floats, Floats, Bools, Bools]:
    """Give the angle differences that ratings and angle limits allow, and which of them the latter decide."""
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.where(np.isinf(net.rating), np.inf, net.rating / np.abs(net.susceptance))
    below, above = net.shift - width, net.shift + width
    return np.maximum(below, net.low), np.minimum(above, net.high), net.low > below, net.high < above


def _weight(net: DcNetwork) -> Floats:
    """Give what a limit's row is scaled by, so that a tolerance is small in flow and in angle."""
    return np.maximum(np.abs(net.susceptance), 1.0)


def _passed(net: DcNetwork, theta: Floats) -> Ints:
    """Give the branches whose limits are passed."""
    low, high, _, _ = _angle_limits(net)
    difference = theta[net.start] - theta[net.end]
    return np.flatnonzero(_weight(net) * np.maximum(difference - high, low - difference) > PASSED)


def _limit_rows(problem: _Problem, branches: Ints) -> tuple[sparse.csr_matrix, Floats, Floats]:
    """Give the rows that keep branches within their limits."""
    net, rows = problem.net, np.arange(len(branches))
    weight = _weight(net)[branches]
    column = problem.before_angles + np.concatenate([net.start[branches], net.end[branches]])
    shape = len(branches), problem.before_angles + len(net.demand)
    low, high, _, _ = _angle_limits(net)
    return (
        sparse.csr_matrix((np.concatenate([weight, -weight]), (np.concatenate([rows, rows]), column)), shape),
        weight * low[branches],
        weight * high[branches],
    )


def _first_lines(net: DcNetwork, curves: Curves, curved: Ints) -> Lines:
    """Give the lines of piecewise costs, and tangents spread over the range of each quadratic unit."""
    steps = np.linspace(0, 1, TANGENTS)[:, None]
    points = net.pmin[curved] + steps * (net.pmax - net.pmin)[curved]
    unit, slope, offset = _tangents(curves, np.tile(curved, TANGENTS), points.ravel())
    return (
        np.concatenate([curves.piece_unit, unit]),
        np.concatenate([curves.piece_slope, slope]),
        np.concatenate([curves.piece_offset, offset]),
    )


def _tangents(curves: Curves, unit: Ints, p: Floats) -> Lines:
    """Give tangents of quadratic costs, without their constants."""
    square = curves.square[unit]
    return unit, 2 * square * p + curves.slope[unit], -square * p**2


def _line_rows(problem: _Problem, lines: Lines) -> tuple[sparse.csr_matrix, Floats, Floats]:
    """Give the rows that ask the cost of units to lie on or above lines."""
    unit, slope, offset = lines
    rows = np.arange(len(unit))
    column = np.concatenate([unit, len(problem.feeding) + np.searchsorted(problem.epigraph, unit)])
    value = np.concatenate([-slope, np.ones(len(unit))])
    shape = len(unit), problem.before_angles + len(problem.net.demand)
    rows = np.concatenate([rows, rows])
    return sparse.csr_matrix((value, (rows, column)), shape), offset, np.full(len(unit), np.inf)


def _read(problem: _Problem, answer: Answer, limits: Ints) -> DcDispatch:
    net, buses = problem.net, len(problem.net.demand)
    theta = answer.x[problem.before_angles :]
    dual = np.zeros(len(net.start))
    rows = answer.row_dual[buses + len(problem.lines[0]) :]
    dual[limits[limits >= 0]] = rows[limits >= 0]
    _, _, low_by_angle, high_by_angle = _angle_limits(net)
    by_angle = np.where(dual < 0, high_by_angle, low_by_angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_flow = np.where(dual == 0, 0.0, dual * _weight(net) / net.susceptance)
    left = answer.x[len(net.host) : len(problem.feeding)]
    return DcDispatch(
        possible=not problem.elastic,
        p=np.clip(answer.x[: len(net.host)], net.pmin, net.pmax),
        theta=theta,
        flow=net.susceptance * (theta[net.start] - theta[net.end] - net.shift),
        shortfall=left[:buses] - left[buses:] if problem.elastic else np.zeros(buses),
        price=answer.row_dual[:buses],
        flow_price=np.where(by_angle, 0.0, per_flow),
        angle_price=np.where(by_angle, dual * _weight(net), 0.0),
        bound=answer.objective + (0.0 if problem.elastic else float(problem.curves.constant.sum())),
    )
