"""Second-order cone relaxation of an optimal power flow: a bound that no dispatch can beat.

Products of voltages become variables of their own: `w = |v|^2` at buses and `W = v conj(v')` at pairs of
neighbours, where `|W|^2 = w w'` is relaxed to at most. What links the angles around a loop is lost.

Neighbours' voltages are almost equal, and admittances large: flows are small differences of large numbers. So
a pair has the variables `spread = b (w - w') / 2`, `turn = b Im W` and `fall = b^2 ((w + w') / 2 - Re W)`,
seen behind the transformer of its stiffest branch, with b a moderate part of that branch's admittance. The
cone reads `spread^2 + turn^2 <= fall (w + w' - fall / b^2)`. Bounds come out 1e-8 below the optimum, where
with W itself they were 1e-4 below.

Source: Jabr, Radial distribution load flow using conic programming, IEEE Trans. Power Systems 21 (2006);
cuts of angle and magnitude: Coffrin, Hijazi and Van Hentenryck, Strengthening the SDP relaxation of AC power
flows with convex envelopes, bound tightening, and valid inequalities, IEEE Trans. Power Systems 32 (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.lagrangian import Proof
from genba.grid.kernels.neighbours import Neighbours, neighbours_of
from genba.grid.kernels.network import Floats, Ints, Phasors
from genba.grid.kernels.opf_model import OpfModel
from genba.num import sparse
from genba.num.solvers.clarabel import ConicAnswer, ConicProgram, ConicStanding, ConicStatus, solve

Watch = Callable[[ConicStanding], bool]
SOFTEST, STIFFEST = 1.0, 30.0
"""Ends of what pairs are scaled by, p.u.; with more, dual residuals weigh too much in the bound."""
LOWEST = 1e-3
"""Least magnitude at which a tangent is drawn, p.u.; an iterate far from any state may have w of 0."""


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
    """Where variables lie: outputs, w, those of pairs and, when elastic, slacks of balances and ratings."""

    p: Ints
    q: Ints
    w: Ints
    spread: Ints
    turn: Ints
    fall: Ints
    short: Ints
    over: Ints
    count: int


@dataclass(frozen=True, eq=False)
class _Frame:
    """How pairs are seen, shape (k,) each.

    Arguments:
        pairs: the pairs.
        ratio: W over that behind the transformer of the stiffest branch, complex.
        at_start, at_end: w behind the transformer over that of the bus.
        stiffness: b, p.u.
    """

    pairs: Neighbours
    ratio: Phasors
    at_start: Floats
    at_end: Floats
    stiffness: Floats


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
    frame = _frame(model, neighbours_of(model))
    columns = _columns(model, frame.pairs, elastic)
    flows = _flows(model, frame, columns)
    rated = np.flatnonzero(np.isfinite(model.rating))
    square, linear, scale = _objective(model, columns, elastic)
    balances, right = _balances(model, columns, flows)
    equations = sparse.vstack([balances, _spreads(frame, columns)])
    right = np.concatenate([right, np.zeros(frame.pairs.count)])
    rows, limit = _inequalities(model, frame, columns)
    cones, offset = _cones(model, frame, columns, flows, rated)
    program = ConicProgram(
        square,
        linear,
        sparse.csc_matrix(sparse.vstack([equations, rows, cones])),
        np.concatenate([right, limit, offset]),
        len(right),
        len(limit),
        (4,) * frame.pairs.count + (3,) * (2 * len(rated)),
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
    sizes = [sources, sources, buses, pairs.count, pairs.count, pairs.count]
    sizes += [4 * buses, 2 * rated] if elastic else [0, 0]
    ends = np.cumsum(sizes)
    p, q, w, spread, turn, fall, short, over = (
        np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)
    )
    return _Columns(p, q, w, spread, turn, fall, short, over, int(ends[-1]))


def _frame(model: OpfModel, pairs: Neighbours) -> _Frame:
    """Look at each pair from behind the transformer of its stiffest branch."""
    yff, yft, ytf, ytt = model.two_port
    order = np.argsort(np.abs(yft), kind="stable")
    stiffest = np.zeros(pairs.count, np.int64)
    stiffest[pairs.of_branch[order]] = order  # the last one stays
    with np.errstate(divide="ignore", invalid="ignore"):
        tap = np.sqrt(np.abs(ytt / yff)) * np.exp(0.5j * np.angle(yft / ytf))
    tap = np.where(np.isfinite(tap), tap, 1.0)[stiffest]
    forward, square = pairs.sign[stiffest] > 0, np.abs(tap) ** 2
    return _Frame(
        pairs=pairs,
        ratio=np.where(forward, tap, tap.conj()),
        at_start=np.where(forward, 1 / square, 1.0),
        at_end=np.where(forward, 1.0, 1 / square),
        stiffness=np.clip(np.abs(yft[stiffest]), SOFTEST, STIFFEST),
    )


def _spreads(frame: _Frame, columns: _Columns) -> sparse.csr_matrix:
    """Give the rows that define the spreads."""
    pair, scale = np.arange(frame.pairs.count), np.sqrt(frame.stiffness)
    return _place(
        columns,
        [
            (pair, columns.w[frame.pairs.start], scale * frame.at_start / 2),
            (pair, columns.w[frame.pairs.end], -scale * frame.at_end / 2),
            (pair, columns.spread, -scale / frame.stiffness),
        ],
        len(pair),
    )


def _place(columns: _Columns, entries: list[tuple[Ints, Ints, Floats]], rows: int) -> sparse.csr_matrix:
    """Give a matrix from rows, columns and values."""
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    return sparse.csr_matrix(sparse.coo_matrix((value, (row, column)), shape=(rows, columns.count)))


def _flows(model: OpfModel, frame: _Frame, columns: _Columns) -> list[sparse.csr_matrix]:
    """Give P and Q into the from ends, P and Q into the to ends, each as rows over the variables.

    With w at the branch's end `(mean +- spread) / share` of its pair and W `ratio (mean - fall + j turn)`,
    what multiplies the mean is the branch's charging alone: large admittances cancel here, not in the solver.
    """
    yff, yft, ytf, ytt = model.two_port.conj()
    pairs, forward = frame.pairs, frame.pairs.sign > 0
    pair, branch = pairs.of_branch, np.arange(len(model.start))
    ratio = np.where(forward, frame.ratio[pair], frame.ratio[pair].conj())
    ends = ((yff, yft * ratio, forward), (ytt, ytf * ratio.conj(), ~forward))
    rows = []
    for side, (own, mutual, at_start) in enumerate(ends):
        share = np.where(at_start, frame.at_start[pair], frame.at_end[pair])
        mean = own / share + mutual
        spread = np.where(at_start, 1.0, -1.0) * own / share / frame.stiffness[pair]
        turn = 1j * pairs.sign * (1 - 2 * side) * mutual / frame.stiffness[pair]
        fall = -mutual / frame.stiffness[pair] ** 2
        parts = [
            (columns.w[pairs.start[pair]], mean * frame.at_start[pair] / 2),
            (columns.w[pairs.end[pair]], mean * frame.at_end[pair] / 2),
            (columns.spread[pair], spread),
            (columns.turn[pair], turn),
            (columns.fall[pair], fall),
        ]
        rows += [_place(columns, [(branch, at, value.real) for at, value in parts], len(branch))]
        rows += [_place(columns, [(branch, at, value.imag) for at, value in parts], len(branch))]
    return rows


def _objective(model: OpfModel, columns: _Columns, elastic: bool) -> tuple[sparse.csc_matrix, Floats, float]:
    """Give the scaled objective and its scale, $/h."""
    square, linear = np.zeros(columns.count), np.zeros(columns.count)
    if elastic:
        linear[columns.short] = linear[columns.over] = 1.0
        return sparse.csc_matrix(sparse.diags(square)), linear, 1.0
    # limits of output may lie far beyond what is asked for, and a scale of theirs would lose the digits
    most = np.minimum(np.abs(model.p_max), max(1.0, float(np.abs(model.demand.real).sum())))
    steepest = np.abs(model.cost[:, 1]) + 2 * model.cost[:, 2] * most
    scale = max(1.0, float(steepest.max(initial=0.0)))
    linear[columns.p] = model.cost[:, 1] / scale
    square[columns.p] = 2 * model.cost[:, 2] / scale
    return sparse.csc_matrix(sparse.diags(square)), linear, scale


def _balances(
    model: OpfModel, columns: _Columns, flows: list[sparse.csr_matrix]
) -> tuple[sparse.csr_matrix, Floats]:
    buses, sources = len(model.demand), len(model.p)
    ones, bus = np.ones(sources), np.arange(buses)
    branch = np.arange(len(model.start))
    leaving = sparse.csr_matrix((np.ones(len(branch)), (model.start, branch)), (buses, len(branch)))
    entering = sparse.csr_matrix((np.ones(len(branch)), (model.end, branch)), (buses, len(branch)))
    parts = []
    for kind, given in enumerate((columns.p, columns.q)):
        shunt = (model.shunt.real, -model.shunt.imag)[kind]
        own = [(model.source_bus, given, -ones), (bus, columns.w, shunt)]
        if len(columns.short):
            slack = columns.short.reshape(4, buses)[2 * kind : 2 * kind + 2]
            own += [(bus, slack[0], -np.ones(buses)), (bus, slack[1], np.ones(buses))]
        taken = leaving @ flows[kind] + entering @ flows[2 + kind]
        parts.append(sparse.csr_matrix(taken + _place(columns, own, buses)))
    return sparse.csr_matrix(sparse.vstack(parts)), -np.concatenate([model.demand.real, model.demand.imag])


def _inequalities(model: OpfModel, frame: _Frame, columns: _Columns) -> tuple[sparse.csr_matrix, Floats]:
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
    angles, right = _angle_rows(frame, columns)
    return sparse.csr_matrix(sparse.vstack([bounds, angles])), np.concatenate(
        [-low[has_low], high[has_high], right]
    )


def _angle_rows(frame: _Frame, columns: _Columns) -> tuple[sparse.csr_matrix, Floats]:
    """Give the rows that keep W in its sector, and those that tie it to w there (Coffrin's cuts)."""
    pairs, some = frame.pairs, np.flatnonzero(frame.pairs.narrow)
    row, seen = np.arange(len(some)), np.angle(frame.ratio[some])
    low, high = pairs.low[some] - seen, pairs.high[some] - seen
    middle, half, size = (high + low) / 2, (high - low) / 2, np.abs(frame.ratio[some])
    entries = _along(frame, columns, some, row=row, real=np.sin(low), imaginary=-np.cos(low))
    entries += _along(frame, columns, some, row=row + len(some), real=-np.sin(high), imaginary=np.cos(high))
    limit = [np.zeros(2 * len(some))]
    for side, (at_start, at_end, constant) in enumerate(pairs.planes(some)):
        # Within the sector Re(W exp(-j middle)) is at least cos(half) |W|, and |W| at least the plane.
        place = row + (2 + side) * len(some)
        entries += _along(
            frame, columns, some, row=place, real=-size * np.cos(middle), imaginary=-size * np.sin(middle)
        )
        entries += [
            (place, columns.w[pairs.start[some]], np.cos(half) * at_start),
            (place, columns.w[pairs.end[some]], np.cos(half) * at_end),
        ]
        limit.append(-np.cos(half) * constant)
    return _place(columns, entries, 4 * len(some)), np.concatenate(limit)


def _along(
    frame: _Frame, columns: _Columns, some: Ints, *, row: Ints, real: Floats, imaginary: Floats
) -> list[tuple[Ints, Ints, Floats]]:
    """Give the entries of `real Re W + imaginary Im W`, W seen behind the transformer."""
    pairs, stiffness = frame.pairs, frame.stiffness[some]
    return [
        (row, columns.w[pairs.start[some]], real * frame.at_start[some] / 2),
        (row, columns.w[pairs.end[some]], real * frame.at_end[some] / 2),
        (row, columns.fall[some], -real / stiffness**2),
        (row, columns.turn[some], imaginary / stiffness),
    ]


def _cones(
    model: OpfModel, frame: _Frame, columns: _Columns, flows: list[sparse.csr_matrix], rated: Ints
) -> tuple[sparse.csr_matrix, Floats]:
    """Give the rows whose negative, plus the offset, lies in cones: pairs (4 each), then ratings (3 each)."""
    pairs = frame.pairs
    pair, ones, small = np.arange(pairs.count), np.ones(pairs.count), frame.stiffness**-2
    entries = [
        (4 * pair, columns.fall, small - 1),
        (4 * pair + 1, columns.fall, -small - 1),
        (4 * pair + 2, columns.spread, -2 * ones),
        (4 * pair + 3, columns.turn, -2 * ones),
    ]
    for at, share in ((pairs.start, frame.at_start), (pairs.end, frame.at_end)):
        entries += [(4 * pair, columns.w[at], -share), (4 * pair + 1, columns.w[at], share)]
    parts, offset = [_place(columns, entries, 4 * pairs.count)], [np.zeros(4 * pairs.count)]
    row = np.arange(len(rated))
    for side in (0, 1):
        slack = columns.over.reshape(2, -1)[side] if len(columns.over) else np.zeros(0, np.int64)
        first = _place(columns, [(row[: len(slack)], slack, -np.ones(len(slack)))], len(rated))
        stacked = sparse.vstack([first, -flows[2 * side][rated], -flows[2 * side + 1][rated]])
        order = (row[:, None] + len(rated) * np.arange(3)).ravel()
        parts.append(sparse.csr_matrix(stacked)[order])
        limit = np.zeros((len(rated), 3))
        limit[:, 0] = model.rating[rated]
        offset.append(limit.ravel())
    return sparse.csr_matrix(sparse.vstack(parts)), np.concatenate(offset)


def _read(
    model: OpfModel,
    columns: _Columns,
    flows: list[sparse.csr_matrix],
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
        proof=Proof(
            price=price[:buses] + 1j * price[buses:],
            pull_from=pulls[0],
            pull_to=pulls[1],
            vm=np.maximum(vm, LOWEST),
        ),
        short_p=short[0, 0] - short[0, 1],
        short_q=short[1, 0] - short[1, 1],
        over_from=over[0],
        over_to=over[1],
    )
