"""What becomes of eight outages: which the screen leaves, and how those with a solution are judged."""

import math
from typing import NamedTuple

from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_approach import approach
from genba.grid.kernels.outage_changes import Branches, Outages
from genba.grid.kernels.outage_errors import Early, learn
from genba.grid.kernels.outage_lanes import (
    CLEARED,
    HOPELESS,
    PICKED,
    SCREENED,
    SOLVED,
    SWITCHED,
    TURNED,
    UNSOLVED,
    Group,
    Rules,
    Work,
)
from genba.grid.kernels.outage_limits import Hits, Nearness, Watch, judge
from genba.grid.kernels.outage_switches import KEPT, SWITCHES, Guard, switches
from genba.num.jit import borrowing, inlined
from genba.num.lu.lanes import LANES


class Seen(NamedTuple):
    """What the screen looks at of a `Group`, as there."""

    numbers: Ints
    taken: Ints
    busy: Bools
    settled: Bools
    voltage: Floats
    reactive: Floats
    mismatch: Floats


@inlined
def seen_of(group: Group) -> Seen:
    """Give what `screen` needs."""
    room = group.room
    return Seen(
        group.numbers, group.taken, group.busy, group.settled, room.voltage, room.reactive, room.mismatch
    )


@borrowing
def screen(
    branches: Branches,
    outages: Outages,
    guard: Guard,
    watch: Watch,
    work: Work,
    rules: Rules,
    seen: Seen,
    to: Nearness,
) -> None:
    """Leave the lanes whose limits are all farther away than their mismatch can move anything.

    Lanes whose buses are switched go on: there the margin of a held voltage would have to become another.
    """
    numbers, wanted = seen.numbers, False
    for lane in range(LANES):
        mismatch = seen.mismatch[lane]
        to.wanted[lane] = (
            seen.busy[lane]
            and not seen.settled[lane]
            and seen.taken[lane] > 0
            and rules.tolerance < mismatch < HOPELESS
            and outages.switched[numbers[lane], 0, 0] < 0
        )
        wanted = wanted or to.wanted[lane]
        for part in range(2):
            to.margin[0, part, lane] = rules.error[part] * mismatch if to.wanted[lane] else 0.0
    if wanted:
        approach(branches, watch, outages.branches, numbers, seen.voltage, to)
    for lane in range(LANES):
        if not to.wanted[lane]:
            continue
        seen.settled[lane] = to.beyond[lane]
        if to.near[lane] or to.lowest[0, 0, lane] < rules.lowest**2:
            continue
        margin = rules.error[2] * seen.mismatch[lane]
        if not rules.guarded or _keeps_reactive_limits(
            guard, numbers[lane], lane, margin, seen.voltage, seen.reactive
        ):
            _clear(work, numbers[lane], seen, lane)


@borrowing
def _clear(work: Work, number: int, seen: Seen, lane: int) -> None:
    """Leave a lane that is far from every limit, or let it go on where it was picked for the audit."""
    if work.audit[number] == PICKED:
        work.audit[number], seen.settled[lane] = CLEARED, True
    else:
        work.status[number], work.steps[number], seen.busy[lane] = SCREENED, seen.taken[lane], False


@inlined
def finish(
    branches: Branches, outages: Outages, guard: Guard, watch: Watch, work: Work, rules: Rules, done: Group,
    early: Early, to: Nearness, hits: Hits
) -> None:  # fmt: skip
    """Judge what has a solution: standing voltages, reactive limits, and the limits that are watched."""
    room = done.room
    if rules.learns:
        learn(branches, watch.branch, guard.controls, outages.branches, done.numbers, done.busy, room.voltage,
              room.reactive, early, rules.tolerance, to, work.error)  # fmt: skip
    for lane in range(LANES):
        to.wanted[lane] = done.busy[lane]
        if done.busy[lane] and rules.guarded:
            _guard(guard, outages, done.numbers[lane], done.upwards[lane], lane, room.voltage, room.reactive,
                   work, to.wanted)  # fmt: skip
    used = hits.used[0]
    judge(branches, watch, outages.branches, done.numbers, room.voltage, to, hits)
    for lane in range(LANES):
        if done.busy[lane] and to.lowest[0, 0, lane] < rules.lowest**2:
            _strike(hits, used, done.numbers[lane])
            work.status[done.numbers[lane]] = UNSOLVED
        elif to.wanted[lane]:
            work.status[done.numbers[lane]] = SOLVED
        done.busy[lane] = False


@borrowing
def _guard(
    guard: Guard, outages: Outages, number: int, upwards: bool, lane: int, voltage: Floats, reactive: Floats,
    work: Work, wanted: Bools
) -> None:  # fmt: skip
    """Leave a solution after which buses are to be switched.

    `upwards` tells how the slack is to be shared from then on.
    """
    found = switches(guard, outages.switched, number, lane, voltage, reactive, work.switched)
    wanted[lane] = found == KEPT
    if found == SWITCHES:
        work.status[number] = SWITCHED if upwards == outages.upwards[number] else TURNED


@borrowing
def _strike(hits: Hits, first: int, number: int) -> None:
    """Take back what an outage passed, of the hits from the `first` on: it has collapsed."""
    kept = first
    for row in range(first, hits.used[0]):
        if hits.outage[row] != number:
            hits.outage[kept], hits.limit[kept], hits.value[kept] = (
                hits.outage[row],
                hits.limit[row],
                hits.value[row],
            )
            kept += 1
    hits.used[0] = kept


@borrowing
def _keeps_reactive_limits(
    guard: Guard, number: int, lane: int, margin: float, voltage: Floats, reactive: Floats
) -> bool:
    """Tell whether no bus would be switched, by the rules of `reactive_limits.switched`, nor nearly."""
    beyond, above = guard.slack[0] - margin, guard.slack[1] - margin
    for i in range(len(guard.controls)):
        if guard.controls[i] == 0.0 or voltage[i, 0, lane] == 0.0:
            continue
        e, f = voltage[i, 0, lane], voltage[i, 1, lane]
        low, high = guard.lowest[i], guard.highest[i]
        if i == guard.kept[number]:
            low, high = guard.left[number, 0], guard.left[number, 1]
        q = reactive[i, 0, lane]
        if guard.side[i] == 0.0 and not (q - high <= beyond and low - q <= beyond):
            return False
        if guard.side[i] != 0.0 and guard.side[i] * (math.sqrt(e * e + f * f) - guard.setpoint[i]) > above:
            return False
    return True


__all__ = ["Seen", "finish", "screen", "seen_of"]
