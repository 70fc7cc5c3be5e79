"""Random times in blocks, addressed by (seed, replication, stream, purpose, number of the draw).

A draw is a pure function of its address: it is the same for any number of threads, in any order, on any
design of the line that keeps the stream, and in both engines. Draws come in blocks of 64, either one
replication's (`draw_block`) or those of 16 replications side by side (`draw_lanes`); equal bits either way.

Addresses: the seed is Philox's key; the counter's words are the pair of draws within the stream (draw n of a
block is one half of pair n mod 32), the purpose, the stream (one per station, by its place in the line), and
the replication.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.elementary import FAR, exp, log, normal_middle, normal_tail
from genba.line.kernels.laws import (
    DETERMINISTIC,
    EMPIRICAL,
    EXPONENTIAL,
    GAMMA,
    GAMMA_REACH,
    GAMMA_STEPS,
    LOGNORMAL,
    NORMAL,
    TRIANGULAR,
    WEIBULL,
)
from genba.line.kernels.philox import LOW, philox, unit
from genba.num.jit import inlined, kernel

DRAWS = 64
"""Draws of a block."""
PAIRS = 32
LANES = 16
"""Replications side by side."""
WORK, FAILURE, REPAIR, PRODUCT, QUALITY, REWORK, ARRIVAL, ROUTE, CHANGEOVER, TRAVEL = range(10)
"""Purposes: what a draw decides; more may be added at the end."""
HIGHEST = 1.0 - 2.0**-53
LAST_STEP = int(2 * GAMMA_REACH * GAMMA_STEPS) - 1


def key_of(seed: int) -> NDArray[np.uint64]:
    """Give Philox's key of a seed, shape (2,): its low and its high 32 bits."""
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint64)


@kernel
def uniform_block(out: Any, key: Any, replication: int, stream: int, purpose: int, block: int) -> None:
    """Write a block of uniform numbers in (0, 1) of one replication; out shape (DRAWS,)."""
    k0, k1 = key[0], key[1]
    first, c1, c2, c3 = (
        np.uint64(block * PAIRS),
        np.uint64(purpose),
        np.uint64(stream),
        np.uint64(replication),
    )
    for j in range(PAIRS):
        w0, w1, w2, w3 = philox((first + np.uint64(j)) & LOW, c1, c2, c3, k0, k1)
        out[j] = unit(w0, w1)
        out[PAIRS + j] = unit(w2, w3)


@kernel
def uniform_lanes(out: Any, key: Any, replication: int, stream: int, purpose: int, block: int) -> None:
    """Write a block of uniform numbers of the replications from `replication` on; out (DRAWS, LANES)."""
    k0, k1 = key[0], key[1]
    first, c1, c2, c3 = (
        np.uint64(block * PAIRS),
        np.uint64(purpose),
        np.uint64(stream),
        np.uint64(replication),
    )
    for j in range(PAIRS):
        c0 = (first + np.uint64(j)) & LOW
        for lane in range(LANES):
            w0, w1, w2, w3 = philox(c0, c1, c2, c3 + np.uint64(lane), k0, k1)
            out[j, lane] = unit(w0, w1)
            out[PAIRS + j, lane] = unit(w2, w3)


@kernel
def draw_block(
    out: Any, key: Any, replication: int, stream: int, purpose: int, block: int, law: Any, table: Any
) -> None:
    """Write draws 64 block .. 64 block + 63 of one replication's stream; out shape (DRAWS,), s.

    Arguments:
        out: where they go.
        key: of the seed (`key_of`).
        replication: its number, from 0.
        stream: the station's number.
        purpose: what the draw decides.
        block: number of the block, from 0.
        law: a row of `Laws`.
        table: the table of `Laws`.
    """
    if law[0] != DETERMINISTIC:
        uniform_block(out, key, replication, stream, purpose, block)
    quantiles(out, law, table)


@kernel
def draw_lanes(
    out: Any, key: Any, replication: int, stream: int, purpose: int, block: int, law: Any, table: Any
) -> None:
    """Write the same block of LANES replications, the first being `replication`; out (DRAWS, LANES), s."""
    if law[0] != DETERMINISTIC:
        uniform_lanes(out, key, replication, stream, purpose, block)
    quantiles(out.reshape(-1), law, table)


