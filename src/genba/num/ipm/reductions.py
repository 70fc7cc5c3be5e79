"""Sums and largest entries of vectors, reduced by chains that do not wait for each other.

A processor takes several entries of a loop at once where each has a result of its own, but a sum or a largest
entry one by one, since each waits for the one before. So a pass writes what it has to add or compare for
`BLOCK` entries, which stay in the nearest cache, and four chains reduce them. The larger of two is written as
a choice, which `max` is not: that looks for what is no number.
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import inlined

Floats = NDArray[np.float64]

BLOCK = 256
"""Entries that a pass writes before it reduces them."""


@inlined
def largest(values: Floats, least: float) -> float:
    """Give the largest entry, at least `least`; what is no number does not count."""
    m0, m1, m2, m3 = least, least, least, least
    for q in range(len(values) // 4):
        i = 4 * q
        a, b, c, d = values[i], values[i + 1], values[i + 2], values[i + 3]
        m0, m1 = (a if a > m0 else m0), (b if b > m1 else m1)
        m2, m3 = (c if c > m2 else m2), (d if d > m3 else m3)
    for i in range(len(values) // 4 * 4, len(values)):
        m0 = values[i] if values[i] > m0 else m0
    return max(max(m0, m1), max(m2, m3))


@inlined
def largest_at(share: float, a: Floats, b: Floats, c: Floats, d: Floats, least: float) -> float:
    """Give the largest of all a + share b and c + share d, at least `least`."""
    m0, m1, m2, m3 = least, least, least, least
    for q in range(len(a) // 2):
        i = 2 * q
        x0, x1 = a[i] + share * b[i], a[i + 1] + share * b[i + 1]
        x2, x3 = c[i] + share * d[i], c[i + 1] + share * d[i + 1]
        m0, m1 = (x0 if x0 > m0 else m0), (x1 if x1 > m1 else m1)
        m2, m3 = (x2 if x2 > m2 else m2), (x3 if x3 > m3 else m3)
    if len(a) % 2:
        i = len(a) - 1
        x0, x2 = a[i] + share * b[i], c[i] + share * d[i]
        m0, m2 = (x0 if x0 > m0 else m0), (x2 if x2 > m2 else m2)
    return max(max(m0, m1), max(m2, m3))


@inlined
def total(values: Floats) -> float:
    """Give the sum of the entries."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for q in range(len(values) // 4):
        i = 4 * q
        s0, s1, s2, s3 = s0 + values[i], s1 + values[i + 1], s2 + values[i + 2], s3 + values[i + 3]
    for i in range(len(values) // 4 * 4, len(values)):
        s0 += values[i]
    return (s0 + s1) + (s2 + s3)


@inlined
def sizes(a: Floats, b: Floats, share: float) -> tuple[float, float]:
    """Give the sum and the largest of |a - share b|."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    m0, m1, m2, m3 = 0.0, 0.0, 0.0, 0.0
    for q in range(len(a) // 4):
        i = 4 * q
        d0, d1 = abs(a[i] - share * b[i]), abs(a[i + 1] - share * b[i + 1])
        d2, d3 = abs(a[i + 2] - share * b[i + 2]), abs(a[i + 3] - share * b[i + 3])
        s0, s1, s2, s3 = s0 + d0, s1 + d1, s2 + d2, s3 + d3
        m0, m1 = (d0 if d0 > m0 else m0), (d1 if d1 > m1 else m1)
        m2, m3 = (d2 if d2 > m2 else m2), (d3 if d3 > m3 else m3)
    for i in range(len(a) // 4 * 4, len(a)):
        d0 = abs(a[i] - share * b[i])
        s0 += d0
        m0 = d0 if d0 > m0 else m0
    return (s0 + s1) + (s2 + s3), max(max(m0, m1), max(m2, m3))
