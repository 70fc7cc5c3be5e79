"""Eight outages that take their earlier steps into account: Anderson's mixing of depth two.

With constant factors a Newton step leaves about the same share of every error; what the last steps left tells
how to do better. With the Newton steps z, z' and z'' of this iterate and of the two before it, g, g' and g''
where they lead, the next iterate is g - a (g - g') - b (g' - g''), where a and b make
z - a (z - z') - b (z' - z'') least.

Source: Anderson (1965), Iterative procedures for nonlinear integral equations; Walker and Ni (2011), Anderson
acceleration for fixed-point iterations.
"""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Floats, Ints
from genba.grid.kernels.outage_steps import turn
from genba.num.jit import borrowing, kernel
from genba.num.lu.lanes import LANES, aligned, difference, every, load, product, store, times, total

SEEN = 256
"""Positions from which only some are looked at to find the weights: at least so many."""
MIXED = 2000
"""Buses up to which it pays: beyond, what lanes know does not fit into the second-level cache."""
GROWTH = 2.0
"""By how much a mismatch may grow before what was learnt until then is forgotten."""
PARALLEL = 1e-3
"""Squared sine of the angle between two differences below which one of them is enough."""


class Past(NamedTuple):
    """What eight lanes know of their steps.

    Arguments:
        seen: the last Newton step and the one before at some positions, evenly spread, shape (m, 4, 8).
        off: where the last Newton step would have led, and the one before, from where the lane is now,
            shape (n, 4, 8).
        gram: products of the last three Newton steps with one another at the positions seen, the last one's
            first: 00, 01, 02, 11, 12, 22; shape (1, 6, 8).
        weight: of the Newton step and of both parts of `off` in the next step; 1 when `off` holds something,
            else 0; shape (1, 4, 8).
        held: Newton steps that tell something, shape (8,).
        before: mismatch before the last step, shape (8,), p.u.
    """

    seen: Floats
    off: Floats
    gram: Floats
    weight: Floats
    held: Ints
    before: Floats


@kernel
def past_of(n: int) -> Past:
    """Give eight lanes of `n` positions that have taken no step; without room beyond `MIXED`."""
    known = n if n <= MIXED else 0
    return Past(
        seen=aligned(-(-known // max(1, known // SEEN)), 4),
        off=aligned(known, 4),
        gram=np.zeros((1, 6, LANES)),
        weight=np.zeros((1, 4, LANES)),
        held=np.zeros(LANES, np.int64),
        before=np.zeros(LANES),
    )


@borrowing
def remember(step: Floats, past: Past) -> None:
    """Add a Newton step to what lanes know, shape (n, 2, 8)."""
    seen, gram, held = past.seen, past.gram, past.held
    stride, last = max(1, len(step) // SEEN), len(step) - 1
    own, one, two = every(0.0), every(0.0), every(0.0)
    for k in range(len(seen)):
        i = last - k * stride
        a, b = load(step, i, 0), load(step, i, 1)
        c, d = load(seen, k, 0), load(seen, k, 1)
        own = total(own, times(a, a, b, b))
        one = total(one, times(a, c, b, d))
        two = total(two, times(a, load(seen, k, 2), b, load(seen, k, 3)))
        store(seen, k, 2, c)
        store(seen, k, 3, d)
        store(seen, k, 0, a)
        store(seen, k, 1, b)
    store(gram, 0, 5, load(gram, 0, 3))
    store(gram, 0, 4, load(gram, 0, 1))
    store(gram, 0, 3, load(gram, 0, 0))
    store(gram, 0, 0, own)
    store(gram, 0, 1, one)
    store(gram, 0, 2, two)
    for lane in range(LANES):
        held[lane] += 1


@borrowing
def weigh(mismatch: Floats, past: Past) -> None:
    """Find the weights of the next step; `mismatch` is that before it, shape (8,).

    A lane whose mismatch has grown forgets what it knows, and takes the Newton step.
    """
    gram, weight, held, before = past.gram, past.weight, past.held, past.before
    for lane in range(LANES):
        if not mismatch[lane] <= GROWTH * before[lane]:
            held[lane] = 1
        before[lane] = mismatch[lane]
        a, b = 0.0, 0.0
        if held[lane] > 1:
            own, one, two = gram[0, 0, lane], gram[0, 1, lane], gram[0, 2, lane]
            first, wanted = own - 2.0 * one + gram[0, 3, lane], own - one
            a = wanted / first if first > 0.0 else 0.0
            if held[lane] > 2:
                mixed = one - two - gram[0, 3, lane] + gram[0, 4, lane]
                second = gram[0, 3, lane] - 2.0 * gram[0, 4, lane] + gram[0, 5, lane]
                other, size = one - two, first * second - mixed * mixed
                if size > PARALLEL * first * second:
                    a = (wanted * second - other * mixed) / size
                    b = (other * first - wanted * mixed) / size
        off = weight[0, 3, lane]
        weight[0, 0, lane], weight[0, 1, lane], weight[0, 2, lane] = 1.0 - a, off * (a - b), off * b


@borrowing
def move_on(v: Floats, step: Floats, past: Past) -> None:
    """Turn and stretch the voltages by the step that follows from Newton's, shape (n, 2, 8)."""
    off, weight = past.off, past.weight
    newton, one, two, kept = load(weight, 0, 0), load(weight, 0, 1), load(weight, 0, 2), load(weight, 0, 3)
    for i in range(len(step)):
        z, g, h = load(step, i, 0), load(off, i, 0), load(off, i, 2)
        a = total(times(newton, z, one, g), product(two, h))
        store(off, i, 0, difference(z, a))
        store(off, i, 2, difference(product(kept, g), a))
        z, g, h = load(step, i, 1), load(off, i, 1), load(off, i, 3)
        u = total(times(newton, z, one, g), product(two, h))
        store(off, i, 1, difference(z, u))
        store(off, i, 3, difference(product(kept, g), u))
        turn(v, i, a, u)
    store(past.weight, 0, 3, every(1.0))


@borrowing
def forget(past: Past) -> None:
    """Leave all lanes without steps."""
    past.held[:] = 0


@borrowing
def clear(past: Past, lane: int) -> None:
    """Leave numbers in a lane that found no solution: 0 times what is none would spoil the next outage."""
    for i in range(len(past.off)):
        for part in range(4):
            past.off[i, part, lane] = 0.0


@borrowing
def take_over(old: Past, there: int, new: Past, lane: int) -> None:
    """Copy the last step of lane `there`, which was Newton's, into a lane of another group."""
    seen, then = new.seen, old.seen
    for k in range(len(seen)):
        seen[k, 0, lane], seen[k, 1, lane] = then[k, 0, there], then[k, 1, there]
    new.gram[0, 0, lane], new.weight[0, 3, lane] = old.gram[0, 0, there], 0.0
    new.held[lane], new.before[lane] = min(old.held[there], 1), np.inf


__all__ = ["Past", "clear", "forget", "move_on", "past_of", "remember", "take_over", "weigh"]
