"""Mehrotra's predictor and corrector: the barrier parameter of a step, and the step bent to where it leads.

A step that aims at no barrier at all, the predictor, tells how far the products of multipliers and distances
can fall at once; the barrier parameter is what is left of them, smaller still the more they fall. Its own
products are what a linear step misses the barrier by: the corrected step, from the same factors, takes them
off. Where that leaves less room to move, only a share of the correction is taken. Where the Hessian had to be
convexified the barrier stays: lowered there, it leads into corners that take long to leave, and to dearer
optima.

Source: Mehrotra (1992), On the implementation of a primal-dual interior point method; shares of a correction:
Colombo and Gondzio (2008), Further development of multiple centrality correctors for interior point methods,
section 3; for programs that are not convex: Nocedal, Waechter and Waltz (2009), Adaptive barrier update
strategies for nonlinear interior methods, section 3.
"""

from dataclasses import dataclass

import numpy as np

from genba.num.ipm.direction import Direction, Linear, direction
from genba.num.ipm.program import Floats, Program
from genba.num.ipm.reductions import BLOCK, largest, largest_at, total
from genba.num.ipm.state import State
from genba.num.ipm.vectors import bound_steps, missed, near
from genba.num.jit import inlined, kernel

POWER = 2.0
"""The barrier falls with this power of the share of the products that the predictor leaves."""
MOST = 10.0
"""A product counts for no more than this many times the mean one: first steps are far too long."""
SHARES = (0.75, 0.5, 0.25, 0.1)
"""Shares of the correction that are tried, but for all of it."""
GAIN = 1.1
"""A smaller share of the correction must let primal and dual together go so much farther."""

Bend = tuple[Floats, float, float, float]
"""A predictor, the barrier parameter it aims at, the largest of its products that counts, and the share of
them by which the products of bounds are to stay below the barrier."""


@dataclass(slots=True, eq=False)
class Step:
    """A step of everything, and what it is the answer to.

    Arguments:
        along: the step of variables and constraints.
        linear: the linearised problem; its gradient is bent where the step is corrected.
        bend: how far it is bent.
        dzl, dzu: the steps of the bounds' multipliers.
        primal, dual: how far variables and multipliers can go.
        descent: derivative of the barrier function along it.
    """

    along: Direction
    linear: Linear
    bend: Bend
    dzl: Floats
    dzu: Floats
    primal: float
    dual: float
    descent: float


def straight(program: Program, state: State, linear: Linear) -> Step:
    """Give the step to the barrier parameter that is set."""
    along = direction(program, linear, state.c, state.d - state.s)
    return stepped(state, along, linear, (along.dw, state.mu, 0.0, 0.0))


def stepped(state: State, along: Direction, linear: Linear, bend: Bend) -> Step:
    """Complete a step by those of the bounds' multipliers."""
    dzl, dzu = np.empty_like(state.w), np.empty_like(state.w)
    aim = state.mu, max(0.99, 1 - state.mu), state.gradient
    far = bound_steps(state.gl, state.gu, state.zl, state.zu, along.dw, bend, *aim, dzl, dzu)
    return Step(along, linear, bend, dzl, dzu, *far)


def corrected(program: Program, state: State, linear: Linear) -> Step:
    """Give the corrected step, and set the barrier parameter that it aims at.

    Arguments:
        program: what is to be minimised, its KKT matrix factorised.
        state: the iterate; its barrier parameter is the smallest one worth aiming at.
        linear: the problem linearised at it.
    """
    least, mean = state.mu, state.gap / max(state.bounds, 1)
    bounds, rd = (state.gl, state.gu, state.zl, state.zu), state.d - state.s
    first = direction(program, linear, state.c, rd, rough=True)
    bent = Linear(np.empty_like(linear.r), linear.sigma, linear.give, linear.delta)
    most, convex = MOST * mean, linear.delta == 0
    state.mu = aim = turned(*bounds, first.dw, (least, mean, most), state.bounds, convex, linear.r, bent.r)
    second = direction(program, bent, state.c, rd)
    step = stepped(state, second, bent, (first.dw, least, most, 1.0))
    far = step.primal * step.dual
    if not GAIN * far < 1:
        return step
    share = farthest(*bounds, first.dw, second.dw, (least, aim, most, max(0.99, 1 - aim)), far)
    if share == 1:
        return step
    state.mu = least + share * (aim - least)
    ends = (second.dw, second.dyc, second.dyd, bent.r)
    mix(share, (first.dw, first.dyc, first.dyd, linear.r), ends)
    return stepped(state, second, bent, (first.dw, least, most, share))


@kernel
def turned(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    first: Floats,
    aims: tuple[float, float, float],
    count: int,
    convex: bool,
    r: Floats,
    bent: Floats,
) -> float:
    """Give the barrier parameter that a predictor suggests, and write the gradient less what it misses.

    Arguments:
        gl, gu: distances.
        zl, zu: multipliers of the bounds, 0 without.
        first: the predictor.
        aims: barrier parameter that it aims at; mean product of multipliers and distances where it begins;
            largest product of its that counts.
        count: number of bounds.
        convex: whether the barrier may be lowered.
        r: gradient of the barrier's Lagrangian at the first of the aims.
        bent: receives it at the barrier parameter given.
    """
    least, mean, most = aims
    mu = mean
    if convex:
        left = _foreseen(gl, gu, zl, zu, first, least, mean * count, count) / max(count, 1)
        mu = max(least, mean * (left / mean) ** POWER) if left < mean else mean
    for i in range(len(gl)):
        low, high = near(gl[i]), near(gu[i])
        below = least - mu + missed(low, zl[i], first[i], least, most)
        above = least - mu + missed(high, zu[i], -first[i], least, most)
        bent[i] = r[i] + below * low - above * high
    return mu


