"""Eight systems side by side: numbers in the last, contiguous axis, held in one vector register each.

A tuple of lanes is what numba keeps in registers across a loop; the same loop over an array stores and
loads it at every step (measured: 2.7 times slower in a triangular solve).
"""

import numpy as np
from numpy.typing import NDArray

from genba.num.jit import kernel

Floats = NDArray[np.float64]
Lane = tuple[float, float, float, float, float, float, float, float]

LANES = 8
"""Systems side by side: one vector register of 512 bits, or two of 256."""


@kernel
def aligned(*shape: int) -> Floats:
    """Give zeros of this shape and a last axis of 8, each row of which is one line of the cache.

    Numpy aligns to 16 bytes, and large arrays to no more. Then registers of 256 bits are read from two lines
    every other time: outages on 588 to 1,354 buses take 13 to 20 % more.
    """
    size = LANES
    for axis in shape:
        size *= axis
    room = np.zeros(size + LANES)
    first = -(room.ctypes.data // 8) % LANES
    return room[first : first + size].reshape((*shape, LANES))


@kernel
def load(x: Floats, row: int, part: int) -> Lane:
    """Give the lanes of `x[row, part]`, of x (rows, parts, 8)."""
    return (
        x[row, part, 0],
        x[row, part, 1],
        x[row, part, 2],
        x[row, part, 3],
        x[row, part, 4],
        x[row, part, 5],
        x[row, part, 6],
        x[row, part, 7],
    )


@kernel
def store(x: Floats, row: int, part: int, s: Lane) -> None:
    """Write the lanes of `x[row, part]`."""
    x[row, part, 0] = s[0]
    x[row, part, 1] = s[1]
    x[row, part, 2] = s[2]
    x[row, part, 3] = s[3]
    x[row, part, 4] = s[4]
    x[row, part, 5] = s[5]
    x[row, part, 6] = s[6]
    x[row, part, 7] = s[7]


@kernel
def every(value: float) -> Lane:
    """Give one number in every lane."""
    return (value, value, value, value, value, value, value, value)


@kernel
def scaled(a: float, x: Lane, b: float, y: Lane) -> Lane:
    """Give a x + b y."""
    return (
        a * x[0] + b * y[0],
        a * x[1] + b * y[1],
        a * x[2] + b * y[2],
        a * x[3] + b * y[3],
        a * x[4] + b * y[4],
        a * x[5] + b * y[5],
        a * x[6] + b * y[6],
        a * x[7] + b * y[7],
    )


@kernel
def less(s: Lane, a: float, x: Lane, b: float, y: Lane) -> Lane:
    """Give s - a x - b y."""
    return (
        s[0] - a * x[0] - b * y[0],
        s[1] - a * x[1] - b * y[1],
        s[2] - a * x[2] - b * y[2],
        s[3] - a * x[3] - b * y[3],
        s[4] - a * x[4] - b * y[4],
        s[5] - a * x[5] - b * y[5],
        s[6] - a * x[6] - b * y[6],
        s[7] - a * x[7] - b * y[7],
    )


@kernel
def plus(s: Lane, a: float, x: Lane, b: float, y: Lane) -> Lane:
    """Give s + a x + b y."""
    return (
        s[0] + a * x[0] + b * y[0],
        s[1] + a * x[1] + b * y[1],
        s[2] + a * x[2] + b * y[2],
        s[3] + a * x[3] + b * y[3],
        s[4] + a * x[4] + b * y[4],
        s[5] + a * x[5] + b * y[5],
        s[6] + a * x[6] + b * y[6],
        s[7] + a * x[7] + b * y[7],
    )


@kernel
def times(x: Lane, y: Lane, z: Lane, w: Lane) -> Lane:
    """Give x y + z w, lane by lane."""
    return (
        x[0] * y[0] + z[0] * w[0],
        x[1] * y[1] + z[1] * w[1],
        x[2] * y[2] + z[2] * w[2],
        x[3] * y[3] + z[3] * w[3],
        x[4] * y[4] + z[4] * w[4],
        x[5] * y[5] + z[5] * w[5],
        x[6] * y[6] + z[6] * w[6],
        x[7] * y[7] + z[7] * w[7],
    )


@kernel
def less_times(s: Lane, x: Lane, y: Lane, z: Lane, w: Lane) -> Lane:
    """Give s - x y - z w, lane by lane."""
    return (
        s[0] - x[0] * y[0] - z[0] * w[0],
        s[1] - x[1] * y[1] - z[1] * w[1],
        s[2] - x[2] * y[2] - z[2] * w[2],
        s[3] - x[3] * y[3] - z[3] * w[3],
        s[4] - x[4] * y[4] - z[4] * w[4],
        s[5] - x[5] * y[5] - z[5] * w[5],
        s[6] - x[6] * y[6] - z[6] * w[6],
        s[7] - x[7] * y[7] - z[7] * w[7],
    )


@kernel
def product(x: Lane, y: Lane) -> Lane:
    """Give x y, lane by lane."""
    return (
        x[0] * y[0],
        x[1] * y[1],
        x[2] * y[2],
        x[3] * y[3],
        x[4] * y[4],
        x[5] * y[5],
        x[6] * y[6],
        x[7] * y[7],
    )


@kernel
def total(x: Lane, y: Lane) -> Lane:
    """Give x + y, lane by lane."""
    return (
        x[0] + y[0],
        x[1] + y[1],
        x[2] + y[2],
        x[3] + y[3],
        x[4] + y[4],
        x[5] + y[5],
        x[6] + y[6],
        x[7] + y[7],
    )


@kernel
def difference(x: Lane, y: Lane) -> Lane:
    """Give x - y, lane by lane."""
    return (
        x[0] - y[0],
        x[1] - y[1],
        x[2] - y[2],
        x[3] - y[3],
        x[4] - y[4],
        x[5] - y[5],
        x[6] - y[6],
        x[7] - y[7],
    )


@kernel
def multiple(a: float, x: Lane) -> Lane:
    """Give a x."""
    return (
        a * x[0],
        a * x[1],
        a * x[2],
        a * x[3],
        a * x[4],
        a * x[5],
        a * x[6],
        a * x[7],
    )


@kernel
def worse(x: float, y: float) -> float:
    """Give the larger number, or NaN when one is."""
    return y if y > x or y != y else x  # only NaN differs from itself


@kernel
def larger(x: Lane, y: Lane) -> Lane:
    """Give the larger of x and the absolute value of y, lane by lane; NaN when one is."""
    return (
        worse(x[0], abs(y[0])),
        worse(x[1], abs(y[1])),
        worse(x[2], abs(y[2])),
        worse(x[3], abs(y[3])),
        worse(x[4], abs(y[4])),
        worse(x[5], abs(y[5])),
        worse(x[6], abs(y[6])),
        worse(x[7], abs(y[7])),
    )
