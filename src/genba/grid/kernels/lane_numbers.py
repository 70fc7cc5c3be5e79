"""Arithmetic on eight numbers side by side that only power flows need, beyond `genba.num.lu.lanes`."""

from genba.num.jit import kernel
from genba.num.lu.lanes import Lane


@kernel
def cross(x: Lane, y: Lane, z: Lane, w: Lane) -> Lane:
    """Give x y - z w, lane by lane."""
    return (
        x[0] * y[0] - z[0] * w[0],
        x[1] * y[1] - z[1] * w[1],
        x[2] * y[2] - z[2] * w[2],
        x[3] * y[3] - z[3] * w[3],
        x[4] * y[4] - z[4] * w[4],
        x[5] * y[5] - z[5] * w[5],
        x[6] * y[6] - z[6] * w[6],
        x[7] * y[7] - z[7] * w[7],
    )


@kernel
def ratio(x: Lane, y: Lane) -> Lane:
    """Give x / y, lane by lane."""
    return (
        x[0] / y[0],
        x[1] / y[1],
        x[2] / y[2],
        x[3] / y[3],
        x[4] / y[4],
        x[5] / y[5],
        x[6] / y[6],
        x[7] / y[7],
    )


@kernel
def least(x: Lane, y: Lane) -> Lane:
    """Give the smaller of x and y, lane by lane; y where one is not a number."""
    return (
        x[0] if x[0] < y[0] else y[0],
        x[1] if x[1] < y[1] else y[1],
        x[2] if x[2] < y[2] else y[2],
        x[3] if x[3] < y[3] else y[3],
        x[4] if x[4] < y[4] else y[4],
        x[5] if x[5] < y[5] else y[5],
        x[6] if x[6] < y[6] else y[6],
        x[7] if x[7] < y[7] else y[7],
    )


__all__ = ["cross", "least", "ratio"]
