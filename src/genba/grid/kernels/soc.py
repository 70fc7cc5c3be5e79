"""Second-order cone relaxation of an optimal power flow: a bound that no dispatch can beat.

Products of voltages become variables of their own: `w = |v|^2` at buses and `W = v conj(v')` at pairs of
neighbours, where `|W|^2 = w w'` is relaxed to at most. What links the angles around a loop is lost.

Source: Jabr, Radial distribution load flow using conic programming, IEEE Trans. Power Systems 21 (2006);
cuts of angle and magnitude: Coffrin, Hijazi and Van Hentenryck, Strengthening the SDP relaxation of AC power
flows with convex envelopes, bound tightening, and valid inequalities, IEEE Trans. Power Systems 32 (2017).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix, diags, vstack

from genba.grid.kernels.lagrangian import Proof
from genba.grid.kernels.neighbours import Neighbours, neighbours_of
from genba.grid.kernels.network import Floats, Ints, Phasors
from genba.grid.kernels.opf_model import OpfModel
from genba.num.solvers.clarabel import ConicAnswer, ConicProgram, ConicStanding, ConicStatus, solve

Watch = Callable[[ConicStanding], bool]


@dataclass(frozen=True, kw_only=True, eq=False)
class SocSolution:
    """A point of the relaxation, per unit and $/h.

    Arguments:
        status: of the solver.
        objective: cost, or when elastic the sum of slacks in p.u.
        iterations: made.
        p, q: outputs, shape (g,).
        vm: root of w, shape (n,).
        into_from, into_to: powers into the branches, shape (m,), complex.
        proof: multipliers.
        short_p, short_q: demand left over, shape (n,); 0 unless elastic.
        over_from, over_to: power beyond the rating, shape (m,); 0 unless elastic.
    """

    status: ConicStatus
    objective: float
    iterations: int
    p: Floats
    q: Floats
    vm: Floats
    into_from: Phasors
    into_to: Phasors
    proof: Proof
    short_p: Floats
    short_q: Floats
    over_from: Floats
    over_to: Floats


@dataclass(frozen=True, eq=False)
class _Columns:
    """Where variables lie: p, q, w, Re W, Im W and, when elastic, the slacks of balances and ratings."""

    p: Ints
    q: Ints
    w: Ints
    real: Ints
    imaginary: Ints
    short: Ints
    over: Ints
    count: int


def soc_opf(
    model: OpfModel,
    watch: Watch,
    *,
    elastic: bool = False,
    max_iterations: int = 200,
    tolerance: float = 1e-8,
) -> SocSolution:
    """Solve the relaxation for the least cost, or for the least sum of slacks.

    Arguments:
        model: costs of at most the second order and convex.
        watch: hears every iteration; True stops.
        elastic: whether balances and ratings may be missed, and nothing else costs anything.
        max_iterations: of the conic solver.
        tolerance: of the conic solver, relative.

    Raises:
        Cancelled: when `watch` raised it.
    """
    pairs = neighbours_of(model)
    columns = _columns(model, pairs, elastic)
    flows = _flows(model, pairs, columns)
    rated = np.flatnonzero(np.isfinite(model.rating))
    square, linear, scale = _objective(model, columns, elastic)
    equations, right = _balances(model, columns, flows)
    rows, limit = _inequalities(model, pairs, columns)
    cones, offset = _cones(model, pairs, columns, flows, rated)
    program = ConicProgram(
        square,
        linear,
        csc_matrix(vstack([equations, rows, cones])),
        np.concatenate([right, limit, offset]),
        len(right),
        len(limit),
        (4,) * pairs.count + (3,) * (2 * len(rated)),
    )
    answer = solve(program, _scaled(watch, scale), max_iterations=max_iterations, tolerance=tolerance)
    return _read(model, columns, flows, answer, rated=rated, scale=scale)


def _scaled(watch: Watch, scale: float) -> Watch:
    def heard(one: ConicStanding) -> bool:
        return watch(
            ConicStanding(one.iteration, one.objective * scale, one.primal, one.dual, one.barrier, one.step)
        )

    return heard


def _columns(model: OpfModel, pairs: Neighbours, elastic: bool) -> _Columns:
    sources, buses = len(model.p), len(model.demand)
    rated = int(np.isfinite(model.rating).sum())
    sizes = [sources, sources, buses, pairs.count, pairs.count]
    sizes += [4 * buses, 2 * rated] if elastic else [0, 0]
    ends = np.cumsum(sizes)
    p, q, w, real, imaginary, short, over = (
        np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)
    )
    return _Columns(p, q, w, real, imaginary, short, over, int(ends[-1]))


def _place(columns: _Columns, entries: list[tuple[Ints, Ints, Floats]], rows: int) -> csr_matrix:
    """Give a matrix from rows, columns and values."""
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    return csr_matrix(coo_matrix((value, (row, column)), shape=(rows, columns.count)))


def _flows(model: OpfModel, pairs: Neighbours, columns: _Columns) -> list[csr_matrix]:
    """Give P and Q into the from ends, P and Q into the to ends, each as rows over the variables."""
    yff, yft, ytf, ytt = model.two_port.conj()
    branch, real = np.arange(len(model.start)), columns.real[pairs.of_branch]
    imaginary, sign = columns.imaginary[pairs.of_branch], pairs.sign
    start, end = columns.w[model.start], columns.w[model.end]
    terms = [
        (start, yff.real, yft.real, -sign * yft.imag),
        (start, yff.imag, yft.imag, sign * yft.real),
        (end, ytt.real, ytf.real, sign * ytf.imag),
        (end, ytt.imag, ytf.imag, -sign * ytf.real),
    ]
    return [
        _place(columns, [(branch, at, own), (branch, real, a), (branch, imaginary, b)], len(branch))
        for at, own, a, b in terms
    ]


def _objective(model: OpfModel, columns: _Columns, elastic: bool) -> tuple[csc_matrix, Floats, float]:
    """Give the scaled objective and its scale, $/h."""
    square, linear = np.zeros(columns.count), np.zeros(columns.count)
    if elastic:
        linear[columns.short] = linear[columns.over] = 1.0
        return csc_matrix(diags(square)), linear, 1.0
    steepest = np.abs(model.cost[:, 1]) + 2 * model.cost[:, 2] * np.abs(model.p_max)
    scale = max(1.0, float(steepest.max(initial=0.0)))
    linear[columns.p] = model.cost[:, 1] / scale
    square[columns.p] = 2 * model.cost[:, 2] / scale
    return csc_matrix(diags(square)), linear, scale


def _balances(model: OpfModel, columns: _Columns, flows: list[csr_matrix]) -> tuple[csr_matrix, Floats]:
    buses, sources = len(model.demand), len(model.p)
    ones, bus = np.ones(sources), np.arange(buses)
    branch = np.arange(len(model.start))
    leaving = csr_matrix((np.ones(len(branch)), (model.start, branch)), (buses, len(branch)))
    entering = csr_matrix((np.ones(len(branch)), (model.end, branch)), (buses, len(branch)))
    parts = []
    for kind, given in enumerate((columns.p, columns.q)):
        shunt = (model.shunt.real, -model.shunt.imag)[kind]
        own = [(model.source_bus, given, -ones), (bus, columns.w, shunt)]
        if len(columns.short):
            slack = columns.short.reshape(4, buses)[2 * kind : 2 * kind + 2]
            own += [(bus, slack[0], -np.ones(buses)), (bus, slack[1], np.ones(buses))]
        taken = leaving @ flows[kind] + entering @ flows[2 + kind]
        parts.append(csr_matrix(taken + _place(columns, own, buses)))
    return csr_matrix(vstack(parts)), -np.concatenate([model.demand.real, model.demand.imag])


def _inequalities(model: OpfModel, pairs: Neighbours, columns: _Columns) -> tuple[csr_matrix, Floats]:
    """Give rows `rows x <= limit`: bounds of outputs, voltages and slacks, angle limits and their cuts."""
    bounded = [
        (columns.p, model.p_min, model.p_max),
        (columns.q, model.q_min, model.q_max),
        (columns.w, model.vm_min**2, model.vm_max**2),
    ]
    slack = np.concatenate([columns.short, columns.over])
    bounded.append((slack, np.zeros(len(slack)), np.full(len(slack), np.inf)))
    column, low, high = (np.concatenate(part) for part in zip(*bounded, strict=True))
    has_low, has_high = np.isfinite(low), np.isfinite(high)
    signs = np.concatenate([-np.ones(has_low.sum()), np.ones(has_high.sum())])
    which = np.concatenate([column[has_low], column[has_high]])
    bounds = _place(columns, [(np.arange(len(which)), which, signs)], len(which))
    angles, right = _angle_rows(pairs, columns)
    return csr_matrix(vstack([bounds, angles])), np.concatenate([-low[has_low], high[has_high], right])


def _angle_rows(pairs: Neighbours, columns: _Columns) -> tuple[csr_matrix, Floats]:
    """Give the rows that keep W in its sector, and those that tie it to w there (Coffrin's cuts)."""
    some = np.flatnonzero(pairs.narrow)
    row = np.arange(len(some))
    real, imaginary = columns.real[some], columns.imaginary[some]
    low, high, ones = pairs.low[some], pairs.high[some], np.ones(len(some))
    entries = [
        (row, real, np.sin(low)),
        (row, imaginary, -np.cos(low)),
        (row + len(some), real, -np.sin(high)),
        (row + len(some), imaginary, np.cos(high)),
    ]
    limit = [np.zeros(2 * len(some))]
    middle, half = (high + low) / 2, (high - low) / 2
    for side, (at_start, at_end, constant) in enumerate(pairs.planes(some)):
        # Within the sector Re(W exp(-j middle)) is at least cos(half) |W|, and |W| at least the plane.
        place = row + (2 + side) * len(some)
        entries += [
            (place, real, -np.cos(middle)),
            (place, imaginary, -np.sin(middle)),
            (place, columns.w[pairs.start[some]], np.cos(half) * at_start),
            (place, columns.w[pairs.end[some]], np.cos(half) * at_end),
        ]
        limit.append(-np.cos(half) * constant * ones)
    return _place(columns, entries, 4 * len(some)), np.concatenate(limit)


def _cones(
    model: OpfModel, pairs: Neighbours, columns: _Columns, flows: list[csr_matrix], rated: Ints
) -> tuple[csr_matrix, Floats]:
    """Give the rows whose negative, plus the offset, lies in cones: pairs (4 each), then ratings (3 each)."""
    pair, ones = np.arange(pairs.count), np.ones(pairs.count)
    start, end = columns.w[pairs.start], columns.w[pairs.end]
    entries = [
        (4 * pair, start, -ones),
        (4 * pair, end, -ones),
        (4 * pair + 1, start, -ones),
        (4 * pair + 1, end, ones),
        (4 * pair + 2, columns.real, -2 * ones),
        (4 * pair + 3, columns.imaginary, -2 * ones),
    ]
    parts, offset = [_place(columns, entries, 4 * pairs.count)], [np.zeros(4 * pairs.count)]
    row = np.arange(len(rated))
    for side in (0, 1):
        slack = columns.over.reshape(2, -1)[side] if len(columns.over) else np.zeros(0, np.int64)
        first = _place(columns, [(row[: len(slack)], slack, -np.ones(len(slack)))], len(rated))
        stacked = vstack([first, -flows[2 * side][rated], -flows[2 * side + 1][rated]])
        order = (row[:, None] + len(rated) * np.arange(3)).ravel()
        parts.append(csr_matrix(stacked)[order])
        limit = np.zeros((len(rated), 3))
        limit[:, 0] = model.rating[rated]
        offset.append(limit.ravel())
    return csr_matrix(vstack(parts)), np.concatenate(offset)


def _read(
    model: OpfModel,
    columns: _Columns,
    flows: list[csr_matrix],
    answer: ConicAnswer,
    *,
    rated: Ints,
    scale: float,
) -> SocSolution:
    buses, x = len(model.demand), answer.x
    price = answer.dual[: 2 * buses] * scale
    pull = -answer.dual[len(answer.dual) - 6 * len(rated) :].reshape(2, -1, 3)[:, :, 1:] * scale
    pulls = np.zeros((2, len(model.start)), complex)
    pulls[:, rated] = pull[:, :, 0] + 1j * pull[:, :, 1]
    vm = np.sqrt(np.maximum(x[columns.w], 0.0))
    short = x[columns.short].reshape(2, 2, -1) if len(columns.short) else np.zeros((2, 2, buses))
    over = np.zeros((2, len(model.start)))
    if len(columns.over):
        over[:, rated] = x[columns.over].reshape(2, -1)
    flow = [rows @ x for rows in flows]
    return SocSolution(
        status=answer.status,
        objective=answer.objective * scale + model.cost_constant * (not len(columns.short)),
        iterations=answer.iterations,
        p=x[columns.p],
        q=x[columns.q],
        vm=vm,
        into_from=flow[0] + 1j * flow[1],
        into_to=flow[2] + 1j * flow[3],
        proof=Proof(price=price[:buses] + 1j * price[buses:], pull_from=pulls[0], pull_to=pulls[1], vm=vm),
        short_p=short[0, 0] - short[0, 1],
        short_q=short[1, 0] - short[1, 1],
        over_from=over[0],
        over_to=over[1],
    )
