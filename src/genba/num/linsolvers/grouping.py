"""Unknowns in dense blocks: which block and place each has."""

import numpy as np

from genba.num.linsolvers.contract import Ints, Pattern


def grouped(pattern: Pattern, largest: int) -> tuple[Ints, Ints]:
    """Give each unknown's block, numbered from 0, and its place in it, shape (n,) each.

    Raises:
        ValueError: when a group has more unknowns than a block.
    """
    group = np.arange(pattern.n) if pattern.group is None else np.asarray(pattern.group, np.int64)
    _, block = np.unique(group, return_inverse=True)
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], block[order])
    part = np.empty(len(group), np.int64)
    part[order] = np.arange(len(group)) - first
    if part.max(initial=0) >= largest:
        raise ValueError(f"found a group of {int(part.max()) + 1} unknowns, a block takes at most {largest}")
    return block.astype(np.int64), part
