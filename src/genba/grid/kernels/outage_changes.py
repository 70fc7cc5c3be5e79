"""What an outage changes in the equations of a base: few rows of Y, and few ranks of the Jacobian.

J of what is left is J0 + P Q^T with the columns of P and Q at the few buses that an outage touches. With
z = J0^-1 r the solution of J x = r is J0^-1 (r - P c), where (I + Q^T J0^-1 P) c = Q^T z.

Source: Woodbury (1950), Inverting modified matrices; Alsac, Stott and Tinney (1983), Sparsity-oriented
compensation methods for modified network solutions.
"""

from typing import NamedTuple

import numpy as np

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.operating_point import Point, sent
from genba.grid.kernels.outage_inverse import Inverse, place_of
from genba.num.jit import borrowing, inlined, kernel
from genba.num.lu.lanes import LANES, aligned

MOST = 2
"""Branches that a lane can lose."""
MOST_SWITCHED = 12
"""Buses that control their voltage otherwise than in the base, at most."""
RANK = 4 * MOST + MOST_SWITCHED
"""Largest rank of a change: branches with two ends of two equations each, and one equation of a bus."""
AROUND = 96
"""Buses switched and their neighbours for which there is room, unless one bus alone has more."""
CONTROLS, UNCONTROLLED = 0, 2
"""What a bus becomes: one that controls its voltage, or one where nothing does; 1 or -1 at a limit."""
FROM, TO = 1, 2
"""Bits that tell which ends of a lost branch stay energised."""


class Branches(NamedTuple):
    """Two-ports of all branches.

    Arguments:
        ends: positions of the from and to bus, shape (m, 2).
        admittance: real and imaginary parts of yff, yft, ytf, ytt, shape (m, 8), p.u.
    """

    ends: Ints
    admittance: Floats


class Outages(NamedTuple):
    """Outages that lanes can take, one per row.

    Arguments:
        branches: rows of the branches lost, -1 for none, shape (k, 2).
        keeps: which of their ends stay energised, FROM and TO added, shape (k, 2).
        switched: position of buses that control their voltage otherwise than in the base, and what each
            becomes: CONTROLS, UNCONTROLLED, held at the upper reactive limit (1) or the lower (-1); from the
            first that is none on the position is -1; shape (k, s, 2).
        plan: row of the plans that holds what is produced, shape (k,).
        dead: what is cut off, a range of `Plans.preorder`: first, end, and whether it is the rest of the
            island instead, shape (k, 3).
        upwards: whether the slack is first shared as units can produce more, shape (k,).
    """

    branches: Ints
    keeps: Ints
    switched: Ints
    plan: Ints
    dead: Ints
    upwards: Bools


class Change(NamedTuple):
    """The changes of eight outages side by side; s buses and r columns at most.

    Arguments:
        touched: number of buses touched in each lane, shape (8,).
        rank: columns in use in each lane, shape (8,).
        at: their positions, shape (8, s).
        left: P at these buses, shape (8, s, 2, r).
        right: Q at these buses, shape (8, s, 2, r).
        inner: the inverse of I + Q^T J0^-1 P of each lane, shape (8, r, r).
        plain: whether a lane loses nothing but one branch, shape (8,).
        whole: P (I + Q^T J0^-1 P)^-1 Q^T of plain lanes, 0 in others: row, column, lane; shape (4, 4, 8).
        ends: what stands at the two buses of plain lanes, in the order of `whole`, shape (1, 4, 8).
        holds: whether the change of a lane leaves an inverse, shape (8,).
        share: Q^T z and c of each lane that is not plain, shape (2, 8, r).
        matrix: room for I + Q^T J0^-1 P of each lane, shape (8, r, r).
        block: room for blocks of J0^-1 between two buses, shape (2, 2, 4).
    """

    touched: Ints
    rank: Ints
    at: Ints
    left: Floats
    right: Floats
    inner: Floats
    plain: Bools
    whole: Floats
    ends: Floats
    holds: Bools
    share: Floats
    matrix: Floats
    block: Floats


@kernel
def change_of(point: Point) -> Change:
    """Give room for the changes of eight outages."""
    most = 2 * MOST + room_around(point)
    return Change(
        touched=np.zeros(LANES, np.int64),
        rank=np.zeros(LANES, np.int64),
        at=np.zeros((LANES, most), np.int64),
        left=np.empty((LANES, most, 2, RANK)),
        right=np.empty((LANES, most, 2, RANK)),
        inner=np.zeros((LANES, RANK, RANK)),
        plain=np.zeros(LANES, np.bool_),
        whole=aligned(4, 4),
        ends=aligned(1, 4),
        holds=np.zeros(LANES, np.bool_),
        share=np.zeros((2, LANES, RANK)),
        matrix=np.zeros((LANES, RANK, RANK)),
        block=np.zeros((2, 2, 4)),
    )


@kernel
def room_around(point: Point) -> int:
    """Give how many entries of Y the rows of switched buses may have together."""
    most = AROUND
    for i in range(len(point.start) - 1):
        most = max(most, point.start[i + 1] - point.start[i])
    return most