@kernel
def quantiles(x: Any, law: Any, table: Any) -> None:
    """Put the law's quantiles in the place of uniform numbers; x shape (a multiple of LANES,)."""
    kind = int(law[0])
    if kind == DETERMINISTIC:
        x[:] = law[1]
    elif kind == EXPONENTIAL:
        _exponential(x, law)
    elif kind == NORMAL:
        _truncated(x, law)
    elif kind == LOGNORMAL:
        _lognormal(x, law)
    elif kind == GAMMA:
        _gamma(x, law, table)
    elif kind == WEIBULL:
        _weibull(x, law)
    elif kind == TRIANGULAR:
        _triangular(x, law)
    elif kind == EMPIRICAL:
        _empirical(x, law, table)


@inlined
def _exponential(x: Any, law: Any) -> None:
    mean = law[1]
    for i in range(x.size):
        x[i] = -mean * log(1.0 - x[i])


@kernel
def standard_normal(x: Any) -> None:
    """Put normal quantiles in the place of probabilities in (0, 1); x shape (a multiple of LANES,)."""
    w = np.empty(LANES)
    for start in range(0, x.size, LANES):
        row = x[start : start + LANES]
        far = 0
        for i in range(LANES):
            w[i] = -log(4.0 * (row[i] * (1.0 - row[i])))
            far += w[i] > FAR
        if far:
            for i in range(LANES):
                row[i] = normal_tail(row[i]) if w[i] > FAR else normal_middle(row[i], w[i])
        else:
            for i in range(LANES):
                row[i] = normal_middle(row[i], w[i])


@inlined
def _truncated(x: Any, law: Any) -> None:
    mean, deviation, below, above = law[1], law[2], law[3], law[4]
    for i in range(x.size):
        x[i] = min(below + x[i] * above, HIGHEST)
    standard_normal(x)
    for i in range(x.size):
        x[i] = max(mean + deviation * x[i], 0.0)


@inlined
def _lognormal(x: Any, law: Any) -> None:
    middle, deviation = law[1], law[2]
    standard_normal(x)
    for i in range(x.size):
        x[i] = exp(middle + deviation * x[i])


@inlined
def _gamma(x: Any, law: Any, table: Any) -> None:
    """Interpolate the log quantile by cubics with the right slopes at the table's places (Hermite)."""
    begin = int(law[5])
    standard_normal(x)
    for i in range(x.size):
        place = (x[i] + GAMMA_REACH) * GAMMA_STEPS
        step = min(max(int(place), 0), LAST_STEP)
        t = place - step
        at = begin + 2 * step
        v0, s0, v1, s1 = table[at], table[at + 1], table[at + 2], table[at + 3]
        rise = v1 - v0
        x[i] = exp(v0 + t * (s0 + t * (3.0 * rise - 2.0 * s0 - s1 + t * (s0 + s1 - 2.0 * rise))))


@inlined
def _weibull(x: Any, law: Any) -> None:
    scale, order = law[1], law[2]
    for i in range(x.size):
        x[i] = scale * exp(order * log(-log(1.0 - x[i])))


@inlined
def _triangular(x: Any, law: Any) -> None:
    low, mode, high, left = law[1], law[2], law[3], law[4]
    for i in range(x.size):
        rising = low + np.sqrt(x[i] * ((high - low) * (mode - low)))
        falling = high - np.sqrt((1.0 - x[i]) * ((high - low) * (high - mode)))
        x[i] = rising if x[i] < left else falling


@inlined
def _empirical(x: Any, law: Any, table: Any) -> None:
    count, begin = law[1], int(law[5])
    for i in range(x.size):
        x[i] = table[begin + int(x[i] * count)]


__all__ = [
    "ARRIVAL",
    "CHANGEOVER",
    "DRAWS",
    "FAILURE",
    "LANES",
    "PRODUCT",
    "QUALITY",
    "REPAIR",
    "REWORK",
    "ROUTE",
    "TRAVEL",
    "WORK",
    "draw_block",
    "draw_lanes",
    "key_of",
    "quantiles",
    "standard_normal",
    "uniform_block",
    "uniform_lanes",
]
