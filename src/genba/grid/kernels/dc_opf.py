"""DC optimal power flow as a linear program; convex quadratic costs by tangent cuts, to a proven gap.

Source: Stott, Jardim and Alsac, DC power flow revisited, IEEE Trans. Power Systems 24 (2009); cuts: Kelley,
The cutting-plane method for solving convex programs, J. SIAM 8 (1960).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csc_matrix, csr_matrix, identity

from genba.core.errors import DeviceError, InputError
from genba.num.solvers.highs import Algorithm, Answer, LinearProgram, Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Watch = Callable[[int, float], None]

GAP = 1e-9  # of the cost: where cutting stops
ROUNDS = 60
TANGENTS = 5  # per quadratic unit at the start
LARGE = 3000  # branches from which an interior point beats the simplex method


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


def dc_opf(net: DcNetwork, curves: Curves, watch: Watch = lambda iterations, gap: None) -> DcDispatch:
    """Solve for the least cost, or for the least total imbalance when no dispatch is possible.

    Arguments:
        net: the grid.
        curves: what its units cost.
        watch: hears the iterations so far and the relative gap; what it raises ends the solve.

    Raises:
        Cancelled: when `watch` raised it.
        InputError: when the limits exclude each other whatever is left unserved.
        DeviceError: when the solver ends without an answer.
    """
    algorithm: Algorithm = "ipm" if len(net.start) > LARGE else "simplex"
    curved = np.flatnonzero(curves.square > 0)
    epigraph = np.union1d(curved, curves.piece_unit)
    model = Model(_least_cost(net, curves, epigraph), algorithm=algorithm)
    if len(epigraph):
        _add_lines(model, net, epigraph, *_first_lines(net, curves, curved))
    answer, gap, bound = model.solve(lambda iterations: watch(iterations, np.inf)), np.inf, -np.inf
    for _ in range(ROUNDS):
        if answer.status == "infeasible":
            return _least_imbalance(net, algorithm, watch)
        p = answer.x[: len(net.host)]
        cost, bound = curves.at(p), answer.objective + float(curves.constant.sum())
        gap = (cost - bound) / max(1.0, abs(cost))
        if gap <= GAP:
            return _read(net, answer, bound, possible=True)
        _add_lines(model, net, epigraph, *_tangents(curves, curved, p[curved]))
        answer = model.solve(lambda iterations, gap=gap: watch(iterations, gap))  # type: ignore[misc]
    raise DeviceError(
        f"the cost stays {gap:.1e} (relative) above its bound after {ROUNDS} rounds", where="dc_opf"
    )


def _least_cost(net: DcNetwork, curves: Curves, epigraph: Ints) -> LinearProgram:
    """Columns: outputs, angles, flows, then the cost of each unit with a curve."""
    p, theta, flow = _columns(net)
    cost = np.concatenate(
        [np.where(np.isin(np.arange(p), epigraph), 0.0, curves.slope), np.zeros(theta + flow)]
    )
    free = np.full(len(epigraph), np.inf)
    return _program(
        net, np.concatenate([cost, np.ones(len(epigraph))]), -free, free, csc_matrix((theta, len(free)))
    )


def _least_imbalance(net: DcNetwork, algorithm: Algorithm, watch: Watch) -> DcDispatch:
    """Columns: outputs, angles, flows, then demand and surplus left over at every bus."""
    buses = len(net.demand)
    eye = identity(buses, format="csc")
    cost = np.concatenate([np.zeros(sum(_columns(net))), np.ones(2 * buses)])
    nothing, all_of_it = np.zeros(2 * buses), np.full(2 * buses, np.inf)
    program = _program(net, cost, nothing, all_of_it, block_array([[eye, -eye]], format="csc"))
    answer = Model(program, algorithm=algorithm).solve(lambda iterations: watch(iterations, np.inf))
    if answer.status == "infeasible":
        raise InputError(
            "the limits of units, flows and angles exclude each other, whatever demand is left unserved; "
            "look for crossed limits, or study without branch or angle limits"
        )
    return _read(net, answer, answer.objective, possible=False)


def _columns(net: DcNetwork) -> tuple[int, int, int]:
    return len(net.host), len(net.demand), len(net.start)


def _program(
    net: DcNetwork, cost: Floats, more_lower: Floats, more_upper: Floats, more: csc_matrix
) -> LinearProgram:
    """Rows: the balance of every bus, then Ohm's law of every branch; `more` columns enter the balances."""
    p, theta, flow = _columns(net)
    units = csr_matrix((np.ones(p), (net.host, np.arange(p))), (theta, p))
    ends = _ends(net)
    ohm = csr_matrix(ends.multiply(net.susceptance[:, None]))
    matrix = block_array(
        [[units, None, -ends.T, more], [None, -ohm, identity(flow), None]],
        format="csc",
    )
    free = np.full(theta, np.inf)
    free[net.reference] = 0.0
    low, high = _flow_limits(net)
    rows = np.concatenate([net.demand, -net.susceptance * net.shift])
    return LinearProgram(
        cost,
        np.concatenate([net.pmin, -free, low, more_lower]),
        np.concatenate([net.pmax, free, high, more_upper]),
        matrix,
        rows,
        rows,
    )