class Surroundings(NamedTuple):
    """What a change is made from: arrays of the base, as in `Point`."""

    start: Ints
    columns: Ints
    admittance: Floats
    voltage: Floats
    free: Floats


@borrowing
def lay_out(point: Surroundings, branches: Branches, outages: Outages, numbers: Ints, change: Change) -> None:
    """Write the change of an outage into every lane."""
    for lane in range(LANES):
        _lay_out(point, branches, outages, numbers[lane], lane, change)


@inlined
def _lay_out(
    point: Surroundings, branches: Branches, outages: Outages, number: int, lane: int, change: Change
) -> None:
    change.touched[lane], change.rank[lane] = 0, 0
    change.plain[lane] = outages.branches[number, 0] >= 0 and (
        outages.branches[number, 1] < 0 and outages.switched[number, 0, 0] < 0
    )
    if not change.plain[lane]:
        change.whole[:, :, lane] = 0.0
    used, columns, switched = 0, 0, outages.switched[number]
    for which in range(MOST):
        if outages.branches[number, which] >= 0:
            used, columns = used + 2, columns + 4
    for which in range(len(switched)):
        if switched[which, 0] >= 0:
            used += point.start[switched[which, 0] + 1] - point.start[switched[which, 0]]
            columns += 1
    for s in range(used):
        for part in range(2):
            for k in range(columns):
                change.left[lane, s, part, k], change.right[lane, s, part, k] = 0.0, 0.0
    for which in range(MOST):
        row = outages.branches[number, which]
        if row >= 0:
            _lose_branch(point, branches, row, outages.keeps[number, which], switched, lane, change)
    for which in range(len(switched)):
        if switched[which, 0] >= 0:
            _switch(point, switched[which, 0], switched[which, 1] != CONTROLS, lane, change)


@borrowing
def _lose_branch(
    point: Surroundings, branches: Branches, row: int, keeps: int, switched: Ints, lane: int, change: Change
) -> None:
    """Take a branch out of the rows of its energised ends.

    The rows of a part that is cut off stay as they were, so that the matrix keeps an inverse; nothing that is
    energised depends on them.
    """
    first = change.touched[lane]
    for end in range(2):
        change.at[lane, first + end] = branches.ends[row, end]
    change.touched[lane] += 2
    for end in range(2):
        own, other = first + end, first + 1 - end
        i, j = branches.ends[row, end], branches.ends[row, 1 - end]
        if keeps & (FROM if end == 0 else TO):
            v, w, y, k = point.voltage[i], point.voltage[j], branches.admittance[row], change.rank[lane]
            to_self, to_other = (0, 2) if end == 0 else (6, 4)
            p_own, q_own = sent(y[to_self], y[to_self + 1], v, v)
            p, q = sent(y[to_other], y[to_other + 1], v, w)
            change.left[lane, own, 0, k] = point.free[i, 0]
            change.left[lane, own, 1, k + 1] = 1.0 if _balanced(point.free, switched, i) else 0.0
            right = change.right[lane]
            # what these terms add to the rows of P and Q, taken away: see _jacobian of the operating point
            right[own, 0, k], right[own, 1, k] = q, -(2 * p_own + p)
            right[own, 0, k + 1], right[own, 1, k + 1] = -p, -(2 * q_own + q)
            right[other, 0, k], right[other, 1, k] = -q, -p
            right[other, 0, k + 1], right[other, 1, k + 1] = p, -q
            change.rank[lane] += 2


@borrowing
def _balanced(free: Floats, switched: Ints, bus: int) -> bool:
    """Tell whether the Q of a bus is an equation after an outage."""
    balanced = free[bus, 1] > 0.0
    for which in range(len(switched)):
        if switched[which, 0] == bus:
            balanced = switched[which, 1] != CONTROLS
    return bool(balanced)


@borrowing
def _switch(point: Surroundings, bus: int, balanced: bool, lane: int, change: Change) -> None:
    """Make the Q of a bus an equation, or its voltage given: one row of the Jacobian becomes another."""
    first, k, v = change.touched[lane], change.rank[lane], point.voltage
    sign = (1.0 if balanced else 0.0) - point.free[bus, 1]
    if sign == 0.0:
        return
    right, own, p, q = change.right[lane], first, 0.0, 0.0
    for place in range(point.start[bus], point.start[bus + 1]):
        j, s = point.columns[place], change.touched[lane]
        change.at[lane, s] = j
        change.touched[lane] += 1
        p_sent, q_sent = sent(point.admittance[place, 0], point.admittance[place, 1], v[bus], v[j])
        p += p_sent
        q += q_sent
        right[s, 0, k], right[s, 1, k] = -sign * p_sent, sign * q_sent
        if j == bus:
            own = s
    change.left[lane, own, 1, k] = 1.0
    right[own, 0, k] += sign * p
    right[own, 1, k] += sign * (q - 1.0)
    change.rank[lane] += 1