@inlined
def _foreseen(
    gl: Floats, gu: Floats, zl: Floats, zu: Floats, dw: Floats, mu: float, gap: float, count: int
) -> float:
    """Give the sum of all products as far along a step to mu as bounds allow; it is `gap` where it begins.

    Multipliers go their own share of the way, as far as they stay above 0.
    """
    toward, down, change, both = 1.0, 1.0, 0.0, 0.0
    block = np.empty((4, BLOCK))
    for b in range((len(gl) + BLOCK - 1) // BLOCK):
        at, to = b * BLOCK, min(b * BLOCK + BLOCK, len(gl))
        part = block[:, : to - at]
        _products(gl[at:to], gu[at:to], zl[at:to], zu[at:to], dw[at:to], mu, part)
        toward, down = largest(part[0], toward), largest(part[1], down)
        change, both = change + total(part[2]), both + total(part[3])
    primal, dual = 1.0 / toward, 1.0 / down
    return gap + primal * change + dual * (mu * count - gap - change) + primal * dual * both


@inlined
def _products(gl: Floats, gu: Floats, zl: Floats, zu: Floats, dw: Floats, mu: float, out: Floats) -> None:
    """Write the largest parts of distances and multipliers that a step takes, and how it changes products.

    That is by the distances alone, and by both together; by the multipliers alone, it is what is left.
    """
    for k in range(len(gl)):
        below, above, lower, upper = near(gl[k]), near(gu[k]), zl[k], zu[k]
        x, y = dw[k] * below, -dw[k] * above
        d, e = mu * below - lower * x - lower, mu * above - upper * y - upper
        p, q = (-d / lower if lower > 0 else 0.0), (-e / upper if upper > 0 else 0.0)
        out[0, k] = -x if x < y else -y
        out[1, k] = p if p > q else q
        out[2, k] = dw[k] * (lower - upper)
        out[3, k] = dw[k] * (d - e)


@kernel
def farthest(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    first: Floats,
    second: Floats,
    aims: tuple[float, float, float, float],
    far: float,
) -> float:
    """Give the share of a correction with which primal and dual together go farthest, by enough to prefer it.

    Arguments:
        gl, gu: distances.
        zl, zu: multipliers of the bounds.
        first, second: the predictor and the corrected step.
        aims: barrier parameter of the predictor; that of the corrected step; largest product of the predictor
            that counts; largest share of a distance or of a multiplier that a step takes.
        far: how far they go with the whole correction, the product of both shares of a step.
    """
    tau = aims[3]
    toward, down = np.full(len(SHARES), tau), np.full(len(SHARES), tau)
    block = np.empty((8, BLOCK))
    for b in range((len(gl) + BLOCK - 1) // BLOCK):
        at, to = b * BLOCK, min(b * BLOCK + BLOCK, len(gl))
        part = block[:, : to - at]
        _lines(gl[at:to], gu[at:to], zl[at:to], zu[at:to], first[at:to], second[at:to], aims, part)
        for k in range(len(SHARES)):
            toward[k] = largest_at(SHARES[k], part[0], part[1], part[2], part[3], toward[k])
            down[k] = largest_at(SHARES[k], part[4], part[5], part[6], part[7], down[k])
    best, share = tau * tau / (far * GAIN), 1.0
    for k in range(len(SHARES)):
        if toward[k] * down[k] < best:
            best, share = toward[k] * down[k] / GAIN, SHARES[k]
    return share


@inlined
def _lines(
    gl: Floats,
    gu: Floats,
    zl: Floats,
    zu: Floats,
    first: Floats,
    second: Floats,
    aims: tuple[float, float, float, float],
    out: Floats,
) -> None:
    """Write the parts of distances and multipliers that a step takes, by the share of the correction.

    Each is a value at a share of 0 and a slope: of lower and upper distances, then of their multipliers.
    """
    before, mu, most, _ = aims
    for k in range(len(gl)):
        below, above, lower, upper = near(gl[k]), near(gu[k]), zl[k], zu[k]
        start, turn = first[k], second[k] - first[k]
        p, q = (below / lower if lower > 0 else 0.0), (above / upper if upper > 0 else 0.0)
        x, y = start * below, -start * above
        v, w = turn * below, -turn * above
        out[0, k], out[1, k], out[2, k], out[3, k] = -x, -v, -y, -w
        out[4, k] = 1.0 + x - before * p
        out[5, k] = v - (mu - before - missed(below, lower, start, before, most)) * p
        out[6, k] = 1.0 + y - before * q
        out[7, k] = w - (mu - before - missed(above, upper, -start, before, most)) * q


@kernel
def mix(
    share: float,
    first: tuple[Floats, Floats, Floats, Floats],
    second: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Replace vectors by a share of them and the rest of others."""
    for part in range(4):
        for i in range(len(first[part])):
            second[part][i] = first[part][i] + share * (second[part][i] - first[part][i])