def _ends(net: DcNetwork) -> csr_matrix:
    """Give the incidence matrix: 1 at the start, -1 at the end, shape (m, n)."""
    branches = np.arange(len(net.start))
    ones = np.ones(len(branches))
    where = np.concatenate([branches, branches]), np.concatenate([net.start, net.end])
    return csr_matrix((np.concatenate([ones, -ones]), where), (len(branches), len(net.demand)))


def _angle_as_flow(net: DcNetwork) -> tuple[Floats, Floats]:
    """Give the flow at which each angle limit binds."""
    one, other = (net.susceptance * (limit - net.shift) for limit in (net.low, net.high))
    return np.minimum(one, other), np.maximum(one, other)


def _flow_limits(net: DcNetwork) -> tuple[Floats, Floats]:
    low, high = _angle_as_flow(net)
    return np.maximum(low, -net.rating), np.minimum(high, net.rating)


def _first_lines(net: DcNetwork, curves: Curves, curved: Ints) -> tuple[Ints, Floats, Floats]:
    """Give the lines of piecewise costs, and tangents spread over the range of each quadratic unit."""
    steps = np.linspace(0, 1, TANGENTS)[:, None]
    points = net.pmin[curved] + steps * (net.pmax - net.pmin)[curved]
    unit, slope, offset = _tangents(curves, np.tile(curved, TANGENTS), points.ravel())
    return (
        np.concatenate([curves.piece_unit, unit]),
        np.concatenate([curves.slope[curves.piece_unit] + curves.piece_slope, slope]),
        np.concatenate([curves.piece_offset, offset]),
    )


def _tangents(curves: Curves, unit: Ints, p: Floats) -> tuple[Ints, Floats, Floats]:
    """Give the tangents of quadratic costs, without their constants."""
    square = curves.square[unit]
    return unit, 2 * square * p + curves.slope[unit], -square * p**2


def _add_lines(
    model: Model, net: DcNetwork, epigraph: Ints, unit: Ints, slope: Floats, offset: Floats
) -> None:
    """Ask that the cost of a unit lies on or above lines."""
    rows, before = np.arange(len(unit)), sum(_columns(net))
    column = np.concatenate([unit, before + np.searchsorted(epigraph, unit)])
    value = np.concatenate([-slope, np.ones(len(unit))])
    lines = csr_matrix((value, (np.concatenate([rows, rows]), column)), (len(unit), before + len(epigraph)))
    model.add_rows(lines, offset, np.full(len(unit), np.inf))


def _read(net: DcNetwork, answer: Answer, bound: float, *, possible: bool) -> DcDispatch:
    p, theta, flow = _columns(net)
    multiplier = answer.column_dual[p + theta : p + theta + flow]
    low, high = _angle_as_flow(net)
    by_angle = np.where(multiplier < 0, high < net.rating, low > -net.rating)
    more, angle = answer.x[p + theta + flow :], answer.x[p : p + theta]
    return DcDispatch(
        possible=possible,
        p=np.clip(answer.x[:p], net.pmin, net.pmax),
        theta=angle,
        flow=net.susceptance * (angle[net.start] - angle[net.end] - net.shift),
        shortfall=np.zeros(theta) if possible else more[:theta] - more[theta:],
        price=answer.row_dual[:theta],
        flow_price=np.where(by_angle, 0.0, multiplier),
        angle_price=np.where(by_angle, multiplier * net.susceptance, 0.0),
        bound=bound,
    )