@borrowing
def prepare_plain(start: Ints, columns: Ints, inverse: Inverse, change: Change) -> int:
    """Give inner matrix and `whole` of lanes that lose one branch; tell in `holds` where there is none.

    Arguments:
        start: first block of each row of U, shape (n + 1,).
        columns: position of each block's column, shape (nnz,).
        inverse: blocks of the inverse of the base's Jacobian.
        change: the changes, laid out.

    Returns:
        The largest rank of a lane that is not plain.
    """
    inner, block, along, most = change.matrix[0], change.block, change.share[0], 0
    for lane in range(LANES):
        rank, change.holds[lane] = change.rank[lane], True
        if not change.plain[lane]:
            most = max(most, rank)
            continue
        left, right = change.left[lane], change.right[lane]
        _blocks_of(start, columns, inverse, change.at[lane, 0], change.at[lane, 1], block)
        for row in range(rank):
            for k in range(rank):
                inner[row, k] = 0.0
        for s in range(2):
            for k in range(rank):
                along[0, k], along[1, k] = 0.0, 0.0
                for t in range(2):
                    along[0, k] += block[s, t, 0] * left[t, 0, k] + block[s, t, 1] * left[t, 1, k]
                    along[1, k] += block[s, t, 2] * left[t, 0, k] + block[s, t, 3] * left[t, 1, k]
            for row in range(rank):
                for k in range(rank):
                    inner[row, k] += right[s, 0, row] * along[0, k] + right[s, 1, row] * along[1, k]
        for k in range(rank):
            inner[k, k] += 1.0
        change.holds[lane] = inverted(inner, rank, change.inner[lane])
        _join(left, right, change.inner[lane], rank, lane, change.whole)
    return most


@borrowing
def _blocks_of(start: Ints, columns: Ints, inverse: Inverse, i: int, j: int, block: Floats) -> None:
    """Write the blocks of the inverse for two positions between which a branch runs, shape (2, 2, 4)."""
    place = place_of(start, columns, min(i, j), max(i, j))
    for part in range(4):
        right, below = inverse.right[place, part], inverse.below[place, part]
        block[0, 0, part], block[1, 1, part] = inverse.diagonal[i, part], inverse.diagonal[j, part]
        block[0, 1, part], block[1, 0, part] = (right, below) if i < j else (below, right)


@borrowing
def _join(left: Floats, right: Floats, inner: Floats, rank: int, lane: int, whole: Floats) -> None:
    """Write P (I + Q^T J0^-1 P)^-1 Q^T of a lane."""
    for column in range(4):
        for row in range(4):
            whole[row, column, lane] = 0.0
        for k in range(rank):
            share = 0.0
            for row in range(rank):
                share += inner[k, row] * right[column // 2, column % 2, row]
            for row in range(4):
                whole[row, column, lane] += left[row // 2, row % 2, k] * share


@borrowing
def inherit(old: Change, there: int, new: Change, lane: int) -> None:
    """Copy the change of lane `there` into a lane of another group."""
    touched, rank = old.touched[there], old.rank[there]
    new.touched[lane], new.rank[lane], new.plain[lane] = touched, rank, old.plain[there]
    for s in range(touched):
        new.at[lane, s] = old.at[there, s]
    for row in range(4):
        for column in range(4):
            new.whole[row, column, lane] = old.whole[row, column, there]
    if old.plain[there]:
        return
    for k in range(rank):
        for s in range(touched):
            for part in range(2):
                new.left[lane, s, part, k] = old.left[there, s, part, k]
                new.right[lane, s, part, k] = old.right[there, s, part, k]
        for row in range(rank):
            new.inner[lane, row, k] = old.inner[there, row, k]


@borrowing
def inverted(matrix: Floats, size: int, inverse: Floats) -> bool:
    """Invert the leading part of a matrix in place of `inverse`, by elimination with partial pivoting."""
    for i in range(size):
        for j in range(size):
            inverse[i, j] = 1.0 if i == j else 0.0
    for k in range(size):
        pivot = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        if not abs(matrix[pivot, k]) > 1e-10:
            return False
        for j in range(size):
            matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
            inverse[k, j], inverse[pivot, j] = inverse[pivot, j], inverse[k, j]
        scale = 1.0 / matrix[k, k]
        for j in range(size):
            matrix[k, j] *= scale
            inverse[k, j] *= scale
        for i in range(size):
            share = matrix[i, k]
            if i != k and share != 0.0:
                for j in range(size):
                    matrix[i, j] -= share * matrix[k, j]
                    inverse[i, j] -= share * inverse[k, j]
    return True


__all__ = [
    "CONTROLS",
    "FROM",
    "MOST_SWITCHED",
    "RANK",
    "TO",
    "UNCONTROLLED",
    "Branches",
    "Surroundings",
    "Change",
    "Outages",
    "change_of",
    "inherit",
    "inverted",
]
__all__ += ["lay_out", "prepare_plain", "room_around"]
