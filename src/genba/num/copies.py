"""Copies inside kernels, element by element.

`target[:] = source` would say the same. But numba checks shapes there, and compiles how texts are made and
joined for the error that it might report: a second or two, again for every kernel that holds such a line.
"""

from typing import Any

from numpy.typing import NDArray

from genba.num.jit import inlined


@inlined
def copy_to(target: NDArray[Any], source: NDArray[Any]) -> None:
    """Write the source, shape (k,), to the first k elements of the target."""
    for i in range(len(source)):
        target[i] = source[i]


__all__ = ["copy_to"]
